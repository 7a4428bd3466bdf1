/* Rules over the API: what is in force, versions, edits of one rule, four eyes, trials. */
#include "base/file.h"
#include "store/settings.h"
#include "tests/databases.h"
#include "tests/web.h"
#include "web/engine.h"
#include "web/rules.h"
#include <sys/stat.h>

static const char rules_text[] = "critical = 0.9  # the board's wish\n"
                                 "\n"
                                 "# Ask Ann.\n"
                                 "[burst]\n"
                                 "about = Many at once\n"
                                 "when  = .features.n >= 4\n"
                                 "score = 0.95\n"
                                 "action = block\n"
                                 "tags  = velocity, card\n"
                                 "test  = {\"features\":{\"n\":4}} => fires\n"
                                 "test  = {\"features\":{\"n\":3}} => silent\n"
                                 "\n"
                                 "[large]\n"
                                 "when   = .amount > 1000\n"
                                 "action = review\n"
                                 "mode   = shadow\n";

static int reloads;
static bool reload_fails;

static int count_reload(struct ss_engine *engine)
{
    (void)engine;
    reloads++;
    return reload_fails ? ss_fail(SS_ECONFIG, "no such thing") : 0;
}

static const struct ss_engine_ops engine_ops = {.reload = count_reload};
static struct ss_engine engine = {&engine_ops, NULL};
static char dir[64], file[128];

static bool file_is(const char *want)
{
    struct ss_buf text;
    ss_buf_init(&text, 1 << 20);
    bool same =
        ss_file_read(file, &text) == 0 && ss_str_is((struct ss_str){text.p ? text.p : "", text.n}, want);
    ss_buf_free(&text);
    return same;
}

static bool file_has(const char *part)
{
    struct ss_buf text;
    ss_buf_init(&text, 1 << 20);
    bool has = ss_file_read(file, &text) == 0 && strstr(ss_buf_cstr(&text), part);
    ss_buf_free(&text);
    return has;
}

static void write_file(const char *text)
{
    if (ss_file_replace(file, text, strlen(text)))
        exit(1);
}

static int reopen(struct web_test *t)
{
    const struct ss_rules_options options = {.file = file};
    ss_rules_close(t->web.rules);
    return ss_rules_open(&options, t->db, web_test_now, &t->web.rules);
}

static void start(struct web_test *t)
{
    write_file("[broken]\nwhen = (\n");
    ok(reopen(t) == SS_ECONFIG && !t->web.rules, "a file that is no rule file stands in the way of a start");
    write_file(rules_text);
    ok(reopen(t) == 0, "a rule file is taken over: %s", t->web.rules ? "" : ss_err_text());
    web_is(t, "GET", "/api/v1/rule-sets/current", NULL, 200, "as version 1");
    web_has(t, "version", "1", "with its number");
    web_has(t, "status", "\"published\"", "which is published");
    ok(file_is(rules_text), "the file stays as it is");
    write_file("[byhand]\nwhen = .x\nscore = 1\n");
    ok(reopen(t) == 0 && file_is(rules_text), "what was edited by hand is replaced by what is published");
    web_is(t, "GET", "/api/v1/rule-sets?status=draft", NULL, 200, "and kept");
    web_has(t, "items.0.version", "2", "as a draft");
    ok(reopen(t) == 0, "once");
    unlink(file);
    ok(reopen(t) == 0 && file_is(rules_text), "a file that is gone is written again");
}

