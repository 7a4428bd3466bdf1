/* jq 1.6's grammar by precedence climbing; parser.y of that release is the reference for every oddity here.
 */
#include "rule/ast.h"
#include "rule/expr.h"
#include "rule/token.h"
#include <math.h>
#include <stdarg.h>
#include <stdio.h>

#define NODES_MAX 20000

struct parser {
    struct ss_str text;
    struct ss_arena *arena;
    size_t at;
    struct ss_token token; /* the one to be looked at */
    enum ss_syntax state;
    char *message;
    size_t message_size;
    size_t column;
    int depth;
    uint32_t nodes;
};

enum level { PIPE, COMMA, ALT, ASSIGN, OR, AND, COMPARE, SUM, PRODUCT, OPERAND };

static struct ss_ast *parse_exp(struct parser *p, enum level least);

/* Remembers the first fault; returns NULL so that callers can return it. */
__attribute__((format(printf, 4, 5))) static struct ss_ast *fault(struct parser *p, enum ss_syntax state,
                                                                  size_t at, const char *fmt, ...)
{
    if (p->state == SS_SYNTAX_OK) {
        va_list ap;
        va_start(ap, fmt);
        vsnprintf(p->message, p->message_size, fmt, ap);
        va_end(ap);
        p->state = state;
        p->column = at + 1;
    }
    return NULL;
}

static void advance(struct parser *p)
{
    p->token = ss_token_next(p->text, &p->at);
}

static bool is_mark(const struct parser *p, const char *mark)
{
    return p->token.kind == SS_TOKEN_MARK && ss_str_is(p->token.text, mark);
}

static bool is_word(const struct parser *p, const char *word)
{
    return p->token.kind == SS_TOKEN_KEYWORD && ss_str_is(p->token.text, word);
}

static struct ss_ast *unexpected(struct parser *p, const char *wanted)
{
    if (p->token.kind == SS_TOKEN_END)
        return fault(p, SS_SYNTAX_WRONG, p->token.at, "expected %s at the end", wanted);
    return fault(p, SS_SYNTAX_WRONG, p->token.at, "expected %s, not '%.*s'", wanted,
                 (int)(p->token.text.n < 40 ? p->token.text.n : 40), p->token.text.p);
}

static bool take(struct parser *p, const char *mark)
{
    if (!is_mark(p, mark)) {
        char wanted[8];
        snprintf(wanted, sizeof wanted, "'%s'", mark);
        unexpected(p, wanted);
        return false;
    }
    advance(p);
    return true;
}

static struct ss_ast *node(struct parser *p, enum ss_ast_op op, size_t from, uint32_t n)
{
    if (++p->nodes > NODES_MAX)
        return fault(p, SS_SYNTAX_WRONG, from, "more than %d parts", NODES_MAX);
    struct ss_ast *a = ss_arena_zalloc(p->arena, sizeof *a);
    if (a && n)
        a->kid = ss_arena_zalloc(p->arena, n * sizeof(struct ss_ast *));
    if (!a || (n && !a->kid))
        return fault(p, SS_SYNTAX_WRONG, from, "out of memory");
    a->op = (uint8_t)op;
    a->n = n;
    a->from = (uint32_t)from;
    return a;
}

/* After the kids are set: where it ends, how high it is, whether it has many outputs. */
static struct ss_ast *finish(struct parser *p, struct ss_ast *a)
{
    if (p->state != SS_SYNTAX_OK || !a)
        return NULL;
    a->to = (uint32_t)(p->token.at < p->text.n ? p->token.at : p->text.n);
    while (a->to > a->from &&
           (p->text.p[a->to - 1] == ' ' || p->text.p[a->to - 1] == '\n' || p->text.p[a->to - 1] == '\t'))
        a->to--;
    a->many = a->op == SS_AST_EACH || a->op == SS_AST_COMMA;
    for (uint32_t i = 0; i < a->n; i++) {
        if (a->kid[i]->height >= a->height)
            a->height = (uint16_t)(a->kid[i]->height + 1);
        a->many |= a->kid[i]->many && a->op != SS_AST_ARRAY;
    }
    if (a->op == SS_AST_CALL &&
        (ss_str_is(a->name, "any") || ss_str_is(a->name, "all") || ss_str_is(a->name, "IN") ||
         ss_str_is(a->name, "first") || ss_str_is(a->name, "map")))
        a->many = false;
    if (a->height > 4 * SS_EXPR_DEPTH_MAX)
        return fault(p, SS_SYNTAX_WRONG, a->from, "operators more than %d deep", 4 * SS_EXPR_DEPTH_MAX);
    return a;
}

