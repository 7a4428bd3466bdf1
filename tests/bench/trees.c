/*
 * Boosted trees beside libxgboost: 200 trees of depth 6, 30 features, 3 % of the values missing. The same
 * rows for both, one thread, the best of several runs of each, taken in turn. JSON lines on stdout.
 */
#include "tests/model.h"
#include "base/clock.h"

#define ROWS  4000
#define BATCH 1000
#define TURNS 7

static struct ss_xgb *xgb;
static struct ss_trees trees;
static struct ss_scorer *scorer;
static struct sample test;
static float peer[ROWS];
static double ours[ROWS];

static void run_peer(size_t batch)
{
    for (size_t i = 0; i < ROWS; i += batch)
        if (ss_xgb_predict_inplace(xgb, test.rows + i * test.features, batch, test.features, peer + i) < 0)
            exit(1);
}

static void run_ours(size_t batch)
{
    for (size_t i = 0; i < ROWS; i += batch) {
        if (batch == 1)
            ours[i] = ss_scorer_margin(scorer, test.wide + i * test.features);
        else
            ss_scorer_margins(scorer, test.wide + i * test.features, test.features, batch, ours + i);
    }
}

static double ns_of(void (*run)(size_t), size_t batch)
{
    int64_t start = ss_clock_mono_ns();
    run(batch);
    return (double)(ss_clock_mono_ns() - start) / ROWS;
}

static void compare(const char *name, size_t batch)
{
    double a = 1e18, b = 1e18;
    for (int turn = 0; turn < TURNS; turn++) {
        double x = ns_of(run_peer, batch);
        a = x < a ? x : a;
        for (int k = 0; k < 5; k++) {
            x = ns_of(run_ours, batch);
            b = x < b ? x : b;
        }
    }
    size_t bad = 0;
    for (size_t i = 0; i < ROWS; i++)
        bad += (double)peer[i] != ours[i];
    printf("{\"bench\":\"%s\",\"records_per_s\":%.0f,\"ns_per_record\":%.1f,\"peer\":\"libxgboost\","
           "\"peer_ns_per_record\":%.1f,\"ratio\":%.1f,\"bit_equal\":%s,\"path\":\"%s\"}\n",
           name, 1e9 / b, b, a, a / b, bad ? "false" : "true", ss_scorer_name(scorer));
}

int main(void)
{
    struct sample train = sample_new(20000, 30, 3);
    struct ss_buf model;
    test = sample_new(ROWS, 30, 4);
    train_text(&train, 200, "6", NULL, &model);
    if (ss_xgb_load(model.p, model.n, &xgb) < 0 || ss_import_model(model.p, model.n, &trees) < 0 ||
        ss_scorer_new(&trees, &scorer) < 0) {
        fprintf(stderr, "trees: %s\n", ss_err_text());
        return 1;
    }
    compare("score_single", 1);
    compare("score_batch", BATCH);
    ss_scorer_choose(scorer, SS_SCORER_PORTABLE);
    compare("score_single_portable", 1);
    compare("score_batch_portable", BATCH);
    return 0;
}
