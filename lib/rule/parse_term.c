/* Terms of jq 1.6's grammar: paths, literals, strings, brackets, calls. */
#include "rule/parser.h"

/* The piece of a string up to its end or to \(, without escapes. */
static bool string_piece(struct ss_parser *p, size_t *at, struct ss_val *out)
{
    size_t start = *at;
    while (*at < p->text.n && p->text.p[*at] != '"' &&
           !(p->text.p[*at] == '\\' && *at + 1 < p->text.n && p->text.p[*at + 1] == '('))
        *at += p->text.p[*at] == '\\' ? 2 : 1;
    if (*at >= p->text.n)
        return ss_parser_fault(p, SS_SYNTAX_WRONG, start, "unclosed string") != NULL;
    if (!ss_val_unescape(p->text.p + start, *at - start, p->arena, out))
        return ss_parser_fault(p, SS_SYNTAX_WRONG, start, "invalid escape in string") != NULL;
    return true;
}

/* The token is the opening quote. The result is a constant, or a TEXT whose format is `format`. */
struct ss_ast *ss_parse_string(struct ss_parser *p, struct ss_str format, size_t from)
{
    struct ss_ast_list parts = {0};
    size_t at = p->token.at + 1;
    for (;;) {
        struct ss_val piece;
        size_t piece_at = at;
        if (!string_piece(p, &at, &piece))
            return NULL;
        bool last = p->text.p[at] == '"';
        p->at = at + (last ? 1 : 2);
        ss_parser_advance(p);
        if (last && parts.n == 0)
            return ss_parser_constant(p, from, piece);
        if (piece.n && !ss_parser_append(p, &parts, ss_parser_constant(p, piece_at, piece)))
            return NULL;
        if (last)
            break;
        /* An ARRAY around it tells what is interpolated from the constant pieces. */
        struct ss_ast *inner = ss_parse_exp(p, SS_LEVEL_PIPE);
        struct ss_ast *mark = inner ? ss_parser_node(p, SS_AST_ARRAY, inner->from, 1) : NULL;
        if (!mark)
            return NULL;
        mark->kid[0] = inner;
        mark = ss_parser_finish(p, mark);
        if (!mark)
            return NULL;
        mark->many = inner->many;
        if (!ss_parser_append(p, &parts, mark))
            return NULL;
        if (!ss_parser_is_mark(p, ")"))
            return ss_parser_unexpected(p, "')' in the string");
        at = p->token.at + 1;
    }
    struct ss_ast *a = ss_parser_gather(p, SS_AST_TEXT, from, &parts);
    if (a)
        a->name = format;
    return ss_parser_finish(p, a);
}

static struct ss_ast *index_by(struct ss_parser *p, struct ss_ast *base, struct ss_ast *key)
{
    struct ss_ast *a = base && key ? ss_parser_node(p, SS_AST_INDEX, base->from, 2) : NULL;
    if (!a)
        return NULL;
    a->kid[0] = base;
    a->kid[1] = key;
    if (ss_parser_is_mark(p, "?")) {
        a->opt = true;
        ss_parser_advance(p);
    }
    return ss_parser_finish(p, a);
}

/* The token is what follows '['. */
static struct ss_ast *parse_brackets(struct ss_parser *p, struct ss_ast *base)
{
    struct ss_ast *from = NULL, *to = NULL, *a;
    if (ss_parser_is_mark(p, "]")) {
        ss_parser_advance(p);
        a = ss_parser_node(p, SS_AST_EACH, base->from, 1);
    } else {
        size_t at = p->token.at;
        if (!ss_parser_is_mark(p, ":") && !(from = ss_parse_exp(p, SS_LEVEL_PIPE)))
            return NULL;
        if (ss_parser_is_mark(p, "]")) {
            ss_parser_advance(p);
            return index_by(p, base, from);
        }
        if (!ss_parser_take(p, ":"))
            return NULL;
        if ((!ss_parser_is_mark(p, "]") || !from) && !(to = ss_parse_exp(p, SS_LEVEL_PIPE)))
            return NULL;
        if (!ss_parser_take(p, "]"))
            return NULL;
        from = from ? from : ss_parser_constant(p, at, (struct ss_val){0});
        to = to ? to : ss_parser_constant(p, at, (struct ss_val){0});
        a = from && to ? ss_parser_node(p, SS_AST_SLICE, base->from, 3) : NULL;
        if (!a)
            return NULL;
        a->kid[1] = from;
        a->kid[2] = to;
    }
    if (!a)
        return NULL;
    a->kid[0] = base;
    if (ss_parser_is_mark(p, "?")) {
        a->opt = true;
        ss_parser_advance(p);
    }
    return ss_parser_finish(p, a);
}

