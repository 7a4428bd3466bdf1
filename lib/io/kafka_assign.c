/* The partitions of a Kafka source, and what the group gives and takes of them. */
#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"
#include "io/kafka_source.h"
#include <stdlib.h>

/* --- partitions */

struct ss_kafka_part *ss_kafka_part_named(struct ss_kafka_source *k, const char *topic, int32_t partition)
{
    for (int i = 0; i < k->n_parts; i++)
        if (k->part[i].partition == partition && strcmp(k->part[i].topic, topic) == 0)
            return &k->part[i];
    return NULL;
}

/* Messages come in runs, and all of one topic point to one handle: names are seldom compared. */
int ss_kafka_part_of(struct ss_kafka_source *k, const rd_kafka_message_t *msg)
{
    struct ss_kafka_part *p = &k->part[k->last];
    if (p->rkt == msg->rkt && p->partition == msg->partition)
        return k->last;
    for (int i = 0; i < k->n_parts; i++) {
        p = &k->part[i];
        if (p->partition != msg->partition)
            continue;
        if (p->rkt != msg->rkt && strcmp(p->topic, ss_rdk.topic_name(msg->rkt)) != 0)
            continue;
        p->rkt = msg->rkt;
        return k->last = i;
    }
    return -1;
}

static int add_part(struct ss_kafka_source *k, const char *topic, int32_t partition,
                    struct ss_kafka_part **added)
{
    struct ss_kafka_part *grown = realloc(k->part, ((size_t)k->n_parts + 1) * sizeof *grown);
    if (!grown)
        return ss_fail(SS_ENOMEM, "out of memory");
    k->part = grown;
    struct ss_kafka_part *p = &grown[k->n_parts++];
    *p = (struct ss_kafka_part){.topic = topic,
                                .partition = partition,
                                .next = SS_NOT_YET,
                                .committed = SS_NOT_YET,
                                .end = SS_NOT_YET,
                                .eof = SS_NOT_YET};
    p->unit = k->uri.joined ? partition + 1 : k->n_parts;
    for (int t = 0; k->uri.joined && t < k->uri.n_topics; t++)
        p->nth = strcmp(k->uri.topic[t], topic) == 0 ? t : p->nth;
    if (added)
        *added = p;
    return 0;
}

/* --- the group */

static void forget(struct ss_kafka_source *k, struct ss_kafka_part *p)
{
    ss_kafka_queue_forget(k, p);
    p->live = p->given = p->read = 0;
    p->next = p->committed = p->eof = SS_NOT_YET;
    p->rkt = NULL; /* freed perhaps, and its address another topic's */
    p->assigned = false;
}

int ss_kafka_part_know(struct ss_kafka_source *k, const char *name, int32_t partition,
                       struct ss_kafka_part **found)
{
    const char *topic = NULL;
    *found = ss_kafka_part_named(k, name, partition);
    for (int t = 0; t < k->uri.n_topics && !*found; t++)
        if (strcmp(k->uri.topic[t], name) == 0)
            topic = k->uri.topic[t];
    if (*found || !topic)
        return 0;
    int err = add_part(k, topic, partition, found);
    if (err < 0)
        return err;
    (*found)->added = true;
    (*found)->ended = k->uri.until == SS_UNTIL_END; /* what was there at the start does not end in it */
    return 0;
}

/* The client names no protocol before its group has settled on one, as when it is closed at once. */
static bool is_cooperative(const struct ss_kafka_source *k)
{
    const char *protocol = ss_rdk.rebalance_protocol(k->kafka.rk);
    return protocol && strcmp(protocol, "COOPERATIVE") == 0;
}

int ss_kafka_assign(struct ss_kafka_source *k, rd_kafka_topic_partition_list_t *list)
{
    bool cooperative = is_cooperative(k);
    for (int i = 0; i < list->cnt; i++) {
        struct ss_kafka_part *p;
        int err = ss_kafka_part_know(k, list->elems[i].topic, list->elems[i].partition, &p);
        if (err < 0 || !p)
            return err;
        forget(k, p);
        p->assigned = true;
        p->ended &= p->end == SS_NOT_YET;
    }
    if (k->uri.until >= SS_UNTIL_END) /* one that ended here before may have come back */
        (void)ss_rdk.resume_partitions(k->kafka.rk, list);
    rd_kafka_error_t *error = cooperative ? ss_rdk.incremental_assign(k->kafka.rk, list) : NULL;
    if (error)
        (void)ss_kafka_fail(&k->kafka, SS_EIO, "cannot take partitions at", ss_rdk.error_string(error));
    rd_kafka_resp_err_t why = cooperative ? 0 : ss_rdk.assign(k->kafka.rk, list);
    if (why)
        (void)ss_kafka_fail(&k->kafka, SS_EIO, "cannot take partitions at", ss_rdk.err2str(why));
    if (error)
        ss_rdk.error_destroy(error);
    return error || why ? SS_EIO : 0;
}

static void unassign(struct ss_kafka_source *k, rd_kafka_topic_partition_list_t *list)
{
    for (int i = 0; i < list->cnt; i++) {
        struct ss_kafka_part *p = ss_kafka_part_named(k, list->elems[i].topic, list->elems[i].partition);
        if (!p)
            continue;
        ss_taken_disown(&k->taken, (int)(p - k->part));
        ss_kafka_join_forget(k, p);
        forget(k, p);
    }
    if (is_cooperative(k)) {
        rd_kafka_error_t *error = ss_rdk.incremental_unassign(k->kafka.rk, list);
        if (error)
            ss_rdk.error_destroy(error);
    } else {
        (void)ss_rdk.assign(k->kafka.rk, NULL);
    }
}

