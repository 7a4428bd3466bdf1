/* Answers to changes that were asked for with an Idempotency-Key, to be given again: see web/replay.h. */
#ifndef SS_STORE_ANSWERS_H
#define SS_STORE_ANSWERS_H

#include "base/arena.h"
#include "store/db.h"

struct ss_stored_answer {
    struct ss_str request; /* a hash of what was asked */
    int64_t status;
    struct ss_str body, location, etag; /* location, etag: p == NULL: none */
};

/* 1, or 0 when there is none made since then. The texts are copied into the arena. */
int ss_stored_answer_get(struct ss_db *db, struct ss_str key, int64_t since_us, struct ss_arena *arena,
                         struct ss_stored_answer *answer) SS_MUST_CHECK;
/* Inside the transaction of the change itself. Takes the place of an older one with this key. */
int ss_stored_answer_put(struct ss_db *db, struct ss_str key, const struct ss_stored_answer *answer,
                         int64_t now_us) SS_MUST_CHECK;
/* Forgets those made before. How many they were. */
int64_t ss_stored_answers_prune(struct ss_db *db, int64_t before_us) SS_MUST_CHECK;

#endif
