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

/* One feature by name. Null and what is not there: NaN and p == NULL. */
struct ss_feature_value {
    double num;         /* a text that holds a number is that number; true and false are 1 and 0 */
    struct ss_str text; /* where it was wanted as a text: a number as it is printed */
    bool found;         /* there, if only as null */
};

/*
 * The record's features called `name` (n of them), whatever set they are of, from the vector of this process
 * or from the member's text; names in their order there cost one comparison each. A record without features
 * has none. Texts live in the arena, or as long as the record. SS_EDATA where the text has not this shape (no
 * message); SS_ENOMEM.
 */
int ss_features_pick(const struct ss_record *rec, const struct ss_str *name, const bool *as_text, uint32_t n,
                     struct ss_feature_value *value, struct ss_arena *arena) SS_MUST_CHECK;
/* True when the record brings features made with the set `set`. */
bool ss_features_are_of(const struct ss_record *rec, const char *set);

#endif
