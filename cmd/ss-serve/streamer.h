/*
 * The thread that hands payments on to the stream (web/stream.h): all that wait at once, acknowledged
 * together. It looks every few seconds whether the stream is there, and opens it anew when it was away.
 */
#ifndef SS_SERVE_STREAMER_H
#define SS_SERVE_STREAMER_H

#include "cmd/ss-serve/gate.h"
#include "web/metrics.h"

#define SS_STREAMER_LIMIT 4096 /* that may wait */

struct ss_streamer;

/* SS_EUSAGE for a URI that is none. A stream that is away is no failure: it may come. */
int ss_streamer_open(struct ss_gate *gate, const char *uri, struct ss_streamer **streamer) SS_MUST_CHECK;
/* From any thread; NULL is a stream that is not there. */
bool ss_streamer_up(const struct ss_streamer *streamer);
/* False when too many wait already. */
bool ss_streamer_put(struct ss_streamer *streamer, struct ss_task *task) SS_MUST_CHECK;
void ss_streamer_look(struct ss_streamer *streamer, struct ss_facts *facts);
/* Finishes what waits, then ends. Accepts NULL. */
void ss_streamer_close(struct ss_streamer *streamer);

#endif
