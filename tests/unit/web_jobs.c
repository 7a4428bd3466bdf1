/* Jobs over the API: backtests over stored payments, progress, cancelling, restarts; preferences. */
#include "store/ledger.h"
#include "store/jobs.h"
#include "store/label.h"
#include "store/settings.h"
#include "tests/databases.h"
#include "tests/web.h"
#include "web/jobs.h"
#include "web/rules.h"
#include <stdatomic.h>
#include <time.h>

#define PAYMENTS 3000

static atomic_int told;
static char file[128];

static void on_tell(void *ctx, const char *topic, struct ss_str json)
{
    (void)ctx;
    if (strcmp(topic, "jobs") == 0 && json.n)
        atomic_fetch_add(&told, 1);
}

/* Every tenth is a fraud with n = 5, every twentieth a genuine payment with n = 4; all were allowed but those
 * with n = 5 and an amount of 500. */
static void fill(struct web_test *t)
{
    struct ss_ledger *in;
    char line[1024];
    int err = ss_ledger_new(&in);
    for (int i = 0; i < PAYMENTS && !err; i++) {
        bool fraud = i % 10 == 0, blocked = fraud && i % 50 == 0;
        int n = fraud ? 5 : i % 20 == 1 ? 4 : 1;
        snprintf(
            line, sizeof line,
            "{\"txn_id\":\"T%d\",\"timestamp\":\"2026-01-%02dT00:%02d:%02dZ\",\"user_id\":\"U%d\",\"amount\":"
            "%d,"
            "\"currency\":\"EUR\",%s\"features\":{\"set\":\"01234567\",\"n\":%d},\"score\":{\"value\":0.2,"
            "\"raw\":0.2,\"level\":\"NONE\",\"model\":\"none\"},\"decision\":{\"action\":\"%s\",\"level\":"
            "\"%s\",\"score\":0.2,\"rules\":[],\"by\":{\"rules\":\"0badcafe\"}}}",
            i, 1 + i / 1000, i / 60 % 60, i % 60, i % 100, blocked ? 500 : 10,
            i % 3 ? fraud ? "\"label\":1," : "\"label\":0," : "", n, blocked ? "block" : "allow",
            blocked ? "CRITICAL" : "NONE");
        err = ss_ledger_add_line(in, ss_str_of(line), -1);
    }
    err = err ? err : ss_db_begin(t->db, true);
    err = err ? err : ss_ledger_write(in, t->db, web_test_now);
    err = err ? err : ss_db_commit(t->db);
    ss_ledger_done(in, true);
    ss_ledger_free(in);
    ok(err == 0, "payments are stored: %s", err ? ss_err_text() : "");
}

static int64_t ask(struct web_test *t, const char *body)
{
    web_is(t, "POST", "/api/v1/backtests", body, 202, "a backtest is asked for");
    return strtoll(web_at(t, "id").p ? web_at(t, "id").p : "0", NULL, 10);
}

static void look(struct web_test *t, int64_t id)
{
    char path[64];
    snprintf(path, sizeof path, "/api/v1/jobs/%lld", (long long)id);
    web_is(t, "GET", path, NULL, 200, "its job");
}

static const char candidate[] = "[burst]\\nwhen = .features.n >= 4\\nscore = 0.9\\naction = block\\n"
                                "[tried]\\nwhen = .features.n == 5\\naction = review\\nmode = shadow\\n"
                                "[fails]\\nwhen = .currency + 1 > 3\\naction = notify\\n";

static void backtest(struct web_test *t)
{
    char body[1024];
    snprintf(body, sizeof body, "{\"text\":\"%s\",\"baseline\":\"stored\",\"examples\":3}", candidate);
    int64_t id = ask(t, body);
    ok(t->call.after == SS_AFTER_JOBS && t->call.res.location.n > 13, "it has a place");
    look(t, id);
    web_has(t, "status", "\"waiting\"", "waits");
    ok(ss_jobs_run(t->web.jobs) == 1, "is run: %s", ss_err_text());
    look(t, id);
    web_has(t, "status", "\"done\"", "and is done");
    web_has(t, "progress", "1", "wholly");
    web_has(t, "result.records", "3000", "all payments were looked at");
    web_has(t, "result.new.alerts", "450", "alerts of the candidate");
    web_has(t, "result.old.alerts", "60", "and of what was decided then");
    /* Labels are known of two thirds: 200 frauds, 100 of the genuine with n = 4. */
    web_has(t, "result.new.precision", "0.6666666666666666", "its precision");
    web_has(t, "result.new.recall", "1", "and recall");
    web_has(t, "result.shadow.0",
            "{\"id\":\"tried\",\"records\":300,\"fraud\":200,\"genuine\":0,\"fraud_amount\":21600,"
            "\"precision\":1}",
            "how its shadow rule did");
    web_has(t, "result.failures.0", "{\"id\":\"fails\",\"records\":3000}", "which rule fails");
    web_has(t, "result.examples.0.change", "\"newly_alerted\"", "payments that would be decided otherwise");
    web_has(t, "result.baseline.what", "\"stored decisions\"", "against what");
    ok(atomic_load(&told) >= 2, "and it was told meanwhile");
    snprintf(body, sizeof body,
             "{\"text\":\"%s\",\"from\":\"2026-01-02T00:00:00Z\",\"until\":\"2026-01-03T00:00:00Z\","
             "\"limit\":500}",
             candidate);
    id = ask(t, body);
    ok(ss_jobs_run(t->web.jobs) == 1, "another is run");
    look(t, id);
    web_has(t, "result.records", "500", "over the newest of a span");
    web_has(t, "result.first", "\"2026-01-02T00:25:00Z\"", "from there");
    web_has(t, "result.baseline.version", "1", "against the rules in force");
    id = ask(t, "{\"version\":1,\"baseline\":1}");
    ok(ss_jobs_run(t->web.jobs) == 1, "a version against itself");
    look(t, id);
    web_has(t, "result.old.alerts", "300", "decides the same");
    web_has(t, "result.new.alerts", "300", "on both sides");
    id = ask(t, "{\"version\":1,\"baseline\":\"none\",\"from\":\"2030-01-01\"}");
    ok(ss_jobs_run(t->web.jobs) == 1, "over no payments");
    look(t, id);
    web_has(t, "result.records", "0", "it says so");
}

