/*
 * How long the messages are that a topic takes. The brokers measure a batch as it comes to them, and refuse
 * all of it: so whoever writes must know, make no longer batches, and leave out what is too long alone.
 */
#include "base/err.h"
#include "base/log.h"
#include "base/number.h"
#include "io/kafka_producer.h"

#define PROPERTY   "max.message.bytes"
#define ANSWER_MS  10000
#define BATCH_HEAD 61 /* of a batch in Kafka's message format 2 */

static int64_t find(const rd_kafka_ConfigResource_t *topic)
{
    size_t n;
    const rd_kafka_ConfigEntry_t **entry = ss_rdk.ConfigResource_configs(topic, &n);
    int64_t limit;
    for (size_t i = 0; i < n; i++) {
        const char *value = ss_rdk.ConfigEntry_value(entry[i]);
        if (strcmp(ss_rdk.ConfigEntry_name(entry[i]), PROPERTY) == 0 && value &&
            ss_int_parse(value, strlen(value), &limit) && limit > 0)
            return limit;
    }
    return 0;
}

static int64_t read_answer(rd_kafka_event_t *event, const char *name)
{
    const rd_kafka_DescribeConfigs_result_t *result =
        event ? ss_rdk.event_DescribeConfigs_result(event) : NULL;
    rd_kafka_resp_err_t why = !event ? RD_KAFKA_RESP_ERR__TIMED_OUT : ss_rdk.event_error(event);
    size_t n = 0;
    const rd_kafka_ConfigResource_t **topic =
        result && !why ? ss_rdk.DescribeConfigs_result_resources(result, &n) : NULL;
    if (n && !why)
        why = ss_rdk.ConfigResource_error(topic[0]);
    int64_t limit = n && !why ? find(topic[0]) : 0;
    if (!limit)
        ss_info("cannot read the " PROPERTY " of topic '%s': %s", name, ss_rdk.err2str(why));
    return limit;
}

int64_t ss_kafka_limit(struct ss_kafka *kafka, const char *name)
{
    rd_kafka_queue_t *queue = ss_rdk.queue_new(kafka->rk);
    rd_kafka_AdminOptions_t *options = ss_rdk.AdminOptions_new(kafka->rk, RD_KAFKA_ADMIN_OP_DESCRIBECONFIGS);
    rd_kafka_ConfigResource_t *topic = ss_rdk.ConfigResource_new(RD_KAFKA_RESOURCE_TOPIC, name);
    char why[256];
    (void)ss_rdk.AdminOptions_set_request_timeout(options, ANSWER_MS, why, sizeof why);
    ss_rdk.DescribeConfigs(kafka->rk, &topic, 1, options, queue);
    rd_kafka_event_t *event = ss_rdk.queue_poll(queue, 2 * ANSWER_MS);
    int64_t limit = read_answer(event, name);
    if (event)
        ss_rdk.event_destroy(event);
    ss_rdk.ConfigResource_destroy(topic);
    ss_rdk.AdminOptions_destroy(options);
    ss_rdk.queue_destroy(queue);
    return limit;
}

/* Bytes of a length that is written as a zigzag varint. */
static size_t length_bytes(size_t n)
{
    size_t bytes = 1;
    for (n >>= 6; n; n >>= 7)
        bytes++;
    return bytes;
}

static size_t text_bytes(size_t n)
{
    return length_bytes(n) + n;
}

bool ss_kafka_exceeds(const struct ss_kept *msg, size_t limit)
{
    size_t record = 3 + text_bytes(msg->key.n) + text_bytes(msg->value.n), n = 0, size;
    const char *name;
    const void *value;
    if (!msg->headers && record + SS_AROUND_MAX <= limit)
        return false;
    for (; msg->headers && !ss_rdk.header_get_all(msg->headers, n, &name, &value, &size); n++)
        record += text_bytes(strlen(name)) + text_bytes(size);
    return BATCH_HEAD + text_bytes(record + length_bytes(n)) > limit;
}
