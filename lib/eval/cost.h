/*
 * What mistakes cost, from a small file that a person writes: lines `name = value`, `#` starts a comment.
 *
 *     review_cost     = 4        each alert: somebody looks at it
 *     friction_cost   = 1.5      each alert on a genuine payment: calls, lost custom
 *     fraud_loss      = amount   each fraud that passes: its amount, or a number for all
 *     fraud_fee       = 20       each fraud that passes, on top: chargeback fee
 *     recovered_share = 0.9      of loss and fee, what an alert saves (1 when not given)
 *     currency        = EUR      for the report only
 *
 * All in money are 1/10000 units, sums are exact.
 */
#ifndef SS_EVAL_COST_H
#define SS_EVAL_COST_H

#include "base/attr.h"
#include "eval/metrics.h"

struct ss_cost {
    int64_t review, friction, fee; /* 1/10000 units */
    int64_t loss;                  /* fixed loss, where !loss_is_amount */
    bool loss_is_amount;
    int64_t recovered; /* share in 1/10000, 0..10000 */
    char currency[4];
};

/* SS_ECONFIG with "PATH:LINE: ...", or as ss_file_read. */
int ss_cost_read(const char *path, struct ss_cost *cost) SS_MUST_CHECK;
/* The same from a text; `name` is what messages call it. */
int ss_cost_parse(const char *name, const char *text, size_t len, struct ss_cost *cost) SS_MUST_CHECK;

/* The money that the alerts of `c` cost, where frauds of `caught_amount` and `missed_amount` (sums in 1/10000
 * units) are alerted and pass. In currency units. */
double ss_cost_of(const struct ss_cost *cost, const struct ss_confusion *c, __int128 caught_amount,
                  __int128 missed_amount);

#endif
