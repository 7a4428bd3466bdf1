/* Cases over the API, over both databases. */
#include "tests/cases.h"

static const int64_t t0 = 1767225600000000; /* 2026-01-01 */
static struct ss_ledger *led;
static long long third; /* the id of the third case: PostgreSQL leaves gaps where a transaction was undone */

/* Asks with the third case's id in the target or body, where they have %lld. */
static void is_third(struct web_test *t, const char *target, const char *body, const char *what)
{
    char where[100], text[300];
    snprintf(where, sizeof where, target, third);
    snprintf(text, sizeof text, body, third);
    web_is(t, "POST", where, text, 200, what);
}

static void later(void)
{
    web_test_now += SS_MINUTE_US;
}

/* Alerts a0..a5 of the customers u1 and u2, one payment each, outside of any case. */
static void seed(struct web_test *t)
{
    web_test_now = t0;
    for (int i = 0; i < 6; i++) {
        char txn[32], alert[32];
        snprintf(txn, sizeof txn, "t%d", i);
        snprintf(alert, sizeof alert, "a%d", i);
        pay(led, (struct pay){.txn = txn,
                              .user = i < 4 ? "u1" : "u2",
                              .alert = alert,
                              .level = i == 1 ? "CRITICAL" : "HIGH",
                              .rule = "card_testing",
                              .time_us = t0 + i,
                              .amount = 100 + i});
    }
    pay(led, (struct pay){.txn = "p1", .user = "u1", .time_us = t0, .amount = 7});
    commit(t, led, false);
}

static void test_create(struct web_test *t)
{
    as_ann(t);
    web_is(t, "POST", "/api/v1/cases", "{\"alerts\":[\"a0\",\"a1\"]}", 201, "from alerts");
    ok(ss_str_is(t->call.res.location, "/api/v1/cases/1"), "says where it is");
    web_has(t, "title", "\"Card testing, customer u1\"", "named by them");
    web_has(t, "priority", "\"critical\"", "as urgent as the highest");
    web_has(t, "category", "\"card_testing\"", "of the kind their rules say");
    web_has(t, "user_id", "\"u1\"", "about their customer");
    web_has(t, "alerts_count", "2", "with two alerts");
    web_has(t, "loss", "201", "and what they sum up to");
    web_has(t, "created_by", "\"ann@example.com\"", "by who asked");
    web_has(t, "moves", "[\"investigating\",\"pending_info\",\"escalated\",\"resolved\"]",
            "what it may become");
    ok(t->call.events == 1 && strcmp(t->call.event[0].topic, "case") == 0, "listeners are told");
    web_is(t, "POST", "/api/v1/cases",
           "{\"title\":\"Bare\",\"description\":\"d\",\"category\":\"friendly_fraud\",\"amount\":12.5,"
           "\"assigned_to\":3,\"payments\":[\"p1\"],\"user_id\":\"u9\"}",
           201, "bare, with a payment and an assignee");
    web_has(t, "status", "\"investigating\"", "is worked on");
    web_has(t, "amount", "12.5", "the amount that was given");
    web_has(t, "priority", "\"medium\"", "medium where nobody says");
    web_has(t, "entity", "\"user_id:u9\"", "grouped by its customer");
    as_bob(t);
    web_ask(t, "GET", "/api/v1/notices", NULL);
    web_has(t, "items.0.title", "\"ann@example.com gave you case CASE-20260101-00002\"", "Bob is told");
    as_ann(t);
    web_is(t, "POST", "/api/v1/cases", "{}", 422, "neither title nor alerts");
    web_is(t, "POST", "/api/v1/cases", "{\"title\":\"  \"}", 422, "a blank title");
    web_is(t, "POST", "/api/v1/cases", "{\"alerts\":[\"nope\"]}", 422, "an alert that there is not");
    web_is(t, "POST", "/api/v1/cases", "{\"title\":\"x\",\"payments\":[\"nope\"]}", 422,
           "a payment that there is not");
    web_is(t, "POST", "/api/v1/cases", "{\"alerts\":[\"a0\"]}", 409, "an alert of another case");
    web_is(t, "POST", "/api/v1/cases", "{\"title\":\"x\",\"assigned_to\":99}", 422, "nobody of that number");
    web_is(t, "POST", "/api/v1/cases", "{\"title\":\"x\",\"priority\":\"urgent\"}", 422, "no such priority");
    web_is(t, "POST", "/api/v1/cases", "{\"title\":\"x\",\"sla\":1}", 422, "a member nobody knows");
    web_is(t, "POST", "/api/v1/cases", "{\"title\":", 400, "no JSON");
    ok(ask_int(t, "SELECT count(*) FROM cases") == 2, "what was refused left nothing behind");
    web_as(t, SS_SERVICE, 0, "key:till");
    web_is(t, "POST", "/api/v1/cases", "{\"title\":\"From a program\",\"priority\":\"low\"}", 201,
           "a program may too");
    third = ask_int(t, "SELECT max(id) FROM cases");
}

