/* Models from data: fitting, the file, scoring, explaining; the same data give the same bytes. */
#include "base/digest.h"
#include "base/err.h"
#include "base/rng.h"
#include "model/explain.h"
#include "model/fit.h"
#include "model/report.h"
#include "model/smote.h"
#include "tests/tap.h"
#include <math.h>

#define ROWS  6000
#define WIDTH 5 /* noise, amount ratio, count, category code, often missing */

static const char feature_file[] = "user_count_1m = count by user_id over 1m\n";

static void make_data(struct ss_data *data, uint32_t width, bool labelled)
{
    struct ss_rng rng;
    ss_rng_seed(&rng, 11);
    ss_data_init(data, width, (size_t)1 << 30);
    for (int i = 0; i < ROWS; i++) {
        bool fraud = ss_rng_unit(&rng) < 0.05;
        float *row = ss_data_add(data, (int64_t)i * 1000, labelled ? fraud : -1, (uint64_t)i + 1);
        if (!row)
            return;
        for (uint32_t j = 0; j < width; j++)
            row[j] = (float)ss_rng_unit(&rng);
        row[1] = (float)(fraud ? 1 + 6 * ss_rng_unit(&rng) : 3 * ss_rng_unit(&rng));
        row[2] = (float)ss_rng_below(&rng, fraud ? 12 : 4);
        row[3] = ss_rng_unit(&rng) < 0.1 ? NAN : (float)ss_rng_below(&rng, 3);
        if (ss_rng_unit(&rng) < 0.5)
            row[4] = NAN;
    }
}

static struct ss_model *make_model(enum ss_model_kind kind)
{
    static const char *const names[WIDTH] = {"noise", "amount_ratio", "user_count_1m", "category", "rare"};
    static const char *const values[] = {"food", "fuel", "cash"};
    struct ss_model *m;
    char hex[SS_DIGEST_HEX];
    if (ss_model_new(&m) < 0 || ss_model_inputs(m, WIDTH) < 0)
        return NULL;
    m->kind = kind;
    m->feature_file = (struct ss_str){feature_file, sizeof feature_file - 1};
    ss_sha256_hex(feature_file, sizeof feature_file - 1, hex);
    memcpy(m->set, hex, 8);
    for (int j = 0; j < WIDTH; j++)
        m->input[j].name = ss_str_of(names[j]);
    m->input[3].is_text = true;
    for (int i = 0; i < 3; i++)
        if (ss_map_add(&m->input[3].values, ss_str_of(values[i])) < 0)
            return NULL;
    return m;
}

struct made {
    struct ss_model *model;
    struct ss_data data;
    struct ss_fit_report report;
    struct ss_buf text;
};

static bool make(enum ss_model_kind kind, const struct ss_fit_options *options, bool labelled, struct made *m)
{
    m->model = make_model(kind);
    make_data(&m->data, ss_model_width(m->model), labelled);
    ss_buf_init(&m->text, SS_MODEL_FILE_MAX);
    int err = ss_fit(m->model, &m->data, options, &m->report);
    if (!err) {
        ss_model_write(m->model, &m->text);
        err = ss_buf_check(&m->text);
    }
    err = err ? err : ss_model_seal(m->model, m->text.p, m->text.n);
    if (err)
        printf("# %s\n", ss_err_text());
    return err == 0;
}

static void unmake(struct made *m)
{
    ss_model_free(m->model);
    ss_data_free(&m->data);
    ss_fit_report_free(&m->report);
    ss_buf_free(&m->text);
}

static void score_all(const struct ss_model *model, const struct ss_data *data, double *raw)
{
    static float scratch[64 * SS_MODEL_INPUTS_MAX];
    static double rows[64 * SS_MODEL_INPUTS_MAX];
    uint32_t width = ss_model_width(model);
    for (size_t i = 0; i < data->n; i += 64) {
        size_t n = data->n - i < 64 ? data->n - i : 64;
        for (size_t x = 0; x < n * width; x++)
            rows[x] = data->row[i * width + x];
        ss_model_predict(model, rows, width, n, scratch, raw + i);
    }
}

