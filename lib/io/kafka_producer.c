#include "io/kafka_producer.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"
#include "base/number.h"
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define KEPT_MAX      ((size_t)1 << 30) /* of one transaction; it is committed much earlier: */
#define TRANSACTION_S 60                /* how long to try to commit */
#define SLOTS_MAX     1000

static struct ss_producer *producers; /* of this process; opened and closed by one thread */

int ss_producer_fail(struct ss_producer *p, const char *what, const char *why)
{
    return ss_kafka_fail(&p->kafka, SS_EIO, what, why);
}

int ss_producer_begin(struct ss_producer *p)
{
    rd_kafka_error_t *error = ss_rdk.begin_transaction(p->kafka.rk);
    p->open = !error;
    if (!error)
        return 0;
    int err = ss_producer_fail(p, "cannot begin a transaction at", ss_rdk.error_string(error));
    ss_rdk.error_destroy(error);
    return err;
}

/* --- durability */

int ss_producer_sync(struct ss_producer *p)
{
    if (p->transactional)
        return ss_producer_check(p); /* lasting with the commit, and not before */
    int kept = ss_producer_hand_over(p);
    if (kept < 0)
        return kept;
    for (;;) {
        rd_kafka_resp_err_t why = ss_rdk.flush(p->kafka.rk, 1000);
        int err = ss_producer_check(p);
        if (err < 0 || !why)
            return err;
        if (why != RD_KAFKA_RESP_ERR__TIMED_OUT)
            return ss_producer_fail(p, "cannot write to", ss_rdk.err2str(why));
    }
}

static int abort_transaction(struct ss_producer *p)
{
    rd_kafka_error_t *error = ss_rdk.abort_transaction(p->kafka.rk, 10000);
    for (int i = 0; error && ss_rdk.error_is_retriable(error) && i < 5; i++) {
        ss_rdk.error_destroy(error);
        error = ss_rdk.abort_transaction(p->kafka.rk, 10000);
    }
    p->open = p->stuck = false;
    p->failed = 0;
    p->aborts++;
    if (!error)
        return 0;
    int err = ss_producer_fail(p, "cannot abort a transaction at", ss_rdk.error_string(error));
    ss_rdk.error_destroy(error);
    return err;
}

static int send_again(struct ss_producer *p)
{
    p->unsent = p->first;
    return ss_producer_begin(p);
}

/* One try: the positions, then the commit. */
static rd_kafka_error_t *try_commit(struct ss_producer *p, struct ss_source *src,
                                    const rd_kafka_topic_partition_list_t *offsets)
{
    rd_kafka_error_t *error = NULL;
    if (offsets) {
        rd_kafka_consumer_group_metadata_t *member = ss_kafka_source_member(src);
        error = ss_rdk.send_offsets_to_transaction(p->kafka.rk, offsets, member, 10000);
        ss_rdk.consumer_group_metadata_destroy(member);
    }
    while (!error) {
        error = ss_rdk.commit_transaction(p->kafka.rk, 10000);
        if (!error)
            return NULL;
        if (!ss_rdk.error_is_retriable(error) || ss_rdk.error_txn_requires_abort(error))
            return error;
        ss_rdk.error_destroy(error);
        error = NULL;
    }
    return error;
}

/* A message that no new transaction will bring in. */
static bool is_refused(rd_kafka_resp_err_t why)
{
    return why == RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE || why == RD_KAFKA_RESP_ERR_RECORD_LIST_TOO_LARGE ||
           why == RD_KAFKA_RESP_ERR_INVALID_MSG_SIZE || why == RD_KAFKA_RESP_ERR_INVALID_RECORD ||
           why == RD_KAFKA_RESP_ERR_POLICY_VIOLATION || ss_kafka_is_forbidden(why);
}

int ss_producer_no_right(struct ss_producer *p, rd_kafka_resp_err_t why)
{
    if (why == RD_KAFKA_RESP_ERR_TRANSACTIONAL_ID_AUTHORIZATION_FAILED)
        return ss_kafka_no_right(&p->kafka, "Write", "transactional id", p->id);
    if (why == RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED)
        return ss_fail(SS_ECONFIG, "a right is missing at '%s': Read on the input's group", p->brokers);
    if (why == RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED) /* of one that may write to no topic at all */
        return ss_fail(SS_ECONFIG, "a right is missing at '%s': Write on the output's topic", p->brokers);
    return ss_fail(SS_ECONFIG,
                   "a right is missing at '%s': Write on the topics of output and rejects, and Read on those "
                   "of the input",
                   p->brokers);
}

static int lost(struct ss_producer *p)
{
    p->fences++;
    (void)abort_transaction(p);
    return ss_producer_fail(
        p, "the transaction was given up at",
        "the group has given this member's partitions to others; was it paused or cut off?");
}

