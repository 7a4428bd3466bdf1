#include "eval/report.h"
#include "base/err.h"
#include "base/number.h"
#include <math.h>
#include <stdlib.h>

static const double fprs[SS_EVAL_FPRS] = {0.001, 0.005, 0.01, 0.05};
static const double grid[SS_EVAL_GRID] = {0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99};

struct cheapest {
    const struct ss_eval_money *money;
    const struct ss_cost *cost;
    struct ss_eval_point best;
};

static int cheaper(void *ctx, const struct ss_confusion *c)
{
    struct cheapest *s = ctx;
    struct ss_eval_point p = ss_eval_priced(*c, s->money, s->cost);
    if (p.cost < s->best.cost)
        s->best = p;
    return 0;
}

static void find_cheapest(struct ss_eval_report *r, const struct ss_ranking *k, const struct ss_eval_money *m)
{
    struct ss_confusion none = ss_confusion_at(k, INFINITY);
    struct cheapest s = {m, r->options.cost, ss_eval_priced(none, m, r->options.cost)};
    r->cost_of_none = s.best.cost;
    ss_eval_walk(k, cheaper, &s);
    r->cheapest = s.best;
}

/* Every point whose distance from the last one kept shows, at most SS_EVAL_POINTS of them: a step of at least
 * 2 / SS_EVAL_POINTS in x + |y| would allow no more on a monotone curve; precision may swing, so the end is
 * also guarded. */
static void plot(struct ss_eval_curve *curve, double x, double y, bool must)
{
    if (curve->n && !must &&
        fabs(x - curve->x[curve->n - 1]) + fabs(y - curve->y[curve->n - 1]) < 4.0 / SS_EVAL_POINTS)
        return;
    if (curve->n >= SS_EVAL_POINTS + (must ? 2 : 0))
        return;
    curve->x[curve->n] = x;
    curve->y[curve->n++] = y;
}

static int plot_point(void *ctx, const struct ss_confusion *c)
{
    struct ss_eval_report *r = ctx;
    bool last = c->fn == 0 && c->tn == 0;
    plot(&r->roc, ss_confusion_fpr(c), ss_confusion_recall(c), last);
    if (c->tp || last)
        plot(&r->pr, ss_confusion_recall(c), ss_confusion_precision(c), last || !r->pr.n);
    return 0;
}

static void draw_curves(struct ss_eval_report *r, const struct ss_ranking *k)
{
    if (!k->n_pos || !k->n_neg)
        return;
    plot(&r->roc, 0, 0, true);
    ss_eval_walk(k, plot_point, r);
}

static int rank(const struct ss_eval_table *t, struct ss_ranking *k)
{
    size_t n_pos = 0, n_neg = 0;
    for (size_t i = 0; i < t->n; i++) {
        n_pos += ss_eval_counts(t, i) && ss_eval_is_fraud(t, i);
        n_neg += ss_eval_counts(t, i) && !ss_eval_is_fraud(t, i);
    }
    int err = ss_ranking_room(k, n_pos, n_neg);
    if (err)
        return err;
    n_pos = n_neg = 0;
    for (size_t i = 0; i < t->n; i++) {
        if (!ss_eval_counts(t, i))
            continue;
        if (ss_eval_is_fraud(t, i))
            k->pos[n_pos++] = SS_EVAL_AT(t, score, i);
        else
            k->neg[n_neg++] = SS_EVAL_AT(t, score, i);
    }
    return ss_ranking_sort(k);
}

/* Alerts by the records' own levels, which a rule or a model's thresholds may have set. */
static void count_levels(struct ss_eval_report *r, const struct ss_eval_table *t)
{
    size_t tp[SS_LEVELS + 1] = {0}, fp[SS_LEVELS + 1] = {0};
    __int128 caught[SS_LEVELS + 1] = {0}, all;
    for (size_t i = 0; i < t->n; i++)
        if (ss_eval_counts(t, i) && !ss_eval_is_fraud(t, i))
            fp[SS_EVAL_AT(t, flags, i) & SS_EVAL_LEVEL]++;
    for (size_t i = 0; i < t->n_fraud; i++) {
        int level = SS_EVAL_AT(t, flags, t->fraud[i].row) & SS_EVAL_LEVEL;
        if (!ss_eval_counts(t, t->fraud[i].row))
            continue;
        tp[level]++;
        caught[level] += t->fraud[i].amount;
    }
    for (int l = SS_LEVELS - 1; l >= 0; l--) {
        tp[l] += tp[l + 1];
        fp[l] += fp[l + 1];
        caught[l] += caught[l + 1];
    }
    all = caught[0];
    for (int l = SS_LOW; l < SS_LEVELS; l++) {
        struct ss_eval_point *p = &r->level[l];
        p->c = (struct ss_confusion){NAN, tp[l], fp[l], tp[0] - tp[l], fp[0] - fp[l]};
        ss_eval_price(p, r->options.cost, caught[l], all);
    }
}