/* How well the order of raw[] parts frauds from the rest: the share of pairs in the right order, sampled. */
static double auc(const struct ss_data *data, const double *raw)
{
    double good = 0, pairs = 0;
    for (size_t i = 0; i < data->n; i++)
        for (size_t k = i % 13; data->label[i] == 1 && k < data->n; k += 13)
            if (data->label[k] == 0)
                pairs++, good += raw[i] > raw[k] ? 1 : raw[i] == raw[k] ? 0.5 : 0;
    return good / pairs;
}

static void check_round_trip(const char *what, struct made *m)
{
    static double a[ROWS], b[ROWS];
    struct ss_model *back;
    struct ss_buf again;
    int err = ss_model_read(m->text.p, m->text.n, &back);
    if (!ok(err == 0, "%s: the file is read", what)) {
        printf("# %s\n", ss_err_text());
        return;
    }
    ss_buf_init(&again, SS_MODEL_FILE_MAX);
    ss_model_write(back, &again);
    ok(strcmp(back->name, m->model->name) == 0 && strncmp(back->name, what, 3) == 0, "%s: it is called %s",
       what, back->name);
    back->parameters = m->model->parameters;
    ok(again.n == m->text.n && memcmp(again.p, m->text.p, again.n) == 0, "%s: written again, the same bytes",
       what);
    score_all(m->model, &m->data, a);
    score_all(back, &m->data, b);
    ok(memcmp(a, b, m->data.n * sizeof *a) == 0, "%s: the model read scores the same bits", what);
    ss_buf_free(&again);
    ss_model_free(back);
}

static void test_kinds(void)
{
    static const enum ss_model_kind kinds[] = {SS_MODEL_GBT, SS_MODEL_IFOREST, SS_MODEL_BOTH};
    static double raw[ROWS];
    struct ss_fit_options options;
    ss_fit_defaults(&options);
    options.rounds = 60;
    options.patience = 10;
    for (int k = 0; k < 3; k++) {
        const char *name = ss_model_kind_name(kinds[k]);
        struct made m, again;
        bool made = make(kinds[k], &options, true, &m), twice = make(kinds[k], &options, true, &again);
        if (ok(made && twice, "%s: fits", name)) {
            ok(m.text.n == again.text.n && memcmp(m.text.p, again.text.p, m.text.n) == 0,
               "%s: the same data, the same bytes", name);
            check_round_trip(name, &m);
            score_all(m.model, &m.data, raw);
            double a = auc(&m.data, raw);
            ok(a > (kinds[k] == SS_MODEL_IFOREST ? 0.7 : 0.9), "%s: it finds the frauds (AUC %.3f)", name, a);
            ok(m.model->calibration.method == SS_CALIBRATE_BETA, "%s: calibrated on the later slice", name);
        }
        unmake(&m);
        unmake(&again);
    }
}

static void test_options(void)
{
    struct ss_fit_options options;
    struct made m, plain;
    static double raw[ROWS];
    ss_fit_defaults(&options);
    options.rounds = 20;
    options.patience = 0;
    make(SS_MODEL_GBT, &options, true, &plain);
    options.bag = 3;
    options.param[0] = (struct ss_xgb_param){"subsample", "0.5"};
    options.n_params = 1;
    bool made = make(SS_MODEL_GBT, &options, true, &m);
    score_all(m.model, &m.data, raw);
    ok(made && m.model->trees.n_trees == 60 && auc(&m.data, raw) > 0.9, "a bag of three is all their trees");
    unmake(&m);

    options.bag = 1;
    options.n_params = 0;
    options.smote = 0.5;
    made = make(SS_MODEL_GBT, &options, true, &m);
    ok(made && m.report.synthetic > 1000 && m.report.early + 1500 == ROWS,
       "SMOTE adds frauds to the earlier part only (%zu)", m.report.synthetic);
    double mean = 0, share = 0;
    for (size_t i = 0; i < m.report.n; i++) {
        mean += m.report.value[i] / (double)m.report.n;
        share += (double)m.report.label[i] / (double)m.report.n;
    }
    ok(fabs(mean - share) < 0.01, "and the calibration takes its bias back (%.3f, %.3f)", mean, share);
    unmake(&m);

    options.smote = 0;
    int8_t way[WIDTH] = {0, 1, 0, 0, 0};
    options.monotone = way;
    made = make(SS_MODEL_GBT, &options, true, &m);
    double row[WIDTH] = {0.5, 0, 2, 1, NAN}, before = -1;
    bool rises = made;
    for (row[1] = 0; made && row[1] < 8; row[1] += 0.05) {
        double now;
        float scratch[64 * WIDTH];
        ss_model_predict(m.model, row, WIDTH, 1, scratch, &now);
        rises &= now >= before;
        before = now;
    }
    ok(rises, "a monotone input never lowers the score");
    unmake(&m);
    options.monotone = NULL;

    made = make(SS_MODEL_IFOREST, &options, false, &m);
    ok(made && m.model->calibration.method == SS_CALIBRATE_RANK && m.report.unlabelled == ROWS,
       "a forest needs no labels, and ranks then");
    unmake(&m);
    ok(!make(SS_MODEL_GBT, &options, false, &m), "trees do");
    unmake(&m);
    unmake(&plain);
}

