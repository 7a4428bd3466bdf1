#include "rule/run.h"
#include "base/err.h"
#include "rule/allow.h"
#include "rule/child.h"
#include "rule/libjq.h"
#include <stdio.h>

#define LIST_MAX 10000 /* entries that libjq gets as an array */

struct entries {
    struct ss_exprs *set;
    struct ss_val *at;
    uint32_t n;
    bool full;
};

static bool take_entry(void *to, struct ss_str text)
{
    struct entries *e = to;
    const char *copy = e->n < LIST_MAX ? ss_arena_copy(&e->set->arena, text.p, text.n) : NULL;
    if (!copy) {
        e->full = true;
        return false;
    }
    e->at[e->n++] = ss_val_string(copy, text.n);
    return true;
}

/* {"name": [entries]} for the lists that the expression names. */
static bool make_lists(struct ss_exprs *set, const struct ss_allowed *allowed, struct ss_val *out,
                       char *message, size_t message_size)
{
    const struct ss_expr_lists *lists = &set->opt.lists;
    struct ss_member *m = ss_arena_alloc(&set->arena, allowed->lists * sizeof *m + 1);
    for (uint32_t i = 0; m && i < allowed->lists; i++) {
        struct ss_str name = allowed->list[i];
        int number = lists->find ? lists->find(lists->ctx, name) : -1;
        struct entries e = {.set = set, .at = ss_arena_alloc(&set->arena, LIST_MAX * sizeof *e.at)};
        if (number < 0) {
            snprintf(message, message_size, "unknown list '%.*s'", (int)name.n, name.p);
            return false;
        }
        if (!e.at || !lists->each || !lists->each(lists->ctx, number, take_entry, &e) || e.full) {
            snprintf(message, message_size,
                     "list '%.*s' can only be looked up as in '.field | IN($lists.%.*s[])', in an expression "
                     "that is "
                     "native otherwise",
                     (int)name.n, name.p, (int)name.n, name.p);
            return false;
        }
        m[i].key = ss_val_string(name.p, name.n);
        m[i].val = (struct ss_val){.type = SS_VAL_ARRAY, .n = e.n, .at = e.at};
    }
    *out = (struct ss_val){.type = SS_VAL_OBJECT, .n = allowed->lists, .member = m};
    return m != NULL;
}

static bool note_columns(struct ss_exprs *set, struct ss_expr *e, const struct ss_allowed *allowed)
{
    e->whole = allowed->whole;
    e->columns = allowed->fields;
    e->column = ss_arena_alloc(&set->arena, allowed->fields * sizeof *e->column + 1);
    for (uint32_t i = 0; e->column && i < allowed->fields; i++) {
        e->column[i] = ss_graph_column(set, -1, 0, allowed->field[i]);
        if (e->column[i] == SS_NODE_NONE)
            return false;
    }
    return e->column != NULL;
}

enum ss_syntax ss_run_libjq(struct ss_exprs *set, struct ss_expr *e, const struct ss_ast *ast, char *message,
                            size_t message_size)
{
    struct ss_allowed allowed;
    struct ss_val lists;
    enum ss_syntax syntax = ss_allow(ast, &set->arena, &allowed, message, message_size);
    if (syntax != SS_SYNTAX_OK)
        return syntax;
    if (!make_lists(set, &allowed, &lists, message, message_size))
        return SS_SYNTAX_WRONG;
    if (!set->libjq)
        set->libjq = ss_libjq_new();
    if (!set->libjq || !note_columns(set, e, &allowed)) {
        snprintf(message, message_size, "out of memory");
        return SS_SYNTAX_WRONG;
    }
    if (ss_libjq_add(set->libjq, e->text, allowed.lists ? &lists : NULL, &e->program) < 0) {
        snprintf(message, message_size, "%s", ss_err_text());
        return SS_SYNTAX_WRONG;
    }
    e->kind = SS_EXPR_LIBJQ;
    e->bytes_max = allowed.bytes_max;
    return SS_SYNTAX_OK;
}

enum ss_syntax ss_run_child(struct ss_exprs *set, struct ss_expr *e, char *message, size_t message_size)
{
    enum ss_syntax syntax = ss_allow_child(e->text, message, message_size);
    if (syntax != SS_SYNTAX_OK)
        return syntax;
    if (!set->child)
        set->child = ss_jq_child_new(&set->opt);
    if (!set->child || ss_jq_child_add(set->child, e->text, e->where, (int)set->exprs, &e->program) < 0) {
        snprintf(message, message_size, "%s", ss_err_text());
        return SS_SYNTAX_WRONG;
    }
    e->kind = SS_EXPR_CHILD;
    return SS_SYNTAX_OK;
}

/* jq's own message, taken literally. */
static enum ss_outcome fail_with(struct ss_exprs *set, struct ss_str text)
{
    set->fault = (struct ss_val){.big = true, .n = (uint32_t)text.n, .str = text.p};
    return SS_OUT_ERROR;
}

enum ss_outcome ss_run_record(struct ss_exprs *set, const struct ss_expr *e, struct ss_val *out)
{
    struct ss_val input;
    if (set->rec->len > e->bytes_max)
        return ss_eval_fail(set, "the record is too long for this expression within the process", NULL, NULL);
    if (e->whole) {
        if (ss_eval(set, 0, &input) != SS_OUT_VALUE)
            return SS_OUT_ERROR;
    } else {
        struct ss_member *m = ss_eval_alloc(set, e->columns * sizeof *m);
        if (!m)
            return SS_OUT_ERROR;
        for (uint32_t i = 0; i < e->columns; i++) {
            const struct ss_column *c = &set->column[e->column[i]];
            m[i].key = ss_val_string(c->name.p, c->name.n);
            if (ss_column_value(set, e->column[i], &m[i].val) != SS_OUT_VALUE)
                return SS_OUT_ERROR;
        }
        input = (struct ss_val){.type = SS_VAL_OBJECT, .n = e->columns, .member = m};
    }
    switch (ss_libjq_run(set->libjq, e->program, &input, set->made, out)) {
    case SS_LIBJQ_VALUE: return SS_OUT_VALUE;
    case SS_LIBJQ_EMPTY: return SS_OUT_EMPTY;
    default: return fail_with(set, (struct ss_str){out->str, out->n});
    }
}

enum ss_outcome ss_run_answer(struct ss_exprs *set, const struct ss_expr *e, struct ss_val *out)
{
    struct ss_jq_answer a = ss_jq_child_answer(set->child, (size_t)(set->rec - set->batch_from), e->program);
    if (a.result == SS_LIBJQ_EMPTY)
        return SS_OUT_EMPTY;
    if (a.result == SS_LIBJQ_ERROR) {
        const char *why = ss_arena_copy(set->made, a.text.p, a.text.n);
        return fail_with(set, why ? (struct ss_str){why, a.text.n} : SS_STR("out of memory"));
    }
    if (!ss_val_parse(a.text.p, a.text.n, set->made, out))
        return ss_eval_fail(set, "jq's answer is too large", NULL, NULL);
    return SS_OUT_VALUE;
}
