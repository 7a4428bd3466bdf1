/*
 * Time zones: fixed offsets and the names of the system's time zone database (TZif files, RFC 8536, under
 * $TZDIR or /usr/share/zoneinfo), read once and used without any global state.
 */
#ifndef SS_INGEST_ZONE_H
#define SS_INGEST_ZONE_H

#include "base/arena.h"
#include "base/attr.h"
#include "base/str.h"
#include <stdint.h>

/* One of the two yearly changes of a zone's rule for the time behind its table. */
struct ss_zone_change {
    char kind; /* 'M': month, week, day; 'J': day 1..365 without 29 February; 'N': day 0..365 */
    int month, week, day;
    int32_t second; /* of the local day, may be negative or beyond it */
};

struct ss_zone {
    uint32_t n;              /* changes in the table; from at[i] on offset[i] holds, before at[0] `first` */
    const int64_t *at;       /* seconds since 1970, UTC */
    const int32_t *offset_s; /* seconds east of UTC */
    int32_t first_s;
    bool has_rule, has_summer; /* the rule behind the table, if there is one */
    int32_t standard_s, summer_s;
    struct ss_zone_change to_summer, to_standard;
};

/* "UTC", "Z", "+02:00", "-0530", or a name such as "Europe/Berlin". SS_ECONFIG when there is no such zone. */
int ss_zone_find(struct ss_zone *zone, struct ss_str name, struct ss_arena *arena) SS_MUST_CHECK;

/* Seconds east of UTC at a moment. */
int32_t ss_zone_offset(const struct ss_zone *zone, int64_t utc_s);

/*
 * The moment at which a zone's clocks show `local_s` (seconds since 1970 as if they were UTC). As RFC 5545,
 * 3.3.5: a time that comes twice is the first of the two; one that is skipped is read with the offset that
 * held before the gap.
 */
int64_t ss_zone_to_utc(const struct ss_zone *zone, int64_t local_s);

#endif
