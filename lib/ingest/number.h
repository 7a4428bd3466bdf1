/* Numbers as exports write them: which texts are JSON numbers already, and those that are not made into one.
 */
#ifndef SS_INGEST_NUMBER_H
#define SS_INGEST_NUMBER_H

#include "base/attr.h"
#include "base/str.h"
#ifdef __SSE2__
#include <immintrin.h>
#endif

#define SS_NUMERAL_MAX 64 /* rewritten numbers are no longer */

enum ss_number_kind {
    SS_NUMBER_NONE,
    SS_NUMBER_OTHER,   /* any other number of JSON that a double can hold */
    SS_NUMBER_INTEGER, /* -?(0|[1-9][0-9]*) */
};

enum ss_number_kind ss_number_kind_slow(struct ss_str text);

/* What a text is in JSON. It has 16 readable bytes behind it. */
static inline enum ss_number_kind ss_number_kind(struct ss_str text)
{
#ifdef __SSE2__
    if (SS_LIKELY(text.n - 1 < 16)) { /* digits, with at most one point among them */
        __m128i x = _mm_loadu_si128((const __m128i *)(const void *)text.p);
        __m128i d = _mm_sub_epi8(x, _mm_set1_epi8('0'));
        __m128i digit = _mm_cmpeq_epi8(_mm_min_epu8(d, _mm_set1_epi8(9)), d);
        unsigned other = ~(unsigned)_mm_movemask_epi8(digit) & ((1u << text.n) - 1);
        unsigned minus = text.p[0] == '-';
        other &= ~minus;
        if (SS_LIKELY(other == 0))
            return text.n > minus && (text.p[minus] != '0' || text.n == 1 + minus) ? SS_NUMBER_INTEGER
                                                                                   : SS_NUMBER_NONE;
        unsigned point = (unsigned)__builtin_ctz(other);
        if ((other & (other - 1)) == 0 && text.p[point] == '.' && point > minus && point + 1 < text.n)
            return text.p[minus] != '0' || point == 1 + minus ? SS_NUMBER_OTHER : SS_NUMBER_NONE;
    }
#endif
    return ss_number_kind_slow(text);
}

/*
 * Rewrites a number that JSON would not take, or that is to be divided by 10^shift, without losing a digit:
 * surrounding blanks, a leading +, leading zeros, .5 and 5., and, as `money`, currency signs and names of up
 * to three letters, thousands separators (, . ' _ and blanks, but for `decimal`), and brackets or a trailing
 * minus for negative ones. Returns the length; 0 when the text is no such number.
 */
size_t ss_number_rewrite(struct ss_str text, bool money, char decimal, int shift, char out[SS_NUMERAL_MAX]);

#endif
