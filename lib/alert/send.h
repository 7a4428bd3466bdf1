/* One try to hand one message to one destination. */
#ifndef SS_ALERT_SEND_H
#define SS_ALERT_SEND_H

#include "alert/routes.h"
#include "alert/spool.h"
#include "net/http.h"

#define SS_SEND_WHY 256

struct ss_sent {
    bool arrived;
    bool nobody;            /* no answer at all: others to the same destination will fare no better */
    int64_t retry_after_us; /* what the destination asked for, 0: nothing */
    char why[SS_SEND_WHY];  /* it has not arrived; without any secret */
};

/* The value of SS-Signature: "v1=" and HMAC-SHA-256 of timestamp . body in hexadecimal. */
#define SS_SIGNATURE 68
int ss_signature(struct ss_str key, const char *timestamp, struct ss_str body,
                 char out[SS_SIGNATURE]) SS_MUST_CHECK;

void ss_send(const struct ss_destination *to, const struct ss_spooled *message, struct ss_http *http,
             const atomic_bool *give_up, struct ss_sent *sent);

#endif
