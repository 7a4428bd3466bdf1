/*
 * Handing messages to the client, many in one call: one by one, each costs three looks at the clock, two
 * locks and the finding of its partition.
 *
 * Messages without a key that go together go to one partition, so that they make one large request. The
 * client chooses it for the first of them, and is told it for the others.
 */
#include "base/clock.h"
#include "io/kafka_producer.h"

#define MANY    256
#define STICKY  "10" /* how long, in ms, the client would stay with one partition: as we do */
#define STAY_NS ((int64_t)10 * 1000000)

/* What choose() last answered in this thread: the client asks in its own as well. */
static _Thread_local int32_t chosen;

/* With a key as Java's clients do it; without one any partition, rather one that has a leader. */
static int32_t choose(const rd_kafka_topic_t *topic, const void *key, size_t len, int32_t partitions,
                      void *of_topic, void *of_message)
{
    if (key)
        return ss_rdk.msg_partitioner_murmur2(topic, key, len, partitions, of_topic, of_message);
    chosen = ss_rdk.msg_partitioner_random(topic, key, len, partitions, of_topic, of_message);
    return chosen;
}

static bool is_set(rd_kafka_conf_t *conf, const char *name, const char *value)
{
    char is[64];
    size_t n = sizeof is;
    return ss_rdk.conf_get(conf, name, is, &n) == RD_KAFKA_CONF_OK && strcmp(is, value) == 0;
}

void ss_producer_choose(struct ss_producer *p, rd_kafka_conf_t *conf)
{
    char why[256];
    p->chooses =
        is_set(conf, "partitioner", "murmur2_random") &&
        is_set(conf, "sticky.partitioning.linger.ms", STICKY) &&
        ss_rdk.conf_set(conf, "sticky.partitioning.linger.ms", "0", why, sizeof why) == RD_KAFKA_CONF_OK;
    if (p->chooses)
        ss_rdk.topic_conf_set_partitioner_cb(ss_rdk.conf_get_default_topic_conf(conf), choose);
}

/* Those that can go in one call: of one topic, with a key or without as the first, and without headers. */
static size_t gather(const struct ss_kept *one, rd_kafka_message_t *to, size_t most)
{
    const struct ss_kept *first = one;
    size_t n = 0;
    for (; one && n < most && one->topic == first->topic && !one->key.p == !first->key.p && !one->headers;
         one = one->next)
        to[n++] = (rd_kafka_message_t){.payload = (void *)(uintptr_t)one->value.p,
                                       .len = one->value.n,
                                       .key = (void *)(uintptr_t)one->key.p,
                                       .key_len = one->key.n};
    return n;
}

/* Where a message without a key goes: RD_KAFKA_PARTITION_UA where the client is to choose. */
static int32_t stay(struct ss_producer *p, const struct ss_kept *one)
{
    if (one->key.p || p->stays_topic != one->topic)
        return RD_KAFKA_PARTITION_UA;
    return p->stays;
}

static void note_choice(struct ss_producer *p, const struct ss_kept *one)
{
    p->stays_topic = one->topic;
    p->stays = chosen;
    p->stays_ns = ss_clock_mono_ns();
}

/* Hands over those that can go in one call: *taken of them, the others after a while or never. */
static int send_many(struct ss_producer *p, size_t *taken)
{
    rd_kafka_message_t msg[MANY];
    const struct ss_kept *first = p->unsent;
    int32_t partition = stay(p, first);
    bool asks = p->chooses && !first->key.p && partition == RD_KAFKA_PARTITION_UA;
    size_t n = gather(first, msg, asks ? 1 : MANY);
    chosen = RD_KAFKA_PARTITION_UA;
    (void)ss_rdk.produce_batch(first->topic, partition, p->transactional ? 0 : RD_KAFKA_MSG_F_COPY, msg,
                               (int)n);
    for (*taken = 0; *taken < n && !msg[*taken].err;) /* behind one that is not taken none is */
        ++*taken;
    if (asks && *taken)
        note_choice(p, first);
    if (*taken == n)
        return 0;
    if (msg[*taken].err != RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION || partition == RD_KAFKA_PARTITION_UA)
        return ss_producer_wait(p, msg[*taken].err, first->topic);
    p->stays_topic = NULL; /* it has gone */
    return 0;
}

int ss_producer_hand_over(struct ss_producer *p)
{
    int err = 0;
    if (p->unsent && ss_clock_mono_ns() - p->stays_ns > STAY_NS)
        p->stays_topic = NULL;
    while (p->unsent && !p->stuck && !err) {
        size_t n = 0;
        if (p->unsent->headers) {
            err = ss_producer_send(p, p->unsent);
            n = err == 0;
        } else {
            err = send_many(p, &n);
        }
        for (; n; n--)
            p->unsent = p->unsent->next;
        p->stuck = err == SS_AGAIN;
    }
    if (err == SS_TOO_LONG)
        err = ss_producer_fail(p, "cannot write to", "a message is longer than message.max.bytes");
    if (!err && !p->transactional)
        ss_kept_forget(p);
    return p->stuck ? 0 : err;
}
