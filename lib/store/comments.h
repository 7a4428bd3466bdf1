/* What people write about a case, and what they attach to it. */
#ifndef SS_STORE_COMMENTS_H
#define SS_STORE_COMMENTS_H

#include "base/arena.h"
#include "base/digest.h"
#include "store/db.h"

struct ss_comment {
    int64_t id, case_id, time_us, user_id, edited_us; /* user_id 0: a program */
    struct ss_str actor, content;
    bool internal; /* not for viewers */
};

int ss_comment_add(struct ss_db *db, struct ss_comment *comment) SS_MUST_CHECK; /* gives it an id */
int ss_comment_find(struct ss_db *db, int64_t case_id, int64_t id, struct ss_arena *arena,
                    struct ss_comment *comment) SS_MUST_CHECK;
int ss_comment_edit(struct ss_db *db,
                    const struct ss_comment *comment) SS_MUST_CHECK; /* content, edited_us */
int ss_comments_count(struct ss_db *db, int64_t case_id, bool internal, int64_t *count) SS_MUST_CHECK;
/* In the order of their ids, those behind `after`; internal ones too where `internal`. */
int ss_comments_list(struct ss_db *db, int64_t case_id, bool internal, int64_t after, int64_t limit,
                     struct ss_arena *arena, int (*each)(void *arg, const struct ss_comment *comment),
                     void *arg, bool *more) SS_MUST_CHECK;

struct ss_evidence {
    int64_t id, case_id, time_us, size;
    struct ss_str actor, name, type, sha256;
};

/* Keeps the content with its SHA-256. Gives `evidence` its id, size and sha256 (into `hex`). */
int ss_evidence_add(struct ss_db *db, struct ss_evidence *evidence, struct ss_str content,
                    char hex[SS_DIGEST_HEX]) SS_MUST_CHECK;
/* With its content, where `content` is not NULL, in the arena. 1: found, 0: there is none. */
int ss_evidence_find(struct ss_db *db, int64_t case_id, int64_t id, struct ss_arena *arena,
                     struct ss_evidence *evidence, struct ss_str *content) SS_MUST_CHECK;
int ss_evidence_list(struct ss_db *db, int64_t case_id, struct ss_arena *arena,
                     int (*each)(void *arg, const struct ss_evidence *evidence), void *arg) SS_MUST_CHECK;
/* The bytes that a case has so far. */
int ss_evidence_bytes(struct ss_db *db, int64_t case_id, int64_t *bytes) SS_MUST_CHECK;

#endif
