#include "model/intake.h"
#include "base/err.h"
#include <float.h>
#include <math.h>
#include <stdlib.h>

int ss_intake_init(struct ss_intake *in, struct ss_model *model, const uint32_t *bind, size_t ceiling_bytes)
{
    *in = (struct ss_intake){.model = model, .bind = bind};
    ss_data_init(&in->data, ss_model_width(model), ceiling_bytes);
    in->dictionary = malloc(model->n_inputs * sizeof *in->dictionary);
    if (!in->dictionary)
        return ss_fail(SS_ENOMEM, "out of memory for training data");
    for (uint32_t j = 0; j < model->n_inputs; j++)
        ss_map_init(&in->dictionary[j], SS_INTAKE_TEXTS_MAX);
    return 0;
}

void ss_intake_free(struct ss_intake *in)
{
    for (uint32_t j = 0; in->dictionary && j < in->model->n_inputs; j++)
        ss_map_free(&in->dictionary[j]);
    free(in->dictionary);
    free(in->late_id);
    free(in->late_label);
    ss_data_free(&in->data);
    *in = (struct ss_intake){0};
}

/* A text's number by first sight; small enough for a float to hold it. */
static float text_number(struct ss_map *dictionary, struct ss_str text)
{
    int64_t id = text.p ? ss_map_find(dictionary, text) : -1;
    if (text.p && id < 0 && dictionary->n < SS_INTAKE_TEXTS_MAX)
        id = ss_map_add(dictionary, text);
    return id < 0 ? NAN : (float)id;
}

/* As ss_model_row has it. */
static float number(double x)
{
    if (fabs(x) > FLT_MAX)
        return isinf(x) ? NAN : (float)copysign(FLT_MAX, x);
    return (float)x;
}

int ss_intake_payment(struct ss_intake *in, const struct ss_features *features, int64_t time_us, uint64_t id,
                      int label)
{
    const struct ss_model *model = in->model;
    float *row = ss_data_add(&in->data, time_us, (int8_t)label, id);
    if (!row)
        return SS_ENOMEM;
    for (uint32_t j = 0; j < model->n_inputs; j++)
        row[j] = model->input[j].is_text ? text_number(&in->dictionary[j], features->text[in->bind[j]])
                                         : number(features->num[in->bind[j]]);
    if (in->data.width > model->n_inputs) /* the forest's score, filled when there is a forest */
        row[model->n_inputs] = NAN;
    return 0;
}

int ss_intake_label(struct ss_intake *in, uint64_t id, int label)
{
    if (label < 0 || id == 0)
        return 0;
    if (in->lates == in->late_cap) {
        size_t cap = in->late_cap ? in->late_cap * 2 : 1024;
        uint64_t *ids = cap > SS_INTAKE_LABELS_MAX ? NULL : realloc(in->late_id, cap * sizeof *ids);
        if (ids)
            in->late_id = ids;
        int8_t *labels = ids ? realloc(in->late_label, cap) : NULL;
        if (labels)
            in->late_label = labels;
        if (!ids || !labels)
            return ss_fail(SS_ENOMEM, "out of memory for %zu labels", cap);
        in->late_cap = cap;
    }
    in->late_id[in->lates] = id;
    in->late_label[in->lates++] = (int8_t)label;
    return 0;
}

struct word {
    struct ss_str text;
    size_t count;
    uint32_t id;
};

static int by_count(const void *a, const void *b)
{
    const struct word *x = a, *y = b;
    if (x->count != y->count)
        return x->count > y->count ? -1 : 1;
    size_t n = x->text.n < y->text.n ? x->text.n : y->text.n;
    int order = n ? memcmp(x->text.p, y->text.p, n) : 0;
    return order ? order : (x->text.n > y->text.n) - (x->text.n < y->text.n);
}

/* Numbers the texts of input j by how often they came, then by themselves. */
static int settle_dictionary(struct ss_intake *in, uint32_t j)
{
    const struct ss_map *seen = &in->dictionary[j];
    struct ss_data *data = &in->data;
    struct word *word = calloc(seen->n + 1, sizeof *word);
    float *renumber = malloc((seen->n + 1) * sizeof *renumber);
    int err = word && renumber ? 0 : ss_fail(SS_ENOMEM, "out of memory for a dictionary");
    for (uint32_t k = 0; !err && k < seen->n; k++) {
        word[k] = (struct word){seen->key[k], 0, k};
        renumber[k] = NAN;
    }
    for (size_t i = 0; !err && i < data->n; i++)
        if (!isnan(data->row[i * data->width + j]))
            word[(uint32_t)data->row[i * data->width + j]].count++;
    if (!err)
        qsort(word, seen->n, sizeof *word, by_count);
    for (uint32_t k = 0; !err && k < seen->n && k < SS_MODEL_VALUES_MAX; k++) {
        int64_t id = ss_map_add(&in->model->input[j].values, word[k].text);
        err = id < 0 ? (int)id : 0;
        renumber[word[k].id] = (float)k;
    }
    for (size_t i = 0; !err && i < data->n; i++) {
        float *x = &data->row[i * data->width + j];
        if (!isnan(*x))
            *x = renumber[(uint32_t)*x];
    }
    free(word);
    free(renumber);
    return err;
}

int ss_intake_settle(struct ss_intake *in)
{
    int64_t relabelled = ss_data_relabel(&in->data, in->late_id, in->late_label, in->lates);
    int err = relabelled < 0 ? (int)relabelled : 0;
    for (uint32_t j = 0; !err && j < in->model->n_inputs; j++)
        if (in->model->input[j].is_text)
            err = settle_dictionary(in, j);
    return err;
}
