/* Evaluation of the graph for the current record. */
#include "base/err.h"
#include "rule/graph.h"

/* What a generator gives its outputs to: go on (VALUE), stop at peace (EMPTY) or with an error. */
struct sink {
    enum ss_outcome (*take)(struct ss_exprs *set, struct sink *to, const struct ss_val *val);
};

static enum ss_outcome generate(struct ss_exprs *set, uint32_t id, struct sink *to);

enum ss_outcome ss_eval_fail(struct ss_exprs *set, const char *text, const struct ss_val *a,
                             const struct ss_val *b)
{
    set->fault = (struct ss_val){.type = a ? a->type : 0, .n = b ? b->type : 0, .str = text};
    return SS_OUT_ERROR;
}

void *ss_eval_alloc(struct ss_exprs *set, size_t bytes)
{
    set->bytes += bytes;
    void *p = set->bytes > SS_EXPR_BYTES ? NULL : ss_arena_alloc(set->made, bytes + 1);
    if (!p)
        ss_eval_fail(set, "the values it makes are too large", NULL, NULL);
    return p;
}

static enum ss_outcome truth(struct ss_exprs *set, uint32_t id, bool *is)
{
    struct ss_val v;
    enum ss_outcome o = ss_eval(set, id, &v);
    *is = o == SS_OUT_VALUE && ss_val_truth(&v);
    return o;
}

/* ---- generators' ends ---- */

/* A growing array of what came: doubled in the record's arena. */
struct collect {
    struct sink sink;
    struct ss_val *at;
    uint32_t n, cap;
};

static enum ss_outcome take_item(struct ss_exprs *set, struct sink *to, const struct ss_val *val)
{
    struct collect *c = (struct collect *)to;
    if (c->n == c->cap) {
        uint32_t cap = c->cap ? 2 * c->cap : 8;
        struct ss_val *more = ss_eval_alloc(set, cap * sizeof *more);
        if (!more)
            return SS_OUT_ERROR;
        if (c->n)
            memcpy(more, c->at, c->n * sizeof *more);
        c->at = more;
        c->cap = cap;
    }
    c->at[c->n++] = *val;
    return SS_OUT_VALUE;
}

static enum ss_outcome collect(struct ss_exprs *set, uint32_t g, struct ss_val *out)
{
    struct collect c = {.sink = {take_item}};
    if (generate(set, g, &c.sink) == SS_OUT_ERROR)
        return SS_OUT_ERROR;
    *out = (struct ss_val){.type = SS_VAL_ARRAY, .n = c.n, .at = c.at};
    return SS_OUT_VALUE;
}

struct first {
    struct sink sink;
    bool found;
    struct ss_val val;
};

static enum ss_outcome take_first(struct ss_exprs *set, struct sink *to, const struct ss_val *val)
{
    struct first *f = (struct first *)to;
    (void)set;
    f->found = true;
    f->val = *val;
    return SS_OUT_EMPTY;
}

static enum ss_outcome first(struct ss_exprs *set, uint32_t g, struct ss_val *out)
{
    struct first f = {.sink = {take_first}};
    if (generate(set, g, &f.sink) == SS_OUT_ERROR)
        return SS_OUT_ERROR;
    *out = f.val;
    return f.found ? SS_OUT_VALUE : SS_OUT_EMPTY;
}

static enum ss_outcome take_true(struct ss_exprs *set, struct sink *to, const struct ss_val *val)
{
    struct first *f = (struct first *)to;
    (void)set;
    f->found = ss_val_truth(val);
    return f->found ? SS_OUT_EMPTY : SS_OUT_VALUE;
}

/*
 * any and all. jq writes them as a foreach whose body looks at the state before it looks at the next item:
 * once the answer is known, one more item is fetched (and may fail), and an item without an output resets the
 * state. The generator here is BIND(items, condition), so the loop over the items is ours.
 */
struct quantifier {
    struct sink sink;
    const struct ss_node *bind;
    bool all, known, lost;
};

static void set_variable(struct ss_exprs *set, uint32_t which, const struct ss_val *val)
{
    set->var[which] = *val;
    set->tick[which] = ++set->ticks;
}

