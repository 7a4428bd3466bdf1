#include "model/calibrate.h"
#include "base/err.h"
#include "json/write.h"
#include "model/logexp.h"
#include <math.h>
#include <stdlib.h>

static const char *const names[] = {"none", "beta", "isotonic", "rank", "logistic"};

const char *ss_calibration_name(enum ss_calibration_method method)
{
    return names[method];
}

int ss_calibration_method_of(struct ss_str name)
{
    for (int i = 0; i < (int)SS_COUNT(names); i++)
        if (ss_str_is(name, names[i]))
            return i;
    return -1;
}

double ss_calibration_apply(const struct ss_calibration *c, double raw)
{
    uint32_t last = c->n - 1;
    if (!(raw >= c->raw[0])) /* also NaN */
        return c->value[0] / (1 + (c->raw[0] - raw));
    if (raw >= c->raw[last])
        return 1 - (1 - c->value[last]) / (1 + (raw - c->raw[last]));
    uint32_t low = 0, high = last; /* raw[low] <= raw < raw[high] */
    while (high - low > 1) {
        uint32_t mid = (low + high) / 2;
        if (raw >= c->raw[mid])
            low = mid;
        else
            high = mid;
    }
    double part = (raw - c->raw[low]) / (c->raw[high] - c->raw[low]);
    return c->value[low] + part * (c->value[high] - c->value[low]);
}

static int alloc_knots(struct ss_calibration *c, uint32_t cap, struct ss_arena *arena)
{
    c->n = 0;
    c->raw = ss_arena_alloc(arena, cap * sizeof *c->raw);
    c->value = ss_arena_alloc(arena, cap * sizeof *c->value);
    return c->raw && c->value ? 0 : SS_ENOMEM;
}

/* Adds a knot, unless it is not to the right of the last; lifts its value just above the last one's. */
static void add_knot(struct ss_calibration *c, double raw, double value)
{
    if (c->n && !(raw > c->raw[c->n - 1]))
        return;
    double least = c->n ? c->value[c->n - 1] + 1e-9 * (raw - c->raw[c->n - 1]) + 1e-12 : 0;
    if (c->n && !(value > least))
        value = least;
    if (value > 1 - 1e-15)
        value = 1;
    c->raw[c->n] = raw;
    c->value[c->n++] = value;
}

int ss_calibration_none(struct ss_calibration *c, struct ss_arena *arena)
{
    c->method = SS_CALIBRATE_NONE;
    if (alloc_knots(c, 2, arena) < 0)
        return SS_ENOMEM;
    add_knot(c, 0, 0);
    add_knot(c, 1, 1);
    return 0;
}

int ss_calibration_logistic(struct ss_calibration *c, struct ss_arena *arena)
{
    c->method = SS_CALIBRATE_LOGISTIC;
    if (alloc_knots(c, 300, arena) < 0)
        return SS_ENOMEM;
    for (double z = -16; z <= 16; z += 0.125)
        add_knot(c, z, ss_logistic(z));
    return 0;
}

/* --- beta --- */

#define CLIP 1e-12 /* raw closer to 0 or 1 counts as this far */

static void beta_inputs(double raw, double *u, double *v)
{
    double p = raw < CLIP ? CLIP : raw > 1 - CLIP ? 1 - CLIP : raw;
    *u = ss_log_natural(p);
    *v = -ss_log_natural(1 - p);
}

/* Solves the 3 x 3 system by elimination with pivoting; `h` and `g` are used up. */
static bool solve3(double h[3][3], double g[3], double x[3])
{
    for (int k = 0; k < 3; k++) {
        int best = k;
        for (int i = k + 1; i < 3; i++)
            if (fabs(h[i][k]) > fabs(h[best][k]))
                best = i;
        if (!(fabs(h[best][k]) > 1e-300))
            return false;
        for (int j = 0; j < 3; j++) {
            double t = h[k][j];
            h[k][j] = h[best][j];
            h[best][j] = t;
        }
        double t = g[k];
        g[k] = g[best];
        g[best] = t;
        for (int i = k + 1; i < 3; i++) {
            double f = h[i][k] / h[k][k];
            for (int j = k; j < 3; j++)
                h[i][j] -= f * h[k][j];
            g[i] -= f * g[k];
        }
    }
    for (int k = 2; k >= 0; k--) {
        x[k] = g[k];
        for (int j = k + 1; j < 3; j++)
            x[k] -= h[k][j] * x[j];
        x[k] /= h[k][k];
    }
    return true;
}