static struct ss_ast *parse_postfix(struct ss_parser *p, struct ss_ast *base)
{
    while (base) {
        size_t at = p->token.at;
        if (p->token.kind == SS_TOKEN_FIELD) {
            struct ss_val name = ss_val_string(p->token.text.p, p->token.text.n);
            ss_parser_advance(p);
            base = index_by(p, base, ss_parser_constant(p, at, name));
        } else if (ss_parser_is_mark(p, "[")) {
            ss_parser_advance(p);
            base = parse_brackets(p, base);
        } else if (ss_parser_is_mark(p, ".")) {
            ss_parser_advance(p);
            struct ss_str format = SS_STR("text");
            if (p->token.kind == SS_TOKEN_FORMAT) {
                format = p->token.text;
                ss_parser_advance(p);
            }
            if (p->token.kind != SS_TOKEN_QUOTE)
                return ss_parser_fault(p, SS_SYNTAX_WRONG, at,
                                       "expected a name behind '.' (unusual names: .[\"name\"])");
            base = index_by(p, base, ss_parse_string(p, format, p->token.at));
        } else {
            return base;
        }
    }
    return NULL;
}

/* {...}: the value of a pair is pipes, negations and terms only. */
static struct ss_ast *parse_pair_value(struct ss_parser *p)
{
    size_t at = p->token.at;
    bool minus = ss_parser_is_mark(p, "-");
    if (minus)
        ss_parser_advance(p);
    if (minus && ss_parser_is_mark(p, "-"))
        return ss_parser_unexpected(p, "a term"); /* jq would take it; nobody writes it */
    struct ss_ast *a = ss_parse_term(p);
    if (minus && a) {
        struct ss_ast *inner = a;
        a = ss_parser_node(p, SS_AST_NEG, at, 1);
        if (a)
            a->kid[0] = inner;
        a = ss_parser_finish(p, a);
    }
    if (a && ss_parser_is_mark(p, "|")) {
        ss_parser_advance(p);
        a = ss_parser_pair(p, SS_AST_PIPE, a, parse_pair_value(p));
    }
    return a;
}

struct ss_ast *ss_parse_variable(struct ss_parser *p, size_t from)
{
    if (ss_parser_is_word(p, "__loc__"))
        return ss_parser_fault(p, SS_SYNTAX_NEVER, from, "$__loc__ has no meaning in a rule");
    if (p->token.kind != SS_TOKEN_NAME)
        return ss_parser_unexpected(p, "a variable's name");
    struct ss_ast *a = ss_parser_node(p, SS_AST_VAR, from, 0);
    if (a)
        a->name = p->token.text;
    ss_parser_advance(p);
    return ss_parser_finish(p, a);
}

static struct ss_ast *field_of_input(struct ss_parser *p, size_t at, struct ss_ast *key)
{
    struct ss_ast *dot = ss_parser_node(p, SS_AST_DOT, at, 0);
    return dot && ss_parser_finish(p, dot) ? ss_parser_pair(p, SS_AST_INDEX, dot, key) : NULL;
}

