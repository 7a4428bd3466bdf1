/*
 * Models of other tools into an ensemble that gives the same bits.
 *
 * XGBoost: the JSON that save_model writes (booster gbtree, one output, numerical splits; binary:logistic,
 * reg:logistic, binary:logitraw, reg:squarederror). LightGBM: the text that save_model writes (boosting gbdt
 * or rf's sum, one output, numerical splits; objective binary or a regression on the identity).
 * What cannot be kept exactly is refused with the reason: categorical splits, linear leaves, DART weights,
 * several classes.
 */
#ifndef SS_MODEL_IMPORT_H
#define SS_MODEL_IMPORT_H

#include "model/trees.h"

/* All initialise `trees` and fill it; after a failure (SS_EDATA with the reason, SS_ENOMEM) it is freed. */
int ss_import_xgboost(const char *text, size_t len, struct ss_trees *trees) SS_MUST_CHECK;
int ss_import_lightgbm(const char *text, size_t len, struct ss_trees *trees) SS_MUST_CHECK;
/* Tells the two apart by their first bytes. */
int ss_import_model(const char *text, size_t len, struct ss_trees *trees) SS_MUST_CHECK;

#endif
