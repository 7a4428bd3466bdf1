#include "base/err.h"
#include "base/file.h"
#include "base/hash.h"
#include "base/log.h"
#include "base/number.h"
#include "base/time.h"
#include "eval/metrics.h"
#include "feature/file.h"
#include "feature/supply.h"
#include "flow/stage.h"
#include "model/distribution.h"
#include "model/inputs.h"
#include "model/intake.h"
#include "model/report.h"
#include <stdlib.h>

#define REPORT_MAX ((size_t)16 << 20)

struct train {
    const char *model_path, *feature_name, *report_path, *import_path, *from, *to;
    struct ss_names exclude, only, monotone; /* as given */
    bool json;
    size_t max_memory;
    struct ss_fit_options fit;
    /* From here on set by open. */
    struct ss_env *env;
    int64_t from_us, to_us;
    struct ss_supply *supply;
    struct ss_model *model;
    uint32_t *bind; /* feature of each input */
    int8_t *way;    /* monotone direction of each input */
    struct ss_intake intake;
};

enum {
    OPT_KIND = 512,
    OPT_FROM,
    OPT_TO,
    OPT_EXCLUDE,
    OPT_ONLY,
    OPT_IMPORT,
    OPT_REPORT,
    OPT_JSON,
    OPT_SEED,
    OPT_PARAMS,
    OPT_SMOTE,
    OPT_WEIGHT,
    OPT_ROUNDS,
    OPT_VALIDATION,
    OPT_EARLY,
    OPT_METRIC,
    OPT_BAG,
    OPT_MONOTONE,
    OPT_NO_REFIT,
    OPT_CALIBRATION,
    OPT_CONTAMINATION,
    OPT_LEVELS,
    OPT_TREES,
    OPT_SAMPLE,
    OPT_THREADS,
    OPT_MEMORY
};

static const struct argp_option options[] = {
    {"model", 'o', "MODEL", 0, "Write the model file there (required)", 0},
    {"features", 'f', "FILE", 0,
     "Feature file that goes into the model, or the name of a shipped one (default)", 0},
    {"kind", OPT_KIND, "KIND", 0, "gbt, iforest or both (gbt)", 0},
    {"import", OPT_IMPORT, "FILE", 0,
     "Take the trees of an XGBoost JSON or LightGBM text model; train nothing", 0},
    {"report", OPT_REPORT, "FILE", 0, "Write the report there instead of standard output", 0},
    {"json", OPT_JSON, NULL, 0, "Report as one line of JSON", 0},
    {"from", OPT_FROM, "TIME", 0, "Train on payments from this event time on", 1},
    {"to", OPT_TO, "TIME", 0, "Train on payments before this event time", 1},
    {"exclude", OPT_EXCLUDE, "NAMES", 0, "Leave these features out: names or patterns, with commas", 1},
    {"only", OPT_ONLY, "NAMES", 0, "Use these features alone", 1},
    {"validation", OPT_VALIDATION, "SHARE", 0, "Later share of the payments, set aside to measure on (0.25)",
     1},
    {"no-refit", OPT_NO_REFIT, NULL, 0, "Do not fit again on all payments once measured", 1},
    {"seed", OPT_SEED, "N", 0, "Of everything that is drawn (1)", 2},
    {"rounds", OPT_ROUNDS, "N", 0, "At most so many rounds of boosting (500)", 2},
    {"early-stopping", OPT_EARLY, "N", 0,
     "Stop after N rounds without progress on the later slice; 0 = never (20)", 2},
    {"metric", OPT_METRIC, "NAME", 0, "Progress in aucpr, auc or logloss (aucpr)", 2},
    {"params", OPT_PARAMS, "NAME=VALUE", 0,
     "XGBoost parameters, with commas (eta=0.15,max_depth=4,max_bin=1024)", 2},
    {"bag", OPT_BAG, "N", 0, "Train N times with seeds of their own and average the margins (1)", 2},
    {"monotone", OPT_MONOTONE, "NAME=+1", 0, "The score may only rise (+1) or fall (-1) with a feature", 2},
    {"weight", OPT_WEIGHT, "W", 0, "Weight of a fraud: a number, or balanced (1)", 3},
    {"smote", OPT_SMOTE, "RATIO", 0, "Add synthetic frauds up to RATIO per genuine payment (0: none)", 3},
    {"trees", OPT_TREES, "N", 0, "Isolation forest: trees (100)", 4},
    {"sample", OPT_SAMPLE, "N", 0, "Isolation forest: payments a tree is grown from (256)", 4},
    {"contamination", OPT_CONTAMINATION, "SHARE", 0,
     "Share of payments to be looked at, where no labels say (0.01)", 4},
    {"calibration", OPT_CALIBRATION, "METHOD", 0, "beta, isotonic, rank or none (beta)", 5},
    {"levels", OPT_LEVELS, "HOW", 0, "Thresholds: reachable (from the later slice) or default (reachable)",
     5},
    {"threads", OPT_THREADS, "N", 0, "Threads to train with; part of what makes a model reproducible (1)", 6},
    {"max-memory", OPT_MEMORY, "MIB", 0, "Most memory for training data (16384)", 6},
    {0},
};

