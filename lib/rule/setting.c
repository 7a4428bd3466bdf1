#include "rule/setting.h"
#include "base/err.h"
#include "base/number.h"
#include "base/time.h"
#include "rule/suggest.h"
#include <math.h>
#include <stdlib.h>

#define SHOWN(s) (s).n < 64 ? (int)(s).n : 64, (s).p

/* --- values --- */

/* Values that are no expressions may have a comment behind them. */
static struct ss_str without_comment(struct ss_str value)
{
    for (size_t i = 0; i < value.n; i++)
        if (value.p[i] == '#' && (i == 0 || value.p[i - 1] == ' ' || value.p[i - 1] == '\t'))
            return ss_str_trim((struct ss_str){value.p, i});
    return value;
}

static struct ss_str without_quotes(struct ss_str value)
{
    if (value.n >= 2 && value.p[0] == '"' && value.p[value.n - 1] == '"')
        return (struct ss_str){value.p + 1, value.n - 2};
    return value;
}

/* The next word; n == 0 at the end. */
static struct ss_str next_word(struct ss_str *text)
{
    *text = ss_str_trim(*text);
    size_t n = 0;
    while (n < text->n && text->p[n] != ' ' && text->p[n] != '\t' && text->p[n] != '\n')
        n++;
    struct ss_str word = {text->p, n};
    text->p += n;
    text->n -= n;
    return word;
}

static int number_between(struct ss_str value, double low, double high, const char *hint, double *out)
{
    if (ss_double_parse(value.p, value.n, out) && *out >= low && *out <= high)
        return 0;
    return ss_fail(SS_ECONFIG, "'%.*s' is not %s", SHOWN(value), hint);
}

static int boolean(struct ss_str value, bool *out)
{
    *out = ss_str_is(value, "true") || ss_str_is(value, "yes");
    if (*out || ss_str_is(value, "false") || ss_str_is(value, "no"))
        return 0;
    return ss_fail(SS_ECONFIG, "'%.*s' is neither true nor false", SHOWN(value));
}

static int action(struct ss_str value, int *out)
{
    *out = ss_action_of(value);
    if (*out >= 0)
        return 0;
    return ss_fail(SS_ECONFIG, "unknown action '%.*s': block, challenge, review, notify or allow",
                   SHOWN(value));
}

static int on_error(struct ss_str value, int *out)
{
    *out = ss_str_is(value, "ignore") ? -1 : ss_action_of(value);
    if (*out >= 0 || ss_str_is(value, "ignore"))
        return 0;
    return ss_fail(SS_ECONFIG,
                   "unknown action '%.*s': block, challenge, review, notify, allow, or ignore for none",
                   SHOWN(value));
}

static int time_of(struct ss_str value, int64_t *out)
{
    if (ss_time_parse(value.p, value.n, out))
        return 0;
    return ss_fail(SS_ECONFIG, "'%.*s' is no date or time such as 2026-03-01 or 2026-03-01T12:00:00Z",
                   SHOWN(value));
}

static int duration(struct ss_str word, int64_t *out)
{
    if (ss_duration_parse(word.p, word.n, out))
        return 0;
    return ss_fail(SS_ECONFIG, "'%.*s' is no duration such as 12h or 30d", SHOWN(word));
}

static bool is_word(struct ss_str word)
{
    for (size_t i = 0; i < word.n; i++) {
        char c = word.p[i];
        if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
              (i > 0 && c >= '0' && c <= '9')))
            return false;
    }
    return word.n > 0;
}

/* --- settings of a rule --- */

static struct ss_rule *rule_of(struct ss_rule_reader *r)
{
    return &r->spec->rule[r->spec->rules - 1];
}

static int set_when(struct ss_rule_reader *r, struct ss_str value)
{
    struct ss_rule *rule = rule_of(r);
    if (value.n == 0)
        return ss_fail(SS_ECONFIG, "when needs an expression, such as .features.user_count_1m >= 10");
    rule->when = value;
    rule->when_at = r->at;
    return 0;
}

static int set_reason(struct ss_rule_reader *r, struct ss_str value)
{
    struct ss_rule *rule = rule_of(r);
    if (value.n < 2 || value.p[0] != '"')
        return ss_fail(SS_ECONFIG, "a reason stands in double quotes, with values as \\(.amount)");
    rule->reason = value;
    rule->reason_at = r->at;
    return 0;
}

static int set_score(struct ss_rule_reader *r, struct ss_str value)
{
    return number_between(value, 0, 1, "a score from 0 to 1", &rule_of(r)->score);
}

