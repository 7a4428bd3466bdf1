#include "feature/spec.h"
#include "base/err.h"
#include "base/time.h"
#include "feature/parse.h"
#include <stdlib.h>

static const char *const func_names[SS_FEATURE_FUNCS] = {
    "count", "sum", "mean",  "std",    "min",        "max",   "distinct", "first",
    "last",  "gap", "ratio", "zscore", "percentile", "speed", "distance"};

/* How a function of a window is written and what it may leave out. */
static const struct shape {
    bool needs_arg, may_arg, needs_over, including;
} shapes[SS_FEATURE_FUNCS] = {
    [SS_FEATURE_COUNT] = {false, false, false, true},     [SS_FEATURE_SUM] = {true, true, false, true},
    [SS_FEATURE_MEAN] = {true, true, false, false},       [SS_FEATURE_STD] = {true, true, false, false},
    [SS_FEATURE_MIN] = {true, true, true, false},         [SS_FEATURE_MAX] = {true, true, true, false},
    [SS_FEATURE_DISTINCT] = {true, true, true, true},     [SS_FEATURE_FIRST] = {true, true, false, false},
    [SS_FEATURE_LAST] = {true, true, false, false},       [SS_FEATURE_GAP] = {false, false, false, false},
    [SS_FEATURE_RATIO] = {true, true, false, false},      [SS_FEATURE_ZSCORE] = {true, true, false, false},
    [SS_FEATURE_PERCENTILE] = {true, true, true, false},  [SS_FEATURE_SPEED] = {false, false, false, false},
    [SS_FEATURE_DISTANCE] = {false, false, false, false},
};

const char *ss_feature_func_name(enum ss_feature_func func)
{
    return func < SS_FEATURE_FUNCS ? func_names[func] : "expression";
}

static bool at_word(const struct ss_feature_parser *ps, const char *word)
{
    return ss_lexer_at(&ps->lex, SS_TOKEN_WORD, word);
}

static int func_of(struct ss_str name)
{
    for (int i = 0; i < SS_FEATURE_FUNCS; i++)
        if (ss_str_is(name, func_names[i]))
            return i;
    return -1;
}

/* True where a window's function starts: its name, its arguments if any, then a word such as `by`. */
static bool is_window(const struct ss_feature_parser *ps)
{
    static const char *const clauses[] = {"by", "over", "where", "delay", "including", "excluding"};
    struct ss_lexer lex = ps->lex;
    int func = lex.token == SS_TOKEN_WORD ? func_of(lex.text) : -1, depth = 0;
    if (func < 0)
        return false;
    ss_lexer_next(&lex);
    if (ss_lexer_at(&lex, SS_TOKEN_SIGN, "(")) {
        do {
            depth += ss_lexer_at(&lex, SS_TOKEN_SIGN, "(");
            depth -= ss_lexer_at(&lex, SS_TOKEN_SIGN, ")");
            ss_lexer_next(&lex);
        } while (depth > 0 && lex.token != SS_TOKEN_END);
    }
    for (size_t i = 0; i < SS_COUNT(clauses); i++)
        if (ss_lexer_at(&lex, SS_TOKEN_WORD, clauses[i]))
            return true;
    /* These exist as windows only, so that a missing `by` gets its own message. */
    return func != SS_FEATURE_MIN && func != SS_FEATURE_MAX && func != SS_FEATURE_RATIO &&
           func != SS_FEATURE_DISTANCE;
}

static int parse_span(struct ss_feature_parser *ps, const char *what, int64_t *us)
{
    if (ps->lex.token != SS_TOKEN_SPAN || !ss_duration_parse(ps->lex.text.p, ps->lex.text.n, us))
        return ss_feature_unexpected(ps, what);
    if (*us > SS_FEATURE_WINDOW_US)
        return ss_fail(SS_ECONFIG, "'%.*s' is longer than ten years", (int)ps->lex.text.n, ps->lex.text.p);
    ss_lexer_next(&ps->lex);
    return 0;
}

