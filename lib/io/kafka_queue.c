/*
 * Messages out of librdkafka, many at a time: taking them one by one costs a look at the clock, and locks,
 * for each. The client counts what lies here as given to us: after a pause it goes on behind it.
 *
 * So what lies here must go when its partition does: when that is given again, it begins with these messages.
 */
#include "io/kafka_source.h"

rd_kafka_message_t *ss_kafka_queue_next(struct ss_kafka_source *k, int wait_ms)
{
    struct ss_kafka_queue *q = &k->queue;
    if (q->at == q->n) {
        /* Without waiting: it would wait until there are as many as that. */
        ssize_t n = ss_rdk.consume_batch_queue(q->from, 0, q->msg, SS_KAFKA_QUEUE);
        q->at = 0;
        q->n = n < 0 ? 0 : (size_t)n;
        if (!q->n)
            return wait_ms ? ss_rdk.consumer_poll(k->kafka.rk, wait_ms) : NULL;
    }
    while (q->at < q->n) {
        rd_kafka_message_t *msg = q->msg[q->at++];
        if (msg)
            return msg;
    }
    return NULL;
}

bool ss_kafka_queue_ready(const struct ss_kafka_source *k)
{
    return k->queue.at < k->queue.n || ss_rdk.queue_length(k->queue.from) > 0;
}

static bool is_of(const rd_kafka_message_t *msg, const struct ss_kafka_part *p)
{
    return msg && msg->rkt && msg->partition == p->partition &&
           strcmp(ss_rdk.topic_name(msg->rkt), p->topic) == 0;
}

void ss_kafka_queue_forget(struct ss_kafka_source *k, const struct ss_kafka_part *p)
{
    struct ss_kafka_queue *q = &k->queue;
    for (size_t i = q->at; i < q->n; i++)
        if (!p || is_of(q->msg[i], p)) {
            if (q->msg[i])
                ss_rdk.message_destroy(q->msg[i]);
            q->msg[i] = NULL;
        }
}
