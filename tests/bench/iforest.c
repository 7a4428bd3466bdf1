/* The isolation forest: 100 trees of 256 rows, 20 features, 10,000 rows scored. A JSON line a row on stdout;
 * what scikit-learn takes for as many is measured beside it by scripts/bench. */
#include "base/clock.h"
#include "base/rng.h"
#include "model/iforest.h"
#include <stdio.h>
#include <stdlib.h>

#define ROWS     10000
#define FEATURES 20
#define TURNS    7

static float rows[ROWS * FEATURES];
static double score[ROWS];

static double ns_of(const struct ss_iforest *forest, size_t batch)
{
    double best = 1e18;
    for (int turn = 0; turn < TURNS; turn++) {
        int64_t start = ss_clock_mono_ns();
        for (size_t i = 0; i < ROWS; i += batch)
            ss_iforest_score(forest, rows + i * FEATURES, batch, FEATURES, score + i);
        double ns = (double)(ss_clock_mono_ns() - start) / ROWS;
        best = ns < best ? ns : best;
    }
    return best;
}

int main(void)
{
    struct ss_rng rng;
    struct ss_arena arena;
    struct ss_iforest forest;
    struct ss_iforest_params params = {.trees = 100, .sample = 256, .seed = 1};
    ss_rng_seed(&rng, 1);
    for (size_t i = 0; i < ROWS * FEATURES; i++)
        rows[i] = (float)ss_rng_unit(&rng);
    ss_arena_init(&arena, 0);
    if (ss_iforest_fit(&forest, rows, ROWS, FEATURES, FEATURES, &params, &arena) < 0)
        return 1;
    static const struct {
        const char *name;
        size_t batch;
    } cases[] = {{"iforest: batch", 1000}, {"iforest: one row", 1}};
    for (size_t i = 0; i < 2; i++) {
        double ns = ns_of(&forest, cases[i].batch);
        printf("{\"bench\":\"%s\",\"records_per_s\":%.0f,\"ns_per_record\":%.1f,\"peak_kib\":null}\n",
               cases[i].name, 1e9 / ns, ns);
    }
    ss_arena_free(&arena);
    return 0;
}