static struct ss_ast *constant(struct parser *p, size_t from, struct ss_val val)
{
    struct ss_ast *a = node(p, SS_AST_CONST, from, 0);
    if (a)
        a->val = val;
    return finish(p, a);
}

/* Arithmetic of constants is done while compiling, in jq as here: so 0 / 0 is NaN and no error, 1 / 0 no
 * program. */
static bool fold(enum ss_ast_op op, const struct ss_ast *left, const struct ss_ast *right, struct ss_val *out)
{
    if (left->op != SS_AST_CONST || right->op != SS_AST_CONST || left->val.type != SS_VAL_NUMBER ||
        right->val.type != SS_VAL_NUMBER || left->val.big || right->val.big)
        return false;
    double a = left->val.num, b = right->val.num;
    switch (op) {
    case SS_AST_ADD: *out = ss_val_number(a + b); return true;
    case SS_AST_SUB: *out = ss_val_number(a - b); return true;
    case SS_AST_MUL: *out = ss_val_number(a * b); return true;
    case SS_AST_DIV: *out = ss_val_number(a / b); return true;
    case SS_AST_EQ: *out = ss_val_bool(a == b); return true;
    case SS_AST_NE: *out = ss_val_bool(a != b); return true;
    case SS_AST_LT: *out = ss_val_bool(a < b); return true;
    case SS_AST_LE: *out = ss_val_bool(a <= b); return true;
    case SS_AST_GT: *out = ss_val_bool(a > b); return true;
    case SS_AST_GE: *out = ss_val_bool(a >= b); return true;
    default: return false;
    }
}

static struct ss_ast *pair(struct parser *p, enum ss_ast_op op, struct ss_ast *left, struct ss_ast *right)
{
    struct ss_val folded;
    if (left && right && fold(op, left, right, &folded)) {
        if (op == SS_AST_DIV && isinf(folded.num))
            return fault(p, SS_SYNTAX_WRONG, left->from, "division by zero");
        return constant(p, left->from, folded);
    }
    struct ss_ast *a = left && right ? node(p, op, left->from, 2) : NULL;
    if (a) {
        a->kid[0] = left;
        a->kid[1] = right;
    }
    return finish(p, a);
}

/* Kids of unknown number are gathered in a growing array. */
struct list {
    struct ss_ast **kid;
    uint32_t n, cap;
};

static bool append(struct parser *p, struct list *list, struct ss_ast *kid)
{
    if (!kid)
        return false;
    if (list->n == list->cap) {
        uint32_t cap = list->cap ? 2 * list->cap : 4;
        struct ss_ast **more = ss_arena_alloc(p->arena, cap * sizeof *more);
        if (!more)
            return fault(p, SS_SYNTAX_WRONG, p->at, "out of memory") != NULL;
        if (list->n)
            memcpy(more, list->kid, list->n * sizeof *more);
        list->kid = more;
        list->cap = cap;
    }
    list->kid[list->n++] = kid;
    return true;
}

static struct ss_ast *with_list(struct parser *p, enum ss_ast_op op, size_t from, const struct list *list)
{
    struct ss_ast *a = node(p, op, from, 0);
    if (a) {
        a->kid = list->kid;
        a->n = list->n;
    }
    return a;
}

/* The piece of a string up to its end or to \(, without escapes. */
static bool string_piece(struct parser *p, size_t *at, struct ss_val *out)
{
    size_t start = *at;
    while (*at < p->text.n && p->text.p[*at] != '"' &&
           !(p->text.p[*at] == '\\' && *at + 1 < p->text.n && p->text.p[*at + 1] == '('))
        *at += p->text.p[*at] == '\\' ? 2 : 1;
    if (*at >= p->text.n)
        return fault(p, SS_SYNTAX_WRONG, start, "unclosed string") != NULL;
    if (!ss_val_unescape(p->text.p + start, *at - start, p->arena, out))
        return fault(p, SS_SYNTAX_WRONG, start, "invalid escape in string") != NULL;
    return true;
}

