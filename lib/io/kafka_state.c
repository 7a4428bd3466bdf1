/*
 * Partitions with a memory behind them: before one is read, its keeper says from where on it must see the
 * messages again; what was committed before is given to it silently. Without a memory the messages of a span
 * of time before the committed position are given again.
 */
#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"
#include "io/kafka_source.h"
#include <stdlib.h>

#define ASK_MS  1000
#define WAIT_NS ((int64_t)120 * 1000000000) /* a predecessor's transaction may have to time out first */
#define GONE_NS ((int64_t)3 * 1000000000)   /* a position beyond the end is not believed at once */
#define PROBE   100                         /* messages before the committed one, to find a time */

/* What is there of a partition: its first message, and where its next one will be. */
struct bounds {
    int64_t low, high;
};

void ss_kafka_keep(struct ss_source *src, const struct ss_part_keeper *keeper)
{
    ss_kafka_source_of(src)->keeper = keeper;
}

bool ss_kafka_piece(struct ss_source *src, struct ss_piece *piece)
{
    const struct ss_kafka_source *k = ss_kafka_source_of(src);
    const struct ss_taken_one *one;
    *piece = (struct ss_piece){.bytes = 0};
    for (size_t i = 0; (one = ss_taken_at(&k->taken, i)) != NULL; i++) {
        const struct ss_kafka_part *p = one->part < 0 ? NULL : &k->part[one->part];
        int number = p ? p->unit : 0;
        bool silent = p && one->next <= p->live;
        if (i > 0 && (number != piece->part || silent != piece->silent))
            break;
        piece->part = number;
        piece->silent = silent;
        piece->bytes = (size_t)((one->end ? one->end : k->base.taken_bytes) - k->taken.consumed);
    }
    return piece->bytes > 0;
}

static struct ss_part part_of(const struct ss_kafka_source *k, const struct ss_kafka_part *p)
{
    struct ss_part part = {.number = p->unit,
                           .name = k->uri.joined ? k->base.name : p->topic,
                           .group = k->uri.group,
                           .partition = p->partition,
                           .topics = k->uri.joined ? k->uri.n_topics : 1};
    for (int t = 0; t < SS_JOIN_MAX; t++)
        part.position[t] = SS_NOT_YET;
    return part;
}

int ss_kafka_settled(struct ss_source *src, int number, struct ss_part *part)
{
    const struct ss_kafka_source *k = ss_kafka_source_of(src);
    int found = 0, known = 0, highest = 0;
    bool good = true;
    for (int i = 0; i < k->n_parts; i++) {
        const struct ss_kafka_part *p = &k->part[i];
        highest = p->unit > highest ? p->unit : highest;
        if (p->unit != number)
            continue;
        if (!found++)
            *part = part_of(k, p);
        int64_t at = ss_kafka_part_position(k, p);
        good &= p->assigned && at == p->committed && at >= p->live;
        part->position[p->nth] = at;
        known += at != SS_NOT_YET;
    }
    return number > highest ? -1 : found && known && good;
}

void ss_kafka_tell_going(struct ss_kafka_source *k, const rd_kafka_topic_partition_list_t *list)
{
    for (int i = 0; i < list->cnt && k->keeper; i++) {
        const rd_kafka_topic_partition_t *one = &list->elems[i];
        const struct ss_kafka_part *p = ss_kafka_part_named(k, one->topic, one->partition);
        struct ss_part part;
        if (!p || !p->assigned || p->nth)
            continue;
        bool settled = ss_kafka_settled(&k->base, p->unit, &part) > 0 && !k->lost;
        k->keeper->give(k->keeper->arg, &part, settled);
    }
}

/* --- by time */

