/* The only file that knows libxgboost. It is loaded by dlopen at the first use. */
#include "model/xgb.h"
#include "base/err.h"
#include "base/number.h"
#include <dlfcn.h>
#include <math.h>
#include <pthread.h>
#include <xgboost/c_api.h>

#define FUNCTIONS(X)                \
    X(XGBGetLastError)              \
    X(XGBSetGlobalConfig)           \
    X(XGDMatrixCreateFromMat_omp)   \
    X(XGDMatrixSetFloatInfo)        \
    X(XGDMatrixFree)                \
    X(XGBoosterCreate)              \
    X(XGBoosterFree)                \
    X(XGBoosterSlice)               \
    X(XGBoosterSetParam)            \
    X(XGBoosterUpdateOneIter)       \
    X(XGBoosterEvalOneIter)         \
    X(XGBoosterPredictFromDMatrix)  \
    X(XGBoosterPredictFromDense)    \
    X(XGBoosterLoadModelFromBuffer) \
    X(XGBoosterSaveModelToBuffer)

#define POINTER(name) __typeof__(&name) name;
static struct {
    FUNCTIONS(POINTER)
    char missing[256]; /* why it could not be loaded; empty = it was */
} lib;

static void load_library(void)
{
    /* The name holds the ABI's number, so a library of another ABI is not taken. */
    void *handle = dlopen("libxgboost.so.0", RTLD_NOW | RTLD_LOCAL);
    if (!handle) {
        snprintf(lib.missing, sizeof lib.missing, "%s", dlerror());
        return;
    }
#define LOAD(name)                              \
    *(void **)&lib.name = dlsym(handle, #name); \
    if (!lib.name)                              \
        snprintf(lib.missing, sizeof lib.missing, "it has no '%s'", #name);
    FUNCTIONS(LOAD)
    if (!lib.missing[0])
        lib.XGBSetGlobalConfig("{\"verbosity\":0}");
}

static int need_library(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, load_library);
    return lib.missing[0] ? ss_fail(SS_EBUG, "cannot load libxgboost: %s", lib.missing) : 0;
}

/* The library's own message: its first line, without the "[time] file:line: " in front. */
static int fail(const char *doing)
{
    const char *text = lib.XGBGetLastError(), *p;
    if (text[0] == '[' && (p = strstr(text, ": ")))
        text = p + 2;
    return ss_fail(SS_EDATA, "%s: %.*s", doing, (int)strcspn(text, "\n"), text);
}

static int matrix_of(const struct ss_xgb_matrix *from, int threads, DMatrixHandle *to)
{
    if (lib.XGDMatrixCreateFromMat_omp(from->rows, from->n, from->features, NAN, to, threads) != 0)
        return fail("cannot read the training matrix");
    if ((from->label && lib.XGDMatrixSetFloatInfo(*to, "label", from->label, from->n) != 0) ||
        (from->weight && lib.XGDMatrixSetFloatInfo(*to, "weight", from->weight, from->n) != 0)) {
        int err = fail("cannot set labels and weights");
        lib.XGDMatrixFree(*to);
        *to = NULL;
        return err;
    }
    return 0;
}

static int set(BoosterHandle booster, const char *name, const char *value)
{
    if (lib.XGBoosterSetParam(booster, name, value) != 0) {
        int err = fail("cannot set a parameter");
        return ss_fail_in(err, "'%s = %s': ", name, value);
    }
    return 0;
}

static const char *metric_of(const struct ss_xgb_options *options)
{
    return options->metric ? options->metric : "aucpr";
}

bool ss_xgb_has_param(const char *name)
{
    static const char *const names[] = {
        "eta",         "learning_rate",     "gamma",          "min_split_loss",    "max_depth",
        "max_leaves",  "min_child_weight",  "max_delta_step", "subsample",         "sampling_method",
        "lambda",      "reg_lambda",        "alpha",          "reg_alpha",         "colsample_bytree",
        "tree_method", "colsample_bylevel", "grow_policy",    "num_parallel_tree", "colsample_bynode",
        "max_bin",     "scale_pos_weight",  "base_score",     "refresh_leaf",      "objective"};
    for (size_t i = 0; i < SS_COUNT(names); i++)
        if (strcmp(name, names[i]) == 0)
            return true;
    return false;
}

static int configure(BoosterHandle booster, const struct ss_xgb_options *options)
{
    char seed[SS_NUMBER_MAX] = {0}, threads[SS_NUMBER_MAX] = {0};
    ss_int_print((int64_t)(options->seed & INT32_MAX), seed);
    ss_int_print(options->threads > 0 ? options->threads : 1, threads);
    const struct ss_xgb_param defaults[] = {
        {"verbosity", "0"},
        {"objective", "binary:logistic"},
        {"tree_method", "hist"},
        {"seed", seed},
        {"nthread", threads},
        {"disable_default_eval_metric", "1"},
        {"eval_metric", metric_of(options) /* "logloss" is XGBoost's word too */},
    };
    int err = 0;
    for (size_t i = 0; err == 0 && i < SS_COUNT(defaults); i++)
        err = set(booster, defaults[i].name, defaults[i].value);
    for (size_t i = 0; err == 0 && i < options->n_params; i++)
        err = set(booster, options->params[i].name, options->params[i].value);
    return err;
}

/* "[12]\tvalid-aucpr:0.6123" -> 0.6123 */
static int evaluate(BoosterHandle booster, int round, DMatrixHandle valid, double *metric)
{
    const char *name = "valid", *text, *p;
    if (lib.XGBoosterEvalOneIter(booster, round, &valid, &name, 1, &text) != 0)
        return fail("cannot evaluate the model");
    p = strrchr(text, ':');
    if (!p || !ss_double_parse(p + 1, strcspn(p + 1, "\t\n "), metric))
        return ss_fail(SS_EDATA, "cannot evaluate the model: the metric is '%s'", p ? p + 1 : text);
    return 0;
}

/* Rounds up to the best one, or all without `valid`. */
static int boost(BoosterHandle booster, DMatrixHandle train, DMatrixHandle valid,
                 const struct ss_xgb_options *options, struct ss_xgb_result *result)
{
    bool low_is_good = strstr(metric_of(options), "loss") || strstr(metric_of(options), "error");
    *result = (struct ss_xgb_result){0, NAN};
    for (int round = 0; round < options->rounds; round++) {
        double now = 0;
        if (lib.XGBoosterUpdateOneIter(booster, round, train) != 0)
            return fail("cannot train");
        if (!valid) {
            result->rounds = round + 1;
            continue;
        }
        int err = evaluate(booster, round, valid, &now);
        if (err < 0)
            return err;
        if (isnan(result->metric) || (low_is_good ? now < result->metric : now > result->metric))
            *result = (struct ss_xgb_result){round + 1, now};
        else if (options->patience > 0 && round + 1 - result->rounds >= options->patience)
            break;
    }
    return 0;
}

static int save(BoosterHandle booster, struct ss_buf *model)
{
    bst_ulong len;
    const char *bytes;
    if (lib.XGBoosterSaveModelToBuffer(booster, "{\"format\":\"json\"}", &len, &bytes) != 0)
        return fail("cannot save the model");
    ss_buf_put(model, bytes, len);
    return ss_buf_check(model);
}

static int train_with(DMatrixHandle train, DMatrixHandle valid, const struct ss_xgb_options *options,
                      struct ss_buf *model, struct ss_xgb_result *result)
{
    DMatrixHandle both[2] = {train, valid};
    BoosterHandle booster, best;
    if (lib.XGBoosterCreate(both, valid ? 2 : 1, &booster) != 0)
        return fail("cannot train");
    int err = configure(booster, options);
    if (err == 0)
        err = boost(booster, train, valid, options, result);
    if (err == 0 && lib.XGBoosterSlice(booster, 0, result->rounds, 1, &best) != 0)
        err = fail("cannot keep the best rounds");
    if (err == 0) {
        err = save(best, model);
        lib.XGBoosterFree(best);
    }
    lib.XGBoosterFree(booster);
    return err;
}

int ss_xgb_train(const struct ss_xgb_matrix *train, const struct ss_xgb_matrix *valid,
                 const struct ss_xgb_options *options, struct ss_buf *model, struct ss_xgb_result *result)
{
    int threads = options->threads > 0 ? options->threads : 1;
    DMatrixHandle t = NULL, v = NULL;
    if (train->n == 0 || options->rounds < 1 || (valid && valid->n == 0))
        return ss_fail(SS_EDATA, "nothing to train on");
    int err = need_library();
    if (err == 0)
        err = matrix_of(train, threads, &t);
    if (err == 0 && valid)
        err = matrix_of(valid, threads, &v);
    if (err == 0)
        err = train_with(t, v, options, model, result);
    if (t)
        lib.XGDMatrixFree(t);
    if (v)
        lib.XGDMatrixFree(v);
    return err;
}

struct ss_xgb {
    BoosterHandle booster;
};

int ss_xgb_load(const char *json, size_t len, struct ss_xgb **xgb)
{
    int err = need_library();
    if (err < 0)
        return err;
    struct ss_xgb *x = calloc(1, sizeof *x);
    if (!x || lib.XGBoosterCreate(NULL, 0, &x->booster) != 0) {
        free(x);
        return ss_fail(SS_ENOMEM, "out of memory");
    }
    if (lib.XGBoosterLoadModelFromBuffer(x->booster, json, len) != 0)
        err = fail("cannot load the model");
    if (err == 0)
        err = set(x->booster, "nthread", "1");
    if (err < 0) {
        ss_xgb_free(x);
        return err;
    }
    *xgb = x;
    return 0;
}

void ss_xgb_free(struct ss_xgb *xgb)
{
    if (xgb)
        lib.XGBoosterFree(xgb->booster);
    free(xgb);
}

int ss_xgb_predict(struct ss_xgb *xgb, const struct ss_xgb_matrix *matrix, enum ss_xgb_output what,
                   float *out)
{
    char config[160];
    const bst_ulong *shape;
    bst_ulong dim;
    const float *values;
    DMatrixHandle m = NULL;
    int err = matrix_of(matrix, 1, &m);
    if (err < 0)
        return err;
    snprintf(
        config, sizeof config,
        "{\"type\":%d,\"training\":false,\"iteration_begin\":0,\"iteration_end\":0,\"strict_shape\":true}",
        (int)what);
    if (lib.XGBoosterPredictFromDMatrix(xgb->booster, m, config, &shape, &dim, &values) != 0)
        err = fail("cannot predict");
    else
        memcpy(out, values,
               matrix->n * (what == SS_XGB_CONTRIBUTIONS ? matrix->features + 1 : 1) * sizeof *out);
    lib.XGDMatrixFree(m);
    return err;
}

int ss_xgb_predict_inplace(struct ss_xgb *xgb, const float *rows, size_t n, uint32_t features, float *out)
{
    /* "cache_id" is not documented, and without it 1.7.4 fails. */
    static const char config[] = "{\"type\":1,\"training\":false,\"iteration_begin\":0,\"iteration_end\":0,"
                                 "\"strict_shape\":true,\"missing\":NaN,\"cache_id\":0}";
    char array[160];
    const bst_ulong *shape;
    bst_ulong dim;
    const float *values;
    snprintf(array, sizeof array,
             "{\"data\":[%zu,true],\"shape\":[%zu,%u],\"typestr\":\"<f4\",\"version\":3}", (size_t)rows, n,
             features);
    if (lib.XGBoosterPredictFromDense(xgb->booster, array, config, NULL, &shape, &dim, &values) != 0)
        return fail("cannot predict");
    memcpy(out, values, n * sizeof *out);
    return 0;
}
