#include "base/base64.h"

static const char usual[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
static const char url[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

static void put(struct ss_buf *to, const void *bytes, size_t len, const char *digits, bool padded)
{
    const unsigned char *p = bytes;
    for (size_t i = 0; i < len; i += 3) {
        size_t left = len - i;
        unsigned bits =
            (unsigned)p[i] << 16 | (left > 1 ? (unsigned)p[i + 1] << 8 : 0) | (left > 2 ? p[i + 2] : 0);
        ss_buf_putc(to, digits[bits >> 18]);
        ss_buf_putc(to, digits[bits >> 12 & 63]);
        if (left > 1 || padded)
            ss_buf_putc(to, left > 1 ? digits[bits >> 6 & 63] : '=');
        if (left > 2 || padded)
            ss_buf_putc(to, left > 2 ? digits[bits & 63] : '=');
    }
}

void ss_base64url_put(struct ss_buf *to, const void *bytes, size_t len)
{
    put(to, bytes, len, url, false);
}

void ss_base64_put(struct ss_buf *to, const void *bytes, size_t len)
{
    put(to, bytes, len, usual, true);
}

static int value_of(char c)
{
    return c >= 'A' && c <= 'Z'   ? c - 'A'
           : c >= 'a' && c <= 'z' ? c - 'a' + 26
           : c >= '0' && c <= '9' ? c - '0' + 52
           : c == '-'             ? 62
           : c == '_'             ? 63
                                  : -1;
}

bool ss_base64url_read(struct ss_str text, struct ss_buf *to)
{
    unsigned bits = 0;
    int have = 0;
    if (text.n % 4 == 1)
        return false;
    for (size_t i = 0; i < text.n; i++) {
        int value = value_of(text.p[i]);
        if (value < 0)
            return false;
        bits = bits << 6 | (unsigned)value;
        have += 6;
        if (have >= 8) {
            have -= 8;
            ss_buf_putc(to, (char)(bits >> have));
            bits &= (1u << have) - 1;
        }
    }
    return bits == 0 && ss_buf_check(to) == 0;
}
