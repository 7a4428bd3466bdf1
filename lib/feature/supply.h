/*
 * Features for a stage that needs them, however the records come: with the vector (from ss-features in the
 * same process), with the member's text (behind a pipe), or without, in which case an engine of its own
 * computes them with the feature file at hand, and sets the member as ss-features would.
 *
 * Which of these it is, the stream's first payment says, so that the way does not depend on how the input was
 * cut: with features, all payments must bring them (one that does not is rejected); without, all are
 * computed.
 */
#ifndef SS_FEATURE_SUPPLY_H
#define SS_FEATURE_SUPPLY_H

#include "base/attr.h"
#include "base/buf.h"
#include "feature/engine.h"

struct ss_supply;

#define SS_SUPPLY_PHASES SS_FEATURE_PHASES

/* `text` is copied; `name` is for messages; slots are asked of `schema`. */
int ss_supply_new(struct ss_str text, const char *name, struct ss_schema *schema, int workers,
                  const char *program, struct ss_supply **supply) SS_MUST_CHECK;
/* Another one for the same features, empty: of another partition of the stream. `first` must outlive it. */
int ss_supply_another(const struct ss_supply *first, struct ss_supply **supply) SS_MUST_CHECK;
void ss_supply_free(struct ss_supply *supply); /* accepts NULL */
const struct ss_feature_names *ss_supply_names(const struct ss_supply *supply);
const struct ss_feature_spec *ss_supply_spec(const struct ss_supply *supply);

/*
 * For each batch: prepare, by one thread, then each phase in turn, by all workers (flow/stage.h); afterwards
 * each payment that was not rejected has rec->features. SS_EDATA when the records' features were made with
 * another feature file.
 */
int ss_supply_prepare(struct ss_supply *supply, const struct ss_batch *batch) SS_MUST_CHECK;
int ss_supply_work(struct ss_supply *supply, int phase, int worker, int workers,
                   struct ss_batch *batch) SS_MUST_CHECK;

/* As prepare and all phases, in the calling thread, for payments that are only asked about (trial.h). */
int ss_supply_trial(struct ss_supply *supply, struct ss_batch *batch) SS_MUST_CHECK;
/* NULL while records bring their features. */
const struct ss_feature_engine *ss_supply_engine(const struct ss_supply *supply);

/* State out and in, as engine.h; a stream that brought its features has none but this fact. */
int ss_supply_save(const struct ss_supply *supply, ss_feature_write *write, void *to) SS_MUST_CHECK;
int ss_supply_load(struct ss_supply *supply, ss_feature_read *read, void *from) SS_MUST_CHECK;

#endif
