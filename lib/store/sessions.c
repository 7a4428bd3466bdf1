#include "store/sessions.h"
#include "base/err.h"
#include "store/copy.h"
#include <stdio.h>

#define COLUMNS "id, seed, agent, address, user_id, generation, created_us, used_us, expires_us, revoked_us"

static int changed(int64_t n)
{
    return n < 0 ? (int)n : 0;
}

int ss_session_add(struct ss_db *db, const struct ss_session *s)
{
    return changed(ss_db_exec(
        db,
        "INSERT INTO sessions (id, seed, agent, address, user_id, created_us, used_us, expires_us) "
        "VALUES ($1, $2, $3, $4, $5, $6, $6, $7)",
        SS_ARGS(ss_arg_text(s->id), ss_arg_text(s->seed), ss_arg_text(s->agent), ss_arg_text(s->address),
                ss_arg_int(s->user_id), ss_arg_int(s->created_us), ss_arg_int(s->expires_us))));
}

int ss_sessions_next(struct ss_rows *rows, struct ss_session *s)
{
    int more = ss_rows_next(rows);
    if (more > 0)
        *s = (struct ss_session){
            .id = ss_rows_text(rows, 0),
            .seed = ss_rows_text(rows, 1),
            .agent = ss_rows_text(rows, 2),
            .address = ss_rows_text(rows, 3),
            .user_id = ss_rows_int(rows, 4),
            .generation = ss_rows_int(rows, 5),
            .created_us = ss_rows_int(rows, 6),
            .used_us = ss_rows_int(rows, 7),
            .expires_us = ss_rows_int(rows, 8),
            .revoked_us = ss_rows_int(rows, 9),
        };
    return more;
}

int ss_session_get(struct ss_db *db, struct ss_str id, struct ss_arena *arena, struct ss_session *s)
{
    struct ss_rows *rows;
    int err =
        ss_db_query(db, "SELECT " COLUMNS " FROM sessions WHERE id = $1", SS_ARGS(ss_arg_text(id)), &rows);
    if (err)
        return err;
    err = ss_sessions_next(rows, s);
    if (err > 0 && (ss_copy_text(arena, &s->id) || ss_copy_text(arena, &s->seed) ||
                    ss_copy_text(arena, &s->agent) || ss_copy_text(arena, &s->address)))
        err = SS_ENOMEM;
    ss_rows_free(rows);
    return err;
}

int ss_session_owner(struct ss_db *db, struct ss_str id, struct ss_session_owner *owner)
{
    struct ss_rows *rows;
    int err = ss_db_query(db,
                          "SELECT s.user_id, s.expires_us, s.revoked_us, u.active, u.must_change, u.email, "
                          "u.role FROM sessions s JOIN users u ON u.id = s.user_id WHERE s.id = $1",
                          SS_ARGS(ss_arg_text(id)), &rows);
    if (err)
        return err;
    err = ss_rows_next(rows);
    if (err > 0) {
        struct ss_str email = ss_rows_text(rows, 5), role = ss_rows_text(rows, 6);
        owner->user_id = ss_rows_int(rows, 0);
        owner->expires_us = ss_rows_int(rows, 1);
        owner->revoked_us = ss_rows_int(rows, 2);
        owner->active = ss_rows_int(rows, 3) != 0;
        owner->must_change = ss_rows_int(rows, 4) != 0;
        snprintf(owner->email, sizeof owner->email, "%.*s", (int)email.n, email.p);
        snprintf(owner->role, sizeof owner->role, "%.*s", (int)role.n, role.p);
    }
    ss_rows_free(rows);
    return err;
}

int ss_session_renew(struct ss_db *db, struct ss_str id, int64_t generation, int64_t now_us,
                     int64_t expires_us)
{
    return changed(ss_db_exec(
        db, "UPDATE sessions SET generation = $2, used_us = $3, expires_us = $4 WHERE id = $1",
        SS_ARGS(ss_arg_text(id), ss_arg_int(generation), ss_arg_int(now_us), ss_arg_int(expires_us))));
}

int64_t ss_session_revoke(struct ss_db *db, struct ss_str id, int64_t now_us)
{
    return ss_db_exec(db, "UPDATE sessions SET revoked_us = $2 WHERE id = $1 AND revoked_us IS NULL",
                      SS_ARGS(ss_arg_text(id), ss_arg_int(now_us)));
}

int64_t ss_sessions_revoke(struct ss_db *db, int64_t user_id, struct ss_str keep, int64_t now_us)
{
    return ss_db_exec(db,
                      "UPDATE sessions SET revoked_us = $2 WHERE user_id = $1 AND revoked_us IS NULL AND "
                      "expires_us > $2 AND (CAST($3 AS TEXT) IS NULL OR id <> $3)",
                      SS_ARGS(ss_arg_int(user_id), ss_arg_int(now_us), ss_arg_text(keep)));
}

int64_t ss_sessions_prune(struct ss_db *db, int64_t before_us)
{
    return ss_db_exec(db, "DELETE FROM sessions WHERE expires_us < $1 OR revoked_us < $1",
                      SS_ARGS(ss_arg_int(before_us)));
}

int ss_sessions_list(struct ss_db *db, int64_t user_id, int64_t now_us, struct ss_rows **rows)
{
    return ss_db_query(db,
                       "SELECT " COLUMNS " FROM sessions WHERE user_id = $1 AND revoked_us IS NULL AND "
                       "expires_us > $2 ORDER BY created_us DESC, id LIMIT 500",
                       SS_ARGS(ss_arg_int(user_id), ss_arg_int(now_us)), rows);
}
