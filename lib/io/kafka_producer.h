/*
 * The producer behind Kafka sinks: one for all sinks of a process on the same brokers, so that output and
 * rejects can leave in one transaction.
 *
 * A transaction keeps its messages until it is committed. When the group's coordinator refuses the positions
 * in it because the group is just changing, it is aborted, and the same messages go into a new one together
 * with the same positions: nothing need be read or computed again. When the partitions themselves are gone,
 * the messages are thrown away, and whoever has the partitions makes them anew.
 */
#ifndef SS_IO_KAFKA_PRODUCER_H
#define SS_IO_KAFKA_PRODUCER_H

#include "base/arena.h"
#include "io/kafka_parts.h"

/* Bytes that format and client put around a message, and around a header of it: more than it can be. */
#define SS_AROUND_MAX 1000

/* A message of the open transaction, or one that waits to go together with others. */
struct ss_kept {
    struct ss_kept *next;
    rd_kafka_topic_t *topic;
    struct ss_str key, value;
    rd_kafka_headers_t *headers; /* owned; NULL: none */
};

struct ss_producer {
    struct ss_producer *next;
    struct ss_kafka kafka;
    char *brokers, *id; /* id: of its transactions; NULL */
    int refs;
    int slot_fd;                     /* holds the name of the transactional id; -1 */
    bool transactional, open, stuck; /* open: a transaction is; stuck: it takes no more, and must be
                                            aborted and sent again */
    struct ss_arena kept, texts;     /* apart: all of one are gone through before those of the other */
    struct ss_kept *first, **last;
    struct ss_kept *unsent; /* the first that the client has not been handed; NULL: none */
    bool headers;           /* some have */
    size_t kept_bytes;
    size_t message_max, batch_max; /* as the client has them */
    bool compresses, ready;        /* ready: its transactions can begin */
    int topics;                    /* how many the sinks have opened with the client */
    int64_t kept_ns;               /* since when the first is kept */
    bool chooses;                  /* the partition of messages without a key, by kafka_many.c: */
    rd_kafka_topic_t *stays_topic; /* those of this topic go to */
    int32_t stays;                 /* this one */
    int64_t stays_ns;              /* since then */
    struct ss_sink *committer;     /* the sink whose commit ends transactions */
    rd_kafka_resp_err_t failed;    /* the first delivery that failed, outside transactions */
    char failed_topic[256];        /* and whose */
    uint64_t put, failures, transactions, retries, aborts, fences;
};

/* The one for these brokers, made where there is none; *fresh tells. `committer` is the sink whose commit
 * ends its transactions; NULL for any other. To be let go of also after a failure that set *found. */
int ss_producer_get(const struct ss_kafka_uri *uri, struct ss_sink *committer, struct ss_producer **found,
                    bool *fresh) SS_MUST_CHECK;
/* The last one to let go aborts what is open and throws away what is still on its way. Accepts NULL. */
void ss_producer_let_go(struct ss_producer *p);
/* Where it is transactional: throws out predecessors of that name. To be called for the first sink; the next
 * one only wants its topic's limit kept. */
int ss_producer_init(struct ss_producer *p) SS_MUST_CHECK;
/*
 * Before the first message: asks how long the batches may be that the topic takes, and makes no longer ones
 * from now on, for which the client may have to be a new one, without topics. In *limit what one message must
 * not exceed (ss_kafka_exceeds); 0 when the client sees to that, or nobody tells.
 */
int ss_producer_fit(struct ss_producer *p, const char *topic, size_t *limit) SS_MUST_CHECK;
/* One message, its bytes and headers the caller's. SS_TOO_LONG, SS_EIO. */
int ss_producer_put(struct ss_producer *p, const struct ss_kept *msg) SS_MUST_CHECK;
/* Hands over what waits to go together, unless `more` is to come at once and it may wait on. */
int ss_producer_push(struct ss_producer *p, bool more) SS_MUST_CHECK;
/* Waits until everything has been delivered. SS_EIO. */
int ss_producer_sync(struct ss_producer *p) SS_MUST_CHECK;
/* Commits the open transaction together with what `src` has consumed. */
int ss_producer_commit(struct ss_producer *p, struct ss_source *src) SS_MUST_CHECK;
int ss_producer_fail(struct ss_producer *p, const char *what, const char *why);
int ss_producer_begin(struct ss_producer *p) SS_MUST_CHECK;

/* kafka_limit.c. The topic's max.message.bytes; 0 when the brokers do not tell. */
int64_t ss_kafka_limit(struct ss_kafka *kafka, const char *topic);
/* Alone in a batch, and not compressed, it is one of more than so many bytes. */
bool ss_kafka_exceeds(const struct ss_kept *msg, size_t limit);

/* kafka_many.c. Hands over all that is kept and not sent. A transaction may be stuck then. SS_EIO. */
int ss_producer_hand_over(struct ss_producer *p) SS_MUST_CHECK;
/* Has the client ask us for partitions, unless -X says how they are chosen. */
void ss_producer_choose(struct ss_producer *p, rd_kafka_conf_t *conf);

/* kafka_send.c. One message, now: SS_TOO_LONG, SS_EIO; SS_AGAIN: the transaction has to be aborted. */
int ss_producer_send(struct ss_producer *p, const struct ss_kept *one) SS_MUST_CHECK;
/* The client has not taken a message. When it holds as much as it can, waits for deliveries: 0. */
int ss_producer_wait(struct ss_producer *p, rd_kafka_resp_err_t why,
                     const rd_kafka_topic_t *topic) SS_MUST_CHECK;
int ss_producer_check(struct ss_producer *p) SS_MUST_CHECK; /* has a delivery failed? */
/* The brokers do not take a message, and why: SS_EIO, SS_ECONFIG. */
int ss_producer_refused(struct ss_producer *p, rd_kafka_resp_err_t why);
/* SS_ECONFIG: says which. */
int ss_producer_no_right(struct ss_producer *p, rd_kafka_resp_err_t why);
/* What no later try can mend: 0 where there is none, else SS_EIO, SS_ECONFIG. */
int ss_producer_fatal(struct ss_producer *p);
void ss_producer_on_delivery(rd_kafka_t *rk, const rd_kafka_message_t *msg, void *opaque);
void ss_kept_forget(struct ss_producer *p);

#endif
