/*
 * Numbers in and out of text, independent of the locale.
 * Doubles print as the shortest text that reads back the same bits (Ryu, through std::to_chars); amounts are
 * 64-bit integers of 1/10000 currency units and never binary floating point.
 */
#ifndef SS_BASE_NUMBER_H
#define SS_BASE_NUMBER_H

#include "base/attr.h"
#include <stddef.h>
#include <stdbool.h>
#include <stdint.h>

#define SS_AMOUNT_SCALE 10000
#define SS_NUMBER_MAX   32 /* no printed number needs more bytes */

/* Shortest round trip; integral values below 2^53 without exponent or point. Returns bytes written to
 * `out` (at least SS_NUMBER_MAX). NaN and infinities print as null, since JSON has no word for them; minus
 * zero prints as 0. */
size_t ss_double_print(double value, char *out);
/* The shortest text of a float that reads back the same float. */
size_t ss_float_print(float value, char *out);
/* The whole of p..p+n must be one number (no blanks, no sign '+'); false otherwise or out of range. */
bool ss_double_parse(const char *p, size_t n, double *out) SS_MUST_CHECK;

size_t ss_int_print(int64_t value, char *out);
bool ss_int_parse(const char *p, size_t n, int64_t *out) SS_MUST_CHECK;

/* "12.5" -> 125000. Digits beyond the fourth decimal round half to even; exponents are understood.
 * False when it is no number or beyond +-9e14 units (which keeps sums of 10^3 such amounts in 63 bits). */
bool ss_amount_parse(const char *p, size_t n, int64_t *out) SS_MUST_CHECK;
/* 125000 -> "12.5"; no trailing zeros. */
size_t ss_amount_print(int64_t amount, char *out);

/* "64K", "1M", "2G" or a plain number of bytes; false when it is none. */
bool ss_size_parse(const char *text, size_t *bytes) SS_MUST_CHECK;

#endif
