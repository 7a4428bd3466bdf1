#include "web/drift_training.h"
#include "base/err.h"
#include "json/cursor.h"
#include "json/doc.h"
#include "web/engine.h"
#include <math.h>

#define CARD_MEMORY  ((size_t)4 << 20)
#define FEATURES_MAX 1024
#define BINS_MAX     64

/* An array of numbers; NULL when it is none, or not of n. */
static const double *numbers(struct ss_call *call, const struct ss_json_value *list, uint32_t n)
{
    if (!list || list->type != SS_JSON_ARRAY || list->n != n)
        return NULL;
    double *out = ss_arena_alloc(&call->arena, (n + 1) * sizeof *out);
    for (uint32_t i = 0; out && i < n; i++) {
        if (list->at[i].type != SS_JSON_NUMBER)
            return NULL;
        out[i] = list->at[i].number;
    }
    return out;
}

/* False where it is not told as it should be: then it is left out. */
static bool read_feature(struct ss_call *call, const struct ss_json_value *json, struct ss_trained_feature *f)
{
    const struct ss_json_value *name = ss_json_get(json, "name"), *missing = ss_json_get(json, "missing"),
                               *shares = ss_json_get(json, "shares"), *values = ss_json_get(json, "values");
    *f = (struct ss_trained_feature){.name = name ? name->text : SS_STR("")};
    if (!shares || shares->type != SS_JSON_ARRAY || shares->n < 1 || shares->n > BINS_MAX)
        return false;
    f->bins = shares->n;
    f->missing = missing && missing->type == SS_JSON_NUMBER ? missing->number : 0;
    f->share = numbers(call, shares, shares->n);
    f->is_text = values && values->type == SS_JSON_ARRAY;
    if (!f->is_text) {
        f->edge = numbers(call, ss_json_get(json, "edges"), shares->n - 1);
        return f->share && f->edge;
    }
    f->value = ss_arena_alloc(&call->arena, f->bins * sizeof *f->value);
    if (!f->share || !f->value || values->n != shares->n - 1)
        return false;
    for (uint32_t i = 0; i < values->n; i++)
        f->value[i] = values->at[i].text;
    return true;
}

int ss_trained_read(struct ss_call *call, struct ss_trained *trained)
{
    struct ss_engine *engine = call->web->engine;
    struct ss_buf card;
    const struct ss_json_value *root = NULL;
    if (!engine || !engine->ops->model)
        return 0;
    ss_buf_init(&card, CARD_MEMORY);
    engine->ops->model(engine, &card);
    int err = ss_buf_check(&card);
    if (!err && card.n)
        err = ss_json_parse(card.p, card.n, &call->arena, &root);
    ss_buf_free(&card);
    const struct ss_json_value *told = ss_json_get(root, "distribution"), *name = ss_json_get(root, "name");
    const struct ss_json_value *list = ss_json_get(told, "features"), *n = ss_json_get(told, "payments");
    if (err || !list || list->type != SS_JSON_ARRAY || list->n > FEATURES_MAX || !n || !(n->number > 0))
        return err;
    *trained = (struct ss_trained){.model = name ? name->text : SS_STR(""), .payments = n->number};
    trained->feature = ss_arena_alloc(&call->arena, (list->n + 1) * sizeof *trained->feature);
    if (!trained->feature)
        return SS_ENOMEM;
    for (uint32_t i = 0; i < list->n; i++)
        trained->features += read_feature(call, &list->at[i], &trained->feature[trained->features]);
    const struct ss_json_value *score = ss_json_get(told, "score");
    if (!score || !read_feature(call, score, &trained->score))
        trained->score.bins = 0;
    return 1;
}

double ss_trained_text(const struct ss_trained_feature *f, struct ss_str text)
{
    size_t i = 0;
    while (i + 1 < f->bins && !ss_str_eq(f->value[i], text))
        i++;
    return (double)i;
}

/* Training saw numbers as 32-bit floating point, and told its edges so. */
static size_t bin_of(const struct ss_trained_feature *f, double value)
{
    size_t bin = 0;
    if (f->is_text)
        return (size_t)value < f->bins ? (size_t)value : f->bins - 1;
    while (bin + 1 < f->bins && (float)value > (float)f->edge[bin])
        bin++;
    return bin;
}

void ss_trained_compare(const struct ss_trained *trained, const struct ss_trained_feature *f,
                        const struct ss_drift_sample *now, double *psi, double *ks)
{
    double before[BINS_MAX + 1] = {0}, is[BINS_MAX + 1] = {0}, below = 0, was_below = 0;
    double there = trained->payments * (1 - f->missing);
    size_t bins = f->bins;
    *psi = *ks = NAN;
    if (bins == 0 || now->n + now->missing == 0)
        return;
    for (size_t i = 0; i < now->n; i++)
        is[bin_of(f, now->value[i])]++;
    for (size_t i = 0; i < bins; i++)
        before[i] = there * f->share[i];
    if (!f->is_text && now->n && there > 0) {
        *ks = 0;
        for (size_t i = 0; i + 1 < bins; i++) {
            was_below += f->share[i];
            below += is[i] / (double)now->n;
            *ks = fmax(*ks, fabs(below - was_below));
        }
        *ks = round(*ks * 1e6) / 1e6;
    }
    if (f->missing > 0 || now->missing) {
        before[bins] = trained->payments * f->missing;
        is[bins++] = (double)now->missing;
    }
    *psi = ss_drift_of_bins(before, is, bins);
}
