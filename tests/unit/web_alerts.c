/* Alerts over the API, over both databases. */
#include "tests/cases.h"

static const int64_t t0 = 1767225600000000; /* 2026-01-01 */
static struct ss_ledger *led;

static void seed(struct web_test *t)
{
    static const char *const levels[] = {"HIGH", "CRITICAL", "MEDIUM", "HIGH", "LOW", "HIGH"};
    web_test_now = t0 + SS_HOUR_US;
    for (int i = 0; i < 6; i++) {
        char txn[32], alert[32];
        snprintf(txn, sizeof txn, "t%d", i);
        snprintf(alert, sizeof alert, "a%d", i);
        pay(led, (struct pay){.txn = txn,
                              .user = i < 4 ? "u1" : "u2",
                              .alert = alert,
                              .key = "",
                              .level = levels[i],
                              .rule = i == 1 ? "card_testing" : "velocity_burst",
                              .time_us = t0 + (i == 5 ? 0 : i) * SS_MINUTE_US,
                              .amount = 10 * (i + 1)});
    }
    commit(t, led, false);
}

/* The ids of the list, "a1,a2". */
static void listed(struct web_test *t, const char *target, const char *want, const char *what)
{
    char got[200] = "";
    web_ask(t, "GET", target, NULL);
    for (int i = 0;; i++) {
        char path[32];
        snprintf(path, sizeof path, "items.%d.id", i);
        struct ss_str id = web_at(t, path);
        if (!id.p)
            break;
        size_t n = strlen(got);
        snprintf(got + n, sizeof got - n, "%s%.*s", n ? "," : "", (int)id.n - 2, id.p + 1);
    }
    if (!ok(t->status == 200 && strcmp(got, want) == 0, "%s (%s)", what, target))
        printf("# %d: got %s, wanted %s\n", t->status, got, want);
}

static void test_lists(struct web_test *t)
{
    as_vic(t);
    listed(t, "/api/v1/alerts", "a4,a3,a2,a1,a5,a0", "newest first; of one time the later arrived");
    listed(t, "/api/v1/alerts?sort=time", "a0,a5,a1,a2,a3,a4", "oldest first");
    listed(t, "/api/v1/alerts?sort=-amount", "a5,a4,a3,a2,a1,a0", "by amount");
    listed(t, "/api/v1/alerts?level=CRITICAL,HIGH", "a3,a1,a5,a0", "a set of levels");
    listed(t, "/api/v1/alerts?user_id=u2", "a4,a5", "of a customer");
    listed(t, "/api/v1/alerts?card_id=card-u2", "a4,a5", "of a card");
    listed(t, "/api/v1/alerts?merchant_id=shop&category=online&limit=1", "a4", "of a merchant and category");
    listed(t, "/api/v1/alerts?merchant_id=other", "", "of nobody");
    listed(t, "/api/v1/alerts?min_amount=50", "a4,a5", "from an amount up");
    listed(t, "/api/v1/alerts?since=2026-01-01T00:02:00Z&until=2026-01-01T00:04:00Z", "a3,a2", "of a time");
    listed(t, "/api/v1/alerts?q=TESTING", "a1", "by a word of a rule");
    listed(t, "/api/v1/alerts?q=%25", "", "a wildcard is a letter like any other");
    listed(t, "/api/v1/alerts?txn_id=t3", "a3", "of a payment");
    listed(t, "/api/v1/alerts?status=reviewing,new&assigned_to=none&case_id=none&limit=2", "a4,a3",
           "of nobody yet");
    listed(t, "/api/v1/alerts?assigned_to=me", "", "mine");
    listed(t, "/api/v1/alerts/recent?limit=2", "a5,a4", "the newest to arrive");
    web_is(t, "GET", "/api/v1/alerts/recent?limit=201", NULL, 422, "at most 200 of them");
    web_is(t, "GET", "/api/v1/alerts?level=HUGE", NULL, 422, "a level that there is not");
    web_is(t, "GET", "/api/v1/alerts?status=open", NULL, 422, "a status that there is not");
    web_is(t, "GET", "/api/v1/alerts?assigned_to=x&since=soon&min_amount=much&sort=age&limit=0", NULL, 422,
           "all faults at once");
    web_has(t, "errors.4.name", "\"sort\"", "five of them");
    web_is(t, "GET", "/api/v1/alerts?cursor=00ff", NULL, 422, "a damaged cursor");
}

