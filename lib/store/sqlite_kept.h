/*
 * What was written to SQLite's log since it was last synced: copies, so that it can be written again. After a
 * sync that failed, the system may have thrown away what it could not write and still call the next sync a
 * success (https://wiki.postgresql.org/wiki/Fsync_Errors); only bytes that are written anew are tried again.
 * One thread puts, and one other may drop. Inside lib/store only.
 */
#ifndef SS_STORE_SQLITE_KEPT_H
#define SS_STORE_SQLITE_KEPT_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

/* Below 128 KiB: SQLite's own xWrite takes the rest of a larger one for a full disk (seekAndWriteFd, 3.40).
 */
#define SS_KEPT_BYTES (96 * 1024)
#define SS_KEPT_MAX   256 /* blocks; beyond, the caller syncs at once */

struct ss_kept_block {
    struct ss_kept_block *next;
    uint64_t number; /* counts up from 1 */
    int64_t at;      /* its place in the log */
    int n;
    unsigned char salt[8]; /* of the log's generation that it belongs to */
    char bytes[SS_KEPT_BYTES];
};

struct ss_kept {
    pthread_mutex_t lock;
    struct ss_kept_block *first, *last, *spare;
    int n;
    uint64_t newest, committed; /* numbers */
};

void ss_kept_init(struct ss_kept *kept);
void ss_kept_free(struct ss_kept *kept);

/* An empty block; NULL when out of memory. */
struct ss_kept_block *ss_kept_take(struct ss_kept *kept);
void ss_kept_give(struct ss_kept *kept, struct ss_kept_block *block); /* back, unused. Accepts NULL */
/* Keeps it: it has been written. */
void ss_kept_put(struct ss_kept *kept, struct ss_kept_block *block);
bool ss_kept_full(struct ss_kept *kept);
uint64_t ss_kept_newest(struct ss_kept *kept);
/* All up to that number are safe. */
void ss_kept_drop(struct ss_kept *kept, uint64_t number);
/* What is kept by now belongs to transactions that are committed; what came after the last such moment does
 * not, and is forgotten. */
void ss_kept_commit(struct ss_kept *kept);
void ss_kept_undo(struct ss_kept *kept);

#endif
