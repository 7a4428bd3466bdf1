/*
 * What a case is about: its alerts and payments, and what its resolution says of them. All inside the
 * caller's transaction. Adding and removing change the case's amounts and count in memory; the caller saves
 * it.
 */
#ifndef SS_STORE_CASE_LINKS_H
#define SS_STORE_CASE_LINKS_H

#include "store/cases.h"

enum ss_link {
    SS_LINK_DONE,
    SS_LINK_THERE,     /* it was so already */
    SS_LINK_MISSING,   /* no such alert or payment, or it is not in the case */
    SS_LINK_ELSEWHERE, /* the alert is in another case: *other */
};

/* An alert with all of its payments. A case without a customer takes the alert's. */
int ss_case_add_alert(struct ss_db *db, struct ss_case *c, struct ss_str alert_id, int64_t now_us,
                      struct ss_arena *arena, enum ss_link *link, int64_t *other) SS_MUST_CHECK;
int ss_case_drop_alert(struct ss_db *db, struct ss_case *c, struct ss_str alert_id,
                       enum ss_link *link) SS_MUST_CHECK;
int ss_case_add_payment(struct ss_db *db, struct ss_case *c, struct ss_str txn_id, int64_t now_us,
                        struct ss_arena *arena, enum ss_link *link) SS_MUST_CHECK;
int ss_case_drop_payment(struct ss_db *db, struct ss_case *c, struct ss_str txn_id,
                         enum ss_link *link) SS_MUST_CHECK;

struct ss_case_payment {
    struct ss_str txn_id, user_id, card_id, merchant_id, category, country, channel, currency, alert_id,
        record;
    int64_t time_us, amount, added_us;
    double score; /* NaN: none */
    int level, action, label;
};

/* Newest first, at most `limit`; texts live until `each` returns. `record` is there where `whole` is asked
 * for. */
int ss_case_payments(struct ss_db *db, int64_t case_id, bool whole, int64_t limit,
                     int (*each)(void *arg, const struct ss_case_payment *payment), void *arg,
                     bool *more) SS_MUST_CHECK;
int ss_case_payments_count(struct ss_db *db, int64_t case_id, int64_t *count) SS_MUST_CHECK;

#endif