/* --- options --- */

static void take_double(struct argp_state *state, const char *name, const char *arg, double low, double high,
                        double *to)
{
    if (!ss_double_parse(arg, strlen(arg), to) || !(*to >= low && *to <= high))
        argp_error(state, "--%s takes a number from %g to %g, not '%s'", name, low, high, arg);
}

static int64_t take_int(struct argp_state *state, const char *name, const char *arg, int64_t low,
                        int64_t high)
{
    int64_t n = low;
    if (!ss_int_parse(arg, strlen(arg), &n) || n < low || n > high)
        argp_error(state, "--%s takes a whole number from %lld to %lld, not '%s'", name, (long long)low,
                   (long long)high, arg);
    return n;
}

static void take_names(struct argp_state *state, const char *name, char *arg, struct ss_names *names)
{
    for (char *p = arg, *next; p && *p; p = next) {
        next = strchr(p, ',');
        if (next)
            *next++ = '\0';
        if (names->n == SS_NAMES_MAX)
            argp_error(state, "--%s takes at most %d names", name, SS_NAMES_MAX);
        names->name[names->n++] = p;
    }
}

static void take_params(struct argp_state *state, struct ss_fit_options *fit, char *arg)
{
    struct ss_names given = {.n = 0};
    take_names(state, "params", arg, &given);
    for (int i = 0; i < given.n; i++) {
        const char *name = given.name[i];
        char *equals = strchr(name, '=');
        if (!equals || equals == name || fit->n_params == SS_FIT_PARAMS_MAX)
            argp_error(state, "--params takes at most %d of NAME=VALUE, not '%s'", SS_FIT_PARAMS_MAX, name);
        *equals = '\0';
        if (!ss_xgb_has_param(name))
            argp_error(state,
                       "--params: XGBoost's trees have no parameter '%s' (max_depth, eta, subsample, ...)",
                       name);
        fit->param[fit->n_params++] = (struct ss_xgb_param){name, equals + 1};
    }
}

static void take_choice(struct argp_state *state, const char *name, const char *arg, int chosen)
{
    if (chosen < 0)
        argp_error(state, "--%s: '%s' is not one of its values; see --help", name, arg);
}

