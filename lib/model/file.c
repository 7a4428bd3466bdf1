#include "model/file.h"
#include "base/digest.h"
#include "base/err.h"
#include "base/file.h"
#include "json/cursor.h"
#include "json/write.h"
#include <float.h>
#include <math.h>
#include <stdlib.h>

static const char *const kinds[] = {"gbt", "iforest", "both"};

const char *ss_model_kind_name(enum ss_model_kind kind)
{
    return kinds[kind];
}

int ss_model_kind_of(struct ss_str name)
{
    for (int i = 0; i < (int)SS_COUNT(kinds); i++)
        if (ss_str_is(name, kinds[i]))
            return i;
    return -1;
}

int ss_model_new(struct ss_model **model)
{
    *model = calloc(1, sizeof **model);
    if (!*model)
        return ss_fail(SS_ENOMEM, "out of memory for a model");
    ss_arena_init(&(*model)->arena, 4 * SS_MODEL_FILE_MAX);
    (*model)->levels = ss_levels_default;
    return 0;
}

void ss_model_free(struct ss_model *model)
{
    if (!model)
        return;
    for (uint32_t j = 0; j < model->n_inputs; j++)
        ss_map_free(&model->input[j].values);
    ss_trees_free(&model->trees);
    ss_scorer_free(model->scorer);
    ss_arena_free(&model->arena);
    free(model);
}

int ss_model_inputs(struct ss_model *model, uint32_t n_inputs)
{
    if (n_inputs < 1 || n_inputs > SS_MODEL_INPUTS_MAX)
        return ss_fail(SS_EDATA, "a model has 1 to %d inputs, not %u", SS_MODEL_INPUTS_MAX, n_inputs);
    model->input = ss_arena_zalloc(&model->arena, n_inputs * sizeof *model->input);
    if (!model->input)
        return SS_ENOMEM;
    for (uint32_t j = 0; j < n_inputs; j++)
        ss_map_init(&model->input[j].values, SS_MODEL_VALUES_MAX);
    model->n_inputs = n_inputs;
    return 0;
}

int ss_model_seal(struct ss_model *model, const char *text, size_t len)
{
    char hex[SS_DIGEST_HEX];
    ss_sha256_hex(text, len, hex);
    snprintf(model->name, sizeof model->name, "%s:%.8s", kinds[model->kind], hex);
    if (model->kind == SS_MODEL_IFOREST || model->scorer)
        return 0;
    return ss_scorer_new(&model->trees, &model->scorer);
}

/* --- writing --- */

static void put_input(const struct ss_model_input *in, struct ss_buf *to)
{
    ss_buf_puts(to, "{\"name\":");
    ss_json_put_string(to, in->name);
    if (in->is_text)
        ss_put_texts_of(to, "values", in->values.key, in->values.n);
    ss_buf_putc(to, '}');
}

static void put_text(struct ss_buf *to, const char *key, struct ss_str json)
{
    if (json.p) {
        ss_buf_printf(to, ",\n\"%s\":", key);
        ss_buf_put(to, json.p, json.n);
    }
}

void ss_model_write(const struct ss_model *model, struct ss_buf *to)
{
    ss_buf_printf(to, "{\"sentinel_stream_model\":%d,\n\"kind\":\"%s\",\n", SS_MODEL_VERSION,
                  kinds[model->kind]);
    ss_buf_printf(to, "\"features\":{\"set\":\"%s\",\"file\":", model->set);
    ss_json_put_string(to, model->feature_file);
    ss_buf_puts(to, "},\n\"inputs\":[\n");
    for (uint32_t j = 0; j < model->n_inputs; j++) {
        put_input(&model->input[j], to);
        ss_buf_puts(to, j + 1 < model->n_inputs ? ",\n" : "],\n");
    }
    ss_buf_puts(to, "\"calibration\":");
    ss_calibration_write_json(&model->calibration, to);
    ss_buf_puts(to, ",\n\"levels\":");
    ss_levels_write_json(&model->levels, to);
    put_text(to, "parameters", model->parameters);
    put_text(to, "training", model->training);
    put_text(to, "metrics", model->metrics);
    put_text(to, "distribution", model->distribution);
    if (model->kind != SS_MODEL_IFOREST) {
        ss_buf_puts(to, ",\n\"gbt\":");
        ss_trees_write_json(&model->trees, to);
    }
    if (model->kind != SS_MODEL_GBT) {
        ss_buf_puts(to, ",\n\"iforest\":");
        ss_iforest_write_json(&model->forest, to);
    }
    ss_buf_puts(to, "}\n");
}

/* --- reading --- */

static struct ss_str text_of(const struct ss_json_value *object, const char *key)
{
    const struct ss_json_value *v = ss_json_get(object, key);
    return v && v->type == SS_JSON_STRING ? v->text : (struct ss_str){NULL, 0};
}

