#include "web/percent.h"
#include "base/utf8.h"

static int digit(char c)
{
    return c >= '0' && c <= '9' ? c - '0' : (c | 32) >= 'a' && (c | 32) <= 'f' ? (c | 32) - 'a' + 10 : -1;
}

struct ss_str ss_percent_decode(struct ss_str text, bool plus, struct ss_arena *arena)
{
    static const struct ss_str broken = {NULL, 0};
    char *to = ss_arena_alloc(arena, text.n + 1);
    size_t n = 0;
    if (!to)
        return broken;
    for (size_t i = 0; i < text.n; i++) {
        char c = text.p[i];
        if (c == '%') {
            int high = i + 2 < text.n ? digit(text.p[i + 1]) : -1;
            int low = i + 2 < text.n ? digit(text.p[i + 2]) : -1;
            if (high < 0 || low < 0)
                return broken;
            c = (char)(high * 16 + low);
            i += 2;
        } else if (c == '+' && plus) {
            c = ' ';
        }
        to[n++] = c;
    }
    to[n] = 0;
    struct ss_str out = {to, n};
    return ss_utf8_is_text(out) ? out : broken;
}

static bool is_unreserved(unsigned char c)
{
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '-' ||
           c == '.' || c == '_' || c == '~';
}

void ss_percent_put(struct ss_buf *to, struct ss_str text)
{
    static const char digits[] = "0123456789ABCDEF";
    for (size_t i = 0; i < text.n; i++) {
        unsigned char c = (unsigned char)text.p[i];
        if (is_unreserved(c)) {
            ss_buf_putc(to, (char)c);
        } else {
            ss_buf_putc(to, '%');
            ss_buf_putc(to, digits[c >> 4]);
            ss_buf_putc(to, digits[c & 15]);
        }
    }
}

void ss_percent_put_query(struct ss_buf *to, const char *name, struct ss_str value)
{
    ss_buf_putc(to, to->n && memchr(to->p, '?', to->n) ? '&' : '?');
    ss_buf_puts(to, name);
    ss_buf_putc(to, '=');
    ss_percent_put(to, value);
}
