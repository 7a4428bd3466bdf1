/*
 * People. An email is kept in lower case and is what the log calls a person by. Nobody is ever deleted, since
 * the past speaks of them: who leaves becomes inactive.
 *
 * Texts of a struct ss_user live in the arena that the reader was given.
 */
#ifndef SS_STORE_USERS_H
#define SS_STORE_USERS_H

#include "base/arena.h"
#include "store/db.h"

#define SS_EMAIL_MAX 95 /* bytes: it fits into struct ss_actor */

struct ss_user {
    int64_t id;
    struct ss_str email, name, role, department;
    struct ss_str password; /* its hash; p == NULL: signs in elsewhere */
    struct ss_str oidc_subject;
    bool must_change, active;
    int64_t failures, locked_until_us, password_us, created_us, last_login_us, version;
};

/* Lower case, without blanks around, in the arena; p == NULL when it is no email address: something@something
 * of at most SS_EMAIL_MAX bytes without blanks and control characters. */
struct ss_str ss_email_of(struct ss_str text, struct ss_arena *arena);

/* 1: found, 0: nobody. */
int ss_user_get(struct ss_db *db, int64_t id, struct ss_arena *arena, struct ss_user *user) SS_MUST_CHECK;
int ss_user_find(struct ss_db *db, struct ss_str email, struct ss_arena *arena,
                 struct ss_user *user) SS_MUST_CHECK;
int ss_user_find_subject(struct ss_db *db, struct ss_str subject, struct ss_arena *arena,
                         struct ss_user *user) SS_MUST_CHECK;

/* Adds email, name, role, department, password, oidc_subject, must_change as they are, active; sets user->id.
 * 1, or 0 when the email or the subject is somebody's. */
int ss_user_add(struct ss_db *db, struct ss_user *user, int64_t now_us) SS_MUST_CHECK;
/* Writes name, role, department, active, oidc_subject; the version counts up. */
int ss_user_update(struct ss_db *db, struct ss_user *user) SS_MUST_CHECK;
/* Also forgets failures and the lock. */
int ss_user_set_password(struct ss_db *db, int64_t id, struct ss_str hash, bool must_change,
                         int64_t now_us) SS_MUST_CHECK;
/* After a sign-in: forgets failures and the lock. */
int ss_user_signed_in(struct ss_db *db, int64_t id, int64_t now_us) SS_MUST_CHECK;
/* failures and locked_until_us (0: not locked) as they are given. */
int ss_user_failed(struct ss_db *db, int64_t id, int64_t failures, int64_t locked_until_us) SS_MUST_CHECK;

/* How many active administrators there are beside this one. */
int ss_user_other_admins(struct ss_db *db, int64_t id, int64_t *n) SS_MUST_CHECK;
struct ss_user_filter {
    struct ss_str role, q; /* q: a part of email or name, in lower case; p == NULL: all */
    int active;            /* -1: all */
    bool workers;          /* analysts and administrators */
    int64_t after_id;      /* the cursor */
    int64_t limit;
};

/* In the order of their ids; texts live until the next row. */
int ss_users_list(struct ss_db *db, const struct ss_user_filter *filter, struct ss_rows **rows) SS_MUST_CHECK;
int ss_users_next(struct ss_rows *rows, struct ss_user *user) SS_MUST_CHECK;

#endif
