/* Values to levels: see calibrate.h. */
#include "base/err.h"
#include "json/write.h"
#include "model/calibrate.h"
#include <math.h>
#include <stdlib.h>

const struct ss_levels ss_levels_default = {.from = {0, 0.50, 0.55, 0.70, 0.85}};

enum ss_level ss_levels_of(const struct ss_levels *levels, double value)
{
    for (int l = SS_CRITICAL; l > SS_NONE; l--)
        if (value >= levels->from[l])
            return (enum ss_level)l;
    return SS_NONE;
}

static int descending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x < y) - (x > y);
}

/* Three significant digits, towards zero: a threshold that people can say. */
static double cut_digits(double x)
{
    double unit = 1;
    if (!(x > 1e-12))
        return 1e-12;
    while (x * unit < 100)
        unit *= 10;
    return floor(x * unit) / unit;
}

int ss_levels_choose(struct ss_levels *levels, const double *value, size_t n, size_t positives)
{
    static const double budget[SS_LEVELS] = {0, 2, 1, 0.5, 0.25};
    *levels = ss_levels_default;
    if (n == 0 || positives == 0)
        return 0;
    double *sorted = malloc(n * sizeof *sorted);
    if (!sorted)
        return ss_fail(SS_ENOMEM, "out of memory for %zu values", n);
    memcpy(sorted, value, n * sizeof *sorted);
    qsort(sorted, n, sizeof *sorted, descending);
    for (int l = SS_LOW; l < SS_LEVELS; l++) {
        size_t at = (size_t)ceil(budget[l] * (double)positives);
        double cut = cut_digits(sorted[at > n ? n - 1 : at - 1]);
        if (cut < levels->from[l])
            levels->from[l] = cut;
    }
    free(sorted);
    return 0;
}

int ss_levels_check(const struct ss_levels *levels)
{
    for (int l = SS_LOW; l < SS_LEVELS; l++)
        if (!(levels->from[l] > 0 && levels->from[l] <= 1) || levels->from[l] < levels->from[l - 1])
            return ss_fail(SS_EDATA,
                           "threshold %g of level %s is not within (0, 1] and above the levels below",
                           levels->from[l], ss_level_name((enum ss_level)l));
    return 0;
}

void ss_levels_write_json(const struct ss_levels *levels, struct ss_buf *to)
{
    ss_buf_putc(to, '{');
    for (int l = SS_CRITICAL; l > SS_NONE; l--) {
        ss_json_key(to, ss_level_name((enum ss_level)l));
        ss_json_put_double(to, levels->from[l]);
    }
    ss_buf_putc(to, '}');
}

int ss_levels_read_json(struct ss_levels *levels, const struct ss_json_value *json)
{
    *levels = (struct ss_levels){.from = {0}};
    for (int l = SS_LOW; l < SS_LEVELS; l++) {
        const struct ss_json_value *v = ss_json_get(json, ss_level_name((enum ss_level)l));
        if (!v || v->type != SS_JSON_NUMBER)
            return ss_fail(SS_EDATA, "levels: no number for %s", ss_level_name((enum ss_level)l));
        levels->from[l] = v->number;
    }
    return ss_levels_check(levels);
}
