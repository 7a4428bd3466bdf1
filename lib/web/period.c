#include "web/period.h"
#include "base/time.h"
#include "store/analytics.h"

bool ss_period_read(struct ss_call *call, const char *period, int64_t grain_us, struct ss_period *out,
                    int *err)
{
    static const char *const names[] = {"1h", "24h", "7d", "30d", "90d", "365d", NULL};
    static const int64_t spans[] = {SS_HOUR_US,     24 * SS_HOUR_US, 7 * SS_DAY_US,
                                    30 * SS_DAY_US, 90 * SS_DAY_US,  365 * SS_DAY_US};
    int64_t as_of, since, until;
    int which, absent = 0;
    while (names[absent] && strcmp(names[absent], period) != 0)
        absent++;
    *err = 0;
    ss_query_time(call, "as_of", 0, &as_of);
    ss_query_time(call, "since", 0, &since);
    ss_query_time(call, "until", 0, &until);
    ss_query_word(call, "period", names, absent, &which);
    if (!ss_call_check(call))
        return false;
    if (!as_of) {
        *err = ss_newest_us(call->db, &as_of);
        if (*err)
            return false;
    }
    out->as_of_us = as_of;
    out->until_us = until ? until : ss_floor_div(as_of, grain_us) * grain_us + grain_us;
    out->from_us = since ? since : out->until_us - spans[which];
    out->name = since || until ? "span" : names[which];
    return true;
}
