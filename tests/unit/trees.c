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

static void check_trained(const struct sample *s, int rounds, const char *depth, const char *name,
                          const char *value, const char *what)
{
    struct ss_buf model;
    struct ss_xgb_param more = {name, value};
    train_text(s, rounds, depth, name ? &more : NULL, &model);
    check_model(s, model.p, model.n, what);
    ss_buf_free(&model);
}

/* A random tree of any shape: thresholds from a few values and their neighbours, both default sides, zeros
 * that are missing, infinities. */
static uint32_t grow_tree(struct ss_rng *rng, struct ss_tree *tree, uint32_t features, uint32_t depth)
{
    static const double values[] = {0, -1, 2.5, 1e-35, -1e-36, 1e300, INFINITY, -INFINITY, 3, 0.1};
    uint32_t i = tree->n++;
    ((double *)tree->cover)[i] = 1;
    ((int32_t *)tree->feature)[i] = -1;
    ((double *)tree->value)[i] = ss_rng_unit(rng) - 0.5;
    if (depth == 0 || tree->n > 900 || ss_rng_below(rng, 8) == 0)
        return i;
    double cut = values[ss_rng_below(rng, SS_COUNT(values))];
    cut = ss_rng_below(rng, 3) ? cut + (double)ss_rng_below(rng, 400) : nextafter(cut, INFINITY);
    ((double *)tree->threshold)[i] = cut;
    ((uint8_t *)tree->flags)[i] = (uint8_t)ss_rng_below(rng, 4);
    ((int32_t *)tree->feature)[i] = (int32_t)ss_rng_below(rng, features);
    bool skinny = ss_rng_below(rng, 2);
    uint32_t l = grow_tree(rng, tree, features, skinny ? 0 : depth - 1);
    ((int32_t *)tree->left)[i] = (int32_t)l;
    uint32_t r = grow_tree(rng, tree, features, depth - 1);
    ((int32_t *)tree->right)[i] = (int32_t)r;
    return i;
}

static double random_value(struct ss_rng *rng)
{
    static const double values[] = {NAN, 0, -0.0, 1e-36, -1e-36, INFINITY, -INFINITY, 1e300, -1e300, 2.5};
    return ss_rng_below(rng, 2) ? values[ss_rng_below(rng, SS_COUNT(values))]
                                : (double)ss_rng_below(rng, 400) - (double)ss_rng_below(rng, 2) / 2;
}

static size_t random_faults(struct ss_rng *rng, bool single, uint32_t features, uint32_t depth)
{
    enum { ROWS = 90, NODES = 1000 };
    static int32_t feature[NODES], left[NODES], right[NODES];
    static double threshold[NODES], value[NODES], cover[NODES], rows[ROWS * 40], margin[ROWS];
    static uint8_t flags[NODES];
    struct ss_tree tree = {0, feature, left, right, threshold, value, cover, flags};
    struct ss_trees trees;
    struct ss_scorer *scorer;
    size_t bad = 0;
    ss_trees_init(&trees, features);
    trees.single = single;
    trees.base = 0.25;
    for (uint64_t t = ss_rng_below(rng, 21); t > 0; t--) {
        tree.n = 0;
        grow_tree(rng, &tree, features, depth);
        bad += ss_trees_add(&trees, &tree) < 0;
    }
    for (size_t i = 0; i < ROWS * features; i++)
        rows[i] = random_value(rng);
    if (ss_scorer_new(&trees, &scorer) < 0)
        return 1;
    for (enum ss_scorer_path path = SS_SCORER_BEST; path <= SS_SCORER_AVX512; path++) {
        if (!ss_scorer_choose(scorer, path))
            continue;
        ss_scorer_margins(scorer, rows, features, ROWS, margin);
        for (size_t i = 0; i < ROWS; i++) {
            double want = ss_trees_margin(&trees, rows + i * features);
            double alone = ss_scorer_margin(scorer, rows + i * features);
            bad += memcmp(&want, &margin[i], sizeof want) != 0 || memcmp(&want, &alone, sizeof want) != 0;
        }
    }
    ss_scorer_free(scorer);
    ss_trees_free(&trees);
    return bad;
}

static void check_random(void)
{
    struct ss_rng rng;
    size_t bad = 0;
    ss_rng_seed(&rng, 5);
    for (int round = 0; round < 80 && bad == 0; round++)
        bad = random_faults(&rng, round % 2, 1 + round % 40, (uint32_t)(round % 60));
    ok(bad == 0,
       "80 random ensembles of any shape, float and double: every path is the plain walk, to the bit");
}

static void check_limits(void)
{
    enum { DEEP = 2 * SS_TREES_MAX_DEPTH + 3 };
    static int32_t feature[DEEP], left[DEEP], right[DEEP];
    static double number[DEEP];
    static uint8_t flags[DEEP];
    struct ss_trees trees;
    for (int32_t i = 0; i < DEEP; i++) {
        feature[i] = i % 2 || i + 2 >= DEEP ? -1 : 0;
        left[i] = i + 1;
        right[i] = i + 2;
    }
    ss_trees_init(&trees, 1);
    struct ss_tree tree = {DEEP, feature, left, right, number, number, number, flags};
    ok(ss_trees_add(&trees, &tree) == SS_EDATA, "%s", ss_err_text());
    feature[DEEP - 3] = -1;
    ok(ss_trees_add(&trees, &tree) == 0 && trees.depth == SS_TREES_MAX_DEPTH, "one level less is accepted");
    tree.n = 0;
    ok(ss_trees_add(&trees, &tree) == SS_EDATA, "%s", ss_err_text());
    ss_trees_free(&trees);
}

int main(void)
{
    struct sample s = sample_new(2000, 20, 7), wide = sample_new(1000, 150, 8),
                  wider = sample_new(1000, 300, 9);
    static const char *const depth[] = {"1", "2", "3", "4", "5", "6", "7", "8", "12"};
    for (size_t i = 0; i < SS_COUNT(depth); i++) {
        char what[40];
        snprintf(what, sizeof what, "depth %s", depth[i]);
        check_trained(&s, 18, depth[i], NULL, NULL, what);
    }
    check_trained(&s, 60, "8", "tree_method", "exact", "more than 255 thresholds");
    check_trained(&wide, 25, "6", "colsample_bytree", "0.5", "more than 128 columns");
    check_trained(&wider, 45, "7", "colsample_bytree", "0.3", "more than 256 columns");
    check_random();
    check_limits();
    sample_free(&s);
    sample_free(&wide);
    sample_free(&wider);
    return done();
}
