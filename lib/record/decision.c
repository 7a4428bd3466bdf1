#include "record/decision.h"
#include "base/err.h"
#include "base/number.h"
#include "json/cursor.h"
#include "json/write.h"
#include <math.h>

#define ENTRIES_MAX 100000 /* rules, shadow rules, failures or tags of one decision */

static const char *const action_names[SS_ACTIONS] = {"allow", "notify", "review", "challenge", "block"};

const char *ss_action_name(enum ss_action action)
{
    return action_names[action];
}

int ss_action_of(struct ss_str name)
{
    for (int i = 0; i < SS_ACTIONS; i++)
        if (ss_str_is(name, action_names[i]))
            return i;
    return -1;
}

/* --- to text --- */

static void put_text_or_null(struct ss_buf *to, struct ss_str text)
{
    if (text.p)
        ss_json_put_string(to, text);
    else
        ss_buf_put(to, "null", 4);
}

static void put_fired(const struct ss_fired *rule, uint32_t n, struct ss_buf *to)
{
    for (uint32_t i = 0; i < n; i++, rule++) {
        ss_buf_puts(to, i ? ",{\"id\":" : "{\"id\":");
        ss_json_put_string(to, rule->id);
        ss_buf_puts(to, ",\"score\":");
        ss_json_put_double(to, rule->score);
        ss_buf_puts(to, ",\"action\":");
        put_text_or_null(to,
                         rule->action < 0 ? (struct ss_str){NULL, 0} : ss_str_of(action_names[rule->action]));
        ss_buf_puts(to, ",\"reason\":");
        put_text_or_null(to, rule->reason);
        if (rule->severity.p) {
            ss_json_key(to, "severity");
            ss_json_put_string(to, rule->severity);
        }
        if (rule->tags)
            ss_put_texts_of(to, "tags", rule->tag, rule->tags);
        ss_buf_putc(to, '}');
    }
}

static void put_failed(const struct ss_decision *d, struct ss_buf *to)
{
    ss_buf_puts(to, ",\"errors\":[");
    for (uint32_t i = 0; i < d->failures; i++) {
        ss_buf_puts(to, i ? ",{\"id\":" : "{\"id\":");
        ss_json_put_string(to, d->failed[i].id);
        ss_buf_puts(to, ",\"error\":");
        ss_json_put_string(to, d->failed[i].error);
        ss_buf_putc(to, '}');
    }
    ss_buf_putc(to, ']');
}

void ss_decision_put(const struct ss_decision *d, struct ss_buf *to)
{
    ss_buf_puts(to, "{\"action\":\"");
    ss_buf_puts(to, action_names[d->action]);
    ss_buf_puts(to, "\",\"level\":\"");
    ss_buf_puts(to, ss_level_name(d->level));
    ss_buf_puts(to, "\",\"score\":");
    ss_json_put_double(to, d->score);
    ss_buf_puts(to, ",\"rules\":[");
    put_fired(d->rule, d->rules, to);
    ss_buf_putc(to, ']');
    if (d->shadows) {
        ss_buf_puts(to, ",\"shadow\":[");
        put_fired(d->shadow, d->shadows, to);
        ss_buf_putc(to, ']');
    }
    if (d->failures)
        put_failed(d, to);
    ss_buf_puts(to, ",\"by\":{\"features\":");
    put_text_or_null(to, d->features);
    ss_buf_puts(to, ",\"model\":");
    put_text_or_null(to, d->model);
    ss_buf_puts(to, ",\"rules\":");
    put_text_or_null(to, d->rule_set);
    ss_buf_puts(to, "}}");
}

/* --- from text --- */

static int malformed(const struct ss_cursor *c, const char *start)
{
    return ss_fail(SS_EDATA, "decision is malformed at byte %zu", (size_t)(c->p - start));
}

/* A value's text as a string without escapes; p == NULL for null and what is no string. */
static int text_of(struct ss_str value, struct ss_arena *arena, struct ss_str *text)
{
    *text = (struct ss_str){NULL, 0};
    if (value.n < 2 || value.p[0] != '"')
        return 0;
    *text = ss_json_unescape((struct ss_str){value.p + 1, value.n - 2}, arena);
    return text->p ? 0 : SS_ENOMEM;
}

