/*
 * Idempotency-Key: a change that is asked for again, by the same person or program with the same key, is not
 * made again; its first answer is given (status, body, Location, ETag). The answer is stored in the change's
 * own transaction, so that there is never one without the other, and kept for a day.
 *
 * Not for what is read or tried only; nor for payments, whose txn_id does the same; nor for anybody who is
 * not signed in; nor for routes with SS_SECRET: their answers, and hashes of their requests, would lie in the
 * database. Answers that are errors are not stored: what failed may be tried again.
 */
#ifndef SS_WEB_REPLAY_H
#define SS_WEB_REPLAY_H

#include "web/web.h"

#define SS_REPLAY_US ((int64_t)24 * 3600 * 1000000)

/* Before each part of a call: 1 when it is answered, with what was stored or, for a key that was used for
 * another request, a 422. 0: go on. */
int ss_replay_find(struct ss_call *call) SS_MUST_CHECK;
/* After the part that made the change, in its transaction. */
int ss_replay_keep(struct ss_call *call) SS_MUST_CHECK;

#endif
