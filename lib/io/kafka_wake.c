/*
 * Keeping librdkafka's fetching awake. A client's thread that finds its queue full
 * (queued.max.messages.kbytes) fetches no more, and looks again only when something wakes it, or after a
 * second. Whoever empties the queue in less waits for the rest of that second, each time.
 * fetch.queue.backoff.ms shortens it, from 2.2 on; any request to a partition's leader ends it, in every
 * version.
 */
#include "io/kafka_source.h"

#define WAKE_BYTES ((int64_t)4 << 20) /* handed over since: a full queue holds more */
#define WAKE_MOST  3                  /* requests at a time: each takes as long as a broker's answer */
#define WAKE_MS    50                 /* one that does not answer is not waited for */

static bool has_more(struct ss_kafka_source *k, const struct ss_kafka_part *p)
{
    int64_t low, high;
    return p->assigned && !p->ended && p->read > 0 &&
           !ss_rdk.get_watermark_offsets(k->kafka.rk, p->topic, p->partition, &low, &high) && high > p->read;
}

void ss_kafka_wake(struct ss_kafka_source *k)
{
    if (k->base.taken_bytes - k->woken_bytes < WAKE_BYTES)
        return;
    k->woken_bytes = k->base.taken_bytes;
    for (int i = 0, asked = 0; i < k->n_parts && asked < WAKE_MOST; i++) {
        k->woken = (k->woken + 1) % k->n_parts; /* of other leaders, next time */
        const struct ss_kafka_part *p = &k->part[k->woken];
        int64_t low, high;
        if (!has_more(k, p))
            continue;
        asked++;
        if (ss_rdk.query_watermark_offsets(k->kafka.rk, p->topic, p->partition, &low, &high, WAKE_MS))
            return;
    }
}
