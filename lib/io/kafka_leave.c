/* How a member leaves its group, so that the others need not wait for the end of its session. */
#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"
#include "io/kafka_source.h"

#define POLL_MS   20
#define SETTLE_NS ((int64_t)5000000000)
#define LEAVE_NS  ((int64_t)300000000) /* for a request that is not answered to anybody */

static void poll_until(struct ss_kafka_source *k, int64_t until)
{
    while (!k->rebalances && !k->kafka.all_down && !k->forbidden && ss_clock_mono_ns() < until) {
        rd_kafka_message_t *msg = ss_rdk.consumer_poll(k->kafka.rk, POLL_MS);
        if (msg)
            ss_rdk.message_destroy(msg);
    }
}

static bool holds_any(const struct ss_kafka_source *k)
{
    for (int i = 0; i < k->n_parts; i++)
        if (k->part[i].assigned)
            return true;
    return false;
}

/*
 * A member that has just joined waits for its first partitions before it is closed: librdkafka may wait for
 * ever where the group gives them while it closes (its issue 4884), and before 2.4 it dies by an assertion
 * when a member is destroyed that never was given any (4381).
 *
 * One that holds no partition, in reserve or while the group is sharing them out, is not taken out of the
 * group by being closed: it must unsubscribe before. Else the others would wait for it at their next
 * rebalance until its session ends.
 */
bool ss_kafka_leave(struct ss_kafka_source *k)
{
    if (k->joined)
        poll_until(k, ss_clock_mono_ns() + SETTLE_NS);
    bool known = k->rebalances > 0;
    k->closing = true;
    k->keeper = NULL;
    if (k->coming) { /* what the group waits for must be taken before it can be given back */
        if (ss_kafka_assign(k, k->coming) < 0)
            ss_info("%s", ss_err_text());
        ss_rdk.topic_partition_list_destroy(k->coming);
        k->coming = NULL;
    }
    ss_kafka_give_up(k);
    if (k->joined && !holds_any(k))
        (void)ss_rdk.unsubscribe(k->kafka.rk);
    if (k->joined && !known)
        poll_until(k, ss_clock_mono_ns() + LEAVE_NS);
    return known;
}
