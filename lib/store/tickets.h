/*
 * One-time words: the first administrator's setup token, invitations. They have 190 bits; the hash (SHA-256,
 * hexadecimal) is kept, and its first digits are the name by which an invitation is spoken of.
 */
#ifndef SS_STORE_TICKETS_H
#define SS_STORE_TICKETS_H

#include "base/arena.h"
#include "store/db.h"

#define SS_TICKET_ID 16 /* digits */

struct ss_ticket {
    struct ss_str hash, kind, role, email, created_by; /* email: whom it is for; p == NULL: anyone */
    int64_t created_us, expires_us, used_us;
};

int ss_ticket_add(struct ss_db *db, const struct ss_ticket *ticket) SS_MUST_CHECK;
/* 1: there is one of this kind that is neither used nor expired; 0: there is none. */
int ss_ticket_get(struct ss_db *db, struct ss_str hash, struct ss_str kind, int64_t now_us,
                  struct ss_arena *arena, struct ss_ticket *ticket) SS_MUST_CHECK;
/* Uses it up. 1, or 0 when it was used meanwhile. */
int ss_ticket_use(struct ss_db *db, struct ss_str hash, int64_t now_us) SS_MUST_CHECK;
/* Those of a kind that are not used; by the first digits of its hash. How many went. */
int64_t ss_tickets_drop(struct ss_db *db, struct ss_str kind, struct ss_str id) SS_MUST_CHECK;
int64_t ss_tickets_prune(struct ss_db *db, int64_t before_us) SS_MUST_CHECK;

/* Of a kind, neither used nor expired, oldest first. */
int ss_tickets_list(struct ss_db *db, struct ss_str kind, int64_t now_us,
                    struct ss_rows **rows) SS_MUST_CHECK;
int ss_tickets_next(struct ss_rows *rows, struct ss_ticket *ticket) SS_MUST_CHECK;

#endif
