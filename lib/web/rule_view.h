/* Rules and versions of a rule set as JSON. */
#ifndef SS_WEB_RULE_VIEW_H
#define SS_WEB_RULE_VIEW_H

#include "rule/spec.h"
#include "store/rule_sets.h"
#include "web/web.h"

/* What a text states, without compiling it; NULL with a message when it is no rule file. */
struct ss_rule_spec *ss_rules_parse(struct ss_str text);
const struct ss_rule *ss_rules_find(const struct ss_rule_spec *spec, struct ss_str name);

/* "id":"burst","line":8,...: the members, behind what is there. */
void ss_put_rule(struct ss_buf *to, const struct ss_rule *rule);
/* An object: combine, thresholds, actions of levels, lists. */
void ss_put_rule_settings(struct ss_buf *to, const struct ss_rule_spec *spec);
/* The members of a version; its text too where it has been read. */
void ss_put_rule_set(struct ss_buf *to, const struct ss_rule_set *set);

/* The ETag of the published version: its number, and a hash of what else was said, since counts of hits are
 * said with the rules. If-Match looks at the number alone; true when the call is answered (412). */
bool ss_rules_match(struct ss_call *call, int64_t version);
void ss_rules_tag(struct ss_call *call, int64_t version);

#endif
