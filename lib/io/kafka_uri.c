#include "io/kafka_uri.h"
#include "io/port.h"
#include "base/err.h"
#include "base/number.h"
#include "base/time.h"
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#define TOPIC_MAX    249           /* Kafka's own limit */
#define MESSAGES_MAX 1000000000000 /* of from=-N: the client counts these down from a number of its own */

static int hex_of(char c)
{
    return c >= '0' && c <= '9'   ? c - '0'
           : c >= 'a' && c <= 'f' ? c - 'a' + 10
           : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                  : -1;
}

/* Undoes %XX in place; false for a bad one, and for %00. */
static bool unescape(char *p)
{
    char *to = p;
    for (; *p; p++) {
        if (*p != '%') {
            *to++ = *p;
            continue;
        }
        int high = hex_of(p[1]), low = high < 0 ? -1 : hex_of(p[2]);
        if (low < 0 || high * 16 + low == 0)
            return false;
        *to++ = (char)(high * 16 + low);
        p += 2;
    }
    *to = '\0';
    return true;
}

static bool time_of(const char *value, int64_t *ms)
{
    int64_t us;
    if (!ss_time_parse(value, strlen(value), &us))
        return false;
    *ms = ss_floor_div(us, 1000);
    return true;
}

static int read_from(struct ss_kafka_uri *uri, const char *value)
{
    int64_t n;
    if (strcmp(value, "earliest") == 0) {
        uri->from = SS_FROM_EARLIEST;
    } else if (strcmp(value, "latest") == 0) {
        uri->from = SS_FROM_LATEST;
    } else if (ss_int_parse(value, strlen(value), &n) && n > -MESSAGES_MAX) {
        uri->from = n < 0 ? SS_FROM_TAIL : SS_FROM_OFFSET;
        uri->from_at = n < 0 ? -n : n;
    } else if (time_of(value, &uri->from_at)) {
        uri->from = SS_FROM_TIME;
    } else {
        return ss_fail(SS_EUSAGE,
                       "'from=%s': earliest, latest, an offset, -N or a time such as 2026-03-01T00:00:00Z",
                       value);
    }
    return 0;
}

static int read_until(struct ss_kafka_uri *uri, const char *value)
{
    if (strcmp(value, "end") == 0)
        uri->until = SS_UNTIL_END;
    else if (strncmp(value, "count:", 6) == 0 && ss_int_parse(value + 6, strlen(value + 6), &uri->until_at) &&
             uri->until_at > 0)
        uri->until = SS_UNTIL_COUNT;
    else if (time_of(value, &uri->until_at))
        uri->until = SS_UNTIL_TIME;
    else
        return ss_fail(SS_EUSAGE, "'until=%s': end, count:N or a time such as 2026-03-01T00:00:00Z", value);
    return 0;
}

static int read_pair(struct ss_kafka_uri *uri, enum ss_kafka_side side, const char *name, const char *value)
{
    bool source = side == SS_KAFKA_SOURCE;
    if (source && strcmp(name, "group") == 0 && *value) {
        uri->group = value;
    } else if (source && strcmp(name, "from") == 0) {
        return read_from(uri, value);
    } else if (source && strcmp(name, "until") == 0) {
        return read_until(uri, value);
    } else if (!source && strcmp(name, "key") == 0 && *value) {
        uri->key = value;
    } else if (!source && strcmp(name, "id") == 0 && *value) {
        uri->id = value;
    } else if (!source && strcmp(name, "exactly_once") == 0 && (!strcmp(value, "1") || !strcmp(value, "0"))) {
        uri->exactly_once = *value == '1';
    } else if (strcmp(name, "commit") == 0) {
        if (!ss_duration_parse(value, strlen(value), &uri->commit_us))
            return ss_fail(SS_EUSAGE, "'commit=%s': a time such as 100ms or 1s", value);
    } else {
        return ss_fail(SS_EUSAGE, "'%s=%s' is not known here: %s", name, value,
                       source ? "an input has group=, from=, until= and commit="
                              : "an output has key=, exactly_once=, id= and commit=");
    }
    return 0;
}

