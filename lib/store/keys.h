/*
 * API keys: what programs sign in with. Only a hash of the secret is kept; a key has 190 bits, so that a fast
 * hash (SHA-256) is enough, unlike a password's.
 */
#ifndef SS_STORE_KEYS_H
#define SS_STORE_KEYS_H

#include "base/arena.h"
#include "store/db.h"

#define SS_KEY_ID 12 /* letters and digits, the part of a key that everyone may see */

struct ss_key {
    struct ss_str id, name, secret_hash, role, created_by;
    struct ss_str scopes;                                /* "cases:read payments:write" */
    int64_t created_us, expires_us, used_us, revoked_us; /* 0: never */
};

int ss_key_add(struct ss_db *db, const struct ss_key *key) SS_MUST_CHECK;
/* 1: found, 0: there is none. */
int ss_key_get(struct ss_db *db, struct ss_str id, struct ss_arena *arena, struct ss_key *key) SS_MUST_CHECK;
int64_t ss_key_revoke(struct ss_db *db, struct ss_str id, int64_t now_us) SS_MUST_CHECK;
/* When it was used last. */
int ss_key_used(struct ss_db *db, struct ss_str id, int64_t now_us) SS_MUST_CHECK;

/* In the order of their creation; revoked ones where asked for. */
int ss_keys_list(struct ss_db *db, bool revoked, int64_t after_us, struct ss_str after_id, int64_t limit,
                 struct ss_rows **rows) SS_MUST_CHECK;
int ss_keys_next(struct ss_rows *rows, struct ss_key *key) SS_MUST_CHECK;

#endif
