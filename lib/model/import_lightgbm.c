/* LightGBM's text model: "key=value" lines, a header, then a part for each tree that starts with "Tree=". */
#include "model/import.h"
#include "base/err.h"
#include "base/number.h"
#include <float.h>
#include <math.h>

/* decision_type: bit 0 categorical, bit 1 default left, bits 2 and 3 what counts as missing. */
#define CATEGORICAL  1
#define DEFAULT_LEFT 2
enum missing { MISSING_NONE, MISSING_ZERO, MISSING_NAN };

enum field {
    NUM_LEAVES,
    NUM_CAT,
    SPLIT_FEATURE,
    THRESHOLD,
    DECISION_TYPE,
    LEFT_CHILD,
    RIGHT_CHILD,
    LEAF_VALUE,
    LEAF_COUNT,
    INTERNAL_COUNT,
    IS_LINEAR,
    FIELDS
};
static const char *const field_name[FIELDS] = {
    "num_leaves",  "num_cat",    "split_feature", "threshold",      "decision_type", "left_child",
    "right_child", "leaf_value", "leaf_count",    "internal_count", "is_linear"};

struct text {
    struct ss_str rest;
    struct ss_str key, value; /* of the line at hand; without '=' the key is the line */
};

static bool next_line(struct text *t)
{
    if (t->rest.n == 0)
        return false;
    const char *end = memchr(t->rest.p, '\n', t->rest.n);
    size_t n = end ? (size_t)(end - t->rest.p) : t->rest.n;
    struct ss_str line = ss_str_trim((struct ss_str){t->rest.p, n});
    t->rest = end ? (struct ss_str){end + 1, t->rest.n - n - 1} : (struct ss_str){t->rest.p + n, 0};
    const char *equals = line.n ? memchr(line.p, '=', line.n) : NULL;
    size_t key = equals ? (size_t)(equals - line.p) : line.n;
    t->key = (struct ss_str){line.p, key};
    t->value = equals ? (struct ss_str){equals + 1, line.n - key - 1} : (struct ss_str){line.p + line.n, 0};
    return true;
}

/* The next word of a list of words between blanks; n == 0 at its end. */
static struct ss_str next_word(struct ss_str *list)
{
    *list = ss_str_trim(*list);
    if (list->n == 0)
        return *list;
    const char *blank = memchr(list->p, ' ', list->n);
    struct ss_str word = {list->p, blank ? (size_t)(blank - list->p) : list->n};
    *list = (struct ss_str){list->p + word.n, list->n - word.n};
    return word;
}

static int read_numbers(struct ss_str list, enum field field, uint32_t n, double *to)
{
    for (uint32_t i = 0; i < n; i++) {
        struct ss_str word = next_word(&list);
        if (ss_str_is(word, "inf") || ss_str_is(word, "-inf")) /* a threshold between NaN and all numbers */
            to[i] = word.p[0] == '-' ? -INFINITY : INFINITY;
        else if (!ss_double_parse(word.p, word.n, &to[i]))
            return ss_fail(SS_EDATA, "'%s' item %u is no number", field_name[field], i);
    }
    if (next_word(&list).n)
        return ss_fail(SS_EDATA, "'%s' has more than %u items", field_name[field], n);
    return 0;
}

/* A count on a line of its own: `fallback` when the line is missing, -1 when it is no number. */
static int64_t count_of(const struct ss_str *field, enum field which, int64_t fallback)
{
    int64_t n;
    if (!field[which].p)
        return fallback;
    return ss_int_parse(field[which].p, field[which].n, &n) && n >= 0 ? n : -1;
}

/* A tree's columns: first its splits 0 .. leaves - 2, then its leaves. */
struct nodes {
    double *feature, *threshold, *decision, *left, *right, *value, *cover;
};

static int read_fields(const struct ss_str *field, uint32_t leaves, struct nodes *to)
{
    uint32_t splits = leaves - 1;
    int err;
    if ((err = read_numbers(field[LEAF_VALUE], LEAF_VALUE, leaves, to->value + splits)) < 0)
        return err;
    if (field[LEAF_COUNT].n &&
        (err = read_numbers(field[LEAF_COUNT], LEAF_COUNT, leaves, to->cover + splits)) < 0)
        return err;
    if (splits == 0)
        return 0;
    if (field[INTERNAL_COUNT].n &&
        (err = read_numbers(field[INTERNAL_COUNT], INTERNAL_COUNT, splits, to->cover)) < 0)
        return err;
    if ((err = read_numbers(field[SPLIT_FEATURE], SPLIT_FEATURE, splits, to->feature)) < 0 ||
        (err = read_numbers(field[THRESHOLD], THRESHOLD, splits, to->threshold)) < 0 ||
        (err = read_numbers(field[DECISION_TYPE], DECISION_TYPE, splits, to->decision)) < 0 ||
        (err = read_numbers(field[LEFT_CHILD], LEFT_CHILD, splits, to->left)) < 0 ||
        (err = read_numbers(field[RIGHT_CHILD], RIGHT_CHILD, splits, to->right)) < 0)
        return err;
    return 0;
}

