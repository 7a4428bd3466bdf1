/*
 * The AVX-512 path (with VBMI: Ice Lake, Zen 4 and later). One row: a block's 63 nodes fetch their codes by
 * one byte permutation and are compared at once; eight trees' outcomes, 64 bits each, are then walked in one
 * register. Many rows: codes lie column by column, a node is compared for 64 rows at once, and the exits are
 * chosen from the bottom up by masked additions; no step depends on the data.
 */
#include "model/scorer_parts.h"

#if defined(__x86_64__)
#include <immintrin.h>

#define AVX512 __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,avx512vbmi,bmi,bmi2,popcnt")))
#define INLINE static inline __attribute__((always_inline))

bool ss_scorer_has_avx512(void)
{
    return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
           __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl") &&
           __builtin_cpu_supports("avx512vbmi") && __builtin_cpu_supports("bmi2") &&
           __builtin_cpu_supports("popcnt");
}

/* How many of the source's thresholds x has reached: first the runs that end below it, then within one run.
 */
INLINE AVX512 uint32_t rank_f(const float *cut, uint32_t pivots, float x)
{
    __m512 v = _mm512_set1_ps(x);
    uint32_t run = 0;
    for (uint32_t i = 0; i < pivots; i += LANES)
        run += (uint32_t)_mm_popcnt_u32(_mm512_cmp_ps_mask(_mm512_load_ps(cut + i), v, _CMP_LE_OQ));
    cut += pivots + run * LANES;
    return run * LANES + (uint32_t)_mm_popcnt_u32(_mm512_cmp_ps_mask(_mm512_load_ps(cut), v, _CMP_LE_OQ));
}

INLINE AVX512 uint32_t reached_d(const double *cut, __m512d v)
{
    __mmask8 low = _mm512_cmp_pd_mask(_mm512_load_pd(cut), v, _CMP_LE_OQ);
    __mmask8 high = _mm512_cmp_pd_mask(_mm512_load_pd(cut + 8), v, _CMP_LE_OQ);
    return (uint32_t)_mm_popcnt_u32(low) + (uint32_t)_mm_popcnt_u32(high);
}

INLINE AVX512 uint32_t rank_d(const double *cut, uint32_t pivots, double x)
{
    __m512d v = _mm512_set1_pd(x);
    uint32_t run = 0;
    for (uint32_t i = 0; i < pivots; i += LANES)
        run += reached_d(cut + i, v);
    return run * LANES + reached_d(cut + pivots + run * LANES, v);
}

INLINE AVX512 uint32_t rank_of(const struct ss_scorer *s, const struct source *source, uint32_t pivots,
                               double x)
{
    return s->single ? rank_f(s->cut_f + source->at, pivots, (float)x)
                     : rank_d(s->cut_d + source->at, pivots, x);
}

/* One row */

/* The codes of a block's nodes, from 64, 128 or 256 codes of the row. */
INLINE AVX512 __m512i fetch(const __m512i code[4], __m512i column, uint32_t n_columns)
{
    if (n_columns <= 64)
        return _mm512_permutexvar_epi8(column, code[0]);
    __m512i low = _mm512_permutex2var_epi8(code[0], column, code[1]);
    if (n_columns <= 128)
        return low;
    __m512i high = _mm512_permutex2var_epi8(code[2], column, code[3]);
    return _mm512_mask_blend_epi8(_mm512_movepi8_mask(column), low, high);
}

/* The exits of eight blocks side by side. */
INLINE AVX512 __m512i exits_of(const struct block *block, const __m512i code[4], uint32_t n_columns)
{
    __m512i right = _mm512_setzero_si512(), one = _mm512_set1_epi64(1), at = one;
#pragma GCC unroll 8
    for (int k = 0; k < ABREAST; k++) {
        __m512i value = fetch(code, _mm512_load_si512(block[k].column), n_columns);
        uint64_t mask = _mm512_cmpgt_epu8_mask(value, _mm512_load_si512(block[k].threshold));
        right = _mm512_mask_set1_epi64(right, (__mmask8)(1 << k), (long long)mask);
    }
#pragma GCC unroll 8
    for (int level = 0; level < LEVELS; level++) {
        __m512i bit = _mm512_and_si512(_mm512_srlv_epi64(right, at), one);
        at = _mm512_or_si512(_mm512_add_epi64(at, at), bit);
    }
    return at;
}

