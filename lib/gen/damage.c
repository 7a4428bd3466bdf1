#include "gen/damage.h"
#include "base/rng.h"
#include <string.h>

/* Replaces text[at..at+cut) by `with`. */
static size_t splice(char *text, size_t len, size_t cap, size_t at, size_t cut, const char *with)
{
    size_t n = strlen(with);
    if (at + cut > len || len - cut + n > cap)
        return len;
    memmove(text + at + n, text + at + cut, len - at - cut);
    memcpy(text + at, with, n);
    return len - cut + n;
}

/* Where the value of the field is, and its length up to the next comma; false when there is none such. */
static int find_value(const char *text, size_t len, const char *key, size_t *at, size_t *n)
{
    size_t k = strlen(key);
    const char *p = memmem(text, len, key, k);
    if (!p)
        return 0;
    *at = (size_t)(p - text) + k;
    const char *end = memchr(text + *at, ',', len - *at);
    *n = end ? (size_t)(end - text) - *at : len - *at;
    return 1;
}

static size_t garbage(char *text, size_t cap, uint64_t bits)
{
    size_t n = 1 + (bits >> 8) % (cap < 200 ? cap : 200);
    for (size_t i = 0; i < n; i++) {
        char c = (char)(ss_splitmix64(&bits) & 0xff);
        text[i] = c == '\n' ? 0 : c;
    }
    return n;
}

size_t ss_gen_damage(char *text, size_t len, size_t cap, uint64_t bits)
{
    size_t at, n, k = (bits >> 16) % (len ? len : 1);
    int json = len && text[0] == '{';
    switch (bits % 12) {
    case 0: /* cut off */ return k;
    case 1: /* a quote lost: strings run into each other */
        if (json) {
            const char *quote = memchr(text + k, '"', len - k);
            return quote ? splice(text, len, cap, (size_t)(quote - text), 1, "") : len - 1;
        }
        return splice(text, len, cap, k, 0, "\"");
    case 2: return garbage(text, cap, bits);
    case 3: /* no amount */
        if (json && find_value(text, len, "\"amount\":", &at, &n))
            return splice(text, len, cap, at - 9, n + 10, "");
        return k;
    case 4: /* no time */
        if (json && find_value(text, len, "\"timestamp\":", &at, &n))
            return splice(text, len, cap, at - 12, n + 13, "");
        return k;
    case 5: /* a negative amount */
        if (json && find_value(text, len, "\"amount\":", &at, &n))
            return splice(text, len, cap, at, 0, "-");
        return k;
    case 6: /* an amount that is a word */
        if (json && find_value(text, len, "\"amount\":", &at, &n))
            return splice(text, len, cap, at, n, "\"lots\"");
        return garbage(text, cap, bits);
    case 7: /* a day that does not exist */
        if (json && find_value(text, len, "\"timestamp\":", &at, &n))
            return splice(text, len, cap, at, n, "\"2026-02-30T25:61:00Z\"");
        return garbage(text, cap, bits);
    case 8: /* an empty id */
        if (json && find_value(text, len, "\"txn_id\":", &at, &n))
            return splice(text, len, cap, at, n, "\"\"");
        return k;
    case 9: /* JSON's forbidden number */
        if (json && find_value(text, len, "\"amount\":", &at, &n))
            return splice(text, len, cap, at, n, "NaN");
        return k;
    case 10: /* bytes that are no UTF-8 */ return splice(text, len, cap, k, 0, "\xc3\x28\xff");
    default: /* something else altogether */ return splice(text, len, cap, 0, len, "[\"not a payment\"]");
    }
}
