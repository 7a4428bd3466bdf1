/* What a transport exports, inside lib/io only. A new one is a file and a line in the table of port.c. */
#ifndef SS_IO_TRANSPORT_H
#define SS_IO_TRANSPORT_H

#include "io/port.h"

struct ss_transport {
    const char *scheme; /* "file": for URIs that begin with "file:" */
    int (*open_source)(const char *rest, struct ss_source **src);
    int (*open_sink)(const char *rest, struct ss_sink **sink);
    bool messages; /* of messages, not bytes: never a compressed stream */
};

extern const struct ss_transport ss_transport_file, ss_transport_mem, ss_transport_kafka;

/*
 * Decompressors stand on an inner source, which they own from then on. `head` are the bytes already read from
 * it. SS_ENOMEM leaves `inner` to the caller.
 */
int ss_gzip_open(struct ss_source *inner, const void *head, size_t n, struct ss_source **src) SS_MUST_CHECK;
int ss_zstd_open(struct ss_source *inner, const void *head, size_t n, struct ss_source **src) SS_MUST_CHECK;

#endif
