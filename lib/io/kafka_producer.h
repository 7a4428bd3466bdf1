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

/* A message of the open transaction. */
struct ss_kept {
    struct ss_kept *next;
    rd_kafka_topic_t *topic;
    struct ss_str key, value;
    rd_kafka_headers_t *headers; /* owned; NULL: none */
};

struct ss_producer {
    struct ss_producer *next;
    struct ss_kafka kafka;
    char *brokers;
    int refs;
    int slot_fd;                     /* holds the name of the transactional id; -1 */
    bool transactional, open, stuck; /* open: a transaction is; stuck: it takes no more, and must be
                                            aborted and sent again */
    struct ss_arena arena;
    struct ss_kept *first, **last;
    size_t kept_bytes;
    struct ss_sink *committer;  /* the sink whose commit ends transactions */
    char fatal[256];            /* what no later try can mend */
    rd_kafka_resp_err_t failed; /* the first delivery that failed, outside transactions */
    uint64_t put, delivered, bytes, failures, transactions, retries, aborts, fences;
};

/* The one for these brokers, made where there is none; *fresh tells. `committer` is the sink whose commit
 * ends its transactions; NULL for any other. To be let go of also after a failure that set *found. */
int ss_producer_get(const struct ss_kafka_uri *uri, struct ss_sink *committer, struct ss_producer **found,
                    bool *fresh) SS_MUST_CHECK;
/* The last one to let go aborts what is open and throws away what is still on its way. Accepts NULL. */
void ss_producer_let_go(struct ss_producer *p);
/* Once, before the first message, where it is transactional: throws out predecessors of that name. */
int ss_producer_init(struct ss_producer *p) SS_MUST_CHECK;
/* One message, its bytes and headers the caller's. SS_TOO_LONG, SS_EIO. */
int ss_producer_put(struct ss_producer *p, rd_kafka_topic_t *topic, struct ss_str key, struct ss_str value,
                    const void *headers) SS_MUST_CHECK;
/* Waits until everything has been delivered. SS_EIO. */
int ss_producer_sync(struct ss_producer *p) SS_MUST_CHECK;
/* Commits the open transaction together with what `src` has consumed. */
int ss_producer_commit(struct ss_producer *p, struct ss_source *src) SS_MUST_CHECK;
int ss_producer_fail(struct ss_producer *p, const char *what, const char *why);

#endif
