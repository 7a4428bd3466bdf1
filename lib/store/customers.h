/*
 * Customers: rows kept as payments come, found by id or by what they use, listed by risk and the like. What
 * they do is in profile.h, whom they have things in common with in graph.h.
 */
#ifndef SS_STORE_CUSTOMERS_H
#define SS_STORE_CUSTOMERS_H

#include "base/arena.h"
#include "store/db.h"

/* Texts: p == NULL is null. */
struct ss_customer_row {
    struct ss_str user_id;
    int64_t first_us, last_us;                        /* event times of the first and the last payment */
    int64_t payments, amount, alerts, blocked, fraud; /* alerts: those opened; fraud: payments labelled so */
    double max_score;
    double risk; /* at the time asked for: the greatest score, each halved for every 7 days since; 0..1 */
    double heat; /* what an order by risk goes by: the key of the next page; NaN: no score */
    struct ss_str note;
};

/* 1, or 0 when there is none. as_of_us: the event time for `risk`. Texts lie in the arena. */
int ss_customer_find(struct ss_db *db, struct ss_str user_id, int64_t as_of_us, struct ss_arena *arena,
                     struct ss_customer_row *customer) SS_MUST_CHECK;
/* 1, or 0 when there is none. `note` with p == NULL takes it away. In the caller's transaction. */
int ss_customer_note(struct ss_db *db, struct ss_str user_id, struct ss_str note) SS_MUST_CHECK;

enum ss_customer_sort {
    SS_CUSTOMERS_BY_ID,
    SS_CUSTOMERS_BY_RISK,
    SS_CUSTOMERS_BY_LAST,
    SS_CUSTOMERS_BY_PAYMENTS,
    SS_CUSTOMERS_BY_AMOUNT,
    SS_CUSTOMERS_BY_ALERTS,
    SS_CUSTOMERS_BY_FRAUD,
};

/* Zeroed, it is all customers by id; `limit` must be said. */
struct ss_customer_filter {
    int64_t as_of_us;     /* for risk */
    struct ss_str begins; /* their id, or a card, device or address of theirs, begins with this (of each kind
                             the first 2,000); p == NULL: any */
    bool no_addresses;    /* `begins` leaves out addresses: for who may not see them */
    double min_risk;      /* from 0.5 up an index knows them */
    enum ss_customer_sort sort;
    bool down;
    bool has_key; /* behind this one: */
    int64_t key;  /* last_us, payments, ... */
    double heat;  /* or heat, */
    struct ss_str user_id;
    int64_t limit;
};

/* Calls `each` for up to `limit` rows; what it returns other than 0 ends the list and is handed on. Texts
 * live until it returns. */
int ss_customers_list(struct ss_db *db, const struct ss_customer_filter *filter, struct ss_arena *arena,
                      int (*each)(void *arg, const struct ss_customer_row *customer), void *arg,
                      bool *more) SS_MUST_CHECK;

/* A customer's cards, devices or addresses, or a thing's customers. Times are right to the day. */
struct ss_link_row {
    struct ss_str user_id, kind, value;
    int64_t first_us, last_us;
};
/* Newest first. `kind` "card", "device", "ip", or p == NULL for all. */
int ss_links_of_customer(struct ss_db *db, struct ss_str user_id, struct ss_str kind, int64_t limit,
                         int (*each)(void *arg, const struct ss_link_row *link), void *arg) SS_MUST_CHECK;
int ss_links_of_thing(struct ss_db *db, struct ss_str kind, struct ss_str value, int64_t limit,
                      int (*each)(void *arg, const struct ss_link_row *link), void *arg) SS_MUST_CHECK;

#endif
