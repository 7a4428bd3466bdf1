/*
 * Kafka topics as URIs: kafka://HOST:PORT[,...]/TOPIC?NAME=VALUE&...     (see ss-uri.7)
 *
 *   inputs    TOPIC may be several, joined by commas; or up to four by +, which are read as one
 *     group=G       as a member of this consumer group; without one all partitions are read and nothing is
 *                   committed
 *     from=W        where there is no committed position: earliest (default), latest, an offset, -N for the
 *                   last N of each partition, or a time
 *     until=W       end: what is there at the start; count:N; a time. Without it: for ever
 *   outputs
 *     key=FIELD     the record's top-level field that becomes the message's key; without it, the key of the
 *                   message that the record came from
 *     exactly_once=1   in transactions, together with the rejects and the input's positions
 *     id=NAME       the transactional id; without it one is made of topic, host and a free number
 *   both
 *     commit=D      how often positions, or transactions, are committed (1s; transactions 100ms)
 *
 * Values may hold %XX.
 */
#ifndef SS_IO_KAFKA_URI_H
#define SS_IO_KAFKA_URI_H

#include "base/attr.h"
#include <stdbool.h>
#include <stdint.h>

#define SS_KAFKA_URI_MAX    2048
#define SS_KAFKA_TOPICS_MAX 64

enum ss_kafka_side { SS_KAFKA_SOURCE, SS_KAFKA_SINK };
enum ss_kafka_from { SS_FROM_EARLIEST, SS_FROM_LATEST, SS_FROM_OFFSET, SS_FROM_TAIL, SS_FROM_TIME };
enum ss_kafka_until { SS_UNTIL_NEVER, SS_UNTIL_END, SS_UNTIL_COUNT, SS_UNTIL_TIME };

struct ss_kafka_uri {
    const char *brokers; /* "b1:9092,b2:9092" */
    const char *topic[SS_KAFKA_TOPICS_MAX];
    int n_topics;
    const char *group, *key, *id; /* NULL: not said */
    enum ss_kafka_from from;
    int64_t from_at; /* offset, number of messages, or ms since 1970 */
    enum ss_kafka_until until;
    int64_t until_at;           /* number of messages, or ms since 1970 */
    bool joined;                /* the topics are read as one, partition by partition */
    char all[SS_KAFKA_URI_MAX]; /* then: their names as they were written */
    bool exactly_once;
    int64_t commit_us; /* 0: not said */
    char text[SS_KAFKA_URI_MAX];
};

/* `rest` is what follows "kafka:". The parts point into uri->text, so it must stay where it is.
 * SS_EUSAGE with a message that says what would do. */
int ss_kafka_uri_parse(const char *rest, enum ss_kafka_side side, struct ss_kafka_uri *uri) SS_MUST_CHECK;
/* Whole URIs: they have a topic in common, on brokers named alike. */
bool ss_kafka_uri_same(const char *a, const char *b);

#endif
