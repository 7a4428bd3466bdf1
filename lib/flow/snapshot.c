#include "flow/snapshot.h"
#include "base/err.h"
#include "base/hash.h"
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <unistd.h>

#define BLOCK_BYTES 65536
#define MAGIC       "SSSTATE1 "

struct block_sink {
    struct ss_sink base;
    struct ss_sink *to;
    uint64_t hash;
    uint32_t n;
    char block[BLOCK_BYTES];
};

static int put_block(struct block_sink *b)
{
    b->hash = ss_hash64_seed(b->block, b->n, b->hash);
    int err = ss_sink_write(b->to, &b->n, sizeof b->n);
    if (!err)
        err = ss_sink_write(b->to, b->block, b->n);
    if (!err)
        err = ss_sink_write(b->to, &b->hash, sizeof b->hash);
    b->n = 0;
    return err;
}

static int block_write(struct ss_sink *sink, const void *bytes, size_t len)
{
    struct block_sink *b = (struct block_sink *)sink;
    const char *p = bytes;
    while (len) {
        size_t n = BLOCK_BYTES - b->n < len ? BLOCK_BYTES - b->n : len;
        memcpy(b->block + b->n, p, n);
        b->n += (uint32_t)n;
        p += n;
        len -= n;
        int err = b->n == BLOCK_BYTES ? put_block(b) : 0;
        if (err < 0)
            return err;
    }
    return 0;
}

static int no_sync(struct ss_sink *sink)
{
    (void)sink;
    return 0;
}

static const struct ss_sink_ops block_sink_ops = {.write = block_write, .sync = no_sync, .close = no_sync};

int ss_section_write(struct ss_sink *to, const char *name, ss_section_save *save, const void *arg)
{
    struct block_sink *b = calloc(1, sizeof *b);
    if (!b)
        return ss_fail(SS_ENOMEM, "out of memory");
    b->base = (struct ss_sink){.ops = &block_sink_ops, .name = to->name};
    b->to = to;
    int err = ss_sink_write(to, MAGIC, sizeof MAGIC - 1);
    if (!err)
        err = ss_sink_write(to, name, strlen(name));
    if (!err)
        err = ss_sink_write(to, "\n", 1);
    if (!err)
        err = save(arg, &b->base);
    if (!err && b->n)
        err = put_block(b);
    if (!err)
        err = put_block(b); /* the empty one */
    free(b);
    return err;
}

struct stage_state {
    const struct ss_stage *stage;
    void *st;
};

static int save_stage(const void *arg, struct ss_sink *to)
{
    const struct stage_state *s = arg;
    return s->stage->save(s->st, to);
}

static int load_stage(void *arg, struct ss_source *from)
{
    const struct stage_state *s = arg;
    return s->stage->load(s->st, from);
}

int ss_section_write_stage(struct ss_sink *to, const struct ss_stage *stage, const void *st)
{
    struct stage_state s = {stage, (void *)st};
    return ss_section_write(to, stage->name, save_stage, &s);
}

int ss_snapshot_save(const char *path, const struct ss_stage *stage, const void *st)
{
    char aside[PATH_MAX];
    struct ss_sink *to = NULL;
    int n = snprintf(aside, sizeof aside, "%s.tmp.%ld", path, (long)getpid());
    if (n < 0 || (size_t)n >= sizeof aside)
        return ss_fail(SS_ECREATE, "path too long: '%s'", path);
    int err = ss_sink_open(aside, &to);
    if (err < 0)
        return err;
    err = ss_section_write_stage(to, stage, st);
    err = err ? err : ss_sink_sync(to);
    int closed = ss_sink_close(to);
    err = err ? err : closed;
    if (!err && rename(aside, path) < 0)
        err = ss_fail_errno(SS_ECREATE, "cannot rename '%s' to '%s'", aside, path);
    if (err)
        unlink(aside);
    return err;
}

struct block_source {
    struct ss_source base;
    struct ss_source *from;
    uint64_t hash;
    uint32_t n, at;
    bool ended;
    char block[BLOCK_BYTES];
};

static int read_all(struct ss_source *from, void *to, size_t len)
{
    char *p = to;
    while (len) {
        ssize_t n = ss_source_read(from, p, len);
        if (n == SS_AGAIN)
            continue;
        if (n < 0)
            return (int)n;
        if (n == 0)
            return ss_fail(SS_EDATA, "'%s' is truncated", from->name);
        p += n;
        len -= (size_t)n;
    }
    return 0;
}

int ss_state_write(void *to, const void *bytes, size_t len)
{
    return ss_sink_write(to, bytes, len);
}

int ss_state_read(void *from, void *bytes, size_t len)
{
    return read_all(from, bytes, len);
}

