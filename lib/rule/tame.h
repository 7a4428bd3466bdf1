/* Which regular expressions jq's own engine, which goes back and tries again, may be given. */
#ifndef SS_RULE_TAME_H
#define SS_RULE_TAME_H

#include "base/str.h"

/* False for those that can take exponential time: quantified groups with a quantifier or a choice within,
 * back references, look-around. */
bool ss_regex_is_tame(struct ss_str re);

#endif
