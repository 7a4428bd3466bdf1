/* How a stored payment looks in answers. */
#ifndef SS_WEB_PAYMENT_H
#define SS_WEB_PAYMENT_H

#include "store/payments.h"
#include "store/work.h"
#include "web/web.h"

/* {"seq":..,"txn_id":..,...}. Addresses are masked for who may not see them (mask.h). */
void ss_put_payment(struct ss_call *call, const struct ss_payment *payment);
/* ?since ?until ?user_id ... of a list of payments into the filter; faults are noted. */
void ss_payment_filter_read(struct ss_call *call, struct ss_payment_filter *filter);
/* One item of a list, for ss_payments_list; `arg` is the call. */
int ss_put_payment_item(void *arg, const struct ss_payment *payment);
/* The alerts (or the cases) among what people do about it: each as an item. */
int ss_put_work(struct ss_call *call, const struct ss_work *work, bool cases);

#endif
