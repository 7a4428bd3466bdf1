#include "model/import.h"
#include "base/err.h"
#include "base/number.h"
#include <math.h>

/* As XGBoost itself: a node is a leaf where its left child is -1, and then split_conditions is its value. */
struct columns {
    const struct ss_json_value *left, *right, *feature, *condition, *default_left, *cover;
};

static int column(const struct ss_json_value *tree, const char *name, uint32_t n,
                  const struct ss_json_value **items)
{
    const struct ss_json_value *array = ss_json_get(tree, name);
    if (!array || array->type != SS_JSON_ARRAY)
        return ss_fail(SS_EDATA, "'%s' is no array", name);
    if (array->n != n)
        return ss_fail(SS_EDATA, "'%s' has %u items where 'left_children' has %u", name, array->n, n);
    for (uint32_t i = 0; i < n; i++)
        if (array->at[i].type != SS_JSON_NUMBER && array->at[i].type != SS_JSON_TRUE &&
            array->at[i].type != SS_JSON_FALSE)
            return ss_fail(SS_EDATA, "'%s' item %u is no number", name, i);
    *items = array->at;
    return 0;
}

static int index_of(const struct ss_json_value *item, const char *what, int32_t *out)
{
    if (!(item->number >= -1 && item->number <= INT32_MAX) || item->number != floor(item->number))
        return ss_fail(SS_EDATA, "%s is no index", what);
    *out = (int32_t)item->number;
    return 0;
}

static int read_columns(const struct ss_json_value *tree, uint32_t n, struct columns *c)
{
    int err;
    const struct ss_json_value *types = ss_json_get(tree, "split_type");
    if (types && types->type == SS_JSON_ARRAY)
        for (uint32_t i = 0; i < types->n; i++)
            if (types->at[i].number != 0)
                return ss_fail(SS_EDATA,
                               "node %u is a categorical split: only numerical ones can be imported", i);
    if ((err = column(tree, "left_children", n, &c->left)) < 0 ||
        (err = column(tree, "right_children", n, &c->right)) < 0 ||
        (err = column(tree, "split_indices", n, &c->feature)) < 0 ||
        (err = column(tree, "split_conditions", n, &c->condition)) < 0 ||
        (err = column(tree, "default_left", n, &c->default_left)) < 0 ||
        (err = column(tree, "sum_hessian", n, &c->cover)) < 0)
        return err;
    return 0;
}

static int add_tree(const struct ss_json_value *value, struct ss_arena *arena, struct ss_trees *trees)
{
    const struct ss_json_value *nodes = ss_json_get(value, "left_children");
    struct columns c;
    uint32_t n = nodes && nodes->type == SS_JSON_ARRAY ? nodes->n : 0;
    int err = read_columns(value, n, &c);
    if (err < 0)
        return err;
    ss_arena_reset(arena);
    int32_t *feature = ss_arena_alloc(arena, (n + 1) * sizeof *feature);
    int32_t *left = ss_arena_alloc(arena, (n + 1) * sizeof *left);
    int32_t *right = ss_arena_alloc(arena, (n + 1) * sizeof *right);
    double *condition = ss_arena_alloc(arena, (n + 1) * sizeof *condition);
    double *cover = ss_arena_alloc(arena, (n + 1) * sizeof *cover);
    uint8_t *flags = ss_arena_alloc(arena, n + 1);
    if (!feature || !left || !right || !condition || !cover || !flags)
        return SS_ENOMEM;
    for (uint32_t i = 0; i < n; i++) {
        if ((err = index_of(&c.left[i], "a left child", &left[i])) < 0 ||
            (err = index_of(&c.right[i], "a right child", &right[i])) < 0 ||
            (err = index_of(&c.feature[i], "a split feature", &feature[i])) < 0)
            return ss_fail_in(err, "node %u: ", i);
        if (left[i] == -1)
            feature[i] = -1;
        else if (feature[i] < 0)
            return ss_fail(SS_EDATA, "node %u splits on no feature", i);
        condition[i] = c.condition[i].number;
        cover[i] = c.cover[i].number;
        flags[i] = c.default_left[i].number != 0 ? SS_TREE_DEFAULT_LEFT : 0;
    }
    return ss_trees_add(trees,
                        &(struct ss_tree){n, feature, left, right, condition, condition, cover, flags});
}

/* Parameters are numbers in texts; since 3.1 base_score is "[5E-1]", a list of one. */
static bool number_of(const struct ss_json_value *object, const char *name, double *out)
{
    const struct ss_json_value *v = ss_json_get(object, name);
    if (!v || v->type != SS_JSON_STRING)
        return false;
    struct ss_str s = v->text;
    if (s.n >= 2 && s.p[0] == '[' && s.p[s.n - 1] == ']')
        s = (struct ss_str){s.p + 1, s.n - 2};
    return ss_double_parse(s.p, s.n, out) && isfinite(*out);
}

