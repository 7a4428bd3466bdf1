/*
 * Messages on their way to the client. Those of a transaction go some hundred at a time: nobody sees them
 * before its end. Others wait here while more input is there, some milliseconds at most, and go together: the
 * client then makes few large requests of them, and when nothing follows they wait for nothing. Had they gone
 * one by one, only linger.ms would make requests larger, at the price of that time for each message of a calm
 * stream.
 */
#include "base/clock.h"
#include "base/err.h"
#include "io/kafka_producer.h"

#define POLL_EVERY  256 /* messages between two looks at what failed; a transaction's go together */
#define KEPT_URGENT ((size_t)32 << 20)     /* of a transaction, to be committed */
#define TOGETHER    ((size_t)1 << 20)      /* bytes that wait for each other: a full request */
#define TOGETHER_NS ((int64_t)5 * 1000000) /* and how long: as the client's own linger.ms would have it */

void ss_producer_on_delivery(rd_kafka_t *rk, const rd_kafka_message_t *msg, void *opaque)
{
    struct ss_producer *p = (struct ss_producer *)((char *)opaque - offsetof(struct ss_producer, kafka));
    (void)rk;
    if (!msg->err)
        return;
    p->failures++;
    if (p->failed)
        return;
    p->failed = msg->err;
    snprintf(p->failed_topic, sizeof p->failed_topic, "%s", ss_rdk.topic_name(msg->rkt));
}

int ss_producer_fatal(struct ss_producer *p)
{
    char text[256];
    rd_kafka_resp_err_t why = ss_rdk.fatal_error(p->kafka.rk, text, sizeof text);
    if (ss_kafka_is_forbidden(why))
        return ss_producer_no_right(p, why);
    return why ? ss_producer_fail(p, "cannot go on writing to", text) : 0;
}

int ss_producer_refused(struct ss_producer *p, rd_kafka_resp_err_t why)
{
    char text[256];
    if (why == RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED)
        return ss_kafka_no_right(&p->kafka, "Write", "topic", p->failed_topic);
    bool long_one =
        why == RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE || why == RD_KAFKA_RESP_ERR_RECORD_LIST_TOO_LARGE;
    snprintf(text, sizeof text, "%s%s", ss_rdk.err2str(why),
             long_one ? "; -X message.max.bytes= should be no more than the topic's max.message.bytes" : "");
    return ss_producer_fail(p, "a message was not taken by", text);
}

/* Fatal faults come as failed deliveries, or as an error of the call that meets them. */
int ss_producer_check(struct ss_producer *p)
{
    int err = p->failed ? ss_producer_fatal(p) : 0;
    if (!err && p->failed && !p->transactional)
        return ss_producer_refused(p, p->failed);
    return err;
}

/* The client's own copy of the bytes, unless it is a transaction's. Headers become the client's. */
static rd_kafka_resp_err_t hand_over(struct ss_producer *p, const struct ss_kept *one,
                                     rd_kafka_headers_t *headers)
{
    void *value = (void *)(uintptr_t)one->value.p, *key = (void *)(uintptr_t)one->key.p;
    if (p->transactional || headers)
        return ss_rdk.producev(p->kafka.rk, RD_KAFKA_V_RKT(one->topic),
                               RD_KAFKA_V_MSGFLAGS(p->transactional ? 0 : RD_KAFKA_MSG_F_COPY),
                               RD_KAFKA_V_KEY(key, one->key.n), RD_KAFKA_V_VALUE(value, one->value.n),
                               RD_KAFKA_V_HEADERS(headers), RD_KAFKA_V_END);
    return ss_rdk.produce(one->topic, RD_KAFKA_PARTITION_UA, RD_KAFKA_MSG_F_COPY, value, one->value.n, key,
                          one->key.n, NULL)
               ? ss_rdk.last_error()
               : 0;
}

static rd_kafka_headers_t *copy_headers(const void *headers)
{
    return headers ? ss_rdk.headers_copy(headers) : NULL;
}

int ss_producer_wait(struct ss_producer *p, rd_kafka_resp_err_t why, const rd_kafka_topic_t *topic)
{
    int err = ss_producer_check(p);
    if (err)
        return err;
    if (why == RD_KAFKA_RESP_ERR__FATAL)
        return ss_producer_fatal(p);
    if (why == RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE)
        return SS_TOO_LONG;
    if (why == RD_KAFKA_RESP_ERR__STATE && p->transactional)
        return SS_AGAIN;
    if (why == RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED)
        return ss_kafka_no_right(&p->kafka, "Write", "topic", ss_rdk.topic_name(topic));
    if (why != RD_KAFKA_RESP_ERR__QUEUE_FULL)
        return ss_producer_fail(p, "cannot write to", ss_rdk.err2str(why));
    ss_rdk.poll(p->kafka.rk, 100);
    return 0;
}

