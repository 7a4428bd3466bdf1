#include "model/smote.h"
#include "base/err.h"
#include "base/rng.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

struct pool {
    const struct ss_data *data;
    size_t *fraud; /* row numbers, n of them */
    size_t n;
    double *inverse; /* 1 / deviation of each feature, 0 for constant ones */
    uint32_t (*near)[SS_SMOTE_NEIGHBOURS];
    uint32_t *nears;
};

static const float *row_of(const struct pool *p, size_t i)
{
    return p->data->row + p->fraud[i] * p->data->width;
}

static void find_deviations(struct pool *p)
{
    for (uint32_t j = 0; j < p->data->width; j++) {
        double sum = 0, sum2 = 0, n = 0;
        for (size_t i = 0; i < p->n; i++) {
            double x = row_of(p, i)[j];
            if (!isnan(x))
                n++, sum += x;
        }
        double mean = n ? sum / n : 0;
        for (size_t i = 0; i < p->n; i++) {
            double x = row_of(p, i)[j];
            if (!isnan(x))
                sum2 += (x - mean) * (x - mean);
        }
        double deviation = n > 1 ? sqrt(sum2 / (n - 1)) : 0;
        p->inverse[j] = deviation > 0 && isfinite(deviation) ? 1 / deviation : 0;
    }
}

static double distance(const struct pool *p, size_t a, size_t b)
{
    const float *x = row_of(p, a), *y = row_of(p, b);
    double sum = 0;
    for (uint32_t j = 0; j < p->data->width; j++) {
        double d = ((double)x[j] - (double)y[j]) * p->inverse[j];
        sum += isnan(d) ? !(isnan(x[j]) && isnan(y[j])) : d * d;
    }
    return sum;
}

static void find_neighbours(struct pool *p)
{
    for (size_t i = 0; i < p->n; i++) {
        double best[SS_SMOTE_NEIGHBOURS];
        uint32_t k = 0;
        for (size_t o = 0; o < p->n; o++) {
            double d = o == i ? INFINITY : distance(p, i, o);
            if (o == i || (k == SS_SMOTE_NEIGHBOURS && d >= best[k - 1]))
                continue;
            uint32_t at = k < SS_SMOTE_NEIGHBOURS ? k++ : k - 1;
            for (; at > 0 && best[at - 1] > d; at--) {
                best[at] = best[at - 1];
                p->near[i][at] = p->near[i][at - 1];
            }
            best[at] = d;
            p->near[i][at] = (uint32_t)o;
        }
        p->nears[i] = k;
    }
}

static void make_rows(struct pool *p, struct ss_rng *rng, const uint8_t *categorical, float *to, size_t n)
{
    uint32_t width = p->data->width;
    for (size_t i = 0; i < n; i++) {
        size_t base =
            i < p->n * (n / p->n) ? i % p->n : ss_rng_below(rng, p->n); /* each as often, as published */
        const float *x = row_of(p, base), *y = row_of(p, p->near[base][ss_rng_below(rng, p->nears[base])]);
        double share = ss_rng_unit(rng);
        for (uint32_t j = 0; j < width; j++)
            to[i * width + j] = categorical && categorical[j] ? (share < 0.5 ? x[j] : y[j])
                                                              : (float)(x[j] + share * ((double)y[j] - x[j]));
    }
}

/* At most SS_SMOTE_FRAUDS_MAX frauds, by partial shuffle. */
static size_t choose(size_t *fraud, size_t n, struct ss_rng *rng)
{
    if (n <= SS_SMOTE_FRAUDS_MAX)
        return n;
    for (size_t i = 0; i < SS_SMOTE_FRAUDS_MAX; i++) {
        size_t k = i + ss_rng_below(rng, n - i), t = fraud[i];
        fraud[i] = fraud[k];
        fraud[k] = t;
    }
    return SS_SMOTE_FRAUDS_MAX;
}

int ss_smote(const struct ss_data *data, size_t n, double ratio, const uint8_t *categorical, uint64_t seed,
             float **rows, size_t *n_new)
{
    size_t frauds = ss_data_positives(data, 0, n), genuine = 0;
    for (size_t i = 0; i < n; i++)
        genuine += data->label[i] == 0;
    size_t want = (size_t)(ratio * (double)genuine);
    *rows = NULL;
    *n_new = 0;
    if (frauds < 2 || want <= frauds)
        return 0;
    struct pool p = {.data = data, .n = frauds};
    struct ss_rng rng;
    ss_rng_seed(&rng, seed);
    p.fraud = malloc(frauds * sizeof *p.fraud);
    p.inverse = malloc(data->width * sizeof *p.inverse);
    p.near = malloc(frauds * sizeof *p.near);
    p.nears = malloc(frauds * sizeof *p.nears);
    float *out = malloc((want - frauds) * data->width * sizeof *out);
    int err = p.fraud && p.inverse && p.near && p.nears && out
                  ? 0
                  : ss_fail(SS_ENOMEM, "out of memory for %zu synthetic frauds", want - frauds);
    if (!err) {
        size_t k = 0;
        for (size_t i = 0; i < n; i++)
            if (data->label[i] == 1)
                p.fraud[k++] = i;
        p.n = choose(p.fraud, frauds, &rng);
        find_deviations(&p);
        find_neighbours(&p);
        make_rows(&p, &rng, categorical, out, want - frauds);
        *rows = out;
        *n_new = want - frauds;
        out = NULL;
    }
    free(out);
    free(p.fraud);
    free(p.inverse);
    free(p.near);
    free(p.nears);
    return err;
}
