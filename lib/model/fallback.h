/*
 * The score without a model: a sum of what is suspicious in itself. It is the well-known demonstration scorer
 * of velocity, hour, deviation, place and amount, with the random part of each addend replaced by its mean,
 * so that the same record always gets the same score:
 *
 *   0.05
 *   payments of the entity in a minute  >= 10: 0.725   >= 8: 0.55   >= 6: 0.40   >= 4: 0.24
 *   |amount - usual| / usual            > 3: 0.325     > 2: 0.20    > 1: 0.08
 *   place says unknown, vpn, tor, proxy or high risk, as whole words: 0.375
 *   amount                              > 8000: 0.25   > 5000: 0.125  > 3000: 0.05
 *   hour 2 to 5: 0.20      hour 0 to 4 at the weekend: 0.08
 *   at most 0.98
 *
 * It is no probability, and a model is better in every way; ss-score says so when it uses this.
 */
#ifndef SS_MODEL_FALLBACK_H
#define SS_MODEL_FALLBACK_H

#include "base/buf.h"
#include "base/str.h"
#include <stdint.h>

struct ss_fallback {
    double count_1m; /* payments by the user (or card) in the last minute, this one included; NaN = unknown */
    double amount_ratio; /* amount / the usual amount; NaN = unknown */
    double amount;       /* in currency units; NaN = unknown */
    int64_t time_us;
    struct ss_str place; /* p == NULL: unknown */
};

/* The value, in [0.05, 0.98]. */
double ss_fallback_score(const struct ss_fallback *in);
/* Appends the reasons, in the form of explain.h: the parts that were added, largest first, at most five. */
void ss_fallback_explain(const struct ss_fallback *in, struct ss_buf *to);

#endif
