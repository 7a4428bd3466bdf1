/* From the syntax tree to the graph. What has no node is left to libjq: the reason is given by name. */
#include "rule/graph.h"
#include "rule/regex.h"
#include <stdlib.h>

#define HEIGHT_MAX 3000

/* A variable in scope and the node it stands for. */
struct binding {
    struct ss_str name;
    uint32_t node;
    const struct binding *outer;
};

struct compiler {
    struct ss_exprs *set;
    uint32_t expr;
    const char *why;
    const struct ss_ast *now; /* for the place of new nodes */
};

static uint32_t compile(struct compiler *c, const struct ss_ast *a, uint32_t in, const struct binding *env,
                        int depth);
static uint32_t generate(struct compiler *c, const struct ss_ast *a, uint32_t in, const struct binding *env,
                         int depth);

static uint32_t give_up(struct compiler *c, const char *why)
{
    if (!c->why)
        c->why = why;
    return SS_NODE_NONE;
}

static uint32_t make(struct compiler *c, enum ss_node_op op, uint32_t arg, uint32_t k0, uint32_t k1,
                     uint32_t k2)
{
    struct ss_node n = {.op = (uint8_t)op, .arg = arg, .kid = {k0, k1, k2}};
    int kids = ss_node_kids_of(op, arg);
    for (int i = 0; i < kids; i++) {
        if (n.kid[i] == SS_NODE_NONE)
            return SS_NODE_NONE;
        if (c->set->node[n.kid[i]].height >= HEIGHT_MAX)
            return give_up(c, "it is nested too deeply");
    }
    n.from = c->now->from;
    n.to = c->now->to;
    n.text_of = c->expr;
    return ss_graph_node(c->set, &n);
}

static uint32_t make_flagged(struct compiler *c, enum ss_node_op op, bool flag, uint32_t k0, uint32_t k1,
                             uint32_t k2)
{
    struct ss_node n = {.op = (uint8_t)op, .flag = flag, .kid = {k0, k1, k2}};
    int kids = ss_node_kids_of(op, 0);
    for (int i = 0; i < kids; i++)
        if (n.kid[i] == SS_NODE_NONE)
            return SS_NODE_NONE;
    n.from = c->now->from;
    n.to = c->now->to;
    n.text_of = c->expr;
    return ss_graph_node(c->set, &n);
}

static uint32_t constant(struct compiler *c, struct ss_val val)
{
    struct ss_node n = {
        .op = SS_NODE_CONST, .val = val, .text_of = c->expr, .from = c->now->from, .to = c->now->to};
    return ss_graph_node(c->set, &n);
}

/* kid 1, but only where kid 0 has a value. */
static uint32_t after(struct compiler *c, enum ss_node_op op, uint32_t first, uint32_t then)
{
    if (first == SS_NODE_NONE || then == SS_NODE_NONE)
        return SS_NODE_NONE;
    return c->set->node[first].total ? then : make(c, op, 0, first, then, 0);
}

/* .name of the record, and .features.name, .score.name: fields that are fetched without the object around
 * them. */
static uint32_t column(struct compiler *c, uint32_t base, const struct ss_ast *key)
{
    if (key->op != SS_AST_CONST || key->val.type != SS_VAL_STRING)
        return SS_NODE_NONE;
    const struct ss_node *b = &c->set->node[base];
    int32_t parent;
    if (b->op == SS_NODE_VAR && b->arg == 0) {
        parent = -1;
    } else if (b->op == SS_NODE_COLUMN && c->set->column[b->arg].parent < 0 &&
               (ss_str_is(c->set->column[b->arg].name, "features") ||
                ss_str_is(c->set->column[b->arg].name, "score"))) {
        parent = (int32_t)b->arg;
    } else {
        return SS_NODE_NONE;
    }
    uint32_t made = ss_graph_column(c->set, parent, base, (struct ss_str){key->val.str, key->val.n});
    return made == SS_NODE_NONE ? SS_NODE_NONE : make(c, SS_NODE_COLUMN, made, 0, 0, 0);
}

/* ---- expressions with at most one output ---- */

static const struct binding *find(const struct binding *env, struct ss_str name)
{
    while (env && !ss_str_eq(env->name, name))
        env = env->outer;
    return env;
}

static uint32_t variable(struct compiler *c, uint32_t which)
{
    return make(c, SS_NODE_VAR, which, 0, 0, 0);
}

