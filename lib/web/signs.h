/*
 * Plain signs in a payment, against the customer's last ten: codes and sentences that a person understands
 * without a model. The thresholds are those of a published rule of thumb (four times the mean and 2,000 above
 * it, three times and at least 5,000, 3,000 without history; another place within 15 minutes; three payments
 * in two minutes).
 */
#ifndef SS_WEB_SIGNS_H
#define SS_WEB_SIGNS_H

#include "web/web.h"

#define SS_SIGNS_MAX 6

struct ss_sign {
    const char *code, *message;
};

struct ss_signs {
    struct ss_sign sign[SS_SIGNS_MAX];
    int n;
    /* The history: */
    int64_t recent, last_us, last_amount;
    double mean; /* NaN: none */
    struct ss_str last_location, last_device, last_country, usual_merchant;
};

/* From the customer's stored payments; texts lie in the call's arena. */
int ss_signs_read(struct ss_call *call, struct ss_str payment, struct ss_signs *signs) SS_MUST_CHECK;
/* Adds what the model says, once the payment is scored: last. */
void ss_signs_judge(struct ss_signs *signs, struct ss_str line);
/* ,"flags":[..],"flag_details":[..],"history":{..} */
void ss_signs_put(const struct ss_signs *signs, struct ss_buf *to);

#endif
