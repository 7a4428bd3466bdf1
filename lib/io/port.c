#include "base/err.h"
#include "base/file.h"
#include "io/kafka_uri.h"
#include "io/transport.h"
#include <stdlib.h>
#include <string.h>

static const struct ss_transport *const transports[] = {&ss_transport_file, &ss_transport_mem,
                                                        &ss_transport_kafka};

/* The transport a URI names, and what follows its scheme. Without a scheme it is a path. */
static const struct ss_transport *transport_of(const char *uri, const char **rest)
{
    for (size_t i = 0; i < SS_COUNT(transports); i++) {
        size_t n = strlen(transports[i]->scheme);
        if (strncmp(uri, transports[i]->scheme, n) == 0 && uri[n] == ':') {
            *rest = uri + n + 1;
            return transports[i];
        }
    }
    *rest = uri;
    return strstr(uri, "://") ? NULL : &ss_transport_file;
}

/*
 * The source that callers see: it looks at the first bytes that arrive, and from then on hands through, or
 * unpacks. Looking is left to the first read, so that opening never blocks on a quiet pipe.
 */
struct sniffer {
    struct ss_source base;
    struct ss_source *inner;
    bool looked;
};

static bool may_become(const unsigned char *p, size_t n, const char *magic, size_t len)
{
    return n < len && n > 0 && memcmp(p, magic, n) == 0;
}

static bool is(const unsigned char *p, size_t n, const char *magic, size_t len)
{
    return n >= len && memcmp(p, magic, len) == 0;
}

static const char gzip_magic[] = "\x1f\x8b", zstd_magic[] = "\x28\xb5\x2f\xfd";

static ssize_t sniff(struct sniffer *s, unsigned char *to, size_t cap)
{
    size_t n = 0;
    while (n == 0 || may_become(to, n, gzip_magic, 2) || may_become(to, n, zstd_magic, 4)) {
        ssize_t got = n < cap ? s->inner->ops->read(s->inner, to + n, cap - n) : 0;
        if (got < 0 && !(got == SS_AGAIN && n))
            return got;
        if (got == 0)
            break;
        n += got > 0 ? (size_t)got : 0;
    }
    s->looked = true;
    int (*open)(struct ss_source *, const void *, size_t, struct ss_source **) =
        is(to, n, gzip_magic, 2)   ? ss_gzip_open
        : is(to, n, zstd_magic, 4) ? ss_zstd_open
                                   : NULL;
    if (!open)
        return (ssize_t)n;
    struct ss_source *unpacked;
    int err = open(s->inner, to, n, &unpacked);
    if (err < 0)
        return err;
    s->inner = unpacked;
    return unpacked->ops->read(unpacked, to, cap);
}

static ssize_t sniffer_read(struct ss_source *src, void *to, size_t cap)
{
    struct sniffer *s = (struct sniffer *)src;
    ssize_t n = s->looked ? s->inner->ops->read(s->inner, to, cap) : sniff(s, to, cap);
    src->taken_bytes = s->inner->taken_bytes;
    return n;
}

static bool sniffer_ready(struct ss_source *src)
{
    struct ss_source *inner = ((struct sniffer *)src)->inner;
    return inner->ops->ready && inner->ops->ready(inner);
}

static void sniffer_close(struct ss_source *src)
{
    struct sniffer *s = (struct sniffer *)src;
    s->inner->ops->close(s->inner);
    free(s);
}

static const struct ss_source_ops sniffer_ops = {
    .read = sniffer_read, .ready = sniffer_ready, .close = sniffer_close};

int ss_source_open(const char *uri, struct ss_source **src)
{
    const char *rest;
    const struct ss_transport *t = transport_of(uri, &rest);
    if (!t)
        return ss_fail(SS_EUSAGE, "unknown kind of input '%s'", uri);
    if (t->messages)
        return t->open_source(rest, src);
    struct sniffer *s = calloc(1, sizeof *s);
    if (!s)
        return ss_fail(SS_ENOMEM, "out of memory");
    int err = t->open_source(rest, &s->inner);
    if (err < 0) {
        free(s);
        return err;
    }
    s->base =
        (struct ss_source){.ops = &sniffer_ops, .name = s->inner->name, .size_bytes = s->inner->size_bytes};
    *src = &s->base;
    return 0;
}

ssize_t ss_source_read(struct ss_source *src, void *to, size_t cap)
{
    return src->ops->read(src, to, cap);
}

void ss_source_close(struct ss_source *src)
{
    if (src)
        src->ops->close(src);
}

int ss_sink_open(const char *uri, struct ss_sink **sink)
{
    const char *rest;
    const struct ss_transport *t = transport_of(uri, &rest);
    if (!t)
        return ss_fail(SS_EUSAGE, "unknown kind of output '%s'", uri);
    return t->open_sink(rest, sink);
}

bool ss_uri_is_remote(const char *uri)
{
    const char *rest;
    const struct ss_transport *t = transport_of(uri, &rest);
    return t && t->messages;
}

bool ss_uri_same(const char *a, const char *b)
{
    if (!a || !b)
        return false;
    return ss_uri_is_remote(a) && ss_uri_is_remote(b) ? ss_kafka_uri_same(a, b) : ss_file_same(a, b);
}

int ss_uri_key(const char *uri, char *field, size_t cap)
{
    const char *rest;
    const struct ss_transport *t = transport_of(uri, &rest);
    field[0] = '\0';
    if (!t || !t->messages)
        return 0;
    struct ss_kafka_uri parsed;
    int err = ss_kafka_uri_parse(rest, SS_KAFKA_SINK, &parsed);
    if (err < 0)
        return err;
    if (parsed.key && strlen(parsed.key) >= cap)
        return ss_fail(SS_EUSAGE, "the name of the key field is too long in '%s'", uri);
    snprintf(field, cap, "%s", parsed.key ? parsed.key : "");
    return 0;
}

int ss_sink_write(struct ss_sink *sink, const void *bytes, size_t len)
{
    return sink->ops->write(sink, bytes, len);
}

int ss_sink_sync(struct ss_sink *sink)
{
    return sink->ops->sync(sink);
}

int ss_sink_close(struct ss_sink *sink)
{
    return sink ? sink->ops->close(sink) : 0;
}