/* The text of $lists.NAME[], or p == NULL. */
static struct ss_str list_name(const struct ss_ast *a)
{
    const struct ss_ast *index = a->op == SS_AST_EACH ? a->kid[0] : NULL;
    if (index && index->op == SS_AST_INDEX && index->kid[0]->op == SS_AST_VAR &&
        ss_str_is(index->kid[0]->name, "lists") && index->kid[1]->op == SS_AST_CONST &&
        index->kid[1]->val.type == SS_VAL_STRING)
        return (struct ss_str){index->kid[1]->val.str, index->kid[1]->val.n};
    return (struct ss_str){NULL, 0};
}

/* For every output of generator g: `body` of it, as a generator of its own. */
static uint32_t for_each(struct compiler *c, uint32_t g, int depth, uint32_t body)
{
    return make(c, SS_NODE_BIND, (uint32_t)depth + 1, g, body, 0);
}

static uint32_t one(struct compiler *c, uint32_t node)
{
    return make(c, SS_NODE_ONE, 0, node, 0, 0);
}

static uint32_t call_membership(struct compiler *c, const struct ss_ast *a, uint32_t in,
                                const struct binding *env, int depth)
{
    struct ss_str list = a->n == 1 ? list_name(a->kid[0]) : (struct ss_str){NULL, 0};
    if (list.p && !find(env, SS_STR("lists"))) {
        const struct ss_expr_lists *lists = &c->set->opt.lists;
        int number = lists->find ? lists->find(lists->ctx, list) : -1;
        return number < 0 ? give_up(c, "its list is unknown")
                          : make(c, SS_NODE_LISTED, (uint32_t)number, in, 0, 0);
    }
    if (depth + 2 >= SS_VARS_MAX)
        return give_up(c, "it has too many loops within each other");
    uint32_t item = variable(c, (uint32_t)depth + 1);
    uint32_t g, match;
    if (a->n == 1) {
        g = generate(c, a->kid[0], in, env, depth);
        match = one(c, make(c, SS_NODE_BINARY, SS_AST_EQ, in, item, 0));
        return make(c, SS_NODE_HAS_TRUE, 0, for_each(c, g, depth, match), 0, 0);
    }
    /* Every output of the source is looked at, even after a hit: as in jq, a later error counts. */
    uint32_t inner = variable(c, (uint32_t)depth + 2);
    g = generate(c, a->kid[1], item, env, depth + 1);
    match = one(c, make(c, SS_NODE_BINARY, SS_AST_EQ, item, inner, 0));
    match = make(c, SS_NODE_HAS_TRUE, 0, for_each(c, g, depth + 1, match), 0, 0);
    g = for_each(c, generate(c, a->kid[0], in, env, depth), depth, one(c, match));
    g = make_flagged(c, SS_NODE_EACH, false, make(c, SS_NODE_COLLECT, 0, g, 0, 0), 0, 0);
    return make(c, SS_NODE_HAS_TRUE, 0, g, 0, 0);
}

static uint32_t call_quantifier(struct compiler *c, enum ss_node_op op, const struct ss_ast *a, uint32_t in,
                                const struct binding *env, int depth)
{
    if (depth + 1 >= SS_VARS_MAX)
        return give_up(c, "it has too many loops within each other");
    if (a->n && a->kid[a->n - 1]->many)
        return give_up(c, "the condition of any or all has many outputs");
    uint32_t item = variable(c, (uint32_t)depth + 1);
    uint32_t g =
        a->n == 2 ? generate(c, a->kid[0], in, env, depth) : make_flagged(c, SS_NODE_EACH, false, in, 0, 0);
    uint32_t condition = a->n == 0 ? item : compile(c, a->kid[a->n - 1], item, env, depth + 1);
    return make(c, op, 0, for_each(c, g, depth, one(c, condition)), 0, 0);
}

