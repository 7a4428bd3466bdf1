#include "model/fit.h"
#include "base/err.h"
#include "base/number.h"
#include "model/import.h"
#include "model/smote.h"
#include <math.h>
#include <stdlib.h>

#define CHUNK 64

void ss_fit_defaults(struct ss_fit_options *options)
{
    *options = (struct ss_fit_options){.kind = SS_MODEL_GBT,
                                       .seed = 1,
                                       .rounds = 500,
                                       .patience = 20,
                                       .bag = 1,
                                       .weight = 1,
                                       .validation = 0.25,
                                       .calibration = SS_CALIBRATE_BETA,
                                       .forest_trees = 100,
                                       .forest_sample = 256,
                                       .contamination = 0.01,
                                       .threads = 1};
}

void ss_fit_report_free(struct ss_fit_report *report)
{
    free(report->raw);
    free(report->value);
    free(report->label);
    free(report->gain);
    *report = (struct ss_fit_report){0};
}

struct fitter {
    struct ss_model *model;
    struct ss_data *data;
    const struct ss_fit_options *opt;
    struct ss_fit_report *report;
    size_t border; /* first row of the later slice */
};

/* --- forest --- */

static int fit_forest(struct fitter *f, size_t n)
{
    struct ss_iforest_params params = {f->opt->forest_trees, f->opt->forest_sample, f->opt->seed};
    struct ss_data *data = f->data;
    int err = ss_iforest_fit(&f->model->forest, data->row, n, f->model->n_inputs, data->width, &params,
                             &f->model->arena);
    double score[CHUNK];
    if (err || f->model->kind != SS_MODEL_BOTH)
        return err;
    for (size_t i = 0; i < data->n; i += CHUNK) {
        size_t k = data->n - i < CHUNK ? data->n - i : CHUNK;
        ss_iforest_score(&f->model->forest, data->row + i * data->width, k, data->width, score);
        for (size_t r = 0; r < k; r++)
            data->row[(i + r) * data->width + f->model->n_inputs] = (float)score[r];
    }
    return 0;
}

/* --- trees --- */

/* "(0,1,-1,...)" for XGBoost; the isolation column is free. */
static int put_monotone(struct fitter *f, struct ss_buf *buf)
{
    bool any = false;
    ss_buf_putc(buf, '(');
    for (uint32_t j = 0; j < ss_model_width(f->model); j++) {
        int way = f->opt->monotone && j < f->model->n_inputs ? f->opt->monotone[j] : 0;
        any |= way != 0;
        ss_buf_printf(buf, "%s%d", j ? "," : "", way);
    }
    ss_buf_putc(buf, ')');
    return ss_buf_check(buf) < 0 ? SS_ENOMEM : any;
}

/* Adds the booster's trees, their leaves divided by the number of boosters: the mean of the margins. */
static int add_booster(struct ss_trees *sum, const struct ss_trees *one, int bag)
{
    uint32_t most = 0;
    for (uint32_t t = 0; t < one->n_trees; t++)
        if (one->root[t + 1] - one->root[t] > most)
            most = one->root[t + 1] - one->root[t];
    int32_t *child = malloc(2 * (size_t)(most + 1) * sizeof *child);
    double *value = malloc((size_t)(most + 1) * sizeof *value);
    int err = child && value ? 0 : ss_fail(SS_ENOMEM, "out of memory for %u trees", one->n_trees);
    for (uint32_t t = 0; !err && t < one->n_trees; t++) {
        uint32_t from = one->root[t], n = one->root[t + 1] - from;
        int32_t *left = child, *right = child + n;
        for (uint32_t i = 0; i < n; i++) {
            bool leaf = one->feature[from + i] < 0;
            left[i] = leaf ? -1 : (int32_t)i + 1;
            right[i] = leaf ? -1 : (int32_t)(one->right[from + i] - from);
            value[i] = (double)(float)(one->value[from + i] / bag);
        }
        struct ss_tree tree = {.n = n,
                               .feature = one->feature + from,
                               .left = left,
                               .right = right,
                               .threshold = one->threshold + from,
                               .value = value,
                               .cover = one->cover + from,
                               .flags = one->flags + from};
        err = ss_trees_add(sum, &tree);
    }
    free(child);
    free(value);
    return err;
}