static void read_rules(struct web_test *t)
{
    int64_t n = ss_db_exec(
        t->db,
        "INSERT INTO buckets (dim, start_us, key, payments, amount, alerts, blocked, fraud,"
        " genuine) VALUES ('rule', $1, 'burst', 10, 55000, 4, 3, 3, 1),"
        " ('rule', $2, 'burst', 10, 0, 0, 0, 0, 0), ('shadow', $1, 'large', 7, 1, 0, 0, 1, 1)",
        SS_ARGS(ss_arg_int(web_test_now - 3600000000), ss_arg_int(web_test_now - 86400000000 * 60)));
    ok(n == 3, "some hits");
    web_is(t, "GET", "/api/v1/rules", NULL, 200, "rules are listed");
    web_has(t, "version", "1", "with their version");
    web_has(t, "items.0.id", "\"burst\"", "in their order");
    web_has(t, "items.0.tags", "[\"velocity\",\"card\"]", "as they are written");
    web_has(t, "items.0.mode", "\"live\"", "live");
    web_has(t, "items.1.mode", "\"shadow\"", "or tried out");
    web_has(t, "items.0.stats",
            "{\"hits\":10,\"amount\":5.5,\"alerts\":4,\"blocked\":3,\"fraud\":3,\"genuine\":1,\"precision\":"
            "0.75}",
            "and how they did in the last days");
    web_has(t, "items.1.stats.precision", "0.5", "shadow rules too");
    web_has(t, "settings.thresholds.critical", "0.9", "the thresholds");
    web_has(t, "effective.error", "null", "and whether the pipeline took them");
    web_is(t, "GET", "/api/v1/rules?mode=shadow", NULL, 200, "those that are tried out");
    web_has(t, "items.0.id", "\"large\"", "alone");
    web_is(t, "GET", "/api/v1/rules?mode=nosuch", NULL, 422, "no such mode");
    web_is(t, "GET", "/api/v1/rules?from=2026-02-01&until=2026-01-01", NULL, 422, "a span that ends first");
    web_is(t, "GET", "/api/v1/rules/burst", NULL, 200, "one rule");
    ok(strstr(t->body.p, "\"text\":\"# Ask Ann.\\n[burst]\\nabout = Many"),
       "has its text, comments included");
    web_is(t, "GET", "/api/v1/rules/nosuch", NULL, 404, "no such rule");
}

static void edit_rules(struct web_test *t)
{
    int before = reloads;
    web_is(t, "PATCH", "/api/v1/rules/burst", "{\"enabled\":false}", 200, "a rule is switched off");
    web_has(t, "status", "\"published\"", "in a new version");
    web_has(t, "comment", "\"disable burst\"", "that says so");
    ok(file_has("enabled = false") && file_has("# Ask Ann.") && reloads == before + 1,
       "in force at once, comments kept");
    web_is(t, "PATCH", "/api/v1/rules/burst", "{\"enabled\":true}", 200, "and on again");
    ok(file_is(rules_text), "the text is what it was");
    web_is(t, "PATCH", "/api/v1/rules/burst", "{\"enabled\":true}", 200, "what changes nothing");
    web_has(t, "version", "4", "makes no version");
    web_is(t, "PATCH", "/api/v1/rules/burst",
           "{\"score\":0.8,\"when\":\".features.n >= 5\\nand .amount > "
           "1\",\"tags\":[\"a\",\"b\"],\"comment\":\"why not\"}",
           200, "several settings");
    ok(file_has("score = 0.8\n") && file_has("when  = .features.n >= 5\n    and .amount > 1\n") &&
           file_has("tags  = a, b\n"),
       "each in its line");
    web_has(t, "comment", "\"why not\"", "with the comment given");
    web_is(t, "PATCH", "/api/v1/rules/burst", "{\"mode\":\"shadow\"}", 200, "a rule is tried out");
    web_has(t, "comment", "\"shadow burst\"", "as it says");
    web_is(t, "PATCH", "/api/v1/rules/burst", "{\"when\":\".x\\nscore = 0\"}", 422,
           "a line that is a setting");
    web_is(t, "PATCH", "/api/v1/rules/burst", "{\"when\":\".x >\"}", 422, "no expression");
    web_has(t, "code", "\"rules\"", "is refused");
    web_has(t, "errors.0.rule", "\"burst\"", "by its rule");
    web_has(t, "errors.0.column", "13", "and place");
    web_is(t, "PATCH", "/api/v1/rules/burst", "{\"about\":\"x\\n[evil]\"}", 422, "a text of two lines");
    web_is(t, "PATCH", "/api/v1/rules/burst", "{\"score\":\"1\"}", 422, "a score that is a text");
    web_is(t, "PATCH", "/api/v1/rules/burst", "{\"scor\":1}", 422, "a misspelt setting");
    web_is(t, "PATCH", "/api/v1/rules/nosuch", "{\"score\":1}", 404, "no such rule");
    web_is(t, "POST", "/api/v1/rules", "{\"text\":\"[new]\\nwhen = .y\\nscore = 0.5\"}", 200,
           "a rule is added");
    ok(file_has("\n[new]\nwhen = .y\nscore = 0.5\n"), "at the end");
    web_is(t, "POST", "/api/v1/rules", "{\"text\":\"[new]\\nwhen = .y\"}", 409, "not twice");
    web_is(t, "POST", "/api/v1/rules", "{\"text\":\"when = .y\"}", 422, "not without a name");
    web_is(t, "POST", "/api/v1/rules", "{\"text\":\"[a]\\nwhen = 1\\n[b]\\nwhen = 2\"}", 422,
           "not two at once");
    web_is(t, "POST", "/api/v1/rules", NULL, 422, "not nothing");
    web_is(t, "PUT", "/api/v1/rules/new", "{\"text\":\"# better\\n[newer]\\nwhen = .y > 1\\nscore = 0.6\"}",
           200, "a rule is replaced, and renamed");
    ok(file_has("# better\n[newer]\n") && !file_has("[new]\n"), "in its place");
    web_is(t, "PUT", "/api/v1/rules/newer", "{\"text\":\"[burst]\\nwhen = .y\"}", 422,
           "not by one that is there");
    web_is(t, "DELETE", "/api/v1/rules/newer", NULL, 200, "a rule is removed");
    ok(!file_has("newer"), "from the text");
    web_is(t, "DELETE", "/api/v1/rules/newer", NULL, 404, "once");
    web_is(t, "PATCH", "/api/v1/rule-sets/settings",
           "{\"thresholds\":{\"critical\":0.8,\"high\":0.6},\"actions\":{\"critical\":\"challenge\"}}", 200,
           "thresholds are set");
    ok(file_has("critical = 0.8  # the board's wish\n") && file_has("action critical = challenge\n"),
       "in the text");
    web_is(t, "PATCH", "/api/v1/rule-sets/settings", "{\"thresholds\":{\"critical\":0.1}}", 422,
           "not below others");
    web_is(t, "PATCH", "/api/v1/rule-sets/settings", "{\"actions\":{\"critical\":\"x\\ny\"}}", 422,
           "not by tricks");
}

