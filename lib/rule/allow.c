#include "rule/allow.h"
#include "rule/expr.h"
#include "rule/token.h"
#include <math.h>
#include <stdarg.h>
#include <stdio.h>

#define WORK_MAX  1e6  /* of jq's steps, some 0.1 to 1 us each */
#define SIZE_MAX_ 1e7  /* bytes or items of any one value */
#define BYTES_MIN 1024 /* inputs up to this long must be possible */
#define WALKS_MAX 20000

/* How a function's cost follows from its input's size s and its arguments. */
enum shape {
    PLAIN,    /* one output, no larger than the input; work 1 */
    LINEAR,   /* the same, work s */
    ESCAPING, /* one output up to six times as large */
    SQUARE,   /* one output, work s * s / 16 */
    KEYED,    /* f(key or condition) over each item, then a sort */
    ENTRIES,  /* up to four times as large */
    SELECT,   /* the input, or nothing */
    ITEMS,    /* map(f) */
    STREAM,   /* the argument's outputs, or some of them (the last argument) */
    QUANTIFY, /* g; c */
    MEMBER,   /* IN(g), IN(src; g) */
    OPERAND,  /* f($x): work for both sizes */
    JOIN,
    REGEX,   /* a constant pattern: one output */
    MATCHES, /* a constant pattern: many outputs */
    SUBSTITUTE,
};

struct function {
    const char *name;
    uint8_t args;
    uint8_t shape;
    bool makes_objects;
};

static const struct function functions[] = {
    {"empty", 0, PLAIN, false},         {"not", 0, PLAIN, false},
    {"length", 0, PLAIN, false},        {"utf8bytelength", 0, PLAIN, false},
    {"type", 0, PLAIN, false},          {"tostring", 0, ESCAPING, false},
    {"tojson", 0, ESCAPING, false},     {"fromjson", 0, LINEAR, true},
    {"tonumber", 0, PLAIN, false},      {"ascii_downcase", 0, LINEAR, false},
    {"ascii_upcase", 0, LINEAR, false}, {"explode", 0, LINEAR, false},
    {"keys", 0, LINEAR, false},         {"keys_unsorted", 0, LINEAR, false},
    {"has", 1, OPERAND, false},         {"in", 1, OPERAND, false},
    {"contains", 1, OPERAND, false},    {"inside", 1, OPERAND, false},
    {"startswith", 1, OPERAND, false},  {"endswith", 1, OPERAND, false},
    {"ltrimstr", 1, OPERAND, false},    {"rtrimstr", 1, OPERAND, false},
    {"split", 1, OPERAND, false},       {"join", 1, JOIN, false},
    {"add", 0, SQUARE, false},          {"any", 0, LINEAR, false},
    {"all", 0, LINEAR, false},          {"any", 1, ITEMS, false},
    {"all", 1, ITEMS, false},           {"any", 2, QUANTIFY, false},
    {"all", 2, QUANTIFY, false},        {"IN", 1, MEMBER, false},
    {"IN", 2, MEMBER, false},           {"map", 1, ITEMS, false},
    {"map_values", 1, ITEMS, true},     {"select", 1, SELECT, false},
    {"first", 0, PLAIN, false},         {"last", 0, PLAIN, false},
    {"nth", 1, OPERAND, false},         {"first", 1, STREAM, false},
    {"last", 1, STREAM, false},         {"nth", 2, STREAM, false},
    {"limit", 2, STREAM, false},        {"isempty", 1, STREAM, false},
    {"min", 0, LINEAR, false},          {"max", 0, LINEAR, false},
    {"min_by", 1, KEYED, false},        {"max_by", 1, KEYED, false},
    {"sort", 0, KEYED, false},          {"sort_by", 1, KEYED, false},
    {"group_by", 1, KEYED, false},      {"unique", 0, KEYED, false},
    {"unique_by", 1, KEYED, false},     {"reverse", 0, LINEAR, false},
    {"flatten", 0, SQUARE, false},      {"flatten", 1, SQUARE, false},
    {"to_entries", 0, ENTRIES, true},   {"from_entries", 0, SQUARE, true},
    {"with_entries", 1, ENTRIES, true}, {"arrays", 0, PLAIN, false},
    {"objects", 0, PLAIN, false},       {"iterables", 0, PLAIN, false},
    {"booleans", 0, PLAIN, false},      {"numbers", 0, PLAIN, false},
    {"normals", 0, PLAIN, false},       {"finites", 0, PLAIN, false},
    {"strings", 0, PLAIN, false},       {"nulls", 0, PLAIN, false},
    {"values", 0, PLAIN, false},        {"scalars", 0, PLAIN, false},
    {"floor", 0, PLAIN, false},         {"ceil", 0, PLAIN, false},
    {"round", 0, PLAIN, false},         {"trunc", 0, PLAIN, false},
    {"fabs", 0, PLAIN, false},          {"sqrt", 0, PLAIN, false},
    {"log", 0, PLAIN, false},           {"log2", 0, PLAIN, false},
    {"log10", 0, PLAIN, false},         {"exp", 0, PLAIN, false},
    {"exp2", 0, PLAIN, false},          {"pow", 2, OPERAND, false},
    {"nan", 0, PLAIN, false},           {"infinite", 0, PLAIN, false},
    {"isnan", 0, PLAIN, false},         {"isinfinite", 0, PLAIN, false},
    {"isnormal", 0, PLAIN, false},      {"isfinite", 0, PLAIN, false},
    {"test", 1, REGEX, false},          {"test", 2, REGEX, false},
    {"match", 1, MATCHES, true},        {"match", 2, MATCHES, true},
    {"capture", 1, MATCHES, true},      {"capture", 2, MATCHES, true},
    {"scan", 1, MATCHES, false},        {"splits", 1, MATCHES, false},
    {"splits", 2, MATCHES, false},      {"split", 2, REGEX, false},
    {"sub", 2, SUBSTITUTE, false},
};

