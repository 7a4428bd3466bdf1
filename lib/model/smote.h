/*
 * SMOTE (Chawla, Bowyer, Hall & Kegelmeyer, JAIR 2002): new frauds between a fraud and one of its five
 * nearest frauds. For the training part only: what is measured or calibrated on must stay real.
 *
 * Distances are Euclidean over features divided by their standard deviation among the frauds; a feature that
 * one of the two lacks counts as one deviation. Neighbours are sought among at most 2,000 frauds, drawn with
 * the seed. A feature of a new fraud is missing with either parent's being so.
 */
#ifndef SS_MODEL_SMOTE_H
#define SS_MODEL_SMOTE_H

#include "model/data.h"
#include <stdint.h>

#define SS_SMOTE_NEIGHBOURS 5
#define SS_SMOTE_FRAUDS_MAX 2000

/*
 * Makes so many new frauds from rows [0, n) of `data` that frauds become `ratio` (0 < ratio <= 1) of the
 * genuine ones, as n_new rows of data->width floats in *rows (malloc). None when there are already enough, or
 * fewer than two frauds. `categorical[j]` (may be NULL) marks inputs whose value is one parent's, never
 * between. SS_ENOMEM.
 */
int ss_smote(const struct ss_data *data, size_t n, double ratio, const uint8_t *categorical, uint64_t seed,
             float **rows, size_t *n_new) SS_MUST_CHECK;

#endif
