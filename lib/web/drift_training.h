/*
 * The training data that a model tells of (`distribution` in ss-model(5)), as what payments of today are held
 * against. Beside the stability index the distance of Kolmogorov and Smirnov is given for numbers: the
 * largest difference between the shares below an edge, over training's edges, so it is never more than the
 * true one.
 */
#ifndef SS_WEB_DRIFT_TRAINING_H
#define SS_WEB_DRIFT_TRAINING_H

#include "web/drift.h"
#include "web/web.h"

struct ss_trained_feature {
    struct ss_str name;
    double missing; /* share */
    bool is_text;
    size_t bins;          /* shares; edges and texts are one fewer */
    const double *edge;   /* of a number, rising */
    struct ss_str *value; /* of a text */
    const double *share;  /* of those that were there */
};

struct ss_trained {
    struct ss_str model;
    double payments;
    size_t features;
    struct ss_trained_feature *feature;
    struct ss_trained_feature score; /* bins == 0: not told */
};

/* 1 when the model that scores here tells of its training, 0 when not. In the call's arena. */
int ss_trained_read(struct ss_call *call, struct ss_trained *trained) SS_MUST_CHECK;
/* The number that stands for a text in a sample: its place among the values, behind them for any other. */
double ss_trained_text(const struct ss_trained_feature *feature, struct ss_str text);
/* NaN where a feature has none, or nothing was there to compare. */
void ss_trained_compare(const struct ss_trained *trained, const struct ss_trained_feature *feature,
                        const struct ss_drift_sample *now, double *psi, double *ks);

#endif