static void failing(struct web_test *t)
{
    reload_fails = true;
    web_is(t, "PATCH", "/api/v1/rules/large", "{\"priority\":40}", 200,
           "a pipeline that cannot take a change");
    web_is(t, "GET", "/api/v1/rules", NULL, 200, "is told of");
    web_has(t, "effective.error", "\"no such thing\"", "with why");
    reload_fails = false;
    int before = reloads;
    web_is(t, "PATCH", "/api/v1/rules/large", "{\"priority\":41}", 200, "the next change");
    web_is(t, "GET", "/api/v1/rules", NULL, 200, "tries again");
    web_has(t, "effective.error", "null", "and takes both");
    ok(reloads == before + 1, "at once");
    struct ss_rules *kept = t->web.rules;
    t->web.rules = NULL;
    web_is(t, "PATCH", "/api/v1/rules/large", "{\"priority\":42}", 409,
           "rules that the server does not keep");
    web_is(t, "POST", "/api/v1/rule-sets/2/publish", NULL, 409, "are not changed by it");
    t->web.rules = kept;
}

static void match(struct web_test *t)
{
    char tag[64];
    web_ask(t, "GET", "/api/v1/rules", NULL);
    snprintf(tag, sizeof tag, "%.*s", (int)t->call.res.etag.n, t->call.res.etag.p);
    t->if_match = tag;
    web_is(t, "PATCH", "/api/v1/rules/large", "{\"priority\":50}", 200,
           "an edit of the version that was read");
    web_is(t, "PATCH", "/api/v1/rules/large", "{\"priority\":51}", 412, "not of an older one");
    t->if_match = NULL;
}

