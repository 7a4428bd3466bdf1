#include "flow/partfile.h"
#include "base/err.h"
#include "base/file.h"
#include "base/log.h"
#include "flow/parts.h"
#include "flow/snapshot.h"
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <unistd.h>

#define HEAD       "partition"
#define GROUP_MAX  256
#define LOAD_TRIES 10

struct head {
    char name[1024], group[GROUP_MAX];
    int32_t partition, topics;
    int64_t position[SS_JOIN_MAX];
    uint32_t stages, pad;
};

static int name_of(const char *dir, const struct ss_part *part, const char *suffix, char out[PATH_MAX])
{
    int n = snprintf(out, PATH_MAX, "%s/%s-%d.state%s", dir, part->name, (int)part->partition, suffix);
    return n < 0 || n >= PATH_MAX ? ss_fail(SS_ECREATE, "path too long: '%s'", dir) : 0;
}

static struct head head_of(const struct ss_part *part, const struct ss_chain *chain)
{
    struct head head = {.partition = part->partition, .topics = part->topics};
    snprintf(head.name, sizeof head.name, "%s", part->name);
    snprintf(head.group, sizeof head.group, "%s", part->group ? part->group : "");
    memcpy(head.position, part->position, sizeof head.position);
    for (int i = 0; i < chain->n; i++)
        head.stages += chain->link[i].stage->save != NULL;
    return head;
}

static int save_head(const void *arg, struct ss_sink *to)
{
    return ss_sink_write(to, arg, sizeof(struct head));
}

static int write_sections(const struct head *head, const struct ss_chain *chain, struct ss_sink *to)
{
    int err = ss_section_write(to, HEAD, save_head, head);
    for (int i = 0; i < chain->n && !err; i++)
        if (chain->link[i].stage->save)
            err = ss_section_write_stage(to, chain->link[i].stage, chain->link[i].st);
    return err;
}

static int write_aside(const char *aside, const struct ss_part *part, const struct ss_chain *chain)
{
    struct head head = head_of(part, chain);
    struct ss_sink *to = NULL;
    int err = ss_sink_open(aside, &to);
    if (err < 0)
        return err;
    err = write_sections(&head, chain, to);
    err = err ? err : ss_sink_sync(to);
    int closed = ss_sink_close(to);
    return err ? err : closed;
}

int ss_partfile_save(const char *dir, const struct ss_part *part, const struct ss_chain *chain)
{
    char path[PATH_MAX], before[PATH_MAX], aside[PATH_MAX], own[32];
    snprintf(own, sizeof own, ".tmp.%ld",
             (long)getpid()); /* a member that was taken for dead may write, too */
    int err = name_of(dir, part, "", path);
    err = err ? err : name_of(dir, part, ".1", before);
    err = err ? err : name_of(dir, part, own, aside);
    if (err)
        return err;
    err = write_aside(aside, part, chain);
    if (!err)
        return ss_file_take_place(aside, path, before);
    unlink(aside);
    return err;
}

static int load_head(void *arg, struct ss_source *from)
{
    struct head *head = arg;
    int err = ss_state_read(from, head, sizeof *head);
    if (err)
        return err;
    head->name[sizeof head->name - 1] = head->group[sizeof head->group - 1] = '\0';
    return 0;
}

/* Reads all of it and changes nothing: a state half loaded could not be taken back. */
static int check(const char *path, struct head *head)
{
    struct ss_source *from = NULL;
    int err = ss_source_open(path, &from);
    err = err ? err : ss_section_read(from, HEAD, load_head, head);
    for (uint32_t i = 0; !err && i < head->stages && i < SS_CHAIN_MAX; i++)
        err = ss_section_read(from, NULL, NULL, NULL);
    err = err ? err : ss_section_end(from);
    ss_source_close(from);
    return err;
}

/* SS_AGAIN, with nothing loaded, when it is another file by now than the one whose head was looked at: a
 * member that was taken for dead may still write one. */
static int load(const char *path, const struct head *looked_at, struct ss_chain *chain)
{
    char why[512];
    struct ss_source *from = NULL;
    struct head head = {.stages = 0};
    int err = ss_source_open(path, &from);
    err = err ? err : ss_section_read(from, HEAD, load_head, &head);
    if (!err && memcmp(head.position, looked_at->position, sizeof head.position) != 0)
        err = SS_AGAIN;
    for (int i = 0; i < chain->n && !err; i++)
        if (chain->link[i].stage->save)
            err = ss_section_read_stage(from, chain->link[i].stage, chain->link[i].st);
    ss_source_close(from);
    if (err != SS_EDATA)
        return err;
    snprintf(why, sizeof why, "%s", ss_err_text());
    return ss_fail(SS_EDATA, "'%s' is none of this command's: %s", path, why);
}