static void test_get(struct web_test *t)
{
    as_vic(t);
    web_is(t, "GET", "/api/v1/cases/1", NULL, 200, "one whole");
    web_has(t, "alerts.1.id", "\"a0\"", "its alerts");
    web_has(t, "payments.0.txn_id", "\"t1\"", "its payments");
    web_has(t, "payments_count", "2", "how many");
    web_has(t, "customer.payments", "5", "its customer in a line");
    web_has(t, "evidence", "[]", "no evidence yet");
    web_has(t, "sla.state", "\"on_track\"", "its deadline's state");
    web_is(t, "GET", "/api/v1/cases/99", NULL, 404, "one that there is not");
    web_is(t, "GET", "/api/v1/cases/x", NULL, 404, "no number");
    web_is(t, "GET", "/api/v1/cases/9999999999999999999999", NULL, 404, "no number that there could be");
}

static void test_patch(struct web_test *t)
{
    as_ann(t);
    later();
    t->if_match = "\"1\"";
    web_is(t, "PATCH", "/api/v1/cases/1", "{\"title\":\"x\"}", 412, "an old version");
    t->if_match = "\"2\"";
    web_is(t, "PATCH", "/api/v1/cases/1", "{\"title\":\"Tiny payments\",\"loss\":50,\"recovered\":10.25}",
           200, "edited");
    ok(ss_str_is(t->call.res.etag, "\"3\""), "with a new version");
    t->if_match = NULL;
    web_has(t, "loss", "50", "the loss");
    web_has(t, "recovered", "10.25", "what came back");
    web_is(t, "PATCH", "/api/v1/cases/1", "{\"title\":\"Tiny payments\"}", 200, "the same again");
    web_has(t, "version", "3", "changes nothing");
    web_is(t, "PATCH", "/api/v1/cases/1", "{\"description\":null,\"recovered\":null,\"card_id\":null}", 200,
           "null clears");
    web_has(t, "recovered", "0", "an amount");
    web_has(t, "card_id", "null", "an id");
    web_is(t, "PATCH", "/api/v1/cases/1", "{\"title\":null}", 422, "but no title");
    web_is(t, "PATCH", "/api/v1/cases/1", "{\"loss\":-1}", 422, "nor a loss below zero");
    web_is(t, "PATCH", "/api/v1/cases/1", "{\"status\":\"closed\"}", 422, "a status has its own moves");
    web_is(t, "PATCH", "/api/v1/cases/1", "{\"priority\":\"low\"}", 200, "less urgent");
    web_has(t, "sla.due", "\"2026-01-04T00:00:00Z\"", "with a later deadline");
    web_is(t, "PATCH", "/api/v1/cases/1", "{\"priority\":\"high\",\"category\":\"other\"}", 200,
           "two at once");
    web_is(t, "PATCH", "/api/v1/cases/99", "{\"title\":\"x\"}", 404, "none");
    ok(ask_int(t, "SELECT count(*) FROM audit WHERE action = 'case.edit'") == 3 &&
           ask_int(t, "SELECT count(*) FROM audit WHERE action = 'case.priority'") == 2,
       "each change has its line in the audit log");
}

