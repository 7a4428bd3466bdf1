/*
 * Stored payments, as they are asked for: one, lists, a customer's history, and all again in order of
 * arrival.
 *
 * Lists are paged by key, not by offset: a page begins behind the last row of the one before, whatever came
 * in meanwhile. Payments of one time (amount, score) are in the order of arrival.
 */
#ifndef SS_STORE_PAYMENTS_H
#define SS_STORE_PAYMENTS_H

#include "base/arena.h"
#include "record/decision.h"
#include "store/db.h"

/* Texts: p == NULL is null. */
struct ss_payment {
    int64_t seq; /* order of arrival */
    struct ss_str txn_id;
    int64_t time_us;
    struct ss_str user_id; /* the customer: user_id, or else account_id, or else card_id of the record */
    struct ss_str card_id, merchant_id, device_id, ip, country, location, category, channel, currency;
    int64_t amount; /* 1/10000 units */
    double score;   /* the decision's, or else the model's; NaN: none */
    enum ss_level level;
    enum ss_action action;
    int label;              /* 1 fraud, 0 genuine, -1 not known */
    int64_t latency_us;     /* -1: not known */
    struct ss_str alert_id; /* of the alert that it opened or joined */
    struct ss_str rules;    /* ["burst"]: those that fired, as JSON; p == NULL: none */
    struct ss_str record;   /* its line */
};

/* One by its txn_id: 1, or 0 when it is not here. Texts lie in the arena. */
int ss_payment_find(struct ss_db *db, struct ss_str txn_id, struct ss_arena *arena,
                    struct ss_payment *payment) SS_MUST_CHECK;

enum ss_payment_sort {
    SS_PAYMENTS_BY_TIME,
    SS_PAYMENTS_BY_ARRIVAL,
    SS_PAYMENTS_BY_AMOUNT,
    SS_PAYMENTS_BY_SCORE
};
enum ss_labelled { SS_LABELLED_ANY, SS_LABELLED_FRAUD, SS_LABELLED_GENUINE, SS_LABELLED_NOT };

/* Zeroed, it is all payments by time upwards; `limit` must be said. */
struct ss_payment_filter {
    int64_t since_us, until_us; /* of event time, [since, until); 0: any */
    struct ss_str user_id, card_id, merchant_id, device_id, ip, country, category, channel, currency;
    struct ss_str alert_id, rule; /* rule: one that fired. p == NULL: any */
    unsigned level, action;       /* sets: a bit for each enum ss_level and ss_action; 0: any */
    enum ss_labelled label;
    bool has_min_amount, has_max_amount, has_min_score, has_max_score;
    int64_t min_amount, max_amount; /* and up to and including */
    double min_score, max_score;
    /* Its txn_id, user_id, card_id, device_id or ip begins with this (of each kind the first 2,000). */
    struct ss_str begins;
    bool no_addresses; /* `begins` leaves out ip: for who may not see them */

    enum ss_payment_sort sort;
    bool down; /* greatest first */
    /* Behind the row with this key (time, amount or score; nothing for SS_PAYMENTS_BY_ARRIVAL) and seq; with
     * `back` the rows before it, in the same order. */
    bool has_key, back;
    int64_t key;
    double score; /* the key by score; NaN is below all */
    int64_t seq;
    int64_t limit;
    bool brief; /* leaves out `record` */
};

/*
 * Calls `each` for up to `limit` rows; what it returns other than 0 ends the list and is handed on. Texts
 * live until it returns. *more: there are further rows in that direction.
 */
int ss_payments_list(struct ss_db *db, const struct ss_payment_filter *filter, struct ss_arena *arena,
                     int (*each)(void *arg, const struct ss_payment *payment), void *arg,
                     bool *more) SS_MUST_CHECK;

/* What its customer paid before it, the newest first, at most `most` amounts. Returns how many. */
int64_t ss_payments_amounts(struct ss_db *db, const struct ss_payment *payment, int64_t *amount,
                            int64_t most) SS_MUST_CHECK;

/*
 * All payments behind `after` (0: from the first) in order of arrival, in bounded memory and without holding
 * up writers however long it takes: to rebuild state, and for backtests. Ends early with what `each` returns.
 */
int ss_payments_replay(struct ss_db *db, int64_t after,
                       int (*each)(void *arg, const struct ss_payment *payment), void *arg) SS_MUST_CHECK;

struct ss_payment_totals {
    int64_t payments, newest_seq, first_us, newest_us;
};
/* Of all that are stored now; all 0 without any. `payments` reads an index from end to end. */
int ss_payments_totals(struct ss_db *db, struct ss_payment_totals *totals) SS_MUST_CHECK;

#endif