/* Names that no child may call either. */
static const char *const never[] = {"env",
                                    "ENV",
                                    "__loc__",
                                    "__prog_args",
                                    "input",
                                    "inputs",
                                    "_input",
                                    "input_filename",
                                    "input_line_number",
                                    "debug",
                                    "stderr",
                                    "halt",
                                    "halt_error",
                                    "modulemeta",
                                    "get_search_list",
                                    "get_prog_origin",
                                    "get_jq_origin",
                                    "now",
                                    "localtime",
                                    "mktime",
                                    "strflocaltime",
                                    "builtins"};

/* The outputs of an expression: at most `outs`, each at most `size`, together `total`; and the work for them.
 */
struct cost {
    double outs, size, total, work;
};

struct scope {
    struct ss_str name;
    double size;
    const struct scope *outer;
};

struct judge {
    struct ss_arena *arena;
    struct ss_allowed *out;
    enum ss_syntax state;
    char *message;
    size_t message_size;
    uint32_t walks;
    bool makes_objects, indexes_freely;
};

__attribute__((format(printf, 3, 4))) static struct cost refuse(struct judge *j, enum ss_syntax state,
                                                                const char *fmt, ...)
{
    if (j->state == SS_SYNTAX_OK) {
        va_list ap;
        va_start(ap, fmt);
        vsnprintf(j->message, j->message_size, fmt, ap);
        va_end(ap);
        j->state = state;
    }
    return (struct cost){1, 1, 1, 1};
}

static struct cost cost_of(struct judge *j, const struct ss_ast *a, double s, const struct scope *env);

/* For each output of `first`: `then` of it. A cost that grows faster than its input is worst when one output
 * has all the size: then of the total once, and of next to nothing for the others. */
