#include "eval/money.h"
#include "base/err.h"
#include "base/number.h"
#include <math.h>
#include <stdlib.h>

struct sorted {
    double score;
    int64_t amount;
};

static int by_score(const void *a, const void *b)
{
    const struct sorted *x = a, *y = b;
    return (x->score < y->score) - (x->score > y->score);
}

int ss_eval_money_make(const struct ss_eval_table *t, struct ss_eval_money *m)
{
    struct sorted *fraud = malloc((t->n_fraud + 1) * sizeof *fraud);
    *m = (struct ss_eval_money){.sum = malloc((t->n_fraud + 1) * sizeof *m->sum)};
    if (!fraud || !m->sum) {
        free(fraud);
        return ss_fail(SS_ENOMEM, "out of memory ranking %zu frauds", t->n_fraud);
    }
    for (size_t i = 0; i < t->n_fraud; i++)
        if (ss_eval_counts(t, t->fraud[i].row))
            fraud[m->n++] = (struct sorted){t->fraud[i].score, t->fraud[i].amount};
    qsort(fraud, m->n, sizeof *fraud, by_score);
    m->sum[0] = 0;
    for (size_t i = 0; i < m->n; i++)
        m->sum[i + 1] = m->sum[i] + fraud[i].amount;
    free(fraud);
    return 0;
}

void ss_eval_money_free(struct ss_eval_money *m)
{
    free(m->sum);
    *m = (struct ss_eval_money){.n = 0};
}

double ss_eval_units(__int128 amount)
{
    return (double)amount / SS_AMOUNT_SCALE;
}

void ss_eval_price(struct ss_eval_point *p, const struct ss_cost *cost, __int128 caught, __int128 all)
{
    p->caught_amount = ss_eval_units(caught);
    p->missed_amount = ss_eval_units(all - caught);
    p->cost = cost ? ss_cost_of(cost, &p->c, caught, all - caught) : NAN;
}

struct ss_eval_point ss_eval_priced(struct ss_confusion c, const struct ss_eval_money *m,
                                    const struct ss_cost *cost)
{
    struct ss_eval_point p = {.c = c};
    ss_eval_price(&p, cost, m->sum[c.tp], m->sum[m->n]);
    return p;
}
