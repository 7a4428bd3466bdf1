/*
 * The lines in which two texts differ, as diff -u prints them: Myers' algorithm ("An O(ND) Difference
 * Algorithm and Its Variations", 1986). Texts that differ in more than SS_TEXT_DIFF_EDITS lines are told as
 * one replacement of all that lies between their common begin and end.
 */
#ifndef SS_RULE_TEXT_DIFF_H
#define SS_RULE_TEXT_DIFF_H

#include "base/attr.h"
#include "base/buf.h"
#include "base/str.h"

#define SS_TEXT_DIFF_EDITS   2000
#define SS_TEXT_DIFF_CONTEXT 3

/* Appends the hunks, "@@ -1,4 +1,5 @@" and lines; nothing for equal texts. A last line without newline is
 * taken for one with it. */
int ss_text_diff(struct ss_str old, struct ss_str now, struct ss_buf *to) SS_MUST_CHECK;

#endif
