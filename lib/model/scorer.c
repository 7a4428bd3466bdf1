/* The choice of a path, and the portable one. The compiled form: scorer_parts.h. */
#include "model/scorer_parts.h"
#include "base/err.h"

int ss_scorer_new(const struct ss_trees *trees, struct ss_scorer **scorer)
{
    struct ss_scorer *s = calloc(1, sizeof *s);
    if (!s)
        return ss_fail(SS_ENOMEM, "out of memory");
    *s = (struct ss_scorer){.trees = trees, .single = trees->single, .n_trees = trees->n_trees};
    int err = ss_scorer_compile(s);
    if (err < 0) {
        ss_scorer_free(s);
        return err;
    }
    ss_scorer_choose(s, SS_SCORER_BEST);
    *scorer = s;
    return 0;
}

void ss_scorer_free(struct ss_scorer *s)
{
    if (!s)
        return;
    free(s->source);
    free(s->column);
    free(s->cut_f);
    free(s->cut_d);
    free(s->block);
    free(s->turned);
    free(s->leaf_f);
    free(s->leaf_d);
    free(s->next);
    free(s);
}

bool ss_scorer_choose(struct ss_scorer *s, enum ss_scorer_path path)
{
    bool compiled = s->block != NULL;
    switch (path) {
    case SS_SCORER_AVX512:
        if (!compiled || !ss_scorer_has_avx512())
            return false;
        break;
    case SS_SCORER_PORTABLE:
        if (!compiled)
            return false;
        break;
    case SS_SCORER_BEST:
        if (compiled)
            path = ss_scorer_has_avx512() ? SS_SCORER_AVX512 : SS_SCORER_PORTABLE;
        break;
    }
    s->path = path;
    return true;
}

const char *ss_scorer_name(const struct ss_scorer *s)
{
    return s->path == SS_SCORER_AVX512 ? "avx512" : s->path == SS_SCORER_PORTABLE ? "portable" : "plain";
}

double ss_scorer_predict(const struct ss_scorer *s, double margin)
{
    return ss_trees_predict(s->trees, margin);
}

/* The portable path */

/* How many of the n sorted values x has reached: a binary search without branches on the data. */
#define RANK(type)                                                                                    \
    static uint32_t rank_##type(const type *cut, uint32_t n, type x)                                  \
    {                                                                                                 \
        const type *from = cut;                                                                       \
        while (n > 1) {                                                                               \
            uint32_t half = n / 2;                                                                    \
            from += half & -(size_t)(from[half - 1] <= x); /* a branch here is wrong half the time */ \
            n -= half;                                                                                \
        }                                                                                             \
        return (uint32_t)(from - cut) + (*from <= x);                                                 \
    }
RANK(float)
RANK(double)

static void encode(const struct ss_scorer *s, const double *row, uint8_t *code)
{
    for (uint32_t k = 0; k < s->n_sources; k++) {
        const struct source *source = &s->source[k];
        double x = value_of(s, source, row);
        uint32_t r = s->single ? rank_float(s->cut_f + source->at + source->pivots, source->n, (float)x)
                               : rank_double(s->cut_d + source->at + source->pivots, source->n, x);
        put_codes(s, source, r, isnan(x), code, 1);
    }
}

/* One variable a tree, not an array: they have to be registers. */
#define STEP(k) at##k = 2 * at##k + (code[block[k].column[at##k]] > block[k].threshold[at##k])

static void walk(const struct block *block, const uint8_t *code, uint64_t exits[ABREAST])
{
    uint64_t at0 = 1, at1 = 1, at2 = 1, at3 = 1, at4 = 1, at5 = 1, at6 = 1, at7 = 1;
    for (int level = 0; level < LEVELS; level++) {
        STEP(0), STEP(1), STEP(2), STEP(3);
        STEP(4), STEP(5), STEP(6), STEP(7);
    }
    exits[0] = at0, exits[1] = at1, exits[2] = at2, exits[3] = at3;
    exits[4] = at4, exits[5] = at5, exits[6] = at6, exits[7] = at7;
}

static double margin_portable(const struct ss_scorer *s, const double *row)
{
    uint8_t code[COLUMNS_MAX] = {0};
    uint64_t exits[ABREAST];
    float sum_f = (float)s->trees->base;
    double sum_d = s->trees->base;
    encode(s, row, code);
    for (uint32_t t = 0; t < s->n_trees; t += ABREAST) {
        uint32_t n = s->n_trees - t < ABREAST ? s->n_trees - t : ABREAST;
        walk(s->block + t, code, exits);
        if (s->next)
            for (uint32_t k = 0; k < n; k++)
                exits[k] = deeper(s, t + k, exits[k], code);
        if (s->single)
            sum_f = add_leaves_f(s->leaf_f + (size_t)t * SLOTS, exits, n, sum_f);
        else
            sum_d = add_leaves_d(s->leaf_d + (size_t)t * SLOTS, exits, n, sum_d);
    }
    return s->single ? (double)sum_f : sum_d;
}

double ss_scorer_margin(const struct ss_scorer *s, const double *row)
{
    switch (s->path) {
    case SS_SCORER_AVX512: return ss_scorer_margin_avx512(s, row);
    case SS_SCORER_PORTABLE: return margin_portable(s, row);
    case SS_SCORER_BEST: break;
    }
    return ss_trees_margin(s->trees, row);
}

void ss_scorer_margins(const struct ss_scorer *s, const double *rows, size_t stride, size_t n, double *margin)
{
    if (s->path == SS_SCORER_AVX512) {
        ss_scorer_margins_avx512(s, rows, stride, n, margin);
        return;
    }
    for (size_t i = 0; i < n; i++)
        margin[i] = ss_scorer_margin(s, rows + i * stride);
}
