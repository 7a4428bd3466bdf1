/*
 * An ensemble compiled for speed. The margin has the same bits as the plain walk of trees.h, and so as the
 * library that trained the model, on every processor, for one row or many.
 *
 * How: whether x < t depends only on x's rank among the thresholds of its feature, so a row becomes one byte
 * a column once, and trees compare bytes (a feature with more than 254 thresholds has several columns;
 * missing values are a rank of their own). Trees are cut into complete blocks of six levels; all 63
 * comparisons of a block are then one byte permutation and one comparison of 64 bytes, with AVX-512 VBMI;
 * without it, six table steps. Batches are turned: one comparison serves 64 rows. Read-only once made:
 * threads may share it.
 */
#ifndef SS_MODEL_SCORER_H
#define SS_MODEL_SCORER_H

#include "model/trees.h"

struct ss_scorer;

enum ss_scorer_path { SS_SCORER_BEST, SS_SCORER_PORTABLE, SS_SCORER_AVX512 };

/* Compiles `trees`, which must outlive the scorer. SS_ENOMEM otherwise. */
int ss_scorer_new(const struct ss_trees *trees, struct ss_scorer **scorer) SS_MUST_CHECK;
void ss_scorer_free(struct ss_scorer *scorer);
/* For tests and benchmarks: false when this processor (or this model) has no such path. */
bool ss_scorer_choose(struct ss_scorer *scorer, enum ss_scorer_path path);
/* "avx512", "portable" or "plain". */
const char *ss_scorer_name(const struct ss_scorer *scorer);

/* The margin of one row of n_features values, NaN = missing. For `single` models it is exactly a float32. */
double ss_scorer_margin(const struct ss_scorer *scorer, const double *row);
/* The margins of n rows that lie `stride` values apart. */
void ss_scorer_margins(const struct ss_scorer *scorer, const double *rows, size_t stride, size_t n,
                       double *margin);
/* The prediction of a margin, as ss_trees_predict. */
double ss_scorer_predict(const struct ss_scorer *scorer, double margin);

#endif
