/* Texts as numbers, as jq's tonumber takes them. */
#ifndef SS_RULE_TONUMBER_H
#define SS_RULE_TONUMBER_H

#include "rule/graph.h"

/* What strtod takes whole: digits on one side of the point suffice, a sign may stand before; a byte order
 * mark and blanks around it count for nothing. False when it is no number (or the evaluation's memory is
 * full). */
bool ss_read_number(struct ss_exprs *set, struct ss_str text, struct ss_val *out);

#endif