static int parse_over(struct ss_feature_parser *ps, struct ss_feature_def *def)
{
    static const struct {
        const char *name;
        enum ss_feature_over over;
    } calendar[] = {{"day", SS_OVER_DAY}, {"week", SS_OVER_WEEK}, {"month", SS_OVER_MONTH}};
    for (size_t i = 0; i < SS_COUNT(calendar); i++) {
        if (at_word(ps, calendar[i].name)) {
            def->over = calendar[i].over;
            ss_lexer_next(&ps->lex);
            return 0;
        }
    }
    def->over = SS_OVER_SLIDING;
    return parse_span(ps, "a window such as 10m, 24h, 30d, or day, week, month", &def->window_us);
}

static int parse_by(struct ss_feature_parser *ps, struct ss_feature_def *def)
{
    for (bool more = true; more;) {
        struct ss_feature_name name = {0};
        if (def->keys == SS_FEATURE_KEYS)
            return ss_fail(SS_ECONFIG, "more than %d fields behind 'by'", SS_FEATURE_KEYS);
        int err = ss_feature_name_parse(ps, &name);
        if (err < 0)
            return err;
        for (uint32_t i = 0; i < def->keys; i++)
            if (ss_str_eq(def->key[i], name.text))
                return ss_fail(SS_ECONFIG, "'%s' twice behind 'by'", name.text.p);
        def->key[def->keys++] = name.text;
        more = ss_lexer_at(&ps->lex, SS_TOKEN_SIGN, ",");
        if (more)
            ss_lexer_next(&ps->lex);
    }
    return 0;
}

static int add_text(struct ss_feature_parser *ps, struct ss_feature_cond *cond)
{
    if (ps->lex.token != SS_TOKEN_STRING && ps->lex.token != SS_TOKEN_NUMBER)
        return ss_feature_unexpected(ps, "a text in double quotes");
    if (cond->n == SS_COUNT(cond->text))
        return ss_fail(SS_ECONFIG, "more than %zu values behind 'in'", SS_COUNT(cond->text));
    const char *copy = ss_arena_copy(&ps->spec->arena, ps->lex.text.p, ps->lex.text.n);
    if (!copy)
        return SS_ENOMEM;
    cond->text[cond->n++] = (struct ss_str){copy, ps->lex.text.n};
    cond->is_text = true;
    ss_lexer_next(&ps->lex);
    return 0;
}

static int parse_in(struct ss_feature_parser *ps, struct ss_feature_cond *cond)
{
    int err = ss_feature_sign_parse(ps, "(");
    for (bool more = true; err == 0 && more;) {
        err = add_text(ps, cond);
        more = ss_lexer_at(&ps->lex, SS_TOKEN_SIGN, ",");
        if (more)
            ss_lexer_next(&ps->lex);
    }
    return err < 0 ? err : ss_feature_sign_parse(ps, ")");
}

static int parse_cond(struct ss_feature_parser *ps, struct ss_feature_cond *cond)
{
    static const char *const signs[] = {"==", "!=", "<", "<=", ">", ">="};
    int err = ss_feature_name_parse(ps, &cond->what);
    if (err < 0)
        return err;
    if (at_word(ps, "in")) {
        cond->cmp = SS_CMP_IN;
        ss_lexer_next(&ps->lex);
        return parse_in(ps, cond);
    }
    size_t i = 0;
    while (i < SS_COUNT(signs) && !ss_lexer_at(&ps->lex, SS_TOKEN_SIGN, signs[i]))
        i++;
    if (i == SS_COUNT(signs))
        return ss_feature_unexpected(ps, "one of == != < <= > >= in");
    cond->cmp = (enum ss_feature_cmp)i;
    ss_lexer_next(&ps->lex);
    if (ps->lex.token != SS_TOKEN_STRING)
        return ss_feature_number_parse(ps, &cond->num);
    if (cond->cmp != SS_CMP_EQ && cond->cmp != SS_CMP_NE)
        return ss_fail(SS_ECONFIG, "texts have no order: use == or != or in with \"%.*s\"",
                       (int)ps->lex.text.n, ps->lex.text.p);
    return add_text(ps, cond);
}

