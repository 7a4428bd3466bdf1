/* Radix sort of 64-bit keys, and doubles as such keys. Stable, O(n), a byte a pass; passes in which all keys
 * agree are skipped. */
#ifndef SS_EVAL_SORT_H
#define SS_EVAL_SORT_H

#include "base/attr.h"
#include <stddef.h>
#include <stdint.h>

/* Ascending by the bytes from `low_byte` (0..7) up: what lies below may carry a payload. Needs 8 n bytes
 * meanwhile: SS_ENOMEM. */
int ss_sort_keys(uint64_t *key, size_t n, int low_byte) SS_MUST_CHECK;
/* Descending, no NaN among them; -0.0 becomes 0.0. */
int ss_sort_doubles(double *value, size_t n) SS_MUST_CHECK;

#endif
