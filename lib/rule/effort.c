#include "rule/effort.h"
#include "rule/tame.h"
#include "rule/vocabulary.h"
#include <stdarg.h>
#include <stdio.h>

#define WALKS_MAX 20000

struct ss_effort ss_judge_refuse(struct ss_judge *j, enum ss_syntax state, const char *fmt, ...)
{
    if (j->state == SS_SYNTAX_OK) {
        va_list ap;
        va_start(ap, fmt);
        vsnprintf(j->message, j->message_size, fmt, ap);
        va_end(ap);
        j->state = state;
    }
    return (struct ss_effort){1, 1, 1, 1};
}

void ss_judge_note(struct ss_judge *j, struct ss_str **names, uint32_t *n, struct ss_str name)
{
    for (uint32_t i = 0; i < *n; i++)
        if (ss_str_eq((*names)[i], name))
            return;
    struct ss_str *more = ss_arena_alloc(j->arena, (*n + 1) * sizeof *more);
    if (!more) {
        ss_judge_refuse(j, SS_SYNTAX_WRONG, "out of memory");
        return;
    }
    if (*n)
        memcpy(more, *names, *n * sizeof *more);
    more[(*n)++] = name;
    *names = more;
}

struct scope {
    struct ss_str name;
    double size;
    const struct scope *outer;
};

static struct ss_effort effort_of(struct ss_judge *j, const struct ss_ast *a, double s,
                                  const struct scope *env);

/* For each output of `first`: `then` of it. What grows faster than its input is worst when one output
 * has all the size: then of the total once, and of next to nothing for the others. */
static struct ss_effort chain(struct ss_judge *j, struct ss_effort first, const struct ss_ast *then,
                              const struct scope *env)
{
    struct ss_effort big = effort_of(j, then, first.total, env);
    struct ss_effort small = first.outs > 1 ? effort_of(j, then, 1, env) : (struct ss_effort){0};
    return (struct ss_effort){
        big.outs + first.outs * small.outs, big.size > small.size ? big.size : small.size,
        big.total + first.outs * small.total, first.work + big.work + first.outs * small.work};
}

static struct ss_effort one_of(double size, double work)
{
    return (struct ss_effort){1, size, size, work};
}

static struct ss_effort product(struct ss_effort a, struct ss_effort b, double size, double work)
{
    double outs = a.outs * b.outs;
    return (struct ss_effort){outs, size, outs * size,
                              a.work * (b.outs > 1 ? b.outs : 1) + b.work + outs * work};
}

static struct ss_effort sum(struct ss_effort a, struct ss_effort b)
{
    return (struct ss_effort){a.outs + b.outs, a.size > b.size ? a.size : b.size, a.total + b.total,
                              a.work + b.work};
}

static struct ss_effort call_regex(struct ss_judge *j, const struct ss_ast *a, const struct ss_function *f,
                                   double s, const struct scope *env)
{
    for (uint32_t i = 0; i < a->n; i++) {
        bool replacement = f->shape == SS_EFFORT_SUBSTITUTE && i == 1;
        if (!replacement && a->kid[i]->op != SS_AST_CONST)
            return ss_judge_refuse(j, SS_SYNTAX_FULL, "the pattern of '%s' is no constant", f->name);
    }
    if (a->kid[0]->val.type == SS_VAL_STRING &&
        !ss_regex_is_tame((struct ss_str){a->kid[0]->val.str, a->kid[0]->val.n}))
        return ss_judge_refuse(j, SS_SYNTAX_FULL, "the pattern of '%s' can take exponential time", f->name);
    double work = 64 + s * 16;
    if (f->shape == SS_EFFORT_MATCHES)
        return (struct ss_effort){s + 1, s + 20, 20 * (s + 1), work + s * s / 4};
    if (f->shape == SS_EFFORT_SUBSTITUTE)
        return product(one_of(s, work), effort_of(j, a->kid[1], s, env), 2 * s, s);
    return one_of(s, work + (a->n == 2 ? s * s / 4 : 0));
}

