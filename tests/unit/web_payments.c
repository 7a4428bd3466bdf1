/* Payments over the API: lists whose pages fit together, one with all about it, for each role what it may
 * see. */
#include "base/number.h"
#include "tests/cases.h"
#include <math.h>

#define COUNT 40

static struct web_test t;

/* Times, amounts and scores that many share; every third has no score. */
static void fill(void)
{
    struct ss_ledger *led;
    char line[700], score[80];
    if (ss_ledger_new(&led))
        exit(1);
    for (int i = 0; i < COUNT; i++) {
        const char *level = i % 3 == 0 ? "NONE" : i % 2 ? "HIGH" : "MEDIUM";
        snprintf(score, sizeof score, ",\"score\":{\"value\":0.%d,\"raw\":0.1,\"level\":\"%s\"}",
                 5 + i / 3 % 4, level);
        snprintf(
            line, sizeof line,
            "{\"txn_id\":\"t%02d\",\"timestamp\":\"2026-01-01T%02d:00:00Z\",\"amount\":%d.5,"
            "\"user_id\":\"u%d\",\"card_id\":\"c%d\",\"ip\":\"203.0.113.%d\",\"email\":\"zoe@example.com\","
            "\"country\":\"%s\",\"category\":\"food\"%s%s%s}",
            i, i / 8, i / 5, i % 4, i % 2, i % 3, i % 2 ? "FR" : "US", i % 3 ? score : "",
            i == 7 ? ",\"decision\":{\"action\":\"block\",\"level\":\"HIGH\",\"score\":0.7,\"rules\":[{"
                     "\"id\":\"burst\",\"reason\":\"too many\"}]},\"alert\":{\"id\":\"a7\",\"key\":"
                     "\"card:c1\",\"count\":1}"
                   : "",
            i == 8   ? ",\"label\":1"
            : i == 9 ? ",\"label\":0"
                     : "");
        if (ss_ledger_add_line(led, ss_str_of(line), 100))
            exit(1);
    }
    if (ss_db_begin(t.db, true) || ss_ledger_write(led, t.db, web_test_now) || ss_ledger_settle(led, t.db) ||
        ss_db_commit(t.db))
        exit(1);
    ss_ledger_done(led, true);
    ss_ledger_free(led);
}

static double real_at(const char *path)
{
    double value;
    struct ss_str text = web_at(&t, path);
    return text.p && ss_double_parse(text.p, text.n, &value) ? value : NAN;
}

static int items(void)
{
    char path[32];
    for (int n = 0;; n++) {
        snprintf(path, sizeof path, "items.%d", n);
        if (!web_at(&t, path).p)
            return n;
    }
}

/* The whole list in pages of 7: each payment once, in order, as its pages say. */
static void walk(const char *sort, const char *member)
{
    bool seen[COUNT] = {false}, good = true, down = sort[0] == '-';
    char target[2400], path[40];
    double last = NAN, last_seq = 0;
    int n = 0;
    snprintf(target, sizeof target, "/api/v1/payments?limit=7&sort=%s", sort);
    for (int page = 0; page < 10; page++) {
        if (web_ask(&t, "GET", target, NULL) != 200)
            break;
        int here = items();
        for (int i = 0; i < here; i++, n++) {
            snprintf(path, sizeof path, "items.%d.seq", i);
            double seq = real_at(path);
            snprintf(path, sizeof path, "items.%d.%s", i, member);
            double key = member[0] == 't' ? 0 : real_at(path);
            key = isnan(key) ? -1 : key; /* no score is below all */
            if (n && (down ? key > last || (key == last && seq > last_seq && member[0] != 't')
                           : key < last || (key == last && seq < last_seq && member[0] != 't')))
                good = false;
            good = good && seq >= 1 && seq <= COUNT && !seen[(int)seq - 1];
            seen[seq >= 1 && seq <= COUNT ? (int)seq - 1 : 0] = true;
            last = key, last_seq = seq;
        }
        struct ss_str next = web_at(&t, "next");
        if (!next.p || next.p[0] != '"')
            break;
        good = good && here == 7;
        snprintf(target, sizeof target, "/api/v1/payments?limit=7&sort=%s&cursor=%.*s", sort, (int)next.n - 2,
                 next.p + 1);
    }
    if (!ok(good && n == COUNT, "%s: all pages together are the list in its order", sort))
        printf("# %d items\n", n);
}

