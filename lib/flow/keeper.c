#include "flow/keeper.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"
#include "flow/partfile.h"
#include "flow/parts.h"
#include "flow/snapshot.h"
#include "json/write.h"
#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>

#define EVERY_US ((int64_t)60 * 1000000)

static bool same_positions(const struct ss_part *a, const struct ss_part *b)
{
    return a->number == b->number && memcmp(a->position, b->position, sizeof a->position) == 0;
}

/* --- what the newest files stand for */

static int note_saved(struct ss_keeper *k, const struct ss_part *part)
{
    if (part->number >= k->n_saved) {
        size_t n = (size_t)part->number + 1;
        struct ss_part *grown = realloc(k->saved, n * sizeof *grown);
        if (!grown)
            return ss_fail(SS_ENOMEM, "out of memory for %zu partitions", n);
        memset(grown + k->n_saved, 0, (n - (size_t)k->n_saved) * sizeof *grown);
        k->saved = grown;
        k->n_saved = part->number + 1;
    }
    k->saved[part->number] = *part;
    return 0;
}

static bool is_saved(const struct ss_keeper *k, const struct ss_part *part)
{
    return part->number < k->n_saved && same_positions(&k->saved[part->number], part);
}

/* The partitions whose files are behind; their number, or an error. */
static int list_unsaved(struct ss_keeper *k)
{
    struct ss_part part;
    int settled;
    k->n_saving = 0;
    for (int i = 1; (settled = k->src->ops->settled(k->src, i, &part)) >= 0; i++) {
        if (!settled || is_saved(k, &part) || !ss_chain_part_is_open(k->chain, i))
            continue;
        struct ss_part *grown = realloc(k->saving, ((size_t)k->n_saving + 1) * sizeof *grown);
        if (!grown)
            return ss_fail(SS_ENOMEM, "out of memory for %d partitions", k->n_saving);
        k->saving = grown;
        k->saving[k->n_saving++] = part;
    }
    return k->n_saving;
}

/* --- writing */

/* In a child too: what it puts in use is in use in the child only. */
static int save_listed(void *arg)
{
    struct ss_keeper *k = arg;
    int err = 0;
    for (int i = 0; i < k->n_saving && !err; i++) {
        err = ss_chain_part_use(k->chain, k->saving[i].number);
        err = err ? err : ss_partfile_save(k->opt.dir, &k->saving[i], k->chain);
    }
    return err;
}

static int note_listed(struct ss_keeper *k)
{
    int err = 0;
    for (int i = 0; i < k->n_saving && !err; i++)
        err = note_saved(k, &k->saving[i]);
    k->snapshots += (uint64_t)k->n_saving;
    k->n_saving = 0;
    return err;
}

/* A snapshot that fails costs a longer replay, and the next one may succeed. */
static int poll_child(struct ss_keeper *k, bool wait)
{
    int done = ss_aside_poll(&k->aside, wait);
    if (done < 0) {
        k->failed++;
        ss_warn("%s", ss_err_text());
    }
    return done > 0 ? note_listed(k) : 0;
}

int ss_keeper_turn(struct ss_keeper *k)
{
    if (!k->src || !k->opt.dir)
        return 0;
    int err = poll_child(k, false);
    if (err || k->aside.child)
        return err;
    int64_t now = ss_clock_mono_ns();
    if (now - k->last_ns < k->opt.every_us * 1000)
        return 0;
    int n = list_unsaved(k);
    if (n <= 0)
        return n;
    k->last_ns = now;
    err = ss_aside_begin(&k->aside, save_listed, k);
    ss_histogram_add(&k->pause_ns, (uint64_t)(ss_clock_mono_ns() - now), 1);
    if (err) {
        k->failed++;
        ss_warn("%s", ss_err_text());
    }
    return 0;
}

int ss_keeper_end(struct ss_keeper *k)
{
    if (!k->src || !k->opt.dir)
        return 0;
    int err = poll_child(k, true);
    int n = err ? err : list_unsaved(k);
    err = n < 0 ? n : save_listed(k);
    return err ? err : note_listed(k);
}

/* --- partitions that come and go */

