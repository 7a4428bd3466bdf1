#include "rule/expr.h"
#include "base/err.h"
#include "rule/child.h"
#include "rule/filter.h"
#include "rule/graph.h"
#include "rule/libjq.h"
#include "rule/run.h"
#include <stdio.h>
#include <stdlib.h>

#define ARENA_MAX ((size_t)512 << 20)
#define EXPRS_MAX 100000

struct ss_exprs *ss_exprs_new(const struct ss_exprs_options *options)
{
    struct ss_exprs *set = calloc(1, sizeof *set);
    if (!set) {
        (void)ss_fail(SS_ENOMEM, "out of memory for expressions");
        return NULL;
    }
    if (options)
        set->opt = *options;
    ss_arena_init(&set->arena, ARENA_MAX);
    set->ticks = 1;
    return set;
}

void ss_exprs_free(struct ss_exprs *set)
{
    if (!set)
        return;
    ss_libjq_free(set->libjq);
    ss_jq_child_free(set->child);
    ss_arena_free(&set->arena);
    free(set->node);
    free(set->slot);
    free(set->column);
    free(set->regex);
    free(set->expr);
    ss_filter_free(set->filter);
    free(set);
}

static struct ss_str keep(struct ss_exprs *set, const char *message)
{
    const char *copy = ss_arena_copy(&set->arena, message, strlen(message));
    return ss_str_of(copy ? copy : "");
}

static int add_expr(struct ss_exprs *set, struct ss_str text, const char *where, struct ss_expr **out)
{
    if (set->exprs == EXPRS_MAX)
        return ss_fail(SS_ECONFIG, "%s: more than %d expressions", where, EXPRS_MAX);
    if (set->exprs == set->exprs_cap) {
        uint32_t cap = set->exprs_cap ? 2 * set->exprs_cap : 32;
        struct ss_expr *more = realloc(set->expr, cap * sizeof *more);
        if (!more)
            return ss_fail(SS_ENOMEM, "out of memory for expressions");
        set->expr = more;
        set->exprs_cap = cap;
    }
    struct ss_expr *e = &set->expr[set->exprs];
    memset(e, 0, sizeof *e);
    const char *copy = ss_arena_copy(&set->arena, text.p, text.n);
    const char *place = ss_arena_copy(&set->arena, where, strlen(where));
    if (!copy || !place)
        return SS_ENOMEM;
    e->text = (struct ss_str){copy, text.n};
    e->where = (struct ss_str){place, strlen(where)};
    e->why = SS_STR("");
    *out = e;
    return 0;
}

int ss_exprs_add(struct ss_exprs *set, struct ss_str text, const char *where, int *id)
{
    char message[256];
    size_t column;
    const struct ss_ast *ast;
    const char *why;
    struct ss_expr *e = NULL;
    if (text.n > SS_EXPR_TEXT_MAX)
        return ss_fail(SS_ECONFIG, "%s: an expression of %zu bytes is longer than %d", where, text.n,
                       SS_EXPR_TEXT_MAX);
    int err = add_expr(set, text, where, &e);
    if (err < 0)
        return err;
    enum ss_syntax syntax = ss_ast_parse(e->text, &set->arena, &ast, message, sizeof message, &column);
    if (syntax == SS_SYNTAX_OK) {
        column = 1;
        e->root = ss_graph_compile(set, set->exprs, ast, &why);
        if (e->root == SS_NODE_NONE && !why)
            return ss_fail(SS_ENOMEM, "out of memory for expressions");
        if (e->root == SS_NODE_NONE) {
            e->why = ss_str_of(why);
            syntax = ss_run_libjq(set, e, ast, message, sizeof message);
        }
    } else if (syntax == SS_SYNTAX_FULL) {
        e->root = SS_NODE_NONE;
        e->why = keep(set, message);
    }
    if (syntax == SS_SYNTAX_FULL && set->opt.full_jq)
        syntax = ss_run_child(set, e, message, sizeof message);
    if (syntax == SS_SYNTAX_FULL)
        return ss_fail(SS_ECONFIG, "%s: column %zu: %s (--full-jq runs it in a child process)", where, column,
                       message);
    if (syntax != SS_SYNTAX_OK)
        return ss_fail(SS_ECONFIG, "%s: column %zu: %s", where, column, message);
    *id = (int)set->exprs++;
    return 0;
}

size_t ss_exprs_count(const struct ss_exprs *set)
{
    return set->exprs;
}

enum ss_expr_kind ss_expr_kind(const struct ss_exprs *set, int id)
{
    return (enum ss_expr_kind)set->expr[id].kind;
}

const char *ss_expr_why(const struct ss_exprs *set, int id)
{
    return set->expr[id].why.p;
}

