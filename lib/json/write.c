#include "json/write.h"
#include "base/number.h"
#include "base/utf8.h"

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
        size_t len = p[i] >= 0x80 ? ss_utf8_length(p + i, text.n - i) : 0;
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

void ss_json_open(struct ss_buf *buf, const char *key, char bracket)
{
    ss_json_key(buf, key);
    ss_buf_putc(buf, bracket);
}

void ss_json_next(struct ss_buf *buf)
{
    if (buf->n && buf->p[buf->n - 1] != '[')
        ss_buf_putc(buf, ',');
}

void ss_json_item(struct ss_buf *buf)
{
    ss_json_next(buf);
    ss_buf_putc(buf, '{');
}

void ss_put_text_of(struct ss_buf *buf, const char *key, struct ss_str text)
{
    ss_json_key(buf, key);
    if (text.p)
        ss_json_put_string(buf, text);
    else
        ss_buf_puts(buf, "null");
}

void ss_put_int_of(struct ss_buf *buf, const char *key, int64_t value)
{
    ss_json_key(buf, key);
    ss_json_put_int(buf, value);
}

void ss_put_real_of(struct ss_buf *buf, const char *key, double value)
{
    ss_json_key(buf, key);
    ss_json_put_double(buf, value);
}

void ss_put_bool_of(struct ss_buf *buf, const char *key, bool value)
{
    ss_json_key(buf, key);
    ss_buf_puts(buf, value ? "true" : "false");
}

void ss_put_raw_of(struct ss_buf *buf, const char *key, struct ss_str json)
{
    ss_json_key(buf, key);
    ss_buf_put(buf, json.p ? json.p : "null", json.p ? json.n : 4);
}

void ss_put_texts_of(struct ss_buf *buf, const char *key, const struct ss_str *texts, size_t n)
{
    ss_json_open(buf, key, '[');
    for (size_t i = 0; i < n; i++) {
        ss_json_next(buf);
        ss_json_put_string(buf, texts[i]);
    }
    ss_buf_putc(buf, ']');
}
