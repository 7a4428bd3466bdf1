#include "ingest/rule.h"
#include "base/err.h"
#include "base/number.h"
#include "base/time.h"
#include "json/write.h"
#include "record/schema.h"

#define TEXT_BYTES_MAX ((size_t)8 << 20)

static int add_text(struct ss_tokens *t, struct ss_str **list, uint32_t *n)
{
    if (!*list)
        *list = ss_arena_alloc(t->arena, SS_COLUMNS_MAX * sizeof **list);
    if (!*list)
        return SS_ENOMEM;
    if (*n == SS_COLUMNS_MAX)
        return ss_fail(SS_ECONFIG, "more than %d columns or texts in one line", SS_COLUMNS_MAX);
    int err = ss_map_token_copy(t, t->text, &(*list)[*n]);
    *n += err == 0;
    return err < 0 ? err : ss_map_token_next(t);
}

/* A column: a word, or column("any text"). */
static int read_column(struct ss_tokens *t, struct ss_str **list, uint32_t *n)
{
    if (t->kind != SS_TOKEN_WORD)
        return ss_map_token_expected(t, "a column (one with odd characters is written column(\"...\"))");
    struct ss_str ahead = ss_str_trim(t->rest);
    if (!ss_map_token_is(t, "column") || !ahead.n || *ahead.p != '(')
        return add_text(t, list, n);
    int err;
    if ((err = ss_map_token_next(t)) < 0 || (err = ss_map_token_next(t)) < 0)
        return err;
    if (t->kind != SS_TOKEN_TEXT)
        return ss_map_token_expected(t, "the column's name in quotes");
    if ((err = add_text(t, list, n)) < 0)
        return err;
    return ss_map_token_expect(t, ')');
}

