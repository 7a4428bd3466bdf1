/* Drift: of samples whose index is known, and of stored payments that move and that do not. */
#include "base/number.h"
#include "base/rng.h"
#include "tests/cases.h"
#include "web/drift.h"
#include "web/engine.h"
#include <math.h>

static struct web_test t;

static double psi_of(double *before, size_t n, size_t missing, double *now, size_t m, size_t lost)
{
    struct ss_drift_sample old_sample = {before, n, missing}, new_sample = {now, m, lost};
    return ss_drift_psi(&old_sample, &new_sample);
}

static void test_index(void)
{
    double a[1000], b[1000];
    for (int i = 0; i < 1000; i++)
        a[i] = b[i] = i * 7 % 1000;
    ok(psi_of(a, 1000, 0, b, 1000, 0) == 0, "equal samples do not differ");
    for (int i = 0; i < 1000; i++)
        b[i] = i % 2 ? a[i] : 2000;
    /* One tenth in each bin before; now half of them twentieths, and 0.55 in the last: by hand
     * 9 * 0.05 * ln 2 + 0.45 * ln 5.5 = 1.0791. */
    ok(fabs(psi_of(a, 1000, 0, b, 1000, 0) - 1.0791) < 0.03, "what moved counts as the formula says");
    ok(isnan(psi_of(a, 0, 0, b, 10, 0)), "nothing cannot be compared");
    ok(psi_of(a, 1000, 0, b, 0, 1000) > 2, "values that went missing are a change");
    ok(psi_of(a, 0, 1000, b, 0, 900) < 0.001, "those that were never there are none");
    for (int i = 0; i < 1000; i++)
        a[i] = b[i] = 3;
    ok(psi_of(a, 1000, 0, b, 1000, 0) == 0, "a constant stays one");
    b[0] = b[1] = 4;
    ok(psi_of(a, 1000, 0, b, 1000, 0) < 0.1, "a few others hardly matter");
    for (int i = 0; i < 1000; i++)
        b[i] = 5;
    ok(psi_of(a, 1000, 0, b, 1000, 0) > 2, "another constant does");
}

/* 400 payments a day for two days; on the second one `moves` lies elsewhere and `gone` is missing. */
static void fill(void)
{
    struct ss_ledger *led;
    struct ss_rng rng;
    char line[500];
    ss_rng_seed(&rng, 1);
    if (ss_ledger_new(&led))
        exit(1);
    for (int i = 0; i < 800; i++) {
        int day = i / 400, value = (int)(ss_rng_next(&rng) % 1000), minute = i % 400 * 3;
        char gone[20] = "null";
        if (day == 0)
            snprintf(gone, sizeof gone, "%d", value % 7);
        snprintf(
            line, sizeof line,
            "{\"txn_id\":\"t%d\",\"timestamp\":\"2026-01-%02dT%02d:%02d:00Z\",\"amount\":1,\"features\":{"
            "\"set\":\"00000001\",\"stays\":%d,\"weekday\":%d,\"moves\":%d,\"gone\":%s,\"word\":\"x%d\"},"
            "\"score\":{\"value\":0.%03d,\"raw\":0.1,\"level\":\"NONE\"}}",
            i, day + 1, minute / 60, minute % 60, value % 100, day, value + day * 600, gone, i, value);
        if (ss_ledger_add_line(led, ss_str_of(line), -1))
            exit(1);
    }
    commit(&t, led, false);
    ss_ledger_free(led);
}

/* ---- a model that tells of its training ---- */

static const char *card;

static void tell_model(struct ss_engine *engine, struct ss_buf *to)
{
    (void)engine;
    ss_buf_puts(to, card);
}

static const struct ss_engine_ops ops = {.model = tell_model};
static struct ss_engine engine = {.ops = &ops};

static double number_at(const char *path)
{
    struct ss_str text = web_at(&t, path);
    double value;
    return text.p && ss_double_parse(text.p, text.n, &value) ? value : NAN;
}

static void test_stored(void)
{
    web_is(&t, "GET", "/api/v1/analytics/drift", NULL, 200, "drift of nothing");
    web_has(&t, "score_psi", "null", "is not known");
    web_has(&t, "verdict", "\"There are no payments in this period.\"", "which a sentence says");
    fill();
    web_is(&t, "GET", "/api/v1/analytics/drift?since=2026-01-02&until=2026-01-03", NULL, 200,
           "a day and the one before");
    web_has(&t, "payments", "400", "sampled");
    web_has(&t, "payments_before", "400", "from both");
    ok(number_at("score_psi") < 0.1, "scores stay");
    web_has(&t, "items.0.feature", "\"gone\"", "what is missing has changed most");
    web_has(&t, "items.0.missing", "1", "all of it");
    web_has(&t, "items.0.missing_before", "0", "that was there");
    web_has(&t, "items.1.feature", "\"moves\"", "then what moved");
    ok(number_at("items.1.psi") > 0.25, "much");
    web_has(&t, "items.2.feature", "\"stays\"", "then what stayed");
    ok(number_at("items.2.psi") < 0.1, "where it was");
    web_has(&t, "items.3.feature", "\"weekday\"", "the calendar comes last, and is not judged");
    ok(!web_at(&t, "items.4").p, "texts are left out");
    struct ss_str verdict = web_at(&t, "verdict");
    ok(memmem(verdict.p, verdict.n, "2 features have changed much, most of all gone", 46) != NULL,
       "the verdict says so");
    web_is(&t, "GET", "/api/v1/analytics/drift?period=365d&as_of=2026-01-03", NULL, 200, "all as one period");
    web_has(&t, "score_psi", "null", "has nothing before it");
    verdict = web_at(&t, "verdict");
    ok(memmem(verdict.p, verdict.n, "Too few payments", 16) != NULL, "and the verdict says so");
    web_is(&t, "GET", "/api/v1/analytics/drift?since=2026-02-02&until=2026-01-03", NULL, 200,
           "a span that ends before it begins");
    web_has(&t, "payments", "0", "holds nothing");
    web_is(&t, "GET", "/api/v1/analytics/drift?period=2w", NULL, 422, "no other period");
    web_as(&t, SS_NOBODY, 0, "");
    web_is(&t, "GET", "/api/v1/analytics/drift", NULL, 401, "nobody sees it unasked");
}

