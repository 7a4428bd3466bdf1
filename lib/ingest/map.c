#include "ingest/map.h"
#include "base/embedded.h"
#include "base/err.h"
#include "base/file.h"
#include "base/log.h"
#include "base/number.h"
#include "base/time.h"
#include "json/write.h"
#include "record/schema.h"

#define MAP_BYTES_MAX ((size_t)1 << 20)

enum token { END, WORD, TEXT, PUNCT };

/* One line under the reading head. */
struct reader {
    struct ss_field_map *map;
    struct ss_arena *arena;
    struct ss_str rest;
    enum token token;
    struct ss_str text; /* of the token; of TEXT without quotes and escapes */
};

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r';
}

static int read_text_token(struct reader *r)
{
    char *out = ss_arena_alloc(r->arena, r->rest.n + 1);
    size_t n = 0, i = 1;
    if (!out)
        return SS_ENOMEM;
    for (; i < r->rest.n && r->rest.p[i] != '"'; i++) {
        i += r->rest.p[i] == '\\' && i + 1 < r->rest.n;
        out[n++] = r->rest.p[i];
    }
    if (i == r->rest.n)
        return ss_fail(SS_ECONFIG, "text without a closing quote");
    out[n] = '\0';
    r->token = TEXT;
    r->text = (struct ss_str){out, n};
    r->rest.p += i + 1;
    r->rest.n -= i + 1;
    return 0;
}

/* Words end at blanks, commas, brackets and quotes: Europe/Berlin and +02:00 are words. */
static int next(struct reader *r)
{
    while (r->rest.n && is_blank(*r->rest.p))
        r->rest.p++, r->rest.n--;
    if (!r->rest.n || *r->rest.p == '#') {
        r->token = END;
        r->text = SS_STR("the end of the line");
        return 0;
    }
    if (*r->rest.p == '"')
        return read_text_token(r);
    size_t n = 0;
    while (n < r->rest.n && !is_blank(r->rest.p[n]) && !memchr(",()\"=", r->rest.p[n], 5))
        n++;
    r->token = n ? WORD : PUNCT;
    n += n == 0;
    r->text = (struct ss_str){r->rest.p, n};
    r->rest.p += n;
    r->rest.n -= n;
    return 0;
}

static bool is_word(const struct reader *r, const char *word)
{
    return r->token == WORD && ss_str_is(r->text, word);
}

static bool is_punct(const struct reader *r, char c)
{
    return r->token == PUNCT && *r->text.p == c;
}

static int expected(const struct reader *r, const char *what)
{
    return ss_fail(SS_ECONFIG, "expected %s, found '%.*s'", what, (int)r->text.n, r->text.p);
}

static int expect_punct(struct reader *r, char c)
{
    char what[] = {'\'', c, '\'', '\0'};
    return is_punct(r, c) ? next(r) : expected(r, what);
}

static int copy(struct reader *r, struct ss_str text, struct ss_str *to)
{
    char *p = ss_arena_copy(r->arena, text.p, text.n);
    *to = (struct ss_str){p, text.n};
    return p ? 0 : SS_ENOMEM;
}

static int add_text(struct reader *r, struct ss_str **list, uint32_t *n)
{
    if (!*list)
        *list = ss_arena_alloc(r->arena, SS_COLUMNS_MAX * sizeof **list);
    if (!*list)
        return SS_ENOMEM;
    if (*n == SS_COLUMNS_MAX)
        return ss_fail(SS_ECONFIG, "more than %d columns or texts in one line", SS_COLUMNS_MAX);
    int err = copy(r, r->text, &(*list)[*n]);
    *n += err == 0;
    return err < 0 ? err : next(r);
}

/* A column: a word, or column("any text"). */
static int read_column(struct reader *r, struct ss_str **list, uint32_t *n)
{
    if (r->token != WORD)
        return expected(r, "a column (one with odd characters is written column(\"...\"))");
    size_t ahead = 0;
    while (ahead < r->rest.n && is_blank(r->rest.p[ahead]))
        ahead++;
    if (!is_word(r, "column") || ahead == r->rest.n || r->rest.p[ahead] != '(')
        return add_text(r, list, n);
    int err;
    if ((err = next(r)) < 0 || (err = next(r)) < 0)
        return err;
    if (r->token != TEXT)
        return expected(r, "the column's name in quotes");
    if ((err = add_text(r, list, n)) < 0)
        return err;
    return expect_punct(r, ')');
}

