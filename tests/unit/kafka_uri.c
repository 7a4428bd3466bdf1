/* Kafka URIs, -X properties and the queue of messages on their way: what needs no broker. */
#include "base/err.h"
#include "base/file.h"
#include "io/kafka_taken.h"
#include "io/kafka_uri.h"
#include "io/port.h"
#include "io/property.h"
#include "tests/tap.h"
#include <unistd.h>

static struct ss_kafka_uri uri;

static bool good(const char *rest, enum ss_kafka_side side)
{
    return ss_kafka_uri_parse(rest, side, &uri) == 0;
}

static bool bad(const char *rest, enum ss_kafka_side side, const char *why)
{
    return ss_kafka_uri_parse(rest, side, &uri) == SS_EUSAGE && strstr(ss_err_text(), why);
}

static void test_sources(void)
{
    ok(good("//b1:9092,b2:9092/raw", SS_KAFKA_SOURCE) && strcmp(uri.brokers, "b1:9092,b2:9092") == 0 &&
           uri.n_topics == 1 && strcmp(uri.topic[0], "raw") == 0 && !uri.group &&
           uri.from == SS_FROM_EARLIEST && uri.until == SS_UNTIL_NEVER,
       "brokers and topic; the rest is as nobody said it");
    ok(good("//b/payments,labels?group=fraud%20desk&commit=250ms", SS_KAFKA_SOURCE) && uri.n_topics == 2 &&
           strcmp(uri.topic[1], "labels") == 0 && strcmp(uri.group, "fraud desk") == 0 &&
           uri.commit_us == 250000,
       "several topics, a group with an escaped blank, a commit interval");
    ok(good("//b/t?from=latest&until=end", SS_KAFKA_SOURCE) && uri.from == SS_FROM_LATEST &&
           uri.until == SS_UNTIL_END,
       "from=latest, until=end");
    ok(good("//b/t?from=42&until=count:7", SS_KAFKA_SOURCE) && uri.from == SS_FROM_OFFSET &&
           uri.from_at == 42 && uri.until == SS_UNTIL_COUNT && uri.until_at == 7,
       "from an offset, until a count");
    ok(good("//b/t?from=-100", SS_KAFKA_SOURCE) && uri.from == SS_FROM_TAIL && uri.from_at == 100,
       "from the last hundred");
    ok(good("//b/t?from=2026-03-01T00:00:00Z&until=2026-03-02", SS_KAFKA_SOURCE) &&
           uri.from == SS_FROM_TIME && uri.from_at == 1772323200000 && uri.until == SS_UNTIL_TIME &&
           uri.until_at == 1772409600000,
       "from a time until a time, in ms");
}

static void test_sinks(void)
{
    ok(good("//b/out?key=user_id&exactly_once=1&id=a.b&commit=50ms", SS_KAFKA_SINK) &&
           strcmp(uri.key, "user_id") == 0 && uri.exactly_once && strcmp(uri.id, "a.b") == 0 &&
           uri.commit_us == 50000,
       "key, transactions and their name");
    char field[8];
    ok(ss_uri_key("kafka://b/out?key=user_id", field, sizeof field) == 0 && strcmp(field, "user_id") == 0,
       "the key's field by the whole URI");
    ok(ss_uri_key("out.ndjson", field, sizeof field) == 0 && !field[0], "a file has no key");
    ok(ss_uri_key("kafka://b/out?key=merchant_id", field, sizeof field) == SS_EUSAGE,
       "a field name too long");
}

