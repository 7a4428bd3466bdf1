/* The lines of a rule file, for whoever reads it and whoever edits it. */
#ifndef SS_RULE_LINE_H
#define SS_RULE_LINE_H

#include "base/str.h"
#include <stdint.h>

enum ss_rule_line_kind {
    SS_LINE_BLANK,
    SS_LINE_COMMENT, /* ends no value: a value may go on behind it */
    SS_LINE_RULE,    /* begins with '[' */
    SS_LINE_SETTING, /* key = value */
    SS_LINE_MORE,    /* goes on with the value before it */
    SS_LINE_WRONG,
};

struct ss_rule_line {
    enum ss_rule_line_kind kind;
    struct ss_str raw;        /* without its newline */
    struct ss_str text;       /* raw without blanks around */
    struct ss_str key, value; /* of a setting, without blanks around */
    uint32_t number;          /* first = 1 */
    size_t from, to;          /* offsets into the whole text; `to` is behind the newline */
};

struct ss_rule_lines {
    struct ss_str whole;
    size_t at;
    uint32_t number;
    bool open; /* a setting's value may go on */
};

void ss_rule_lines_init(struct ss_rule_lines *lines, struct ss_str whole);
bool ss_rule_lines_next(struct ss_rule_lines *lines, struct ss_rule_line *line);

/* May it stand in a rule's name, or in a setting's? */
bool ss_rule_is_name_char(char c);
/* The name in "[name]", with a comment behind it perhaps; p == NULL when the line is no such. */
struct ss_str ss_rule_line_name(const struct ss_rule_line *line);

#endif
