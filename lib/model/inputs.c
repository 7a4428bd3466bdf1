#include "model/inputs.h"
#include "base/err.h"
#include "base/file.h"
#include "model/import.h"
#include <fnmatch.h>
#include <stdlib.h>

static bool in_list(struct ss_str name, const char *const *list, int n)
{
    char text[257];
    if (name.n >= sizeof text)
        return false;
    memcpy(text, name.p, name.n);
    text[name.n] = '\0';
    for (int i = 0; i < n; i++)
        if (fnmatch(list[i], text, 0) == 0)
            return true;
    return false;
}

/* Names that match nothing are slips of the pen. */
static int check_list(const char *option, const struct ss_names *list, const struct ss_feature_names *names)
{
    for (int i = 0; i < list->n; i++) {
        uint32_t k = 0;
        while (k < names->n && !in_list(names->name[k], list->name + i, 1))
            k++;
        if (k == names->n)
            return ss_fail(SS_EUSAGE, "--%s: no feature is called '%s'", option, list->name[i]);
    }
    return 0;
}

int ss_model_keep(struct ss_model *model, struct ss_str from, struct ss_str *to)
{
    to->p = ss_arena_copy(&model->arena, from.p, from.n);
    to->n = from.n;
    return to->p ? 0 : SS_ENOMEM;
}

int ss_inputs_choose(struct ss_model *model, const struct ss_feature_names *names,
                     const struct ss_names *only, const struct ss_names *exclude, uint32_t **bind)
{
    uint32_t n = 0;
    int err = check_list("exclude", exclude, names);
    err = err ? err : check_list("only", only, names);
    *bind = malloc((names->n + 1) * sizeof **bind);
    if (!err && !*bind)
        err = ss_fail(SS_ENOMEM, "out of memory");
    for (uint32_t k = 0; !err && k < names->n; k++)
        if (!in_list(names->name[k], exclude->name, exclude->n) &&
            (!only->n || in_list(names->name[k], only->name, only->n)))
            (*bind)[n++] = k;
    if (!err && n == 0)
        err = ss_fail(SS_EUSAGE, "no feature is left to train on");
    err = err ? err : ss_model_inputs(model, n);
    for (uint32_t j = 0; !err && j < n; j++) {
        struct ss_model_input *in = &model->input[j];
        in->is_text = names->is_text && names->is_text[(*bind)[j]];
        err = ss_model_keep(model, names->name[(*bind)[j]], &in->name);
    }
    return err;
}

int ss_inputs_import(struct ss_model *model, const struct ss_feature_names *names, const char *path,
                     uint32_t **bind)
{
    struct ss_buf buf;
    ss_buf_init(&buf, SS_MODEL_FILE_MAX);
    int err = ss_file_read(path, &buf);
    if (!err) {
        err = ss_import_model(buf.p ? buf.p : "", buf.n, &model->trees);
        if (err)
            err = ss_fail_in(err, "'%s': ", path);
    }
    ss_buf_free(&buf);
    if (err)
        return err;
    uint32_t n = model->trees.n_features;
    if (!model->trees.name && n != names->n)
        return ss_fail(SS_EDATA, "'%s' names no features and has %u, the feature file has %u", path, n,
                       names->n);
    err = ss_model_inputs(model, n);
    *bind = malloc((n + 1) * sizeof **bind);
    if (!err && !*bind)
        err = ss_fail(SS_ENOMEM, "out of memory");
    for (uint32_t j = 0; !err && j < n; j++)
        err = ss_model_keep(model, model->trees.name ? model->trees.name[j] : names->name[j],
                            &model->input[j].name);
    err = err ? err : ss_model_bind(model, names, *bind);
    return err ? ss_fail_in(err, "'%s' does not fit the feature file: ", path) : 0;
}

int ss_inputs_ways(const struct ss_model *model, const struct ss_names *monotone, int8_t **way_of)
{
    *way_of = calloc(model->n_inputs, 1);
    if (!*way_of)
        return ss_fail(SS_ENOMEM, "out of memory");
    for (int i = 0; i < monotone->n; i++) {
        const char *given = monotone->name[i], *equals = strchr(given, '='), *to = equals ? equals + 1 : "";
        int way = strcmp(to, "+1") == 0 || strcmp(to, "1") == 0 ? 1 : strcmp(to, "-1") == 0 ? -1 : 0;
        struct ss_str name = {given, equals ? (size_t)(equals - given) : 0};
        uint32_t j = 0;
        while (j < model->n_inputs && !ss_str_eq(model->input[j].name, name))
            j++;
        if (!way || j == model->n_inputs)
            return ss_fail(SS_EUSAGE, "--monotone '%s' is not NAME=+1 or NAME=-1 of a feature in use", given);
        (*way_of)[j] = (int8_t)way;
    }
    return 0;
}