static void test_work(struct web_test *t)
{
    as_ann(t);
    web_is(t, "POST", "/api/v1/cases/1/assign", "{\"user_id\":99}", 422, "nobody of that number");
    web_is(t, "POST", "/api/v1/cases/1/assign", "{\"user_id\":4}", 422, "a viewer");
    web_is(t, "POST", "/api/v1/cases/1/assign", "{\"user_id\":5}", 422, "who left");
    web_is(t, "POST", "/api/v1/cases/99/assign", NULL, 404, "no such case");
    web_is(t, "POST", "/api/v1/cases/1/release", NULL, 409, "nobody works on it");
    web_is(t, "POST", "/api/v1/cases/1/assign", NULL, 200, "to me");
    web_has(t, "assigned_to.name", "\"Ann\"", "who asked");
    web_has(t, "status", "\"investigating\"", "it is worked on");
    web_is(t, "POST", "/api/v1/cases/1/assign", "{\"me\":true}", 200, "again");
    web_is(t, "POST", "/api/v1/cases/1/assign", "{\"user_id\":3}", 200, "to Bob");
    as_bob(t);
    web_ask(t, "GET", "/api/v1/notices/unread", NULL);
    web_has(t, "unread", "2", "who is told");
    web_ask(t, "GET", "/api/v1/cases?tab=mine", NULL);
    web_has(t, "items.0.id", "1", "it is one of his");
    as_ann(t);
    web_is(t, "POST", "/api/v1/cases/1/release", NULL, 200, "given back");
    web_has(t, "status", "\"open\"", "it is open again");
    web_has(t, "assigned_to", "null", "and nobody's");
    web_is(t, "POST", "/api/v1/cases/take-next", NULL, 200, "the next one");
    web_has(t, "id", "1", "is the one that is due first");
    web_has(t, "assigned_to.name", "\"Ann\"", "mine now");
    web_is(t, "POST", "/api/v1/cases/1/escalate", "{\"to\":1}", 422, "why?");
    web_is(t, "POST", "/api/v1/cases/1/escalate", "{\"to\":4,\"reason\":\"x\"}", 422, "to a viewer");
    web_is(t, "POST", "/api/v1/cases/1/escalate", "{\"to\":1,\"reason\":\"too big for me\"}", 200,
           "escalated");
    web_has(t, "status", "\"escalated\"", "is its status");
    web_has(t, "escalated_to.name", "\"Root\"", "to Root");
    web_is(t, "POST", "/api/v1/cases/1/escalate", "{\"reason\":\"again\"}", 409, "once");
    as_root(t);
    web_ask(t, "GET", "/api/v1/notices", NULL);
    web_has(t, "items.0.kind", "\"escalated\"", "Root is told");
    is_third(t, "/api/v1/cases/%lld/escalate", "{\"reason\":\"who knows\"}",
             "to whoever is an administrator");
    web_as(t, SS_ANALYST, 0, "key:robot");
    web_is(t, "POST", "/api/v1/cases/2/assign", "{}", 422, "an API key is nobody to assign to");
    web_is(t, "POST", "/api/v1/cases/take-next", NULL, 422, "nor to take for");
}

static void test_links(struct web_test *t)
{
    as_ann(t);
    web_is(t, "POST", "/api/v1/cases/2/alerts", "{\"ids\":[\"a4\",\"a5\"]}", 200, "alerts put in");
    web_has(t, "alerts_count", "2", "are counted");
    web_has(t, "amount", "221.5", "and added up");
    web_is(t, "POST", "/api/v1/cases/2/alerts", "{\"ids\":[\"a4\"]}", 200, "again changes nothing");
    web_has(t, "amount", "221.5", "at all");
    web_is(t, "POST", "/api/v1/cases/2/alerts", "{\"ids\":[\"a0\"]}", 409, "one of another case");
    web_is(t, "POST", "/api/v1/cases/2/alerts", "{\"ids\":[\"a3\",\"zz\"]}", 422, "one that there is not");
    ok(ask_int(t, "SELECT COALESCE(case_id, 0) FROM alerts WHERE id = 'a3'") == 0, "and then none is put in");
    web_is(t, "DELETE", "/api/v1/cases/2/alerts/a5", NULL, 200, "taken out");
    web_has(t, "amount", "116.5", "with its payment");
    web_is(t, "DELETE", "/api/v1/cases/2/alerts/a5", NULL, 404, "it is not in it");
    web_is(t, "POST", "/api/v1/cases/2/payments", "{\"ids\":[\"t5\"]}", 200, "a payment put in");
    web_is(t, "DELETE", "/api/v1/cases/2/payments/t5", NULL, 200, "and out");
    web_is(t, "DELETE", "/api/v1/cases/2/payments/t5", NULL, 404, "once");
    web_is(t, "POST", "/api/v1/cases/2/payments", "{\"ids\":[]}", 422, "none");
    web_is(t, "POST", "/api/v1/cases/99/payments", "{\"ids\":[\"t5\"]}", 404, "no such case");
}