static int parse_where(struct ss_feature_parser *ps, struct ss_feature_def *def)
{
    for (bool more = true; more;) {
        if (def->conds == SS_FEATURE_CONDS)
            return ss_fail(SS_ECONFIG, "more than %d conditions behind 'where'", SS_FEATURE_CONDS);
        int err = parse_cond(ps, &def->cond[def->conds++]);
        if (err < 0)
            return err;
        more = at_word(ps, "and");
        if (more)
            ss_lexer_next(&ps->lex);
    }
    return 0;
}

static int parse_current(struct ss_feature_parser *ps, struct ss_feature_def *def, bool including)
{
    if (!at_word(ps, "current"))
        return ss_feature_unexpected(ps, "'current'");
    def->including = including;
    ss_lexer_next(&ps->lex);
    return 0;
}

static int parse_default(struct ss_feature_parser *ps, struct ss_feature_def *def)
{
    def->has_default = true;
    return ss_feature_number_parse(ps, &def->fallback);
}

/* The clauses behind a window's function, in any order, each once. */
static int parse_clauses(struct ss_feature_parser *ps, struct ss_feature_def *def)
{
    static const char *const words[] = {"by", "over", "delay", "where", "including", "excluding", "default"};
    unsigned seen = 0;
    while (ps->lex.token != SS_TOKEN_END) {
        size_t i = 0;
        while (i < SS_COUNT(words) && !at_word(ps, words[i]))
            i++;
        if (i == SS_COUNT(words))
            return ss_feature_unexpected(ps, "by, over, where, delay, including, excluding or default");
        unsigned bit = i == 5 ? 1u << 4 : 1u << i;
        if (seen & bit)
            return ss_fail(SS_ECONFIG, "'%s' said twice", words[i]);
        seen |= bit;
        ss_lexer_next(&ps->lex);
        int err = i == 0   ? parse_by(ps, def)
                  : i == 1 ? parse_over(ps, def)
                  : i == 2 ? parse_span(ps, "a delay such as 7d", &def->delay_us)
                  : i == 3 ? parse_where(ps, def)
                  : i < 6  ? parse_current(ps, def, i == 4)
                           : parse_default(ps, def);
        if (err < 0)
            return err;
    }
    return 0;
}

static int parse_window_args(struct ss_feature_parser *ps, struct ss_feature_def *def)
{
    const struct shape *shape = &shapes[def->func];
    bool open = ss_lexer_at(&ps->lex, SS_TOKEN_SIGN, "(");
    if (shape->needs_arg && !open)
        return ss_fail(SS_ECONFIG, "'%s' of what? write %s(FIELD)", func_names[def->func],
                       func_names[def->func]);
    if (!shape->may_arg && open)
        return ss_fail(SS_ECONFIG, "'%s' takes no argument here", func_names[def->func]);
    if (!open)
        return 0;
    ss_lexer_next(&ps->lex);
    int err = ss_feature_name_parse(ps, &def->arg);
    if (err == 0 && def->func == SS_FEATURE_PERCENTILE) {
        err = ss_feature_sign_parse(ps, ",");
        err = err < 0 ? err : ss_feature_number_parse(ps, &def->percent);
        if (err == 0 && !(def->percent >= 0 && def->percent <= 100))
            return ss_fail(SS_ECONFIG, "percentile outside 0 to 100");
    }
    return err < 0 ? err : ss_feature_sign_parse(ps, ")");
}

static int check_window(const struct ss_feature_def *def)
{
    const char *func = func_names[def->func];
    bool positional = def->func == SS_FEATURE_GAP || def->func == SS_FEATURE_SPEED ||
                      def->func == SS_FEATURE_DISTANCE || def->func == SS_FEATURE_FIRST ||
                      def->func == SS_FEATURE_LAST || def->func == SS_FEATURE_RATIO;
    if (def->keys == 0)
        return ss_fail(SS_ECONFIG, "'%s' needs 'by FIELD', such as 'by user_id'", func);
    if (shapes[def->func].needs_over && def->over == SS_OVER_EVER)
        return ss_fail(SS_ECONFIG, "'%s' needs 'over WINDOW', such as 'over 30d'", func);
    if (positional && def->including)
        return ss_fail(SS_ECONFIG, "'%s' compares with what came before: it cannot include the current",
                       func);
    if (def->delay_us && (def->func == SS_FEATURE_SPEED || def->func == SS_FEATURE_DISTANCE))
        return ss_fail(SS_ECONFIG, "'%s' is between consecutive places: no delay", func);
    return 0;
}

