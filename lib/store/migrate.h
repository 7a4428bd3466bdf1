/*
 * The schema's versions: files lib/store/NNN_name.sql, embedded, run in order and never backwards. Each runs
 * in one transaction with the row that says it ran, so that a crash leaves the version before or the one
 * after.
 *
 * In their text {id} {int} {real} {text} {blob} stand for each database's own types ({id}: a number of its
 * own for each row, the primary key), {end} for what ends a table, and {keyed} for what ends one that is kept
 * in the order of its primary key where the database can do so. A file that is on record with another
 * checksum is refused: what ran is history.
 */
#ifndef SS_STORE_MIGRATE_H
#define SS_STORE_MIGRATE_H

#include "store/db.h"

/* Runs what is missing; several processes may try at once. *from and *to (which may be NULL): the version
 * before and after. SS_EDATA for a database newer than this program. */
int ss_migrate(struct ss_db *db, int *from, int *to) SS_MUST_CHECK;
/* The version the database has (0: none of ours) and the one this program wants. */
int ss_migrate_state(struct ss_db *db, int *has, int *wants) SS_MUST_CHECK;

/* Opens, and migrates unless read_only; for a read-only one an older schema is SS_ECONFIG, naming ss-ctl
 * migrate. */
int ss_store_open(const char *uri, const struct ss_db_options *options, struct ss_db **db) SS_MUST_CHECK;

#endif
