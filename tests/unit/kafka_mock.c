/*
 * The Kafka transport against librdkafka's own mock cluster: producing, consuming, keys, headers, positions.
 * Of transactions the mock says "ok" and does nothing: what they promise is tested on a real broker only
 * (tests/cli/kafka.bats).
 */
#include "base/err.h"
#include "base/log.h"
#include "io/kafka_parts.h"
#include "io/property.h"
#include "tests/tap.h"
#include <dlfcn.h>
#include <librdkafka/rdkafka_mock.h>

static struct {
    __typeof__(&rd_kafka_mock_cluster_new) cluster_new;
    __typeof__(&rd_kafka_mock_cluster_destroy) cluster_destroy;
    __typeof__(&rd_kafka_mock_cluster_bootstraps) bootstraps;
    __typeof__(&rd_kafka_mock_topic_create) topic_create;
} mock;

static rd_kafka_t *host;
static rd_kafka_mock_cluster_t *cluster;
static char brokers[256];

static const char *at(const char *rest)
{
    static char uri[4][600];
    static int n;
    char *to = uri[n++ % 4];
    snprintf(to, sizeof uri[0], "kafka://%s/%s", brokers, rest);
    return to;
}

static bool start(void)
{
    char why[256];
    void *lib = ss_kafka_load() == 0 ? dlopen("librdkafka.so.1", RTLD_NOW) : NULL;
    if (!lib)
        return false;
    *(void **)&mock.cluster_new = dlsym(lib, "rd_kafka_mock_cluster_new");
    *(void **)&mock.cluster_destroy = dlsym(lib, "rd_kafka_mock_cluster_destroy");
    *(void **)&mock.bootstraps = dlsym(lib, "rd_kafka_mock_cluster_bootstraps");
    *(void **)&mock.topic_create = dlsym(lib, "rd_kafka_mock_topic_create");
    rd_kafka_conf_t *conf = ss_rdk.conf_new();
    ss_rdk.conf_set(conf, "bootstrap.servers", "127.0.0.1:1", why,
                    sizeof why); /* itself it talks to nobody */
    ss_rdk.conf_set(conf, "log_level", "0", why, sizeof why);
    host = ss_rdk.new(RD_KAFKA_PRODUCER, conf, why, sizeof why);
    cluster = host ? mock.cluster_new(host, 1) : NULL;
    if (!cluster)
        return false;
    snprintf(brokers, sizeof brokers, "%s", mock.bootstraps(cluster));
    return true;
}

static int put(struct ss_sink *sink, const char *key, const char *text)
{
    struct ss_message msg = {.bytes = text, .len = strlen(text), .key = {key, key ? strlen(key) : 0}};
    return sink->ops->put(sink, &msg);
}

/* Reads up to `max` bytes of the source in pieces of `cap`; returns how many came before its end. */
static ssize_t read_all(struct ss_source *src, char *to, size_t max, size_t cap)
{
    size_t n = 0;
    for (;;) {
        ssize_t got = ss_source_read(src, to + n, cap < max - n ? cap : max - n);
        if (got == SS_AGAIN)
            continue;
        if (got <= 0)
            return got < 0 ? got : (ssize_t)n;
        n += (size_t)got;
    }
}

