/* Scores without storing: one, many, what if; over an engine whose every decision is known. */
#include "base/number.h"
#include "record/decision.h"
#include "tests/cases.h"
#include "web/engine.h"

static struct web_test t;

/* ---- an engine: blocks from 500 up, and from 100 up on a device that is not d1; no negative amounts ---- */

static int fails, attempts, runs;
static char line[1100][700];

static int stub_attempt(struct ss_engine *engine, const struct ss_str *text, size_t n, struct ss_verdict *out)
{
    (void)engine;
    if (fails)
        return ss_fail(SS_EAWAY, "the engine is away");
    attempts += (int)n;
    for (size_t i = 0; i < n; i++) {
        struct ss_str amount = ss_cursor_member(text[i], "amount"),
                      device = ss_cursor_member(text[i], "device_id");
        int64_t units;
        out[i] = (struct ss_verdict){0};
        if (!amount.p || !ss_amount_parse(amount.p, amount.n, &units) || units < 0) {
            out[i].reason = "amount is negative, or none";
            continue;
        }
        bool block =
            units >= (device.p && ss_str_is(device, "\"d1\"") ? 500 : 100) * (int64_t)SS_AMOUNT_SCALE;
        int len = snprintf(line[i], sizeof line[i],
                           "%.*s,\"score\":{\"value\":%s,\"level\":\"%s\"},\"decision\":{\"action\":\"%s\"}}",
                           (int)text[i].n - 1, text[i].p, block ? "0.9" : "0.1", block ? "CRITICAL" : "NONE",
                           block ? "block" : "allow");
        out[i].line = (struct ss_str){line[i], (size_t)len};
    }
    return 0;
}

static int stub_run(struct ss_engine *engine, const struct ss_str *text, size_t n, struct ss_verdict *out)
{
    runs++;
    return stub_attempt(engine, text, n, out);
}

static const struct ss_engine_ops ops = {.run = stub_run, .attempt = stub_attempt};
static struct ss_engine engine = {.ops = &ops};

static void fill(void)
{
    struct ss_ledger *led;
    char text[400];
    if (ss_ledger_new(&led))
        exit(1);
    for (int i = 0; i < 12; i++) {
        snprintf(
            text, sizeof text,
            "{\"txn_id\":\"h%d\",\"timestamp\":\"2025-12-31T23:59:%02dZ\",\"amount\":20,\"user_id\":\"u1\","
            "\"device_id\":\"d1\",\"country\":\"FR\",\"location\":\"Paris, \\\"FR\\\"\",\"merchant_id\":"
            "\"m1\"}",
            i, i);
        if (ss_ledger_add_line(led, ss_str_of(text), 1))
            exit(1);
    }
    commit(&t, led, false);
    ss_ledger_free(led);
}

static void test_score(void)
{
    web_is(&t, "POST", "/api/v1/score", "{\"amount\":600,\"user_id\":\"u1\"}", 200, "a payment is scored");
    web_has(&t, "decision.action", "\"block\"", "and decided");
    web_has(&t, "txn_id", "\"what-if\"", "with an id where it had none");
    ok(web_at(&t, "timestamp").p, "and a time");
    web_is(&t, "POST", "/api/v1/score",
           "{\"amount\":6,\"txn_id\":\"x\",\"timestamp\":\"2026-01-01T00:00:00Z\"}", 200, "one with both");
    web_has(&t, "txn_id", "\"x\"", "keeps its own");
    ok(ask_int(&t, "SELECT count(*) FROM payments") == 12 && !runs, "nothing is stored, nothing happens");
    static const char *const wrong[] = {"{}", "{\"amount\":\"much\"}", "{\"amount\":null}",
                                        "{\"amount\":-5}"};
    for (int i = 0; i < 4; i++)
        web_is(&t, "POST", "/api/v1/score", wrong[i], 422, "a wrong amount");
    web_is(&t, "POST", "/api/v1/score", "{\"amount\":", 400, "no JSON");
    web_is(&t, "POST", "/api/v1/score", "[1]", 400, "no object");
}

