/*
 * Deadlines of cases. By its priority a case may take a span of time (settings sla.*_h); it is due that long
 * after it was opened. While it waits for information its time stands still, where setting sla.pause_pending
 * says so: due_us moves by the pause once that is over. What state a case is in follows from its row and the
 * clock alone; ss_sla_sweep writes down, once each, that a case has passed its deadline.
 */
#ifndef SS_STORE_SLA_H
#define SS_STORE_SLA_H

#include "store/cases.h"

struct ss_settings;

struct ss_sla {
    int64_t span_us[4];    /* by enum ss_case_priority */
    int64_t risk_permille; /* at risk when less than this share of the span is left */
    bool pauses;           /* while information is awaited */
};

/* `settings` may be NULL: the defaults. */
void ss_sla_of(const struct ss_settings *settings, struct ss_sla *sla);

enum ss_sla_state {
    SS_SLA_ON_TRACK,
    SS_SLA_AT_RISK,
    SS_SLA_BREACHED, /* not resolved, and its time is over */
    SS_SLA_MET,      /* resolved in time */
    SS_SLA_MISSED    /* resolved too late */
};
extern const char *const ss_sla_states[];

enum ss_sla_state ss_sla_state(const struct ss_sla *sla, const struct ss_case *c, int64_t now_us);
/* Time left; negative when over; what was left when it was resolved or paused. */
int64_t ss_sla_left_us(const struct ss_case *c, int64_t now_us);

/* Starts the clock anew, for a new or a reopened case. */
void ss_sla_start(const struct ss_sla *sla, struct ss_case *c, int64_t now_us);
/* The priority is another one: the same beginning, another span. */
void ss_sla_respan(const struct ss_sla *sla, struct ss_case *c);
/* The status is about to become `to`: pauses and goes on, and says whether a resolved one was late. */
void ss_sla_move(const struct ss_sla *sla, struct ss_case *c, enum ss_case_status to, int64_t now_us);

/*
 * Marks the cases whose deadline has passed: an activity, a notice to who works on it and to all
 * administrators, and `tell` (which may be NULL) with an event for live listeners, to be sent after the
 * commit. Inside the caller's transaction. Returns how many; each case once, whoever calls how often.
 */
int ss_sla_sweep(struct ss_db *db, int64_t now_us,
                 void (*tell)(void *arg, const char *topic, struct ss_str json), void *arg) SS_MUST_CHECK;
/* When the next one is due, 0: none. Quick: an index says it. */
int ss_sla_next(struct ss_db *db, int64_t *due_us) SS_MUST_CHECK;

#endif
