/* What a threshold means in money: the frauds ranked by score, with the sum of amounts up to each. */
#ifndef SS_EVAL_MONEY_H
#define SS_EVAL_MONEY_H

#include "eval/cost.h"
#include "eval/metrics.h"
#include "eval/table.h"

/* A confusion and its money. */
struct ss_eval_point {
    struct ss_confusion c;
    double caught_amount, missed_amount; /* sums of fraud amounts, in currency units */
    double cost;                         /* NaN without a cost file */
};

struct ss_eval_money {
    __int128 *sum; /* of the amounts of the first i frauds, highest score first; n + 1 of them */
    size_t n;
};

/* SS_ENOMEM. Free is legal after a failure. */
int ss_eval_money_make(const struct ss_eval_table *table, struct ss_eval_money *money) SS_MUST_CHECK;
void ss_eval_money_free(struct ss_eval_money *money);

double ss_eval_units(__int128 amount);
/* Sets amounts and cost (of `cost`, unless NULL) of a point whose confusion is set. */
void ss_eval_price(struct ss_eval_point *point, const struct ss_cost *cost, __int128 caught, __int128 all);
/* The point of a threshold: it alerts the frauds with the highest scores, the first tp of them. */
struct ss_eval_point ss_eval_priced(struct ss_confusion c, const struct ss_eval_money *money,
                                    const struct ss_cost *cost);

#endif
