#include "ingest/plan.h"
#include "base/err.h"
#include "base/hash.h"
#include "ingest/header.h"
#include "json/write.h"
#include "record/batch.h"
#include <stdlib.h>

#define KEY_BYTES_MAX ((size_t)8 << 20)

/* While a plan is being made. */
struct maker {
    struct ss_plan *plan;
    const struct ss_planner *planner;
    const struct ss_str *name; /* of columns, without escapes */
    uint32_t n;
    bool json;
    bool *used;                  /* columns that a rule has taken */
    bool taken[SS_FIRST_MEMBER]; /* canonical fields that have their column */
    struct ss_map names;         /* of columns */
    uint32_t *first;             /* by number in `names`: the first column of that name */
    struct ss_map keys;          /* of the output */
    struct ss_buf scratch;
};

static const char *fault(struct maker *m, const char *fmt, ...) SS_PRINTF(2, 3);

static const char *fault(struct maker *m, const char *fmt, ...)
{
    char text[512];
    va_list ap;
    va_start(ap, fmt);
    int n = vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    if (n >= (int)sizeof text)
        n = sizeof text - 1;
    const char *copy = ss_arena_copy(m->plan->arena, text, n < 0 ? 0 : (size_t)n);
    if (!m->plan->fault)
        m->plan->fault = copy ? copy : "header cannot be read";
    return m->plan->fault;
}

static int64_t find_column(struct maker *m, struct ss_str name)
{
    int64_t id = ss_map_find(&m->names, name);
    return id < 0 ? -1 : (int64_t)m->first[id];
}

static int read_names(struct maker *m)
{
    for (uint32_t c = 0; c < m->n; c++) {
        int64_t id = ss_map_add(&m->names, m->name[c]);
        if (id < 0)
            return SS_ENOMEM;
        if (m->first[id] == UINT32_MAX) {
            m->first[id] = c;
            continue;
        }
        if (!m->json)
            fault(m, "column '%.*s' twice", (int)(m->name[c].n > 80 ? 80 : m->name[c].n), m->name[c].p);
    }
    return 0;
}

static struct ss_op *add_op(struct maker *m, enum ss_op_kind kind, uint64_t order)
{
    struct ss_op *op = &m->plan->op[m->plan->n++];
    *op = (struct ss_op){.kind = kind, .slot = -1, .aside_slot = -1, .last4_slot = -1, .order = order};
    return op;
}

/* ,"name": as it is written, with readable bytes behind it so that it can be copied in blocks. */
static int make_key(struct maker *m, struct ss_str name, struct ss_str *key)
{
    ss_buf_reset(&m->scratch);
    ss_buf_putc(&m->scratch, ',');
    ss_json_put_string(&m->scratch, name);
    ss_buf_putc(&m->scratch, ':');
    if (ss_buf_check(&m->scratch) < 0)
        return SS_ENOMEM;
    char *p = ss_arena_zalloc(m->plan->arena, m->scratch.n + SS_JSON_PADDING);
    if (!p)
        return SS_ENOMEM;
    memcpy(p, m->scratch.p, m->scratch.n);
    *key = (struct ss_str){p, m->scratch.n};
    return 0;
}

static int slot_of_key(struct maker *m, struct ss_str name)
{
    return (int)ss_map_find(&m->planner->schema->names, name);
}

static int in_name(struct maker *m, struct ss_str name, struct ss_str *out)
{
    char *p = ss_arena_alloc(m->plan->arena, name.n + 3);
    if (!p)
        return SS_ENOMEM;
    memcpy(p, "in_", 3);
    memcpy(p + 3, name.p, name.n);
    *out = (struct ss_str){p, name.n + 3};
    return 0;
}