static double number_of(struct ss_str value)
{
    double d;
    return ss_double_parse(value.p, value.n, &d) && isfinite(d) ? d : NAN;
}

/* Calls `each` for the items of an array; anything else is an array without items. */
static int for_items(struct ss_str json, int (*each)(void *to, struct ss_str item), void *to)
{
    struct ss_cursor c = {json.p, json.p + json.n};
    struct ss_str item;
    if (!ss_cursor_take(&c, '[') || ss_cursor_peek(&c) == ']')
        return 0;
    do {
        if (!ss_cursor_value(&c, &item))
            return malformed(&c, json.p);
        int err = each(to, item);
        if (err)
            return err;
    } while (ss_cursor_take(&c, ','));
    return ss_cursor_take(&c, ']') ? 0 : malformed(&c, json.p);
}

static int for_members(struct ss_str json, int (*each)(void *to, struct ss_str key, struct ss_str value),
                       void *to)
{
    struct ss_cursor c = {json.p, json.p + json.n};
    struct ss_str key, value;
    if (!ss_cursor_take(&c, '{'))
        return malformed(&c, json.p);
    bool more = ss_cursor_peek(&c) != '}';
    while (more) {
        if (!ss_cursor_pair(&c, &key, &value))
            return malformed(&c, json.p);
        int err = each(to, key, value);
        if (err)
            return err;
        more = ss_cursor_take(&c, ',');
    }
    if (!ss_cursor_take(&c, '}') || ss_cursor_peek(&c) != '\0' || c.p != c.end)
        return malformed(&c, json.p);
    return 0;
}

/* A growing array in the arena: what it leaves behind dies with the batch. */
struct items {
    struct ss_arena *arena;
    void *at;
    size_t size;
    uint32_t n, cap;
};

static void *add_item(struct items *items)
{
    if (items->n == items->cap) {
        uint32_t cap = items->cap ? items->cap * 2 : 4;
        void *at = cap <= ENTRIES_MAX * 2 ? ss_arena_zalloc(items->arena, cap * items->size) : NULL;
        if (!at)
            return NULL;
        if (items->n)
            memcpy(at, items->at, items->n * items->size);
        items->at = at;
        items->cap = cap;
    }
    return (char *)items->at + items->n++ * items->size;
}

static int read_tag(void *to, struct ss_str item)
{
    struct items *tags = to;
    struct ss_str text;
    int err = text_of(item, tags->arena, &text);
    struct ss_str *tag = err || !text.p ? NULL : add_item(tags);
    if (tag)
        *tag = text;
    return err || tag || !text.p ? err : SS_ENOMEM;
}

struct reading_fired {
    struct ss_fired *rule;
    struct ss_arena *arena;
};

static int read_fired_member(void *to, struct ss_str key, struct ss_str value)
{
    struct reading_fired *r = to;
    struct ss_str text;
    if (ss_str_is(key, "id"))
        return text_of(value, r->arena, &r->rule->id);
    if (ss_str_is(key, "reason"))
        return text_of(value, r->arena, &r->rule->reason);
    if (ss_str_is(key, "severity"))
        return text_of(value, r->arena, &r->rule->severity);
    if (ss_str_is(key, "score")) {
        r->rule->score = number_of(value);
    } else if (ss_str_is(key, "action")) {
        int err = text_of(value, r->arena, &text);
        r->rule->action = err || !text.p ? -1 : ss_action_of(text);
        return err;
    } else if (ss_str_is(key, "tags")) {
        struct items tags = {.arena = r->arena, .size = sizeof(struct ss_str)};
        int err = for_items(value, read_tag, &tags);
        r->rule->tag = tags.at;
        r->rule->tags = tags.n;
        return err;
    }
    return 0;
}

static int read_fired(void *to, struct ss_str item)
{
    struct items *rules = to;
    struct ss_fired *rule = add_item(rules);
    if (!rule)
        return SS_ENOMEM;
    *rule = (struct ss_fired){.score = NAN, .action = -1};
    struct reading_fired r = {rule, rules->arena};
    int err = for_members(item, read_fired_member, &r);
    return err || rule->id.p ? err : ss_fail(SS_EDATA, "decision has a rule without an id");
}

