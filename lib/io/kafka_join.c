/*
 * Topics that are read as one, partition by partition: of each partition the message with the earliest event
 * time comes first, so that how quickly the brokers give one or the other topic does not matter. For that a
 * topic that has given nothing is waited for, unless it has been read to its end, or gives nothing for long.
 *
 * What was committed before comes first, of all topics, and only then anything new: a memory that is brought
 * up to date in silence must not see what comes behind.
 */
#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"
#include "base/time.h"
#include "io/kafka_source.h"
#include "json/cursor.h"
#include <stdlib.h>

#define QUEUE_MOST  16384 /* messages of a partition that wait for another topic's; then it is paused */
#define QUEUE_AGAIN 4096
#define POLL_MOST   256
#define WAIT_NS     ((int64_t)10 * 1000000000)

struct ss_kafka_waiting {
    rd_kafka_message_t *msg; /* or the event that it has been read to its end */
    int64_t time_us;
};

static int64_t time_of(const rd_kafka_message_t *msg)
{
    rd_kafka_timestamp_type_t kind;
    int64_t us;
    struct ss_str text = {msg->payload, msg->len};
    struct ss_str at = text.p ? ss_cursor_member(text, "timestamp") : (struct ss_str){NULL, 0};
    bool quoted = at.p && at.n > 2 && at.p[0] == '"';
    if (quoted && ss_time_parse(at.p + 1, at.n - 2, &us))
        return us;
    if (at.p && !quoted && ss_time_parse_epoch(at.p, at.n, &us))
        return us;
    return ss_rdk.message_timestamp(msg, &kind) * 1000;
}

static void pause_part(struct ss_kafka_source *k, struct ss_kafka_part *p, bool pause)
{
    rd_kafka_topic_partition_list_t *one = ss_rdk.topic_partition_list_new(1);
    if (!one)
        return;
    ss_rdk.topic_partition_list_add(one, p->topic, p->partition);
    if (pause)
        (void)ss_rdk.pause_partitions(k->kafka.rk, one);
    else
        (void)ss_rdk.resume_partitions(k->kafka.rk, one);
    p->paused = pause;
    ss_rdk.topic_partition_list_destroy(one);
}

static int push(struct ss_kafka_source *k, struct ss_kafka_part *p, rd_kafka_message_t *msg)
{
    if (p->n_waiting == p->waiting_cap) {
        size_t cap = p->waiting_cap ? p->waiting_cap * 2 : 1024;
        struct ss_kafka_waiting *grown = malloc(cap * sizeof *grown);
        if (!grown)
            return ss_fail(SS_ENOMEM, "out of memory for %zu messages", cap);
        for (size_t i = 0; i < p->n_waiting; i++)
            grown[i] = p->waiting[(p->first_waiting + i) & (p->waiting_cap - 1)];
        free(p->waiting);
        p->waiting = grown;
        p->waiting_cap = cap;
        p->first_waiting = 0;
    }
    p->caught = msg->err != 0;
    p->waiting[(p->first_waiting + p->n_waiting++) & (p->waiting_cap - 1)] =
        (struct ss_kafka_waiting){.msg = msg, .time_us = msg->err ? 0 : time_of(msg)};
    if (p->n_waiting >= QUEUE_MOST && !p->paused)
        pause_part(k, p, true);
    return 0;
}

static struct ss_kafka_waiting *head(const struct ss_kafka_part *p)
{
    return p->n_waiting ? &p->waiting[p->first_waiting] : NULL;
}

static rd_kafka_message_t *pop(struct ss_kafka_source *k, struct ss_kafka_part *p)
{
    rd_kafka_message_t *msg = head(p)->msg;
    p->first_waiting = (p->first_waiting + 1) & (p->waiting_cap - 1);
    p->n_waiting--;
    if (p->paused && p->n_waiting < QUEUE_AGAIN && !p->ended)
        pause_part(k, p, false);
    return msg;
}

void ss_kafka_join_forget(struct ss_kafka_source *k, struct ss_kafka_part *p)
{
    (void)k;
    for (size_t i = 0; i < p->n_waiting; i++)
        ss_rdk.message_destroy(p->waiting[(p->first_waiting + i) & (p->waiting_cap - 1)].msg);
    free(p->waiting);
    p->waiting = NULL;
    p->n_waiting = p->waiting_cap = p->first_waiting = 0;
    p->caught = p->paused = false;
}