/* Gives the op its key: `name`, or in_name, in_in_name, ... where that is taken. */
static int set_key(struct maker *m, struct ss_op *op, struct ss_str name)
{
    int err;
    while (ss_map_find(&m->keys, name) >= 0) {
        op->renamed = true;
        if ((err = in_name(m, name, &name)) < 0)
            return err;
    }
    if (ss_map_add(&m->keys, name) < 0)
        return SS_ENOMEM;
    op->slot = (int16_t)slot_of_key(m, name);
    return make_key(m, name, &op->key);
}

static int set_aside_key(struct maker *m, struct ss_op *op, struct ss_str name)
{
    int err;
    do
        if ((err = in_name(m, name, &name)) < 0)
            return err;
    while (ss_map_find(&m->keys, name) >= 0);
    if (ss_map_add(&m->keys, name) < 0)
        return SS_ENOMEM;
    op->aside_slot = (int16_t)slot_of_key(m, name);
    return make_key(m, name, &op->aside);
}

/* What a canonical field wants of its text. */
static enum ss_op_kind kind_of_slot(int slot)
{
    switch (slot) {
    case SS_TXN_ID:
    case SS_USER_ID:
    case SS_CARD_ID:
    case SS_ACCOUNT_ID:
    case SS_MERCHANT_ID:
    case SS_DEVICE_ID: return SS_OP_ID;
    case SS_TIMESTAMP: return SS_OP_TIME;
    case SS_AMOUNT: return SS_OP_AMOUNT;
    case SS_LAT:
    case SS_LON: return SS_OP_DEGREES;
    case SS_LABEL: return SS_OP_LABEL;
    }
    return slot < 0 ? SS_OP_VALUE : SS_OP_TEXT;
}

static enum ss_op_kind kind_of_rule(const struct ss_rule *rule)
{
    static const enum ss_op_kind by_source[] = {SS_OP_VALUE, SS_OP_CONSTANT, SS_OP_ROW, SS_OP_HASH};
    static const enum ss_op_kind by_type[] = {SS_OP_VALUE, SS_OP_NUMBER, SS_OP_NUMBER,
                                              SS_OP_TEXT,  SS_OP_TIME,   SS_OP_IS};
    if (rule->source != SS_RULE_COLUMN)
        return by_source[rule->source];
    if (rule->pan)
        return SS_OP_PAN;
    enum ss_op_kind wanted = kind_of_slot(rule->slot);
    if (rule->type == SS_TYPE_AUTO || wanted == SS_OP_AMOUNT || wanted == SS_OP_DEGREES)
        return wanted;
    return by_type[rule->type];
}

static int finish_op(struct maker *m, struct ss_op *op, struct ss_str name, int slot)
{
    int err = 0;
    if (slot >= 0 && slot < SS_FIRST_MEMBER)
        m->taken[slot] = true;
    op->limit = slot == SS_LAT ? 90 : 180;
    if ((err = set_key(m, op, name)) == 0 && (op->kind == SS_OP_DEGREES || op->kind == SS_OP_LABEL))
        err = set_aside_key(m, op, name);
    return err;
}

static uint64_t order_of(int slot, uint64_t column)
{
    return slot >= 0 && slot < SS_FIRST_MEMBER ? (uint64_t)slot : SS_FIRST_MEMBER + column;
}

/* The rule's columns by number. False when one lacks (and nothing is to be done for this rule). */
static bool find_columns(struct maker *m, const struct ss_field_map *map, const struct ss_rule *rule,
                         uint32_t *column)
{
    for (uint32_t i = 0; i < rule->columns; i++) {
        int64_t c = find_column(m, rule->column[i]);
        if (c < 0) {
            if (!rule->optional && !m->json)
                fault(m, "no column '%.*s', which %s:%u asks for", (int)rule->column[i].n, rule->column[i].p,
                      map->name, rule->line);
            return false;
        }
        column[i] = (uint32_t)c;
    }
    return true;
}