int ss_producer_send(struct ss_producer *p, const struct ss_kept *one)
{
    rd_kafka_headers_t *headers = copy_headers(one->headers);
    for (;;) {
        rd_kafka_resp_err_t why = hand_over(p, one, headers);
        if (!why)
            return 0;
        int err = ss_producer_wait(p, why, one->topic);
        if (err && headers)
            ss_rdk.headers_destroy(headers);
        if (err)
            return err;
    }
}

/* --- messages that are kept */

void ss_kept_forget(struct ss_producer *p)
{
    for (struct ss_kept *one = p->headers ? p->first : NULL; one; one = one->next)
        if (one->headers)
            ss_rdk.headers_destroy(one->headers);
    p->first = p->unsent = NULL;
    p->last = &p->first;
    p->headers = false;
    p->kept_bytes = 0;
    ss_arena_reset(&p->kept);
    ss_arena_reset(&p->texts);
    if (p->committer)
        p->committer->urgent = false;
}

/* A copy of it. The bytes of a transaction's messages stay where they are until it
 * is committed. */
static struct ss_kept *copy(struct ss_producer *p, const struct ss_kept *from)
{
    struct ss_kept *one = ss_arena_alloc(&p->kept, sizeof *one);
    char *key = ss_arena_alloc(&p->texts, from->key.n + from->value.n);
    if (!one || !key)
        return NULL;
    char *value = key + from->key.n;
    if (from->key.n)
        memcpy(key, from->key.p, from->key.n);
    memcpy(value, from->value.p, from->value.n);
    *one = (struct ss_kept){.topic = from->topic,
                            .key = {from->key.p ? key : NULL, from->key.n},
                            .value = {value, from->value.n},
                            .headers = copy_headers(from->headers)};
    return one;
}

static void link_last(struct ss_producer *p, struct ss_kept *one)
{
    *p->last = one;
    p->last = &one->next;
    p->headers |= one->headers != NULL;
    p->kept_bytes += one->value.n;
    if (p->transactional && p->kept_bytes > KEPT_URGENT && p->committer)
        p->committer->urgent = true;
}

/* It may be longer than the client takes, which the client is asked at once. */
static bool is_large(const struct ss_producer *p, const struct ss_kept *msg)
{
    size_t n = msg->key.n + msg->value.n + SS_AROUND_MAX, size;
    const char *name;
    const void *value;
    for (size_t i = 0; msg->headers && !ss_rdk.header_get_all(msg->headers, i, &name, &value, &size); i++)
        n += strlen(name) + size + SS_AROUND_MAX;
    return n > p->message_max;
}

/* What came before goes before it. */
static int put_large(struct ss_producer *p, const struct ss_kept *msg)
{
    int err = ss_producer_hand_over(p);
    if (err || !p->transactional)
        return err ? err : ss_producer_send(p, msg);
    struct ss_kept *one = copy(p, msg);
    if (!one)
        return SS_ENOMEM;
    err = p->stuck ? 0 : ss_producer_send(p, one);
    p->stuck |= err == SS_AGAIN;
    if (!err || p->stuck) {
        link_last(p, one);
        return 0;
    }
    if (one->headers)
        ss_rdk.headers_destroy(one->headers);
    return err;
}

static int put_together(struct ss_producer *p, const struct ss_kept *msg)
{
    struct ss_kept *one = copy(p, msg);
    if (!one)
        return SS_ENOMEM;
    if (!p->first && !p->transactional)
        p->kept_ns = ss_clock_mono_ns();
    link_last(p, one);
    if (!p->unsent)
        p->unsent = one;
    return !p->transactional && p->kept_bytes >= TOGETHER ? ss_producer_hand_over(p) : 0;
}

int ss_producer_put(struct ss_producer *p, const struct ss_kept *msg)
{
    int err = ss_producer_check(p);
    if (!err && p->transactional && !p->open)
        err = ss_producer_begin(p);
    if (!err)
        err = is_large(p, msg) ? put_large(p, msg) : put_together(p, msg);
    if (err || ++p->put % POLL_EVERY)
        return err;
    ss_rdk.poll(p->kafka.rk, 0);
    return p->transactional ? ss_producer_hand_over(p) : 0;
}

int ss_producer_push(struct ss_producer *p, bool more)
{
    if (!p->unsent)
        return 0;
    bool wait = more && (p->transactional ||
                         (p->kept_bytes < TOGETHER && ss_clock_mono_ns() - p->kept_ns < TOGETHER_NS));
    return wait ? 0 : ss_producer_hand_over(p);
}