static struct ss_effort call_stream(struct ss_judge *j, const struct ss_ast *a, double s,
                                    const struct scope *env)
{
    struct ss_effort c = effort_of(j, a->kid[a->n - 1], s, env);
    for (uint32_t i = 0; i + 1 < a->n; i++)
        c = product(c, effort_of(j, a->kid[i], s, env), c.size, 1);
    c.work += 4 * c.outs;
    return c;
}

/* Arguments of any number as one product: f(a; b). */
static struct ss_effort arguments(struct ss_judge *j, const struct ss_ast *a, double s,
                                  const struct scope *env)
{
    struct ss_effort c = one_of(0, 0);
    for (uint32_t i = 0; i < a->n; i++) {
        struct ss_effort next = effort_of(j, a->kid[i], s, env);
        c = product(c, next, c.size + next.size, 0);
    }
    return c;
}

static struct ss_effort call(struct ss_judge *j, const struct ss_ast *a, double s, const struct scope *env)
{
    const struct ss_function *f = ss_function_find(a->name, a->n);
    if (!f) {
        const char *never = ss_function_never(a->name);
        if (never)
            return ss_judge_refuse(j, SS_SYNTAX_NEVER, "'%s' looks outside of the record", never);
        return ss_judge_refuse(j, SS_SYNTAX_FULL, "'%.*s/%u' is not among the functions known to end",
                               (int)(a->name.n < 40 ? a->name.n : 40), a->name.p, a->n);
    }
    j->makes_objects |= f->makes_objects;
    struct ss_effort items = {s, s, s, s}, c;
    switch ((enum ss_effort_shape)f->shape) {
    case SS_EFFORT_PLAIN: return one_of(s, 1);
    case SS_EFFORT_LINEAR: return one_of(s, 4 + s);
    case SS_EFFORT_ESCAPING: return one_of(6 * s, 1 + s / 16);
    case SS_EFFORT_SQUARE: c = arguments(j, a, s, env); return product(one_of(s, 0), c, s, s * s / 16);
    case SS_EFFORT_KEYED:
        c = a->n ? chain(j, items, a->kid[0], env) : items;
        return one_of(s + c.total, c.work + 16 * s);
    case SS_EFFORT_ENTRIES:
        c = a->n ? chain(j, (struct ss_effort){s, s, 4 * s, s}, a->kid[0], env) : items;
        return one_of(4 * s + c.total, c.work + 8 * s + s * s / 16);
    case SS_EFFORT_SELECT:
        c = effort_of(j, a->kid[0], s, env);
        return (struct ss_effort){c.outs, s, c.outs * s, c.work + c.outs};
    case SS_EFFORT_ITEMS:
        c = chain(j, items, a->kid[0], env);
        return one_of(c.total + c.outs, c.work + 4 * c.outs);
    case SS_EFFORT_STREAM: return call_stream(j, a, s, env);
    case SS_EFFORT_QUANTIFY:
        c = chain(j, effort_of(j, a->kid[0], s, env), a->kid[1], env);
        return one_of(1, c.work + 4 * c.outs);
    case SS_EFFORT_MEMBER:
        c = effort_of(j, a->kid[0], s, env);
        if (a->n == 2)
            c = chain(j, c, a->kid[1], env);
        return one_of(1, c.work + 4 * c.outs + c.total / 16);
    case SS_EFFORT_OPERAND:
        c = arguments(j, a, s, env);
        return (struct ss_effort){c.outs, s + c.size, c.outs * (s + c.size),
                                  c.work + c.outs * (1 + s * c.size / 16)};
    case SS_EFFORT_JOIN:
        c = arguments(j, a, s, env);
        return (struct ss_effort){c.outs, s * (1 + c.size), c.outs * s * (1 + c.size),
                                  c.work + c.outs * s * 8};
    default: return call_regex(j, a, f, s, env);
    }
}

