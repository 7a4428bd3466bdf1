#include "model/iforest.h"
#include "base/err.h"
#include "base/rng.h"
#include "model/logexp.h"
#include <math.h>
#include <stdlib.h>

#define LANES 8

double ss_iforest_mean_depth(double n)
{
    if (n < 2)
        return 0;
    if (n < 3)
        return 1;
    return 2 * (ss_log_natural(n - 1) + 0.57721566490153286061) - 2 * (n - 1) / n;
}

/* --- scoring --- */

static void fill_lanes(const struct ss_iforest *forest, const float *rows, size_t lanes, size_t stride,
                       float *to)
{
    uint32_t n = forest->n_features;
    for (size_t l = 0; l < LANES; l++) {
        const float *row = rows + (l < lanes ? l : 0) * stride; /* spare lanes repeat the first row */
        for (uint32_t j = 0; j < n; j++)
            to[l * n + j] = isnan(row[j]) ? forest->fill[j] : row[j];
    }
}

void ss_iforest_score(const struct ss_iforest *forest, const float *rows, size_t n, size_t stride,
                      double *score)
{
    static _Thread_local float x[LANES * SS_IFOREST_FEATURES_MAX];
    const struct ss_iforest_node *node = forest->node;
    uint32_t nf = forest->n_features;
    for (size_t i = 0; i < n; i += LANES) {
        size_t lanes = n - i < LANES ? n - i : LANES;
        double sum[LANES] = {0};
        fill_lanes(forest, rows + i * stride, lanes, stride, x);
        for (uint32_t t = 0; t < forest->n_trees; t++) {
            uint32_t at[LANES];
            for (int l = 0; l < LANES; l++)
                at[l] = forest->root[t];
            for (uint32_t d = forest->depth[t]; d > 0; d--)
                for (uint32_t l = 0; l < LANES; l++) {
                    const struct ss_iforest_node *p = &node[at[l]];
                    at[l] = p->left + !(x[l * nf + p->feature] <= p->threshold);
                }
            for (int l = 0; l < LANES; l++)
                sum[l] += forest->path[at[l]];
        }
        for (size_t l = 0; l < lanes; l++)
            score[i + l] = ss_exp_two(-sum[l] * forest->scale);
    }
}

/* --- making --- */

int ss_iforest_alloc(struct ss_iforest *f, uint32_t nodes, struct ss_arena *arena)
{
    f->root = ss_arena_alloc(arena, f->n_trees * sizeof *f->root);
    f->depth = ss_arena_zalloc(arena, f->n_trees * sizeof *f->depth);
    f->node = ss_arena_alloc(arena, nodes * sizeof *f->node);
    f->size = ss_arena_alloc(arena, nodes * sizeof *f->size);
    f->path = ss_arena_alloc(arena, nodes * sizeof *f->path);
    f->fill = ss_arena_zalloc(arena, f->n_features * sizeof *f->fill);
    return f->root && f->depth && f->node && f->size && f->path && f->fill ? 0 : SS_ENOMEM;
}

void ss_iforest_inner(struct ss_iforest *f, uint32_t at, uint32_t feature, float cut, uint32_t left,
                      uint32_t size)
{
    f->node[at] = (struct ss_iforest_node){cut, feature, left};
    f->size[at] = size;
    f->path[at] = 0;
}

void ss_iforest_leaf(struct ss_iforest *f, uint32_t at, uint32_t size, uint32_t depth)
{
    f->node[at] = (struct ss_iforest_node){.threshold = INFINITY, .left = at};
    f->size[at] = size;
    f->path[at] = depth + ss_iforest_mean_depth(size);
}

void ss_iforest_seal(struct ss_iforest *f)
{
    double c = ss_iforest_mean_depth(f->sample);
    f->scale = c > 0 ? 1 / (f->n_trees * c) : 0;
}

/* --- growing --- */

struct grower {
    const float *rows;
    uint32_t n_features, depth_max;
    size_t stride;
    const float *fill;
    struct ss_iforest *forest;
    struct ss_rng rng;
    uint32_t *feature; /* scratch: features not yet known to be constant in this node */
    size_t *row;       /* the sample, permuted so that each node's rows are together */
};

struct task {
    uint32_t node, from, to, depth;
};

static float value_of(const struct grower *g, size_t row, uint32_t j)
{
    float x = g->rows[row * g->stride + j];
    return isnan(x) ? g->fill[j] : x;
}

/* A random feature that is not constant among the node's rows, and a cut strictly inside its range (a row
 * with the smallest value goes left, one with the largest right). False when all are constant. */
static bool choose_split(struct grower *g, const struct task *task, uint32_t *feature, float *cut)
{
    uint32_t left = g->n_features;
    for (uint32_t j = 0; j < left; j++)
        g->feature[j] = j;
    while (left > 0) {
        uint32_t k = (uint32_t)ss_rng_below(&g->rng, left), j = g->feature[k];
        float low = value_of(g, g->row[task->from], j), high = low;
        for (uint32_t i = task->from + 1; i < task->to; i++) {
            float x = value_of(g, g->row[i], j);
            low = x < low ? x : low;
            high = x > high ? x : high;
        }
        if (low < high) {
            double at = (double)low + ss_rng_unit(&g->rng) * ((double)high - (double)low);
            *cut = (float)at;
            if (*cut >= high) /* rounded up to it: nothing would go right */
                *cut = low;
            *feature = j;
            return true;
        }
        g->feature[k] = g->feature[--left];
    }
    return false;
}

