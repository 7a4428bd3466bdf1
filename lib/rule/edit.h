/*
 * Changing a rule file's text in one place: every other line, with its comments and its order, stays as a
 * person wrote it. What comes out is a text that still has to be read (ruleset.h): an edit can make a set
 * that is wrong.
 */
#ifndef SS_RULE_EDIT_H
#define SS_RULE_EDIT_H

#include "base/attr.h"
#include "base/buf.h"
#include "base/str.h"
#include <stdint.h>

/*
 * A rule's lines: from the comments that stand right above its name to what belongs to the next rule. `body`
 * is the part without the blank lines and loose comments at its end.
 */
struct ss_rule_span {
    size_t from, body, to; /* offsets: [from, body) has text, [body, to) is what keeps it from the next */
    size_t name;           /* where the line with the name begins */
    uint32_t line;         /* of the name */
};

/* False when there is no such rule. A rule that stands there twice is found where it stands first. */
bool ss_rule_find(struct ss_str text, struct ss_str rule, struct ss_rule_span *span);

/* Puts `block`, "[name]" and its settings, in the place of that rule, or at the end where there is none. */
int ss_rule_edit_put(struct ss_str text, struct ss_str rule, struct ss_str block,
                     struct ss_buf *to) SS_MUST_CHECK;
/* Takes the rule out: 1, or 0 when there is none. */
int ss_rule_edit_remove(struct ss_str text, struct ss_str rule, struct ss_buf *to) SS_MUST_CHECK;
/*
 * Gives a setting its value, in its place where it is stated, else behind the last one; value.p == NULL takes
 * it out. rule.p == NULL: a setting of the whole set, "critical" or "action critical". A comment behind the
 * old value stays where the setting is no expression. Lines of `value` behind its first are indented.
 * SS_ENOINPUT when there is no such rule.
 */
int ss_rule_edit_set(struct ss_str text, struct ss_str rule, const char *key, struct ss_str value,
                     struct ss_buf *to) SS_MUST_CHECK;

/* Messages about expressions name a column of the value as it was read, its lines joined: where is that? A
 * line and a column (bytes, first = 1) of the file; false when the line begins no setting. */
bool ss_rule_place(struct ss_str text, uint32_t setting_line, uint32_t value_column, uint32_t *line,
                   uint32_t *column);

#endif