static bool is_format(struct ss_str name)
{
    static const char *const known[] = {"text", "json", "csv", "tsv", "html", "uri", "sh", "base64"};
    for (size_t i = 0; i < SS_COUNT(known); i++)
        if (ss_str_is(name, known[i]))
            return true;
    return false;
}

static bool is_const(const struct ss_ast *a)
{
    return a->op == SS_AST_CONST || (a->op == SS_AST_NEG && a->kid[0]->op == SS_AST_CONST);
}

static struct ss_effort index_effort(struct ss_judge *j, const struct ss_ast *a, double s,
                                     const struct scope *env)
{
    const struct ss_ast *base = a->kid[0], *key = a->kid[1];
    if (base->op == SS_AST_VAR && ss_str_is(base->name, "lists")) {
        if (key->op != SS_AST_CONST || key->val.type != SS_VAL_STRING)
            return ss_judge_refuse(j, SS_SYNTAX_WRONG, "a list is named as in $lists.name");
        ss_judge_note(j, &j->out->list, &j->out->lists, (struct ss_str){key->val.str, key->val.n});
        return one_of(4096, 1);
    }
    /* A computed object as key is a slice; one from NaN to somewhere would end the process. */
    j->indexes_freely |= !is_const(key) && key->op != SS_AST_TEXT;
    struct ss_effort b = effort_of(j, base, s, env), k = effort_of(j, key, s, env);
    struct ss_effort c = product(b, k, b.size, 1);
    c.total = b.total * k.outs; /* parts of what there is are no larger together */
    return c;
}

static struct ss_effort bound(struct ss_judge *j, const struct ss_ast *a, double s, const struct scope *env)
{
    struct ss_effort source = effort_of(j, a->kid[0], s, env);
    struct ss_effort extra = one_of(0, 0);
    for (uint32_t i = 2; i < a->n; i++)
        extra = product(extra, effort_of(j, a->kid[i], s, env), 0, 0);
    if (!a->name.p)
        return ss_judge_refuse(j, SS_SYNTAX_FULL,
                               "patterns behind 'as' are not known to end soon: bind one variable");
    struct scope inner = {a->name, source.total, env};
    struct ss_effort body = effort_of(j, a->kid[1], s, &inner);
    return product(product(source, extra, 0, 1), body, body.size, 1);
}

static struct ss_effort variable(struct ss_judge *j, const struct ss_ast *a, const struct scope *env)
{
    while (env && !ss_str_eq(env->name, a->name))
        env = env->outer;
    if (env)
        return one_of(env->size, 1);
    const char *never = ss_function_never(a->name);
    if (never)
        return ss_judge_refuse(j, SS_SYNTAX_NEVER, "'$%s' looks outside of the record", never);
    if (ss_str_is(a->name, "lists"))
        return ss_judge_refuse(j, SS_SYNTAX_WRONG, "a list is named as in $lists.name");
    return ss_judge_refuse(j, SS_SYNTAX_WRONG, "unknown variable '$%.*s'",
                           (int)(a->name.n < 40 ? a->name.n : 40), a->name.p);
}

static struct ss_effort pieces(struct ss_judge *j, const struct ss_ast *a, double s, const struct scope *env)
{
    if (a->op != SS_AST_OBJECT && !is_format(a->name))
        return ss_judge_refuse(j, SS_SYNTAX_WRONG, "'@%.*s' is no known format",
                               (int)(a->name.n < 40 ? a->name.n : 40), a->name.p);
    j->makes_objects |= a->op == SS_AST_OBJECT;
    struct ss_effort c = one_of(0, 1);
    for (uint32_t i = 0; i < a->n; i++) {
        const struct ss_ast *kid = a->kid[i];
        bool inserted = a->op == SS_AST_TEXT && kid->op == SS_AST_ARRAY;
        struct ss_effort next = effort_of(j, inserted ? kid->kid[0] : kid, s, env);
        c = product(c, next, c.size + (inserted ? 6 : 1) * next.size, 1);
    }
    return c;
}

