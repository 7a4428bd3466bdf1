#include "feature/plan.h"
#include "base/digest.h"
#include "base/err.h"
#include "base/number.h"
#include "base/time.h"
#include "feature/layout.h"
#include "feature/row.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

/* What a name stands for. */
struct target {
    enum ss_input from;
    uint32_t id;
    bool text; /* a code() feature's field */
};

static int feature_index(const struct ss_feature_spec *spec, struct ss_str name, uint32_t before)
{
    for (uint32_t i = 0; i < before; i++)
        if (ss_str_eq(spec->def[i].name, name))
            return (int)i;
    return -1;
}

static int resolve_field(struct ss_plan_builder *b, struct ss_str name, struct target *to)
{
    int slot = ss_schema_slot(b->schema, name);
    if (slot < 0)
        return slot;
    to->id = (uint32_t)slot;
    to->from = slot == SS_AMOUNT ? SS_INPUT_AMOUNT : slot == SS_LABEL ? SS_INPUT_LABEL : SS_INPUT_FIELD;
    return 0;
}

static int resolve_carried(struct ss_plan_builder *b, struct ss_str name, struct target *to)
{
    struct ss_plan_carried *carried = &b->plan->carried;
    to->from = SS_INPUT_CARRIED;
    while (to->id < carried->n && !ss_str_eq(carried->name[to->id], name))
        to->id++;
    if (to->id == SS_FEATURES_MAX)
        return ss_fail(SS_ECONFIG, "more than %d features of earlier stages", SS_FEATURES_MAX);
    if (to->id == carried->n)
        carried->name[carried->n++] = name;
    return 0;
}

/* The slot of a text, or what stands for one that the record brings. */
static int slot_of(struct ss_plan_builder *b, const struct target *to)
{
    if (to->from != SS_INPUT_CARRIED)
        return (int)to->id;
    b->plan->carried.as_text[to->id] = true;
    return -1 - (int)to->id;
}

/* A feature that only repeats a field is that field: `amount = amount` costs later windows nothing. */
static int resolve(struct ss_plan_builder *b, const struct ss_feature_name *name, struct target *to)
{
    const struct ss_feature_spec *spec = b->plan->spec;
    int i = name->field ? -1 : feature_index(spec, name->text, b->now);
    const struct ss_str carried = ss_feature_carried(name);
    *to = (struct target){0};
    if (carried.p)
        return resolve_carried(b, carried, to);
    if (i < 0)
        return resolve_field(b, name->text, to);
    const struct ss_feature_def *def = &spec->def[i];
    bool bare = def->func == SS_FEATURE_ROW && def->expr->op == SS_OP_NAME && !def->has_default;
    if (bare || def->func == SS_FEATURE_TEXT) {
        const struct ss_feature_name *inner = bare ? &def->expr->name : &def->expr->kid[0]->name;
        uint32_t now = b->now;
        b->now = (uint32_t)i; /* names behind it are not what it meant */
        int err = resolve(b, inner, to);
        b->now = now;
        to->text = !bare;
        return err;
    }
    to->from = SS_INPUT_FEATURE;
    to->id = (uint32_t)i;
    return 0;
}

static int no_label(const struct target *to)
{
    if (to->from == SS_INPUT_LABEL)
        return ss_fail(SS_ECONFIG,
                       "label is never a feature of its own record: use it in a window with 'delay'");
    return 0;
}

static uint32_t level_of(const struct ss_plan_builder *b, const struct target *to)
{
    return to->from == SS_INPUT_FEATURE ? b->ready[to->id] + 1 : 0;
}

static int find_text(struct ss_plan_builder *b, struct ss_str name, bool field)
{
    struct target to;
    int err = resolve(b, &(struct ss_feature_name){name, field}, &to);
    if (err < 0)
        return err;
    if (to.from == SS_INPUT_FEATURE)
        return ss_fail(SS_ECONFIG, "'%.*s' is a number: a field with a text is needed here", (int)name.n,
                       name.p);
    if (to.from == SS_INPUT_LABEL)
        return no_label(&to);
    uint32_t i = 0;
    int slot = slot_of(b, &to);
    while (i < b->plan->texts && b->plan->text[i] != slot)
        i++;
    if (i == b->plan->texts)
        b->plan->text[b->plan->texts++] = slot;
    return (int)i;
}

