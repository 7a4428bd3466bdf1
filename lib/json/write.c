#include "json/write.h"
#include "base/number.h"

/* Length of the valid UTF-8 sequence at p (RFC 3629: no overlong forms, no surrogates), or 0. */
static size_t utf8_length(const unsigned char *p, size_t n)
{
    if (p[0] < 0x80)
        return 1;
    size_t len = p[0] >= 0xf0 ? 4 : p[0] >= 0xe0 ? 3 : 2;
    if (p[0] < 0xc2 || p[0] > 0xf4 || n < len)
        return 0;
    for (size_t i = 1; i < len; i++)
        if ((p[i] & 0xc0) != 0x80)
            return 0;
    if ((p[0] == 0xe0 && p[1] < 0xa0) || (p[0] == 0xed && p[1] > 0x9f) || (p[0] == 0xf0 && p[1] < 0x90) ||
        (p[0] == 0xf4 && p[1] > 0x8f))
        return 0;
    return len;
}

static void put_special(struct ss_buf *buf, unsigned char c)
{
    static const char hex[] = "0123456789abcdef";
    switch (c) {
    case '"': ss_buf_put(buf, "\\\"", 2); return;
    case '\\': ss_buf_put(buf, "\\\\", 2); return;
    case '\n': ss_buf_put(buf, "\\n", 2); return;
    case '\r': ss_buf_put(buf, "\\r", 2); return;
    case '\t': ss_buf_put(buf, "\\t", 2); return;
    }
    char u[6] = {'\\', 'u', '0', '0', hex[c >> 4], hex[c & 15]};
    ss_buf_put(buf, u, 6);
}

void ss_json_put_string(struct ss_buf *buf, struct ss_str text)
{
    const unsigned char *p = (const unsigned char *)text.p;
    size_t start = 0, i = 0;
    ss_buf_putc(buf, '"');
    while (i < text.n) {
        if (SS_LIKELY(p[i] >= 0x20 && p[i] < 0x80 && p[i] != '"' && p[i] != '\\')) {
            i++;
            continue;
        }
        size_t len = p[i] >= 0x80 ? utf8_length(p + i, text.n - i) : 0;
        if (len) {
            i += len;
            continue;
        }
        ss_buf_put(buf, p + start, i - start);
        if (p[i] >= 0x80)
            ss_buf_put(buf, "\xef\xbf\xbd", 3);
        else
            put_special(buf, p[i]);
        start = ++i;
    }
    ss_buf_put(buf, p + start, i - start);
    ss_buf_putc(buf, '"');
}

void ss_json_put_double(struct ss_buf *buf, double value)
{
    char *to = ss_buf_room(buf, SS_NUMBER_MAX);
    if (to)
        buf->n += ss_double_print(value, to);
}

void ss_json_put_int(struct ss_buf *buf, int64_t value)
{
    char *to = ss_buf_room(buf, SS_NUMBER_MAX);
    if (to)
        buf->n += ss_int_print(value, to);
}

void ss_json_key(struct ss_buf *buf, const char *key)
{
    if (buf->n && buf->p[buf->n - 1] != '{')
        ss_buf_putc(buf, ',');
    ss_buf_putc(buf, '"');
    ss_buf_puts(buf, key);
    ss_buf_put(buf, "\":", 2);
}
