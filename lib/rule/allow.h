/*
 * What libjq may run within this process: syntax and functions that end by themselves, with an amount of work
 * that is bounded by a polynomial of the record's length.
 */
#ifndef SS_RULE_ALLOW_H
#define SS_RULE_ALLOW_H

#include "rule/ast.h"

struct ss_allowed {
    uint32_t bytes_max; /* the longest input with which the work stays small enough */
    bool whole;         /* it looks at the record as a whole; otherwise only at these of its fields: */
    struct ss_str *field;
    uint32_t fields;
    struct ss_str *list; /* $lists.NAME */
    uint32_t lists;
};

/* FULL with a message when it cannot be proven to end soon, NEVER when no option helps, WRONG where it is no
 * program. Memory comes from the arena. */
enum ss_syntax ss_allow(const struct ss_ast *ast, struct ss_arena *arena, struct ss_allowed *out,
                        char *message, size_t message_size);

/* For texts that need full jq: may they run in a child at all? Looks at the tokens only. */
enum ss_syntax ss_allow_child(struct ss_str text, char *message, size_t message_size);

#endif
