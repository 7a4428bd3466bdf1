/*
 * What a payment's features would be if it came now, without its coming: the state of an engine is read, and
 * not a byte of it changes.
 *
 * The engine's own way is to move an entity's windows to the payment's time, read, put the payment in, and
 * read again. Here the same steps work on a copy of what they touch: the entity's window state (a few hundred
 * bytes, and the side memory of its extremes, distinct values and order statistics). The event log, by far
 * the largest part, is shared; it is copied only where late labels would change it. An undo journal would
 * save the copies but must get every reallocation right; a fork costs a millisecond. A payment tried costs
 * about as much as one taken in.
 *
 * Each payment of a batch is tried against the same live state: they do not see each other. Payments of one
 * entity share its copy, which moves on from one's time to the next one's: so many variants of one payment
 * are cheap however large its merchant's history is, and so are many past payments in order of time.
 *
 * The features are those that ss_feature_engine_run would give the payment next, to the last bit, but where
 * that would evict, for want of memory, one of this same payment's entities before having read it.
 */
#ifndef SS_FEATURE_TRIAL_H
#define SS_FEATURE_TRIAL_H

#include "feature/engine.h"

struct ss_feature_trial;

/* The engine must outlive it. */
int ss_feature_trial_new(const struct ss_feature_engine *engine,
                         struct ss_feature_trial **trial) SS_MUST_CHECK;
void ss_feature_trial_free(struct ss_feature_trial *trial); /* accepts NULL */

/* As ss_feature_engine_run, in the calling thread, while nobody changes the engine. Labels are passed over.
 */
int ss_feature_trial_run(struct ss_feature_trial *trial, struct ss_batch *batch) SS_MUST_CHECK;

#endif
