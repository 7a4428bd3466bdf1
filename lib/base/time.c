#include "base/time.h"
#include "base/number.h"
#include <math.h>
#include <string.h>

int64_t ss_days_from_civil(int year, int month, int day)
{
    int64_t y = year - (month <= 2);
    int64_t era = ss_floor_div(y, 400);
    int64_t yoe = y - era * 400;
    int64_t doy = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    int64_t doe = yoe * 365 + yoe / 4 - yoe / 100 + doy;
    return era * 146097 + doe - 719468;
}

int64_t ss_time_from_civil(const struct ss_civil *c)
{
    int64_t days = ss_days_from_civil(c->year, c->month, c->day);
    return days * SS_DAY_US + (c->hour * 3600 + c->minute * 60 + c->second) * SS_SECOND_US + c->us;
}

void ss_time_to_civil(int64_t time_us, struct ss_civil *c)
{
    int64_t days = ss_floor_div(time_us, SS_DAY_US);
    int64_t rest = time_us % SS_DAY_US;
    rest += rest < 0 ? SS_DAY_US : 0;
    int64_t z = days + 719468, era = ss_floor_div(z, 146097), doe = z - era * 146097;
    int64_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
    int64_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100), mp = (5 * doy + 2) / 153;
    c->day = (int)(doy - (153 * mp + 2) / 5 + 1);
    c->month = (int)(mp < 10 ? mp + 3 : mp - 9);
    c->year = (int)(yoe + era * 400 + (c->month <= 2));
    c->yearday = (int)(days - ss_days_from_civil(c->year, 1, 1));
    c->weekday = (int)(((days + 3) % 7 + 7) % 7);
    c->us = (int)(rest % SS_SECOND_US);
    int s = (int)(rest / SS_SECOND_US);
    c->hour = s / 3600;
    c->minute = s / 60 % 60;
    c->second = s % 60;
}

/* Reads exactly `digits` digits at p; -1 when one is missing. */
static int digits_at(const char *p, size_t digits)
{
    int v = 0;
    for (size_t i = 0; i < digits; i++) {
        unsigned d = (unsigned)(p[i] - '0');
        if (d > 9)
            return -1;
        v = v * 10 + (int)d;
    }
    return v;
}

static int month_days(int year, int month)
{
    static const char days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    return month == 2 && leap ? 29 : days[month - 1];
}

static bool parse_date(const char *p, struct ss_civil *c)
{
    c->year = digits_at(p, 4);
    c->month = digits_at(p + 5, 2);
    c->day = digits_at(p + 8, 2);
    return c->year >= 0 && c->month >= 1 && c->month <= 12 && c->day >= 1 && p[4] == '-' && p[7] == '-' &&
           c->day <= month_days(c->year, c->month);
}

static bool parse_clock(const char *p, struct ss_civil *c)
{
    c->hour = digits_at(p, 2);
    c->minute = digits_at(p + 3, 2);
    c->second = digits_at(p + 6, 2);
    return c->hour >= 0 && c->hour < 24 && c->minute >= 0 && c->minute < 60 && c->second >= 0 &&
           c->second <= 60 && p[2] == ':' && p[5] == ':';
}

/* What may follow the seconds: a fraction, then Z or an offset. */
static bool parse_tail(const char *p, size_t n, int *us, int64_t *offset_us)
{
    size_t i = 0;
    *us = 0;
    *offset_us = 0;
    if (i < n && (p[i] == '.' || p[i] == ',')) {
        int unit = 100000;
        size_t start = ++i;
        for (; i < n && (unsigned)(p[i] - '0') <= 9; i++, unit /= 10)
            *us += (p[i] - '0') * unit;
        if (i == start)
            return false;
    }
    if (i == n)
        return true;
    if ((p[i] == 'Z' || p[i] == 'z') && i + 1 == n)
        return true;
    if ((p[i] != '+' && p[i] != '-') || (n - i != 6 && n - i != 5))
        return false;
    bool colon = n - i == 6;
    int h = digits_at(p + i + 1, 2), m = digits_at(p + i + 3 + colon, 2);
    if (h < 0 || h > 23 || m < 0 || m > 59 || (colon && p[i + 3] != ':'))
        return false;
    *offset_us = (h * 60 + m) * SS_MINUTE_US * (p[i] == '-' ? -1 : 1);
    return true;
}

