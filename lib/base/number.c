#include "base/number.h"
#include <math.h>
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

/* The slow way, for exponents and very long texts: exact enough, since a double holds 15 digits. */
static bool amount_from_double(const char *p, size_t n, int64_t *out)
{
    double d;
    if (!ss_double_parse(p, n, &d))
        return false;
    d = nearbyint(d * SS_AMOUNT_SCALE);
    if (!(fabs(d) <= 9e18))
        return false;
    *out = (int64_t)d;
    return true;
}

bool ss_amount_parse(const char *p, size_t n, int64_t *out)
{
    bool negative = n && p[0] == '-';
    size_t i = negative, digits = 0;
    uint64_t v = 0;
    for (; i < n && (unsigned)(p[i] - '0') <= 9; i++, digits++)
        v = v * 10 + (unsigned)(p[i] - '0');
    if (digits == 0 || digits > 14)
        return digits > 14 ? amount_from_double(p, n, out) : false;
    v *= SS_AMOUNT_SCALE;
    if (i < n && p[i] == '.') {
        uint64_t unit = SS_AMOUNT_SCALE / 10, rest = 0;
        size_t point = i++, beyond = 0;
        for (; i < n && (unsigned)(p[i] - '0') <= 9; i++) {
            unsigned d = (unsigned)(p[i] - '0');
            if (unit) {
                v += d * unit;
                unit /= 10;
            } else if (beyond++ == 0) {
                rest = d * 2;
            } else {
                rest |= d != 0; /* sticky: past the half */
            }
        }
        if (i == point + 1)
            return false;
        v += rest > 10 || (rest == 10 && (v & 1));
    }
    if (i < n)
        return amount_from_double(p, n, out);
    *out = negative ? -(int64_t)v : (int64_t)v;
    return v <= AMOUNT_MAX;
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
