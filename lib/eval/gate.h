/*
 * Gates: what a comparison must not show, as a person states it.
 *
 *     METRIC OP VALUE      OP is one of > >= < <= = !=
 *
 *     false_positives > +5%       NEW's figure is more than 5 % above OLD's
 *     alerts > +200               more than 200 above
 *     recall < -0.01              more than 0.01 below
 *     precision < 0.8             NEW's own figure (80% is the same, for shares)
 *     newly_disturbed > 1000      figures that compare by themselves take no sign
 *
 * A gate fails when what it says holds, and also when it cannot be judged: a figure that needs labels where
 * no record has one, or that is not defined (the precision of no alerts).
 */
#ifndef SS_EVAL_GATE_H
#define SS_EVAL_GATE_H

#include "eval/diff.h"

enum ss_metric_kind { SS_METRIC_COUNT, SS_METRIC_MONEY, SS_METRIC_SHARE };

struct ss_metric {
    const char *name;
    enum ss_metric_kind kind;
    bool sided;  /* has a figure for OLD and one for NEW; else one for the pair (asked with SS_NEW) */
    bool labels; /* needs labels */
    /* NaN: not defined. Money is in 1/10000 units, exact up to 2^53 of them. */
    double (*value)(const struct ss_diff *diff, enum ss_side side);
};

extern const struct ss_metric ss_metrics[]; /* up to name == NULL */

enum ss_gate_op { SS_GATE_GT, SS_GATE_GE, SS_GATE_LT, SS_GATE_LE, SS_GATE_EQ, SS_GATE_NE };
enum ss_gate_against { SS_GATE_VALUE, SS_GATE_CHANGE, SS_GATE_PERCENT };

struct ss_gate {
    const struct ss_metric *metric;
    enum ss_gate_op op;
    enum ss_gate_against against;
    double value; /* in units of the metric's value; of SS_GATE_PERCENT in percent; finite */
};

/* SS_EUSAGE with a message that says what is wrong and what is known. */
int ss_gate_parse(struct ss_str text, struct ss_gate *gate) SS_MUST_CHECK;

struct ss_gate_result {
    double old, new_; /* the metric's figures, money in currency units; old is NaN where it is not sided */
    bool fails, unjudged;
};

struct ss_gate_result ss_gate_judge(const struct ss_gate *gate, const struct ss_diff *diff);
/* A figure of a metric in the units that people read. */
double ss_metric_read(const struct ss_metric *metric, double value);

#endif
