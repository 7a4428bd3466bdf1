/*
 * Rule files, every version for good, and what is done with one: it is drafted, submitted, approved,
 * published; the version published before is retired then. Nothing here knows what a rule is.
 */
#ifndef SS_STORE_RULE_SETS_H
#define SS_STORE_RULE_SETS_H

#include "base/arena.h"
#include "store/db.h"

enum ss_rule_set_status {
    SS_SET_DRAFT,
    SS_SET_SUBMITTED,
    SS_SET_APPROVED,
    SS_SET_PUBLISHED,
    SS_SET_RETIRED,
    SS_SET_WITHDRAWN,
    SS_SET_STATUSES
};

const char *ss_rule_set_status_name(enum ss_rule_set_status status);
int ss_rule_set_status_of(struct ss_str name); /* -1 when it is none */

struct ss_rule_set {
    int64_t version, based_on, revision; /* based_on 0: on none */
    enum ss_rule_set_status status;
    struct ss_str text;                                    /* p == NULL in a list */
    int64_t bytes;                                         /* of the text */
    struct ss_str hash;                                    /* 8 hex digits, as decisions carry it */
    struct ss_str comment, author, approver, published_by; /* p == NULL: nobody yet */
    int64_t created_us, updated_us, approved_us, published_us;
};

/* 1 with the set, its texts in the arena; 0: there is none. */
int ss_rule_set_get(struct ss_db *db, int64_t version, struct ss_arena *arena,
                    struct ss_rule_set *set) SS_MUST_CHECK;
int ss_rule_set_published(struct ss_db *db, struct ss_arena *arena, struct ss_rule_set *set) SS_MUST_CHECK;
/* Newest first, those before the version `before` (0: all), of that status (-1: all but withdrawn ones). */
int ss_rule_set_list(struct ss_db *db, int status, int64_t before, int64_t limit,
                     struct ss_rows **rows) SS_MUST_CHECK;
/* Is a version with this very text there? */
int ss_rule_set_known(struct ss_db *db, struct ss_str text, bool *known) SS_MUST_CHECK;
/* Did this person have a hand in the version's text, at any time? By the audit log, which forgets nothing. */
int ss_rule_set_written_by(struct ss_db *db, int64_t version, struct ss_str actor,
                           bool *written) SS_MUST_CHECK;
/* Of such rows the present one, its texts as long as that. */
void ss_rule_set_row(const struct ss_rows *rows, struct ss_rule_set *set);

/* The changes: in the caller's writing transaction. */

/* text, status, comment, based_on, author count; published by its author where that is its status. */
int ss_rule_set_add(struct ss_db *db, const struct ss_rule_set *set, int64_t now_us,
                    int64_t *version) SS_MUST_CHECK;
/* A draft's text and comment; `author` becomes its author where the text changed. p == NULL leaves it. */
int ss_rule_set_edit(struct ss_db *db, const struct ss_rule_set *old, struct ss_str text,
                     struct ss_str comment, struct ss_str author, int64_t now_us) SS_MUST_CHECK;
/* Another status, by whom: approving and publishing are remembered, publishing retires the one before,
 * becoming a draft again forgets the approval. */
int ss_rule_set_move(struct ss_db *db, int64_t version, enum ss_rule_set_status status, struct ss_str actor,
                     int64_t now_us) SS_MUST_CHECK;

#endif