static int read_objective(const struct ss_json_value *learner, double base_score, struct ss_trees *trees)
{
    const struct ss_json_value *name = ss_json_get(ss_json_get(learner, "objective"), "name");
    if (!name || name->type != SS_JSON_STRING)
        return ss_fail(SS_EDATA, "the model names no objective");
    bool probability = ss_str_is(name->text, "binary:logistic") || ss_str_is(name->text, "reg:logistic");
    bool raw = ss_str_is(name->text, "binary:logitraw");
    if (!probability && !raw && !ss_str_is(name->text, "reg:squarederror"))
        return ss_fail(SS_EDATA, "objective '%.*s' cannot be imported (binary:logistic can)",
                       (int)name->text.n, name->text.p);
    trees->link = probability ? SS_TREES_LOGISTIC_FLOAT : SS_TREES_RAW;
    float p = (float)base_score;
    if (probability || raw) { /* both state the base as a probability */
        if (!(p > 0 && p < 1))
            return ss_fail(SS_EDATA, "base_score %g is no probability", base_score);
        p = -logf(1.0f / p - 1.0f);
    }
    trees->base = p;
    return 0;
}

static int read_names(const struct ss_json_value *learner, struct ss_arena *arena, struct ss_trees *trees)
{
    const struct ss_json_value *names = ss_json_get(learner, "feature_names");
    if (!names || names->type != SS_JSON_ARRAY || names->n == 0)
        return 0;
    if (names->n != trees->n_features)
        return ss_fail(SS_EDATA, "%u feature names for %u features", names->n, trees->n_features);
    struct ss_str *list = ss_arena_alloc(arena, names->n * sizeof *list);
    if (!list)
        return SS_ENOMEM;
    for (uint32_t i = 0; i < names->n; i++)
        list[i] = names->at[i].text;
    return ss_trees_name(trees, list);
}

static int read_model(const struct ss_json_value *root, struct ss_arena *arena, struct ss_trees *trees)
{
    const struct ss_json_value *learner = ss_json_get(root, "learner"),
                               *param = ss_json_get(learner, "learner_model_param"),
                               *booster = ss_json_get(learner, "gradient_booster"),
                               *kind = ss_json_get(booster, "name"),
                               *list = ss_json_get(ss_json_get(booster, "model"), "trees");
    double base_score, n_features, n;
    if (!number_of(param, "base_score", &base_score) || !number_of(param, "num_feature", &n_features) ||
        !kind)
        return ss_fail(SS_EDATA, "not an XGBoost model");
    if (kind->type != SS_JSON_STRING || !ss_str_is(kind->text, "gbtree"))
        return ss_fail(SS_EDATA, "booster '%.*s' cannot be imported (gbtree can)", (int)kind->text.n,
                       kind->text.p);
    if ((number_of(param, "num_class", &n) && n > 1) || (number_of(param, "num_target", &n) && n > 1))
        return ss_fail(SS_EDATA, "the model has several outputs");
    if (!(n_features >= 1 && n_features <= SS_TREES_MAX_FEATURES) || n_features != floor(n_features))
        return ss_fail(SS_EDATA, "the number of features is not 1 to %d", SS_TREES_MAX_FEATURES);
    if (!list || list->type != SS_JSON_ARRAY)
        return ss_fail(SS_EDATA, "the model has no trees");
    ss_trees_init(trees, (uint32_t)n_features);
    trees->single = true;
    int err = read_objective(learner, base_score, trees);
    if (err == 0)
        err = read_names(learner, arena, trees);
    for (uint32_t t = 0; err == 0 && t < list->n; t++)
        if ((err = add_tree(&list->at[t], arena, trees)) < 0)
            err = ss_fail_in(err, "tree %u: ", t);
    return err;
}

int ss_import_xgboost(const char *text, size_t len, struct ss_trees *trees)
{
    /* The document is about 20 times its text; one arena for it, one for the tree at hand. */
    struct ss_arena document, work;
    const struct ss_json_value *root;
    *trees = (struct ss_trees){0};
    ss_arena_init(&document, (size_t)4 << 30);
    ss_arena_init(&work, 1 << 30);
    int err = ss_json_parse(text, len, &document, &root);
    if (err == 0)
        err = read_model(root, &work, trees);
    ss_arena_free(&document);
    ss_arena_free(&work);
    if (err < 0)
        ss_trees_free(trees);
    return err;
}