static error_t parse_fit(int key, char *arg, struct argp_state *state, struct ss_fit_options *fit)
{
    double x;
    int n;
    switch (key) {
    case OPT_KIND:
        take_choice(state, "kind", arg, n = ss_model_kind_of(ss_str_of(arg)));
        fit->kind = (enum ss_model_kind)n;
        return 0;
    case OPT_CALIBRATION:
        take_choice(state, "calibration", arg, n = ss_calibration_method_of(ss_str_of(arg)));
        fit->calibration = (enum ss_calibration_method)n;
        return 0;
    case OPT_LEVELS:
        n = strcmp(arg, "reachable") == 0 ? 0 : strcmp(arg, "default") == 0 ? 1 : -1;
        take_choice(state, "levels", arg, n);
        fit->default_levels = n == 1;
        return 0;
    case OPT_METRIC:
        n = strcmp(arg, "aucpr") == 0 || strcmp(arg, "auc") == 0 || strcmp(arg, "logloss") == 0 ? 0 : -1;
        take_choice(state, "metric", arg, n);
        fit->metric = arg;
        return 0;
    case OPT_WEIGHT:
        fit->weight = 0;
        if (strcmp(arg, "balanced") != 0)
            take_double(state, "weight", arg, 1e-6, 1e6, &fit->weight);
        return 0;
    case OPT_SEED: fit->seed = (uint64_t)take_int(state, "seed", arg, 0, INT32_MAX / 2); return 0;
    case OPT_ROUNDS: fit->rounds = (int)take_int(state, "rounds", arg, 1, 60000); return 0;
    case OPT_EARLY: fit->patience = (int)take_int(state, "early-stopping", arg, 0, 60000); return 0;
    case OPT_BAG: fit->bag = (int)take_int(state, "bag", arg, 1, SS_FIT_BAG_MAX); return 0;
    case OPT_TREES:
        fit->forest_trees = (uint32_t)take_int(state, "trees", arg, 1, SS_IFOREST_TREES_MAX);
        return 0;
    case OPT_SAMPLE: fit->forest_sample = (uint32_t)take_int(state, "sample", arg, 2, 1 << 20); return 0;
    case OPT_THREADS: fit->threads = (int)take_int(state, "threads", arg, 1, 256); return 0;
    case OPT_SMOTE: take_double(state, "smote", arg, 0, 1, &fit->smote); return 0;
    case OPT_VALIDATION: take_double(state, "validation", arg, 0, 0.9, &fit->validation); return 0;
    case OPT_CONTAMINATION:
        take_double(state, "contamination", arg, 1e-6, 0.2, &x);
        fit->contamination = x;
        return 0;
    case OPT_NO_REFIT: fit->keep_part = true; return 0;
    case OPT_PARAMS: take_params(state, fit, arg); return 0;
    }
    return ARGP_ERR_UNKNOWN;
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct train *st = state->input;
    switch (key) {
    case ARGP_KEY_INIT:
        ss_fit_defaults(&st->fit);
        st->max_memory = (size_t)16384 << 20;
        return 0;
    case ARGP_KEY_END:
        if (!st->model_path)
            argp_error(state, "no model file to write: give -o MODEL");
        return 0;
    case 'o': st->model_path = arg; return 0;
    case 'f': st->feature_name = arg; return 0;
    case OPT_IMPORT: st->import_path = arg; return 0;
    case OPT_REPORT: st->report_path = arg; return 0;
    case OPT_JSON: st->json = true; return 0;
    case OPT_FROM: st->from = arg; return 0;
    case OPT_TO: st->to = arg; return 0;
    case OPT_EXCLUDE: take_names(state, "exclude", arg, &st->exclude); return 0;
    case OPT_ONLY: take_names(state, "only", arg, &st->only); return 0;
    case OPT_MONOTONE: take_names(state, "monotone", arg, &st->monotone); return 0;
    case OPT_MEMORY: st->max_memory = (size_t)take_int(state, "max-memory", arg, 1, 1 << 24) << 20; return 0;
    }
    return parse_fit(key, arg, state, &st->fit);
}

static const struct argp train_argp = {options, parse, NULL, NULL, NULL, NULL, NULL};

/* --- opening --- */

static int read_time(const char *option, const char *text, int64_t *time_us, int64_t otherwise)
{
    *time_us = otherwise;
    if (!text || ss_time_parse(text, strlen(text), time_us))
        return 0;
    return ss_fail(SS_EUSAGE, "%s '%s' is not a time such as 2026-03-01 or 2026-03-01T12:30:00Z", option,
                   text);
}

