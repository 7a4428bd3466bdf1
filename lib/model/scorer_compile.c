/* Compiling an ensemble: thresholds to ranks, features to columns of codes, trees to blocks. */
#include "model/scorer_parts.h"
#include "base/err.h"

/* Beyond this the blocks of skinny trees waste too much memory (1 kB each), and the plain walk is used. */
#define BLOCKS_MAX (1u << 17)

/* Thresholds of one source while compiling. */
struct gathered {
    double *cut; /* n, sorted and distinct in the end */
    uint32_t n, cap;
};

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static void *aligned(size_t n, size_t size)
{
    size_t bytes = (n * size + 63) / 64 * 64 + 64;
    void *p = aligned_alloc(64, bytes);
    if (p)
        memset(p, 0, bytes);
    return p;
}

static uint32_t source_of(const struct ss_trees *trees, uint32_t node)
{
    return 2 * (uint32_t)trees->feature[node] + (trees->flags[node] & SS_TREE_ZERO_MISSING ? 1 : 0);
}

static int gather(const struct ss_trees *trees, struct gathered *g)
{
    for (uint32_t i = 0; i < trees->n_nodes; i++) {
        if (trees->feature[i] < 0)
            continue;
        struct gathered *to = &g[source_of(trees, i)];
        if (to->n == to->cap) {
            uint32_t cap = to->cap ? 2 * to->cap : 64;
            double *more = realloc(to->cut, cap * sizeof *more);
            if (!more)
                return ss_fail(SS_ENOMEM, "out of memory");
            to->cut = more;
            to->cap = cap;
        }
        to->cut[to->n++] = trees->threshold[i];
    }
    for (uint32_t k = 0; k < 2 * trees->n_features; k++) {
        uint32_t n = 0;
        if (g[k].n)
            qsort(g[k].cut, g[k].n, sizeof *g[k].cut, by_value);
        for (uint32_t i = 0; i < g[k].n; i++)
            if (n == 0 || g[k].cut[i] != g[k].cut[n - 1])
                g[k].cut[n++] = g[k].cut[i];
        g[k].n = n;
    }
    return 0;
}

static uint32_t rank_of(const struct gathered *g, double threshold)
{
    const double *at = bsearch(&threshold, g->cut, g->n, sizeof *g->cut, by_value);
    return (uint32_t)(at - g->cut);
}

/* What compiling needs beside the result. */
struct work {
    const struct ss_trees *trees;
    struct gathered *gathered; /* 2 x features */
    int32_t *first;            /* 2 x features: first entry of `number`, or -1 */
    int32_t *number;           /* column of source, chunk and default side (left first), or -1 */
    uint32_t *pending;         /* node at which each block starts */
};

static int32_t *number_of(const struct work *w, uint32_t node, uint32_t *rank)
{
    uint32_t k = source_of(w->trees, node);
    bool right = !(w->trees->flags[node] & SS_TREE_DEFAULT_LEFT);
    *rank = rank_of(&w->gathered[k], w->trees->threshold[node]);
    return &w->number[w->first[k] + (int32_t)(*rank / CHUNK * 2) + right];
}

/* Numbers the columns that nodes use. False when they are too many for a byte. */
static int number_columns(struct ss_scorer *s, struct work *w, bool *fits)
{
    const struct ss_trees *t = w->trees;
    uint32_t entries = 0, rank;
    for (uint32_t k = 0; k < 2 * t->n_features; k++) {
        w->first[k] = (int32_t)entries;
        s->n_sources += w->gathered[k].n > 0;
        entries += (w->gathered[k].n + CHUNK - 1) / CHUNK * 2;
    }
    w->number = malloc((entries + 1) * sizeof *w->number);
    if (!w->number)
        return ss_fail(SS_ENOMEM, "out of memory");
    memset(w->number, 0xff, (entries + 1) * sizeof *w->number);
    for (uint32_t i = 0; i < t->n_nodes; i++)
        if (t->feature[i] >= 0)
            *number_of(w, i, &rank) = 0;
    for (uint32_t i = 0; i < entries; i++)
        s->n_columns += w->number[i] == 0;
    *fits = s->n_columns <= COLUMNS_MAX;
    return 0;
}

