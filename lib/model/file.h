/*
 * The model file (.ssm): one readable JSON document with everything needed to score again: the feature file's
 * text, the inputs in their order with the dictionaries of categorical ones, the trees, the forest, the
 * calibration, the level thresholds, and where all that came from. ss-model(5) describes each member.
 *
 *   gbt      raw = prediction of the trees over the inputs
 *   iforest  raw = anomaly score of the forest over the inputs, 2^(-mean path / c), in (0, 1]
 *   both     the forest's score is one more input of the trees, called "isolation", the last; raw as gbt
 *
 * A model is made once, then only read: threads may share it.
 */
#ifndef SS_MODEL_FILE_H
#define SS_MODEL_FILE_H

#include "base/map.h"
#include "model/calibrate.h"
#include "model/iforest.h"
#include "model/scorer.h"
#include "model/trees.h"
#include "record/record.h"

#define SS_MODEL_VERSION    1
#define SS_MODEL_FILE_MAX   ((size_t)256 << 20)
#define SS_MODEL_INPUTS_MAX SS_IFOREST_FEATURES_MAX
#define SS_MODEL_VALUES_MAX 4096 /* texts in one dictionary */
#define SS_MODEL_ISOLATION  "isolation"

enum ss_model_kind { SS_MODEL_GBT, SS_MODEL_IFOREST, SS_MODEL_BOTH };

const char *ss_model_kind_name(enum ss_model_kind kind);
int ss_model_kind_of(struct ss_str name); /* -1 when it is none */

struct ss_model_input {
    struct ss_str name; /* a feature of the feature file */
    bool is_text;
    struct ss_map values; /* of a categorical input: text -> its number; any other text is missing */
};

struct ss_model {
    struct ss_arena arena; /* owns what is not owned below */
    enum ss_model_kind kind;
    char name[24];              /* "gbt:3f2a91c0": the kind and the first 8 digits of the file's SHA-256 */
    struct ss_str feature_file; /* its text */
    char set[9];                /* the first 8 digits of its SHA-256, as in the records' features.set */
    uint32_t n_inputs;
    struct ss_model_input *input;
    struct ss_trees trees;    /* gbt and both */
    struct ss_scorer *scorer; /* the trees compiled, after ss_model_seal */
    struct ss_iforest forest; /* iforest and both */
    struct ss_calibration calibration;
    struct ss_levels levels;
    /* JSON texts that scoring has no use for: p == NULL where there is none. */
    struct ss_str parameters, training, metrics;
    struct ss_str distribution; /* of the training data (distribution.h) */
};

/* A zeroed model with its arena; freed by ss_model_free. */
int ss_model_new(struct ss_model **model) SS_MUST_CHECK;
void ss_model_free(struct ss_model *model); /* accepts NULL */
/* n_inputs inputs with empty dictionaries; the caller names them. */
int ss_model_inputs(struct ss_model *model, uint32_t n_inputs) SS_MUST_CHECK;
/* Compiles the trees and names the model after the bytes of its file. */
int ss_model_seal(struct ss_model *model, const char *text, size_t len) SS_MUST_CHECK;

void ss_model_write(const struct ss_model *model, struct ss_buf *to);
/* Checks everything (SS_EDATA with the reason): a model that was read can be scored with. Sealed. */
int ss_model_read(const char *text, size_t len, struct ss_model **model) SS_MUST_CHECK;
/* As ss_model_read, with the path before the reason; SS_ENOINPUT when it is not there. */
int ss_model_load(const char *path, struct ss_model **model) SS_MUST_CHECK;

/* Doubles in a row: the inputs, and for `both` a place for the forest's score. */
static inline uint32_t ss_model_width(const struct ss_model *model)
{
    return model->n_inputs + (model->kind == SS_MODEL_BOTH);
}

/* Which feature of `names` each input is: bind[0 .. n_inputs). SS_EDATA when one is missing or of the wrong
 * kind. */
int ss_model_bind(const struct ss_model *model, const struct ss_feature_names *names,
                  uint32_t *bind) SS_MUST_CHECK;
/* The inputs of one record: NaN for what is missing, for unknown texts; numbers kept within float's range. */
void ss_model_row(const struct ss_model *model, const uint32_t *bind, const struct ss_features *features,
                  double *row);
/* raw[i] for n rows, `stride` doubles apart (at least the width; `both` writes the forest's score into them).
 * `scratch` has room for 64 rows of n_inputs floats. */
void ss_model_predict(const struct ss_model *model, double *rows, size_t stride, size_t n, float *scratch,
                      double *raw);

#endif
