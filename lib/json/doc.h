/*
 * A JSON document as a tree in an arena: for models and configuration, not for the record path.
 * Everything, texts included, lives as long as the arena.
 */
#ifndef SS_JSON_DOC_H
#define SS_JSON_DOC_H

#include "json/json.h"

struct ss_json_value {
    enum ss_json_type type;
    uint32_t n;               /* items of an array, members of an object */
    struct ss_str text;       /* a string's bytes without escapes; a number's text (normalised) */
    double number;            /* a number's value; booleans are 0 and 1 */
    struct ss_json_value *at; /* items or member values, n of them, in document order */
    struct ss_str *key;       /* member names without escapes, n of them */
};

/* `text` needs no padding. SS_EDATA with the reason, or SS_ENOMEM. */
int ss_json_parse(const char *text, size_t len, struct ss_arena *arena,
                  const struct ss_json_value **root) SS_MUST_CHECK;

/* The first member called `key` of an object, or NULL (also when `object` is NULL or no object). */
const struct ss_json_value *ss_json_get(const struct ss_json_value *object, const char *key);

#endif