static int set_weight(struct ss_rule_reader *r, struct ss_str value)
{
    return number_between(value, -1000, 1000, "a weight from -1000 to 1000", &rule_of(r)->weight);
}

static int set_action(struct ss_rule_reader *r, struct ss_str value)
{
    return action(value, &rule_of(r)->action);
}

static int set_override(struct ss_rule_reader *r, struct ss_str value)
{
    if (!ss_str_is(value, "allow"))
        return ss_fail(SS_ECONFIG, "override takes allow only, not '%.*s'", SHOWN(value));
    rule_of(r)->override_allow = true;
    return 0;
}

static int set_severity(struct ss_rule_reader *r, struct ss_str value)
{
    rule_of(r)->severity = without_quotes(value);
    return 0;
}

static int set_about(struct ss_rule_reader *r, struct ss_str value)
{
    rule_of(r)->about = without_quotes(value);
    return 0;
}

static int set_tags(struct ss_rule_reader *r, struct ss_str value)
{
    struct ss_rule *rule = rule_of(r);
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
                       SHOWN(value), SS_RULE_PRIORITY);
    rule_of(r)->priority = (int)n;
    return 0;
}

static int set_enabled(struct ss_rule_reader *r, struct ss_str value)
{
    return boolean(value, &rule_of(r)->enabled);
}

static int set_mode(struct ss_rule_reader *r, struct ss_str value)
{
    rule_of(r)->shadow = ss_str_is(value, "shadow");
    if (rule_of(r)->shadow || ss_str_is(value, "live"))
        return 0;
    return ss_fail(SS_ECONFIG, "mode is live or shadow, not '%.*s'", SHOWN(value));
}

/* 10% by user_id */
static int set_rollout(struct ss_rule_reader *r, struct ss_str value)
{
    struct ss_str share = next_word(&value), by = next_word(&value), field = next_word(&value);
    double percent;
    if (share.n < 2 || share.p[share.n - 1] != '%' || !ss_str_is(by, "by") || !is_word(field) ||
        next_word(&value).n || !ss_double_parse(share.p, share.n - 1, &percent) || percent < 0 ||
        percent > 100)
        return ss_fail(SS_ECONFIG, "a rollout is a share and a field, such as 10%% by user_id");
    rule_of(r)->rollout = percent / 100;
    rule_of(r)->rollout_by = field;
    return 0;
}

static int set_from(struct ss_rule_reader *r, struct ss_str value)
{
    return time_of(value, &rule_of(r)->from_us);
}

static int set_until(struct ss_rule_reader *r, struct ss_str value)
{
    return time_of(value, &rule_of(r)->until_us);
}

static int set_on_error(struct ss_rule_reader *r, struct ss_str value)
{
    rule_of(r)->on_error_given = true;
    return on_error(value, &rule_of(r)->on_error);
}

static const char *const expect_names[] = {"fires", "silent", "error"};

const char *ss_expect_name(enum ss_expect expect)
{
    return expect_names[expect];
}

