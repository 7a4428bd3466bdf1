#include "store/tickets.h"
#include "base/err.h"
#include "store/copy.h"

#define COLUMNS "hash, kind, role, email, created_by, created_us, expires_us, used_us"

int ss_ticket_add(struct ss_db *db, const struct ss_ticket *t)
{
    int64_t n = ss_db_exec(
        db,
        "INSERT INTO tickets (hash, kind, role, email, created_by, created_us, expires_us) VALUES "
        "($1, $2, $3, $4, $5, $6, $7)",
        SS_ARGS(ss_arg_text(t->hash), ss_arg_text(t->kind), ss_arg_text(t->role), ss_arg_text(t->email),
                ss_arg_text(t->created_by), ss_arg_int(t->created_us), ss_arg_int(t->expires_us)));
    return n < 0 ? (int)n : 0;
}

int ss_tickets_next(struct ss_rows *rows, struct ss_ticket *t)
{
    int more = ss_rows_next(rows);
    if (more > 0)
        *t = (struct ss_ticket){
            .hash = ss_rows_text(rows, 0),
            .kind = ss_rows_text(rows, 1),
            .role = ss_rows_text(rows, 2),
            .email = ss_rows_text(rows, 3),
            .created_by = ss_rows_text(rows, 4),
            .created_us = ss_rows_int(rows, 5),
            .expires_us = ss_rows_int(rows, 6),
            .used_us = ss_rows_int(rows, 7),
        };
    return more;
}

int ss_ticket_get(struct ss_db *db, struct ss_str hash, struct ss_str kind, int64_t now_us,
                  struct ss_arena *arena, struct ss_ticket *t)
{
    struct ss_rows *rows;
    int err = ss_db_query(db,
                          "SELECT " COLUMNS " FROM tickets WHERE hash = $1 AND kind = $2 AND used_us IS NULL "
                          "AND expires_us > $3",
                          SS_ARGS(ss_arg_text(hash), ss_arg_text(kind), ss_arg_int(now_us)), &rows);
    if (err)
        return err;
    err = ss_tickets_next(rows, t);
    if (err > 0) {
        struct ss_str *const texts[] = {&t->hash, &t->kind, &t->role, &t->email, &t->created_by};
        for (size_t i = 0; i < SS_COUNT(texts) && err > 0; i++)
            if (ss_copy_text(arena, texts[i]))
                err = SS_ENOMEM;
    }
    ss_rows_free(rows);
    return err;
}

int ss_ticket_use(struct ss_db *db, struct ss_str hash, int64_t now_us)
{
    return (int)ss_db_exec(
        db, "UPDATE tickets SET used_us = $2 WHERE hash = $1 AND used_us IS NULL AND expires_us > $2",
        SS_ARGS(ss_arg_text(hash), ss_arg_int(now_us)));
}

int64_t ss_tickets_drop(struct ss_db *db, struct ss_str kind, struct ss_str id)
{
    return ss_db_exec(db,
                      "DELETE FROM tickets WHERE kind = $1 AND used_us IS NULL AND "
                      "(CAST($2 AS TEXT) IS NULL OR substr(hash, 1, 16) = $2)",
                      SS_ARGS(ss_arg_text(kind), ss_arg_text(id)));
}

int64_t ss_tickets_prune(struct ss_db *db, int64_t before_us)
{
    return ss_db_exec(db, "DELETE FROM tickets WHERE expires_us < $1", SS_ARGS(ss_arg_int(before_us)));
}

int ss_tickets_list(struct ss_db *db, struct ss_str kind, int64_t now_us, struct ss_rows **rows)
{
    return ss_db_query(db,
                       "SELECT " COLUMNS " FROM tickets WHERE kind = $1 AND used_us IS NULL AND "
                       "expires_us > $2 ORDER BY created_us, hash LIMIT 500",
                       SS_ARGS(ss_arg_text(kind), ss_arg_int(now_us)), rows);
}
