/* What a person keeps for themselves, by name: saved views of tables and the like. JSON, as it was given. */
#ifndef SS_STORE_PREFERENCES_H
#define SS_STORE_PREFERENCES_H

#include "store/db.h"

/* In the order of keys; columns key, value, updated_us. key.p == NULL: all. */
int ss_preferences_list(struct ss_db *db, int64_t user_id, struct ss_str key,
                        struct ss_rows **rows) SS_MUST_CHECK;
/* *count: how many there are after it. */
int ss_preferences_put(struct ss_db *db, int64_t user_id, struct ss_str key, struct ss_str value,
                       int64_t now_us, int64_t *count) SS_MUST_CHECK;
/* 1, or 0 when it was not there. */
int ss_preferences_remove(struct ss_db *db, int64_t user_id, struct ss_str key) SS_MUST_CHECK;

#endif
