/* What a Kafka source tells of itself: for --stats, and while it runs for --metrics. */
#include "io/kafka_source.h"
#include "io/metrics.h"
#include "json/write.h"
#include <stdio.h>

/* Messages behind the end of a partition; -1 while that is not known. */
static int64_t lag_of(struct ss_kafka_source *k, const struct ss_kafka_part *p)
{
    int64_t low = 0, high = -1, at = ss_kafka_part_position(k, p);
    if (ss_rdk.get_watermark_offsets(k->kafka.rk, p->topic, p->partition, &low, &high) || high < 0 ||
        at == SS_NOT_YET)
        return -1;
    return high < at ? 0 : high - at;
}

/* Messages that the client has fetched and not given yet. */
static size_t queued(struct ss_kafka_source *k)
{
    return ss_rdk.queue_length(k->queue.from) + k->queue.n - k->queue.at;
}

void ss_kafka_source_stats(struct ss_source *src, struct ss_buf *json)
{
    struct ss_kafka_source *k = ss_kafka_source_of(src);
    int64_t lag = 0, assigned = 0;
    for (int i = 0; i < k->n_parts; i++) {
        if (!k->part[i].assigned)
            continue;
        int64_t behind = lag_of(k, &k->part[i]);
        assigned++;
        lag += behind < 0 ? 0 : behind;
    }
    const struct {
        const char *name;
        int64_t value;
    } numbers[] = {{"messages", (int64_t)k->messages}, {"bytes", (int64_t)k->bytes},
                   {"partitions", assigned},           {"rebalances", (int64_t)k->rebalances},
                   {"commits", (int64_t)k->commits},   {"lag", lag},
                   {"queued", (int64_t)queued(k)},     {"replayed", (int64_t)k->replayed}};
    ss_json_key(json, "topic");
    ss_json_put_string(json, ss_str_of(k->base.name));
    for (size_t i = 0; i < SS_COUNT(numbers); i++) {
        ss_json_key(json, numbers[i].name);
        ss_json_put_int(json, numbers[i].value);
    }
    if (k->kafka.rtt_us > 0) {
        ss_json_key(json, "rtt_us");
        ss_json_put_double(json, k->kafka.rtt_us);
    }
}

static void put_part(struct ss_kafka_source *k, const struct ss_kafka_part *p, const char *group,
                     struct ss_metrics *to)
{
    char number[16];
    snprintf(number, sizeof number, "%d", (int)p->partition);
    ss_metrics_add(to, "ss_kafka_assigned", "gauge", "1 for each partition that this member reads.", 1,
                   "group", group, "topic", p->topic, "partition", number, NULL);
    int64_t lag = lag_of(k, p);
    if (lag >= 0)
        ss_metrics_add(to, "ss_kafka_lag", "gauge", "Messages behind the end of a partition.", (double)lag,
                       "group", group, "topic", p->topic, "partition", number, NULL);
    if (p->committed != SS_NOT_YET)
        ss_metrics_add(to, "ss_kafka_committed_offset", "gauge",
                       "The position that this member last committed.", (double)p->committed, "group", group,
                       "topic", p->topic, "partition", number, NULL);
}

void ss_kafka_source_metrics(struct ss_source *src, struct ss_metrics *to)
{
    struct ss_kafka_source *k = ss_kafka_source_of(src);
    const char *group = k->uri.group ? k->uri.group : "";
    const struct {
        const char *name, *type, *help;
        double value;
    } figures[] = {
        {"ss_kafka_read_messages_total", "counter", "Messages read.", (double)k->messages},
        {"ss_kafka_read_bytes_total", "counter", "Bytes of their values.", (double)k->bytes},
        {"ss_kafka_rebalances_total", "counter", "How often partitions were given or taken.",
         (double)k->rebalances},
        {"ss_kafka_commits_total", "counter", "How often positions were committed.", (double)k->commits},
        {"ss_kafka_read_queue", "gauge", "Messages fetched and not yet worked on.", (double)queued(k)},
        {"ss_kafka_read_rtt_seconds", "gauge", "Mean time of an answer of the slowest broker.",
         k->kafka.rtt_us / 1e6},
    };
    for (size_t i = 0; i < SS_COUNT(figures); i++)
        ss_metrics_add(to, figures[i].name, figures[i].type, figures[i].help, figures[i].value, "group",
                       group, NULL);
    for (int i = 0; i < k->n_parts; i++)
        if (k->part[i].assigned)
            put_part(k, &k->part[i], group, to);
}
