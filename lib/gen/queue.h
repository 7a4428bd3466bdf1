/* Payments that are to come: a heap by time, in order of arrival where times are equal, with a ceiling. */
#ifndef SS_GEN_QUEUE_H
#define SS_GEN_QUEUE_H

#include "base/attr.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum ss_channel { SS_CARD_PRESENT, SS_ONLINE_CHANNEL, SS_MOBILE, SS_CHANNELS };

enum ss_payment_kind {
    SS_PAY,     /* complete: to be printed */
    SS_FOLLOW,  /* its customer goes on shopping: to be worked out when its time comes */
    SS_REPEAT,  /* so, at the same merchant */
    SS_PRINTED, /* printed, or counted, before: a late record's coming, a duplicate */
};

struct ss_payment {
    int64_t time_us; /* whole milliseconds */
    uint64_t no;     /* 0-based, what txn_id is made of */
    int64_t cents;   /* hundredths of the currency */
    uint32_t customer, merchant;
    uint32_t device; /* where the channel has one */
    uint32_t ip;     /* 24 bits */
    int32_t lat, lon;
    uint16_t place;
    uint8_t card, channel, scenario, kind;
    uint8_t risk_place; /* 1 + index into ss_risk_places, 0 = none */
    bool new_email;     /* not the customer's own address */
};

struct ss_queue_entry {
    int64_t at_us;
    uint64_t order;
    uint32_t slot;
};

struct ss_queue {
    struct ss_queue_entry *heap;
    struct ss_payment *pool;
    uint32_t *free_slot;
    uint32_t n, cap, ceiling;
    uint64_t order;
};

#define SS_QUEUE_CEILING (16u << 20)

void ss_queue_init(struct ss_queue *queue, uint32_t ceiling);
void ss_queue_free(struct ss_queue *queue);
/* Copies `pay`, due at `at_us`. SS_ENOMEM at the ceiling. */
int ss_queue_push(struct ss_queue *queue, int64_t at_us, const struct ss_payment *pay) SS_MUST_CHECK;
/* When the next one is due; INT64_MAX when there is none. */
static inline int64_t ss_queue_next(const struct ss_queue *queue)
{
    return queue->n ? queue->heap[0].at_us : INT64_MAX;
}
/* Takes the next one; the queue may not be empty. */
void ss_queue_pop(struct ss_queue *queue, struct ss_payment *pay);

#endif
