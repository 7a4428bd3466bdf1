#include "base/number.h"
#include <string.h>

#define AMOUNT_MAX 9000000000000000000 /* 9e14 units */

size_t ss_int_print(int64_t value, char *out)
{
    char tmp[24];
    size_t n = 0, len = 0;
    uint64_t v = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;
    do
        tmp[n++] = (char)('0' + v % 10);
    while (v /= 10);
    if (value < 0)
        out[len++] = '-';
    while (n)
        out[len++] = tmp[--n];
    return len;
}

bool ss_int_parse(const char *p, size_t n, int64_t *out)
{
    bool negative = n && p[0] == '-';
    size_t i = negative;
    if (i == n || n - i > 19)
        return false;
    uint64_t v = 0;
    for (; i < n; i++) {
        unsigned d = (unsigned)(p[i] - '0');
        if (d > 9)
            return false;
        v = v * 10 + d;
    }
    if (v > (uint64_t)INT64_MAX + negative)
        return false;
    *out = negative ? (int64_t)(0 - v) : (int64_t)v;
    return true;
}

/* A decimal number taken apart: `digits` of them from `p` on (one point among them), times 10^exponent. */
struct decimal {
    const char *p, *end;
    size_t before, after; /* digits before and behind the point */
    int64_t exponent;
};

static bool is_digit(char c)
{
    return (unsigned)(c - '0') <= 9;
}

static bool take_apart(const char *p, const char *end, struct decimal *d)
{
    *d = (struct decimal){.p = p};
    for (; p < end && is_digit(*p); p++)
        d->before++;
    if (p < end && *p == '.')
        for (p++; p < end && is_digit(*p); p++)
            d->after++;
    d->end = p;
    if (d->before == 0 || (p[-1] == '.'))
        return false;
    if (p == end || (*p != 'e' && *p != 'E'))
        return p == end;
    bool negative = ++p < end && *p == '-';
    if (p < end && (*p == '-' || *p == '+'))
        p++;
    if (p == end)
        return false;
    for (; p < end && is_digit(*p); p++)
        if (d->exponent < INT32_MAX)
            d->exponent = d->exponent * 10 + (*p - '0');
    d->exponent = negative ? -d->exponent : d->exponent;
    return p == end;
}

/* The general way, exact for any text: digits up to the fourth decimal count, the next ones round. */
static bool amount_from_decimal(const char *p, const char *end, bool negative, int64_t *out)
{
    struct decimal d;
    if (!take_apart(p, end, &d))
        return false;
    int64_t whole = (int64_t)d.before + d.exponent + 4, at = 0; /* so many digits stand before the cut */
    uint64_t v = 0;
    unsigned rest = 0;
    for (p = d.p; p < d.end; p++) {
        if (*p == '.')
            continue;
        unsigned digit = (unsigned)(*p - '0');
        if (at < whole) {
            if (v > AMOUNT_MAX / 10)
                return false;
            v = v * 10 + digit;
        } else if (at == whole) {
            rest = digit * 2;
        } else {
            rest |= digit != 0; /* sticky: past the half */
        }
        at++;
    }
    for (; v && at < whole; at++) {
        if (v > AMOUNT_MAX / 10)
            return false;
        v *= 10;
    }
    v += rest > 10 || (rest == 10 && (v & 1));
    *out = negative ? -(int64_t)v : (int64_t)v;
    return v <= AMOUNT_MAX;
}

bool ss_amount_parse(const char *p, size_t n, int64_t *out)
{
    const char *start = p, *end = p + n;
    bool negative = n && *p == '-';
    p += negative;
    start = p;
    uint64_t v = 0;
    for (; p < end && is_digit(*p); p++)
        v = v * 10 + (unsigned)(*p - '0');
    if (p == start || p - start > 14)
        return p != start && amount_from_decimal(start, end, negative, out);
    v *= SS_AMOUNT_SCALE;
    if (p < end && *p == '.' && end - p > 1) {
        p++;
        for (unsigned unit = SS_AMOUNT_SCALE / 10; unit && p < end && is_digit(*p); unit /= 10)
            v += (unsigned)(*p++ - '0') * unit;
    }
    if (p < end) /* a fifth decimal, an exponent, or no number */
        return amount_from_decimal(start, end, negative, out);
    *out = negative ? -(int64_t)v : (int64_t)v;
    return true;
}

size_t ss_amount_print(int64_t amount, char *out)
{
    size_t n = 0;
    uint64_t v = amount < 0 ? 0 - (uint64_t)amount : (uint64_t)amount;
    if (amount < 0)
        out[n++] = '-';
    n += ss_int_print((int64_t)(v / SS_AMOUNT_SCALE), out + n);
    unsigned rest = (unsigned)(v % SS_AMOUNT_SCALE);
    if (!rest)
        return n;
    out[n++] = '.';
    for (unsigned unit = SS_AMOUNT_SCALE / 10; rest; unit /= 10) {
        out[n++] = (char)('0' + rest / unit);
        rest %= unit;
    }
    return n;
}

bool ss_size_parse(const char *text, size_t *bytes)
{
    size_t n = strlen(text), scale = 1;
    static const char units[] = "KMGT";
    const char *unit = n ? strchr(units, text[n - 1]) : NULL;
    int64_t v;
    if (unit && *unit) {
        for (ptrdiff_t i = 0; i <= unit - units; i++)
            scale *= 1024;
        n--;
    }
    if (!ss_int_parse(text, n, &v) || v <= 0 || (uint64_t)v > SIZE_MAX / 2 / scale)
        return false;
    *bytes = (size_t)v * scale;
    return true;
}