static int copy_text(struct ss_model *model, struct ss_str from, struct ss_str *to)
{
    to->p = ss_arena_copy(&model->arena, from.p, from.n);
    to->n = from.n;
    return to->p ? 0 : SS_ENOMEM;
}

static int read_features(struct ss_model *model, const struct ss_json_value *json)
{
    struct ss_str set = text_of(json, "set"), file = text_of(json, "file");
    char hex[SS_DIGEST_HEX];
    if (!file.p)
        return ss_fail(SS_EDATA, "features: no text in 'file'");
    ss_sha256_hex(file.p, file.n, hex);
    hex[8] = '\0';
    if (!ss_str_is(set, hex))
        return ss_fail(SS_EDATA, "features: the text in 'file' is not the one of set '%.*s'",
                       set.n < 64 ? (int)set.n : 64, set.p ? set.p : "");
    memcpy(model->set, hex, sizeof model->set);
    return copy_text(model, file, &model->feature_file);
}

static int read_input(struct ss_model *model, uint32_t j, const struct ss_json_value *json,
                      struct ss_map *seen)
{
    struct ss_model_input *in = &model->input[j];
    struct ss_str name = text_of(json, "name");
    const struct ss_json_value *values = ss_json_get(json, "values");
    if (!name.p || name.n == 0 || name.n > 256)
        return ss_fail(SS_EDATA, "input %u has no name", j);
    if (ss_map_find(seen, name) >= 0)
        return ss_fail(SS_EDATA, "input '%.*s' is there twice", (int)name.n, name.p);
    if (ss_map_add(seen, name) < 0 || copy_text(model, name, &in->name) < 0)
        return SS_ENOMEM;
    if (!values)
        return 0;
    in->is_text = true;
    if (values->type != SS_JSON_ARRAY || values->n > SS_MODEL_VALUES_MAX)
        return ss_fail(SS_EDATA, "input '%.*s': 'values' must be at most %d texts", (int)name.n, name.p,
                       SS_MODEL_VALUES_MAX);
    for (uint32_t i = 0; i < values->n; i++) {
        if (values->at[i].type != SS_JSON_STRING)
            return ss_fail(SS_EDATA, "input '%.*s': value %u is no text", (int)name.n, name.p, i);
        int64_t id = ss_map_add(&in->values, values->at[i].text);
        if (id < 0)
            return (int)id;
        if (id != i)
            return ss_fail(SS_EDATA, "input '%.*s': value %u is there twice", (int)name.n, name.p, i);
    }
    return 0;
}

static int read_inputs(struct ss_model *model, const struct ss_json_value *json)
{
    struct ss_map seen;
    if (!json || json->type != SS_JSON_ARRAY)
        return ss_fail(SS_EDATA, "no 'inputs'");
    int err = ss_model_inputs(model, json->n);
    ss_map_init(&seen, SS_MODEL_INPUTS_MAX);
    for (uint32_t j = 0; !err && j < json->n; j++)
        err = read_input(model, j, &json->at[j], &seen);
    ss_map_free(&seen);
    return err;
}

static int read_parts(struct ss_model *model, const struct ss_json_value *root)
{
    const struct ss_json_value *version = ss_json_get(root, "sentinel_stream_model");
    if (!version || version->type != SS_JSON_NUMBER)
        return ss_fail(SS_EDATA, "not a model file: no 'sentinel_stream_model'");
    if (version->number != SS_MODEL_VERSION)
        return ss_fail(SS_EDATA, "model format %g is not known: this program reads format %d",
                       version->number, SS_MODEL_VERSION);
    int kind = ss_model_kind_of(text_of(root, "kind"));
    if (kind < 0)
        return ss_fail(SS_EDATA, "'kind' is none of gbt, iforest, both");
    model->kind = (enum ss_model_kind)kind;
    int err = read_features(model, ss_json_get(root, "features"));
    err = err ? err : read_inputs(model, ss_json_get(root, "inputs"));
    err =
        err ? err
            : ss_calibration_read_json(&model->calibration, ss_json_get(root, "calibration"), &model->arena);
    err = err ? err : ss_levels_read_json(&model->levels, ss_json_get(root, "levels"));
    if (err)
        return err;
    if (kind != SS_MODEL_IFOREST) {
        const struct ss_json_value *gbt = ss_json_get(root, "gbt");
        if (!gbt)
            return ss_fail(SS_EDATA, "no 'gbt'");
        err = ss_trees_read_json(gbt, &model->trees);
        if (!err && model->trees.n_features != ss_model_width(model))
            err = ss_fail(SS_EDATA, "the trees want %u inputs, the model has %u", model->trees.n_features,
                          ss_model_width(model));
    }
    if (!err && kind != SS_MODEL_GBT) {
        const struct ss_json_value *forest = ss_json_get(root, "iforest");
        if (!forest)
            return ss_fail(SS_EDATA, "no 'iforest'");
        err = ss_iforest_read_json(&model->forest, forest, model->n_inputs, &model->arena);
    }
    return err;
}

