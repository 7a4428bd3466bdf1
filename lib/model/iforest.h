/*
 * Isolation forest (Liu, Ting & Zhou, "Isolation Forest", ICDM 2008): trees that split at random; what is
 * isolated after few splits is unusual. No labels are needed.
 *
 *   score(x) = 2 ^ (-mean over trees of (depth + c(rows in the leaf)) / c(sample))       in (0, 1], high =
 * odd c(n) = 2 H(n-1) - 2 (n-1)/n, with H(i) = ln i + 0.5772156649, c(2) = 1, c(1) = 0
 *
 * scikit-learn calls -score `score_samples` and -score - offset `decision_function`; on an exported forest
 * ours are equal to 1e-12. Rows are float32, as there. A missing value (NaN) takes the feature's training
 * median.
 *
 * Nodes of all trees lie in one array, siblings side by side, leaves pointing at themselves: a walk is
 * `at = node[at].left + !(x <= threshold)`, repeated to the tree's depth, without a branch, for eight rows at
 * once so that their cache misses overlap.
 */
#ifndef SS_MODEL_IFOREST_H
#define SS_MODEL_IFOREST_H

#include "base/arena.h"
#include "base/attr.h"
#include "base/buf.h"
#include "json/doc.h"
#include <stddef.h>
#include <stdint.h>

#define SS_IFOREST_FEATURES_MAX 1024
#define SS_IFOREST_TREES_MAX    10000
#define SS_IFOREST_DEPTH_MAX    64
#define SS_IFOREST_NODES_MAX    (1u << 25)

struct ss_iforest_node {
    float threshold; /* a leaf's is +infinity */
    uint32_t feature;
    uint32_t left; /* the right child is left + 1; a leaf's is itself */
};

struct ss_iforest {
    uint32_t n_features, n_trees, n_nodes;
    uint32_t sample;              /* rows each tree was grown from */
    double offset;                /* decision = -score - offset; -0.5 unless an import says otherwise */
    double scale;                 /* 1 / (n_trees * c(sample)) */
    uint32_t *root, *depth;       /* of each tree; depth = most splits on a way down */
    struct ss_iforest_node *node; /* n_nodes */
    uint32_t *size;               /* training rows that reached each node */
    double *path;                 /* a leaf's depth + c(size); 0 in inner nodes */
    float *fill;                  /* what a missing value of each feature counts as */
};

struct ss_iforest_params {
    uint32_t trees;  /* 100 */
    uint32_t sample; /* 256; fewer when there are fewer rows */
    uint64_t seed;
};

/* Grows a forest on n rows of n_features floats (NaN = missing), `stride` floats apart. Everything lives in
 * `arena`. SS_EUSAGE when the parameters or the sizes are out of range, SS_ENOMEM. Same rows, same seed, same
 * forest. */
int ss_iforest_fit(struct ss_iforest *forest, const float *rows, size_t n, uint32_t n_features, size_t stride,
                   const struct ss_iforest_params *params, struct ss_arena *arena) SS_MUST_CHECK;

/* Scores n rows, each `stride` floats after the one before. score[i] does not depend on the other rows. */
void ss_iforest_score(const struct ss_iforest *forest, const float *rows, size_t n, size_t stride,
                      double *score);

static inline double ss_iforest_decision(const struct ss_iforest *forest, double score)
{
    return -score - forest->offset;
}

/* {"sample":..,"offset":..,"fill":[..],"trees":[{"feature":[..],"threshold":[..],"left":[..],"right":[..],
 * "size":[..]}]}: per node, feature -1 in leaves. scikit-learn's tree_ arrays fit as they are. */
void ss_iforest_write_json(const struct ss_iforest *forest, struct ss_buf *to);
/* Checks everything: sizes, that each tree is one, that features exist. SS_EDATA with the reason. */
int ss_iforest_read_json(struct ss_iforest *forest, const struct ss_json_value *json, uint32_t n_features,
                         struct ss_arena *arena) SS_MUST_CHECK;

/* For those who fill a forest (n_features, n_trees, sample, offset set): memory for at most `nodes` nodes,
 * one node, and last the scale. Roots, depths and n_nodes are the caller's. */
int ss_iforest_alloc(struct ss_iforest *forest, uint32_t nodes, struct ss_arena *arena) SS_MUST_CHECK;
void ss_iforest_inner(struct ss_iforest *forest, uint32_t at, uint32_t feature, float cut, uint32_t left,
                      uint32_t size);
void ss_iforest_leaf(struct ss_iforest *forest, uint32_t at, uint32_t size, uint32_t depth);
void ss_iforest_seal(struct ss_iforest *forest);

/* c(n) above: the mean depth of an unsuccessful search in a binary tree of n. */
double ss_iforest_mean_depth(double n);

#endif
