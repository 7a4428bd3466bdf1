/* Customers over the API: pages, one whole, whom they share things with, notes; and what a role may see. */
#include "base/number.h"
#include "tests/cases.h"
#include <math.h>

#define COUNT 23

static struct web_test t;

/* Customers u00.. with i%4+1 payments each; some without scores; two share a device, three an address. */
static void fill(void)
{
    struct ss_ledger *led;
    char line[600], score[80];
    if (ss_ledger_new(&led))
        exit(1);
    for (int i = 0; i < COUNT; i++) {
        for (int j = 0; j <= i % 4; j++) {
            snprintf(score, sizeof score, ",\"score\":{\"value\":0.%d,\"raw\":0.1,\"level\":\"HIGH\"}",
                     5 + i % 4);
            snprintf(
                line, sizeof line,
                "{\"txn_id\":\"t%d-%d\",\"timestamp\":\"2026-01-01T%02d:00:00Z\",\"amount\":%d,"
                "\"user_id\":\"u%02d\",\"card_id\":\"c%d\",\"device_id\":\"d%d\",\"ip\":\"203.0.113.%d\","
                "\"country\":\"FR\",\"merchant_id\":\"m1\"%s}",
                i, j, j, i % 3 + 1, i, i, i == 1 ? 0 : i, i < 3 ? 0 : i, i % 3 ? score : "");
            if (ss_ledger_add_line(led, ss_str_of(line), 100))
                exit(1);
        }
    }
    if (ss_db_begin(t.db, true) || ss_ledger_write(led, t.db, web_test_now) || ss_ledger_settle(led, t.db) ||
        ss_db_commit(t.db))
        exit(1);
    ss_ledger_done(led, true);
    ss_ledger_free(led);
}

static int items(const char *of)
{
    char path[48];
    for (int n = 0;; n++) {
        snprintf(path, sizeof path, "%s.%d", of, n);
        if (!web_at(&t, path).p)
            return n;
    }
}

static void walk(const char *sort, bool down)
{
    bool seen[COUNT] = {false}, good = true;
    char target[2400], path[48];
    double last = 0;
    int n = 0;
    snprintf(target, sizeof target, "/api/v1/customers?limit=4&sort=%s%s", down ? "-" : "", sort);
    for (int page = 0; page < 12 && web_ask(&t, "GET", target, NULL) == 200; page++) {
        int here = items("items");
        for (int i = 0; i < here; i++, n++) {
            snprintf(path, sizeof path, "items.%d.user_id", i);
            struct ss_str id = web_at(&t, path);
            int64_t u = -1;
            good = good && ss_int_parse(id.p + 2, id.n - 3, &u) && u >= 0 && u < COUNT && !seen[u];
            if (u >= 0 && u < COUNT)
                seen[u] = true;
            snprintf(path, sizeof path, "items.%d.%s", i, strcmp(sort, "last") == 0 ? "last_seen" : sort);
            struct ss_str text = web_at(&t, path);
            double key = 0;
            if (text.p && text.p[0] != '"' && !ss_double_parse(text.p, text.n, &key))
                key = -1;
            good = good && text.p && (n == 0 || (down ? key <= last : key >= last));
            last = key;
        }
        struct ss_str next = web_at(&t, "next");
        if (!next.p || next.p[0] != '"')
            break;
        good = good && here == 4;
        snprintf(target, sizeof target, "/api/v1/customers?limit=4&sort=%s%s&cursor=%.*s", down ? "-" : "",
                 sort, (int)next.n - 2, next.p + 1);
    }
    if (!ok(good && n == COUNT, "%s%s: all pages together are the list in its order", down ? "-" : "", sort))
        printf("# %d items\n", n);
}

static void finds(const char *query, int n, const char *what)
{
    char target[300];
    snprintf(target, sizeof target, "/api/v1/customers?limit=100&%s", query);
    web_ask(&t, "GET", target, NULL);
    int got = t.status == 200 ? items("items") : -1;
    if (!ok(got == n, "%s (%s: %d)", what, query, n))
        printf("# %d, status %d\n", got, t.status);
}

static void test_list(void)
{
    static const char *const sorts[] = {"risk", "last", "payments", "amount", "alerts", "fraud", "user_id"};
    for (size_t i = 0; i < sizeof sorts / sizeof *sorts; i++) {
        walk(sorts[i], false);
        walk(sorts[i], true);
    }
    finds("q=u0", 10, "ids that begin so");
    finds("q=d0", 2, "a device's");
    finds("q=203.0.113.0", 3, "an address's");
    finds("q=nothing", 0, "none");
    finds("min_risk=0.65", 7, "at risk");
    web_is(&t, "GET", "/api/v1/customers?min_risk=x", NULL, 422, "a wrong risk");
    web_is(&t, "GET", "/api/v1/customers?sort=name", NULL, 422, "a wrong order");
    web_is(&t, "GET", "/api/v1/customers?cursor=00", NULL, 422, "a wrong cursor");
}

