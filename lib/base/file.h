/* Whole files: small configuration read in one piece, results replaced in one step. */
#ifndef SS_BASE_FILE_H
#define SS_BASE_FILE_H

#include "base/attr.h"
#include "base/buf.h"

/* Appends the file to `buf`, whose ceiling bounds it: SS_EDATA beyond that, else SS_ENOINPUT or SS_EIO. */
int ss_file_read(const char *path, struct ss_buf *buf) SS_MUST_CHECK;
/* Written aside, fsynced, renamed over `path`, directory fsynced: after a crash the old or the new file is
 * there whole. SS_ECREATE or SS_EIO otherwise, and the old file is untouched. A device or a pipe is written
 * to and stays what it is. */
int ss_file_replace(const char *path, const void *bytes, size_t len) SS_MUST_CHECK;
/* All of it, whatever a single write(2) takes. 0, or -1 with errno. */
int ss_file_write_all(int fd, const void *bytes, size_t len) SS_MUST_CHECK;
/* The directory that `path` is in: a rename lasts once it is synced. SS_EIO. */
int ss_file_sync_directory(const char *path) SS_MUST_CHECK;
/* What lies written and synced at `aside` takes the place of `path`, the directory synced; the file that was
 * there stays as `before`, unless that is NULL. SS_ECREATE or SS_EIO, and then `aside` is gone. */
int ss_file_take_place(const char *aside, const char *path, const char *before) SS_MUST_CHECK;
/* Both are there and are one regular file: writing one would overwrite the other. NULL is no file. */
bool ss_file_same(const char *a, const char *b);

#endif
