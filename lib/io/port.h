/*
 * Where bytes come from and go to, opened by URI: `-` (standard input or output), a path, `file:PATH`,
 * `mem:NAME` (tests and fuzzers), later `kafka://`. gzip and zstd inputs are recognised by their first bytes.
 * A transport is one file that exports one `struct ss_transport`.
 */
#ifndef SS_IO_PORT_H
#define SS_IO_PORT_H

#include "base/attr.h"
#include "base/buf.h"
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct ss_source;
struct ss_sink;

/* As per read(2): up to `cap` bytes, 0 at the end, SS_EIO on failure. EINTR returns SS_AGAIN so that the
 * caller can look at its stop flag. */
#define SS_AGAIN (-100)

struct ss_source_ops {
    ssize_t (*read)(struct ss_source *src, void *to, size_t cap);
    void (*close)(struct ss_source *src);
};

struct ss_source {
    const struct ss_source_ops *ops;
    char *name;          /* for messages and positions; owned */
    int64_t size_bytes;  /* -1 when not known; for progress */
    int64_t taken_bytes; /* read so far from the outermost layer */
};

struct ss_sink_ops {
    /* All of it, or an error: SS_EIO, SS_EPIPE. */
    int (*write)(struct ss_sink *sink, const void *bytes, size_t len);
    /* After it returns 0 the bytes are as durable as this transport can make them. */
    int (*sync)(struct ss_sink *sink);
    /* Reports what a failed close(2) reports (a full disk shows here). Frees the sink in any case. */
    int (*close)(struct ss_sink *sink);
};

struct ss_sink {
    const struct ss_sink_ops *ops;
    char *name;
};

/* Opens and, where the first bytes say so, puts a decompressor on top (so the first read must offer room for
 * at least four). SS_ENOINPUT, SS_EIO, SS_EUSAGE. */
int ss_source_open(const char *uri, struct ss_source **src) SS_MUST_CHECK;
ssize_t ss_source_read(struct ss_source *src, void *to, size_t cap) SS_MUST_CHECK;
void ss_source_close(struct ss_source *src); /* accepts NULL */

int ss_sink_open(const char *uri, struct ss_sink **sink) SS_MUST_CHECK;
int ss_sink_write(struct ss_sink *sink, const void *bytes, size_t len) SS_MUST_CHECK;
int ss_sink_sync(struct ss_sink *sink) SS_MUST_CHECK;
int ss_sink_close(struct ss_sink *sink) SS_MUST_CHECK; /* accepts NULL */

/* Memory ports: what `mem:NAME` reads and writes. A NAME lives until ss_mem_clear. */
struct ss_buf *ss_mem_buffer(const char *name);
/* Reads from mem: return at most this many bytes at once (0 = all); tests set it to try every chunking. */
extern size_t ss_mem_chunk;
void ss_mem_clear(void);

#endif
