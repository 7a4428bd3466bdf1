/* The isolation forest against scikit-learn's numbers, its text, hostile texts, and what growing promises. */
#include "base/clock.h"
#include "base/err.h"
#include "base/file.h"
#include "base/rng.h"
#include "model/iforest.h"
#include "model/logexp.h"
#include "tests/tap.h"
#include <math.h>

static void test_logexp(void)
{
    struct ss_rng rng;
    ss_rng_seed(&rng, 1);
    double worst_log = 0, worst_exp = 0, worst_two = 0;
    for (int i = 0; i < 200000; i++) {
        double x = ldexp(ss_rng_unit(&rng) + 1e-9, (int)ss_rng_below(&rng, 200) - 100);
        double t = (ss_rng_unit(&rng) - 0.5) * 200;
        worst_log = fmax(worst_log, fabs(ss_log_natural(x) - log(x)) / fmax(1e-3, fabs(log(x))));
        worst_exp = fmax(worst_exp, fabs(ss_exp_natural(t) / exp(t) - 1));
        worst_two = fmax(worst_two, fabs(ss_exp_two(t) / exp2(t) - 1));
    }
    ok(worst_log < 5e-16 * 2, "logarithm within 1e-15 (%.1e)", worst_log);
    ok(worst_exp < 1e-15 && worst_two < 1e-15, "exponentials within 1e-15 (%.1e, %.1e)", worst_exp,
       worst_two);
    ok(ss_log_natural(1) == 0 && ss_exp_natural(0) == 1 && ss_exp_two(-3) == 0.125, "exact where it must be");
    ok(ss_exp_natural(-1e9) == 0 && ss_exp_two(-1e9) == 0 && isfinite(ss_exp_natural(1e9)) &&
           ss_exp_natural(NAN) == 0,
       "far out there is no infinity");
    ok(ss_logistic(0) == 0.5 && ss_logistic(-700) > 0 && ss_logistic(35) < 1, "the logistic stays inside");
}

static const struct ss_json_value *load(const char *path, struct ss_arena *arena)
{
    struct ss_buf buf;
    const struct ss_json_value *root = NULL;
    ss_buf_init(&buf, 1 << 24);
    if (ss_file_read(path, &buf) < 0 || ss_json_parse(buf.p, buf.n, arena, &root) < 0)
        printf("# %s\n", ss_err_text());
    ss_buf_free(&buf);
    return root;
}

static void compare_with_sklearn(const struct ss_json_value *c, struct ss_arena *arena, int number)
{
    uint32_t dim = (uint32_t)ss_json_get(c, "features")->number;
    const struct ss_json_value *rows = ss_json_get(c, "rows"), *want = ss_json_get(c, "score_samples"),
                               *decision = ss_json_get(c, "decision_function");
    struct ss_iforest forest;
    if (!ok(ss_iforest_read_json(&forest, ss_json_get(c, "forest"), dim, arena) == 0,
            "forest %d of scikit-learn is read", number))
        return;
    float *x = ss_arena_alloc(arena, rows->n * dim * sizeof *x);
    double *score = ss_arena_alloc(arena, rows->n * sizeof *score);
    for (uint32_t i = 0; x && i < rows->n; i++)
        for (uint32_t j = 0; j < dim; j++)
            x[i * dim + j] = (float)rows->at[i].at[j].number;
    double worst = 0;
    bool single = true;
    ss_iforest_score(&forest, x, rows->n, dim, score);
    for (uint32_t i = 0; i < rows->n; i++) {
        double one;
        ss_iforest_score(&forest, x + i * dim, 1, dim, &one);
        single &= one == score[i];
        worst = fmax(worst, fabs(-score[i] - want->at[i].number));
        worst = fmax(worst, fabs(ss_iforest_decision(&forest, score[i]) - decision->at[i].number));
    }
    ok(worst < 1e-12, "forest %d: scores and decisions equal scikit-learn's to 1e-12 (%.1e)", number, worst);
    ok(single, "forest %d: a row alone scores as in a batch", number);

    struct ss_buf text, again;
    ss_buf_init(&text, 1 << 24);
    ss_buf_init(&again, 1 << 24);
    ss_iforest_write_json(&forest, &text);
    struct ss_iforest back;
    const struct ss_json_value *root;
    bool same = ss_json_parse(text.p, text.n, arena, &root) == 0 &&
                ss_iforest_read_json(&back, root, dim, arena) == 0;
    if (same) {
        double *twice = ss_arena_alloc(arena, rows->n * sizeof *twice);
        ss_iforest_score(&back, x, rows->n, dim, twice);
        ss_iforest_write_json(&back, &again);
        same = memcmp(twice, score, rows->n * sizeof *twice) == 0 && text.n == again.n &&
               memcmp(text.p, again.p, text.n) == 0;
    }
    if (!same)
        printf("# %s\n", ss_err_text());
    ok(same, "forest %d: written and read again it is the same", number);
    ss_buf_free(&text);
    ss_buf_free(&again);
}

#define ROWS 5000
#define DIM  6

static void make_rows(float *x)
{
    struct ss_rng rng;
    ss_rng_seed(&rng, 7);
    for (int i = 0; i < ROWS * DIM; i++)
        x[i] = (float)(ss_rng_unit(&rng) + ss_rng_unit(&rng) + ss_rng_unit(&rng));
    for (int i = 0; i < 50; i++) /* the first 50 rows are odd in two features */
        x[i * DIM + 2] += 6, x[i * DIM + 4] -= 6;
    for (int i = 100; i < 200; i++)
        x[i * DIM + 3] = NAN;
}