/* Walks a list page by page: the same items as at once. */
static void walk(struct web_test *t, const char *sort)
{
    char whole[200] = "", got[200] = "", target[1200], cursor[900] = "";
    for (int pages = 0; pages < 10; pages++) {
        snprintf(target, sizeof target, "/api/v1/alerts?sort=%s&limit=%d%s%s", sort, 2,
                 *cursor ? "&cursor=" : "", cursor);
        web_ask(t, "GET", target, NULL);
        for (int i = 0; i < 2; i++) {
            struct ss_str id = web_at(t, i ? "items.1.id" : "items.0.id");
            if (id.p)
                snprintf(got + strlen(got), sizeof got - strlen(got), "%.*s", (int)id.n, id.p);
        }
        struct ss_str next = web_at(t, "next");
        if (!next.p || next.p[0] != '"')
            break;
        snprintf(cursor, sizeof cursor, "%.*s", (int)next.n - 2, next.p + 1);
    }
    snprintf(target, sizeof target, "/api/v1/alerts?sort=%s", sort);
    web_ask(t, "GET", target, NULL);
    for (int i = 0; i < 6; i++) {
        char path[32];
        snprintf(path, sizeof path, "items.%d.id", i);
        struct ss_str id = web_at(t, path);
        snprintf(whole + strlen(whole), sizeof whole - strlen(whole), "%.*s", (int)id.n, id.p);
    }
    if (!ok(strcmp(whole, got) == 0, "pages of %s give each alert once", sort))
        printf("# %s, not %s\n", got, whole);
}

static void test_one(struct web_test *t)
{
    as_vic(t);
    web_is(t, "GET", "/api/v1/alerts/a1", NULL, 200, "one");
    web_has(t, "level", "\"CRITICAL\"", "its level");
    web_has(t, "action", "\"block\"", "its action");
    web_has(t, "amount", "20", "its amount");
    web_has(t, "rules", "[\"card_testing\"]", "its rules");
    web_has(t, "record.txn_id", "\"t1\"", "its payment, whole");
    web_has(t, "record.email", "\"z***@example.com\"", "without what a viewer may not see");
    web_has(t, "moves", "[\"reviewing\",\"escalated\",\"resolved\",\"false_positive\"]",
            "what it may become");
    web_is(t, "GET", "/api/v1/alerts/nobody", NULL, 404, "one that there is not");
    web_ask(t, "GET", "/api/v1/alerts/counts", NULL);
    web_has(t, "by_status.new", "6", "counts by status");
    web_has(t, "open_by_level.HIGH", "3", "and by level");
}

