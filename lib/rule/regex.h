/*
 * Regular expressions without memory of what they matched: literals, classes, ., anchors, groups, alternation
 * and quantifiers, as an automaton of at most 64 positions that looks at each byte once. Only what means the
 * same in Oniguruma's Perl syntax (jq's) is taken; everything else is refused and left to libjq.
 */
#ifndef SS_RULE_REGEX_H
#define SS_RULE_REGEX_H

#include "base/arena.h"
#include "base/str.h"
#include <stdint.h>

struct ss_regex;

/* NULL when the pattern is not one of those (or the arena is full). */
struct ss_regex *ss_regex_new(struct ss_str pattern, struct ss_arena *arena);
/* Is there a match anywhere in `text`, which is valid UTF-8? */
bool ss_regex_test(const struct ss_regex *re, struct ss_str text);

#endif