static bool parse_member(struct ss_parser *p, struct ss_ast_list *list)
{
    size_t at = p->token.at;
    struct ss_ast *key = NULL, *val = NULL;
    bool needs_value = false;
    if (ss_parser_is_mark(p, "(")) {
        ss_parser_advance(p);
        key = ss_parse_exp(p, SS_LEVEL_PIPE);
        if (!key || !ss_parser_take(p, ")"))
            return false;
        needs_value = true;
    } else if (ss_parser_is_mark(p, "$")) {
        ss_parser_advance(p);
        struct ss_str name = p->token.text;
        val = ss_parse_variable(p, at);
        return val && ss_parser_append(p, list, ss_parser_constant(p, at, ss_val_string(name.p, name.n))) &&
               ss_parser_append(p, list, val);
    } else if (p->token.kind == SS_TOKEN_NAME || p->token.kind == SS_TOKEN_KEYWORD) {
        needs_value = p->token.kind == SS_TOKEN_KEYWORD;
        struct ss_str name = p->token.text;
        ss_parser_advance(p);
        key = ss_parser_constant(p, at, ss_val_string(name.p, name.n));
    } else {
        struct ss_str format = SS_STR("text");
        if (p->token.kind == SS_TOKEN_FORMAT) {
            format = p->token.text;
            ss_parser_advance(p);
        }
        if (p->token.kind != SS_TOKEN_QUOTE)
            return ss_parser_unexpected(p, "a member's name") != NULL;
        key = ss_parse_string(p, format, at);
    }
    if (!key)
        return false;
    if (ss_parser_is_mark(p, ":") || needs_value) {
        if (!ss_parser_take(p, ":"))
            return false;
        val = parse_pair_value(p);
    } else {
        val = field_of_input(p, at, key);
    }
    return val && ss_parser_append(p, list, key) && ss_parser_append(p, list, val);
}

static struct ss_ast *parse_object(struct ss_parser *p, size_t from)
{
    struct ss_ast_list list = {0};
    while (!ss_parser_is_mark(p, "}")) {
        if (!parse_member(p, &list))
            return NULL;
        if (ss_parser_is_mark(p, ","))
            ss_parser_advance(p);
        else if (!ss_parser_is_mark(p, "}"))
            return ss_parser_unexpected(p, "',' or '}'");
    }
    ss_parser_advance(p);
    return ss_parser_finish(p, ss_parser_gather(p, SS_AST_OBJECT, from, &list));
}

static struct ss_ast *parse_array(struct ss_parser *p, size_t from)
{
    struct ss_ast_list list = {0};
    if (!ss_parser_is_mark(p, "]") && !ss_parser_append(p, &list, ss_parse_exp(p, SS_LEVEL_PIPE)))
        return NULL;
    return ss_parser_take(p, "]") ? ss_parser_finish(p, ss_parser_gather(p, SS_AST_ARRAY, from, &list))
                                  : NULL;
}

static struct ss_ast *parse_call(struct ss_parser *p)
{
    struct ss_str name = p->token.text;
    size_t from = p->token.at;
    struct ss_ast_list args = {0};
    ss_parser_advance(p);
    if (ss_parser_is_mark(p, "(")) {
        do {
            ss_parser_advance(p);
            if (!ss_parser_append(p, &args, ss_parse_exp(p, SS_LEVEL_PIPE)))
                return NULL;
        } while (ss_parser_is_mark(p, ";"));
        if (!ss_parser_take(p, ")"))
            return NULL;
    } else if (ss_str_is(name, "null") || ss_str_is(name, "false") || ss_str_is(name, "true")) {
        enum ss_val_type type = name.p[0] == 'n'   ? SS_VAL_NULL
                                : name.p[0] == 'f' ? SS_VAL_FALSE
                                                   : SS_VAL_TRUE;
        return ss_parser_constant(p, from, (struct ss_val){.type = (uint8_t)type});
    }
    struct ss_ast *a = ss_parser_gather(p, SS_AST_CALL, from, &args);
    if (a)
        a->name = name;
    return ss_parser_finish(p, a);
}

