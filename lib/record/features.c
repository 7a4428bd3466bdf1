#include "record/features.h"
#include "base/err.h"
#include "base/number.h"
#include "json/cursor.h"
#include <math.h>

/* A number, true, false or null: what stands before the next comma or brace. */
static bool take_plain(struct ss_cursor *c, struct ss_str *text)
{
    ss_cursor_peek(c);
    const char *start = c->p;
    while (c->p < c->end && *c->p != ',' && *c->p != '}' && *c->p != '{' && *c->p != '[' && *c->p != '"')
        c->p++;
    *text = ss_str_trim((struct ss_str){start, (size_t)(c->p - start)});
    return text->n > 0;
}

struct reader {
    const struct ss_feature_names *names;
    struct ss_arena *arena;
    double *num;
    struct ss_str *text;
    uint32_t next; /* the name expected now */
};

static int find_name(struct reader *r, struct ss_str key)
{
    const struct ss_feature_names *names = r->names;
    if (SS_LIKELY(r->next < names->n && ss_str_eq(names->name[r->next], key)))
        return (int)r->next++;
    for (uint32_t i = 0; i < names->n; i++)
        if (ss_str_eq(names->name[i], key)) {
            r->next = i + 1;
            return (int)i;
        }
    return -1;
}

static int set_value(struct reader *r, uint32_t i, struct ss_str val, bool quoted)
{
    bool is_text = r->names->is_text && r->names->is_text[i];
    struct ss_str name = r->names->name[i];
    if (!quoted && ss_str_is(val, "null"))
        return 0;
    if (is_text) {
        r->text[i] = quoted ? ss_json_unescape(val, r->arena) : val;
        return r->text[i].p ? 0 : SS_ENOMEM;
    }
    if (!quoted && ss_double_parse(val.p, val.n, &r->num[i]))
        return 0;
    if (!quoted && (ss_str_is(val, "true") || ss_str_is(val, "false"))) {
        r->num[i] = val.p[0] == 't';
        return 0;
    }
    return ss_fail(SS_EDATA, "feature '%.*s' is no number", (int)name.n, name.p);
}

static int take_member(struct ss_cursor *c, struct reader *r, struct ss_features *features, bool *set_seen)
{
    struct ss_str key, val;
    if (!ss_cursor_key(c, &key))
        return ss_fail(SS_EDATA, "features is malformed");
    bool quoted = ss_cursor_peek(c) == '"';
    if (quoted ? !ss_cursor_string(c, &val) : !take_plain(c, &val))
        return ss_fail(SS_EDATA, "features is malformed");
    if (quoted && ss_str_is(key, "set")) {
        if (!ss_str_is(val, r->names->set))
            return ss_fail(SS_ECONFIG, "features were made with feature set '%.*s', not '%s'",
                           val.n < 64 ? (int)val.n : 64, val.p, r->names->set);
        *set_seen = true;
        return 0;
    }
    int i = find_name(r, key);
    if (i >= 0)
        return set_value(r, (uint32_t)i, val, quoted);
    if (ss_str_is(key, "late"))
        features->late = ss_str_is(val, "true");
    return 0;
}

int ss_features_parse(struct ss_str json, const struct ss_feature_names *names, struct ss_arena *arena,
                      const struct ss_features **out)
{
    struct ss_features *f = ss_arena_zalloc(arena, sizeof *f);
    struct reader r = {.names = names, .arena = arena};
    struct ss_cursor c = {json.p, json.p + json.n};
    bool set_seen = false;
    r.num = ss_arena_alloc(arena, (names->n + 1) * sizeof *r.num);
    if (names->is_text)
        r.text = ss_arena_zalloc(arena, (names->n + 1) * sizeof *r.text);
    if (!f || !r.num || (names->is_text && !r.text))
        return SS_ENOMEM;
    for (uint32_t i = 0; i < names->n; i++)
        r.num[i] = NAN;
    if (!ss_cursor_take(&c, '{'))
        return ss_fail(SS_EDATA, "features is no object");
    bool more = ss_cursor_peek(&c) != '}';
    while (more) {
        int err = take_member(&c, &r, f, &set_seen);
        if (err)
            return err;
        more = ss_cursor_take(&c, ',');
    }
    if (!ss_cursor_take(&c, '}') || ss_cursor_peek(&c) != '\0' || c.p != c.end)
        return ss_fail(SS_EDATA, "features is malformed");
    if (!set_seen)
        return ss_fail(SS_EDATA, "features say no feature set, '%s' is wanted", names->set);
    f->names = names;
    f->num = r.num;
    f->text = r.text;
    *out = f;
    return 0;
}

