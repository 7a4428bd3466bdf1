/* Lists over the API: entries, imports, exports, and the files that the rules read. */
#include "base/file.h"
#include "store/settings.h"
#include "tests/databases.h"
#include "tests/web.h"
#include "web/engine.h"
#include "web/lists.h"
#include "web/rules.h"

static int reloads;

static int count_reload(struct ss_engine *engine)
{
    (void)engine;
    reloads++;
    return 0;
}

static const struct ss_engine_ops engine_ops = {.reload = count_reload};
static struct ss_engine engine = {&engine_ops, NULL};
static char dir[64], rules_file[128], list_file[128];

#define HEAD "# Kept in the store: what is edited here is lost.\nvalue,reason,from,until\n"

static bool file_is(const char *want)
{
    struct ss_buf text;
    ss_buf_init(&text, 1 << 20);
    bool same = ss_file_read(list_file, &text) == 0 && ss_str_is((struct ss_str){text.p, text.n}, want);
    if (!same)
        printf("# the file: %s\n", ss_buf_cstr(&text));
    ss_buf_free(&text);
    return same;
}

/* Overwrites what calls before have left on the stack. */
__attribute__((noinline)) static int clobber(void)
{
    volatile char room[16384];
    for (size_t i = 0; i < sizeof room; i++)
        room[i] = '!';
    return room[7];
}

/* A query goes on after the function that began it has returned. */
static void rows_outlive_their_maker(struct web_test *t)
{
    enum { MANY = 3000 };
    static struct ss_entry_row entry[MANY];
    static char value[MANY][8];
    struct ss_rows *rows;
    int64_t added;
    int n = 0;
    for (int i = 0; i < MANY; i++) {
        snprintf(value[i], sizeof *value, "m%05d", i);
        entry[i] = (struct ss_entry_row){
            .value = ss_str_of(value[i]), .actor = SS_STR("x"), .from_us = INT64_MIN, .until_us = INT64_MAX};
    }
    const struct ss_list_row list = {.name = SS_STR("many"), .kind = SS_STR("exact")};
    if (ss_db_begin(t->db, true) || ss_lists_add(t->db, &list, 1) ||
        ss_list_entries_put(t->db, list.name, entry, MANY, 1, &added) || ss_db_commit(t->db))
        exit(1);
    if (ss_list_entries(t->db, list.name, SS_STR("m0"), (struct ss_str){NULL, 0}, 0, 0, &rows))
        exit(1);
    ok(clobber() == '!', "the stack is another");
    while (ss_rows_next(rows) > 0)
        n++;
    ss_rows_free(rows);
    ok(n == MANY, "all entries of a list are read (%d)", n);
    if (ss_db_begin(t->db, true) || ss_lists_remove(t->db, list.name) || ss_db_commit(t->db))
        exit(1);
}

static void write_file(const char *path, const char *text)
{
    if (ss_file_replace(path, text, strlen(text)))
        exit(1);
}

static int reopen(struct web_test *t)
{
    const struct ss_rules_options options = {.file = rules_file};
    ss_rules_close(t->web.rules);
    return ss_rules_open(&options, t->db, web_test_now, &t->web.rules);
}

