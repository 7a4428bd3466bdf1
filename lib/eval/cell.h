/* Cells of the tables that people read: numbers as text, the same bytes everywhere; "-" is "not defined". */
#ifndef SS_EVAL_CELL_H
#define SS_EVAL_CELL_H

#include "base/attr.h"
#include "base/buf.h"
#include "base/str.h"

/* Short-lived, so that a line can be one printf. */
struct ss_cell {
    char s[48];
};

/* 1,754,155 */
struct ss_cell ss_cell_count(size_t n);
/* Two decimals: 12,345.60 */
struct ss_cell ss_cell_money(double amount);
struct ss_cell ss_cell_decimal(double value, int places);
/* Three figures that count; never a rounded 100 % for what is less. */
struct ss_cell ss_cell_percent(double share);
/* Six figures at most: 0.85 */
struct ss_cell ss_cell_exact(double value);
/* At most 24 bytes, cut at a character's edge, control characters made visible: it came with the data. */
struct ss_cell ss_cell_name(struct ss_str name);

/* An empty line and a heading. */
void ss_cell_heading(struct ss_buf *to, bool color, const char *fmt, ...) SS_PRINTF(3, 4);

#endif
