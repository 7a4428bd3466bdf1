#include "web/settings.h"
#include "base/err.h"
#include "base/hash.h"
#include "json/write.h"
#include "web/after.h"
#include "web/auth.h"
#include <stdio.h>

#define SETTINGS_MEMORY ((size_t)1 << 20)

static void put_value(struct ss_buf *to, const struct ss_setting *s, struct ss_str value)
{
    if (s->type == SS_SETTING_TEXT || s->type == SS_SETTING_WORD)
        ss_json_put_string(to, value);
    else
        ss_buf_put(to, value.p, value.n); /* canonical, and so JSON */
}

/* ---- reading ---- */

struct listing {
    struct ss_buf *to;
    struct ss_call *call;
    size_t next; /* the table's next one: both are in the order of keys */
    size_t items;
};

static void put_range(struct ss_buf *to, const struct ss_setting *s)
{
    if (s->type == SS_SETTING_INT || s->type == SS_SETTING_REAL) {
        ss_put_real_of(to, "min", s->min);
        ss_put_real_of(to, "max", s->max);
    } else if (s->type == SS_SETTING_TEXT) {
        ss_put_int_of(to, "max_length", (int64_t)s->max);
        if (s->form)
            ss_put_text_of(to, "form", ss_str_of(s->form));
    } else if (s->type == SS_SETTING_WORD) {
        ss_json_key(to, "words");
        for (const char *const *word = s->words; *word; word++) {
            ss_buf_puts(to, word == s->words ? "[" : ",");
            ss_json_put_string(to, ss_str_of(*word));
        }
        ss_buf_putc(to, ']');
    }
}

static void put_setting(struct listing *l, const struct ss_setting *s, const struct ss_setting_row *row)
{
    struct ss_buf *to = l->to, value;
    ss_buf_init(&value, SS_SETTING_TEXT_MAX + 1);
    bool own = row && ss_setting_check(s, row->value, &value) == 0; /* as those who read it take it */
    ss_buf_puts(to, l->items++ ? ",{" : "{");
    ss_put_text_of(to, "key", ss_str_of(s->key));
    ss_json_key(to, "value");
    put_value(to, s, own ? row->value : ss_str_of(s->absent));
    ss_json_key(to, "default");
    put_value(to, s, ss_str_of(s->absent));
    ss_put_text_of(to, "type", ss_str_of(ss_setting_type_name(s->type)));
    put_range(to, s);
    ss_put_text_of(to, "about", ss_str_of(s->about));
    ss_put_text_of(to, "changed_by", row ? row->actor : (struct ss_str){NULL, 0});
    ss_put_time_of(to, "changed_at", row ? row->updated_us : 0);
    ss_buf_putc(to, '}');
    ss_buf_free(&value);
}

static int list_row(void *ctx, const struct ss_setting_row *row)
{
    struct listing *l = ctx;
    const struct ss_setting *s = ss_setting_find(row->key), *next;
    while (s && (next = ss_setting_at(l->next)) && next <= s) {
        put_setting(l, next, next == s ? row : NULL);
        l->next++;
    }
    return 0;
}

static int list_all(struct ss_call *call, struct ss_buf *to)
{
    struct listing l = {to, call, 0, 0};
    ss_buf_puts(to, "{\"items\":[");
    int err = ss_settings_each(call->db, list_row, &l);
    for (; !err && ss_setting_at(l.next); l.next++)
        put_setting(&l, ss_setting_at(l.next), NULL);
    ss_buf_puts(to, "],\"next\":null}");
    return err ? err : ss_buf_check(to);
}

/* The version of all settings together: of what is said about them. */
static int64_t version_of(const struct ss_buf *listing)
{
    return (int64_t)(ss_hash64(listing->p, listing->n) >> 1);
}

static int get_settings(struct ss_call *call)
{
    int err = list_all(call, &call->res.body);
    if (!err)
        (void)ss_answer_version(call, version_of(&call->res.body));
    return err;
}

/* ---- changing ---- */

struct change {
    const struct ss_setting *s;
    struct ss_str now, was; /* canonical */
    bool drop;
};

struct changes {
    struct ss_call *call;
    struct change *of;
    uint32_t n;
};

static bool fits_type(const struct ss_setting *s, enum ss_json_type type)
{
    switch (s->type) {
    case SS_SETTING_BOOL: return type == SS_JSON_TRUE || type == SS_JSON_FALSE;
    case SS_SETTING_INT:
    case SS_SETTING_REAL: return type == SS_JSON_NUMBER;
    default: return type == SS_JSON_STRING;
    }
}