static void make(struct web_test *t)
{
    web_is(t, "POST", "/api/v1/lists", "{\"name\":\"bad\",\"kind\":\"exact\",\"description\":\"devices\"}",
           201, "a list is made");
    ok(ss_str_is(t->call.res.location, "/api/v1/lists/bad"), "and says where it is");
    ok(file_is(HEAD) && reloads == 1, "its file is written and read");
    web_is(t, "POST", "/api/v1/lists", "{\"name\":\"bad\",\"kind\":\"cidr\"}", 409, "not twice");
    web_is(t, "POST", "/api/v1/lists", "{\"name\":\"../x\",\"kind\":\"exact\"}", 422,
           "not with a path for a name");
    web_is(t, "POST", "/api/v1/lists", "{\"name\":\"9x\",\"kind\":\"exact\"}", 422, "nor a number");
    web_is(t, "POST", "/api/v1/lists", "{\"name\":\"x\",\"kind\":\"regex\"}", 422,
           "not of a kind that is none");
    web_is(t, "POST", "/api/v1/lists", "{\"kind\":\"exact\"}", 422, "not without a name");
    web_is(t, "GET", "/api/v1/lists", NULL, 200, "lists are listed");
    web_has(t, "items.0.name", "\"bad\"", "by name");
    web_has(t, "items.0.in_rules", "false", "and whether rules ask them");
    web_is(t, "PATCH", "/api/v1/lists/bad", "{\"description\":\"bad devices\"}", 200, "one is described");
    web_is(t, "GET", "/api/v1/lists/nosuch", NULL, 404, "one that is not there");
}

static void entries(struct web_test *t)
{
    int before = reloads;
    web_is(t, "POST", "/api/v1/lists/bad/entries",
           "{\"value\":\" D0815 \",\"reason\":\"chargeback, twice\",\"until\":\"2026-06-01T00:00:00Z\"}", 201,
           "an entry is added");
    web_has(t, "value", "\"D0815\"", "without blanks around");
    web_has(t, "until", "\"2026-06-01T00:00:00Z\"", "with its span");
    web_has(t, "added_by", "\"admin@example.com\"", "by somebody");
    ok(file_is(HEAD "D0815,\"chargeback, twice\",,2026-06-01T00:00:00Z\n") && reloads == before + 1,
       "and counts at once");
    web_is(t, "POST", "/api/v1/lists/bad/entries",
           "{\"value\":\"D0815\",\"reason\":\"chargeback, twice\",\"until\":\"2026-06-01T00:00:00Z\"}", 200,
           "the same again");
    ok(reloads == before + 1, "changes nothing");
    web_is(t, "PUT", "/api/v1/lists/bad/entries/D0815", "{\"reason\":\"thrice\"}", 200, "another reason");
    ok(file_is(HEAD "D0815,thrice\n"), "takes its place");
    web_is(t, "GET", "/api/v1/lists/bad", NULL, 200, "the list");
    web_has(t, "entries", "1", "has one entry");
    web_is(t, "PUT", "/api/v1/lists/bad/entries/%23a%20%2Fb", "{}", 201, "any text may be a value");
    ok(file_is(HEAD "\"#a /b\"\nD0815,thrice\n"), "in quotes where it must be");
    web_is(t, "POST", "/api/v1/lists/bad/entries", "{\"value\":\"a\\nb\"}", 422, "but no line end");
    web_is(t, "POST", "/api/v1/lists/bad/entries", "{\"value\":\"a\",\"reason\":\"a\\nb\"}", 422,
           "nor in a reason");
    web_is(t, "POST", "/api/v1/lists/bad/entries", "{\"value\":\"  \"}", 422, "nothing is no value");
    web_is(t, "POST", "/api/v1/lists/bad/entries",
           "{\"value\":\"a\",\"from\":\"2026-02-01\",\"until\":\"2026-01-01\"}", 422,
           "a span that ends first");
    web_is(t, "POST", "/api/v1/lists/nosuch/entries", "{\"value\":\"a\"}", 404, "no such list");
    web_is(t, "GET", "/api/v1/lists/bad/entries?prefix=D0", NULL, 200, "entries are searched by their begin");
    web_has(t, "items.0.value", "\"D0815\"", "and found");
    ok(!web_at(t, "items.1").p, "others are not");
    web_is(t, "GET", "/api/v1/lists/bad/entries?limit=1", NULL, 200, "they come in pages");
    char path[256];
    struct ss_str next = web_at(t, "next");
    snprintf(path, sizeof path, "/api/v1/lists/bad/entries?limit=1&cursor=%.*s", (int)next.n - 2, next.p + 1);
    web_is(t, "GET", path, NULL, 200, "one after the other");
    web_has(t, "items.0.value", "\"D0815\"", "in order");
    web_has(t, "next", "null", "to the last");
    web_is(t, "GET", "/api/v1/lists/bad/entries/D0815", NULL, 200, "one is found by its value");
    web_is(t, "DELETE", "/api/v1/lists/bad/entries/%23a%20%2Fb", NULL, 204, "one is taken off");
    web_is(t, "DELETE", "/api/v1/lists/bad/entries/%23a%20%2Fb", NULL, 404, "once");
    ok(file_is(HEAD "D0815,thrice\n"), "and off the file");
}