/* A child is a split's number, or the complement of a leaf's. */
static bool child_of(double x, uint32_t leaves, int32_t *out)
{
    if (!(x >= -(double)leaves && x < leaves - 1.0) || x != floor(x))
        return false;
    *out = x >= 0 ? (int32_t)x : (int32_t)(leaves - 1) + ~(int32_t)x;
    return true;
}

/* LightGBM's decision "x <= t" in ours, "x < t'". */
static int convert_split(const struct nodes *from, uint32_t i, uint32_t features, int32_t *feature,
                         double *threshold, uint8_t *flags)
{
    int decision = from->decision[i] >= 0 && from->decision[i] < 16 ? (int)from->decision[i] : -1;
    if (decision < 0 || decision >> 2 > MISSING_NAN)
        return ss_fail(SS_EDATA, "split %u has an unknown decision type", i);
    if (decision & CATEGORICAL)
        return ss_fail(SS_EDATA, "split %u is categorical: only numerical splits can be imported", i);
    if (!(from->feature[i] >= 0 && from->feature[i] < features) ||
        from->feature[i] != floor(from->feature[i]))
        return ss_fail(SS_EDATA, "split %u is on a feature that does not exist", i);
    if (from->threshold[i] == DBL_MAX)
        return ss_fail(SS_EDATA, "split %u has the one threshold that cannot be kept", i);
    *feature = (int32_t)from->feature[i];
    *threshold = nextafter(from->threshold[i], INFINITY);
    *flags = decision & DEFAULT_LEFT ? SS_TREE_DEFAULT_LEFT : 0;
    if (decision >> 2 == MISSING_ZERO)
        *flags |= SS_TREE_ZERO_MISSING;
    if (decision >> 2 == MISSING_NONE) /* then NaN is read as 0 */
        *flags = 0 <= from->threshold[i] ? SS_TREE_DEFAULT_LEFT : 0;
    return 0;
}

static int convert(const struct nodes *from, uint32_t leaves, struct ss_arena *arena, struct ss_trees *trees)
{
    uint32_t n = 2 * leaves - 1;
    int32_t *feature = ss_arena_alloc(arena, n * sizeof *feature);
    int32_t *left = ss_arena_zalloc(arena, n * sizeof *left);
    int32_t *right = ss_arena_zalloc(arena, n * sizeof *right);
    uint8_t *flags = ss_arena_zalloc(arena, n);
    if (!feature || !left || !right || !flags)
        return SS_ENOMEM;
    for (uint32_t i = 0; i < n; i++) {
        feature[i] = -1;
        if (i >= leaves - 1)
            continue;
        if (!child_of(from->left[i], leaves, &left[i]) || !child_of(from->right[i], leaves, &right[i]))
            return ss_fail(SS_EDATA, "split %u has a child that does not exist", i);
        int err = convert_split(from, i, trees->n_features, &feature[i], &from->threshold[i], &flags[i]);
        if (err < 0)
            return err;
    }
    return ss_trees_add(
        trees, &(struct ss_tree){n, feature, left, right, from->threshold, from->value, from->cover, flags});
}

static int add_tree(const struct ss_str *field, struct ss_arena *arena, struct ss_trees *trees)
{
    int64_t leaves = count_of(field, NUM_LEAVES, -1);
    if (leaves < 1 || leaves > SS_TREES_MAX_NODES / 2)
        return ss_fail(SS_EDATA, "'num_leaves' is no number of leaves");
    if (count_of(field, NUM_CAT, 0) != 0)
        return ss_fail(SS_EDATA, "it has categorical splits: only numerical ones can be imported");
    if (count_of(field, IS_LINEAR, 0) != 0)
        return ss_fail(SS_EDATA, "it has linear leaves, which cannot be imported");
    if ((uint64_t)leaves > field[LEAF_VALUE].n) /* each needs a digit at least: no room is made for less */
        return ss_fail(SS_EDATA, "'leaf_value' has fewer than %lld items", (long long)leaves);
    ss_arena_reset(arena);
    size_t bytes = 2 * (size_t)leaves * sizeof(double);
    struct nodes nodes = {ss_arena_zalloc(arena, bytes), ss_arena_zalloc(arena, bytes),
                          ss_arena_zalloc(arena, bytes), ss_arena_zalloc(arena, bytes),
                          ss_arena_zalloc(arena, bytes), ss_arena_zalloc(arena, bytes),
                          ss_arena_zalloc(arena, bytes)};
    if (!nodes.feature || !nodes.threshold || !nodes.decision || !nodes.left || !nodes.right ||
        !nodes.value || !nodes.cover)
        return SS_ENOMEM;
    int err = read_fields(field, (uint32_t)leaves, &nodes);
    return err < 0 ? err : convert(&nodes, (uint32_t)leaves, arena, trees);
}

