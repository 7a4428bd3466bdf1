#include "model/trees.h"
#include "base/err.h"
#include <float.h>
#include <math.h>

/* LightGBM's kZeroThreshold: what zero_as_missing takes for zero. */
#define ZERO_AS_MISSING 1e-35f

void ss_trees_init(struct ss_trees *trees, uint32_t n_features)
{
    *trees = (struct ss_trees){.n_features = n_features, .slope = 1};
    ss_arena_init(&trees->text, 64 << 20);
}

void ss_trees_free(struct ss_trees *trees)
{
    free(trees->root);
    free(trees->feature);
    free(trees->right);
    free(trees->threshold);
    free(trees->value);
    free(trees->cover);
    free(trees->flags);
    ss_arena_free(&trees->text);
    *trees = (struct ss_trees){0};
}

static int grow(void **array, size_t n, size_t size)
{
    void *more = realloc(*array, n * size);
    if (!more)
        return ss_fail(SS_ENOMEM, "out of memory for a model of %zu nodes", n);
    *array = more;
    return 0;
}

static int reserve(struct ss_trees *trees, uint32_t nodes)
{
    if (trees->n_trees >= SS_TREES_MAX_TREES)
        return ss_fail(SS_EDATA, "too many trees (more than %d)", SS_TREES_MAX_TREES);
    if (nodes > SS_TREES_MAX_NODES - trees->n_nodes)
        return ss_fail(SS_EDATA, "too many nodes (more than %d)", SS_TREES_MAX_NODES);
    if (trees->n_trees + 2 > trees->trees_cap) {
        uint32_t cap = trees->trees_cap ? 2 * trees->trees_cap : 64;
        if (grow((void **)&trees->root, cap, sizeof *trees->root) < 0)
            return SS_ENOMEM;
        trees->trees_cap = cap;
        trees->root[0] = 0;
    }
    if (trees->n_nodes + nodes > trees->nodes_cap) {
        uint32_t cap = trees->n_nodes + nodes + trees->nodes_cap + 64;
        if (grow((void **)&trees->feature, cap, sizeof *trees->feature) < 0 ||
            grow((void **)&trees->right, cap, sizeof *trees->right) < 0 ||
            grow((void **)&trees->threshold, cap, sizeof *trees->threshold) < 0 ||
            grow((void **)&trees->value, cap, sizeof *trees->value) < 0 ||
            grow((void **)&trees->cover, cap, sizeof *trees->cover) < 0 ||
            grow((void **)&trees->flags, cap, sizeof *trees->flags) < 0)
            return SS_ENOMEM;
        trees->nodes_cap = cap;
    }
    return 0;
}

/* A pending right child while copying in pre-order. */
struct pending {
    int32_t node;    /* in the source */
    uint32_t parent; /* in the copy: its `right` is to be set */
    uint32_t depth;
};

static int check_node(const struct ss_trees *trees, const struct ss_tree *tree, uint32_t i)
{
    if (!isfinite(tree->cover[i]) || tree->cover[i] < 0)
        return ss_fail(SS_EDATA, "node %u has an impossible cover", i);
    if (tree->feature[i] < 0) {
        if (!isfinite(tree->value[i]) || (trees->single && fabs(tree->value[i]) > FLT_MAX))
            return ss_fail(SS_EDATA, "leaf %u has no finite value", i);
        return 0;
    }
    if ((uint32_t)tree->feature[i] >= trees->n_features)
        return ss_fail(SS_EDATA, "node %u splits on feature %d of %u", i, tree->feature[i],
                       trees->n_features);
    if (isnan(tree->threshold[i]))
        return ss_fail(SS_EDATA, "node %u has no threshold", i);
    if (tree->left[i] < 0 || tree->right[i] < 0 || (uint32_t)tree->left[i] >= tree->n ||
        (uint32_t)tree->right[i] >= tree->n)
        return ss_fail(SS_EDATA, "node %u has a child that does not exist", i);
    return 0;
}

static void copy_node(struct ss_trees *trees, const struct ss_tree *tree, uint32_t from, uint32_t to)
{
    bool leaf = tree->feature[from] < 0;
    /* Adding zero turns -0 into 0, which sums and comparisons do not tell apart but texts do. */
    double threshold = leaf ? 0 : tree->threshold[from] + 0.0, value = leaf ? tree->value[from] + 0.0 : 0;
    trees->feature[to] = leaf ? -1 : tree->feature[from];
    trees->right[to] = 0;
    trees->threshold[to] = trees->single ? (double)(float)threshold : threshold;
    trees->value[to] = trees->single ? (double)(float)value : value;
    trees->cover[to] = tree->cover[from];
    trees->flags[to] = leaf ? 0 : tree->flags[from];
}

