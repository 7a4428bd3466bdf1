/*
 * Tree SHAP in time linear in nodes x depth, after Yu et al. 2022 ("Linear TreeShap"), with the weights of
 * subsets as integrals. Below, an edge is a way from a node to a child; on it the feature of the node has
 * `zero`, the share of the training data that goes this way, and `one`, 1 if the row itself does, else 0
 * (both multiplied with those of the same feature's edges further up). A leaf that the path's features i
 * reach gives
 *
 *   contribution(j) = value x (one_j - zero_j) x integral over t in (0, 1) of the product over i != j of
 *                     f_i(t),   f_i(t) = zero_i + t (one_i - zero_i)
 *
 * because the integral of t^s (1-t)^(d-1-s) is s! (d-1-s)! / d!, the Shapley weight of a subset of size s.
 * The product is a polynomial of degree below d, so a Gauss-Legendre sum of d / 2 points is exact. Leaves
 * below an edge share its f, so their products are summed up the tree and divided by f once an edge. No step
 * subtracts what it added before, except for a feature that is met twice on a path.
 */
#include "model/shap.h"
#include "base/err.h"
#include <math.h>

/* Points are worked on in pairs, which every x86-64 has registers for; a spare one has no weight. */
#define LANES  2
#define INLINE static inline __attribute__((always_inline))
typedef double lanes __attribute__((vector_size(LANES * sizeof(double))));

struct edge {
    double zero;
    int32_t feature; /* of the parent */
    int32_t above;   /* the node that the same feature's next edge further up leads to, or -1 */
};

/* Where to evaluate, and with what weight: `groups` of each. */
struct rule {
    uint32_t groups;
    lanes *at, *weight, *cold; /* cold = weight / (1 - at) */
};

struct ss_shap {
    const struct ss_trees *trees;
    double bias;
    struct edge *edge;  /* to each node; a root's is not used */
    uint16_t *points;   /* per tree: number of its rule */
    struct rule *rules; /* by number of points, up to `n_rules` */
    uint32_t n_rules;
    uint8_t *one;   /* per node of the tree at hand */
    lanes *product; /* per node of the tree at hand: `n` of its rule */
};

/* Nodes and weights of the Gauss-Legendre rule of n points on (0, 1), by Newton's method on the Legendre
 * polynomial (as in Numerical Recipes, 4.6). */
static void gauss_legendre(uint32_t n, double *at, double *weight)
{
    for (uint32_t i = 0; i < n; i++) {
        double x = cos(3.14159265358979323846 * (i + 0.75) / (n + 0.5)), slope = 1;
        for (int round = 0; round < 100; round++) {
            double p = 1, before = 0;
            for (uint32_t k = 1; k <= n; k++) {
                double next = ((2.0 * k - 1) * x * p - (k - 1.0) * before) / k;
                before = p;
                p = next;
            }
            slope = n * (x * p - before) / (x * x - 1);
            double step = p / slope;
            x -= step;
            if (fabs(step) < 1e-15)
                break;
        }
        at[i] = (1 - x) / 2;
        weight[i] = 1 / ((1 - x * x) * slope * slope);
    }
}

static int make_rule(struct ss_shap *s, uint32_t points)
{
    struct rule *rule = &s->rules[points];
    if (rule->at)
        return 0;
    rule->groups = (points + LANES - 1) / LANES;
    rule->at = calloc(3 * rule->groups, sizeof *rule->at);
    if (!rule->at)
        return ss_fail(SS_ENOMEM, "out of memory");
    rule->weight = rule->at + rule->groups;
    rule->cold = rule->weight + rule->groups;
    for (uint32_t g = 0; g < rule->groups; g++)
        rule->at[g] = (lanes){0.5, 0.5}; /* f is not zero there, even where zero is */
    gauss_legendre(points, (double *)rule->at, (double *)rule->weight);
    for (uint32_t g = 0; g < rule->groups; g++)
        rule->cold[g] = rule->weight[g] / (1 - rule->at[g]);
    return 0;
}

/* The edge from `node` to its child: looks up the path for the same feature. `parent` is of the whole path.
 */
static void make_edge(struct ss_shap *s, const uint32_t *parent, uint32_t root, uint32_t node, uint32_t child,
                      uint16_t *distinct)
{
    const struct ss_trees *t = s->trees;
    double both = t->cover[node + 1] + t->cover[t->right[node]];
    struct edge *edge = &s->edge[child];
    *edge = (struct edge){both > 0 ? t->cover[child] / both : 0.5, t->feature[node], -1};
    for (uint32_t up = node; up != root; up = parent[up - root]) {
        if (s->edge[up].feature == edge->feature) {
            edge->above = (int32_t)up;
            edge->zero *= s->edge[up].zero;
            break;
        }
    }
    distinct[child - root] = (uint16_t)(distinct[node - root] + (edge->above < 0));
}

