#include "store/lists.h"
#include "base/err.h"
#include <stdio.h>
#include <stdlib.h>

#define COLUMNS     "name, kind, description, version, entries, created_us, updated_us"
#define PUT_AT_ONCE 4096

static void list_row(const struct ss_rows *rows, struct ss_list_row *list)
{
    *list = (struct ss_list_row){ss_rows_text(rows, 0), ss_rows_text(rows, 1), ss_rows_text(rows, 2),
                                 ss_rows_int(rows, 3),  ss_rows_int(rows, 4),  ss_rows_int(rows, 5),
                                 ss_rows_int(rows, 6)};
}

static int keep(struct ss_arena *arena, struct ss_str *text)
{
    if (!text->p)
        return 0;
    text->p = ss_arena_copy(arena, text->p, text->n);
    return text->p ? 0 : SS_ENOMEM;
}

int ss_lists_get(struct ss_db *db, struct ss_str name, struct ss_arena *arena, struct ss_list_row *list)
{
    struct ss_rows *rows;
    int err =
        ss_db_query(db, "SELECT " COLUMNS " FROM lists WHERE name = $1", SS_ARGS(ss_arg_text(name)), &rows);
    if (err)
        return err;
    err = ss_rows_next(rows);
    if (err > 0) {
        list_row(rows, list);
        if (keep(arena, &list->name) || keep(arena, &list->kind) || keep(arena, &list->description))
            err = SS_ENOMEM;
    }
    ss_rows_free(rows);
    return err;
}

int ss_lists_each(struct ss_db *db, int (*each)(void *ctx, const struct ss_list_row *list), void *ctx)
{
    struct ss_rows *rows;
    int err = ss_db_query(db, "SELECT " COLUMNS " FROM lists ORDER BY name", SS_NO_ARGS, &rows);
    if (err)
        return err;
    while ((err = ss_rows_next(rows)) > 0) {
        struct ss_list_row list;
        list_row(rows, &list);
        err = each(ctx, &list);
        if (err)
            break;
    }
    ss_rows_free(rows);
    return err;
}

static int done(int64_t n)
{
    return n < 0 ? (int)n : 0;
}

int ss_lists_add(struct ss_db *db, const struct ss_list_row *list, int64_t now_us)
{
    return done(ss_db_exec(db,
                           "INSERT INTO lists (name, kind, description, created_us, updated_us)"
                           " VALUES ($1, $2, $3, $4, $4)",
                           SS_ARGS(ss_arg_text(list->name), ss_arg_text(list->kind),
                                   list->description.p ? ss_arg_text(list->description) : ss_arg_cstr(""),
                                   ss_arg_int(now_us))));
}

int ss_lists_describe(struct ss_db *db, struct ss_str name, struct ss_str description, int64_t now_us)
{
    return done(ss_db_exec(
        db, "UPDATE lists SET description = $2, version = version + 1, updated_us = $3 WHERE name = $1",
        SS_ARGS(ss_arg_text(name), ss_arg_text(description), ss_arg_int(now_us))));
}

int ss_lists_remove(struct ss_db *db, struct ss_str name)
{
    int err = done(ss_db_exec(db, "DELETE FROM list_entries WHERE list = $1", SS_ARGS(ss_arg_text(name))));
    return err ? err : done(ss_db_exec(db, "DELETE FROM lists WHERE name = $1", SS_ARGS(ss_arg_text(name))));
}

/* ---- entries ---- */

void ss_list_entry_row(const struct ss_rows *rows, struct ss_entry_row *entry)
{
    *entry = (struct ss_entry_row){
        .value = ss_rows_text(rows, 0),
        .reason = ss_rows_text(rows, 1),
        .actor = ss_rows_text(rows, 2),
        .from_us = ss_rows_null(rows, 3) ? INT64_MIN : ss_rows_int(rows, 3),
        .until_us = ss_rows_null(rows, 4) ? INT64_MAX : ss_rows_int(rows, 4),
        .created_us = ss_rows_int(rows, 5),
    };
}

