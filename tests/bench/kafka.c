/*
 * The peer of the Kafka bench: librdkafka with nothing around it. A loop that takes messages in batches and
 * produces each payload as it is, idempotently; at the end it waits until all are delivered. It is written as
 * librdkafka's own performance tool is, which only does one of both at a time.
 * Usage: kafka BROKERS FROM TO COUNT [NAME=VALUE]...
 */
#include "base/number.h"
#include "io/kafka_parts.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BATCH 1000

static void die(const char *what)
{
    fprintf(stderr, "kafka: %s\n", what);
    exit(1);
}

static rd_kafka_conf_t *conf_of(const char *brokers, char **settings)
{
    char why[512];
    rd_kafka_conf_t *conf = ss_rdk.conf_new();
    if (ss_rdk.conf_set(conf, "bootstrap.servers", brokers, why, sizeof why) ||
        ss_rdk.conf_set(conf, "log_level", "3", why, sizeof why)) /* a setting is of one of two clients */
        die(why);
    for (; *settings; settings++) {
        char *equals = strchr(*settings, '=');
        if (!equals)
            die("a setting is NAME=VALUE");
        *equals = '\0';
        if (ss_rdk.conf_set(conf, *settings, equals + 1, why, sizeof why))
            die(why);
        *equals = '=';
    }
    return conf;
}

static rd_kafka_t *client(rd_kafka_type_t type, rd_kafka_conf_t *conf, const char *name, const char *value)
{
    char why[512];
    /* With room for all that is to come, fetching never pauses (lib/io/kafka_wake.c). */
    if (ss_rdk.conf_set(conf, name, value, why, sizeof why) ||
        (type == RD_KAFKA_CONSUMER &&
         (ss_rdk.conf_set(conf, "queued.max.messages.kbytes", "1048576", why, sizeof why) ||
          ss_rdk.conf_set(conf, "queued.min.messages", "10000000", why, sizeof why))))
        die(why);
    rd_kafka_t *rk = ss_rdk.new(type, conf, why, sizeof why);
    if (!rk)
        die(why);
    return rk;
}

static void assign_all(rd_kafka_t *rk, const char *topic)
{
    const struct rd_kafka_metadata *md;
    rd_kafka_topic_t *rkt = ss_rdk.topic_new(rk, topic, NULL);
    if (!rkt || ss_rdk.metadata(rk, 0, rkt, &md, 10000) || md->topic_cnt != 1)
        die("no such topic");
    rd_kafka_topic_partition_list_t *list = ss_rdk.topic_partition_list_new(md->topics[0].partition_cnt);
    for (int i = 0; i < md->topics[0].partition_cnt; i++)
        ss_rdk.topic_partition_list_add(list, topic, i)->offset = RD_KAFKA_OFFSET_BEGINNING;
    ss_rdk.metadata_destroy(md);
    ss_rdk.topic_destroy(rkt);
    if (ss_rdk.assign(rk, list))
        die("cannot read it");
    ss_rdk.topic_partition_list_destroy(list);
}

static void pass_on(rd_kafka_t *producer, rd_kafka_topic_t *to, const rd_kafka_message_t *msg)
{
    while (ss_rdk.produce(to, RD_KAFKA_PARTITION_UA, RD_KAFKA_MSG_F_COPY, msg->payload, msg->len, msg->key,
                          msg->key_len, NULL)) {
        if (ss_rdk.last_error() != RD_KAFKA_RESP_ERR__QUEUE_FULL)
            die(ss_rdk.err2str(ss_rdk.last_error()));
        ss_rdk.poll(producer, 10);
    }
}

static void run(rd_kafka_t *consumer, rd_kafka_t *producer, rd_kafka_topic_t *to, int64_t n)
{
    static rd_kafka_message_t *batch[BATCH];
    rd_kafka_queue_t *queue = ss_rdk.queue_get_consumer(consumer);
    for (int64_t done = 0; done < n;) {
        ssize_t got = ss_rdk.consume_batch_queue(queue, 0, batch, BATCH); /* else it waits for so many */
        if (!got)
            got = (batch[0] = ss_rdk.consumer_poll(consumer, 100)) != NULL;
        for (ssize_t i = 0; i < got; i++) {
            if (!batch[i]->err && done++ < n)
                pass_on(producer, to, batch[i]);
            ss_rdk.message_destroy(batch[i]);
        }
        ss_rdk.poll(producer, 0);
    }
    ss_rdk.queue_destroy(queue);
    if (ss_rdk.flush(producer, 60000))
        die("not all were delivered");
}

int main(int argc, char **argv)
{
    int64_t count;
    if (argc < 5 || !ss_int_parse(argv[4], strlen(argv[4]), &count) || ss_kafka_load() < 0)
        die("BROKERS FROM TO COUNT [NAME=VALUE]...");
    rd_kafka_t *consumer =
        client(RD_KAFKA_CONSUMER, conf_of(argv[1], argv + 5), "group.id", "sentinel-stream-bench");
    rd_kafka_t *producer =
        client(RD_KAFKA_PRODUCER, conf_of(argv[1], argv + 5), "enable.idempotence", "true");
    rd_kafka_topic_t *to = ss_rdk.topic_new(producer, argv[3], NULL);
    ss_rdk.poll_set_consumer(consumer);
    assign_all(consumer, argv[2]);
    run(consumer, producer, to, count);
    ss_rdk.topic_destroy(to);
    ss_rdk.destroy(producer);
    (void)ss_rdk.consumer_close(consumer);
    ss_rdk.destroy(consumer);
    return 0;
}
