/* The pipeline that the server hosts, as the API's engine (web/engine.h). The writer's thread, except for
 * `describe`. */
#ifndef SS_SERVE_HOSTED_H
#define SS_SERVE_HOSTED_H

#include "cli/host.h"
#include "store/db.h"
#include "web/engine.h"

struct ss_hosted {
    struct ss_engine engine;
    struct ss_host *host;
    struct ss_hosted_parts *parts; /* its own */
};

struct ss_hosted_options {
    const char *pipeline, *state_path;
    int64_t warm_us; /* without a snapshot: how much of the store's newest history is passed again */
    const volatile int *stop;
};

/* Opens the pipeline, and passes it what the store has behind the snapshot's place: silently, nothing is
 * stored or told again. */
int ss_hosted_open(const struct ss_hosted_options *opt, struct ss_db *db,
                   struct ss_hosted **hosted) SS_MUST_CHECK;
/* After a failure the memory is that of no point in the stream: begins anew from the snapshot. */
int ss_hosted_mend(struct ss_hosted *hosted, struct ss_db *db) SS_MUST_CHECK;
bool ss_hosted_broken(const struct ss_hosted *hosted);
/* Takes a snapshot with this place inside, by a child; returns at once. */
int ss_hosted_save_soon(struct ss_hosted *hosted, int64_t seq) SS_MUST_CHECK;
/* Notes what `describe` tells. Once a second. */
void ss_hosted_look(struct ss_hosted *hosted);
/* The end: the snapshot is whole when it returns. */
int ss_hosted_close(struct ss_hosted *hosted, int64_t seq) SS_MUST_CHECK;

#endif