static int read_columns(struct reader *r, struct ss_str **list, uint32_t *n)
{
    int err;
    while ((err = read_column(r, list, n)) == 0 && is_punct(r, ','))
        if ((err = next(r)) < 0)
            break;
    return err;
}

static int set_type(struct ss_rule *rule, enum ss_rule_type type)
{
    if (rule->type != SS_TYPE_AUTO && rule->type != type)
        return ss_fail(SS_ECONFIG, "two types for field '%.*s'", (int)rule->field.n, rule->field.p);
    rule->type = type;
    return 0;
}

static int read_zone(struct reader *r, struct ss_rule *rule)
{
    int err = ss_zone_find(&rule->when.zone, r->text, r->arena);
    rule->when.is_utc =
        !err && rule->when.zone.n == 0 && !rule->when.zone.has_rule && rule->when.zone.first_s == 0;
    return err < 0 ? err : next(r);
}

static bool looks_like_zone(const struct reader *r)
{
    return r->token == WORD &&
           (is_word(r, "UTC") || is_word(r, "GMT") || memchr(r->text.p, '/', r->text.n) ||
            *r->text.p == '+' || *r->text.p == '-') &&
           r->text.n > 1;
}

static int read_format(struct reader *r, struct ss_rule *rule)
{
    int err = set_type(rule, SS_TYPE_TIME);
    if (err < 0 || (err = ss_when_set_format(&rule->when, r->text)) < 0 || (err = next(r)) < 0)
        return err;
    if (r->token == WORD && !is_word(r, "optional"))
        err = read_zone(r, rule);
    const char *f = rule->when.format.p;
    rule->when.plain = !err && rule->when.is_utc &&
                       (strcmp(f, "%Y-%m-%d %H:%M:%S") == 0 || strcmp(f, "%F %T") == 0 ||
                        strcmp(f, "%Y-%m-%dT%H:%M:%S") == 0);
    return err;
}

/* "hours since 2016-01-01" */
static int read_since(struct reader *r, struct ss_rule *rule, int64_t unit_us)
{
    int err = set_type(rule, SS_TYPE_TIME);
    if (err < 0 || (err = next(r)) < 0)
        return err;
    if (!is_word(r, "since"))
        return expected(r, "'since'");
    if ((err = next(r)) < 0)
        return err;
    rule->when.kind = SS_WHEN_COUNT;
    rule->when.unit_us = unit_us;
    if ((r->token != WORD && r->token != TEXT) || !ss_time_parse(r->text.p, r->text.n, &rule->when.base_us))
        return expected(r, "a time such as 2016-01-01 or 2016-01-01T08:00:00Z");
    return next(r);
}

static int read_epoch(struct reader *r, struct ss_rule *rule, int64_t unit_us)
{
    int err = set_type(rule, SS_TYPE_TIME);
    rule->when.kind = SS_WHEN_COUNT;
    rule->when.unit_us = unit_us;
    return err < 0 ? err : next(r);
}

static int read_money(struct reader *r, struct ss_rule *rule)
{
    int err = set_type(rule, SS_TYPE_MONEY);
    if (err < 0 || (err = next(r)) < 0 || r->token != TEXT)
        return err;
    if (r->text.n != 1 || (*r->text.p != ',' && *r->text.p != '.'))
        return expected(r, "the decimal sign, \",\" or \".\"");
    rule->decimal = *r->text.p;
    return next(r);
}

/* "/ 100": only powers of ten, which shift the decimal point and lose nothing. */
static int read_divisor(struct reader *r, struct ss_rule *rule)
{
    int err = next(r);
    if (err < 0)
        return err;
    size_t zeros = r->text.n - 1;
    bool power = r->token == WORD && zeros >= 1 && zeros <= 6 && r->text.p[0] == '1';
    for (size_t i = 1; power && i <= zeros; i++)
        power = r->text.p[i] == '0';
    if (!power)
        return expected(r, "a divisor of 10, 100, 1000, ...");
    rule->shift = (int)zeros;
    if (rule->type == SS_TYPE_AUTO)
        rule->type = SS_TYPE_NUMBER;
    return next(r);
}

static int read_is(struct reader *r, struct ss_rule *rule)
{
    int err = set_type(rule, SS_TYPE_IS);
    do {
        if (err < 0 || (err = next(r)) < 0)
            return err;
        if (r->token != TEXT && r->token != WORD)
            return expected(r, "a text to compare with");
        err = add_text(r, &rule->words, &rule->n_words);
    } while (!err && is_punct(r, ','));
    return err;
}

