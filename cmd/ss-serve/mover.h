/*
 * The mover: a thread that brings the store's log into its place (ss_db_checkpoint) while the writer goes on.
 * It gives way to all others.
 */
#ifndef SS_SERVE_MOVER_H
#define SS_SERVE_MOVER_H

#include "base/attr.h"

struct ss_mover;

int ss_mover_open(const char *uri, struct ss_mover **mover) SS_MUST_CHECK;
void ss_mover_wake(struct ss_mover *mover);  /* there is something to move. From any thread */
void ss_mover_close(struct ss_mover *mover); /* accepts NULL */

#endif
