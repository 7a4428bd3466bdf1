#include "eval/metrics.h"
#include "base/err.h"
#include "eval/sort.h"
#include <math.h>
#include <stdlib.h>

int ss_ranking_room(struct ss_ranking *r, size_t n_pos, size_t n_neg)
{
    *r = (struct ss_ranking){.n_pos = n_pos, .n_neg = n_neg};
    r->pos = malloc((n_pos + 1) * sizeof *r->pos);
    r->neg = malloc((n_neg + 1) * sizeof *r->neg);
    if (r->pos && r->neg)
        return 0;
    ss_ranking_free(r);
    return ss_fail(SS_ENOMEM, "out of memory ranking %zu records", n_pos + n_neg);
}

int ss_ranking_sort(struct ss_ranking *r)
{
    int err = ss_sort_doubles(r->pos, r->n_pos);
    return err ? err : ss_sort_doubles(r->neg, r->n_neg);
}

int ss_ranking_init(struct ss_ranking *r, const double *score, const int8_t *label, size_t n)
{
    size_t n_pos = 0, n_neg = 0;
    *r = (struct ss_ranking){0};
    for (size_t i = 0; i < n; i++) {
        if (label[i] >= 0 && isnan(score[i]))
            return ss_fail(SS_EDATA, "score %zu is not a number", i);
        n_pos += label[i] > 0;
        n_neg += label[i] == 0;
    }
    int err = ss_ranking_room(r, n_pos, n_neg);
    if (err)
        return err;
    n_pos = n_neg = 0;
    for (size_t i = 0; i < n; i++) {
        if (label[i] > 0)
            r->pos[n_pos++] = score[i];
        else if (label[i] == 0)
            r->neg[n_neg++] = score[i];
    }
    if ((err = ss_ranking_sort(r)) != 0)
        ss_ranking_free(r);
    return err;
}

void ss_ranking_free(struct ss_ranking *r)
{
    free(r->pos);
    free(r->neg);
    *r = (struct ss_ranking){0};
}

/* How many of `value` (high to low) are at least `threshold`. */
static size_t count_from(const double *value, size_t n, double threshold)
{
    size_t low = 0, high = n;
    while (low < high) {
        size_t mid = low + (high - low) / 2;
        if (value[mid] >= threshold)
            low = mid + 1;
        else
            high = mid;
    }
    return low;
}

static struct ss_confusion confusion(const struct ss_ranking *r, double threshold, size_t tp, size_t fp)
{
    return (struct ss_confusion){threshold, tp, fp, r->n_pos - tp, r->n_neg - fp};
}

struct ss_confusion ss_confusion_at(const struct ss_ranking *r, double threshold)
{
    return confusion(r, threshold, count_from(r->pos, r->n_pos, threshold),
                     count_from(r->neg, r->n_neg, threshold));
}

static double ratio(size_t part, size_t whole)
{
    return whole ? (double)part / (double)whole : NAN;
}

double ss_confusion_precision(const struct ss_confusion *c)
{
    return ratio(c->tp, c->tp + c->fp);
}

double ss_confusion_recall(const struct ss_confusion *c)
{
    return ratio(c->tp, c->tp + c->fn);
}

double ss_confusion_f1(const struct ss_confusion *c)
{
    return ratio(2 * c->tp, 2 * c->tp + c->fp + c->fn);
}

double ss_confusion_fpr(const struct ss_confusion *c)
{
    return ratio(c->fp, c->fp + c->tn);
}

double ss_confusion_alert_rate(const struct ss_confusion *c)
{
    return ratio(c->tp + c->fp, c->tp + c->fp + c->fn + c->tn);
}

int ss_eval_walk(const struct ss_ranking *r, int (*point)(void *ctx, const struct ss_confusion *c), void *ctx)
{
    size_t p = 0, q = 0;
    while (p < r->n_pos || q < r->n_neg) {
        double threshold = q == r->n_neg || (p < r->n_pos && r->pos[p] >= r->neg[q]) ? r->pos[p] : r->neg[q];
        while (p < r->n_pos && r->pos[p] == threshold)
            p++;
        while (q < r->n_neg && r->neg[q] == threshold)
            q++;
        struct ss_confusion c = confusion(r, threshold, p, q);
        int stop = point(ctx, &c);
        if (stop)
            return stop;
    }
    return 0;
}

double ss_eval_auc(const struct ss_ranking *r)
{
    if (!r->n_pos || !r->n_neg)
        return NAN;
    /* Twice the number of pairs in the right order, ties once: exact, in 128 bits. */
    unsigned __int128 twice = 0;
    size_t above = 0, level = 0; /* genuine ones with score > and >= the fraud's */
    for (size_t p = 0; p < r->n_pos; p++) {
        while (above < r->n_neg && r->neg[above] > r->pos[p])
            above++;
        if (level < above)
            level = above;
        while (level < r->n_neg && r->neg[level] == r->pos[p])
            level++;
        twice += (r->n_neg - above) + (r->n_neg - level);
    }
    return (double)twice / (2.0 * (double)r->n_pos * (double)r->n_neg);
}

struct area {
    double sum;
    size_t last_tp;
};

static int add_step(void *ctx, const struct ss_confusion *c)
{
    struct area *a = ctx;
    if (c->tp > a->last_tp)
        a->sum += (double)(c->tp - a->last_tp) * ss_confusion_precision(c);
    a->last_tp = c->tp;
    return 0;
}

double ss_eval_average_precision(const struct ss_ranking *r)
{
    struct area a = {0, 0};
    ss_eval_walk(r, add_step, &a);
    return r->n_pos ? a.sum / (double)r->n_pos : NAN;
}

struct search {
    double limit;
    struct ss_confusion best;
};

static int within_fpr(void *ctx, const struct ss_confusion *c)
{
    struct search *s = ctx;
    if (ss_confusion_fpr(c) > s->limit)
        return 1;
    if (c->tp > s->best.tp) /* of equal recalls the one with fewer alerts, that is, the first */
        s->best = *c;
    return 0;
}

struct ss_confusion ss_eval_at_fpr(const struct ss_ranking *r, double fpr)
{
    struct search s = {fpr, confusion(r, INFINITY, 0, 0)};
    if (r->n_neg)
        ss_eval_walk(r, within_fpr, &s);
    return s.best;
}

static int better_f1(void *ctx, const struct ss_confusion *c)
{
    struct search *s = ctx;
    if (ss_confusion_f1(c) > s->limit) {
        s->limit = ss_confusion_f1(c);
        s->best = *c;
    }
    return 0;
}

struct ss_confusion ss_eval_best_f1(const struct ss_ranking *r)
{
    struct search s = {0, confusion(r, INFINITY, 0, 0)};
    ss_eval_walk(r, better_f1, &s);
    return s.best;
}
