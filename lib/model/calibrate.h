/*
 * From a model's own output (raw) to a value in 0..1, and from values to levels.
 *
 * A calibration is a strictly increasing chain of straight lines through knots, whatever made the knots: two
 * records keep their order (the AUC cannot change), and applying it needs no libm, so every machine gives the
 * same bits. Beyond the outer knots the value tends to 0 and 1.
 *
 *   beta      logit(value) = a ln raw - b ln(1 - raw) + c, fitted by maximum likelihood (Kull, Silva Filho &
 * Flach, AISTATS 2017), tabulated. Undoes weights, SMOTE and overconfidence with three numbers, so that a few
 *             dozen frauds suffice. The value is a probability.
 *   isotonic  pooled adjacent violators, joined through the blocks' centres (Oron & Flournoy, "Centered
 * isotonic regression", 2017). Follows any shape; wants some thousand frauds. The value is a probability.
 *   rank      no labels: from the distribution of raw. With share s of records to be looked at, the top s get
 *             0.50 and more, the top 0.6 s 0.55, 0.3 s 0.70, 0.1 s 0.85. The value is a rank, no probability.
 *   none      the value is raw, where raw is a probability already.
 *   logistic  the value is 1 / (1 + e^-raw), where raw is a margin (an imported model without a link).
 */
#ifndef SS_MODEL_CALIBRATE_H
#define SS_MODEL_CALIBRATE_H

#include "base/arena.h"
#include "base/attr.h"
#include "base/buf.h"
#include "json/doc.h"
#include "record/record.h"
#include <stddef.h>
#include <stdint.h>

#define SS_CALIBRATION_KNOTS_MAX 4096

enum ss_calibration_method {
    SS_CALIBRATE_NONE,
    SS_CALIBRATE_BETA,
    SS_CALIBRATE_ISOTONIC,
    SS_CALIBRATE_RANK,
    SS_CALIBRATE_LOGISTIC
};

struct ss_calibration {
    enum ss_calibration_method method;
    uint32_t n;          /* knots, at least 2 */
    double *raw, *value; /* strictly increasing; values within (0, 1), or 0 and 1 at the ends */
};

const char *ss_calibration_name(enum ss_calibration_method method);
/* -1 when `name` is none. */
int ss_calibration_method_of(struct ss_str name);

/* NaN stays NaN. */
double ss_calibration_apply(const struct ss_calibration *c, double raw);

/* All allocate from `arena`; SS_ENOMEM. label[i]: 1, 0, or -1 (left out). beta and isotonic want raw within
 * [0, 1] and at least SS_CALIBRATE_MIN of each class (SS_EDATA otherwise). */
#define SS_CALIBRATE_MIN 10
int ss_calibration_none(struct ss_calibration *c, struct ss_arena *arena) SS_MUST_CHECK;
int ss_calibration_logistic(struct ss_calibration *c, struct ss_arena *arena) SS_MUST_CHECK;
int ss_calibration_fit(struct ss_calibration *c, enum ss_calibration_method method, const double *raw,
                       const int8_t *label, size_t n, struct ss_arena *arena) SS_MUST_CHECK;
/* share: of records to be looked at, in (0, 0.2]. */
int ss_calibration_rank(struct ss_calibration *c, const double *raw, size_t n, double share,
                        struct ss_arena *arena) SS_MUST_CHECK;

/* {"method":"beta","raw":[..],"value":[..]} */
void ss_calibration_write_json(const struct ss_calibration *c, struct ss_buf *to);
int ss_calibration_read_json(struct ss_calibration *c, const struct ss_json_value *json,
                             struct ss_arena *arena) SS_MUST_CHECK;

/* level[l] is the smallest value of level l; level[SS_NONE] is 0. */
struct ss_levels {
    double from[SS_LEVELS];
};

/* CRITICAL 0.85, HIGH 0.70, MEDIUM 0.55, LOW 0.50. */
extern const struct ss_levels ss_levels_default;
enum ss_level ss_levels_of(const struct ss_levels *levels, double value);
/*
 * Thresholds that are reached: of n values with `positives` frauds among them, the highest 0.25, 0.5, 1 and 2
 * times `positives` become CRITICAL, HIGH, MEDIUM and LOW, but never needs a value more than the default of
 * its level. Cut down to three significant digits. SS_ENOMEM.
 */
int ss_levels_choose(struct ss_levels *levels, const double *value, size_t n, size_t positives) SS_MUST_CHECK;
/* {"CRITICAL":..,"HIGH":..,"MEDIUM":..,"LOW":..}; each in (0, 1], none above the one before it. */
void ss_levels_write_json(const struct ss_levels *levels, struct ss_buf *to);
int ss_levels_read_json(struct ss_levels *levels, const struct ss_json_value *json) SS_MUST_CHECK;
int ss_levels_check(const struct ss_levels *levels) SS_MUST_CHECK;

#endif
