/*
 * JSON in: one line split into its top-level members (the record path), or a whole document as a tree
 * (models, configuration). Both validate fully: UTF-8, escapes, numbers, nesting (at most 1,024 deep), no
 * trailing bytes. simdjson does the work, one document at a time, never its multi-document mode: that one
 * crashes on truncated lines (3.0.1).
 */
#ifndef SS_JSON_JSON_H
#define SS_JSON_JSON_H

#include "base/arena.h"
#include "base/attr.h"
#include "base/str.h"
#include <stdbool.h>
#include <stdint.h>

/* Readable bytes that must lie behind every text given to a parser; their values do not matter. */
#define SS_JSON_PADDING 64

/* SS_JSON_ABSENT is zero so that a zeroed field is one that the record does not have. */
enum ss_json_type {
    SS_JSON_ABSENT,
    SS_JSON_NULL,
    SS_JSON_FALSE,
    SS_JSON_TRUE,
    SS_JSON_NUMBER,
    SS_JSON_STRING,
    SS_JSON_OBJECT,
    SS_JSON_ARRAY,
};

/* A top-level member, as offsets into the text. `key` is without its quotes, `val` with them, no blanks
 * around. */
struct ss_json_member {
    uint32_t key, key_len; /* escapes are still escaped */
    uint32_t val, val_len;
    enum ss_json_type type;
};

struct ss_json_parser;

/* NULL when out of memory. One thread at a time. */
struct ss_json_parser *ss_json_parser_new(void);
void ss_json_parser_free(struct ss_json_parser *parser);

/*
 * Splits one object. `*members` belongs to the parser until its next call. Integers of any size pass (their
 * text is kept); a number whose value overflows a double does not. On failure returns SS_EDATA with the
 * reason, such as "not an object", "unclosed string", "invalid UTF-8".
 */
int ss_json_split(struct ss_json_parser *parser, const char *text, size_t len,
                  const struct ss_json_member **members, size_t *n) SS_MUST_CHECK;

/*
 * A string's bytes without escapes. `raw` is what stands between the quotes of valid JSON. Returns `raw`
 * itself when it has no escape, else a copy in the arena (p == NULL when out of memory).
 */
struct ss_str ss_json_unescape(struct ss_str raw, struct ss_arena *arena);

#endif