static int apply_rule(struct maker *m, const struct ss_field_map *map, const struct ss_rule *rule,
                      bool shipped)
{
    uint32_t *column = ss_arena_alloc(m->plan->arena, SS_COLUMNS_MAX * sizeof *column);
    if (!column)
        return SS_ENOMEM;
    if (!find_columns(m, map, rule, column))
        return 0;
    uint64_t at = SS_PLAN_COLUMNS_MAX + rule->line; /* constants: behind all columns */
    if (rule->source == SS_RULE_COLUMN)
        at = column[0];
    struct ss_op *op = add_op(m, kind_of_rule(rule), order_of(rule->slot, at));
    op->rule = rule;
    op->column = column;
    op->columns = rule->columns;
    if (op->kind == SS_OP_PAN && shipped && !m->planner->hides_pan) {
        m->plan->pan_kept = true;
        op->kind = rule->type == SS_TYPE_TEXT ? SS_OP_TEXT : SS_OP_ID;
    }
    if (op->kind == SS_OP_CONSTANT || op->kind == SS_OP_ROW)
        m->plan->fixed_bytes += rule->constant.n;
    bool in_place = rule->source == SS_RULE_COLUMN && rule->columns == 1 && !m->used[column[0]];
    if (in_place) {
        m->plan->op_of[column[0]] = (int32_t)(m->plan->n - 1);
        op->renamed = !ss_str_eq(rule->field, m->name[column[0]]);
    }
    op->in_place = in_place;
    for (uint32_t i = 0; rule->source == SS_RULE_COLUMN && i < rule->columns; i++)
        m->used[column[i]] = true;
    return finish_op(m, op, rule->field, rule->slot);
}

/* The last four digits stand once, behind card_id where that is one of the fields with a card number. */
static int place_last4(struct maker *m)
{
    struct ss_op *best = NULL;
    for (uint32_t i = 0; i < m->plan->n; i++) {
        struct ss_op *op = &m->plan->op[i];
        if (op->kind == SS_OP_PAN && (!best || op->rule->slot == SS_CARD_ID))
            best = op;
    }
    if (!best || ss_map_find(&m->keys, SS_STR("card_last4")) >= 0)
        return 0;
    best->writes_last4 = true;
    best->last4_slot = (int16_t)slot_of_key(m, SS_STR("card_last4"));
    return ss_map_add(&m->keys, SS_STR("card_last4")) < 0 ? SS_ENOMEM : 0;
}

/* A column whose canonical field is known without a map. */
static int apply_name(struct maker *m, uint32_t c, int slot)
{
    struct ss_str name = ss_str_of(ss_slot_name((enum ss_slot)slot));
    struct ss_op *op = add_op(m, kind_of_slot(slot), order_of(slot, c));
    op->column = ss_arena_alloc(m->plan->arena, sizeof *op->column);
    if (!op->column)
        return SS_ENOMEM;
    *op->column = c;
    op->columns = 1;
    op->in_place = true;
    op->renamed = !ss_str_eq(name, m->name[c]);
    m->used[c] = true;
    m->plan->op_of[c] = (int32_t)(m->plan->n - 1);
    return finish_op(m, op, name, slot);
}

static int apply_canonical_names(struct maker *m)
{
    for (int slot = 0; slot < SS_FIRST_MEMBER; slot++) {
        int64_t c = m->taken[slot] ? -1 : find_column(m, ss_str_of(ss_slot_name((enum ss_slot)slot)));
        if (c < 0 || m->used[c])
            continue;
        int err = apply_name(m, (uint32_t)c, slot);
        if (err < 0)
            return err;
    }
    return 0;
}

static int apply_known_names(struct maker *m)
{
    for (int slot = 0; slot < SS_FIRST_MEMBER; slot++) {
        uint32_t best = UINT32_MAX;
        int best_rank = 0;
        for (uint32_t c = 0; c < m->n && !m->taken[slot]; c++) {
            int rank = m->used[c] ? 0 : ss_header_rank(slot, m->name[c]);
            if (rank && (!best_rank || rank < best_rank)) {
                best_rank = rank;
                best = c;
            }
        }
        int err = best_rank ? apply_name(m, best, slot) : 0;
        if (err < 0)
            return err;
    }
    return 0;
}