/* The token is the opening quote. The result is a constant, or a TEXT whose format is `format`. */
static struct ss_ast *parse_string(struct parser *p, struct ss_str format, size_t from)
{
    struct list parts = {0};
    size_t at = p->token.at + 1;
    for (;;) {
        struct ss_val piece;
        size_t piece_at = at;
        if (!string_piece(p, &at, &piece))
            return NULL;
        bool last = p->text.p[at] == '"';
        p->at = at + (last ? 1 : 2);
        advance(p);
        if (last && parts.n == 0)
            return constant(p, from, piece);
        if (piece.n && !append(p, &parts, constant(p, piece_at, piece)))
            return NULL;
        if (last)
            break;
        /* An ARRAY around it tells what is interpolated from the constant pieces. */
        struct ss_ast *inner = parse_exp(p, PIPE);
        struct ss_ast *mark = inner ? node(p, SS_AST_ARRAY, inner->from, 1) : NULL;
        if (!mark)
            return NULL;
        mark->kid[0] = inner;
        mark = finish(p, mark);
        if (!mark)
            return NULL;
        mark->many = inner->many;
        if (!append(p, &parts, mark))
            return NULL;
        if (!is_mark(p, ")"))
            return unexpected(p, "')' in the string");
        at = p->token.at + 1;
    }
    struct ss_ast *a = with_list(p, SS_AST_TEXT, from, &parts);
    if (a)
        a->name = format;
    return finish(p, a);
}

static struct ss_ast *index_by(struct parser *p, struct ss_ast *base, struct ss_ast *key)
{
    struct ss_ast *a = base && key ? node(p, SS_AST_INDEX, base->from, 2) : NULL;
    if (!a)
        return NULL;
    a->kid[0] = base;
    a->kid[1] = key;
    if (is_mark(p, "?")) {
        a->opt = true;
        advance(p);
    }
    return finish(p, a);
}

/* The token is what follows '['. */
static struct ss_ast *parse_brackets(struct parser *p, struct ss_ast *base)
{
    struct ss_ast *from = NULL, *to = NULL, *a;
    if (is_mark(p, "]")) {
        advance(p);
        a = node(p, SS_AST_EACH, base->from, 1);
    } else {
        size_t at = p->token.at;
        if (!is_mark(p, ":") && !(from = parse_exp(p, PIPE)))
            return NULL;
        if (is_mark(p, "]")) {
            advance(p);
            return index_by(p, base, from);
        }
        if (!take(p, ":"))
            return NULL;
        if ((!is_mark(p, "]") || !from) && !(to = parse_exp(p, PIPE)))
            return NULL;
        if (!take(p, "]"))
            return NULL;
        from = from ? from : constant(p, at, (struct ss_val){0});
        to = to ? to : constant(p, at, (struct ss_val){0});
        a = from && to ? node(p, SS_AST_SLICE, base->from, 3) : NULL;
        if (!a)
            return NULL;
        a->kid[1] = from;
        a->kid[2] = to;
    }
    if (!a)
        return NULL;
    a->kid[0] = base;
    if (is_mark(p, "?")) {
        a->opt = true;
        advance(p);
    }
    return finish(p, a);
}

static struct ss_ast *parse_postfix(struct parser *p, struct ss_ast *base)
{
    while (base) {
        size_t at = p->token.at;
        if (p->token.kind == SS_TOKEN_FIELD) {
            struct ss_val name = ss_val_string(p->token.text.p, p->token.text.n);
            advance(p);
            base = index_by(p, base, constant(p, at, name));
        } else if (is_mark(p, "[")) {
            advance(p);
            base = parse_brackets(p, base);
        } else if (is_mark(p, ".")) {
            advance(p);
            struct ss_str format = SS_STR("text");
            if (p->token.kind == SS_TOKEN_FORMAT) {
                format = p->token.text;
                advance(p);
            }
            if (p->token.kind != SS_TOKEN_QUOTE)
                return fault(p, SS_SYNTAX_WRONG, at,
                             "expected a name behind '.' (unusual names: .[\"name\"])");
            base = index_by(p, base, parse_string(p, format, p->token.at));
        } else {
            return base;
        }
    }
    return NULL;
}