struct parts {
    struct ss_xgb_matrix train, valid;
    float *rows, *label; /* copies where they were needed */
};

static void free_parts(struct parts *p)
{
    free(p->rows);
    free(p->label);
}

/* Rows [0, n) with synthetic frauds behind them, and the later slice, as XGBoost wants them. */
static int make_parts(struct fitter *f, size_t n, struct parts *p)
{
    struct ss_data *data = f->data;
    float *synthetic = NULL;
    size_t extra = 0, width = data->width;
    int err = 0;
    *p = (struct parts){0};
    if (f->opt->smote > 0) {
        uint8_t *categorical = calloc(width, 1);
        for (uint32_t j = 0; categorical && j < f->model->n_inputs; j++)
            categorical[j] = f->model->input[j].is_text;
        err = ss_smote(data, n, f->opt->smote, categorical, f->opt->seed, &synthetic, &extra);
        free(categorical);
    }
    p->label = malloc((data->n + extra) * sizeof *p->label);
    if (!err && extra)
        p->rows = malloc((n + extra) * width * sizeof *p->rows);
    if (!err && (!p->label || (extra && !p->rows)))
        err = ss_fail(SS_ENOMEM, "out of memory for the training matrix");
    if (!err) {
        float *label = p->label;
        for (size_t i = 0; i < n; i++)
            *label++ = data->label[i];
        for (size_t i = 0; i < extra; i++)
            *label++ = 1;
        for (size_t i = n; i < data->n; i++)
            *label++ = data->label[i];
        if (extra) {
            memcpy(p->rows, data->row, n * width * sizeof *p->rows);
            memcpy(p->rows + n * width, synthetic, extra * width * sizeof *p->rows);
        }
        p->train =
            (struct ss_xgb_matrix){extra ? p->rows : data->row, n + extra, data->width, p->label, NULL};
        p->valid = (struct ss_xgb_matrix){data->row + n * width, data->n - n, data->width,
                                          p->label + n + extra, NULL};
        f->report->synthetic = extra;
    }
    free(synthetic);
    return err;
}

/* Trains the bag on rows [0, n); stops early on the rest when `rounds` is 0. *rounds becomes the most rounds
 * of a booster. */
static int fit_trees(struct fitter *f, size_t n, int *rounds, struct ss_trees *trees)
{
    const struct ss_fit_options *opt = f->opt;
    struct parts parts;
    struct ss_buf json, monotone;
    struct ss_xgb_param param[SS_FIT_PARAMS_MAX + 8];
    char weight[SS_NUMBER_MAX] = {0};
    size_t k = 0, positives = ss_data_positives(f->data, 0, n);
    double factor =
        opt->weight > 0 ? opt->weight : (double)(n - positives) / (double)(positives ? positives : 1);
    bool stop_early = *rounds == 0 && opt->patience > 0 && n < f->data->n;
    struct ss_xgb_options xgb = {.params = param,
                                 .rounds = *rounds ? *rounds : opt->rounds,
                                 .patience = stop_early ? opt->patience : 0,
                                 .metric = opt->metric,
                                 .threads = opt->threads};
    ss_buf_init(&json, SS_MODEL_FILE_MAX);
    ss_buf_init(&monotone, 1 << 16);
    ss_trees_init(trees, f->data->width);
    int err = make_parts(f, n, &parts);
    int any = err ? 0 : put_monotone(f, &monotone);
    err = err ? err : any < 0 ? any : 0;
    param[k++] = (struct ss_xgb_param){"eta", "0.15"};
    param[k++] = (struct ss_xgb_param){"max_depth", "4"};
    param[k++] = (struct ss_xgb_param){
        "max_bin", "1024"}; /* 256, the usual, costs precision in the long tails of amounts */
    if (factor != 1) {
        weight[ss_double_print(factor, weight)] = '\0';
        param[k++] = (struct ss_xgb_param){"scale_pos_weight", weight};
    }
    if (any > 0)
        param[k++] = (struct ss_xgb_param){"monotone_constraints", ss_buf_cstr(&monotone)};
    for (size_t i = 0; i < opt->n_params; i++)
        param[k++] = opt->param[i];
    xgb.n_params = k;
    *rounds = 0;
    memset(f->report->gain, 0, f->data->width * sizeof *f->report->gain);
    for (int b = 0; !err && b < opt->bag; b++) {
        struct ss_trees one;
        struct ss_xgb_result result;
        ss_buf_reset(&json);
        xgb.seed = opt->seed + (uint64_t)b;
        err = ss_xgb_train(&parts.train, stop_early ? &parts.valid : NULL, &xgb, &json, &result);
        err = err ? err : ss_gain_add(json.p, json.n, f->report->gain, f->data->width);
        err = err ? err : ss_import_xgboost(json.p, json.n, &one);
        if (err)
            break;
        if (opt->bag == 1) {
            ss_trees_free(trees);
            *trees = one;
        } else {
            trees->single = one.single;
            trees->link = one.link;
            trees->base = one.base;
            trees->slope = one.slope;
            err = add_booster(trees, &one, opt->bag);
            ss_trees_free(&one);
        }
        if (result.rounds > *rounds)
            *rounds = result.rounds;
    }
    free_parts(&parts);
    ss_buf_free(&json);
    ss_buf_free(&monotone);
    return err;
}