struct reading_failed {
    struct ss_failed *failed;
    struct ss_arena *arena;
};

static int read_failed_member(void *to, struct ss_str key, struct ss_str value)
{
    struct reading_failed *r = to;
    if (ss_str_is(key, "id"))
        return text_of(value, r->arena, &r->failed->id);
    return ss_str_is(key, "error") ? text_of(value, r->arena, &r->failed->error) : 0;
}

static int read_failed(void *to, struct ss_str item)
{
    struct items *failures = to;
    struct ss_failed *failed = add_item(failures);
    if (!failed)
        return SS_ENOMEM;
    *failed = (struct ss_failed){{NULL, 0}, {NULL, 0}};
    struct reading_failed r = {failed, failures->arena};
    int err = for_members(item, read_failed_member, &r);
    if (!failed->error.p)
        failed->error = SS_STR("");
    return err || failed->id.p ? err : ss_fail(SS_EDATA, "decision has an error without a rule");
}

struct reading {
    struct ss_decision *d;
    struct ss_arena *arena;
    int action, level;
};

static int read_by(void *to, struct ss_str key, struct ss_str value)
{
    struct reading *r = to;
    struct ss_str *hash = ss_str_is(key, "features") ? &r->d->features
                          : ss_str_is(key, "model")  ? &r->d->model
                          : ss_str_is(key, "rules")  ? &r->d->rule_set
                                                     : NULL;
    return hash ? text_of(value, r->arena, hash) : 0;
}

static int read_list(struct reading *r, struct ss_str value, const struct ss_fired **at, uint32_t *n)
{
    struct items rules = {.arena = r->arena, .size = sizeof(struct ss_fired)};
    int err = for_items(value, read_fired, &rules);
    *at = rules.at;
    *n = rules.n;
    return err;
}

static int read_member(void *to, struct ss_str key, struct ss_str value)
{
    struct reading *r = to;
    struct ss_str text;
    int err = 0;
    if (ss_str_is(key, "rules"))
        return read_list(r, value, &r->d->rule, &r->d->rules);
    if (ss_str_is(key, "shadow"))
        return read_list(r, value, &r->d->shadow, &r->d->shadows);
    if (ss_str_is(key, "by"))
        return value.p[0] == '{' ? for_members(value, read_by, r) : 0;
    if (ss_str_is(key, "score")) {
        r->d->score = number_of(value);
    } else if (ss_str_is(key, "action") || ss_str_is(key, "level")) {
        err = text_of(value, r->arena, &text);
        if (!err && key.p[0] == 'a')
            r->action = text.p ? ss_action_of(text) : -1;
        else if (!err)
            r->level = text.p ? ss_level_of(text) : -1;
    } else if (ss_str_is(key, "errors")) {
        struct items failures = {.arena = r->arena, .size = sizeof(struct ss_failed)};
        err = for_items(value, read_failed, &failures);
        r->d->failed = failures.at;
        r->d->failures = failures.n;
    }
    return err;
}

int ss_decision_parse(struct ss_str json, struct ss_arena *arena, struct ss_decision *decision)
{
    struct reading r = {decision, arena, -1, -1};
    *decision = (struct ss_decision){.score = 0};
    int err = for_members(json, read_member, &r);
    if (err)
        return err;
    if (r.action < 0)
        return ss_fail(SS_EDATA, "decision has no known action");
    if (isnan(decision->score))
        decision->score = 0;
    decision->action = (enum ss_action)r.action;
    decision->level = r.level < 0 ? SS_NONE : (enum ss_level)r.level;
    return 0;
}

const struct ss_decision *ss_record_decision(const struct ss_record *rec, struct ss_arena *arena)
{
    if (rec->decision)
        return rec->decision;
    struct ss_str json = ss_record_member(rec, SS_DECISION);
    struct ss_decision *d = json.p ? ss_arena_alloc(arena, sizeof *d) : NULL;
    return d && ss_decision_parse(json, arena, d) == 0 ? d : NULL;
}
