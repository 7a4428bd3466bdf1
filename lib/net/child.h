/* A program that is given something on its standard input, and is waited for. */
#ifndef SS_NET_CHILD_H
#define SS_NET_CHILD_H

#include "base/attr.h"
#include "base/str.h"
#include <stdatomic.h>
#include <stdint.h>

struct ss_child {
    char *const *argv;      /* found along PATH; NULL behind the last */
    const char *const *env; /* "NAME=value", envs of them, added to our own */
    int envs;
    struct ss_str input;
    int64_t timeout_us;
    const atomic_bool *give_up; /* it is killed soon after this becomes true; may be NULL */
};

/*
 * Runs it in a process group of its own, with its standard output closed to ours (it goes to /dev/null), and
 * kills the group when time is up. 0 when it left with 0; SS_ENOINPUT when there is no such program; SS_EAWAY
 * otherwise, with what happened. A program that does not read all of its input is fine.
 */
int ss_child_run(const struct ss_child *child) SS_MUST_CHECK;

#endif