static int read_flag(struct reader *r, bool *flag)
{
    *flag = true;
    return next(r);
}

static int read_type(struct reader *r, struct ss_rule *rule, enum ss_rule_type type)
{
    int err = set_type(rule, type);
    return err < 0 ? err : next(r);
}

/* What stands behind the columns. */
static int read_how(struct reader *r, struct ss_rule *rule)
{
    static const struct {
        const char *word;
        int64_t us;
        bool epoch;
    } units[] = {
        {"epoch_s", SS_SECOND_US, true},  {"epoch_ms", 1000, true},         {"epoch_us", 1, true},
        {"seconds", SS_SECOND_US, false}, {"minutes", SS_MINUTE_US, false}, {"hours", SS_HOUR_US, false},
        {"days", SS_DAY_US, false}};
    if (r->token == TEXT)
        return read_format(r, rule);
    for (size_t i = 0; i < SS_COUNT(units); i++)
        if (is_word(r, units[i].word))
            return units[i].epoch ? read_epoch(r, rule, units[i].us) : read_since(r, rule, units[i].us);
    if (is_word(r, "pan"))
        return read_flag(r, &rule->pan);
    if (is_word(r, "optional"))
        return read_flag(r, &rule->optional);
    if (is_word(r, "text"))
        return read_type(r, rule, SS_TYPE_TEXT);
    if (is_word(r, "number"))
        return read_type(r, rule, SS_TYPE_NUMBER);
    if (is_word(r, "time"))
        return read_type(r, rule, SS_TYPE_TIME);
    if (is_word(r, "money"))
        return read_money(r, rule);
    if (is_word(r, "is"))
        return read_is(r, rule);
    if (is_word(r, "/"))
        return read_divisor(r, rule);
    if (looks_like_zone(r)) {
        int err = set_type(rule, SS_TYPE_TIME);
        return err < 0 ? err : read_zone(r, rule);
    }
    return ss_fail(
        SS_ECONFIG,
        "unknown word '%.*s'; known are: text, number, money, time, epoch_s, epoch_ms, epoch_us, "
        "seconds|minutes|hours|days since TIME, \"%%Y-%%m-%%d ...\" ZONE, is, pan, optional, / 100",
        (int)r->text.n, r->text.p);
}

static int put_constant(struct reader *r, struct ss_rule *rule)
{
    rule->source = SS_RULE_CONSTANT;
    if (r->token == WORD) { /* a number: as it is */
        int err = copy(r, r->text, &rule->constant);
        return err < 0 ? err : next(r);
    }
    struct ss_buf buf;
    ss_buf_init(&buf, MAP_BYTES_MAX * 8);
    ss_json_put_string(&buf, r->text);
    int err = ss_buf_check(&buf);
    if (!err)
        err = copy(r, (struct ss_str){buf.p, buf.n}, &rule->constant);
    ss_buf_free(&buf);
    return err < 0 ? err : next(r);
}

/* row(...) and hash(...), under the head; the bracket is next. */
static int read_call(struct reader *r, struct ss_rule *rule)
{
    int err;
    rule->source = is_word(r, "row") ? SS_RULE_ROW : SS_RULE_HASH;
    if ((err = next(r)) < 0 || (err = expect_punct(r, '(')) < 0)
        return err;
    if (rule->source == SS_RULE_ROW && r->token == TEXT) {
        struct ss_buf buf;
        ss_buf_init(&buf, MAP_BYTES_MAX * 8);
        ss_json_put_string(&buf, r->text);
        if ((err = ss_buf_check(&buf)) == 0) /* without the closing quote: the number follows */
            err = copy(r, (struct ss_str){buf.p, buf.n - 1}, &rule->constant);
        ss_buf_free(&buf);
        if (err < 0 || (err = next(r)) < 0)
            return err;
    } else if (rule->source == SS_RULE_HASH && !is_punct(r, ')')) {
        if ((err = read_columns(r, &rule->column, &rule->columns)) < 0)
            return err;
    }
    return expect_punct(r, ')');
}

static bool number_word(const struct reader *r)
{
    double d;
    bool plain = r->text.n && (*r->text.p == '-' || (unsigned)(*r->text.p - '0') <= 9);
    return r->token == WORD && plain && ss_double_parse(r->text.p, r->text.n, &d);
}

