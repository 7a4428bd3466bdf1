/* The decision member, written and read back. */
#include "record/decision.h"
#include "tests/tap.h"
#include <math.h>

static struct ss_arena arena;

static bool reads(const char *json, struct ss_decision *d)
{
    return ss_decision_parse(ss_str_of(json), &arena, d) == 0;
}

static void comes_back(const char *json)
{
    struct ss_decision d;
    struct ss_buf buf;
    ss_buf_init(&buf, 1 << 16);
    bool read = reads(json, &d);
    if (read)
        ss_decision_put(&d, &buf);
    ok(read && buf.n == strlen(json) && memcmp(buf.p, json, buf.n) == 0, "comes back: %s", json);
    if (!read || buf.n != strlen(json))
        printf("# %.*s\n", (int)buf.n, buf.p ? buf.p : "");
    ss_buf_free(&buf);
}

static void refuses(const char *json, const char *why)
{
    struct ss_decision d;
    ok(!reads(json, &d), "refuses %s: %s", why, json);
}

static const char whole[] =
    "{\"action\":\"block\",\"level\":\"CRITICAL\",\"score\":0.95,\"rules\":[{\"id\":\"burst\",\"score\":0.95,"
    "\"action\":\"block\",\"reason\":\"12 \\\"fast\\\" \\u20ac\"},{\"id\":\"mail\",\"score\":null,"
    "\"action\":null,\"reason\":null,\"severity\":\"low\",\"tags\":[\"a\",\"b\"]}],\"shadow\":[{\"id\":"
    "\"new\","
    "\"score\":0.5,\"action\":\"review\",\"reason\":\"x\"}],\"errors\":[{\"id\":\"bad\",\"error\":\"no\"}],"
    "\"by\":{\"features\":\"9be14c02\",\"model\":null,\"rules\":\"77d0a1b2\"}}";

static void check_parts(void)
{
    struct ss_decision d;
    if (!ok(reads(whole, &d), "reads all parts"))
        return;
    ok(d.action == SS_BLOCK && d.level == SS_CRITICAL && d.score == 0.95, "action, level, score");
    ok(d.rules == 2 && d.shadows == 1 && d.failures == 1, "counts");
    is_text(d.rule[0].reason.p, d.rule[0].reason.n, "12 \"fast\" \xe2\x82\xac",
            "a reason without its escapes");
    ok(isnan(d.rule[1].score) && d.rule[1].action == -1 && !d.rule[1].reason.p, "what a rule lacks");
    ok(d.rule[1].tags == 2 && ss_str_is(d.rule[1].tag[1], "b"), "tags");
    ok(ss_str_is(d.failed[0].id, "bad") && ss_str_is(d.rule_set, "77d0a1b2") && !d.model.p,
       "errors and hashes");
}

static void check_beginnings(void)
{
    struct ss_decision d;
    int accepted = 0;
    for (size_t n = 0; n < sizeof whole - 1; n++) {
        char *exact = malloc(n ? n : 1); /* so that a sanitizer sees a read past the end */
        memcpy(exact, whole, n);
        accepted += ss_decision_parse((struct ss_str){exact, n}, &arena, &d) == 0;
        free(exact);
    }
    ok(accepted == 0, "no beginning of a decision is a decision");
}

int main(void)
{
    ss_arena_init(&arena, 1 << 24);
    check_parts();
    check_beginnings();
    comes_back("{\"action\":\"allow\",\"level\":\"NONE\",\"score\":0,\"rules\":[],\"by\":{\"features\":null,"
               "\"model\":null,\"rules\":\"00000000\"}}");
    comes_back(
        "{\"action\":\"review\",\"level\":\"HIGH\",\"score\":0.71,\"rules\":[{\"id\":\"a\",\"score\":0.7,"
        "\"action\":\"review\",\"reason\":\"a\\nb\",\"severity\":\"high\",\"tags\":[\"x\"]}],\"errors\":["
        "{\"id\":\"b\",\"error\":\"e\"}],\"by\":{\"features\":\"1\",\"model\":\"2\",\"rules\":\"3\"}}");
    refuses("{}", "nothing said");
    refuses("{\"action\":\"stop\"}", "an unknown action");
    refuses("{\"action\":null}", "no action");
    refuses("[\"block\"]", "an array");
    refuses("{\"action\":\"block\",\"rules\":[{\"score\":1}]}", "a rule without an id");
    refuses("{\"action\":\"block\"}}", "what follows");
    struct ss_decision d;
    ok(reads(" { \"action\" : \"notify\" , \"rules\" : [ ] , \"more\" : [1,{}] } ", &d) &&
           d.action == SS_NOTIFY && d.level == SS_NONE && d.score == 0,
       "blanks, and members not known");
    ss_arena_free(&arena);
    return done();
}
