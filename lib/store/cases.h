/*
 * Cases: what people work on. A case gathers alerts and payments, has a status, a priority with a deadline
 * (sla.h), perhaps somebody who works on it, and ends with a resolution. All functions run inside the
 * caller's transaction; texts of a case live in the arena that it was read with.
 *
 * The moves that a status allows:
 *
 *   open           investigating pending_info escalated resolved
 *   investigating  open pending_info escalated resolved
 *   pending_info   open investigating escalated resolved
 *   escalated      open investigating pending_info resolved
 *   resolved       closed open (reopened)
 *   closed         open (reopened)
 */
#ifndef SS_STORE_CASES_H
#define SS_STORE_CASES_H

#include "base/arena.h"
#include "base/buf.h"
#include "store/db.h"

enum ss_case_status {
    SS_CASE_OPEN,
    SS_CASE_INVESTIGATING,
    SS_CASE_PENDING,
    SS_CASE_ESCALATED,
    SS_CASE_RESOLVED,
    SS_CASE_CLOSED,
    SS_CASE_STATUSES
};
enum ss_case_priority { SS_PRIORITY_LOW, SS_PRIORITY_MEDIUM, SS_PRIORITY_HIGH, SS_PRIORITY_CRITICAL };
enum ss_case_category {
    SS_CATEGORY_VELOCITY,
    SS_CATEGORY_IDENTITY,
    SS_CATEGORY_TESTING,
    SS_CATEGORY_FRIENDLY,
    SS_CATEGORY_TAKEOVER,
    SS_CATEGORY_SUSPICIOUS,
    SS_CATEGORY_OTHER
};
enum ss_resolution { SS_CONFIRMED_FRAUD, SS_FALSE_POSITIVE, SS_INCONCLUSIVE, SS_CUSTOMER_ERROR };

/* The words of each, as the database and the API have them; NULL-terminated. */
extern const char *const ss_case_statuses[], *const ss_case_priorities[], *const ss_case_categories[],
                                                                              *const ss_resolutions[];

#define SS_CASES_ACTIVE ((1u << SS_CASE_RESOLVED) - 1) /* the set of statuses that are not over */

/* The set of statuses that `status` may become. */
unsigned ss_case_moves(enum ss_case_status status);

struct ss_case {
    int64_t id; /* 0: new */
    struct ss_str number, title, description;
    struct ss_str entity, user_id, card_id; /* entity: "user_id:42", what later alerts are grouped by */
    enum ss_case_status status;
    enum ss_case_priority priority;
    enum ss_case_category category;
    int64_t assigned_to, assigned_us, escalated_to, escalated_us; /* users; 0: nobody, never */
    int resolution;                                               /* enum ss_resolution, or -1 */
    struct ss_str resolution_notes;
    int64_t resolved_by, resolved_us;
    int64_t amount, loss, recovered; /* of all payments; of what may be lost; of what came back */
    struct ss_str currency;
    struct ss_str created_by;
    int64_t created_us, updated_us;
    int64_t span_us, due_us, paused_us; /* sla.h */
    bool breached;
    int64_t alerts, last_alert_us; /* how many; event time of the newest */
    int64_t version;
    struct ss_str assigned_name, escalated_name, resolved_name; /* only read */
};

/* 1: found, 0: there is none. */
int ss_case_find(struct ss_db *db, int64_t id, struct ss_arena *arena, struct ss_case *c) SS_MUST_CHECK;
/* Gives it a number of the day of created_us, CASE-YYYYMMDD-NNNNN, an id, and version 1. */
int ss_case_insert(struct ss_db *db, struct ss_arena *arena, struct ss_case *c) SS_MUST_CHECK;
/* Writes all that may change, if the row still has this version: 1, and the version is one more; else 0. */
int ss_case_save(struct ss_db *db, struct ss_case *c, int64_t now_us) SS_MUST_CHECK;

/* ---- what happened (timeline) ---- */

struct ss_activity {
    int64_t case_id, time_us;
    const char *actor, *action; /* "created", "assigned", "status_changed", ... */
    struct ss_str old_value, new_value, detail;
};

int ss_activity_add(struct ss_db *db, const struct ss_activity *activity) SS_MUST_CHECK;

/* ---- lists ---- */

enum ss_case_tab {
    SS_TAB_OPEN,
    SS_TAB_MINE,
    SS_TAB_UNASSIGNED,
    SS_TAB_AT_RISK,
    SS_TAB_BREACHED,
    SS_TAB_RESOLVED,
    SS_TAB_CLOSED,
    SS_TAB_ALL,
    SS_TABS
};
extern const char *const ss_case_tabs[];

enum ss_case_sort { SS_BY_DUE, SS_BY_CREATED, SS_BY_UPDATED, SS_BY_AMOUNT, SS_BY_PRIORITY };

struct ss_case_filter {
    enum ss_case_tab tab;
    int64_t me;                                           /* for SS_TAB_MINE */
    int64_t now_us, risk_permille;                        /* for SS_TAB_AT_RISK, SS_TAB_BREACHED */
    unsigned status, priority, category, resolution, sla; /* sets; 0: any */
    int64_t assigned_to;                                  /* 0: anybody, -1: nobody */
    struct ss_str user_id, card_id, entity, text;         /* p == NULL: any */
    int64_t since_us, until_us;                           /* of its creation; 0: any */
    enum ss_case_sort sort;
    bool down;
    bool has_key; /* behind this one: */
    int64_t key, id;
    int64_t limit;
};

/* Calls `each` for up to `limit` cases, then sets *more. A result of `each` other than 0 ends the call. */
int ss_cases_list(struct ss_db *db, const struct ss_case_filter *filter, struct ss_arena *arena,
                  int (*each)(void *arg, const struct ss_case *c), void *arg, bool *more) SS_MUST_CHECK;
/* What the filter's order sorts by. */
int64_t ss_case_key(const struct ss_case *c, enum ss_case_sort sort);

/* Of each tab, for the user `me`. */
int ss_cases_count(struct ss_db *db, int64_t me, int64_t now_us, int64_t risk_permille,
                   int64_t count[SS_TABS]) SS_MUST_CHECK;

/*
 * Gives the open case that is due first to a user and starts its investigation, in one statement, so that
 * two who ask at once get different ones. *id is 0 when there is none. The case's version goes up.
 */
int ss_case_take(struct ss_db *db, int64_t user_id, int64_t now_us, int64_t *id) SS_MUST_CHECK;

/* {"event":WHAT,"id":17,"number":..,"status":..,...}: what live listeners are told of a case. */
void ss_case_event_put(struct ss_buf *to, const char *what, const struct ss_case *c, const char *actor);

#endif