static void versions(struct web_test *t)
{
    web_is(t, "POST", "/api/v1/rule-sets/1/restore", NULL, 200, "an old text is brought back");
    web_has(t, "comment", "\"roll back to version 1\"", "as a new version");
    ok(file_is(rules_text), "which is in force");
    web_is(t, "POST", "/api/v1/rule-sets", "{\"comment\":\"mine\"}", 201,
           "a draft begins with what is in force");
    char path[128], version[16];
    snprintf(version, sizeof version, "%.*s", (int)web_at(t, "version").n, web_at(t, "version").p);
    snprintf(path, sizeof path, "/api/v1/rule-sets/%s", version);
    web_is(t, "PATCH", path, "{\"text\":\"[a]\\nwhen = (\\nscore = 1\"}", 200, "it may be broken");
    snprintf(path, sizeof path, "/api/v1/rule-sets/%s/publish", version);
    web_is(t, "POST", path, NULL, 422, "but not be published");
    ok(file_is(rules_text), "what was in force stays");
    snprintf(path, sizeof path, "/api/v1/rule-sets/%s/submit", version);
    web_is(t, "POST", path, NULL, 422, "nor be submitted");
    snprintf(path, sizeof path, "/api/v1/rule-sets/%s", version);
    web_is(t, "PATCH", path, "{\"text\":\"# mine\\n[a]\\nwhen = .n > 1\\nscore = 1\\n\"}", 200, "mended");
    snprintf(path, sizeof path, "/api/v1/rules/a?draft=%s", version);
    web_is(t, "PATCH", path, "{\"score\":0.7}", 200, "one rule of it may be edited");
    snprintf(path, sizeof path, "/api/v1/rule-sets/%s/diff", version);
    web_is(t, "GET", path, NULL, 200, "it is compared with what it is based on");
    web_has(t, "rules", "{\"added\":[\"a\"],\"removed\":[\"burst\",\"large\"],\"changed\":[]}", "by rules");
    ok(strstr(t->body.p, "+score = 0.7\\n"), "and by lines");
    snprintf(path, sizeof path, "/api/v1/rule-sets/%s/publish", version);
    web_is(t, "POST", path, NULL, 200, "it is published");
    ok(file_is("# mine\n[a]\nwhen = .n > 1\nscore = 0.7\n"), "and in force");
    web_is(t, "POST", path, NULL, 409, "once");
    web_is(t, "GET", "/api/v1/rule-sets?status=published", NULL, 200, "of all versions");
    ok(web_at(t, "items.0").p && !web_at(t, "items.1").p, "one is published");
    web_is(t, "GET", "/api/v1/rule-sets?limit=2", NULL, 200, "versions come in pages");
    struct ss_str next = web_at(t, "next");
    snprintf(path, sizeof path, "/api/v1/rule-sets?limit=2&cursor=%.*s", (int)next.n - 2, next.p + 1);
    web_is(t, "GET", path, NULL, 200, "one after the other");
    web_is(t, "GET", "/api/v1/rule-sets/9999", NULL, 404, "no such version");
    web_is(t, "GET", "/api/v1/rule-sets/x", NULL, 404, "no version at all");
    web_is(t, "GET", "/api/v1/rule-sets/1/diff?with=9999", NULL, 404, "nothing to compare with");
    web_is(t, "DELETE", "/api/v1/rule-sets/2", NULL, 204, "a draft is withdrawn");
    web_is(t, "DELETE", "/api/v1/rule-sets/2", NULL, 409, "once");
    web_is(t, "DELETE", "/api/v1/rule-sets/1", NULL, 409, "what was in force is kept for good");
    web_is(t, "POST", "/api/v1/rule-sets/1/restore", NULL, 200, "back to the first");
}