static void test_smote(void)
{
    struct ss_data data;
    float *rows, *twice;
    size_t n, again;
    uint8_t categorical[WIDTH] = {0, 0, 0, 1, 0};
    make_data(&data, WIDTH, true);
    size_t frauds = ss_data_positives(&data, 0, ROWS), genuine = ROWS - frauds;
    ok(ss_smote(&data, ROWS, 0.2, categorical, 3, &rows, &n) == 0 &&
           frauds + n == (size_t)(0.2 * (double)genuine),
       "SMOTE reaches the ratio asked for");
    bool inside = true;
    for (size_t i = 0; i < n; i++) {
        const float *r = rows + i * WIDTH;
        inside &= r[1] >= 1 && r[1] <= 7 && r[2] >= 0 && r[2] < 12 && (isnan(r[3]) || r[3] == floorf(r[3]));
    }
    ok(inside, "new frauds lie among the old, categories are one parent's");
    ok(ss_smote(&data, ROWS, 0.2, categorical, 3, &twice, &again) == 0 && again == n &&
           memcmp(rows, twice, n * WIDTH * sizeof *rows) == 0,
       "and are the same with the same seed");
    free(rows);
    free(twice);
    ok(ss_smote(&data, ROWS, 0.01, categorical, 3, &rows, &n) == 0 && n == 0 && !rows,
       "none where there are enough");
    ss_data_free(&data);
}

static void test_data(void)
{
    struct ss_data d;
    static const int64_t times[] = {5, 1, 3, 3, 9, 2};
    uint64_t ids[] = {13, 10, 13};
    int8_t labels[] = {0, 1, 1};
    ss_data_init(&d, 1, 1 << 20);
    for (int i = 0; i < 6; i++) {
        float *row = ss_data_add(&d, times[i], i == 4 ? -1 : 0, (uint64_t)(10 + i));
        if (row)
            *row = (float)i;
    }
    ok(ss_data_relabel(&d, ids, labels, 3) == 2 && d.label[0] == 1 && d.label[3] == 1,
       "late labels find their rows");
    ok(ss_data_sort(&d) == 0 && d.row[0] == 1 && d.row[1] == 5 && d.row[2] == 2 && d.row[3] == 3 &&
           d.row[4] == 0 && d.row[5] == 4 && d.label[4] == 1 && d.id[5] == 14,
       "rows are in time order, ties as they came");
    ok(ss_data_border(&d, 0.5) == 2, "equal times are not parted");
    ok(ss_data_border(&d, 0) == 6, "no later slice");
    ok(ss_data_keep_labelled(&d, 2) == 2 && d.n == 5, "rows without a label leave");
    ss_data_free(&d);
    ss_data_init(&d, 1, 100);
    int added = 0;
    while (added < 100 && ss_data_add(&d, 0, 0, 0))
        added++;
    ok(added > 0 && added < 100, "the ceiling holds (%d rows)", added);
    ss_data_free(&d);
}

