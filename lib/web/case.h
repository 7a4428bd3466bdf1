/*
 * What the endpoints of cases share. Every change of a case runs as a piece of work: it may refuse before it
 * has written anything (a status that does not allow it, nobody of that id), so that in a bulk action the
 * others still go through; otherwise it leaves an activity, a line in the audit log, a new version and an
 * event.
 */
#ifndef SS_WEB_CASE_H
#define SS_WEB_CASE_H

#include "store/case_links.h"
#include "store/sla.h"
#include "web/web.h"

#define SS_WORK_PEOPLE 16

/* A notice that a bulk action owes somebody: one for all its cases. */
struct ss_owed_notice {
    int64_t user_id; /* 0: the administrators */
    const char *kind;
    struct ss_str title, link; /* of the first */
    int n;
};

struct ss_case_work {
    struct ss_call *call;
    struct ss_sla sla;
    bool bulk; /* one event and one notice a person for all */
    struct ss_owed_notice owed[SS_WORK_PEOPLE];
    int owes;
    /* Why it was refused: */
    int status;
    const char *code;
    struct ss_str detail;
};

#define SS_REFUSED 1 /* what a piece of work returns, beside 0 and errors */

void ss_work_init(struct ss_case_work *work, struct ss_call *call);
int ss_work_refuse(struct ss_case_work *work, int status, const char *code, const char *fmt, ...)
    SS_PRINTF(4, 5);
/* "ok", and why not: for answers about many. True when it was done. */
bool ss_work_put_outcome(const struct ss_case_work *work, struct ss_buf *to);
/* Answers a refusal. */
int ss_work_problem(struct ss_case_work *work);

/* The case of the path's {id}. 1: read; 0: there is none, and the call is answered. */
int ss_case_load(struct ss_call *call, struct ss_case *c) SS_MUST_CHECK;
/* As ss_case_load, and If-Match is honoured. */
int ss_case_load_to_change(struct ss_call *call, struct ss_case *c) SS_MUST_CHECK;

struct ss_case_step {
    const char *action; /* of the activity: "assigned" */
    const char *audit;  /* "case.assign" */
    struct ss_str old_value, new_value, detail;
    struct ss_str old_json, new_json; /* for the audit log; p == NULL: {"value":...} of the values */
};

/* Saves the case and leaves the step's traces. Refused with 409 when somebody else was quicker. */
int ss_case_keep(struct ss_case_work *work, struct ss_case *c, const struct ss_case_step *step) SS_MUST_CHECK;
/* An activity and an audit line of a step, without saving. */
int ss_case_trace(struct ss_case_work *work, const struct ss_case *c,
                  const struct ss_case_step *step) SS_MUST_CHECK;

/* For what has its own place in the timeline (comments, evidence): a new version, an audit line, an event. */
int ss_case_touch(struct ss_case_work *work, struct ss_case *c, const char *event, const char *audit,
                  struct ss_str old_json, struct ss_str new_json) SS_MUST_CHECK;

/*
 * A notice to a user, unless they did it themselves; with user_id 0 to all administrators. Listeners are
 * told. In a bulk action it waits for ss_work_settle, and several of one kind become one.
 */
int ss_case_notify(struct ss_case_work *work, const struct ss_case *c, int64_t user_id, const char *kind,
                   const char *fmt, ...) SS_PRINTF(5, 6) SS_MUST_CHECK;
int ss_work_settle(struct ss_case_work *work) SS_MUST_CHECK;

/* The case as JSON: a list's item, or an answer to a change. */
void ss_case_put(struct ss_call *call, const struct ss_sla *sla, const struct ss_case *c, struct ss_buf *to);
/* Answers with it, its new version as the ETag. */
int ss_case_answer(struct ss_case_work *work, const struct ss_case *c);
/* {"id":7,"name":"Ann"} behind a key, or null. */
void ss_put_person_of(struct ss_buf *to, const char *key, int64_t id, struct ss_str name);
void ss_case_payment_put(const struct ss_case_payment *payment, struct ss_buf *to);

/* {"KEY":"TEXT"} or {"KEY":null}, in the call's arena. */
struct ss_str ss_call_pair(struct ss_call *call, const char *key, struct ss_str text);

/* ---- what belongs to it (case_links.c) ---- */

/* An array of ids of the body, or NULL; a fault where it is none, or is required and empty. */
const struct ss_json_value *ss_body_ids(struct ss_call *call, const char *name, bool required);
struct ss_str ss_id_at(const struct ss_json_value *ids, uint32_t i);
/* "a, b, c", cut after some, for a timeline. */
struct ss_str ss_ids_text(struct ss_call *call, const struct ss_json_value *ids);
/* Puts them in, in memory and in the links; the caller keeps the case. `ids` may be NULL. *done grows. */
int ss_case_link_alerts(struct ss_case_work *work, struct ss_case *c, const struct ss_json_value *ids,
                        int64_t *done) SS_MUST_CHECK;
int ss_case_link_payments(struct ss_case_work *work, struct ss_case *c, const struct ss_json_value *ids,
                          int64_t *done) SS_MUST_CHECK;

/* ---- what is done to cases (case_actions.c) ---- */

struct ss_case_params {
    int64_t user_id;
    int status, priority, resolution; /* -1: not given */
    struct ss_str notes, reason;
    int64_t recovered, loss; /* -1: not given */
};

struct ss_case_action {
    const char *name;
    const char *const *members; /* of the body */
    void (*parse)(struct ss_call *call, struct ss_case_params *params);
    int (*run)(struct ss_case_work *work, struct ss_case *c, const struct ss_case_params *params);
};
/* NULL: there is none of that name. */
const struct ss_case_action *ss_case_action(struct ss_str name);
extern const char *const ss_case_action_names[];

/* Tells listeners of a case that the payment path opened or joined. */
int ss_case_tell(struct ss_call *call, int64_t case_id, const char *what) SS_MUST_CHECK;

#endif