static int find_num(struct ss_plan_builder *b, const struct ss_feature_name *name, uint32_t *level)
{
    struct target to;
    int err = resolve(b, name, &to);
    if (err < 0)
        return err;
    if (to.text)
        return ss_fail(SS_ECONFIG, "'%.*s' is a text: a number is needed here", (int)name->text.n,
                       name->text.p);
    uint32_t own = level_of(b, &to), i = 0;
    *level = own > *level ? own : *level;
    struct ss_feature_plan *plan = b->plan;
    while (i < plan->nums && (plan->num[i].from != to.from || plan->num[i].id != to.id))
        i++;
    if (i == plan->nums)
        plan->num[plan->nums++] = (struct ss_plan_num){to.from, to.id,
                                                       to.from == SS_INPUT_AMOUNT  ? 10000
                                                       : to.from == SS_INPUT_LABEL ? 1
                                                                                   : SS_NUMBER_SCALE,
                                                       own};
    return (int)i;
}

static bool same_cond(const struct ss_plan_cond *x, const struct ss_plan_cond *y)
{
    const struct ss_feature_cond *a = x->cond, *b = y->cond;
    if (x->from != y->from || x->id != y->id || a->cmp != b->cmp || a->is_text != b->is_text ||
        a->n != b->n || (!a->is_text && a->num != b->num))
        return false;
    for (uint32_t i = 0; i < a->n; i++)
        if (!ss_str_eq(a->text[i], b->text[i]))
            return false;
    return true;
}

static bool same_pred(const struct ss_plan_pred *a, const struct ss_plan_pred *b)
{
    if (a->conds != b->conds)
        return false;
    for (uint32_t i = 0; i < a->conds; i++)
        if (!same_cond(&a->cond[i], &b->cond[i]))
            return false;
    return true;
}

/* For which labels (unknown, 0, 1) a condition on the label holds. A missing value fits no condition. */
static int label_cond(const struct ss_feature_cond *cond, uint8_t *labels)
{
    if (cond->is_text)
        return ss_fail(SS_ECONFIG, "label is 0 or 1: compare it with a number");
    for (int label = 0; label < 2; label++) {
        double v = label, c = cond->num;
        bool holds = cond->cmp == SS_CMP_EQ   ? v == c
                     : cond->cmp == SS_CMP_NE ? v != c
                     : cond->cmp == SS_CMP_LT ? v < c
                     : cond->cmp == SS_CMP_LE ? v <= c
                     : cond->cmp == SS_CMP_GT ? v > c
                                              : v >= c;
        if (!holds)
            *labels &= (uint8_t) ~(2u << label);
    }
    *labels &= 6u;
    return 0;
}

/* `where`: conditions on fields become one predicate bit, conditions on the label a mask. */
static int find_pred(struct ss_plan_builder *b, const struct ss_feature_def *def, uint32_t *must,
                     uint8_t *labels, uint32_t *level)
{
    struct ss_feature_plan *plan = b->plan;
    struct ss_plan_pred pred = {0};
    *must = 0;
    *labels = 7;
    for (uint32_t i = 0; i < def->conds; i++) {
        const struct ss_feature_cond *cond = &def->cond[i];
        struct target to;
        int err = resolve(b, &cond->what, &to);
        if (err == 0 && to.from == SS_INPUT_LABEL) {
            err = label_cond(cond, labels);
        } else if (err == 0) {
            if (cond->is_text && to.from == SS_INPUT_FEATURE)
                err = ss_fail(SS_ECONFIG, "'%.*s' is a number: compare it with one", (int)cond->what.text.n,
                              cond->what.text.p);
            if (cond->is_text && to.from == SS_INPUT_CARRIED)
                (void)slot_of(b, &to);
            pred.cond[pred.conds++] = (struct ss_plan_cond){to.from, to.id, cond};
            uint32_t own = level_of(b, &to);
            pred.level = own > pred.level ? own : pred.level;
        }
        if (err < 0)
            return err;
    }
    *level = pred.level > *level ? pred.level : *level;
    if (!pred.conds)
        return 0;
    uint32_t i = 0;
    while (i < plan->preds && !same_pred(&plan->pred[i], &pred))
        i++;
    if (i == SS_FEATURE_PREDS)
        return ss_fail(SS_ECONFIG, "more than %d different conditions in one file", SS_FEATURE_PREDS);
    if (i == plan->preds)
        plan->pred[plan->preds++] = pred;
    *must = 1u << i;
    return 0;
}

