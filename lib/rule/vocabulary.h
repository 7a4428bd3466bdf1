/* The functions of jq that may run within this process, and the names that may run nowhere. */
#ifndef SS_RULE_VOCABULARY_H
#define SS_RULE_VOCABULARY_H

#include "base/str.h"
#include <stdint.h>

/* How a function's effort follows from its input's size s and its arguments. */
enum ss_effort_shape {
    SS_EFFORT_PLAIN,    /* one output, no larger than the input; work 1 */
    SS_EFFORT_LINEAR,   /* the same, work s */
    SS_EFFORT_ESCAPING, /* one output up to six times as large */
    SS_EFFORT_SQUARE,   /* one output, work s * s / 16 */
    SS_EFFORT_KEYED,    /* f(key or condition) over each item, then a sort */
    SS_EFFORT_ENTRIES,  /* up to four times as large */
    SS_EFFORT_SELECT,   /* the input, or nothing */
    SS_EFFORT_ITEMS,    /* map(f) */
    SS_EFFORT_STREAM,   /* the argument's outputs, or some of them (the last argument) */
    SS_EFFORT_QUANTIFY, /* g; c */
    SS_EFFORT_MEMBER,   /* IN(g), IN(src; g) */
    SS_EFFORT_OPERAND,  /* f($x): work for both sizes */
    SS_EFFORT_JOIN,
    SS_EFFORT_REGEX,   /* a constant pattern: one output */
    SS_EFFORT_MATCHES, /* a constant pattern: many outputs */
    SS_EFFORT_SUBSTITUTE,
};

struct ss_function {
    const char *name;
    uint8_t args;
    uint8_t shape;
    bool makes_objects;
};

/* NULL: it is none of those that are known to end. */
const struct ss_function *ss_function_find(struct ss_str name, uint32_t args);
/* As it is written here; NULL for any other name. No child may call these either: they look outside of the
 * record. */
const char *ss_function_never(struct ss_str name);

#endif
