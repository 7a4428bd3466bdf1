#include "rule/allow.h"
#include "rule/effort.h"
#include "rule/expr.h"
#include "rule/token.h"
#include "rule/vocabulary.h"
#include <stdio.h>

#define WORK_MAX  1e6  /* of jq's steps, some 0.1 to 1 us each */
#define SIZE_MAX_ 1e7  /* bytes or items of any one value */
#define BYTES_MIN 1024 /* inputs up to this long must be possible */

/* ---- which fields of the record it reads ---- */

static void fields_of(struct ss_judge *j, const struct ss_ast *a)
{
    switch (a->op) {
    case SS_AST_DOT: j->out->whole = true; return;
    case SS_AST_INDEX:
        if (a->kid[0]->op == SS_AST_DOT && a->kid[1]->op == SS_AST_CONST &&
            a->kid[1]->val.type == SS_VAL_STRING) {
            ss_judge_note(j, &j->out->field, &j->out->fields,
                          (struct ss_str){a->kid[1]->val.str, a->kid[1]->val.n});
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
    struct ss_judge j = {.arena = arena, .out = out, .message = message, .message_size = message_size};
    for (double bytes = BYTES_MIN; bytes <= (1 << 24); bytes *= 2) {
        struct ss_effort c = ss_effort_of(&j, ast, bytes);
        if (j.state != SS_SYNTAX_OK)
            return j.state;
        if (!(c.work <= WORK_MAX) || !(c.size <= SIZE_MAX_) || !(c.total <= SIZE_MAX_))
            break;
        out->bytes_max = (uint32_t)bytes;
    }
    if (out->bytes_max < BYTES_MIN)
        ss_judge_refuse(&j, SS_SYNTAX_FULL, "its loops may take too much work for a record of %d bytes",
                        BYTES_MIN);
    else if (j.makes_objects && j.indexes_freely)
        ss_judge_refuse(&j, SS_SYNTAX_FULL, "it makes objects and indexes by what it computes");
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
    return t.kind == SS_TOKEN_NAME && (ss_function_never(t.text) || memmem(t.text.p, t.text.n, "::", 2));
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