/* Functions that are more than a call with values. SS_NODE_NONE without a reason: it is none of them. */
static uint32_t special_call(struct compiler *c, const struct ss_ast *a, uint32_t in,
                             const struct binding *env, int depth)
{
    struct ss_str name = a->name;
    if (a->n == 0) {
        if (ss_str_is(name, "empty"))
            return make(c, SS_NODE_EMPTY, 0, 0, 0, 0);
        if (ss_str_is(name, "first") || ss_str_is(name, "last"))
            return make_flagged(c, SS_NODE_INDEX, false, in,
                                constant(c, ss_val_number(name.p[0] == 'f' ? 0 : -1)), 0);
    }
    if (a->n == 1 && ss_str_is(name, "select")) {
        uint32_t condition = compile(c, a->kid[0], in, env, depth);
        return make(c, SS_NODE_IF, 0, condition, in, make(c, SS_NODE_EMPTY, 0, 0, 0, 0));
    }
    if (a->n == 1 && ss_str_is(name, "map")) {
        if (depth + 1 >= SS_VARS_MAX)
            return give_up(c, "it has too many loops within each other");
        uint32_t g = make_flagged(c, SS_NODE_EACH, false, in, 0, 0);
        uint32_t body = generate(c, a->kid[0], variable(c, (uint32_t)depth + 1), env, depth + 1);
        return make(c, SS_NODE_COLLECT, 0, for_each(c, g, depth, body), 0, 0);
    }
    if (a->n == 1 && ss_str_is(name, "nth"))
        return make_flagged(c, SS_NODE_INDEX, false, in, compile(c, a->kid[0], in, env, depth), 0);
    if (a->n == 1 && ss_str_is(name, "first"))
        return make(c, SS_NODE_FIRST, 0, generate(c, a->kid[0], in, env, depth), 0, 0);
    if (a->n == 1 && (ss_str_is(name, "in") || ss_str_is(name, "inside"))) {
        int has = ss_builtin_find(name.n == 2 ? SS_STR("has") : SS_STR("contains"), 1);
        uint32_t container = compile(c, a->kid[0], in, env, depth);
        return make(c, SS_NODE_CALL, (uint32_t)has, container, in, 0);
    }
    if (a->n <= 2 && (ss_str_is(name, "any") || ss_str_is(name, "all")))
        return call_quantifier(c, name.p[1] == 'n' ? SS_NODE_ANY : SS_NODE_ALL, a, in, env, depth);
    if ((a->n == 1 || a->n == 2) && ss_str_is(name, "IN"))
        return call_membership(c, a, in, env, depth);
    return SS_NODE_NONE;
}

static uint32_t call_test(struct compiler *c, const struct ss_ast *pattern, uint32_t in)
{
    struct ss_exprs *set = c->set;
    if (pattern->op != SS_AST_CONST || pattern->val.type != SS_VAL_STRING)
        return give_up(c, "the pattern of test is no constant");
    struct ss_str text = {pattern->val.str, pattern->val.n};
    uint32_t i = 0;
    while (i < set->regexes && !ss_str_eq(set->regex[i].pattern, text))
        i++;
    if (i == set->regexes) {
        struct ss_regex *re = ss_regex_new(text, &set->arena);
        if (!re)
            return give_up(c, "the pattern of test is not one of the simple ones");
        struct ss_pattern *more = realloc(set->regex, (set->regexes + 1) * sizeof *more);
        if (!more)
            return SS_NODE_NONE;
        set->regex = more;
        set->regex[set->regexes++] = (struct ss_pattern){text, re};
    }
    return make(c, SS_NODE_TEST, i, in, 0, 0);
}

static uint32_t call(struct compiler *c, const struct ss_ast *a, uint32_t in, const struct binding *env,
                     int depth)
{
    uint32_t made = special_call(c, a, in, env, depth);
    if (made != SS_NODE_NONE || c->why)
        return made;
    if (a->n == 1 && ss_str_is(a->name, "test"))
        return call_test(c, a->kid[0], in);
    int builtin = ss_builtin_find(a->name, a->n);
    if (builtin < 0)
        return give_up(c, "a function is not native");
    uint32_t arg = a->n ? compile(c, a->kid[0], in, env, depth) : 0;
    return make(c, SS_NODE_CALL, (uint32_t)builtin, in, arg, 0);
}

static uint32_t text(struct compiler *c, const struct ss_ast *a, uint32_t in, const struct binding *env,
                     int depth)
{
    if (!ss_str_is(a->name, "text"))
        return give_up(c, "a format is not native");
    uint32_t made = constant(c, ss_val_string("", 0));
    for (uint32_t i = 0; i < a->n; i++) {
        const struct ss_ast *part = a->kid[i];
        uint32_t piece =
            part->op == SS_AST_CONST ? constant(c, part->val) : compile(c, part->kid[0], in, env, depth);
        made = make(c, SS_NODE_JOIN, 0, made, piece, 0);
    }
    return made;
}

