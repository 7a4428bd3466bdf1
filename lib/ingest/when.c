#include "ingest/when.h"
#include "base/err.h"
#include "base/number.h"
#include "base/time.h"
#include <math.h>
#include <strings.h>

/* What a format has read so far. -1: not said. */
struct parts {
    int year, month, day, yearday, hour, hour12, minute, second, us;
    int afternoon; /* 0 am, 1 pm */
    int64_t epoch_s, offset_s;
    bool has_epoch, has_offset;
};

static const char *const months[] = {"january", "february", "march",     "april",   "may",      "june",
                                     "july",    "august",   "september", "october", "november", "december"};
static const char *const days[] = {"sunday",   "monday", "tuesday", "wednesday",
                                   "thursday", "friday", "saturday"};

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static bool is_digit(char c)
{
    return (unsigned)(c - '0') <= 9;
}

/* One to `max` digits. */
static bool take_digits(struct ss_str *s, int max, int low, int high, int *v)
{
    int n = 0;
    for (*v = 0; n < max && s->n && is_digit(*s->p); n++, s->p++, s->n--)
        *v = *v * 10 + (*s->p - '0');
    return n && *v >= low && *v <= high;
}

/* A name in full or its first three letters. Returns its number, or -1. */
static int take_name(struct ss_str *s, const char *const *name, int n)
{
    for (int i = 0; i < n; i++) {
        size_t len = strlen(name[i]);
        if (s->n < len || strncasecmp(s->p, name[i], len) != 0)
            len = 3;
        if (s->n >= len && strncasecmp(s->p, name[i], len) == 0) {
            s->p += len;
            s->n -= len;
            return i;
        }
    }
    return -1;
}

static bool take_fraction(struct ss_str *s, int *us)
{
    int unit = 100000, n = 0;
    for (*us = 0; s->n && is_digit(*s->p); n++, unit /= 10, s->p++, s->n--)
        *us += (*s->p - '0') * unit;
    return n > 0;
}

static bool take_offset(struct ss_str *s, struct parts *t)
{
    t->has_offset = true;
    t->offset_s = 0;
    if (s->n && (*s->p == 'Z' || *s->p == 'z')) {
        s->p++;
        s->n--;
        return true;
    }
    if (s->n < 3 || (*s->p != '+' && *s->p != '-'))
        return false;
    int sign = *s->p == '-' ? -1 : 1, h, m = 0;
    s->p++;
    s->n--;
    if (!take_digits(s, 2, 0, 23, &h))
        return false;
    if (s->n && *s->p == ':') {
        s->p++;
        s->n--;
    }
    if (s->n && is_digit(*s->p) && !take_digits(s, 2, 0, 59, &m))
        return false;
    t->offset_s = sign * (h * 3600 + m * 60);
    return true;
}

static bool take_epoch(struct ss_str *s, struct parts *t)
{
    size_t n = s->n && *s->p == '-';
    while (n < s->n && is_digit(s->p[n]))
        n++;
    t->has_epoch = n <= 14 && ss_int_parse(s->p, n, &t->epoch_s);
    s->p += n;
    s->n -= n;
    return t->has_epoch;
}

static bool take(struct ss_str *s, const char *format, size_t n, struct parts *t);

static bool take_conversion(struct ss_str *s, char c, struct parts *t)
{
    int v;
    switch (c) {
    case 'Y': return take_digits(s, 4, 0, 9999, &t->year);
    case 'y': /* POSIX: 69..99 are 1969..1999 */
        if (!take_digits(s, 2, 0, 99, &v))
            return false;
        t->year = v + (v < 69 ? 2000 : 1900);
        return true;
    case 'm': return take_digits(s, 2, 1, 12, &t->month);
    case 'd':
    case 'e':
        while (s->n && *s->p == ' ')
            s->p++, s->n--;
        return take_digits(s, 2, 1, 31, &t->day);
    case 'j': return take_digits(s, 3, 1, 366, &t->yearday);
    case 'b':
    case 'B':
    case 'h': return (t->month = take_name(s, months, 12) + 1) > 0;
    case 'a':
    case 'A': return take_name(s, days, 7) >= 0;
    case 'H':
    case 'k': return take_digits(s, 2, 0, 23, &t->hour);
    case 'I':
    case 'l': return take_digits(s, 2, 1, 12, &t->hour12);
    case 'M': return take_digits(s, 2, 0, 59, &t->minute);
    case 'S': return take_digits(s, 2, 0, 60, &t->second);
    case 'f': return take_fraction(s, &t->us);
    case 'p':
        if (s->n < 2 || (s->p[1] != 'm' && s->p[1] != 'M') || !memchr("aApP", s->p[0], 4))
            return false;
        t->afternoon = s->p[0] == 'p' || s->p[0] == 'P';
        s->p += 2;
        s->n -= 2;
        return true;
    case 'z': return take_offset(s, t);
    case 's': return take_epoch(s, t);
    case 'T': return take(s, "%H:%M:%S", 8, t);
    case 'R': return take(s, "%H:%M", 5, t);
    case 'F': return take(s, "%Y-%m-%d", 8, t);
    case 'D': return take(s, "%m/%d/%y", 8, t);
    }
    return false;
}

