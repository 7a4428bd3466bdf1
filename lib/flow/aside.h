/*
 * Work that a forked child does on a copy of the process's memory as it is at that moment, while the process
 * itself goes on: the pause is that of the fork. One at a time. The child ends with its parent: when that was
 * killed, the next one may be writing the same file by now.
 */
#ifndef SS_FLOW_ASIDE_H
#define SS_FLOW_ASIDE_H

#include "base/attr.h"
#include <stdbool.h>
#include <sys/types.h>

struct ss_aside {
    pid_t child; /* 0: none */
    int pipe;
};

/* Runs `work` in a child. SS_ENOMEM, SS_EIO when none can be made; not while one is there. */
int ss_aside_begin(struct ss_aside *aside, int (*work)(void *arg), void *arg) SS_MUST_CHECK;
/* 1 when the child has ended well, its error when not, 0 when none is there or, without `wait`, it still
 * works. */
int ss_aside_poll(struct ss_aside *aside, bool wait) SS_MUST_CHECK;

#endif