static int open_features(struct train *st)
{
    const char *name = st->feature_name ? st->feature_name : SS_FEATURE_FILE_DEFAULT;
    struct ss_buf buf;
    ss_buf_init(&buf, SS_FEATURE_FILE_MAX + 1);
    int err = ss_feature_file_read(name, &buf);
    struct ss_str text = {buf.p ? buf.p : "", buf.n};
    err = err ? err : ss_supply_new(text, name, st->env->schema, 1, st->env->program, &st->supply);
    if (!err) {
        memcpy(st->model->set, ss_supply_names(st->supply)->set, sizeof st->model->set);
        err = ss_model_keep(st->model, text, &st->model->feature_file);
    }
    ss_buf_free(&buf);
    return err;
}

static int train_open(void *state, struct ss_env *env)
{
    struct train *st = state;
    st->env = env;
    int err = read_time("--from", st->from, &st->from_us, INT64_MIN);
    err = err ? err : read_time("--to", st->to, &st->to_us, INT64_MAX);
    err = err ? err : ss_model_new(&st->model);
    err = err ? err : open_features(st);
    if (err)
        return err;
    st->model->kind = st->import_path ? SS_MODEL_GBT : st->fit.kind;
    const struct ss_feature_names *names = ss_supply_names(st->supply);
    err = st->import_path ? ss_inputs_import(st->model, names, st->import_path, &st->bind)
                          : ss_inputs_choose(st->model, names, &st->only, &st->exclude, &st->bind);
    err = err ? err : ss_inputs_ways(st->model, &st->monotone, &st->way);
    st->fit.monotone = st->way;
    if (err)
        return err;
    return ss_intake_init(&st->intake, st->model, st->bind, st->max_memory);
}

static void train_close(void *state)
{
    struct train *st = state;
    ss_intake_free(&st->intake);
    free(st->bind);
    free(st->way);
    ss_supply_free(st->supply);
    ss_model_free(st->model);
}

/* --- records --- */

static uint64_t id_of(const struct ss_record *rec, struct ss_arena *arena)
{
    struct ss_str text = ss_record_text(rec, SS_TXN_ID, arena);
    uint64_t h = text.p ? ss_hash64(text.p, text.n) : 0;
    return text.p && h == 0 ? 1 : h;
}

static int train_step(void *state, struct ss_batch *batch)
{
    struct train *st = state;
    int err = ss_supply_prepare(st->supply, batch);
    for (int phase = 0; !err && phase < SS_SUPPLY_PHASES; phase++)
        err = ss_supply_work(st->supply, phase, 0, 1, batch);
    for (size_t i = 0; !err && i < batch->n; i++) {
        struct ss_record *rec = &batch->rec[i];
        if (rec->fate != SS_KEEP)
            continue;
        if (ss_record_is_label(rec))
            err = ss_intake_label(&st->intake, id_of(rec, batch->arena), ss_record_label(rec));
        else if (rec->features && rec->time_us >= st->from_us && rec->time_us < st->to_us)
            err = ss_intake_payment(&st->intake, rec->features, rec->time_us, id_of(rec, batch->arena),
                                    ss_record_label(rec));
        rec->fate = SS_DROP;
    }
    return err;
}

/* --- the end --- */

static int measure(const struct train *st, const struct ss_fit_report *fit, struct ss_report_metrics *m)
{
    struct ss_ranking ranking;
    struct ss_bin bin[SS_REPORT_BINS];
    int err = ss_ranking_init(&ranking, fit->value, fit->label, fit->n);
    if (err)
        return err;
    *m = (struct ss_report_metrics){.records = ranking.n_pos + ranking.n_neg,
                                    .positives = ranking.n_pos,
                                    .auc_roc = ss_eval_auc(&ranking),
                                    .average_precision = ss_eval_average_precision(&ranking),
                                    .brier = ss_eval_brier(&ranking),
                                    .log_loss = ss_eval_log_loss(&ranking)};
    ss_eval_reliability(&ranking, bin, SS_REPORT_BINS);
    for (int i = 0; i < SS_REPORT_BINS; i++)
        m->bin[i] = (struct ss_report_bin){bin[i].from,      bin[i].to,         bin[i].n,
                                           bin[i].positives, bin[i].mean_score, bin[i].frequency};
    ss_report_count_levels(st->model, fit, m);
    ss_ranking_free(&ranking);
    return 0;
}

