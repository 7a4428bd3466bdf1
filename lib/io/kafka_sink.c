/* Topics as sinks: each line, or record, is one message. */
#include "base/err.h"
#include "io/kafka_producer.h"
#include "io/metrics.h"
#include "json/write.h"
#include <stdlib.h>

#define COMMIT_US    100000
#define LINE_CEILING ((size_t)1 << 30)

struct kafka_sink {
    struct ss_sink base;
    struct ss_producer *p;
    struct ss_kafka_uri uri;
    rd_kafka_topic_t *topic; /* opened with the first message: until then the client may be replaced */
    size_t limit;            /* bytes of a message alone that the topic does not take; 0: of none */
    struct ss_buf line;      /* of write: the beginning of a line */
    uint64_t messages;
};

static struct kafka_sink *of(struct ss_sink *sink)
{
    return (struct kafka_sink *)sink;
}

static int open_topic(struct kafka_sink *s)
{
    if (s->topic)
        return 0;
    s->topic = ss_rdk.topic_new(s->p->kafka.rk, s->uri.topic[0], NULL);
    s->p->topics += s->topic != NULL;
    return s->topic ? 0 : ss_fail(SS_ECREATE, "Kafka's client cannot use topic '%s'", s->uri.topic[0]);
}

static int put(struct kafka_sink *s, struct ss_str key, struct ss_str value, const void *headers)
{
    struct ss_kept msg = {.key = key, .value = value, .headers = (rd_kafka_headers_t *)(uintptr_t)headers};
    int err = open_topic(s);
    if (err)
        return err;
    msg.topic = s->topic;
    s->base.too_long = "longer than the topic's max.message.bytes";
    if (s->limit && ss_kafka_exceeds(&msg, s->limit))
        return SS_TOO_LONG;
    s->base.too_long = "longer than message.max.bytes";
    err = ss_producer_put(s->p, &msg);
    s->messages += err == 0;
    return err;
}

static int kafka_put(struct ss_sink *sink, const struct ss_message *msg)
{
    const struct ss_origin *origin = msg->origin;
    struct ss_str key = msg->key.p || !origin ? msg->key : origin->key, value = {msg->bytes, msg->len};
    const void *headers = origin ? origin->headers : NULL;
    if (!msg->n_labels)
        return put(of(sink), key, value, headers);
    rd_kafka_headers_t *more = headers ? ss_rdk.headers_copy(headers) : ss_rdk.headers_new(8);
    if (!more)
        return ss_fail(SS_ENOMEM, "out of memory for headers");
    for (int i = 0; i < msg->n_labels; i++)
        (void)ss_rdk.header_add(more, msg->label[i].name, -1, msg->label[i].value.p,
                                (ssize_t)msg->label[i].value.n);
    int err = put(of(sink), key, value, more);
    ss_rdk.headers_destroy(more);
    return err;
}

/* Bytes whose records nobody names: each line becomes a message without a key. */
static int kafka_write(struct ss_sink *sink, const void *bytes, size_t len)
{
    struct kafka_sink *s = of(sink);
    const char *p = bytes, *end = p + len;
    while (p < end) {
        const char *newline = memchr(p, '\n', (size_t)(end - p));
        ss_buf_put(&s->line, p, (size_t)((newline ? newline : end) - p));
        int err = ss_buf_check(&s->line);
        if (!err && newline) {
            err = put(s, (struct ss_str){NULL, 0}, (struct ss_str){s->line.n ? s->line.p : "", s->line.n},
                      NULL);
            if (err == SS_TOO_LONG)
                err = ss_fail(SS_EIO, "cannot write to '%s': a line is %s", s->p->brokers, s->base.too_long);
            ss_buf_reset(&s->line);
        }
        if (err < 0)
            return err;
        p = newline ? newline + 1 : end;
    }
    return 0;
}

static int kafka_push(struct ss_sink *sink, bool more)
{
    return ss_producer_push(of(sink)->p, more);
}

static int kafka_sync(struct ss_sink *sink)
{
    return ss_producer_sync(of(sink)->p);
}

static int kafka_commit(struct ss_sink *sink, struct ss_source *src)
{
    return ss_producer_commit(of(sink)->p, src);
}

static int kafka_check(struct ss_sink *sink)
{
    int err = open_topic(of(sink));
    return err ? err : ss_kafka_check(&of(sink)->p->kafka, of(sink)->topic);
}

static void put_stats(struct ss_sink *sink, struct ss_buf *json)
{
    struct kafka_sink *s = of(sink);
    struct ss_producer *p = s->p;
    ss_json_key(json, "topic");
    ss_json_put_string(json, ss_str_of(sink->name));
    ss_json_key(json, "messages");
    ss_json_put_int(json, (int64_t)s->messages);
    ss_json_key(json, "failed");
    ss_json_put_int(json, (int64_t)p->failures);
    if (p->transactional) {
        ss_json_key(json, "transactions");
        ss_json_put_int(json, (int64_t)p->transactions);
        ss_json_key(json, "retried");
        ss_json_put_int(json, (int64_t)p->retries);
        ss_json_key(json, "aborted");
        ss_json_put_int(json, (int64_t)p->aborts);
    }
    ss_json_key(json, "queued");
    ss_json_put_int(json, ss_rdk.outq_len(p->kafka.rk));
    if (p->kafka.rtt_us > 0) {
        ss_json_key(json, "rtt_us");
        ss_json_put_double(json, p->kafka.rtt_us);
    }
}

