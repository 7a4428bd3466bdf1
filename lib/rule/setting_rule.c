#include "base/err.h"
#include "base/number.h"
#include "rule/setting_parts.h"
#include "rule/setting_value.h"

static int set_when(struct ss_rule_reader *r, struct ss_str value)
{
    struct ss_rule *rule = ss_rule_being_read(r);
    if (value.n == 0)
        return ss_fail(SS_ECONFIG, "when needs an expression, such as .features.user_count_1m >= 10");
    rule->when = value;
    rule->when_at = r->at;
    return 0;
}

static int set_reason(struct ss_rule_reader *r, struct ss_str value)
{
    struct ss_rule *rule = ss_rule_being_read(r);
    if (value.n < 2 || value.p[0] != '"')
        return ss_fail(SS_ECONFIG, "a reason stands in double quotes, with values as \\(.amount)");
    rule->reason = value;
    rule->reason_at = r->at;
    return 0;
}

static int set_score(struct ss_rule_reader *r, struct ss_str value)
{
    return ss_setting_number(value, 0, 1, "a score from 0 to 1", &ss_rule_being_read(r)->score);
}

static int set_weight(struct ss_rule_reader *r, struct ss_str value)
{
    return ss_setting_number(value, -1000, 1000, "a weight from -1000 to 1000",
                             &ss_rule_being_read(r)->weight);
}

static int set_action(struct ss_rule_reader *r, struct ss_str value)
{
    return ss_setting_action(value, &ss_rule_being_read(r)->action);
}

static int set_override(struct ss_rule_reader *r, struct ss_str value)
{
    if (!ss_str_is(value, "allow"))
        return ss_fail(SS_ECONFIG, "override takes allow only, not '%.*s'", SS_SHOWN(value));
    ss_rule_being_read(r)->override_allow = true;
    return 0;
}

static int set_severity(struct ss_rule_reader *r, struct ss_str value)
{
    ss_rule_being_read(r)->severity = ss_setting_unquoted(value);
    return 0;
}

static int set_about(struct ss_rule_reader *r, struct ss_str value)
{
    ss_rule_being_read(r)->about = ss_setting_unquoted(value);
    return 0;
}

static int set_tags(struct ss_rule_reader *r, struct ss_str value)
{
    struct ss_rule *rule = ss_rule_being_read(r);
    while (value.n) {
        const char *comma = memchr(value.p, ',', value.n);
        size_t n = comma ? (size_t)(comma - value.p) : value.n;
        struct ss_str tag = ss_str_trim((struct ss_str){value.p, n});
        if (rule->tags == SS_RULE_TAGS)
            return ss_fail(SS_ECONFIG, "more than %d tags", SS_RULE_TAGS);
        if (tag.n)
            rule->tag[rule->tags++] = tag;
        value.p += n + (comma != NULL);
        value.n -= n + (comma != NULL);
    }
    return 0;
}

static int set_priority(struct ss_rule_reader *r, struct ss_str value)
{
    int64_t n;
    if (!ss_int_parse(value.p, value.n, &n) || n < -1000000 || n > 1000000)
        return ss_fail(SS_ECONFIG,
                       "'%.*s' is no whole number (lower ones come first, %d where none is given)",
                       SS_SHOWN(value), SS_RULE_PRIORITY);
    ss_rule_being_read(r)->priority = (int)n;
    return 0;
}

static int set_enabled(struct ss_rule_reader *r, struct ss_str value)
{
    return ss_setting_flag(value, &ss_rule_being_read(r)->enabled);
}

static int set_mode(struct ss_rule_reader *r, struct ss_str value)
{
    ss_rule_being_read(r)->shadow = ss_str_is(value, "shadow");
    if (ss_rule_being_read(r)->shadow || ss_str_is(value, "live"))
        return 0;
    return ss_fail(SS_ECONFIG, "mode is live or shadow, not '%.*s'", SS_SHOWN(value));
}

