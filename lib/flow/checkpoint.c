#include "flow/checkpoint.h"
#include "base/err.h"
#include "base/file.h"
#include "base/log.h"
#include "flow/snapshot.h"
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <unistd.h>

#define HEAD "checkpoint"

/* What stands first. */
struct head {
    uint64_t position;
    uint32_t stages, pad;
};

static uint32_t stateful(const struct ss_chain *chain)
{
    uint32_t n = 0;
    for (int i = 0; i < chain->n; i++)
        n += chain->link[i].stage->save != NULL;
    return n;
}

static int save_head(const void *arg, struct ss_sink *to)
{
    return ss_sink_write(to, arg, sizeof(struct head));
}

static int write_sections(const struct ss_chain *chain, uint64_t position, struct ss_sink *to)
{
    struct head head = {.position = position, .stages = stateful(chain)};
    int err = ss_section_write(to, HEAD, save_head, &head);
    for (int i = 0; i < chain->n && !err; i++)
        if (chain->link[i].stage->save)
            err = ss_section_write_stage(to, chain->link[i].stage, chain->link[i].st);
    return err;
}

static int name_of(const char *path, const char *suffix, char out[PATH_MAX])
{
    int n = snprintf(out, PATH_MAX, "%s%s", path, suffix);
    return n < 0 || n >= PATH_MAX ? ss_fail(SS_ECREATE, "path too long: '%s'", path) : 0;
}

int ss_checkpoint_save(const char *path, const struct ss_chain *chain, uint64_t position)
{
    char aside[PATH_MAX], before[PATH_MAX];
    struct ss_sink *to = NULL;
    int err = name_of(path, ".tmp", aside);
    err = err ? err : name_of(path, ".1", before);
    err = err ? err : ss_sink_open(aside, &to);
    if (err)
        return err;
    err = write_sections(chain, position, to);
    err = err ? err : ss_sink_sync(to);
    int closed = ss_sink_close(to);
    err = err ? err : closed;
    if (!err)
        return ss_file_take_place(aside, path, before);
    unlink(aside);
    return err;
}

static int load_head(void *arg, struct ss_source *from)
{
    return ss_state_read(from, arg, sizeof(struct head));
}

/* Reads all of it and changes nothing: a state half loaded could not be taken back. */
static int check(const char *path)
{
    struct ss_source *from = NULL;
    struct head head;
    int err = ss_source_open(path, &from);
    err = err ? err : ss_section_read(from, HEAD, load_head, &head);
    for (uint32_t i = 0; !err && i < head.stages && i < SS_CHAIN_MAX; i++)
        err = ss_section_read(from, NULL, NULL, NULL);
    err = err ? err : ss_section_end(from);
    ss_source_close(from);
    return err;
}

static int load(const char *path, struct ss_chain *chain, uint64_t *position)
{
    struct ss_source *from = NULL;
    struct head head = {0};
    int err = ss_source_open(path, &from);
    err = err ? err : ss_section_read(from, HEAD, load_head, &head);
    if (!err && head.stages != stateful(chain))
        err = ss_fail(SS_EDATA, "'%s' is the state of another pipeline", path);
    for (int i = 0; i < chain->n && !err; i++)
        if (chain->link[i].stage->save)
            err = ss_section_read_stage(from, chain->link[i].stage, chain->link[i].st);
    err = err ? err : ss_section_end(from);
    ss_source_close(from);
    *position = head.position;
    return err;
}

/* Out of the way of the next save, which would put it in the place of the whole one. */
static int set_aside(const char *path, const char *why)
{
    char damaged[PATH_MAX];
    int err = name_of(path, ".damaged", damaged);
    if (!err && rename(path, damaged) < 0)
        return ss_fail_errno(SS_EIO, "cannot rename '%s' to '%s'", path, damaged);
    ss_warn("%s: kept as '%s', trying the one before it", why, damaged);
    return err ? err : SS_EDATA;
}

int ss_checkpoint_load(const char *path, struct ss_chain *chain, uint64_t *position, bool *found)
{
    char before[PATH_MAX], why[512] = "";
    int err = name_of(path, ".1", before);
    err = err ? err : ss_snapshot_place(path);
    *found = false;
    *position = 0;
    if (err)
        return err;
    const char *const name[2] = {path, before};
    for (int i = 0; i < 2 && (!err || err == SS_EDATA); i++) {
        if (access(name[i], F_OK) < 0 && errno == ENOENT)
            continue;
        *found = true;
        err = check(name[i]);
        if (!err)
            return load(name[i], chain, position);
        if (err != SS_EDATA)
            return err;
        snprintf(why, sizeof why, "%s", ss_err_text());
        if (i == 0)
            err = set_aside(path, why);
    }
    return err == SS_EDATA ? ss_fail(SS_EDATA, "%s", why) : err;
}