static void test_comments(struct web_test *t)
{
    as_ann(t);
    later();
    web_is(t, "POST", "/api/v1/cases/2/comments",
           "{\"content\":\"@bob look, mail x@vic.com (@root@example.com, @nobody, @gone)\"}", 201,
           "a comment");
    web_has(t, "internal", "true", "internal where nobody says otherwise");
    ok(ask_int(t, "SELECT count(*) FROM notices WHERE kind = 'mentioned'") == 2,
       "tells the two that it names");
    ok(ask_int(t, "SELECT count(*) FROM notices WHERE kind = 'mentioned' AND user_id IN (1, 3)") == 2,
       "and those only");
    web_is(t, "POST", "/api/v1/cases/2/comments", "{\"content\":\"for all\",\"internal\":false}", 201,
           "for all");
    web_is(t, "POST", "/api/v1/cases/2/comments", "{\"content\":\"\"}", 422, "an empty one");
    web_is(t, "POST", "/api/v1/cases/99/comments", "{\"content\":\"x\"}", 404, "no such case");
    web_is(t, "PATCH", "/api/v1/cases/2/comments/1", "{\"content\":\"better\"}", 200,
           "one's own may be edited");
    web_has(t, "edited_at", "\"2026-01-01T00:02:00Z\"", "and shows it");
    as_bob(t);
    web_is(t, "PATCH", "/api/v1/cases/2/comments/1", "{\"content\":\"x\"}", 403, "not another's");
    web_is(t, "PATCH", "/api/v1/cases/1/comments/1", "{\"content\":\"x\"}", 404, "nor in another case");
    web_ask(t, "GET", "/api/v1/cases/2/comments?limit=1", NULL);
    web_has(t, "items.0.content", "\"better\"", "the first one first");
    ok(web_at(t, "next").p[0] == '"', "and there is another page");
    as_vic(t);
    web_ask(t, "GET", "/api/v1/cases/2/comments", NULL);
    web_has(t, "items.0.content", "\"for all\"", "a viewer sees what is for all");
    web_ask(t, "GET", "/api/v1/cases/2", NULL);
    web_has(t, "comments_count", "1", "and how many that are");
    as_ann(t);
    web_test_now += 16 * SS_MINUTE_US;
    web_is(t, "PATCH", "/api/v1/cases/2/comments/1", "{\"content\":\"x\"}", 409,
           "not after a quarter of an hour");
}

/* What the counters of the rules say: payments that are known to be fraud, and not. */
static void precision(struct web_test *t, int64_t fraud, int64_t genuine, const char *what)
{
    int64_t f = ask_int(t, "SELECT CAST(COALESCE(sum(fraud), 0) AS BIGINT) FROM buckets WHERE dim = 'rule' "
                           "AND key = 'card_testing'");
    int64_t g = ask_int(t, "SELECT CAST(COALESCE(sum(genuine), 0) AS BIGINT) FROM buckets WHERE dim = 'rule' "
                           "AND key = 'card_testing'");
    if (!ok(f == fraud && g == genuine, "%s", what))
        printf("# %lld fraud, %lld genuine\n", (long long)f, (long long)g);
}