static int parse_window(struct ss_feature_parser *ps, struct ss_feature_def *def)
{
    def->func = (enum ss_feature_func)func_of(ps->lex.text);
    def->including = shapes[def->func].including;
    ss_lexer_next(&ps->lex);
    int err = parse_window_args(ps, def);
    err = err < 0 ? err : parse_clauses(ps, def);
    if (err < 0)
        return err;
    if (def->delay_us)
        def->including = false; /* the record itself is not older than the delay */
    return check_window(def);
}

static bool holds_code(const struct ss_feature_node *node)
{
    bool found = node->op == SS_OP_CODE;
    for (uint32_t i = 0; i < node->kids && !found; i++)
        found = holds_code(node->kid[i]);
    return found;
}

static int parse_row(struct ss_feature_parser *ps, struct ss_feature_def *def)
{
    def->func = SS_FEATURE_ROW;
    def->expr = ss_feature_expr_parse(ps);
    if (!def->expr)
        return SS_ECONFIG;
    if (at_word(ps, "default")) {
        ss_lexer_next(&ps->lex);
        int err = parse_default(ps, def);
        if (err < 0)
            return err;
    }
    if (at_word(ps, "by") && def->expr->op == SS_OP_NAME)
        return ss_feature_unknown(def->expr->name.text);
    if (ps->lex.token != SS_TOKEN_END)
        return ss_feature_unexpected(ps, "an operator or the end of the line");
    if (def->expr->op == SS_OP_CODE)
        def->func = SS_FEATURE_TEXT;
    else if (holds_code(def->expr))
        return ss_fail(SS_ECONFIG, "code() is a text: it stands alone");
    if (def->func == SS_FEATURE_TEXT && def->has_default)
        return ss_fail(SS_ECONFIG, "code() has no default");
    return 0;
}

static int add_def(struct ss_feature_parser *ps, struct ss_str name, uint32_t line,
                   struct ss_feature_def **def)
{
    struct ss_feature_spec *spec = ps->spec;
    if (spec->n == SS_FEATURES_MAX)
        return ss_fail(SS_ECONFIG, "more than %d features", SS_FEATURES_MAX);
    if (ss_str_is(name, "set") || ss_str_is(name, "late") || memchr(name.p, '.', name.n))
        return ss_fail(SS_ECONFIG, "'%s' cannot be a feature's name", name.p);
    for (uint32_t i = 0; i < spec->n; i++)
        if (ss_str_eq(spec->def[i].name, name))
            return ss_fail(SS_ECONFIG, "feature '%s' is already on line %u", name.p, spec->def[i].line);
    *def = &spec->def[spec->n];
    (*def)->name = name;
    (*def)->line = line;
    return 0;
}

/* `a = features.a`, or with `code` before its parenthesis `a = code(features.a)`. */
static int carry_one(struct ss_feature_parser *ps, uint32_t line)
{
    struct ss_feature_name name = {0};
    struct ss_feature_def *def;
    struct ss_lexer behind = ps->lex;
    ss_lexer_next(&behind);
    bool text = at_word(ps, "code") && ss_lexer_at(&behind, SS_TOKEN_SIGN, "(");
    if (text) {
        ps->lex = behind;
        ss_lexer_next(&ps->lex);
    }
    if (ps->lex.token != SS_TOKEN_WORD)
        return ss_feature_unexpected(ps, "a feature of the stage before");
    int err = ss_feature_name_parse(ps, &name);
    err = err < 0 || !text ? err : ss_feature_sign_parse(ps, ")");
    err = err < 0 ? err : add_def(ps, name.text, line, &def);
    if (err < 0)
        return err;
    const size_t before = sizeof SS_FEATURE_CARRIED - 1;
    struct ss_feature_node *node = ss_arena_zalloc(&ps->spec->arena, 2 * sizeof *node);
    char *full = ss_arena_alloc(&ps->spec->arena, before + name.text.n + 1);
    if (!node || !full)
        return SS_ENOMEM;
    memcpy(full, SS_FEATURE_CARRIED, before);
    memcpy(full + before, name.text.p, name.text.n);
    full[before + name.text.n] = '\0';
    node[0] = (struct ss_feature_node){.op = SS_OP_NAME, .name.text = {full, before + name.text.n}};
    node[1] = (struct ss_feature_node){.op = SS_OP_CODE, .kids = 1, .kid = {&node[0]}};
    def->func = text ? SS_FEATURE_TEXT : SS_FEATURE_ROW;
    def->expr = &node[text];
    ps->spec->n++;
    return 0;
}

