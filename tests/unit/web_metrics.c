/* How long decisions take, as listeners and GET /metrics tell it, of latencies that are known. */
#include "base/number.h"
#include "tests/tap.h"
#include "json/cursor.h"
#include "web/metrics.h"
#include <math.h>
#include <stdlib.h>

static struct ss_metrics *m;
static struct ss_buf told;
static int64_t now_ns;
static const struct ss_route route = {.method = SS_POST, .path = "/payments", .run = SS_RUN_PAYMENT};

static void submitted(int n, int64_t us, int status)
{
    struct ss_call call = {.route = &route, .res.status = status};
    for (int i = 0; i < n; i++)
        ss_metrics_count(m, &call, us);
}

/* A second goes by. */
static void second(void)
{
    ss_metrics_tick(m, now_ns += 1000000000);
    ss_buf_reset(&told);
    ss_metrics_live(m, &told);
}

static struct ss_str decision(const char *key)
{
    return ss_cursor_member(ss_cursor_member((struct ss_str){told.p, told.n}, "decision_ms"), key);
}

/* Within a step of the histogram. */
static bool about(const char *key, double ms)
{
    struct ss_str got = decision(key);
    double said = NAN;
    bool same = got.p && ss_double_parse(got.p, got.n, &said) && fabs(said - ms) <= ms * 0.016 + 0.005;
    if (!same)
        printf("# %s is %.*s, wanted %g\n", key, got.p ? (int)got.n : 6, got.p ? got.p : "absent", ms);
    return same;
}

static void test_lately(void)
{
    second();
    second();
    ok(ss_str_is(decision("p99"), "null") && ss_str_is(decision("p50"), "null"),
       "nothing decided has no latency");
    submitted(97, 1000, 201);
    submitted(3, 50000, 201);
    submitted(500, 900000, 422);
    second();
    ok(about("p50", 1) && about("p95", 1) && about("p99", 50), "of payments, refused ones left out");
    struct ss_facts *facts = ss_metrics_facts(m);
    ss_histogram_add(&facts->lines_us, 400, 9900);
    facts->lines_us_sum += 9900 * 400;
    second();
    ok(about("p50", 0.4) && about("p99", 0.4), "lines of the live input are decided, too");
    ss_histogram_add(&facts->lines_us, 7000, 200);
    facts->lines_us_sum += 200 * 7000;
    second();
    ok(about("p50", 0.4) && about("p99", 7), "slow ones among them show");
    for (int i = 0; i < 9; i++)
        second();
    ok(about("p50", 7) && about("p99", 7), "for ten seconds");
    for (int i = 0; i < 10; i++)
        second();
    ok(ss_str_is(decision("p99"), "null"), "and then no longer");
    submitted(1, 2000, 201);
    second();
    ok(about("p50", 2) && about("p99", 2), "what came before has no part in it");
}

int main(void)
{
    ss_buf_init(&told, 1 << 16);
    if (ss_metrics_new(&m))
        return 1;
    test_lately();
    ss_metrics_free(m);
    ss_buf_free(&told);
    return done();
}