static void kinds(struct web_test *t)
{
    web_is(t, "POST", "/api/v1/lists", "{\"name\":\"nets\",\"kind\":\"cidr\"}", 201, "a list of networks");
    web_is(t, "POST", "/api/v1/lists/nets/entries", "{\"value\":\"10.0.0.0/8\"}", 201, "takes one");
    web_is(t, "POST", "/api/v1/lists/nets/entries", "{\"value\":\"10.0.0.0/99\"}", 422, "and no other text");
    web_is(t, "GET", "/api/v1/lists/nets/entries/10.0.0.0%2F8", NULL, 200, "its slash in a path");
    web_is(t, "POST", "/api/v1/lists", "{\"name\":\"domains\",\"kind\":\"email_domain\"}", 201,
           "a list of domains");
    web_is(t, "POST", "/api/v1/lists/domains/entries", "{\"value\":\"Example.COM\"}", 201, "takes one");
    web_has(t, "value", "\"example.com\"", "in lower case");
}

static void many(struct web_test *t)
{
    t->type = "text/csv";
    web_is(t, "POST", "/api/v1/lists/bad/import",
           "# from the bank\nvalue,reason,until\nD1,\"a, b\",\nD2,,2026-05-01\nD1,later,\nD0815,known,\n",
           200, "a CSV file is imported");
    ok(ss_str_is(t->body, "{\"entries\":3,\"added\":2,\"changed\":1,\"removed\":0}"), "each value once");
    ok(file_is(HEAD "D0815,known\nD1,later\nD2,,,2026-05-01T00:00:00Z\n"), "the last line of one counts");
    web_is(t, "POST", "/api/v1/lists/nets/import", "10.1.0.0/16\nnonsense\n10.2.0.0/33\n", 422,
           "a broken one");
    web_has(t, "errors.0.name", "\"line 2\"", "is told line by line");
    web_has(t, "errors.1.name", "\"line 3\"", "each of them");
    web_is(t, "GET", "/api/v1/lists/nets", NULL, 200, "and nothing of it");
    web_has(t, "entries", "1", "is taken");
    t->type = "application/x-ndjson";
    web_is(t, "POST", "/api/v1/lists/bad/import?mode=replace",
           "{\"value\":\"E1\",\"reason\":\"x\",\"from\":\"2026-01-01T00:00:00Z\"}\n\n{\"value\":\"E2\"}\n",
           200, "NDJSON takes the place of all");
    ok(ss_str_is(t->body, "{\"entries\":2,\"added\":2,\"changed\":0,\"removed\":3}"), "as it says");
    web_is(t, "POST", "/api/v1/lists/bad/import", "{\"valu\":\"E1\"}\n", 422, "an object without a value");
    t->type = "application/json";
    web_is(t, "POST", "/api/v1/lists/bad/import", "{}", 415, "another type");
    web_is(t, "GET", "/api/v1/lists/bad/export", NULL, 200, "it is exported");
    ok(ss_str_is(t->body, "value,reason,from,until\nE1,x,2026-01-01T00:00:00Z\nE2\n") &&
           ss_str_is(t->call.res.disposition, "bad.csv"),
       "as CSV");
    web_is(t, "GET", "/api/v1/lists/bad/export?format=ndjson", NULL, 200, "or NDJSON");
    ok(t->body.n > 20 && memcmp(t->body.p, "{\"value\":\"E1\",\"reason\":\"x\"", 26) == 0,
       "which can be imported");
    struct ss_buf big;
    ss_buf_init(&big, 1 << 24);
    for (int i = 0; i < 50000; i++)
        ss_buf_printf(&big, "V%d,why\n", i);
    t->type = "text/csv";
    web_is(t, "POST", "/api/v1/lists/bad/import?mode=replace", ss_buf_cstr(&big), 200, "fifty thousand");
    web_has(t, "added", "50000", "are taken");
    web_has(t, "removed", "2", "for those that were there");
    t->type = "application/json";
    web_is(t, "GET", "/api/v1/lists/bad", NULL, 200, "the list");
    web_has(t, "entries", "50000", "knows how many it has");
    web_is(t, "GET", "/api/v1/audit?limit=2", NULL, 200, "the log");
    web_has(t, "items.0.action", "\"list.replace\"", "has the end");
    web_has(t, "items.1.action", "\"list.replace_begin\"", "and the beginning of what is long");
    t->type = "text/csv";
    web_is(t, "POST", "/api/v1/lists/bad/import?mode=replace", "V7,why\nnew\n", 200, "nearly all go");
    ok(ss_str_is(t->body, "{\"entries\":2,\"added\":1,\"changed\":1,\"removed\":49999}"), "and are counted");
    ss_buf_reset(&big);
    for (int i = 0; i < 200100; i++)
        ss_buf_puts(&big, "x\n");
    web_is(t, "POST", "/api/v1/lists/bad/import", ss_buf_cstr(&big), 422, "too many at once are refused");
    ss_buf_free(&big);
    web_is(t, "POST", "/api/v1/lists/bad/import?mode=replace", "E1\n", 200, "back to one");
    t->type = "application/json";
}

