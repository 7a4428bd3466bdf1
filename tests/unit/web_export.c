/* Lists as files: what spreadsheets and programs get, and what they must not. */
#include "tests/cases.h"

#define T0 "2026-01-01T"

static struct web_test t;
static struct ss_ledger *led;

static void put_line(const char *line)
{
    if (ss_ledger_add_line(led, ss_str_of(line), -1)) {
        printf("Bail out! %s\n", ss_err_text());
        exit(1);
    }
}

static void write_all(void)
{
    if (ss_db_begin(t.db, true) || ss_ledger_write(led, t.db, web_test_now) || ss_ledger_settle(led, t.db) ||
        ss_db_commit(t.db)) {
        printf("Bail out! %s\n", ss_err_text());
        exit(1);
    }
    ss_ledger_done(led, true);
}

static void fill(void)
{
    char line[600];
    put_line("{\"txn_id\":\"p1\",\"timestamp\":\"" T0 "10:00:00Z\",\"amount\":12.5,\"user_id\":\"u1\","
             "\"card_id\":\"c1\",\"merchant_id\":\"=cmd|' /C calc'!A0\",\"ip\":\"203.0.113.7\","
             "\"location\":\"Paris, \\\"FR\\\"\",\"category\":\"-5\",\"decision\":{\"action\":\"block\","
             "\"level\":\"HIGH\",\"score\":0.75,\"rules\":[{\"id\":\"burst\",\"reason\":\"a\\nb\"},"
             "{\"id\":\"night\"}]},\"alert\":{\"id\":\"a1\",\"key\":\"card:c1\",\"count\":1}}");
    put_line("{\"txn_id\":\"p2\",\"timestamp\":\"" T0 "11:00:00Z\",\"amount\":7,\"user_id\":\"u2\","
             "\"merchant_id\":\"@home\",\"category\":\"+1 2\"}");
    put_line("{\"txn_id\":\"p3\",\"timestamp\":\"" T0 "12:00:00Z\",\"amount\":7,\"user_id\":\"u3\","
             "\"merchant_id\":\"a;=1+1\",\"category\":\"a\\t=1+1\",\"decision\":{\"action\":\"block\","
             "\"rules\":[{\"id\":\"a\"},{\"id\":\"=1+1\"}]}}");
    for (int i = 0; i < 1201; i++) {
        snprintf(line, sizeof line,
                 "{\"txn_id\":\"m%04d\",\"timestamp\":\"2025-12-31T00:00:00Z\",\"amount\":1,"
                 "\"user_id\":\"many\"}",
                 i);
        put_line(line);
    }
    write_all();
}

static int64_t lines(struct ss_str text)
{
    int64_t n = 0;
    for (size_t i = 0; i < text.n; i++)
        n += text.p[i] == '\n';
    return n;
}

static bool has(const char *text)
{
    size_t n = strlen(text);
    for (size_t i = 0; i + n <= t.body.n; i++)
        if (memcmp(t.body.p + i, text, n) == 0)
            return true;
    return false;
}

static void text_is(const char *text, const char *what)
{
    if (!ok(ss_str_is(t.body, text), "%s", what))
        printf("# got %.*s\n", (int)(t.body.n < 900 ? t.body.n : 900), t.body.p);
}

