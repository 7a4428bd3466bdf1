/* The field-map language, time formats and time zones. */
#include "tests/tap.h"
#include "base/err.h"
#include "base/time.h"
#include "ingest/map.h"
#include "ingest/number.h"
#include "record/schema.h"

static void good_map(void)
{
    struct ss_field_map map;
    const char *text = "# a comment\n\n"
                       "when header has A, column(\"B C\")\r\n"
                       "timestamp = A + column(\"B C\") \"%d/%m/%y %H:%M\" Europe/Berlin  # behind\n"
                       "amount=Amt money \",\" / 100\n"
                       "card_id = cc pan text\n"
                       "currency = \"E\\\"UR\"\n"
                       "rate = -1.50\n"
                       "txn_id = hash(A, cc)\n"
                       "other = x optional";
    int err = ss_field_map_read(&map, "m", ss_str_of(text));
    ok(err == 0 && map.n == 7, "a map with one of everything is read (%s)", err ? ss_err_text() : "");
    if (err)
        return;
    const struct ss_rule *r = map.rule;
    ok(map.n_signature == 2 && ss_str_is(map.signature[1], "B C"), "signature");
    ok(r[0].slot == SS_TIMESTAMP && r[0].columns == 2 && r[0].when.kind == SS_WHEN_FORMAT && r[0].line == 4 &&
           !r[0].when.plain && r[0].when.zone.n > 0,
       "joined columns, format and zone");
    ok(r[1].type == SS_TYPE_MONEY && r[1].decimal == ',' && r[1].shift == 2, "money with a comma, in cents");
    ok(r[2].pan && r[2].type == SS_TYPE_TEXT, "a card number");
    ok(r[3].source == SS_RULE_CONSTANT && ss_str_is(r[3].constant, "\"E\\\"UR\""), "a text");
    ok(ss_str_is(r[4].constant, "-1.50") && r[4].slot == -1, "a number");
    ok(r[5].source == SS_RULE_HASH && r[5].columns == 2, "a hash of columns");
    ok(r[6].optional, "optional");
    ss_field_map_free(&map);
}

static void bad_map(const char *text, const char *want)
{
    struct ss_field_map map;
    int err = ss_field_map_read(&map, "m", ss_str_of(text));
    if (!ok(err == SS_ECONFIG && strstr(ss_err_text(), want), "%s", want))
        printf("#   said: %s\n", err ? ss_err_text() : "nothing");
    ss_field_map_free(&map);
}

static void bad_maps(void)
{
    bad_map("amount = x\namount = y\n", "m:2: field 'amount' twice (first in line 1)");
    bad_map("amount x\n", "m:1: expected '=', found 'x'");
    bad_map("= x\n", "m:1: expected a field name, found '='");
    bad_map("a-b = x\n", "m:1: 'a-b' is no field name");
    bad_map("score = x\n", "m:1: field 'score' is made by a later stage");
    bad_map("amount =\n", "m:1: expected a column");
    bad_map("amount = x y\n", "m:1: unknown word 'y'; known are:");
    bad_map("amount = x text\n", "m:1: field 'amount' needs a number");
    bad_map("amount = x / 7\n", "m:1: expected a divisor of 10, 100, 1000");
    bad_map("amount = x number money\n", "m:1: two types for field 'amount'");
    bad_map("timestamp = x number\n", "m:1: field 'timestamp' needs a time");
    bad_map("timestamp = x \"%d.%m\"\n", "m:1: time format '%d.%m' lacks the year (%Y)");
    bad_map("timestamp = x \"%Y-%m-%d %I\"\n", "has %I but no %p");
    bad_map("timestamp = x \"%Y-%m-%d\" Mars/Olympus\n", "m:1: unknown time zone 'Mars/Olympus'");
    bad_map("timestamp = x \"%Y-%m-%d\" ../etc/passwd\n", "m:1: '../etc/passwd' is no time zone");
    bad_map("timestamp = x hours before\n", "m:1: expected 'since', found 'before'");
    bad_map("timestamp = x \"%Y\n", "m:1: text without a closing quote");
    bad_map("txn_id = row(5)\n", "m:1: expected ')', found '5'");
    bad_map("txn_id = hash(a b)\n", "m:1: expected ')', found 'b'");
    bad_map("when header is a\n", "m:1: expected 'when header has COLUMN, ...'");
}

