/*
 * Fitting a model: from training data and options to trees, forest, calibration and levels.
 *
 * The rows are put in time order; the later slice (a share of them) is set aside. On the earlier part the
 * forest and the trees are fitted (weights and SMOTE touch only this part), the later slice says when to
 * stop, how well it does, how outputs become probabilities, and where levels begin. Then, unless `keep_part`,
 * forest and trees are fitted once more on all rows with the rounds that were best; calibration and levels
 * stay. The same data, options and seed give the same model.
 */
#ifndef SS_MODEL_FIT_H
#define SS_MODEL_FIT_H

#include "model/data.h"
#include "model/file.h"
#include "model/xgb.h"

#define SS_FIT_PARAMS_MAX 64
#define SS_FIT_BAG_MAX    256

struct ss_fit_options {
    enum ss_model_kind kind;
    uint64_t seed;
    struct ss_xgb_param param[SS_FIT_PARAMS_MAX]; /* the user's, over the defaults */
    size_t n_params;
    const int8_t *monotone; /* of each input: 1, 0, -1; NULL for none */
    int rounds, patience;   /* patience 0: all rounds */
    const char *metric;     /* of early stopping; NULL = aucpr */
    int bag;                /* so many boosters with seeds of their own, averaged as margins; at least 1 */
    double weight;          /* of a fraud; 0 = balanced (genuine / frauds), 1 = as it is */
    double smote;           /* frauds per genuine payment after SMOTE; 0 = none */
    double validation;      /* share of the rows in the later slice; 0 = none */
    bool keep_part;         /* do not fit again on all rows */
    enum ss_calibration_method calibration;
    uint32_t forest_trees, forest_sample;
    double contamination; /* share of records to be looked at, where there are no labels to calibrate on */
    bool default_levels;
    int threads;
};

/* What came of it; arrays are malloc'ed and freed by ss_fit_report_free. */
struct ss_fit_report {
    size_t rows, positives, unlabelled; /* as given */
    int64_t from_us, to_us, later_us;   /* first and last time; first of the later slice */
    uint64_t hash;                      /* ss_data_hash in time order */
    size_t early, early_positives, synthetic;
    int rounds;
    size_t n; /* the later slice's labelled rows: */
    double *raw, *value;
    int8_t *label;
    double *gain;        /* share of the total gain of each column (ss_model_width), all 0 for a forest */
    const char *warning; /* a literal: why something asked for could not be done; NULL */
};

/* Defaults that fit fraud data of some thousand to some million payments. */
void ss_fit_defaults(struct ss_fit_options *options);
/* `model` has its kind, inputs and feature file; `data` has width ss_model_width(model), the last column of
 * `both` being filled here; its rows are reordered. SS_EDATA when the data do not allow a model. */
int ss_fit(struct ss_model *model, struct ss_data *data, const struct ss_fit_options *options,
           struct ss_fit_report *report) SS_MUST_CHECK;
/* Calibrates a model that came with trees (an import) on all labelled rows. */
int ss_fit_calibration(struct ss_model *model, struct ss_data *data, const struct ss_fit_options *options,
                       struct ss_fit_report *report) SS_MUST_CHECK;
void ss_fit_report_free(struct ss_fit_report *report);

/* Adds the gain of each split in an XGBoost JSON model to gain[feature]; n_features of them. */
int ss_gain_add(const char *json, size_t len, double *gain, uint32_t n_features) SS_MUST_CHECK;

#endif