int ss_list_entry_get(struct ss_db *db, struct ss_str list, struct ss_str value, struct ss_arena *arena,
                      struct ss_entry_row *entry)
{
    struct ss_rows *rows;
    int err = ss_db_query(db,
                          "SELECT value, reason, actor, from_us, until_us, created_us FROM list_entries"
                          " WHERE list = $1 AND value = $2",
                          SS_ARGS(ss_arg_text(list), ss_arg_text(value)), &rows);
    if (err)
        return err;
    err = ss_rows_next(rows);
    if (err > 0) {
        ss_list_entry_row(rows, entry);
        if (keep(arena, &entry->value) || keep(arena, &entry->reason) || keep(arena, &entry->actor))
            err = SS_ENOMEM;
    }
    ss_rows_free(rows);
    return err;
}

int ss_list_entries(struct ss_db *db, struct ss_str list, struct ss_str prefix, struct ss_str after,
                    int64_t skip, int64_t limit, struct ss_rows **rows)
{
    /* What begins with the prefix lies between it and it with the greatest code point behind it. */
    struct ss_str low = prefix.p ? prefix : SS_STR("");
    return ss_db_query(db,
                       "SELECT value, reason, actor, from_us, until_us, created_us FROM list_entries"
                       " WHERE list = $1 AND value >= $2 AND value <= CAST($2 AS TEXT) || CAST($3 AS TEXT)"
                       " AND value > $4"
                       " ORDER BY value LIMIT $5 OFFSET $6",
                       SS_ARGS(ss_arg_text(list), ss_arg_text(low), ss_arg_cstr("\xf4\x8f\xbf\xbf"),
                               after.p ? ss_arg_text(after) : ss_arg_cstr(""),
                               ss_arg_int(limit ? limit : INT64_MAX), ss_arg_int(skip)),
                       rows);
}

/* Counts the version up and the entries anew by `more`. */
static int touch(struct ss_db *db, struct ss_str list, int64_t more, int64_t now_us)
{
    return done(ss_db_exec(db,
                           "UPDATE lists SET version = version + 1, entries = entries + $2, updated_us = $3"
                           " WHERE name = $1",
                           SS_ARGS(ss_arg_text(list), ss_arg_int(more), ss_arg_int(now_us))));
}

#define PUT_COLUMNS 7

static void put_args(struct ss_arg *a, struct ss_str list, const struct ss_entry_row *e, int64_t now_us)
{
    a[0] = ss_arg_text(list);
    a[1] = ss_arg_text(e->value);
    a[2] = ss_arg_text(e->reason);
    a[3] = e->from_us == INT64_MIN ? ss_arg_null() : ss_arg_int(e->from_us);
    a[4] = e->until_us == INT64_MAX ? ss_arg_null() : ss_arg_int(e->until_us);
    a[5] = ss_arg_text(e->actor);
    a[6] = ss_arg_int(now_us);
}

/* Those that are new go in, and are told by that; then the others take the place of what is there. */
static int put_some(struct ss_db *db, struct ss_arg *args, bool *fresh, size_t n, int64_t *added)
{
    static const char *const columns[] = {"list",     "value", "reason",    "from_us",
                                          "until_us", "actor", "created_us"};
    static const enum ss_arg_type types[] = {SS_ARG_TEXT, SS_ARG_TEXT, SS_ARG_TEXT, SS_ARG_INT,
                                             SS_ARG_INT,  SS_ARG_TEXT, SS_ARG_INT};
    struct ss_bulk bulk = {
        .table = "list_entries",
        .key = "list, value",
        .column = columns,
        .type = types,
        .columns = PUT_COLUMNS,
    };
    size_t others = 0;
    int err = ss_db_insert(db, &bulk, args, n, fresh);
    for (size_t i = 0; i < n && !err; i++) {
        *added += fresh[i];
        if (!fresh[i])
            memmove(args + PUT_COLUMNS * others++, args + PUT_COLUMNS * i, PUT_COLUMNS * sizeof *args);
    }
    bulk.update = "reason = excluded.reason, from_us = excluded.from_us, until_us = excluded.until_us,"
                  " actor = excluded.actor, created_us = excluded.created_us";
    return err || !others ? err : ss_db_insert(db, &bulk, args, others, NULL);
}