static int commit_all(struct ss_producer *p, struct ss_source *src,
                      const rd_kafka_topic_partition_list_t *offsets)
{
    int64_t until = ss_clock_mono_ns() + TRANSACTION_S * (int64_t)1000000000;
    for (;;) {
        if (ss_kafka_source_lost(src))
            return lost(p);
        int err = p->stuck ? abort_transaction(p) : 0;
        if (!err && !p->open)
            err = send_again(p);
        if (!err)
            err = ss_producer_hand_over(p);
        if (!err && p->stuck && ss_clock_mono_ns() > until)
            err = ss_producer_fail(p, "cannot commit a transaction at", "it takes no messages");
        if (err < 0)
            return err;
        if (p->stuck)
            continue;
        rd_kafka_error_t *error = try_commit(p, src, offsets);
        if (!error) {
            p->open = false;
            p->transactions++;
            ss_kept_forget(p);
            return 0;
        }
        rd_kafka_resp_err_t why = ss_rdk.error_code(error), refused = is_refused(p->failed) ? p->failed : 0;
        p->fences += why == RD_KAFKA_RESP_ERR__FENCED;
        bool fatal = ss_rdk.error_is_fatal(error), again = ss_rdk.error_is_retriable(error);
        bool needs_abort = ss_rdk.error_txn_requires_abort(error);
        err = ss_producer_fail(p, "cannot commit a transaction at", ss_rdk.error_string(error));
        ss_info("%s", ss_err_text());
        ss_rdk.error_destroy(error);
        if (refused)
            return ss_producer_refused(p, refused);
        if (ss_kafka_is_forbidden(why))
            return ss_producer_no_right(p, why);
        if (fatal || (!again && !needs_abort) || ss_clock_mono_ns() > until)
            return err;
        p->retries++;
        p->stuck = needs_abort;
        ss_rdk.poll(p->kafka.rk, 20); /* the group settles */
    }
}

int ss_producer_commit(struct ss_producer *p, struct ss_source *src)
{
    rd_kafka_topic_partition_list_t *offsets = ss_kafka_source_offsets(src);
    int err = 0;
    if (offsets || p->open)
        err = commit_all(p, src, offsets);
    /* Else nothing is under way, and partitions that were taken away can go. */
    if (offsets)
        ss_rdk.topic_partition_list_destroy(offsets);
    return err ? err : ss_kafka_source_committed(src);
}

/* --- making and ending it */

/* Transactions are named so that a restarted command ends what its predecessor left open, and that commands
 * at the same time do not throw each other out: by the lowest number that no other process on this host has.
 * The kernel takes the number back when a process ends, however it ends. */
static int take_slot(const char *name, int *slot)
{
    for (*slot = 1; *slot <= SLOTS_MAX; ++*slot) {
        struct sockaddr_un address = {.sun_family = AF_UNIX};
        int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
        if (fd < 0)
            return ss_fail_errno(SS_EIO, "cannot name a transaction");
        /* An abstract address: 107 bytes, the first NUL. Long names share theirs: that only costs numbers. */
        int n = snprintf(address.sun_path + 1, sizeof address.sun_path - 1, "ss-kafka-%d-%.80s", *slot, name);
        if (bind(fd, (struct sockaddr *)&address,
                 (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + (size_t)n)) == 0)
            return fd;
        close(fd);
    }
    return ss_fail(SS_EIO, "more than %d transactions named '%s' on this host", SLOTS_MAX, name);
}

static int transactional_id(struct ss_producer *p, const struct ss_kafka_uri *uri, char *id, size_t cap)
{
    char host[256] = "localhost", name[600];
    int slot;
    if (uri->id) {
        snprintf(id, cap, "%s", uri->id);
        return 0;
    }
    (void)gethostname(host, sizeof host - 1);
    snprintf(name, sizeof name, "ss.%s.%s", uri->topic[0], host);
    p->slot_fd = take_slot(name, &slot);
    if (p->slot_fd < 0)
        return p->slot_fd;
    snprintf(id, cap, "%s.%d", name, slot);
    return 0;
}

static size_t number_of(const rd_kafka_conf_t *conf, const char *property)
{
    char text[32];
    size_t n = sizeof text;
    int64_t value;
    bool told = !ss_rdk.conf_get(conf, property, text, &n) && ss_int_parse(text, strlen(text), &value);
    return told && value > 0 ? (size_t)value : 0;
}

/* What matters here of what defaults and -X say; and batches are made no longer than has been found out. */
static void settle(struct ss_producer *p, rd_kafka_conf_t *conf)
{
    char text[32] = "", why[256];
    size_t n = sizeof text, batch = number_of(conf, "batch.size");
    p->message_max = number_of(conf, "message.max.bytes");
    p->compresses = !ss_rdk.conf_get(conf, "compression.codec", text, &n) && strcmp(text, "none") != 0;
    if (p->batch_max && p->batch_max < batch) {
        snprintf(text, sizeof text, "%zu", p->batch_max);
        (void)ss_rdk.conf_set(conf, "batch.size", text, why, sizeof why);
    } else {
        p->batch_max = batch;
    }
}