static void csv(void)
{
    web_is(&t, "GET", "/api/v1/export?kind=payments&format=csv&user_id=u1", NULL, 200, "payments as CSV");
    text_is("seq,txn_id,timestamp,user_id,card_id,merchant_id,device_id,ip,country,location,category,"
            "channel,currency,amount,score,level,action,label,latency_us,alert_id,reason,rules\r\n"
            "1,p1,2026-01-01T10:00:00Z,u1,c1,'=cmd|' /C calc'!A0,,203.0.113.7,,"
            "\"Paris, \"\"FR\"\"\",-5,,,12.5,0.75,HIGH,block,,,a1,\"a\nb\",\"burst;night\"\r\n",
            "with a header, quotes, no formula, and numbers as they are");
    ok(ss_str_is(t.call.res.disposition, "payments.csv") && !t.call.res.next.p, "named, and whole");
    ok(strncmp(t.call.res.type, "text/csv", 8) == 0, "and typed");
    web_is(&t, "GET", "/api/v1/export?user_id=u2&columns=merchant_id,category,amount", NULL, 200,
           "chosen columns");
    text_is("merchant_id,category,amount\r\n'@home,'+1 2,7\r\n", "in their order");
    web_is(&t, "GET", "/api/v1/export?user_id=u3&columns=merchant_id,category,rules", NULL, 200,
           "what parts cells where a comma is the decimal sign");
    text_is("merchant_id,category,rules\r\n\"a;=1+1\",\"a\t=1+1\",\"a;'=1+1\"\r\n",
            "is quoted, and begins no formula");
    web_is(&t, "GET", "/api/v1/export?user_id=nobody&columns=txn_id", NULL, 200, "no rows");
    text_is("txn_id\r\n", "are a header");
    web_is(&t, "GET", "/api/v1/export?kind=payments&format=csv&level=HIGH", NULL, 200,
           "the filters of the list are heard");
    ok(lines(t.body) == 3, "one row, with a line feed in it");
    web_is(&t, "GET", "/api/v1/export?user_id=many&columns=txn_id", NULL, 200,
           "more than a page of the list");
    ok(lines(t.body) == 1202 && has("\r\nm0000\r\n") && has("\r\nm1200\r\n"), "is there as a whole");
}

static void parts(void)
{
    static const char first[] = "/api/v1/export?format=ndjson&user_id=many&columns=txn_id&limit=700";
    web_is(&t, "GET", first, NULL, 200, "a part");
    ok(lines(t.body) == 700, "is as long as was asked for");
    ok(ss_str_is(t.call.res.disposition, "payments-part.ndjson"), "says that it is one");
    char next[600];
    snprintf(next, sizeof next, "%.*s", (int)t.call.res.next.n, t.call.res.next.p);
    ok(next[0] != '\0', "and where it goes on");
    char last[40];
    snprintf(last, sizeof last, "%.*s", 19, t.body.p + t.body.n - 19);
    ok(strcmp(last, "{\"txn_id\":\"m0501\"}\n") == 0, "in the order of the list");
    web_is(&t, "GET", next, NULL, 200, "the rest");
    ok(lines(t.body) == 501 && strncmp(t.body.p, "{\"txn_id\":\"m0500\"}", 18) == 0,
       "begins behind it and is complete");
    ok(!t.call.res.next.p, "and is the last");
}

static void kinds(void)
{
    web_is(&t, "GET", "/api/v1/export?kind=alerts&columns=id,status,rules,case.number", NULL, 200, "alerts");
    text_is("id,status,rules,case.number\r\na1,new,\"burst;night\",\r\n", "as their list has them");
    web_is(&t, "POST", "/api/v1/cases", "{\"title\":\"-look\",\"user_id\":\"u1\"}", 201, "a case");
    web_is(&t, "GET", "/api/v1/export?kind=cases&columns=title,status,sla.state", NULL, 200, "cases");
    text_is("title,status,sla.state\r\n'-look,open,on_track\r\n", "as their list has them");
    web_is(&t, "GET", "/api/v1/export?kind=cases&tab=closed&format=ndjson", NULL, 200, "none is closed");
    text_is("", "which is nothing at all in NDJSON");
    web_is(&t, "GET", "/api/v1/export?kind=customers&columns=user_id,payments&sort=user_id&limit=1", NULL,
           200, "customers");
    text_is("user_id,payments\r\nmany,1201\r\n", "as their list has them");
    web_is(&t, "GET", "/api/v1/export?kind=customers&format=ndjson&q=u1", NULL, 200, "whole items");
    ok(has("{\"user_id\":\"u1\",") && has("\"note\":null}\n"), "as the list gives them");
}

