/* What may be done with cases: which status follows which, and who may do what. Over both databases. */
#include "tests/cases.h"

static void test_moves(struct web_test *t)
{
    static const char *const words[] = {"open",      "investigating", "pending_info",
                                        "escalated", "resolved",      "closed"};
    static const bool legal[6][6] = {
        {0, 1, 1, 1, 1, 0}, {1, 0, 1, 1, 1, 0}, {1, 1, 0, 1, 1, 0},
        {1, 1, 1, 0, 1, 0}, {1, 0, 0, 0, 0, 1}, {1, 0, 0, 0, 0, 0},
    };
    int at = 0, bad = 0, met[6] = {0};
    uint32_t seed = 11;
    as_ann(t);
    web_ask(t, "POST", "/api/v1/cases", "{\"title\":\"moves\"}");
    char target[64];
    int64_t id = ask_int(t, "SELECT max(id) FROM cases");
    snprintf(target, sizeof target, "/api/v1/cases/%lld", (long long)id);
    for (int i = 0; i < 250; i++) {
        char body[128], path[80];
        web_test_now += SS_MINUTE_US;
        seed = seed * 1664525 + 1013904223;
        int to = (int)(seed >> 24) % 6;
        snprintf(body, sizeof body, "{\"status\":\"%s\"%s}", words[to],
                 to == 4   ? ",\"resolution\":\"inconclusive\""
                 : to == 3 ? ",\"reason\":\"r\""
                           : "");
        snprintf(path, sizeof path, "%s/status", target);
        int status = web_ask(t, "POST", path, body);
        bad += status != (legal[at][to] ? 200 : 409);
        at = legal[at][to] ? to : at;
        met[at]++;
        web_ask(t, "GET", target, NULL);
        struct ss_str now = web_at(t, "status"), resolved = web_at(t, "resolved_at");
        bad += !(now.n == strlen(words[at]) + 2 && memcmp(now.p + 1, words[at], now.n - 2) == 0);
        bad += (resolved.p[0] == '"') != (at >= 4);
        bad += (web_at(t, "sla.paused_since").p[0] == '"') && at != 2;
    }
    ok(bad == 0, "250 moves: legal ones are made, illegal ones are 409 (%d faults)", bad);
    ok(met[0] && met[1] && met[2] && met[3] && met[4] && met[5], "every status was met");
}

static void test_roles(struct web_test *t)
{
    static const struct {
        const char *method, *target, *body;
    } reads[] = {{"GET", "/api/v1/cases", NULL},
                 {"GET", "/api/v1/cases/counts", NULL},
                 {"GET", "/api/v1/cases/stats", NULL},
                 {"GET", "/api/v1/cases/1", NULL},
                 {"GET", "/api/v1/cases/1/comments", NULL},
                 {"GET", "/api/v1/cases/1/evidence", NULL},
                 {"GET", "/api/v1/cases/1/timeline", NULL}},
      writes[] = {{"POST", "/api/v1/cases/take-next", NULL},
                  {"POST", "/api/v1/cases/bulk", "{\"ids\":[1],\"action\":\"close\"}"},
                  {"PATCH", "/api/v1/cases/1", "{\"title\":\"t\"}"},
                  {"POST", "/api/v1/cases/1/assign", NULL},
                  {"POST", "/api/v1/cases/1/release", NULL},
                  {"POST", "/api/v1/cases/1/escalate", "{\"reason\":\"r\"}"},
                  {"POST", "/api/v1/cases/1/status", "{\"status\":\"open\"}"},
                  {"POST", "/api/v1/cases/1/resolve", "{\"resolution\":\"inconclusive\"}"},
                  {"POST", "/api/v1/cases/1/reopen", NULL},
                  {"POST", "/api/v1/cases/1/close", NULL},
                  {"POST", "/api/v1/cases/1/alerts", "{\"ids\":[\"a3\"]}"},
                  {"DELETE", "/api/v1/cases/1/alerts/a3", NULL},
                  {"POST", "/api/v1/cases/1/payments", "{\"ids\":[\"t3\"]}"},
                  {"DELETE", "/api/v1/cases/1/payments/t3", NULL},
                  {"POST", "/api/v1/cases/1/comments", "{\"content\":\"c\"}"},
                  {"PATCH", "/api/v1/cases/1/comments/1", "{\"content\":\"c\"}"},
                  {"POST", "/api/v1/cases/1/evidence?name=n", "x"}};
    for (size_t i = 0; i < SS_COUNT(reads); i++) {
        web_as(t, SS_SERVICE, 0, "key:reader");
        t->who.scopes = SS_STR("cases:read");
        web_is(t, reads[i].method, reads[i].target, reads[i].body, 200, "a program with the scope reads");
        t->who.scopes = SS_STR("alerts:read");
        web_is(t, reads[i].method, reads[i].target, reads[i].body, 403, "one without it does not");
        web_as(t, SS_NOBODY, 0, "");
        web_is(t, reads[i].method, reads[i].target, reads[i].body, 401, "nor does nobody");
    }
    for (size_t i = 0; i < SS_COUNT(writes); i++) {
        as_vic(t);
        web_is(t, writes[i].method, writes[i].target, writes[i].body, 403, "a viewer changes nothing");
        web_as(t, SS_SERVICE, 0, "key:writer");
        web_is(t, writes[i].method, writes[i].target, writes[i].body, 403, "nor does a program");
    }
    as_vic(t);
    web_is(t, "POST", "/api/v1/cases", "{\"title\":\"t\"}", 403, "a viewer opens no case");
}

int main(void)
{
    for (present = SS_SQLITE; present <= SS_POSTGRES; present++) {
        struct web_test t;
        if (!cases_open(&t))
            continue;
        test_moves(&t); /* the first case */
        test_roles(&t);
        cases_close(&t);
    }
    return done();
}