static int make_client(struct ss_producer *p)
{
    const char *const pairs[] = {
        "client.id",
        "sentinel-stream",
        "enable.idempotence",
        "true",
        "partitioner",
        "murmur2_random", /* as Java's clients do it: the same key, the same partition */
        "delivery.report.only.error",
        "true",
        "queue.buffering.max.messages",
        "100000",
        "queue.buffering.max.kbytes",
        "131072",
        "socket.nagle.disable",
        "true",
        /* Nobody sees a transaction's messages before its end, which waits for no linger. Others have waited
         * for each other before they came here. */
        "linger.ms",
        p->transactional ? "20" : "1",
        p->transactional ? "transactional.id" : NULL,
        p->id,
        NULL,
    };
    rd_kafka_conf_t *conf;
    int err = ss_kafka_conf(pairs, &conf);
    if (err < 0)
        return err;
    settle(p, conf);
    ss_producer_choose(p, conf);
    ss_rdk.conf_set_dr_msg_cb(conf, ss_producer_on_delivery);
    return ss_kafka_new(&p->kafka, RD_KAFKA_PRODUCER, p->brokers, conf);
}

static int name_transactions(struct ss_producer *p, const struct ss_kafka_uri *uri)
{
    char id[800] = "";
    int err = transactional_id(p, uri, id, sizeof id);
    if (err < 0)
        return err;
    ss_info("transactions are named '%s'", id);
    return (p->id = strdup(id)) ? 0 : ss_fail(SS_ENOMEM, "out of memory");
}

int ss_producer_fit(struct ss_producer *p, const char *topic, size_t *limit)
{
    size_t most = (size_t)ss_kafka_limit(&p->kafka, topic);
    /* What is compressed may be short enough then, and only the brokers can tell. */
    *limit = p->compresses || most >= p->message_max + SS_AROUND_MAX ? 0 : most;
    if (!most || most >= p->batch_max || p->topics)
        return 0;
    ss_info("batches are of %zu bytes at most, as topic '%s' takes them", most, topic);
    p->batch_max = most;
    ss_rdk.destroy(p->kafka.rk);
    p->kafka.rk = NULL;
    int err = make_client(p);
    return !err && p->ready ? ss_producer_init(p) : err;
}

int ss_producer_init(struct ss_producer *p)
{
    if (!p->transactional)
        return 0;
    for (int tries = 0;; tries++) {
        rd_kafka_error_t *error = ss_rdk.init_transactions(p->kafka.rk, 30000);
        p->ready = !error;
        if (!error)
            return 0;
        bool again = ss_rdk.error_is_retriable(error) && tries < 3;
        rd_kafka_resp_err_t why = ss_rdk.error_code(error);
        enum ss_err kind = why == RD_KAFKA_RESP_ERR_INVALID_TRANSACTION_TIMEOUT ? SS_EUSAGE : SS_EAWAY;
        int err = ss_kafka_is_forbidden(why) ? ss_producer_no_right(p, why)
                                             : ss_kafka_fail(&p->kafka, kind, "cannot use transactions at",
                                                             ss_rdk.error_string(error));
        ss_rdk.error_destroy(error);
        if (!again)
            return err;
    }
}

void ss_producer_let_go(struct ss_producer *p)
{
    if (!p || --p->refs > 0)
        return;
    for (struct ss_producer **at = &producers; *at; at = &(*at)->next)
        if (*at == p) {
            *at = p->next;
            break;
        }
    if (p->kafka.rk) {
        if (p->open)
            (void)abort_transaction(p);
        ss_rdk.purge(p->kafka.rk, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
        (void)ss_rdk.flush(p->kafka.rk, 1000);
        ss_rdk.destroy(p->kafka.rk);
    }
    ss_kept_forget(p);
    ss_arena_free(&p->kept);
    ss_arena_free(&p->texts);
    if (p->slot_fd >= 0)
        close(p->slot_fd);
    free(p->brokers);
    free(p->id);
    free(p);
}

int ss_producer_get(const struct ss_kafka_uri *uri, struct ss_sink *committer, struct ss_producer **found,
                    bool *fresh)
{
    *fresh = false;
    for (struct ss_producer *p = producers; p; p = p->next)
        if (strcmp(p->brokers, uri->brokers) == 0) {
            if (uri->exactly_once && !p->transactional)
                return ss_fail(SS_EUSAGE,
                               "exactly_once=1 is said by the output's URI, and holds for the rejects");
            p->refs++;
            *found = p;
            return 0;
        }
    struct ss_producer *p = calloc(1, sizeof *p);
    if (!p || !(p->brokers = strdup(uri->brokers))) {
        free(p);
        return ss_fail(SS_ENOMEM, "out of memory");
    }
    p->refs = 1;
    p->slot_fd = -1;
    p->transactional = uri->exactly_once;
    p->committer = committer;
    p->last = &p->first;
    ss_arena_init(&p->kept, KEPT_MAX);
    ss_arena_init(&p->texts, KEPT_MAX);
    p->next = producers;
    producers = p;
    *found = p;
    *fresh = true;
    int err = p->transactional ? name_transactions(p, uri) : 0;
    return err ? err : make_client(p);
}
