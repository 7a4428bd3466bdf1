#include "model/trees.h"
#include "base/err.h"
#include "base/number.h"
#include "json/write.h"
#include <math.h>

/* Writing */

/* A float as its own shortest text, which is shorter than a double's. Reading goes through a double, so the
 * rare text that would round twice to another float is written as the double. */
static void put_number(struct ss_buf *buf, double x, bool single)
{
    char text[SS_NUMBER_MAX];
    double back;
    if (single && x == (double)(float)x) {
        size_t n = ss_float_print((float)x, text);
        if (ss_double_parse(text, n, &back) && (float)back == (float)x) {
            ss_buf_put(buf, text, n);
            return;
        }
    }
    if (isinf(x)) /* a threshold: JSON has no infinity, but beyond the largest double there is nothing else */
        ss_buf_puts(buf, x > 0 ? "\"inf\"" : "\"-inf\"");
    else
        ss_json_put_double(buf, x);
}

enum column { FEATURE, THRESHOLD, LEFT, RIGHT, DEFAULT_LEFT, ZERO_MISSING, VALUE, COVER, COLUMNS };
static const char *const column_name[COLUMNS] = {"feature",      "threshold",    "left",  "right",
                                                 "default_left", "zero_missing", "value", "cover"};

static void put_column(struct ss_buf *buf, const struct ss_trees *trees, uint32_t from, uint32_t to,
                       enum column column)
{
    ss_json_open(buf, column_name[column], '[');
    for (uint32_t i = from; i < to; i++) {
        bool leaf = trees->feature[i] < 0;
        if (i > from)
            ss_buf_putc(buf, ',');
        switch (column) {
        case FEATURE: ss_json_put_int(buf, trees->feature[i]); break;
        case LEFT: ss_json_put_int(buf, leaf ? -1 : (int64_t)i + 1 - from); break;
        case RIGHT: ss_json_put_int(buf, leaf ? -1 : (int64_t)trees->right[i] - from); break;
        case DEFAULT_LEFT: ss_json_put_int(buf, trees->flags[i] & SS_TREE_DEFAULT_LEFT ? 1 : 0); break;
        case ZERO_MISSING: ss_json_put_int(buf, trees->flags[i] & SS_TREE_ZERO_MISSING ? 1 : 0); break;
        case THRESHOLD: put_number(buf, trees->threshold[i], trees->single); break;
        case VALUE: put_number(buf, trees->value[i], trees->single); break;
        case COVER: put_number(buf, trees->cover[i], true); break;
        case COLUMNS: break;
        }
    }
    ss_buf_putc(buf, ']');
}

static bool any_zero_missing(const struct ss_trees *trees)
{
    for (uint32_t i = 0; i < trees->n_nodes; i++)
        if (trees->flags[i] & SS_TREE_ZERO_MISSING)
            return true;
    return false;
}

void ss_trees_write_json(const struct ss_trees *trees, struct ss_buf *buf)
{
    static const char *const link[] = {"raw", "logistic", "logistic_float"};
    bool zeros = any_zero_missing(trees);
    ss_buf_puts(buf, trees->single ? "{\"single\":true" : "{\"single\":false");
    ss_buf_printf(buf, ",\"link\":\"%s\",\"base\":", link[trees->link]);
    put_number(buf, trees->base, trees->single);
    ss_buf_puts(buf, ",\"slope\":");
    ss_json_put_double(buf, trees->slope);
    ss_buf_printf(buf, ",\"features\":%u", trees->n_features);
    if (trees->name)
        ss_put_texts_of(buf, "names", trees->name, trees->n_features);
    ss_buf_puts(buf, ",\"trees\":[");
    for (uint32_t t = 0; t < trees->n_trees; t++) {
        ss_buf_puts(buf, t ? ",\n{" : "\n{");
        for (enum column c = 0; c < COLUMNS; c++)
            if (c != ZERO_MISSING || zeros)
                put_column(buf, trees, trees->root[t], trees->root[t + 1], c);
        ss_buf_putc(buf, '}');
    }
    ss_buf_puts(buf, "]}");
}

/* Reading */