static void when(const char *format, const char *text, const char *want)
{
    struct ss_when w = {.is_utc = true};
    char printed[SS_TIME_TEXT] = "no time";
    int64_t time_us;
    size_t n = 7;
    if (ss_when_set_format(&w, ss_str_of(format)) == 0 && ss_when_read(&w, ss_str_of(text), &time_us))
        n = ss_time_print(time_us, printed);
    char what[128];
    snprintf(what, sizeof what, "%s read as %s", text, format);
    is_text(printed, n, want, what);
}

static void formats(void)
{
    when("%Y-%m-%d %H:%M:%S", "2018-04-01 00:00:31", "2018-04-01T00:00:31Z");
    when("%d.%m.%Y %H:%M", " 1.7.2026 9:05 ", "2026-07-01T09:05:00Z");
    when("%m/%d/%y %I:%M:%S.%f %p", "12/31/99 12:00:00.25 AM", "1999-12-31T00:00:00.25Z");
    when("%m/%d/%y %I:%M %p", "01/01/68 12:30 pm", "2068-01-01T12:30:00Z");
    when("%a, %d %b %Y %T %z", "Wed, 11 march 2026 10:00:00 -0330", "2026-03-11T13:30:00Z");
    when("%d%b%Y:%H:%M:%S", "05JAN2026:23:59:60", "2026-01-06T00:00:00Z");
    when("%Y%j", "2024366", "2024-12-31T00:00:00Z");
    when("%s", "-1", "1969-12-31T23:59:59Z");
    when("%FT%TZ", "2024-02-29T12:00:00Z", "2024-02-29T12:00:00Z");
    when("%Y-%m-%d", "2023-02-29", "no time");
    when("%Y-%m-%d", "2023-13-01", "no time");
    when("%Y-%m-%d", "2023-12-01x", "no time");
    when("%Y-%m-%d %H", "2023-12-01 24", "no time");
    when("100%% %Y-%m-%d", "100% 2023-12-01", "2023-12-01T00:00:00Z");
}

static void zone_at(const char *name, const char *local, const char *want, const char *what)
{
    struct ss_arena arena;
    struct ss_zone zone;
    int64_t time_us = 0;
    char printed[SS_TIME_TEXT];
    ss_arena_init(&arena, 0);
    bool good =
        ss_zone_find(&zone, ss_str_of(name), &arena) == 0 && ss_time_parse(local, strlen(local), &time_us);
    size_t n = ss_time_print(ss_zone_to_utc(&zone, time_us / SS_SECOND_US) * SS_SECOND_US, printed);
    if (good)
        is_text(printed, n, want, what);
    else
        ok(false, "%s: %s", what, ss_err_text());
    ss_arena_free(&arena);
}

static void zones(void)
{
    zone_at("Europe/Berlin", "2026-01-15T12:00:00", "2026-01-15T11:00:00Z", "winter");
    zone_at("Europe/Berlin", "2026-07-15T12:00:00", "2026-07-15T10:00:00Z", "summer");
    zone_at("Europe/Berlin", "2026-03-29T02:30:00", "2026-03-29T01:30:00Z", "a time that is skipped");
    zone_at("Europe/Berlin", "2026-10-25T02:30:00", "2026-10-25T00:30:00Z",
            "a time that comes twice is the first");
    zone_at("Europe/Berlin", "2026-10-25T03:00:00", "2026-10-25T02:00:00Z", "the hour behind it");
    zone_at("Europe/Berlin", "2095-07-15T12:00:00", "2095-07-15T10:00:00Z", "summer behind the table's end");
    zone_at("Europe/Berlin", "2095-12-15T12:00:00", "2095-12-15T11:00:00Z", "winter behind the table's end");
    zone_at("Australia/Sydney", "2060-01-15T12:00:00", "2060-01-15T01:00:00Z", "the south's summer, by rule");
    zone_at("Australia/Sydney", "2060-07-15T12:00:00", "2060-07-15T02:00:00Z", "and its winter");
    zone_at("America/New_York", "2026-11-01T01:30:00", "2026-11-01T05:30:00Z", "New York, twice");
    zone_at("Asia/Kolkata", "2026-01-01T00:00:00", "2025-12-31T18:30:00Z", "half hours");
    zone_at("+05:45", "2026-01-01T00:00:00", "2025-12-31T18:15:00Z", "a fixed offset");
    zone_at("-0330", "2026-01-01T00:00:00", "2026-01-01T03:30:00Z", "another");
    zone_at("UTC", "2026-01-01T00:00:00", "2026-01-01T00:00:00Z", "UTC");
}