static void test_batch(void)
{
    web_is(&t, "POST", "/api/v1/score/batch",
           "{\"payments\":[{\"amount\":600},{\"amount\":-1},5,{\"amount\":6},{\"amount\":\"x\"}]}", 200,
           "many, some of them bad");
    web_has(&t, "items.0.decision.action", "\"block\"", "each in its place");
    web_has(&t, "items.1.status", "422", "bad ones as problems");
    web_has(&t, "items.1.detail", "\"amount is negative, or none\"", "with the reason");
    web_has(&t, "items.2.status", "422", "what is no payment, too");
    web_has(&t, "items.3.decision.action", "\"allow\"", "and the others go on");
    web_has(&t, "items.4.status", "422", "to the last");
    ok(!web_at(&t, "items.5").p, "and no more");
    web_is(&t, "POST", "/api/v1/score/batch", "{\"payments\":[]}", 200, "none");
    web_has(&t, "items", "[]", "gives none");
    web_is(&t, "POST", "/api/v1/score/batch", "{}", 422, "no list");
    web_is(&t, "POST", "/api/v1/score/batch", "{\"payments\":5}", 422, "a list that is none");
    web_is(&t, "POST", "/api/v1/score/batch", "", 422, "nothing");
    struct ss_buf body;
    ss_buf_init(&body, 1 << 20);
    ss_buf_puts(&body, "{\"payments\":[{\"amount\":1}");
    for (int i = 1; i < 1000; i++)
        ss_buf_puts(&body, ",{\"amount\":1}");
    size_t n = body.n;
    ss_buf_puts(&body, "]}");
    web_is(&t, "POST", "/api/v1/score/batch", ss_buf_cstr(&body), 200, "a thousand");
    ok(web_at(&t, "items.999").p != NULL, "all of them");
    body.n = n;
    ss_buf_puts(&body, ",{\"amount\":1}]}");
    web_is(&t, "POST", "/api/v1/score/batch", ss_buf_cstr(&body), 422, "and one are too many");
    ss_buf_free(&body);
}

static double flip_at(int i, const char *field)
{
    char path[40];
    double value = -1;
    snprintf(path, sizeof path, "flips.%d.%s", i, field);
    struct ss_str text = web_at(&t, path);
    return text.p && ss_double_parse(text.p, text.n, &value) ? value : -1;
}