static void test_there_and_back(void)
{
    mock.topic_create(cluster, "one", 1, 1);
    struct ss_sink *sink;
    if (!ok(ss_sink_open(at("one?key=k"), &sink) == 0, "an output is opened: %s", ss_err_text()))
        return;
    ok(put(sink, "a", "{\"n\":1}") == 0 && put(sink, NULL, "{\"n\":\n2}") == 0 && put(sink, "c", "") == 0,
       "three messages, one with a line's end inside, one empty");
    ok(ss_sink_write(sink, "{\"n\":4}\n{\"n\"", 12) == 0 && ss_sink_write(sink, ":5}\n{\"n\":6}", 11) == 0,
       "bytes, whose lines are not cut where the calls are");
    ok(ss_sink_sync(sink) == 0, "synced");
    ok(ss_sink_close(sink) == 0, "closed: what was left of a line leaves too");
    const char want[] = "{\"n\":1}\n{\"n\": 2}\n\n{\"n\":4}\n{\"n\":5}\n{\"n\":6}\n";
    for (size_t cap = 1; cap <= 64; cap *= 4) {
        struct ss_source *src;
        char got[256];
        if (!ok(ss_source_open(at("one?until=end"), &src) == 0, "an input is opened: %s", ss_err_text()))
            return;
        ssize_t n = read_all(src, got, sizeof got, cap);
        is_text(got, n < 0 ? 0 : (size_t)n, want, "each message is one line, however small the reads");
        const struct ss_origin *from = src->ops->origin(src, 4);
        ok(from && from->partition == 0 && from->offset == 3 && strcmp(from->topic, "one") == 0 &&
               !from->key.p,
           "line 4 is the message at offset 3");
        from = src->ops->origin(src, 1);
        ok(from && from->key.n == 1 && from->key.p[0] == 'a' && !from->headers, "line 1 has its key");
        src->ops->consumed(src, 8);
        ok(!src->ops->origin(src, 1) && src->ops->origin(src, 2), "what is consumed is forgotten");
        ss_source_close(src);
    }
}

static void test_places(void)
{
    static const struct {
        const char *query, *want;
    } cases[] = {{"from=4&until=end", "{\"n\":5}\n{\"n\":6}\n"},
                 {"from=-1&until=end", "{\"n\":6}\n"},
                 {"until=count:1", "{\"n\":1}\n"},
                 {"from=3&until=count:2", "{\"n\":4}\n{\"n\":5}\n"},
                 {"from=latest&until=end", ""}};
    for (size_t i = 0; i < SS_COUNT(cases); i++) {
        struct ss_source *src;
        char rest[64], got[256];
        snprintf(rest, sizeof rest, "one?%s", cases[i].query);
        if (!ok(ss_source_open(at(rest), &src) == 0, "%s: %s", cases[i].query, ss_err_text()))
            continue;
        ssize_t n = read_all(src, got, sizeof got, sizeof got);
        is_text(got, n < 0 ? 0 : (size_t)n, cases[i].want, cases[i].query);
        ss_source_close(src);
    }
}

/* Headers and keys of a message pass to the one that is made of it. */
static void test_pass_through(void)
{
    mock.topic_create(cluster, "with", 1, 1);
    mock.topic_create(cluster, "copy", 1, 1);
    rd_kafka_headers_t *headers = ss_rdk.headers_new(1);
    ss_rdk.header_add(headers, "trace", -1, "xyz", 3);
    struct ss_origin origin = {.key = {"thekey", 6}, .headers = headers};
    struct ss_message msg = {.bytes = "{}", .len = 2, .origin = &origin};
    struct ss_sink *sink;
    struct ss_source *src;
    char got[64];
    ok(ss_sink_open(at("with"), &sink) == 0 && sink->ops->put(sink, &msg) == 0 && ss_sink_close(sink) == 0,
       "a message with a header");
    ss_rdk.headers_destroy(headers);
    ok(ss_source_open(at("with?until=end"), &src) == 0 && read_all(src, got, sizeof got, sizeof got) == 3,
       "it is read");
    msg.origin = src->ops->origin(src, 1);
    ok(msg.origin && msg.origin->headers, "its header is there");
    ok(ss_sink_open(at("copy"), &sink) == 0 && sink->ops->put(sink, &msg) == 0 && ss_sink_close(sink) == 0,
       "and is written on");
    ss_source_close(src);
    ok(ss_source_open(at("copy?until=end"), &src) == 0 && read_all(src, got, sizeof got, sizeof got) == 3,
       "the copy is read");
    const struct ss_origin *copied = src->ops->origin(src, 1);
    ok(copied && copied->headers && copied->key.n == 6 && memcmp(copied->key.p, "thekey", 6) == 0,
       "with header and key");
    ss_source_close(src);
}

