#include "store/settings.h"
#include "base/err.h"
#include "base/log.h"
#include "base/map.h"
#include "base/number.h"
#include <stdatomic.h>
#include <stdlib.h>

/* Texts are kept for good, each once, so that a reader may hold on to one. A setting changes some times a
 * day. */
#define TEXTS_MAX  65536
#define VALUES_MAX 128

static const char *const type_names[] = {"boolean", "integer", "number", "text", "word"};

const char *ss_setting_type_name(enum ss_setting_type type)
{
    return type_names[type];
}

/* ---- checking ---- */

static int check_number(const struct ss_setting *s, struct ss_str value, struct ss_buf *to)
{
    char text[SS_NUMBER_MAX], low[SS_NUMBER_MAX], high[SS_NUMBER_MAX];
    int64_t whole = 0;
    double number;
    bool is_int = s->type == SS_SETTING_INT;
    bool fine = is_int ? ss_int_parse(value.p, value.n, &whole) : ss_double_parse(value.p, value.n, &number);
    if (is_int)
        number = (double)whole;
    if (fine && number >= s->min && number <= s->max) {
        ss_buf_put(to, text, is_int ? ss_int_print(whole, text) : ss_double_print(number, text));
        return ss_buf_check(to);
    }
    size_t n = ss_double_print(s->min, low), m = ss_double_print(s->max, high);
    return ss_fail(SS_EDATA, "must be %s between %.*s and %.*s", is_int ? "a whole number" : "a number",
                   (int)n, low, (int)m, high);
}

static int check_word(const struct ss_setting *s, struct ss_str value, struct ss_buf *to)
{
    char all[256] = "";
    size_t n = 0;
    for (const char *const *word = s->words; *word; word++) {
        if (ss_str_is(value, *word)) {
            ss_buf_put(to, value.p, value.n);
            return ss_buf_check(to);
        }
        n += (size_t)snprintf(all + n, sizeof all - n, "%s%s", n ? ", " : "", *word);
    }
    return ss_fail(SS_EDATA, "must be one of %s", all);
}

int ss_setting_check(const struct ss_setting *s, struct ss_str value, struct ss_buf *to)
{
    switch (s->type) {
    case SS_SETTING_INT:
    case SS_SETTING_REAL: return check_number(s, value, to);
    case SS_SETTING_WORD: return check_word(s, value, to);
    case SS_SETTING_BOOL:
        if (!ss_str_is(value, "true") && !ss_str_is(value, "false"))
            return ss_fail(SS_EDATA, "must be true or false");
        break;
    case SS_SETTING_TEXT:
        if ((double)value.n > s->max)
            return ss_fail(SS_EDATA, "must not be longer than %.0f bytes", s->max);
        if (s->fits && !s->fits(value))
            return ss_fail(SS_EDATA, "must be %s", s->form);
        break;
    }
    ss_buf_put(to, value.p, value.n);
    return ss_buf_check(to);
}

/* ---- values in use ---- */

union word {
    uint64_t bits;
    int64_t whole;
    double real;
};

struct ss_settings {
    /* A bool, an integer, the bits of a double, or where a text is kept: a struct ss_str of `texts`. */
    _Atomic(uint64_t) value[VALUES_MAX];
    _Atomic(const struct ss_str *) text[VALUES_MAX];
    struct ss_map known;
    struct ss_arena keep;
    const struct ss_str **kept; /* of each of `known` */
    uint32_t n_kept;
};

static size_t number_of(const struct ss_setting *setting)
{
    return (size_t)(setting - ss_setting_at(0));
}

/* The one place where a text value stays. */
static int keep(struct ss_settings *settings, struct ss_str value, const struct ss_str **out)
{
    int64_t id = ss_map_add(&settings->known, value);
    if (id < 0)
        return (int)id;
    if ((uint32_t)id == settings->n_kept) {
        struct ss_str *one = ss_arena_alloc(&settings->keep, sizeof *one);
        char *copy = ss_arena_copy(&settings->keep, value.p, value.n);
        if (!one || !copy)
            return SS_ENOMEM;
        *one = (struct ss_str){copy, value.n};
        settings->kept[settings->n_kept++] = one;
    }
    *out = settings->kept[id];
    return 0;
}

static int set(struct ss_settings *settings, const struct ss_setting *s, struct ss_str value)
{
    size_t i = number_of(s);
    union word word = {0};
    const struct ss_str *text = NULL;
    int err = 0;
    switch (s->type) {
    case SS_SETTING_BOOL: word.bits = ss_str_is(value, "true"); break;
    case SS_SETTING_INT: err = ss_int_parse(value.p, value.n, &word.whole) ? 0 : SS_EBUG; break;
    case SS_SETTING_REAL: err = ss_double_parse(value.p, value.n, &word.real) ? 0 : SS_EBUG; break;
    case SS_SETTING_TEXT:
    case SS_SETTING_WORD: err = keep(settings, value, &text); break;
    }
    if (err)
        return err;
    atomic_store_explicit(&settings->value[i], word.bits, memory_order_release);
    atomic_store_explicit(&settings->text[i], text, memory_order_release);
    return 0;
}