static void refuse(struct web_test *t)
{
    web_is(t, "POST", "/api/v1/backtests", "{}", 422, "neither text nor version");
    web_is(t, "POST", "/api/v1/backtests", "{\"text\":\"[a]\\nwhen = (\"}", 422, "a broken text");
    web_has(t, "errors.0.line", "2", "says where");
    web_is(t, "POST", "/api/v1/backtests", "{\"version\":99}", 404, "no such version");
    web_is(t, "POST", "/api/v1/backtests", "{\"version\":1,\"baseline\":99}", 404, "no such baseline");
    web_is(t, "POST", "/api/v1/backtests", "{\"version\":1,\"baseline\":\"x\"}", 422, "no baseline at all");
    web_is(t, "POST", "/api/v1/backtests", "{\"version\":1,\"from\":\"2026-02-01\",\"until\":\"2026-01-01\"}",
           422, "a span that ends first");
    web_is(t, "GET", "/api/v1/jobs/99", NULL, 404, "no such job");
    web_is(t, "GET", "/api/v1/jobs/x", NULL, 404, "no job at all");
    web_is(t, "DELETE", "/api/v1/jobs/1", NULL, 409, "what is done cannot be cancelled");
}

static void cancel(struct web_test *t)
{
    char path[64];
    int64_t id = ask(t, "{\"version\":1}");
    snprintf(path, sizeof path, "/api/v1/jobs/%lld", (long long)id);
    web_is(t, "DELETE", path, NULL, 200, "one that waits is cancelled");
    web_has(t, "status", "\"cancelled\"", "at once");
    ok(ss_jobs_run(t->web.jobs) == 0, "and not run");
    web_is(t, "GET", "/api/v1/jobs?status=cancelled", NULL, 200, "jobs are listed");
    ok(web_at(t, "items.0").p && !web_at(t, "items.1").p, "by status");
    web_is(t, "GET", "/api/v1/jobs?limit=2&kind=backtest", NULL, 200, "and kind");
    struct ss_str next = web_at(t, "next");
    char page[256];
    snprintf(page, sizeof page, "/api/v1/jobs?limit=2&cursor=%.*s", (int)next.n - 2, next.p + 1);
    web_is(t, "GET", page, NULL, 200, "in pages");
    for (int i = 0; i < SS_JOBS_OPEN_MAX; i++)
        web_ask(t, "POST", "/api/v1/backtests", "{\"version\":1}");
    web_is(t, "POST", "/api/v1/backtests", "{\"version\":1}", 429, "more than %d at once are refused");
    ok(ss_db_exec(t->db, "UPDATE jobs SET status = 'done' WHERE status = 'waiting'", SS_NO_ARGS) > 0,
       "cleared");
}

/* What ran when the process ended. */
static void restart(struct web_test *t, const struct ss_jobs_options *options)
{
    struct ss_jobs *again;
    int64_t id = ask(t, "{\"version\":1}"), claimed = 0;
    ok(ss_jobs_claim(t->db, web_test_now, &claimed) == 1 && claimed == id, "a job runs");
    ok(ss_jobs_new(options, &again) == 0, "and the process ends");
    look(t, id);
    web_has(t, "status", "\"waiting\"", "it waits again");
    for (int i = 1; i < SS_JOB_RUNS_MAX; i++) {
        ss_jobs_free(again);
        if (ss_jobs_claim(t->db, web_test_now, &claimed) != 1 || ss_jobs_new(options, &again))
            exit(1);
    }
    look(t, id);
    web_has(t, "error", "\"interrupted too often\"", "but not for ever");
    ss_jobs_free(again);
}