static void four_eyes(struct web_test *t)
{
    char path[128], version[16];
    if (ss_settings_put(t->db, SS_STR("rules.four_eyes"), SS_STR("true"), SS_STR("x"), 1) ||
        ss_settings_refresh(t->web.settings, t->db))
        exit(1);
    web_is(t, "PATCH", "/api/v1/rules/burst", "{\"score\":0.5}", 202, "with four eyes an edit waits");
    web_has(t, "status", "\"submitted\"", "for somebody else");
    ok(file_is(rules_text), "and is not in force");
    snprintf(version, sizeof version, "%.*s", (int)web_at(t, "version").n, web_at(t, "version").p);
    snprintf(path, sizeof path, "/api/v1/rule-sets/%s/publish", version);
    web_is(t, "POST", path, NULL, 409, "it may not be published yet");
    snprintf(path, sizeof path, "/api/v1/rule-sets/%s/approve", version);
    web_is(t, "POST", path, NULL, 403, "nor approved by who wrote it");
    web_as(t, SS_ANALYST, 8, "bob@example.com");
    web_is(t, "POST", path, NULL, 200, "but by another");
    web_has(t, "approved_by", "\"bob@example.com\"", "who is named");
    web_is(t, "POST", path, NULL, 409, "once");
    snprintf(path, sizeof path, "/api/v1/rule-sets/%s/publish", version);
    web_is(t, "POST", path, NULL, 403, "an analyst does not publish");
    web_as(t, SS_ADMIN, 1, "admin@example.com");
    web_is(t, "POST", path, NULL, 200, "an administrator does");
    ok(file_has("score = 0.5\n"), "and it is in force");
    web_is(t, "POST", "/api/v1/rule-sets", "{\"comment\":\"ours\"}", 201, "a draft that two have worked on");
    snprintf(version, sizeof version, "%.*s", (int)web_at(t, "version").n, web_at(t, "version").p);
    snprintf(path, sizeof path, "/api/v1/rules/burst?draft=%s", version);
    web_as(t, SS_ANALYST, 8, "bob@example.com");
    web_is(t, "PATCH", path, "{\"score\":0.4}", 200, "one after the other");
    snprintf(path, sizeof path, "/api/v1/rule-sets/%s/submit", version);
    web_is(t, "POST", path, NULL, 200, "is handed in");
    snprintf(path, sizeof path, "/api/v1/rule-sets/%s/approve", version);
    web_is(t, "POST", path, NULL, 403, "neither of them");
    web_as(t, SS_ADMIN, 1, "admin@example.com");
    web_is(t, "POST", path, NULL, 403, "may approve it");
    web_as(t, SS_ADMIN, 3, "carol@example.com");
    web_is(t, "POST", path, NULL, 200, "a third may");
    web_as(t, SS_ADMIN, 1, "admin@example.com");
    if (ss_settings_drop(t->db, SS_STR("rules.four_eyes")) < 0 || ss_settings_refresh(t->web.settings, t->db))
        exit(1);
    web_as(t, SS_ANALYST, 8, "bob@example.com");
    web_is(t, "PATCH", "/api/v1/rules/burst", "{\"score\":0.6}", 202, "an analyst's edit waits in any case");
    snprintf(version, sizeof version, "%.*s", (int)web_at(t, "version").n, web_at(t, "version").p);
    snprintf(path, sizeof path, "/api/v1/rule-sets/%s/reject", version);
    web_as(t, SS_ADMIN, 1, "admin@example.com");
    web_is(t, "POST", path, "{\"comment\":\"too low\"}", 200, "it may be sent back");
    web_has(t, "status", "\"draft\"", "as a draft");
    web_has(t, "comment", "\"too low\"", "with a word");
    web_is(t, "POST", "/api/v1/rule-sets/1/restore", NULL, 200, "back to the first");
}

