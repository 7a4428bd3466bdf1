#include "eval/tune.h"
#include "base/err.h"
#include "base/attr.h"
#include <math.h>

/* Of the proposal's alerts. */
static const double steps[SS_TUNE_AROUND] = {0.1, 0.25, 0.5, 0.75, 0.9, 1, 1.1, 1.25, 1.5, 2, 4};

struct search {
    const struct ss_eval_money *money;
    const struct ss_cost *cost;
    struct ss_tune *tune;
    double next; /* the highest score below the best threshold; -inf: none */
};

static double alerts(const struct ss_confusion *c)
{
    return (double)(c->tp + c->fp);
}

static int improve(void *ctx, const struct ss_confusion *c)
{
    struct search *s = ctx;
    if (alerts(c) > s->tune->most)
        return 1;
    struct ss_eval_point p = ss_eval_priced(*c, s->money, s->cost);
    if (s->cost ? p.cost < s->tune->best.cost : c->tp > s->tune->best.c.tp)
        s->tune->best = p;
    return 0;
}

/* The last point within each of the steps' numbers of alerts: points come with more and more alerts. */
static int look_around(void *ctx, const struct ss_confusion *c)
{
    struct search *s = ctx;
    struct ss_tune *t = s->tune;
    double best = alerts(&t->best.c);
    if (c->threshold < t->best.c.threshold && c->threshold > s->next)
        s->next = c->threshold;
    for (int i = 0; i < SS_TUNE_AROUND; i++)
        if (alerts(c) <= steps[i] * best)
            t->around[i] = ss_eval_priced(*c, s->money, s->cost);
    return 0;
}

/* Drops steps that nothing is at, and repeats. */
static void tidy(struct ss_tune *t)
{
    t->best_at = -1;
    for (int i = 0; i < SS_TUNE_AROUND; i++) {
        const struct ss_confusion *c = &t->around[i].c;
        if (c->tp + c->fp == 0 || (t->n && t->around[t->n - 1].c.threshold == c->threshold))
            continue;
        if (c->threshold == t->best.c.threshold)
            t->best_at = t->n;
        t->around[t->n++] = t->around[i];
    }
}

double ss_tune_shortest(double low, double high)
{
    double power = 1;
    for (int digits = 0; digits <= 15; digits++, power *= 10) {
        double x = floor(high * power) / power;
        if (fabs(high) * power > 9e15) /* beyond exact integers */
            break;
        if (x > low && x <= high)
            return x;
    }
    return high;
}

int ss_tune_make(const struct ss_ranking *ranking, const struct ss_eval_money *money,
                 const struct ss_cost *cost, const struct ss_tune_budget *budget, int64_t days,
                 struct ss_tune *tune)
{
    size_t records = ranking->n_pos + ranking->n_neg;
    *tune = (struct ss_tune){.most = INFINITY, .days = days, .best_at = -1};
    if (budget->has_per_day && !days && records)
        return ss_fail(SS_EDATA, "no record has a time: there are no alerts per day");
    if (budget->has_per_day)
        tune->most = floor(budget->per_day * (double)days);
    if (budget->has_rate)
        tune->most = fmin(tune->most, floor(budget->rate * (double)records));
    struct search s = {money, cost, tune, -INFINITY};
    tune->best = ss_eval_priced(ss_confusion_at(ranking, INFINITY), money, cost);
    ss_eval_walk(ranking, improve, &s);
    tune->threshold = tune->best.c.threshold;
    if (!isfinite(tune->threshold))
        return 0;
    ss_eval_walk(ranking, look_around, &s);
    tidy(tune);
    tune->threshold = ss_tune_shortest(s.next, tune->threshold);
    return 0;
}