/* Out of the way of the next save, which would put it in the place of a good one. */
static int set_aside(const char *path, const char *suffix, const char *why)
{
    char to[PATH_MAX];
    int n = snprintf(to, sizeof to, "%s.%s", path, suffix);
    if (n < 0 || (size_t)n >= sizeof to)
        return ss_fail(SS_ECREATE, "path too long: '%s'", path);
    if (rename(path, to) < 0)
        return ss_fail_errno(SS_EIO, "cannot rename '%s' to '%s'", path, to);
    ss_warn("%s: kept as '%s', the state before it is used", why, to);
    return 0;
}

static bool is_beyond(const struct head *head, const struct ss_part *part)
{
    bool beyond = false;
    for (int t = 0; t < part->topics; t++)
        beyond |= head->position[t] > part->position[t];
    return beyond;
}

/* 1: this one will do. 0: it will not, or is not there. */
static int look_at(const char *path, const struct ss_part *part, const struct ss_chain *chain,
                   struct head *head)
{
    char why[PATH_MAX + 256];
    struct head want = head_of(part, chain);
    if (access(path, F_OK) < 0 && errno == ENOENT)
        return 0;
    int err = check(path, head);
    if (err == SS_EDATA) {
        snprintf(why, sizeof why, "%s", ss_err_text());
        return set_aside(path, "damaged", why);
    }
    if (err < 0)
        return err;
    if (strcmp(head->name, want.name) != 0 || strcmp(head->group, want.group) != 0 ||
        head->partition != want.partition || head->topics != want.topics)
        return ss_fail(SS_EDATA, "'%s' is the state of group '%s': each group wants a directory of its own",
                       path, head->group);
    if (head->stages != want.stages)
        return ss_fail(SS_EDATA, "'%s' is the state of another pipeline", path);
    if (!is_beyond(head, part))
        return 1;
    snprintf(why, sizeof why, "'%s' stands for position %lld, and only %lld is committed", path,
             (long long)head->position[0], (long long)part->position[0]);
    return set_aside(path, "beyond", why);
}

/* What members that were killed at a save have left behind. */
static void tidy(const char *dir, const struct ss_part *part)
{
    char own[PATH_MAX], path[PATH_MAX];
    const struct dirent *entry;
    int n = snprintf(own, sizeof own, "%s-%d.state.tmp.", part->name, (int)part->partition);
    DIR *all = n > 0 && (size_t)n < sizeof own ? opendir(dir) : NULL;
    while (all && (entry = readdir(all)) != NULL) {
        int len = snprintf(path, sizeof path, "%s/%s", dir, entry->d_name);
        if (strncmp(entry->d_name, own, (size_t)n) == 0 && len > 0 && (size_t)len < sizeof path)
            unlink(path);
    }
    if (all)
        closedir(all);
}

/* A member of the version before is being replaced, or has come back: what it knew is made anew from the
 * topic. What was half loaded goes. */
static int pass_over(const char *path, const struct ss_part *part, struct ss_chain *chain)
{
    char why[PATH_MAX + 512];
    snprintf(why, sizeof why, "'%s' is another version's: %s", path, ss_err_text());
    int err = set_aside(path, "outdated", why);
    if (err || !ss_chain_part_is_open(chain, part->number))
        return err;
    ss_chain_part_close(chain, part->number);
    return ss_chain_part_open(chain, part->number);
}

int ss_partfile_load(const char *dir, struct ss_part *part, struct ss_chain *chain)
{
    char path[PATH_MAX];
    struct head head;
    tidy(dir, part);
    for (int i = 0, tries = 0; i < 2; i++) {
        int err = name_of(dir, part, i ? ".1" : "", path);
        int good = err ? err : look_at(path, part, chain, &head);
        if (good < 0)
            return good;
        if (good == 0)
            continue;
        err = load(path, &head, chain);
        if (err == SS_AGAIN && ++tries < LOAD_TRIES) {
            i = -1;
            continue;
        }
        if (err == SS_EVERSION) {
            err = pass_over(path, part, chain);
            if (err)
                return err;
            continue;
        }
        if (err == SS_AGAIN)
            return ss_fail(SS_EIO, "'%s' is written by somebody else: is that member in this group?", path);
        memcpy(part->position, head.position, sizeof head.position);
        return err ? err : 1;
    }
    return 0;
}