static enum ss_outcome take_condition(struct ss_exprs *set, struct sink *to, const struct ss_val *val)
{
    struct quantifier *q = (struct quantifier *)to;
    bool is;
    if (q->known || (q->all && q->lost))
        return SS_OUT_EMPTY;
    struct ss_val saved = set->var[q->bind->arg];
    uint64_t tick = set->tick[q->bind->arg];
    set_variable(set, q->bind->arg, val);
    enum ss_outcome o = truth(set, set->node[q->bind->kid[1]].kid[0], &is);
    set->var[q->bind->arg] = saved;
    set->tick[q->bind->arg] = tick;
    if (o == SS_OUT_ERROR)
        return o;
    q->lost = o == SS_OUT_EMPTY;
    q->known = o == SS_OUT_VALUE && is != q->all;
    return SS_OUT_VALUE;
}

static enum ss_outcome quantify(struct ss_exprs *set, const struct ss_node *n, struct ss_val *out)
{
    const struct ss_node *bind = &set->node[n->kid[0]];
    struct quantifier q = {.sink = {take_condition}, .bind = bind, .all = n->op == SS_NODE_ALL};
    enum ss_outcome o = generate(set, bind->kid[0], &q.sink);
    *out = ss_val_bool(q.known != q.all);
    return o == SS_OUT_ERROR ? o : SS_OUT_VALUE;
}

/* ---- generators ---- */

struct bind {
    struct sink sink, *to;
    const struct ss_node *node;
};

/* The generator that gives the outputs may use the variable of the same number for a loop of its own: it
 * finds it again as it was. */
static enum ss_outcome take_bound(struct ss_exprs *set, struct sink *sink, const struct ss_val *val)
{
    struct bind *b = (struct bind *)sink;
    struct ss_val saved = set->var[b->node->arg];
    uint64_t tick = set->tick[b->node->arg];
    set_variable(set, b->node->arg, val);
    enum ss_outcome o = generate(set, b->node->kid[1], b->to);
    set->var[b->node->arg] = saved;
    set->tick[b->node->arg] = tick;
    return o;
}

static enum ss_outcome each(struct ss_exprs *set, const struct ss_node *n, struct sink *to)
{
    struct ss_val v;
    enum ss_outcome o = ss_eval(set, n->kid[0], &v);
    if (o != SS_OUT_VALUE)
        return o == SS_OUT_EMPTY ? SS_OUT_VALUE : o;
    if (v.type != SS_VAL_ARRAY && v.type != SS_VAL_OBJECT)
        return n->flag ? SS_OUT_VALUE : ss_eval_fail(set, "cannot iterate over %", &v, NULL);
    for (uint32_t i = 0; i < v.n; i++) {
        if (++set->steps > SS_EXPR_STEPS)
            return ss_eval_fail(set, "it takes too many steps", NULL, NULL);
        o = to->take(set, to, v.type == SS_VAL_ARRAY ? &v.at[i] : &v.member[i].val);
        if (o != SS_OUT_VALUE)
            return o;
    }
    return SS_OUT_VALUE;
}

/* VALUE: all outputs were taken; EMPTY: the sink wanted no more. */
static enum ss_outcome generate(struct ss_exprs *set, uint32_t id, struct sink *to)
{
    const struct ss_node *n = &set->node[id];
    struct ss_val v;
    enum ss_outcome o;
    bool is;
    if (++set->steps > SS_EXPR_STEPS)
        return ss_eval_fail(set, "it takes too many steps", NULL, NULL);
    switch (n->op) {
    case SS_NODE_ONE:
        o = ss_eval(set, n->kid[0], &v);
        return o == SS_OUT_VALUE ? to->take(set, to, &v) : o == SS_OUT_EMPTY ? SS_OUT_VALUE : o;
    case SS_NODE_EACH: return each(set, n, to);
    case SS_NODE_COMMA:
        o = generate(set, n->kid[0], to);
        return o == SS_OUT_VALUE ? generate(set, n->kid[1], to) : o;
    case SS_NODE_BIND: {
        struct bind b = {{take_bound}, to, n};
        return generate(set, n->kid[0], &b.sink);
    }
    case SS_NODE_GEN_IF:
        o = truth(set, n->kid[0], &is);
        if (o != SS_OUT_VALUE)
            return o == SS_OUT_EMPTY ? SS_OUT_VALUE : o;
        return generate(set, n->kid[is ? 1 : 2], to);
    case SS_NODE_GEN_SEQ:
        o = ss_eval(set, n->kid[0], &v);
        if (o != SS_OUT_VALUE)
            return o == SS_OUT_EMPTY ? SS_OUT_VALUE : o;
        return generate(set, n->kid[1], to);
    default: return ss_eval_fail(set, "a node is no generator", NULL, NULL);
    }
}