static int copy_tree(struct ss_trees *trees, const struct ss_tree *tree, uint8_t *seen)
{
    struct pending stack[SS_TREES_MAX_DEPTH + 1];
    uint32_t to = trees->n_nodes, n_stack = 0, depth = 0;
    int32_t i = 0;
    for (;;) {
        int err = check_node(trees, tree, (uint32_t)i);
        if (err < 0)
            return err;
        if (seen[i]++)
            return ss_fail(SS_EDATA, "node %d is reached in two ways", i);
        copy_node(trees, tree, (uint32_t)i, to);
        trees->depth = depth > trees->depth ? depth : trees->depth;
        if (tree->feature[i] >= 0) {
            if (depth == SS_TREES_MAX_DEPTH)
                return ss_fail(SS_EDATA, "tree deeper than %d", SS_TREES_MAX_DEPTH);
            depth++;
            /* Pending nodes lie on one path, so there are never more of them than levels. */
            stack[n_stack++] = (struct pending){tree->right[i], to++, depth};
            i = tree->left[i];
            continue;
        }
        to++;
        if (n_stack == 0)
            break;
        struct pending next = stack[--n_stack];
        trees->right[next.parent] = to;
        i = next.node;
        depth = next.depth;
    }
    trees->n_nodes = to;
    trees->root[++trees->n_trees] = to;
    return 0;
}

int ss_trees_add(struct ss_trees *trees, const struct ss_tree *tree)
{
    if (tree->n == 0)
        return ss_fail(SS_EDATA, "tree %u has no nodes", trees->n_trees);
    int err = reserve(trees, tree->n);
    if (err < 0)
        return err;
    uint8_t *seen = calloc(tree->n, 1);
    if (!seen)
        return ss_fail(SS_ENOMEM, "out of memory");
    err = copy_tree(trees, tree, seen);
    free(seen);
    return err;
}

int ss_trees_name(struct ss_trees *trees, const struct ss_str *names)
{
    struct ss_str *to = ss_arena_alloc(&trees->text, (trees->n_features + 1) * sizeof *to);
    if (!to)
        return SS_ENOMEM;
    for (uint32_t i = 0; i < trees->n_features; i++) {
        to[i] = (struct ss_str){ss_arena_copy(&trees->text, names[i].p, names[i].n), names[i].n};
        if (!to[i].p)
            return SS_ENOMEM;
    }
    trees->name = to;
    return 0;
}

bool ss_trees_goes_left(const struct ss_trees *trees, uint32_t node, double x)
{
    if (trees->single)
        x = (float)x;
    else if (x > DBL_MAX)
        x = DBL_MAX;
    bool missing = isnan(x) || ((trees->flags[node] & SS_TREE_ZERO_MISSING) && fabs(x) <= ZERO_AS_MISSING);
    return missing ? trees->flags[node] & SS_TREE_DEFAULT_LEFT : x < trees->threshold[node];
}

uint32_t ss_trees_leaf(const struct ss_trees *trees, uint32_t t, const double *row)
{
    uint32_t i = trees->root[t];
    while (trees->feature[i] >= 0)
        i = ss_trees_goes_left(trees, i, row[trees->feature[i]]) ? i + 1 : trees->right[i];
    return i;
}

double ss_trees_margin(const struct ss_trees *trees, const double *row)
{
    if (trees->single) {
        float sum = (float)trees->base;
        for (uint32_t t = 0; t < trees->n_trees; t++)
            sum += (float)trees->value[ss_trees_leaf(trees, t, row)];
        return sum;
    }
    double sum = trees->base;
    for (uint32_t t = 0; t < trees->n_trees; t++)
        sum += trees->value[ss_trees_leaf(trees, t, row)];
    return sum;
}

double ss_trees_predict(const struct ss_trees *trees, double margin)
{
    switch (trees->link) {
    case SS_TREES_RAW: break;
    case SS_TREES_LOGISTIC: return 1.0 / (1.0 + exp(-trees->slope * margin));
    case SS_TREES_LOGISTIC_FLOAT: {
        /* XGBoost 1.7, common/math.h: the bound keeps expf finite, the epsilon vanishes in rounding. */
        float x = -(float)margin < 88.7f ? -(float)margin : 88.7f;
        return 1.0f / (expf(x) + 1.0f + 1e-16f);
    }
    }
    return margin;
}

void ss_trees_cover(const struct ss_trees *trees, double *by_feature)
{
    memset(by_feature, 0, trees->n_features * sizeof *by_feature);
    for (uint32_t i = 0; i < trees->n_nodes; i++)
        if (trees->feature[i] >= 0)
            by_feature[trees->feature[i]] += trees->cover[i];
}
