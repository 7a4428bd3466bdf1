/*
 * Topics as a source. Each message is handed over as one line; it stays in a queue, with the place it came
 * from, until the reader reports its bytes as consumed. Then its position may be committed.
 *
 * When the group wants partitions back they are not given up at once: the source says that it is urgent, the
 * loop commits what it has worked off, and only then they are let go. So nothing that another member reads
 * has been left half done here.
 */
#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"
#include "io/kafka_source.h"
#include <stdlib.h>

#define POLL_MS   20 /* how long a read may wait: the loop looks at its stop flag and its commits */
#define COMMIT_US 1000000

int ss_kafka_source_no_right(struct ss_kafka_source *k, rd_kafka_resp_err_t why, const char *topic)
{
    bool group = why == RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED;
    k->forbidden = true;
    return ss_kafka_no_right(&k->kafka, "Read", group ? "group" : "topic", group ? k->uri.group : topic);
}

/* --- reading */

static bool finished(const struct ss_kafka_source *k)
{
    if (k->uri.until == SS_UNTIL_COUNT)
        return k->messages >= (uint64_t)k->uri.until_at;
    return k->uri.until != SS_UNTIL_NEVER && ss_kafka_parts_ended(k);
}

/* A message that tells something instead of carrying something. */
static int on_event(struct ss_kafka_source *k, const rd_kafka_message_t *msg)
{
    if (msg->err == RD_KAFKA_RESP_ERR__PARTITION_EOF) {
        int i = ss_kafka_part_of(k, msg);
        struct ss_kafka_part *p = i < 0 ? NULL : &k->part[i];
        if (!p || !p->assigned || p->ended) /* where reading has ended, what lies between was thrown away */
            return 0;
        p->eof = msg->offset;
        p->eof_bytes = k->base.taken_bytes;
        if (k->uri.until == SS_UNTIL_END ||
            (k->uri.until == SS_UNTIL_TIME && ss_clock_wall_us() / 1000 >= k->uri.until_at))
            ss_kafka_part_end(k, p);
        return 0;
    }
    char fatal[256];
    if (ss_rdk.fatal_error(k->kafka.rk, fatal, sizeof fatal))
        return ss_kafka_fail(&k->kafka, SS_EIO, "cannot go on reading from", fatal);
    const char *why = msg->payload ? (const char *)msg->payload : ss_rdk.err2str(msg->err);
    switch (msg->err) {
    case RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED:
        if (!k->uri.group) /* the client asks for one although there is none */
            break;
        return ss_kafka_source_no_right(k, msg->err, NULL);
    case RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED:
        return ss_kafka_source_no_right(k, msg->err, msg->rkt ? ss_rdk.topic_name(msg->rkt) : k->base.name);
    case RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART:
    case RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC:
    case RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION:
    case RD_KAFKA_RESP_ERR__BAD_MSG: return ss_kafka_fail(&k->kafka, SS_EIO, "cannot read from", why);
    case RD_KAFKA_RESP_ERR__MAX_POLL_EXCEEDED:
        ss_warn("the output was slower than the group waits: %s", why);
        break;
    default: ss_info("kafka: %s", why);
    }
    return 0;
}

/* A message is not wanted when it lies beyond where reading ends, or came after its partition had gone. The
 * first one beyond says that all before it has come, though there may be gaps: markers of transactions. */
static bool is_wanted(struct ss_kafka_source *k, struct ss_kafka_part *p, const rd_kafka_message_t *msg)
{
    if (!p->assigned || p->ended)
        return false;
    rd_kafka_timestamp_type_t kind;
    bool beyond = (p->end != SS_NOT_YET && msg->offset >= p->end) ||
                  (k->uri.until == SS_UNTIL_TIME && p->end == SS_NOT_YET &&
                   ss_rdk.message_timestamp(msg, &kind) >= k->uri.until_at);
    if (beyond || (p->end != SS_NOT_YET && msg->offset + 1 >= p->end))
        ss_kafka_part_end(k, p);
    if (beyond) {
        p->eof = p->end != SS_NOT_YET ? p->end : msg->offset;
        p->eof_bytes = k->base.taken_bytes;
    }
    return !beyond;
}

