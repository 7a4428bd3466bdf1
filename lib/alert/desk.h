/*
 * Decides, record by record, what becomes an alert: chooses, leaves out what is snoozed, groups, holds back
 * what comes too often. Event time only, so that a replay gives the same alerts with the same ids.
 */
#ifndef SS_ALERT_DESK_H
#define SS_ALERT_DESK_H

#include "alert/budget.h"
#include "alert/group.h"
#include "alert/message.h"
#include "alert/snooze.h"

#define SS_DEDUPE_FIELDS 4

enum ss_updates { SS_UPDATES_DOUBLING, SS_UPDATES_ALL, SS_UPDATES_NONE };

struct ss_desk_options {
    struct ss_choice choice; /* empty: level HIGH and above, or */
    bool by_expression;      /* whatever the caller wants (ss_desk_judge) */
    struct ss_str field[SS_DEDUPE_FIELDS];
    uint32_t fields; /* 0: each record is an alert of its own */
    int64_t window_us, cooldown_us;
    bool extend;
    struct ss_budget budget; /* max 0: none. Its ring belongs to the desk. */
    enum ss_updates updates;
    /* An alert is over, and has grown since it was last told. */
    int (*ended)(void *arg, const struct ss_group *group);
    void *arg;
};

/* "user_id,10m" or "user_id,merchant_id,1h": fields and a window. SS_EUSAGE. Texts are kept as pointers. */
int ss_desk_dedupe(struct ss_str text, struct ss_desk_options *opt) SS_MUST_CHECK;

struct ss_desk;

int ss_desk_new(const struct ss_desk_options *opt, struct ss_schema *schema,
                struct ss_desk **desk) SS_MUST_CHECK;
void ss_desk_free(struct ss_desk *desk);
/* Replaces the snooze list, which must outlive its use; NULL for none. */
void ss_desk_snooze(struct ss_desk *desk, const struct ss_snooze *snooze);

struct ss_ruling {
    bool alerts;            /* the record is part of the alert *group */
    int event;              /* enum ss_event to be told, or -1 */
    struct ss_group *group; /* good until the next call */
    struct ss_facts facts;
};

/*
 * What becomes of a record. `wanted` is what an expression said about it: false makes it no alert. Labels and
 * control records (ss_desk_is_closing) are not for it.
 */
int ss_desk_judge(struct ss_desk *desk, const struct ss_record *rec, bool wanted, struct ss_arena *arena,
                  struct ss_ruling *ruling) SS_MUST_CHECK;

/*
 * {"type":"alert_closed","id":"..","key":"..","end_suppression":true}: a person has closed the alert. Later
 * payments of its key still go into it and are not told any more, unless its level rises; with
 * end_suppression the next one opens a new alert.
 */
bool ss_desk_is_closing(const struct ss_record *rec);
void ss_desk_close(struct ss_desk *desk, const struct ss_record *rec, struct ss_arena *arena);

/* The end of the stream: all alerts are over. */
int ss_desk_end(struct ss_desk *desk) SS_MUST_CHECK;

struct ss_desk_counts {
    uint64_t alerts, joined, snoozed, cooled, over_budget, above_budget, pushed_out;
};
struct ss_desk_counts ss_desk_counts(const struct ss_desk *desk);

/* The alert member's value. */
void ss_desk_put_member(const struct ss_group *group, struct ss_buf *to);

/* State as bytes. `names` of places are written with it, and on reading mapped to the places that have these
 * names now. SS_EDATA for what is damaged or was made with other options. */
void ss_desk_save(const struct ss_desk *desk, const struct ss_str *names, uint32_t n, struct ss_buf *to);
int ss_desk_load(struct ss_desk *desk, struct ss_str bytes, const struct ss_str *names,
                 uint32_t n) SS_MUST_CHECK;

/* The places have other numbers from now on: as if the desk were saved with the old names and loaded with the
 * new ones. */
void ss_desk_rename(struct ss_desk *desk, const struct ss_str *before, uint32_t n_before,
                    const struct ss_str *now, uint32_t n_now);

#endif
