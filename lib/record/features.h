/*
 * The `features` member as text, back to the vector: for stages that stand behind a pipe; in one process they
 * find rec->features. Shortest round-trip printing makes both the same bits.
 */
#ifndef SS_RECORD_FEATURES_H
#define SS_RECORD_FEATURES_H

#include "base/attr.h"
#include "record/record.h"

/*
 * Reads {"set":"9be14c02","user_count_1m":3,...} into a vector from the arena, by name; names in the order of
 * `names` cost one comparison each. Null, and a name that is not there, are missing (NaN, or p == NULL); a
 * number in place of a text is its text; members of other names are skipped. Any bytes may be given.
 *
 * SS_EDATA: no JSON of this shape, no set, or a value of the wrong type ("features ...");
 * SS_ECONFIG: made with another feature file (its set is not names->set); SS_ENOMEM.
 */
int ss_features_parse(struct ss_str json, const struct ss_feature_names *names, struct ss_arena *arena,
                      const struct ss_features **features) SS_MUST_CHECK;

#endif