/* Payload as a line: what is a line's end inside it can only be a blank, in JSON. */
static void copy_line(char *to, const char *from, size_t n)
{
    memcpy(to, from, n);
    for (char *p = to; (p = memchr(p, '\n', n - (size_t)(p - to))) != NULL;)
        *p++ = ' ';
}

/* Hands over as much of the message as there is room for. */
static size_t give(struct ss_kafka_source *k, rd_kafka_message_t *msg, size_t at, char *to, size_t cap)
{
    const char *text = msg->payload;
    size_t len = msg->len;
    while (len && text[len - 1] == '\n')
        len--;
    at = at < len ? at : len;
    size_t n = len - at < cap ? len - at : cap;
    if (n)
        copy_line(to, text + at, n);
    bool whole = at + n == len && n < cap;
    if (whole)
        to[n++] = '\n';
    k->rest = whole ? NULL : msg;
    k->rest_at = at + n;
    k->base.taken_bytes += (int64_t)n;
    if (whole) /* its bytes are at hand now */
        ss_taken_close(&k->taken, k->base.taken_bytes, ss_kafka_is_bare(msg));
    return n;
}

static int begin_message(struct ss_kafka_source *k, rd_kafka_message_t *msg, bool *taken)
{
    int i = msg->err ? -1 : ss_kafka_part_of(k, msg), err = 0;
    *taken = false;
    if (msg->err)
        err = on_event(k, msg);
    else if (i >= 0 && is_wanted(k, &k->part[i], msg)) {
        err = ss_taken_add(&k->taken, msg, i, msg->offset + 1);
        *taken = err == 0;
    }
    if (!*taken) {
        ss_rdk.message_destroy(msg);
        return err;
    }
    if (i >= 0)
        k->part[i].read = msg->offset + 1;
    if (i >= 0 && msg->offset < k->part[i].live) {
        k->replayed++;
        return 0;
    }
    k->messages++;
    k->bytes += msg->len;
    return 0;
}

static int next_message(struct ss_kafka_source *k, int wait_ms, rd_kafka_message_t **msg)
{
    if (k->uri.joined)
        return ss_kafka_join_next(k, wait_ms, msg);
    *msg = ss_kafka_queue_next(k, wait_ms);
    return 0;
}

static ssize_t kafka_read(struct ss_source *src, void *to, size_t cap)
{
    struct ss_kafka_source *k = ss_kafka_source_of(src);
    char *p = to;
    ss_kafka_give_up(k); /* what a reader that commits nothing still holds */
    int coming = k->coming ? ss_kafka_take_over(k) : 0;
    if (coming < 0)
        return coming;
    size_t n = k->rest ? give(k, k->rest, k->rest_at, p, cap) : 0;
    while (!k->rest && !k->wanted && !k->coming && !finished(k)) {
        rd_kafka_message_t *msg;
        int failed = next_message(k, n ? 0 : POLL_MS, &msg);
        if (failed < 0)
            return failed;
        if (k->why[0])
            return ss_fail(k->why_is, "%s", k->why);
        if (!msg) {
            ss_kafka_wake(k);
            break;
        }
        bool taken;
        int err = begin_message(k, msg, &taken);
        if (err < 0)
            return err;
        if (!taken)
            continue;
        if (n && msg->len >= cap - n) { /* whole, next time */
            k->rest = msg;
            k->rest_at = 0;
            break;
        }
        n += give(k, msg, 0, p + n, cap - n);
    }
    if (n)
        return (ssize_t)n;
    /* Whoever keeps memories comes to the end of a partition also where nothing is left to be read. */
    bool settled = !k->wanted && !k->coming && (!k->keeper || !k->uri.group || k->rebalances);
    if (settled && k->uri.until >= SS_UNTIL_END)
        ss_kafka_parts_elsewhere(k);
    return k->wanted || k->coming || !finished(k) ? SS_AGAIN : 0;
}

