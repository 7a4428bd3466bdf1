/* The desk from within, for desk.c and what writes and reads its state. */
#ifndef SS_ALERT_DESK_STATE_H
#define SS_ALERT_DESK_STATE_H

#include "alert/desk.h"

struct ss_desk {
    struct ss_desk_options opt;
    int slot[SS_DEDUPE_FIELDS], control[3]; /* id, key, end_suppression */
    const struct ss_snooze *snooze;
    struct ss_groups *groups;
    struct ss_group single; /* an alert that opens no group */
    int64_t now_us;         /* the latest event time; INT64_MIN: none yet */
    struct ss_buf key;
    struct ss_desk_counts counts;
};

#endif