/* A message a little before the offset says when that was, in ms; SS_NOT_YET where none can be read. */
static int64_t time_at(const struct ss_kafka_source *k, const char *topic, int32_t partition, int64_t low,
                       int64_t offset)
{
    const char *const pairs[] = {"group.id",
                                 "sentinel-stream",
                                 "enable.partition.eof",
                                 "true",
                                 "isolation.level",
                                 "read_committed",
                                 "enable.auto.commit",
                                 "false",
                                 NULL};
    struct ss_kafka probe = {.rk = NULL};
    rd_kafka_timestamp_type_t kind;
    rd_kafka_conf_t *conf;
    int64_t ms = SS_NOT_YET, until = ss_clock_mono_ns() + SS_KAFKA_ASK_MS * (int64_t)1000000;
    if (ss_kafka_conf(pairs, &conf) < 0 || ss_kafka_new(&probe, RD_KAFKA_CONSUMER, k->uri.brokers, conf) < 0)
        return ms;
    rd_kafka_topic_partition_list_t *one = ss_rdk.topic_partition_list_new(1);
    ss_rdk.topic_partition_list_add(one, topic, partition)->offset =
        offset - PROBE > low ? offset - PROBE : low;
    bool done = ss_rdk.assign(probe.rk, one) != 0;
    ss_rdk.topic_partition_list_destroy(one);
    while (!done && ss_clock_mono_ns() < until) {
        rd_kafka_message_t *msg = ss_rdk.consumer_poll(probe.rk, 100);
        if (!msg)
            continue;
        done = !msg->err || msg->err == RD_KAFKA_RESP_ERR__PARTITION_EOF;
        if (!msg->err)
            ms = ss_rdk.message_timestamp(msg, &kind);
        ss_rdk.message_destroy(msg);
    }
    (void)ss_rdk.consumer_close(probe.rk);
    ss_rdk.destroy(probe.rk);
    return ms;
}

/* Where to begin so that the memory of what was committed comes out whole. */
static void rebuild_from(struct ss_kafka_source *k, const char *topic, int32_t partition, int64_t low,
                         int64_t *offset)
{
    int64_t ms, span_ms = k->keeper->memory_us / 1000, from = *offset;
    if (low >= *offset || k->keeper->memory_us == 0)
        return;
    *offset = low;
    if (k->keeper->memory_us != INT64_MAX && (ms = time_at(k, topic, partition, low, from)) != SS_NOT_YET &&
        ms > span_ms) {
        rd_kafka_topic_partition_list_t *one = ss_rdk.topic_partition_list_new(1);
        ss_rdk.topic_partition_list_add(one, topic, partition)->offset = ms - span_ms;
        if (!ss_rdk.offsets_for_times(k->kafka.rk, one, SS_KAFKA_ASK_MS) && one->elems[0].offset >= 0)
            *offset = one->elems[0].offset < from ? one->elems[0].offset : from;
        ss_rdk.topic_partition_list_destroy(one);
    }
    ss_info("'%s' [%d] has no state here: %lld messages before %lld are read again for it", topic,
            (int)partition, (long long)(from - *offset), (long long)from);
}

/* --- taking over */

/* The positions that the group has committed, and what there is of those partitions: SS_AGAIN while that
 * cannot be told. */
static int ask_committed(struct ss_kafka_source *k, rd_kafka_topic_partition_list_t *list,
                         struct bounds *bounds)
{
    bool beyond = false;
    rd_kafka_resp_err_t why = list->cnt ? ss_rdk.committed(k->kafka.rk, list, ASK_MS) : 0;
    for (int i = 0; i < list->cnt && !why; i++)
        why = list->elems[i].err;
    for (int i = 0; i < list->cnt && !why; i++) {
        const rd_kafka_topic_partition_t *one = &list->elems[i];
        if (one->offset < 0)
            continue;
        why = ss_rdk.query_watermark_offsets(k->kafka.rk, one->topic, one->partition, &bounds[i].low,
                                             &bounds[i].high, ASK_MS);
        beyond |= !why && one->offset > bounds[i].high;
    }
    int64_t waited = ss_clock_mono_ns() - k->coming_ns;
    if (!why)
        return beyond && waited < GONE_NS ? SS_AGAIN : 0;
    if (ss_kafka_is_forbidden(why))
        return ss_kafka_source_no_right(k, why, k->base.name);
    if (waited < WAIT_NS) {
        if (!k->told_waiting)
            ss_info("group '%s' does not tell its positions yet, which are waited for: %s", k->uri.group,
                    ss_rdk.err2str(why));
        k->told_waiting = true;
        return SS_AGAIN;
    }
    return ss_kafka_fail(&k->kafka, SS_EAWAY, "cannot read committed positions at", ss_rdk.err2str(why));
}

/* A topic that was made anew, or lost its end with a broker, has not what the group has committed. What its
 * messages are now nobody has seen, though their positions are lower. */