int ss_list_entries_put(struct ss_db *db, struct ss_str list, const struct ss_entry_row *entry, size_t n,
                        int64_t now_us, int64_t *added)
{
    size_t most = n < PUT_AT_ONCE ? n : PUT_AT_ONCE;
    *added = 0;
    if (n == 0)
        return 0;
    struct ss_arg *args = malloc(most * PUT_COLUMNS * sizeof *args);
    bool *fresh = malloc(most * sizeof *fresh);
    int err = args && fresh ? 0 : ss_fail(SS_ENOMEM, "out of memory for list entries");
    for (size_t at = 0; at < n && !err; at += most) {
        size_t k = n - at < most ? n - at : most;
        for (size_t i = 0; i < k; i++)
            put_args(args + i * PUT_COLUMNS, list, &entry[at + i], now_us);
        err = put_some(db, args, fresh, k, added);
    }
    free(args);
    free(fresh);
    return err ? err : touch(db, list, *added, now_us);
}

int ss_list_entry_remove(struct ss_db *db, struct ss_str list, struct ss_str value, int64_t now_us)
{
    int64_t n = ss_db_exec(db, "DELETE FROM list_entries WHERE list = $1 AND value = $2",
                           SS_ARGS(ss_arg_text(list), ss_arg_text(value)));
    if (n <= 0)
        return (int)n;
    int err = touch(db, list, -1, now_us);
    return err ? err : 1;
}

static int sweep_some(struct ss_db *db, struct ss_list_sweep *sweep, struct ss_arena *arena,
                      struct ss_str *gone, int64_t limit, size_t *n)
{
    struct ss_entry_row e;
    struct ss_rows *rows;
    int64_t seen = 0;
    int err =
        ss_list_entries(db, sweep->list, (struct ss_str){NULL, 0}, ss_str_of(sweep->at), 0, limit, &rows);
    if (err)
        return err;
    while ((err = ss_rows_next(rows)) > 0) {
        ss_list_entry_row(rows, &e);
        snprintf(sweep->at, sizeof sweep->at, "%.*s", (int)e.value.n, e.value.p);
        seen++;
        if (sweep->stays(sweep->ctx, &e))
            continue;
        gone[*n] = e.value;
        if (keep(arena, &gone[(*n)++])) {
            err = SS_ENOMEM;
            break;
        }
    }
    ss_rows_free(rows);
    sweep->done = err == 0 && seen < limit;
    return err < 0 ? err : 0;
}

int ss_list_entries_sweep(struct ss_db *db, struct ss_list_sweep *sweep, int64_t limit, int64_t now_us)
{
    struct ss_arena arena;
    struct ss_str *gone = malloc((size_t)limit * sizeof *gone);
    size_t n = 0;
    if (!gone)
        return ss_fail(SS_ENOMEM, "out of memory for list entries");
    ss_arena_init(&arena, (size_t)64 << 20);
    int err = sweep_some(db, sweep, &arena, gone, limit, &n);
    for (size_t i = 0; i < n && !err; i++)
        err = done(ss_db_exec(db, "DELETE FROM list_entries WHERE list = $1 AND value = $2",
                              SS_ARGS(ss_arg_text(sweep->list), ss_arg_text(gone[i]))));
    ss_arena_free(&arena);
    free(gone);
    sweep->removed += err ? 0 : (int64_t)n;
    return err || !n ? err : touch(db, sweep->list, -(int64_t)n, now_us);
}