/* Padding is NaN, which no value reaches, not even infinity. */
static void fill_cuts(struct ss_scorer *s, const struct source *source, const double *cut)
{
    for (uint32_t i = 0; i < source->pivots + (source->runs + 1) * LANES; i++) {
        uint32_t from = i < source->pivots ? (i + 1) * LANES - 1 : i - source->pivots;
        double x = from < source->n ? cut[from] : NAN;
        if (s->single)
            s->cut_f[source->at + i] = (float)x;
        else
            s->cut_d[source->at + i] = x;
    }
}

/* Sources, their thresholds laid out for the search, and their columns. */
static int make_columns(struct ss_scorer *s, struct work *w)
{
    const struct ss_trees *t = w->trees;
    size_t cuts = 0;
    uint32_t n = 0, columns = 0;
    s->source = calloc(s->n_sources + 1, sizeof *s->source);
    s->column = calloc(s->n_columns + 1, sizeof *s->column);
    if (!s->source || !s->column)
        return ss_fail(SS_ENOMEM, "out of memory");
    for (uint32_t k = 0; k < 2 * t->n_features; k++) {
        const struct gathered *g = &w->gathered[k];
        if (g->n == 0)
            continue;
        uint32_t runs = (g->n + LANES - 1) / LANES;
        uint32_t pivots = runs > 1 ? (runs + LANES - 1) / LANES * LANES : 0;
        s->source[n] = (struct source){.feature = k / 2,
                                       .zero_missing = k & 1,
                                       .n = g->n,
                                       .runs = runs,
                                       .pivots = pivots,
                                       .at = cuts,
                                       .column = columns};
        cuts += pivots + (size_t)(runs + 1) * LANES;
        for (uint32_t i = 0; i < (g->n + CHUNK - 1) / CHUNK * 2; i++) {
            int32_t *number = &w->number[w->first[k] + (int32_t)i];
            if (*number < 0)
                continue;
            s->column[columns] = (struct column){i / 2 * CHUNK, i & 1 ? 255 : 0};
            *number = (int32_t)columns++;
        }
        s->source[n].columns = columns - s->source[n].column;
        s->source[n].simple = s->source[n].columns == 1 && g->n <= CHUNK;
        s->source[n].missing = s->column[s->source[n].column].missing;
        n++;
    }
    s->cut_f = s->single ? aligned(cuts, sizeof *s->cut_f) : NULL;
    s->cut_d = s->single ? NULL : aligned(cuts, sizeof *s->cut_d);
    if (!s->cut_f && !s->cut_d)
        return ss_fail(SS_ENOMEM, "out of memory");
    for (uint32_t i = 0; i < n; i++)
        fill_cuts(s, &s->source[i],
                  w->gathered[2 * s->source[i].feature + (s->source[i].zero_missing ? 1 : 0)].cut);
    return 0;
}

static void fill_block(struct ss_scorer *s, struct work *w, uint32_t block, uint32_t node, uint32_t slot)
{
    const struct ss_trees *t = w->trees;
    bool leaf = t->feature[node] < 0;
    if (slot >= SLOTS) {
        uint32_t exit = block * SLOTS + slot - SLOTS;
        if (!leaf) {
            w->pending[s->n_blocks] = node;
            s->next[exit] = s->n_blocks++;
        } else if (s->single) {
            s->leaf_f[exit] = (float)t->value[node];
        } else {
            s->leaf_d[exit] = t->value[node];
        }
        return;
    }
    if (leaf) { /* to the left until the block ends */
        fill_block(s, w, block, node, 2 * slot);
        return;
    }
    uint32_t rank;
    s->block[block].column[slot] = (uint8_t)*number_of(w, node, &rank);
    s->block[block].threshold[slot] = (uint8_t)(rank % CHUNK);
    fill_block(s, w, block, node + 1, 2 * slot);
    fill_block(s, w, block, t->right[node], 2 * slot + 1);
}

