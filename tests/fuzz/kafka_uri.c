/* Kafka URIs and -X settings: no bytes may do more than be refused. The first byte chooses what they are. */
#include "io/kafka_uri.h"
#include "io/port.h"
#include "io/property.h"
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const unsigned char *bytes, size_t len);

int LLVMFuzzerTestOneInput(const unsigned char *bytes, size_t len)
{
    if (len == 0)
        return 0;
    char *text = malloc(len);
    if (!text)
        return 0;
    memcpy(text, bytes + 1, len - 1);
    text[len - 1] = '\0';
    static struct ss_kafka_uri uri;
    char field[32];
    if (bytes[0] == 'x') {
        /* Files are left out: the fuzzer would read whatever its machine has. */
        if (!strchr(text, '@'))
            (void)!ss_property_set(text);
        ss_property_clear();
    } else if (ss_kafka_uri_parse(text, bytes[0] == 'i' ? SS_KAFKA_SOURCE : SS_KAFKA_SINK, &uri) == 0) {
        if (uri.n_topics < 1 || !uri.brokers[0] || (uri.from == SS_FROM_TAIL && uri.from_at <= 0))
            abort();
    }
    (void)!ss_uri_key(text, field, sizeof field);
    (void)ss_uri_same(text, "kafka://b:9092/t,u");
    free(text);
    return 0;
}
