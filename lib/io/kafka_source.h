/*
 * The Kafka source, as its files see it: kafka_source.c hands messages over as lines, kafka_assign.c knows
 * the partitions, and what the group gives and takes of them.
 */
#ifndef SS_IO_KAFKA_SOURCE_H
#define SS_IO_KAFKA_SOURCE_H

#include "io/kafka_parts.h"
#include "io/kafka_taken.h"

#define SS_KAFKA_ASK_MS 5000
#define SS_NOT_YET      (-1)

/* One partition of the topics. */
struct ss_kafka_part {
    const char *topic;
    const rd_kafka_topic_t *rkt; /* what its messages point to; NULL before the first */
    int32_t partition;
    int64_t read;           /* behind the last message that came */
    int64_t next;           /* behind the last message that was consumed; SS_NOT_YET: none was */
    int64_t committed;      /* what was last committed */
    int64_t end;            /* where reading ends; SS_NOT_YET: nowhere */
    int64_t eof, eof_bytes; /* the partition was read up to here when so many bytes had been given */
    int64_t live;           /* what lies before was committed: given again, silently */
    int unit, nth;          /* the number of the ss_part it belongs to, and which of its topics it is */
    bool assigned, ended;
    bool added; /* made since the start */
    /* Of joined topics (kafka_join.c): a ring of messages that wait for those of the other topics. */
    struct ss_kafka_waiting *waiting;
    size_t first_waiting, n_waiting, waiting_cap;
    int64_t given;       /* behind the last one that no longer waits */
    bool caught, paused; /* caught: it was read to its end when the last of the ring came */
};

/* Messages taken from the client and not looked at yet. */
#define SS_KAFKA_QUEUE 1000
struct ss_kafka_queue {
    rd_kafka_queue_t *from; /* the client's own */
    rd_kafka_message_t *msg[SS_KAFKA_QUEUE];
    size_t at, n;
};

struct ss_kafka_source {
    struct ss_source base;
    struct ss_kafka kafka;
    struct ss_kafka_uri uri;
    struct ss_kafka_part *part;
    int n_parts, last; /* last: the part of the last message */
    struct ss_kafka_queue queue;
    struct ss_taken taken;
    struct ss_origin origin;  /* what origin() last told */
    rd_kafka_message_t *rest; /* a message handed over in part, and how much of it; NULL: none */
    size_t rest_at;
    rd_kafka_topic_partition_list_t *wanted; /* partitions that the group wants back; NULL: none */
    rd_kafka_topic_partition_list_t *coming; /* partitions that it gives, not taken over yet; NULL: none */
    int64_t coming_ns;                       /* since when */
    bool told_waiting;                       /* that their positions are waited for */
    const struct ss_part_keeper *keeper;
    int turn;           /* of joined topics: the part that was last chosen from */
    int64_t waiting_ns; /* since when none could be */
    bool joined, lost, closing;
    bool forbidden; /* its group does not have it, and nothing need be waited for */
    uint64_t messages, replayed, bytes, rebalances, commits;
    int64_t asked_ns;
    int64_t woken_bytes; /* taken_bytes when fetching was last woken, and from which partition on */
    int woken;
    char why[256]; /* a fault found where none can be returned */
    int why_is;    /* and which */
};

static inline struct ss_kafka_source *ss_kafka_source_of(const struct ss_source *src)
{
    return (struct ss_kafka_source *)(uintptr_t)src;
}

struct ss_kafka_part *ss_kafka_part_named(struct ss_kafka_source *k, const char *topic, int32_t partition);
/* The number of the message's partition; -1 for one that is none of ours. */
int ss_kafka_part_of(struct ss_kafka_source *k, const rd_kafka_message_t *msg);
/* Finds the partitions of all topics, and where reading them ends. */
int ss_kafka_parts_find(struct ss_kafka_source *k) SS_MUST_CHECK;
/* Joins the group, or takes all partitions. */
int ss_kafka_parts_begin(struct ss_kafka_source *k) SS_MUST_CHECK;
/* Up to where the partition is consumed; SS_NOT_YET. */
int64_t ss_kafka_part_position(const struct ss_kafka_source *k, const struct ss_kafka_part *p);
/* Begins to read these partitions, at the places in the list. */
int ss_kafka_assign(struct ss_kafka_source *k, rd_kafka_topic_partition_list_t *list) SS_MUST_CHECK;
/* The partition, also one that has been made since the start; NULL in `found` for one of another topic. */
int ss_kafka_part_know(struct ss_kafka_source *k, const char *topic, int32_t partition,
                       struct ss_kafka_part **found) SS_MUST_CHECK;

