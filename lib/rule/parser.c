#include "rule/parser.h"
#include <math.h>
#include <stdarg.h>
#include <stdio.h>

#define NODES_MAX 20000

struct ss_ast *ss_parser_fault(struct ss_parser *p, enum ss_syntax state, size_t at, const char *fmt, ...)
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

void ss_parser_advance(struct ss_parser *p)
{
    p->token = ss_token_next(p->text, &p->at);
}

bool ss_parser_is_mark(const struct ss_parser *p, const char *mark)
{
    return p->token.kind == SS_TOKEN_MARK && ss_str_is(p->token.text, mark);
}

bool ss_parser_is_word(const struct ss_parser *p, const char *word)
{
    return p->token.kind == SS_TOKEN_KEYWORD && ss_str_is(p->token.text, word);
}

struct ss_ast *ss_parser_unexpected(struct ss_parser *p, const char *wanted)
{
    if (p->token.kind == SS_TOKEN_END)
        return ss_parser_fault(p, SS_SYNTAX_WRONG, p->token.at, "expected %s at the end", wanted);
    return ss_parser_fault(p, SS_SYNTAX_WRONG, p->token.at, "expected %s, not '%.*s'", wanted,
                           (int)(p->token.text.n < 40 ? p->token.text.n : 40), p->token.text.p);
}

bool ss_parser_take(struct ss_parser *p, const char *mark)
{
    if (!ss_parser_is_mark(p, mark)) {
        char wanted[8];
        snprintf(wanted, sizeof wanted, "'%s'", mark);
        ss_parser_unexpected(p, wanted);
        return false;
    }
    ss_parser_advance(p);
    return true;
}

struct ss_ast *ss_parser_node(struct ss_parser *p, enum ss_ast_op op, size_t from, uint32_t n)
{
    if (++p->nodes > NODES_MAX)
        return ss_parser_fault(p, SS_SYNTAX_WRONG, from, "more than %d parts", NODES_MAX);
    struct ss_ast *a = ss_arena_zalloc(p->arena, sizeof *a);
    if (a && n)
        a->kid = ss_arena_zalloc(p->arena, n * sizeof(struct ss_ast *));
    if (!a || (n && !a->kid))
        return ss_parser_fault(p, SS_SYNTAX_WRONG, from, "out of memory");
    a->op = (uint8_t)op;
    a->n = n;
    a->from = (uint32_t)from;
    return a;
}

struct ss_ast *ss_parser_finish(struct ss_parser *p, struct ss_ast *a)
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
        return ss_parser_fault(p, SS_SYNTAX_WRONG, a->from, "operators more than %d deep",
                               4 * SS_EXPR_DEPTH_MAX);
    return a;
}

struct ss_ast *ss_parser_constant(struct ss_parser *p, size_t from, struct ss_val val)
{
    struct ss_ast *a = ss_parser_node(p, SS_AST_CONST, from, 0);
    if (a)
        a->val = val;
    return ss_parser_finish(p, a);
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

struct ss_ast *ss_parser_pair(struct ss_parser *p, enum ss_ast_op op, struct ss_ast *left,
                              struct ss_ast *right)
{
    struct ss_val folded;
    if (left && right && fold(op, left, right, &folded)) {
        if (op == SS_AST_DIV && isinf(folded.num))
            return ss_parser_fault(p, SS_SYNTAX_WRONG, left->from, "division by zero");
        return ss_parser_constant(p, left->from, folded);
    }
    struct ss_ast *a = left && right ? ss_parser_node(p, op, left->from, 2) : NULL;
    if (a) {
        a->kid[0] = left;
        a->kid[1] = right;
    }
    return ss_parser_finish(p, a);
}

bool ss_parser_append(struct ss_parser *p, struct ss_ast_list *list, struct ss_ast *kid)
{
    if (!kid)
        return false;
    if (list->n == list->cap) {
        uint32_t cap = list->cap ? 2 * list->cap : 4;
        struct ss_ast **more = ss_arena_alloc(p->arena, cap * sizeof *more);
        if (!more)
            return ss_parser_fault(p, SS_SYNTAX_WRONG, p->at, "out of memory") != NULL;
        if (list->n)
            memcpy(more, list->kid, list->n * sizeof *more);
        list->kid = more;
        list->cap = cap;
    }
    list->kid[list->n++] = kid;
    return true;
}

struct ss_ast *ss_parser_gather(struct ss_parser *p, enum ss_ast_op op, size_t from,
                                const struct ss_ast_list *list)
{
    struct ss_ast *a = ss_parser_node(p, op, from, 0);
    if (a) {
        a->kid = list->kid;
        a->n = list->n;
    }
    return a;
}