static struct cost chain(struct judge *j, struct cost first, const struct ss_ast *then,
                         const struct scope *env)
{
    struct cost big = cost_of(j, then, first.total, env);
    struct cost small = first.outs > 1 ? cost_of(j, then, 1, env) : (struct cost){0};
    return (struct cost){big.outs + first.outs * small.outs, big.size > small.size ? big.size : small.size,
                         big.total + first.outs * small.total,
                         first.work + big.work + first.outs * small.work};
}

static struct cost one_of(double size, double work)
{
    return (struct cost){1, size, size, work};
}

static struct cost product(struct cost a, struct cost b, double size, double work)
{
    double outs = a.outs * b.outs;
    return (struct cost){outs, size, outs * size, a.work * (b.outs > 1 ? b.outs : 1) + b.work + outs * work};
}

static struct cost sum(struct cost a, struct cost b)
{
    return (struct cost){a.outs + b.outs, a.size > b.size ? a.size : b.size, a.total + b.total,
                         a.work + b.work};
}

/* Quantified groups with a quantifier or a choice within, back references, look-around: the regular
 * expressions that can take exponential time. */
static bool is_tame(struct ss_str re)
{
    bool risky[64] = {false};
    int depth = 0;
    for (size_t i = 0; i < re.n; i++) {
        char c = re.p[i];
        bool loops = i + 1 < re.n && (re.p[i + 1] == '*' || re.p[i + 1] == '+' || re.p[i + 1] == '{');
        if (c == '\\') {
            if (i + 1 < re.n && ((re.p[i + 1] >= '1' && re.p[i + 1] <= '9') || strchr("kgR", re.p[i + 1])))
                return false;
            i++;
        } else if (c == '[') {
            for (i++; i < re.n && re.p[i] != ']'; i++)
                i += re.p[i] == '\\';
        } else if (c == '(') {
            if (++depth >= 64)
                return false;
            risky[depth] = false;
            if (i + 2 < re.n && re.p[i + 1] == '?' && re.p[i + 2] != ':' &&
                !(re.p[i + 2] == '<' && i + 3 < re.n && re.p[i + 3] != '=' && re.p[i + 3] != '!'))
                return false;
            i += i + 1 < re.n && re.p[i + 1] == '?';
        } else if (c == ')' && depth > 0) {
            if (risky[depth] && loops)
                return false;
            risky[depth - 1] |= risky[depth] || loops;
            depth--;
        } else if (c == '*' || c == '+' || c == '{' || c == '|') {
            risky[depth] = true;
        }
    }
    return true;
}

static struct cost call_regex(struct judge *j, const struct ss_ast *a, const struct function *f, double s,
                              const struct scope *env)
{
    for (uint32_t i = 0; i < a->n; i++) {
        bool replacement = f->shape == SUBSTITUTE && i == 1;
        if (!replacement && a->kid[i]->op != SS_AST_CONST)
            return refuse(j, SS_SYNTAX_FULL, "the pattern of '%s' is no constant", f->name);
    }
    if (a->kid[0]->val.type == SS_VAL_STRING &&
        !is_tame((struct ss_str){a->kid[0]->val.str, a->kid[0]->val.n}))
        return refuse(j, SS_SYNTAX_FULL, "the pattern of '%s' can take exponential time", f->name);
    double work = 64 + s * 16;
    if (f->shape == MATCHES)
        return (struct cost){s + 1, s + 20, 20 * (s + 1), work + s * s / 4};
    if (f->shape == SUBSTITUTE)
        return product(one_of(s, work), cost_of(j, a->kid[1], s, env), 2 * s, s);
    return one_of(s, work + (a->n == 2 ? s * s / 4 : 0));
}

static struct cost call_stream(struct judge *j, const struct ss_ast *a, double s, const struct scope *env)
{
    struct cost c = cost_of(j, a->kid[a->n - 1], s, env);
    for (uint32_t i = 0; i + 1 < a->n; i++)
        c = product(c, cost_of(j, a->kid[i], s, env), c.size, 1);
    c.work += 4 * c.outs;
    return c;
}

