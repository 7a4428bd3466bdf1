/* A rule set's lists: what expressions ask them, and where they come from. */
#include "base/err.h"
#include "base/log.h"
#include "rule/list_file.h"
#include "rule/ruleset_parts.h"
#include <sys/stat.h>

bool ss_ruleset_listed(const struct ss_ruleset *set, int list, struct ss_str value,
                       const struct ss_record *rec)
{
    int64_t time_us = rec->has_time ? rec->time_us : SS_LIST_NO_TIME;
    return (set->list[list] && ss_list_has(set->list[list], value, time_us, NULL)) ||
           (set->learnt[list] && ss_list_has(set->learnt[list], value, time_us, NULL));
}

static int list_find(void *ctx, struct ss_str name)
{
    const struct ss_ruleset *set = ctx;
    for (uint32_t i = 0; i < set->spec->lists; i++)
        if (ss_str_eq(set->spec->list[i].name, name))
            return (int)i;
    return -1;
}

static bool list_has(void *ctx, int list, struct ss_str value, const struct ss_record *rec)
{
    return ss_ruleset_listed(ctx, list, value, rec);
}

/* Only what is the same for every record: exact values without spans. */
static bool list_each(void *ctx, int list, bool (*entry)(void *to, struct ss_str text), void *to)
{
    const struct ss_ruleset *set = ctx;
    const struct ss_list *l = set->list[list];
    if (set->options.no_lists)
        return true;
    if (!l || ss_list_kind(l) != SS_LIST_EXACT)
        return false;
    for (uint32_t a = 0; a < set->spec->n_autos; a++)
        if (ss_str_eq(set->spec->autos[a].list, set->spec->list[list].name))
            return false;
    for (uint32_t i = 0; i < ss_list_count(l); i++) {
        struct ss_list_entry e = ss_list_at(l, i);
        if (e.from_us != SS_LIST_OPEN_FROM || e.until_us != SS_LIST_OPEN_UNTIL)
            return false;
        if (!entry(to, e.value))
            break;
    }
    return true;
}

struct ss_expr_lists ss_ruleset_expr_lists(struct ss_ruleset *set)
{
    return (struct ss_expr_lists){set, list_find, list_has, list_each};
}

/* --- loading --- */

static struct ss_file_stamp stamp_of(const char *path)
{
    struct stat st;
    struct ss_file_stamp stamp = {0};
    if (stat(path, &st) == 0)
        stamp =
            (struct ss_file_stamp){.dev = (uint64_t)st.st_dev,
                                   .ino = (uint64_t)st.st_ino,
                                   .size = (uint64_t)st.st_size,
                                   .mtime_ns = (int64_t)st.st_mtim.tv_sec * 1000000000 + st.st_mtim.tv_nsec,
                                   .ctime_ns = (int64_t)st.st_ctim.tv_sec * 1000000000 + st.st_ctim.tv_nsec};
    return stamp;
}

static bool same_text(const char *a, const char *b)
{
    return a == b || (a && b && strcmp(a, b) == 0);
}

/* The list of the set before, where it is the same file, unchanged, read in the same way. */
static struct ss_list *find_unchanged(const struct ss_ruleset *old, const struct ss_list_def *def,
                                      const struct ss_file_stamp *stamp)
{
    for (uint32_t i = 0; old && i < old->spec->lists; i++) {
        const struct ss_list_def *was = &old->spec->list[i];
        const struct ss_file_stamp *s = &old->stamp[i];
        if (old->list[i] && same_text(was->path, def->path) && same_text(was->column, def->column) &&
            was->kind == def->kind && s->ino && s->dev == stamp->dev && s->ino == stamp->ino &&
            s->size == stamp->size && s->mtime_ns == stamp->mtime_ns && s->ctime_ns == stamp->ctime_ns)
            return old->list[i];
    }
    return NULL;
}

static int load_list(struct ss_ruleset *set, uint32_t i)
{
    const struct ss_list_def *def = &set->spec->list[i];
    set->stamp[i] = stamp_of(def->path); /* before it is read: what is written meanwhile shows */
    struct ss_list *unchanged = find_unchanged(set->options.previous, def, &set->stamp[i]);
    if (unchanged) {
        set->list[i] = ss_list_share(unchanged);
        return 0;
    }
    int err = ss_list_new(def->kind, &set->list[i]);
    err = err ? err : ss_list_load(set->list[i], def->path, def->column);
    if (err == SS_ENOINPUT)
        return ss_fail_in(SS_ENOINPUT, "%s:%u: list '%.*s': ", def->at.file, def->at.line, (int)def->name.n,
                          def->name.p);
    if (!err)
        ss_debug("list '%.*s': %u entries in %zu bytes", (int)def->name.n, def->name.p,
                 ss_list_count(set->list[i]), ss_list_bytes(set->list[i]));
    return err;
}

int ss_ruleset_load_lists(struct ss_ruleset *set)
{
    int err = 0;
    for (uint32_t i = 0; i < set->spec->lists && !err; i++)
        if (set->spec->list[i].path && !set->options.no_lists)
            err = load_list(set, i);
    set->options.previous = NULL;
    return err;
}
