/*
 * What the Kafka transport's files share: librdkafka, loaded when the first kafka: URI is opened (linked, it
 * would add some 10 ms to the start of every command), and a client of it. Nothing outside lib/io/kafka_*.c
 * includes this, and nothing of librdkafka leaves them.
 */
#ifndef SS_IO_KAFKA_PARTS_H
#define SS_IO_KAFKA_PARTS_H

#include "base/err.h"
#include "io/kafka_uri.h"
#include "io/port.h"
#include <librdkafka/rdkafka.h>

#define SS_RDKAFKA(X)                   \
    X(abort_transaction)                \
    X(AdminOptions_destroy)             \
    X(AdminOptions_new)                 \
    X(AdminOptions_set_request_timeout) \
    X(assign)                           \
    X(assignment_lost)                  \
    X(begin_transaction)                \
    X(commit)                           \
    X(commit_transaction)               \
    X(committed)                        \
    X(conf_destroy)                     \
    X(conf_get)                         \
    X(conf_get_default_topic_conf)      \
    X(conf_new)                         \
    X(conf_set)                         \
    X(conf_set_dr_msg_cb)               \
    X(conf_set_error_cb)                \
    X(conf_set_log_cb)                  \
    X(conf_set_opaque)                  \
    X(conf_set_rebalance_cb)            \
    X(conf_set_stats_cb)                \
    X(ConfigEntry_name)                 \
    X(ConfigEntry_value)                \
    X(ConfigResource_configs)           \
    X(ConfigResource_destroy)           \
    X(ConfigResource_error)             \
    X(ConfigResource_new)               \
    X(consume_batch_queue)              \
    X(consumer_close)                   \
    X(consumer_group_metadata)          \
    X(consumer_group_metadata_destroy)  \
    X(consumer_poll)                    \
    X(DescribeConfigs)                  \
    X(DescribeConfigs_result_resources) \
    X(destroy)                          \
    X(err2str)                          \
    X(error_code)                       \
    X(error_destroy)                    \
    X(error_is_fatal)                   \
    X(error_is_retriable)               \
    X(error_string)                     \
    X(error_txn_requires_abort)         \
    X(event_DescribeConfigs_result)     \
    X(event_destroy)                    \
    X(event_error)                      \
    X(fatal_error)                      \
    X(flush)                            \
    X(get_watermark_offsets)            \
    X(header_add)                       \
    X(header_get_all)                   \
    X(headers_copy)                     \
    X(headers_destroy)                  \
    X(headers_new)                      \
    X(incremental_assign)               \
    X(incremental_unassign)             \
    X(init_transactions)                \
    X(last_error)                       \
    X(message_destroy)                  \
    X(message_headers)                  \
    X(message_timestamp)                \
    X(metadata)                         \
    X(metadata_destroy)                 \
    X(msg_partitioner_murmur2)          \
    X(msg_partitioner_random)           \
    X(new)                              \
    X(offsets_for_times)                \
    X(outq_len)                         \
    X(pause_partitions)                 \
    X(poll)                             \
    X(poll_set_consumer)                \
    X(produce)                          \
    X(produce_batch)                    \
    X(producev)                         \
    X(purge)                            \
    X(query_watermark_offsets)          \
    X(queue_destroy)                    \
    X(queue_get_consumer)               \
    X(queue_length)                     \
    X(queue_new)                        \
    X(queue_poll)                       \
    X(rebalance_protocol)               \
    X(resume_partitions)                \
    X(send_offsets_to_transaction)      \
    X(subscribe)                        \
    X(topic_conf_set_partitioner_cb)    \
    X(topic_destroy)                    \
    X(topic_name)                       \
    X(topic_new)                        \
    X(topic_partition_list_add)         \
    X(topic_partition_list_copy)        \
    X(topic_partition_list_destroy)     \
    X(topic_partition_list_new)         \
    X(unsubscribe)                      \
    X(version)

#define SS_RDKAFKA_POINTER(name) __typeof__(&rd_kafka_##name) name;
struct ss_rdkafka {
    SS_RDKAFKA(SS_RDKAFKA_POINTER)
};
#undef SS_RDKAFKA_POINTER
/* ss_rdk.poll(...) is rd_kafka_poll(...), once ss_kafka_load has returned 0. */
extern struct ss_rdkafka ss_rdk;
int ss_kafka_load(void) SS_MUST_CHECK;

/* One client: a handle and what the library has told about it. */
struct ss_kafka {
    rd_kafka_t *rk;
    const char *brokers; /* for messages */
    char why[512];       /* the last fault that the library told; empty: none yet */
    bool all_down;       /* it said that no broker can be reached, and has had no answer since */
    bool refused;        /* because they do not let us in, or we do not trust them */
    int64_t warned_ns;   /* when that was last passed on */
    double rtt_us;       /* mean time from request to answer, of the slowest broker; 0: not known yet */
};

/* A configuration of `pairs` (name, value, ..., NULL), and what -X said on top. SS_EUSAGE. */
int ss_kafka_conf(const char *const *pairs, rd_kafka_conf_t **conf) SS_MUST_CHECK;
/* Takes the configuration over in any case. `brokers` must outlive the client. SS_EUSAGE. */
int ss_kafka_new(struct ss_kafka *kafka, rd_kafka_type_t type, const char *brokers,
                 rd_kafka_conf_t *conf) SS_MUST_CHECK;
/*
 * Waits until the brokers have answered and told of `topic` (made where they make topics by themselves and
 * `make` is set): the number of its partitions, SS_EAWAY when no broker answers, SS_ECONFIG when they refuse
 * our credentials or we their certificate, `none` when there is no such topic.
 */
int ss_kafka_partitions(struct ss_kafka *kafka, const char *topic, bool make, enum ss_err none) SS_MUST_CHECK;
/* The same without waiting for more than one answer. */
int ss_kafka_check(struct ss_kafka *kafka, rd_kafka_topic_t *topic) SS_MUST_CHECK;
/* A failure as the library names it; `what` is what was being done: "cannot commit to 'b1:9092'". */
int ss_kafka_fail(struct ss_kafka *kafka, enum ss_err err, const char *what, const char *why);
/* A right is missing, which no later try brings. */
bool ss_kafka_is_forbidden(rd_kafka_resp_err_t why);
/* SS_ECONFIG: `right` on `kind` (topic, group, ...) of that name. */
int ss_kafka_no_right(struct ss_kafka *kafka, const char *right, const char *kind, const char *name);

/* What the transaction of a sink needs from the source whose positions go into it; `src` has a group. */
/* Positions consumed since they were last committed; NULL when there are none. To be destroyed. */
rd_kafka_topic_partition_list_t *ss_kafka_source_offsets(struct ss_source *src);
rd_kafka_consumer_group_metadata_t *ss_kafka_source_member(struct ss_source *src);
/* True once partitions were taken away without asking: what was read from them may be another's by now. */
bool ss_kafka_source_lost(struct ss_source *src);
/* Notes those positions as committed and gives up what the group wants back. */
int ss_kafka_source_committed(struct ss_source *src) SS_MUST_CHECK;

int ss_kafka_source_open(const char *rest, struct ss_source **src) SS_MUST_CHECK;
int ss_kafka_sink_open(const char *rest, struct ss_sink **sink) SS_MUST_CHECK;

#endif
