/* How much each input improved the trees' objective: see fit.h. */
#include "base/err.h"
#include "model/fit.h"

static const struct ss_json_value *dig(const struct ss_json_value *v, const char *const *keys)
{
    for (; v && *keys; keys++)
        v = ss_json_get(v, *keys);
    return v;
}

int ss_gain_add(const char *json, size_t len, double *gain, uint32_t n_features)
{
    static const char *const way[] = {"learner", "gradient_booster", "model", "trees", NULL};
    struct ss_arena arena;
    const struct ss_json_value *root;
    ss_arena_init(&arena, 0);
    int err = ss_json_parse(json, len, &arena, &root);
    const struct ss_json_value *trees = err ? NULL : dig(root, way);
    for (uint32_t t = 0; trees && trees->type == SS_JSON_ARRAY && t < trees->n; t++) {
        const struct ss_json_value *loss = ss_json_get(&trees->at[t], "loss_changes"),
                                   *split = ss_json_get(&trees->at[t], "split_indices"),
                                   *left = ss_json_get(&trees->at[t], "left_children");
        if (!loss || !split || !left || loss->n != split->n || loss->n != left->n)
            continue;
        for (uint32_t i = 0; i < loss->n; i++)
            if (left->at[i].number >= 0 && split->at[i].number < n_features)
                gain[(uint32_t)split->at[i].number] += loss->at[i].number;
    }
    if (!err && !trees)
        err = ss_fail(SS_EDATA, "the trained model holds no trees");
    ss_arena_free(&arena);
    return err;
}