static int get_block(struct block_source *b)
{
    uint64_t want;
    int err = read_all(b->from, &b->n, sizeof b->n);
    if (!err && b->n > BLOCK_BYTES)
        err = ss_fail(SS_EDATA, "'%s' is damaged", b->from->name);
    if (!err)
        err = read_all(b->from, b->block, b->n);
    if (!err)
        err = read_all(b->from, &want, sizeof want);
    if (err)
        return err;
    b->hash = ss_hash64_seed(b->block, b->n, b->hash);
    if (b->hash != want)
        return ss_fail(SS_EDATA, "'%s' is damaged (checksum)", b->from->name);
    b->at = 0;
    b->ended = b->n == 0;
    return 0;
}

static ssize_t block_read(struct ss_source *src, void *to, size_t cap)
{
    struct block_source *b = (struct block_source *)src;
    if (b->at == b->n && !b->ended) {
        int err = get_block(b);
        if (err < 0)
            return err;
    }
    size_t n = b->n - b->at < cap ? b->n - b->at : cap;
    memcpy(to, b->block + b->at, n);
    b->at += (uint32_t)n;
    return (ssize_t)n;
}

static void no_close(struct ss_source *src)
{
    (void)src;
}

static const struct ss_source_ops block_source_ops = {.read = block_read, .close = no_close};

int ss_section_end(struct ss_source *from)
{
    ssize_t n;
    char rest;
    do
        n = ss_source_read(from, &rest, 1);
    while (n == SS_AGAIN);
    return n > 0 ? ss_fail(SS_EDATA, "'%s' goes on after its end", from->name) : (int)n;
}

/* "SSSTATE1 NAME\n" */
static int get_name(struct ss_source *from, char name[SS_SECTION_NAME])
{
    char magic[sizeof MAGIC];
    int err = read_all(from, magic, sizeof MAGIC - 1);
    if (!err && memcmp(magic, MAGIC, sizeof MAGIC - 1) != 0)
        err = ss_fail(SS_EDATA, "'%s' is not a state file", from->name);
    size_t n = 0;
    for (; !err && n < SS_SECTION_NAME; n++) {
        err = read_all(from, &name[n], 1);
        if (!err && name[n] == '\n')
            break;
    }
    if (!err && n == SS_SECTION_NAME)
        return ss_fail(SS_EDATA, "'%s' is not a state file", from->name);
    name[n < SS_SECTION_NAME ? n : 0] = '\0';
    return err;
}

static int skip(struct block_source *b)
{
    int err = 0;
    while (!err && !b->ended)
        err = get_block(b);
    return err;
}

int ss_section_read(struct ss_source *from, const char *name, ss_section_load *load, void *arg)
{
    char got[SS_SECTION_NAME], rest;
    int err = get_name(from, got);
    if (err)
        return err;
    if (name && strcmp(name, got) != 0)
        return ss_fail(SS_EDATA, "'%s' is not a state file of %s", from->name, name);
    struct block_source *b = calloc(1, sizeof *b);
    if (!b)
        return ss_fail(SS_ENOMEM, "out of memory");
    b->from = from;
    b->base = (struct ss_source){.ops = &block_source_ops, .name = from->name, .size_bytes = -1};
    err = load ? load(arg, &b->base) : skip(b);
    ssize_t more = err ? 0 : block_read(&b->base, &rest, 1);
    free(b);
    if (more > 0)
        return ss_fail(SS_EDATA, "'%s' has more in it than %s knows", from->name, got);
    return err ? err : (int)more;
}

int ss_section_read_stage(struct ss_source *from, const struct ss_stage *stage, void *st)
{
    struct stage_state s = {stage, st};
    return ss_section_read(from, stage->name, load_stage, &s);
}

/* A state that could not be written is refused before the run, not after it. */
int ss_snapshot_place(const char *path)
{
    char dir[PATH_MAX];
    const char *slash = strrchr(path, '/');
    int n = slash == path   ? snprintf(dir, sizeof dir, "/")
            : slash != NULL ? snprintf(dir, sizeof dir, "%.*s", (int)(slash - path), path)
                            : snprintf(dir, sizeof dir, ".");
    if (n < 0 || (size_t)n >= sizeof dir)
        return ss_fail(SS_ECREATE, "path too long: '%s'", path);
    return access(dir, W_OK | X_OK) == 0 ? 0 : ss_fail_errno(SS_ECREATE, "cannot create '%s'", path);
}

int ss_snapshot_load(const char *path, const struct ss_stage *stage, void *st, bool *found)
{
    *found = access(path, F_OK) == 0;
    if (!*found && errno != ENOENT)
        return ss_fail_errno(SS_ENOINPUT, "cannot open '%s'", path);
    int err = ss_snapshot_place(path);
    if (err < 0 || !*found)
        return err;
    struct ss_source *from = NULL;
    err = ss_source_open(path, &from);
    err = err ? err : ss_section_read_stage(from, stage, st);
    err = err ? err : ss_section_end(from);
    ss_source_close(from);
    return err;
}
