#include "eval/metrics.h"
#include <float.h>
#include <math.h>

/* Neumaier's compensated sum: ten million terms lose nothing that is printed. */
struct sum {
    double high, low;
};

static void add(struct sum *s, double value)
{
    double t = s->high + value;
    s->low += fabs(s->high) >= fabs(value) ? (s->high - t) + value : (value - t) + s->high;
    s->high = t;
}

static double total(const struct sum *s)
{
    return s->high + s->low;
}

bool ss_eval_is_probability(const struct ss_ranking *r)
{
    /* Sorted: only the ends can lie outside. */
    return (r->n_pos || r->n_neg) && !(r->n_pos && (r->pos[0] > 1 || r->pos[r->n_pos - 1] < 0)) &&
           !(r->n_neg && (r->neg[0] > 1 || r->neg[r->n_neg - 1] < 0));
}

double ss_eval_brier(const struct ss_ranking *r)
{
    struct sum s = {0, 0};
    if (!ss_eval_is_probability(r))
        return NAN;
    for (size_t i = 0; i < r->n_pos; i++)
        add(&s, (1 - r->pos[i]) * (1 - r->pos[i]));
    for (size_t i = 0; i < r->n_neg; i++)
        add(&s, r->neg[i] * r->neg[i]);
    return total(&s) / (double)(r->n_pos + r->n_neg);
}

double ss_eval_log_loss(const struct ss_ranking *r)
{
    struct sum s = {0, 0};
    if (!ss_eval_is_probability(r))
        return NAN;
    for (size_t i = 0; i < r->n_pos; i++)
        add(&s, -log(fmin(fmax(r->pos[i], DBL_EPSILON), 1 - DBL_EPSILON)));
    for (size_t i = 0; i < r->n_neg; i++)
        add(&s, -log(1 - fmin(fmax(r->neg[i], DBL_EPSILON), 1 - DBL_EPSILON)));
    return round(total(&s) / (double)(r->n_pos + r->n_neg) * 1e9) / 1e9;
}

/* Adds the scores up to `to` that no bin before took, walking up from the array's end. */
static size_t add_bin(const double *value, size_t *left, double to, struct sum *sum)
{
    size_t n = 0;
    for (; *left && value[*left - 1] <= to; (*left)--, n++)
        add(sum, value[*left - 1]);
    return n;
}

void ss_eval_reliability(const struct ss_ranking *r, struct ss_bin *bin, size_t n)
{
    size_t pos_left = r->n_pos, neg_left = r->n_neg;
    double step = 1.0 / (double)n;
    for (size_t b = 0; b < n; b++) {
        struct sum s = {0, 0};
        /* i * step, not i / n: the edges are numpy.linspace's to the last bit. */
        double to = b + 1 == n ? 1 : (double)(b + 1) * step;
        size_t positives = add_bin(r->pos, &pos_left, to, &s);
        size_t all = positives + add_bin(r->neg, &neg_left, to, &s);
        bin[b] = (struct ss_bin){(double)b * step, to, all, positives, NAN, NAN};
        if (all) {
            bin[b].mean_score = total(&s) / (double)all;
            bin[b].frequency = (double)positives / (double)all;
        }
    }
}

double ss_eval_ece(const struct ss_bin *bin, size_t n)
{
    double sum = 0;
    size_t records = 0;
    for (size_t b = 0; b < n; b++) {
        records += bin[b].n;
        if (bin[b].n)
            sum += (double)bin[b].n * fabs(bin[b].frequency - bin[b].mean_score);
    }
    return records ? sum / (double)records : NAN;
}