/* 10% by user_id */
static int set_rollout(struct ss_rule_reader *r, struct ss_str value)
{
    struct ss_str share = ss_setting_word(&value), by = ss_setting_word(&value),
                  field = ss_setting_word(&value);
    double percent;
    if (share.n < 2 || share.p[share.n - 1] != '%' || !ss_str_is(by, "by") || !ss_setting_is_name(field) ||
        ss_setting_word(&value).n || !ss_double_parse(share.p, share.n - 1, &percent) || percent < 0 ||
        percent > 100)
        return ss_fail(SS_ECONFIG, "a rollout is a share and a field, such as 10%% by user_id");
    ss_rule_being_read(r)->rollout = percent / 100;
    ss_rule_being_read(r)->rollout_by = field;
    return 0;
}

static int set_from(struct ss_rule_reader *r, struct ss_str value)
{
    return ss_setting_time(value, &ss_rule_being_read(r)->from_us);
}

static int set_until(struct ss_rule_reader *r, struct ss_str value)
{
    return ss_setting_time(value, &ss_rule_being_read(r)->until_us);
}

static int set_on_error(struct ss_rule_reader *r, struct ss_str value)
{
    ss_rule_being_read(r)->on_error_given = true;
    return ss_setting_on_error(value, &ss_rule_being_read(r)->on_error);
}

static const char *const expect_names[] = {"fires", "silent", "error"};

const char *ss_expect_name(enum ss_expect expect)
{
    return expect_names[expect];
}

/* {"amount":1} => fires */
static int set_test(struct ss_rule_reader *r, struct ss_str value)
{
    struct ss_rule *rule = ss_rule_being_read(r);
    struct ss_rule_test test = {.at = r->at};
    size_t arrow = value.n;
    for (size_t i = 0; i + 1 < value.n; i++)
        if (value.p[i] == '=' && value.p[i + 1] == '>')
            arrow = i; /* the last one: a text in the record may hold another */
    struct ss_str want = {NULL, 0};
    if (arrow < value.n)
        want = ss_str_trim(ss_setting_uncommented((struct ss_str){value.p + arrow + 2, value.n - arrow - 2}));
    int expect = -1;
    for (int i = 0; want.p && i < (int)SS_COUNT(expect_names); i++)
        expect = ss_str_is(want, expect_names[i]) ? i : expect;
    test.json = ss_str_trim((struct ss_str){value.p, arrow < value.n ? arrow : 0});
    if (expect < 0 || test.json.n == 0)
        return ss_fail(SS_ECONFIG, "a test is a record and what the rule does, such as "
                                   "{\"amount\":10} => fires, => silent or => error");
    test.expect = (enum ss_expect)expect;
    if (rule->tests == SS_RULE_TESTS)
        return ss_fail(SS_ECONFIG, "more than %d tests of one rule", SS_RULE_TESTS);
    if (rule->tests == r->tests_cap) {
        uint32_t cap = r->tests_cap ? r->tests_cap * 2 : 4;
        struct ss_rule_test *more = ss_arena_alloc(&r->spec->arena, cap * sizeof *more);
        if (!more)
            return SS_ENOMEM;
        if (rule->tests)
            memcpy(more, rule->test, rule->tests * sizeof *more);
        rule->test = more;
        r->tests_cap = cap;
    }
    rule->test[rule->tests++] = test;
    return 0;
}

const struct ss_rule_setting ss_rule_settings[] = {
    {"when", set_when, true, false},          {"score", set_score, false, false},
    {"weight", set_weight, false, false},     {"action", set_action, false, false},
    {"override", set_override, false, false}, {"reason", set_reason, true, false},
    {"severity", set_severity, false, false}, {"tags", set_tags, false, false},
    {"priority", set_priority, false, false}, {"enabled", set_enabled, false, false},
    {"mode", set_mode, false, false},         {"rollout", set_rollout, false, false},
    {"from", set_from, false, false},         {"until", set_until, false, false},
    {"on_error", set_on_error, false, false}, {"about", set_about, false, false},
    {"test", set_test, true, true},           {NULL, NULL, false, false},
};