static void finds(const char *query, int n, const char *what)
{
    char target[300];
    snprintf(target, sizeof target, "/api/v1/payments?limit=100&%s", query);
    web_ask(&t, "GET", target, NULL);
    int got = t.status == 200 ? items() : -1;
    if (!ok(got == n, "%s (%s: %d)", what, query, n))
        printf("# %d, status %d\n", got, t.status);
}

static void test_lists(void)
{
    static const char *const sorts[] = {"time", "seq", "amount", "score"};
    static const char *const members[] = {"timestamp", "seq", "amount", "score"};
    char down[16];
    for (int i = 0; i < 4; i++) {
        snprintf(down, sizeof down, "-%s", sorts[i]);
        walk(sorts[i], members[i]);
        walk(down, members[i]);
    }
    finds("user_id=u1", 10, "a customer's");
    finds("card_id=c1", 20, "a card's");
    finds("country=FR&user_id=u1", 10, "both at once");
    finds("ip=203.0.113.0", 14, "an address's");
    finds("action=block", 1, "blocked");
    finds("level=HIGH,MEDIUM&action=allow,block", 26, "levels and actions are sets");
    finds("label=1", 1, "known to be fraud");
    finds("label=0", 1, "known to be genuine");
    finds("label=none", 38, "not known");
    finds("min_amount=7&max_amount=7.5", 5, "amounts, both ends with");
    finds("min_score=0.8", 6, "scores: none is none");
    finds("rule=burst", 1, "where a rule fired");
    finds("since=2026-01-01T04:00:00Z&until=2026-01-01T05:00:00Z", 8, "an hour");
    finds("q=t0", 10, "ids that begin so");
    finds("q=a%25", 0, "which are no pattern");
    finds("q=c1", 20, "cards, too");
    finds("merchant_id=nobody", 0, "nothing");
    web_is(&t, "GET", "/api/v1/payments?fields=txn_id&limit=1&sort=seq", NULL, 200, "some members");
    web_has(&t, "items.0", "{\"txn_id\":\"t00\"}", "and no others");
    web_is(&t, "GET", "/api/v1/customers/u2/payments?user_id=u1&limit=100", NULL, 200,
           "a customer's, by path");
    ok(items() == 10, "are that customer's, whatever the query says");
    static const char *const wrong[] = {"limit=0",         "limit=501",   "sort=odd",    "cursor=zz",
                                        "level=ODD",       "action=ODD",  "label=2",     "since=yesterday",
                                        "min_amount=lots", "min_score=x", "cursor=2d74", "q=%ff"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        char target[100];
        snprintf(target, sizeof target, "/api/v1/payments?%s", wrong[i]);
        web_is(&t, "GET", target, NULL, 422, "a wrong question is refused");
    }
    web_ask(&t, "GET", "/api/v1/payments?limit=2&sort=amount", NULL);
    char target[2400];
    struct ss_str next = web_at(&t, "next");
    snprintf(target, sizeof target, "/api/v1/payments?sort=score&cursor=%.*s", (int)next.n - 2, next.p + 1);
    web_is(&t, "GET", target, NULL, 422, "a cursor of another order, too");
}

