/*
 * An entity's event log: a ring of fixed-size events in order of (time, arrival), the ground that all windows
 * of the entity stand on. Events are known by a sequence number that stays theirs until a late event is put
 * in before them; no window holds a number behind the place where that happens (see window.h).
 */
#ifndef SS_FEATURE_LOG_H
#define SS_FEATURE_LOG_H

#include "feature/table.h"

static inline char *ss_log_event(const struct ss_entity *ent, uint32_t stride, uint32_t seq)
{
    uint32_t mask = ((uint32_t)1 << ent->cap_log2) - 1;
    return ent->log + (size_t)(seq & mask) * stride;
}

static inline int64_t ss_event_time(const char *event)
{
    return *(const int64_t *)event;
}

static inline uint32_t ss_log_end(const struct ss_entity *ent)
{
    return ent->first + ent->n;
}

/* The first event later than `time_us`. Looks from the end where records come in order, else by halving. */
static inline uint32_t ss_log_after(const struct ss_entity *ent, uint32_t stride, int64_t time_us)
{
    uint32_t low = 0, high = ent->n;
    if (high == 0 || ss_event_time(ss_log_event(ent, stride, ent->first + high - 1)) <= time_us)
        return ent->first + high;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (ss_event_time(ss_log_event(ent, stride, ent->first + middle)) <= time_us)
            low = middle + 1;
        else
            high = middle;
    }
    return ent->first + low;
}

/* Makes the ring hold 2^cap_log2 events; at least n. False when out of memory. */
bool ss_log_resize(struct ss_entity *ent, struct ss_memory *memory, uint32_t stride, unsigned cap_log2);
/* Opens a place at sequence number `seq` (first <= seq <= end); NULL when out of memory. */
char *ss_log_insert(struct ss_entity *ent, struct ss_memory *memory, uint32_t stride, uint32_t seq);
void ss_log_free(struct ss_entity *ent, struct ss_memory *memory, uint32_t stride);

#endif