/* {...}: the value of a pair is pipes, negations and terms only. */
static struct ss_ast *parse_term(struct parser *p);

static struct ss_ast *parse_pair_value(struct parser *p)
{
    size_t at = p->token.at;
    bool minus = is_mark(p, "-");
    if (minus)
        advance(p);
    if (minus && is_mark(p, "-"))
        return unexpected(p, "a term"); /* jq would take it; nobody writes it */
    struct ss_ast *a = parse_term(p);
    if (minus && a) {
        struct ss_ast *inner = a;
        a = node(p, SS_AST_NEG, at, 1);
        if (a)
            a->kid[0] = inner;
        a = finish(p, a);
    }
    if (a && is_mark(p, "|")) {
        advance(p);
        a = pair(p, SS_AST_PIPE, a, parse_pair_value(p));
    }
    return a;
}

static struct ss_ast *parse_variable(struct parser *p, size_t from)
{
    if (is_word(p, "__loc__"))
        return fault(p, SS_SYNTAX_NEVER, from, "$__loc__ has no meaning in a rule");
    if (p->token.kind != SS_TOKEN_NAME)
        return unexpected(p, "a variable's name");
    struct ss_ast *a = node(p, SS_AST_VAR, from, 0);
    if (a)
        a->name = p->token.text;
    advance(p);
    return finish(p, a);
}

static struct ss_ast *field_of_input(struct parser *p, size_t at, struct ss_ast *key)
{
    struct ss_ast *dot = node(p, SS_AST_DOT, at, 0);
    return dot && finish(p, dot) ? pair(p, SS_AST_INDEX, dot, key) : NULL;
}

static bool parse_member(struct parser *p, struct list *list)
{
    size_t at = p->token.at;
    struct ss_ast *key = NULL, *val = NULL;
    bool needs_value = false;
    if (is_mark(p, "(")) {
        advance(p);
        key = parse_exp(p, PIPE);
        if (!key || !take(p, ")"))
            return false;
        needs_value = true;
    } else if (is_mark(p, "$")) {
        advance(p);
        struct ss_str name = p->token.text;
        val = parse_variable(p, at);
        return val && append(p, list, constant(p, at, ss_val_string(name.p, name.n))) && append(p, list, val);
    } else if (p->token.kind == SS_TOKEN_NAME || p->token.kind == SS_TOKEN_KEYWORD) {
        needs_value = p->token.kind == SS_TOKEN_KEYWORD;
        struct ss_str name = p->token.text;
        advance(p);
        key = constant(p, at, ss_val_string(name.p, name.n));
    } else {
        struct ss_str format = SS_STR("text");
        if (p->token.kind == SS_TOKEN_FORMAT) {
            format = p->token.text;
            advance(p);
        }
        if (p->token.kind != SS_TOKEN_QUOTE)
            return unexpected(p, "a member's name") != NULL;
        key = parse_string(p, format, at);
    }
    if (!key)
        return false;
    if (is_mark(p, ":") || needs_value) {
        if (!take(p, ":"))
            return false;
        val = parse_pair_value(p);
    } else {
        val = field_of_input(p, at, key);
    }
    return val && append(p, list, key) && append(p, list, val);
}

static struct ss_ast *parse_object(struct parser *p, size_t from)
{
    struct list list = {0};
    while (!is_mark(p, "}")) {
        if (!parse_member(p, &list))
            return NULL;
        if (is_mark(p, ","))
            advance(p);
        else if (!is_mark(p, "}"))
            return unexpected(p, "',' or '}'");
    }
    advance(p);
    return finish(p, with_list(p, SS_AST_OBJECT, from, &list));
}

static struct ss_ast *parse_array(struct parser *p, size_t from)
{
    struct list list = {0};
    if (!is_mark(p, "]") && !append(p, &list, parse_exp(p, PIPE)))
        return NULL;
    return take(p, "]") ? finish(p, with_list(p, SS_AST_ARRAY, from, &list)) : NULL;
}