/* --- the later slice --- */

static int predict_later(struct fitter *f)
{
    struct ss_data *data = f->data;
    struct ss_fit_report *r = f->report;
    struct ss_scorer *scorer = NULL;
    size_t width = data->width, n = data->n - f->border;
    int err = f->model->kind == SS_MODEL_IFOREST ? 0 : ss_scorer_new(&f->model->trees, &scorer);
    double *rows = malloc(CHUNK * width * sizeof *rows);
    r->raw = malloc((n + 1) * sizeof *r->raw);
    r->value = malloc((n + 1) * sizeof *r->value);
    r->label = malloc(n + 1);
    if (!err && (!rows || !r->raw || !r->value || !r->label))
        err = ss_fail(SS_ENOMEM, "out of memory for the later slice");
    for (size_t i = 0; !err && i < n; i += CHUNK) {
        size_t k = n - i < CHUNK ? n - i : CHUNK;
        const float *from = data->row + (f->border + i) * width;
        memcpy(r->label + i, data->label + f->border + i, k);
        if (!scorer) {
            ss_iforest_score(&f->model->forest, from, k, width, r->raw + i);
            continue;
        }
        for (size_t x = 0; x < k * width; x++)
            rows[x] = from[x];
        ss_scorer_margins(scorer, rows, width, k, r->raw + i);
        for (size_t x = 0; x < k; x++)
            r->raw[i + x] = ss_scorer_predict(scorer, r->raw[i + x]);
    }
    r->n = err ? 0 : n;
    free(rows);
    ss_scorer_free(scorer);
    return err;
}

static int calibrate(struct fitter *f)
{
    struct ss_fit_report *r = f->report;
    struct ss_model *model = f->model;
    size_t positives = 0, labelled = 0;
    for (size_t i = 0; i < r->n; i++) {
        positives += r->label[i] == 1;
        labelled += r->label[i] >= 0;
    }
    bool enough = positives >= SS_CALIBRATE_MIN && labelled - positives >= SS_CALIBRATE_MIN;
    int err;
    if (enough && f->opt->calibration != SS_CALIBRATE_NONE && f->opt->calibration != SS_CALIBRATE_RANK)
        err = ss_calibration_fit(&model->calibration, f->opt->calibration, r->raw, r->label, r->n,
                                 &model->arena);
    else if (model->kind == SS_MODEL_IFOREST || f->opt->calibration == SS_CALIBRATE_RANK)
        err = ss_calibration_rank(&model->calibration, r->raw, r->n, f->opt->contamination, &model->arena);
    else {
        if (f->opt->calibration != SS_CALIBRATE_NONE)
            r->warning = "too few labelled frauds in the later slice to calibrate on: values are raw outputs";
        err = ss_calibration_none(&model->calibration, &model->arena);
    }
    for (size_t i = 0; !err && i < r->n; i++)
        r->value[i] = ss_calibration_apply(&model->calibration, r->raw[i]);
    model->levels = ss_levels_default;
    if (!err && enough && !f->opt->default_levels && model->calibration.method != SS_CALIBRATE_RANK)
        err = ss_levels_choose(&model->levels, r->value, r->n, positives);
    return err;
}

