/* A payment as it is posted, before anything is done with it: what must hold whoever takes it. */
#ifndef SS_WEB_PAYMENT_IN_H
#define SS_WEB_PAYMENT_IN_H

#include "web/web.h"

/*
 * Hides card numbers as `pan` says (record/pan.h), and checks one object: a txn_id of 1 to 256 bytes, an
 * amount, no label. A call's payment without a txn_id or a timestamp gets them, in front: an id of our own,
 * and the time it came. *text becomes what is to be worked on, *id the id as it is stored; both live in the
 * arena, or where the text did. SS_EDATA: it is none; the call is answered, or, for a line of a stream (call
 * == NULL), the thread's message says why.
 */
int ss_payment_in_read(struct ss_call *call, const struct ss_pan *pan, struct ss_arena *arena,
                       struct ss_str *text, struct ss_str *id) SS_MUST_CHECK;
/* Answers with one fault, 422. Returns SS_EDATA. */
int ss_payment_in_refuse(struct ss_call *call, const char *name, const char *why);

#endif
