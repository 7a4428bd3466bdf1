/*
 * The Kafka source, as its two files see it: kafka_source.c hands messages over as lines, kafka_assign.c
 * knows the partitions, where reading begins and ends, and what the group gives and takes.
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
    int64_t next;           /* behind the last message that was consumed; SS_NOT_YET: none was */
    int64_t committed;      /* what was last committed */
    int64_t end;            /* where reading ends; SS_NOT_YET: nowhere */
    int64_t eof, eof_bytes; /* the partition was read up to here when so many bytes had been given */
    bool assigned, ended;
};

struct ss_kafka_source {
    struct ss_source base;
    struct ss_kafka kafka;
    struct ss_kafka_uri uri;
    struct ss_kafka_part *part;
    int n_parts, last; /* last: the part of the last message */
    struct ss_taken taken;
    struct ss_origin origin;  /* what origin() last told */
    rd_kafka_message_t *rest; /* a message handed over in part, and how much of it; NULL: none */
    size_t rest_at;
    rd_kafka_topic_partition_list_t *wanted; /* partitions that the group wants back; NULL: none */
    bool lost, closing;
    uint64_t messages, bytes, rebalances, commits;
    int64_t asked_ns;
    char why[256]; /* a fault found where none can be returned */
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
/* Reads no more of this partition. */
void ss_kafka_part_end(struct ss_kafka_source *k, struct ss_kafka_part *p);
/* Asks now and then how far the members are that read the other partitions. */
void ss_kafka_parts_elsewhere(struct ss_kafka_source *k);
bool ss_kafka_parts_ended(const struct ss_kafka_source *k);
/* Up to where the partition is consumed; SS_NOT_YET. */
int64_t ss_kafka_part_position(const struct ss_kafka_source *k, const struct ss_kafka_part *p);
/* Lets go of what the group wants back, if it wants anything. */
void ss_kafka_give_up(struct ss_kafka_source *k);
/* kafka_figures.c: what it tells of itself. */
void ss_kafka_source_stats(struct ss_source *src, struct ss_buf *json);
void ss_kafka_source_metrics(struct ss_source *src, struct ss_metrics *to);
void ss_kafka_on_rebalance(rd_kafka_t *rk, rd_kafka_resp_err_t what, rd_kafka_topic_partition_list_t *list,
                           void *opaque);

#endif
