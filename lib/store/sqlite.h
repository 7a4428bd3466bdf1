/* SQLite, for the files that know it: sqlite.c and sqlite_log.c. Inside lib/store only. */
#ifndef SS_STORE_SQLITE_H
#define SS_STORE_SQLITE_H

#include <sqlite3.h>

/*
 * The name of a VFS: the default one, but what a transaction appends to the log is written in one piece,
 * where SQLite would write two for each page: a third of what a commit of 32 payments costs. NULL where it
 * cannot be had.
 */
const char *ss_sqlite_vfs(void);

#endif
