/* What a run shows while it goes: Prometheus text in a file, and the service manager's notifications. */
#ifndef SS_CLI_WATCH_H
#define SS_CLI_WATCH_H

#include "flow/loop.h"

struct ss_watch {
    const char *program, *path; /* path: of the text; NULL: none is wanted */
    char unit[256];             /* its name without folder and ending: "scoring-1" */
    int64_t started_wall_us, written_ns, told_ns, watchdog_ns;
    bool ready, stopping, complained;
};

/* SS_ECREATE when `path` cannot be written: better now than after an hour. */
int ss_watch_open(struct ss_watch *watch, const char *program, const char *path) SS_MUST_CHECK;
/* For ss_loop_options.watch: does what is due. `over` at the end of the run. */
void ss_watch_turn(void *watch, const struct ss_loop_view *view, bool over);

#endif