static void test_resolve(struct web_test *t)
{
    as_root(t);
    later();
    web_is(t, "POST", "/api/v1/cases/1/close", NULL, 409, "not closed before it is resolved");
    web_has(t, "detail",
            "\"case CASE-20260101-00001 is escalated and cannot become closed; legal: open, investigating, "
            "pending_info, resolved\"",
            "says what is legal");
    web_is(t, "POST", "/api/v1/cases/1/resolve", "{\"resolution\":\"maybe\"}", 422, "no such resolution");
    web_is(t, "POST", "/api/v1/cases/1/resolve", "{}", 422, "none");
    precision(t, 0, 0, "nothing is known of the rule's payments");
    web_is(t, "POST", "/api/v1/cases/1/resolve",
           "{\"resolution\":\"confirmed_fraud\",\"notes\":\"customer called\",\"recovered\":20}", 200,
           "fraud");
    web_has(t, "status", "\"resolved\"", "it is resolved");
    web_has(t, "resolved_by.id", "1", "by Root");
    web_has(t, "recovered", "20", "with what came back");
    precision(t, 2, 0, "the rule was right twice");
    ok(ask_int(t, "SELECT count(*) FROM alerts WHERE case_id = 1 AND status = 'resolved'") == 2,
       "its alerts are over");
    ok(ask_int(t, "SELECT count(*) FROM labels WHERE source = 'case:1' AND label = 1") == 2,
       "its payments are labelled");
    web_is(t, "POST", "/api/v1/cases/1/resolve", "{\"resolution\":\"false_positive\"}", 409, "once");
    web_is(t, "POST", "/api/v1/cases/1/assign", NULL, 409, "nobody works on it any more");
    web_is(t, "POST", "/api/v1/cases/1/alerts", "{\"ids\":[\"a3\"]}", 409, "nothing is put in");
    web_is(t, "PATCH", "/api/v1/cases/1", "{\"recovered\":30}", 200, "but money may come back later");
    web_is(t, "PATCH", "/api/v1/cases/1", "{\"title\":\"x\",\"priority\":\"low\"}", 409,
           "no deadline is moved");
    web_ask(t, "GET", "/api/v1/cases/1", NULL);
    web_has(t, "title", "\"Tiny payments\"", "and nothing of such a change stays");
    later();
    web_is(t, "POST", "/api/v1/cases/1/reopen", "{\"reason\":\"wrong person\"}", 200, "reopened");
    web_has(t, "resolution", "null", "nothing is decided");
    precision(t, 0, 0, "what the case said of its payments is taken back");
    ok(ask_int(t, "SELECT count(*) FROM alerts WHERE case_id = 1 AND status = 'reviewing'") == 2,
       "its alerts too");
    later();
    web_is(t, "POST", "/api/v1/cases/1/status", "{\"status\":\"resolved\",\"resolution\":\"false_positive\"}",
           200, "a false positive, by the status");
    precision(t, 0, 2, "the rule was wrong twice");
    ok(ask_int(t, "SELECT count(*) FROM alerts WHERE case_id = 1 AND status = 'false_positive'") == 2,
       "so its alerts");
    later();
    web_is(t, "POST", "/api/v1/cases/1/close", "{\"reason\":\"done\"}", 200, "closed");
    web_has(t, "moves", "[\"open\"]", "but for opening it again");
    web_is(t, "POST", "/api/v1/cases/1/reopen", NULL, 200, "which may be");
    later();
    web_is(t, "POST", "/api/v1/cases/1/resolve", "{\"resolution\":\"customer_error\"}", 200,
           "the customer's mistake");
    precision(t, 0, 2, "is no fraud either");
    later();
    web_ask(t, "POST", "/api/v1/cases/1/reopen", NULL);
    later();
    web_is(t, "POST", "/api/v1/cases/1/resolve", "{\"resolution\":\"inconclusive\"}", 200, "who knows");
    precision(t, 0, 0, "says nothing");
}

static void test_timeline(struct web_test *t)
{
    char cursor[600] = "", target[800];
    int items = 0, newer = 0;
    struct ss_str last = {NULL, 0};
    char last_at[64] = "9";
    as_ann(t);
    t->type = "text/plain";
    web_is(t, "POST", "/api/v1/cases/2/evidence?name=note.txt", "hello", 201,
           "evidence is of the story, too");
    t->type = "application/json";
    for (int pages = 0; pages < 40; pages++) {
        snprintf(target, sizeof target, "/api/v1/cases/2/timeline?limit=3%s%s", *cursor ? "&cursor=" : "",
                 cursor);
        web_ask(t, "GET", target, NULL);
        for (int i = 0; i < 3; i++) {
            char path[32];
            snprintf(path, sizeof path, "items.%d.at", i);
            struct ss_str at = web_at(t, path);
            if (!at.p)
                break;
            items++;
            char now[64];
            snprintf(now, sizeof now, "%.*s", (int)at.n - 3, at.p + 1);
            newer += strcmp(now, last_at) > 0;
            snprintf(last_at, sizeof last_at, "%s", now);
        }
        last = web_at(t, "next");
        if (!last.p || last.p[0] != '"')
            break;
        snprintf(cursor, sizeof cursor, "%.*s", (int)last.n - 2, last.p + 1);
    }
    int64_t want = ask_int(
        t, "SELECT (SELECT count(*) FROM case_activities WHERE case_id = 2) + (SELECT count(*) FROM "
           "comments WHERE case_id = 2) + (SELECT count(*) FROM evidence WHERE case_id = 2) + (SELECT "
           "count(*) FROM alerts WHERE case_id = 2)");
    ok(items == want && items > 8, "the timeline's pages give everything once (%d of %lld)", items,
       (long long)want);
    ok(newer == 0, "the newest first");
    as_vic(t);
    web_ask(t, "GET", "/api/v1/cases/2/timeline?limit=100", NULL);
    bool secret = false;
    for (size_t i = 0; i + 6 < t->body.n; i++)
        secret |= memcmp(t->body.p + i, "better", 6) == 0;
    ok(!secret, "a viewer sees no internal comment");
    web_is(t, "GET", "/api/v1/cases/2/export", NULL, 403, "nor the whole as a file");
    as_ann(t);
    web_is(t, "GET", "/api/v1/cases/2/export", NULL, 200, "the whole as a file");
    web_has(t, "case.payments.0.record.txn_id", "\"t4\"", "with its payments' records");
    web_has(t, "case.payments.0.record.email", "\"zoe@example.com\"", "whole for who may see it");
    web_has(t, "comments.0.content", "\"better\"", "and comments");
    ok(ss_str_is(t->call.res.disposition, "CASE-20260101-00002.json"), "by its number");
    web_is(t, "GET", "/api/v1/cases/99/timeline", NULL, 404, "none of no case");
}

