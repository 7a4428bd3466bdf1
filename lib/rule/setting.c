#include "base/err.h"
#include "rule/setting_parts.h"
#include "rule/setting_value.h"
#include "rule/suggest.h"
#include <math.h>
#include <stdlib.h>

static int unknown(struct ss_str key, bool within)
{
    struct ss_suggest s;
    char hint[SS_SUGGEST_TEXT];
    ss_suggest_init(&s, key);
    for (size_t i = 0; within && ss_rule_settings[i].name; i++)
        ss_suggest_name(&s, ss_str_of(ss_rule_settings[i].name));
    for (size_t i = 0; !within && ss_set_settings[i]; i++)
        ss_suggest_name(&s, ss_str_of(ss_set_settings[i]));
    for (size_t i = 0; !within && ss_rule_settings[i].name; i++)
        if (ss_str_is(key, ss_rule_settings[i].name))
            return ss_fail(SS_ECONFIG, "'%.*s' before the first rule: begin it with [name]", SS_SHOWN(key));
    for (size_t i = 0; within && ss_set_settings[i]; i++)
        if (ss_str_is(key, ss_set_settings[i]))
            return ss_fail(SS_ECONFIG, "'%.*s' is for all rules: it belongs before the first one",
                           SS_SHOWN(key));
    return ss_fail(SS_ECONFIG, "unknown setting '%.*s'%s", SS_SHOWN(key), ss_suggest_text(&s, hint));
}

int ss_rule_setting(struct ss_rule_reader *r, struct ss_str key, struct ss_str value)
{
    struct ss_str rest = key, word = ss_setting_word(&rest);
    if (!r->within) {
        int err = ss_set_setting(r, key, value);
        return err > 0 ? unknown(word, false) : err;
    }
    for (size_t i = 0; ss_rule_settings[i].name; i++) {
        if (!ss_str_is(key, ss_rule_settings[i].name))
            continue;
        if (!ss_rule_settings[i].many && (r->seen & (uint64_t)1 << i))
            return ss_fail(SS_ECONFIG, "'%s' twice in one rule", ss_rule_settings[i].name);
        r->seen |= (uint64_t)1 << i;
        return ss_rule_settings[i].set(r, ss_rule_settings[i].expression ? value
                                                                         : ss_setting_uncommented(value));
    }
    return unknown(word, true);
}

bool ss_rule_setting_known(struct ss_str key)
{
    for (size_t i = 0; ss_rule_settings[i].name; i++)
        if (ss_str_is(key, ss_rule_settings[i].name))
            return true;
    struct ss_str rest = key, word = ss_setting_word(&rest);
    for (size_t i = 0; ss_set_settings[i]; i++)
        if (ss_str_is(word, ss_set_settings[i]))
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
    const struct ss_rule *rule = ss_rule_being_read(r);
    struct ss_place at = r->at;
    r->at = rule->at;
    if (!rule->when.p)
        return ss_fail(SS_ECONFIG, "rule '%.*s' has no 'when'", SS_SHOWN(rule->name));
    if (rule->from_us >= rule->until_us)
        return ss_fail(SS_ECONFIG, "rule '%.*s' ends (until) before it begins (from)", SS_SHOWN(rule->name));
    if (rule->override_allow && rule->action > SS_ALLOW)
        return ss_fail(SS_ECONFIG, "rule '%.*s' overrides with allow and has action %s", SS_SHOWN(rule->name),
                       ss_action_name((enum ss_action)rule->action));
    r->at = at;
    return 0;
}
