/* What a backend exports, inside lib/store only. A new one is a file and a line in the table of db.c. */
#ifndef SS_STORE_BACKEND_H
#define SS_STORE_BACKEND_H

#include "store/db.h"

struct ss_db_ops {
    enum ss_db_kind kind;
    int (*open)(const char *uri, const struct ss_db_options *options, struct ss_db **db);
    void (*close)(struct ss_db *db);
    int64_t (*exec)(struct ss_db *db, const char *sql, const struct ss_arg *args, size_t n);
    int (*query)(struct ss_db *db, const char *sql, const struct ss_arg *args, size_t n,
                 struct ss_rows **rows);
    int (*next)(struct ss_rows *rows);
    void (*free_rows)(struct ss_rows *rows);
    bool (*is_null)(const struct ss_rows *rows, int column);
    int64_t (*get_int)(const struct ss_rows *rows, int column);
    double (*get_real)(const struct ss_rows *rows, int column);
    struct ss_str (*get_text)(const struct ss_rows *rows, int column);
    struct ss_str (*get_blob)(const struct ss_rows *rows, int column);
    int (*script)(struct ss_db *db, const char *sql);
    int (*insert)(struct ss_db *db, const struct ss_bulk *bulk, const struct ss_arg *args, size_t n,
                  bool *fresh);
    int (*begin)(struct ss_db *db, bool writing);
    int (*commit)(struct ss_db *db);
    int (*commit_soon)(struct ss_db *db); /* NULL, as the next two: a commit is durable at once */
    int (*flush)(struct ss_db *db);
    int (*flush_again)(struct ss_db *db);
    void (*rollback)(struct ss_db *db);
    int (*check)(struct ss_db *db);
    int (*checkpoint)(struct ss_db *db); /* NULL, as the next two: there is none to be made */
    int (*empty_log)(struct ss_db *db);
    enum ss_checkpoint (*wants_checkpoint)(struct ss_db *db);
};

/* First in each backend's own connection and result. All but ops and name belongs to db.c; a backend reads
 * it. */
struct ss_db {
    const struct ss_db_ops *ops;
    char *name; /* owned */
    bool read_only, in_transaction, writing, marked;
    int reading; /* rows that are not freed */
    int failed;  /* the first error of the open transaction (or part) */
    unsigned redials;
};

struct ss_rows {
    struct ss_db *db;
};

/* For tests: is told each query before it runs. */
extern void (*ss_db_watch)(struct ss_db *db, const char *sql, const struct ss_arg *args, size_t n);

extern const struct ss_db_ops ss_db_sqlite, ss_db_postgres;

#endif
