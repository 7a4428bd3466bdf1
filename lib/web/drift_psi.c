#include "web/drift.h"
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Upper edges of the bins, the last one open; equal ones are one. */
static size_t edges_of(const struct ss_drift_sample *s, double *edge)
{
    size_t n = 0;
    for (size_t i = 1; i < SS_DRIFT_BINS && s->n; i++) {
        double at = s->value[s->n * i / SS_DRIFT_BINS];
        if (n == 0 || at > edge[n - 1])
            edge[n++] = at;
    }
    return n;
}

/* A value that is an edge lies below it, so that a value which is most of a sample has a bin of its own. */
static void count(const struct ss_drift_sample *s, const double *edge, size_t edges, double *bin)
{
    size_t b = 0;
    for (size_t i = 0; i < s->n; i++) {
        while (b < edges && s->value[i] > edge[b])
            b++;
        bin[b]++;
    }
}

double ss_drift_of_bins(const double *before, const double *now, size_t bins)
{
    double old_all = 0.5 * (double)bins, new_all = old_all, psi = 0;
    for (size_t i = 0; i < bins; i++) {
        old_all += before[i];
        new_all += now[i];
    }
    for (size_t i = 0; i < bins; i++) {
        double was = (before[i] + 0.5) / old_all, is = (now[i] + 0.5) / new_all;
        psi += (is - was) * log(is / was);
    }
    return round(psi * 1e6) / 1e6;
}

double ss_drift_psi(struct ss_drift_sample *before, struct ss_drift_sample *now)
{
    double edge[SS_DRIFT_BINS], old_bin[SS_DRIFT_BINS + 1] = {0}, new_bin[SS_DRIFT_BINS + 1] = {0};
    size_t old_all = before->n + before->missing, new_all = now->n + now->missing;
    if (!old_all || !new_all)
        return NAN;
    if (before->n)
        qsort(before->value, before->n, sizeof *before->value, by_value);
    if (now->n)
        qsort(now->value, now->n, sizeof *now->value, by_value);
    size_t edges = edges_of(before, edge), bins = edges + 1;
    count(before, edge, edges, old_bin);
    count(now, edge, edges, new_bin);
    if (before->missing || now->missing) {
        old_bin[bins] = (double)before->missing;
        new_bin[bins++] = (double)now->missing;
    }
    return ss_drift_of_bins(old_bin, new_bin, bins);
}
