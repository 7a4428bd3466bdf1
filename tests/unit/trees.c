/* The ensemble and its scorers against libxgboost: the same bits, on every path, alone and in batches. */
#include "tests/tap.h"
#include "tests/model.h"

static size_t differ(const float *want, const double *got, size_t n)
{
    size_t bad = 0;
    for (size_t i = 0; i < n; i++) {
        float f = (float)got[i];
        bad += memcmp(&f, &want[i], sizeof f) != 0 || (double)f != got[i];
    }
    return bad;
}

static void check_path(struct ss_scorer *scorer, const struct sample *s, const float *want, const char *what)
{
    double *got = malloc(s->n * sizeof *got);
    static const size_t batch[] = {1, 3, 15, 16, 17, 63, 64, 65, 128, 200, 1000000};
    size_t bad = 0, at = 0, k = 0;
    for (size_t i = 0; i < s->n; i++)
        got[i] = ss_scorer_margin(scorer, s->wide + i * s->features);
    ok(differ(want, got, s->n) == 0, "%s, %s, row by row: the bits of libxgboost", what,
       ss_scorer_name(scorer));
    while (at < s->n) {
        size_t n = batch[k++ % SS_COUNT(batch)];
        n = n < s->n - at ? n : s->n - at;
        memset(got, 0xff, n * sizeof *got);
        ss_scorer_margins(scorer, s->wide + at * s->features, s->features, n, got);
        bad += differ(want + at, got, n);
        at += n;
    }
    ok(bad == 0, "%s, %s, batches of many sizes: the bits of libxgboost", what, ss_scorer_name(scorer));
    free(got);
}

static void check_model(const struct sample *s, const char *text, size_t len, const char *what)
{
    struct ss_xgb *xgb;
    struct ss_trees trees;
    struct ss_scorer *scorer;
    struct ss_xgb_matrix m = sample_matrix(s);
    float *margin = malloc(s->n * sizeof *margin), *proba = malloc(s->n * sizeof *proba);
    double *got = malloc(s->n * sizeof *got), *got_proba = malloc(s->n * sizeof *got);
    if (ss_xgb_load(text, len, &xgb) < 0 || ss_xgb_predict(xgb, &m, SS_XGB_MARGIN, margin) < 0 ||
        ss_xgb_predict(xgb, &m, SS_XGB_PROBABILITY, proba) < 0 || ss_import_model(text, len, &trees) < 0 ||
        ss_scorer_new(&trees, &scorer) < 0) {
        ok(false, "%s: %s", what, ss_err_text());
        return;
    }
    for (size_t i = 0; i < s->n; i++) {
        got[i] = ss_trees_margin(&trees, s->wide + i * s->features);
        got_proba[i] = ss_trees_predict(&trees, got[i]);
    }
    ok(differ(margin, got, s->n) == 0, "%s (%u trees, depth %u): the plain walk has libxgboost's bits", what,
       trees.n_trees, trees.depth);
    ok(differ(proba, got_proba, s->n) == 0, "%s: so has the probability", what);
    if (ss_scorer_choose(scorer, SS_SCORER_PORTABLE))
        check_path(scorer, s, margin, what);
    if (ss_scorer_choose(scorer, SS_SCORER_AVX512))
        check_path(scorer, s, margin, what);
    ss_scorer_choose(scorer, SS_SCORER_BEST);
    check_path(scorer, s, margin, what);
    ss_scorer_free(scorer);
    ss_trees_free(&trees);
    ss_xgb_free(xgb);
    free(margin);
    free(proba);
    free(got);
    free(got_proba);
}

int main(void)
{
    struct sample s = sample_new(3000, 20, 7);
    static const char *const depth[] = {"1", "2", "3", "4", "5", "6", "7", "8", "12"};
    for (size_t i = 0; i < SS_COUNT(depth); i++) {
        char what[40];
        struct ss_buf model;
        train_text(&s, 25, depth[i], NULL, &model);
        snprintf(what, sizeof what, "depth %s", depth[i]);
        check_model(&s, model.p, model.n, what);
        ss_buf_free(&model);
    }
    sample_free(&s);
    return done();
}