static struct ss_ast *parse_call(struct parser *p)
{
    struct ss_str name = p->token.text;
    size_t from = p->token.at;
    struct list args = {0};
    advance(p);
    if (is_mark(p, "(")) {
        do {
            advance(p);
            if (!append(p, &args, parse_exp(p, PIPE)))
                return NULL;
        } while (is_mark(p, ";"));
        if (!take(p, ")"))
            return NULL;
    } else if (ss_str_is(name, "null") || ss_str_is(name, "false") || ss_str_is(name, "true")) {
        enum ss_val_type type = name.p[0] == 'n'   ? SS_VAL_NULL
                                : name.p[0] == 'f' ? SS_VAL_FALSE
                                                   : SS_VAL_TRUE;
        return constant(p, from, (struct ss_val){.type = (uint8_t)type});
    }
    struct ss_ast *a = with_list(p, SS_AST_CALL, from, &args);
    if (a)
        a->name = name;
    return finish(p, a);
}

static struct ss_ast *parse_number(struct parser *p)
{
    struct ss_token t = p->token;
    size_t dots = 0, digits = 0;
    for (size_t i = 0; i < t.text.n && t.text.p[i] != 'e' && t.text.p[i] != 'E'; i++) {
        dots += t.text.p[i] == '.';
        digits += t.text.p[i] != '.';
    }
    if (dots > 1 || digits == 0 || t.text.n > 400)
        return fault(p, SS_SYNTAX_WRONG, t.at, "'%.*s' is no number", (int)(t.text.n < 40 ? t.text.n : 40),
                     t.text.p);
    advance(p);
    /* ".5" and "5." are numbers to jq; our reader wants digits on both sides. */
    char *text = ss_arena_alloc(p->arena, t.text.n + 3);
    if (!text)
        return fault(p, SS_SYNTAX_WRONG, t.at, "out of memory");
    size_t n = 0;
    for (size_t i = 0; i < t.text.n; i++) {
        char c = t.text.p[i], next = i + 1 < t.text.n ? t.text.p[i + 1] : '\0';
        if (c == '.' && i == 0)
            text[n++] = '0';
        if (c == '.' && !(next >= '0' && next <= '9'))
            continue;
        text[n++] = c;
    }
    size_t zeros = 0;
    while (zeros + 1 < n && text[zeros] == '0' && text[zeros + 1] >= '0' && text[zeros + 1] <= '9')
        zeros++;
    return constant(p, t.at, ss_val_parse_number(text + zeros, n - zeros));
}

static struct ss_ast *parse_primary(struct parser *p)
{
    size_t at = p->token.at;
    struct ss_ast *a;
    switch (p->token.kind) {
    case SS_TOKEN_FIELD:
    case SS_TOKEN_END: break;
    case SS_TOKEN_NUMBER: return parse_number(p);
    case SS_TOKEN_NAME: return parse_call(p);
    case SS_TOKEN_QUOTE: return parse_string(p, SS_STR("text"), at);
    case SS_TOKEN_FORMAT: {
        struct ss_str format = p->token.text;
        advance(p);
        if (p->token.kind == SS_TOKEN_QUOTE)
            return parse_string(p, format, at);
        a = node(p, SS_AST_FORMAT, at, 0);
        if (a)
            a->name = format;
        return finish(p, a);
    }
    default: break;
    }
    if (p->token.kind == SS_TOKEN_FIELD || is_mark(p, ".")) {
        a = node(p, SS_AST_DOT, at, 0);
        if (!a)
            return NULL;
        if (p->token.kind == SS_TOKEN_FIELD)
            return finish(p, a);
        advance(p);
        if (p->token.kind == SS_TOKEN_QUOTE || p->token.kind == SS_TOKEN_FORMAT) {
            struct ss_str format = SS_STR("text");
            size_t quote = p->token.at;
            if (p->token.kind == SS_TOKEN_FORMAT) {
                format = p->token.text;
                advance(p);
                if (p->token.kind != SS_TOKEN_QUOTE)
                    return unexpected(p, "a string");
            }
            return index_by(p, finish(p, a), parse_string(p, format, quote));
        }
        return finish(p, a);
    }
    if (is_mark(p, "(")) {
        advance(p);
        a = parse_exp(p, PIPE);
        return a && take(p, ")") ? a : NULL;
    }
    if (is_mark(p, "[")) {
        advance(p);
        return parse_array(p, at);
    }
    if (is_mark(p, "{")) {
        advance(p);
        return parse_object(p, at);
    }
    if (is_mark(p, "$")) {
        advance(p);
        return parse_variable(p, at);
    }
    if (is_mark(p, ".."))
        return fault(p, SS_SYNTAX_FULL, at, "'..' recurses");
    return unexpected(p, "an expression");
}

