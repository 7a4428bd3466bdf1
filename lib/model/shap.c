#include "model/shap.h"
#include "base/err.h"

/*
 * A path element of algorithm 2: the feature, the share of ways in which a subset without (zero) and with
 * (one) it flows down here, and the weight of subsets by size.
 */
struct element {
    int32_t feature;
    double zero, one, weight;
};

struct ss_shap {
    const struct ss_trees *trees;
    double bias;
    double *expected;     /* per node: expectation below it */
    struct element *path; /* levels of a walk, one behind the other: level d has d + 1 elements */
    const double *row;
    double *out;
};

/* Children lie behind their parent, so one pass from the end knows them. */
static void expectations(struct ss_shap *shap)
{
    const struct ss_trees *t = shap->trees;
    for (uint32_t i = t->n_nodes; i-- > 0;) {
        if (t->feature[i] < 0) {
            shap->expected[i] = t->value[i];
            continue;
        }
        double l = t->cover[i + 1], r = t->cover[t->right[i]];
        shap->expected[i] = l + r > 0
                                ? (l * shap->expected[i + 1] + r * shap->expected[t->right[i]]) / (l + r)
                                : (shap->expected[i + 1] + shap->expected[t->right[i]]) / 2;
    }
    shap->bias = t->base;
    for (uint32_t k = 0; k < t->n_trees; k++)
        shap->bias += shap->expected[t->root[k]];
}

int ss_shap_new(const struct ss_trees *trees, struct ss_shap **shap)
{
    size_t levels = trees->depth + 2;
    struct ss_shap *s = calloc(1, sizeof *s);
    if (s) {
        s->trees = trees;
        s->expected = malloc((trees->n_nodes + 1) * sizeof *s->expected);
        s->path = malloc(levels * (levels + 1) / 2 * sizeof *s->path);
    }
    if (!s || !s->expected || !s->path) {
        ss_shap_free(s);
        return ss_fail(SS_ENOMEM, "out of memory");
    }
    expectations(s);
    *shap = s;
    return 0;
}

void ss_shap_free(struct ss_shap *shap)
{
    if (!shap)
        return;
    free(shap->expected);
    free(shap->path);
    free(shap);
}

double ss_shap_bias(const struct ss_shap *shap)
{
    return shap->bias;
}

/* Adds a split to the path of `depth` elements. */
static void extend(struct element *path, uint32_t depth, double zero, double one, int32_t feature)
{
    path[depth] = (struct element){feature, zero, one, depth == 0 ? 1 : 0};
    for (uint32_t i = depth; i-- > 0;) {
        path[i + 1].weight += one * path[i].weight * (i + 1) / (depth + 1);
        path[i].weight = zero * path[i].weight * (depth - i) / (depth + 1);
    }
}

/* Undoes the extension with element `at` of a path whose last element is `depth`. */
static void unwind(struct element *path, uint32_t depth, uint32_t at)
{
    double one = path[at].one, zero = path[at].zero, next = path[depth].weight;
    for (uint32_t i = depth; i-- > 0;) {
        if (one != 0) {
            double old = path[i].weight;
            path[i].weight = next * (depth + 1) / ((i + 1) * one);
            next = old - path[i].weight * zero * (depth - i) / (depth + 1);
        } else {
            path[i].weight = path[i].weight * (depth + 1) / (zero * (depth - i));
        }
    }
    for (uint32_t i = at; i < depth; i++) {
        path[i].feature = path[i + 1].feature;
        path[i].zero = path[i + 1].zero;
        path[i].one = path[i + 1].one;
    }
}

/* The sum of weights that unwinding element `at` would leave. */
static double unwound_sum(const struct element *path, uint32_t depth, uint32_t at)
{
    double one = path[at].one, zero = path[at].zero, next = path[depth].weight, total = 0;
    for (uint32_t i = depth; i-- > 0;) {
        if (one != 0) {
            double w = next * (depth + 1) / ((i + 1) * one);
            total += w;
            next = path[i].weight - w * zero * (depth - i) / (depth + 1);
        } else if (zero != 0) {
            total += path[i].weight * (depth + 1) / (zero * (depth - i));
        }
    }
    return total;
}

static bool goes_left(const struct ss_shap *shap, uint32_t node)
{
    return ss_trees_goes_left(shap->trees, node, shap->row[shap->trees->feature[node]]);
}

/* Recursion is bounded by SS_TREES_MAX_DEPTH. `above` holds `depth` elements. */
static void descend(struct ss_shap *shap, uint32_t node, const struct element *above, uint32_t depth,
                    double zero, double one, int32_t feature)
{
    if (zero == 0 && one == 0)
        return; /* no subset flows down here: all weights are zero */
    const struct ss_trees *t = shap->trees;
    struct element *path = (struct element *)above + depth;
    if (depth)
        memcpy(path, above, depth * sizeof *path);
    extend(path, depth, zero, one, feature);
    if (t->feature[node] < 0) {
        for (uint32_t i = 1; i <= depth; i++)
            shap->out[path[i].feature] +=
                unwound_sum(path, depth, i) * (path[i].one - path[i].zero) * t->value[node];
        return;
    }
    uint32_t hot = goes_left(shap, node) ? node + 1 : t->right[node];
    uint32_t cold = hot == node + 1 ? t->right[node] : node + 1;
    double cover = t->cover[node + 1] + t->cover[t->right[node]];
    double hot_share = cover > 0 ? t->cover[hot] / cover : 0.5, cold_share = 1 - hot_share;
    double zero_before = 1, one_before = 1;
    /* A feature met before on the path is taken out, and its shares multiplied in. */
    for (uint32_t i = 1; i <= depth; i++) {
        if (path[i].feature == t->feature[node]) {
            zero_before = path[i].zero;
            one_before = path[i].one;
            unwind(path, depth, i);
            depth--;
            break;
        }
    }
    descend(shap, hot, path, depth + 1, zero_before * hot_share, one_before, t->feature[node]);
    descend(shap, cold, path, depth + 1, zero_before * cold_share, 0, t->feature[node]);
}

void ss_shap_explain(struct ss_shap *shap, const double *row, double *contribution)
{
    const struct ss_trees *t = shap->trees;
    shap->row = row;
    shap->out = contribution;
    memset(contribution, 0, t->n_features * sizeof *contribution);
    for (uint32_t k = 0; k < t->n_trees; k++)
        descend(shap, t->root[k], shap->path, 0, 1, 1, -1);
}
