/*
 * A message's headers. Asking the client for them costs as much as all else of reading a message, also where
 * there are none: it sets up a reader for them, with locks of its own. Nearly all messages have none, which
 * is seen from where they lie.
 *
 * The client leaves a message's bytes where they were fetched. A record of the present format (version 2,
 * https://kafka.apache.org/documentation/#record) ends so:
 *     the value's length (a varint) | the value | the number of headers (a varint) | the headers
 * A value with its length before it, so written, is part of such a record, and then the byte behind it says
 * whether there are headers. Before values of older formats, which have no headers, stands their length in
 * four bytes, the highest first: never the same bytes. Of whatever else the client is asked.
 */
#include "io/kafka_source.h"

#define KNOWN_LAST                                                                           \
    0x020fffff /* the client's versions that are known to leave the bytes there, from 2.0 on \
                */
#define LEN_MAX ((size_t)1 << 27) /* four bytes of a varint: what an older format has before its value */

bool ss_kafka_lies_bare(const char *value, size_t len)
{
    unsigned char digit[4];
    size_t n = 0;
    if (!value || !len || len >= LEN_MAX)
        return false;
    for (size_t rest = 2 * len; rest || !n; rest >>= 7) /* zigzag: 2 * len */
        digit[n++] = (unsigned char)(rest & 0x7f) | (rest > 0x7f ? 0x80 : 0);
    for (size_t i = 0; i < n; i++)
        if ((unsigned char)value[(ptrdiff_t)(i - n)] != digit[i])
            return false;
    return value[len] == 0;
}

bool ss_kafka_is_bare(const rd_kafka_message_t *msg)
{
    return ss_rdk.version() <= KNOWN_LAST && ss_kafka_lies_bare(msg->payload, msg->len);
}