static struct ss_effort operate(struct ss_judge *j, const struct ss_ast *a, double s, const struct scope *env)
{
    struct ss_effort x = effort_of(j, a->kid[0], s, env), y = effort_of(j, a->kid[1], s, env);
    switch (a->op) {
    case SS_AST_ADD: return product(x, y, x.size + y.size, 1 + (x.size + y.size) / 256);
    case SS_AST_MUL: return product(x, y, x.size + y.size + (1 << 16), 16 + x.size * y.size / 256);
    case SS_AST_SUB:
    case SS_AST_DIV: return product(x, y, x.size, 1 + x.size * y.size / 64);
    case SS_AST_MOD: return product(x, y, 1, 4);
    default: return product(x, y, 1, 1 + (x.size + y.size) / 64);
    }
}

static struct ss_effort effort_of(struct ss_judge *j, const struct ss_ast *a, double s,
                                  const struct scope *env)
{
    struct ss_effort x, y, z;
    if (j->state != SS_SYNTAX_OK)
        return one_of(1, 1);
    if (++j->walks > WALKS_MAX)
        return ss_judge_refuse(j, SS_SYNTAX_FULL, "it has too many loops within each other");
    switch (a->op) {
    case SS_AST_DOT: return one_of(s, 1);
    case SS_AST_CONST: return one_of(a->val.type >= SS_VAL_STRING ? a->val.n : 1, 1);
    case SS_AST_VAR: return variable(j, a, env);
    case SS_AST_FORMAT:
        if (!is_format(a->name))
            return ss_judge_refuse(j, SS_SYNTAX_WRONG, "'@%.*s' is no known format",
                                   (int)(a->name.n < 40 ? a->name.n : 40), a->name.p);
        return one_of(6 * s, 1 + s);
    case SS_AST_TEXT:
    case SS_AST_OBJECT: return pieces(j, a, s, env);
    case SS_AST_INDEX: return index_effort(j, a, s, env);
    case SS_AST_SLICE:
        if (!is_const(a->kid[1]) || !is_const(a->kid[2]))
            return ss_judge_refuse(j, SS_SYNTAX_FULL, "a slice whose bounds are no constants");
        x = effort_of(j, a->kid[0], s, env);
        x.work += x.outs * (1 + s / 64);
        return x;
    case SS_AST_EACH:
        x = effort_of(j, a->kid[0], s, env);
        return (struct ss_effort){x.total, x.size, x.total, x.work + x.total};
    case SS_AST_ARRAY:
        x = a->n ? effort_of(j, a->kid[0], s, env) : (struct ss_effort){0};
        return one_of(x.total + x.outs, x.work + x.outs + 1);
    case SS_AST_CALL: return call(j, a, s, env);
    case SS_AST_PIPE: return chain(j, effort_of(j, a->kid[0], s, env), a->kid[1], env);
    case SS_AST_COMMA: return sum(effort_of(j, a->kid[0], s, env), effort_of(j, a->kid[1], s, env));
    case SS_AST_NEG: x = effort_of(j, a->kid[0], s, env); return product(x, one_of(1, 0), x.size, 1);
    case SS_AST_TRY:
        x = effort_of(j, a->kid[0], s, env);
        return a->n == 2 ? sum(x, effort_of(j, a->kid[1], s + 64, env)) : x;
    case SS_AST_AS: return bound(j, a, s, env);
    case SS_AST_IF:
        x = effort_of(j, a->kid[0], s, env);
        y = effort_of(j, a->kid[1], s, env);
        z = sum(y, effort_of(j, a->kid[2], s, env));
        return product(x, z, z.size, 1);
    case SS_AST_ALT: return sum(effort_of(j, a->kid[0], s, env), effort_of(j, a->kid[1], s, env));
    default: return operate(j, a, s, env);
    }
}

struct ss_effort ss_effort_of(struct ss_judge *j, const struct ss_ast *ast, double size)
{
    j->walks = 0;
    return effort_of(j, ast, size, NULL);
}
