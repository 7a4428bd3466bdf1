/*
 * The dashboard's files, from memory: /ui/NAME is a file, any other path outside /api is the page itself,
 * which finds its view by the address. With a directory they are read from there each time, for those who
 * design.
 */
#ifndef SS_SERVE_PAGES_H
#define SS_SERVE_PAGES_H

#include "cmd/ss-serve/task.h"

/* True when the path is one of theirs: the task is answered. `dir` may be NULL. */
bool ss_pages_answer(struct ss_task *task, const char *dir);

#endif