static struct ss_ast *parse_term(struct parser *p)
{
    if (++p->depth > SS_EXPR_DEPTH_MAX)
        return fault(p, SS_SYNTAX_WRONG, p->token.at, "brackets more than %d deep", SS_EXPR_DEPTH_MAX);
    struct ss_ast *a = parse_postfix(p, parse_primary(p));
    p->depth--;
    return a;
}

/* if, then what follows it, to `end`. */
static struct ss_ast *parse_if(struct parser *p, size_t from)
{
    struct ss_ast *kid[3] = {0};
    if (++p->depth > SS_EXPR_DEPTH_MAX)
        return fault(p, SS_SYNTAX_WRONG, from, "brackets more than %d deep", SS_EXPR_DEPTH_MAX);
    advance(p);
    if (!(kid[0] = parse_exp(p, PIPE)))
        return NULL;
    if (!is_word(p, "then"))
        return unexpected(p, "'then'");
    advance(p);
    if (!(kid[1] = parse_exp(p, PIPE)))
        return NULL;
    if (is_word(p, "elif")) {
        kid[2] = parse_if(p, p->token.at);
    } else if (is_word(p, "else")) {
        advance(p);
        kid[2] = parse_exp(p, PIPE);
        if (kid[2] && !is_word(p, "end"))
            return unexpected(p, "'end'");
        if (kid[2])
            advance(p);
    } else {
        return unexpected(p, "'else' (every if has one)");
    }
    p->depth--;
    struct ss_ast *a = kid[2] ? node(p, SS_AST_IF, from, 3) : NULL;
    if (a)
        memcpy(a->kid, kid, sizeof kid);
    return finish(p, a);
}

static bool parse_pattern(struct parser *p, struct list *exprs, struct ss_str *only)
{
    if (++p->depth > SS_EXPR_DEPTH_MAX)
        return fault(p, SS_SYNTAX_WRONG, p->token.at, "brackets more than %d deep", SS_EXPR_DEPTH_MAX) !=
               NULL;
    bool good = true;
    if (is_mark(p, "$")) {
        advance(p);
        struct ss_ast *var = parse_variable(p, p->token.at);
        good = var != NULL;
        if (good)
            *only = var->name;
    } else if (is_mark(p, "[")) {
        do {
            advance(p);
            good = parse_pattern(p, exprs, only);
        } while (good && is_mark(p, ","));
        good = good && take(p, "]");
        *only = (struct ss_str){NULL, 0};
    } else if (is_mark(p, "{")) {
        do {
            advance(p);
            if (is_mark(p, "$")) {
                advance(p);
                good = parse_variable(p, p->token.at) != NULL;
                if (!good || !is_mark(p, ":"))
                    continue;
            } else if (is_mark(p, "(")) {
                advance(p);
                good = append(p, exprs, parse_exp(p, PIPE)) && take(p, ")");
            } else if (p->token.kind == SS_TOKEN_NAME || p->token.kind == SS_TOKEN_KEYWORD) {
                advance(p);
            } else if (p->token.kind == SS_TOKEN_QUOTE) {
                good = append(p, exprs, parse_string(p, SS_STR("text"), p->token.at));
            } else {
                good = unexpected(p, "a member's name") != NULL;
            }
            good = good && take(p, ":") && parse_pattern(p, exprs, only);
        } while (good && is_mark(p, ","));
        good = good && take(p, "}");
        *only = (struct ss_str){NULL, 0};
    } else {
        good = unexpected(p, "a variable or a pattern") != NULL;
    }
    p->depth--;
    return good;
}