/* What the group's coordinator keeps as the position in partition 0 of `topic`. */
static int64_t position_of(const char *group, const char *topic)
{
    char why[256];
    rd_kafka_conf_t *conf = ss_rdk.conf_new();
    ss_rdk.conf_set(conf, "bootstrap.servers", brokers, why, sizeof why);
    ss_rdk.conf_set(conf, "group.id", group, why, sizeof why);
    rd_kafka_t *rk = ss_rdk.new(RD_KAFKA_CONSUMER, conf, why, sizeof why);
    rd_kafka_topic_partition_list_t *list = ss_rdk.topic_partition_list_new(1);
    ss_rdk.topic_partition_list_add(list, topic, 0);
    int64_t at = ss_rdk.committed(rk, list, 5000) ? -2 : list->elems[0].offset;
    ss_rdk.topic_partition_list_destroy(list);
    ss_rdk.destroy(rk);
    return at;
}

/* That a second member goes on from there is shown on a real broker: the mock lets none in for many seconds.
 */
static void test_group(void)
{
    struct ss_source *src;
    char got[256];
    if (!ok(ss_source_open(at("one?group=g&until=end"), &src) == 0, "a member of a group: %s", ss_err_text()))
        return;
    ok(src->commit_us == 1000000, "commits once a second unless told otherwise");
    ssize_t n = read_all(src, got, sizeof got, sizeof got);
    ok(n > 17, "it reads all there is");
    src->ops->consumed(src, 20); /* three lines and a part of the fourth */
    ok(position_of("g", "one") == RD_KAFKA_OFFSET_INVALID, "reading commits nothing");
    ok(src->ops->commit(src) == 0 && position_of("g", "one") == 3, "lines consumed whole are committed");
    ss_source_close(src);
}

static void test_faults(void)
{
    struct ss_source *src;
    struct ss_sink *sink;
    ok(ss_property_set("no.such.property=1") == 0, "a property nobody knows");
    ok(ss_source_open(at("one"), &src) == SS_EUSAGE && strstr(ss_err_text(), "no.such.property"),
       "is refused by name: %s", ss_err_text());
    ss_property_clear();
    setenv("SS_TEST_HUSH", "hush", 1);
    ok(ss_property_set("sasl.password=$SS_TEST_HUSH") == 0 &&
           ss_property_set("security.protocol=nonsense") == 0 &&
           ss_sink_open(at("one"), &sink) == SS_EUSAGE && !strstr(ss_err_text(), "hush"),
       "a wrong value: %s", ss_err_text());
    ss_property_clear();
    ok(ss_property_set("enable.auto.commit=true") == 0 && ss_source_open(at("one"), &src) == SS_EUSAGE &&
           strstr(ss_err_text(), "stays off"),
       "what would break a promise is refused");
    ss_property_clear();
    ok(ss_property_set("message.max.bytes=2000") == 0 && ss_sink_open(at("one"), &sink) == 0,
       "a small limit");
    char large[4000];
    memset(large, 'x', sizeof large - 1);
    large[sizeof large - 1] = '\0';
    ok(put(sink, NULL, large) == SS_TOO_LONG && put(sink, NULL, "{}") == 0 && ss_sink_close(sink) == 0,
       "a message beyond it is told apart; the next one goes");
    ss_property_clear();
}

/* The lines of the topic up to its end of now. */
static void has(const char *topic, const char *want, const char *what)
{
    struct ss_source *src;
    char rest[64], got[8192];
    snprintf(rest, sizeof rest, "%s?until=end", topic);
    if (!ok(ss_source_open(at(rest), &src) == 0, "an input is opened: %s", ss_err_text()))
        return;
    ssize_t n = read_all(src, got, sizeof got, sizeof got);
    is_text(got, n < 0 ? 0 : (size_t)n, want, what);
    ss_source_close(src);
}

static void test_going_together(void)
{
    char large[1901], headers_too_long[3000], want[2000];
    mock.topic_create(cluster, "together", 1, 1);
    struct ss_sink *sink;
    int err = ss_property_set("message.max.bytes=2000");
    err = err ? err : ss_sink_open(at("together"), &sink);
    ss_property_clear();
    if (!ok(err == 0, "an output is opened: %s", ss_err_text()))
        return;
    ok(put(sink, NULL, "1") == 0 && put(sink, "k", "2") == 0, "two messages");
    has("together", "", "wait for more");
    ok(sink->ops->push(sink, false) == 0 && ss_sink_sync(sink) == 0, "when none comes");
    has("together", "1\n2\n", "they are written");
    memset(large, '4', sizeof large - 1);
    large[sizeof large - 1] = '\0';
    memset(headers_too_long, 'h', sizeof headers_too_long);
    const struct ss_label label = {"name", {headers_too_long, sizeof headers_too_long}};
    const struct ss_message msg = {.bytes = "x", .len = 1, .label = &label, .n_labels = 1};
    ok(put(sink, NULL, "3") == 0 && put(sink, NULL, large) == 0 && put(sink, NULL, "5") == 0,
       "small messages, and one that is nearly too large");
    ok(sink->ops->put(sink, &msg) == SS_TOO_LONG, "one whose headers are too long is known at once");
    ok(ss_sink_close(sink) == 0, "closed");
    snprintf(want, sizeof want, "1\n2\n3\n%s\n5\n", large);
    has("together", want, "they come in the order in which they were put");
}