static uint32_t index_of(struct compiler *c, const struct ss_ast *a, uint32_t in, const struct binding *env,
                         int depth)
{
    uint32_t base = compile(c, a->kid[0], in, env, depth);
    if (base == SS_NODE_NONE)
        return base;
    /* An optional field of the record itself cannot fail, and one of features fails only where that is no
     * object; INDEX with its flag tells that apart. */
    if (!a->opt) {
        uint32_t made = column(c, base, a->kid[1]);
        if (made != SS_NODE_NONE)
            return made;
    }
    return make_flagged(c, SS_NODE_INDEX, a->opt, base, compile(c, a->kid[1], in, env, depth), 0);
}

/* In the order of the text, which is then the order of the nodes. */
static void compile_kids(struct compiler *c, const struct ss_ast *a, uint32_t in, const struct binding *env,
                         int depth, uint32_t k[3])
{
    for (uint32_t i = 0; i < a->n && i < 3; i++)
        k[i] = compile(c, a->kid[i], in, env, depth);
}

static uint32_t compile(struct compiler *c, const struct ss_ast *a, uint32_t in, const struct binding *env,
                        int depth)
{
    if (in == SS_NODE_NONE || c->why)
        return SS_NODE_NONE;
    if (a->many)
        return give_up(c, "an operand has many outputs");
    const struct ss_ast *outer = c->now;
    uint32_t x, k[3], made = SS_NODE_NONE;
    c->now = a;
    switch (a->op) {
    case SS_AST_DOT: made = in; break;
    case SS_AST_CONST: made = constant(c, a->val); break;
    case SS_AST_TEXT: made = text(c, a, in, env, depth); break;
    case SS_AST_INDEX: made = index_of(c, a, in, env, depth); break;
    case SS_AST_SLICE:
        compile_kids(c, a, in, env, depth, k);
        made = make_flagged(c, SS_NODE_SLICE, a->opt, k[0], k[1], k[2]);
        break;
    case SS_AST_ARRAY:
        made = a->n == 0 ? constant(c, (struct ss_val){.type = SS_VAL_ARRAY})
                         : make(c, SS_NODE_COLLECT, 0, generate(c, a->kid[0], in, env, depth), 0, 0);
        break;
    case SS_AST_VAR: {
        const struct binding *b = find(env, a->name);
        made = b ? b->node : give_up(c, "a variable is not native");
        break;
    }
    case SS_AST_CALL: made = call(c, a, in, env, depth); break;
    case SS_AST_IF:
        compile_kids(c, a, in, env, depth, k);
        made = make(c, SS_NODE_IF, 0, k[0], k[1], k[2]);
        break;
    case SS_AST_AS: {
        if (!a->name.p) {
            made = give_up(c, "a pattern is not native");
            break;
        }
        struct binding b = {a->name, compile(c, a->kid[0], in, env, depth), env};
        if (b.node != SS_NODE_NONE)
            made = after(c, SS_NODE_SEQ, b.node, compile(c, a->kid[1], in, &b, depth));
        break;
    }
    case SS_AST_NEG: made = make(c, SS_NODE_NEG, 0, compile(c, a->kid[0], in, env, depth), 0, 0); break;
    case SS_AST_PIPE:
        x = compile(c, a->kid[0], in, env, depth);
        made = x == SS_NODE_NONE ? x : after(c, SS_NODE_SEQ, x, compile(c, a->kid[1], x, env, depth));
        break;
    case SS_AST_ALT:
    case SS_AST_OR:
    case SS_AST_AND:
        compile_kids(c, a, in, env, depth, k);
        x = a->op == SS_AST_ALT ? SS_NODE_ALT : a->op == SS_AST_OR ? SS_NODE_OR : SS_NODE_AND;
        made = make(c, (enum ss_node_op)x, 0, k[0], k[1], 0);
        break;
    case SS_AST_TRY: made = give_up(c, "'?' behind more than a field, or try, is not native"); break;
    case SS_AST_OBJECT: made = give_up(c, "making objects is not native"); break;
    case SS_AST_FORMAT: made = give_up(c, "a format is not native"); break;
    default: compile_kids(c, a, in, env, depth, k); made = make(c, SS_NODE_BINARY, a->op, k[0], k[1], 0);
    }
    c->now = outer;
    return made;
}

/* ---- generators ---- */

