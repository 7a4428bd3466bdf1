#include "base/utf8.h"
#include "json/json.h"

static unsigned hex4(const char *p)
{
    unsigned v = 0;
    for (int i = 0; i < 4; i++) {
        unsigned char c = (unsigned char)p[i];
        v = v * 16 + (c <= '9' ? c - (unsigned)'0' : (c | 32u) - 'a' + 10u);
    }
    return v;
}

/* Decodes the escape behind the backslash at p; returns how many bytes of the input it took. */
static size_t decode(const char *p, size_t left, char *out, size_t *put)
{
    static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
    if (left < 2) { /* cannot be in valid JSON */
        *put = 0;
        return left;
    }
    const char *simple = memchr(from, p[1], sizeof from - 1);
    if (simple) {
        out[0] = to[simple - from];
        *put = 1;
        return 2;
    }
    if (left < 6) {
        *put = 0;
        return left;
    }
    unsigned c = hex4(p + 2);
    if (c >= 0xd800 && c < 0xdc00 && left >= 12 && p[6] == '\\' && p[7] == 'u') {
        unsigned low = hex4(p + 8);
        if (low >= 0xdc00 && low < 0xe000) {
            *put = ss_utf8_put(out, 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00));
            return 12;
        }
    }
    /* Half a surrogate pair stands for no character: its replacement, so that the text stays UTF-8. */
    *put = ss_utf8_put(out, c >= 0xd800 && c < 0xe000 ? 0xfffd : c);
    return 6;
}

struct ss_str ss_json_unescape(struct ss_str raw, struct ss_arena *arena)
{
    if (raw.n == 0 || !memchr(raw.p, '\\', raw.n))
        return raw;
    char *out = ss_arena_alloc(arena, raw.n); /* an escape is never shorter than what it stands for */
    if (!out)
        return (struct ss_str){NULL, 0};
    size_t n = 0;
    for (size_t i = 0; i < raw.n;) {
        if (raw.p[i] != '\\') {
            out[n++] = raw.p[i++];
            continue;
        }
        size_t put;
        i += decode(raw.p + i, raw.n - i, out + n, &put);
        n += put;
    }
    return (struct ss_str){out, n};
}