/* The system's own conversion is the reference: every three hours and seven minutes over 70 years. */
static void against_libc(void)
{
    static const char *const names[] = {"Europe/Berlin", "America/St_Johns", "Australia/Lord_Howe",
                                        "Africa/Casablanca", "Asia/Tehran"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        struct ss_arena arena;
        struct ss_zone zone;
        ss_arena_init(&arena, 0);
        bool same = ss_zone_find(&zone, ss_str_of(names[i]), &arena) == 0;
        int64_t at = 0;
        setenv("TZ", names[i], 1);
        tzset();
        for (; same && at < (int64_t)70 * 365 * 86400; at += 11220) {
            struct tm tm;
            time_t t = (time_t)at;
            localtime_r(&t, &tm);
            same = tm.tm_gmtoff == ss_zone_offset(&zone, at);
        }
        ok(same, "%s has the offsets that the C library gives (%lld)", names[i], (long long)at);
        ss_arena_free(&arena);
    }
}

static void number(const char *text, bool money, char decimal, int shift, const char *want)
{
    char out[SS_NUMERAL_MAX], what[96];
    size_t n = ss_number_rewrite(ss_str_of(text), money, decimal, shift, out);
    snprintf(what, sizeof what, "'%s'%s%s", text, money ? " as money" : "", shift ? " in cents" : "");
    is_text(out, n, want, what);
}

static void kind(const char *text, enum ss_number_kind want)
{
    char padded[400] = {0};
    memcpy(padded, text, strlen(text));
    struct ss_str s = {padded, strlen(text)};
    ok(ss_number_kind(s) == want && (s.n == 0 || ss_number_kind_slow(s) == want), "'%.40s' is %s", text,
       want == SS_NUMBER_NONE      ? "no number"
       : want == SS_NUMBER_INTEGER ? "an integer"
                                   : "a number");
}

static void numbers(void)
{
    static const char *const integers[] = {"0", "7", "-1", "1234567890123456", "12345678901234567890"};
    static const char *const others[] = {"0.5", "1.0", "-0.25", "1e5", "1.5E-7", "123456789012.34567"};
    static const char *const none[] = {"",   "-",    "01", ".5", "5.",  "1e", "1e999", "NaN",  "1.2.3",
                                       "+1", "0x10", "1 ", "-.", "--1", "00", "-01",   "00.5", "1,5"};
    for (size_t i = 0; i < sizeof integers / sizeof *integers; i++)
        kind(integers[i], SS_NUMBER_INTEGER);
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        kind(others[i], SS_NUMBER_OTHER);
    for (size_t i = 0; i < sizeof none / sizeof *none; i++)
        kind(none[i], SS_NUMBER_NONE);
    number(" +007.50 ", false, '.', 0, "7.50");
    number("-.5", false, '.', 0, "-0.5");
    number("1e5", false, '.', 0, "1e5");
    number("12a", false, '.', 0, "");
    number("1,5", false, '.', 0, "");
    number("--5", false, '.', 0, "");
    number("1250", false, '.', 2, "12.5");
    number("5", false, '.', 2, "0.05");
    number("-1200", false, '.', 2, "-12");
    number("0", false, '.', 2, "0");
    number("$1,234,567.80", true, '.', 0, "1234567.80");
    number("EUR 1.234,50", true, ',', 0, "1234.50");
    number("(12.00)", true, '.', 0, "-12.00");
    number("12.00-", true, '.', 0, "-12.00");
    number("EUR", true, '.', 0, "");
    number("-$5", true, '.', 0, "-5");
}

int main(void)
{
    good_map();
    bad_maps();
    formats();
    zones();
    against_libc();
    numbers();
    return done();
}