static uint32_t partition(struct grower *g, const struct task *task, uint32_t feature, float cut)
{
    uint32_t mid = task->from;
    for (uint32_t i = task->from; i < task->to; i++)
        if (value_of(g, g->row[i], feature) <= cut) {
            size_t swap = g->row[mid];
            g->row[mid++] = g->row[i];
            g->row[i] = swap;
        }
    return mid;
}

/* Breadth first, so that siblings lie side by side. `queue` has room for a node each. */
static void grow_tree(struct grower *g, uint32_t tree, uint32_t n, struct task *queue)
{
    struct ss_iforest *f = g->forest;
    uint32_t head = 0, tail = 1;
    f->root[tree] = f->n_nodes;
    f->depth[tree] = 0;
    queue[0] = (struct task){.node = f->n_nodes++, .to = n};
    while (head < tail) {
        struct task task = queue[head++];
        uint32_t feature, size = task.to - task.from;
        float cut;
        if (task.depth > f->depth[tree])
            f->depth[tree] = task.depth;
        if (size < 2 || task.depth >= g->depth_max || !choose_split(g, &task, &feature, &cut)) {
            ss_iforest_leaf(f, task.node, size, task.depth);
            continue;
        }
        uint32_t mid = partition(g, &task, feature, cut), left = f->n_nodes;
        f->n_nodes += 2;
        ss_iforest_inner(f, task.node, feature, cut, left, size);
        queue[tail++] = (struct task){left, task.from, mid, task.depth + 1};
        queue[tail++] = (struct task){left + 1, mid, task.to, task.depth + 1};
    }
}

/* k of n rows without repetition (R. W. Floyd, CACM 30, 1987), remembered in a bitmap. */
static void draw_sample(struct ss_rng *rng, size_t n, uint32_t k, uint64_t *seen, size_t *row)
{
    for (uint32_t i = 0; i < k; i++) {
        size_t top = n - k + i, r = ss_rng_below(rng, top + 1);
        if (seen[r / 64] >> (r % 64) & 1)
            r = top;
        seen[r / 64] |= (uint64_t)1 << (r % 64);
        row[i] = r;
    }
    for (uint32_t i = 0; i < k; i++)
        seen[row[i] / 64] = 0;
}

static int compare_floats(const void *a, const void *b)
{
    float x = *(const float *)a, y = *(const float *)b;
    return (x > y) - (x < y);
}

/* Medians of at most 65,536 rows spread evenly: close enough for a stand-in, and bounded work. */
static void find_medians(const float *rows, size_t n, uint32_t n_features, size_t stride, float *scratch,
                         float *fill)
{
    size_t step = n / 65536 + 1;
    for (uint32_t j = 0; j < n_features; j++) {
        size_t k = 0;
        for (size_t i = 0; i < n; i += step)
            if (!isnan(rows[i * stride + j]))
                scratch[k++] = rows[i * stride + j];
        qsort(scratch, k, sizeof *scratch, compare_floats);
        fill[j] = k ? scratch[k / 2] : 0;
    }
}

static uint32_t log2_ceiling(uint32_t n)
{
    uint32_t d = 0;
    while ((1u << d) < n)
        d++;
    return d;
}

int ss_iforest_fit(struct ss_iforest *forest, const float *rows, size_t n, uint32_t n_features, size_t stride,
                   const struct ss_iforest_params *params, struct ss_arena *arena)
{
    uint32_t sample = params->sample < n ? params->sample : (uint32_t)n;
    if (n < 2 || sample < 2)
        return ss_fail(SS_EUSAGE, "an isolation forest needs at least 2 rows");
    if (params->trees < 1 || params->trees > SS_IFOREST_TREES_MAX || n_features < 1 ||
        n_features > SS_IFOREST_FEATURES_MAX || (uint64_t)params->trees * 2 * sample > SS_IFOREST_NODES_MAX)
        return ss_fail(SS_EUSAGE, "isolation forest of %u trees of %u rows and %u features is too large",
                       params->trees, sample, n_features);
    *forest = (struct ss_iforest){
        .n_features = n_features, .n_trees = params->trees, .sample = sample, .offset = -0.5};
    struct grower g = {
        .rows = rows, .n_features = n_features, .stride = stride, .depth_max = log2_ceiling(sample)};
    int err = ss_iforest_alloc(forest, params->trees * 2 * sample, arena);
    size_t medians = n < 65536 ? n : 65536;
    float *scratch = malloc(medians * sizeof *scratch);
    uint64_t *seen = calloc(n / 64 + 1, sizeof *seen);
    struct task *queue = malloc(2 * (size_t)sample * sizeof *queue);
    g.feature = malloc(n_features * sizeof *g.feature);
    g.row = malloc(sample * sizeof *g.row);
    if (!err && (!scratch || !seen || !queue || !g.feature || !g.row))
        err = ss_fail(SS_ENOMEM, "out of memory for an isolation forest");
    if (!err) {
        find_medians(rows, n, n_features, stride, scratch, forest->fill);
        g.fill = forest->fill;
        g.forest = forest;
        for (uint32_t t = 0; t < params->trees; t++) {
            ss_rng_seed(&g.rng, params->seed * 0x9e3779b97f4a7c15u + t);
            draw_sample(&g.rng, n, sample, seen, g.row);
            grow_tree(&g, t, sample, queue);
        }
        ss_iforest_seal(forest);
    }
    free(scratch);
    free(seen);
    free(queue);
    free(g.feature);
    free(g.row);
    return err;
}
