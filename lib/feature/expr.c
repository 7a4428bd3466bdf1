#include "base/err.h"
#include "base/number.h"
#include "feature/parse.h"
#include <stdlib.h>

/* Functions of the record and of earlier features. */
static const struct row_func {
    const char *name;
    enum ss_feature_op op;
    uint32_t args_min, args_max;
} row_funcs[] = {
    {"ratio", SS_OP_DIV, 2, 2},       {"diff", SS_OP_SUB, 2, 2},    {"abs", SS_OP_ABS, 1, 1},
    {"sqrt", SS_OP_SQRT, 1, 1},       {"log", SS_OP_LOG, 1, 1},     {"min", SS_OP_MIN, 2, 2},
    {"max", SS_OP_MAX, 2, 2},         {"hour", SS_OP_HOUR, 1, 1},   {"weekday", SS_OP_WEEKDAY, 1, 1},
    {"weekend", SS_OP_WEEKEND, 1, 1}, {"night", SS_OP_NIGHT, 1, 3}, {"day", SS_OP_MONTHDAY, 1, 1},
    {"month", SS_OP_MONTH, 1, 1},     {"age", SS_OP_AGE, 1, 2},     {"distance", SS_OP_DISTANCE, 4, 4},
    {"code", SS_OP_CODE, 1, 1},       {"field", SS_OP_NAME, 1, 1},
};

static const char *const all_names[] = {
    "count",   "sum",     "mean",       "std",   "min",      "max",  "distinct", "first", "last", "gap",
    "ratio",   "zscore",  "percentile", "speed", "distance", "diff", "abs",      "sqrt",  "log",  "hour",
    "weekday", "weekend", "night",      "day",   "month",    "age",  "code",     "field"};

/* Edits (insert, delete, replace, swap of neighbours) between two short words; 99 when they are long. */
static size_t edits(struct ss_str a, struct ss_str b)
{
    size_t d[3][34], n = b.n;
    if (a.n > 32 || n > 32)
        return 99;
    for (size_t j = 0; j <= n; j++)
        d[0][j] = j;
    for (size_t i = 1; i <= a.n; i++) {
        size_t *row = d[i % 3], *up = d[(i + 2) % 3], *up2 = d[(i + 1) % 3];
        row[0] = i;
        for (size_t j = 1; j <= n; j++) {
            size_t best = up[j - 1] + (a.p[i - 1] != b.p[j - 1]);
            best = up[j] + 1 < best ? up[j] + 1 : best;
            best = row[j - 1] + 1 < best ? row[j - 1] + 1 : best;
            if (i > 1 && j > 1 && a.p[i - 1] == b.p[j - 2] && a.p[i - 2] == b.p[j - 1] &&
                up2[j - 2] + 1 < best)
                best = up2[j - 2] + 1;
            row[j] = best;
        }
    }
    return d[a.n % 3][n];
}

const char *ss_feature_nearest(struct ss_str word, const char *const *list, size_t n)
{
    const char *best = NULL;
    size_t fewest = 3;
    for (size_t i = 0; i < n; i++) {
        size_t e = edits(word, ss_str_of(list[i]));
        if (e < fewest && e < word.n) {
            fewest = e;
            best = list[i];
        }
    }
    return best;
}

int ss_feature_unknown(struct ss_str word)
{
    const char *near = ss_feature_nearest(word, all_names, SS_COUNT(all_names));
    if (near)
        return ss_fail(SS_ECONFIG, "unknown function '%.*s': did you mean '%s'?", (int)word.n, word.p, near);
    return ss_fail(SS_ECONFIG, "unknown function '%.*s'", (int)word.n, word.p);
}

int ss_feature_unexpected(const struct ss_feature_parser *ps, const char *expected)
{
    const struct ss_lexer *lex = &ps->lex;
    if (lex->token == SS_TOKEN_END)
        return ss_fail(SS_ECONFIG, "expected %s at the end of the line", expected);
    return ss_fail(SS_ECONFIG, "expected %s, found '%.*s'", expected,
                   (int)(lex->text.n > 40 ? 40 : lex->text.n), lex->text.p);
}

int ss_feature_sign_parse(struct ss_feature_parser *ps, const char *sign)
{
    char quoted[8] = {'\'', sign[0], sign[1] ? sign[1] : '\'', sign[1] ? '\'' : '\0', '\0'};
    if (!ss_lexer_at(&ps->lex, SS_TOKEN_SIGN, sign))
        return ss_feature_unexpected(ps, quoted);
    ss_lexer_next(&ps->lex);
    return 0;
}