/* {"amount":1} => fires */
static int set_test(struct ss_rule_reader *r, struct ss_str value)
{
    struct ss_rule *rule = rule_of(r);
    struct ss_rule_test test = {.at = r->at};
    size_t arrow = value.n;
    for (size_t i = 0; i + 1 < value.n; i++)
        if (value.p[i] == '=' && value.p[i + 1] == '>')
            arrow = i; /* the last one: a text in the record may hold another */
    struct ss_str want = {NULL, 0};
    if (arrow < value.n)
        want = ss_str_trim(without_comment((struct ss_str){value.p + arrow + 2, value.n - arrow - 2}));
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

/* --- settings of the whole set --- */

static int given_twice(const struct ss_place *at)
{
    return ss_fail(SS_ECONFIG, "already set otherwise at %s:%u", at->file, at->line);
}

static int set_combine(struct ss_rule_reader *r, struct ss_str value)
{
    struct ss_rule_spec *spec = r->spec;
    enum ss_combine combine = ss_str_is(value, "weighted") ? SS_COMBINE_WEIGHTED : SS_COMBINE_MAX;
    if (combine == SS_COMBINE_MAX && !ss_str_is(value, "max"))
        return ss_fail(SS_ECONFIG, "combine is max or weighted, not '%.*s'", SHOWN(value));
    if (spec->combine_at.file && spec->combine != combine)
        return given_twice(&spec->combine_at);
    spec->combine = combine;
    spec->combine_at = r->at;
    return 0;
}

static int set_model_weight(struct ss_rule_reader *r, struct ss_str value)
{
    struct ss_rule_spec *spec = r->spec;
    double weight;
    int err = number_between(value, 0, 1000, "a weight from 0 to 1000", &weight);
    if (!err && spec->model_weight_at.file && spec->model_weight != weight)
        return given_twice(&spec->model_weight_at);
    if (!err) {
        spec->model_weight = weight;
        spec->model_weight_at = r->at;
    }
    return err;
}

static int set_default_on_error(struct ss_rule_reader *r, struct ss_str value)
{
    struct ss_rule_spec *spec = r->spec;
    int what, err = on_error(value, &what);
    if (!err && spec->on_error_at.file && spec->on_error != what)
        return given_twice(&spec->on_error_at);
    if (!err) {
        spec->on_error = what;
        spec->on_error_at = r->at;
    }
    return err;
}

/* critical, HIGH, ...: -1 when it is none that has a threshold. */
static int level_of(struct ss_str word)
{
    char upper[16];
    if (word.n >= sizeof upper)
        return -1;
    for (size_t i = 0; i < word.n; i++)
        upper[i] = word.p[i] >= 'a' && word.p[i] <= 'z' ? (char)(word.p[i] - 32) : word.p[i];
    return ss_level_of((struct ss_str){upper, word.n});
}

static int set_threshold(struct ss_rule_reader *r, int level, struct ss_str value)
{
    struct ss_rule_spec *spec = r->spec;
    double threshold;
    int err = number_between(value, 0, 1, "a score from 0 to 1", &threshold);
    if (!err && spec->threshold_at[level].file && spec->threshold[level] != threshold)
        return given_twice(&spec->threshold_at[level]);
    if (!err) {
        spec->threshold[level] = threshold;
        spec->threshold_at[level] = r->at;
    }
    return err;
}

static int set_level_action(struct ss_rule_reader *r, struct ss_str word, struct ss_str value)
{
    struct ss_rule_spec *spec = r->spec;
    int level = level_of(word), what;
    if (level < 0)
        return ss_fail(SS_ECONFIG, "unknown level '%.*s': low, medium, high or critical", SHOWN(word));
    int err = action(value, &what);
    if (!err && spec->action_at[level].file && spec->level_action[level] != what)
        return given_twice(&spec->action_at[level]);
    if (!err) {
        spec->level_action[level] = what;
        spec->action_at[level] = r->at;
    }
    return err;
}

static struct ss_list_def *find_list(struct ss_rule_spec *spec, struct ss_str name)
{
    for (uint32_t i = 0; i < spec->lists; i++)
        if (ss_str_eq(spec->list[i].name, name))
            return &spec->list[i];
    return NULL;
}

static const char *path_in(struct ss_rule_reader *r, struct ss_str path)
{
    size_t dir = path.p[0] == '/' ? 0 : strlen(r->dir);
    char *full = ss_arena_alloc(&r->spec->arena, dir + path.n + 1);
    if (full) {
        memcpy(full, r->dir, dir);
        memcpy(full + dir, path.p, path.n);
        full[dir + path.n] = '\0';
    }
    return full;
}

/* list NAME = FILE kind=prefix column=bin */
static int set_list(struct ss_rule_reader *r, struct ss_str name, struct ss_str value)
{
    struct ss_rule_spec *spec = r->spec;
    struct ss_list_def def = {.name = name, .kind = SS_LIST_EXACT, .at = r->at};
    struct ss_str word = next_word(&value);
    if (!is_word(name))
        return ss_fail(SS_ECONFIG, "a list's name has letters, digits and _ only, not '%.*s'", SHOWN(name));
    if (find_list(spec, name))
        return ss_fail(SS_ECONFIG, "list '%.*s' is already there, at %s:%u", SHOWN(name),
                       find_list(spec, name)->at.file, find_list(spec, name)->at.line);
    if (spec->lists == SS_RULE_LISTS)
        return ss_fail(SS_ECONFIG, "more than %d lists", SS_RULE_LISTS);
    if (word.n == 0 || memchr(word.p, '=', word.n))
        return ss_fail(SS_ECONFIG, "a list is a file and its kind, such as bad.csv kind=prefix");
    def.path = path_in(r, word);
    if (!def.path)
        return SS_ENOMEM;
    while ((word = next_word(&value)).n) {
        struct ss_str rest;
        if (word.n > 5 && memcmp(word.p, "kind=", 5) == 0) {
            rest = (struct ss_str){word.p + 5, word.n - 5};
            int kind = ss_list_kind_of(rest);
            if (kind < 0)
                return ss_fail(SS_ECONFIG, "unknown kind '%.*s': exact, prefix, cidr or email_domain",
                               SHOWN(rest));
            def.kind = (enum ss_list_kind)kind;
        } else if (word.n > 7 && memcmp(word.p, "column=", 7) == 0) {
            def.column = ss_arena_copy(&spec->arena, word.p + 7, word.n - 7);
            if (!def.column)
                return SS_ENOMEM;
        } else {
            return ss_fail(SS_ECONFIG, "'%.*s' is neither kind=KIND nor column=NAME", SHOWN(word));
        }
    }
    spec->list[spec->lists++] = def;
    return 0;
}

/* auto_list NAME = FIELD ttl 30d delay 7d */
static int set_auto_list(struct ss_rule_reader *r, struct ss_str name, struct ss_str value)
{
    struct ss_rule_spec *spec = r->spec;
    struct ss_auto_def def = {.list = name, .field = next_word(&value), .at = r->at};
    struct ss_str word;
    if (!is_word(name) || !is_word(def.field))
        return ss_fail(SS_ECONFIG, "an auto_list is a field and how long its values stay, such as "
                                   "auto_list bad_devices = device_id ttl 30d");
    while ((word = next_word(&value)).n) {
        bool ttl = ss_str_is(word, "ttl");
        if (!ttl && !ss_str_is(word, "delay"))
            return ss_fail(SS_ECONFIG, "'%.*s' is neither ttl nor delay", SHOWN(word));
        int err = duration(next_word(&value), ttl ? &def.ttl_us : &def.delay_us);
        if (err)
            return err;
    }
    if (def.ttl_us == 0)
        return ss_fail(SS_ECONFIG, "an auto_list needs a ttl, such as ttl 30d");
    if (spec->n_autos == SS_RULE_AUTOS)
        return ss_fail(SS_ECONFIG, "more than %d auto_lists", SS_RULE_AUTOS);
    for (uint32_t i = 0; i < spec->n_autos; i++)
        if (ss_str_eq(spec->autos[i].list, name))
            return given_twice(&spec->autos[i].at);
    spec->autos[spec->n_autos++] = def;
    return 0;
}

/* --- which is which --- */

static const struct {
    const char *name;
    int (*set)(struct ss_rule_reader *r, struct ss_str value);
    bool expression; /* a # in it is jq's */
    bool many;
} rule_settings[] = {
    {"when", set_when, true, false},          {"score", set_score, false, false},
    {"weight", set_weight, false, false},     {"action", set_action, false, false},
    {"override", set_override, false, false}, {"reason", set_reason, true, false},
    {"severity", set_severity, false, false}, {"tags", set_tags, false, false},
    {"priority", set_priority, false, false}, {"enabled", set_enabled, false, false},
    {"mode", set_mode, false, false},         {"rollout", set_rollout, false, false},
    {"from", set_from, false, false},         {"until", set_until, false, false},
    {"on_error", set_on_error, false, false}, {"about", set_about, false, false},
    {"test", set_test, true, true},
};

static const char *const global_settings[] = {"combine", "model_weight", "on_error", "low",  "medium",
                                              "high",    "critical",     "action",   "list", "auto_list"};

static int unknown(struct ss_str key, bool within)
{
    struct ss_suggest s;
    char hint[SS_SUGGEST_TEXT];
    ss_suggest_init(&s, key);
    for (size_t i = 0; within && i < SS_COUNT(rule_settings); i++)
        ss_suggest_name(&s, ss_str_of(rule_settings[i].name));
    for (size_t i = 0; !within && i < SS_COUNT(global_settings); i++)
        ss_suggest_name(&s, ss_str_of(global_settings[i]));
    for (size_t i = 0; !within && i < SS_COUNT(rule_settings); i++)
        if (ss_str_is(key, rule_settings[i].name))
            return ss_fail(SS_ECONFIG, "'%.*s' before the first rule: begin it with [name]", SHOWN(key));
    for (size_t i = 0; within && i < SS_COUNT(global_settings); i++)
        if (ss_str_is(key, global_settings[i]))
            return ss_fail(SS_ECONFIG, "'%.*s' is for all rules: it belongs before the first one",
                           SHOWN(key));
    return ss_fail(SS_ECONFIG, "unknown setting '%.*s'%s", SHOWN(key), ss_suggest_text(&s, hint));
}

static int global_setting(struct ss_rule_reader *r, struct ss_str key, struct ss_str value)
{
    struct ss_str rest = key, word = next_word(&rest);
    rest = ss_str_trim(rest);
    value = without_comment(value);
    if (rest.n) {
        if (ss_str_is(word, "list"))
            return set_list(r, rest, value);
        if (ss_str_is(word, "auto_list"))
            return set_auto_list(r, rest, value);
        if (ss_str_is(word, "action"))
            return set_level_action(r, rest, value);
        return unknown(word, false);
    }
    if (ss_str_is(key, "combine"))
        return set_combine(r, value);
    if (ss_str_is(key, "model_weight"))
        return set_model_weight(r, value);
    if (ss_str_is(key, "on_error"))
        return set_default_on_error(r, value);
    if (ss_str_is(key, "list") || ss_str_is(key, "auto_list"))
        return ss_fail(SS_ECONFIG, "the list's name is missing: %.*s NAME = ...", SHOWN(key));
    if (ss_str_is(key, "action"))
        return ss_fail(SS_ECONFIG,
                       "the level is missing: action critical = block, or begin a rule with [name]");
    int level = level_of(key);
    return level > SS_NONE ? set_threshold(r, level, value) : unknown(key, false);
}

int ss_rule_setting(struct ss_rule_reader *r, struct ss_str key, struct ss_str value)
{
    if (!r->within)
        return global_setting(r, key, value);
    for (size_t i = 0; i < SS_COUNT(rule_settings); i++) {
        if (!ss_str_is(key, rule_settings[i].name))
            continue;
        if (!rule_settings[i].many && (r->seen & (uint64_t)1 << i))
            return ss_fail(SS_ECONFIG, "'%s' twice in one rule", rule_settings[i].name);
        r->seen |= (uint64_t)1 << i;
        return rule_settings[i].set(r, rule_settings[i].expression ? value : without_comment(value));
    }
    struct ss_str rest = key, word = next_word(&rest);
    return unknown(word, true);
}

bool ss_rule_setting_known(struct ss_str key)
{
    for (size_t i = 0; i < SS_COUNT(rule_settings); i++)
        if (ss_str_is(key, rule_settings[i].name))
            return true;
    struct ss_str rest = key, word = next_word(&rest);
    for (size_t i = 0; i < SS_COUNT(global_settings); i++)
        if (ss_str_is(word, global_settings[i]))
            return true;
    return false;
}

int ss_rule_begin(struct ss_rule_reader *r, struct ss_str name)
{
    struct ss_rule_spec *spec = r->spec;
    int err = ss_rule_end(r);
    if (err)
        return err;
    if (spec->rules == SS_RULES_MAX)
        return ss_fail(SS_ECONFIG, "more than %d rules", SS_RULES_MAX);
    if (spec->rules == spec->rules_cap) {
        uint32_t cap = spec->rules_cap ? spec->rules_cap * 2 : 16;
        struct ss_rule *more = realloc(spec->rule, cap * sizeof *more);
        if (!more)
            return ss_fail(SS_ENOMEM, "out of memory for rules");
        spec->rule = more;
        spec->rules_cap = cap;
    }
    spec->rule[spec->rules++] = (struct ss_rule){.name = name,
                                                 .at = r->at,
                                                 .score = NAN,
                                                 .weight = NAN,
                                                 .action = -1,
                                                 .enabled = true,
                                                 .priority = SS_RULE_PRIORITY,
                                                 .rollout = 1,
                                                 .from_us = INT64_MIN,
                                                 .until_us = INT64_MAX,
                                                 .on_error = -1};
    r->within = true;
    r->seen = 0;
    r->tests_cap = 0;
    return 0;
}

int ss_rule_end(struct ss_rule_reader *r)
{
    if (!r->within)
        return 0;
    const struct ss_rule *rule = rule_of(r);
    struct ss_place at = r->at;
    r->at = rule->at;
    if (!rule->when.p)
        return ss_fail(SS_ECONFIG, "rule '%.*s' has no 'when'", SHOWN(rule->name));
    if (rule->from_us >= rule->until_us)
        return ss_fail(SS_ECONFIG, "rule '%.*s' ends (until) before it begins (from)", SHOWN(rule->name));
    if (rule->override_allow && rule->action > SS_ALLOW)
        return ss_fail(SS_ECONFIG, "rule '%.*s' overrides with allow and has action %s", SHOWN(rule->name),
                       ss_action_name((enum ss_action)rule->action));
    r->at = at;
    return 0;
}