static void nap(void)
{
    const struct timespec ms = {0, 10000000};
    nanosleep(&ms, NULL);
}

/* By its own thread. */
static void thread(struct web_test *t, struct ss_jobs_options options)
{
    struct ss_jobs *jobs;
    struct ss_jobs *manual = t->web.jobs;
    char path[64];
    options.no_thread = false;
    ok(ss_jobs_new(&options, &jobs) == 0, "a thread for jobs");
    t->web.jobs = jobs;
    int64_t id = ask(t, "{\"version\":1}");
    for (int i = 0; i < 500; i++) {
        snprintf(path, sizeof path, "/api/v1/jobs/%lld", (long long)id);
        web_ask(t, "GET", path, NULL);
        if (ss_str_is(web_at(t, "status"), "\"done\""))
            break;
        nap();
    }
    web_has(t, "status", "\"done\"", "does what is asked for");
    ss_jobs_free(jobs);
    t->web.jobs = manual;
}

static void preferences(struct web_test *t)
{
#define MINE "/api/v1/auth/me/preferences"
    char path[128];
    web_is(t, "PUT", MINE "/view:alerts", "{\"columns\":[\"a\",\"b\"]}", 204, "a preference is kept");
    web_is(t, "GET", MINE "/view:alerts", NULL, 200, "and given back");
    ok(ss_str_is(t->body, "{\"columns\":[\"a\",\"b\"]}"), "as it was");
    web_is(t, "PUT", MINE "/view:alerts", "[1]", 204, "it is changed");
    web_is(t, "GET", MINE, NULL, 200, "all are listed");
    web_has(t, "items.0.value", "[1]", "with their values");
    web_is(t, "PUT", MINE "/x", "{", 400, "no JSON");
    web_is(t, "PUT", MINE "/x", NULL, 400, "nothing");
    for (int i = 0; i < 99; i++) {
        snprintf(path, sizeof path, MINE "/k%d", i);
        web_ask(t, "PUT", path, "1");
    }
    web_is(t, "PUT", MINE "/one-more", "1", 409, "more than a hundred");
    web_is(t, "PUT", MINE "/k1", "2", 204, "though one of them may change");
    web_as(t, SS_VIEWER, 2, "other@example.com");
    web_is(t, "GET", MINE "/k1", NULL, 404, "others do not see them");
    web_as(t, SS_SERVICE, 0, "key:x");
    web_is(t, "GET", MINE, NULL, 403, "a key has none");
    web_as(t, SS_NOBODY, 0, "");
    web_is(t, "GET", MINE, NULL, 401, "nor has nobody");
    web_as(t, SS_ADMIN, 1, "admin@example.com");
    web_is(t, "DELETE", MINE "/k1", NULL, 204, "one is forgotten");
    web_is(t, "DELETE", MINE "/k1", NULL, 404, "once");
}

static void roles(struct web_test *t)
{
    static const struct {
        const char *method, *path, *body;
        int status[5]; /* nobody, viewer, analyst, service, admin */
    } calls[] = {
        {"GET", "/api/v1/jobs", NULL, {401, 403, 200, 200, 200}},
        {"GET", "/api/v1/jobs/999", NULL, {401, 403, 404, 404, 404}},
        {"DELETE", "/api/v1/jobs/999", NULL, {401, 403, 404, 404, 404}},
        {"POST", "/api/v1/backtests", "{}", {401, 403, 422, 422, 422}},
    };
    static const enum ss_role as[] = {SS_NOBODY, SS_VIEWER, SS_ANALYST, SS_SERVICE, SS_ADMIN};
    for (size_t i = 0; i < sizeof calls / sizeof *calls; i++)
        for (int r = 0; r < 5; r++) {
            web_as(t, as[r], 9, "who@example.com");
            web_is(t, calls[i].method, calls[i].path, calls[i].body, calls[i].status[r], ss_role_name(as[r]));
        }
}

static void all(const char *uri)
{
    struct web_test t;
    web_open(&t, uri);
    snprintf(file, sizeof file, "%s.rules", t.path);
    FILE *f = fopen(file, "w");
    fputs("[burst]\nwhen = .features.n >= 5\naction = review\n", f);
    fclose(f);
    const struct ss_rules_options rules = {.file = file};
    const struct ss_jobs_options options = {
        .store = uri ? uri : t.path, .web = &t.web, .tell = on_tell, .no_thread = true};
    if (ss_settings_new(&t.web.settings) || ss_rules_open(&rules, t.db, web_test_now, &t.web.rules) ||
        ss_jobs_new(&options, &t.web.jobs))
        ok(false, "start: %s", ss_err_text());
    fill(&t);
    backtest(&t);
    refuse(&t);
    cancel(&t);
    restart(&t, &options);
    thread(&t, options);
    preferences(&t);
    roles(&t);
    ss_jobs_free(t.web.jobs);
    ss_rules_close(t.web.rules);
    ss_settings_free(t.web.settings);
    web_close(&t);
    unlink(file);
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
