#include "gen/damage.h"
#include "base/rng.h"
#include <stdbool.h>
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

/* Where the value of a field is, and its length: by its key in JSON, by its column in CSV. */
static bool find_value(const char *text, size_t len, const char *key, int column, size_t *at, size_t *n)
{
    const char *p = text, *end = text + len;
    if (len && text[0] == '{') {
        p = memmem(text, len, key, strlen(key));
        p = p ? p + strlen(key) : NULL;
    } else {
        for (; p && column; column--) {
            p = memchr(p, ',', (size_t)(end - p));
            p = p ? p + 1 : NULL;
        }
    }
    if (!p)
        return false;
    const char *comma = memchr(p, ',', (size_t)(end - p));
    *at = (size_t)(p - text);
    *n = (size_t)((comma ? comma : end) - p);
    return true;
}

static size_t garbage(char *text, size_t cap, uint64_t bits)
{
    size_t most = cap < 200 ? cap : 200, n = most ? 1 + (bits >> 8) % most : 0;
    for (size_t i = 0; i < n; i++) {
        char c = (char)(ss_splitmix64(&bits) & 0xff);
        text[i] = c == '\n' ? 0 : c;
    }
    return n;
}

#define TXN_ID    "\"txn_id\":", 0
#define TIMESTAMP "\"timestamp\":", 1
#define AMOUNT    "\"amount\":", 3

size_t ss_gen_damage(char *text, size_t len, size_t cap, uint64_t bits)
{
    size_t at, n, k = (bits >> 16) % (len ? len : 1);
    const char *quote = memchr(text + k, '"', len - k);
    bool json = len && text[0] == '{';
    switch (bits % 12) {
    case 0: return k; /* cut off */
    case 1:           /* a quote lost, or one too many: strings run into each other */
        return quote && json ? splice(text, len, cap, (size_t)(quote - text), 1, "")
                             : splice(text, len, cap, k, 0, "\"");
    case 2: return garbage(text, cap, bits);
    case 3: /* no amount: without its key too, where there is one */
        if (!find_value(text, len, AMOUNT, &at, &n))
            return k;
        return json && n ? splice(text, len, cap, at - 9, n + 10, "") : splice(text, len, cap, at, n, "");
    case 4: /* no time */
        if (!find_value(text, len, TIMESTAMP, &at, &n))
            return k;
        return json && n ? splice(text, len, cap, at - 12, n + 13, "") : splice(text, len, cap, at, n, "");
    case 5: /* a negative amount */
        return find_value(text, len, AMOUNT, &at, &n) ? splice(text, len, cap, at, 0, "-") : k;
    case 6: /* an amount that is a word */
        return find_value(text, len, AMOUNT, &at, &n) ? splice(text, len, cap, at, n, "\"lots\"") : k;
    case 7: /* a moment that does not exist */
        return find_value(text, len, TIMESTAMP, &at, &n)
                   ? splice(text, len, cap, at, n, "\"2026-02-30T25:61:00Z\"")
                   : k;
    case 8: /* an empty id */
        return find_value(text, len, TXN_ID, &at, &n) ? splice(text, len, cap, at, n, "\"\"") : k;
    case 9: /* a number that JSON does not have */
        return find_value(text, len, AMOUNT, &at, &n) ? splice(text, len, cap, at, n, "NaN") : k;
    case 10: return splice(text, len, cap, k, 0, "\xc3\x28\xff"); /* bytes that are no UTF-8 */
    default: return splice(text, len, cap, 0, len, "[\"not a payment\"]");
    }
}