static void test_explain(void)
{
    static const enum ss_model_kind kinds[] = {SS_MODEL_GBT, SS_MODEL_IFOREST, SS_MODEL_BOTH};
    struct ss_fit_options options;
    ss_fit_defaults(&options);
    options.rounds = 30;
    for (int k = 0; k < 3; k++) {
        struct made m;
        struct ss_explainer *e = NULL;
        struct ss_buf text;
        struct ss_about about[WIDTH + 1] = {
            {.name = {"noise", 5}},
            {.kind = SS_ABOUT_RATIO,
             .name = {"amount_ratio", 12},
             .argument = {"amount", 6},
             .key = {{"user_id", 7}},
             .keys = 1},
            {.kind = SS_ABOUT_COUNT,
             .name = {"user_count_1m", 13},
             .key = {{"user_id", 7}},
             .keys = 1,
             .window_us = 60000000},
            {.kind = SS_ABOUT_TEXT, .name = {"category", 8}, .argument = {"category", 8}},
            {.name = {"rare", 4}},
            {.kind = SS_ABOUT_ISOLATION, .name = {"isolation", 9}}};
        double row[WIDTH + 1] = {0.5, 6.2, 11, 2, NAN, 0}, raw;
        float scratch[64 * (WIDTH + 1)];
        ss_buf_init(&text, 1 << 16);
        if (make(kinds[k], &options, true, &m) && ss_explainer_new(m.model, about, &e) == 0) {
            ss_model_predict(m.model, row, WIDTH + 1, 1, scratch, &raw);
            ss_explain(e, row, &text);
            const char *s = ss_buf_cstr(&text);
            ok(strstr(s, "\"11 payments by this user in one minute\"") &&
                   strstr(s, "\"amount 6.2 times this user's usual\"") &&
                   strstr(s, "\"code\":\"high_velocity\""),
               "%s: reasons are sentences", ss_model_kind_name(kinds[k]));
            printf("# %s\n", s);
            struct ss_arena arena;
            const struct ss_json_value *root;
            ss_arena_init(&arena, 0);
            bool down = ss_json_parse(text.p, text.n, &arena, &root) == 0 && root->n >= 2 &&
                        root->n <= SS_REASONS_MAX;
            for (uint32_t i = 1; down && i < root->n; i++)
                down = ss_json_get(&root->at[i - 1], "impact")->number >=
                       ss_json_get(&root->at[i], "impact")->number;
            ok(down, "%s: the largest impact first", ss_model_kind_name(kinds[k]));
            ss_arena_free(&arena);
        } else {
            ok(false, "%s: explains", ss_model_kind_name(kinds[k]));
        }
        ss_buf_free(&text);
        ss_explainer_free(e);
        unmake(&m);
    }
}

static void refused(const struct ss_buf *text, const char *from, const char *to, const char *why)
{
    struct ss_buf changed;
    struct ss_model *model;
    ss_buf_init(&changed, SS_MODEL_FILE_MAX);
    const char *at = memmem(text->p, text->n, from, strlen(from));
    if (at) {
        ss_buf_put(&changed, text->p, (size_t)(at - text->p));
        ss_buf_puts(&changed, to);
        ss_buf_put(&changed, at + strlen(from), text->n - (size_t)(at - text->p) - strlen(from));
    }
    int err = at ? ss_model_read(changed.p, changed.n, &model) : 0;
    ok(err == SS_EDATA && strstr(ss_err_text(), why), "refused: %s", why);
    if (err != SS_EDATA || !strstr(ss_err_text(), why))
        printf("# %d: %s\n", err, at ? ss_err_text() : "not found in the file");
    if (err == 0 && at)
        ss_model_free(model);
    ss_buf_free(&changed);
}

static void test_hostile(void)
{
    struct ss_fit_options options;
    struct made m;
    ss_fit_defaults(&options);
    options.rounds = 5;
    options.forest_trees = 5;
    if (!make(SS_MODEL_BOTH, &options, true, &m))
        return;
    refused(&m.text, "\"sentinel_stream_model\":1", "\"sentinel_stream_model\":7", "format 7 is not known");
    refused(&m.text, "\"sentinel_stream_model\"", "\"x\"", "not a model file");
    refused(&m.text, "\"kind\":\"both\"", "\"kind\":\"oracle\"", "none of gbt");
    refused(&m.text, "count by user_id", "count by card_id", "not the one of set");
    refused(&m.text, "{\"name\":\"noise\"}", "{}", "has no name");
    refused(&m.text, "{\"name\":\"noise\"}", "{\"name\":\"rare\"}", "there twice");
    refused(&m.text, "{\"name\":\"noise\"},", "", "want 6 inputs");
    refused(&m.text, "\"fuel\"", "\"food\"", "there twice");
    refused(&m.text, "\"method\":\"beta\"", "\"method\":\"tea leaves\"", "calibration");
    refused(&m.text, "\"CRITICAL\":", "\"CRITICAL\":-", "CRITICAL");
    refused(&m.text, "\"gbt\":", "\"bgt\":", "no 'gbt'");
    refused(&m.text, "\"iforest\":{", "\"forest\":{", "no 'iforest'");
    refused(&m.text, "}\n", "", "");
    unmake(&m);
}

