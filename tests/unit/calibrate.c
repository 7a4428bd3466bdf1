/* Calibrations rise strictly, say probabilities, and survive their text; levels are reached. */
#include "base/err.h"
#include "base/rng.h"
#include "model/calibrate.h"
#include "model/logexp.h"
#include "tests/tap.h"
#include <math.h>

#define N 60000

static double raw[N], value[N];
static int8_t label[N];
static struct ss_arena arena;

/* Fraud with probability p; the model says what p becomes with frauds weighted by `weight`. */
static double make(double weight, double sharpness)
{
    struct ss_rng rng;
    double positives = 0;
    ss_rng_seed(&rng, 5);
    for (int i = 0; i < N; i++) {
        double z = -6 + 8 * ss_rng_unit(&rng) * ss_rng_unit(&rng), p = ss_logistic(z);
        label[i] = ss_rng_unit(&rng) < p;
        positives += label[i];
        raw[i] = (double)(float)ss_logistic(sharpness * (z + ss_log_natural(weight)));
        if (i % 7 == 0)
            label[i] = -1;
    }
    return positives;
}

static bool rises(const struct ss_calibration *c)
{
    double before = -1;
    for (double x = 0; x <= 1; x += 1.0 / 4096) {
        double y = ss_calibration_apply(c, x);
        if (!(y > before) || !(y >= 0 && y <= 1))
            return false;
        before = y;
    }
    for (float x = 1 - 0x1p-10f, next; x < 1; x = next) { /* the floats near 1 stay apart */
        next = nextafterf(x, 2);
        if (!(ss_calibration_apply(c, next) > ss_calibration_apply(c, x)))
            return false;
    }
    return true;
}

/* Largest gap between the mean value and the share of frauds over ten equal groups of one tenth width. */
static double worst_gap(const struct ss_calibration *c)
{
    double n[10] = {0}, sum[10] = {0}, frauds[10] = {0}, worst = 0;
    for (int i = 0; i < N; i++) {
        double y = ss_calibration_apply(c, raw[i]);
        int bin = y >= 1 ? 9 : (int)(y * 10);
        if (label[i] < 0)
            continue;
        n[bin]++, sum[bin] += y, frauds[bin] += label[i];
    }
    for (int b = 0; b < 10; b++)
        if (n[b] >= 100)
            worst = fmax(worst, fabs(sum[b] - frauds[b]) / n[b]);
    return worst;
}

static void test_text(const struct ss_calibration *c)
{
    struct ss_buf text;
    const struct ss_json_value *root;
    struct ss_calibration back;
    ss_buf_init(&text, 1 << 20);
    ss_calibration_write_json(c, &text);
    bool same = ss_json_parse(text.p, text.n, &arena, &root) == 0 &&
                ss_calibration_read_json(&back, root, &arena) == 0 && back.n == c->n &&
                back.method == c->method && memcmp(back.raw, c->raw, c->n * sizeof *c->raw) == 0 &&
                memcmp(back.value, c->value, c->n * sizeof *c->value) == 0;
    ok(same, "%s: written and read again it is the same", ss_calibration_name(c->method));
    ss_buf_free(&text);
}

static void test_fits(void)
{
    static const enum ss_calibration_method methods[] = {SS_CALIBRATE_BETA, SS_CALIBRATE_ISOTONIC};
    for (int m = 0; m < 2; m++) {
        struct ss_calibration c;
        const char *name = ss_calibration_name(methods[m]);
        make(50, 1.7);
        if (!ok(ss_calibration_fit(&c, methods[m], raw, label, N, &arena) == 0, "%s: fits", name))
            continue;
        ok(rises(&c), "%s: rises strictly everywhere", name);
        ok(worst_gap(&c) < 0.05, "%s: weights and overconfidence are undone (%.3f)", name, worst_gap(&c));
        test_text(&c);
        for (int i = 0; i < N; i++) /* a separable sample stays finite */
            label[i] = raw[i] > 0.9;
        ok(ss_calibration_fit(&c, methods[m], raw, label, N, &arena) == 0 && rises(&c),
           "%s: rises also where classes part cleanly", name);
        for (int i = 0; i < N; i++) /* and one that says the contrary keeps its order */
            label[i] = raw[i] < 0.9;
        ok(ss_calibration_fit(&c, methods[m], raw, label, N, &arena) == 0 && rises(&c),
           "%s: rises also where the model is wrong", name);
    }
}