static int find_keys(struct ss_plan_builder *b, const struct ss_feature_def *def)
{
    struct ss_feature_plan *plan = b->plan;
    struct ss_plan_keys keys = {.n = def->keys};
    for (uint32_t i = 0; i < def->keys; i++) {
        int text = find_text(b, def->key[i], false);
        if (text < 0)
            return text;
        keys.text[i] = (uint32_t)text;
    }
    uint32_t i = 0;
    while (i < plan->keysets && memcmp(&plan->keys[i], &keys, sizeof keys) != 0)
        i++;
    if (i == plan->keysets)
        plan->keys[plan->keysets++] = keys;
    return (int)i;
}

/* The column a window looks at. */
static int find_column(struct ss_plan_builder *b, const struct ss_feature_def *def, struct ss_acc *acc,
                       uint32_t *level)
{
    if (def->func == SS_FEATURE_SPEED || def->func == SS_FEATURE_DISTANCE) {
        acc->col = SS_COL_PLACE;
        b->plan->place = true;
        return 0;
    }
    if (!def->arg.text.p)
        return 0;
    bool text = def->func == SS_FEATURE_DISTINCT || def->func == SS_FEATURE_FIRST;
    int i = text ? find_text(b, def->arg.text, def->arg.field) : find_num(b, &def->arg, level);
    if (i < 0)
        return i;
    acc->input = (uint16_t)i;
    acc->col = text ? SS_COL_TEXT : b->plan->num[i].from == SS_INPUT_LABEL ? SS_COL_LABEL : SS_COL_VALUE;
    if (acc->col == SS_COL_LABEL && def->func != SS_FEATURE_SUM && def->func != SS_FEATURE_MEAN &&
        def->func != SS_FEATURE_LAST)
        return ss_fail(SS_ECONFIG, "'%s(label)': labels have sum, mean and last only",
                       ss_feature_func_name(def->func));
    return 0;
}

static int add_window(struct ss_plan_builder *b, uint32_t feature)
{
    struct ss_feature_plan *plan = b->plan;
    const struct ss_feature_def *def = &plan->spec->def[feature];
    struct ss_acc acc = {0};
    uint32_t level = 0;
    int err = find_column(b, def, &acc, &level);
    err = err < 0 ? err : find_pred(b, def, &acc.must, &acc.labels, &level);
    if (err < 0)
        return err;
    bool label = acc.col == SS_COL_LABEL || acc.labels != 7;
    if (label && def->delay_us == 0)
        return ss_fail(SS_ECONFIG, "a label is known only later: say 'delay', such as 'delay 7d'");
    if (label && def->func == SS_FEATURE_FIRST && def->over == SS_OVER_EVER)
        return ss_fail(SS_ECONFIG, "first() with a condition on the label needs 'over WINDOW'");
    if (level >= SS_FEATURE_LEVELS)
        return ss_fail(SS_ECONFIG, "windows over features of windows go %d deep at most", SS_FEATURE_LEVELS);
    acc.plain = acc.must == 0 && acc.labels == 7;
    plan->label |= label;
    int keys = find_keys(b, def);
    if (keys < 0)
        return keys;
    b->ready[feature] = level;
    plan->levels = level + 1 > plan->levels ? level + 1 : plan->levels;
    return ss_layout_add(b, feature, (uint32_t)keys, level, &acc);
}