static void put_metrics(struct ss_sink *sink, const char *port, struct ss_metrics *to)
{
    struct kafka_sink *s = of(sink);
    struct ss_producer *p = s->p;
    const struct {
        const char *name, *type, *help;
        double value;
        bool transactions;
    } figures[] = {
        {"ss_kafka_written_messages_total", "counter", "Messages written.", (double)s->messages, false},
        {"ss_kafka_failed_messages_total", "counter", "Messages that were not taken.", (double)p->failures,
         false},
        {"ss_kafka_write_queue", "gauge", "Messages on their way, over all outputs.",
         (double)ss_rdk.outq_len(p->kafka.rk), false},
        {"ss_kafka_write_rtt_seconds", "gauge", "Mean time of an answer of the slowest broker.",
         p->kafka.rtt_us / 1e6, false},
        {"ss_kafka_transactions_total", "counter", "Transactions committed.", (double)p->transactions, true},
        {"ss_kafka_retried_transactions_total", "counter", "Tries to commit that failed and were repeated.",
         (double)p->retries, true},
        {"ss_kafka_aborted_transactions_total", "counter", "Transactions aborted.", (double)p->aborts, true},
        {"ss_kafka_fences_total", "counter", "Times that this member was taken for dead and refused.",
         (double)p->fences, true},
    };
    for (size_t i = 0; i < SS_COUNT(figures); i++)
        if (p->transactional || !figures[i].transactions)
            ss_metrics_add(to, figures[i].name, figures[i].type, figures[i].help, figures[i].value, "port",
                           port, "topic", sink->name, NULL);
}

/* The topic must be there, or be made by the brokers, before a run begins. */
static int prepare(struct kafka_sink *s, bool fresh)
{
    int err = ss_kafka_partitions(&s->p->kafka, s->uri.topic[0], true, SS_ECREATE);
    if (err < 0)
        return err;
    err = ss_producer_fit(s->p, s->uri.topic[0], &s->limit);
    return !err && fresh ? ss_producer_init(s->p) : err;
}

static void free_sink(struct kafka_sink *s)
{
    if (s->p && s->p->committer == &s->base)
        s->p->committer = NULL;
    if (s->topic)
        ss_rdk.topic_destroy(s->topic);
    ss_producer_let_go(s->p);
    ss_buf_free(&s->line);
    free(s->base.name);
    free(s);
}

static int kafka_close(struct ss_sink *sink)
{
    struct kafka_sink *s = of(sink);
    int err = s->line.n ? kafka_write(sink, "\n", 1) : 0;
    if (!err)
        err = kafka_sync(sink);
    free_sink(s);
    return err;
}

static const struct ss_sink_ops sink_ops = {.write = kafka_write,
                                            .sync = kafka_sync,
                                            .close = kafka_close,
                                            .put = kafka_put,
                                            .push = kafka_push,
                                            .metrics = put_metrics,
                                            .stats = put_stats,
                                            .check = kafka_check};
static const struct ss_sink_ops transactional_ops = {.write = kafka_write,
                                                     .sync = kafka_sync,
                                                     .close = kafka_close,
                                                     .put = kafka_put,
                                                     .push = kafka_push,
                                                     .commit = kafka_commit,
                                                     .metrics = put_metrics,
                                                     .stats = put_stats};

int ss_kafka_sink_open(const char *rest, struct ss_sink **sink)
{
    int err = ss_kafka_load();
    struct kafka_sink *s = err ? NULL : calloc(1, sizeof *s);
    if (!s)
        return err ? err : ss_fail(SS_ENOMEM, "out of memory");
    ss_buf_init(&s->line, LINE_CEILING);
    err = ss_kafka_uri_parse(rest, SS_KAFKA_SINK, &s->uri);
    s->base = (struct ss_sink){.ops = s->uri.exactly_once ? &transactional_ops : &sink_ops};
    if (!err && !(s->base.name = strdup(s->uri.topic[0])))
        err = ss_fail(SS_ENOMEM, "out of memory");
    if (!err && s->uri.exactly_once)
        s->base.commit_us = s->uri.commit_us ? s->uri.commit_us : COMMIT_US;
    bool fresh = false;
    if (!err)
        err = ss_producer_get(&s->uri, s->uri.exactly_once ? &s->base : NULL, &s->p, &fresh);
    if (!err)
        err = prepare(s, fresh);
    if (err < 0)
        free_sink(s);
    else
        *sink = &s->base;
    return err;
}