int ss_rule_read_columns(struct ss_tokens *t, struct ss_str **list, uint32_t *n)
{
    int err;
    while ((err = read_column(t, list, n)) == 0 && ss_map_token_is_sign(t, ','))
        if ((err = ss_map_token_next(t)) < 0)
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

static int read_zone(struct ss_tokens *t, struct ss_rule *rule)
{
    int err = ss_zone_find(&rule->when.zone, t->text, t->arena);
    rule->when.is_utc =
        !err && rule->when.zone.n == 0 && !rule->when.zone.has_rule && rule->when.zone.first_s == 0;
    return err < 0 ? err : ss_map_token_next(t);
}

static bool looks_like_zone(const struct ss_tokens *t)
{
    return t->kind == SS_TOKEN_WORD &&
           (ss_map_token_is(t, "UTC") || ss_map_token_is(t, "GMT") || memchr(t->text.p, '/', t->text.n) ||
            *t->text.p == '+' || *t->text.p == '-') &&
           t->text.n > 1;
}

static int read_format(struct ss_tokens *t, struct ss_rule *rule)
{
    int err = set_type(rule, SS_TYPE_TIME);
    if (err < 0 || (err = ss_when_set_format(&rule->when, t->text)) < 0 || (err = ss_map_token_next(t)) < 0)
        return err;
    if (t->kind == SS_TOKEN_WORD && !ss_map_token_is(t, "optional"))
        err = read_zone(t, rule);
    const char *f = rule->when.format.p;
    rule->when.plain = !err && rule->when.is_utc &&
                       (strcmp(f, "%Y-%m-%d %H:%M:%S") == 0 || strcmp(f, "%F %T") == 0 ||
                        strcmp(f, "%Y-%m-%dT%H:%M:%S") == 0);
    return err;
}

/* "hours since 2016-01-01" */
static int read_since(struct ss_tokens *t, struct ss_rule *rule, int64_t unit_us)
{
    int err = set_type(rule, SS_TYPE_TIME);
    if (err < 0 || (err = ss_map_token_next(t)) < 0)
        return err;
    if (!ss_map_token_is(t, "since"))
        return ss_map_token_expected(t, "'since'");
    if ((err = ss_map_token_next(t)) < 0)
        return err;
    rule->when.kind = SS_WHEN_COUNT;
    rule->when.unit_us = unit_us;
    if ((t->kind != SS_TOKEN_WORD && t->kind != SS_TOKEN_TEXT) ||
        !ss_time_parse(t->text.p, t->text.n, &rule->when.base_us))
        return ss_map_token_expected(t, "a time such as 2016-01-01 or 2016-01-01T08:00:00Z");
    return ss_map_token_next(t);
}

static int read_epoch(struct ss_tokens *t, struct ss_rule *rule, int64_t unit_us)
{
    int err = set_type(rule, SS_TYPE_TIME);
    rule->when.kind = SS_WHEN_COUNT;
    rule->when.unit_us = unit_us;
    return err < 0 ? err : ss_map_token_next(t);
}

static int read_money(struct ss_tokens *t, struct ss_rule *rule)
{
    int err = set_type(rule, SS_TYPE_MONEY);
    if (err < 0 || (err = ss_map_token_next(t)) < 0 || t->kind != SS_TOKEN_TEXT)
        return err;
    if (t->text.n != 1 || (*t->text.p != ',' && *t->text.p != '.'))
        return ss_map_token_expected(t, "the decimal sign, \",\" or \".\"");
    rule->decimal = *t->text.p;
    return ss_map_token_next(t);
}

/* "/ 100": only powers of ten, which shift the decimal point and lose nothing. */
static int read_divisor(struct ss_tokens *t, struct ss_rule *rule)
{
    int err = ss_map_token_next(t);
    if (err < 0)
        return err;
    size_t zeros = t->text.n - 1;
    bool power = t->kind == SS_TOKEN_WORD && zeros >= 1 && zeros <= 6 && t->text.p[0] == '1';
    for (size_t i = 1; power && i <= zeros; i++)
        power = t->text.p[i] == '0';
    if (!power)
        return ss_map_token_expected(t, "a divisor of 10, 100, 1000, ...");
    rule->shift = (int)zeros;
    if (rule->type == SS_TYPE_AUTO)
        rule->type = SS_TYPE_NUMBER;
    return ss_map_token_next(t);
}

static int read_is(struct ss_tokens *t, struct ss_rule *rule)
{
    int err = set_type(rule, SS_TYPE_IS);
    do {
        if (err < 0 || (err = ss_map_token_next(t)) < 0)
            return err;
        if (t->kind != SS_TOKEN_TEXT && t->kind != SS_TOKEN_WORD)
            return ss_map_token_expected(t, "a text to compare with");
        err = add_text(t, &rule->words, &rule->n_words);
    } while (!err && ss_map_token_is_sign(t, ','));
    return err;
}

static int read_flag(struct ss_tokens *t, bool *flag)
{
    *flag = true;
    return ss_map_token_next(t);
}

static int read_type(struct ss_tokens *t, struct ss_rule *rule, enum ss_rule_type type)
{
    int err = set_type(rule, type);
    return err < 0 ? err : ss_map_token_next(t);
}

/* What stands behind the columns. */
static int read_how(struct ss_tokens *t, struct ss_rule *rule)
{
    static const struct {
        const char *word;
        int64_t us;
        bool epoch;
    } units[] = {
        {"epoch_s", SS_SECOND_US, true},  {"epoch_ms", 1000, true},         {"epoch_us", 1, true},
        {"seconds", SS_SECOND_US, false}, {"minutes", SS_MINUTE_US, false}, {"hours", SS_HOUR_US, false},
        {"days", SS_DAY_US, false}};
    if (t->kind == SS_TOKEN_TEXT)
        return read_format(t, rule);
    for (size_t i = 0; i < SS_COUNT(units); i++)
        if (ss_map_token_is(t, units[i].word))
            return units[i].epoch ? read_epoch(t, rule, units[i].us) : read_since(t, rule, units[i].us);
    if (ss_map_token_is(t, "pan"))
        return read_flag(t, &rule->pan);
    if (ss_map_token_is(t, "optional"))
        return read_flag(t, &rule->optional);
    if (ss_map_token_is(t, "text"))
        return read_type(t, rule, SS_TYPE_TEXT);
    if (ss_map_token_is(t, "number"))
        return read_type(t, rule, SS_TYPE_NUMBER);
    if (ss_map_token_is(t, "time"))
        return read_type(t, rule, SS_TYPE_TIME);
    if (ss_map_token_is(t, "money"))
        return read_money(t, rule);
    if (ss_map_token_is(t, "is"))
        return read_is(t, rule);
    if (ss_map_token_is(t, "/"))
        return read_divisor(t, rule);
    if (looks_like_zone(t)) {
        int err = set_type(rule, SS_TYPE_TIME);
        return err < 0 ? err : read_zone(t, rule);
    }
    return ss_fail(
        SS_ECONFIG,
        "unknown word '%.*s'; known are: text, number, money, time, epoch_s, epoch_ms, epoch_us, "
        "seconds|minutes|hours|days since TIME, \"%%Y-%%m-%%d ...\" ZONE, is, pan, optional, / 100",
        (int)t->text.n, t->text.p);
}

static int put_constant(struct ss_tokens *t, struct ss_rule *rule)
{
    rule->source = SS_RULE_CONSTANT;
    if (t->kind == SS_TOKEN_WORD) { /* a number: as it is */
        int err = ss_map_token_copy(t, t->text, &rule->constant);
        return err < 0 ? err : ss_map_token_next(t);
    }
    struct ss_buf buf;
    ss_buf_init(&buf, TEXT_BYTES_MAX);
    ss_json_put_string(&buf, t->text);
    int err = ss_buf_check(&buf);
    if (!err)
        err = ss_map_token_copy(t, (struct ss_str){buf.p, buf.n}, &rule->constant);
    ss_buf_free(&buf);
    return err < 0 ? err : ss_map_token_next(t);
}

/* row(...) and hash(...), under the head; the bracket is next. */
static int read_call(struct ss_tokens *t, struct ss_rule *rule)
{
    int err;
    rule->source = ss_map_token_is(t, "row") ? SS_RULE_ROW : SS_RULE_HASH;
    if ((err = ss_map_token_next(t)) < 0 || (err = ss_map_token_expect(t, '(')) < 0)
        return err;
    if (rule->source == SS_RULE_ROW && t->kind == SS_TOKEN_TEXT) {
        struct ss_buf buf;
        ss_buf_init(&buf, TEXT_BYTES_MAX);
        ss_json_put_string(&buf, t->text);
        if ((err = ss_buf_check(&buf)) == 0) /* without the closing quote: the number follows */
            err = ss_map_token_copy(t, (struct ss_str){buf.p, buf.n - 1}, &rule->constant);
        ss_buf_free(&buf);
        if (err < 0 || (err = ss_map_token_next(t)) < 0)
            return err;
    } else if (rule->source == SS_RULE_HASH && !ss_map_token_is_sign(t, ')')) {
        if ((err = ss_rule_read_columns(t, &rule->column, &rule->columns)) < 0)
            return err;
    }
    return ss_map_token_expect(t, ')');
}

static bool number_word(const struct ss_tokens *t)
{
    double d;
    bool plain = t->text.n && (*t->text.p == '-' || (unsigned)(*t->text.p - '0') <= 9);
    return t->kind == SS_TOKEN_WORD && plain && ss_double_parse(t->text.p, t->text.n, &d);
}

static bool call_follows(const struct ss_tokens *t)
{
    struct ss_str rest = ss_str_trim(t->rest);
    return (ss_map_token_is(t, "row") || ss_map_token_is(t, "hash")) && rest.n && *rest.p == '(';
}

static int read_source(struct ss_tokens *t, struct ss_rule *rule)
{
    int err;
    if (t->kind == SS_TOKEN_TEXT || number_word(t))
        return put_constant(t, rule);
    if (call_follows(t))
        return read_call(t, rule);
    if ((err = read_column(t, &rule->column, &rule->columns)) < 0)
        return err;
    while (ss_map_token_is(t, "+"))
        if ((err = ss_map_token_next(t)) < 0 || (err = read_column(t, &rule->column, &rule->columns)) < 0)
            return err;
    while (t->kind != SS_TOKEN_END)
        if ((err = read_how(t, rule)) < 0)
            return err;
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

int ss_rule_read(struct ss_tokens *t, struct ss_rule *rule)
{
    int err = read_source(t, rule);
    if (!err && t->kind != SS_TOKEN_END)
        err = ss_map_token_expected(t, "the end of the line");
    return err < 0 ? err : check_rule(rule);
}