struct reader {
    struct ss_tree tree; /* its arrays are the ones below */
    int32_t *feature, *left, *right;
    double *threshold, *value, *cover;
    uint8_t *flags;
};

static int array_of(const struct ss_json_value *tree, const char *name, uint32_t n,
                    const struct ss_json_value **items)
{
    const struct ss_json_value *array = ss_json_get(tree, name);
    if (!array || array->type != SS_JSON_ARRAY)
        return ss_fail(SS_EDATA, "'%s' is no array", name);
    if (array->n != n)
        return ss_fail(SS_EDATA, "'%s' has %u items where 'feature' has %u", name, array->n, n);
    *items = array->at;
    return 0;
}

static int read_numbers(const struct ss_json_value *tree, const char *name, uint32_t n, double *to)
{
    const struct ss_json_value *items;
    int err = array_of(tree, name, n, &items);
    for (uint32_t i = 0; err == 0 && i < n; i++) {
        if (items[i].type == SS_JSON_NUMBER)
            to[i] = items[i].number;
        else if (items[i].type == SS_JSON_STRING && ss_str_is(items[i].text, "inf"))
            to[i] = INFINITY;
        else if (items[i].type == SS_JSON_STRING && ss_str_is(items[i].text, "-inf"))
            to[i] = -INFINITY;
        else
            err = ss_fail(SS_EDATA, "'%s' item %u is no number", name, i);
    }
    return err;
}

static int read_ints(const struct ss_json_value *tree, const char *name, uint32_t n, int32_t *to)
{
    const struct ss_json_value *items;
    int err = array_of(tree, name, n, &items);
    for (uint32_t i = 0; err == 0 && i < n; i++) {
        double x = items[i].number;
        if (items[i].type != SS_JSON_NUMBER || !(x >= -1 && x <= INT32_MAX) || x != floor(x))
            err = ss_fail(SS_EDATA, "'%s' item %u is no index", name, i);
        else
            to[i] = (int32_t)x;
    }
    return err;
}

static int read_flags(const struct ss_json_value *tree, const char *name, uint32_t n, uint8_t flag,
                      uint8_t *to)
{
    const struct ss_json_value *items;
    int err = array_of(tree, name, n, &items);
    for (uint32_t i = 0; err == 0 && i < n; i++) {
        if (items[i].type != SS_JSON_NUMBER || (items[i].number != 0 && items[i].number != 1))
            err = ss_fail(SS_EDATA, "'%s' item %u is neither 0 nor 1", name, i);
        else if (items[i].number == 1)
            to[i] |= flag;
    }
    return err;
}

static void *column_room(struct ss_arena *arena, size_t n, size_t size, int *err)
{
    void *p = ss_arena_zalloc(arena, (n + 1) * size);
    if (!p)
        *err = SS_ENOMEM;
    return p;
}

static int read_tree(const struct ss_json_value *value, struct ss_arena *arena, struct ss_trees *trees)
{
    const struct ss_json_value *feature = ss_json_get(value, "feature");
    if (!feature || feature->type != SS_JSON_ARRAY)
        return ss_fail(SS_EDATA, "'feature' is no array");
    int err = 0;
    uint32_t n = feature->n;
    struct reader r;
    ss_arena_reset(arena);
    r.feature = column_room(arena, n, sizeof *r.feature, &err);
    r.left = column_room(arena, n, sizeof *r.left, &err);
    r.right = column_room(arena, n, sizeof *r.right, &err);
    r.threshold = column_room(arena, n, sizeof *r.threshold, &err);
    r.value = column_room(arena, n, sizeof *r.value, &err);
    r.cover = column_room(arena, n, sizeof *r.cover, &err);
    r.flags = column_room(arena, n, sizeof *r.flags, &err);
    if (err < 0 || (err = read_ints(value, "feature", n, r.feature)) < 0 ||
        (err = read_ints(value, "left", n, r.left)) < 0 ||
        (err = read_ints(value, "right", n, r.right)) < 0 ||
        (err = read_numbers(value, "threshold", n, r.threshold)) < 0 ||
        (err = read_numbers(value, "value", n, r.value)) < 0 ||
        (err = read_numbers(value, "cover", n, r.cover)) < 0 ||
        (err = read_flags(value, "default_left", n, SS_TREE_DEFAULT_LEFT, r.flags)) < 0)
        return err;
    if (ss_json_get(value, "zero_missing") &&
        (err = read_flags(value, "zero_missing", n, SS_TREE_ZERO_MISSING, r.flags)) < 0)
        return err;
    r.tree = (struct ss_tree){n, r.feature, r.left, r.right, r.threshold, r.value, r.cover, r.flags};
    return ss_trees_add(trees, &r.tree);
}