/* Arguments of any number as one product: f(a; b). */
static struct cost arguments(struct judge *j, const struct ss_ast *a, double s, const struct scope *env)
{
    struct cost c = one_of(0, 0);
    for (uint32_t i = 0; i < a->n; i++) {
        struct cost next = cost_of(j, a->kid[i], s, env);
        c = product(c, next, c.size + next.size, 0);
    }
    return c;
}

static struct cost call(struct judge *j, const struct ss_ast *a, double s, const struct scope *env)
{
    const struct function *f = NULL;
    for (size_t i = 0; i < SS_COUNT(functions) && !f; i++)
        if (functions[i].args == a->n && ss_str_is(a->name, functions[i].name))
            f = &functions[i];
    if (!f) {
        for (size_t i = 0; i < SS_COUNT(never); i++)
            if (ss_str_is(a->name, never[i]))
                return refuse(j, SS_SYNTAX_NEVER, "'%s' looks outside of the record", never[i]);
        return refuse(j, SS_SYNTAX_FULL, "'%.*s/%u' is not among the functions known to end",
                      (int)(a->name.n < 40 ? a->name.n : 40), a->name.p, a->n);
    }
    j->makes_objects |= f->makes_objects;
    struct cost items = {s, s, s, s}, c;
    switch ((enum shape)f->shape) {
    case PLAIN: return one_of(s, 1);
    case LINEAR: return one_of(s, 4 + s);
    case ESCAPING: return one_of(6 * s, 1 + s / 16);
    case SQUARE: c = arguments(j, a, s, env); return product(one_of(s, 0), c, s, s * s / 16);
    case KEYED:
        c = a->n ? chain(j, items, a->kid[0], env) : items;
        return one_of(s + c.total, c.work + 16 * s);
    case ENTRIES:
        c = a->n ? chain(j, (struct cost){s, s, 4 * s, s}, a->kid[0], env) : items;
        return one_of(4 * s + c.total, c.work + 8 * s + s * s / 16);
    case SELECT:
        c = cost_of(j, a->kid[0], s, env);
        return (struct cost){c.outs, s, c.outs * s, c.work + c.outs};
    case ITEMS: c = chain(j, items, a->kid[0], env); return one_of(c.total + c.outs, c.work + 4 * c.outs);
    case STREAM: return call_stream(j, a, s, env);
    case QUANTIFY:
        c = chain(j, cost_of(j, a->kid[0], s, env), a->kid[1], env);
        return one_of(1, c.work + 4 * c.outs);
    case MEMBER:
        c = cost_of(j, a->kid[0], s, env);
        if (a->n == 2)
            c = chain(j, c, a->kid[1], env);
        return one_of(1, c.work + 4 * c.outs + c.total / 16);
    case OPERAND:
        c = arguments(j, a, s, env);
        return (struct cost){c.outs, s + c.size, c.outs * (s + c.size),
                             c.work + c.outs * (1 + s * c.size / 16)};
    case JOIN:
        c = arguments(j, a, s, env);
        return (struct cost){c.outs, s * (1 + c.size), c.outs * s * (1 + c.size), c.work + c.outs * s * 8};
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

static void note(struct judge *j, struct ss_str **names, uint32_t *n, struct ss_str name)
{
    for (uint32_t i = 0; i < *n; i++)
        if (ss_str_eq((*names)[i], name))
            return;
    struct ss_str *more = ss_arena_alloc(j->arena, (*n + 1) * sizeof *more);
    if (!more) {
        refuse(j, SS_SYNTAX_WRONG, "out of memory");
        return;
    }
    if (*n)
        memcpy(more, *names, *n * sizeof *more);
    more[(*n)++] = name;
    *names = more;
}

static bool is_const(const struct ss_ast *a)
{
    return a->op == SS_AST_CONST || (a->op == SS_AST_NEG && a->kid[0]->op == SS_AST_CONST);
}

static struct cost index_cost(struct judge *j, const struct ss_ast *a, double s, const struct scope *env)
{
    const struct ss_ast *base = a->kid[0], *key = a->kid[1];
    if (base->op == SS_AST_VAR && ss_str_is(base->name, "lists")) {
        if (key->op != SS_AST_CONST || key->val.type != SS_VAL_STRING)
            return refuse(j, SS_SYNTAX_WRONG, "a list is named as in $lists.name");
        note(j, &j->out->list, &j->out->lists, (struct ss_str){key->val.str, key->val.n});
        return one_of(4096, 1);
    }
    /* A computed object as key is a slice; one from NaN to somewhere would end the process. */
    j->indexes_freely |= !is_const(key) && key->op != SS_AST_TEXT;
    struct cost b = cost_of(j, base, s, env), k = cost_of(j, key, s, env);
    struct cost c = product(b, k, b.size, 1);
    c.total = b.total * k.outs; /* parts of what there is are no larger together */
    return c;
}

static struct cost bound(struct judge *j, const struct ss_ast *a, double s, const struct scope *env)
{
    struct cost source = cost_of(j, a->kid[0], s, env);
    struct cost extra = one_of(0, 0);
    for (uint32_t i = 2; i < a->n; i++)
        extra = product(extra, cost_of(j, a->kid[i], s, env), 0, 0);
    if (!a->name.p)
        return refuse(j, SS_SYNTAX_FULL, "patterns behind 'as' are not known to end soon: bind one variable");
    struct scope inner = {a->name, source.total, env};
    struct cost body = cost_of(j, a->kid[1], s, &inner);
    return product(product(source, extra, 0, 1), body, body.size, 1);
}

static struct cost variable(struct judge *j, const struct ss_ast *a, const struct scope *env)
{
    while (env && !ss_str_eq(env->name, a->name))
        env = env->outer;
    if (env)
        return one_of(env->size, 1);
    for (size_t i = 0; i < SS_COUNT(never); i++)
        if (ss_str_is(a->name, never[i]))
            return refuse(j, SS_SYNTAX_NEVER, "'$%s' looks outside of the record", never[i]);
    if (ss_str_is(a->name, "lists"))
        return refuse(j, SS_SYNTAX_WRONG, "a list is named as in $lists.name");
    return refuse(j, SS_SYNTAX_WRONG, "unknown variable '$%.*s'", (int)(a->name.n < 40 ? a->name.n : 40),
                  a->name.p);
}

static struct cost pieces(struct judge *j, const struct ss_ast *a, double s, const struct scope *env)
{
    if (a->op != SS_AST_OBJECT && !is_format(a->name))
        return refuse(j, SS_SYNTAX_WRONG, "'@%.*s' is no known format",
                      (int)(a->name.n < 40 ? a->name.n : 40), a->name.p);
    j->makes_objects |= a->op == SS_AST_OBJECT;
    struct cost c = one_of(0, 1);
    for (uint32_t i = 0; i < a->n; i++) {
        const struct ss_ast *kid = a->kid[i];
        bool inserted = a->op == SS_AST_TEXT && kid->op == SS_AST_ARRAY;
        struct cost next = cost_of(j, inserted ? kid->kid[0] : kid, s, env);
        c = product(c, next, c.size + (inserted ? 6 : 1) * next.size, 1);
    }
    return c;
}

static struct cost operate(struct judge *j, const struct ss_ast *a, double s, const struct scope *env)
{
    struct cost x = cost_of(j, a->kid[0], s, env), y = cost_of(j, a->kid[1], s, env);
    switch (a->op) {
    case SS_AST_ADD: return product(x, y, x.size + y.size, 1 + (x.size + y.size) / 256);
    case SS_AST_MUL: return product(x, y, x.size + y.size + (1 << 16), 16 + x.size * y.size / 256);
    case SS_AST_SUB:
    case SS_AST_DIV: return product(x, y, x.size, 1 + x.size * y.size / 64);
    case SS_AST_MOD: return product(x, y, 1, 4);
    default: return product(x, y, 1, 1 + (x.size + y.size) / 64);
    }
}

static struct cost cost_of(struct judge *j, const struct ss_ast *a, double s, const struct scope *env)
{
    struct cost x, y, z;
    if (j->state != SS_SYNTAX_OK)
        return one_of(1, 1);
    if (++j->walks > WALKS_MAX)
        return refuse(j, SS_SYNTAX_FULL, "it has too many loops within each other");
    switch (a->op) {
    case SS_AST_DOT: return one_of(s, 1);
    case SS_AST_CONST: return one_of(a->val.type >= SS_VAL_STRING ? a->val.n : 1, 1);
    case SS_AST_VAR: return variable(j, a, env);
    case SS_AST_FORMAT:
        if (!is_format(a->name))
            return refuse(j, SS_SYNTAX_WRONG, "'@%.*s' is no known format",
                          (int)(a->name.n < 40 ? a->name.n : 40), a->name.p);
        return one_of(6 * s, 1 + s);
    case SS_AST_TEXT:
    case SS_AST_OBJECT: return pieces(j, a, s, env);
    case SS_AST_INDEX: return index_cost(j, a, s, env);
    case SS_AST_SLICE:
        if (!is_const(a->kid[1]) || !is_const(a->kid[2]))
            return refuse(j, SS_SYNTAX_FULL, "a slice whose bounds are no constants");
        x = cost_of(j, a->kid[0], s, env);
        x.work += x.outs * (1 + s / 64);
        return x;
    case SS_AST_EACH:
        x = cost_of(j, a->kid[0], s, env);
        return (struct cost){x.total, x.size, x.total, x.work + x.total};
    case SS_AST_ARRAY:
        x = a->n ? cost_of(j, a->kid[0], s, env) : (struct cost){0};
        return one_of(x.total + x.outs, x.work + x.outs + 1);
    case SS_AST_CALL: return call(j, a, s, env);
    case SS_AST_PIPE: return chain(j, cost_of(j, a->kid[0], s, env), a->kid[1], env);
    case SS_AST_COMMA: return sum(cost_of(j, a->kid[0], s, env), cost_of(j, a->kid[1], s, env));
    case SS_AST_NEG: x = cost_of(j, a->kid[0], s, env); return product(x, one_of(1, 0), x.size, 1);
    case SS_AST_TRY:
        x = cost_of(j, a->kid[0], s, env);
        return a->n == 2 ? sum(x, cost_of(j, a->kid[1], s + 64, env)) : x;
    case SS_AST_AS: return bound(j, a, s, env);
    case SS_AST_IF:
        x = cost_of(j, a->kid[0], s, env);
        y = cost_of(j, a->kid[1], s, env);
        z = sum(y, cost_of(j, a->kid[2], s, env));
        return product(x, z, z.size, 1);
    case SS_AST_ALT: return sum(cost_of(j, a->kid[0], s, env), cost_of(j, a->kid[1], s, env));
    default: return operate(j, a, s, env);
    }
}

/* ---- which fields of the record it reads ---- */

static void fields_of(struct judge *j, const struct ss_ast *a)
{
    switch (a->op) {
    case SS_AST_DOT: j->out->whole = true; return;
    case SS_AST_INDEX:
        if (a->kid[0]->op == SS_AST_DOT && a->kid[1]->op == SS_AST_CONST &&
            a->kid[1]->val.type == SS_VAL_STRING) {
            note(j, &j->out->field, &j->out->fields, (struct ss_str){a->kid[1]->val.str, a->kid[1]->val.n});
            return;
        }
        break;
    case SS_AST_PIPE: fields_of(j, a->kid[0]); return; /* what follows sees the left side's outputs only */
    case SS_AST_FORMAT: j->out->whole = true; return;
    case SS_AST_CALL:
        /* any(g; c): only the first argument sees the record; others see it and use it as their input. */
        if (a->n == 2 && (ss_str_is(a->name, "any") || ss_str_is(a->name, "all"))) {
            fields_of(j, a->kid[0]);
            return;
        }
        j->out->whole |= !(ss_str_is(a->name, "empty") || (ss_str_is(a->name, "first") && a->n == 1) ||
                           (ss_str_is(a->name, "isempty") && a->n == 1));
        break;
    default: break;
    }
    for (uint32_t i = 0; i < a->n; i++)
        fields_of(j, a->kid[i]);
}

enum ss_syntax ss_allow(const struct ss_ast *ast, struct ss_arena *arena, struct ss_allowed *out,
                        char *message, size_t message_size)
{
    *out = (struct ss_allowed){0};
    struct judge j = {.arena = arena, .out = out, .message = message, .message_size = message_size};
    for (double bytes = BYTES_MIN; bytes <= (1 << 24); bytes *= 2) {
        j.walks = 0;
        struct cost c = cost_of(&j, ast, bytes, NULL);
        if (j.state != SS_SYNTAX_OK)
            return j.state;
        if (!(c.work <= WORK_MAX) || !(c.size <= SIZE_MAX_) || !(c.total <= SIZE_MAX_))
            break;
        out->bytes_max = (uint32_t)bytes;
    }
    if (out->bytes_max < BYTES_MIN)
        refuse(&j, SS_SYNTAX_FULL, "its loops may take too much work for a record of %d bytes", BYTES_MIN);
    else if (j.makes_objects && j.indexes_freely)
        refuse(&j, SS_SYNTAX_FULL, "it makes objects and indexes by what it computes");
    fields_of(&j, ast);
    return j.state;
}

/* Moves over a string's text: to its end, or behind a \( within it. True when an expression begins there. */
static bool skip_string(struct ss_str text, size_t *at)
{
    for (size_t i = *at; i < text.n; i++) {
        if (text.p[i] == '"') {
            *at = i + 1;
            return false;
        }
        if (text.p[i] == '\\' && i + 1 < text.n && text.p[i + 1] == '(') {
            *at = i + 2;
            return true;
        }
        i += text.p[i] == '\\';
    }
    *at = text.n;
    return false;
}

static bool is_banned(struct ss_token t)
{
    static const char *const words[] = {"import", "include", "module", "__loc__"};
    for (size_t i = 0; t.kind == SS_TOKEN_KEYWORD && i < SS_COUNT(words); i++)
        if (ss_str_is(t.text, words[i]))
            return true;
    for (size_t i = 0; t.kind == SS_TOKEN_NAME && i < SS_COUNT(never); i++)
        if (ss_str_is(t.text, never[i]))
            return true;
    return t.kind == SS_TOKEN_NAME && memmem(t.text.p, t.text.n, "::", 2);
}

enum ss_syntax ss_allow_child(struct ss_str text, char *message, size_t message_size)
{
    size_t at = 0;
    int depth = 0;
    bool in_string[SS_EXPR_DEPTH_MAX + 1] = {false}; /* this bracket was opened by \( */
    for (struct ss_token t = ss_token_next(text, &at); t.kind != SS_TOKEN_END; t = ss_token_next(text, &at)) {
        char c = t.kind == SS_TOKEN_MARK ? t.text.p[0] : '\0';
        bool opens = c == '(' || c == '[' || c == '{', closes = c == ')' || c == ']' || c == '}',
             inner = false;
        if (is_banned(t)) {
            snprintf(message, message_size, "'%.*s' looks outside of the record", (int)t.text.n, t.text.p);
            return SS_SYNTAX_NEVER;
        }
        if (t.kind == SS_TOKEN_QUOTE || (closes && depth > 0 && in_string[depth])) {
            depth -= closes;
            opens = inner = skip_string(text, &at);
            closes = false;
        }
        if (opens && depth == SS_EXPR_DEPTH_MAX) {
            snprintf(message, message_size, "brackets more than %d deep", SS_EXPR_DEPTH_MAX);
            return SS_SYNTAX_WRONG;
        }
        if (opens)
            in_string[++depth] = inner;
        depth -= closes && depth > 0;
    }
    return SS_SYNTAX_OK;
}
