#include "web/secret.h"
#include "base/err.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define DIGITS   (2 * SS_DIGEST_BYTES)
#define FILE_MAX (SS_SECRETS * (DIGITS + 2))

static int nibble(char c)
{
    return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool parse(const char *text, size_t n, struct ss_secret *secret)
{
    secret->n = 0;
    while (n) {
        const char *end = memchr(text, '\n', n);
        size_t len = end ? (size_t)(end - text) : n;
        if (len != DIGITS || secret->n == SS_SECRETS)
            return false;
        for (size_t i = 0; i < SS_DIGEST_BYTES; i++) {
            int high = nibble(text[2 * i]), low = nibble(text[2 * i + 1]);
            if (high < 0 || low < 0)
                return false;
            secret->key[secret->n][i] = (unsigned char)(high * 16 + low);
        }
        secret->n++;
        text += len + (end != NULL);
        n -= len + (end != NULL);
    }
    return secret->n > 0;
}

static int read_file(const char *path, struct ss_secret *secret)
{
    char text[FILE_MAX + 1];
    struct stat st;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return ss_fail_errno(SS_ENOINPUT, "cannot open '%s'", path);
    ssize_t n = -1;
    int err = 0;
    if (fstat(fd, &st) < 0 || (n = read(fd, text, sizeof text)) < 0)
        err = ss_fail_errno(SS_EIO, "cannot read '%s'", path);
    else if (st.st_mode & 077)
        err = ss_fail(SS_ECONFIG, "others may read the secret '%s': chmod 600 it, and rotate it", path);
    else if (!parse(text, (size_t)n, secret))
        err =
            ss_fail(SS_ECONFIG, "'%s' is no secret: one or two lines of %d hexadecimal digits", path, DIGITS);
    close(fd);
    ss_bytes_wipe(text, sizeof text);
    return err;
}

static void add_line(const unsigned char *key, char *text, size_t *n)
{
    static const char digits[] = "0123456789abcdef";
    for (int i = 0; i < SS_DIGEST_BYTES; i++) {
        text[(*n)++] = digits[key[i] >> 4];
        text[(*n)++] = digits[key[i] & 15];
    }
    text[(*n)++] = '\n';
}

/* Written aside, then put in place: by link(2), which fails where there is a file, or by rename(2). */
static int write_file(const char *path, const struct ss_secret *secret, bool replace, bool *lost)
{
    char aside[4096], text[FILE_MAX];
    size_t n = 0;
    if (snprintf(aside, sizeof aside, "%s.XXXXXX", path) >= (int)sizeof aside)
        return ss_fail(SS_ECREATE, "the path '%s' is too long", path);
    for (int i = 0; i < secret->n; i++)
        add_line(secret->key[i], text, &n);
    int fd = mkostemp(aside, O_CLOEXEC); /* mode 0600 */
    if (fd < 0)
        return ss_fail_errno(SS_ECREATE, "cannot create '%s'", path);
    int err = 0;
    if (write(fd, text, n) != (ssize_t)n || fsync(fd) < 0)
        err = ss_fail_errno(SS_EIO, "cannot write '%s'", path);
    close(fd);
    ss_bytes_wipe(text, sizeof text);
    *lost = false;
    if (!err && replace && rename(aside, path) < 0)
        err = ss_fail_errno(SS_ECREATE, "cannot replace '%s'", path);
    else if (!err && !replace && link(aside, path) < 0 && !(*lost = errno == EEXIST))
        err = ss_fail_errno(SS_ECREATE, "cannot create '%s'", path);
    if (err || !replace)
        unlink(aside);
    return err;
}

int ss_secret_open(const char *path, struct ss_secret *secret)
{
    bool lost;
    memset(secret, 0, sizeof *secret);
    if (access(path, F_OK) == 0)
        return read_file(path, secret);
    secret->n = 1;
    ss_random_bytes(secret->key[0], SS_DIGEST_BYTES);
    int err = write_file(path, secret, false, &lost);
    /* Somebody else made it just now: theirs counts. */
    return err ? err : lost ? read_file(path, secret) : 0;
}

int ss_secret_rotate(const char *path)
{
    struct ss_secret secret;
    bool lost;
    int err = read_file(path, &secret);
    if (err)
        return err;
    memcpy(secret.key[1], secret.key[0], SS_DIGEST_BYTES);
    ss_random_bytes(secret.key[0], SS_DIGEST_BYTES);
    secret.n = 2;
    err = write_file(path, &secret, true, &lost);
    ss_bytes_wipe(&secret, sizeof secret);
    return err;
}

void ss_secret_key(const struct ss_secret *secret, int nth, const char *purpose,
                   unsigned char out[SS_DIGEST_BYTES])
{
    ss_hmac_sha256(secret->key[nth], SS_DIGEST_BYTES, purpose, strlen(purpose), out);
}