/* One member of the body: a value, or null for the default. */
static int read_change(struct ss_call *call, struct ss_str key, const struct ss_json_value *v,
                       struct change *out)
{
    char name[64];
    struct ss_buf text;
    snprintf(name, sizeof name, "%.*s", (int)(key.n < sizeof name ? key.n : sizeof name - 1), key.p);
    *out = (struct change){.s = ss_setting_find(key), .drop = v->type == SS_JSON_NULL};
    if (!out->s) {
        ss_fault(call, name, "is no setting");
        return 0;
    }
    out->now = out->was = ss_str_of(out->s->absent);
    if (out->drop)
        return 0;
    struct ss_str value = v->type == SS_JSON_TRUE    ? SS_STR("true")
                          : v->type == SS_JSON_FALSE ? SS_STR("false")
                                                     : v->text;
    if (!fits_type(out->s, v->type)) {
        ss_fault(call, name, "is of type %s", ss_setting_type_name(out->s->type));
        return 0;
    }
    ss_buf_init(&text, (size_t)2 * SS_SETTING_TEXT_MAX);
    int err = ss_setting_check(out->s, value, &text);
    if (err == SS_EDATA)
        ss_fault(call, name, "%s", ss_err_text());
    else if (!err)
        out->now = ss_call_copy(call, (struct ss_str){text.p ? text.p : "", text.n});
    ss_buf_free(&text);
    return err == SS_EDATA ? 0 : err;
}

static int note_old(void *ctx, const struct ss_setting_row *row)
{
    struct changes *c = ctx;
    for (uint32_t i = 0; i < c->n; i++)
        if (c->of[i].s && ss_str_is(row->key, c->of[i].s->key))
            c->of[i].was = ss_call_copy(c->call, row->value);
    return 0;
}

static struct ss_str value_json(struct ss_call *call, const struct ss_setting *s, struct ss_str value)
{
    struct ss_buf text;
    ss_buf_init(&text, SETTINGS_MEMORY);
    ss_buf_puts(&text, "{\"value\":");
    put_value(&text, s, value);
    ss_buf_putc(&text, '}');
    struct ss_str copy = ss_call_copy(call, (struct ss_str){text.p, text.n});
    ss_buf_free(&text);
    return copy;
}

static int apply(struct ss_call *call, const struct change *c, struct ss_buf *told)
{
    struct ss_str key = ss_str_of(c->s->key);
    int err = c->drop ? ss_settings_drop(call->db, key)
                      : ss_settings_put(call->db, key, c->now, ss_str_of(call->who.name), call->now_us);
    if (err < 0 || ss_str_eq(c->was, c->now))
        return err < 0 ? err : 0;
    ss_json_key(told, c->s->key);
    put_value(told, c->s, c->now);
    call->after |= SS_AFTER_SETTINGS;
    return ss_call_audit(call, "settings.change", ss_call_format(call, "setting:%s", c->s->key),
                         value_json(call, c->s, c->was), value_json(call, c->s, c->now));
}

static int apply_all(struct ss_call *call, struct changes *all)
{
    struct ss_buf told;
    ss_buf_init(&told, SETTINGS_MEMORY);
    ss_buf_puts(&told, "{\"changed\":{");
    int err = ss_settings_each(call->db, note_old, all);
    for (uint32_t i = 0; i < all->n && !err; i++)
        err = apply(call, &all->of[i], &told);
    ss_buf_putc(&told, '}');
    ss_put_text_of(&told, "by", ss_str_of(call->who.name));
    ss_buf_putc(&told, '}');
    err = err ? err : ss_buf_check(&told);
    if (!err && call->after & SS_AFTER_SETTINGS)
        ss_event_add(call, "settings", (struct ss_str){told.p, told.n});
    ss_buf_free(&told);
    return err;
}

static int patch_settings(struct ss_call *call)
{
    struct changes all = {.call = call};
    if (!ss_call_json(call))
        return 0;
    int err = list_all(call, &call->res.body);
    if (err || ss_answer_version(call, version_of(&call->res.body)))
        return err;
    all.n = call->json->n;
    all.of = ss_arena_zalloc(&call->arena, (all.n + 1) * sizeof *all.of);
    if (!all.of)
        return SS_ENOMEM;
    for (uint32_t i = 0; i < all.n && !err; i++)
        err = read_change(call, call->json->key[i], &call->json->at[i], &all.of[i]);
    if (err || !ss_call_check(call))
        return err;
    err = apply_all(call, &all);
    ss_buf_reset(&call->res.body);
    err = err ? err : list_all(call, &call->res.body);
    call->req.if_match = (struct ss_str){NULL, 0}; /* it was about the version before */
    if (!err)
        (void)ss_answer_version(call, version_of(&call->res.body));
    return err;
}

const struct ss_route ss_routes_settings[] = {
    {SS_GET, "/api/v1/settings", get_settings, SS_READERS, "settings:read", SS_RUN_QUICK, 0},
    {SS_PATCH, "/api/v1/settings", patch_settings, SS_ADMIN, "settings:write", SS_RUN_WRITE, 0},
    {0},
};