/* What a spreadsheet would run is marked, and the mark goes when the file comes back. */
static void formulas(struct web_test *t)
{
    t->type = "application/x-ndjson";
    web_is(t, "POST", "/api/v1/lists/bad/import?mode=replace",
           "{\"value\":\"=cmd|' /C calc'!A0\",\"reason\":\"@SUM(1)\"}\n{\"value\":\"+37120000000\"}\n"
           "{\"value\":\"-5\"}\n{\"value\":\"-5+1\"}\n{\"value\":\"'=x\"}\n"
           "{\"value\":\"''+1\",\"reason\":\"'\"}\n{\"value\":\"'said\",\"reason\":\"a=b\"}\n"
           "{\"value\":\"a;=b\"}\n",
           200, "values like formulas");
    web_is(t, "GET", "/api/v1/lists/bad/export", NULL, 200, "are exported");
    is_text(t->body.p, t->body.n,
            "value,reason,from,until\n'''+1,'\n''=x\n'said,a=b\n'+37120000000\n-5\n'-5+1\n"
            "'=cmd|' /C calc'!A0,'@SUM(1)\n\"a;=b\"\n",
            "with an apostrophe before them");
    char *file = strndup(t->body.p, t->body.n);
    t->type = "text/csv";
    web_is(t, "POST", "/api/v1/lists/bad/import?mode=replace", file, 200, "the file comes back");
    ok(ss_str_is(t->body, "{\"entries\":8,\"added\":0,\"changed\":8,\"removed\":0}"), "with the same values");
    t->type = "application/json";
    web_is(t, "GET", "/api/v1/lists/bad/export", NULL, 200, "which are exported");
    is_text(t->body.p, t->body.n, file, "to the byte as before");
    web_is(t, "GET", "/api/v1/lists/bad/entries/''+1", NULL, 200, "a value");
    web_has(t, "reason", "\"'\"", "and its reason are what they were");
    free(file);
    t->type = "text/csv";
    web_is(t, "POST", "/api/v1/lists/bad/import?mode=replace", "E1\n", 200, "back to one");
    t->type = "application/json";
}

