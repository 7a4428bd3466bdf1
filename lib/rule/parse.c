/* jq 1.6's grammar by precedence climbing; parser.y of that release is the reference for every oddity here.
 */
#include "rule/parser.h"

/* if, then what follows it, to `end`. */
static struct ss_ast *parse_if(struct ss_parser *p, size_t from)
{
    struct ss_ast *kid[3] = {0};
    if (++p->depth > SS_EXPR_DEPTH_MAX)
        return ss_parser_fault(p, SS_SYNTAX_WRONG, from, "brackets more than %d deep", SS_EXPR_DEPTH_MAX);
    ss_parser_advance(p);
    if (!(kid[0] = ss_parse_exp(p, SS_LEVEL_PIPE)))
        return NULL;
    if (!ss_parser_is_word(p, "then"))
        return ss_parser_unexpected(p, "'then'");
    ss_parser_advance(p);
    if (!(kid[1] = ss_parse_exp(p, SS_LEVEL_PIPE)))
        return NULL;
    if (ss_parser_is_word(p, "elif")) {
        kid[2] = parse_if(p, p->token.at);
    } else if (ss_parser_is_word(p, "else")) {
        ss_parser_advance(p);
        kid[2] = ss_parse_exp(p, SS_LEVEL_PIPE);
        if (kid[2] && !ss_parser_is_word(p, "end"))
            return ss_parser_unexpected(p, "'end'");
        if (kid[2])
            ss_parser_advance(p);
    } else {
        return ss_parser_unexpected(p, "'else' (every if has one)");
    }
    p->depth--;
    struct ss_ast *a = kid[2] ? ss_parser_node(p, SS_AST_IF, from, 3) : NULL;
    if (a)
        memcpy(a->kid, kid, sizeof kid);
    return ss_parser_finish(p, a);
}

static bool parse_pattern(struct ss_parser *p, struct ss_ast_list *exprs, struct ss_str *only)
{
    if (++p->depth > SS_EXPR_DEPTH_MAX)
        return ss_parser_fault(p, SS_SYNTAX_WRONG, p->token.at, "brackets more than %d deep",
                               SS_EXPR_DEPTH_MAX) != NULL;
    bool good = true;
    if (ss_parser_is_mark(p, "$")) {
        ss_parser_advance(p);
        struct ss_ast *var = ss_parse_variable(p, p->token.at);
        good = var != NULL;
        if (good)
            *only = var->name;
    } else if (ss_parser_is_mark(p, "[")) {
        do {
            ss_parser_advance(p);
            good = parse_pattern(p, exprs, only);
        } while (good && ss_parser_is_mark(p, ","));
        good = good && ss_parser_take(p, "]");
        *only = (struct ss_str){NULL, 0};
    } else if (ss_parser_is_mark(p, "{")) {
        do {
            ss_parser_advance(p);
            if (ss_parser_is_mark(p, "$")) {
                ss_parser_advance(p);
                good = ss_parse_variable(p, p->token.at) != NULL;
                if (!good || !ss_parser_is_mark(p, ":"))
                    continue;
            } else if (ss_parser_is_mark(p, "(")) {
                ss_parser_advance(p);
                good = ss_parser_append(p, exprs, ss_parse_exp(p, SS_LEVEL_PIPE)) && ss_parser_take(p, ")");
            } else if (p->token.kind == SS_TOKEN_NAME || p->token.kind == SS_TOKEN_KEYWORD) {
                ss_parser_advance(p);
            } else if (p->token.kind == SS_TOKEN_QUOTE) {
                good = ss_parser_append(p, exprs, ss_parse_string(p, SS_STR("text"), p->token.at));
            } else {
                good = ss_parser_unexpected(p, "a member's name") != NULL;
            }
            good = good && ss_parser_take(p, ":") && parse_pattern(p, exprs, only);
        } while (good && ss_parser_is_mark(p, ","));
        good = good && ss_parser_take(p, "}");
        *only = (struct ss_str){NULL, 0};
    } else {
        good = ss_parser_unexpected(p, "a variable or a pattern") != NULL;
    }
    p->depth--;
    return good;
}