static void trials(struct web_test *t)
{
    web_is(t, "POST", "/api/v1/rule-sets/validate",
           "{\"text\":\"[a]\\nwhen = .x > 5 and .x < 3\\nscore = 1\\ntest = {\\\"x\\\":1} => fires\"}", 200,
           "a text is looked at");
    web_has(t, "ok", "true", "it is sound");
    web_has(t, "warnings.0.line", "2", "but warned of");
    web_has(t, "tests.failed", "1", "its tests are run");
    web_has(t, "rules.0.runs", "\"native\"", "how its rules run");
    web_is(t, "POST", "/api/v1/rule-sets/validate", "{\"text\":\"[a]\\nwhen = (\\n[b]\\nwhn = 1\"}", 200,
           "a broken one");
    web_has(t, "ok", "false", "is not");
    web_has(t, "errors.1.hint", "\"did you mean 'when'?\"", "with hints");
    web_is(t, "POST", "/api/v1/rule-sets/validate",
           "{\"text\":\"list p = /etc/passwd\\n[a]\\nwhen = .x|IN($lists.p[])\"}", 200,
           "a list out of bounds");
    web_has(t, "ok", "false", "is not read");
    web_is(
        t, "POST", "/api/v1/rule-sets/test",
        "{\"records\":[{\"txn_id\":\"T1\",\"timestamp\":\"2026-01-01T00:00:00Z\",\"amount\":5,\"features\":{"
        "\"n\":4}},"
        "{\"txn_id\":\"T2\",\"timestamp\":\"2026-01-01T00:00:00Z\",\"amount\":2000,\"features\":{\"n\":1}}],"
        "\"explain\":true}",
        200, "payments are tried against the rules in force");
    web_has(t, "items.0.decision.action", "\"block\"", "one is blocked");
    web_has(t, "items.0.decision.rules.0.id", "\"burst\"", "by a rule");
    web_has(t, "items.0.trace.0.outcome", "\"fires\"", "which fires");
    web_has(t, "items.0.trace.0.parts.0", "{\"text\":\".features.n\",\"value\":\"4\"}", "for these values");
    web_has(t, "items.1.decision.action", "\"allow\"", "one is not");
    web_has(t, "items.1.trace.1.outcome", "\"fires\"", "though a shadow rule fires");
    web_is(t, "POST", "/api/v1/rule-sets/test", "{\"text\":\"[a]\\nwhen = (\",\"records\":[]}", 422,
           "broken rules");
    web_is(t, "POST", "/api/v1/rule-sets/test", "{\"records\":[1]}", 422, "no payment");
    web_is(t, "POST", "/api/v1/rule-sets/test", "{\"version\":9999,\"records\":[]}", 404, "no such version");
    web_is(t, "POST", "/api/v1/rule-sets/test", "{\"txn_ids\":[\"nosuch\"]}", 200, "a stored payment");
    web_has(t, "items.0.error", "\"no such payment\"", "that is not there");
}

static void roles(struct web_test *t)
{
    static const struct {
        const char *method, *path;
        int status[5]; /* nobody, viewer, analyst, service, admin */
    } calls[] = {
        {"GET", "/api/v1/rules", {401, 200, 200, 200, 200}},
        {"GET", "/api/v1/rule-sets", {401, 200, 200, 200, 200}},
        {"GET", "/api/v1/rule-sets/1", {401, 200, 200, 200, 200}},
        {"GET", "/api/v1/rule-sets/1/diff", {401, 200, 200, 200, 200}},
        {"POST", "/api/v1/rules", {401, 403, 422, 403, 422}},
        {"DELETE", "/api/v1/rules/nosuch", {401, 403, 404, 403, 404}},
        {"POST", "/api/v1/rule-sets/9999/publish", {401, 403, 403, 403, 404}},
        {"POST", "/api/v1/rule-sets/9999/approve", {401, 403, 404, 403, 404}},
        {"POST", "/api/v1/rule-sets/9999/restore", {401, 403, 404, 403, 404}},
        {"POST", "/api/v1/rule-sets/validate", {401, 403, 200, 200, 200}},
    };
    static const enum ss_role as[] = {SS_NOBODY, SS_VIEWER, SS_ANALYST, SS_SERVICE, SS_ADMIN};
    for (size_t i = 0; i < sizeof calls / sizeof *calls; i++)
        for (int r = 0; r < 5; r++) {
            web_as(t, as[r], 9, "who@example.com");
            web_is(t, calls[i].method, calls[i].path, NULL, calls[i].status[r], ss_role_name(as[r]));
        }
}

static void all(const char *uri)
{
    struct web_test t;
    web_open(&t, uri);
    snprintf(dir, sizeof dir, "/tmp/ss-rules-XXXXXX");
    if (!mkdtemp(dir) || ss_settings_new(&t.web.settings))
        exit(1);
    snprintf(file, sizeof file, "%s/our.rules", dir);
    t.web.engine = &engine;
    start(&t);
    read_rules(&t);
    edit_rules(&t);
    match(&t);
    failing(&t);
    versions(&t);
    four_eyes(&t);
    trials(&t);
    roles(&t);
    ss_rules_close(t.web.rules);
    ss_settings_free(t.web.settings);
    web_close(&t);
    unlink(file);
    rmdir(dir);
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
