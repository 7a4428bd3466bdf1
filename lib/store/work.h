/* What people do about a payment: its alert, and the cases that it is in. */
#ifndef SS_STORE_WORK_H
#define SS_STORE_WORK_H

#include "store/db.h"

/* Texts live until `each` returns. For an alert id, status; for a case number, title and status too. */
struct ss_work {
    bool is_case;
    int64_t case_id;
    struct ss_str id, title, status;
};

/* `alert_id` may be null (p == NULL). What `each` returns other than 0 ends the walk and is handed on. */
int ss_payment_work(struct ss_db *db, struct ss_str txn_id, struct ss_str alert_id,
                    int (*each)(void *arg, const struct ss_work *work), void *arg) SS_MUST_CHECK;
/* The newest alerts and cases of a customer, at most `limit` of each. */
int ss_customer_work(struct ss_db *db, struct ss_str user_id, int64_t limit,
                     int (*each)(void *arg, const struct ss_work *work), void *arg) SS_MUST_CHECK;

#endif
