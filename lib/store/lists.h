/*
 * Lists that rules ask, kept in the store: names, kinds, entries with a reason and a span of event time. What
 * a value means is the kind's affair (rule/list.h); here it is a text, once a list.
 */
#ifndef SS_STORE_LISTS_H
#define SS_STORE_LISTS_H

#include "base/arena.h"
#include "store/db.h"

struct ss_list_row {
    struct ss_str name, kind, description;
    int64_t version, entries, created_us, updated_us; /* version: counts the changes */
};

/* 1 with the list, its texts in the arena; 0: there is none. */
int ss_lists_get(struct ss_db *db, struct ss_str name, struct ss_arena *arena,
                 struct ss_list_row *list) SS_MUST_CHECK;
/* All, in the order of their names; texts live as long as the callback, which returns 0 to go on. */
int ss_lists_each(struct ss_db *db, int (*each)(void *ctx, const struct ss_list_row *list),
                  void *ctx) SS_MUST_CHECK;
/* name, kind, description count. SS_EDATA when the name is there. */
int ss_lists_add(struct ss_db *db, const struct ss_list_row *list, int64_t now_us) SS_MUST_CHECK;
int ss_lists_describe(struct ss_db *db, struct ss_str name, struct ss_str description,
                      int64_t now_us) SS_MUST_CHECK;
/* With its entries. */
int ss_lists_remove(struct ss_db *db, struct ss_str name) SS_MUST_CHECK;

struct ss_entry_row {
    struct ss_str value, reason, actor; /* reason.p == NULL: none */
    int64_t from_us, until_us;          /* INT64_MIN, INT64_MAX: open */
    int64_t created_us;
};

int ss_list_entry_get(struct ss_db *db, struct ss_str list, struct ss_str value, struct ss_arena *arena,
                      struct ss_entry_row *entry) SS_MUST_CHECK;
/* In the order of values, those after `after` and `skip` more, that begin with `prefix` (p == NULL: all);
 * limit 0: none. */
int ss_list_entries(struct ss_db *db, struct ss_str list, struct ss_str prefix, struct ss_str after,
                    int64_t skip, int64_t limit, struct ss_rows **rows) SS_MUST_CHECK;
void ss_list_entry_row(const struct ss_rows *rows, struct ss_entry_row *entry);

/* In the caller's writing transaction; each counts the list's version up when it changed something. */

/* Puts n entries, each in the place of one with its value. Values must differ. *added: that were not there.
 */
int ss_list_entries_put(struct ss_db *db, struct ss_str list, const struct ss_entry_row *entry, size_t n,
                        int64_t now_us, int64_t *added) SS_MUST_CHECK;
/* 1, or 0 when it was not there. */
int ss_list_entry_remove(struct ss_db *db, struct ss_str list, struct ss_str value,
                         int64_t now_us) SS_MUST_CHECK;

/* A walk through a list that takes out what shall not stay, a part at a time. */
struct ss_list_sweep {
    struct ss_str list;
    bool (*stays)(void *ctx, const struct ss_entry_row *entry);
    void *ctx;
    char at[1024]; /* the last value that was looked at; "" at first */
    bool done;
    int64_t removed;
};

/* Looks at up to `limit` more entries. */
int ss_list_entries_sweep(struct ss_db *db, struct ss_list_sweep *sweep, int64_t limit,
                          int64_t now_us) SS_MUST_CHECK;

#endif