/* --- single features, by name --- */

/* A feature's place among n names, looked for from `*next` on. */
static int find_from(const struct ss_str *name, uint32_t n, struct ss_str key, uint32_t *next)
{
    for (uint32_t k = 0; k < n; k++) {
        uint32_t i = *next + k < n ? *next + k : *next + k - n;
        if (ss_str_eq(name[i], key)) {
            *next = i + 1 < n ? i + 1 : 0;
            return (int)i;
        }
    }
    return -1;
}

static int value_of(struct ss_str text, bool quoted, bool as_text, struct ss_feature_value *value,
                    struct ss_arena *arena)
{
    value->found = true;
    if (!quoted && (ss_str_is(text, "null") || text.p[0] == '{' || text.p[0] == '['))
        return 0;
    struct ss_str plain = quoted ? ss_json_unescape(text, arena) : text;
    if (!plain.p)
        return SS_ENOMEM;
    if (!quoted && (ss_str_is(text, "true") || ss_str_is(text, "false")))
        value->num = text.p[0] == 't';
    else if (!ss_double_parse(plain.p, plain.n, &value->num))
        value->num = NAN;
    if (as_text)
        value->text = plain;
    return 0;
}

static int pick_text(struct ss_str json, const struct ss_str *name, const bool *as_text, uint32_t n,
                     struct ss_feature_value *value, struct ss_arena *arena)
{
    struct ss_cursor c = {json.p, json.p + json.n};
    struct ss_str key, text;
    uint32_t next = 0;
    if (!ss_cursor_take(&c, '{'))
        return SS_EDATA;
    for (bool more = ss_cursor_peek(&c) != '}'; more; more = ss_cursor_take(&c, ',')) {
        if (!ss_cursor_key(&c, &key))
            return SS_EDATA;
        bool quoted = ss_cursor_peek(&c) == '"';
        if (quoted ? !ss_cursor_string(&c, &text) : !ss_cursor_value(&c, &text) || text.n == 0)
            return SS_EDATA;
        int i = find_from(name, n, key, &next);
        int err = i >= 0 && !value[i].found ? value_of(text, quoted, as_text[i], &value[i], arena) : 0;
        if (err)
            return err;
    }
    return ss_cursor_take(&c, '}') ? 0 : SS_EDATA;
}

/* As pick_text would from what the vector is printed as. */
static int pick_vector(const struct ss_features *f, const struct ss_str *name, const bool *as_text,
                       uint32_t n, struct ss_feature_value *value, struct ss_arena *arena)
{
    uint32_t next = 0;
    for (uint32_t k = 0; k < n; k++) {
        int i = find_from(f->names->name, f->names->n, name[k], &next);
        if (i < 0)
            continue;
        struct ss_feature_value *v = &value[k];
        v->found = true;
        if (f->names->is_text && f->names->is_text[i]) {
            struct ss_str text = f->text[i];
            if (text.p && !ss_double_parse(text.p, text.n, &v->num))
                v->num = NAN;
            v->text = text;
            continue;
        }
        v->num = f->num[i];
        if (as_text[k] && !isnan(v->num)) {
            char printed[SS_NUMBER_MAX];
            size_t len = ss_double_print(v->num, printed);
            v->text = (struct ss_str){ss_arena_copy(arena, printed, len), len};
            if (!v->text.p)
                return SS_ENOMEM;
        }
    }
    return 0;
}

int ss_features_pick(const struct ss_record *rec, const struct ss_str *name, const bool *as_text, uint32_t n,
                     struct ss_feature_value *value, struct ss_arena *arena)
{
    for (uint32_t i = 0; i < n; i++)
        value[i] = (struct ss_feature_value){.num = NAN};
    if (rec->features)
        return pick_vector(rec->features, name, as_text, n, value, arena);
    struct ss_str json = ss_record_member(rec, SS_FEATURES);
    if (!json.p || ss_str_is(json, "null"))
        return 0;
    return pick_text(json, name, as_text, n, value, arena);
}

bool ss_features_are_of(const struct ss_record *rec, const char *set)
{
    if (rec->features)
        return strcmp(rec->features->names->set, set) == 0;
    struct ss_str json = ss_record_member(rec, SS_FEATURES);
    struct ss_str made = json.p ? ss_cursor_member(json, "set") : json;
    return made.p && made.n == strlen(set) + 2 && memcmp(made.p + 1, set, made.n - 2) == 0;
}
