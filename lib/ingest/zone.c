#include "ingest/zone.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/file.h"
#include "base/time.h"
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>

#define DAY_S  86400
#define HEADER 44 /* bytes of a TZif header */

static uint64_t big_endian(const char *p, int bytes)
{
    uint64_t v = 0;
    for (int i = 0; i < bytes; i++)
        v = v << 8 | (unsigned char)p[i];
    return v;
}

/* The six counts of a TZif header. */
struct counts {
    uint64_t isut, isstd, leap, time, type, abbrev;
};

static bool read_header(struct ss_str file, size_t at, struct counts *c)
{
    if (file.n < at + HEADER || memcmp(file.p + at, "TZif", 4) != 0)
        return false;
    const char *p = file.p + at + 20;
    *c = (struct counts){big_endian(p, 4),      big_endian(p + 4, 4),  big_endian(p + 8, 4),
                         big_endian(p + 12, 4), big_endian(p + 16, 4), big_endian(p + 20, 4)};
    return true;
}

static uint64_t block_bytes(const struct counts *c, int time_bytes)
{
    return c->time * (uint64_t)time_bytes + c->time + c->type * 6 + c->abbrev +
           c->leap * (uint64_t)(time_bytes + 4) + c->isstd + c->isut;
}

/* ---- the rule behind the table: POSIX TZ, "CET-1CEST,M3.5.0,M10.5.0/3" ---- */

static bool skip_name(const char **p)
{
    const char *s = *p;
    if (*s == '<') {
        while (*s && *s != '>')
            s++;
        s += *s == '>';
    } else {
        while ((*s >= 'A' && *s <= 'Z') || (*s >= 'a' && *s <= 'z'))
            s++;
    }
    bool some = s > *p;
    *p = s;
    return some;
}

static bool read_int(const char **p, int *v)
{
    const char *s = *p;
    for (*v = 0; *s >= '0' && *s <= '9' && *v < 100000; s++)
        *v = *v * 10 + (*s - '0');
    bool some = s > *p;
    *p = s;
    return some;
}

static bool read_clock(const char **p, int32_t *seconds)
{
    int sign = **p == '-' ? -1 : 1, part[3] = {0};
    *p += **p == '-' || **p == '+';
    if (!read_int(p, &part[0]))
        return false;
    for (int i = 1; i < 3 && **p == ':'; i++) {
        ++*p;
        if (!read_int(p, &part[i]))
            return false;
    }
    if (part[0] > 167 || part[1] > 59 || part[2] > 59)
        return false;
    *seconds = sign * (part[0] * 3600 + part[1] * 60 + part[2]);
    return true;
}

static bool read_change(const char **p, struct ss_zone_change *c)
{
    if (*(*p)++ != ',')
        return false;
    *c = (struct ss_zone_change){.kind = 'N', .second = 2 * 3600};
    if (**p == 'M') {
        c->kind = 'M';
        ++*p;
        if (!read_int(p, &c->month) || *(*p)++ != '.' || !read_int(p, &c->week) || *(*p)++ != '.' ||
            !read_int(p, &c->day) || c->month < 1 || c->month > 12 || c->week < 1 || c->week > 5 ||
            c->day > 6)
            return false;
    } else {
        if (**p == 'J') {
            c->kind = 'J';
            ++*p;
        }
        if (!read_int(p, &c->day) || c->day > 365)
            return false;
    }
    if (**p != '/')
        return true;
    ++*p;
    return read_clock(p, &c->second);
}

static bool read_rule(struct ss_zone *zone, const char *p)
{
    int32_t west;
    if (!skip_name(&p) || !read_clock(&p, &west))
        return false;
    zone->standard_s = -west;
    zone->has_rule = true;
    if (*p == '\0')
        return true;
    if (!skip_name(&p))
        return false;
    zone->summer_s = zone->standard_s + 3600;
    if (*p != ',' && *p) {
        if (!read_clock(&p, &west))
            return false;
        zone->summer_s = -west;
    }
    zone->has_summer = true;
    return read_change(&p, &zone->to_summer) && read_change(&p, &zone->to_standard) && *p == '\0';
}

