/* Running state of window sets, as it lies in an entity's block (see plan.h for the words). */
#ifndef SS_FEATURE_STATE_H
#define SS_FEATURE_STATE_H

#include "feature/side.h"

struct ss_state_head {
    int64_t next_us; /* time of the event at pos; INT64_MAX when there is none */
    uint32_t pos;    /* sequence number of the first event that has not entered */
    uint32_t pad;
};

struct ss_state_span {
    int64_t tail_us; /* time of the event at tail; INT64_MAX when the window is empty */
    uint32_t tail;   /* sequence number of its first event */
    uint32_t dirty;  /* extremes or last values must be found anew */
};

struct ss_state_count {
    uint64_t n;
};

struct ss_state_sum {
    __int128 sum;
    uint64_t n, pad;
};

struct ss_state_squares {
    __int128 sum;
    uint64_t n, pad;
    __int128 squares;
};

/* The latest event that fits, and the latest among those that have left the log. INT64_MIN: none. */
struct ss_state_last {
    int64_t time_us, value;
    int64_t base_us, base_value;
};

_Static_assert(sizeof(struct ss_state_head) == 16 && sizeof(struct ss_state_span) == 16, "16 bytes a window");
_Static_assert(sizeof(struct ss_state_sum) == 32 && sizeof(struct ss_state_squares) == 48, "as documented");
_Static_assert(sizeof(struct ss_side) == 24 && sizeof(struct ss_state_last) == 32, "as documented");

#endif
