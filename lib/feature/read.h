/* The values of window features, from the state that its windows have reached. Formulas are in the .c file.
 */
#ifndef SS_FEATURE_READ_H
#define SS_FEATURE_READ_H

#include "feature/window.h"

/* Sets the features of `read` (n of them) in the row; NaN for null. */
void ss_read_all(const struct ss_feature_plan *plan, const struct ss_scope *sc, const struct ss_read *read,
                 uint32_t n, struct ss_row *row);

/* The formulas, for those who hold integers: sums in units of 1/scale. */
double ss_read_mean(__int128 sum, uint64_t n, double scale);
/* Sample standard deviation (n - 1), six decimals; NaN below two values. */
double ss_read_std(__int128 sum, __int128 squares, uint64_t n, double scale);

#endif