/* SOURCE as PATTERN | BODY; the token is `as`. */
static struct ss_ast *parse_as(struct ss_parser *p, struct ss_ast *source)
{
    struct ss_ast_list list = {0};
    struct ss_str only = {NULL, 0};
    ss_parser_advance(p);
    if (!ss_parser_append(p, &list, source) || !ss_parser_append(p, &list, source) ||
        !parse_pattern(p, &list, &only))
        return NULL;
    if (ss_parser_is_mark(p, "?//"))
        return ss_parser_fault(p, SS_SYNTAX_FULL, p->token.at, "alternative patterns are not known to end");
    if (!ss_parser_take(p, "|") || !(list.kid[1] = ss_parse_exp(p, SS_LEVEL_PIPE)))
        return NULL;
    struct ss_ast *a = ss_parser_gather(p, SS_AST_AS, source->from, &list);
    if (a)
        a->name = only;
    return ss_parser_finish(p, a);
}

static struct ss_ast *parse_try(struct ss_parser *p, size_t from);

/* One operand, without a following '?'. */
static struct ss_ast *parse_bare_operand(struct ss_parser *p)
{
    size_t at = p->token.at;
    struct ss_ast *a;
    if (ss_parser_is_mark(p, "-")) {
        if (++p->depth > SS_EXPR_DEPTH_MAX)
            return ss_parser_fault(p, SS_SYNTAX_WRONG, at, "brackets more than %d deep", SS_EXPR_DEPTH_MAX);
        ss_parser_advance(p);
        struct ss_ast *inner = ss_parse_exp(p, SS_LEVEL_PRODUCT);
        p->depth--;
        a = inner ? ss_parser_node(p, SS_AST_NEG, at, 1) : NULL;
        if (a)
            a->kid[0] = inner;
        return ss_parser_finish(p, a);
    }
    if (p->token.kind == SS_TOKEN_KEYWORD) {
        if (ss_parser_is_word(p, "if"))
            return parse_if(p, at);
        if (ss_parser_is_word(p, "try"))
            return parse_try(p, at);
        if (ss_parser_is_word(p, "def") || ss_parser_is_word(p, "reduce") ||
            ss_parser_is_word(p, "foreach") || ss_parser_is_word(p, "label") || ss_parser_is_word(p, "break"))
            return ss_parser_fault(p, SS_SYNTAX_FULL, at, "'%.*s' is not known to end", (int)p->token.text.n,
                                   p->token.text.p);
        if (ss_parser_is_word(p, "import") || ss_parser_is_word(p, "include") ||
            ss_parser_is_word(p, "module"))
            return ss_parser_fault(p, SS_SYNTAX_NEVER, at, "'%.*s' reads other files", (int)p->token.text.n,
                                   p->token.text.p);
        return ss_parser_unexpected(p, "an expression");
    }
    a = ss_parse_term(p);
    return a && ss_parser_is_word(p, "as") ? parse_as(p, a) : a;
}

static struct ss_ast *parse_try(struct ss_parser *p, size_t from)
{
    struct ss_ast *body, *handler = NULL;
    if (++p->depth > SS_EXPR_DEPTH_MAX)
        return ss_parser_fault(p, SS_SYNTAX_WRONG, from, "brackets more than %d deep", SS_EXPR_DEPTH_MAX);
    ss_parser_advance(p);
    if (!(body = parse_bare_operand(p)))
        return NULL;
    if (ss_parser_is_word(p, "catch")) {
        ss_parser_advance(p);
        if (!(handler = parse_bare_operand(p)))
            return NULL;
    }
    p->depth--;
    struct ss_ast *a = ss_parser_node(p, SS_AST_TRY, from, handler ? 2 : 1);
    if (a) {
        a->kid[0] = body;
        if (handler)
            a->kid[1] = handler;
    }
    return ss_parser_finish(p, a);
}

static struct ss_ast *parse_operand(struct ss_parser *p)
{
    struct ss_ast *a = parse_bare_operand(p);
    while (a && ss_parser_is_mark(p, "?")) {
        ss_parser_advance(p);
        struct ss_ast *body = a;
        a = ss_parser_node(p, SS_AST_TRY, body->from, 1);
        if (a)
            a->kid[0] = body;
        a = ss_parser_finish(p, a);
    }
    return a;
}

