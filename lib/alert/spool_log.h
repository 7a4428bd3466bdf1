/* One log of a spool, and its lines. Not thread safe: spool.c holds the lock. */
#ifndef SS_ALERT_SPOOL_LOG_H
#define SS_ALERT_SPOOL_LOG_H

#include "alert/spool.h"

#define SS_LINE_SUM 16

struct ss_spool_log {
    uint64_t first; /* number of its first message */
    uint64_t lines, waiting;
    uint64_t bytes; /* durable; readers stop here */
    uint8_t *done;  /* a bit for each message */
    uint64_t done_cap;
    bool closed;     /* nothing more comes: its files are opened when they are needed */
    int fd, done_fd; /* -1: not open */
    char *path;
    struct ss_spool_log *next;
};

/* "000000000042.log" -> 42. */
bool ss_spool_log_number(const char *name, uint64_t *number);
/* A new one, durably there. */
int ss_spool_log_create(const char *dir, uint64_t first, struct ss_spool_log **log) SS_MUST_CHECK;
/* Reads one and its marks, calling `each` for every message; half a line at its end is cut away. */
int ss_spool_log_open(const char *dir, uint64_t first, void (*each)(void *, const struct ss_spooled *),
                      void *arg, struct ss_spool_log **log) SS_MUST_CHECK;
/* No more is appended: keeps no file open. */
void ss_spool_log_close(struct ss_spool_log *log);
void ss_spool_log_free(struct ss_spool_log *log);
void ss_spool_log_remove(struct ss_spool_log *log, const char *dir); /* the files too */

/* Writes and syncs behind log->bytes, which the caller then moves; takes it back when that fails. */
int ss_spool_log_append(struct ss_spool_log *log, const char *bytes, size_t len) SS_MUST_CHECK;
/* There are so many messages more. */
int ss_spool_log_count(struct ss_spool_log *log, uint64_t n) SS_MUST_CHECK;
/* The line at `offset`, without its newline, into the reset `line`; SS_EDATA when it has no end. */
int ss_spool_log_read(struct ss_spool_log *log, uint64_t offset, struct ss_buf *line) SS_MUST_CHECK;
bool ss_spool_log_is_done(const struct ss_spool_log *log, uint64_t seq);
/* 1 when it is marked now, 0 when it was before. */
int ss_spool_log_mark(struct ss_spool_log *log, const char *dir, uint64_t seq, const char *how) SS_MUST_CHECK;

/* False for a line whose sum or form is wrong. */
bool ss_spool_line_read(struct ss_str line, struct ss_spooled *message);
/* What was made in the directory stays there. */
int ss_spool_sync_dir(const char *dir) SS_MUST_CHECK;
/* All of it to a file descriptor. */
int ss_spool_log_write(int fd, const char *path, const char *bytes, size_t len) SS_MUST_CHECK;

#endif