static void test_what_if(void)
{
    web_is(&t, "POST", "/api/v1/what-if",
           "{\"user_id\":\"u1\",\"amount\":1234,\"device_id\":\"d1\",\"country\":\"US\",\"timestamp\":"
           "\"2026-01-01T00:00:30Z\"}",
           200, "what if");
    web_has(&t, "status", "\"fraud\"", "it looks like fraud");
    web_has(&t, "flags", "[\"geo_velocity\",\"high_velocity\",\"model_anomaly\"]", "by these signs");
    web_has(&t, "history.recent_count", "10", "beside the last ten");
    web_has(&t, "history.average_amount", "20", "of this mean");
    web_has(&t, "history.last_location", "\"Paris, \\\"FR\\\"\"", "the last one there");
    web_has(&t, "flips.0.field", "\"amount\"", "the amount would change it");
    web_has(&t, "flips.0.action", "\"allow\"", "to this");
    double to = flip_at(0, "to");
    ok(to < 500 && to >= 480, "just below 500");
    web_is(&t, "POST", "/api/v1/what-if",
           "{\"user_id\":\"u1\",\"amount\":300,\"device_id\":\"new\",\"location\":\"Oslo\"}", 200,
           "on another device");
    bool device = false;
    for (int i = 0; i < 4; i++) {
        char path[40];
        snprintf(path, sizeof path, "flips.%d.field", i);
        struct ss_str field = web_at(&t, path);
        device = device || (field.p && ss_str_is(field, "\"device_id\""));
    }
    ok(device, "the usual device would change it");
    web_is(&t, "POST", "/api/v1/what-if",
           "{\"user_id\":\"u1\",\"amount\":50,\"device_id\":\"d1\",\"country\":\"FR\"}", 200,
           "an allowed one");
    web_has(&t, "flags", "[\"high_velocity\"]", "in the same country, though no place is said");
    to = flip_at(0, "to");
    ok(to >= 500 && to <= 520, "would be blocked from 500 up");
    web_is(&t, "POST", "/api/v1/what-if", "{\"user_id\":\"new\",\"amount\":3000}", 200, "without history");
    web_has(&t, "flags", "[\"huge_amount\",\"model_anomaly\"]", "a large one stands out");
    web_has(&t, "history.average_amount", "null", "beside nothing");
    web_has(&t, "history.last_time", "null", "at no time");
    web_is(&t, "POST", "/api/v1/what-if", "{\"user_id\":\"new\",\"amount\":1}", 200, "a small one");
    web_has(&t, "status", "\"valid\"", "does not");
    web_has(&t, "flags", "[]", "by no sign");
    web_is(&t, "POST", "/api/v1/what-if", "{\"amount\":1}", 422, "of nobody");
    web_is(&t, "POST", "/api/v1/what-if", "{\"amount\":1,\"user_id\":null}", 422, "of null");
    web_is(&t, "POST", "/api/v1/what-if", "{\"amount\":1,\"user_id\":\"\"}", 422, "of no name");
    web_is(&t, "POST", "/api/v1/what-if", "{\"user_id\":\"u1\"}", 422, "of no amount");
    web_is(&t, "POST", "/api/v1/what-if", "{\"user_id\":\"u1\",\"amount\":-1}", 422, "of less than nothing");
    web_is(&t, "POST", "/api/v1/what-if", "{\"user_id\":\"u1\",\"amount\":0}", 200, "of nothing");
    web_is(&t, "POST", "/api/v1/what-if", "{\"user_id\":\"u1\",\"amount\":99999999999}", 200,
           "of everything");
    web_is(&t, "POST", "/api/v1/what-if",
           "{\"user_id\":{\"a\":1},\"amount\":5,\"timestamp\":[],\"location\":7}", 200,
           "of odd things is answered");
    ok(ask_int(&t, "SELECT count(*) FROM payments") == 12 && !runs, "and nothing is stored");
}

static void test_roles(void)
{
    static const char *const paths[] = {"/api/v1/score", "/api/v1/score/batch", "/api/v1/what-if"};
    static const char body[] = "{\"amount\":1,\"user_id\":\"u1\",\"payments\":[]}";
    for (int i = 0; i < 3; i++) {
        web_as(&t, SS_NOBODY, 0, "");
        web_is(&t, "POST", paths[i], body, 401, "nobody");
        as_vic(&t);
        web_is(&t, "POST", paths[i], body, 403, "a viewer");
        as_ann(&t);
        web_is(&t, "POST", paths[i], body, 200, "an analyst");
        web_as(&t, SS_SERVICE, 0, "key:x");
        t.who.scopes = SS_STR("score");
        web_is(&t, "POST", paths[i], body, 200, "a key for this");
        t.who.scopes = SS_STR("export");
        web_is(&t, "POST", paths[i], body, 403, "a key for something else");
        as_root(&t);
        t.web.engine = NULL;
        web_is(&t, "POST", paths[i], body, 503, "no pipeline");
        t.web.engine = &engine;
    }
    fails = 1;
    web_is(&t, "POST", paths[0], body, 503, "a pipeline that is away");
    web_is(&t, "POST", paths[2], body, 503, "for what-if, too");
    fails = 0;
}

int main(void)
{
    for (present = SS_SQLITE; present <= SS_POSTGRES; present++) {
        if (!cases_open(&t))
            continue;
        as_root(&t);
        t.web.engine = &engine;
        fill();
        test_score();
        test_batch();
        test_what_if();
        test_roles();
        cases_close(&t);
    }
    return done();
}