/* carry NAME, code(NAME), ... */
static int parse_carry(struct ss_feature_parser *ps, uint32_t line)
{
    int err = 0;
    for (bool more = true; more && err == 0;) {
        ss_lexer_next(&ps->lex); /* `carry`, or a comma */
        err = carry_one(ps, line);
        more = ss_lexer_at(&ps->lex, SS_TOKEN_SIGN, ",");
    }
    return err < 0 || ps->lex.token == SS_TOKEN_END ? err
                                                    : ss_feature_unexpected(ps, "',' or the end of the line");
}

static int parse_line(struct ss_feature_parser *ps, uint32_t line)
{
    struct ss_feature_name name = {0};
    struct ss_feature_def *def;
    struct ss_lexer behind = ps->lex;
    if (ps->lex.token != SS_TOKEN_WORD)
        return ss_feature_unexpected(ps, "a feature's name");
    ss_lexer_next(&behind);
    if (at_word(ps, "carry") && !ss_lexer_at(&behind, SS_TOKEN_SIGN, "="))
        return parse_carry(ps, line);
    int err = ss_feature_name_parse(ps, &name);
    if (err == 0 && name.field)
        err = ss_fail(SS_ECONFIG, "'%s' cannot be a feature's name", name.text.p);
    err = err < 0 ? err : add_def(ps, name.text, line, &def);
    err = err < 0 ? err : ss_feature_sign_parse(ps, "=");
    if (err < 0)
        return err;
    err = is_window(ps) ? parse_window(ps, def) : parse_row(ps, def);
    ps->spec->n += err == 0;
    return err;
}

int ss_feature_spec_parse(const char *text, size_t len, const char *file, struct ss_feature_spec **out)
{
    struct ss_feature_spec *spec = *out = NULL;
    if (len > SS_FEATURE_FILE_MAX)
        return ss_fail(SS_ECONFIG, "'%s' is longer than %zu bytes", file, SS_FEATURE_FILE_MAX);
    spec = calloc(1, sizeof *spec);
    if (!spec)
        return ss_fail(SS_ENOMEM, "out of memory for features");
    ss_arena_init(&spec->arena, 0);
    spec->file = ss_arena_copy(&spec->arena, file, strlen(file));
    int err = spec->file ? 0 : SS_ENOMEM;
    uint32_t line = 0;
    for (size_t at = 0; at < len && err == 0;) {
        const char *nl = memchr(text + at, '\n', len - at);
        size_t n = nl ? (size_t)(nl - text) - at : len - at;
        struct ss_feature_parser ps = {.spec = spec};
        line++;
        ss_lexer_init(&ps.lex, (struct ss_str){text + at, n});
        at += n + 1;
        if (ps.lex.token != SS_TOKEN_END)
            err = parse_line(&ps, line);
        if (err == SS_ECONFIG)
            err = ss_fail_in(err, "%s:%u: ", file, line);
    }
    if (err == 0 && spec->n == 0)
        err = ss_fail(SS_ECONFIG, "%s: no feature in this file", file);
    if (err < 0) {
        ss_feature_spec_free(spec);
        return err;
    }
    *out = spec;
    return 0;
}

void ss_feature_spec_free(struct ss_feature_spec *spec)
{
    if (!spec)
        return;
    ss_arena_free(&spec->arena);
    free(spec);
}
