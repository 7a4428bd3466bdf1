/*
 * The `score` member as text, back to values: {"value":0.93,"raw":0.73,"level":"CRITICAL",...}. For stages
 * that stand behind a pipe; in one process they find rec->score.
 */
#ifndef SS_RECORD_SCORE_H
#define SS_RECORD_SCORE_H

#include "base/attr.h"
#include "record/record.h"

/* The level of a value under the default thresholds: 0.85, 0.70, 0.55, 0.50. */
enum ss_level ss_level_default(double value);

/*
 * Reads the member's value: an object with a number `value` (of members with one name the last counts, as in
 * jq), or a number alone, as other systems write it. `raw` is the value, and `level` its default level, where
 * they are missing. Any bytes may be given: what is no JSON in this shape, or a value that is not finite, is
 * SS_EDATA. Names written with escapes are not recognised.
 */
int ss_score_parse(struct ss_str json, struct ss_score *score) SS_MUST_CHECK;

/* The score of a record, from this process or from its text. False (and no message) when it has none that can
 * be read. */
bool ss_record_score(const struct ss_record *rec, struct ss_score *score);

#endif
