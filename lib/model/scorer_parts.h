/* What the parts of the scorer share: the compiled form. Private to lib/model/scorer*.c. */
#ifndef SS_MODEL_SCORER_PARTS_H
#define SS_MODEL_SCORER_PARTS_H

#include "model/scorer.h"
#include <float.h>
#include <math.h>

#define LEVELS      6              /* of a block */
#define SLOTS       (1u << LEVELS) /* node i has children 2i and 2i + 1; slot 0 is not used */
#define CHUNK       255            /* thresholds of one column */
#define COLUMNS_MAX 256            /* a column's number is a byte */
#define ROWS        128            /* of a turned batch */
#define LANES       16             /* thresholds are searched in runs of so many */

#define ABREAST 8 /* trees walked at a time: while one waits for its next node, the others go on */

/* Six levels of a tree: go right in node i iff the code of column[i] is above threshold[i]. Where the tree
 * ends earlier, the threshold is 255: always left. */
struct block {
    uint8_t column[SLOTS];
    uint8_t threshold[SLOTS];
};

/* The same for turned batches: offsets and thresholds as the instructions want them. */
struct turned {
    uint32_t threshold[SLOTS]; /* four times the byte */
    uint16_t at[SLOTS];        /* column x ROWS */
};

/* A feature as some nodes see it, with their distinct thresholds in order. */
struct source {
    uint32_t feature;
    bool zero_missing;
    uint32_t n;            /* thresholds */
    uint32_t runs, pivots; /* of LANES thresholds; the last of each run, padded to LANES */
    size_t at;             /* in `cut`: the pivots (none when there is one run), then runs + 1 runs, padded */
    uint32_t column, columns;
    bool simple;     /* one column from threshold 0 on: the code is the rank */
    uint8_t missing; /* of that column */
};

/* One byte a row: the rank among a source's thresholds base .. base + CHUNK. */
struct column {
    uint32_t base;
    uint8_t missing; /* code of a missing value: 0 is left of all, 255 right of all */
};

struct ss_scorer {
    const struct ss_trees *trees;
    enum ss_scorer_path path; /* SS_SCORER_BEST here means: the plain walk */
    bool single;
    uint32_t n_sources, n_columns, n_blocks, n_trees;
    struct source *source;
    struct column *column;
    float *cut_f; /* of `single` models, else cut_d */
    double *cut_d;
    struct block *block;   /* the trees' roots first, then what lies deeper */
    struct turned *turned; /* NULL when some tree has more than one block */
    float *leaf_f;         /* SLOTS a block, by exit; of `single` models, else leaf_d */
    double *leaf_d;
    uint32_t *next; /* SLOTS a block: where an exit leads, 0 = to a leaf; NULL when to leaves only */
};

/* The slot behind which tree t's leaf lies when its first block ends in slot `exit`: itself, or one of a
 * block further on. Slots count from SLOTS (the first exit of block t). */
static inline uint64_t deeper(const struct ss_scorer *s, uint32_t t, uint64_t exit, const uint8_t *code)
{
    size_t at = (size_t)t * SLOTS + exit - SLOTS;
    while (s->next[at]) {
        const struct block *b = &s->block[s->next[at]];
        uint32_t i = 1;
        for (int level = 0; level < LEVELS; level++)
            i = 2 * i + (code[b->column[i]] > b->threshold[i]);
        at = (size_t)s->next[at] * SLOTS + i - SLOTS;
    }
    return at - (size_t)t * SLOTS + SLOTS;
}

/* Adds the leaves of n trees in their order; `leaf` is the first tree's. The whole ABREAST is the usual case.
 */
#define ADD_LEAVES(name, type)                                                                     \
    static inline type name(const type *leaf, const uint64_t exits[ABREAST], uint32_t n, type sum) \
    {                                                                                              \
        leaf -= SLOTS;                                                                             \
        if (SS_UNLIKELY(n < ABREAST)) {                                                            \
            for (uint32_t k = 0; k < n; k++)                                                       \
                sum += leaf[k * SLOTS + exits[k]];                                                 \
            return sum;                                                                            \
        }                                                                                          \
        sum += leaf[exits[0]], sum += leaf[SLOTS + exits[1]];                                      \
        sum += leaf[2 * SLOTS + exits[2]], sum += leaf[3 * SLOTS + exits[3]];                      \
        sum += leaf[4 * SLOTS + exits[4]], sum += leaf[5 * SLOTS + exits[5]];                      \
        sum += leaf[6 * SLOTS + exits[6]], sum += leaf[7 * SLOTS + exits[7]];                      \
        return sum;                                                                                \
    }
ADD_LEAVES(add_leaves_f, float)
ADD_LEAVES(add_leaves_d, double)

/* The value to rank, as ss_trees_goes_left reads it: NaN when missing. */
static inline double value_of(const struct ss_scorer *s, const struct source *source, const double *row)
{
    double x = row[source->feature];
    if (!s->single && x > DBL_MAX)
        x = DBL_MAX;
    return source->zero_missing && fabs(x) <= 1e-35f ? NAN : x;
}

/* Codes of one value with rank r (0 when missing) into the source's columns, `step` bytes apart. */
static inline void put_codes(const struct ss_scorer *s, const struct source *source, uint32_t r, bool missing,
                             uint8_t *code, size_t step)
{
    if (SS_LIKELY(source->simple)) {
        code[source->column * step] = (uint8_t)(r | (missing ? source->missing : 0));
        return;
    }
    for (uint32_t c = source->column; c < source->column + source->columns; c++) {
        uint32_t base = s->column[c].base, above = r > base ? r - base : 0;
        above = above < CHUNK ? above : CHUNK;
        code[c * step] = (uint8_t)(above | (missing ? s->column[c].missing : 0));
    }
}

/* Fills the scorer from its `trees`; leaves `block` NULL when the model does not fit the compiled form. */
int ss_scorer_compile(struct ss_scorer *s) SS_MUST_CHECK;
bool ss_scorer_has_avx512(void);
double ss_scorer_margin_avx512(const struct ss_scorer *s, const double *row);
void ss_scorer_margins_avx512(const struct ss_scorer *s, const double *rows, size_t stride, size_t n,
                              double *margin);

#endif
