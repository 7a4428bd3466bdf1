/* How a column writes times: RFC 3339, epoch numbers, counts from a start, or a strptime(3)-like format. */
#ifndef SS_INGEST_WHEN_H
#define SS_INGEST_WHEN_H

#include "ingest/zone.h"

enum ss_when_kind {
    SS_WHEN_AUTO, /* RFC 3339 or the same with a blank and no offset (then in `zone`), or an epoch by its size
                   */
    SS_WHEN_COUNT,  /* a number of `unit_us` since `base_us`: epoch_s, hours since 2016-01-01 */
    SS_WHEN_FORMAT, /* `format` */
};

struct ss_when {
    enum ss_when_kind kind;
    struct ss_str format;
    bool plain; /* the format is "%Y-%m-%d %H:%M:%S" or the same with T, and the zone is UTC */
    bool is_utc;
    struct ss_zone zone;
    int64_t unit_us, base_us;
};

/* Checks a format: %Y %y %m %d %e %b %B %H %I %M %S %f %p %j %z %s %a %A %T %F %D %R %n %t %%, and
 * that it says which day it is. SS_ECONFIG with the reason. */
int ss_when_set_format(struct ss_when *when, struct ss_str format) SS_MUST_CHECK;

/* Reads the whole of a text; surrounding blanks are allowed. False when it is no such time. */
bool ss_when_read(const struct ss_when *when, struct ss_str text, int64_t *time_us) SS_MUST_CHECK;

#endif