struct operation {
    const char *mark;
    enum ss_binding level;
    enum ss_ast_op op;
};

static const struct operation operators[] = {
    {"|", SS_LEVEL_PIPE, SS_AST_PIPE},   {",", SS_LEVEL_COMMA, SS_AST_COMMA},
    {"//", SS_LEVEL_ALT, SS_AST_ALT},    {"or", SS_LEVEL_OR, SS_AST_OR},
    {"and", SS_LEVEL_AND, SS_AST_AND},   {"==", SS_LEVEL_COMPARE, SS_AST_EQ},
    {"!=", SS_LEVEL_COMPARE, SS_AST_NE}, {"<", SS_LEVEL_COMPARE, SS_AST_LT},
    {"<=", SS_LEVEL_COMPARE, SS_AST_LE}, {">", SS_LEVEL_COMPARE, SS_AST_GT},
    {">=", SS_LEVEL_COMPARE, SS_AST_GE}, {"+", SS_LEVEL_SUM, SS_AST_ADD},
    {"-", SS_LEVEL_SUM, SS_AST_SUB},     {"*", SS_LEVEL_PRODUCT, SS_AST_MUL},
    {"/", SS_LEVEL_PRODUCT, SS_AST_DIV}, {"%", SS_LEVEL_PRODUCT, SS_AST_MOD},
};

static const struct operation *operator_at(const struct ss_parser *p)
{
    if (p->token.kind == SS_TOKEN_MARK || p->token.kind == SS_TOKEN_KEYWORD)
        for (size_t i = 0; i < SS_COUNT(operators); i++)
            if (ss_str_is(p->token.text, operators[i].mark))
                return &operators[i];
    return NULL;
}

static bool is_assignment(const struct ss_parser *p)
{
    static const char *const marks[] = {"=", "|=", "+=", "-=", "*=", "/=", "%=", "//="};
    for (size_t i = 0; i < SS_COUNT(marks); i++)
        if (ss_parser_is_mark(p, marks[i]))
            return true;
    return false;
}

struct ss_ast *ss_parse_exp(struct ss_parser *p, enum ss_binding least)
{
    if (++p->depth > SS_EXPR_DEPTH_MAX)
        return ss_parser_fault(p, SS_SYNTAX_WRONG, p->token.at, "brackets more than %d deep",
                               SS_EXPR_DEPTH_MAX);
    struct ss_ast *left = parse_operand(p);
    const struct operation *o;
    while (left && (o = operator_at(p)) && o->level >= least) {
        ss_parser_advance(p);
        bool to_the_right = o->level == SS_LEVEL_PIPE || o->level == SS_LEVEL_ALT;
        left = ss_parser_pair(p, o->op, left, ss_parse_exp(p, to_the_right ? o->level : o->level + 1));
        const struct operation *next = left ? operator_at(p) : NULL;
        if (o->level == SS_LEVEL_COMPARE && next && next->level == SS_LEVEL_COMPARE)
            return ss_parser_fault(p, SS_SYNTAX_WRONG, p->token.at, "comparisons in a row need brackets");
    }
    p->depth--;
    if (left && is_assignment(p))
        return ss_parser_fault(p, SS_SYNTAX_FULL, p->token.at,
                               "assignment '%.*s' (for comparison, write '==')", (int)p->token.text.n,
                               p->token.text.p);
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
    struct ss_parser p = {.text = text, .arena = arena, .message = message, .message_size = message_size};
    message[0] = '\0';
    *root = NULL;
    *column = 1;
    if (text.n > SS_EXPR_TEXT_MAX)
        ss_parser_fault(&p, SS_SYNTAX_WRONG, 0, "an expression of %zu bytes is longer than %d", text.n,
                        SS_EXPR_TEXT_MAX);
    else if (!is_utf8((const unsigned char *)text.p, text.n))
        ss_parser_fault(&p, SS_SYNTAX_WRONG, 0, "not valid UTF-8");
    if (p.state == SS_SYNTAX_OK) {
        ss_parser_advance(&p);
        *root = ss_parse_exp(&p, SS_LEVEL_PIPE);
        if (*root && p.token.kind != SS_TOKEN_END)
            *root = ss_parser_unexpected(&p, "an operator");
    }
    *column = p.column;
    return p.state;
}