static int read_names(const struct ss_json_value *names, struct ss_arena *arena, struct ss_trees *trees)
{
    if (!names)
        return 0;
    if (names->type != SS_JSON_ARRAY || names->n != trees->n_features)
        return ss_fail(SS_EDATA, "'names' does not name each of the %u features", trees->n_features);
    struct ss_str *list = ss_arena_alloc(arena, (names->n + 1) * sizeof *list);
    if (!list)
        return SS_ENOMEM;
    for (uint32_t i = 0; i < names->n; i++) {
        if (names->at[i].type != SS_JSON_STRING)
            return ss_fail(SS_EDATA, "'names' item %u is no string", i);
        list[i] = names->at[i].text;
    }
    return ss_trees_name(trees, list);
}

static int read_head(const struct ss_json_value *value, struct ss_trees *trees)
{
    const struct ss_json_value *single = ss_json_get(value, "single"), *link = ss_json_get(value, "link"),
                               *base = ss_json_get(value, "base"), *slope = ss_json_get(value, "slope"),
                               *features = ss_json_get(value, "features");
    if (!single || (single->type != SS_JSON_TRUE && single->type != SS_JSON_FALSE))
        return ss_fail(SS_EDATA, "'single' is neither true nor false");
    if (!base || base->type != SS_JSON_NUMBER || !isfinite((float)base->number))
        return ss_fail(SS_EDATA, "'base' is no number");
    if (!slope || slope->type != SS_JSON_NUMBER || !(slope->number > 0) || !isfinite(slope->number))
        return ss_fail(SS_EDATA, "'slope' is no positive number");
    if (!features || features->type != SS_JSON_NUMBER ||
        !(features->number >= 1 && features->number <= SS_TREES_MAX_FEATURES) ||
        features->number != floor(features->number))
        return ss_fail(SS_EDATA, "'features' is no number of features (1 to %d)", SS_TREES_MAX_FEATURES);
    ss_trees_init(trees, (uint32_t)features->number);
    trees->single = single->type == SS_JSON_TRUE;
    trees->base = trees->single ? (double)(float)base->number : base->number;
    trees->slope = slope->number;
    if (link && link->type == SS_JSON_STRING && ss_str_is(link->text, "raw"))
        trees->link = SS_TREES_RAW;
    else if (link && link->type == SS_JSON_STRING && ss_str_is(link->text, "logistic"))
        trees->link = SS_TREES_LOGISTIC;
    else if (link && link->type == SS_JSON_STRING && ss_str_is(link->text, "logistic_float"))
        trees->link = SS_TREES_LOGISTIC_FLOAT;
    else
        return ss_fail(SS_EDATA, "'link' is none of raw, logistic, logistic_float");
    return 0;
}

int ss_trees_read_json(const struct ss_json_value *value, struct ss_trees *trees)
{
    struct ss_arena arena;
    ss_arena_init(&arena, 1 << 30);
    *trees = (struct ss_trees){0};
    int err = read_head(value, trees);
    if (err == 0)
        err = read_names(ss_json_get(value, "names"), &arena, trees);
    const struct ss_json_value *list = ss_json_get(value, "trees");
    if (err == 0 && (!list || list->type != SS_JSON_ARRAY))
        err = ss_fail(SS_EDATA, "'trees' is no array");
    for (uint32_t t = 0; err == 0 && t < list->n; t++)
        if ((err = read_tree(&list->at[t], &arena, trees)) < 0)
            err = ss_fail_in(err, "tree %u: ", t);
    ss_arena_free(&arena);
    if (err < 0)
        ss_trees_free(trees);
    return err;
}