static int read_objective(struct ss_str text, struct ss_trees *trees)
{
    static const char *const identity[] = {"",           "none",     "custom", "regression", "regression_l1",
                                           "huber",      "quantile", "mape",   "fair",       "lambdarank",
                                           "rank_xendcg"};
    struct ss_str list = text, name = next_word(&list), option;
    trees->link = SS_TREES_RAW;
    if (ss_str_is(name, "binary") || ss_str_is(name, "cross_entropy")) {
        trees->link = SS_TREES_LOGISTIC;
        while ((option = next_word(&list)).n)
            if (option.n > 8 && memcmp(option.p, "sigmoid:", 8) == 0 &&
                (!ss_double_parse(option.p + 8, option.n - 8, &trees->slope) || !(trees->slope > 0)))
                return ss_fail(SS_EDATA, "objective '%.*s' has no positive sigmoid", (int)text.n, text.p);
        return 0;
    }
    for (size_t i = 0; i < SS_COUNT(identity); i++)
        if (ss_str_is(name, identity[i]) && next_word(&list).n == 0)
            return 0;
    return ss_fail(SS_EDATA, "objective '%.*s' cannot be imported (binary can)", (int)text.n, text.p);
}

static int read_names(struct ss_str list, struct ss_arena *arena, struct ss_trees *trees)
{
    struct ss_str *names = ss_arena_alloc(arena, trees->n_features * sizeof *names);
    if (!names)
        return SS_ENOMEM;
    for (uint32_t i = 0; i < trees->n_features; i++)
        if ((names[i] = next_word(&list)).n == 0)
            return ss_fail(SS_EDATA, "'feature_names' does not name each of the %u features",
                           trees->n_features);
    return ss_trees_name(trees, names);
}

/* Up to the line "Tree=0", which it leaves in `t`. */
static int read_header(struct text *t, struct ss_arena *arena, struct ss_trees *trees)
{
    struct ss_str objective = SS_STR(""), names = SS_STR("");
    int64_t last_feature = -1, n;
    if (!next_line(t) || !ss_str_is(t->key, "tree"))
        return ss_fail(SS_EDATA, "not a LightGBM model");
    while (next_line(t) && !ss_str_is(t->key, "Tree")) {
        bool number = ss_int_parse(t->value.p, t->value.n, &n);
        if (ss_str_is(t->key, "average_output"))
            return ss_fail(SS_EDATA, "a random forest's averages cannot be imported");
        if ((ss_str_is(t->key, "num_class") || ss_str_is(t->key, "num_tree_per_iteration")) &&
            (!number || n != 1))
            return ss_fail(SS_EDATA, "the model has several outputs");
        if (ss_str_is(t->key, "max_feature_idx"))
            last_feature = number ? n : -1;
        else if (ss_str_is(t->key, "objective"))
            objective = t->value;
        else if (ss_str_is(t->key, "feature_names"))
            names = t->value;
    }
    if (last_feature < 0 || last_feature >= SS_TREES_MAX_FEATURES)
        return ss_fail(SS_EDATA, "the number of features is not 1 to %d", SS_TREES_MAX_FEATURES);
    ss_trees_init(trees, (uint32_t)last_feature + 1);
    int err = read_objective(objective, trees);
    if (err == 0 && names.n)
        err = read_names(names, arena, trees);
    return err;
}

/* From behind one "Tree=" line to the next, or to "end of trees". */
static bool read_part(struct text *t, struct ss_str field[FIELDS])
{
    memset(field, 0, FIELDS * sizeof *field);
    while (next_line(t)) {
        if (ss_str_is(t->key, "Tree") || ss_str_is(t->key, "end of trees"))
            return true;
        for (int f = 0; f < FIELDS; f++)
            if (ss_str_is(t->key, field_name[f]))
                field[f] = t->value;
    }
    return false;
}

int ss_import_lightgbm(const char *text, size_t len, struct ss_trees *trees)
{
    struct ss_arena arena;
    struct ss_str field[FIELDS];
    struct text t = {.rest = {text, len}};
    *trees = (struct ss_trees){0};
    ss_arena_init(&arena, 1 << 30);
    int err = read_header(&t, &arena, trees);
    while (err == 0 && ss_str_is(t.key, "Tree")) {
        if (!read_part(&t, field))
            err = ss_fail(SS_EDATA, "the file ends within tree %u", trees->n_trees);
        else if ((err = add_tree(field, &arena, trees)) < 0)
            err = ss_fail_in(err, "tree %u: ", trees->n_trees);
    }
    ss_arena_free(&arena);
    if (err < 0)
        ss_trees_free(trees);
    return err;
}

int ss_import_model(const char *text, size_t len, struct ss_trees *trees)
{
    struct ss_str start = ss_str_trim((struct ss_str){text, len});
    if (start.n && start.p[0] == '{')
        return ss_import_xgboost(text, len, trees);
    return ss_import_lightgbm(text, len, trees);
}