static void test_rank(void)
{
    struct ss_calibration c;
    size_t count[SS_LEVELS] = {0};
    make(1, 1);
    ok(ss_calibration_rank(&c, raw, N, 0.01, &arena) == 0 && rises(&c), "rank: rises strictly");
    test_text(&c);
    for (int i = 0; i < N; i++)
        count[ss_levels_of(&ss_levels_default, ss_calibration_apply(&c, raw[i]))]++;
    size_t top = count[SS_LOW] + count[SS_MEDIUM] + count[SS_HIGH] + count[SS_CRITICAL];
    ok(top >= 590 && top <= 610 && count[SS_CRITICAL] >= 55 && count[SS_CRITICAL] <= 65,
       "rank: one in a hundred has a level, one in a thousand is critical (%zu, %zu)", top,
       count[SS_CRITICAL]);
    for (int i = 0; i < N; i++)
        raw[i] = 0.4;
    int err = ss_calibration_rank(&c, raw, N, 0.01, &arena);
    ok(err == 0 || err == SS_EDATA, "rank: equal scores do no harm");
}

static void test_levels(void)
{
    struct ss_calibration c;
    struct ss_levels levels;
    double positives = make(1, 1);
    int err = ss_calibration_fit(&c, SS_CALIBRATE_BETA, raw, label, N, &arena);
    for (int i = 0; i < N; i++)
        value[i] = ss_calibration_apply(&c, raw[i]);
    ok(err == 0 && ss_levels_choose(&levels, value, N, (size_t)positives) == 0 &&
           ss_levels_check(&levels) == 0,
       "levels are chosen");
    size_t count[SS_LEVELS] = {0};
    for (int i = 0; i < N; i++)
        count[ss_levels_of(&levels, value[i])]++;
    ok(count[SS_CRITICAL] > 0 && count[SS_HIGH] > 0 && count[SS_MEDIUM] > 0 && count[SS_LOW] > 0,
       "every level is reached by a weak model (%zu %zu %zu %zu)", count[SS_CRITICAL], count[SS_HIGH],
       count[SS_MEDIUM], count[SS_LOW]);
    for (int i = 0; i < N; i++)
        value[i] = 1 - 1e-3 * i / N;
    ok(ss_levels_choose(&levels, value, N, 10) == 0 &&
           memcmp(&levels, &ss_levels_default, sizeof levels) == 0,
       "no level needs more than its default");
}

static void refused(const char *text)
{
    const struct ss_json_value *root;
    struct ss_calibration c;
    int err = ss_json_parse(text, strlen(text), &arena, &root);
    ok(err == 0 && ss_calibration_read_json(&c, root, &arena) == SS_EDATA, "refused: %s", text);
}

int main(void)
{
    ss_arena_init(&arena, 0);
    test_fits();
    test_rank();
    test_levels();
    struct ss_calibration c;
    int8_t few[] = {0, 1, 1};
    ok(ss_calibration_fit(&c, SS_CALIBRATE_BETA, raw, few, 3, &arena) == SS_EDATA, "too few are refused");
    ok(ss_calibration_none(&c, &arena) == 0 && ss_calibration_apply(&c, 0.25) == 0.25 && rises(&c),
       "none is the identity");
    double before = -1;
    bool up = ss_calibration_logistic(&c, &arena) == 0;
    for (double x = -60; x <= 60; x += 0.01) {
        double y = ss_calibration_apply(&c, x);
        up &= y > before && y > 0 && y < 1;
        before = y;
    }
    ok(up && fabs(ss_calibration_apply(&c, 1) - ss_logistic(1)) < 1e-3, "margins become values, far out too");
    refused("{}");
    refused("{\"method\":\"magic\",\"raw\":[0,1],\"value\":[0,1]}");
    refused("{\"method\":\"none\",\"raw\":[0],\"value\":[0]}");
    refused("{\"method\":\"none\",\"raw\":[0,1],\"value\":[0,1,1]}");
    refused("{\"method\":\"none\",\"raw\":[0,1],\"value\":[0.5,0.5]}");
    refused("{\"method\":\"none\",\"raw\":[1,0],\"value\":[0,1]}");
    refused("{\"method\":\"none\",\"raw\":[0,1],\"value\":[0,1.5]}");
    refused("{\"method\":\"none\",\"raw\":[0,\"1\"],\"value\":[0,1]}");
    ss_arena_free(&arena);
    return done();
}