/* OP over operands with many outputs: jq's loops, the right operand's outside. */
static uint32_t generate_pair(struct compiler *c, const struct ss_ast *a, uint32_t in,
                              const struct binding *env, int depth)
{
    uint32_t right = variable(c, (uint32_t)depth + 1), left = variable(c, (uint32_t)depth + 2);
    uint32_t result = a->op == SS_AST_INDEX ? make_flagged(c, SS_NODE_INDEX, a->opt, left, right, 0)
                                            : make(c, SS_NODE_BINARY, a->op, left, right, 0);
    uint32_t inner = for_each(c, generate(c, a->kid[0], in, env, depth + 1), depth + 1, one(c, result));
    return for_each(c, generate(c, a->kid[1], in, env, depth), depth, inner);
}

static uint32_t generate(struct compiler *c, const struct ss_ast *a, uint32_t in, const struct binding *env,
                         int depth)
{
    if (in == SS_NODE_NONE || c->why)
        return SS_NODE_NONE;
    if (!a->many)
        return one(c, compile(c, a, in, env, depth));
    if (depth + 2 >= SS_VARS_MAX)
        return give_up(c, "it has too many loops within each other");
    const struct ss_ast *outer = c->now;
    uint32_t x, y, z, item = variable(c, (uint32_t)depth + 1), made = SS_NODE_NONE;
    bool many;
    c->now = a;
    switch (a->op) {
    case SS_AST_COMMA:
        x = generate(c, a->kid[0], in, env, depth);
        made = make(c, SS_NODE_COMMA, 0, x, generate(c, a->kid[1], in, env, depth), 0);
        break;
    case SS_AST_EACH:
        made = a->kid[0]->many
                   ? for_each(c, generate(c, a->kid[0], in, env, depth), depth,
                              make_flagged(c, SS_NODE_EACH, a->opt, item, 0, 0))
                   : make_flagged(c, SS_NODE_EACH, a->opt, compile(c, a->kid[0], in, env, depth), 0, 0);
        break;
    case SS_AST_PIPE:
        if (a->kid[0]->many) {
            x = generate(c, a->kid[1], item, env, depth + 1);
            made = for_each(c, generate(c, a->kid[0], in, env, depth), depth, x);
        } else {
            x = compile(c, a->kid[0], in, env, depth);
            made =
                x == SS_NODE_NONE ? x : after(c, SS_NODE_GEN_SEQ, x, generate(c, a->kid[1], x, env, depth));
        }
        break;
    case SS_AST_AS:
        if (!a->name.p) {
            made = give_up(c, "a pattern is not native");
        } else if (a->kid[0]->many) {
            struct binding b = {a->name, item, env};
            x = generate(c, a->kid[1], in, &b, depth + 1);
            made = for_each(c, generate(c, a->kid[0], in, env, depth), depth, x);
        } else {
            struct binding b = {a->name, compile(c, a->kid[0], in, env, depth), env};
            if (b.node != SS_NODE_NONE)
                made = after(c, SS_NODE_GEN_SEQ, b.node, generate(c, a->kid[1], in, &b, depth));
        }
        break;
    case SS_AST_IF:
        many = a->kid[0]->many;
        x = many ? generate(c, a->kid[0], in, env, depth) : compile(c, a->kid[0], in, env, depth);
        y = generate(c, a->kid[1], in, env, depth + many);
        z = generate(c, a->kid[2], in, env, depth + many);
        made = make(c, SS_NODE_GEN_IF, 0, many ? item : x, y, z);
        made = many ? for_each(c, x, depth, made) : made;
        break;
    case SS_AST_NEG:
        made = for_each(c, generate(c, a->kid[0], in, env, depth), depth,
                        one(c, make(c, SS_NODE_NEG, 0, item, 0, 0)));
        break;
    case SS_AST_INDEX:
    case SS_AST_EQ:
    case SS_AST_NE:
    case SS_AST_LT:
    case SS_AST_LE:
    case SS_AST_GT:
    case SS_AST_GE:
    case SS_AST_ADD:
    case SS_AST_SUB:
    case SS_AST_MUL:
    case SS_AST_DIV:
    case SS_AST_MOD: made = generate_pair(c, a, in, env, depth); break;
    default: made = give_up(c, "an operand has many outputs");
    }
    c->now = outer;
    return made;
}

uint32_t ss_graph_compile(struct ss_exprs *set, uint32_t expr, const struct ss_ast *ast, const char **why)
{
    struct compiler c = {.set = set, .expr = expr, .now = ast};
    uint32_t record = variable(&c, 0);
    uint32_t root = ast->many ? make(&c, SS_NODE_FIRST, 0, generate(&c, ast, record, NULL, 0), 0, 0)
                              : compile(&c, ast, record, NULL, 0);
    *why = c.why;
    return root;
}
