/* Analytics over counts that are known: what every figure must come to. */
#include "base/time.h"
#include "store/analytics.h"
#include "tests/databases.h"
#include "tests/web.h"

#define T0 ((int64_t)1767225600000000) /* 2026-01-01T00:00:00Z, a Thursday */

static struct web_test t;

static void bucket(const char *dim, int64_t start_us, const char *key, int payments, int alerts, int blocked,
                   int fraud, int genuine)
{
    if (ss_db_exec(
            t.db,
            "INSERT INTO buckets (dim, start_us, key, payments, amount, alerts, blocked, fraud, genuine) "
            "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
            SS_ARGS(ss_arg_cstr(dim), ss_arg_int(start_us), ss_arg_cstr(key), ss_arg_int(payments),
                    ss_arg_int(payments * 100000), ss_arg_int(alerts), ss_arg_int(blocked), ss_arg_int(fraud),
                    ss_arg_int(genuine))) < 0) {
        printf("Bail out! %s\n", ss_err_text());
        exit(1);
    }
}

static void fill(void)
{
    if (ss_db_exec(
            t.db,
            "INSERT INTO payments (txn_id, time_us, amount, level, action, record, card_id, score) VALUES "
            "('p1', $1, 10000, 4, 4, '{}', 'c1', 0.9), ('p2', $1, 20000, 2, 2, '{}', 'c1', 0.6), "
            "('p3', $1, 20000, 3, 2, '{}', 'c2', 0.8)",
            SS_ARGS(ss_arg_int(T0 + 30 * SS_HOUR_US + 5 * SS_MINUTE_US))) < 0)
        exit(1);
    for (int h = 0; h < 31; h++) {
        bucket("all", T0 + h * SS_HOUR_US, "", 10, 1, 1, 1, 0);
        bucket("level", T0 + h * SS_HOUR_US, "NONE", 8, 0, 0, 0, 0);
        bucket("level", T0 + h * SS_HOUR_US, "HIGH", 2, 1, 1, 1, 0);
        bucket("action", T0 + h * SS_HOUR_US, "block", 2, 1, 1, 1, 1);
        bucket("rule", T0 + h * SS_HOUR_US, "velocity_burst", 3, 1, 1, 2, 1);
        bucket("score", T0 + h * SS_HOUR_US, "01", 8, 0, 0, 1, 3);
        bucket("score", T0 + h * SS_HOUR_US, "18", 2, 0, 0, 1, 0);
        bucket("latency", T0 + h * SS_HOUR_US, "000", 98, 0, 0, 0, 0);
        bucket("latency", T0 + h * SS_HOUR_US, "080", 2, 0, 0, 0, 0);
    }
    bucket("shadow", T0, "try", 5, 0, 0, 1, 1);
    for (int m = 0; m < 31 * 60; m += 30)
        bucket("minute", T0 + m * SS_MINUTE_US, "", m == 0 ? 2 : 5, 0, 0, 0, 0);
}

static void add_case(const char *status, int created_min_ago, int resolved_min_ago, int due_in_min)
{
    static int n;
    char number[16];
    snprintf(number, sizeof number, "C%d", ++n);
    if (ss_db_exec(t.db,
                   "INSERT INTO cases (number, title, status, priority, category, created_by, created_us, "
                   "updated_us, span_us, due_us, resolved_us) "
                   "VALUES ($1, 'x', $2, 'high', 'other', 'a', $3, $3, 1, $4, $5)",
                   SS_ARGS(ss_arg_cstr(number), ss_arg_cstr(status),
                           ss_arg_int(web_test_now - created_min_ago * SS_MINUTE_US),
                           ss_arg_int(web_test_now + due_in_min * SS_MINUTE_US),
                           resolved_min_ago ? ss_arg_int(web_test_now - resolved_min_ago * SS_MINUTE_US)
                                            : ss_arg_null())) < 0) {
        printf("Bail out! %s\n", ss_err_text());
        exit(1);
    }
}

static void test_value_at_risk(void)
{
    web_is(&t, "GET", "/api/v1/analytics/kpis?period=24h", NULL, 200, "value at risk of a day");
    web_has(&t, "value_at_risk.value", "480", "is the amounts of level HIGH and above, by the hour");
    web_has(&t, "value_at_risk.previous", "140", "and so before");
    web_has(&t, "value_at_risk.spark.23", "20", "in its course");
    web_is(&t, "GET", "/api/v1/analytics/kpis?period=1h", NULL, 200, "that of an hour");
    web_has(&t, "value_at_risk.value", "3", "is of the payments themselves, none of MEDIUM");
    web_has(&t, "value_at_risk.previous", "0", "and so before");
    web_has(&t, "value_at_risk.spark.22", "0", "in its course");
    web_has(&t, "value_at_risk.spark.23", "3", "to its end");
    web_is(&t, "GET", "/api/v1/analytics/kpis?period=1h&as_of=2026-01-02T07:05:30Z", NULL, 200,
           "an hour later");
    web_has(&t, "value_at_risk.value", "0", "there is none");
    web_has(&t, "value_at_risk.previous", "3", "any more");
}