static int keep_json(struct train *st, struct ss_buf *buf, struct ss_str *to)
{
    int err = ss_buf_check(buf);
    err = err ? err : ss_model_keep(st->model, (struct ss_str){buf->p, buf->n}, to);
    ss_buf_reset(buf);
    return err;
}

static int write_model(struct train *st, const struct ss_fit_report *fit,
                       const struct ss_report_metrics *metrics)
{
    struct ss_buf buf;
    ss_buf_init(&buf, SS_MODEL_FILE_MAX);
    if (!st->import_path)
        ss_report_parameters(st->model, &st->fit, fit, &buf);
    else
        ss_buf_puts(&buf, "{\"made_by\":\"ss-train " SS_VERSION "\",\"imported\":true}");
    int err = keep_json(st, &buf, &st->model->parameters);
    if (!err && fit->rows) {
        ss_report_training(fit, &buf);
        err = keep_json(st, &buf, &st->model->training);
    }
    if (!err && metrics->records) {
        ss_report_metrics_json(st->model, fit, metrics, &buf);
        err = keep_json(st, &buf, &st->model->metrics);
    }
    if (!err && st->intake.data.n) {
        err = ss_distribution_put(st->model, &st->intake.data, fit, &buf);
        err = err ? err : keep_json(st, &buf, &st->model->distribution);
    }
    if (!err) {
        ss_model_write(st->model, &buf);
        err = ss_buf_check(&buf);
    }
    err = err ? err : ss_model_seal(st->model, buf.p, buf.n);
    err = err ? err : ss_file_replace(st->model_path, buf.p, buf.n);
    ss_buf_free(&buf);
    return err;
}

static void put_member(struct ss_buf *to, const char *key, struct ss_str json)
{
    ss_buf_printf(to, ",\"%s\":", key);
    ss_buf_put(to, json.p ? json.p : "null", json.p ? json.n : 4);
}

static int write_report(struct train *st, const struct ss_fit_report *fit,
                        const struct ss_report_metrics *metrics)
{
    struct ss_buf buf;
    ss_buf_init(&buf, REPORT_MAX);
    if (st->json) {
        ss_buf_printf(&buf, "{\"model\":\"%s\",\"features\":\"%s\",\"inputs\":%u", st->model->name,
                      st->model->set, ss_model_width(st->model));
        put_member(&buf, "parameters", st->model->parameters);
        put_member(&buf, "training", st->model->training);
        put_member(&buf, "metrics", st->model->metrics);
        ss_buf_puts(&buf, "}\n");
    } else {
        ss_report_text(st->model, &st->fit, fit, metrics, st->model_path, &buf);
    }
    int err = ss_buf_check(&buf);
    if (!err)
        err = st->report_path ? ss_file_replace(st->report_path, buf.p, buf.n)
                              : ss_sink_write(st->env->out, buf.p, buf.n);
    ss_buf_free(&buf);
    return err;
}

static int train_finish(void *state, struct ss_batch *batch)
{
    struct train *st = state;
    struct ss_fit_report fit = {0};
    struct ss_report_metrics metrics = {0};
    (void)batch;
    int err = ss_intake_settle(&st->intake);
    if (!err)
        err = st->import_path ? ss_fit_calibration(st->model, &st->intake.data, &st->fit, &fit)
                              : ss_fit(st->model, &st->intake.data, &st->fit, &fit);
    if (!err && fit.warning)
        ss_warn("%s", fit.warning);
    if (!err && fit.n)
        err = measure(st, &fit, &metrics);
    err = err ? err : write_model(st, &fit, &metrics);
    err = err ? err : write_report(st, &fit, &metrics);
    ss_fit_report_free(&fit);
    return err;
}

const struct ss_stage ss_stage_train = {
    .name = "train",
    .about = "Fit a model on labelled payments (boosted trees) or unlabelled ones (isolation forest).",
    .argp = &train_argp,
    .state_size = sizeof(struct train),
    .open = train_open,
    .step = train_step,
    .finish = train_finish,
    .close = train_close,
};
