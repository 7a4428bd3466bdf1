/*
 * Training with libxgboost, behind one file. The library is loaded at the first call, so that commands which
 * only score do not pay for its start (2.7 ms and 6.7 MB when linked). Prediction through it is for tests and
 * benchmarks: scorer.h is the one to use. The same data, parameters, seed and thread count give the same
 * model bytes.
 */
#ifndef SS_MODEL_XGB_H
#define SS_MODEL_XGB_H

#include "base/attr.h"
#include "base/buf.h"
#include <stdbool.h>
#include <stdint.h>

struct ss_xgb_matrix {
    const float *rows; /* n x features, row after row; NaN = missing */
    size_t n;
    uint32_t features;
    const float *label;  /* n of them; NULL for prediction */
    const float *weight; /* n of them, or NULL for all ones */
};

struct ss_xgb_param {
    const char *name, *value; /* as in XGBoost's documentation: {"max_depth", "6"} */
};

/* True for the parameters of trees and their objective; the library takes any other name without a word. Its
 * seed, threads and metric are options of their own. */
bool ss_xgb_has_param(const char *name);

struct ss_xgb_options {
    const struct ss_xgb_param *params; /* over the defaults: objective binary:logistic, tree_method hist */
    size_t n_params;
    int rounds;   /* at most so many trees */
    int patience; /* stop when the metric has not improved for so many rounds; 0 = never (needs `valid`) */
    const char *metric; /* of `valid`: "aucpr" (NULL too), "auc", "logloss" */
    uint64_t seed;
    int threads; /* 0 = 1: sums depend on their number in the last bit */
};

struct ss_xgb_result {
    int rounds;    /* trees kept: those up to the best round */
    double metric; /* of `valid` at that round; NaN without one */
};

/* Trains and appends the model as XGBoost's JSON to `model`. `valid` may be NULL. SS_EDATA with the library's
 * reason, SS_ENOMEM, or SS_EBUG when the library cannot be loaded. */
int ss_xgb_train(const struct ss_xgb_matrix *train, const struct ss_xgb_matrix *valid,
                 const struct ss_xgb_options *options, struct ss_buf *model,
                 struct ss_xgb_result *result) SS_MUST_CHECK;

/* A model loaded into the library itself. */
struct ss_xgb;
int ss_xgb_load(const char *json, size_t len, struct ss_xgb **xgb) SS_MUST_CHECK;
void ss_xgb_free(struct ss_xgb *xgb);

enum ss_xgb_output { SS_XGB_PROBABILITY, SS_XGB_MARGIN, SS_XGB_CONTRIBUTIONS };
/* `out` has n values, or n x (features + 1) contributions, the bias last. */
int ss_xgb_predict(struct ss_xgb *xgb, const struct ss_xgb_matrix *matrix, enum ss_xgb_output what,
                   float *out) SS_MUST_CHECK;
/* The library's fastest call (in place, one thread): margins of n rows. For benchmarks. */
int ss_xgb_predict_inplace(struct ss_xgb *xgb, const float *rows, size_t n, uint32_t features,
                           float *out) SS_MUST_CHECK;

#endif