/* Years 0 to 9999, which is what can be printed. */
static bool in_range(int64_t time_us)
{
    return time_us >= -62167219200 * SS_SECOND_US && time_us < 253402300800 * SS_SECOND_US;
}

bool ss_time_parse(const char *p, size_t n, int64_t *time_us)
{
    struct ss_civil c = {0};
    int64_t offset_us = 0;
    if (n < 10 || !parse_date(p, &c))
        return false;
    if (n > 10) {
        if (n < 19 || (p[10] != 'T' && p[10] != ' ' && p[10] != 't') || !parse_clock(p + 11, &c) ||
            !parse_tail(p + 19, n - 19, &c.us, &offset_us))
            return false;
    }
    *time_us = ss_time_from_civil(&c) - offset_us;
    return in_range(*time_us);
}

bool ss_time_parse_epoch(const char *p, size_t n, int64_t *time_us)
{
    int64_t v;
    if (ss_int_parse(p, n, &v)) {
        uint64_t size = v < 0 ? 0 - (uint64_t)v : (uint64_t)v;
        if (size < 100000000000u)
            *time_us = v * 1000000;
        else if (size < 100000000000000u)
            *time_us = v * 1000;
        else
            *time_us = v;
        return in_range(*time_us);
    }
    double d;
    if (!ss_double_parse(p, n, &d))
        return false;
    double size = fabs(d);
    d = size < 1e11 ? d * 1e6 : size < 1e14 ? d * 1e3 : d;
    if (!(fabs(d) < 9e18))
        return false;
    *time_us = (int64_t)nearbyint(d);
    return in_range(*time_us);
}

static char *put_digits(char *out, int value, int digits)
{
    for (int i = digits - 1; i >= 0; i--, value /= 10)
        out[i] = (char)('0' + value % 10);
    return out + digits;
}

size_t ss_time_print(int64_t time_us, char out[SS_TIME_TEXT])
{
    struct ss_civil c;
    ss_time_to_civil(time_us, &c);
    char *p = out;
    if (c.year < 0 ||
        c.year > 9999) { /* RFC 3339 has no such year: say so in a form nothing mistakes for one */
        memcpy(out, "out of range", 12);
        return 12;
    }
    p = put_digits(p, c.year, 4);
    *p++ = '-';
    p = put_digits(p, c.month, 2);
    *p++ = '-';
    p = put_digits(p, c.day, 2);
    *p++ = 'T';
    p = put_digits(p, c.hour, 2);
    *p++ = ':';
    p = put_digits(p, c.minute, 2);
    *p++ = ':';
    p = put_digits(p, c.second, 2);
    if (c.us) {
        *p++ = '.';
        p = put_digits(p, c.us, 6);
        while (p[-1] == '0')
            p--;
    }
    *p++ = 'Z';
    return (size_t)(p - out);
}

static int64_t unit_us(char unit)
{
    switch (unit) {
    case 's': return SS_SECOND_US;
    case 'm': return SS_MINUTE_US;
    case 'h': return SS_HOUR_US;
    case 'd': return SS_DAY_US;
    case 'w': return 7 * SS_DAY_US;
    }
    return 0;
}

bool ss_duration_parse(const char *p, size_t n, int64_t *duration_us)
{
    int64_t total = 0;
    if (n == 0)
        return false;
    for (size_t i = 0; i < n; i++) {
        int64_t v = 0, unit;
        size_t start = i;
        for (; i < n && (unsigned)(p[i] - '0') <= 9; i++) {
            v = v * 10 + (p[i] - '0');
            if (v > 1000000000)
                return false;
        }
        if (i == start || i == n)
            return false;
        if (p[i] == 'm' && i + 1 < n && p[i + 1] == 's') {
            unit = 1000;
            i++;
        } else {
            unit = unit_us(p[i]);
        }
        if (!unit || v > (INT64_MAX / 4 - total) / unit)
            return false;
        total += v * unit;
    }
    *duration_us = total;
    return total > 0;
}

size_t ss_duration_print(int64_t duration_us, char out[SS_TIME_TEXT])
{
    static const char units[] = {'d', 'h', 'm', 's'};
    for (size_t i = 0; i < sizeof units; i++) {
        if (duration_us % unit_us(units[i]) == 0) {
            size_t n = ss_int_print(duration_us / unit_us(units[i]), out);
            out[n++] = units[i];
            return n;
        }
    }
    size_t n = ss_int_print(duration_us / 1000, out);
    out[n++] = 'm';
    out[n++] = 's';
    return n;
}