static bool take(struct ss_str *s, const char *format, size_t n, struct parts *t)
{
    for (size_t i = 0; i < n; i++) {
        if (is_blank(format[i]) || (format[i] == '%' && (format[i + 1] == 'n' || format[i + 1] == 't'))) {
            i += format[i] == '%';
            while (s->n && is_blank(*s->p))
                s->p++, s->n--;
        } else if (format[i] == '%' && format[i + 1] != '%') {
            if (!take_conversion(s, format[++i], t))
                return false;
        } else {
            i += format[i] == '%';
            if (!s->n || *s->p != format[i])
                return false;
            s->p++;
            s->n--;
        }
    }
    return true;
}

static int month_days(int year, int month)
{
    static const char len[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    return month == 2 && leap ? 29 : len[month - 1];
}

static int64_t to_utc(const struct ss_when *when, int64_t local_s)
{
    return when->is_utc ? local_s : ss_zone_to_utc(&when->zone, local_s);
}

static bool combine(const struct ss_when *when, struct parts *t, int64_t *time_us)
{
    int64_t s = t->epoch_s;
    if (!t->has_epoch) {
        if (t->yearday < 0 && t->day > month_days(t->year, t->month))
            return false;
        if (t->hour12 >= 0)
            t->hour = t->hour12 % 12 + (t->afternoon > 0 ? 12 : 0);
        int64_t day = t->yearday >= 0 ? ss_days_from_civil(t->year, 1, 1) + t->yearday - 1
                                      : ss_days_from_civil(t->year, t->month, t->day);
        s = day * 86400 + t->hour * 3600 + t->minute * 60 + t->second;
        s = t->has_offset ? s - t->offset_s : to_utc(when, s);
    }
    *time_us = s * SS_SECOND_US + t->us;
    return true;
}

int ss_when_set_format(struct ss_when *when, struct ss_str format)
{
    bool year = false, month = false, day = false, epoch = false, half = false, clock12 = false;
    for (size_t i = 0; i < format.n; i++) {
        if (format.p[i] != '%')
            continue;
        if (++i == format.n)
            return ss_fail(SS_ECONFIG, "time format ends with a single '%%'");
        char c = format.p[i];
        if (!memchr("YymdebBhaAHkIlMSfpjzsTRFDnt%", c, 28))
            return ss_fail(SS_ECONFIG,
                           "unknown time conversion '%%%c' (see ss-ingest(1) for those there are)", c);
        year |= c == 'Y' || c == 'y' || c == 'F' || c == 'D';
        month |= c == 'm' || c == 'b' || c == 'B' || c == 'h' || c == 'F' || c == 'D' || c == 'j';
        day |= c == 'd' || c == 'e' || c == 'F' || c == 'D' || c == 'j';
        epoch |= c == 's';
        half |= c == 'p';
        clock12 |= c == 'I' || c == 'l';
    }
    if (!epoch && !(year && month && day))
        return ss_fail(SS_ECONFIG, "time format '%.*s' lacks the %s", (int)format.n, format.p,
                       !year    ? "year (%Y)"
                       : !month ? "month (%m)"
                                : "day (%d)");
    if (clock12 && !half)
        return ss_fail(SS_ECONFIG, "time format '%.*s' has %%I but no %%p", (int)format.n, format.p);
    when->kind = SS_WHEN_FORMAT;
    when->format = format;
    return 0;
}

static bool read_count(const struct ss_when *when, struct ss_str s, int64_t *time_us)
{
    int64_t v;
    if (ss_int_parse(s.p, s.n, &v))
        return !__builtin_mul_overflow(v, when->unit_us, &v) &&
               !__builtin_add_overflow(v, when->base_us, time_us);
    double d;
    if (!ss_double_parse(s.p, s.n, &d))
        return false;
    d = nearbyint(d * (double)when->unit_us);
    return fabs(d) < 9e18 && !__builtin_add_overflow((int64_t)d, when->base_us, time_us);
}

/* RFC 3339's texts say their own offset; texts without one are in the map's zone. */
static bool read_auto(const struct ss_when *when, struct ss_str s, int64_t *time_us)
{
    if (!ss_time_parse(s.p, s.n, time_us))
        return ss_time_parse_epoch(s.p, s.n, time_us);
    if (when->is_utc)
        return true;
    char last = s.p[s.n - 1];
    bool own = last == 'Z' || last == 'z' ||
               (s.n > 19 && (memchr(s.p + 19, '+', s.n - 19) || memchr(s.p + 19, '-', s.n - 19)));
    if (!own) {
        int64_t local_s = ss_floor_div(*time_us, SS_SECOND_US), us = *time_us - local_s * SS_SECOND_US;
        *time_us = to_utc(when, local_s) * SS_SECOND_US + us;
    }
    return true;
}

bool ss_when_read(const struct ss_when *when, struct ss_str text, int64_t *time_us)
{
    text = ss_str_trim(text);
    if (when->kind == SS_WHEN_COUNT)
        return read_count(when, text, time_us);
    if (when->kind == SS_WHEN_AUTO)
        return read_auto(when, text, time_us);
    struct parts t = {.yearday = -1, .hour12 = -1, .month = 1, .day = 1};
    return take(&text, when->format.p, when->format.n, &t) && text.n == 0 && combine(when, &t, time_us);
}
