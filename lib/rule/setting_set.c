#include "base/err.h"
#include "rule/setting_parts.h"
#include "rule/setting_value.h"

static int given_twice(const struct ss_place *at)
{
    return ss_fail(SS_ECONFIG, "already set otherwise at %s:%u", at->file, at->line);
}

static int set_combine(struct ss_rule_reader *r, struct ss_str value)
{
    struct ss_rule_spec *spec = r->spec;
    enum ss_combine combine = ss_str_is(value, "weighted") ? SS_COMBINE_WEIGHTED : SS_COMBINE_MAX;
    if (combine == SS_COMBINE_MAX && !ss_str_is(value, "max"))
        return ss_fail(SS_ECONFIG, "combine is max or weighted, not '%.*s'", SS_SHOWN(value));
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
    int err = ss_setting_number(value, 0, 1000, "a weight from 0 to 1000", &weight);
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
    int what, err = ss_setting_on_error(value, &what);
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
    int err = ss_setting_number(value, 0, 1, "a score from 0 to 1", &threshold);
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
        return ss_fail(SS_ECONFIG, "unknown level '%.*s': low, medium, high or critical", SS_SHOWN(word));
    int err = ss_setting_action(value, &what);
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
    struct ss_str word = ss_setting_word(&value);
    if (!ss_setting_is_name(name))
        return ss_fail(SS_ECONFIG, "a list's name has letters, digits and _ only, not '%.*s'",
                       SS_SHOWN(name));
    if (find_list(spec, name))
        return ss_fail(SS_ECONFIG, "list '%.*s' is already there, at %s:%u", SS_SHOWN(name),
                       find_list(spec, name)->at.file, find_list(spec, name)->at.line);
    if (spec->lists == SS_RULE_LISTS)
        return ss_fail(SS_ECONFIG, "more than %d lists", SS_RULE_LISTS);
    if (word.n == 0 || memchr(word.p, '=', word.n))
        return ss_fail(SS_ECONFIG, "a list is a file and its kind, such as bad.csv kind=prefix");
    def.path = path_in(r, word);
    if (!def.path)
        return SS_ENOMEM;
    while ((word = ss_setting_word(&value)).n) {
        struct ss_str rest;
        if (word.n > 5 && memcmp(word.p, "kind=", 5) == 0) {
            rest = (struct ss_str){word.p + 5, word.n - 5};
            int kind = ss_list_kind_of(rest);
            if (kind < 0)
                return ss_fail(SS_ECONFIG, "unknown kind '%.*s': exact, prefix, cidr or email_domain",
                               SS_SHOWN(rest));
            def.kind = (enum ss_list_kind)kind;
        } else if (word.n > 7 && memcmp(word.p, "column=", 7) == 0) {
            def.column = ss_arena_copy(&spec->arena, word.p + 7, word.n - 7);
            if (!def.column)
                return SS_ENOMEM;
        } else {
            return ss_fail(SS_ECONFIG, "'%.*s' is neither kind=KIND nor column=NAME", SS_SHOWN(word));
        }
    }
    spec->list[spec->lists++] = def;
    return 0;
}

/* auto_list NAME = FIELD ttl 30d delay 7d */
static int set_auto_list(struct ss_rule_reader *r, struct ss_str name, struct ss_str value)
{
    struct ss_rule_spec *spec = r->spec;
    struct ss_auto_def def = {.list = name, .field = ss_setting_word(&value), .at = r->at};
    struct ss_str word;
    if (!ss_setting_is_name(name) || !ss_setting_is_name(def.field))
        return ss_fail(SS_ECONFIG, "an auto_list is a field and how long its values stay, such as "
                                   "auto_list bad_devices = device_id ttl 30d");
    while ((word = ss_setting_word(&value)).n) {
        bool ttl = ss_str_is(word, "ttl");
        if (!ttl && !ss_str_is(word, "delay"))
            return ss_fail(SS_ECONFIG, "'%.*s' is neither ttl nor delay", SS_SHOWN(word));
        int err = ss_setting_duration(ss_setting_word(&value), ttl ? &def.ttl_us : &def.delay_us);
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

const char *const ss_set_settings[] = {"combine",  "model_weight", "on_error", "low",       "medium", "high",
                                       "critical", "action",       "list",     "auto_list", NULL};

int ss_set_setting(struct ss_rule_reader *r, struct ss_str key, struct ss_str value)
{
    struct ss_str rest = key, word = ss_setting_word(&rest);
    rest = ss_str_trim(rest);
    value = ss_setting_uncommented(value);
    if (rest.n) {
        if (ss_str_is(word, "list"))
            return set_list(r, rest, value);
        if (ss_str_is(word, "auto_list"))
            return set_auto_list(r, rest, value);
        if (ss_str_is(word, "action"))
            return set_level_action(r, rest, value);
        return 1;
    }
    if (ss_str_is(key, "combine"))
        return set_combine(r, value);
    if (ss_str_is(key, "model_weight"))
        return set_model_weight(r, value);
    if (ss_str_is(key, "on_error"))
        return set_default_on_error(r, value);
    if (ss_str_is(key, "list") || ss_str_is(key, "auto_list"))
        return ss_fail(SS_ECONFIG, "the list's name is missing: %.*s NAME = ...", SS_SHOWN(key));
    if (ss_str_is(key, "action"))
        return ss_fail(SS_ECONFIG,
                       "the level is missing: action critical = block, or begin a rule with [name]");
    int level = level_of(key);
    return level > SS_NONE ? set_threshold(r, level, value) : 1;
}
