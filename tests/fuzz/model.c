/* Model files of any kind: refused, or accepted and then scored alike by every path. */
#include "base/err.h"
#include "model/import.h"
#include "model/scorer.h"
#include "model/shap.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const unsigned char *bytes, size_t len);

static void fail_if(bool wrong, const char *what)
{
    if (wrong) {
        fprintf(stderr, "model: %s\n", what);
        abort();
    }
}

static void score(const struct ss_trees *trees)
{
    enum { ROWS = 40 };
    static const double values[] = {0, 1, -1, 0.5, 1e300, -1e300, 1e-36, 3, 100};
    double *rows = malloc((size_t)ROWS * trees->n_features * sizeof *rows), margin[ROWS];
    struct ss_scorer *scorer;
    for (size_t i = 0; i < (size_t)ROWS * trees->n_features; i++)
        rows[i] = i % 11 == 5 ? NAN : values[i % 9] * (double)(1 + i % 4);
    fail_if(ss_scorer_new(trees, &scorer) < 0, ss_err_text());
    static const enum ss_scorer_path paths[] = {SS_SCORER_PORTABLE, SS_SCORER_AVX512, SS_SCORER_BEST};
    for (int p = 0; p < 3; p++) {
        if (!ss_scorer_choose(scorer, paths[p]))
            continue;
        ss_scorer_margins(scorer, rows, trees->n_features, ROWS, margin);
        for (int i = 0; i < ROWS; i++) {
            double want = ss_trees_margin(trees, rows + (size_t)i * trees->n_features);
            double alone = ss_scorer_margin(scorer, rows + (size_t)i * trees->n_features);
            fail_if(memcmp(&want, &margin[i], sizeof want) != 0 && !isnan(want), "batch differs from walk");
            fail_if(memcmp(&want, &alone, sizeof want) != 0 && !isnan(want), "row differs from walk");
        }
    }
    ss_scorer_free(scorer);
    struct ss_shap *shap;
    if (trees->depth <= 20 && trees->n_nodes < 2000) {
        fail_if(ss_shap_new(trees, &shap) < 0, ss_err_text());
        ss_shap_explain(shap, rows, rows + trees->n_features);
        ss_shap_free(shap);
    }
    free(rows);
}

static void round_trip(const struct ss_trees *trees)
{
    struct ss_buf text;
    struct ss_arena arena;
    const struct ss_json_value *root;
    struct ss_trees again;
    ss_buf_init(&text, 64 << 20);
    ss_arena_init(&arena, 256 << 20);
    ss_trees_write_json(trees, &text);
    fail_if(ss_buf_check(&text) < 0 || ss_json_parse(text.p, text.n, &arena, &root) < 0, ss_err_text());
    fail_if(ss_trees_read_json(root, &again) < 0, ss_err_text());
    fail_if(again.n_nodes != trees->n_nodes, "the JSON form changed the number of nodes");
    for (uint32_t i = 0; i < trees->n_nodes; i++)
        fail_if(memcmp(&again.value[i], &trees->value[i], sizeof *trees->value) != 0 ||
                    memcmp(&again.threshold[i], &trees->threshold[i], sizeof *trees->value) != 0,
                "the JSON form changed a node");
    ss_trees_free(&again);
    ss_arena_free(&arena);
    ss_buf_free(&text);
}

static void use(struct ss_trees *trees)
{
    /* A model of many features is right, but its rows cost the fuzzer its time. */
    if (trees->n_features <= 500) {
        score(trees);
        round_trip(trees);
    }
    ss_trees_free(trees);
}

int LLVMFuzzerTestOneInput(const unsigned char *bytes, size_t len)
{
    struct ss_trees trees;
    struct ss_arena arena;
    const struct ss_json_value *root;
    if (ss_import_model((const char *)bytes, len, &trees) == 0)
        use(&trees);
    ss_arena_init(&arena, 256 << 20);
    if (ss_json_parse((const char *)bytes, len, &arena, &root) == 0 && ss_trees_read_json(root, &trees) == 0)
        use(&trees);
    ss_arena_free(&arena);
    return 0;
}
