/*
 * How features and scores lay in training, so that whoever scores later can tell whether payments still lie
 * so: the model file's member `distribution`. For each input the quantiles that part its values into at most
 * 20 shares (a value that is an edge lies below it), for a categorical one its 20 most frequent texts; for
 * the score the same over the later slice, which the model had not seen. A pure function of the training
 * data, of at most 100,000 payments evenly taken from it.
 */
#ifndef SS_MODEL_DISTRIBUTION_H
#define SS_MODEL_DISTRIBUTION_H

#include "model/fit.h"

#define SS_DISTRIBUTION_BINS 20

/* {"payments":N,"features":[{"name":..,"missing":share,"edges":[..],"shares":[..]},..],"score":{..}}: one
 * share more than there are edges, or texts; SS_ENOMEM. */
int ss_distribution_put(const struct ss_model *model, const struct ss_data *data,
                        const struct ss_fit_report *fit, struct ss_buf *to) SS_MUST_CHECK;

#endif