static int read_pairs(struct ss_kafka_uri *uri, enum ss_kafka_side side, char *p)
{
    int err = 0;
    while (p && *p && !err) {
        char *next = strchr(p, '&');
        if (next)
            *next++ = '\0';
        char *value = strchr(p, '=');
        if (!value || value == p)
            return ss_fail(SS_EUSAGE, "'%s': a setting is NAME=VALUE", p);
        *value++ = '\0';
        if (!unescape(value))
            return ss_fail(SS_EUSAGE, "'%s=%s': a %% is followed by two hexadecimal digits", p, value);
        err = read_pair(uri, side, p, value);
        p = next;
    }
    return err;
}

static bool is_topic(const char *p)
{
    size_t n = strlen(p);
    for (size_t i = 0; i < n; i++)
        if (!isalnum((unsigned char)p[i]) && !strchr("._-", p[i]))
            return false;
    return n > 0 && n <= TOPIC_MAX && strcmp(p, ".") != 0 && strcmp(p, "..") != 0;
}

static int read_topics(struct ss_kafka_uri *uri, enum ss_kafka_side side, char *p)
{
    uri->joined = strchr(p, '+') != NULL;
    if (uri->joined)
        snprintf(uri->all, sizeof uri->all, "%s", p);
    if (uri->joined && (side == SS_KAFKA_SINK || strchr(p, ',')))
        return ss_fail(SS_EUSAGE, "'%s' is no name of a topic", p);
    int most = side == SS_KAFKA_SINK ? 1 : uri->joined ? SS_JOIN_MAX : SS_KAFKA_TOPICS_MAX;
    while (p) {
        char *next = strchr(p, uri->joined ? '+' : ',');
        if (next)
            *next++ = '\0';
        if (!is_topic(p))
            return ss_fail(SS_EUSAGE, "'%s' is no name of a topic", p);
        if (uri->n_topics == most)
            return ss_fail(SS_EUSAGE, "more than %d topic%s", uri->n_topics,
                           side == SS_KAFKA_SINK ? " in an output" : "s");
        uri->topic[uri->n_topics++] = p;
        p = next;
    }
    return 0;
}

int ss_kafka_uri_parse(const char *rest, enum ss_kafka_side side, struct ss_kafka_uri *uri)
{
    memset(uri, 0, sizeof *uri);
    if (strlen(rest) >= sizeof uri->text)
        return ss_fail(SS_EUSAGE, "the kafka: URI is longer than %zu bytes", sizeof uri->text - 1);
    memcpy(uri->text, rest, strlen(rest) + 1);
    char *p = uri->text, *slash;
    if (strncmp(p, "//", 2) != 0 || p[2] == '/' || !(slash = strchr(p + 2, '/')))
        return ss_fail(SS_EUSAGE, "'kafka:%s' is not of the form kafka://HOST:PORT/TOPIC", rest);
    uri->brokers = p + 2;
    *slash = '\0';
    char *query = strchr(slash + 1, '?');
    if (query)
        *query++ = '\0';
    int err = read_topics(uri, side, slash + 1);
    if (!err)
        err = read_pairs(uri, side, query);
    if (!err && uri->id && !uri->exactly_once)
        err = ss_fail(SS_EUSAGE, "'id=%s' goes with exactly_once=1", uri->id);
    return err;
}

/* The brokers and topics of a whole URI, without caring about its settings. */
static bool place_of(const char *text, struct ss_kafka_uri *uri)
{
    const char *rest = strncmp(text, "kafka:", 6) == 0 ? text + 6 : text;
    size_t n = strcspn(rest, "?");
    char bare[SS_KAFKA_URI_MAX];
    if (n >= sizeof bare)
        return false;
    memcpy(bare, rest, n);
    bare[n] = '\0';
    return ss_kafka_uri_parse(bare, SS_KAFKA_SOURCE, uri) == 0;
}

bool ss_kafka_uri_same(const char *a, const char *b)
{
    struct ss_kafka_uri x, y;
    if (!place_of(a, &x) || !place_of(b, &y) || strcmp(x.brokers, y.brokers) != 0)
        return false;
    for (int i = 0; i < x.n_topics; i++)
        for (int j = 0; j < y.n_topics; j++)
            if (strcmp(x.topic[i], y.topic[j]) == 0)
                return true;
    return false;
}