/* Alerts by the records' decisions. */
static struct ss_eval_point decided(const struct ss_eval_report *r, const struct ss_eval_table *t)
{
    struct ss_eval_point p = {.c = {.threshold = NAN}};
    __int128 caught = 0, all = 0;
    for (size_t i = 0; i < t->n; i++) {
        bool alert = SS_EVAL_AT(t, flags, i) & SS_EVAL_ALERTED, fraud = ss_eval_is_fraud(t, i);
        if (ss_eval_counts(t, i))
            *(fraud ? (alert ? &p.c.tp : &p.c.fn) : (alert ? &p.c.fp : &p.c.tn)) += 1;
    }
    for (size_t i = 0; i < t->n_fraud; i++) {
        if (!ss_eval_counts(t, t->fraud[i].row))
            continue;
        all += t->fraud[i].amount;
        caught += SS_EVAL_AT(t, flags, t->fraud[i].row) & SS_EVAL_ALERTED ? t->fraud[i].amount : 0;
    }
    ss_eval_price(&p, r->options.cost, caught, all);
    return p;
}

static void measure(struct ss_eval_report *r, const struct ss_eval_table *t, const struct ss_ranking *k,
                    const struct ss_eval_money *m)
{
    const struct ss_cost *cost = r->options.cost;
    r->records = k->n_pos + k->n_neg;
    r->positives = k->n_pos;
    r->fraud_amount = ss_eval_units(m->sum[m->n]);
    r->auc = ss_eval_auc(k);
    r->ap = ss_eval_average_precision(k);
    r->best_f1 = ss_eval_priced(ss_eval_best_f1(k), m, cost);
    for (int i = 0; i < SS_EVAL_GRID; i++)
        r->grid[i] = ss_eval_priced(ss_confusion_at(k, grid[i]), m, cost);
    for (int i = 0; i < SS_EVAL_FPRS; i++) {
        r->fpr[i] = fprs[i];
        r->at_fpr[i] = ss_eval_priced(ss_eval_at_fpr(k, fprs[i]), m, cost);
    }
    count_levels(r, t);
    r->chosen = r->options.by_decision    ? decided(r, t)
                : r->options.by_threshold ? ss_eval_priced(ss_confusion_at(k, r->options.threshold), m, cost)
                                          : r->level[r->options.level];
    if (cost)
        find_cheapest(r, k, m);
    r->probability = ss_eval_is_probability(k);
    r->brier = ss_eval_brier(k);
    r->log_loss = ss_eval_log_loss(k);
    r->ece = NAN;
    if (r->probability) {
        ss_eval_reliability(k, r->bin, SS_EVAL_BINS);
        ss_eval_reliability(k, r->slice, SS_EVAL_SLICES);
        r->ece = ss_eval_ece(r->bin, SS_EVAL_BINS);
    }
    draw_curves(r, k);
}

/* What the table holds and does not count, and which days the rest is of. */
static void survey(struct ss_eval_report *r, const struct ss_eval_table *t)
{
    r->first_day = INT32_MAX;
    r->last_day = INT32_MIN;
    for (size_t i = 0; i < t->n; i++) {
        uint8_t flags = SS_EVAL_AT(t, flags, i);
        int32_t day = SS_EVAL_AT(t, day, i);
        if (flags & SS_EVAL_UNKNOWN)
            r->skipped.unlabelled++;
        else if (flags & SS_EVAL_DROPPED)
            r->skipped.dropped++;
        else if (day != SS_EVAL_NO_DAY) {
            r->first_day = day < r->first_day ? day : r->first_day;
            r->last_day = day > r->last_day ? day : r->last_day;
        }
        if (ss_eval_counts(t, i) && ss_eval_is_immature(t, i, r->options.label_delay_us))
            r->skipped.immature++;
    }
}

int ss_eval_report_make(const struct ss_eval_table *t, const struct ss_eval_options *options,
                        const struct ss_eval_skipped *skipped, struct ss_eval_report *r)
{
    struct ss_ranking ranking = {0};
    struct ss_eval_money money = {0};
    int err = 0;
    *r = (struct ss_eval_report){.options = *options, .skipped = *skipped};
    survey(r, t);
    /* One after the other, so that what each needs for sorting is not held at the same time. */
    for (int i = 0; i < options->n_k && err == 0; i++)
        err = ss_card_precision_make(t, options->k[i], &r->card[i]);
    if (err == 0 && options->group_field)
        err = ss_eval_groups_make(t, r);
    if (err == 0)
        err = ss_eval_money_make(t, &money);
    if (err == 0)
        err = rank(t, &ranking);
    if (err == 0)
        measure(r, t, &ranking, &money);
    if (err == 0 && options->tune.wanted)
        err = ss_tune_make(&ranking, &money, options->cost, &options->tune,
                           r->first_day > r->last_day ? 0 : r->last_day - r->first_day + 1, &r->tune);
    if (err == 0 && options->by_rule)
        err = ss_eval_rules_make(t, options->label_delay_us, &r->rules);
    if (err == 0 && t->scenarios.n)
        err = ss_eval_scenarios_make(t, &ranking, r);
    ss_ranking_free(&ranking);
    ss_eval_money_free(&money);
    return err;
}

void ss_eval_report_free(struct ss_eval_report *r)
{
    for (int i = 0; i < SS_EVAL_K_MAX; i++)
        ss_card_precision_free(&r->card[i]);
    free(r->scenario);
    free(r->group);
    ss_eval_rules_free(&r->rules);
    *r = (struct ss_eval_report){.records = 0};
}