static bool call_follows(const struct reader *r)
{
    struct ss_str rest = ss_str_trim(r->rest);
    return (is_word(r, "row") || is_word(r, "hash")) && rest.n && *rest.p == '(';
}

static int read_source(struct reader *r, struct ss_rule *rule)
{
    int err;
    if (r->token == TEXT || number_word(r))
        return put_constant(r, rule);
    if (call_follows(r))
        return read_call(r, rule);
    if ((err = read_column(r, &rule->column, &rule->columns)) < 0)
        return err;
    while (is_word(r, "+"))
        if ((err = next(r)) < 0 || (err = read_column(r, &rule->column, &rule->columns)) < 0)
            return err;
    while (r->token != END)
        if ((err = read_how(r, rule)) < 0)
            return err;
    return 0;
}

/* Edit distance of one or two, for names that are meant to be canonical and are not. */
static bool is_near(struct ss_str a, const char *b)
{
    size_t m = strlen(b), row[32];
    if (a.n < 5 || m < 5 || a.n > 30 || m > 30)
        return false;
    for (size_t k = 0; k <= m; k++)
        row[k] = k;
    for (size_t i = 1; i <= a.n; i++) {
        size_t diagonal = row[0];
        row[0] = i;
        for (size_t k = 1; k <= m; k++) {
            size_t cost = diagonal + (a.p[i - 1] != b[k - 1]);
            diagonal = row[k];
            size_t step = (row[k] < row[k - 1] ? row[k] : row[k - 1]) + 1;
            row[k] = cost < step ? cost : step;
        }
    }
    return row[m] <= 2;
}

