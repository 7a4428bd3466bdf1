/* SQLite, for the files that know it: sqlite*.c. Inside lib/store only. */
#ifndef SS_STORE_SQLITE_H
#define SS_STORE_SQLITE_H

#include "store/backend.h"
#include <sqlite3.h>
#include <stdatomic.h>

/* How long the log may grow, in pages of 4 KiB, before a commit moves it into the file itself. The larger,
 * the fewer pages are written twice and the rarer the wait. Where another thread does it: when it begins to,
 * and again where it could not finish; when it is to hurry; and when a commit does not wait for it any
 * longer. A file that has become longer than _KEPT is cut back to that when the log begins anew. */
#define SS_LOG_PAGES       16384
#define SS_LOG_PAGES_OWN   32768
#define SS_LOG_PAGES_AGAIN 4096
#define SS_LOG_PAGES_LONG  49152
#define SS_LOG_PAGES_MAX   65536
#define SS_LOG_PAGES_KEPT  45056

/* First in a connection. */
struct ss_sqlite {
    struct ss_db base;
    sqlite3 *handle;
    sqlite3_file *log; /* NULL: not known, or not one of ours */
    int wait_ms;       /* for another writer */
    bool durable;
    int log_pages, log_pages_max; /* in the log after the last commit; a commit moves so many itself */
    int log_pages_told;           /* when a checkpoint was last said to be wanted; 0: not in this log */
};

int ss_sqlite_fail(struct ss_sqlite *db, int code);

/* ---- the file (sqlite_file.c) ---- */

/* What is in it is for its owner only: card holders' data, hashes of passwords. SQLite gives its other files
 * the same mode. Made by mknod, because closing a file drops every lock that this process has on it. */
int ss_sqlite_create(const char *path, const struct ss_db_options *opt) SS_MUST_CHECK;
/* A result of SQLite; *handle is to be closed in any case. */
int ss_sqlite_open(const char *path, const struct ss_db_options *opt, sqlite3 **handle);

/* ---- transactions (sqlite_commit.c) ---- */

/* Waits for other writers in small steps, and looks at the log's length after each commit. */
void ss_sqlite_hook(struct ss_sqlite *db);
int ss_sqlite_begin(struct ss_db *db, bool writing);
int ss_sqlite_commit(struct ss_db *db);
int ss_sqlite_commit_soon(struct ss_db *db);
int ss_sqlite_flush(struct ss_db *db);
int ss_sqlite_flush_again(struct ss_db *db);
void ss_sqlite_rollback(struct ss_db *db);
int ss_sqlite_check(struct ss_db *db);

/* ---- the log's way into the file (sqlite_move.c) ---- */

int ss_sqlite_checkpoint(struct ss_db *db);
int ss_sqlite_empty_log(struct ss_db *db);
enum ss_checkpoint ss_sqlite_wants_checkpoint(struct ss_db *db);

/* ---- the log (sqlite_log.c) ---- */

/*
 * The name of a VFS: the default one, but what a transaction appends to the log is written in one piece,
 * where SQLite would write two for each page: a third of what a commit of 32 payments costs. NULL where it
 * cannot be had.
 */
const char *ss_sqlite_vfs(void);

/* A connection's log, where that VFS made it, as long as the connection lives. By its thread. */
sqlite3_file *ss_log_of(sqlite3 *handle);
/* The commit that follows leaves its sync to ss_log_flush. */
void ss_log_soon(sqlite3_file *log);
/* A transaction has ended. Did it leave a sync? */
bool ss_log_done(sqlite3_file *log, bool committed);
/* Results of SQLite. The first by any one thread, the other inside a writing transaction that has written
 * nothing, while no flush is under way. */
int ss_log_flush(sqlite3_file *log);
int ss_log_again(sqlite3_file *log);

#endif
