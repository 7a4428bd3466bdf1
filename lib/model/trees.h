/*
 * An ensemble of decision trees as plain arrays: what importers fill, what the model file holds, what the
 * scorer (scorer.h) and the explanations (shap.h) are made from. XGBoost and LightGBM models become the same
 * thing without losing a bit:
 *
 * - A row goes left iff x < threshold. XGBoost says exactly that, of float32. LightGBM says x <= t of
 * doubles, which is x < nextafter(t, +inf), if +inf itself counts as the largest double: so it does unless
 * `single`.
 * - A missing value (NaN; with SS_TREE_ZERO_MISSING also |x| <= 1e-35, LightGBM's zero_as_missing) goes to
 * the node's default side.
 * - margin = base + leaf of tree 0 + leaf of tree 1 + ..., added in this order, in float32 if `single`.
 *
 * Nodes of a tree lie together in pre-order: the left child of node i is i + 1, so a walk always goes up.
 * An ensemble is built once, then only read: threads may share it.
 */
#ifndef SS_MODEL_TREES_H
#define SS_MODEL_TREES_H

#include "base/attr.h"
#include "base/buf.h"
#include "json/doc.h"
#include <stdbool.h>
#include <stdint.h>

/* Ceilings, far above any model of use; beyond them a model is refused. */
#define SS_TREES_MAX_TREES    65536
#define SS_TREES_MAX_NODES    (1 << 22)
#define SS_TREES_MAX_FEATURES 16384
#define SS_TREES_MAX_DEPTH    512

#define SS_TREE_DEFAULT_LEFT 1
#define SS_TREE_ZERO_MISSING 2

enum ss_trees_link {
    SS_TREES_RAW,           /* the prediction is the margin */
    SS_TREES_LOGISTIC,      /* 1 / (1 + exp(-slope * margin)) in doubles, as LightGBM */
    SS_TREES_LOGISTIC_FLOAT /* the same in float32, as XGBoost */
};

struct ss_trees {
    bool single; /* rows are rounded to float32, leaves are float32 and so are their sums */
    enum ss_trees_link link;
    double base;  /* margin before the first tree */
    double slope; /* of the logistic link; 1 for XGBoost */
    uint32_t n_features, n_trees, n_nodes, depth;
    uint32_t *root;      /* n_trees + 1: tree t is nodes root[t] .. root[t + 1] */
    int32_t *feature;    /* n_nodes; -1 for a leaf */
    uint32_t *right;     /* index of the right child in these arrays; 0 for a leaf */
    double *threshold;   /* 0 for a leaf */
    double *value;       /* of a leaf; 0 inside */
    double *cover;       /* training weight that passed (sum of hessians, or count); for shap.h */
    uint8_t *flags;      /* SS_TREE_* */
    struct ss_str *name; /* n_features names, or NULL where the model has none */
    struct ss_arena text;
    uint32_t trees_cap, nodes_cap;
};

/* One tree as importers find it: any order, node 0 is the root, children by index, feature -1 for a leaf. */
struct ss_tree {
    uint32_t n;
    const int32_t *feature, *left, *right;
    const double *threshold, *value, *cover;
    const uint8_t *flags;
};

void ss_trees_init(struct ss_trees *trees, uint32_t n_features);
/* Accepts a zeroed or half-built one. */
void ss_trees_free(struct ss_trees *trees);
/* Checks a tree (indices, one path to each node, features, finite leaves and non-negative covers) and adds
 * it; nodes that the root does not lead to are left out. SS_EDATA with the reason, or SS_ENOMEM. */
int ss_trees_add(struct ss_trees *trees, const struct ss_tree *tree) SS_MUST_CHECK;
/* Copies the names, n_features of them. */
int ss_trees_name(struct ss_trees *trees, const struct ss_str *names) SS_MUST_CHECK;

/* Whether x goes left at an inner node. */
bool ss_trees_goes_left(const struct ss_trees *trees, uint32_t node, double x);
/* The leaf that `row` (n_features values, NaN = missing) reaches in tree t, as a node index. */
uint32_t ss_trees_leaf(const struct ss_trees *trees, uint32_t t, const double *row);
/* The margin by a plain walk: the definition that the scorer is tested against. */
double ss_trees_margin(const struct ss_trees *trees, const double *row);
/* The prediction of a margin. */
double ss_trees_predict(const struct ss_trees *trees, double margin);
/* Total gain is not kept by every format, so importance here is the cover of a feature's splits, summed. */
void ss_trees_cover(const struct ss_trees *trees, double *by_feature);

/*
 * The ensemble as one JSON object, readable, every number such that it reads back the same bits:
 * {"single":true,"link":"logistic","base":..,"slope":1,"features":20,"names":[..],"trees":[{"feature":[..],
 * "threshold":[..],"left":[..],"right":[..],"default_left":[..],"value":[..],"cover":[..]},..]}
 */
void ss_trees_write_json(const struct ss_trees *trees, struct ss_buf *buf);
/* Initialises `trees` and fills it; after a failure (SS_EDATA, SS_ENOMEM) it is freed. */
int ss_trees_read_json(const struct ss_json_value *value, struct ss_trees *trees) SS_MUST_CHECK;

#endif