static void rules(struct web_test *t)
{
    web_is(t, "POST", "/api/v1/rule-sets",
           "{\"text\":\"list bad = bad.csv\\n[bad]\\nwhen = .device_id | IN($lists.bad[])\\naction = "
           "block\\n\"}",
           201, "rules that ask the list");
    char path[128];
    snprintf(path, sizeof path, "/api/v1/rule-sets/%.*s/publish", (int)web_at(t, "version").n,
             web_at(t, "version").p);
    web_is(t, "POST", path, NULL, 200, "are published");
    web_is(t, "POST", "/api/v1/rule-sets/test",
           "{\"records\":[{\"txn_id\":\"1\",\"timestamp\":\"2026-03-01T00:00:00Z\",\"amount\":1,\"device_"
           "id\":\"E1\"},"
           "{\"txn_id\":\"2\",\"timestamp\":\"2026-03-01T00:00:00Z\",\"amount\":1,\"device_id\":\"E9\"}]}",
           200, "and tried");
    web_has(t, "items.0.decision.action", "\"block\"", "what is on the list is blocked");
    web_has(t, "items.1.decision.action", "\"allow\"", "what is not is not");
    web_is(t, "GET", "/api/v1/lists", NULL, 200, "lists say");
    web_has(t, "items.0.in_rules", "true", "that rules ask them");
    web_is(t, "DELETE", "/api/v1/lists/bad", NULL, 409, "such a list stays");
    web_is(t, "DELETE", "/api/v1/lists/nets", NULL, 204, "another goes");
    snprintf(path, sizeof path, "%s/nets.csv", dir);
    ok(access(path, F_OK) != 0, "with its file");
    web_is(t, "GET", "/api/v1/lists/nets/entries", NULL, 404, "and its entries");
}

static void files(struct web_test *t)
{
    char path[128];
    write_file(list_file, "value\nedited by hand\n");
    ok(reopen(t) == 0 && file_is(HEAD "E1\n"), "at the start a file edited by hand is replaced");
    snprintf(path, sizeof path, "%s/bad.csv.before", dir);
    ok(access(path, F_OK) == 0, "and kept beside");
    unlink(path);
    snprintf(path, sizeof path, "%s/old.csv", dir);
    write_file(path, "value,reason\nO1,from before\nO2,\n");
    web_is(t, "POST", "/api/v1/lists", "{\"name\":\"old\",\"kind\":\"exact\"}", 201,
           "a list whose file was there");
    web_has(t, "entries", "2", "takes its entries over");
    snprintf(path, sizeof path, "%s/broken.csv", dir);
    write_file(path, "value\n10.0.0.0/8\nnonsense\n");
    web_is(t, "POST", "/api/v1/lists", "{\"name\":\"broken\",\"kind\":\"cidr\"}", 422, "unless it is broken");
}