/* SOURCE as PATTERN | BODY; the token is `as`. */
static struct ss_ast *parse_as(struct parser *p, struct ss_ast *source)
{
    struct list list = {0};
    struct ss_str only = {NULL, 0};
    advance(p);
    if (!append(p, &list, source) || !append(p, &list, source) || !parse_pattern(p, &list, &only))
        return NULL;
    if (is_mark(p, "?//"))
        return fault(p, SS_SYNTAX_FULL, p->token.at, "alternative patterns are not known to end");
    if (!take(p, "|") || !(list.kid[1] = parse_exp(p, PIPE)))
        return NULL;
    struct ss_ast *a = with_list(p, SS_AST_AS, source->from, &list);
    if (a)
        a->name = only;
    return finish(p, a);
}

static struct ss_ast *parse_try(struct parser *p, size_t from);

/* One operand, without a following '?'. */
static struct ss_ast *parse_bare_operand(struct parser *p)
{
    size_t at = p->token.at;
    struct ss_ast *a;
    if (is_mark(p, "-")) {
        if (++p->depth > SS_EXPR_DEPTH_MAX)
            return fault(p, SS_SYNTAX_WRONG, at, "brackets more than %d deep", SS_EXPR_DEPTH_MAX);
        advance(p);
        struct ss_ast *inner = parse_exp(p, PRODUCT);
        p->depth--;
        a = inner ? node(p, SS_AST_NEG, at, 1) : NULL;
        if (a)
            a->kid[0] = inner;
        return finish(p, a);
    }
    if (p->token.kind == SS_TOKEN_KEYWORD) {
        if (is_word(p, "if"))
            return parse_if(p, at);
        if (is_word(p, "try"))
            return parse_try(p, at);
        if (is_word(p, "def") || is_word(p, "reduce") || is_word(p, "foreach") || is_word(p, "label") ||
            is_word(p, "break"))
            return fault(p, SS_SYNTAX_FULL, at, "'%.*s' is not known to end", (int)p->token.text.n,
                         p->token.text.p);
        if (is_word(p, "import") || is_word(p, "include") || is_word(p, "module"))
            return fault(p, SS_SYNTAX_NEVER, at, "'%.*s' reads other files", (int)p->token.text.n,
                         p->token.text.p);
        return unexpected(p, "an expression");
    }
    a = parse_term(p);
    return a && is_word(p, "as") ? parse_as(p, a) : a;
}

static struct ss_ast *parse_try(struct parser *p, size_t from)
{
    struct ss_ast *body, *handler = NULL;
    if (++p->depth > SS_EXPR_DEPTH_MAX)
        return fault(p, SS_SYNTAX_WRONG, from, "brackets more than %d deep", SS_EXPR_DEPTH_MAX);
    advance(p);
    if (!(body = parse_bare_operand(p)))
        return NULL;
    if (is_word(p, "catch")) {
        advance(p);
        if (!(handler = parse_bare_operand(p)))
            return NULL;
    }
    p->depth--;
    struct ss_ast *a = node(p, SS_AST_TRY, from, handler ? 2 : 1);
    if (a) {
        a->kid[0] = body;
        if (handler)
            a->kid[1] = handler;
    }
    return finish(p, a);
}

static struct ss_ast *parse_operand(struct parser *p)
{
    struct ss_ast *a = parse_bare_operand(p);
    while (a && is_mark(p, "?")) {
        advance(p);
        struct ss_ast *body = a;
        a = node(p, SS_AST_TRY, body->from, 1);
        if (a)
            a->kid[0] = body;
        a = finish(p, a);
    }
    return a;
}

struct operator
{
    const char *mark;
    enum level level;
    enum ss_ast_op op;
};

