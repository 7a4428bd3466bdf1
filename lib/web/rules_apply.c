/* Published rules and lists as the files that the pipeline reads. */
#include "base/clock.h"
#include "base/err.h"
#include "base/file.h"
#include "base/log.h"
#include "rule/list_file.h"
#include "store/lists.h"
#include "web/after.h"
#include "web/engine.h"
#include "web/rules_parts.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* 1 when the file was another one and is replaced now. */
static int put_file(const char *path, struct ss_str text)
{
    struct ss_buf now;
    ss_buf_init(&now, SS_LIST_TEXT_MAX);
    bool there = access(path, F_OK) == 0;
    int err = there ? ss_file_read(path, &now) : 0;
    bool same = there && !err && ss_str_eq((struct ss_str){now.p ? now.p : "", now.n}, text);
    ss_buf_free(&now);
    if (err && err != SS_EDATA)
        return err;
    if (same)
        return 0;
    err = ss_file_replace(path, text.p ? text.p : "", text.n);
    return err ? err : 1;
}

static char *list_path(const struct ss_rules *rules, const char *name, const char *ending)
{
    char *path = NULL;
    if (asprintf(&path, "%s%s.csv%s", rules->dir, name, ending) < 0)
        (void)ss_fail(SS_ENOMEM, "out of memory");
    return path;
}

static int list_text(struct ss_db *db, struct ss_str name, struct ss_buf *text)
{
    static const struct ss_list_columns columns = {true, true, 0, 1, 2, 3};
    struct ss_rows *rows;
    ss_buf_puts(text, "# Kept in the store: what is edited here is lost.\nvalue,reason,from,until\n");
    int err = ss_list_entries(db, name, (struct ss_str){NULL, 0}, (struct ss_str){NULL, 0}, 0, 0, &rows);
    if (err)
        return err;
    while ((err = ss_rows_next(rows)) > 0) {
        struct ss_entry_row e;
        ss_list_entry_row(rows, &e);
        const struct ss_list_entry entry = {e.value, e.reason, e.from_us, e.until_us};
        ss_list_put_line(&entry, &columns, text);
    }
    ss_rows_free(rows);
    return err < 0 ? err : ss_buf_check(text);
}

/* A file that was there before us, or was edited by hand, is kept beside: NAME.csv.before. */
static int keep_other(const struct ss_rules *rules, const char *name, const char *path)
{
    char *aside = list_path(rules, name, ".before");
    if (!aside)
        return SS_ENOMEM;
    ss_warn("'%s' differs from list '%s' of the store, which replaces it; it is kept as '%s'", path, name,
            aside);
    int err = rename(path, aside) == 0 ? 0 : ss_fail_errno(SS_EIO, "cannot rename '%s'", path);
    free(aside);
    return err;
}

/* 1 when the file changed. `first`: the store has not written it in this process. */
static int write_list(const struct ss_rules *rules, struct ss_db *db, const char *name, bool first)
{
    struct ss_buf text, old;
    char *path = list_path(rules, name, "");
    if (!path)
        return SS_ENOMEM;
    ss_buf_init(&text, SS_LIST_TEXT_MAX);
    ss_buf_init(&old, SS_LIST_TEXT_MAX);
    int err = list_text(db, ss_str_of(name), &text);
    struct ss_str want = {text.p, text.n};
    if (!err && first && access(path, F_OK) == 0 && ss_file_read(path, &old) == 0 &&
        !ss_str_eq((struct ss_str){old.p ? old.p : "", old.n}, want))
        err = keep_other(rules, name, path);
    if (!err && first)
        err = put_file(path, want);
    else if (!err) /* its version says that it changed */
        err = ss_file_replace(path, want.p, want.n) ? SS_EIO : 1;
    ss_buf_free(&text);
    ss_buf_free(&old);
    free(path);
    return err;
}

struct present {
    struct ss_arena arena;
    struct ss_list_written list[SS_LISTS_MAX];
    size_t n;
};