/* The number of inner nodes at which a further block starts: those at depth 6, 12, ... */
static uint32_t count_deeper(const struct ss_trees *t, uint32_t node, uint32_t depth)
{
    if (t->feature[node] < 0)
        return 0;
    return (depth > 0 && depth % LEVELS == 0) + count_deeper(t, node + 1, depth + 1) +
           count_deeper(t, t->right[node], depth + 1);
}

static int make_blocks(struct ss_scorer *s, struct work *w, uint32_t blocks)
{
    s->block = aligned(blocks + ABREAST, sizeof *s->block); /* a walk takes that many at a time */
    s->next = calloc((size_t)blocks * SLOTS + 1, sizeof *s->next);
    s->leaf_f = s->single ? aligned((size_t)blocks * SLOTS, sizeof *s->leaf_f) : NULL;
    s->leaf_d = s->single ? NULL : aligned((size_t)blocks * SLOTS, sizeof *s->leaf_d);
    w->pending = malloc((blocks + 1) * sizeof *w->pending);
    if (!s->block || !s->next || !(s->leaf_f || s->leaf_d) || !w->pending)
        return ss_fail(SS_ENOMEM, "out of memory");
    for (uint32_t b = 0; b < blocks; b++)
        memset(s->block[b].threshold, 255, sizeof s->block[b].threshold);
    for (uint32_t t = 0; t < s->n_trees; t++)
        w->pending[t] = w->trees->root[t];
    s->n_blocks = s->n_trees;
    for (uint32_t b = 0; b < s->n_blocks; b++)
        fill_block(s, w, b, w->pending[b], 1);
    if (s->n_blocks > s->n_trees)
        return 0;
    free(s->next);
    s->next = NULL;
    s->turned = aligned(blocks, sizeof *s->turned);
    if (!s->turned)
        return ss_fail(SS_ENOMEM, "out of memory");
    for (uint32_t b = 0; b < s->n_blocks; b++)
        for (uint32_t i = 0; i < SLOTS; i++) {
            s->turned[b].threshold[i] = s->block[b].threshold[i] * 0x01010101u;
            s->turned[b].at[i] = (uint16_t)(s->block[b].column[i] * ROWS);
        }
    return 0;
}

static int compile(struct ss_scorer *s, struct work *w)
{
    const struct ss_trees *t = w->trees;
    uint32_t blocks = t->n_trees;
    bool fits = false;
    for (uint32_t k = 0; k < t->n_trees; k++)
        blocks += count_deeper(t, t->root[k], 0);
    if (blocks > BLOCKS_MAX)
        return 0; /* no blocks: the plain walk */
    w->gathered = calloc(2 * t->n_features + 1, sizeof *w->gathered);
    w->first = malloc((2 * t->n_features + 1) * sizeof *w->first);
    if (!w->gathered || !w->first)
        return ss_fail(SS_ENOMEM, "out of memory");
    int err = gather(t, w->gathered);
    if (err == 0)
        err = number_columns(s, w, &fits);
    if (err < 0 || !fits)
        return err;
    if ((err = make_columns(s, w)) < 0 || (err = make_blocks(s, w, blocks)) < 0)
        return err;
    return 0;
}

int ss_scorer_compile(struct ss_scorer *s)
{
    struct work w = {.trees = s->trees};
    int err = compile(s, &w);
    for (uint32_t k = 0; w.gathered && k < 2 * s->trees->n_features; k++)
        free(w.gathered[k].cut);
    free(w.gathered);
    free(w.first);
    free(w.number);
    free(w.pending);
    return err;
}
