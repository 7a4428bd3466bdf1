/* The span of event time that an analysis is about: ?since and ?until, or ?period back from ?as_of. */
#ifndef SS_WEB_PERIOD_H
#define SS_WEB_PERIOD_H

#include "web/web.h"

struct ss_period {
    int64_t from_us, until_us;
    int64_t as_of_us; /* 0: there are no payments */
    const char *name; /* "24h", or "span" for ?since */
};

/*
 * `period` is how long when the query does not say. The end is rounded up to the next `grain_us`, so that the
 * last, unfinished step is in it. False when the call is answered; *err is a failure of the database.
 */
bool ss_period_read(struct ss_call *call, const char *period, int64_t grain_us, struct ss_period *out,
                    int *err);

#endif
