/*
 * Moving windows over an entity's log. A window set stands at one event time: every head and tail is where
 * that time puts it, every accumulator equals a sum over [tail, head). Moving to another time, later or
 * earlier, passes each event between once; so records in order cost O(1) amortised a window, and a late
 * record costs the events that it is late by (extremes are then found anew).
 *
 * After a set stands at time t, an event of time t goes in behind all events up to t: no head or tail lies
 * behind that place, so that later events may shift without anybody noticing.
 */
#ifndef SS_FEATURE_WINDOW_H
#define SS_FEATURE_WINDOW_H

#include "feature/accumulate.h"
#include "feature/log.h"
#include "feature/state.h"

/* An entity at work. */
struct ss_scope {
    const struct ss_group *group;
    struct ss_entity *ent;
    struct ss_memory *memory;
    char *life; /* state of group->life, or NULL when it has none */
    char *win;  /* state of group->win: the entity's own, or scratch; NULL while there is none */
    struct ss_memory *win_memory;
};

/* State for an entity without events: everything stands at its log's end. */
void ss_window_init(const struct ss_scope *sc, const struct ss_wset *set, char *state);
/* Makes a win set from the log, standing at `time_us`. `state` is scratch of an earlier use or zeroed. */
void ss_window_fill(const struct ss_scope *sc, const struct ss_wset *set, char *state,
                    struct ss_memory *memory, int64_t time_us);
/* Moves a set from ent->at_us to `time_us`. */
void ss_window_seek(const struct ss_scope *sc, const struct ss_wset *set, char *state,
                    struct ss_memory *memory, int64_t time_us);
/* The event at `seq` (of the time that the set stands at) has just been put into the log. */
void ss_window_enter(const struct ss_scope *sc, const struct ss_wset *set, char *state,
                     struct ss_memory *memory, uint32_t seq);
/* The first event is about to leave the log, behind all windows: what lasts keeps what it needs of it. */
void ss_window_leave(const struct ss_scope *sc, const struct ss_wset *set, char *state);
/* As ss_window_leave, of an event that windows may still hold: they let it go. */
void ss_window_expel(const struct ss_scope *sc, const struct ss_wset *set, char *state);
/* Changes an event's label, in the log and wherever it is counted. */
void ss_window_relabel(const struct ss_scope *sc, uint32_t seq, int8_t label);
/* An accumulator with an event more, for as long as it takes to read it. */
struct ss_window_loan {
    char state[48];   /* as it was before */
    int64_t place[2]; /* for ss_extreme_stand_in */
};
/* The event (of the time that the set stands at) counts in `acc` of the set at `state` until it is taken
 * back; loans end in any order. Then the aggregate is what it was, though side memory may have grown.
 */
void ss_window_lend(const struct ss_group *group, const struct ss_acc *acc, char *state,
                    struct ss_memory *memory, char *event, struct ss_window_loan *loan);
void ss_window_take_back(const struct ss_group *group, const struct ss_acc *acc, char *state, char *event,
                         const struct ss_window_loan *loan);
/* The side memory of a set goes back to the pool. */
void ss_window_free(const struct ss_wset *set, char *state, struct ss_memory *memory);

/* Asks for the events that will leave and enter on the way to `time_us`. Changes nothing. */
void ss_window_prefetch(const struct ss_group *group, const struct ss_wset *set, const struct ss_entity *ent,
                        const char *state, int64_t time_us);
void ss_window_prefetch_sides(const struct ss_wset *set, const char *state);

/* The exclusive lower bound of a window at a time. */
int64_t ss_window_low(uint8_t over, int64_t window_us, int64_t delay_us, int64_t time_us);

#endif