static const struct operator operators[] = {
    {"|", PIPE, SS_AST_PIPE},   {",", COMMA, SS_AST_COMMA}, {"//", ALT, SS_AST_ALT},
    {"or", OR, SS_AST_OR},      {"and", AND, SS_AST_AND},   {"==", COMPARE, SS_AST_EQ},
    {"!=", COMPARE, SS_AST_NE}, {"<", COMPARE, SS_AST_LT},  {"<=", COMPARE, SS_AST_LE},
    {">", COMPARE, SS_AST_GT},  {">=", COMPARE, SS_AST_GE}, {"+", SUM, SS_AST_ADD},
    {"-", SUM, SS_AST_SUB},     {"*", PRODUCT, SS_AST_MUL}, {"/", PRODUCT, SS_AST_DIV},
    {"%", PRODUCT, SS_AST_MOD},
};

static const struct operator* operator_at(const struct parser *p)
{
    if (p->token.kind == SS_TOKEN_MARK || p->token.kind == SS_TOKEN_KEYWORD)
        for (size_t i = 0; i < SS_COUNT(operators); i++)
            if (ss_str_is(p->token.text, operators[i].mark))
                return &operators[i];
    return NULL;
}

static bool is_assignment(const struct parser *p)
{
    static const char *const marks[] = {"=", "|=", "+=", "-=", "*=", "/=", "%=", "//="};
    for (size_t i = 0; i < SS_COUNT(marks); i++)
        if (is_mark(p, marks[i]))
            return true;
    return false;
}

static struct ss_ast *parse_exp(struct parser *p, enum level least)
{
    if (++p->depth > SS_EXPR_DEPTH_MAX)
        return fault(p, SS_SYNTAX_WRONG, p->token.at, "brackets more than %d deep", SS_EXPR_DEPTH_MAX);
    struct ss_ast *left = parse_operand(p);
    const struct operator* o;
    while (left && (o = operator_at(p)) && o->level >= least) {
        advance(p);
        bool to_the_right = o->level == PIPE || o->level == ALT;
        left = pair(p, o->op, left, parse_exp(p, to_the_right ? o->level : o->level + 1));
        const struct operator* next = left ? operator_at(p) : NULL;
        if (o->level == COMPARE && next && next->level == COMPARE)
            return fault(p, SS_SYNTAX_WRONG, p->token.at, "comparisons in a row need brackets");
    }
    p->depth--;
    if (left && is_assignment(p))
        return fault(p, SS_SYNTAX_FULL, p->token.at, "assignment '%.*s' (for comparison, write '==')",
                     (int)p->token.text.n, p->token.text.p);
    return left;
}

static bool is_utf8(const unsigned char *p, size_t n)
{
    for (size_t i = 0; i < n;) {
        size_t len = p[i] < 0x80 ? 1 : p[i] < 0xe0 ? 2 : p[i] < 0xf0 ? 3 : 4;
        if (p[i] == 0 || (p[i] >= 0x80 && p[i] < 0xc2) || p[i] > 0xf4 || n - i < len)
            return false;
        for (size_t k = 1; k < len; k++)
            if ((p[i + k] & 0xc0) != 0x80)
                return false;
        if ((p[i] == 0xe0 && p[i + 1] < 0xa0) || (p[i] == 0xed && p[i + 1] > 0x9f) ||
            (p[i] == 0xf0 && p[i + 1] < 0x90) || (p[i] == 0xf4 && p[i + 1] > 0x8f))
            return false;
        i += len;
    }
    return true;
}

enum ss_syntax ss_ast_parse(struct ss_str text, struct ss_arena *arena, const struct ss_ast **root,
                            char *message, size_t message_size, size_t *column)
{
    struct parser p = {.text = text, .arena = arena, .message = message, .message_size = message_size};
    message[0] = '\0';
    *root = NULL;
    *column = 1;
    if (text.n > SS_EXPR_TEXT_MAX)
        fault(&p, SS_SYNTAX_WRONG, 0, "an expression of %zu bytes is longer than %d", text.n,
              SS_EXPR_TEXT_MAX);
    else if (!is_utf8((const unsigned char *)text.p, text.n))
        fault(&p, SS_SYNTAX_WRONG, 0, "not valid UTF-8");
    if (p.state == SS_SYNTAX_OK) {
        advance(&p);
        *root = parse_exp(&p, PIPE);
        if (*root && p.token.kind != SS_TOKEN_END)
            *root = unexpected(&p, "an operator");
    }
    *column = p.column;
    return p.state;
}