/* Lets go of what the group wants back. */
void ss_kafka_give_up(struct ss_kafka_source *k)
{
    if (k->wanted) {
        ss_kafka_tell_going(k, k->wanted);
        unassign(k, k->wanted);
        ss_rdk.topic_partition_list_destroy(k->wanted);
    }
    k->wanted = NULL;
    k->lost = k->base.urgent = false;
}

void ss_kafka_on_rebalance(rd_kafka_t *rk, rd_kafka_resp_err_t what, rd_kafka_topic_partition_list_t *list,
                           void *opaque)
{
    struct ss_kafka_source *k =
        (struct ss_kafka_source *)((char *)opaque - offsetof(struct ss_kafka_source, kafka));
    k->rebalances++;
    if (what == RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS) {
        ss_info("group '%s' gives %d partition%s of '%s'", k->uri.group, list->cnt, list->cnt == 1 ? "" : "s",
                k->base.name);
        if (k->keeper && !k->closing) { /* by the next read, which may wait */
            if (k->coming)
                ss_rdk.topic_partition_list_destroy(k->coming);
            k->coming = ss_kafka_with_partners(k, list);
            k->coming_ns = ss_clock_mono_ns();
            return;
        }
        rd_kafka_topic_partition_list_t *all = ss_kafka_with_partners(k, list);
        int err = ss_kafka_own_starts(k, all);
        k->why_is = err ? err : ss_kafka_assign(k, all);
        if (k->why_is < 0)
            snprintf(k->why, sizeof k->why, "%s", ss_err_text());
        ss_rdk.topic_partition_list_destroy(all);
        return;
    }
    ss_info("group '%s' %s %d partition%s of '%s' back", k->uri.group,
            ss_rdk.assignment_lost(rk) ? "has taken" : "wants", list->cnt, list->cnt == 1 ? "" : "s",
            k->base.name);
    if (k->closing) {
        rd_kafka_topic_partition_list_t *all = ss_kafka_with_partners(k, list);
        unassign(k, all);
        ss_rdk.topic_partition_list_destroy(all);
        return;
    }
    k->lost |= ss_rdk.assignment_lost(rk);
    k->wanted = ss_kafka_with_partners(k, list);
    k->base.urgent = true;
}

/* A partition read to its end is consumed up to there, past what was never given: markers of transactions. */
int64_t ss_kafka_part_position(const struct ss_kafka_source *k, const struct ss_kafka_part *p)
{
    return p->eof > p->next && p->eof_bytes <= k->taken.consumed ? p->eof : p->next;
}

rd_kafka_topic_partition_list_t *ss_kafka_source_offsets(struct ss_source *src)
{
    struct ss_kafka_source *k = ss_kafka_source_of(src);
    rd_kafka_topic_partition_list_t *list = NULL;
    for (int i = 0; i < k->n_parts; i++) {
        struct ss_kafka_part *p = &k->part[i];
        int64_t at = ss_kafka_part_position(k, p);
        if (!p->assigned || at == SS_NOT_YET || at == p->committed || at < p->live)
            continue;
        if (!list)
            list = ss_rdk.topic_partition_list_new(k->n_parts);
        ss_rdk.topic_partition_list_add(list, p->topic, p->partition)->offset = at;
    }
    return list;
}

int ss_kafka_parts_find(struct ss_kafka_source *k)
{
    for (int t = 0; t < k->uri.n_topics; t++) {
        int n = ss_kafka_partitions(&k->kafka, k->uri.topic[t], false, SS_ENOINPUT);
        if (n < 0)
            return n;
        if (k->uri.joined && t > 0 && t * n != k->n_parts)
            return ss_fail(SS_EUSAGE, "topics that are read as one must have as many partitions: '%s' has %d",
                           k->uri.topic[t], n);
        for (int i = 0; i < n; i++) {
            int err = add_part(k, k->uri.topic[t], i, NULL);
            if (err < 0)
                return err;
        }
    }
    return ss_kafka_ends(k);
}

int ss_kafka_parts_begin(struct ss_kafka_source *k)
{
    rd_kafka_resp_err_t why;
    rd_kafka_topic_partition_list_t *list;
    ss_rdk.poll_set_consumer(k->kafka.rk);
    k->queue.from = ss_rdk.queue_get_consumer(k->kafka.rk);
    if (!k->queue.from)
        return ss_fail(SS_EBUG, "Kafka's client has no queue");
    if (k->uri.group) {
        list = ss_rdk.topic_partition_list_new(k->uri.n_topics);
        for (int t = 0; t < (k->uri.joined ? 1 : k->uri.n_topics); t++)
            ss_rdk.topic_partition_list_add(list, k->uri.topic[t], RD_KAFKA_PARTITION_UA);
        why = ss_rdk.subscribe(k->kafka.rk, list);
        k->joined = !why;
    } else {
        list = ss_rdk.topic_partition_list_new(k->n_parts);
        for (int i = 0; i < k->n_parts; i++)
            ss_rdk.topic_partition_list_add(list, k->part[i].topic, k->part[i].partition);
        int err = ss_kafka_starts(k, list);
        if (err < 0) {
            ss_rdk.topic_partition_list_destroy(list);
            return err;
        }
        why = ss_rdk.assign(k->kafka.rk, list);
        for (int i = 0; i < k->n_parts; i++)
            k->part[i].assigned = true;
    }
    ss_rdk.topic_partition_list_destroy(list);
    return why ? ss_kafka_fail(&k->kafka, SS_EIO, "cannot read from", ss_rdk.err2str(why)) : 0;
}