static void test_open_cases(void)
{
    web_is(&t, "GET", "/api/v1/analytics/kpis?period=24h", NULL, 200, "open cases");
    web_has(&t, "open_cases.value", "0", "are none");
    web_has(&t, "open_cases.previous", "0", "and were none");
    add_case("open", 30 * 60, 0, 60);
    add_case("resolved", 10 * 60, 2 * 60, 60);
    add_case("escalated", 90, 0, -1);
    add_case("closed", 40 * 60, 20 * 60, -1);
    web_is(&t, "GET", "/api/v1/analytics/kpis?period=24h", NULL, 200, "open cases");
    web_has(&t, "open_cases.value", "2", "of four");
    web_has(&t, "open_cases.previous", "2", "as a day ago");
    web_has(&t, "open_cases.spark", "[2,2,2,2,1,1,1,1,1,1,1,1,1,1,2,2,2,2,2,2,2,2,2,2]",
            "at the end of each hour between");
    web_has(&t, "sla_breached.value", "1", "and one past its deadline: what is over is not");
}

static void all(const char *uri)
{
    web_open(&t, uri);
    web_is(&t, "GET", "/api/v1/analytics/kpis", NULL, 200, "without payments there are figures");
    web_has(&t, "as_of", "null", "that say so");
    web_is(&t, "GET", "/api/v1/analytics/trend", NULL, 200, "and a trend");
    web_has(&t, "items", "[]", "without steps");
    fill();
    web_is(&t, "GET", "/api/v1/analytics/kpis?period=24h", NULL, 200, "figures");
    web_has(&t, "payments.value", "240", "payments of the period, by the minute");
    web_has(&t, "payments.previous", "62", "and of the one before");
    test_value_at_risk();
    test_open_cases();
    web_is(&t, "GET", "/api/v1/analytics/kpis?period=24h", NULL, 200, "figures");
    web_has(&t, "velocity_violations.value", "72", "payments that velocity rules fired on");
    web_has(&t, "precision.value", "0.5", "precision of what was acted on");
    web_is(&t, "GET", "/api/v1/analytics/trend?by=hour&since=2026-01-01&until=2026-01-02T12:00:00Z", NULL,
           200, "a trend");
    web_has(&t, "items.0.payments", "10", "an hour's payments are the sum of its levels");
    web_has(&t, "items.0.levels.HIGH", "2", "and each level");
    web_has(&t, "items.35.payments", "0", "hours without payments are there");
    ok(!web_at(&t, "items.36").p, "up to the end");
    web_is(&t, "GET", "/api/v1/analytics/trend?by=minute&period=365d", NULL, 422,
           "a trend of a million steps is refused");
    web_is(&t, "GET", "/api/v1/analytics/trend?by=week", NULL, 422, "so is an unknown step");
    web_is(&t, "GET", "/api/v1/analytics/breakdown?dim=level&period=365d", NULL, 200, "by level");
    web_has(&t, "items.0.key", "\"NONE\"", "most first");
    web_has(&t, "items.1.fraud", "31", "with its fraud");
    web_is(&t, "GET", "/api/v1/analytics/breakdown?dim=user_id", NULL, 422,
           "an unknown dimension is refused");
    web_is(&t, "GET", "/api/v1/analytics/heatmap?as_of=2026-01-02T06:00:00Z", NULL, 200, "hours of the week");
    web_has(&t, "items.72.payments", "10", "Thursday's first");
    web_has(&t, "items.0.payments", "0", "Monday's first");
    web_is(&t, "GET", "/api/v1/analytics/scores?period=7d", NULL, 200, "scores");
    web_has(&t, "bins.18.payments", "62", "by bins");
    web_has(&t, "thresholds.1.threshold", "0.9", "thresholds from above");
    web_has(&t, "thresholds.1.recall", "0.5", "with their recall");
    web_has(&t, "thresholds.1.precision", "1", "and precision");
    web_is(&t, "GET", "/api/v1/analytics/rules", NULL, 200, "rules");
    web_has(&t, "items.0.precision", "0.6666666666666666", "with precision");
    web_has(&t, "items.1.shadow", "true", "those only tried marked");
    web_is(&t, "GET", "/api/v1/analytics/latency?period=7d", NULL, 200, "latency");
    web_has(&t, "p50_us", "4.5", "the median in its step");
    web_has(&t, "p99_us", "8704", "the tail in its own");
    web_is(&t, "GET", "/api/v1/analytics/throughput?period=24h", NULL, 200, "throughput");
    web_has(&t, "max_tps", "0.08333333333333333", "per second");
    web_is(&t, "GET", "/api/v1/analytics/cards", NULL, 200, "cards");
    web_has(&t, "items.0.card_id", "\"c1\"", "the riskiest first");
    web_has(&t, "items.0.payments", "2", "with its payments at risk");
    web_is(&t, "GET", "/api/v1/analytics/summary", NULL, 200, "the summary");
    web_has(&t, "total.payments", "310", "in all");
    web_has(&t, "today.payments", "70", "and today");
    web_as(&t, SS_NOBODY, 0, "");
    web_is(&t, "GET", "/api/v1/analytics/kpis", NULL, 401, "nobody sees this unasked");
    web_close(&t);
}

int main(void)
{
    for (enum ss_db_kind kind = SS_SQLITE; kind <= SS_POSTGRES; kind++) {
        char uri[URI_MAX];
        if (fresh_database(kind, uri))
            all(uri);
    }
    return done();
}