/* ---- values ---- */

static enum ss_outcome join(struct ss_exprs *set, const struct ss_node *n, struct ss_val *out)
{
    struct ss_val a, b, text;
    enum ss_outcome o = ss_eval(set, n->kid[1], &b);
    if (o == SS_OUT_VALUE)
        o = ss_builtin_tostring(set, &b, &text);
    if (o == SS_OUT_VALUE)
        o = ss_eval(set, n->kid[0], &a);
    return o == SS_OUT_VALUE ? ss_builtin_binary(set, SS_AST_ADD, &a, &text, out) : o;
}

static enum ss_outcome listed(struct ss_exprs *set, const struct ss_node *n, struct ss_val *out)
{
    struct ss_val v, text;
    enum ss_outcome o = ss_eval(set, n->kid[0], &v);
    if (o != SS_OUT_VALUE)
        return o;
    *out = ss_val_bool(false);
    if (v.type != SS_VAL_STRING && v.type != SS_VAL_NUMBER)
        return o;
    o = ss_builtin_tostring(set, &v, &text);
    const struct ss_expr_lists *lists = &set->opt.lists;
    if (o == SS_OUT_VALUE)
        *out = ss_val_bool(lists->has(lists->ctx, (int)n->arg, (struct ss_str){text.str, text.n}, set->rec));
    return o;
}

static enum ss_outcome logic(struct ss_exprs *set, const struct ss_node *n, struct ss_val *out)
{
    bool is;
    enum ss_outcome o = truth(set, n->kid[0], &is);
    if (o == SS_OUT_VALUE && is == (n->op == SS_NODE_AND))
        o = truth(set, n->kid[1], &is);
    *out = ss_val_bool(is);
    return o;
}

/* Two or three operands, evaluated in jq's order. */
static enum ss_outcome operands(struct ss_exprs *set, const struct ss_node *n, struct ss_val v[3])
{
    static const uint8_t slice_order[] = {1, 2, 0}, pair_order[] = {1, 0};
    int count = n->op == SS_NODE_SLICE ? 3 : 2;
    const uint8_t *order = count == 3 ? slice_order : pair_order;
    for (int i = 0; i < count; i++) {
        enum ss_outcome o = ss_eval(set, n->kid[order[i]], &v[order[i]]);
        if (o != SS_OUT_VALUE)
            return o;
    }
    return SS_OUT_VALUE;
}

static enum ss_outcome indexed(struct ss_exprs *set, const struct ss_node *n, struct ss_val *out)
{
    struct ss_val v[3];
    enum ss_outcome o = operands(set, n, v);
    if (o != SS_OUT_VALUE)
        return o;
    o = n->op == SS_NODE_SLICE ? ss_builtin_slice(set, &v[0], &v[1], &v[2], out)
                               : ss_builtin_index(set, &v[0], &v[1], out);
    return o == SS_OUT_ERROR && n->flag ? SS_OUT_EMPTY : o;
}

static enum ss_outcome called(struct ss_exprs *set, const struct ss_node *n, struct ss_val *out)
{
    struct ss_val in, arg = {0};
    enum ss_outcome o = ss_eval(set, n->kid[0], &in);
    if (o == SS_OUT_VALUE && ss_builtins[n->arg].args)
        o = ss_eval(set, n->kid[1], &arg);
    return o == SS_OUT_VALUE ? ss_builtins[n->arg].call(set, &in, &arg, out) : o;
}

