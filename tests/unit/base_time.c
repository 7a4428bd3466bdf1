/* lib/base/time: the calendar, times and durations as texts. */
#include "base/rng.h"
#include "base/time.h"
#include "tests/tap.h"
#include <time.h>

static void civil_time_is_the_librarys(void)
{
    int wrong = 0;
    for (int64_t day = ss_days_from_civil(0, 1, 1); day <= ss_days_from_civil(9999, 12, 31); day++) {
        time_t t = (time_t)(day * 86400 + 86399 - day % 1000);
        struct tm tm;
        struct ss_civil c;
        gmtime_r(&t, &tm);
        ss_time_to_civil((int64_t)t * SS_SECOND_US + 7, &c);
        wrong += c.year != tm.tm_year + 1900 || c.month != tm.tm_mon + 1 || c.day != tm.tm_mday ||
                 c.hour != tm.tm_hour || c.minute != tm.tm_min || c.second != tm.tm_sec || c.us != 7 ||
                 c.weekday != (tm.tm_wday + 6) % 7 || c.yearday != tm.tm_yday ||
                 ss_time_from_civil(&c) != (int64_t)timegm(&tm) * SS_SECOND_US + 7;
    }
    ok(wrong == 0, "every day of the years 0 to 9999 agrees with gmtime_r and timegm");
    struct ss_civil c;
    ss_time_to_civil(INT64_MIN, &c);
    ok(c.us >= 0 && c.hour >= 0, "the earliest time of all is computed without overflow");
}

/* Reads `text`, prints it again; NULL: must be refused. */
static void time_is(const char *text, const char *want)
{
    int64_t t;
    char out[SS_TIME_TEXT];
    if (!ss_time_parse(text, strlen(text), &t)) {
        ok(want == NULL, "time %s is refused", text);
        return;
    }
    size_t n = ss_time_print(t, out);
    if (!ok(want && strlen(want) == n && memcmp(want, out, n) == 0, "time %s", text))
        printf("# got %.*s\n", (int)n, out);
}

static void times_are_read_in_their_forms(void)
{
    static const char *const cases[][2] = {
        {"2026-03-01T12:30:05Z", "2026-03-01T12:30:05Z"},
        {"2026-03-01t12:30:05z", "2026-03-01T12:30:05Z"},
        {"2026-03-01 12:30:05", "2026-03-01T12:30:05Z"},
        {"2026-03-01", "2026-03-01T00:00:00Z"},
        {"2026-03-01T12:30:05.5Z", "2026-03-01T12:30:05.5Z"},
        {"2026-03-01T12:30:05,25", "2026-03-01T12:30:05.25Z"},
        {"2026-03-01T12:30:05.123456789Z", "2026-03-01T12:30:05.123456Z"},
        {"2026-03-01T12:30:05+02:00", "2026-03-01T10:30:05Z"},
        {"2026-03-01T00:30:05+0530", "2026-02-28T19:00:05Z"},
        {"2026-12-31T23:30:00-01:00", "2027-01-01T00:30:00Z"},
        {"2016-12-31T23:59:60Z", "2017-01-01T00:00:00Z"},
        {"2024-02-29T00:00:00Z", "2024-02-29T00:00:00Z"},
        {"0000-01-01T00:00:00Z", "0000-01-01T00:00:00Z"},
        {"1900-02-29", NULL},
        {"2000-02-29", "2000-02-29T00:00:00Z"},
        {"9999-12-31T23:59:59.999999Z", "9999-12-31T23:59:59.999999Z"},
        {"0000-01-01T00:00:00+00:01", NULL},
        {"9999-12-31T23:59:60Z", NULL},
        {"9999-12-31T23:59:59-00:01", NULL},
        {"2023-02-29", NULL},
        {"2026-13-01", NULL},
        {"2026-00-10", NULL},
        {"2026-04-31", NULL},
        {"2026-01-01T24:00:00Z", NULL},
        {"2026-01-01T12:60:00Z", NULL},
        {"2026-01-01T12:00:61Z", NULL},
        {"2026-01-01T12:00", NULL},
        {"2026-01-01T12:00:00.", NULL},
        {"2026-01-01T12:00:00.Z", NULL},
        {"2026-01-01T12:00:00ZZ", NULL},
        {"2026-01-01T12:00:00+1", NULL},
        {"2026-01-01T12:00:00+24:00", NULL},
        {"2026-01-01T12:00:00+01:60", NULL},
        {"2026-01-01T12:00:00 Z", NULL},
        {"2026/01/01", NULL},
        {"-026-01-01", NULL},
        {"2026-1-01T", NULL},
        {"", NULL},
        {"2026-01-01T12:00:00+01-00", NULL},
        {"2026-01-0", NULL},
        {"20260101T120000Z", NULL},
    };
    for (size_t i = 0; i < SS_COUNT(cases); i++)
        time_is(cases[i][0], cases[i][1]);
}

static void epoch_is(const char *text, int64_t want)
{
    int64_t t = -1;
    bool good = ss_time_parse_epoch(text, strlen(text), &t);
    if (!ok(want == INT64_MIN ? !good : good && t == want, "epoch %s", text))
        printf("# got %lld\n", (long long)t);
}

static void epochs_are_told_by_their_size(void)
{
    epoch_is("0", 0);
    epoch_is("1700000000", 1700000000000000);
    epoch_is("-1", -1000000);
    epoch_is("1700000000123", 1700000000123000);
    epoch_is("1700000000123456", 1700000000123456);
    epoch_is("1700000000.123456", 1700000000123456);
    epoch_is("1700000000123.456", 1700000000123456);
    epoch_is("1.7e9", 1700000000000000);
    epoch_is("99999999999", 99999999999000000);
    epoch_is("100000000000", 100000000000000);
    epoch_is("253402300800000000", INT64_MIN);
    epoch_is("9223372036854775807", INT64_MIN);
    epoch_is("-9223372036854775808", INT64_MIN);
    epoch_is("1e30", INT64_MIN);
    epoch_is("x", INT64_MIN);
    epoch_is("", INT64_MIN);
    epoch_is("nan", INT64_MIN);
}

static void duration_is(const char *text, int64_t want, const char *shortest)
{
    int64_t d = 0;
    char out[SS_TIME_TEXT];
    bool good = ss_duration_parse(text, strlen(text), &d);
    if (!want) {
        ok(!good, "duration %s is refused", text);
        return;
    }
    ok(good && d == want, "duration %s", text);
    is_text(out, ss_duration_print(d, out), shortest, shortest);
}

static void durations_have_units(void)
{
    duration_is("90s", 90 * SS_SECOND_US, "90s");
    duration_is("600s", 600 * SS_SECOND_US, "10m");
    duration_is("1h30m", 90 * SS_MINUTE_US, "90m");
    duration_is("2w", 14 * SS_DAY_US, "14d");
    duration_is("250ms", 250000, "250ms");
    duration_is("1m500ms", 60500000, "60500ms");
    static const char *const bad[] = {"",
                                      "0s",
                                      "5",
                                      "s",
                                      "-5s",
                                      "1.5h",
                                      "5 s",
                                      "5y",
                                      "1h5",
                                      "9999999999s",
                                      "m",
                                      "15000000w",
                                      "9000000w9000000w9000000w9000000w"};
    for (size_t i = 0; i < SS_COUNT(bad); i++)
        duration_is(bad[i], 0, NULL);
}

int main(void)
{
    civil_time_is_the_librarys();
    times_are_read_in_their_forms();
    epochs_are_told_by_their_size();
    durations_have_units();
    return done();
}