static bool kafka_ready(struct ss_source *src)
{
    const struct ss_kafka_source *k = ss_kafka_source_of(src);
    return k->rest || (!k->wanted && !k->coming && !k->uri.joined && !finished(k) && ss_kafka_queue_ready(k));
}

/* --- what has been read */

static void consumed(struct ss_source *src, size_t bytes)
{
    struct ss_kafka_source *k = ss_kafka_source_of(src);
    int64_t next;
    int i;
    k->taken.consumed += (int64_t)bytes;
    rd_kafka_message_t *msg;
    while ((msg = ss_taken_pop(&k->taken, &i, &next)) != NULL) {
        if (i >= 0)
            k->part[i].next = next;
        ss_rdk.message_destroy(msg);
    }
}

static const struct ss_origin *origin(struct ss_source *src, uint64_t line)
{
    struct ss_kafka_source *k = ss_kafka_source_of(src);
    const struct ss_taken_one *one = ss_taken_find(&k->taken, line);
    if (!one)
        return NULL;
    const rd_kafka_message_t *msg = one->msg;
    rd_kafka_headers_t *headers = NULL;
    int i = one->part >= 0 ? one->part : ss_kafka_part_of(k, msg);
    if (!one->bare && ss_rdk.message_headers(msg, &headers))
        headers = NULL;
    k->origin = (struct ss_origin){.topic = i < 0 ? k->base.name : k->part[i].topic,
                                   .partition = msg->partition,
                                   .offset = msg->offset,
                                   .key = {msg->key, msg->key ? msg->key_len : 0},
                                   .headers = headers};
    return &k->origin;
}

rd_kafka_consumer_group_metadata_t *ss_kafka_source_member(struct ss_source *src)
{
    return ss_rdk.consumer_group_metadata(ss_kafka_source_of(src)->kafka.rk);
}

bool ss_kafka_source_lost(struct ss_source *src)
{
    struct ss_kafka_source *k = ss_kafka_source_of(src);
    return k->lost || ss_rdk.assignment_lost(k->kafka.rk);
}

int ss_kafka_source_committed(struct ss_source *src)
{
    struct ss_kafka_source *k = ss_kafka_source_of(src);
    bool moved = false;
    for (int i = 0; i < k->n_parts; i++) {
        struct ss_kafka_part *p = &k->part[i];
        int64_t at = p->assigned ? ss_kafka_part_position(k, p) : p->committed;
        if (at < p->live)
            continue; /* given again, and not there yet */
        moved |= at != p->committed;
        p->committed = at;
    }
    k->commits += moved;
    if (k->wanted && ss_taken_holds(&k->taken, -1))
        return ss_fail(SS_EIO, "the group wants partitions back whose last lines still wait for their ends");
    ss_kafka_give_up(k);
    return 0;
}

static int kafka_commit(struct ss_source *src)
{
    struct ss_kafka_source *k = ss_kafka_source_of(src);
    if (k->lost || !k->uri.group) {
        if (k->lost)
            ss_warn(
                "group '%s' has given this member's partitions to others, who will read some records again",
                k->uri.group);
        ss_kafka_give_up(k);
        return 0;
    }
    rd_kafka_topic_partition_list_t *list = ss_kafka_source_offsets(src);
    rd_kafka_resp_err_t why = list ? ss_rdk.commit(k->kafka.rk, list, 0) : 0;
    k->commits += list && !why;
    if (why)
        ss_info("positions of group '%s' are not committed yet: %s", k->uri.group, ss_rdk.err2str(why));
    for (int i = 0; list && !why && i < list->cnt; i++) {
        struct ss_kafka_part *p = ss_kafka_part_named(k, list->elems[i].topic, list->elems[i].partition);
        p->committed = list->elems[i].err ? p->committed : list->elems[i].offset;
    }
    if (list)
        ss_rdk.topic_partition_list_destroy(list);
    if (ss_kafka_is_forbidden(why))
        return ss_kafka_source_no_right(k, why, k->base.name);
    ss_kafka_give_up(k);
    return 0;
}