/* Postfix code for an expression; the level is that of the latest feature it uses. */
static int emit(struct ss_plan_builder *b, const struct ss_feature_node *node, uint32_t *level)
{
    struct ss_feature_plan *plan = b->plan;
    struct ss_plan_op op = {.op = node->op, .num = node->num, .num2 = node->num2};
    bool dated = node->op >= SS_OP_HOUR && node->op <= SS_OP_AGE;
    if (node->op == SS_OP_NAME || dated) {
        struct target to;
        int err = resolve(b, node->op == SS_OP_NAME ? &node->name : &node->kid[0]->name, &to);
        err = err < 0 ? err : no_label(&to);
        if (err < 0)
            return err;
        const struct ss_str name = node->op == SS_OP_NAME ? node->name.text : node->kid[0]->name.text;
        if (dated && (to.from == SS_INPUT_FEATURE || to.from == SS_INPUT_CARRIED))
            return ss_fail(SS_ECONFIG, "'%.*s' is a number: a field with a date is needed here", (int)name.n,
                           name.p);
        if (!dated && to.text)
            return ss_fail(SS_ECONFIG, "'%.*s' is a text: a number is needed here", (int)name.n, name.p);
        op.from = to.from;
        op.id = to.id;
        if (to.from == SS_INPUT_FEATURE && b->ready[to.id] > *level)
            *level = b->ready[to.id];
    } else {
        for (uint32_t i = 0; i < node->kids; i++) {
            int err = emit(b, node->kid[i], level);
            if (err < 0)
                return err;
        }
    }
    plan->op[plan->ops++] = op;
    return 0;
}

static int add_row(struct ss_plan_builder *b, uint32_t feature)
{
    struct ss_feature_plan *plan = b->plan;
    const struct ss_feature_def *def = &plan->spec->def[feature];
    struct ss_plan_row row = {
        .feature = feature, .op = plan->ops, .has_default = def->has_default, .fallback = def->fallback};
    int err = emit(b, def->expr, &row.level);
    if (err < 0)
        return err;
    row.ops = plan->ops - row.op;
    row.exact = row.ops == 1 && def->expr->op == SS_OP_NAME;
    b->ready[feature] = row.level;
    plan->row[plan->rows++] = row;
    return 0;
}

static int add_code(struct ss_plan_builder *b, uint32_t feature)
{
    struct ss_feature_plan *plan = b->plan;
    struct target to;
    int err = resolve(b, &plan->spec->def[feature].expr->kid[0]->name, &to);
    err = err < 0 ? err : no_label(&to);
    if (err < 0)
        return err;
    if (to.from == SS_INPUT_FEATURE)
        return ss_fail(SS_ECONFIG, "code() of a number: it takes a field");
    plan->code[plan->codes++] = (struct ss_plan_text_feature){feature, slot_of(b, &to)};
    return 0;
}

static void make_small(struct ss_feature_plan *plan)
{
    for (int i = 0; i < SS_RENDER_SMALL; i++) {
        char text[SS_NUMBER_MAX];
        size_t n = ss_int_print(i, text);
        memcpy(plan->small[i].text, text, n);
        plan->small[i].text[3] = (char)n;
    }
}

/* The constant parts of the member's text. */
static int make_fragments(struct ss_feature_plan *plan)
{
    make_small(plan);
    plan->head_len = (uint32_t)snprintf(plan->head, sizeof plan->head, "{\"set\":\"%s\"", plan->names.set);
    plan->key = ss_arena_alloc(&plan->arena, plan->names.n * sizeof *plan->key);
    plan->nulls = ss_arena_alloc(&plan->arena, plan->names.n * sizeof *plan->nulls);
    if (!plan->key || !plan->nulls)
        return SS_ENOMEM;
    for (uint32_t i = 0; i < plan->names.n; i++) {
        plan->nulls[i] = NAN;
        struct ss_str name = plan->names.name[i];
        char *p = ss_arena_zalloc(&plan->arena, name.n + 4 + SS_RENDER_PAD);
        if (!p)
            return SS_ENOMEM;
        p[0] = ',';
        p[1] = '"';
        memcpy(p + 2, name.p, name.n);
        memcpy(p + 2 + name.n, "\":", 2);
        plan->key[i] = (struct ss_plan_fragment){
            .text = p, .n = (uint32_t)name.n + 4, .is_text = plan->names.is_text[i]};
        memcpy(plan->key[i].start, p, SS_RENDER_PAD);
        plan->keys_len += plan->key[i].n;
    }
    return 0;
}