static int check_field(struct reader *r, struct ss_rule *rule)
{
    struct ss_str f = rule->field;
    for (size_t i = 0; i < f.n; i++) {
        char c = f.p[i];
        bool fine =
            (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || (i && c >= '0' && c <= '9');
        if (!fine)
            return ss_fail(SS_ECONFIG, "'%.*s' is no field name: letters, digits and _ only", (int)f.n, f.p);
    }
    rule->slot = ss_slot_of(f);
    if (rule->slot >= SS_FIRST_MEMBER)
        return ss_fail(SS_ECONFIG, "field '%.*s' is made by a later stage", (int)f.n, f.p);
    for (uint32_t i = 0; i < r->map->n; i++)
        if (ss_str_eq(r->map->rule[i].field, f))
            return ss_fail(SS_ECONFIG, "field '%.*s' twice (first in line %u)", (int)f.n, f.p,
                           r->map->rule[i].line);
    for (int s = 0; rule->slot < 0 && s < SS_FIRST_MEMBER; s++)
        if (is_near(f, ss_slot_name((enum ss_slot)s)))
            ss_warn("%s:%u: '%.*s' is no canonical field; is '%s' meant?", r->map->name, rule->line, (int)f.n,
                    f.p, ss_slot_name((enum ss_slot)s));
    return 0;
}

static int check_rule(struct ss_rule *rule)
{
    if (rule->slot == SS_TIMESTAMP && rule->type == SS_TYPE_AUTO)
        rule->type = SS_TYPE_TIME;
    if (rule->source != SS_RULE_COLUMN)
        return 0;
    if (rule->slot == SS_TIMESTAMP && rule->type != SS_TYPE_TIME)
        return ss_fail(SS_ECONFIG, "field 'timestamp' needs a time");
    if (rule->slot == SS_AMOUNT && rule->type != SS_TYPE_AUTO && rule->type != SS_TYPE_NUMBER &&
        rule->type != SS_TYPE_MONEY)
        return ss_fail(SS_ECONFIG, "field 'amount' needs a number");
    if (rule->shift && rule->type != SS_TYPE_NUMBER && rule->type != SS_TYPE_MONEY)
        return ss_fail(SS_ECONFIG, "only numbers can be divided");
    if (rule->pan && rule->type != SS_TYPE_AUTO && rule->type != SS_TYPE_TEXT)
        return ss_fail(SS_ECONFIG, "a card number is text");
    return 0;
}

/* "when header has A, B" */
static int read_signature(struct reader *r)
{
    static const char *const words[] = {"header", "has"};
    int err = next(r);
    for (size_t i = 0; i < SS_COUNT(words); i++) {
        if (err < 0)
            return err;
        if (!is_word(r, words[i]))
            return expected(r, "'when header has COLUMN, ...'");
        err = next(r);
    }
    if (err < 0 || (err = read_columns(r, &r->map->signature, &r->map->n_signature)) < 0)
        return err;
    return r->token == END ? 0 : expected(r, "a comma or the end of the line");
}

static int read_line(struct reader *r, uint32_t line)
{
    int err = next(r);
    if (err < 0 || r->token == END)
        return err;
    struct ss_str ahead = ss_str_trim(r->rest);
    if (is_word(r, "when") && (ahead.n == 0 || *ahead.p != '='))
        return read_signature(r);
    if (r->token != WORD)
        return expected(r, "a field name");
    if (r->map->n == SS_RULES_MAX)
        return ss_fail(SS_ECONFIG, "more than %d fields", SS_RULES_MAX);
    struct ss_rule rule = {.line = line, .decimal = '.', .when.is_utc = true};
    if ((err = copy(r, r->text, &rule.field)) < 0 || (err = check_field(r, &rule)) < 0 ||
        (err = next(r)) < 0 || (err = expect_punct(r, '=')) < 0 || (err = read_source(r, &rule)) < 0)
        return err;
    if (r->token != END)
        return expected(r, "the end of the line");
    if ((err = check_rule(&rule)) < 0)
        return err;
    r->map->rule[r->map->n++] = rule;
    return 0;
}

int ss_field_map_read(struct ss_field_map *map, const char *name, struct ss_str text)
{
    *map = (struct ss_field_map){0};
    ss_arena_init(&map->arena, MAP_BYTES_MAX * 16);
    struct reader r = {.map = map, .arena = &map->arena};
    map->name = ss_arena_copy(&map->arena, name, strlen(name));
    map->rule = ss_arena_zalloc(&map->arena, SS_RULES_MAX * sizeof *map->rule);
    if (!map->name || !map->rule)
        return SS_ENOMEM;
    if (text.n > MAP_BYTES_MAX)
        return ss_fail(SS_ECONFIG, "'%s' is larger than %zu bytes", name, MAP_BYTES_MAX);
    if (text.n >= 3 && memcmp(text.p, "\xef\xbb\xbf", 3) == 0) {
        text.p += 3;
        text.n -= 3;
    }
    for (uint32_t line = 1; text.n; line++) {
        const char *end = memchr(text.p, '\n', text.n);
        r.rest = (struct ss_str){text.p, end ? (size_t)(end - text.p) : text.n};
        text.n -= r.rest.n + (end != NULL);
        text.p += r.rest.n + (end != NULL);
        int err = memchr(r.rest.p, '\0', r.rest.n) ? ss_fail(SS_ECONFIG, "a NUL byte") : read_line(&r, line);
        if (err < 0)
            return ss_fail_in(err, "%s:%u: ", name, line);
    }
    return 0;
}

static int list_shipped(const char *name)
{
    struct ss_buf buf;
    ss_buf_init(&buf, 4096);
    for (const struct ss_embedded *e = ss_embedded_files; e->name; e++) {
        const char *end = strstr(e->name, ".map");
        if (strncmp(e->name, "ingest/", 7) == 0 && end)
            ss_buf_printf(&buf, " %.*s", (int)(end - e->name - 7), e->name + 7);
    }
    int err = ss_fail(SS_ENOINPUT, "no shipped map '%s' (there are:%s; a file of that name is './%s')", name,
                      ss_buf_cstr(&buf), name);
    ss_buf_free(&buf);
    return err;
}

int ss_field_map_open(struct ss_field_map *map, const char *name)
{
    *map = (struct ss_field_map){0};
    if (!strpbrk(name, "/.")) {
        char path[256];
        snprintf(path, sizeof path, "ingest/%s.map", name);
        struct ss_str text = ss_embedded_find(path);
        return text.p ? ss_field_map_read(map, name, text) : list_shipped(name);
    }
    struct ss_buf buf;
    ss_buf_init(&buf, MAP_BYTES_MAX + 1);
    int err = ss_file_read(name, &buf);
    if (!err)
        err = ss_field_map_read(map, name, (struct ss_str){buf.p ? buf.p : "", buf.n});
    ss_buf_free(&buf);
    return err;
}

void ss_field_map_free(struct ss_field_map *map)
{
    ss_arena_free(&map->arena);
    *map = (struct ss_field_map){0};
}