/* Every column of a header is a member that the list knows; a case, an alert and a customer are there. */
static void columns_are_known(void)
{
    static const char *const kind[] = {"payments", "alerts", "cases", "customers"};
    for (int k = 0; k < 4; k++) {
        char target[80], header[900], path[80];
        snprintf(target, sizeof target, "/api/v1/export?kind=%s&limit=1", kind[k]);
        web_ask(&t, "GET", target, NULL);
        snprintf(header, sizeof header, "%.*s", (int)strcspn(t.body.p, "\r"), t.body.p);
        snprintf(target, sizeof target, "/api/v1/%s?limit=1", kind[k]);
        web_ask(&t, "GET", target, NULL);
        bool all = true;
        char *rest = header;
        for (char *word; (word = strsep(&rest, ","));) {
            char *dot = strchr(word, '.');
            snprintf(path, sizeof path, "items.0.%s", word);
            struct ss_str value = web_at(&t, path);
            if (!value.p && dot) { /* of something that may be null */
                path[8 + (dot - word)] = '\0';
                value = web_at(&t, path);
            }
            if (!value.p)
                printf("# %s have no %s\n", kind[k], word);
            all = all && value.p;
        }
        ok(all, "all columns of %s are members of their list", kind[k]);
    }
}

static void refusals(void)
{
    web_is(&t, "GET", "/api/v1/export?kind=users", NULL, 422, "no other kind");
    web_is(&t, "GET", "/api/v1/export?format=xlsx", NULL, 422, "no other format");
    web_is(&t, "GET", "/api/v1/export?columns=password", NULL, 422, "no other column");
    web_is(&t, "GET", "/api/v1/export?limit=50001", NULL, 422, "no more than 50,000 rows");
    web_is(&t, "GET", "/api/v1/export?level=ODD", NULL, 422, "a wrong filter is the list's problem");
    ok(strcmp(t.call.res.type, "application/problem+json") == 0 && t.body.p[0] == '{', "and told as one");
    web_is(&t, "GET", "/api/v1/export?cursor=zz", NULL, 422, "so is a damaged cursor");
    web_as(&t, SS_NOBODY, 0, "");
    web_is(&t, "GET", "/api/v1/export", NULL, 401, "nobody exports without a name");
    web_as(&t, SS_SERVICE, 0, "key:bi");
    t.who.scopes = SS_STR("payments:read");
    web_is(&t, "GET", "/api/v1/export", NULL, 403, "a key needs the scope");
    t.who.scopes = SS_STR("export");
    web_is(&t, "GET", "/api/v1/export?limit=1", NULL, 200, "and may with it");
    as_root(&t);
}

static void masking(void)
{
    web_is(&t, "PATCH", "/api/v1/settings", "{\"mask.viewer\":true}", 200, "viewers see no addresses");
    if (ss_settings_refresh(t.web.settings, t.db))
        exit(1);
    web_as(&t, SS_VIEWER, VIC, "vic@example.com");
    web_is(&t, "GET", "/api/v1/export?user_id=u1&columns=ip", NULL, 200, "a viewer exports");
    text_is("ip\r\n203.0.x.x\r\n", "what the list would show");
    as_root(&t);
    web_is(&t, "GET", "/api/v1/export?user_id=u1&columns=ip", NULL, 200, "an administrator");
    text_is("ip\r\n203.0.113.7\r\n", "sees it whole");
}

int main(void)
{
    for (present = SS_SQLITE; present <= SS_POSTGRES; present++) {
        if (!cases_open(&t))
            continue;
        as_root(&t);
        if (ss_ledger_new(&led))
            return 1;
        fill();
        csv();
        parts();
        kinds();
        columns_are_known();
        refusals();
        masking();
        ss_ledger_free(led);
        cases_close(&t);
    }
    return done();
}