int ss_exprs_bind(struct ss_exprs *set, struct ss_schema *schema, bool may_add_slots)
{
    set->schema = schema;
    for (uint32_t i = 0; i < set->columns; i++) {
        struct ss_column *c = &set->column[i];
        if (c->parent >= 0)
            continue;
        c->slot = (int32_t)ss_map_find(&schema->names, c->name);
        /* Beyond the schema's room the record's text is looked at: slower, but right. */
        if (c->slot < 0 && may_add_slots && ss_schema_size(schema) < SS_SLOTS_MAX)
            c->slot = ss_schema_slot(schema, c->name);
    }
    return ss_filter_build(set);
}

int ss_exprs_batch(struct ss_exprs *set, const struct ss_batch *batch)
{
    set->batch_from = batch->rec;
    return set->child ? ss_jq_child_batch(set->child, batch) : 0;
}

void ss_exprs_begin(struct ss_exprs *set, const struct ss_record *rec, struct ss_arena *arena)
{
    set->rec = rec;
    set->made = arena;
    set->tick[0] = ++set->ticks;
}

static enum ss_outcome outcome(struct ss_exprs *set, int id, struct ss_val *out)
{
    struct ss_expr *e = &set->expr[id];
    set->steps = 0;
    set->bytes = 0;
    if (SS_LIKELY(e->kind == SS_EXPR_NATIVE))
        return ss_eval(set, e->root, out);
    if (e->stamp != set->tick[0]) {
        e->outcome = (uint8_t)(e->kind == SS_EXPR_LIBJQ ? ss_run_record(set, e, &e->val)
                                                        : ss_run_answer(set, e, &e->val));
        if (e->outcome == SS_OUT_ERROR)
            e->val = set->fault;
        e->stamp = set->tick[0];
    } else if (e->outcome == SS_OUT_ERROR) {
        set->fault = e->val;
    }
    *out = e->val;
    return (enum ss_outcome)e->outcome;
}

/* Apart from the look at the filter, which for most is all, so that that one needs no room of its own. */
__attribute__((noinline)) static int test(struct ss_exprs *set, int id)
{
    struct ss_val v;
    enum ss_outcome o = outcome(set, id, &v);
    return o == SS_OUT_ERROR                       ? SS_EXPR_ERROR
           : o == SS_OUT_VALUE && ss_val_truth(&v) ? SS_EXPR_TRUE
                                                   : SS_EXPR_FALSE;
}

int ss_expr_test(struct ss_exprs *set, int id)
{
    if (SS_LIKELY(set->filter && set->rec)) {
        if (!(ss_filter_maybe(set)[(uint32_t)id / 64] >> ((uint32_t)id % 64) & 1))
            return SS_EXPR_FALSE;
        if (ss_filter_decides(set->filter, (uint32_t)id))
            return SS_EXPR_TRUE;
    }
    return test(set, id);
}

const uint64_t *ss_exprs_maybe(struct ss_exprs *set)
{
    return ss_filter_maybe(set);
}

int ss_expr_text(struct ss_exprs *set, int id, struct ss_buf *to)
{
    struct ss_val v;
    enum ss_outcome o = outcome(set, id, &v);
    if (o != SS_OUT_VALUE)
        return o == SS_OUT_ERROR ? SS_EXPR_ERROR : SS_EXPR_FALSE;
    if (v.type == SS_VAL_STRING)
        ss_buf_put(to, v.str, v.n);
    else
        ss_val_put(&v, to);
    return SS_EXPR_TRUE;
}

int ss_expr_json(struct ss_exprs *set, int id, struct ss_buf *to)
{
    struct ss_val v;
    enum ss_outcome o = outcome(set, id, &v);
    if (o == SS_OUT_ERROR)
        return SS_EXPR_ERROR;
    if (o == SS_OUT_EMPTY)
        ss_buf_puts(to, "empty");
    else
        ss_val_put(&v, to);
    return o == SS_OUT_EMPTY ? SS_EXPR_FALSE : SS_EXPR_TRUE;
}

const char *ss_expr_error(const struct ss_exprs *set)
{
    struct ss_exprs *s =
        (struct ss_exprs *)set; /* the message is put together here, not where it is raised */
    if (s->fault.big) {
        snprintf(s->message, sizeof s->message, "%.*s", (int)s->fault.n, s->fault.str);
        return s->message;
    }
    uint32_t type[2] = {set->fault.type, set->fault.n}, n = 0, used = 0;
    for (const char *p = set->fault.str ? set->fault.str : "no error"; *p && n < sizeof s->message - 16;
         p++) {
        if (*p != '%') {
            s->message[n++] = *p;
            continue;
        }
        struct ss_val v = {.type = (uint8_t)type[used < 2 ? used++ : 1]};
        const char *name = ss_val_type_name(&v);
        memcpy(s->message + n, name, strlen(name));
        n += (uint32_t)strlen(name);
    }
    s->message[n] = '\0';
    return s->message;
}