static enum ss_outcome compute(struct ss_exprs *set, const struct ss_node *n, struct ss_val *out)
{
    struct ss_val v[3];
    enum ss_outcome o;
    bool is;
    switch (n->op) {
    case SS_NODE_COLUMN: return ss_column_value(set, n->arg, out);
    case SS_NODE_BINARY:
        o = operands(set, n, v);
        return o == SS_OUT_VALUE ? ss_builtin_binary(set, (enum ss_ast_op)n->arg, &v[0], &v[1], out) : o;
    case SS_NODE_AND:
    case SS_NODE_OR: return logic(set, n, out);
    case SS_NODE_IF:
        o = truth(set, n->kid[0], &is);
        return o == SS_OUT_VALUE ? ss_eval(set, n->kid[is ? 1 : 2], out) : o;
    case SS_NODE_ALT:
        o = ss_eval(set, n->kid[0], out);
        return o == SS_OUT_ERROR || (o == SS_OUT_VALUE && ss_val_truth(out)) ? o
                                                                             : ss_eval(set, n->kid[1], out);
    case SS_NODE_SEQ:
        o = ss_eval(set, n->kid[0], &v[0]);
        return o == SS_OUT_VALUE ? ss_eval(set, n->kid[1], out) : o;
    case SS_NODE_INDEX:
    case SS_NODE_SLICE: return indexed(set, n, out);
    case SS_NODE_NEG:
        o = ss_eval(set, n->kid[0], &v[0]);
        if (o != SS_OUT_VALUE)
            return o;
        if (v[0].type != SS_VAL_NUMBER)
            return ss_eval_fail(set, "% cannot be negated", &v[0], NULL);
        *out = ss_val_number(-ss_val_double(&v[0]));
        return SS_OUT_VALUE;
    case SS_NODE_EMPTY: return SS_OUT_EMPTY;
    case SS_NODE_JOIN: return join(set, n, out);
    case SS_NODE_CALL: return called(set, n, out);
    case SS_NODE_TEST:
        o = ss_eval(set, n->kid[0], &v[0]);
        if (o != SS_OUT_VALUE)
            return o;
        if (v[0].type != SS_VAL_STRING)
            return ss_eval_fail(set, "% cannot be matched, as it is not a string", &v[0], NULL);
        *out = ss_val_bool(ss_regex_test(set->regex[n->arg].re, (struct ss_str){v[0].str, v[0].n}));
        return SS_OUT_VALUE;
    case SS_NODE_LISTED: return listed(set, n, out);
    case SS_NODE_COLLECT: return collect(set, n->kid[0], out);
    case SS_NODE_FIRST: return first(set, n->kid[0], out);
    case SS_NODE_ANY:
    case SS_NODE_ALL: return quantify(set, n, out);
    case SS_NODE_HAS_TRUE: {
        struct first f = {.sink = {take_true}};
        o = generate(set, n->kid[0], &f.sink);
        *out = ss_val_bool(f.found);
        return o == SS_OUT_ERROR ? o : SS_OUT_VALUE;
    }
    default: return ss_eval_fail(set, "a node is no value", NULL, NULL);
    }
}

enum ss_outcome ss_eval(struct ss_exprs *set, uint32_t id, struct ss_val *out)
{
    struct ss_node *n = &set->node[id];
    if (n->op == SS_NODE_CONST) {
        *out = n->val;
        return SS_OUT_VALUE;
    }
    if (n->op == SS_NODE_VAR && n->arg > 0) {
        *out = set->var[n->arg];
        return SS_OUT_VALUE;
    }
    /* The innermost variable it depends on got its value last. */
    uint64_t tick = set->tick[n->vars ? 31 - __builtin_clz(n->vars) : 0];
    if (n->stamp != tick) {
        struct ss_val v = {0};
        enum ss_outcome o = ++set->steps > SS_EXPR_STEPS
                                ? ss_eval_fail(set, "it takes too many steps", NULL, NULL)
                            : n->op == SS_NODE_VAR ? ss_record_value(set, &v)
                                                   : compute(set, n, &v);
        n->outcome = (uint8_t)o;
        n->val = o == SS_OUT_ERROR ? set->fault : v;
        n->stamp = tick;
    } else if (n->outcome == SS_OUT_ERROR) {
        set->fault = n->val;
    }
    *out = n->val;
    return (enum ss_outcome)n->outcome;
}
