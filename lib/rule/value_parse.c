/* JSON text to values. The text was validated when the record was read; every step is bounded all the same.
 */
#include "rule/value.h"
#include "base/utf8.h"

#define DEPTH_MAX 256 /* as jq's parser */
#define MEMBERS_MAX \
    4096 /* of one object: look-ups are linear, and a hostile record must not make them quadratic */

struct reader {
    const char *p, *end;
    struct ss_arena *arena;
    int depth;
};

static bool read_value(struct reader *r, struct ss_val *out);

static void skip_blanks(struct reader *r)
{
    while (r->p < r->end && (*r->p == ' ' || *r->p == '\t' || *r->p == '\n' || *r->p == '\r'))
        r->p++;
}

static int hex_digit(char c)
{
    return c >= '0' && c <= '9'   ? c - '0'
           : c >= 'a' && c <= 'f' ? c - 'a' + 10
           : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                  : -1;
}

/* Four digits at p, or -1. */
static int32_t hex4(const char *p, const char *end)
{
    int32_t code = 0;
    if (end - p < 4)
        return -1;
    for (int i = 0; i < 4; i++) {
        int d = hex_digit(p[i]);
        if (d < 0)
            return -1;
        code = code << 4 | d;
    }
    return code;
}

bool ss_val_unescape(const char *p, size_t n, struct ss_arena *arena, struct ss_val *out)
{
    if (!memchr(p, '\\', n)) {
        *out = ss_val_string(p, n);
        return true;
    }
    const char *end = p + n;
    char *made = ss_arena_alloc(arena, n), *to = made;
    if (!made)
        return false;
    while (p < end) {
        if (*p != '\\') {
            *to++ = *p++;
            continue;
        }
        if (++p == end)
            return false;
        char c = *p++;
        if (c == 'u') {
            int32_t code = hex4(p, end), low;
            if (code < 0)
                return false;
            p += 4;
            if (code >= 0xd800 && code < 0xe000) {
                low = code < 0xdc00 && end - p >= 6 && p[0] == '\\' && p[1] == 'u' ? hex4(p + 2, end) : -1;
                if (low >= 0xdc00 && low < 0xe000) {
                    code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
                    p += 6;
                } else {
                    code = 0xfffd;
                }
            }
            to += ss_utf8_put(to, (uint32_t)code);
            continue;
        }
        static const char from[] = "\"\\/bfnrt", into[] = "\"\\/\b\f\n\r\t";
        const char *found = memchr(from, c, sizeof from - 1);
        if (!found)
            return false;
        *to++ = into[found - from];
    }
    *out = ss_val_string(made, (size_t)(to - made));
    return true;
}

static bool read_string(struct reader *r, struct ss_val *out)
{
    const char *start = ++r->p;
    while (r->p < r->end && *r->p != '"')
        r->p += *r->p == '\\' ? 2 : 1;
    if (r->p >= r->end)
        return false;
    return ss_val_unescape(start, (size_t)(r->p++ - start), r->arena, out);
}

/* Counts the items of the container that begins at p, so that they can be laid out in one piece. */
static uint32_t count_items(const char *p, const char *end)
{
    uint32_t commas = 0;
    int depth = 0;
    bool any = false;
    for (; p < end; p++) {
        if (*p == '"') {
            for (p++; p < end && *p != '"'; p++)
                p += *p == '\\';
            any = true;
        } else if (*p == '[' || *p == '{') {
            any |= depth > 0;
            depth++;
        } else if (*p == ']' || *p == '}') {
            if (--depth == 0)
                break;
        } else if (*p == ',') {
            commas += depth == 1;
        } else if (*p != ' ' && *p != '\t' && *p != '\n' && *p != '\r') {
            any = true;
        }
    }
    return any ? commas + 1 : 0;
}

static bool read_array(struct reader *r, struct ss_val *out)
{
    uint32_t cap = count_items(r->p, r->end), n = 0;
    struct ss_val *at = ss_arena_alloc(r->arena, cap * sizeof *at + 1);
    if (!at)
        return false;
    r->p++;
    for (skip_blanks(r); r->p < r->end && *r->p != ']'; skip_blanks(r)) {
        if (n == cap || !read_value(r, &at[n++]))
            return false;
        skip_blanks(r);
        if (r->p < r->end && *r->p == ',')
            r->p++;
    }
    if (r->p++ >= r->end)
        return false;
    *out = (struct ss_val){.type = SS_VAL_ARRAY, .n = n, .at = at};
    return true;
}

