/*
 * Why this score: the exact contribution of each feature to a margin. Tree SHAP, path-dependent (Lundberg et
 * al. 2020, "From local explanations to global understanding", algorithm 2), from the covers of the nodes:
 *
 *   margin = bias + sum of contributions,  bias = the margin's expectation over the training data.
 *
 * In doubles, in time nodes x distinct features on a path (shap.c): for 200 trees of depth 6 a tenth of what
 * libxgboost takes, and still some hundred times a margin. So it is for the records that matter, not for
 * each.
 */
#ifndef SS_MODEL_SHAP_H
#define SS_MODEL_SHAP_H

#include "model/trees.h"

struct ss_shap;

/* Holds a pointer to `trees`, which must outlive it, and working memory: one a thread. */
int ss_shap_new(const struct ss_trees *trees, struct ss_shap **shap) SS_MUST_CHECK;
void ss_shap_free(struct ss_shap *shap);
/* The margin's expectation: the same for every row. */
double ss_shap_bias(const struct ss_shap *shap);
/* Sets contribution[0 .. n_features) for one row. */
void ss_shap_explain(struct ss_shap *shap, const double *row, double *contribution);

#endif