static void says(const struct ss_about *about, double value, const char *text, const char *code)
{
    struct ss_buf buf;
    ss_buf_init(&buf, 1 << 12);
    ss_about_sentence(about, value, (struct ss_str){NULL, 0}, &buf);
    is_text(buf.p ? buf.p : "", buf.n, text, text);
    ss_buf_reset(&buf);
    ss_about_code(about, &buf);
    if (buf.n != strlen(code) || memcmp(buf.p, code, buf.n) != 0)
        ok(false, "code %s, not %.*s", code, (int)buf.n, buf.p);
    ss_buf_free(&buf);
}

#define KEY(field) .key = {{field, sizeof field - 1}}, .keys = 1
#define TEXT(t)         \
    {                   \
        t, sizeof t - 1 \
    }
#define DAYS(n) ((int64_t)(n)*86400000000)

static void test_sentences(void)
{
    says(&(struct ss_about){.kind = SS_ABOUT_COUNT, KEY("user_id"), .window_us = 60000000}, 12,
         "12 payments by this user in one minute", "high_velocity");
    says(&(struct ss_about){.kind = SS_ABOUT_COUNT, KEY("card_id"), .window_us = DAYS(7)}, 1,
         "1 payment with this card in 7 days", "activity");
    says(&(struct ss_about){.kind = SS_ABOUT_COUNT,
                            KEY("merchant_id"),
                            .window_us = DAYS(28),
                            .delay_us = DAYS(7),
                            .of_frauds = true},
         3, "3 known frauds at this merchant in 28 days, as known 7 days ago", "risky_merchant");
    says(
        &(struct ss_about){
            .kind = SS_ABOUT_MEAN, .argument = TEXT("label"), KEY("device_id"), .window_us = DAYS(7)},
        0.425, "42.5 % frauds among payments from this device in 7 days", "risky_device");
    says(
        &(struct ss_about){
            .kind = SS_ABOUT_SUM, .argument = TEXT("amount"), KEY("user_id"), .window_us = DAYS(1)},
        410.504, "410.5 paid by this user in 24 hours", "high_volume");
    says(&(struct ss_about){.kind = SS_ABOUT_DISTINCT,
                            .argument = TEXT("merchant_id"),
                            KEY("user_id"),
                            .window_us = 3600000000},
         5, "5 different merchants by this user in one hour", "many_merchant");
    says(&(struct ss_about){.kind = SS_ABOUT_FIRST, .argument = TEXT("device_id"), KEY("user_id")}, 1,
         "first payment from this device for this user", "new_device");
    says(&(struct ss_about){.kind = SS_ABOUT_SPEED, KEY("card_id")}, 912,
         "912 km/h since the last payment with this card", "fast_travel");
    says(&(struct ss_about){.kind = SS_ABOUT_GAP, KEY("user_id")}, 90,
         "1.5 minutes since the last payment by this user", "time_since_last");
    says(
        &(struct ss_about){
            .kind = SS_ABOUT_ZSCORE, .argument = TEXT("amount"), KEY("user_id"), .window_us = DAYS(30)},
        4.126, "amount 4.13 standard deviations above this user's usual in 30 days", "unusual_amount");
    says(
        &(struct ss_about){
            .kind = SS_ABOUT_RATIO, .argument = TEXT("amount"), KEY("user_id"), .window_us = DAYS(30)},
        NAN, "no earlier payment by this user in 30 days", "unusual_amount");
    says(&(struct ss_about){.kind = SS_ABOUT_HOUR, .name = TEXT("hour")}, 3, "payment between 3:00 and 3:59",
         "unusual_time");
    says(&(struct ss_about){.kind = SS_ABOUT_OTHER, .name = TEXT("my_thing")}, 0.5, "my thing is 0.5",
         "my_thing");
    says(&(struct ss_about){.kind = SS_ABOUT_FIELD, .name = TEXT("amount"), .argument = TEXT("amount")}, 900,
         "amount is 900", "amount");
}

int main(void)
{
    test_data();
    test_smote();
    test_kinds();
    test_options();
    test_explain();
    test_sentences();
    test_hostile();
    return done();
}
