/* The forest's text: see iforest.h. */
#include "base/err.h"
#include "base/number.h"
#include "model/iforest.h"
#include <math.h>
#include <stdlib.h>

/* Thresholds print as doubles, every digit: a shorter text would be read as a double beside the float. */
static void put_tree(const struct ss_iforest *f, uint32_t tree, struct ss_buf *to)
{
    uint32_t from = f->root[tree], end = tree + 1 < f->n_trees ? f->root[tree + 1] : f->n_nodes;
    static const char *const names[] = {"feature", "threshold", "left", "right", "size"};
    ss_buf_putc(to, '{');
    for (int k = 0; k < 5; k++) {
        ss_buf_printf(to, "%s\"%s\":[", k ? "," : "", names[k]);
        for (uint32_t i = from; i < end; i++) {
            const struct ss_iforest_node *p = &f->node[i];
            bool leaf = p->left == i;
            char text[SS_NUMBER_MAX];
            size_t n = k == 0   ? ss_int_print(leaf ? -1 : (int64_t)p->feature, text)
                       : k == 1 ? (leaf ? ss_int_print(0, text) : ss_double_print(p->threshold, text))
                       : k == 2 ? ss_int_print(leaf ? -1 : (int64_t)(p->left - from), text)
                       : k == 3 ? ss_int_print(leaf ? -1 : (int64_t)(p->left + 1 - from), text)
                                : ss_int_print(f->size[i], text);
            if (i > from)
                ss_buf_putc(to, ',');
            ss_buf_put(to, text, n);
        }
        ss_buf_putc(to, ']');
    }
    ss_buf_putc(to, '}');
}

void ss_iforest_write_json(const struct ss_iforest *f, struct ss_buf *to)
{
    char text[SS_NUMBER_MAX];
    ss_buf_printf(to, "{\"sample\":%u,\"offset\":", f->sample);
    ss_buf_put(to, text, ss_double_print(f->offset, text));
    ss_buf_puts(to, ",\"fill\":[");
    for (uint32_t j = 0; j < f->n_features; j++) {
        if (j)
            ss_buf_putc(to, ',');
        ss_buf_put(to, text, ss_float_print(f->fill[j], text));
    }
    ss_buf_puts(to, "],\"trees\":[");
    for (uint32_t t = 0; t < f->n_trees; t++) {
        ss_buf_puts(to, t ? ",\n" : "\n");
        put_tree(f, t, to);
    }
    ss_buf_puts(to, "]}");
}

static bool whole(const struct ss_json_value *v, int64_t low, int64_t high, int64_t *out)
{
    if (!v || v->type != SS_JSON_NUMBER || !(v->number >= (double)low && v->number <= (double)high) ||
        v->number != floor(v->number))
        return false;
    *out = (int64_t)v->number;
    return true;
}

/* The largest float that does not pass `x`: then float <= x and float <= result say the same. */
static float float_below(double x)
{
    float f = (float)x;
    return (double)f > x ? nextafterf(f, -INFINITY) : f;
}

struct tree_text {
    const struct ss_json_value *feature, *threshold, *left, *right, *size;
    uint32_t n;
};

static int open_tree(const struct ss_json_value *json, uint32_t tree, struct tree_text *t)
{
    t->feature = ss_json_get(json, "feature");
    t->threshold = ss_json_get(json, "threshold");
    t->left = ss_json_get(json, "left");
    t->right = ss_json_get(json, "right");
    t->size = ss_json_get(json, "size");
    const struct ss_json_value *all[] = {t->feature, t->threshold, t->left, t->right, t->size};
    for (size_t i = 0; i < SS_COUNT(all); i++)
        if (!all[i] || all[i]->type != SS_JSON_ARRAY || all[i]->n != all[0]->n || all[i]->n == 0)
            return ss_fail(SS_EDATA, "forest tree %u: its five arrays are missing or differ in length", tree);
    t->n = t->feature->n;
    return 0;
}

struct pending {
    uint32_t from; /* position in the text's arrays */
    uint32_t depth;
};

/* Renumbers breadth first. A node met twice, or not at all, means that the arrays hold no tree. */
static int read_tree(struct ss_iforest *f, const struct tree_text *t, uint32_t tree, struct pending *queue)
{
    uint32_t base = f->n_nodes, tail = 1;
    f->root[tree] = base;
    f->depth[tree] = 0;
    queue[0] = (struct pending){0, 0};
    for (uint32_t head = 0; head < tail; head++) {
        struct pending p = queue[head];
        uint32_t at = base + head;
        int64_t size, left, right, feature;
        if (!whole(&t->size->at[p.from], 1, UINT32_MAX, &size) ||
            !whole(&t->left->at[p.from], -1, t->n - 1, &left))
            return ss_fail(SS_EDATA, "forest tree %u: node %u has a bad size or child", tree, p.from);
        if (left < 0) {
            ss_iforest_leaf(f, at, (uint32_t)size, p.depth);
            continue;
        }
        const struct ss_json_value *cut = &t->threshold->at[p.from];
        if (!whole(&t->right->at[p.from], 1, t->n - 1, &right) || left == 0 || tail + 2 > t->n)
            return ss_fail(SS_EDATA, "forest tree %u: node %u has children that form no tree", tree, p.from);
        if (!whole(&t->feature->at[p.from], 0, f->n_features - 1, &feature) || cut->type != SS_JSON_NUMBER)
            return ss_fail(SS_EDATA, "forest tree %u: node %u has a bad feature or threshold", tree, p.from);
        if (p.depth + 1 > SS_IFOREST_DEPTH_MAX)
            return ss_fail(SS_EDATA, "forest tree %u is deeper than %d", tree, SS_IFOREST_DEPTH_MAX);
        f->depth[tree] = p.depth + 1; /* breadth first: the last one set is the deepest */
        ss_iforest_inner(f, at, (uint32_t)feature, float_below(cut->number), base + tail, (uint32_t)size);
        queue[tail++] = (struct pending){(uint32_t)left, p.depth + 1};
        queue[tail++] = (struct pending){(uint32_t)right, p.depth + 1};
    }
    if (tail != t->n)
        return ss_fail(SS_EDATA, "forest tree %u: %u of %u nodes cannot be reached", tree, t->n - tail, t->n);
    f->n_nodes += tail;
    return 0;
}