static void kafka_close(struct ss_source *src)
{
    struct ss_kafka_source *k = ss_kafka_source_of(src);
    if (k->kafka.rk && k->uri.group && !ss_kafka_leave(k))
        return; /* left to the end of the process */
    ss_kafka_queue_forget(k, NULL);
    for (rd_kafka_message_t *msg; (msg = ss_taken_drop(&k->taken)) != NULL;)
        ss_rdk.message_destroy(msg);
    if (k->kafka.rk) {
        if (k->queue.from)
            ss_rdk.queue_destroy(k->queue.from);
        (void)ss_rdk.consumer_close(k->kafka.rk);
        ss_rdk.destroy(k->kafka.rk);
    }
    ss_taken_free(&k->taken);
    for (int i = 0; i < k->n_parts; i++)
        ss_kafka_join_forget(k, &k->part[i]);
    free(k->part);
    free(k->base.name);
    free(k);
}

static const struct ss_source_ops source_ops = {.read = kafka_read,
                                                .close = kafka_close,
                                                .ready = kafka_ready,
                                                .consumed = consumed,
                                                .origin = origin,
                                                .commit = kafka_commit,
                                                .stats = ss_kafka_source_stats,
                                                .metrics = ss_kafka_source_metrics,
                                                .keep = ss_kafka_keep,
                                                .piece = ss_kafka_piece,
                                                .settled = ss_kafka_settled};

/* --- opening */

static int make_client(struct ss_kafka_source *k)
{
    const char *const pairs[] = {
        "group.id",
        k->uri.group ? k->uri.group : "sentinel-stream", /* needed, never joined */
        "client.id",
        "sentinel-stream",
        "enable.auto.commit",
        "false",
        "enable.auto.offset.store",
        "false",
        "enable.partition.eof",
        "true",
        "auto.offset.reset", /* where what was committed is no longer there; else from= says it */
        "earliest",
        "partition.assignment.strategy",
        "cooperative-sticky",
        "isolation.level",
        "read_committed",
        "check.crcs",
        "true",
        "socket.nagle.disable",
        "true",
        "queued.max.messages.kbytes",
        "65536",
        "fetch.wait.max.ms", /* new messages come at once anyway: this is for the end of a partition */
        "100",
        NULL,
    };
    rd_kafka_conf_t *conf;
    int err = ss_kafka_conf(pairs, &conf);
    if (err < 0)
        return err;
    if (k->uri.group)
        ss_rdk.conf_set_rebalance_cb(conf, ss_kafka_on_rebalance);
    return ss_kafka_new(&k->kafka, RD_KAFKA_CONSUMER, k->uri.brokers, conf);
}

int ss_kafka_source_open(const char *rest, struct ss_source **src)
{
    int err = ss_kafka_load();
    struct ss_kafka_source *k = err ? NULL : calloc(1, sizeof *k);
    if (!k)
        return err ? err : ss_fail(SS_ENOMEM, "out of memory");
    err = ss_kafka_uri_parse(rest, SS_KAFKA_SOURCE, &k->uri);
    k->base = (struct ss_source){.ops = &source_ops, .size_bytes = -1};
    if (!err && k->uri.group)
        k->base.commit_us = k->uri.commit_us ? k->uri.commit_us : COMMIT_US;
    if (!err && !(k->base.name = strdup(k->uri.joined ? k->uri.all : k->uri.topic[0])))
        err = ss_fail(SS_ENOMEM, "out of memory");
    if (!err)
        err = make_client(k);
    if (!err)
        err = ss_kafka_parts_find(k);
    if (!err)
        err = ss_kafka_parts_begin(k);
    if (err < 0)
        kafka_close(&k->base);
    else
        *src = &k->base;
    return err;
}