/* Everything else is kept under its own name, unless that name means something to us. */
static int keep_the_rest(struct maker *m)
{
    for (uint32_t c = 0; c < m->n; c++) {
        if (m->used[c])
            continue;
        struct ss_str name = m->name[c];
        int slot = ss_slot_of(name);
        bool member = slot >= SS_FIRST_MEMBER;
        bool again = m->json && find_column(m, name) != (int64_t)c;
        if (again && (slot >= 0 || m->used[find_column(m, name)])) {
            fault(m, "field '%.*s' twice", (int)(name.n > 80 ? 80 : name.n), name.p);
            return 0;
        }
        struct ss_op *op = add_op(m, member && m->json ? SS_OP_MEMBER : SS_OP_VALUE, order_of(-1, c));
        op->column = ss_arena_alloc(m->plan->arena, sizeof *op->column);
        if (!op->column)
            return SS_ENOMEM;
        *op->column = c;
        op->columns = 1;
        op->in_place = true;
        m->plan->op_of[c] = (int32_t)(m->plan->n - 1);
        int err = 0;
        if (again) { /* JSON's own business: kept as it is */
            err = make_key(m, name, &op->key);
        } else if (op->kind == SS_OP_MEMBER) {
            op->slot = (int16_t)slot;
            err = make_key(m, name, &op->key);
            if (!err)
                err = set_aside_key(m, op, name);
        } else {
            op->renamed = slot >= 0;
            err = slot >= 0 ? in_name(m, name, &name) : 0;
            if (!err)
                err = set_key(m, op, name);
        }
        if (err < 0)
            return err;
    }
    return 0;
}

static const struct ss_field_map *choose_shipped(struct maker *m)
{
    for (uint32_t i = 0; i < m->planner->n_shipped; i++) {
        const struct ss_field_map *map = &m->planner->shipped[i];
        uint32_t has = 0;
        while (has < map->n_signature && find_column(m, map->signature[has]) >= 0)
            has++;
        if (has && has == map->n_signature)
            return map;
    }
    return NULL;
}

static int by_order(const void *a, const void *b)
{
    const struct ss_op *x = a, *y = b;
    return x->order < y->order ? -1 : x->order > y->order;
}

static void sort_ops(struct ss_plan *plan)
{
    qsort(plan->op, plan->n, sizeof *plan->op, by_order);
    for (uint32_t c = 0; c < plan->columns; c++)
        plan->op_of[c] = -1;
    for (uint32_t i = 0; i < plan->n; i++) {
        struct ss_op *op = &plan->op[i];
        if (op->in_place)
            plan->op_of[op->column[0]] = (int32_t)i;
        plan->edits |= op->renamed || !op->in_place || op->rule;
        plan->fixed_bytes += op->key.n + op->aside.n + 2 * SS_JSON_PADDING;
    }
}

/* A column may go into several fields: each of them needs room for its text. */
static int count_copies(struct ss_plan *plan)
{
    uint32_t *uses = ss_arena_zalloc(plan->arena, (plan->columns + 1) * sizeof *uses);
    if (!uses)
        return SS_ENOMEM;
    plan->copies = 1;
    for (uint32_t i = 0; i < plan->n; i++)
        for (uint32_t k = 0; k < plan->op[i].columns; k++)
            if (++uses[plan->op[i].column[k]] > plan->copies)
                plan->copies = uses[plan->op[i].column[k]];
    return 0;
}