static void test_bulk(struct web_test *t)
{
    as_ann(t);
    later();
    is_third(t, "/api/v1/cases/bulk",
             "{\"ids\":[2,%lld,99,1,2],\"action\":\"priority\",\"priority\":\"critical\"}", "many at once");
    web_has(t, "done", "2", "two could be changed");
    web_has(t, "items.2.status", "404", "one is not there");
    web_has(t, "items.3.code", "\"illegal_move\"", "one is over");
    ok(!web_at(t, "items.4").p, "each id counts once");
    ok(t->call.events == 1, "one event for all");
    is_third(t, "/api/v1/cases/bulk", "{\"ids\":[2,%lld],\"action\":\"assign\",\"user_id\":1}",
             "given to Root");
    is_third(t, "/api/v1/cases/bulk", "{\"ids\":[2,%lld],\"action\":\"assign\",\"user_id\":3}",
             "given to Bob");
    web_has(t, "done", "2", "both");
    ok(ask_int(
           t,
           "SELECT count(*) FROM notices WHERE user_id = 3 AND title = 'ann@example.com gave you 2 cases'") ==
           1,
       "who has one notice of it");
    is_third(
        t, "/api/v1/cases/bulk",
        "{\"ids\":[2,%lld],\"action\":\"resolve\",\"resolution\":\"false_positive\",\"notes\":\"same shop\"}",
        "resolved together");
    web_has(t, "items.1.case_status", "\"resolved\"", "each");
    web_is(t, "POST", "/api/v1/cases/bulk", "{\"ids\":[2],\"action\":\"resolve\"}", 422, "how?");
    web_is(t, "POST", "/api/v1/cases/bulk", "{\"ids\":[],\"action\":\"close\"}", 422, "none");
    web_is(t, "POST", "/api/v1/cases/bulk", "{\"ids\":[\"a\"],\"action\":\"close\"}", 422, "no numbers");
    web_is(t, "POST", "/api/v1/cases/bulk", "{\"ids\":[2],\"action\":\"burn\"}", 422, "no such action");
    web_is(t, "POST", "/api/v1/cases/bulk", "{\"ids\":[2],\"action\":\"close\",\"user_id\":1}", 422,
           "what belongs to another action");
}