/* Edges and rule of tree k. `parent` and `distinct` have room for its nodes. */
static int prepare_tree(struct ss_shap *s, uint32_t k, uint32_t *parent, uint16_t *distinct)
{
    const struct ss_trees *t = s->trees;
    uint32_t root = t->root[k], most = 1;
    distinct[0] = 0;
    for (uint32_t i = root; i < t->root[k + 1]; i++) {
        if (t->feature[i] < 0) {
            most = distinct[i - root] > most ? distinct[i - root] : most;
            continue;
        }
        parent[i + 1 - root] = parent[t->right[i] - root] = i;
        make_edge(s, parent, root, i, i + 1, distinct);
        make_edge(s, parent, root, i, t->right[i], distinct);
    }
    s->points[k] = (uint16_t)((most + 1) / 2);
    return make_rule(s, s->points[k]);
}

/* Children lie behind their parent, so one pass from the end knows them. */
static int expectations(struct ss_shap *s)
{
    const struct ss_trees *t = s->trees;
    double *expected = malloc((t->n_nodes + 1) * sizeof *expected);
    if (!expected)
        return ss_fail(SS_ENOMEM, "out of memory");
    for (uint32_t i = t->n_nodes; i-- > 0;) {
        if (t->feature[i] < 0) {
            expected[i] = t->value[i];
            continue;
        }
        uint32_t right = t->right[i];
        double l = t->cover[i + 1], r = t->cover[right];
        expected[i] = l + r > 0 ? (l * expected[i + 1] + r * expected[right]) / (l + r)
                                : (expected[i + 1] + expected[right]) / 2;
    }
    s->bias = t->base;
    for (uint32_t k = 0; k < t->n_trees; k++)
        s->bias += expected[t->root[k]];
    free(expected);
    return 0;
}

static int prepare(struct ss_shap *s)
{
    const struct ss_trees *t = s->trees;
    uint32_t largest = 1;
    size_t room = 1;
    for (uint32_t k = 0; k < t->n_trees; k++) {
        uint32_t n = t->root[k + 1] - t->root[k];
        largest = n > largest ? n : largest;
    }
    s->n_rules = t->depth / 2 + 2;
    s->edge = calloc(t->n_nodes + 1, sizeof *s->edge);
    s->points = calloc(t->n_trees + 1, sizeof *s->points);
    s->rules = calloc(s->n_rules, sizeof *s->rules);
    s->one = calloc(largest, 1);
    uint32_t *parent = calloc(largest, sizeof *parent);
    uint16_t *distinct = calloc(largest, sizeof *distinct);
    int err = 0;
    if (!s->edge || !s->points || !s->rules || !s->one || !parent || !distinct)
        err = ss_fail(SS_ENOMEM, "out of memory");
    for (uint32_t k = 0; err == 0 && k < t->n_trees; k++) {
        err = prepare_tree(s, k, parent, distinct);
        size_t n = err == 0 ? (size_t)(t->root[k + 1] - t->root[k]) * s->rules[s->points[k]].groups : 0;
        room = n > room ? n : room;
    }
    free(parent);
    free(distinct);
    s->product = err == 0 ? malloc(room * sizeof *s->product) : NULL;
    if (err == 0 && !s->product)
        err = ss_fail(SS_ENOMEM, "out of memory");
    return err < 0 ? err : expectations(s);
}

int ss_shap_new(const struct ss_trees *trees, struct ss_shap **shap)
{
    struct ss_shap *s = calloc(1, sizeof *s);
    if (!s)
        return ss_fail(SS_ENOMEM, "out of memory");
    s->trees = trees;
    int err = prepare(s);
    if (err < 0) {
        ss_shap_free(s);
        return err;
    }
    *shap = s;
    return 0;
}

void ss_shap_free(struct ss_shap *s)
{
    if (!s)
        return;
    for (uint32_t i = 0; s->rules && i < s->n_rules; i++)
        free(s->rules[i].at);
    free(s->edge);
    free(s->points);
    free(s->rules);
    free(s->one);
    free(s->product);
    free(s);
}

double ss_shap_bias(const struct ss_shap *shap)
{
    return shap->bias;
}

