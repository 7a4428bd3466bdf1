#include "record/score.h"
#include "base/err.h"
#include "base/number.h"
#include "json/cursor.h"
#include <math.h>

enum ss_level ss_level_default(double value)
{
    return value >= 0.85   ? SS_CRITICAL
           : value >= 0.70 ? SS_HIGH
           : value >= 0.55 ? SS_MEDIUM
           : value >= 0.50 ? SS_LOW
                           : SS_NONE;
}

static bool number(struct ss_str text, double *out)
{
    return ss_double_parse(text.p, text.n, out) && isfinite(*out);
}

/* One member of the object; those that are not known are skipped. */
static bool take_member(struct ss_cursor *c, struct ss_score *score, int *level)
{
    struct ss_str key, val;
    if (!ss_cursor_key(c, &key))
        return false;
    if (ss_cursor_peek(c) == '"') {
        if (!ss_cursor_string(c, &val))
            return false;
        if (ss_str_is(key, "level"))
            *level = ss_level_of(val);
        return !ss_str_is(key, "value");
    }
    if (!ss_cursor_value(c, &val))
        return false;
    if (ss_str_is(key, "value"))
        return number(val, &score->value);
    if (ss_str_is(key, "raw") && !number(val, &score->raw))
        score->raw = NAN;
    return true;
}

int ss_score_parse(struct ss_str json, struct ss_score *score)
{
    struct ss_cursor c = {json.p, json.p + json.n};
    int level = -1;
    *score = (struct ss_score){NAN, NAN, SS_NONE};
    if (ss_cursor_peek(&c) != '{') {
        if (!number(ss_str_trim((struct ss_str){c.p, (size_t)(c.end - c.p)}), &score->value))
            return ss_fail(SS_EDATA, "score is neither a number nor an object");
    } else {
        ss_cursor_take(&c, '{');
        bool more = ss_cursor_peek(&c) != '}';
        while (more) {
            if (!take_member(&c, score, &level))
                return ss_fail(SS_EDATA, "score is malformed at byte %zu", (size_t)(c.p - json.p));
            more = ss_cursor_take(&c, ',');
        }
        if (!ss_cursor_take(&c, '}') || ss_cursor_peek(&c) != '\0' || c.p != c.end)
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
