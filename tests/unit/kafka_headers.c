/* Values with the bytes around them as the formats of Kafka's records have them. */
#include "io/kafka_source.h"
#include "tests/tap.h"

#define ROOM 16

static const size_t lengths[] = {1, 2, 63, 64, 127, 128, 340, 8191, 8192, 32768, 65535, 1000000, 2000000};
static char text[2 * ROOM + 2000000];

/* Version 2: the length as a zigzag varint, the value, the number of headers. */
static const char *present(size_t len, char headers)
{
    char digit[10];
    size_t n = 0;
    uint64_t rest = (uint64_t)len * 2;
    do {
        digit[n] = (char)(rest & 0x7f);
        rest >>= 7;
        digit[n++] |= rest ? (char)0x80 : 0;
    } while (rest);
    memset(text, 'x', sizeof text);
    memcpy(text + ROOM - n, digit, n);
    text[ROOM + len] = headers;
    return text + ROOM;
}

/* Versions 0 and 1: the length in four bytes, the value, and then whatever comes. */
static const char *old(size_t len, char next)
{
    memset(text, 'x', sizeof text);
    for (int i = 0; i < 4; i++)
        text[ROOM - 1 - i] = (char)(len >> (8 * i));
    text[ROOM + len] = next;
    return text + ROOM;
}

int main(void)
{
    for (size_t i = 0; i < SS_COUNT(lengths); i++) {
        size_t n = lengths[i];
        ok(ss_kafka_lies_bare(present(n, 0), n), "%zu bytes without headers", n);
        ok(!ss_kafka_lies_bare(present(n, 2), n), "%zu bytes with one header", n);
        ok(!ss_kafka_lies_bare(old(n, 0), n), "%zu bytes in an older format tell nothing", n);
        (void)present(n, 0);
        ok(!ss_kafka_lies_bare(text + ROOM, n + 1) && !ss_kafka_lies_bare(text + ROOM + 1, n),
           "nor does another length than that of %zu bytes, or another place", n);
    }
    ok(!ss_kafka_lies_bare(NULL, 0) && !ss_kafka_lies_bare(present(1, 0), 0), "nor an empty value");
    return done();
}
