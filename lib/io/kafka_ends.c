/* Where reading a partition begins, and where it ends. */
#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"
#include "io/kafka_source.h"

#define ELSEWHERE_NS ((int64_t)500000000) /* how often to ask how far the group's other members are */
#define LEADER_TRIES 50
#define LEADER_NS    100000000 /* apart */
#define GRACE_MS     500       /* for messages that were written at the last moment */

static rd_kafka_topic_partition_list_t *list_of(const struct ss_kafka_source *k,
                                                bool (*want)(const struct ss_kafka_part *), int64_t offset)
{
    rd_kafka_topic_partition_list_t *list = ss_rdk.topic_partition_list_new(k->n_parts);
    for (int i = 0; list && i < k->n_parts; i++)
        if (want(&k->part[i]))
            ss_rdk.topic_partition_list_add(list, k->part[i].topic, k->part[i].partition)->offset = offset;
    return list;
}

static bool any(const struct ss_kafka_part *p)
{
    (void)p;
    return true;
}

static bool still_elsewhere(const struct ss_kafka_part *p)
{
    return !p->assigned && !p->ended;
}

/* --- beginnings */

/* Partitions that were added to a topic which the group was reading already: what is in them came later than
 * the group, whatever from= says. They are those that came since the start, or else those behind the last one
 * that has a committed position. What cannot be asked is not known to be added. */
static rd_kafka_resp_err_t begin_added(struct ss_kafka_source *k, rd_kafka_topic_partition_list_t *list)
{
    rd_kafka_topic_partition_list_t *all = list_of(k, any, RD_KAFKA_OFFSET_INVALID);
    rd_kafka_resp_err_t why =
        all ? ss_rdk.committed(k->kafka.rk, all, SS_KAFKA_ASK_MS) : RD_KAFKA_RESP_ERR__FAIL;
    for (int i = 0; i < list->cnt && !why; i++) {
        rd_kafka_topic_partition_t *one = &list->elems[i];
        const struct ss_kafka_part *p = ss_kafka_part_named(k, one->topic, one->partition);
        int32_t last = -1; /* with a committed position */
        for (int j = 0; j < all->cnt; j++)
            if (strcmp(all->elems[j].topic, one->topic) == 0 && all->elems[j].offset >= 0 &&
                all->elems[j].partition > last)
                last = all->elems[j].partition;
        bool added = (p && p->added) || (last >= 0 && one->partition > last);
        if (one->offset >= 0 || !added)
            continue;
        ss_info("'%s' [%d] was added later than group '%s' began: it is read from its beginning", one->topic,
                (int)one->partition, k->uri.group);
        one->offset = RD_KAFKA_OFFSET_BEGINNING;
    }
    if (all)
        ss_rdk.topic_partition_list_destroy(all);
    return why;
}

/* The first message of that time or later, or where there is none, and only then, the end of before the
 * question: from the end of some time later what came in between would be missing. */
static rd_kafka_resp_err_t try_time(struct ss_kafka_source *k, const char *topic, int32_t partition,
                                    int64_t ms, int64_t *offset)
{
    int64_t low, high;
    rd_kafka_topic_partition_list_t *one = ss_rdk.topic_partition_list_new(1);
    if (!one)
        return RD_KAFKA_RESP_ERR__FAIL;
    ss_rdk.topic_partition_list_add(one, topic, partition)->offset = ms;
    rd_kafka_resp_err_t why =
        ss_rdk.query_watermark_offsets(k->kafka.rk, topic, partition, &low, &high, SS_KAFKA_ASK_MS);
    if (!why)
        why = ss_rdk.offsets_for_times(k->kafka.rk, one, SS_KAFKA_ASK_MS);
    if (!why)
        why = one->elems[0].err;
    if (!why)
        *offset = one->elems[0].offset >= 0 ? one->elems[0].offset : high;
    ss_rdk.topic_partition_list_destroy(one);
    return why;
}

/* A partition that has just been made, or whose broker has just gone, has no leader for a moment. */
static bool has_no_leader(rd_kafka_resp_err_t why, int tries)
{
    bool none = tries < LEADER_TRIES && (why == RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION ||
                                         why == RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE);
    if (none)
        (void)ss_clock_wait_until(ss_clock_mono_ns() + LEADER_NS);
    return none;
}

static rd_kafka_resp_err_t find_time(struct ss_kafka_source *k, const char *topic, int32_t partition,
                                     int64_t ms, int64_t *offset)
{
    rd_kafka_resp_err_t why;
    int tries = 0;
    do
        why = try_time(k, topic, partition, ms, offset);
    while (has_no_leader(why, ++tries));
    return why;
}

/* Puts the place where reading begins into those of the list that have no committed one. */
int ss_kafka_starts(struct ss_kafka_source *k, rd_kafka_topic_partition_list_t *list)
{
    const struct ss_kafka_uri *uri = &k->uri;
    rd_kafka_resp_err_t why = 0;
    int open = 0;
    for (int i = 0; i < list->cnt; i++)
        open += list->elems[i].offset < 0;
    if (open && uri->group && uri->from != SS_FROM_EARLIEST && uri->from != SS_FROM_TIME)
        why = begin_added(k, list);
    if (why)
        return ss_kafka_fail(&k->kafka, SS_EAWAY, "cannot read committed positions at", ss_rdk.err2str(why));
    int64_t start = uri->from == SS_FROM_LATEST   ? RD_KAFKA_OFFSET_END
                    : uri->from == SS_FROM_OFFSET ? uri->from_at
                    : uri->from == SS_FROM_TAIL   ? RD_KAFKA_OFFSET_TAIL(uri->from_at)
                                                  : RD_KAFKA_OFFSET_BEGINNING;
    for (int i = 0; i < list->cnt && !why; i++) {
        rd_kafka_topic_partition_t *one = &list->elems[i];
        if (one->offset >= 0 || one->offset == RD_KAFKA_OFFSET_BEGINNING)
            continue;
        if (uri->from == SS_FROM_TIME)
            why = find_time(k, one->topic, one->partition, uri->from_at, &one->offset);
        else
            one->offset = start;
    }
    return why ? ss_kafka_fail(&k->kafka, SS_EAWAY, "cannot look up a time at", ss_rdk.err2str(why)) : 0;
}