static void test_changes(struct web_test *t)
{
    as_ann(t);
    web_is(t, "POST", "/api/v1/alerts/a0/acknowledge", NULL, 200, "acknowledged");
    web_has(t, "status", "\"reviewing\"", "it is looked at");
    web_has(t, "assigned_to.name", "\"Ann\"", "by who did so");
    web_has(t, "version", "2", "with a new version");
    ok(t->call.events == 1 && strcmp(t->call.event[0].topic, "alert") == 0, "listeners are told");
    web_is(t, "POST", "/api/v1/alerts/a0/acknowledge", NULL, 200, "again");
    web_has(t, "version", "2", "changes nothing");
    as_bob(t);
    web_is(t, "PATCH", "/api/v1/alerts/a0", "{\"status\":\"new\"}", 200, "given back");
    t->if_match = "\"2\"";
    web_is(t, "PATCH", "/api/v1/alerts/a0", "{\"note\":\"x\"}", 412, "an old version");
    t->if_match = "\"3\"";
    web_is(t, "PATCH", "/api/v1/alerts/a0", "{\"note\":\"looks odd\",\"assigned_to\":3}", 200,
           "a note, an assignee");
    t->if_match = NULL;
    web_has(t, "note", "\"looks odd\"", "is kept");
    web_has(t, "assigned_to.id", "3", "so is who");
    web_is(t, "PATCH", "/api/v1/alerts/a0", "{\"note\":null,\"assigned_to\":null}", 200, "null clears");
    web_has(t, "note", "null", "the note");
    web_has(t, "assigned_to", "null", "the assignee");
    web_is(t, "PATCH", "/api/v1/alerts/a0", "{\"assigned_to\":4}", 422, "a viewer works on nothing");
    web_is(t, "PATCH", "/api/v1/alerts/a0", "{\"assigned_to\":99}", 422, "nobody of that number");
    web_is(t, "PATCH", "/api/v1/alerts/a0", "{\"assigned_to\":5}", 422, "somebody who left");
    web_is(t, "PATCH", "/api/v1/alerts/a0", "{\"assigned_to\":\"ann\"}", 422, "no number");
    web_is(t, "PATCH", "/api/v1/alerts/a0", "{\"stauts\":\"new\"}", 422, "a misspelt member");
    web_is(t, "PATCH", "/api/v1/alerts/zz", "{\"note\":\"x\"}", 404, "an alert that there is not");
    web_is(t, "PATCH", "/api/v1/alerts/a0", "{\"assigned_to\":2}", 200, "given to Ann");
    as_ann(t);
    web_ask(t, "GET", "/api/v1/notices?unread=true", NULL);
    web_has(t, "items.0.kind", "\"assigned\"", "who has a notice of it");
    ok(ask_int(t, "SELECT count(*) FROM audit WHERE subject = 'alert:a0'") == 5,
       "every change is in the audit log, and nothing else");
}

/* A property: a move is made exactly when the table allows it, and changes nothing else. */
static void test_moves(struct web_test *t)
{
    static const char *const words[] = {"new", "reviewing", "escalated", "resolved", "false_positive"};
    static const bool legal[5][5] = {
        {0, 1, 1, 1, 1}, {1, 0, 1, 1, 1}, {0, 1, 0, 1, 1}, {0, 1, 0, 0, 0}, {0, 1, 0, 0, 0},
    };
    int at = 0, bad = 0;
    uint32_t seed = 7;
    as_ann(t);
    for (int i = 0; i < 150; i++) {
        char body[64];
        seed = seed * 1664525 + 1013904223;
        int to = (int)(seed >> 24) % 5;
        snprintf(body, sizeof body, "{\"status\":\"%s\"}", words[to]);
        int status = web_ask(t, "PATCH", "/api/v1/alerts/a2", body);
        bool may = legal[at][to] || to == at;
        bad += status != (may ? 200 : 409);
        at = may ? to : at;
        web_ask(t, "GET", "/api/v1/alerts/a2", NULL);
        struct ss_str now = web_at(t, "status");
        bad += !(now.n == strlen(words[at]) + 2 && memcmp(now.p + 1, words[at], now.n - 2) == 0);
    }
    ok(bad == 0, "150 moves: legal ones are made, illegal ones are 409 (%d faults)", bad);
}

