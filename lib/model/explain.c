#include "model/explain.h"
#include "base/err.h"
#include "base/number.h"
#include "json/write.h"
#include "model/shap.h"
#include <math.h>
#include <stdlib.h>

struct ss_explainer {
    const struct ss_model *model;
    uint32_t width;
    struct ss_about *about;
    struct ss_trees forest; /* the forest as trees, where it is alone */
    struct ss_shap *shap;
    double *impact;
    struct ss_buf text; /* one sentence or code */
};

/* The tree of a forest with leaves that add up to log2(score): a row goes left iff x < the next float. */
static int add_tree(const struct ss_iforest *f, uint32_t tree, struct ss_trees *to)
{
    uint32_t from = f->root[tree], end = tree + 1 < f->n_trees ? f->root[tree + 1] : f->n_nodes,
             n = end - from;
    int32_t *index = malloc(3 * (size_t)n * sizeof *index);
    double *number = malloc(3 * (size_t)n * sizeof *number);
    uint8_t *flags = calloc(n, 1);
    int err = index && number && flags ? 0 : ss_fail(SS_ENOMEM, "out of memory to explain a forest");
    for (uint32_t i = 0; !err && i < n; i++) {
        const struct ss_iforest_node *p = &f->node[from + i];
        bool leaf = p->left == from + i;
        index[i] = leaf ? -1 : (int32_t)p->feature;
        index[n + i] = leaf ? -1 : (int32_t)(p->left - from);
        index[2 * n + i] = leaf ? -1 : (int32_t)(p->left + 1 - from);
        number[i] = leaf ? 0 : (double)nextafterf(p->threshold, INFINITY);
        number[n + i] = leaf ? -f->path[from + i] * f->scale : 0;
        number[2 * n + i] = f->size[from + i];
        flags[i] = !leaf && f->fill[p->feature] <= p->threshold ? SS_TREE_DEFAULT_LEFT : 0;
    }
    if (!err) {
        struct ss_tree t = {n, index, index + n, index + 2 * n, number, number + n, number + 2 * n, flags};
        err = ss_trees_add(to, &t);
    }
    free(index);
    free(number);
    free(flags);
    return err;
}

int ss_explainer_new(const struct ss_model *model, const struct ss_about *about, struct ss_explainer **out)
{
    struct ss_explainer *e = calloc(1, sizeof *e);
    *out = NULL;
    if (!e)
        return ss_fail(SS_ENOMEM, "out of memory for explanations");
    e->model = model;
    e->width = ss_model_width(model);
    e->about = malloc(e->width * sizeof *e->about);
    e->impact = malloc(e->width * sizeof *e->impact);
    ss_buf_init(&e->text, 1 << 16);
    ss_trees_init(&e->forest, e->width);
    int err = e->about && e->impact ? 0 : ss_fail(SS_ENOMEM, "out of memory for explanations");
    if (!err)
        memcpy(e->about, about, e->width * sizeof *e->about);
    if (model->kind == SS_MODEL_IFOREST)
        for (uint32_t t = 0; !err && t < model->forest.n_trees; t++)
            err = add_tree(&model->forest, t, &e->forest);
    err = err ? err : ss_shap_new(model->kind == SS_MODEL_IFOREST ? &e->forest : &model->trees, &e->shap);
    if (err) {
        ss_explainer_free(e);
        return err;
    }
    *out = e;
    return 0;
}

void ss_explainer_free(struct ss_explainer *e)
{
    if (!e)
        return;
    ss_shap_free(e->shap);
    ss_trees_free(&e->forest);
    ss_buf_free(&e->text);
    free(e->about);
    free(e->impact);
    free(e);
}

/* The inputs with the largest positive impacts, largest first; of equal ones the earlier. */
static uint32_t choose(const struct ss_explainer *e, uint32_t *best)
{
    uint32_t n = 0;
    for (uint32_t j = 0; j < e->width; j++) {
        double x = e->impact[j];
        if (!(x >= 0.00005) || (n == SS_REASONS_MAX && x <= e->impact[best[n - 1]]))
            continue;
        uint32_t at = n < SS_REASONS_MAX ? n++ : n - 1;
        for (; at > 0 && e->impact[best[at - 1]] < x; at--)
            best[at] = best[at - 1];
        best[at] = j;
    }
    while (n > 3 && e->impact[best[n - 1]] < 0.1 * e->impact[best[0]])
        n--;
    return n;
}

static void put_string_of(struct ss_buf *to, const char *key, struct ss_buf *text)
{
    ss_buf_printf(to, "\"%s\":", key);
    ss_json_put_string(to, (struct ss_str){text->p ? text->p : "", text->n});
}

static void put_reason(struct ss_explainer *e, uint32_t j, double value, struct ss_buf *to)
{
    const struct ss_about *about = &e->about[j];
    const struct ss_model_input *in = j < e->model->n_inputs ? &e->model->input[j] : NULL;
    struct ss_str text = {NULL, 0};
    if (in && in->is_text && value >= 0 && value < in->values.n)
        text = in->values.key[(uint32_t)value];
    ss_buf_putc(to, '{');
    ss_buf_reset(&e->text);
    ss_about_code(about, &e->text);
    put_string_of(to, "code", &e->text);
    ss_buf_puts(to, ",\"feature\":");
    ss_json_put_string(to, about->name);
    ss_buf_puts(to, ",\"value\":");
    if (text.p)
        ss_json_put_string(to, text);
    else
        ss_json_put_double(to, in && in->is_text ? NAN : value);
    ss_buf_puts(to, ",\"impact\":");
    ss_json_put_double(to, floor(e->impact[j] * 10000 + 0.5) / 10000);
    ss_buf_putc(to, ',');
    ss_buf_reset(&e->text);
    ss_about_sentence(about, value, text, &e->text);
    put_string_of(to, "text", &e->text);
    ss_buf_putc(to, '}');
}

void ss_explain(struct ss_explainer *e, const double *row, struct ss_buf *to)
{
    uint32_t best[SS_REASONS_MAX];
    ss_shap_explain(e->shap, row, e->impact);
    uint32_t n = choose(e, best);
    ss_buf_putc(to, '[');
    for (uint32_t i = 0; i < n; i++) {
        ss_json_next(to);
        put_reason(e, best[i], row[best[i]], to);
    }
    ss_buf_putc(to, ']');
}
