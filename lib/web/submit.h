/*
 * Payments that come in: each is scored by the hosted pipeline, stored, and told to listeners, many in one
 * transaction. The desk's thread only.
 *
 * A payment whose txn_id the store has already is not counted again: POST /api/v1/payments answers it with
 * what was decided then (200 instead of 201), so a client that got no answer just sends it again; another
 * payment under the same txn_id is a 409.
 */
#ifndef SS_WEB_SUBMIT_H
#define SS_WEB_SUBMIT_H

#include "store/ledger.h"
#include "web/engine.h"
#include "web/web.h"

#define SS_SUBMIT_MAX SS_BATCH_MAX

struct ss_submit;

int ss_submit_new(struct ss_web *web, struct ss_submit **submit) SS_MUST_CHECK;
void ss_submit_free(struct ss_submit *submit); /* accepts NULL */

/*
 * n calls of POST /api/v1/payments (at most SS_SUBMIT_MAX) in the caller's writing transaction. Each is
 * answered, but the answers may only leave once the transaction is committed. Negative when the store or the
 * pipeline fails as a whole: then no answer counts. What has passed the pipeline by then is still known to
 * `submit`, and its memory goes on from there: so it has to get into the store before anything else does.
 */
int ss_submit_calls(struct ss_submit *submit, struct ss_db *db, struct ss_call **calls,
                    size_t n) SS_MUST_CHECK;

/* The same for lines of a stream; those that are known already are passed over, as are those that are no
 * payments (counted in *rejected, the last one's reason in the thread's message). */
int ss_submit_lines(struct ss_submit *submit, struct ss_db *db, const struct ss_str *line, size_t n,
                    size_t *rejected) SS_MUST_CHECK;

/* True while payments that passed the pipeline are not in the store: after a failed transaction. */
bool ss_submit_owes(const struct ss_submit *submit);
/* Writes them, in the caller's transaction. */
int ss_submit_again(struct ss_submit *submit, struct ss_db *db) SS_MUST_CHECK;
/* After the transaction: what was committed is forgotten, what was not is kept. */
void ss_submit_done(struct ss_submit *submit, bool committed);
/* Moves what listeners are to be told of what was committed to `told`, which is empty; and tells it. */
void ss_submit_take_told(struct ss_submit *submit, struct ss_buf *told);
void ss_submit_tell(struct ss_web *web, struct ss_buf *told);

/* The counts follow the payments: are some behind? Then this brings them up, in the caller's transaction,
 * followed by ss_submit_done. */
bool ss_submit_unsettled(const struct ss_submit *submit);
int ss_submit_settle(struct ss_submit *submit, struct ss_db *db) SS_MUST_CHECK;

extern const struct ss_route ss_routes_submit[];

#endif