/* kafka_ends.c: where reading begins and ends. */
/* Puts the place where reading begins into those of the list that have no committed one. */
int ss_kafka_starts(struct ss_kafka_source *k, rd_kafka_topic_partition_list_t *list) SS_MUST_CHECK;
/* The same unless the group's committed positions, which are asked for, or the client's own rule say it. */
int ss_kafka_own_starts(struct ss_kafka_source *k, rd_kafka_topic_partition_list_t *list) SS_MUST_CHECK;
/* Finds where reading all partitions ends. */
int ss_kafka_ends(struct ss_kafka_source *k) SS_MUST_CHECK;
/* Reads no more of this partition. */
void ss_kafka_part_end(struct ss_kafka_source *k, struct ss_kafka_part *p);
/* Asks now and then how far the members are that read the other partitions. */
void ss_kafka_parts_elsewhere(struct ss_kafka_source *k);
bool ss_kafka_parts_ended(const struct ss_kafka_source *k);

/* kafka_state.c: partitions with a memory behind them. */
void ss_kafka_keep(struct ss_source *src, const struct ss_part_keeper *keeper);
bool ss_kafka_piece(struct ss_source *src, struct ss_piece *piece);
int ss_kafka_settled(struct ss_source *src, int number, struct ss_part *part);
/* Takes over what the group gives: 0, SS_AGAIN while its positions cannot be told, or an error. */
int ss_kafka_take_over(struct ss_kafka_source *k) SS_MUST_CHECK;
/* Tells the keeper that these go. */
void ss_kafka_tell_going(struct ss_kafka_source *k, const rd_kafka_topic_partition_list_t *list);

/* kafka_queue.c. The next message or event; NULL when there is none yet. */
rd_kafka_message_t *ss_kafka_queue_next(struct ss_kafka_source *k, int wait_ms);
bool ss_kafka_queue_ready(const struct ss_kafka_source *k);
/* Throws away what is there of this partition, or all of it. */
void ss_kafka_queue_forget(struct ss_kafka_source *k, const struct ss_kafka_part *p);

/* kafka_join.c. The next message or event in *msg, NULL when there is none yet. */
int ss_kafka_join_next(struct ss_kafka_source *k, int wait_ms, rd_kafka_message_t **msg) SS_MUST_CHECK;
void ss_kafka_join_forget(struct ss_kafka_source *k, struct ss_kafka_part *p);
/* A copy, to which those of the joined topics are added. */
rd_kafka_topic_partition_list_t *ss_kafka_with_partners(const struct ss_kafka_source *k,
                                                        const rd_kafka_topic_partition_list_t *list);

/* Lets go of what the group wants back, if it wants anything. */
void ss_kafka_give_up(struct ss_kafka_source *k);
/* kafka_leave.c. Leaves the group, if it has joined one. False: the client cannot be closed. */
bool ss_kafka_leave(struct ss_kafka_source *k);
/* SS_ECONFIG: the group, or else the topic, may not be read. */
int ss_kafka_source_no_right(struct ss_kafka_source *k, rd_kafka_resp_err_t why, const char *topic);
/* kafka_wake.c. To be called when the client's queue is empty: has it fetch on where it had paused. */
void ss_kafka_wake(struct ss_kafka_source *k);
/* kafka_headers.c. The message has no headers; false also where only the client can tell. */
bool ss_kafka_is_bare(const rd_kafka_message_t *msg);
/* Is this value part of a record as it was fetched, one without headers? Looks at the bytes around it. */
bool ss_kafka_lies_bare(const char *value, size_t len);
/* kafka_figures.c: what it tells of itself. */
void ss_kafka_source_stats(struct ss_source *src, struct ss_buf *json);
void ss_kafka_source_metrics(struct ss_source *src, struct ss_metrics *to);
void ss_kafka_on_rebalance(rd_kafka_t *rk, rd_kafka_resp_err_t what, rd_kafka_topic_partition_list_t *list,
                           void *opaque);

#endif