static void start_again(rd_kafka_topic_partition_t *one, const struct bounds *bounds)
{
    ss_warn(
        "'%s' [%d] ends at %lld, and position %lld is committed: it was made anew or cut, and is read from "
        "its beginning",
        one->topic, (int)one->partition, (long long)bounds->high, (long long)one->offset);
    one->offset = bounds->low;
}

/* What is no longer there is said, and not asked for: the client would go on wherever from= says. */
static void skip_deleted(rd_kafka_topic_partition_t *one, int64_t low, int64_t live)
{
    if (low > live)
        ss_warn("'%s' [%d]: %lld messages behind the committed position are no longer there", one->topic,
                (int)one->partition, (long long)(low - live));
    if (one->offset < low && one->offset < live)
        ss_warn("'%s' [%d]: %lld messages that its state has not seen are no longer there", one->topic,
                (int)one->partition, (long long)((low < live ? low : live) - one->offset));
    one->offset = one->offset < low ? low : one->offset;
}

/* One unit: all entries of its partition in `list`, whose offsets become those to begin at. `live` gets the
 * committed ones. */
static int take_unit(struct ss_kafka_source *k, rd_kafka_topic_partition_list_t *list,
                     const struct ss_kafka_part *first, const struct bounds *bounds, int64_t *live)
{
    struct ss_part part = part_of(k, first);
    for (int i = 0; i < list->cnt; i++) {
        rd_kafka_topic_partition_t *one = &list->elems[i];
        const struct ss_kafka_part *p = ss_kafka_part_named(k, one->topic, one->partition);
        if (!p || p->unit != first->unit || one->offset < 0)
            continue;
        if (one->offset > bounds[i].high)
            start_again(one, &bounds[i]);
        else
            part.position[p->nth] = live[i] = one->offset;
    }
    int found = k->keeper->take(k->keeper->arg, &part);
    if (found < 0)
        return found;
    for (int i = 0; i < list->cnt; i++) {
        rd_kafka_topic_partition_t *one = &list->elems[i];
        const struct ss_kafka_part *p = ss_kafka_part_named(k, one->topic, one->partition);
        if (!p || p->unit != first->unit || live[i] == SS_NOT_YET)
            continue;
        if (found == 0)
            rebuild_from(k, one->topic, one->partition, bounds[i].low, &one->offset);
        else
            one->offset = part.position[p->nth];
        skip_deleted(one, bounds[i].low, live[i]);
    }
    return 0;
}

static int take_list(struct ss_kafka_source *k, rd_kafka_topic_partition_list_t *list,
                     const struct bounds *bounds, int64_t *live)
{
    int err = 0;
    for (int i = 0; i < list->cnt && !err; i++) {
        struct ss_kafka_part *p;
        err = ss_kafka_part_know(k, list->elems[i].topic, list->elems[i].partition, &p);
        live[i] = SS_NOT_YET;
    }
    for (int i = 0; i < list->cnt && !err; i++) {
        const struct ss_kafka_part *p =
            ss_kafka_part_named(k, list->elems[i].topic, list->elems[i].partition);
        if (p && p->nth == 0)
            err = take_unit(k, list, p, bounds, live);
    }
    err = err ? err : ss_kafka_starts(k, list);
    return err ? err : ss_kafka_assign(k, list);
}

int ss_kafka_take_over(struct ss_kafka_source *k)
{
    rd_kafka_topic_partition_list_t *list = k->coming;
    int64_t *live = calloc((size_t)list->cnt + 1, sizeof *live);
    struct bounds *bounds = calloc((size_t)list->cnt + 1, sizeof *bounds);
    int err = live && bounds ? ask_committed(k, list, bounds) : ss_fail(SS_ENOMEM, "out of memory");
    if (!err) {
        err = take_list(k, list, bounds, live);
        for (int i = 0; i < list->cnt && !err; i++) {
            struct ss_kafka_part *p = ss_kafka_part_named(k, list->elems[i].topic, list->elems[i].partition);
            if (!p || live[i] == SS_NOT_YET)
                continue;
            p->live = p->committed = live[i];
            p->next = list->elems[i].offset;
        }
        k->coming = NULL;
        k->told_waiting = false;
        ss_rdk.topic_partition_list_destroy(list);
    }
    free(bounds);
    free(live);
    return err;
}