/* The local second, since 1970, at which a change happens in a year. */
static int64_t change_in(const struct ss_zone_change *c, int year)
{
    int64_t day = ss_days_from_civil(year, 1, 1);
    if (c->kind == 'M') {
        day = ss_days_from_civil(year, c->month, 1);
        int64_t next =
            c->month == 12 ? ss_days_from_civil(year + 1, 1, 1) : ss_days_from_civil(year, c->month + 1, 1);
        int64_t first = ((day + 4) % 7 + 7) % 7; /* weekday of the 1st, Sunday = 0 */
        day += (c->day - first + 7) % 7 + (c->week - 1) * 7;
        if (day >= next)
            day -= 7;
    } else if (c->kind == 'J') {
        int64_t march = ss_days_from_civil(year, 3, 1);
        bool leap = march - day == 60;
        day += c->day - 1 + (leap && c->day >= 60);
    } else {
        day += c->day;
    }
    return day * DAY_S + c->second;
}

static int32_t rule_offset(const struct ss_zone *zone, int64_t utc_s)
{
    if (!zone->has_summer)
        return zone->standard_s;
    struct ss_civil c;
    ss_time_to_civil((utc_s + zone->standard_s) * SS_SECOND_US, &c);
    int64_t summer = change_in(&zone->to_summer, c.year) - zone->standard_s;
    int64_t standard = change_in(&zone->to_standard, c.year) - zone->summer_s;
    bool in_summer =
        summer < standard ? utc_s >= summer && utc_s < standard : utc_s >= summer || utc_s < standard;
    return in_summer ? zone->summer_s : zone->standard_s;
}

/* ---- the file ---- */

static int read_table(struct ss_zone *zone, struct ss_str file, size_t at, int time_bytes,
                      const struct counts *c, struct ss_arena *arena)
{
    const char *times = file.p + at, *types = times + c->time * (uint64_t)time_bytes;
    const char *info = types + c->time;
    int64_t *when = ss_arena_alloc(arena, (c->time + 1) * sizeof *when);
    int32_t *offset = ss_arena_alloc(arena, (c->time + 1) * sizeof *offset);
    if (!when || !offset)
        return SS_ENOMEM;
    for (uint64_t i = 0; i < c->time; i++) {
        unsigned type = (unsigned char)types[i];
        if (type >= c->type)
            return SS_EDATA;
        uint64_t t = big_endian(times + i * (uint64_t)time_bytes, time_bytes);
        when[i] = time_bytes == 8 ? (int64_t)t : (int32_t)t;
        offset[i] = (int32_t)big_endian(info + (uint64_t)type * 6, 4);
        if ((i && when[i] <= when[i - 1]) || offset[i] < -2 * DAY_S || offset[i] > 2 * DAY_S)
            return SS_EDATA;
    }
    zone->n = (uint32_t)c->time;
    zone->at = when;
    zone->offset_s = offset;
    zone->first_s = (int32_t)big_endian(info, 4);
    return 0;
}

static int read_tzif(struct ss_zone *zone, struct ss_str file, struct ss_arena *arena)
{
    struct counts c;
    size_t at = 0;
    int time_bytes = 4;
    if (!read_header(file, 0, &c))
        return SS_EDATA;
    if (file.p[4] >= '2') { /* the second block has 64-bit times */
        at = HEADER + block_bytes(&c, 4);
        time_bytes = 8;
        if (at > file.n || !read_header(file, at, &c))
            return SS_EDATA;
    }
    at += HEADER;
    uint64_t bytes = block_bytes(&c, time_bytes);
    if (c.type == 0 || bytes > file.n - at)
        return SS_EDATA;
    int err = read_table(zone, file, at, time_bytes, &c, arena);
    if (err < 0)
        return err;
    at += bytes;
    if (time_bytes == 8 && at < file.n && file.p[at] == '\n') {
        const char *end = memchr(file.p + at + 1, '\n', file.n - at - 1);
        char *rule = end ? ss_arena_copy(arena, file.p + at + 1, (size_t)(end - file.p) - at - 1) : NULL;
        if (!rule || (*rule && !read_rule(zone, rule)))
            return SS_EDATA;
    }
    return 0;
}