int ss_feature_number_parse(struct ss_feature_parser *ps, double *number)
{
    bool negative = ss_lexer_at(&ps->lex, SS_TOKEN_SIGN, "-");
    if (negative)
        ss_lexer_next(&ps->lex);
    if (ps->lex.token != SS_TOKEN_NUMBER || !ss_double_parse(ps->lex.text.p, ps->lex.text.n, number))
        return ss_feature_unexpected(ps, "a number");
    if (negative)
        *number = -*number;
    ss_lexer_next(&ps->lex);
    return 0;
}

static int copy_name(struct ss_feature_parser *ps, struct ss_str *to)
{
    const char *copy = ss_arena_copy(&ps->spec->arena, ps->lex.text.p, ps->lex.text.n);
    if (!copy)
        return SS_ENOMEM;
    *to = (struct ss_str){copy, ps->lex.text.n};
    ss_lexer_next(&ps->lex);
    return 0;
}

int ss_feature_name_parse(struct ss_feature_parser *ps, struct ss_feature_name *name)
{
    if (ps->lex.token != SS_TOKEN_WORD)
        return ss_feature_unexpected(ps, "a field or an earlier feature");
    if (!ss_str_is(ps->lex.text, "field"))
        return copy_name(ps, &name->text);
    struct ss_lexer behind = ps->lex;
    ss_lexer_next(&behind);
    if (!ss_lexer_at(&behind, SS_TOKEN_SIGN, "("))
        return copy_name(ps, &name->text); /* a field that is called so */
    ps->lex = behind;
    ss_lexer_next(&ps->lex);
    if (ps->lex.token != SS_TOKEN_WORD && ps->lex.token != SS_TOKEN_STRING)
        return ss_feature_unexpected(ps, "a field's name");
    name->field = true;
    int err = copy_name(ps, &name->text);
    return err < 0 ? err : ss_feature_sign_parse(ps, ")");
}

static struct ss_feature_node *node_new(struct ss_feature_parser *ps, enum ss_feature_op op)
{
    struct ss_feature_node *node = ss_arena_zalloc(&ps->spec->arena, sizeof *node);
    if (node)
        node->op = op;
    return node;
}

static struct ss_feature_node *two(struct ss_feature_parser *ps, enum ss_feature_op op,
                                   struct ss_feature_node *a, struct ss_feature_node *b)
{
    struct ss_feature_node *node = a && b ? node_new(ps, op) : NULL;
    if (node) {
        node->kids = 2;
        node->kid[0] = a;
        node->kid[1] = b;
    }
    return node;
}

/* night(timestamp, 0, 6): the arguments behind the first are constants. */
static int night_hours(struct ss_feature_parser *ps, struct ss_feature_node *node, uint32_t args)
{
    node->num = 0;
    node->num2 = 6;
    if (args == 1)
        return 0;
    if (args != 3 || node->kid[1]->op != SS_OP_CONST || node->kid[2]->op != SS_OP_CONST)
        return ss_fail(SS_ECONFIG, "expected night(DATE) or night(DATE, FIRST HOUR, LAST HOUR)");
    node->num = node->kid[1]->num;
    node->num2 = node->kid[2]->num;
    (void)ps;
    if (!(node->num >= 0 && node->num <= 23 && node->num2 >= 0 && node->num2 <= 23))
        return ss_fail(SS_ECONFIG, "hours of a night outside 0 to 23");
    return 0;
}

/* age(signup_time, years) */
static int age_unit(struct ss_feature_node *node, uint32_t args)
{
    node->num = 1;
    if (args == 1)
        return 0;
    const struct ss_feature_node *unit = node->kid[1];
    if (unit->op == SS_OP_NAME && ss_str_is(unit->name.text, "days"))
        return 0;
    if (unit->op != SS_OP_NAME || !ss_str_is(unit->name.text, "years"))
        return ss_fail(SS_ECONFIG, "expected 'days' or 'years' as the unit of age");
    node->num = 1 / 365.2425; /* mean Gregorian year */
    return 0;
}

static int check_call(struct ss_feature_parser *ps, struct ss_feature_node *node, const struct row_func *f,
                      uint32_t args)
{
    if (args < f->args_min || args > f->args_max)
        return ss_fail(SS_ECONFIG, "'%s' takes %u argument%s, not %u", f->name, f->args_min,
                       f->args_min == 1 ? "" : "s", args);
    bool dated = f->op >= SS_OP_HOUR && f->op <= SS_OP_AGE;
    bool named = dated || f->op == SS_OP_CODE;
    for (uint32_t i = 0; i < (dated ? 1 : args) && named; i++)
        if (node->kid[i]->op != SS_OP_NAME)
            return ss_fail(SS_ECONFIG, "'%s' takes a field of the record, not an expression", f->name);
    int err = f->op == SS_OP_NIGHT ? night_hours(ps, node, args)
              : f->op == SS_OP_AGE ? age_unit(node, args)
                                   : 0;
    node->kids = dated ? 1 : args;
    return err;
}

