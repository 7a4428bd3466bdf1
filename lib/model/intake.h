/*
 * From records to training data: feature vectors become rows of a model's inputs. Texts of categorical inputs
 * get numbers as they come and are renumbered at the end by how often they came, so that the model does not
 * depend on the order; labels that come later find their payments by the hash of txn_id.
 */
#ifndef SS_MODEL_INTAKE_H
#define SS_MODEL_INTAKE_H

#include "model/data.h"
#include "model/file.h"

#define SS_INTAKE_TEXTS_MAX  (1u << 20)        /* distinct texts of one input; further ones are missing */
#define SS_INTAKE_LABELS_MAX ((size_t)1 << 28) /* labels that came later */

struct ss_intake {
    struct ss_model *model;
    const uint32_t *bind;      /* feature of each input; borrowed */
    struct ss_map *dictionary; /* of each input, in the order of first sight */
    struct ss_data data;       /* width: ss_model_width(model) */
    uint64_t *late_id;
    int8_t *late_label;
    size_t lates, late_cap;
};

int ss_intake_init(struct ss_intake *intake, struct ss_model *model, const uint32_t *bind,
                   size_t ceiling_bytes) SS_MUST_CHECK;
void ss_intake_free(struct ss_intake *intake); /* accepts a zeroed one; before the model is freed */
/* label: 1, 0, or -1 for not known. id: 0 for none. */
int ss_intake_payment(struct ss_intake *intake, const struct ss_features *features, int64_t time_us,
                      uint64_t id, int label) SS_MUST_CHECK;
int ss_intake_label(struct ss_intake *intake, uint64_t id, int label) SS_MUST_CHECK;
/* At the end: late labels to their rows, texts to their final numbers, which go into the model's
 * dictionaries. */
int ss_intake_settle(struct ss_intake *intake) SS_MUST_CHECK;

#endif
