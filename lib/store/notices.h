/* Notices: what the program tells one person, kept until they have read it. */
#ifndef SS_STORE_NOTICES_H
#define SS_STORE_NOTICES_H

#include "base/arena.h"
#include "store/db.h"

struct ss_notice {
    int64_t user_id;
    const char *kind;    /* "assigned", "escalated", "mentioned", "breached" */
    struct ss_str title; /* one sentence */
    struct ss_str link;  /* "/cases/17" */
    int64_t time_us;
};

/* All in the caller's transaction. */
int ss_notice_add(struct ss_db *db, const struct ss_notice *notice) SS_MUST_CHECK;
/* To every active administrator but `except` (0: none); notice->user_id is not looked at. `told` (may be
 * NULL) is called for each. */
int ss_notice_admins(struct ss_db *db, const struct ss_notice *notice, int64_t except,
                     void (*told)(void *arg, int64_t user_id, const struct ss_notice *notice),
                     void *arg) SS_MUST_CHECK;

struct ss_notice_row {
    int64_t id, created_us, read_us;
    struct ss_str kind, title, link;
};

/* A user's, newest first, those before `before` (0: from the newest). */
int ss_notices_list(struct ss_db *db, int64_t user_id, bool unread, int64_t before, int64_t limit,
                    struct ss_arena *arena, int (*each)(void *arg, const struct ss_notice_row *row),
                    void *arg, bool *more) SS_MUST_CHECK;
int ss_notices_unread(struct ss_db *db, int64_t user_id, int64_t *count) SS_MUST_CHECK;
/* Marks one (id 0: all) as read. Returns how many there are of that id, read or not; for all, how many were
 * unread. */
int64_t ss_notices_read(struct ss_db *db, int64_t user_id, int64_t id, int64_t now_us) SS_MUST_CHECK;

/* ---- people, as far as cases need to know them ---- */

struct ss_person {
    int64_t id;
    struct ss_str name, email;
    bool active, works; /* works: an analyst or administrator */
};

/* 1: found, 0: there is none. */
int ss_person_find(struct ss_db *db, int64_t id, struct ss_arena *arena,
                   struct ss_person *person) SS_MUST_CHECK;
/* The active user whose email is `word`, or begins with `word` and an @; *id is 0 where there is none or more
 * than one. Letter case does not matter. */
int ss_person_called(struct ss_db *db, struct ss_str word, struct ss_arena *arena, int64_t *id) SS_MUST_CHECK;

#endif
