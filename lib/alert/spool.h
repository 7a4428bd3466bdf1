/*
 * Messages on their way, on disk: appended and synced before the stream goes on, read again by whoever
 * delivers, marked when they have arrived or have been given up. So a kill at any moment loses none.
 *
 *   DIR/lock                 held while a process uses the spool
 *   DIR/000000000001.log     a line a message: 16 hexadecimal digits of XXH3, a blank, and
 *                            {"seq":N,"to":"ops","id":"9f2c..-1","key":"user_id:42","body":{..}}
 *   DIR/000000000001.done    a line for each message of that log that is dealt with: "N sent" or "N dead"
 *   DIR/dead.ndjson          messages that were given up:
 * {"at":..,"to":..,"id":..,"why":..,"tries":N,"body":{..}}
 *
 * A log is named after its first message's number; what was cut off in the middle of a line when the machine
 * went down was never promised and is cut away. Logs that are done are kept as long as they are small, since
 * they tell a replay which messages it has sent before: a message whose destination and id are among the
 * last some 260,000 is not appended again.
 *
 * One thread appends, others read and mark: every function may be called at any time.
 */
#ifndef SS_ALERT_SPOOL_H
#define SS_ALERT_SPOOL_H

#include "base/attr.h"
#include "base/buf.h"
#include "base/str.h"
#include <stdint.h>

#define SS_SPOOL_LOG_BYTES  ((size_t)8 << 20)  /* a log is closed when it is larger */
#define SS_SPOOL_KEEP_BYTES ((size_t)32 << 20) /* of logs that are done */

struct ss_spool;

struct ss_spool_options {
    size_t log_bytes, keep_bytes; /* 0: as above */
};

/* A message that waits. Texts point into the buffer it was read into. */
struct ss_spooled {
    uint64_t seq;
    struct ss_str to, id, key, body;
};

/* Makes the directory when it is not there. SS_ECREATE, SS_EIO; SS_ECREATE also when another process uses it.
 */
int ss_spool_open(const char *dir, const struct ss_spool_options *opt, struct ss_spool **spool) SS_MUST_CHECK;
void ss_spool_close(struct ss_spool *spool); /* accepts NULL */

/* Adds a message to what the next commit makes durable. */
int ss_spool_add(struct ss_spool *spool, struct ss_str to, struct ss_str id, struct ss_str key,
                 struct ss_str body) SS_MUST_CHECK;
/* After it returns 0 all that was added is on disk. SS_EIO: none of it is. */
int ss_spool_commit(struct ss_spool *spool) SS_MUST_CHECK;

/* Where a reader is. Zeroed: at the beginning. */
struct ss_spool_at {
    uint64_t log; /* first number of the log */
    uint64_t offset;
};

/*
 * Reads the next message that is durable and not yet dealt with into `line` (reset first) and moves `at` over
 * it; *where keeps its place for ss_spool_reread. 1, or 0 when there is none at present. A damaged line is
 * skipped with a warning.
 */
int ss_spool_next(struct ss_spool *spool, struct ss_spool_at *at, struct ss_spool_at *where,
                  struct ss_buf *line, struct ss_spooled *message) SS_MUST_CHECK;
int ss_spool_reread(struct ss_spool *spool, struct ss_spool_at where, struct ss_buf *line,
                    struct ss_spooled *message) SS_MUST_CHECK;
/* Has arrived. */
int ss_spool_sent(struct ss_spool *spool, struct ss_spool_at where, uint64_t seq) SS_MUST_CHECK;
/* Is given up: to the dead letters, durably, and then marked. */
int ss_spool_dead(struct ss_spool *spool, struct ss_spool_at where, const struct ss_spooled *message,
                  const char *why, uint32_t tries) SS_MUST_CHECK;
/* Messages that are durable and not dealt with. */
uint64_t ss_spool_waiting(struct ss_spool *spool);

#endif