/* How many of the topic's messages lie in each of its four partitions; of those with a key, how many lie
 * elsewhere than Java's clients would put them. */
static int count_places(const char *topic, int in[4])
{
    static char got[65536];
    struct ss_source *src;
    char rest[64];
    int astray = 0;
    memset(in, 0, 4 * sizeof *in);
    snprintf(rest, sizeof rest, "%s?until=end", topic);
    if (ss_source_open(at(rest), &src) < 0 || read_all(src, got, sizeof got, sizeof got) < 0)
        return -1;
    const struct ss_origin *from;
    for (uint64_t line = 1; (from = src->ops->origin(src, line)) != NULL; line++) {
        in[from->partition]++;
        astray += from->key.p && from->partition != ss_rdk.msg_partitioner_murmur2(
                                                        NULL, from->key.p, from->key.n, 4, NULL, NULL);
    }
    ss_source_close(src);
    return astray;
}

static void test_partitions(void)
{
    struct ss_sink *sink;
    int in[4], err = 0, astray;
    mock.topic_create(cluster, "four", 4, 1);
    mock.topic_create(cluster, "keyed", 4, 1);
    mock.topic_create(cluster, "apart", 4, 1);
    ok(ss_sink_open(at("four"), &sink) == 0, "an output is opened");
    for (int i = 0; i < 600; i++)
        err |= put(sink, NULL, "{}");
    ok(err == 0 && ss_sink_close(sink) == 0, "600 messages without a key");
    astray = count_places("four", in);
    ok(astray == 0 && (in[0] == 600 || in[1] == 600 || in[2] == 600 || in[3] == 600),
       "that go together go to one partition: %d %d %d %d", in[0], in[1], in[2], in[3]);
    ok(ss_sink_open(at("keyed"), &sink) == 0, "an output is opened");
    for (int i = 0; i < 600; i++) {
        char key[16];
        snprintf(key, sizeof key, "U%d", i);
        err |= put(sink, i % 3 ? key : NULL, "{}");
    }
    ok(err == 0 && ss_sink_close(sink) == 0, "600 messages, two of three with a key");
    astray = count_places("keyed", in);
    ok(astray == 0 && in[0] && in[1] && in[2] && in[3] && in[0] + in[1] + in[2] + in[3] == 600,
       "those lie where their keys say: %d %d %d %d", in[0], in[1], in[2], in[3]);
    ok(ss_property_set("partitioner=random") == 0 &&
           ss_property_set("sticky.partitioning.linger.ms=0") == 0 && ss_sink_open(at("apart"), &sink) == 0,
       "who says how partitions are chosen");
    ss_property_clear();
    for (int i = 0; i < 600; i++)
        err |= put(sink, NULL, "{}");
    ok(err == 0 && ss_sink_close(sink) == 0, "writes 600 messages");
    astray = count_places("apart", in);
    ok(astray == 0 && in[0] && in[1] && in[2] && in[3], "and has them chosen so: %d %d %d %d", in[0], in[1],
       in[2], in[3]);
}

int main(void)
{
    ss_log_init("kafka_mock", SS_LOG_ERROR, false);
    if (!start()) {
        skip("the mock cluster", "librdkafka is not there");
        return done();
    }
    test_there_and_back();
    test_places();
    test_pass_through();
    test_faults();
    test_going_together();
    test_partitions();
    test_group();
    mock.cluster_destroy(cluster);
    ss_rdk.destroy(host);
    return done();
}