struct sample {
    double u, v, target;
};

/* One Newton step's gradient and curvature of the log likelihood at w, with a slight pull to (1, 1, 0), the
 * identity, which keeps a separable sample finite. Unused inputs (use[k] false) stay out. Returns the loss.
 */
static double likelihood(const struct sample *s, size_t n, const double w[3], const bool use[3],
                         double h[3][3], double g[3])
{
    static const double pull_to[3] = {1, 1, 0};
    double loss = 0;
    for (int i = 0; i < 3; i++) {
        double d = use[i] ? w[i] - pull_to[i] : 0;
        loss += 0.5 * 1e-3 * d * d;
        g[i] = 1e-3 * d;
        for (int j = 0; j < 3; j++)
            h[i][j] = i == j ? (use[i] ? 1e-3 : 1) : 0;
    }
    for (size_t k = 0; k < n; k++) {
        double x[3] = {use[0] ? s[k].u : 0, use[1] ? s[k].v : 0, 1};
        double z = w[0] * x[0] + w[1] * x[1] + w[2], p = ss_logistic(z);
        double q = z > 0 ? ss_exp_natural(-z) : ss_exp_natural(z);
        loss += (z > 0 ? z : 0) + ss_log_natural(1 + q) - s[k].target * z;
        for (int i = 0; i < 3; i++) {
            g[i] += (p - s[k].target) * x[i];
            for (int j = 0; j <= i; j++)
                h[i][j] += p * (1 - p) * x[i] * x[j];
        }
    }
    for (int i = 0; i < 3; i++)
        for (int j = i + 1; j < 3; j++)
            h[i][j] = h[j][i];
    return loss;
}

static void fit_beta_weights(const struct sample *s, size_t n, const bool use[3], double w[3])
{
    double h[3][3], g[3], step[3], loss = likelihood(s, n, w, use, h, g);
    for (int round = 0; round < 100; round++) {
        if (!solve3(h, g, step))
            return;
        double scale = 1, next_loss = loss, next[3];
        for (int halving = 0; halving < 30; halving++, scale /= 2) {
            for (int i = 0; i < 3; i++)
                next[i] = use[i] ? w[i] - scale * step[i] : 0;
            next_loss = likelihood(s, n, next, use, h, g);
            if (next_loss <= loss)
                break;
        }
        if (!(next_loss <= loss))
            return;
        bool still = loss - next_loss < 1e-10 * (1 + fabs(loss));
        memcpy(w, next, sizeof next);
        loss = next_loss;
        if (still)
            return;
    }
}

static int fit_beta(struct ss_calibration *c, const double *raw, const int8_t *label, size_t n,
                    size_t positives, size_t negatives, struct ss_arena *arena)
{
    struct sample *s = malloc(n * sizeof *s);
    size_t k = 0;
    if (!s || alloc_knots(c, 300, arena) < 0) {
        free(s);
        return ss_fail(SS_ENOMEM, "out of memory for a calibration");
    }
    for (size_t i = 0; i < n; i++)
        if (label[i] >= 0) { /* targets a little inside 0 and 1 (Platt 1999) */
            s[k].target =
                label[i] ? ((double)positives + 1) / ((double)positives + 2) : 1 / ((double)negatives + 2);
            beta_inputs(raw[i], &s[k].u, &s[k].v);
            k++;
        }
    double w[3] = {1, 1, 0};
    bool use[3] = {true, true, true};
    fit_beta_weights(s, k, use, w);
    for (int i = 0; i < 2; i++) /* both slopes must rise: Kull et al., section 4 */
        if (w[i] < 0) {
            use[i] = false;
            w[i] = 0;
            fit_beta_weights(s, k, use, w);
        }
    if (w[0] <= 0 && w[1] <= 0) { /* raw says nothing, or the contrary: keep its order, barely */
        w[0] = w[1] = 1e-3;
        w[2] = ss_log_natural((double)positives / (double)negatives);
    }
    free(s);
    double u, v;
    add_knot(c, 0, 0);
    for (double z = -20; z <= 20; z += 0.15625) { /* 257 knots, evenly on the logit of raw */
        double x = ss_logistic(z);
        beta_inputs(x, &u, &v);
        double y = w[0] * u + w[1] * v + w[2];
        add_knot(c, x, ss_logistic(y > 16 ? 16 : y < -35 ? -35 : y)); /* room below 1 for the rest */
    }
    add_knot(c, 1, 1);
    return 0;
}