static void test_one(void)
{
    web_is(&t, "GET", "/api/v1/customers/u03", NULL, 200, "one");
    web_has(&t, "customer.payments", "4", "with payments");
    web_has(&t, "usual.payments", "4", "what is usual");
    web_has(&t, "devices.0.value", "\"d3\"", "devices");
    web_has(&t, "addresses.0.value", "\"203.0.113.3\"", "addresses");
    ok(items("recent") == 4, "the newest payments");
    web_has(&t, "alerts", "[]", "no alerts");
    web_is(&t, "GET", "/api/v1/customers/nobody", NULL, 404, "none");
    web_is(&t, "GET", "/api/v1/customers/u00/links?steps=2", NULL, 200, "whom u00 shares things with");
    ok(memmem(t.body.p, t.body.n, "\"u01\"", 5) && memmem(t.body.p, t.body.n, "\"u02\"", 5) &&
           !memmem(t.body.p, t.body.n, "\"u03\"", 5),
       "u01 by a device, u02 by an address, u03 not");
    web_is(&t, "GET", "/api/v1/customers/u00/links?steps=0", NULL, 422, "no steps");
    web_is(&t, "GET", "/api/v1/customers/nobody/links", NULL, 404, "of none");
    web_is(&t, "GET", "/api/v1/entities/device/d0", NULL, 200, "a device");
    ok(items("customers") == 2 && items("payments") == 3, "with its customers and payments");
    web_is(&t, "GET", "/api/v1/entities/ip/203.0.113.0", NULL, 200, "an address");
    ok(items("customers") == 3, "with its customers");
    web_is(&t, "GET", "/api/v1/entities/email/x", NULL, 404, "no such kind of thing");
}

static void test_notes(void)
{
    as_ann(&t);
    web_is(&t, "PUT", "/api/v1/customers/u01/note", "{\"note\":\"calls \\\"late\\\"\"}", 200, "a note");
    web_has(&t, "note", "\"calls \\\"late\\\"\"", "is answered");
    web_is(&t, "GET", "/api/v1/customers/u01", NULL, 200, "and kept");
    web_has(&t, "customer.note", "\"calls \\\"late\\\"\"", "as it was written");
    ok(ask_int(&t, "SELECT count(*) FROM audit WHERE action = 'customer.note'") == 1, "and audited");
    web_is(&t, "PUT", "/api/v1/customers/u01/note", "{\"note\":null}", 200, "taken away");
    web_has(&t, "note", "null", "it is gone");
    web_is(&t, "PUT", "/api/v1/customers/u01/note", "{}", 422, "nothing said");
    web_is(&t, "PUT", "/api/v1/customers/u01/note", "{\"note\":5}", 422, "no text");
    web_is(&t, "PUT", "/api/v1/customers/u01/note", "{\"note\":\"x\",\"nose\":1}", 422, "a misspelt member");
    web_is(&t, "PUT", "/api/v1/customers/nobody/note", "{\"note\":\"x\"}", 404, "of none");
    as_vic(&t);
    web_is(&t, "PUT", "/api/v1/customers/u01/note", "{\"note\":\"x\"}", 403, "a viewer writes none");
    as_root(&t);
}

static void test_roles(void)
{
    static const char *const paths[] = {"/api/v1/customers", "/api/v1/customers/u00",
                                        "/api/v1/customers/u00/links", "/api/v1/entities/card/c1"};
    for (int i = 0; i < 4; i++) {
        web_as(&t, SS_NOBODY, 0, "");
        web_is(&t, "GET", paths[i], NULL, 401, "nobody");
        as_vic(&t);
        web_is(&t, "GET", paths[i], NULL, 200, "a viewer");
        web_as(&t, SS_SERVICE, 0, "key:x");
        t.who.scopes = SS_STR("score");
        web_is(&t, "GET", paths[i], NULL, 403, "a key for something else");
    }
    as_root(&t);
    web_is(&t, "PATCH", "/api/v1/settings", "{\"mask.viewer\":true}", 200, "masking");
    if (ss_settings_refresh(t.web.settings, t.db))
        exit(1);
    as_vic(&t);
    static const char *const whole[] = {"/api/v1/customers/u00", "/api/v1/customers/u00/links",
                                        "/api/v1/entities/card/c1"};
    for (int i = 0; i < 3; i++) {
        web_is(&t, "GET", whole[i], NULL, 200, "a viewer");
        ok(!memmem(t.body.p, t.body.n, "203.0.113", 9) &&
               (i == 1 || memmem(t.body.p, t.body.n, "203.0.x.x", 9)),
           "sees no address");
    }
    finds("q=203.0.113.0", 0, "nor tries them out");
    finds("q=d0", 2, "but devices");
    web_is(&t, "GET", "/api/v1/entities/ip/203.0.113.0", NULL, 403, "nor whose it is");
}

int main(void)
{
    for (present = SS_SQLITE; present <= SS_POSTGRES; present++) {
        if (!cases_open(&t))
            continue;
        as_root(&t);
        web_is(&t, "GET", "/api/v1/customers", NULL, 200, "without payments there is a list");
        web_has(&t, "items", "[]", "that is empty");
        fill();
        test_list();
        test_one();
        test_notes();
        test_roles();
        cases_close(&t);
    }
    return done();
}
