/* Training: the same data give the same bytes, stopping early keeps the best round, errors have reasons. */
#include "tests/tap.h"
#include "tests/model.h"
#include "base/number.h"

static int train(const struct sample *s, const struct sample *valid, const struct ss_xgb_options *options,
                 const float *weight, struct ss_buf *model, struct ss_xgb_result *result)
{
    struct ss_xgb_matrix m = sample_matrix(s), v;
    m.weight = weight;
    if (valid)
        v = sample_matrix(valid);
    ss_buf_init(model, 64 << 20);
    return ss_xgb_train(&m, valid ? &v : NULL, options, model, result);
}

static void same_bytes(const struct sample *s)
{
    static const struct ss_xgb_param params[] = {
        {"max_depth", "5"}, {"subsample", "0.8"}, {"colsample_bytree", "0.7"}};
    struct ss_xgb_options options = {.params = params, .n_params = 3, .rounds = 15, .seed = 42};
    struct ss_buf a, b, c;
    struct ss_xgb_result result;
    ok(train(s, NULL, &options, NULL, &a, &result) == 0 && result.rounds == 15 && isnan(result.metric),
       "15 rounds are trained");
    int err = train(s, NULL, &options, NULL, &b, &result);
    ok(err == 0 && a.n == b.n && memcmp(a.p, b.p, a.n) == 0, "the same seed gives the same bytes");
    options.seed = 43;
    err = train(s, NULL, &options, NULL, &c, &result);
    ok(err == 0 && (a.n != c.n || memcmp(a.p, c.p, a.n) != 0), "another seed gives another model");
    ss_buf_free(&a);
    ss_buf_free(&b);
    ss_buf_free(&c);
}

static double logloss(const struct sample *s, const struct ss_trees *trees)
{
    double sum = 0;
    for (size_t i = 0; i < s->n; i++) {
        double p = ss_trees_predict(trees, ss_trees_margin(trees, s->wide + i * s->features));
        sum -= log(s->label[i] > 0 ? p : 1 - p);
    }
    return sum / (double)s->n;
}

static void stops_early(const struct sample *s, const struct sample *valid)
{
    static const struct ss_xgb_param params[] = {{"max_depth", "6"}, {"eta", "0.5"}};
    struct ss_xgb_options options = {
        .params = params, .n_params = 2, .rounds = 200, .patience = 5, .metric = "logloss", .seed = 1};
    struct ss_buf model;
    struct ss_xgb_result result;
    struct ss_trees trees;
    int err = train(s, valid, &options, NULL, &model, &result);
    if (err == 0)
        err = ss_import_model(model.p, model.n, &trees);
    if (!ok(err == 0 && result.rounds > 0 && result.rounds < 100, "stops long before 200 rounds (%d)",
            result.rounds)) {
        printf("# %s\n", ss_err_text());
        return;
    }
    ok(trees.n_trees == (uint32_t)result.rounds, "keeps the rounds up to the best");
    ok(fabs(logloss(valid, &trees) - result.metric) < 1e-5, "whose metric is what the model has (%.6f)",
       result.metric);
    ss_trees_free(&trees);
    ss_buf_free(&model);
    options.metric = NULL;
    err = train(s, valid, &options, NULL, &model, &result);
    ok(err == 0 && result.metric > 0.3 && result.metric <= 1, "average precision is the usual metric (%.4f)",
       result.metric);
    ss_buf_free(&model);
}

static void weights_count(const struct sample *s)
{
    struct ss_xgb_options options = {.rounds = 5};
    struct ss_buf a, b;
    struct ss_xgb_result result;
    float *weight = malloc(s->n * sizeof *weight);
    for (size_t i = 0; i < s->n; i++)
        weight[i] = s->label[i] > 0 ? 20 : 1;
    int err = train(s, NULL, &options, NULL, &a, &result);
    if (err == 0)
        err = train(s, NULL, &options, weight, &b, &result);
    struct ss_trees plain, weighted;
    if (err == 0 && ss_import_model(a.p, a.n, &plain) == 0 && ss_import_model(b.p, b.n, &weighted) == 0) {
        double p = 0, q = 0;
        for (size_t i = 0; i < 200; i++) {
            p += ss_trees_margin(&plain, s->wide + i * s->features);
            q += ss_trees_margin(&weighted, s->wide + i * s->features);
        }
        ok(q > p, "weights of the positives raise the margins");
        ss_trees_free(&plain);
        ss_trees_free(&weighted);
    } else {
        ok(false, "%s", ss_err_text());
    }
    ss_buf_free(&a);
    ss_buf_free(&b);
    free(weight);
}

static void faults(const struct sample *s)
{
    static const struct ss_xgb_param bad = {"max_depth", "deep"};
    struct ss_xgb_options options = {.params = &bad, .n_params = 1, .rounds = 2};
    struct ss_buf model;
    struct ss_xgb_result result;
    struct ss_xgb *xgb;
    int err = train(s, NULL, &options, NULL, &model, &result);
    if (!ok(err == SS_EDATA && strstr(ss_err_text(), "max_depth"), "a bad parameter is named"))
        printf("# %s\n", err < 0 ? ss_err_text() : "accepted");
    ss_buf_free(&model);
    struct sample none = *s;
    none.n = 0;
    options.n_params = 0;
    ok(train(&none, NULL, &options, NULL, &model, &result) == SS_EDATA, "no rows are an error");
    ss_buf_free(&model);
    ok(ss_xgb_load("{\"learner\":1}", 13, &xgb) == SS_EDATA, "a broken model is refused: %s", ss_err_text());
}

int main(void)
{
    struct sample s = sample_new(4000, 12, 21), valid = sample_new(2000, 12, 22);
    same_bytes(&s);
    stops_early(&s, &valid);
    weights_count(&s);
    faults(&s);
    sample_free(&s);
    sample_free(&valid);
    return done();
}
