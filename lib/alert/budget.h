/* At most so many alerts in any stretch of event time: first come, first served. */
#ifndef SS_ALERT_BUDGET_H
#define SS_ALERT_BUDGET_H

#include "base/attr.h"
#include "base/str.h"
#include <stdint.h>

#define SS_BUDGET_MAX 1000000 /* 8 bytes each */

struct ss_budget {
    uint32_t max; /* 0: no budget */
    int64_t window_us;
    int64_t *taken; /* a ring of the times of the last `max` alerts */
    uint32_t n, next;
};

/* "100/h", "5/10m": a number and a unit or a duration. False when it is none. */
bool ss_budget_parse(struct ss_str text, struct ss_budget *budget) SS_MUST_CHECK;
int ss_budget_open(struct ss_budget *budget) SS_MUST_CHECK;
void ss_budget_free(struct ss_budget *budget);
/* Takes one at `time_us`; false, and nothing taken, when `max` were taken in the window before it. */
bool ss_budget_take(struct ss_budget *budget, int64_t time_us);
/* Counts one that passes above the budget. */
void ss_budget_note(struct ss_budget *budget, int64_t time_us);

#endif
