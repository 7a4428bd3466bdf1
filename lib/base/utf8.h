/* UTF-8 (RFC 3629): no overlong forms, no surrogates. */
#ifndef SS_BASE_UTF8_H
#define SS_BASE_UTF8_H

#include "base/str.h"
#include <stdint.h>

/* Length of the valid sequence at p, of which n > 0 bytes are there, or 0. */
static inline size_t ss_utf8_length(const unsigned char *p, size_t n)
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

/* Text that a database takes: valid, and without NUL. */
static inline bool ss_utf8_is_text(struct ss_str text)
{
    for (size_t i = 0; i < text.n;) {
        size_t len = ss_utf8_length((const unsigned char *)text.p + i, text.n - i);
        if (len == 0 || text.p[i] == 0)
            return false;
        i += len;
    }
    return true;
}
/* Writes the code point, at most 4 bytes, and returns how many. */
static inline size_t ss_utf8_put(char *to, uint32_t code)
{
    if (code < 0x80) {
        to[0] = (char)code;
        return 1;
    }
    if (code < 0x800) {
        to[0] = (char)(0xc0 | code >> 6);
        to[1] = (char)(0x80 | (code & 0x3f));
        return 2;
    }
    if (code < 0x10000) {
        to[0] = (char)(0xe0 | code >> 12);
        to[1] = (char)(0x80 | (code >> 6 & 0x3f));
        to[2] = (char)(0x80 | (code & 0x3f));
        return 3;
    }
    to[0] = (char)(0xf0 | code >> 18);
    to[1] = (char)(0x80 | (code >> 12 & 0x3f));
    to[2] = (char)(0x80 | (code >> 6 & 0x3f));
    to[3] = (char)(0x80 | (code & 0x3f));
    return 4;
}

#endif
