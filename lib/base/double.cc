// Shortest printing and exact reading of floating point, from the C++ standard library (C has neither). With
// lib/json/simd.cc the only C++ here; nothing of C++ crosses the header.
extern "C" {
#include "base/number.h"
}
#include <charconv>
#include <cmath>
#include <cstring>

template <typename T> static size_t print(T value, char *out)
{
    if (!std::isfinite(value)) {
        std::memcpy(out, "null", 4);
        return 4;
    }
    if (value == 0) {
        out[0] = '0'; // also for minus zero: the sign of nothing is noise in a record
        return 1;
    }
    if (std::fabs(value) < T(9007199254740992) && value == std::trunc(value))
        return size_t(std::to_chars(out, out + SS_NUMBER_MAX, (long long)value).ptr - out);
    // Never digits alone beyond 64 bits, though they may be the shorter text: JSON readers refuse such
    // integers.
    if (std::fabs(value) >= T(1e18))
        return size_t(std::to_chars(out, out + SS_NUMBER_MAX, value, std::chars_format::scientific).ptr -
                      out);
    return size_t(std::to_chars(out, out + SS_NUMBER_MAX, value).ptr - out);
}

// Digits two at a time, right-aligned before `end`.
static inline void digits(uint64_t v, char *end)
{
    static const char pairs[] =
        "00010203040506070809101112131415161718192021222324252627282930313233343536373839"
        "40414243444546474849505152535455565758596061626364656667686970717273747576777879"
        "8081828384858687888990919293949596979899";
    for (; v >= 100; v /= 100)
        std::memcpy(end -= 2, pairs + v % 100 * 2, 2);
    if (v >= 10)
        std::memcpy(end -= 2, pairs + v * 2, 2);
    else
        *--end = char('0' + v);
}

static inline int count_digits(uint64_t v) // below 10^9
{
    return v < 10          ? 1
           : v < 100       ? 2
           : v < 1000      ? 3
           : v < 10000     ? 4
           : v < 100000    ? 5
           : v < 1000000   ? 6
           : v < 10000000  ? 7
           : v < 100000000 ? 8
                           : 9;
}

// Values of few decimals, such as sums of money, an order of magnitude faster: 0 when `value` is none of
// them. With r = value * 10^6 rounded, r / 10^6 == value says that the decimal r * 10^-6 reads back as value;
// having 15 digits at most, it is the shortest that does. Below 0.001 the shortest text may be one with an
// exponent.
static size_t print_decimal(double value, char *out)
{
    double size = std::fabs(value);
    if (!(size >= 0.001 && size < 1e9))
        return 0;
    uint64_t r = uint64_t(size * 1e6 + 0.5), whole = r / 1000000, rest = r % 1000000;
    if (double(r) / 1e6 != size)
        return 0;
    char *p = out;
    if (value < 0)
        *p++ = '-';
    p += count_digits(whole);
    digits(whole, p);
    if (!rest)
        return size_t(p - out);
    int decimals = rest % 10000 == 0 ? 2 : 6; // most have two
    digits(decimals == 2 ? rest / 10000 + 100 : rest + 1000000,
           p + decimals + 1); // a leading 1 keeps the zeros,
    *p = '.';                 // and holds the point's place
    for (p += decimals; *p == '0';)
        p--;
    return size_t(p + 1 - out);
}

extern "C" size_t ss_double_print(double value, char *out)
{
    size_t n = print_decimal(value, out);
    return n ? n : print(value, out);
}

extern "C" size_t ss_float_print(float value, char *out)
{
    return print(value, out);
}

extern "C" bool ss_double_parse(const char *p, size_t n, double *out)
{
    if (n == 0 || !(p[0] == '-' || (p[0] >= '0' && p[0] <= '9') || p[0] == '.'))
        return false; // from_chars would take "nan" and "inf"
    if (n > 1 && p[0] == '-' && !((p[1] >= '0' && p[1] <= '9') || p[1] == '.'))
        return false;
    auto r = std::from_chars(p, p + n, *out);
    return r.ec == std::errc() && r.ptr == p + n;
}