/* --- isotonic --- */

struct point {
    double raw, label;
};

static int by_raw(const void *a, const void *b)
{
    const struct point *x = a, *y = b;
    return (x->raw > y->raw) - (x->raw < y->raw);
}

struct block {
    double raw_sum, sum, n;
};

static size_t pool(const struct point *p, size_t n, struct block *b)
{
    size_t blocks = 0;
    for (size_t i = 0; i < n;) {
        struct block now = {0};
        for (double x = p[i].raw; i < n && p[i].raw == x; i++) {
            now.raw_sum += p[i].raw;
            now.sum += p[i].label;
            now.n += 1;
        }
        while (blocks && b[blocks - 1].sum * now.n >= now.sum * b[blocks - 1].n) {
            now.raw_sum += b[blocks - 1].raw_sum;
            now.sum += b[blocks - 1].sum;
            now.n += b[--blocks].n;
        }
        b[blocks++] = now;
    }
    return blocks;
}

static int fit_isotonic(struct ss_calibration *c, const double *raw, const int8_t *label, size_t n,
                        double share, struct ss_arena *arena)
{
    struct point *p = malloc(n * sizeof *p);
    struct block *b = malloc(n * sizeof *b);
    size_t k = 0;
    int err = p && b ? 0 : ss_fail(SS_ENOMEM, "out of memory for a calibration");
    for (size_t i = 0; !err && i < n; i++)
        if (label[i] >= 0)
            p[k++] = (struct point){raw[i], label[i]};
    if (!err) {
        qsort(p, k, sizeof *p, by_raw);
        size_t blocks = pool(p, k, b), step = blocks / (SS_CALIBRATION_KNOTS_MAX - 8) + 1;
        err = alloc_knots(c, SS_CALIBRATION_KNOTS_MAX, arena);
        if (!err && b[0].raw_sum / b[0].n > 0)
            add_knot(c, 0, 0);
        for (size_t i = 0; !err && i < blocks;
             i += step) { /* one fraud at the base rate softens each block */
            double y = (b[i].sum + share) / (b[i].n + 1);
            add_knot(c, b[i].raw_sum / b[i].n, y);
        }
        if (!err)
            add_knot(c, 1, 1);
    }
    free(p);
    free(b);
    return err;
}

int ss_calibration_fit(struct ss_calibration *c, enum ss_calibration_method method, const double *raw,
                       const int8_t *label, size_t n, struct ss_arena *arena)
{
    size_t count[2] = {0, 0};
    for (size_t i = 0; i < n; i++) {
        if (!(raw[i] >= 0 && raw[i] <= 1))
            return ss_fail(SS_EDATA, "output %g of the model is no probability: it cannot be calibrated",
                           raw[i]);
        if (label[i] >= 0)
            count[label[i] != 0]++;
    }
    if (count[0] < SS_CALIBRATE_MIN || count[1] < SS_CALIBRATE_MIN)
        return ss_fail(SS_EDATA, "%zu frauds and %zu genuine payments are too few to calibrate on", count[1],
                       count[0]);
    c->method = method;
    if (method == SS_CALIBRATE_ISOTONIC)
        return fit_isotonic(c, raw, label, n, (double)count[1] / (double)(count[0] + count[1]), arena);
    return fit_beta(c, raw, label, n, count[1], count[0], arena);
}