/* What there is, into the queues; waits for the first a little. Events of no partition are `other`. */
static int gather(struct ss_kafka_source *k, int wait_ms, rd_kafka_message_t **other)
{
    for (int i = 0; i < POLL_MOST; i++) {
        rd_kafka_message_t *msg = ss_rdk.consumer_poll(k->kafka.rk, i ? 0 : wait_ms);
        if (!msg || k->why[0])
            return 0;
        bool told = msg->err && msg->err != RD_KAFKA_RESP_ERR__PARTITION_EOF;
        int at = told ? -1 : ss_kafka_part_of(k, msg);
        if (told) {
            *other = msg;
            return 0;
        }
        int err = at < 0 || !k->part[at].assigned ? SS_AGAIN : push(k, &k->part[at], msg);
        if (err)
            ss_rdk.message_destroy(msg);
        if (err && err != SS_AGAIN)
            return err;
    }
    return 0;
}

/* All that was committed of this topic before has been given again. */
static bool is_replayed(const struct ss_kafka_part *p)
{
    const struct ss_kafka_waiting *w = head(p);
    return p->next >= p->live || p->given >= p->live || p->ended || (w && w->msg->offset >= p->live) ||
           (!w && p->caught);
}

/* The partition of the unit whose message comes next; NULL while that cannot be said. */
static struct ss_kafka_part *choose(struct ss_kafka_source *k, int unit, bool blindly)
{
    struct ss_kafka_part *best = NULL;
    bool replayed = true;
    for (int i = 0; i < k->n_parts; i++)
        if (k->part[i].unit == unit && k->part[i].assigned)
            replayed &= is_replayed(&k->part[i]);
    for (int i = 0; i < k->n_parts; i++) {
        struct ss_kafka_part *p = &k->part[i];
        const struct ss_kafka_waiting *w = head(p);
        if (p->unit != unit || !p->assigned)
            continue;
        if (!replayed && is_replayed(p) && !(w && w->msg->err))
            continue;
        if (!w && !p->caught && !p->ended && !blindly)
            return NULL;
        if (w && (!best || w->time_us < head(best)->time_us))
            best = p;
    }
    return best;
}

static rd_kafka_message_t *next_of_any(struct ss_kafka_source *k, bool blindly)
{
    for (int i = 0; i < k->n_parts; i++) {
        int at = (k->turn + i) % k->n_parts; /* the one before goes on: runs of one partition are cheaper */
        if (k->part[at].nth)
            continue;
        struct ss_kafka_part *p = choose(k, k->part[at].unit, blindly);
        if (!p)
            continue;
        k->turn = at;
        if (!head(p)->msg->err)
            p->given = head(p)->msg->offset + 1;
        return pop(k, p);
    }
    return NULL;
}

int ss_kafka_join_next(struct ss_kafka_source *k, int wait_ms, rd_kafka_message_t **msg)
{
    *msg = next_of_any(k, false);
    if (*msg)
        k->waiting_ns = 0;
    int err = *msg ? 0 : gather(k, wait_ms, msg);
    if (err || *msg)
        return err;
    *msg = next_of_any(k, false);
    bool some = false;
    for (int i = 0; i < k->n_parts && !*msg; i++)
        some |= k->part[i].n_waiting > 0;
    if (!some) {
        k->waiting_ns = 0;
        return 0;
    }
    int64_t now = ss_clock_mono_ns();
    if (!k->waiting_ns)
        k->waiting_ns = now;
    if (now - k->waiting_ns < WAIT_NS)
        return 0;
    ss_warn("a topic of '%s' gives nothing and does not say that it has ended: going on without it",
            k->base.name);
    k->waiting_ns = 0;
    *msg = next_of_any(k, true);
    return 0;
}

/* The group shares out the first topic only; who reads a partition of it reads those of the others. */
rd_kafka_topic_partition_list_t *ss_kafka_with_partners(const struct ss_kafka_source *k,
                                                        const rd_kafka_topic_partition_list_t *list)
{
    rd_kafka_topic_partition_list_t *all = ss_rdk.topic_partition_list_copy(list);
    for (int t = 1; k->uri.joined && t < k->uri.n_topics; t++)
        for (int i = 0; i < list->cnt; i++)
            ss_rdk.topic_partition_list_add(all, k->uri.topic[t], list->elems[i].partition);
    return all;
}
