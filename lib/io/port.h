/*
 * Where bytes come from and go to, opened by URI: `-` (standard input or output), a path, `file:PATH`,
 * `mem:NAME` (tests and fuzzers), `kafka://BROKERS/TOPIC` (see io/kafka_uri.h). gzip and zstd inputs are
 * recognised by their first bytes. A transport is one file that exports one `struct ss_transport`.
 *
 * Transports of bytes know nothing of records. Transports of messages hand each message over as one line,
 * know where each line came from, and let go of what they gave only when told that it is safe (commit).
 */
#ifndef SS_IO_PORT_H
#define SS_IO_PORT_H

#include "base/attr.h"
#include "base/buf.h"
#include "base/str.h"
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct ss_metrics;
struct ss_source;
struct ss_sink;

/* As per read(2): up to `cap` bytes, 0 at the end, SS_EIO on failure. EINTR returns SS_AGAIN so that the
 * caller can look at its stop flag. */
#define SS_AGAIN (-100)

/* Where a message came from. Lives until its bytes are reported as consumed. */
struct ss_origin {
    const char *topic;
    int32_t partition;
    int64_t offset;
    struct ss_str key;   /* p == NULL: none */
    const void *headers; /* the transport's own; NULL: none */
};

/*
 * One partition of an input, or the same one of several topics that are read as one. The number is from 1 on,
 * small, and stays the same while the source lives.
 */
#define SS_JOIN_MAX 4
struct ss_part {
    int number;
    const char *name, *group; /* "payments", of two topics "payments+labels"; the group may be NULL */
    int32_t partition;
    int topics;
    int64_t position[SS_JOIN_MAX]; /* in each topic: up to there it is consumed; -1: nothing is */
};

/* Whoever keeps a memory for each partition, told before and after messages of it come. */
struct ss_part_keeper {
    void *arg;
    /*
     * The partition is ours from now on, and `part` says the positions that the group has committed. Returns
     * 1 and in `part` earlier ones, or these, that a memory stands for; 0 when there is none; or an error.
     * What lies between the two is given again, as silent pieces.
     */
    int (*take)(void *arg, struct ss_part *part);
    /* It no longer is. Its memory may be kept when all positions are committed (`settled`). */
    void (*give)(void *arg, const struct ss_part *part, bool settled);
    /* Without a memory: what is younger than this, by the broker's times, is given again; INT64_MAX: all. */
    int64_t memory_us;
};

/* The next bytes not consumed. */
struct ss_piece {
    int part;    /* the number of the partition they all came from; 0: one that is no longer ours */
    bool silent; /* they were committed before: given again for a memory's sake */
    size_t bytes;
};

struct ss_source_ops {
    ssize_t (*read)(struct ss_source *src, void *to, size_t cap);
    void (*close)(struct ss_source *src);
    /* A read would not wait. NULL: not known. */
    bool (*ready)(struct ss_source *src);

    /* The rest is for transports of messages, and NULL for others. */

    /* So many more bytes of what read gave have been worked off: their records are on their way out. */
    void (*consumed)(struct ss_source *src, size_t bytes);
    /* The message that was line number `line` (first = 1) of this source; NULL once that is consumed. */
    const struct ss_origin *(*origin)(struct ss_source *src, uint64_t line);
    /* For sources with partitions: before the first read. `keeper` must outlive the source. */
    void (*keep)(struct ss_source *src, const struct ss_part_keeper *keeper);
    /* False when nothing has been read that is not consumed. */
    bool (*piece)(struct ss_source *src, struct ss_piece *piece);
    /* Fills in the part of that number: 1 when it is ours, with all that is consumed of it committed, 0 when
     * not, negative beyond the last number. */
    int (*settled)(struct ss_source *src, int number, struct ss_part *part);
    /* What is consumed so far has left durably: it need not be given again after a restart. */
    int (*commit)(struct ss_source *src);
    /* Appends members to a JSON object: "messages":12,... */
    void (*stats)(struct ss_source *src, struct ss_buf *json);
    void (*metrics)(struct ss_source *src, struct ss_metrics *to);
};

struct ss_source {
    const struct ss_source_ops *ops;
    char *name;          /* for messages and positions; owned */
    int64_t size_bytes;  /* -1 when not known; for progress */
    int64_t taken_bytes; /* read so far from the outermost layer */
    int64_t commit_us;   /* how often to commit; 0: there is nothing to commit */
    bool urgent;         /* commit now: others wait for it */
};

/* What a message carries beside its bytes: Kafka calls it a header. */
struct ss_label {
    const char *name;
    struct ss_str value;
};

/* A record on its way out, for transports of messages. */
struct ss_message {
    const void *bytes; /* without a newline */
    size_t len;
    struct ss_str key; /* p == NULL: none */
    const struct ss_origin
        *origin;                  /* whose headers (and key, where `key` is none) it takes over; NULL: none */
    const struct ss_label *label; /* further headers, n_labels of them */
    int n_labels;
};

/* The transport cannot carry a message of this length; nothing was written. */
#define SS_TOO_LONG (-101)

struct ss_sink_ops {
    /* All of it, or an error: SS_EIO, SS_EPIPE. */
    int (*write)(struct ss_sink *sink, const void *bytes, size_t len);
    /* After it returns 0 the bytes are as durable as this transport can make them. */
    int (*sync)(struct ss_sink *sink);
    /* Reports what a failed close(2) reports (a full disk shows here). Frees the sink in any case. */
    int (*close)(struct ss_sink *sink);
    /* The rest is for transports of messages, and NULL for others. */

    /* One message; waits while the transport has more than it can hold. SS_TOO_LONG, SS_EIO. */
    int (*put)(struct ss_sink *sink, const struct ss_message *msg);
    /* Messages may wait for each other until this is called; with `more` to come at once, some milliseconds
     * longer. NULL: none waits. Sync includes it. */
    int (*push)(struct ss_sink *sink, bool more);
    /* Where commit_us is set: everything put since the last commit, and what `src` has consumed, become
     * lasting and visible in one step, or not at all. `src` need not commit then. */
    int (*commit)(struct ss_sink *sink, struct ss_source *src);
    void (*stats)(struct ss_sink *sink, struct ss_buf *json);
    /* `port` is "output" or "rejects". */
    void (*metrics)(struct ss_sink *sink, const char *port, struct ss_metrics *to);
    /* Does somebody answer there? Waits a second or two. SS_EAWAY. */
    int (*check)(struct ss_sink *sink);
};

struct ss_sink {
    const struct ss_sink_ops *ops;
    char *name;
    int64_t commit_us;    /* not 0: this sink works in transactions and wants one committed that often */
    bool urgent;          /* commit now: much is waiting */
    const char *too_long; /* what the last message was that was SS_TOO_LONG: "longer than ..." */
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

/* The name begins a transport of messages: what is behind it must be reached over a network. */
bool ss_uri_is_remote(const char *uri);
/* Both name the same regular file or the same topic: writing one would overwrite or feed the other. */
bool ss_uri_same(const char *a, const char *b);
/* The field named by `key=` in an output's URI: "" when there is none. SS_EUSAGE when the URI is wrong. */
int ss_uri_key(const char *uri, char *field, size_t cap) SS_MUST_CHECK;

/* Memory ports: what `mem:NAME` reads and writes. A NAME lives until ss_mem_clear. */
struct ss_buf *ss_mem_buffer(const char *name);
/* Reads from mem: return at most this many bytes at once (0 = all); tests set it to try every chunking. */
extern size_t ss_mem_chunk;
void ss_mem_clear(void);

#endif