/* Most keys have not been seen in their object: a bit for the looks of each saves the search. */
static bool maybe_seen(uint64_t seen[4], const struct ss_val *key)
{
    unsigned look = key->n;
    if (key->n) {
        const unsigned char *p = (const unsigned char *)key->str;
        look = key->n * 31u + p[0] * 7u + p[key->n / 2] * 37u + p[key->n - 1];
        look += key->n > 1 ? p[key->n - 2] * 11u : 0;
    }
    uint64_t bit = 1ull << (look % 64), *word = &seen[look / 64 % 4];
    bool was = *word & bit;
    *word |= bit;
    return was;
}

static bool read_object(struct reader *r, struct ss_val *out)
{
    uint64_t seen[4] = {0};
    uint32_t cap = count_items(r->p, r->end), n = 0;
    if (cap > MEMBERS_MAX)
        return false;
    struct ss_member *member = ss_arena_alloc(r->arena, cap * sizeof *member + 1);
    if (!member)
        return false;
    r->p++;
    for (skip_blanks(r); r->p < r->end && *r->p != '}'; skip_blanks(r)) {
        struct ss_member m;
        if (*r->p != '"' || !read_string(r, &m.key))
            return false;
        skip_blanks(r);
        if (r->p >= r->end || *r->p++ != ':')
            return false;
        skip_blanks(r);
        if (!read_value(r, &m.val))
            return false;
        /* Of members with one name the last counts, at the first one's place. */
        uint32_t i = maybe_seen(seen, &m.key) ? 0 : n;
        while (i < n && !(member[i].key.n == m.key.n && memcmp(member[i].key.str, m.key.str, m.key.n) == 0))
            i++;
        if (i == cap)
            return false;
        member[i] = m;
        n += i == n;
        skip_blanks(r);
        if (r->p < r->end && *r->p == ',')
            r->p++;
    }
    if (r->p++ >= r->end)
        return false;
    *out = (struct ss_val){.type = SS_VAL_OBJECT, .n = n, .member = member};
    return true;
}

static bool read_word(struct reader *r, const char *word, enum ss_val_type type, struct ss_val *out)
{
    size_t n = strlen(word);
    if ((size_t)(r->end - r->p) < n || memcmp(r->p, word, n) != 0)
        return false;
    r->p += n;
    *out = (struct ss_val){.type = type};
    return true;
}

static bool read_number(struct reader *r, struct ss_val *out)
{
    const char *start = r->p;
    while (r->p < r->end && ((*r->p >= '0' && *r->p <= '9') || *r->p == '.' || *r->p == '-' || *r->p == '+' ||
                             *r->p == 'e' || *r->p == 'E'))
        r->p++;
    if (r->p == start)
        return false;
    *out = ss_val_parse_number(start, (size_t)(r->p - start));
    return true;
}

static bool read_value(struct reader *r, struct ss_val *out)
{
    bool good = false;
    skip_blanks(r);
    if (r->p >= r->end || r->depth >= DEPTH_MAX)
        return false;
    r->depth++;
    switch (*r->p) {
    case '"': good = read_string(r, out); break;
    case '[': good = read_array(r, out); break;
    case '{': good = read_object(r, out); break;
    case 't': good = read_word(r, "true", SS_VAL_TRUE, out); break;
    case 'f': good = read_word(r, "false", SS_VAL_FALSE, out); break;
    case 'n': good = read_word(r, "null", SS_VAL_NULL, out); break;
    default: good = read_number(r, out);
    }
    r->depth--;
    return good;
}

bool ss_val_parse(const char *p, size_t n, struct ss_arena *arena, struct ss_val *out)
{
    struct reader r = {p, p + n, arena, 0};
    if (!read_value(&r, out))
        return false;
    skip_blanks(&r);
    return r.p == r.end;
}