/* With n-1 edges from n positions, the arrays hold a tree when no position is queued twice. */
static int check_once(const struct tree_text *t, uint32_t tree, const struct pending *queue, uint8_t *seen)
{
    memset(seen, 0, t->n);
    for (uint32_t i = 0; i < t->n; i++)
        if (seen[queue[i].from]++)
            return ss_fail(SS_EDATA, "forest tree %u: node %u has two parents", tree, queue[i].from);
    return 0;
}

static int read_head(struct ss_iforest *f, const struct ss_json_value *json, uint32_t n_features,
                     const struct ss_json_value **trees, struct ss_arena *arena)
{
    const struct ss_json_value *offset = ss_json_get(json, "offset"), *fill = ss_json_get(json, "fill");
    int64_t sample;
    *trees = ss_json_get(json, "trees");
    if (!*trees || (*trees)->type != SS_JSON_ARRAY || (*trees)->n < 1 || (*trees)->n > SS_IFOREST_TREES_MAX)
        return ss_fail(SS_EDATA, "forest: 'trees' must be 1 to %d trees", SS_IFOREST_TREES_MAX);
    if (!whole(ss_json_get(json, "sample"), 2, UINT32_MAX, &sample))
        return ss_fail(SS_EDATA, "forest: 'sample' must be a whole number, at least 2");
    if (!offset || offset->type != SS_JSON_NUMBER)
        return ss_fail(SS_EDATA, "forest: 'offset' must be a number");
    if (n_features < 1 || n_features > SS_IFOREST_FEATURES_MAX)
        return ss_fail(SS_EDATA, "forest: %u features, at most %d are allowed", n_features,
                       SS_IFOREST_FEATURES_MAX);
    if (fill && (fill->type != SS_JSON_ARRAY || fill->n != n_features))
        return ss_fail(SS_EDATA, "forest: 'fill' must be %u numbers", n_features);
    uint64_t nodes = 0;
    for (uint32_t t = 0; t < (*trees)->n; t++) {
        const struct ss_json_value *feature = ss_json_get(&(*trees)->at[t], "feature");
        nodes += feature ? feature->n : 0;
    }
    if (nodes > SS_IFOREST_NODES_MAX)
        return ss_fail(SS_EDATA, "forest: more than %u nodes", SS_IFOREST_NODES_MAX);
    *f = (struct ss_iforest){.n_features = n_features,
                             .n_trees = (*trees)->n,
                             .sample = (uint32_t)sample,
                             .offset = offset->number};
    if (ss_iforest_alloc(f, (uint32_t)nodes, arena) < 0)
        return SS_ENOMEM;
    for (uint32_t j = 0; fill && j < n_features; j++) {
        if (fill->at[j].type != SS_JSON_NUMBER || !isfinite((float)fill->at[j].number))
            return ss_fail(SS_EDATA, "forest: 'fill' must be %u numbers", n_features);
        f->fill[j] = (float)fill->at[j].number;
    }
    ss_iforest_seal(f);
    return 0;
}

int ss_iforest_read_json(struct ss_iforest *forest, const struct ss_json_value *json, uint32_t n_features,
                         struct ss_arena *arena)
{
    const struct ss_json_value *trees;
    int err = read_head(forest, json, n_features, &trees, arena);
    struct pending *queue = NULL;
    uint8_t *seen = NULL;
    uint32_t cap = 0;
    for (uint32_t t = 0; !err && t < forest->n_trees; t++) {
        struct tree_text text = {0};
        err = open_tree(&trees->at[t], t, &text);
        if (!err && text.n > cap) {
            cap = text.n;
            free(queue);
            free(seen);
            queue = malloc(cap * sizeof *queue);
            seen = malloc(cap);
            if (!queue || !seen)
                err = ss_fail(SS_ENOMEM, "out of memory for a forest of %u nodes", cap);
        }
        if (!err)
            err = read_tree(forest, &text, t, queue);
        if (!err)
            err = check_once(&text, t, queue, seen);
    }
    free(queue);
    free(seen);
    return err;
}
