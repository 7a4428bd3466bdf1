/*
 * The mover: a thread that brings the store's log into its place (ss_db_checkpoint) while the writer goes on.
 * It gives way to all others while that can wait.
 */
#ifndef SS_SERVE_MOVER_H
#define SS_SERVE_MOVER_H

#include "base/attr.h"
#include <stdbool.h>

struct ss_mover;

int ss_mover_open(const char *uri, struct ss_mover **mover) SS_MUST_CHECK;
/* There is something to move; where that is urgent, it gives way no longer. From any thread. */
void ss_mover_wake(struct ss_mover *mover, bool urgent);
void ss_mover_close(struct ss_mover *mover); /* accepts NULL */

#endif