/* Where reading begins, unless the group's committed positions or the client's own rule say it. */
int ss_kafka_own_starts(struct ss_kafka_source *k, rd_kafka_topic_partition_list_t *list)
{
    if (k->uri.from == SS_FROM_EARLIEST || !list->cnt)
        return 0;
    for (int i = 0; i < list->cnt; i++) {
        struct ss_kafka_part *p;
        int err = ss_kafka_part_know(k, list->elems[i].topic, list->elems[i].partition, &p);
        if (err < 0)
            return err;
    }
    rd_kafka_resp_err_t why = ss_rdk.committed(k->kafka.rk, list, SS_KAFKA_ASK_MS);
    if (ss_kafka_is_forbidden(why))
        return ss_kafka_source_no_right(k, why, k->base.name);
    return why ? ss_kafka_fail(&k->kafka, SS_EAWAY, "cannot read committed positions at", ss_rdk.err2str(why))
               : ss_kafka_starts(k, list);
}

/* --- ends */

/* until=end and until=TIME as offsets, where the topic already reaches that far. */
static rd_kafka_resp_err_t ask_ends(struct ss_kafka_source *k)
{
    rd_kafka_resp_err_t why = 0;
    if (k->uri.until == SS_UNTIL_END) {
        for (int i = 0; i < k->n_parts && !why; i++) {
            struct ss_kafka_part *p = &k->part[i];
            int64_t low;
            why = ss_rdk.query_watermark_offsets(k->kafka.rk, p->topic, p->partition, &low, &p->end,
                                                 SS_KAFKA_ASK_MS);
        }
    } else if (k->uri.until == SS_UNTIL_TIME) {
        rd_kafka_topic_partition_list_t *list = list_of(k, any, k->uri.until_at);
        why = list ? ss_rdk.offsets_for_times(k->kafka.rk, list, SS_KAFKA_ASK_MS) : RD_KAFKA_RESP_ERR__FAIL;
        for (int i = 0; list && !why && i < list->cnt; i++)
            if (list->elems[i].offset >= 0)
                k->part[i].end = list->elems[i].offset;
        if (list)
            ss_rdk.topic_partition_list_destroy(list);
    }
    return why;
}

int ss_kafka_ends(struct ss_kafka_source *k)
{
    rd_kafka_resp_err_t why;
    int tries = 0;
    do
        why = ask_ends(k);
    while (has_no_leader(why, ++tries));
    return why ? ss_kafka_fail(&k->kafka, SS_EAWAY, "cannot ask for the topic's end at", ss_rdk.err2str(why))
               : 0;
}

void ss_kafka_part_end(struct ss_kafka_source *k, struct ss_kafka_part *p)
{
    if (p->ended)
        return;
    p->ended = true;
    rd_kafka_topic_partition_list_t *one = ss_rdk.topic_partition_list_new(1);
    if (!one)
        return; /* then what comes is thrown away */
    ss_rdk.topic_partition_list_add(one, p->topic, p->partition);
    (void)ss_rdk.pause_partitions(k->kafka.rk, one);
    ss_rdk.topic_partition_list_destroy(one);
}

/* Once a time that was to come has passed, partitions end with the first message behind it, or where they are
 * read to their ends and nothing more has come. */
static void end_by_clock(struct ss_kafka_source *k)
{
    if (k->uri.until != SS_UNTIL_TIME || ss_clock_wall_us() / 1000 < k->uri.until_at + GRACE_MS)
        return;
    for (int i = 0; i < k->n_parts; i++) {
        struct ss_kafka_part *p = &k->part[i];
        if (!p->assigned && p->end == SS_NOT_YET)
            (void)find_time(k, p->topic, p->partition, k->uri.until_at, &p->end);
        if (p->assigned && !p->ended && p->eof != SS_NOT_YET && p->next <= p->eof && !p->n_waiting &&
            !ss_taken_holds(&k->taken, i))
            ss_kafka_part_end(k, p);
    }
}

/* The partitions that other members of the group read are ended once those have committed that far. */
void ss_kafka_parts_elsewhere(struct ss_kafka_source *k)
{
    int64_t now = ss_clock_mono_ns();
    if (now - k->asked_ns < ELSEWHERE_NS)
        return;
    k->asked_ns = now;
    end_by_clock(k);
    if (!k->uri.group)
        return;
    rd_kafka_topic_partition_list_t *list = list_of(k, still_elsewhere, RD_KAFKA_OFFSET_INVALID);
    if (list && list->cnt && !ss_rdk.committed(k->kafka.rk, list, SS_KAFKA_ASK_MS))
        for (int i = 0; i < list->cnt; i++) {
            struct ss_kafka_part *p = ss_kafka_part_named(k, list->elems[i].topic, list->elems[i].partition);
            p->ended = p->end != SS_NOT_YET && list->elems[i].offset >= p->end;
        }
    if (list)
        ss_rdk.topic_partition_list_destroy(list);
}

bool ss_kafka_parts_ended(const struct ss_kafka_source *k)
{
    for (int i = 0; i < k->n_parts; i++)
        if (!k->part[i].ended)
            return false;
    return true;
}