static void test_fit(struct ss_arena *arena)
{
    static float x[ROWS * DIM];
    static double a[ROWS], b[ROWS];
    struct ss_iforest f, g, other;
    struct ss_iforest_params params = {.trees = 100, .sample = 256, .seed = 3};
    make_rows(x);
    if (!ok(ss_iforest_fit(&f, x, ROWS, DIM, DIM, &params, arena) == 0 &&
                ss_iforest_fit(&g, x, ROWS, DIM, DIM, &params, arena) == 0,
            "a forest grows, missing values and all"))
        return;
    params.seed = 4;
    int err = ss_iforest_fit(&other, x, ROWS, DIM, DIM, &params, arena);
    int64_t start = ss_clock_mono_ns();
    ss_iforest_score(&f, x, ROWS, DIM, a);
    printf("# %.0f ns a row (100 trees of 256 rows)\n", (double)(ss_clock_mono_ns() - start) / ROWS);
    ss_iforest_score(&g, x, ROWS, DIM, b);
    ok(memcmp(a, b, sizeof a) == 0, "same rows and seed, same forest");
    ss_iforest_score(&other, x, ROWS, DIM, b);
    ok(err == 0 && memcmp(a, b, sizeof a) != 0, "another seed, another forest");
    double odd = 1, usual = 0;
    for (int i = 0; i < ROWS; i++) {
        if (i < 50)
            odd = fmin(odd, a[i]);
        else
            usual += a[i] / (ROWS - 50);
    }
    ok(odd > 0.6 && usual < 0.5, "the odd rows stand out (%.3f against a mean of %.3f)", odd, usual);
    bool sizes = true;
    for (uint32_t t = 0; t < f.n_trees; t++)
        sizes &= f.size[f.root[t]] == 256;
    for (uint32_t i = 0; i < f.n_nodes; i++)
        if (f.node[i].left != i)
            sizes &= f.size[i] == f.size[f.node[i].left] + f.size[f.node[i].left + 1] &&
                     f.size[f.node[i].left] > 0 && f.size[f.node[i].left + 1] > 0;
    ok(sizes, "every split parts its rows in two that are not empty");
    float same[4 * 2] = {1, 2, 1, 2, 1, 2, 1, 2};
    params.sample = 1000;
    ok(ss_iforest_fit(&g, same, 4, 2, 2, &params, arena) == 0 && g.n_nodes == g.n_trees,
       "constant rows give leaves only, and a sample no larger than the data");
    ok(ss_iforest_fit(&g, same, 1, 2, 2, &params, arena) == SS_EUSAGE, "one row is too few");
}

static void refused(const char *text, const char *why)
{
    struct ss_arena arena;
    const struct ss_json_value *root;
    struct ss_iforest f;
    ss_arena_init(&arena, 0);
    int err = ss_json_parse(text, strlen(text), &arena, &root);
    err = err ? err : ss_iforest_read_json(&f, root, 2, &arena);
    ok(err == SS_EDATA && strstr(ss_err_text(), why), "refused: %s", why);
    if (err == 0 || !strstr(ss_err_text(), why))
        printf("# got %d %s\n", err, ss_err_text());
    ss_arena_free(&arena);
}

#define FOREST(tree) "{\"sample\":4,\"offset\":-0.5,\"trees\":[" tree "]}"

static void test_hostile(void)
{
    refused("[]", "'trees' must be");
    refused("{\"trees\":[{}],\"offset\":1}", "'sample' must be");
    refused("{\"trees\":[{}],\"sample\":2}", "'offset' must be");
    refused(FOREST("{}"), "arrays are missing");
    refused(FOREST("{\"feature\":[0],\"threshold\":[1,2],\"left\":[-1],\"right\":[-1],\"size\":[1]}"),
            "differ in length");
    refused(FOREST("{\"feature\":[0],\"threshold\":[1],\"left\":[0],\"right\":[0],\"size\":[1]}"),
            "form no tree");
    refused(FOREST("{\"feature\":[0,0,0],\"threshold\":[1,1,1],\"left\":[1,2,-1],\"right\":[2,1,-1],"
                   "\"size\":[1,1,1]}"),
            "form no tree");
    refused(FOREST("{\"feature\":[0,0,0,0,0],\"threshold\":[1,1,1,1,1],\"left\":[1,-1,2,-1,-1],"
                   "\"right\":[1,-1,3,-1,-1],\"size\":[1,1,1,1,1]}"),
            "cannot be reached");
    refused(FOREST("{\"feature\":[0,0,0],\"threshold\":[1,1,1],\"left\":[1,-1,-1],\"right\":[1,-1,-1],"
                   "\"size\":[2,1,1]}"),
            "two parents");
    refused(FOREST("{\"feature\":[2,0,0],\"threshold\":[1,1,1],\"left\":[1,-1,-1],\"right\":[2,-1,-1],"
                   "\"size\":[2,1,1]}"),
            "bad feature");
    refused(FOREST("{\"feature\":[0,0,0],\"threshold\":[1,1,1],\"left\":[1,-1,-1],\"right\":[2,-1,-1],"
                   "\"size\":[2,0,1]}"),
            "bad size");
}

int main(void)
{
    struct ss_arena arena;
    ss_arena_init(&arena, 0);
    test_logexp();
    const struct ss_json_value *cases = load("testdata/model/sklearn-forest.json", &arena);
    for (uint32_t i = 0; cases && i < cases->n; i++)
        compare_with_sklearn(&cases->at[i], &arena, (int)i + 1);
    ok(cases && cases->n == 2, "scikit-learn's numbers are there");
    test_fit(&arena);
    test_hostile();
    ss_arena_free(&arena);
    return done();
}
