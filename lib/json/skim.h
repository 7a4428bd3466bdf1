/*
 * Objects as nearly all records are: plain. simdjson's first stage has found where every value begins, that
 * the text is UTF-8, that its strings are closed and hold no control characters; what is left is their order,
 * the numbers and the words. Checking that where it stands costs a fraction of building a tree.
 *
 * What is valid but rare is not plain, and left to simdjson: escapes, exponents, long numbers, deep nesting.
 */
#ifndef SS_JSON_SKIM_H
#define SS_JSON_SKIM_H

#include "json/json.h"

/*
 * `at` are the n places where something begins: brackets, colons, commas, strings, and words and numbers; and
 * at[n] = len. The text must hold no backslash. Returns the number of members, or -1 when it is not plain or
 * has more than `cap`: whatever returns more than -1 is valid JSON.
 */
long ss_json_skim(const char *text, const uint32_t *at, size_t n, struct ss_json_member *members, size_t cap);

#endif