static int make_ops(struct maker *m)
{
    const struct ss_field_map *map = m->planner->map;
    bool shipped = !map;
    int err = read_names(m);
    if (err < 0)
        return err;
    if (!map && (map = choose_shipped(m)))
        m->plan->shipped = map->name;
    for (uint32_t i = 0; map && i < map->n && !err; i++)
        err = apply_rule(m, map, &map->rule[i], shipped);
    if (!err)
        err = place_last4(m);
    if (!err)
        err = apply_canonical_names(m);
    if (!err && !map)
        err = apply_known_names(m);
    if (!err)
        err = keep_the_rest(m);
    if (err < 0)
        return err;
    m->plan->has_type = m->taken[SS_TYPE];
    if (!m->json && !m->taken[SS_TIMESTAMP])
        fault(m, "no column for 'timestamp' (a map says which it is: timestamp = COLUMN)");
    if (!m->json && !m->taken[SS_AMOUNT] && !m->taken[SS_TYPE])
        fault(m, "no column for 'amount' (a map says which it is: amount = COLUMN)");
    sort_ops(m->plan);
    return count_copies(m->plan);
}

static int copy_names(struct ss_plan *plan, const struct ss_str *name, uint32_t n)
{
    plan->columns = n;
    plan->name = ss_arena_alloc(plan->arena, (n + 1) * sizeof *plan->name);
    plan->op_of = ss_arena_alloc(plan->arena, (n + 1) * sizeof *plan->op_of);
    plan->pan_like = ss_arena_zalloc(plan->arena, (n + 1) * sizeof *plan->pan_like);
    plan->op = ss_arena_alloc(plan->arena, (n + SS_RULES_MAX + 1) * sizeof *plan->op);
    if (!plan->name || !plan->op_of || !plan->pan_like || !plan->op)
        return SS_ENOMEM;
    for (uint32_t c = 0; c < n; c++) {
        char *p = ss_arena_copy(plan->arena, name[c].p, name[c].n);
        if (!p)
            return SS_ENOMEM;
        plan->name[c] = (struct ss_str){p, name[c].n};
        plan->op_of[c] = -1;
    }
    return 0;
}

/* Names as the plan sees them: JSON's without escapes, CSV's empty ones by their number. */
static struct ss_str *clean_names(struct ss_plan *plan, bool json)
{
    struct ss_str *clean = ss_arena_alloc(plan->arena, (plan->columns + 1) * sizeof *clean);
    for (uint32_t c = 0; clean && c < plan->columns; c++) {
        clean[c] = json ? ss_json_unescape(plan->name[c], plan->arena) : ss_str_trim(plan->name[c]);
        if (!json && clean[c].n == 0) {
            char text[24];
            int n = snprintf(text, sizeof text, "column_%u", c + 1);
            clean[c].p = ss_arena_copy(plan->arena, text, (size_t)n);
            clean[c].n = (size_t)n;
        }
        if (!clean[c].p)
            return NULL;
    }
    return clean;
}

int ss_plan_make(struct ss_plan *plan, const struct ss_planner *planner, const struct ss_str *name,
                 uint32_t n, bool json, struct ss_arena *arena)
{
    *plan = (struct ss_plan){.arena = arena};
    struct maker m = {.plan = plan, .planner = planner, .n = n, .json = json};
    if (n > SS_PLAN_COLUMNS_MAX) {
        fault(&m, "%u columns, more than %d", n, SS_PLAN_COLUMNS_MAX);
        return 0;
    }
    int err = copy_names(plan, name, n);
    ss_map_init(&m.names, SS_PLAN_COLUMNS_MAX + 1);
    ss_map_init(&m.keys, 8 * SS_PLAN_COLUMNS_MAX);
    ss_buf_init(&m.scratch, KEY_BYTES_MAX);
    m.used = err < 0 ? NULL : ss_arena_zalloc(plan->arena, n + 1);
    m.first = err < 0 ? NULL : ss_arena_alloc(plan->arena, (n + 1) * sizeof *m.first);
    m.name = err < 0 ? NULL : clean_names(plan, json);
    if (!m.used || !m.first || !m.name) {
        err = SS_ENOMEM;
    } else {
        memset(m.first, 0xff, (n + 1) * sizeof *m.first);
        err = make_ops(&m);
    }
    ss_map_free(&m.names);
    ss_map_free(&m.keys);
    ss_buf_free(&m.scratch);
    return err;
}
