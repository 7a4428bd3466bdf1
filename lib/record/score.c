#include "record/score.h"
#include "base/err.h"
#include "base/number.h"
#include <math.h>

enum ss_level ss_level_default(double value)
{
    return value >= 0.85   ? SS_CRITICAL
           : value >= 0.70 ? SS_HIGH
           : value >= 0.55 ? SS_MEDIUM
           : value >= 0.50 ? SS_LOW
                           : SS_NONE;
}

/* A cursor over the bytes; every look is checked against the end. */
struct cursor {
    const char *p, *end;
};

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static char peek(struct cursor *c)
{
    while (c->p < c->end && is_blank(*c->p))
        c->p++;
    return c->p < c->end ? *c->p : '\0';
}

static bool take(struct cursor *c, char want)
{
    if (peek(c) != want || c->p == c->end)
        return false;
    c->p++;
    return true;
}

/* The string at the cursor, without its quotes and with its escapes. */
static bool take_string(struct cursor *c, struct ss_str *text)
{
    if (!take(c, '"'))
        return false;
    const char *start = c->p, *quote;
    while ((quote = memchr(c->p, '"', (size_t)(c->end - c->p))) != NULL) {
        const char *slash = quote;
        while (slash > c->p && slash[-1] == '\\')
            slash--;
        c->p = quote + 1;
        if ((quote - slash) % 2 == 0) { /* an even number of backslashes escapes itself only */
            *text = (struct ss_str){start, (size_t)(quote - start)};
            return true;
        }
    }
    return false;
}

/* Any value but a string: brackets are matched by depth alone, since whole records were validated before. */
static bool take_other(struct cursor *c, struct ss_str *text)
{
    struct ss_str skipped;
    size_t depth = 0;
    peek(c);
    const char *start = c->p;
    while (c->p < c->end) {
        char ch = *c->p;
        if (ch == '"') {
            if (!take_string(c, &skipped))
                return false;
            continue;
        }
        if (depth == 0 && (ch == ',' || ch == '}' || ch == ']'))
            break;
        depth += ch == '{' || ch == '[';
        depth -= ch == '}' || ch == ']';
        c->p++;
    }
    *text = ss_str_trim((struct ss_str){start, (size_t)(c->p - start)});
    return depth == 0 && text->n > 0;
}

static bool number(struct ss_str text, double *out)
{
    return ss_double_parse(text.p, text.n, out) && isfinite(*out);
}

/* One member of the object; those that are not known are skipped. */
static bool take_member(struct cursor *c, struct ss_score *score, int *level)
{
    struct ss_str key, val;
    if (!take_string(c, &key) || !take(c, ':'))
        return false;
    if (peek(c) == '"') {
        if (!take_string(c, &val))
            return false;
        if (ss_str_is(key, "level"))
            *level = ss_level_of(val);
        return !ss_str_is(key, "value");
    }
    if (!take_other(c, &val))
        return false;
    if (ss_str_is(key, "value"))
        return number(val, &score->value);
    if (ss_str_is(key, "raw") && !number(val, &score->raw))
        score->raw = NAN;
    return true;
}

int ss_score_parse(struct ss_str json, struct ss_score *score)
{
    struct cursor c = {json.p, json.p + json.n};
    int level = -1;
    *score = (struct ss_score){NAN, NAN, SS_NONE};
    if (peek(&c) != '{') {
        if (!number(ss_str_trim((struct ss_str){c.p, (size_t)(c.end - c.p)}), &score->value))
            return ss_fail(SS_EDATA, "score is neither a number nor an object");
    } else {
        take(&c, '{');
        bool more = peek(&c) != '}';
        while (more) {
            if (!take_member(&c, score, &level))
                return ss_fail(SS_EDATA, "score is malformed at byte %zu", (size_t)(c.p - json.p));
            more = take(&c, ',');
        }
        if (!take(&c, '}') || peek(&c) != '\0' || c.p != c.end)
            return ss_fail(SS_EDATA, "score is malformed at byte %zu", (size_t)(c.p - json.p));
        if (isnan(score->value))
            return ss_fail(SS_EDATA, "score has no value");
    }
    if (isnan(score->raw))
        score->raw = score->value;
    score->level = level < 0 ? ss_level_default(score->value) : (enum ss_level)level;
    return 0;
}

bool ss_record_score(const struct ss_record *rec, struct ss_score *score)
{
    if (rec->score) {
        *score = *rec->score;
        return isfinite(score->value);
    }
    struct ss_str json = ss_record_member(rec, SS_SCORE);
    return json.p && ss_score_parse(json, score) == 0;
}
