#include "model/distribution.h"
#include "base/err.h"
#include "base/number.h"
#include "json/write.h"
#include <math.h>
#include <stdlib.h>

#define SAMPLE 100000

static int by_value(const void *a, const void *b)
{
    float x = *(const float *)a, y = *(const float *)b;
    return (x > y) - (x < y);
}

static void put_share(struct ss_buf *to, size_t part, size_t all)
{
    ss_json_put_double(to, all ? round((double)part / (double)all * 1e6) / 1e6 : 0);
}

static void put_float(struct ss_buf *to, float value)
{
    char text[SS_NUMBER_MAX];
    ss_buf_put(to, text, ss_float_print(value, text));
}

/* "edges" and "shares" of n values, which are put in order. */
static void put_quantiles(struct ss_buf *to, float *value, size_t n)
{
    size_t border[SS_DISTRIBUTION_BINS], bins = 0; /* how many values lie below each edge */
    qsort(value, n, sizeof *value, by_value);
    for (size_t i = 1; i < SS_DISTRIBUTION_BINS && n; i++) {
        size_t at = n * i / SS_DISTRIBUTION_BINS;
        float edge = value[at];
        while (at < n && value[at] == edge)
            at++;
        if (bins == 0 || at > border[bins - 1])
            border[bins++] = at;
    }
    ss_json_open(to, "edges", '[');
    for (size_t i = 0; i < bins; i++) {
        ss_json_next(to);
        put_float(to, value[border[i] - 1]);
    }
    ss_buf_putc(to, ']');
    ss_json_open(to, "shares", '[');
    for (size_t i = 0; i <= bins; i++) {
        ss_json_next(to);
        put_share(to, (i < bins ? border[i] : n) - (i ? border[i - 1] : 0), n);
    }
    ss_buf_putc(to, ']');
}

/* "values" and "shares" of n numbers of texts: those behind the most frequent are the last share. */
static void put_texts(struct ss_buf *to, const struct ss_model_input *in, const float *value, size_t n)
{
    size_t count[SS_DISTRIBUTION_BINS + 1] = {0};
    uint32_t texts = in->values.n < SS_DISTRIBUTION_BINS ? in->values.n : SS_DISTRIBUTION_BINS;
    for (size_t i = 0; i < n; i++)
        count[value[i] < (float)texts ? (uint32_t)value[i] : texts]++;
    ss_put_texts_of(to, "values", in->values.key, texts);
    ss_json_open(to, "shares", '[');
    for (uint32_t i = 0; i <= texts; i++) {
        ss_json_next(to);
        put_share(to, count[i], n);
    }
    ss_buf_putc(to, ']');
}

static void put_input(const struct ss_model_input *in, const struct ss_data *data, uint32_t column,
                      float *value, struct ss_buf *to)
{
    size_t taken = data->n < SAMPLE ? data->n : SAMPLE, n = 0;
    for (size_t i = 0; i < taken; i++) {
        float x = data->row[(size_t)((double)i * (double)data->n / (double)taken) * data->width + column];
        if (!isnan(x))
            value[n++] = x;
    }
    ss_buf_putc(to, '{');
    ss_json_key(to, "name");
    ss_json_put_string(to, in->name);
    ss_json_key(to, "missing");
    put_share(to, taken - n, taken);
    if (in->is_text)
        put_texts(to, in, value, n);
    else
        put_quantiles(to, value, n);
    ss_buf_putc(to, '}');
}

int ss_distribution_put(const struct ss_model *model, const struct ss_data *data,
                        const struct ss_fit_report *fit, struct ss_buf *to)
{
    float *value = malloc(SAMPLE * sizeof *value);
    if (!value)
        return ss_fail(SS_ENOMEM, "out of memory for the distribution of the training data");
    ss_buf_printf(to, "{\"payments\":%zu,\"features\":[", data->n);
    for (uint32_t j = 0; j < model->n_inputs; j++) {
        ss_buf_puts(to, j ? ",\n" : "\n");
        put_input(&model->input[j], data, j, value, to);
    }
    ss_buf_putc(to, ']');
    if (fit->n) {
        size_t taken = fit->n < SAMPLE ? fit->n : SAMPLE;
        for (size_t i = 0; i < taken; i++)
            value[i] = (float)fit->value[(size_t)((double)i * (double)fit->n / (double)taken)];
        ss_buf_puts(to, ",\n\"score\":{\"missing\":0");
        put_quantiles(to, value, taken);
        ss_buf_putc(to, '}');
    }
    ss_buf_putc(to, '}');
    free(value);
    return ss_buf_check(to);
}
