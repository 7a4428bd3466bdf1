/*
 * The server's secret, out of which the keys of all tokens are made. A file of one line or two, 64
 * hexadecimal digits each: the first signs, both are recognised, so that a new first line (ss_secret_rotate)
 * ends nobody's session. Taking the second line away ends what the old secret signed. Only its owner may read
 * the file; it lies outside of the store, whose copies and backups therefore sign nobody in.
 */
#ifndef SS_WEB_SECRET_H
#define SS_WEB_SECRET_H

#include "base/digest.h"

#define SS_SECRETS 2

struct ss_secret {
    unsigned char key[SS_SECRETS][SS_DIGEST_BYTES];
    int n;
};

/* Reads the file, or makes it (mode 0600) where there is none. SS_ECONFIG when it is damaged or others may
 * read it, SS_ENOINPUT, SS_ECREATE. */
int ss_secret_open(const char *path, struct ss_secret *secret) SS_MUST_CHECK;
/* A new first line; the first one becomes the second. In one step: a crash leaves the file before or after.
 */
int ss_secret_rotate(const char *path) SS_MUST_CHECK;
/* The key for one purpose ("access"), from the nth secret: a token of one kind is never one of another. */
void ss_secret_key(const struct ss_secret *secret, int nth, const char *purpose,
                   unsigned char out[SS_DIGEST_BYTES]);

#endif