/* Personal data on lists, for those who may not see it whole. */
static void masks(struct web_test *t)
{
    web_is(t, "POST", "/api/v1/lists/bad/entries", "{\"value\":\"ann@example.com\"}", 201,
           "an email on a list");
    web_is(t, "POST", "/api/v1/lists/bad/entries", "{\"value\":\"203.0.113.7\"}", 201, "and an address");
    if (ss_settings_put(t->db, SS_STR("mask.analyst"), SS_STR("true"), SS_STR("x"), 1) ||
        ss_settings_refresh(t->web.settings, t->db))
        exit(1);
    web_as(t, SS_ANALYST, 8, "bob@example.com");
    web_is(t, "GET", "/api/v1/lists/bad/entries", NULL, 200, "are masked");
    web_has(t, "items.0.value", "\"203.0.x.x\"", "the address");
    web_has(t, "items.1.value", "\"E1\"", "not what is nobody's");
    web_has(t, "items.2.value", "\"a***@example.com\"", "the email");
    char path[256];
    web_is(t, "GET", "/api/v1/lists/bad/entries?limit=2", NULL, 200, "pages of them");
    struct ss_str next = web_at(t, "next");
    snprintf(path, sizeof path, "/api/v1/lists/bad/entries?limit=2&cursor=%.*s", (int)next.n - 2, next.p + 1);
    web_is(t, "GET", path, NULL, 200, "follow each other");
    web_has(t, "items.0.value", "\"a***@example.com\"", "as ever");
    web_is(t, "GET", "/api/v1/lists/bad/export", NULL, 403, "and not exported");
    web_is(t, "DELETE", "/api/v1/lists/bad/entries/ann@example.com", NULL, 204,
           "who knows one may take it off");
    web_as(t, SS_ADMIN, 1, "admin@example.com");
    web_is(t, "DELETE", "/api/v1/lists/bad/entries/203.0.113.7", NULL, 204, "the other too");
    if (ss_settings_drop(t->db, SS_STR("mask.analyst")) < 0 || ss_settings_refresh(t->web.settings, t->db))
        exit(1);
}

static void roles(struct web_test *t)
{
    static const struct {
        const char *method, *path, *body;
        int status[5]; /* nobody, viewer, analyst, service, admin */
    } calls[] = {
        {"GET", "/api/v1/lists", NULL, {401, 200, 200, 200, 200}},
        {"GET", "/api/v1/lists/bad", NULL, {401, 200, 200, 200, 200}},
        {"GET", "/api/v1/lists/bad/entries", NULL, {401, 403, 200, 200, 200}},
        {"GET", "/api/v1/lists/bad/export", NULL, {401, 403, 200, 200, 200}},
        {"POST", "/api/v1/lists", "{}", {401, 403, 403, 403, 422}},
        {"PATCH", "/api/v1/lists/bad", "{}", {401, 403, 403, 403, 422}},
        {"DELETE", "/api/v1/lists/nosuch", NULL, {401, 403, 403, 403, 404}},
        {"POST", "/api/v1/lists/bad/entries", "{}", {401, 403, 422, 422, 422}},
        {"PUT", "/api/v1/lists/bad/entries/E1", "{}", {401, 403, 200, 200, 200}},
        {"DELETE", "/api/v1/lists/bad/entries/nosuch", NULL, {401, 403, 404, 404, 404}},
        {"POST", "/api/v1/lists/bad/import", "{}", {401, 403, 415, 415, 415}},
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
    char path[160];
    web_open(&t, uri);
    reloads = 0;
    snprintf(dir, sizeof dir, "/tmp/ss-lists-XXXXXX");
    if (!mkdtemp(dir) || ss_settings_new(&t.web.settings))
        exit(1);
    snprintf(rules_file, sizeof rules_file, "%s/our.rules", dir);
    snprintf(list_file, sizeof list_file, "%s/bad.csv", dir);
    t.web.engine = &engine;
    if (reopen(&t))
        ok(false, "open: %s", ss_err_text());
    rows_outlive_their_maker(&t);
    make(&t);
    entries(&t);
    kinds(&t);
    many(&t);
    formulas(&t);
    rules(&t);
    files(&t);
    masks(&t);
    roles(&t);
    ss_rules_close(t.web.rules);
    ss_settings_free(t.web.settings);
    web_close(&t);
    static const char *const left[] = {"our.rules", "bad.csv",        "domains.csv",
                                       "old.csv",   "old.csv.before", "broken.csv"};
    for (size_t i = 0; i < sizeof left / sizeof *left; i++) {
        snprintf(path, sizeof path, "%s/%s", dir, left[i]);
        unlink(path);
    }
    ok(rmdir(dir) == 0, "nothing else is left in the directory");
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
