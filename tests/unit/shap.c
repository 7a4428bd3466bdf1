/* Contributions against libxgboost's, which computes them in float32. */
#include "tests/tap.h"
#include "tests/model.h"
#include "model/shap.h"

static void check_depth(const struct sample *s, const char *depth)
{
    struct ss_buf model;
    struct ss_xgb *xgb;
    struct ss_trees trees;
    struct ss_shap *shap;
    struct ss_xgb_matrix m = sample_matrix(s);
    uint32_t width = s->features + 1;
    float *want = malloc(s->n * width * sizeof *want);
    double *got = malloc(s->features * sizeof *got), worst = 0, worst_sum = 0;
    m.n = 200;
    train_text(s, 20, depth, NULL, &model);
    if (ss_xgb_load(model.p, model.n, &xgb) < 0 || ss_xgb_predict(xgb, &m, SS_XGB_CONTRIBUTIONS, want) < 0 ||
        ss_import_model(model.p, model.n, &trees) < 0 || ss_shap_new(&trees, &shap) < 0) {
        ok(false, "%s", ss_err_text());
        return;
    }
    for (size_t i = 0; i < m.n; i++) {
        const double *row = s->wide + i * s->features;
        double sum = ss_shap_bias(shap), scale = 1, margin = ss_trees_margin(&trees, row), off;
        ss_shap_explain(shap, row, got);
        for (uint32_t f = 0; f < s->features; f++)
            scale = fabs(got[f]) > scale ? fabs(got[f]) : scale;
        for (uint32_t f = 0; f < s->features; f++) {
            sum += got[f];
            off = fabs(got[f] - want[i * width + f]) / scale;
            worst = off > worst ? off : worst;
        }
        off = fabs(ss_shap_bias(shap) - want[i * width + s->features]) / scale;
        worst = off > worst ? off : worst;
        off = fabs(sum - margin) / scale;
        worst_sum = off > worst_sum ? off : worst_sum;
    }
    ok(worst < 1e-5, "depth %s: contributions and bias are libxgboost's within 1e-5 (%.1e)", depth, worst);
    ok(worst_sum < 2e-6, "depth %s: bias and contributions add up to the margin (%.1e)", depth, worst_sum);
    ss_shap_free(shap);
    ss_trees_free(&trees);
    ss_xgb_free(xgb);
    ss_buf_free(&model);
    free(want);
    free(got);
}

/* By the definition: the average over all orders of features of what each adds to the expectation. */
static double expectation(const struct ss_trees *t, uint32_t node, const double *row, unsigned known)
{
    if (t->feature[node] < 0)
        return t->value[node];
    uint32_t l = node + 1, r = t->right[node];
    if (known >> t->feature[node] & 1)
        return expectation(t, ss_trees_goes_left(t, node, row[t->feature[node]]) ? l : r, row, known);
    double total = t->cover[l] + t->cover[r];
    return (t->cover[l] * expectation(t, l, row, known) + t->cover[r] * expectation(t, r, row, known)) /
           total;
}

static void check_definition(void)
{
    struct sample s = sample_new(500, 6, 11);
    struct ss_buf model;
    struct ss_trees trees;
    struct ss_shap *shap;
    double worst = 0, got[6], factorial[7] = {1, 1, 2, 6, 24, 120, 720};
    train_text(&s, 3, "5", NULL, &model);
    if (ss_import_model(model.p, model.n, &trees) < 0 || ss_shap_new(&trees, &shap) < 0)
        printf("Bail out! %s\n", ss_err_text());
    for (size_t i = 0; i < 20; i++) {
        const double *row = s.wide + i * 6;
        ss_shap_explain(shap, row, got);
        for (unsigned f = 0; f < 6; f++) {
            double phi = 0;
            for (unsigned known = 0; known < 64; known++) {
                if (known >> f & 1)
                    continue;
                int size = __builtin_popcount(known);
                double gain = 0;
                for (uint32_t t = 0; t < trees.n_trees; t++)
                    gain += expectation(&trees, trees.root[t], row, known | 1u << f) -
                            expectation(&trees, trees.root[t], row, known);
                phi += factorial[size] * factorial[5 - size] / factorial[6] * gain;
            }
            worst = fabs(phi - got[f]) > worst ? fabs(phi - got[f]) : worst;
        }
    }
    ok(worst < 1e-12, "contributions are the Shapley values of the definition (%.1e)", worst);
    ss_shap_free(shap);
    ss_trees_free(&trees);
    ss_buf_free(&model);
    sample_free(&s);
}

int main(void)
{
    struct sample s = sample_new(2000, 15, 9);
    check_depth(&s, "1");
    check_depth(&s, "3");
    check_depth(&s, "6");
    check_depth(&s, "10");
    check_definition();
    sample_free(&s);
    return done();
}
