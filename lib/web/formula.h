/*
 * Texts that a spreadsheet would take for a formula: whoever chose a merchant's name must not get a command
 * into an analyst's machine. In CSV they get an apostrophe in front, which shows that they are none (OWASP,
 * "CSV Injection"). A plain number is none.
 */
#ifndef SS_WEB_FORMULA_H
#define SS_WEB_FORMULA_H

#include "base/buf.h"
#include "base/str.h"

bool ss_is_formula(struct ss_str text);

/* Where what is written is read again: guarded are formulas, with any apostrophes before them, so that
 * ss_formula_bare of it is the text that it was. Lives in `room`. */
struct ss_str ss_formula_guarded(struct ss_str text, struct ss_buf *room);
struct ss_str ss_formula_bare(struct ss_str text);

#endif
