/*
 * Values of the expression language: what JSON can say, as 16-byte structs whose texts, items and members lie
 * in the record's text or in the evaluation's arena. Copying one is cheap and shares what it points to;
 * nothing is ever changed once made.
 */
#ifndef SS_RULE_VALUE_H
#define SS_RULE_VALUE_H

#include "base/arena.h"
#include "base/attr.h"
#include "base/buf.h"
#include "base/str.h"
#include <stdbool.h>
#include <stdint.h>

/* In jq's order of types. */
enum ss_val_type {
    SS_VAL_NULL,
    SS_VAL_FALSE,
    SS_VAL_TRUE,
    SS_VAL_NUMBER,
    SS_VAL_STRING,
    SS_VAL_ARRAY,
    SS_VAL_OBJECT
};

struct ss_val {
    uint8_t type;
    bool big;   /* an integer beyond 2^53, kept as its digits in `str` (with `n` bytes, a '-' among them) */
    uint32_t n; /* bytes of a string, items, members */
    union {
        double num;
        const char *str;
        const struct ss_val *at; /* items */
        const struct ss_member *member;
    };
};

/* Members stand in the order in which their keys first came; keys differ. */
struct ss_member {
    struct ss_val key, val;
};

static inline struct ss_val ss_val_bool(bool b)
{
    return (struct ss_val){.type = b ? SS_VAL_TRUE : SS_VAL_FALSE};
}

static inline struct ss_val ss_val_number(double num)
{
    return (struct ss_val){.type = SS_VAL_NUMBER, .num = num};
}

static inline struct ss_val ss_val_string(const char *p, size_t n)
{
    return (struct ss_val){.type = SS_VAL_STRING, .n = (uint32_t)n, .str = p};
}

static inline bool ss_val_truth(const struct ss_val *v)
{
    return v->type > SS_VAL_FALSE;
}

const char *ss_val_type_name(const struct ss_val *v); /* "boolean" */
/* A number's value, rounded to a double where it is big. */
double ss_val_double(const struct ss_val *v);
/* The number a text of digits stands for: big where only that is exact. `p` must live as long as the value.
 */
struct ss_val ss_val_parse_number(const char *p, size_t n);

/* jq's total order: negative, 0, positive. NaN is below every number, itself included. */
int ss_val_compare(const struct ss_val *a, const struct ss_val *b);
/* jq's ==, which differs from the order for NaN only. */
bool ss_val_equal(const struct ss_val *a, const struct ss_val *b);
/* The member called `key`, or NULL. */
const struct ss_val *ss_val_member(const struct ss_val *object, struct ss_str key);

/*
 * Reads JSON that a parser has validated; strings without escapes stay where they are. False when memory or
 * the arena's ceiling ran out, or where the text is no JSON after all.
 */
bool ss_val_parse(const char *p, size_t n, struct ss_arena *arena, struct ss_val *out) SS_MUST_CHECK;
/* Takes the escapes out of what stands between quotes; lone surrogates become U+FFFD. False as above. */
bool ss_val_unescape(const char *p, size_t n, struct ss_arena *arena, struct ss_val *out) SS_MUST_CHECK;

/* Codepoints of valid UTF-8. */
uint32_t ss_val_codepoints(const char *p, size_t n);

/* As jq prints it, without blanks: numbers have jq's exponents, NaN is null. */
void ss_val_put(const struct ss_val *v, struct ss_buf *to);
/* A number as jq prints it; `out` has at least SS_NUMBER_MAX bytes and `v` is not big. Returns bytes. */
size_t ss_val_print_double(double num, char *out);

#endif