static int name_features(struct ss_feature_plan *plan, const char *text, size_t len)
{
    uint32_t n = plan->spec->n;
    struct ss_str *name = ss_arena_alloc(&plan->arena, n * sizeof *name);
    bool *is_text = ss_arena_zalloc(&plan->arena, n * sizeof *is_text);
    char hex[SS_DIGEST_HEX];
    if (!name || !is_text)
        return SS_ENOMEM;
    for (uint32_t i = 0; i < n; i++) {
        name[i] = plan->spec->def[i].name;
        is_text[i] = plan->spec->def[i].func == SS_FEATURE_TEXT;
    }
    ss_sha256_hex(text, len, hex);
    memcpy(plan->names.set, hex, 8);
    plan->names.n = n;
    plan->names.name = name;
    plan->names.is_text = is_text;
    return make_fragments(plan);
}

static uint32_t count_nodes(const struct ss_feature_node *node)
{
    uint32_t n = 1;
    for (uint32_t i = 0; i < node->kids; i++)
        n += count_nodes(node->kid[i]);
    return n;
}

static int allocate(struct ss_plan_builder *b)
{
    struct ss_feature_plan *plan = b->plan;
    struct ss_arena *arena = &plan->arena;
    size_t n = plan->spec->n;
    for (size_t i = 0; i < n; i++)
        b->op_cap += plan->spec->def[i].expr ? count_nodes(plan->spec->def[i].expr) : 0;
    plan->num = ss_arena_zalloc(arena, n * sizeof *plan->num);
    plan->text = ss_arena_zalloc(arena, n * (SS_FEATURE_KEYS + 1) * sizeof *plan->text);
    plan->pred = ss_arena_zalloc(arena, SS_FEATURE_PREDS * sizeof *plan->pred);
    plan->keys = ss_arena_zalloc(arena, n * sizeof *plan->keys);
    plan->group = ss_arena_zalloc(arena, SS_FEATURE_GROUPS * sizeof *plan->group);
    plan->op = ss_arena_zalloc(arena, (b->op_cap + 1) * sizeof *plan->op);
    plan->row = ss_arena_zalloc(arena, n * sizeof *plan->row);
    plan->code = ss_arena_zalloc(arena, n * sizeof *plan->code);
    b->ready = ss_arena_zalloc(arena, n * sizeof *b->ready);
    plan->carried.name = ss_arena_alloc(arena, SS_FEATURES_MAX * sizeof *plan->carried.name);
    plan->carried.as_text = ss_arena_zalloc(arena, SS_FEATURES_MAX * sizeof *plan->carried.as_text);
    return plan->num && plan->text && plan->pred && plan->keys && plan->group && plan->op && plan->row &&
                   plan->code && b->ready && plan->carried.name && plan->carried.as_text
               ? 0
               : SS_ENOMEM;
}

static int compile(struct ss_plan_builder *b)
{
    struct ss_feature_plan *plan = b->plan;
    int err = allocate(b);
    for (b->now = 0; b->now < plan->spec->n && err == 0; b->now++) {
        const struct ss_feature_def *def = &plan->spec->def[b->now];
        err = def->func == SS_FEATURE_ROW    ? add_row(b, b->now)
              : def->func == SS_FEATURE_TEXT ? add_code(b, b->now)
                                             : add_window(b, b->now);
        if (err == SS_ECONFIG)
            err = ss_fail_in(err, "%s:%u: ", plan->spec->file, def->line);
    }
    return err < 0 ? err : ss_layout_finish(b);
}

int ss_feature_plan_parse(const char *text, size_t len, const char *file, struct ss_schema *schema,
                          struct ss_feature_plan **out)
{
    *out = NULL;
    struct ss_feature_plan *plan = calloc(1, sizeof *plan);
    if (!plan)
        return ss_fail(SS_ENOMEM, "out of memory for features");
    ss_arena_init(&plan->arena, 0);
    int err = ss_feature_spec_parse(text, len, file, &plan->spec);
    err = err < 0 ? err : name_features(plan, text, len);
    struct ss_plan_builder b = {.plan = plan, .schema = schema};
    err = err < 0 ? err : compile(&b);
    if (err < 0) {
        ss_feature_plan_free(plan);
        return err;
    }
    *out = plan;
    return 0;
}

void ss_feature_plan_free(struct ss_feature_plan *plan)
{
    if (!plan)
        return;
    ss_feature_spec_free(plan->spec);
    ss_arena_free(&plan->arena);
    free(plan);
}
