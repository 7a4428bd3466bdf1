/* librdkafka itself: loading it, configuring a client, what it says of itself. */
#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"
#include "base/number.h"
#include "io/kafka_parts.h"
#include "io/property.h"
#include "io/transport.h"
#include "json/cursor.h"
#include <dlfcn.h>
#include <pthread.h>

#define ANSWER_MS   10000                  /* how long to wait for a first answer */
#define REFUSED_MS  3000                   /* and when all brokers are known to be away */
#define WARN_NS     ((int64_t)60000000000) /* not more often than once a minute */
#define LOG_WARNING 4                      /* as in syslog(3) */

struct ss_rdkafka ss_rdk;
static char missing[256]; /* why the library could not be loaded; empty = it was */

static void load(void)
{
    void *handle = dlopen("librdkafka.so.1", RTLD_NOW | RTLD_LOCAL);
    if (!handle) {
        snprintf(missing, sizeof missing, "%s", dlerror());
        return;
    }
#define LOAD(name)                                             \
    *(void **)&ss_rdk.name = dlsym(handle, "rd_kafka_" #name); \
    if (!ss_rdk.name)                                          \
        snprintf(missing, sizeof missing, "it has no '%s'", "rd_kafka_" #name);
    SS_RDKAFKA(LOAD)
#undef LOAD
}

int ss_kafka_load(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, load);
    return missing[0] ? ss_fail(SS_EBUG, "cannot load librdkafka: %s", missing) : 0;
}

/* --- configuration */

/* What the URI or this program decides; said again by -X it would break a promise. */
static const char *reserved(const char *name)
{
    static const struct {
        const char *name, *instead;
    } list[] = {
        {"bootstrap.servers", "is said by the URI"},
        {"metadata.broker.list", "is said by the URI"},
        {"group.id", "is said by the URI: group="},
        {"auto.offset.reset", "is said by the URI: from="},
        {"transactional.id", "is said by the URI: exactly_once=1&id="},
        {"enable.auto.commit", "stays off: positions are committed once the output is safe"},
        {"enable.auto.offset.store", "stays off: positions are committed once the output is safe"},
        {"enable.partition.eof", "stays on"},
        {"statistics.interval.ms", "stays as it is"},
    };
    for (size_t i = 0; i < SS_COUNT(list); i++)
        if (strcmp(list[i].name, name) == 0)
            return list[i].instead;
    return NULL;
}

static int set(rd_kafka_conf_t *conf, const char *name, const char *value)
{
    char why[512];
    if (ss_rdk.conf_set(conf, name, value, why, sizeof why) == RD_KAFKA_CONF_OK)
        return 0;
    if (ss_property_secret(name))
        return ss_fail(SS_EUSAGE, "the value of '%s' is not one that Kafka's client takes", name);
    return ss_fail(SS_EUSAGE, "-X %s: %s", name, why);
}

int ss_kafka_conf(const char *const *pairs, rd_kafka_conf_t **to)
{
    const struct ss_property *list;
    size_t n = ss_property_list(&list);
    rd_kafka_conf_t *conf = ss_rdk.conf_new();
    int err =
        set(conf, "reconnect.backoff.max.ms", "1000"); /* of 10 s: brokers are restarted one after another */
    for (; *pairs && !err; pairs += 2)
        err = set(conf, pairs[0], pairs[1]);
    for (size_t i = 0; i < n && !err; i++) {
        const char *instead = reserved(list[i].name);
        err = instead ? ss_fail(SS_EUSAGE, "-X %s: it %s", list[i].name, instead)
                      : set(conf, list[i].name, list[i].value);
    }
    if (err)
        ss_rdk.conf_destroy(conf);
    else
        *to = conf;
    return err;
}

/* --- what it says of itself */

static void on_log(const rd_kafka_t *rk, int level, const char *fac, const char *text)
{
    (void)rk;
    if (level < LOG_WARNING - 1 || (level == LOG_WARNING && strstr(text, "offset reset")))
        ss_warn("kafka: %s", text);
    else if (level <= LOG_WARNING && strcmp(fac, "CONFWARN") != 0)
        ss_info("kafka: %s", text);
    else
        ss_debug("kafka: %s: %s", fac, text);
}

static void on_error(rd_kafka_t *rk, int err, const char *reason, void *opaque)
{
    struct ss_kafka *kafka = opaque;
    (void)rk;
    if (err != RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN) {
        const char *timing = strstr(reason, " (after "); /* when, and how often: of no use to a reader */
        snprintf(kafka->why, sizeof kafka->why, "%.*s",
                 (int)(timing ? timing - reason : (ptrdiff_t)strlen(reason)), reason);
        kafka->refused = err == RD_KAFKA_RESP_ERR__AUTHENTICATION || err == RD_KAFKA_RESP_ERR__SSL;
        return;
    }
    kafka->all_down = true;
    int64_t now = ss_clock_mono_ns();
    if (kafka->rk && (!kafka->warned_ns || now - kafka->warned_ns > WARN_NS)) {
        kafka->warned_ns = now;
        ss_info("no broker of '%s' can be reached, trying on: %s", kafka->brokers, kafka->why);
    }
}

/* The members of an object in turn: false at its end. */
static bool next_member(struct ss_cursor *c, struct ss_str *value)
{
    struct ss_str name;
    (void)(ss_cursor_take(c, '{') || ss_cursor_take(c, ','));
    return ss_cursor_pair(c, &name, value);
}

static int on_stats(rd_kafka_t *rk, char *json, size_t len, void *opaque)
{
    struct ss_kafka *kafka = opaque;
    (void)rk;
    struct ss_str all = {json, len}, brokers = ss_cursor_member(all, "brokers"), broker;
    struct ss_cursor c = {brokers.p, brokers.p ? brokers.p + brokers.n : NULL};
    double slowest = 0;
    while (brokers.p && next_member(&c, &broker)) {
        struct ss_str rtt = ss_cursor_member(broker, "rtt");
        struct ss_str avg = rtt.p ? ss_cursor_member(rtt, "avg") : (struct ss_str){NULL, 0};
        double us;
        if (avg.p && ss_double_parse(avg.p, avg.n, &us) && us > slowest)
            slowest = us;
    }
    if (slowest > 0)
        kafka->rtt_us = slowest;
    return 0; /* the library frees the text */
}

int ss_kafka_new(struct ss_kafka *kafka, rd_kafka_type_t type, const char *brokers, rd_kafka_conf_t *conf)
{
    char why[512];
    kafka->brokers = brokers;
    ss_rdk.conf_set_opaque(conf, kafka);
    ss_rdk.conf_set_log_cb(conf, on_log);
    ss_rdk.conf_set_error_cb(conf, on_error);
    ss_rdk.conf_set_stats_cb(conf, on_stats);
    int err = set(conf, "bootstrap.servers", brokers);
    if (!err)
        err = set(conf, "statistics.interval.ms", "1000");
    if (!err)
        kafka->rk = ss_rdk.new(type, conf, why, sizeof why);
    if (kafka->rk)
        return 0;
    ss_rdk.conf_destroy(conf);
    return err ? err : ss_fail(SS_EUSAGE, "Kafka's client cannot be set up: %s", why);
}

int ss_kafka_fail(struct ss_kafka *kafka, enum ss_err err, const char *what, const char *why)
{
    return ss_fail(err, "%s '%s': %s", what, kafka->brokers, why);
}

bool ss_kafka_is_forbidden(rd_kafka_resp_err_t why)
{
    return why == RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED ||
           why == RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED ||
           why == RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED ||
           why == RD_KAFKA_RESP_ERR_TRANSACTIONAL_ID_AUTHORIZATION_FAILED;
}

int ss_kafka_no_right(struct ss_kafka *kafka, const char *right, const char *kind, const char *name)
{
    return ss_fail(SS_ECONFIG, "a right is missing at '%s': %s on %s '%s'", kafka->brokers, right, kind,
                   name);
}

static int away(struct ss_kafka *kafka, const char *why)
{
    if (kafka->refused)
        return ss_kafka_fail(kafka, SS_ECONFIG, "not let in by", kafka->why);
    return ss_kafka_fail(kafka, SS_EAWAY, "no Kafka broker answers at", kafka->why[0] ? kafka->why : why);
}

/* One question; the number of partitions, 0 when the topic is not (yet) there, negative when nobody answers.
 */
static int ask(struct ss_kafka *kafka, rd_kafka_topic_t *topic, int wait_ms, rd_kafka_resp_err_t *why)
{
    const struct rd_kafka_metadata *md;
    *why = ss_rdk.metadata(kafka->rk, 0, topic, &md, wait_ms);
    if (*why)
        return -1;
    int n = 0;
    if (md->topic_cnt == 1) {
        *why = md->topics[0].err;
        n = md->topics[0].err ? 0 : md->topics[0].partition_cnt;
    }
    ss_rdk.metadata_destroy(md);
    return n;
}

int ss_kafka_partitions(struct ss_kafka *kafka, const char *name, bool make, enum ss_err none)
{
    rd_kafka_topic_t *topic = ss_rdk.topic_new(kafka->rk, name, NULL);
    if (!topic)
        return ss_fail(none, "Kafka's client cannot use topic '%s'", name);
    int64_t began = ss_clock_mono_ns();
    rd_kafka_resp_err_t why = 0;
    int n;
    for (;;) {
        n = ask(kafka, topic, 1000, &why);
        ss_rdk.poll(kafka->rk, 0); /* the reasons */
        int64_t ms = (ss_clock_mono_ns() - began) / 1000000;
        int patience = !kafka->all_down || n >= 0 ? ANSWER_MS : kafka->refused ? 0 : REFUSED_MS;
        if (n > 0 || (n == 0 && !make) || ms > patience || ss_kafka_is_forbidden(why))
            break;
        if (n == 0)
            ss_rdk.poll(kafka->rk, 50); /* being made */
    }
    ss_rdk.topic_destroy(topic);
    if (n > 0) {
        kafka->all_down = kafka->refused = false;
        return n;
    }
    if (ss_kafka_is_forbidden(why))
        return ss_kafka_no_right(kafka, make ? "Write" : "Read", "topic", name);
    if (n < 0)
        return away(kafka, ss_rdk.err2str(why));
    return ss_fail(none, "no topic '%s' at '%s': %s", name, kafka->brokers, ss_rdk.err2str(why));
}

int ss_kafka_check(struct ss_kafka *kafka, rd_kafka_topic_t *topic)
{
    rd_kafka_resp_err_t why = 0;
    int n = ask(kafka, topic, 2000, &why);
    ss_rdk.poll(kafka->rk, 0);
    if (n > 0)
        kafka->all_down = kafka->refused = false;
    return n > 0 ? 0 : away(kafka, ss_rdk.err2str(why));
}

const struct ss_transport ss_transport_kafka = {.scheme = "kafka",
                                                .open_source = ss_kafka_source_open,
                                                .open_sink = ss_kafka_sink_open,
                                                .messages = true};
