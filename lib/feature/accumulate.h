/*
 * Accumulators: what a window knows of the events within it. Adding and removing are each other's reverse
 * (but for the last value, which stays until its age is looked at), so that a window moves by its ends alone.
 */
#ifndef SS_FEATURE_ACCUMULATE_H
#define SS_FEATURE_ACCUMULATE_H

#include "feature/log.h"
#include "feature/state.h"

/* What stands behind the fixed parts of an event, where the group keeps it. */
struct ss_event_meta {
    uint32_t preds;
    int8_t label;
    char pad[3];
};

static inline struct ss_event_meta *ss_event_meta(const struct ss_group *group, char *event)
{
    return (struct ss_event_meta *)(event + group->at_meta);
}

/* Which structure an accumulator keeps beside its state; only for those that have one. */
enum ss_side_kind ss_acc_side(const struct ss_acc *acc);
static inline bool ss_acc_has_side(const struct ss_acc *acc)
{
    return acc->kind == SS_ACC_EXTREME || acc->kind == SS_ACC_DISTINCT || acc->kind == SS_ACC_ORDER ||
           acc->kind == SS_ACC_SEEN;
}

/* Does the event count, by the accumulator's conditions? */
static inline bool ss_acc_fits(const struct ss_group *group, const struct ss_acc *acc, char *event)
{
    if (SS_LIKELY(acc->plain))
        return true;
    const struct ss_event_meta *meta = ss_event_meta(group, event);
    return (meta->preds & acc->must) == acc->must && (acc->labels >> (meta->label + 1) & 1);
}

/* The event's value in the accumulator's column, SS_VALUE_NULL where it has none. */
static inline int64_t ss_acc_column(const struct ss_group *group, const struct ss_acc *acc, char *event)
{
    switch ((enum ss_col)acc->col) {
    case SS_COL_NONE: return 0;
    case SS_COL_LABEL: {
        int8_t label = ss_event_meta(group, event)->label;
        /* An unknown label adds nothing to a sum, and is no last known one. */
        return acc->kind == SS_ACC_LAST && label < 0 ? SS_VALUE_NULL : label == 1;
    }
    case SS_COL_PLACE:
        if (*(const int32_t *)(event + acc->at) == SS_PLACE_NULL)
            return SS_VALUE_NULL;
        break;
    default: break;
    }
    return *(const int64_t *)(event + acc->at);
}

/* Those with conditions, and all kinds; by way of ss_acc_add and ss_acc_remove. */
void ss_acc_add_slow(const struct ss_group *group, const struct ss_acc *acc, char *state,
                     struct ss_memory *memory, char *event, uint32_t seq);
void ss_acc_remove_slow(const struct ss_group *group, const struct ss_acc *acc, char *state, char *event,
                        uint32_t seq);

/* Counts and sums without conditions are most of all accumulators. */
static inline bool ss_acc_is_simple(const struct ss_acc *acc)
{
    return acc->plain &&
           (acc->kind == SS_ACC_COUNT || (acc->kind <= SS_ACC_SQUARES && acc->col == SS_COL_VALUE));
}

static inline void ss_acc_simple(const struct ss_acc *acc, char *state, const char *event, int sign)
{
    struct ss_state_squares *s = (struct ss_state_squares *)(state + acc->off);
    if (acc->kind == SS_ACC_COUNT) {
        ((struct ss_state_count *)s)->n += (uint64_t)(int64_t)sign;
        return;
    }
    int64_t v = *(const int64_t *)(event + acc->at);
    if (v == SS_VALUE_NULL)
        return;
    s->sum += sign * v;
    s->n += (uint64_t)(int64_t)sign;
    if (acc->kind == SS_ACC_SQUARES) {
        unsigned __int128 square = (unsigned __int128)((__int128)v * v);
        s->squares = (__int128)((unsigned __int128)s->squares + (sign > 0 ? square : -square));
    }
}

static inline void ss_acc_add(const struct ss_group *group, const struct ss_acc *acc, char *state,
                              struct ss_memory *memory, char *event, uint32_t seq)
{
    if (SS_LIKELY(ss_acc_is_simple(acc)))
        ss_acc_simple(acc, state, event, 1);
    else
        ss_acc_add_slow(group, acc, state, memory, event, seq);
}

static inline void ss_acc_remove(const struct ss_group *group, const struct ss_acc *acc, char *state,
                                 char *event, uint32_t seq)
{
    if (SS_LIKELY(ss_acc_is_simple(acc)))
        ss_acc_simple(acc, state, event, -1);
    else
        ss_acc_remove_slow(group, acc, state, event, seq);
}

#endif