/* No subset flows down an edge that neither training data nor the row took: all below it is zero. */
static bool is_dead(const struct edge *edge, uint8_t one)
{
    return edge->zero == 0 && !one;
}

/* product of a child = product of its node x f, where an f of the same feature further up is replaced. */
INLINE void go_down(struct ss_shap *s, const struct rule *rule, uint32_t groups, uint32_t root, uint32_t node,
                    uint32_t child, bool hot)
{
    const struct edge *edge = &s->edge[child];
    const lanes *from = s->product + (size_t)(node - root) * groups;
    lanes *to = s->product + (size_t)(child - root) * groups;
    uint8_t one = hot && (edge->above < 0 || s->one[(uint32_t)edge->above - root]);
    double zero = edge->zero, slope = one - zero;
    s->one[child - root] = one;
    if (is_dead(edge, one)) {
        memset(to, 0, groups * sizeof *to);
        return;
    }
    for (uint32_t g = 0; g < groups; g++)
        to[g] = from[g] * (zero + rule->at[g] * slope);
    if (edge->above < 0)
        return;
    double zero2 = s->edge[edge->above].zero, slope2 = s->one[(uint32_t)edge->above - root] - zero2;
    for (uint32_t g = 0; g < groups; g++)
        to[g] /= zero2 + rule->at[g] * slope2;
}

/* (one - zero) x integral of sum / f; where one is 0, the zero in f = zero (1 - t) cancels. */
INLINE double integral(const struct rule *rule, uint32_t groups, const lanes *sum, double zero, uint8_t one)
{
    lanes total = {0};
    if (one) {
        for (uint32_t g = 0; g < groups; g++)
            total += rule->weight[g] * sum[g] / (zero + rule->at[g] * (1 - zero));
        total *= 1 - zero;
    } else {
        for (uint32_t g = 0; g < groups; g++)
            total -= rule->cold[g] * sum[g];
    }
    return total[0] + total[1];
}

/* With the sum of leaf x product below it, an edge knows its feature's contribution. */
INLINE void go_up(struct ss_shap *s, const struct rule *rule, uint32_t groups, uint32_t root, uint32_t node,
                  double *contribution)
{
    const struct ss_trees *t = s->trees;
    lanes *sum = s->product + (size_t)(node - root) * groups;
    if (t->feature[node] < 0) {
        for (uint32_t g = 0; g < groups; g++)
            sum[g] *= t->value[node];
    } else {
        const lanes *left = sum + groups, *right = s->product + (size_t)(t->right[node] - root) * groups;
        for (uint32_t g = 0; g < groups; g++)
            sum[g] = left[g] + right[g];
    }
    const struct edge *edge = &s->edge[node];
    if (node == root || is_dead(edge, s->one[node - root]))
        return;
    double *to = &contribution[edge->feature];
    *to += integral(rule, groups, sum, edge->zero, s->one[node - root]);
    if (edge->above >= 0) /* which counts these leaves too, with its own f */
        *to -= integral(rule, groups, sum, s->edge[edge->above].zero, s->one[(uint32_t)edge->above - root]);
}

INLINE void explain_tree(struct ss_shap *s, uint32_t k, uint32_t groups, const double *row,
                         double *contribution)
{
    const struct ss_trees *t = s->trees;
    const struct rule *rule = &s->rules[s->points[k]];
    uint32_t root = t->root[k], end = t->root[k + 1];
    for (uint32_t g = 0; g < groups; g++)
        s->product[g] = (lanes){1, 1};
    for (uint32_t i = root; i < end; i++) {
        if (t->feature[i] < 0)
            continue;
        bool left = ss_trees_goes_left(t, i, row[t->feature[i]]);
        go_down(s, rule, groups, root, i, i + 1, left);
        go_down(s, rule, groups, root, i, t->right[i], !left);
    }
    for (uint32_t i = end; i-- > root;)
        go_up(s, rule, groups, root, i, contribution);
}

void ss_shap_explain(struct ss_shap *s, const double *row, double *contribution)
{
    memset(contribution, 0, s->trees->n_features * sizeof *contribution);
    for (uint32_t k = 0; k < s->trees->n_trees; k++) {
        uint32_t groups = s->rules[s->points[k]].groups;
        switch (groups) { /* up to eight features on a path: compiled without inner loops */
        case 1: explain_tree(s, k, 1, row, contribution); break;
        case 2: explain_tree(s, k, 2, row, contribution); break;
        case 3: explain_tree(s, k, 3, row, contribution); break;
        case 4: explain_tree(s, k, 4, row, contribution); break;
        default: explain_tree(s, k, groups, row, contribution);
        }
    }
}
