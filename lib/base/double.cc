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

extern "C" size_t ss_double_print(double value, char *out)
{
    return print(value, out);
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