static void test_labels(struct web_test *t)
{
    as_ann(t);
    web_is(t, "PATCH", "/api/v1/alerts/a3", "{\"status\":\"false_positive\"}", 200, "a false positive");
    ok(ask_int(t, "SELECT label FROM payments WHERE txn_id = 't3'") == 0, "says that its payment is genuine");
    web_test_now++;
    web_is(t, "PATCH", "/api/v1/alerts/a3", "{\"status\":\"reviewing\"}", 200, "looked at again");
    ok(ask_int(t, "SELECT COALESCE(label, -1) FROM payments WHERE txn_id = 't3'") == -1, "takes that back");
    web_test_now++;
    web_is(t, "PATCH", "/api/v1/alerts/a3", "{\"status\":\"resolved\",\"fraud\":true}", 200,
           "resolved as fraud");
    ok(ask_int(t, "SELECT label FROM payments WHERE txn_id = 't3'") == 1, "says so");
    web_is(t, "PATCH", "/api/v1/alerts/a3", "{\"fraud\":true}", 422, "fraud goes with resolved");
    web_is(t, "POST", "/api/v1/labels",
           "{\"labels\":[{\"txn_id\":\"t4\",\"label\":1,\"note\":\"chargeback "
           "7\"},{\"txn_id\":\"later\",\"label\":0}],"
           "\"source\":\"chargeback\"}",
           200, "labels from outside");
    web_has(t, "items.0.changed", "true", "one changes its payment");
    web_has(t, "items.1.known", "false", "one waits for its payment");
    web_is(t, "GET", "/api/v1/labels?txn_id=t4", NULL, 200, "what was said of a payment");
    web_has(t, "items.0.note", "\"chargeback 7\"", "with its note");
    web_is(t, "POST", "/api/v1/labels", "{\"labels\":[{\"txn_id\":\"t4\",\"label\":2}]}", 422,
           "no such label");
    web_is(t, "POST", "/api/v1/labels", "{\"labels\":[]}", 422, "no labels");
    web_is(t, "POST", "/api/v1/labels", "{\"labels\":[{\"label\":1}]}", 422, "no payment");
    web_is(t, "POST", "/api/v1/labels",
           "{\"labels\":[{\"txn_id\":\"t4\",\"label\":1}],\"source\":\"case:1\"}", 422,
           "a case's word is the case's");
    web_test_now++;
    web_is(t, "POST", "/api/v1/labels", "{\"labels\":[{\"txn_id\":\"t4\",\"label\":null}]}", 200,
           "taken back");
    ok(ask_int(t, "SELECT COALESCE(label, -1) FROM payments WHERE txn_id = 't4'") == -1,
       "is not known any more");
}

static void test_snooze(struct web_test *t)
{
    as_ann(t);
    web_test_now = t0 + SS_HOUR_US;
    web_is(t, "POST", "/api/v1/alerts/a4/snooze", "{\"for\":\"2h\"}", 200, "put off for two hours");
    web_has(t, "snoozed_until", "\"2026-01-01T03:00:00Z\"", "until then");
    listed(t, "/api/v1/alerts?user_id=u2", "a5", "it is out of sight");
    listed(t, "/api/v1/alerts?user_id=u2&snoozed=any", "a4,a5", "but not gone");
    listed(t, "/api/v1/alerts?snoozed=only", "a4", "and found");
    web_ask(t, "GET", "/api/v1/alerts/counts", NULL);
    web_has(t, "snoozed", "1", "counted apart");
    web_test_now += 2 * SS_HOUR_US;
    listed(t, "/api/v1/alerts?user_id=u2", "a4,a5", "two hours later it is back by itself");
    web_is(t, "POST", "/api/v1/alerts/a4/snooze", "{\"until\":\"2026-01-02T00:00:00Z\"}", 200,
           "until a time");
    web_is(t, "POST", "/api/v1/alerts/a4/snooze", "{\"until\":null}", 200, "woken");
    web_has(t, "snoozed_until", "null", "at once");
    web_is(t, "POST", "/api/v1/alerts/a4/snooze", "{}", 422, "for how long?");
    web_is(t, "POST", "/api/v1/alerts/a4/snooze", "{\"for\":\"long\"}", 422, "no duration");
    web_is(t, "POST", "/api/v1/alerts/a4/snooze", "{\"for\":\"999w\"}", 422, "too long");
    web_is(t, "POST", "/api/v1/alerts/a4/snooze", "{\"until\":\"2020-01-01\"}", 422, "in the past");
    web_is(t, "POST", "/api/v1/alerts/a4/snooze", "{\"until\":\"2026-01-02\",\"for\":\"2h\"}", 422, "both");
    web_is(t, "POST", "/api/v1/alerts/a3/snooze", "{\"for\":\"2h\"}", 409, "one that is over");
    web_is(t, "POST", "/api/v1/alerts/a3/acknowledge", NULL, 409, "and cannot be acknowledged");
}