/* Day 2 as the model's training was, but for `moves`, which lies where day 1 had it, and `gone`. */
static void test_training(void)
{
    static const char path[] = "/api/v1/analytics/drift?since=2026-01-02&until=2026-01-03";
    t.web.engine = &engine;
    card = "{\"name\":\"gbt:00000001\",\"distribution\":{\"payments\":10000,\"features\":["
           "{\"name\":\"stays\",\"missing\":0,\"edges\":[24,49,74],\"shares\":[0.25,0.25,0.25,0.25]},"
           "{\"name\":\"moves\",\"missing\":0,\"edges\":[249,499,749],\"shares\":[0.25,0.25,0.25,0.25]},"
           "{\"name\":\"gone\",\"missing\":0.5,\"edges\":[3],\"shares\":[0.5,0.5]},"
           "{\"name\":\"word\",\"missing\":0,\"values\":[\"x1\"],\"shares\":[0,1]},"
           "{\"name\":\"odd\",\"missing\":0,\"edges\":[1,2],\"shares\":[1]}],"
           "\"score\":{\"missing\":0,\"edges\":[0.25,0.5,0.75],\"shares\":[0.25,0.25,0.25,0.25]}}}";
    web_is(&t, "GET", path, NULL, 200, "a day and the training");
    web_has(&t, "reference", "\"training\"", "which is what it is held against");
    web_has(&t, "model", "\"gbt:00000001\"", "of the model that scores");
    web_has(&t, "thresholds.some", "0.1", "a little has moved from 0.1 on");
    web_has(&t, "thresholds.much", "0.25", "much from 0.25 on");
    ok(memmem(t.body.p, t.body.n, "Siddiqi", 7) != NULL, "by a source that is named");
    ok(number_at("score_psi") < 0.1 && number_at("score_ks") < 0.15, "scores lie where they did");
    web_has(&t, "items.0.feature", "\"moves\"", "what moved comes first");
    web_has(&t, "items.0.change", "\"much\"", "and is said to");
    ok(number_at("items.0.psi") > 0.25, "by the index");
    /* 600 to 1599 now: 15 of 100 are below the last edge, 75 were. */
    ok(fabs(number_at("items.0.ks") - 0.6) < 0.06, "and by the distance");
    web_has(&t, "items.1.feature", "\"gone\"", "then what is missing more often");
    web_has(&t, "items.1.missing_before", "0.5", "than half of the time");
    web_has(&t, "items.2.feature", "\"stays\"", "then what stays");
    web_has(&t, "items.2.change", "\"none\"", "where it was");
    web_has(&t, "items.3.feature", "\"word\"", "a text is compared by its words");
    web_has(&t, "items.3.ks", "null", "which have no order");
    ok(!web_at(&t, "items.4").p, "what is told wrongly is left out, as is what the model does not look at");
    struct ss_str verdict = web_at(&t, "verdict");
    ok(memmem(verdict.p, verdict.n, "as they did in training; 2 features have changed much", 53) != NULL,
       "the verdict is of training");
    web_is(&t, "GET", "/api/v1/analytics/drift?since=2026-01-02&until=2026-01-03&against=before", NULL, 200,
           "the day before, when asked for");
    web_has(&t, "reference", "\"before\"", "is what it is held against");
    ok(!web_at(&t, "note").p, "without a word");
    web_is(&t, "GET", "/api/v1/analytics/drift?against=tomorrow", NULL, 422, "nothing else");
    card = "{\"name\":\"gbt:00000002\",\"kind\":\"gbt\"}";
    web_is(&t, "GET", path, NULL, 200, "a model of before");
    web_has(&t, "reference", "\"before\"", "tells nothing of its training");
    web_has(&t, "note", "\"no training distribution, compared with the period before\"", "which is said");
    t.web.engine = NULL;
}

int main(void)
{
    test_index();
    for (present = SS_SQLITE; present <= SS_POSTGRES; present++) {
        if (!cases_open(&t))
            continue;
        as_root(&t);
        test_stored();
        as_root(&t);
        test_training();
        cases_close(&t);
    }
    return done();
}
