#include "store/preferences.h"

int ss_preferences_list(struct ss_db *db, int64_t user_id, struct ss_str key, struct ss_rows **rows)
{
    if (!key.p)
        return ss_db_query(db,
                           "SELECT key, value, updated_us FROM preferences WHERE user_id = $1 ORDER BY key",
                           SS_ARGS(ss_arg_int(user_id)), rows);
    return ss_db_query(db, "SELECT key, value, updated_us FROM preferences WHERE user_id = $1 AND key = $2",
                       SS_ARGS(ss_arg_int(user_id), ss_arg_text(key)), rows);
}

int ss_preferences_put(struct ss_db *db, int64_t user_id, struct ss_str key, struct ss_str value,
                       int64_t now_us, int64_t *count)
{
    int64_t n =
        ss_db_exec(db,
                   "INSERT INTO preferences (user_id, key, value, updated_us) VALUES ($1, $2, $3, $4)"
                   " ON CONFLICT (user_id, key) DO UPDATE SET value = $3, updated_us = $4",
                   SS_ARGS(ss_arg_int(user_id), ss_arg_text(key), ss_arg_text(value), ss_arg_int(now_us)));
    if (n < 0)
        return (int)n;
    return ss_db_int(db, "SELECT count(*) FROM preferences WHERE user_id = $1", SS_ARGS(ss_arg_int(user_id)),
                     0, count);
}

int ss_preferences_remove(struct ss_db *db, int64_t user_id, struct ss_str key)
{
    return (int)ss_db_exec(db, "DELETE FROM preferences WHERE user_id = $1 AND key = $2",
                           SS_ARGS(ss_arg_int(user_id), ss_arg_text(key)));
}