static int note_list(void *ctx, const struct ss_list_row *row)
{
    struct present *p = ctx;
    if (p->n == SS_LISTS_MAX)
        return ss_fail(SS_ENOMEM, "more than %d lists", SS_LISTS_MAX);
    p->list[p->n].name = ss_arena_copy(&p->arena, row->name.p, row->name.n);
    p->list[p->n].version = row->version;
    return p->list[p->n++].name ? 0 : SS_ENOMEM;
}

static struct ss_list_written *find_written(struct ss_rules *rules, const char *name)
{
    for (size_t i = 0; i < rules->lists; i++)
        if (strcmp(rules->list[i].name, name) == 0)
            return &rules->list[i];
    return NULL;
}

static int remember(struct ss_rules *rules, struct ss_list_written *was, const struct ss_list_written *now)
{
    if (was) {
        was->version = now->version;
        return 0;
    }
    char *name = rules->lists < SS_LISTS_MAX ? strdup(now->name) : NULL;
    if (!name)
        return ss_fail(SS_ENOMEM, "out of memory for lists");
    rules->list[rules->lists++] = (struct ss_list_written){name, now->version};
    return 0;
}

/* Files of lists that are no longer there go. */
static int forget_removed(struct ss_rules *rules, const struct present *p)
{
    int changed = 0;
    for (size_t i = 0; i < rules->lists;) {
        bool there = false;
        for (size_t j = 0; j < p->n && !there; j++)
            there = strcmp(p->list[j].name, rules->list[i].name) == 0;
        if (there) {
            i++;
            continue;
        }
        char *path = list_path(rules, rules->list[i].name, "");
        if (path && unlink(path) < 0 && errno != ENOENT)
            ss_warn("cannot remove '%s'", path);
        free(path);
        free(rules->list[i].name);
        rules->list[i] = rules->list[--rules->lists];
        changed = 1;
    }
    return changed;
}

/* 1 when a file changed. */
int ss_rules_write_lists(struct ss_rules *rules, struct ss_db *db)
{
    struct present *p = calloc(1, sizeof *p);
    if (!p)
        return ss_fail(SS_ENOMEM, "out of memory for lists");
    ss_arena_init(&p->arena, (size_t)16 << 20);
    int err = ss_lists_each(db, note_list, p), changed = 0;
    for (size_t i = 0; i < p->n && err >= 0; i++) {
        struct ss_list_written *was = find_written(rules, p->list[i].name);
        if (was && was->version == p->list[i].version)
            continue;
        err = write_list(rules, db, p->list[i].name, !was);
        changed |= err > 0;
        err = err < 0 ? err : remember(rules, was, &p->list[i]);
    }
    if (err >= 0)
        changed |= forget_removed(rules, p);
    ss_arena_free(&p->arena);
    free(p);
    return err < 0 ? err : changed;
}

int ss_rules_write_text(struct ss_rules *rules, struct ss_db *db)
{
    struct ss_arena arena;
    struct ss_rule_set set;
    ss_arena_init(&arena, 2 * SS_RULE_FILE_MAX);
    int err = ss_rule_set_published(db, &arena, &set);
    if (err > 0)
        err = put_file(rules->options.file, set.text);
    ss_arena_free(&arena);
    return err;
}

void ss_rules_apply(struct ss_rules *rules, struct ss_db *db, struct ss_engine *engine, unsigned after)
{
    /* Lists first: rules that were published with a new list find it. */
    int lists = after & (SS_AFTER_LISTS | SS_AFTER_RULES) ? ss_rules_write_lists(rules, db) : 0;
    int text = lists >= 0 && after & SS_AFTER_RULES ? ss_rules_write_text(rules, db) : 0;
    int err = lists < 0 ? lists : text < 0 ? text : 0;
    if (!err && engine && (lists || text || rules->stale)) {
        err = engine->ops->reload(engine);
        rules->stale = err != 0;
    }
    if (err)
        ss_warn("%s: the rules in use stay", ss_err_text());
    pthread_mutex_lock(&rules->lock);
    snprintf(rules->error, sizeof rules->error, "%s", err ? ss_err_text() : "");
    if (!err)
        rules->applied_us = ss_clock_wall_us();
    pthread_mutex_unlock(&rules->lock);
}
