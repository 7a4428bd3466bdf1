/*
 * Everything that ss-eval says, as numbers, made from a table and printed in three ways: text for people, one
 * line of JSON for scripts, an SVG drawing. NaN means "not defined" (one class only, no alerts, ...).
 */
#ifndef SS_EVAL_REPORT_H
#define SS_EVAL_REPORT_H

#include "base/buf.h"
#include "eval/cards.h"
#include "eval/cost.h"
#include "eval/metrics.h"
#include "eval/rules.h"
#include "eval/table.h"
#include "eval/tune.h"

#define SS_EVAL_K_MAX     8
#define SS_EVAL_GROUPS    50  /* of --by, those with the most records; the rest is one line */
#define SS_EVAL_SCENARIOS 100 /* likewise, by frauds */
#define SS_EVAL_BINS      10
#define SS_EVAL_SLICES    40  /* of the score histogram */
#define SS_EVAL_POINTS    512 /* at most, of a curve in the drawing */
#define SS_EVAL_GRID      12
#define SS_EVAL_FPRS      4

/* What was asked for. Texts are borrowed. */
struct ss_eval_options {
    const char *card_field, *group_field, *scenario_field, *known_field; /* NULL: not asked for */
    uint32_t k[SS_EVAL_K_MAX];
    int n_k;
    bool by_decision;  /* alerts are records whose decision says so; else */
    bool by_threshold; /* alerts are scores >= threshold; else levels >= level */
    double threshold;
    enum ss_level level;
    const struct ss_cost *cost; /* NULL: none */
    bool by_rule;               /* groups are sets of rules: see rules.h */
    int64_t label_delay_us;     /* a label may come so late; 0: not said */
    struct ss_tune_budget tune;
};

/* What was not evaluated, counted by the caller. */
struct ss_eval_skipped {
    size_t unlabelled; /* ss_eval_report_make adds those of the table whose label never came */
    size_t unscored, outside;
    size_t dropped;  /* set by ss_eval_report_make, and so is */
    size_t immature; /* evaluated, though younger than label_delay_us: not left out */
};

/* One scenario (against all genuine records) or one value of the --by field. */
struct ss_eval_part {
    struct ss_str name;     /* p == NULL: the records that lack the field */
    bool rest;              /* what is beyond the number of lines, together */
    struct ss_confusion c;  /* at the chosen threshold */
    double amount;          /* scenarios: of its frauds */
    double auc, ap;         /* NaN for the rest */
    double recall_at_fpr_1; /* scenarios: recall at the threshold where 1 % of all genuine are alerted */
};

struct ss_eval_curve {
    double x[SS_EVAL_POINTS + 2], y[SS_EVAL_POINTS + 2];
    size_t n;
};

struct ss_eval_report {
    struct ss_eval_options options;
    struct ss_eval_skipped skipped;
    size_t records, positives;
    int32_t first_day, last_day; /* since 1970-01-01; first > last: no record has a time */
    double fraud_amount;
    double auc, ap, brier, log_loss, ece;
    struct ss_eval_point chosen, best_f1;
    struct ss_eval_point level[SS_LEVELS]; /* alerts from that level up; [SS_NONE] is unused */
    struct ss_eval_point grid[SS_EVAL_GRID];
    struct ss_eval_point at_fpr[SS_EVAL_FPRS];
    double fpr[SS_EVAL_FPRS];
    struct ss_eval_point cheapest; /* with a cost file */
    double cost_of_none;           /* when nothing is alerted */
    bool probability;              /* scores lie in 0..1: calibration and histogram are defined */
    struct ss_bin bin[SS_EVAL_BINS];
    struct ss_bin slice[SS_EVAL_SLICES];
    struct ss_card_precision card[SS_EVAL_K_MAX];
    struct ss_eval_part *scenario, *group; /* owned; names belong to the table */
    size_t scenarios, groups;
    struct ss_eval_rules rules; /* with by_rule */
    struct ss_tune tune;        /* with tune.wanted */
    struct ss_eval_curve roc, pr;
};

/*
 * Computes it all. `table` keeps the names and must outlive the report; rows that were dropped do not count.
 * SS_ENOMEM. Free is legal after a failure.
 */
int ss_eval_report_make(const struct ss_eval_table *table, const struct ss_eval_options *options,
                        const struct ss_eval_skipped *skipped, struct ss_eval_report *report) SS_MUST_CHECK;
void ss_eval_report_free(struct ss_eval_report *report);

void ss_eval_report_text(const struct ss_eval_report *report, bool color, struct ss_buf *to);
/* One line, newline included. Money and shares as shortest decimals; what is not defined is null. */
void ss_eval_report_json(const struct ss_eval_report *report, struct ss_buf *to);
/* A document that stands alone: four panels, no script, light and dark after the reader's preference. */
void ss_eval_report_svg(const struct ss_eval_report *report, struct ss_buf *to);

/* Parts, in parts.c; for ss_eval_report_make. */
int ss_eval_scenarios_make(const struct ss_eval_table *table, const struct ss_ranking *ranking,
                           struct ss_eval_report *report) SS_MUST_CHECK;
int ss_eval_groups_make(const struct ss_eval_table *table, struct ss_eval_report *report) SS_MUST_CHECK;

static inline bool ss_eval_is_alert(const struct ss_eval_options *o, const struct ss_eval_table *t, size_t i)
{
    return o->by_decision    ? SS_EVAL_AT(t, flags, i) & SS_EVAL_ALERTED
           : o->by_threshold ? SS_EVAL_AT(t, score, i) >= o->threshold
                             : (enum ss_level)(SS_EVAL_AT(t, flags, i) & SS_EVAL_LEVEL) >= o->level;
}

#endif
