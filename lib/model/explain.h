/*
 * Why a record got its score: the inputs that raised it most, each with what its value means.
 *
 * Impacts are exact path-dependent Tree SHAP values (shap.h): for gbt and both, of the trees' margin (log
 * odds before calibration); for a forest alone, of log2 of its score, since its trees' mean path is a sum of
 * trees as well. The impacts of all inputs and a constant add up to the output. Rounded to four decimals.
 */
#ifndef SS_MODEL_EXPLAIN_H
#define SS_MODEL_EXPLAIN_H

#include "model/file.h"
#include "model/sentence.h"

#define SS_REASONS_MAX 5

struct ss_explainer;

/*
 * For one model and one thread. about[j] says what input j is; ss_model_width of them (copied; their texts
 * must live as long). SS_ENOMEM.
 */
int ss_explainer_new(const struct ss_model *model, const struct ss_about *about,
                     struct ss_explainer **explainer) SS_MUST_CHECK;
void ss_explainer_free(struct ss_explainer *explainer); /* accepts NULL */

/*
 * Appends [{"code":..,"feature":..,"value":..,"impact":..,"text":..},...]: of the inputs with a positive
 * impact the three largest, and up to two more that reach a tenth of the largest. `row` is what
 * ss_model_predict scored.
 */
void ss_explain(struct ss_explainer *explainer, const double *row, struct ss_buf *to);

#endif