/* What is passed on as it stands. */
static int keep_texts(struct ss_model *model, struct ss_str file)
{
    const struct {
        const char *name;
        struct ss_str *to;
    } kept[] = {{"parameters", &model->parameters},
                {"training", &model->training},
                {"metrics", &model->metrics},
                {"distribution", &model->distribution}};
    int err = 0;
    for (size_t i = 0; i < SS_COUNT(kept) && !err; i++) {
        struct ss_str json = ss_cursor_member(file, kept[i].name);
        if (json.n && json.p[0] == '{')
            err = copy_text(model, json, kept[i].to);
    }
    return err;
}

int ss_model_read(const char *text, size_t len, struct ss_model **model)
{
    struct ss_arena arena;
    const struct ss_json_value *root;
    *model = NULL;
    ss_arena_init(&arena, 0);
    int err = ss_json_parse(text, len, &arena, &root);
    err = err ? err : ss_model_new(model);
    err = err ? err : read_parts(*model, root);
    err = err ? err : keep_texts(*model, (struct ss_str){text, len});
    err = err ? err : ss_model_seal(*model, text, len);
    ss_arena_free(&arena);
    if (err) {
        ss_model_free(*model);
        *model = NULL;
    }
    return err;
}

int ss_model_load(const char *path, struct ss_model **model)
{
    struct ss_buf buf;
    *model = NULL;
    ss_buf_init(&buf, SS_MODEL_FILE_MAX);
    int err = ss_file_read(path, &buf);
    if (!err) {
        err = ss_model_read(buf.p ? buf.p : "", buf.n, model);
        if (err)
            err = ss_fail_in(err, "model '%s': ", path);
    }
    ss_buf_free(&buf);
    return err;
}

/* --- scoring --- */

int ss_model_bind(const struct ss_model *model, const struct ss_feature_names *names, uint32_t *bind)
{
    for (uint32_t j = 0; j < model->n_inputs; j++) {
        const struct ss_model_input *in = &model->input[j];
        uint32_t k = 0;
        while (k < names->n && !ss_str_eq(names->name[k], in->name))
            k++;
        if (k == names->n)
            return ss_fail(SS_EDATA, "the feature set '%s' has no feature '%.*s', which model %s wants",
                           names->set, (int)in->name.n, in->name.p, model->name);
        if ((names->is_text && names->is_text[k]) != in->is_text)
            return ss_fail(SS_EDATA, "feature '%.*s' is %s, model %s wants %s", (int)in->name.n, in->name.p,
                           in->is_text ? "a number" : "a text", model->name,
                           in->is_text ? "a text" : "a number");
        bind[j] = k;
    }
    return 0;
}

void ss_model_row(const struct ss_model *model, const uint32_t *bind, const struct ss_features *features,
                  double *row)
{
    for (uint32_t j = 0; j < model->n_inputs; j++) {
        const struct ss_model_input *in = &model->input[j];
        double x;
        if (SS_UNLIKELY(in->is_text)) {
            struct ss_str text = features->text[bind[j]];
            int64_t id = text.p ? ss_map_find(&in->values, text) : -1;
            x = id < 0 ? NAN : (double)id;
        } else {
            x = features->num[bind[j]];
            if (SS_UNLIKELY(fabs(x) > FLT_MAX))
                x = isinf(x) ? NAN : copysign(FLT_MAX, x);
        }
        row[j] = x;
    }
}

/* The forest's score of each of n rows. */
static void isolate(const struct ss_model *model, const double *rows, size_t stride, size_t n, float *scratch,
                    double *score)
{
    uint32_t width = model->n_inputs;
    for (size_t i = 0; i < n; i += 64) {
        size_t k = n - i < 64 ? n - i : 64;
        for (size_t r = 0; r < k; r++)
            for (uint32_t j = 0; j < width; j++)
                scratch[r * width + j] = (float)rows[(i + r) * stride + j];
        ss_iforest_score(&model->forest, scratch, k, width, score + i);
    }
}

void ss_model_predict(const struct ss_model *model, double *rows, size_t stride, size_t n, float *scratch,
                      double *raw)
{
    if (model->kind != SS_MODEL_GBT)
        isolate(model, rows, stride, n, scratch, raw);
    if (model->kind == SS_MODEL_IFOREST)
        return;
    if (model->kind == SS_MODEL_BOTH)
        for (size_t i = 0; i < n; i++)
            rows[i * stride + model->n_inputs] = raw[i];
    ss_scorer_margins(model->scorer, rows, stride, n, raw);
    for (size_t i = 0; i < n; i++)
        raw[i] = ss_scorer_predict(model->scorer, raw[i]);
}