static bool fixed_offset(struct ss_str name, int32_t *seconds)
{
    if (ss_str_is(name, "UTC") || ss_str_is(name, "Z") || ss_str_is(name, "GMT")) {
        *seconds = 0;
        return true;
    }
    bool colon = name.n == 6;
    if ((name.n != 5 && name.n != 6) || (name.p[0] != '+' && name.p[0] != '-') || (colon && name.p[3] != ':'))
        return false;
    int v[4];
    for (int i = 0, k = 1; i < 4; i++, k++) {
        k += colon && i == 2;
        v[i] = name.p[k] - '0';
        if (v[i] < 0 || v[i] > 9)
            return false;
    }
    int hours = v[0] * 10 + v[1], minutes = v[2] * 10 + v[3];
    *seconds = (hours * 60 + minutes) * 60 * (name.p[0] == '-' ? -1 : 1);
    return hours < 24 && minutes < 60;
}

/* A name is joined to a folder: it may not lead out of it. */
static bool sane_name(struct ss_str name)
{
    bool sane = name.n && name.n < 64 && name.p[0] != '/';
    for (size_t i = 0; i < name.n; i++) {
        char c = name.p[i];
        sane &= (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
                c == '-' || c == '+' || c == '/';
    }
    return sane;
}

int ss_zone_find(struct ss_zone *zone, struct ss_str name, struct ss_arena *arena)
{
    *zone = (struct ss_zone){0};
    if (fixed_offset(name, &zone->first_s))
        return 0;
    if (!sane_name(name))
        return ss_fail(SS_ECONFIG, "'%.*s' is no time zone", (int)name.n, name.p);
    const char *folder = getenv("TZDIR");
    char path[PATH_MAX];
    snprintf(path, sizeof path, "%s/%.*s", folder && *folder ? folder : "/usr/share/zoneinfo", (int)name.n,
             name.p);
    struct ss_buf buf;
    ss_buf_init(&buf, 1 << 20);
    int err = ss_file_read(path, &buf);
    if (err == SS_ENOINPUT || err == SS_EIO)
        err = ss_fail(SS_ECONFIG, "unknown time zone '%.*s' (no '%s'; is the tzdata package installed?)",
                      (int)name.n, name.p, path);
    if (!err && (err = read_tzif(zone, (struct ss_str){buf.p, buf.n}, arena)) == SS_EDATA)
        err = ss_fail(SS_ECONFIG, "'%s' is no time zone file", path);
    ss_buf_free(&buf);
    return err;
}

int32_t ss_zone_offset(const struct ss_zone *zone, int64_t utc_s)
{
    if (zone->n == 0)
        return zone->has_rule ? rule_offset(zone, utc_s) : zone->first_s;
    if (utc_s < zone->at[0])
        return zone->first_s;
    if (utc_s >= zone->at[zone->n - 1])
        return zone->has_rule ? rule_offset(zone, utc_s) : zone->offset_s[zone->n - 1];
    uint32_t from = 0, to = zone->n; /* at[from] <= utc_s < at[to] */
    while (to - from > 1) {
        uint32_t mid = from + (to - from) / 2;
        if (zone->at[mid] <= utc_s)
            from = mid;
        else
            to = mid;
    }
    return zone->offset_s[from];
}

int64_t ss_zone_to_utc(const struct ss_zone *zone, int64_t local_s)
{
    /* No place is a day from UTC, and no zone changes twice in two days: these are the offsets around. */
    int32_t before = ss_zone_offset(zone, local_s - DAY_S), after = ss_zone_offset(zone, local_s + DAY_S);
    int64_t utc_s = local_s - before;
    if (before == after || ss_zone_offset(zone, utc_s) == before)
        return utc_s;
    int64_t later = local_s - after;
    return ss_zone_offset(zone, later) == after ? later : utc_s;
}