static void test_wrong(void)
{
    ok(bad("b:9092/t", SS_KAFKA_SOURCE, "kafka://HOST:PORT/TOPIC"), "no slashes");
    ok(bad("///t", SS_KAFKA_SOURCE, "kafka://HOST:PORT/TOPIC"), "no broker");
    ok(bad("//b:9092", SS_KAFKA_SOURCE, "kafka://HOST:PORT/TOPIC"), "no topic");
    ok(bad("//b/", SS_KAFKA_SOURCE, "no name of a topic"), "an empty topic");
    ok(bad("//b/a b", SS_KAFKA_SOURCE, "no name of a topic"), "a topic that Kafka would refuse");
    ok(bad("//b/..", SS_KAFKA_SOURCE, "no name of a topic"), "'..' is none either");
    ok(bad("//b/t?group=", SS_KAFKA_SOURCE, "not known here"), "an empty group");
    ok(bad("//b/t?key=user_id", SS_KAFKA_SOURCE, "an input has"), "what belongs to outputs");
    ok(bad("//b/t?group=g", SS_KAFKA_SINK, "an output has"), "what belongs to inputs");
    ok(bad("//b/a,b", SS_KAFKA_SINK, "more than 1 topic in an output"), "an output to two topics");
    ok(bad("//b/t?from=yesterday", SS_KAFKA_SOURCE, "earliest, latest"), "from no known place");
    ok(bad("//b/t?until=count:0", SS_KAFKA_SOURCE, "count:N"), "until nothing");
    ok(bad("//b/t?commit=often", SS_KAFKA_SOURCE, "100ms"), "no interval");
    ok(bad("//b/t?id=x", SS_KAFKA_SINK, "goes with exactly_once=1"), "a name without transactions");
    ok(bad("//b/t?group=%zz", SS_KAFKA_SOURCE, "hexadecimal"), "a bad escape");
    ok(bad("//b/t?group=a%00b", SS_KAFKA_SOURCE, "hexadecimal"), "a NUL");
    ok(bad("//b/t?group", SS_KAFKA_SOURCE, "NAME=VALUE"), "a setting without a value");
    char text[SS_KAFKA_URI_MAX + 10];
    memset(text, 'a', sizeof text);
    memcpy(text, "//b/", 4);
    text[sizeof text - 1] = '\0';
    ok(bad(text, SS_KAFKA_SOURCE, "longer than"), "a URI beyond the limit");
}

static void test_same(void)
{
    ok(ss_uri_same("kafka://b/t?group=g", "kafka://b/t?key=k"), "the same topic, whatever the settings");
    ok(ss_uri_same("kafka://b/a,t", "kafka://b/t"), "a topic in common");
    ok(!ss_uri_same("kafka://b/t", "kafka://b/u") && !ss_uri_same("kafka://b/t", "kafka://c/t"),
       "another topic, another broker");
    ok(!ss_uri_same("kafka://b/t", "t") && !ss_uri_same(NULL, "kafka://b/t"), "a file, nothing");
    ok(ss_uri_is_remote("kafka://b/t") && !ss_uri_is_remote("-"), "what is reached over a network");
}

