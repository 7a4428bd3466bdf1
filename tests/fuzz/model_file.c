/* Model files: refused, or accepted and then scored, calibrated, explained and written back the same. */
#include "base/err.h"
#include "model/explain.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const unsigned char *bytes, size_t len);

static void fail_if(bool wrong, const char *what)
{
    if (wrong) {
        fprintf(stderr, "model_file: %s\n", what);
        abort();
    }
}

static void score(const struct ss_model *model)
{
    enum { ROWS = 9 };
    static const double values[] = {0, 1, -1, 0.5, 1e30, -1e30, 3, 100};
    uint32_t width = ss_model_width(model);
    double *rows = calloc((size_t)ROWS * width, sizeof *rows), raw[ROWS];
    float *scratch = malloc(64 * (size_t)width * sizeof *scratch);
    struct ss_about *about = calloc(width, sizeof *about);
    struct ss_explainer *explainer = NULL;
    struct ss_buf text;
    ss_buf_init(&text, 1 << 20);
    for (uint32_t j = 0; j < width; j++)
        about[j].name = j < model->n_inputs ? model->input[j].name : SS_STR(SS_MODEL_ISOLATION);
    for (size_t i = 0; i < (size_t)ROWS * width; i++)
        rows[i] = i % 7 == 5 ? NAN : values[i % 8];
    ss_model_predict(model, rows, width, ROWS, scratch, raw);
    fail_if(ss_explainer_new(model, about, &explainer) < 0, ss_err_text());
    for (int i = 0; i < ROWS; i++) {
        double value = ss_calibration_apply(&model->calibration, raw[i]);
        fail_if(!isnan(raw[i]) && !(value >= 0 && value <= 1), "a value outside 0..1");
        enum ss_level level = ss_levels_of(&model->levels, value);
        fail_if(level > SS_CRITICAL, "no such level");
        ss_explain(explainer, rows + (size_t)i * width, &text);
    }
    ss_explainer_free(explainer);
    ss_buf_free(&text);
    free(about);
    free(rows);
    free(scratch);
}

int LLVMFuzzerTestOneInput(const unsigned char *bytes, size_t len)
{
    struct ss_model *model, *again;
    struct ss_buf once, twice;
    if (ss_model_read((const char *)bytes, len, &model) < 0)
        return 0;
    if (ss_model_width(model) <= 64 && model->trees.n_nodes < 5000 && model->forest.n_nodes < 5000)
        score(model);
    ss_buf_init(&once, SS_MODEL_FILE_MAX);
    ss_buf_init(&twice, SS_MODEL_FILE_MAX);
    ss_model_write(model, &once);
    fail_if(ss_model_read(once.p, once.n, &again) < 0, ss_err_text());
    ss_model_write(again, &twice);
    fail_if(once.n != twice.n || memcmp(once.p, twice.p, once.n) != 0, "written twice, two texts");
    ss_buf_free(&once);
    ss_buf_free(&twice);
    ss_model_free(model);
    ss_model_free(again);
    return 0;
}
