/*
 * Alerts as people see them: looked for, acknowledged, put off, closed. How they come into the store is the
 * ledger's part (ledger.h). The moves that a status allows:
 *
 *   new             reviewing escalated resolved false_positive
 *   reviewing       new escalated resolved false_positive
 *   escalated       reviewing resolved false_positive
 *   resolved        reviewing
 *   false_positive  reviewing
 */
#ifndef SS_STORE_ALERTS_H
#define SS_STORE_ALERTS_H

#include "base/arena.h"
#include "record/record.h"
#include "store/db.h"

enum ss_alert_status {
    SS_ALERT_NEW,
    SS_ALERT_REVIEWING,
    SS_ALERT_ESCALATED,
    SS_ALERT_RESOLVED,
    SS_ALERT_FALSE_POSITIVE,
    SS_ALERT_STATUSES
};
extern const char *const ss_alert_statuses[]; /* NULL-terminated */
unsigned ss_alert_moves(enum ss_alert_status status);

/* Texts live in the arena that it was read with. */
struct ss_alert_row {
    struct ss_str id, txn_id, group_key, user_id, card_id, merchant_id, category, currency, reason;
    struct ss_str rules; /* a JSON array of ids */
    int64_t seq, time_us, last_us, created_us, amount, count;
    double score; /* NaN: none */
    int level, action;
    enum ss_alert_status status;
    int64_t case_id, assigned_to, reviewed_by, reviewed_us, snoozed_us; /* 0: none */
    struct ss_str note, case_number, assigned_name, reviewed_name;
    int64_t version;
};

int ss_alert_find(struct ss_db *db, struct ss_str id, struct ss_arena *arena,
                  struct ss_alert_row *alert) SS_MUST_CHECK;
/* Writes status, who, note and until when it is put off, if the row still has this version: 1; else 0. */
int ss_alert_save(struct ss_db *db, struct ss_alert_row *alert) SS_MUST_CHECK;
/* All of a case's that are not over get this status; returns how many. */
int64_t ss_alerts_settle(struct ss_db *db, int64_t case_id, enum ss_alert_status status, int64_t user_id,
                         int64_t now_us) SS_MUST_CHECK;

/* And those that were over go back to being reviewed. */
int64_t ss_alerts_reopen(struct ss_db *db, int64_t case_id) SS_MUST_CHECK;

/* The line of the payment that opened it, in the arena; p == NULL: it is not here. */
int ss_alert_record(struct ss_db *db, struct ss_str txn_id, struct ss_arena *arena,
                    struct ss_str *record) SS_MUST_CHECK;

enum ss_alert_sort { SS_ALERTS_BY_TIME, SS_ALERTS_BY_SCORE, SS_ALERTS_BY_AMOUNT, SS_ALERTS_BY_ARRIVAL };
enum ss_snoozed { SS_SNOOZED_HIDE, SS_SNOOZED_ONLY, SS_SNOOZED_ANY };

struct ss_alert_filter {
    unsigned status, level;     /* sets; 0: any. level: bits of enum ss_level */
    int64_t since_us, until_us; /* of event time; 0: any */
    struct ss_str user_id, card_id, merchant_id, category, group_key, txn_id, text; /* p == NULL: any */
    int64_t min_amount;                                                             /* 0: any */
    int64_t assigned_to, case_id;                                                   /* 0: any, -1: none */
    enum ss_snoozed snoozed;
    int64_t now_us;
    enum ss_alert_sort sort;
    bool down, has_key;
    int64_t key;  /* behind this one: time or amount, */
    double score; /* or score, */
    int64_t seq;
    int64_t limit;
};

int ss_alerts_list(struct ss_db *db, const struct ss_alert_filter *filter, struct ss_arena *arena,
                   int (*each)(void *arg, const struct ss_alert_row *alert), void *arg,
                   bool *more) SS_MUST_CHECK;
/* How many of each status and level; snoozed ones (not over) are in `snoozed` only. */
int ss_alerts_count(struct ss_db *db, int64_t now_us, int64_t count[SS_ALERT_STATUSES][SS_LEVELS],
                    int64_t *snoozed) SS_MUST_CHECK;

#endif