int ss_settings_new(struct ss_settings **out)
{
    struct ss_settings *settings = calloc(1, sizeof *settings);
    *out = NULL;
    if (!settings)
        return ss_fail(SS_ENOMEM, "out of memory");
    ss_map_init(&settings->known, TEXTS_MAX);
    ss_arena_init(&settings->keep, 0);
    settings->kept = calloc(TEXTS_MAX, sizeof(struct ss_str *));
    int err = settings->kept ? 0 : ss_fail(SS_ENOMEM, "out of memory");
    for (size_t i = 0; !err && ss_setting_at(i); i++)
        err = i < VALUES_MAX ? set(settings, ss_setting_at(i), ss_str_of(ss_setting_at(i)->absent))
                             : ss_fail(SS_EBUG, "more than %d settings", VALUES_MAX);
    if (err) {
        ss_settings_free(settings);
        return err;
    }
    *out = settings;
    return 0;
}

void ss_settings_free(struct ss_settings *settings)
{
    if (!settings)
        return;
    ss_map_free(&settings->known);
    ss_arena_free(&settings->keep);
    free(settings->kept);
    free(settings);
}

/* What the database says of each setting, all of it before anything changes. */
struct reading {
    struct ss_buf text;
    struct {
        size_t at, n;
        bool there;
    } value[VALUES_MAX];
};

static int read_row(void *ctx, const struct ss_setting_row *row)
{
    struct reading *r = ctx;
    const struct ss_setting *s = ss_setting_find(row->key);
    if (!s)
        return 0;
    size_t at = r->text.n;
    int err = ss_setting_check(s, row->value, &r->text);
    if (err == SS_EDATA) {
        ss_warn("setting '%s' %s: its default is used", s->key, ss_err_text());
        r->text.n = at;
        return 0;
    }
    r->value[number_of(s)].at = at;
    r->value[number_of(s)].n = r->text.n - at;
    r->value[number_of(s)].there = true;
    return err;
}

int ss_settings_refresh(struct ss_settings *settings, struct ss_db *db)
{
    struct reading *r = calloc(1, sizeof *r);
    if (!r)
        return ss_fail(SS_ENOMEM, "out of memory");
    ss_buf_init(&r->text, (size_t)VALUES_MAX * (SS_SETTING_TEXT_MAX + 1));
    int err = ss_settings_each(db, read_row, r);
    for (size_t i = 0; !err && ss_setting_at(i); i++) {
        const struct ss_setting *s = ss_setting_at(i);
        struct ss_str value = ss_str_of(s->absent);
        if (r->value[i].there)
            value = (struct ss_str){r->text.p ? r->text.p + r->value[i].at : "", r->value[i].n};
        err = set(settings, s, value);
    }
    ss_buf_free(&r->text);
    free(r);
    return err;
}

static const struct ss_setting *typed(const char *key, enum ss_setting_type type)
{
    const struct ss_setting *s = ss_setting_find(ss_str_of(key));
    bool fine = s && (s->type == type || (s->type == SS_SETTING_WORD && type == SS_SETTING_TEXT));
    if (!fine)
        ss_error("no setting '%s' of type %s", key, ss_setting_type_name(type));
    return fine ? s : NULL;
}

static union word word_of(const struct ss_settings *settings, const struct ss_setting *s)
{
    return (union word){.bits = s ? atomic_load_explicit(&settings->value[number_of(s)], memory_order_acquire)
                                  : 0};
}

int64_t ss_setting_int(const struct ss_settings *settings, const char *key)
{
    return word_of(settings, typed(key, SS_SETTING_INT)).whole;
}

double ss_setting_real(const struct ss_settings *settings, const char *key)
{
    return word_of(settings, typed(key, SS_SETTING_REAL)).real;
}

bool ss_setting_bool(const struct ss_settings *settings, const char *key)
{
    return word_of(settings, typed(key, SS_SETTING_BOOL)).bits != 0;
}

struct ss_str ss_setting_text(const struct ss_settings *settings, const char *key)
{
    const struct ss_setting *s = typed(key, SS_SETTING_TEXT);
    return s ? *atomic_load_explicit(&settings->text[number_of(s)], memory_order_acquire) : SS_STR("");
}

/* ---- the table ---- */

int ss_settings_each(struct ss_db *db, int (*each)(void *ctx, const struct ss_setting_row *row), void *ctx)
{
    struct ss_rows *rows;
    int err = ss_db_query(db, "SELECT key, value, actor, updated_us, version FROM settings ORDER BY key",
                          SS_NO_ARGS, &rows);
    if (err)
        return err;
    while ((err = ss_rows_next(rows)) > 0) {
        struct ss_setting_row row = {ss_rows_text(rows, 0), ss_rows_text(rows, 1), ss_rows_text(rows, 2),
                                     ss_rows_int(rows, 3), ss_rows_int(rows, 4)};
        err = each(ctx, &row);
        if (err)
            break;
    }
    ss_rows_free(rows);
    return err;
}

int ss_settings_put(struct ss_db *db, struct ss_str key, struct ss_str value, struct ss_str actor,
                    int64_t now_us)
{
    int64_t n =
        ss_db_exec(db,
                   "INSERT INTO settings (key, value, updated_us, actor) VALUES ($1, $2, $3, $4)"
                   " ON CONFLICT (key) DO UPDATE SET value = $2, updated_us = $3, actor = $4,"
                   " version = settings.version + 1",
                   SS_ARGS(ss_arg_text(key), ss_arg_text(value), ss_arg_int(now_us), ss_arg_text(actor)));
    return n < 0 ? (int)n : 0;
}

int ss_settings_drop(struct ss_db *db, struct ss_str key)
{
    return (int)ss_db_exec(db, "DELETE FROM settings WHERE key = $1", SS_ARGS(ss_arg_text(key)));
}