static void test_one(void)
{
    web_is(&t, "GET", "/api/v1/payments/t07", NULL, 200, "one");
    web_has(&t, "payment.reason", "\"too many\"", "with its reason");
    web_has(&t, "payment.rules", "[\"burst\"]", "its rules");
    web_has(&t, "record.txn_id", "\"t07\"", "its record");
    web_has(&t, "before.0.txn_id", "\"t03\"", "what came before");
    web_has(&t, "after.0.txn_id", "\"t11\"", "and after");
    web_has(&t, "usual.payments", "1", "what was usual until then");
    web_has(&t, "usual.amount_mean", "0.5", "by the mean");
    web_has(&t, "alerts.0.id", "\"a7\"", "its alert");
    web_has(&t, "cases", "[]", "no case");
    web_is(&t, "GET", "/api/v1/payments/t08", NULL, 200, "a labelled one");
    web_has(&t, "payment.label", "1", "with its label");
    web_is(&t, "GET", "/api/v1/payments/nothing", NULL, 404, "none");
    web_is(&t, "GET", "/api/v1/payments/t07/record", NULL, 200, "the record alone");
    web_has(&t, "email", "\"zoe@example.com\"", "as it was");
    web_is(&t, "GET", "/api/v1/payments/nothing/record", NULL, 404, "of none");
    web_is(&t, "GET", "/api/v1/payments/stats", NULL, 200, "all in numbers");
    web_has(&t, "total", "40", "payments");
    web_has(&t, "frauds", "1", "frauds");
    web_has(&t, "blocked", "1", "blocked");
}

static void test_roles(void)
{
    static const char *const paths[] = {"/api/v1/payments", "/api/v1/payments/stats", "/api/v1/payments/t07",
                                        "/api/v1/payments/t07/record", "/api/v1/customers/u1/payments"};
    for (int i = 0; i < 5; i++) {
        web_as(&t, SS_NOBODY, 0, "");
        web_is(&t, "GET", paths[i], NULL, 401, "nobody");
        as_vic(&t);
        web_is(&t, "GET", paths[i], NULL, 200, "a viewer");
        web_as(&t, SS_SERVICE, 0, "key:x");
        t.who.scopes = SS_STR("score");
        web_is(&t, "GET", paths[i], NULL, 403, "a key for something else");
    }
    as_root(&t);
    web_is(&t, "PATCH", "/api/v1/settings", "{\"mask.viewer\":true,\"mask.analyst\":false}", 200, "masking");
    if (ss_settings_refresh(t.web.settings, t.db))
        exit(1);
    as_vic(&t);
    web_is(&t, "GET", "/api/v1/payments/t07", NULL, 200, "a viewer");
    web_has(&t, "payment.ip", "\"203.0.x.x\"", "sees no address");
    web_has(&t, "record.ip", "\"203.0.x.x\"", "nor in the record");
    web_has(&t, "record.email", "\"z***@example.com\"", "nor an email");
    web_has(&t, "before.0.ip", "\"203.0.x.x\"", "nor of others");
    web_is(&t, "GET", "/api/v1/payments/t07/record", NULL, 200, "the record alone");
    web_has(&t, "email", "\"z***@example.com\"", "is masked as well");
    web_is(&t, "GET", "/api/v1/payments?limit=1", NULL, 200, "and the list");
    ok(memmem(t.body.p, t.body.n, "203.0.113", 9) == NULL, "has no address");
    finds("ip=203.0.113.0", -1, "who may not see an address may not try them out");
    finds("q=203.0.113.0", 0, "nor by search");
    as_ann(&t);
    web_is(&t, "GET", "/api/v1/payments/t07", NULL, 200, "an analyst");
    web_has(&t, "payment.ip", "\"203.0.113.1\"", "does");
    finds("ip=203.0.113.0", 14, "and may look for it");
}

int main(void)
{
    for (present = SS_SQLITE; present <= SS_POSTGRES; present++) {
        if (!cases_open(&t))
            continue;
        as_root(&t);
        web_is(&t, "GET", "/api/v1/payments", NULL, 200, "without payments there is a list");
        web_has(&t, "items", "[]", "that is empty");
        web_is(&t, "GET", "/api/v1/payments/stats", NULL, 200, "and numbers");
        web_has(&t, "fraud_rate", "null", "of which some are not known");
        fill();
        test_lists();
        test_one();
        test_roles();
        cases_close(&t);
    }
    return done();
}