static struct ss_ast *parse_number(struct ss_parser *p)
{
    struct ss_token t = p->token;
    size_t dots = 0, digits = 0;
    for (size_t i = 0; i < t.text.n && t.text.p[i] != 'e' && t.text.p[i] != 'E'; i++) {
        dots += t.text.p[i] == '.';
        digits += t.text.p[i] != '.';
    }
    if (dots > 1 || digits == 0 || t.text.n > 400)
        return ss_parser_fault(p, SS_SYNTAX_WRONG, t.at, "'%.*s' is no number",
                               (int)(t.text.n < 40 ? t.text.n : 40), t.text.p);
    ss_parser_advance(p);
    /* ".5" and "5." are numbers to jq; our reader wants digits on both sides. */
    char *text = ss_arena_alloc(p->arena, t.text.n + 3);
    if (!text)
        return ss_parser_fault(p, SS_SYNTAX_WRONG, t.at, "out of memory");
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
    return ss_parser_constant(p, t.at, ss_val_parse_number(text + zeros, n - zeros));
}

static struct ss_ast *parse_primary(struct ss_parser *p)
{
    size_t at = p->token.at;
    struct ss_ast *a;
    switch (p->token.kind) {
    case SS_TOKEN_FIELD:
    case SS_TOKEN_END: break;
    case SS_TOKEN_NUMBER: return parse_number(p);
    case SS_TOKEN_NAME: return parse_call(p);
    case SS_TOKEN_QUOTE: return ss_parse_string(p, SS_STR("text"), at);
    case SS_TOKEN_FORMAT: {
        struct ss_str format = p->token.text;
        ss_parser_advance(p);
        if (p->token.kind == SS_TOKEN_QUOTE)
            return ss_parse_string(p, format, at);
        a = ss_parser_node(p, SS_AST_FORMAT, at, 0);
        if (a)
            a->name = format;
        return ss_parser_finish(p, a);
    }
    default: break;
    }
    if (p->token.kind == SS_TOKEN_FIELD || ss_parser_is_mark(p, ".")) {
        a = ss_parser_node(p, SS_AST_DOT, at, 0);
        if (!a)
            return NULL;
        if (p->token.kind == SS_TOKEN_FIELD)
            return ss_parser_finish(p, a);
        ss_parser_advance(p);
        if (p->token.kind == SS_TOKEN_QUOTE || p->token.kind == SS_TOKEN_FORMAT) {
            struct ss_str format = SS_STR("text");
            size_t quote = p->token.at;
            if (p->token.kind == SS_TOKEN_FORMAT) {
                format = p->token.text;
                ss_parser_advance(p);
                if (p->token.kind != SS_TOKEN_QUOTE)
                    return ss_parser_unexpected(p, "a string");
            }
            return index_by(p, ss_parser_finish(p, a), ss_parse_string(p, format, quote));
        }
        return ss_parser_finish(p, a);
    }
    if (ss_parser_is_mark(p, "(")) {
        ss_parser_advance(p);
        a = ss_parse_exp(p, SS_LEVEL_PIPE);
        return a && ss_parser_take(p, ")") ? a : NULL;
    }
    if (ss_parser_is_mark(p, "[")) {
        ss_parser_advance(p);
        return parse_array(p, at);
    }
    if (ss_parser_is_mark(p, "{")) {
        ss_parser_advance(p);
        return parse_object(p, at);
    }
    if (ss_parser_is_mark(p, "$")) {
        ss_parser_advance(p);
        return ss_parse_variable(p, at);
    }
    if (ss_parser_is_mark(p, ".."))
        return ss_parser_fault(p, SS_SYNTAX_FULL, at, "'..' recurses");
    return ss_parser_unexpected(p, "an expression");
}

struct ss_ast *ss_parse_term(struct ss_parser *p)
{
    if (++p->depth > SS_EXPR_DEPTH_MAX)
        return ss_parser_fault(p, SS_SYNTAX_WRONG, p->token.at, "brackets more than %d deep",
                               SS_EXPR_DEPTH_MAX);
    struct ss_ast *a = parse_postfix(p, parse_primary(p));
    p->depth--;
    return a;
}
