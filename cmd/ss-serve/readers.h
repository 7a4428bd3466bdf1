/* Threads for reads that may take a while, each with a database connection of its own. */
#ifndef SS_SERVE_READERS_H
#define SS_SERVE_READERS_H

#include "cmd/ss-serve/gate.h"

/* Beyond this many, an answer would come after its client has given up: better said at once. */
#define SS_READERS_LIMIT 256

struct ss_readers;

/* `n` threads on the store at `uri`. */
int ss_readers_open(struct ss_gate *gate, const char *uri, int n, struct ss_readers **readers) SS_MUST_CHECK;
/* False when too many wait already, or too many long ones. */
bool ss_readers_put(struct ss_readers *readers, struct ss_task *task) SS_MUST_CHECK;
int ss_readers_waiting(struct ss_readers *readers);
/* Finishes what is waiting, then ends. Accepts NULL. */
void ss_readers_close(struct ss_readers *readers);

#endif