static struct ss_feature_node *call(struct ss_feature_parser *ps, const struct row_func *f)
{
    struct ss_feature_node *node = node_new(ps, f->op);
    uint32_t args = 0;
    ss_lexer_next(&ps->lex); /* the parenthesis */
    if (!node)
        return NULL;
    for (bool more = true; more; args++) {
        if (args == 4) {
            (void)ss_fail(SS_ECONFIG, "'%s' takes %u arguments at most", f->name, f->args_max);
            return NULL;
        }
        node->kid[args] = ss_feature_expr_parse(ps);
        if (!node->kid[args])
            return NULL;
        more = ss_lexer_at(&ps->lex, SS_TOKEN_SIGN, ",");
        if (more)
            ss_lexer_next(&ps->lex);
    }
    if (ss_feature_sign_parse(ps, ")") < 0 || check_call(ps, node, f, args) < 0)
        return NULL;
    return node;
}

static struct ss_feature_node *word(struct ss_feature_parser *ps)
{
    struct ss_lexer behind = ps->lex;
    ss_lexer_next(&behind);
    bool called = ss_lexer_at(&behind, SS_TOKEN_SIGN, "(");
    if (called && !ss_str_is(ps->lex.text, "field")) {
        for (size_t i = 0; i < SS_COUNT(row_funcs); i++) {
            if (ss_str_is(ps->lex.text, row_funcs[i].name)) {
                ss_lexer_next(&ps->lex);
                return call(ps, &row_funcs[i]);
            }
        }
        (void)ss_feature_unknown(ps->lex.text);
        return NULL;
    }
    struct ss_feature_node *node = node_new(ps, SS_OP_NAME);
    return node && ss_feature_name_parse(ps, &node->name) == 0 ? node : NULL;
}

static struct ss_feature_node *primary(struct ss_feature_parser *ps)
{
    struct ss_feature_node *node;
    if (ss_lexer_at(&ps->lex, SS_TOKEN_SIGN, "(")) {
        ss_lexer_next(&ps->lex);
        node = ss_feature_expr_parse(ps);
        return node && ss_feature_sign_parse(ps, ")") == 0 ? node : NULL;
    }
    if (ss_lexer_at(&ps->lex, SS_TOKEN_SIGN, "-")) {
        ss_lexer_next(&ps->lex);
        if (++ps->depth > SS_FEATURE_DEPTH) {
            (void)ss_fail(SS_ECONFIG, "expression nested more than %d deep", SS_FEATURE_DEPTH);
            return NULL;
        }
        struct ss_feature_node *kid = primary(ps);
        ps->depth--;
        node = kid ? node_new(ps, SS_OP_NEG) : NULL;
        if (node) {
            node->kids = 1;
            node->kid[0] = kid;
        }
        return node;
    }
    if (ps->lex.token == SS_TOKEN_WORD)
        return word(ps);
    node = node_new(ps, SS_OP_CONST);
    return node && ss_feature_number_parse(ps, &node->num) == 0 ? node : NULL;
}

static struct ss_feature_node *product(struct ss_feature_parser *ps)
{
    struct ss_feature_node *node = primary(ps);
    while (node) {
        bool mul = ss_lexer_at(&ps->lex, SS_TOKEN_SIGN, "*");
        if (!mul && !ss_lexer_at(&ps->lex, SS_TOKEN_SIGN, "/"))
            break;
        ss_lexer_next(&ps->lex);
        node = two(ps, mul ? SS_OP_MUL : SS_OP_DIV, node, primary(ps));
    }
    return node;
}

struct ss_feature_node *ss_feature_expr_parse(struct ss_feature_parser *ps)
{
    if (++ps->depth > SS_FEATURE_DEPTH) {
        (void)ss_fail(SS_ECONFIG, "expression nested more than %d deep", SS_FEATURE_DEPTH);
        return NULL;
    }
    struct ss_feature_node *node = product(ps);
    while (node) {
        bool add = ss_lexer_at(&ps->lex, SS_TOKEN_SIGN, "+");
        if (!add && !ss_lexer_at(&ps->lex, SS_TOKEN_SIGN, "-"))
            break;
        ss_lexer_next(&ps->lex);
        node = two(ps, add ? SS_OP_ADD : SS_OP_SUB, node, product(ps));
    }
    ps->depth--;
    return node;
}