static int take(void *arg, struct ss_part *part)
{
    struct ss_keeper *k = arg;
    int err = poll_child(k, true); /* it may be writing this very file */
    ss_chain_part_close(k->chain, part->number);
    err = err ? err : ss_chain_part_open(k->chain, part->number);
    if (err || !k->opt.dir)
        return err;
    int64_t began = ss_clock_mono_ns();
    int found = ss_partfile_load(k->opt.dir, part, k->chain);
    if (found <= 0)
        return found;
    ss_info("'%s' [%d] goes on from its state at position %lld, read in %lld ms", part->name,
            (int)part->partition, (long long)part->position[0],
            (long long)((ss_clock_mono_ns() - began) / 1000000));
    err = note_saved(k, part);
    return err ? err : 1;
}

static void give(void *arg, const struct ss_part *part, bool settled)
{
    struct ss_keeper *k = arg;
    int err = poll_child(k, true);
    if (!err && settled && k->opt.dir && !is_saved(k, part) &&
        ss_chain_part_is_open(k->chain, part->number)) {
        err = ss_chain_part_use(k->chain, part->number);
        err = err ? err : ss_partfile_save(k->opt.dir, part, k->chain);
        k->snapshots += !err;
    }
    if (err < 0)
        ss_warn("%s", ss_err_text());
    ss_chain_part_close(k->chain, part->number);
    if (part->number < k->n_saved)
        k->saved[part->number] = (struct ss_part){.number = 0};
}

bool ss_keeper_next(struct ss_keeper *k, struct ss_piece *piece, int *err)
{
    *err = 0;
    if (!k->src->ops->piece(k->src, piece))
        return false;
    if (piece->part && !ss_chain_part_is_open(k->chain, piece->part)) /* of an input without a group */
        *err = ss_chain_part_open(k->chain, piece->part);
    else
        *err = ss_chain_part_use(k->chain, piece->part);
    return true;
}

/* --- opening */

static int make_dir(const char *dir)
{
    char inside[4096];
    struct stat is;
    if (mkdir(dir, 0700) < 0 && errno != EEXIST)
        return ss_fail_errno(SS_ECREATE, "cannot create '%s'", dir);
    if (stat(dir, &is) == 0 && !S_ISDIR(is.st_mode))
        return ss_fail(SS_ECREATE, "'%s' is no directory, which states of partitions want", dir);
    int n = snprintf(inside, sizeof inside, "%s/state", dir);
    return n < 0 || (size_t)n >= sizeof inside ? ss_fail(SS_ECREATE, "path too long: '%s'", dir)
                                               : ss_snapshot_place(inside);
}

int ss_keeper_open(struct ss_keeper *k, struct ss_chain *chain, struct ss_source *src,
                   const struct ss_keeper_options *opt)
{
    *k = (struct ss_keeper){.chain = chain, .opt = *opt, .last_ns = ss_clock_mono_ns()};
    if (!src || !src->ops->keep || ss_chain_last_memory(chain) < 0)
        return 0;
    if (opt->dir && !src->commit_us)
        return ss_fail(SS_EUSAGE,
                       "--state with a topic needs kafka://...?group=, whose positions it goes with");
    int err = opt->dir ? make_dir(opt->dir) : 0;
    if (err < 0)
        return err;
    if (!k->opt.every_us)
        k->opt.every_us = EVERY_US;
    k->src = src;
    k->base = (struct ss_part_keeper){
        .arg = k,
        .take = take,
        .give = give,
        .memory_us = opt->rebuild_us >= 0 ? opt->rebuild_us : ss_chain_memory_us(chain),
    };
    src->ops->keep(src, &k->base);
    return 0;
}

void ss_keeper_stats(const struct ss_keeper *k, struct ss_buf *json)
{
    if (!k->src)
        return;
    ss_json_open(json, "state", '{');
    ss_json_key(json, "snapshots");
    ss_json_put_int(json, (int64_t)k->snapshots);
    ss_json_key(json, "failed");
    ss_json_put_int(json, (int64_t)k->failed);
    ss_json_key(json, "pause_us");
    ss_json_put_int(json, (int64_t)(ss_histogram_quantile(&k->pause_ns, 0.99) / 1000));
    ss_buf_putc(json, '}');
}

void ss_keeper_free(struct ss_keeper *k)
{
    if (ss_aside_poll(&k->aside, true) < 0)
        ss_warn("%s", ss_err_text());
    free(k->saved);
    free(k->saving);
    k->saved = k->saving = NULL;
}
