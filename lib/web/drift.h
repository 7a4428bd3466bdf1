/*
 * How far two samples of one quantity lie apart: the population stability index over the ten quantile bins of
 * the earlier one, and a bin for values that are missing,
 *
 *   sum over bins of (now - before) * ln(now / before),
 *
 * `now` and `before` being the shares of the samples that lie in a bin (half a value is added to each bin, so
 * that an empty one does not make it infinite). Customary reading: below 0.1 nothing has moved, above 0.25
 * much has. N. Siddiqi, Credit Risk Scorecards, 2006.
 */
#ifndef SS_WEB_DRIFT_H
#define SS_WEB_DRIFT_H

#include <stddef.h>

#define SS_DRIFT_BINS   10
#define SS_DRIFT_SOME   0.1
#define SS_DRIFT_MUCH   0.25
#define SS_DRIFT_SOURCE "N. Siddiqi, Credit Risk Scorecards, 2006"

struct ss_drift_sample {
    double *value; /* of those that are there; sorted by ss_drift_psi */
    size_t n, missing;
};

/* NaN when either sample is empty. Rounded to 6 decimals. */
double ss_drift_psi(struct ss_drift_sample *before, struct ss_drift_sample *now);
/* The same of counts in bins. */
double ss_drift_of_bins(const double *before, const double *now, size_t bins);

#endif