/* --- all together --- */

static void describe(struct fitter *f)
{
    const struct ss_data *data = f->data;
    struct ss_fit_report *r = f->report;
    r->rows = data->n;
    r->positives = ss_data_positives(data, 0, data->n);
    for (size_t i = 0; i < data->n; i++)
        r->unlabelled += data->label[i] < 0;
    r->from_us = data->n ? data->time_us[0] : 0;
    r->to_us = data->n ? data->time_us[data->n - 1] : 0;
    r->later_us = f->border < data->n ? data->time_us[f->border] : r->to_us;
    r->hash = ss_data_hash(data);
}

static int check_classes(struct fitter *f)
{
    size_t positives = ss_data_positives(f->data, 0, f->border);
    if (f->border == 0)
        return ss_fail(SS_EDATA, "no labelled records to train on: is there a 'label' in the records?");
    if (positives == 0 || positives == f->border)
        return ss_fail(SS_EDATA, "the earlier part of the training data (%zu records) has %s", f->border,
                       positives ? "only frauds" : "no frauds");
    return 0;
}

static int fit_iforest(struct fitter *f)
{
    struct ss_data *data = f->data;
    bool labels = ss_data_positives(data, f->border, data->n) >= SS_CALIBRATE_MIN;
    if (!labels) /* nothing to measure on: rank among all rows */
        f->border = 0;
    int err = fit_forest(f, labels ? f->border : data->n);
    err = err ? err : predict_later(f);
    err = err ? err : calibrate(f);
    f->report->early = labels ? f->border : data->n;
    f->report->early_positives = ss_data_positives(data, 0, f->report->early);
    return err || !labels || f->opt->keep_part ? err : fit_forest(f, data->n);
}

int ss_fit(struct ss_model *model, struct ss_data *data, const struct ss_fit_options *options,
           struct ss_fit_report *report)
{
    struct fitter f = {model, data, options, report, 0};
    int rounds = 0;
    *report = (struct ss_fit_report){.gain = calloc(data->width, sizeof *report->gain)};
    if (!report->gain)
        return ss_fail(SS_ENOMEM, "out of memory for a report");
    int err = ss_data_sort(data);
    if (err)
        return err;
    f.border = ss_data_border(data, options->validation);
    describe(&f);
    if (model->kind == SS_MODEL_IFOREST)
        return fit_iforest(&f);
    if (model->kind == SS_MODEL_BOTH) /* the forest learns from unlabelled payments too */
        err = f.border ? fit_forest(&f, f.border) : check_classes(&f);
    f.border = ss_data_keep_labelled(data, f.border);
    report->early = f.border;
    report->early_positives = ss_data_positives(data, 0, f.border);
    err = err ? err : check_classes(&f);
    err = err ? err : fit_trees(&f, f.border, &rounds, &model->trees);
    report->rounds = rounds;
    err = err ? err : predict_later(&f);
    err = err ? err : calibrate(&f);
    if (err || options->keep_part || f.border == data->n)
        return err;
    if (model->kind == SS_MODEL_BOTH)
        err = fit_forest(&f, data->n);
    ss_trees_free(&model->trees);
    return err ? err : fit_trees(&f, data->n, &rounds, &model->trees);
}

int ss_fit_calibration(struct ss_model *model, struct ss_data *data, const struct ss_fit_options *options,
                       struct ss_fit_report *report)
{
    struct fitter f = {model, data, options, report, 0};
    *report = (struct ss_fit_report){.gain = calloc(data->width, sizeof *report->gain)};
    if (!report->gain)
        return ss_fail(SS_ENOMEM, "out of memory for a report");
    int err = ss_data_sort(data);
    if (err)
        return err;
    describe(&f);
    model->levels = ss_levels_default;
    if (model->trees.link == SS_TREES_RAW)
        return ss_calibration_logistic(&model->calibration, &model->arena);
    if (data->n == 0)
        return ss_calibration_none(&model->calibration, &model->arena);
    err = predict_later(&f);
    return err ? err : calibrate(&f);
}
