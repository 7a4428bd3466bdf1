#include "store/keys.h"
#include "base/err.h"
#include "store/copy.h"

#define COLUMNS "id, name, secret_hash, role, created_by, scopes, created_us, expires_us, used_us, revoked_us"

int ss_key_add(struct ss_db *db, const struct ss_key *key)
{
    int64_t n = ss_db_exec(
        db,
        "INSERT INTO api_keys (id, name, secret_hash, role, created_by, scopes, created_us, expires_us) "
        "VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        SS_ARGS(ss_arg_text(key->id), ss_arg_text(key->name), ss_arg_text(key->secret_hash),
                ss_arg_text(key->role), ss_arg_text(key->created_by), ss_arg_text(key->scopes),
                ss_arg_int(key->created_us), key->expires_us ? ss_arg_int(key->expires_us) : ss_arg_null()));
    return n < 0 ? (int)n : 0;
}

int ss_keys_next(struct ss_rows *rows, struct ss_key *key)
{
    int more = ss_rows_next(rows);
    if (more > 0)
        *key = (struct ss_key){
            .id = ss_rows_text(rows, 0),
            .name = ss_rows_text(rows, 1),
            .secret_hash = ss_rows_text(rows, 2),
            .role = ss_rows_text(rows, 3),
            .created_by = ss_rows_text(rows, 4),
            .scopes = ss_rows_text(rows, 5),
            .created_us = ss_rows_int(rows, 6),
            .expires_us = ss_rows_int(rows, 7),
            .used_us = ss_rows_int(rows, 8),
            .revoked_us = ss_rows_int(rows, 9),
        };
    return more;
}

int ss_key_get(struct ss_db *db, struct ss_str id, struct ss_arena *arena, struct ss_key *key)
{
    struct ss_rows *rows;
    int err =
        ss_db_query(db, "SELECT " COLUMNS " FROM api_keys WHERE id = $1", SS_ARGS(ss_arg_text(id)), &rows);
    if (err)
        return err;
    err = ss_keys_next(rows, key);
    if (err > 0) {
        struct ss_str *const texts[] = {&key->id,   &key->name,       &key->secret_hash,
                                        &key->role, &key->created_by, &key->scopes};
        for (size_t i = 0; i < SS_COUNT(texts) && err > 0; i++)
            if (ss_copy_text(arena, texts[i]))
                err = SS_ENOMEM;
    }
    ss_rows_free(rows);
    return err;
}

int64_t ss_key_revoke(struct ss_db *db, struct ss_str id, int64_t now_us)
{
    return ss_db_exec(db, "UPDATE api_keys SET revoked_us = $2 WHERE id = $1 AND revoked_us IS NULL",
                      SS_ARGS(ss_arg_text(id), ss_arg_int(now_us)));
}

int ss_key_used(struct ss_db *db, struct ss_str id, int64_t now_us)
{
    int64_t n = ss_db_exec(db, "UPDATE api_keys SET used_us = $2 WHERE id = $1",
                           SS_ARGS(ss_arg_text(id), ss_arg_int(now_us)));
    return n < 0 ? (int)n : 0;
}

int ss_keys_list(struct ss_db *db, bool revoked, int64_t after_us, struct ss_str after_id, int64_t limit,
                 struct ss_rows **rows)
{
    return ss_db_query(db,
                       "SELECT " COLUMNS " FROM api_keys WHERE ($1 = 1 OR revoked_us IS NULL) AND "
                       "(created_us > $2 OR (created_us = $2 AND id > $3)) ORDER BY created_us, id LIMIT $4",
                       SS_ARGS(ss_arg_int(revoked), ss_arg_int(after_us),
                               ss_arg_text(after_id.p ? after_id : SS_STR("")), ss_arg_int(limit)),
                       rows);
}