static void test_lists(struct web_test *t)
{
    as_vic(t);
    web_ask(t, "GET", "/api/v1/cases?tab=resolved&sort=-amount&limit=1", NULL);
    web_has(t, "items.0.id", "1", "resolved ones by amount");
    ok(web_at(t, "next").p[0] == '"', "and there is another page");
    char target[900];
    struct ss_str next = web_at(t, "next");
    snprintf(target, sizeof target, "/api/v1/cases?tab=resolved&sort=-amount&cursor=%.*s", (int)next.n - 2,
             next.p + 1);
    web_ask(t, "GET", target, NULL);
    web_has(t, "items.0.id", "2", "with the next one");
    static const char *const sorts[] = {"due",      "-due",    "created", "-created",  "updated",
                                        "-updated", "-amount", "amount",  "-priority", "priority"};
    int bad = 0;
    for (size_t i = 0; i < SS_COUNT(sorts); i++) {
        snprintf(target, sizeof target, "/api/v1/cases?sort=%s&limit=2", sorts[i]);
        bad += web_ask(t, "GET", target, NULL) != 200;
        next = web_at(t, "next");
        snprintf(target, sizeof target, "/api/v1/cases?sort=%s&cursor=%.*s", sorts[i], (int)next.n - 2,
                 next.p + 1);
        bad += web_ask(t, "GET", target, NULL) != 200 || !web_at(t, "items.0").p || web_at(t, "items.1").p;
    }
    ok(bad == 0, "each order has its pages");
    web_ask(t, "GET", "/api/v1/cases?q=TINY", NULL);
    web_has(t, "items.0.id", "1", "by a word of the title");
    web_ask(t, "GET", "/api/v1/cases?user_id=u1&status=resolved,closed&priority=high&category=other", NULL);
    web_has(t, "items.0.id", "1", "by customer, status, priority and category");
    web_ask(t, "GET", "/api/v1/cases?sla=met&assigned_to=3", NULL);
    web_has(t, "items.0.id", "2", "by deadline and person");
    web_ask(t, "GET", "/api/v1/cases?resolution=inconclusive&since=2026-01-01&until=2026-01-02", NULL);
    web_has(t, "items.0.id", "1", "by resolution and time");
    web_ask(t, "GET", "/api/v1/cases?q=nothing", NULL);
    web_has(t, "items", "[]", "none");
    web_is(t, "GET", "/api/v1/cases?tab=lost&sla=x&assigned_to=-1&sort=x", NULL, 422, "all faults at once");
    web_ask(t, "GET", "/api/v1/cases/counts", NULL);
    web_has(t, "all", "3", "counts of the tabs");
    web_has(t, "resolved", "3", "all resolved");
    web_ask(t, "GET", "/api/v1/cases/stats", NULL);
    web_has(t, "total_cases", "3", "statistics");
    web_has(t, "open_cases", "0", "none open");
    web_has(t, "resolved", "3", "three resolved");
    web_has(t, "by_resolution.false_positive", "2", "two false positives");
    web_has(t, "sla_met_share", "1", "all in time");
    ok(web_at(t, "avg_resolution_hours").p && web_at(t, "avg_resolution_hours").p[0] != 'n',
       "and how long they took");
    web_is(t, "GET", "/api/v1/cases/stats?since=2027-01-01", NULL, 200, "of a time without any");
    web_has(t, "avg_resolution_hours", "null", "nothing to average");
}

/* A property: whatever is asked in whatever order, a move is made exactly when the table allows it. */
static void test_notices(struct web_test *t)
{
    as_bob(t);
    web_ask(t, "GET", "/api/v1/notices?limit=1", NULL);
    struct ss_str id = web_at(t, "items.0.id");
    char target[80];
    snprintf(target, sizeof target, "/api/v1/notices/%.*s/read", (int)id.n, id.p);
    as_ann(t);
    web_is(t, "POST", target, NULL, 404, "nobody reads another's notices");
    as_bob(t);
    int64_t before = ask_int(t, "SELECT count(*) FROM notices WHERE user_id = 3 AND read_us IS NULL");
    web_is(t, "POST", target, NULL, 200, "one's own is read");
    ok(ask_int(t, "SELECT count(*) FROM notices WHERE user_id = 3 AND read_us IS NULL") == before - 1,
       "and counted");
    web_is(t, "POST", target, NULL, 200, "again");
    web_is(t, "POST", "/api/v1/notices/read", NULL, 200, "all are read");
    web_has(t, "unread", "0", "none is left");
    web_is(t, "POST", "/api/v1/notices/x/read", NULL, 404, "no number");
    web_is(t, "GET", "/api/v1/notices?unread=true", NULL, 200, "none unread");
    web_has(t, "items", "[]", "at all");
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
        test_create(&t);
        test_get(&t);
        test_patch(&t);
        test_work(&t);
        test_links(&t);
        test_comments(&t);
        test_resolve(&t);
        test_timeline(&t);
        test_bulk(&t);
        test_lists(&t);
        test_notices(&t);
        ss_ledger_free(led);
        cases_close(&t);
    }
    return done();
}