INLINE AVX512 double margin_of(const struct ss_scorer *s, const uint8_t *bytes, uint32_t n_columns)
{
    const __m512i code[4] = {_mm512_load_si512(bytes), _mm512_load_si512(bytes + 64),
                             _mm512_load_si512(bytes + 128), _mm512_load_si512(bytes + 192)};
    float sum_f = (float)s->trees->base;
    double sum_d = s->trees->base;
    uint64_t at[ABREAST] __attribute__((aligned(64)));
    for (uint32_t t = 0; t < s->n_trees; t += ABREAST) {
        uint32_t n = s->n_trees - t < ABREAST ? s->n_trees - t : ABREAST;
        _mm512_store_si512(at, exits_of(s->block + t, code, n_columns));
        if (s->next)
            for (uint32_t k = 0; k < n; k++)
                at[k] = deeper(s, t + k, at[k], bytes);
        if (s->single)
            sum_f = add_leaves_f(s->leaf_f + (size_t)t * SLOTS, at, n, sum_f);
        else
            sum_d = add_leaves_d(s->leaf_d + (size_t)t * SLOTS, at, n, sum_d);
    }
    return s->single ? (double)sum_f : sum_d;
}

INLINE AVX512 void encode(const struct ss_scorer *s, const struct source *source, const double *row,
                          uint8_t *code)
{
    double x = value_of(s, source, row);
    put_codes(s, source, rank_of(s, source, source->pivots, x), isnan(x), code, 1);
}

AVX512 double ss_scorer_margin_avx512(const struct ss_scorer *s, const double *row)
{
    uint8_t code[COLUMNS_MAX] __attribute__((aligned(64)));
    for (uint32_t i = 0; i < (s->n_columns <= 64 ? 64 : COLUMNS_MAX); i += 64)
        _mm512_store_si512(code + i, _mm512_setzero_si512());
    for (uint32_t k = 0; k < s->n_sources; k++)
        encode(s, &s->source[k], row, code);
    if (s->n_columns <= 64)
        return margin_of(s, code, 64);
    return margin_of(s, code, s->n_columns <= 128 ? 128 : 256);
}

/* Many rows, when every tree is one block */

/* Bytes of 2 x 64 rows. */
struct pair {
    __m512i a, b;
};

/* Whether rows go right in node i. `code` holds ROWS codes a column. */
#define GOES_RIGHT(i)                                                                 \
    __m512i threshold = _mm512_set1_epi32((int)tree->threshold[i]);                   \
    const uint8_t *column = code + tree->at[i];                                       \
    __mmask64 right_a = _mm512_cmpgt_epu8_mask(_mm512_load_si512(column), threshold); \
    __mmask64 right_b = _mm512_cmpgt_epu8_mask(_mm512_load_si512(column + 64), threshold);

INLINE AVX512 struct pair level5(const struct turned *tree, const uint8_t *code, uint32_t i)
{
    GOES_RIGHT(i)
    return (struct pair){_mm512_maskz_set1_epi8(right_a, 1), _mm512_maskz_set1_epi8(right_b, 1)};
}

/* What the chosen child says, plus the bit of this level. */
#define LEVEL(name, below, bit)                                                                \
    INLINE AVX512 struct pair name(const struct turned *tree, const uint8_t *code, uint32_t i) \
    {                                                                                          \
        struct pair l = below(tree, code, 2 * i), r = below(tree, code, 2 * i + 1);            \
        __m512i add = _mm512_set1_epi8(bit);                                                   \
        GOES_RIGHT(i)                                                                          \
        l.a = _mm512_mask_add_epi8(l.a, right_a, r.a, add);                                    \
        l.b = _mm512_mask_add_epi8(l.b, right_b, r.b, add);                                    \
        return l;                                                                              \
    }
LEVEL(level4, level5, 2)
LEVEL(level3, level4, 4)
LEVEL(level2, level3, 8)
LEVEL(level1, level2, 16)
LEVEL(level0, level1, 32)

/* Adds the leaves of 16 rows, whose exits are bytes. */
INLINE AVX512 __m512 look_up_f(__m512 sum, const __m512 leaf[4], const uint8_t *exits)
{
    __m512i at = _mm512_cvtepu8_epi32(_mm_load_si128((const __m128i *)exits));
    __m512 low = _mm512_permutex2var_ps(leaf[0], at, leaf[1]);
    __m512 high = _mm512_permutex2var_ps(leaf[2], at, leaf[3]);
    __mmask16 upper = _mm512_cmpge_epi32_mask(at, _mm512_set1_epi32(32));
    return _mm512_add_ps(sum, _mm512_mask_blend_ps(upper, low, high));
}

