#include "json/skim.h"

#define DEPTH_MOST  16
#define DIGITS_MOST 15 /* of a whole part, and of a fraction: no double is that large or that precise */

struct skim {
    const char *text;
    const uint32_t *at;
    size_t i, n;
};

/* What begins here; NUL behind the last. */
static inline char peek(const struct skim *s)
{
    return s->i < s->n ? s->text[s->at[s->i]] : '\0';
}

static inline char take(struct skim *s)
{
    char c = peek(s);
    s->i++;
    return c;
}

/* Behind what begins here, without blanks: up to where the next begins there is nothing else. */
static inline uint32_t end_of(const struct skim *s)
{
    uint32_t end = s->at[s->i + 1];
    for (char c; (c = s->text[end - 1]) == ' ' || c == '\t' || c == '\n' || c == '\r';)
        end--;
    return end;
}

static inline bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_plain_number(const char *p, const char *end)
{
    p += *p == '-';
    const char *whole = p;
    while (p < end && is_digit(*p))
        p++;
    if (p == whole || p - whole > DIGITS_MOST || (p - whole > 1 && *whole == '0'))
        return false;
    if (p == end)
        return true;
    if (*p++ != '.')
        return false;
    const char *fraction = p;
    while (p < end && is_digit(*p))
        p++;
    return p == end && p > fraction && p - fraction <= DIGITS_MOST;
}

static inline bool is_word(const char *p, const char *end, const char *word, size_t n)
{
    return (size_t)(end - p) == n && memcmp(p, word, n) == 0;
}

static inline enum ss_json_type skim_scalar(struct skim *s, uint32_t *end_at)
{
    const char *p = s->text + s->at[s->i], *end = s->text + (*end_at = end_of(s));
    s->i++;
    switch (*p) {
    case '"': return end - p >= 2 && end[-1] == '"' ? SS_JSON_STRING : SS_JSON_ABSENT;
    case 't': return is_word(p, end, "true", 4) ? SS_JSON_TRUE : SS_JSON_ABSENT;
    case 'f': return is_word(p, end, "false", 5) ? SS_JSON_FALSE : SS_JSON_ABSENT;
    case 'n': return is_word(p, end, "null", 4) ? SS_JSON_NULL : SS_JSON_ABSENT;
    default: return is_plain_number(p, end) ? SS_JSON_NUMBER : SS_JSON_ABSENT;
    }
}

/* A string and its colon. */
static inline bool skim_key(struct skim *s, uint32_t *end_at)
{
    if (peek(s) != '"')
        return false;
    uint32_t start = s->at[s->i];
    *end_at = end_of(s);
    s->i++;
    return *end_at - start >= 2 && s->text[*end_at - 1] == '"' && take(s) == ':';
}

/* SS_JSON_ABSENT: not plain. */
static enum ss_json_type skim_value(struct skim *s, int depth, uint32_t *end_at)
{
    char open = peek(s);
    if (open == '\0')
        return SS_JSON_ABSENT;
    if (open != '{' && open != '[')
        return skim_scalar(s, end_at);
    enum ss_json_type type = open == '{' ? SS_JSON_OBJECT : SS_JSON_ARRAY;
    char close = open == '{' ? '}' : ']', next = ',';
    if (depth == DEPTH_MOST)
        return SS_JSON_ABSENT;
    s->i++;
    if (peek(s) == close)
        next = take(s);
    while (next == ',') {
        if (type == SS_JSON_OBJECT && !skim_key(s, end_at))
            return SS_JSON_ABSENT;
        if (skim_value(s, depth + 1, end_at) == SS_JSON_ABSENT)
            return SS_JSON_ABSENT;
        next = take(s);
    }
    if (next != close)
        return SS_JSON_ABSENT;
    *end_at = s->at[s->i - 1] + 1;
    return type;
}

long ss_json_skim(const char *text, const uint32_t *at, size_t n, struct ss_json_member *members, size_t cap)
{
    struct skim s = {.text = text, .at = at, .n = n};
    size_t count = 0;
    if (take(&s) != '{')
        return -1;
    char next = ',';
    if (peek(&s) == '}')
        next = take(&s);
    while (next == ',') {
        if (count == cap)
            return -1;
        struct ss_json_member *m = &members[count++];
        uint32_t end;
        m->key = s.i < n ? at[s.i] + 1 : 0;
        if (!skim_key(&s, &end))
            return -1;
        m->key_len = end - 1 - m->key;
        m->val = s.i < n ? at[s.i] : 0;
        m->type = skim_value(&s, 1, &end);
        if (m->type == SS_JSON_ABSENT)
            return -1;
        m->val_len = end - m->val;
        next = take(&s);
    }
    return next == '}' && s.i == n ? (long)count : -1;
}
