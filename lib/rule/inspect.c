/* What a checker and an explainer ask of an expression set. Off the record path. */
#include "rule/graph.h"
#include <stdlib.h>

bool ss_expr_same(const struct ss_exprs *set, int a, int b)
{
    const struct ss_expr *x = &set->expr[a], *y = &set->expr[b];
    return x->kind == SS_EXPR_NATIVE && y->kind == SS_EXPR_NATIVE ? x->root == y->root
                                                                  : ss_str_eq(x->text, y->text);
}

/* Marks `id` and all below it; `seen` has a byte a node. The graph shares nodes, so each is visited once. */
static void mark(const struct ss_exprs *set, uint32_t id, unsigned char *seen)
{
    if (seen[id])
        return;
    seen[id] = 1;
    const struct ss_node *n = &set->node[id];
    for (int i = 0; i < ss_node_kids(n); i++)
        mark(set, n->kid[i], seen);
    if (n->op == SS_NODE_COLUMN && set->column[n->arg].parent >= 0)
        seen[set->column[n->arg].parent_node] |= 2; /* read for this member only */
}

static unsigned char *reachable(const struct ss_exprs *set, int id)
{
    unsigned char *seen = set->expr[id].root == SS_NODE_NONE ? NULL : calloc(set->nodes, 1);
    if (seen)
        mark(set, set->expr[id].root, seen);
    return seen;
}

bool ss_expr_constant(struct ss_exprs *set, int id, int *result)
{
    if (set->expr[id].kind != SS_EXPR_NATIVE)
        return false;
    unsigned char *seen = reachable(set, id);
    bool varies = !seen;
    for (uint32_t i = 0; !varies && i < set->nodes; i++)
        varies = (seen[i] & 1) && (set->node[i].op == SS_NODE_COLUMN || set->node[i].op == SS_NODE_LISTED ||
                                   (set->node[i].op == SS_NODE_VAR && set->node[i].arg == 0));
    free(seen);
    if (varies)
        return false;
    struct ss_arena arena;
    ss_arena_init(&arena, 2 * SS_EXPR_BYTES);
    ss_exprs_begin(set, NULL, &arena);
    *result = ss_expr_test(set, id);
    ss_arena_free(&arena);
    set->tick[0] = ++set->ticks;
    return true;
}

static void put_path(const struct ss_exprs *set, uint32_t column, struct ss_buf *to)
{
    const struct ss_column *c = &set->column[column];
    if (c->parent >= 0)
        put_path(set, (uint32_t)c->parent, to);
    ss_buf_putc(to, '.');
    ss_buf_put(to, c->name.p, c->name.n);
}

void ss_expr_fields(const struct ss_exprs *set, int id, void (*field)(void *to, struct ss_str path), void *to)
{
    unsigned char *seen = reachable(set, id);
    struct ss_buf path;
    ss_buf_init(&path, SS_EXPR_TEXT_MAX);
    for (uint32_t i = 0; seen && i < set->nodes; i++) {
        const struct ss_node *n = &set->node[i];
        if (!(seen[i] & 1) || (n->op != SS_NODE_COLUMN && !(n->op == SS_NODE_VAR && n->arg == 0)))
            continue;
        ss_buf_reset(&path);
        if (n->op == SS_NODE_COLUMN)
            put_path(set, n->arg, &path);
        else
            ss_buf_putc(&path, '.');
        field(to, (struct ss_str){path.p, path.n});
    }
    ss_buf_free(&path);
    free(seen);
}

static const char *mark_of(uint32_t op)
{
    static const char *const marks[] = {"==", "!=", "<", "<=", ">", ">="};
    return marks[op - SS_AST_EQ];
}

/* 10 < .a is .a > 10. */
static uint32_t turned(uint32_t op)
{
    static const uint8_t other[] = {SS_AST_EQ, SS_AST_NE, SS_AST_GT, SS_AST_GE, SS_AST_LT, SS_AST_LE};
    return other[op - SS_AST_EQ];
}

bool ss_node_threshold(const struct ss_exprs *set, uint32_t id, uint32_t *column, uint32_t *op,
                       double *number)
{
    const struct ss_node *n = &set->node[id];
    if (n->op != SS_NODE_BINARY || n->arg < SS_AST_EQ || n->arg > SS_AST_GE)
        return false;
    const struct ss_node *a = &set->node[n->kid[0]], *b = &set->node[n->kid[1]];
    bool swap = a->op == SS_NODE_CONST;
    const struct ss_node *field = swap ? b : a, *limit = swap ? a : b;
    if (field->op != SS_NODE_COLUMN || limit->op != SS_NODE_CONST || limit->val.type != SS_VAL_NUMBER ||
        limit->val.big)
        return false;
    *column = field->arg;
    *op = swap ? turned(n->arg) : n->arg;
    *number = limit->val.num;
    return true;
}

static void thresholds(const struct ss_exprs *set, uint32_t node, struct ss_buf *path,
                       void (*threshold)(void *to, struct ss_str path, const char *op, double number),
                       void *to)
{
    const struct ss_node *n = &set->node[node];
    uint32_t column, op;
    double number;
    if (n->op == SS_NODE_AND) {
        thresholds(set, n->kid[0], path, threshold, to);
        thresholds(set, n->kid[1], path, threshold, to);
    } else if (ss_node_threshold(set, node, &column, &op, &number)) {
        ss_buf_reset(path);
        put_path(set, column, path);
        threshold(to, (struct ss_str){path->p, path->n}, mark_of(op), number);
    }
}

void ss_expr_thresholds(const struct ss_exprs *set, int id,
                        void (*threshold)(void *to, struct ss_str path, const char *op, double number),
                        void *to)
{
    struct ss_buf path;
    if (set->expr[id].root == SS_NODE_NONE)
        return;
    ss_buf_init(&path, SS_EXPR_TEXT_MAX);
    thresholds(set, set->expr[id].root, &path, threshold, to);
    ss_buf_free(&path);
}

void ss_expr_explain(struct ss_exprs *set, int id,
                     void (*part)(void *to, struct ss_str text, struct ss_str value), void *to)
{
    unsigned char *seen = reachable(set, id);
    struct ss_buf value;
    ss_buf_init(&value, SS_EXPR_BYTES);
    for (uint32_t i = 0; seen && i < set->nodes; i++) {
        const struct ss_node *n = &set->node[i];
        /* Constants say what they are, and what depends on a loop's variable has no one value. */
        if (!(seen[i] & 1) || n->op == SS_NODE_CONST || n->op >= SS_NODE_ONE || (n->vars & ~1u))
            continue;
        struct ss_val v;
        set->steps = 0;
        set->bytes = 0;
        enum ss_outcome o = ss_eval(set, i, &v);
        ss_buf_reset(&value);
        if (o == SS_OUT_VALUE)
            ss_val_put(&v, &value);
        else
            ss_buf_printf(&value, "%s%s", o == SS_OUT_EMPTY ? "empty" : "error: ",
                          o == SS_OUT_EMPTY ? "" : ss_expr_error(set));
        struct ss_str text = set->expr[n->text_of].text;
        part(to, (struct ss_str){text.p + n->from, n->to - n->from}, (struct ss_str){value.p, value.n});
    }
    ss_buf_free(&value);
    free(seen);
}
