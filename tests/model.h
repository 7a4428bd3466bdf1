/* Random data and models for the tests of lib/model: seeded, so that a failure can be looked at again. */
#ifndef TESTS_MODEL_H
#define TESTS_MODEL_H

#include "base/err.h"
#include "base/rng.h"
#include "model/import.h"
#include "model/scorer.h"
#include "model/xgb.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct sample {
    size_t n;
    uint32_t features;
    float *rows;
    double *wide; /* the same rows as doubles */
    float *label;
};

/* Features of several kinds (continuous, few values, heavy tail), some missing, a label that depends on them.
 */
__attribute__((unused)) static struct sample sample_new(size_t n, uint32_t features, uint64_t seed)
{
    struct ss_rng rng;
    struct sample s = {n, features, malloc(n * features * sizeof(float)),
                       malloc(n * features * sizeof(double)), malloc(n * sizeof(float))};
    ss_rng_seed(&rng, seed);
    for (size_t i = 0; i < n; i++) {
        double signal = -1.5;
        for (uint32_t f = 0; f < features; f++) {
            double u = ss_rng_unit(&rng), x = f % 3 == 0 ? u : f % 3 == 1 ? floor(u * 7) : 5 / (u + 0.01);
            if (f % 4 == 1 && ss_rng_unit(&rng) < 0.05)
                x = NAN;
            s.rows[i * features + f] = (float)x;
            s.wide[i * features + f] = (double)(float)x;
            signal += isnan(x) ? 0.4 : f < 6 ? (x > (f % 3 == 0 ? 0.7 : 3) ? 0.8 : -0.3) * (1 + f % 2) : 0;
        }
        s.label[i] = ss_rng_unit(&rng) < 1 / (1 + exp(-signal));
    }
    return s;
}

__attribute__((unused)) static void sample_free(struct sample *s)
{
    free(s->rows);
    free(s->wide);
    free(s->label);
}

__attribute__((unused)) static struct ss_xgb_matrix sample_matrix(const struct sample *s)
{
    return (struct ss_xgb_matrix){s->rows, s->n, s->features, s->label, NULL};
}

/* Trains on the sample; exits with the library's reason when that fails. */
__attribute__((unused)) static void train_text(const struct sample *s, int rounds, const char *depth,
                                               const struct ss_xgb_param *more, struct ss_buf *model)
{
    struct ss_xgb_param params[2] = {{"max_depth", depth}};
    struct ss_xgb_matrix m = sample_matrix(s);
    struct ss_xgb_result result;
    if (more)
        params[1] = *more;
    struct ss_xgb_options options = {.params = params, .n_params = more ? 2 : 1, .rounds = rounds, .seed = 1};
    ss_buf_init(model, 256 << 20);
    if (ss_xgb_train(&m, NULL, &options, model, &result) < 0) {
        printf("Bail out! %s\n", ss_err_text());
        exit(1);
    }
}

#endif