static void test_bulk(struct web_test *t)
{
    as_ann(t);
    web_is(t, "POST", "/api/v1/alerts/bulk",
           "{\"ids\":[\"a4\",\"a5\",\"zz\",\"a3\"],\"action\":\"acknowledge\"}", 200, "many at once");
    web_has(t, "done", "2", "two of them could be");
    web_has(t, "items.2.status", "404", "one is not there");
    web_has(t, "items.3.status", "409", "one is over");
    ok(t->call.events == 3, "one event for each that changed, and one for all");
    web_is(t, "POST", "/api/v1/alerts/bulk",
           "{\"ids\":[\"a4\",\"a5\"],\"action\":\"assign\",\"assigned_to\":3}", 200, "given to Bob");
    web_is(t, "POST", "/api/v1/alerts/bulk",
           "{\"ids\":[\"a4\"],\"action\":\"status\",\"status\":\"false_positive\"}", 200, "closed");
    web_is(t, "POST", "/api/v1/alerts/bulk", "{\"ids\":[\"a5\"],\"action\":\"snooze\",\"for\":\"1h\"}", 200,
           "put off");
    web_is(t, "POST", "/api/v1/alerts/bulk", "{\"ids\":[],\"action\":\"acknowledge\"}", 422, "none");
    web_is(t, "POST", "/api/v1/alerts/bulk", "{\"ids\":\"a4\",\"action\":\"acknowledge\"}", 422, "no array");
    web_is(t, "POST", "/api/v1/alerts/bulk", "{\"ids\":[\"a4\"],\"action\":\"burn\"}", 422, "no such action");
    web_is(t, "POST", "/api/v1/alerts/bulk", "{\"ids\":[\"a4\"],\"action\":\"status\"}", 422,
           "which status?");
    web_is(t, "POST", "/api/v1/alerts/bulk", "{\"ids\":[{}],\"action\":\"acknowledge\"}", 422, "no ids");
}

static void test_roles(struct web_test *t)
{
    static const struct {
        const char *method, *target, *body;
        int viewer, analyst, service;
    } asks[] = {
        {"GET", "/api/v1/alerts", NULL, 200, 200, 200},
        {"GET", "/api/v1/alerts/recent", NULL, 200, 200, 200},
        {"GET", "/api/v1/alerts/counts", NULL, 200, 200, 200},
        {"GET", "/api/v1/alerts/a1", NULL, 200, 200, 200},
        {"PATCH", "/api/v1/alerts/a1", "{\"note\":\"n\"}", 403, 200, 403},
        {"POST", "/api/v1/alerts/a1/acknowledge", NULL, 403, 200, 403},
        {"POST", "/api/v1/alerts/a1/snooze", "{\"for\":\"1h\"}", 403, 200, 403},
        {"POST", "/api/v1/alerts/bulk", "{\"ids\":[\"a1\"],\"action\":\"acknowledge\"}", 403, 200, 403},
        {"GET", "/api/v1/labels", NULL, 200, 200, 403},
        {"POST", "/api/v1/labels", "{\"labels\":[{\"txn_id\":\"t1\",\"label\":1}]}", 403, 200, 403},
    };
    for (size_t i = 0; i < SS_COUNT(asks); i++) {
        as_vic(t);
        web_is(t, asks[i].method, asks[i].target, asks[i].body, asks[i].viewer, "viewer");
        as_ann(t);
        web_is(t, asks[i].method, asks[i].target, asks[i].body, asks[i].analyst, "analyst");
        web_as(t, SS_SERVICE, 0, "key:till");
        t->who.scopes = SS_STR("alerts:read cases:write");
        web_is(t, asks[i].method, asks[i].target, asks[i].body, asks[i].service, "service");
        web_as(t, SS_NOBODY, 0, "");
        web_is(t, asks[i].method, asks[i].target, asks[i].body, 401, "nobody");
    }
}

int main(void)
{
    for (present = SS_SQLITE; present <= SS_POSTGRES; present++) {
        struct web_test t;
        printf("# %s\n", present == SS_SQLITE ? "SQLite" : "PostgreSQL");
        if (!cases_open(&t))
            continue;
        if (ss_ledger_new(&led))
            return 1;
        seed(&t);
        test_lists(&t);
        walk(&t, "-time");
        walk(&t, "time");
        walk(&t, "-score");
        walk(&t, "amount");
        test_one(&t);
        test_changes(&t);
        test_moves(&t);
        test_labels(&t);
        test_snooze(&t);
        test_bulk(&t);
        test_roles(&t);
        ss_ledger_free(led);
        cases_close(&t);
    }
    return done();
}