/* --- rank --- */

static int by_double(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

int ss_calibration_rank(struct ss_calibration *c, const double *raw, size_t n, double share,
                        struct ss_arena *arena)
{
    /* Upper tail and value; in units of `share` from the fourth on. */
    static const double steps[][2] = {{1, 0.01},   {0.75, 0.1}, {0.5, 0.2},  {0.25, 0.3},
                                      {4, 0.4},    {2, 0.45},   {1, 0.50},   {0.6, 0.55},
                                      {0.3, 0.70}, {0.1, 0.85}, {0.02, 0.95}};
    double *sorted = malloc((n ? n : 1) * sizeof *sorted);
    if (!sorted || alloc_knots(c, 32, arena) < 0) {
        free(sorted);
        return ss_fail(SS_ENOMEM, "out of memory for a calibration");
    }
    memcpy(sorted, raw, n * sizeof *sorted);
    qsort(sorted, n, sizeof *sorted, by_double);
    c->method = SS_CALIBRATE_RANK;
    if (n && sorted[0] > 0)
        add_knot(c, 0, 0);
    double before = 2;
    for (size_t i = 0; n && i < SS_COUNT(steps); i++) {
        double tail = steps[i][0] * (i < 4 ? 1 : share);
        if (tail >= before)
            continue;
        before = tail;
        size_t at = (size_t)((1 - tail) * (double)n);
        add_knot(c, sorted[at < n ? at : n - 1], steps[i][1]);
    }
    if (n)
        add_knot(c, sorted[n - 1], 0.99);
    free(sorted);
    if (c->n < 2)
        return ss_fail(SS_EDATA, "all records have the same score: nothing to rank");
    return 0;
}

/* --- text --- */

static void put_numbers(struct ss_buf *to, const char *key, const double *x, uint32_t n)
{
    ss_json_key(to, key);
    for (uint32_t i = 0; i < n; i++) {
        ss_buf_putc(to, i ? ',' : '[');
        ss_json_put_double(to, x[i]);
    }
    ss_buf_putc(to, ']');
}

void ss_calibration_write_json(const struct ss_calibration *c, struct ss_buf *to)
{
    ss_buf_printf(to, "{\"method\":\"%s\"", names[c->method]);
    put_numbers(to, "raw", c->raw, c->n);
    put_numbers(to, "value", c->value, c->n);
    ss_buf_putc(to, '}');
}

int ss_calibration_read_json(struct ss_calibration *c, const struct ss_json_value *json,
                             struct ss_arena *arena)
{
    const struct ss_json_value *method = ss_json_get(json, "method"), *raw = ss_json_get(json, "raw"),
                               *value = ss_json_get(json, "value");
    int m = method && method->type == SS_JSON_STRING ? ss_calibration_method_of(method->text) : -1;
    if (m < 0)
        return ss_fail(SS_EDATA, "calibration: unknown method");
    if (!raw || !value || raw->type != SS_JSON_ARRAY || value->type != SS_JSON_ARRAY || raw->n != value->n ||
        raw->n < 2 || raw->n > SS_CALIBRATION_KNOTS_MAX)
        return ss_fail(SS_EDATA, "calibration: 'raw' and 'value' must be 2 to %d numbers each",
                       SS_CALIBRATION_KNOTS_MAX);
    c->method = (enum ss_calibration_method)m;
    if (alloc_knots(c, raw->n, arena) < 0)
        return SS_ENOMEM;
    c->n = raw->n;
    for (uint32_t i = 0; i < c->n; i++) {
        c->raw[i] = raw->at[i].number;
        c->value[i] = value->at[i].number;
        if (raw->at[i].type != SS_JSON_NUMBER || value->at[i].type != SS_JSON_NUMBER ||
            !(c->value[i] >= 0 && c->value[i] <= 1) ||
            (i && (!(c->raw[i] > c->raw[i - 1]) || !(c->value[i] > c->value[i - 1]))))
            return ss_fail(SS_EDATA, "calibration: knot %u does not rise within 0..1", i);
    }
    return 0;
}
