/*
 * The threshold to use: of those that keep within a budget of alerts, the one that costs least, or where no
 * costs are stated, the one that finds most frauds. Of equal ones that with fewer alerts.
 */
#ifndef SS_EVAL_TUNE_H
#define SS_EVAL_TUNE_H

#include "eval/money.h"

#define SS_TUNE_AROUND 11

struct ss_tune_budget {
    bool wanted;
    bool has_per_day, has_rate;
    double per_day; /* alerts a calendar day (UTC) from the first record to the last, on average */
    double rate;    /* alerts a record, 0 to 1 */
};

struct ss_tune {
    struct ss_eval_point best; /* its threshold: the lowest score that is alerted; +inf: none is worth it */
    double threshold;          /* the shortest number that alerts the same records */
    double most;               /* alerts that the budget allows; +inf: any number */
    int64_t days;
    struct ss_eval_point around[SS_TUNE_AROUND]; /* with fewer and with more alerts, fewest first */
    int n, best_at;                              /* best_at: where `best` stands among them, -1: nowhere */
};

/* `days`: how many the records lie on; 0 when none has a time, which is SS_EDATA with a budget a day. */
int ss_tune_make(const struct ss_ranking *ranking, const struct ss_eval_money *money,
                 const struct ss_cost *cost, const struct ss_tune_budget *budget, int64_t days,
                 struct ss_tune *tune) SS_MUST_CHECK;

/* The number with the fewest decimals above `low` and not above `high`. */
double ss_tune_shortest(double low, double high);

#endif
