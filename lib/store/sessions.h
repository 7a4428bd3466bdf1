/*
 * Sign-ins. A session lives from the sign-in until it is revoked, its refresh token expires unused, or its
 * user goes. Its refresh tokens are made of seed and generation (web/refresh.h), never kept.
 */
#ifndef SS_STORE_SESSIONS_H
#define SS_STORE_SESSIONS_H

#include "base/arena.h"
#include "store/db.h"

#define SS_SESSION_ID 22 /* letters and digits: 130 bits */

struct ss_session {
    struct ss_str id, seed, agent, address;
    int64_t user_id, generation, created_us, used_us, expires_us, revoked_us; /* 0: not revoked */
};

/* Whose it is, as of now. */
struct ss_session_owner {
    int64_t user_id, expires_us, revoked_us;
    bool active, must_change;
    char email[96], role[16];
};

int ss_session_add(struct ss_db *db, const struct ss_session *session) SS_MUST_CHECK;
/* 1: found, 0: there is none. */
int ss_session_get(struct ss_db *db, struct ss_str id, struct ss_arena *arena,
                   struct ss_session *session) SS_MUST_CHECK;
int ss_session_owner(struct ss_db *db, struct ss_str id, struct ss_session_owner *owner) SS_MUST_CHECK;
/* The next generation. */
int ss_session_renew(struct ss_db *db, struct ss_str id, int64_t generation, int64_t now_us,
                     int64_t expires_us) SS_MUST_CHECK;
/* How many it ended: 0 or 1; of a user, all but `keep` (p == NULL: all). */
int64_t ss_session_revoke(struct ss_db *db, struct ss_str id, int64_t now_us) SS_MUST_CHECK;
int64_t ss_sessions_revoke(struct ss_db *db, int64_t user_id, struct ss_str keep,
                           int64_t now_us) SS_MUST_CHECK;
/* Forgets those that ended before `before_us`. */
int64_t ss_sessions_prune(struct ss_db *db, int64_t before_us) SS_MUST_CHECK;

/* A user's that are alive, newest first. */
int ss_sessions_list(struct ss_db *db, int64_t user_id, int64_t now_us, struct ss_rows **rows) SS_MUST_CHECK;
int ss_sessions_next(struct ss_rows *rows, struct ss_session *session) SS_MUST_CHECK;

#endif
