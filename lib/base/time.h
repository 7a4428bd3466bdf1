/*
 * Event time: signed 64-bit microseconds since 1970-01-01T00:00:00Z, proleptic Gregorian calendar, no leap
 * seconds (RFC 3339's :60 is read as :59.999999 + 1 us, that is, the next minute).
 */
#ifndef SS_BASE_TIME_H
#define SS_BASE_TIME_H

#include "base/attr.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SS_SECOND_US ((int64_t)1000000)
#define SS_MINUTE_US (60 * SS_SECOND_US)
#define SS_HOUR_US   (60 * SS_MINUTE_US)
#define SS_DAY_US    (24 * SS_HOUR_US)
#define SS_TIME_TEXT 32 /* no printed time needs more bytes */

struct ss_civil {
    int year;       /* 0..9999 */
    int month, day; /* 1..12, 1..31 */
    int hour, minute, second, us;
    int weekday; /* Monday = 0 */
    int yearday; /* 0..365 */
};

/* Days since 1970-01-01 of a calendar date (after Howard Hinnant, "chrono-compatible low-level date
 * algorithms"). */
int64_t ss_days_from_civil(int year, int month, int day);
int64_t ss_time_from_civil(const struct ss_civil *civil);
void ss_time_to_civil(int64_t time_us, struct ss_civil *civil);

/* Both give false for what falls outside the years 0 to 9999 of UTC.
 * RFC 3339 with any offset, `YYYY-MM-DD[ T]HH:MM:SS[.f]` without one (read as UTC), `YYYY-MM-DD`. */
bool ss_time_parse(const char *p, size_t n, int64_t *time_us) SS_MUST_CHECK;
/* An epoch number by its size: below 1e11 seconds, below 1e14 milliseconds, else microseconds. Fractions
 * count. */
bool ss_time_parse_epoch(const char *p, size_t n, int64_t *time_us) SS_MUST_CHECK;
/* "2026-03-01T12:30:05Z", with a fraction of up to six digits only where there is one. Returns bytes written.
 */
size_t ss_time_print(int64_t time_us, char out[SS_TIME_TEXT]);

/* "250ms" "90s" "10m" "1h" "7d" "2w", also joined ("1h30m"), to microseconds; false when it is none or not
 * positive.
 */
bool ss_duration_parse(const char *p, size_t n, int64_t *duration_us) SS_MUST_CHECK;
/* The shortest form in one unit: 600000000 -> "10m". */
size_t ss_duration_print(int64_t duration_us, char out[SS_TIME_TEXT]);

/* Remainder and quotient that round towards minus infinity, as calendars need before 1970. */
static inline int64_t ss_floor_div(int64_t a, int64_t b)
{
    return a / b - (a % b != 0 && (a % b < 0) != (b < 0));
}

#endif
