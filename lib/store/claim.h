/*
 * One server a store: it has the memory of what passed, runs jobs, watches deadlines and writes rules to
 * files, none of which two may do. ss-store and ss-ctl work beside it and claim nothing.
 *
 * A claim ends with its process, however that ends: it is a lock of the kernel's on SQLite's file (flock(2),
 * which SQLite itself does not use), and an advisory lock of the connection's session in PostgreSQL.
 */
#ifndef SS_STORE_CLAIM_H
#define SS_STORE_CLAIM_H

#include "store/db.h"

/* 1: the store is this process's from now on; 0: it is another's. Once a process. */
int ss_claim_take(struct ss_db *db) SS_MUST_CHECK;
/* Is it still? A connection that was lost has lost it, and takes it again where it can: 1; 0: another has it.
 */
int ss_claim_keep(struct ss_db *db) SS_MUST_CHECK;

#endif