static void test_properties(void)
{
    char path[] = "/tmp/ss-property-XXXXXX";
    int fd = mkstemp(path);
    ok(fd >= 0 && ss_file_replace(path, "s3cret\n", 7) == 0, "a file with a secret");
    close(fd);
    char text[64];
    snprintf(text, sizeof text, "sasl.password=@%s", path);
    ok(ss_property_set(text) == 0 && strcmp(ss_property_get("sasl.password"), "s3cret") == 0,
       "a value from a file, without its line's end");
    setenv("SS_TEST_VALUE", "from outside", 1);
    ok(ss_property_set("client.id=$SS_TEST_VALUE") == 0 &&
           strcmp(ss_property_get("client.id"), "from outside") == 0,
       "a value from the environment");
    ok(ss_property_set("a=@@b") == 0 && strcmp(ss_property_get("a"), "@b") == 0, "@@ is an @");
    ok(ss_property_set("a=1") == 0 && strcmp(ss_property_get("a"), "1") == 0, "the later one wins");
    ok(ss_property_set("a=$SS_NOT_THERE") == SS_EUSAGE && strstr(ss_err_text(), "SS_NOT_THERE"),
       "a variable that is not there");
    ok(ss_property_set("sasl.password=bare") == SS_EUSAGE && !strstr(ss_err_text(), "bare") &&
           ss_property_set("sasl.password=@@bare") == SS_EUSAGE &&
           ss_property_set("sasl.oauthbearer.client.secret=bare") == SS_EUSAGE,
       "a secret as it is on a command line");
    ok(ss_property_set("sasl.password=@/no/such/file") == SS_ENOINPUT, "a file that is not there");
    ok(ss_property_set("justaname") == SS_EUSAGE && ss_property_set("=v") == SS_EUSAGE, "no NAME=VALUE");
    const char lines[] = "# a comment\n\n  security.protocol = x\nlinger.ms=7 \r\n";
    ok(ss_file_replace(path, lines, sizeof lines - 1) == 0, "a file of settings");
    snprintf(text, sizeof text, "@%s", path);
    ok(ss_property_set(text) == 0 && strcmp(ss_property_get("linger.ms"), "7") == 0,
       "settings from a file, blanks and comments left out");
    ok(ss_property_get("security.protocol") && strcmp(ss_property_get("security.protocol"), "x") == 0,
       "blanks around the equals sign");
    ok(ss_file_replace(path, "a=1\nnonsense\n", 13) == 0 && ss_property_set(text) == SS_EUSAGE &&
           strstr(ss_err_text(), ":2: "),
       "a fault names file and line");
    ok(ss_property_secret("sasl.password") && ss_property_secret("ssl.key.pem") &&
           !ss_property_secret("linger.ms"),
       "which names may hold secrets");
    unlink(path);
    ss_property_clear();
    ok(!ss_property_get("a"), "cleared");
}

static void test_queue(void)
{
    struct ss_taken taken = {0};
    static char msg[5000];
    int part;
    int64_t next;
    bool well = true;
    for (int i = 0; i < 5000; i++) { /* beyond the first size of the ring, each line ten bytes */
        well &= ss_taken_add(&taken, &msg[i], i % 3, 100 + i) == 0;
        ss_taken_close(&taken, (i + 1) * 10, i % 2);
    }
    ok(well, "5,000 messages handed over");
    ok(!ss_taken_pop(&taken, &part, &next), "none is consumed yet");
    taken.consumed = 25;
    ok(ss_taken_pop(&taken, &part, &next) == &msg[0] && part == 0 && next == 100 &&
           ss_taken_pop(&taken, &part, &next) == &msg[1] && part == 1 && next == 101 &&
           !ss_taken_pop(&taken, &part, &next),
       "25 bytes consume two lines of ten, the third only in part");
    const struct ss_taken_one *third = ss_taken_find(&taken, 3), *last = ss_taken_find(&taken, 5000);
    ok(!ss_taken_find(&taken, 2) && third && third->msg == &msg[2] && !third->bare && last &&
           last->msg == &msg[4999] && last->bare && !ss_taken_find(&taken, 5001),
       "messages are found by their line while they are there");
    ss_taken_disown(&taken, 2);
    taken.consumed = 30;
    ok(ss_taken_pop(&taken, &part, &next) == &msg[2] && part == -1, "one whose partition has gone");
    ok(ss_taken_holds(&taken, 0) && !ss_taken_holds(&taken, 2) && ss_taken_holds(&taken, -1),
       "what it holds");
    int left = 0;
    while (ss_taken_drop(&taken))
        left++;
    ok(left == 4997 && !ss_taken_holds(&taken, -1), "dropped one by one");
    ok(ss_taken_add(&taken, &msg[0], 0, 1) == 0 && !ss_taken_pop(&taken, &part, &next),
       "one that is handed over in part is not consumed");
    ss_taken_free(&taken);
}

int main(void)
{
    test_sources();
    test_sinks();
    test_wrong();
    test_same();
    test_properties();
    test_queue();
    return done();
}