AVX512 static void turned_f(const struct ss_scorer *s, const uint8_t *code, double *margin, size_t n)
{
    __m512 sum[ROWS / 16];
    uint8_t exits[ROWS] __attribute__((aligned(64)));
    float out[ROWS];
    for (int k = 0; k < ROWS / 16; k++)
        sum[k] = _mm512_set1_ps((float)s->trees->base);
    for (uint32_t t = 0; t < s->n_trees; t++) {
        struct pair e = level0(&s->turned[t], code, 1);
        _mm512_store_si512(exits, e.a);
        _mm512_store_si512(exits + 64, e.b);
        const float *from = s->leaf_f + (size_t)t * SLOTS;
        const __m512 leaf[4] = {_mm512_load_ps(from), _mm512_load_ps(from + 16), _mm512_load_ps(from + 32),
                                _mm512_load_ps(from + 48)};
#pragma GCC unroll 8
        for (int k = 0; k < ROWS / 16; k++)
            sum[k] = look_up_f(sum[k], leaf, exits + 16 * k);
    }
    for (int k = 0; k < ROWS / 16; k++)
        _mm512_storeu_ps(out + 16 * k, sum[k]);
    for (size_t i = 0; i < n; i++)
        margin[i] = out[i];
}

AVX512 static void turned_d(const struct ss_scorer *s, const uint8_t *code, double *margin, size_t n)
{
    uint8_t exits[ROWS] __attribute__((aligned(64)));
    double sum[ROWS];
    for (int i = 0; i < ROWS; i++)
        sum[i] = s->trees->base;
    for (uint32_t t = 0; t < s->n_trees; t++) {
        struct pair e = level0(&s->turned[t], code, 1);
        const double *leaf = s->leaf_d + (size_t)t * SLOTS;
        _mm512_store_si512(exits, e.a);
        _mm512_store_si512(exits + 64, e.b);
        for (int i = 0; i < ROWS; i++)
            sum[i] += leaf[exits[i]];
    }
    memcpy(margin, sum, n * sizeof *margin);
}

/* Codes of n rows into the source's columns, with the usual case (up to 255 thresholds, one column) apart. */
AVX512 static void encode_rows(const struct ss_scorer *s, const struct source *source, const double *rows,
                               size_t stride, size_t n, uint8_t *code)
{
    if (source->simple && !source->zero_missing && source->pivots <= LANES) {
        rows += source->feature;
        code += source->column * ROWS;
        for (size_t i = 0; i < n; i++) {
            double x = rows[i * stride];
            if (!s->single && x > DBL_MAX)
                x = DBL_MAX;
            uint32_t r = source->pivots ? rank_of(s, source, LANES, x) : rank_of(s, source, 0, x);
            code[i] = (uint8_t)(r | (isnan(x) ? source->missing : 0));
        }
        return;
    }
    for (size_t i = 0; i < n; i++) {
        double x = value_of(s, source, rows + i * stride);
        put_codes(s, source, rank_of(s, source, source->pivots, x), isnan(x), code + i, ROWS);
    }
}

/* A turned batch costs the same for 1 row as for ROWS; from here on it is cheaper than row by row. */
#define TURNED_MIN 32

AVX512 void ss_scorer_margins_avx512(const struct ss_scorer *s, const double *rows, size_t stride, size_t n,
                                     double *margin)
{
    uint8_t code[COLUMNS_MAX * ROWS] __attribute__((aligned(64)));
    size_t done = 0;
    while (s->turned && n - done >= TURNED_MIN) {
        size_t now = n - done < ROWS ? n - done : ROWS;
        const double *from = rows + done * stride;
        if (now < ROWS || s->n_columns == 0)
            memset(code, 0, (s->n_columns ? s->n_columns : 1) * ROWS);
        for (uint32_t k = 0; k < s->n_sources; k++)
            encode_rows(s, &s->source[k], from, stride, now, code);
        if (s->single)
            turned_f(s, code, margin + done, now);
        else
            turned_d(s, code, margin + done, now);
        done += now;
    }
    for (; done < n; done++)
        margin[done] = ss_scorer_margin_avx512(s, rows + done * stride);
}

#else

bool ss_scorer_has_avx512(void)
{
    return false;
}

double ss_scorer_margin_avx512(const struct ss_scorer *s, const double *row)
{
    return ss_trees_margin(s->trees, row);
}

void ss_scorer_margins_avx512(const struct ss_scorer *s, const double *rows, size_t stride, size_t n,
                              double *margin)
{
    for (size_t i = 0; i < n; i++)
        margin[i] = ss_trees_margin(s->trees, rows + i * stride);
}

#endif
