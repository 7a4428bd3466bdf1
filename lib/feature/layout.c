#include "feature/layout.h"
#include "base/err.h"
#include "base/time.h"
#include "feature/row.h"
#include "feature/state.h"

static enum ss_acc_kind kind_of(const struct ss_feature_def *def)
{
    switch (def->func) {
    case SS_FEATURE_COUNT: return SS_ACC_COUNT;
    case SS_FEATURE_SUM:
    case SS_FEATURE_MEAN:
    case SS_FEATURE_RATIO: return SS_ACC_SUM;
    case SS_FEATURE_STD:
    case SS_FEATURE_ZSCORE: return SS_ACC_SQUARES;
    case SS_FEATURE_MIN:
    case SS_FEATURE_MAX: return SS_ACC_EXTREME;
    case SS_FEATURE_DISTINCT: return SS_ACC_DISTINCT;
    case SS_FEATURE_FIRST: return def->over == SS_OVER_EVER ? SS_ACC_SEEN : SS_ACC_DISTINCT;
    case SS_FEATURE_PERCENTILE: return SS_ACC_ORDER;
    default: return SS_ACC_LAST;
    }
}

int ss_layout_add(struct ss_plan_builder *b, uint32_t feature, uint32_t keys, uint32_t level,
                  const struct ss_acc *acc)
{
    struct ss_feature_plan *plan = b->plan;
    const struct ss_feature_def *def = &plan->spec->def[feature];
    uint32_t g = 0;
    while (g < plan->groups && (plan->group[g].keys != keys || plan->group[g].level != level))
        g++;
    if (g == SS_FEATURE_GROUPS)
        return ss_fail(SS_ECONFIG, "more than %d kinds of entities", SS_FEATURE_GROUPS);
    if (g == plan->groups)
        plan->group[plan->groups++] = (struct ss_group){.keys = keys, .level = level};
    if (!b->want)
        b->want = ss_arena_zalloc(&plan->arena, plan->spec->n * sizeof *b->want);
    if (!b->want)
        return SS_ENOMEM;
    struct ss_layout_want *want = &b->want[b->wants++];
    *want = (struct ss_layout_want){feature, g, *acc};
    want->acc.kind = (uint8_t)kind_of(def);
    want->acc.sign = def->func == SS_FEATURE_MIN ? -1 : 1;
    return 0;
}

static bool is_life(const struct ss_feature_def *def, const struct ss_acc *acc)
{
    return def->over == SS_OVER_EVER || acc->kind == SS_ACC_LAST || acc->kind == SS_ACC_SEEN;
}

/* Places in the event for the columns that a group's windows look at. */
static int place_columns(struct ss_plan_builder *b, uint32_t g)
{
    struct ss_feature_plan *plan = b->plan;
    struct ss_group *group = &plan->group[g];
    bool preds = false;
    group->value = ss_arena_zalloc(&plan->arena, (plan->nums + 1) * sizeof *group->value);
    group->text = ss_arena_zalloc(&plan->arena, (plan->texts + 1) * sizeof *group->text);
    if (!group->value || !group->text)
        return SS_ENOMEM;
    for (uint32_t w = 0; w < b->wants; w++) {
        const struct ss_acc *acc = &b->want[w].acc;
        if (b->want[w].group != g)
            continue;
        group->label |= acc->col == SS_COL_LABEL || acc->labels != 7;
        group->place |= acc->col == SS_COL_PLACE;
        preds |= acc->must != 0 && acc->kind != SS_ACC_SEEN;
        uint16_t *list = acc->col == SS_COL_VALUE ? group->value : group->text;
        uint16_t *n = acc->col == SS_COL_VALUE ? &group->values : &group->texts, i = 0;
        if ((acc->col != SS_COL_VALUE && acc->col != SS_COL_TEXT) || acc->kind == SS_ACC_SEEN)
            continue;
        while (i < *n && list[i] != acc->input)
            i++;
        if (i == *n)
            list[(*n)++] = acc->input;
    }
    uint32_t at = sizeof(int64_t);
    group->at_txn = (uint16_t)at;
    at += group->label ? 8 : 0;
    group->at_meta = (uint16_t)at;
    at += group->label || preds ? 8 : 0;
    group->at_place = (uint16_t)at;
    at += group->place ? 8 : 0;
    group->at_value = (uint16_t)at;
    at += 8u * group->values;
    group->at_text = (uint16_t)at;
    at += 8u * group->texts;
    group->stride = (uint16_t)at;
    return 0;
}

static uint16_t column_at(const struct ss_group *group, const struct ss_acc *acc)
{
    if (acc->col == SS_COL_PLACE)
        return group->at_place;
    if (acc->col != SS_COL_VALUE && acc->col != SS_COL_TEXT)
        return 0;
    const uint16_t *list = acc->col == SS_COL_VALUE ? group->value : group->text;
    uint16_t i = 0;
    while (list[i] != acc->input && acc->kind != SS_ACC_SEEN)
        i++;
    return (uint16_t)((acc->col == SS_COL_VALUE ? group->at_value : group->at_text) + 8 * i);
}

static uint16_t find_span(struct ss_wset *set, enum ss_feature_over over, int64_t window_us, int64_t delay_us)
{
    uint16_t h = 0, s = 0;
    while (h < set->heads && set->head[h].delay_us != delay_us)
        h++;
    if (h == set->heads)
        set->head[set->heads++] = (struct ss_head){.delay_us = delay_us};
    while (s < set->spans &&
           (set->span[s].over != over || set->span[s].window_us != window_us || set->span[s].head != h))
        s++;
    if (s == set->spans)
        set->span[set->spans++] = (struct ss_span){.over = (uint8_t)over, .window_us = window_us, .head = h};
    return s;
}

/* True where accumulator `have` also answers what `want` asks: sums of squares hold sums, sums hold counts.
 */
static bool answers(const struct ss_feature_plan *plan, struct ss_acc *have, const struct ss_acc *want)
{
    bool same_col = have->col == want->col && have->at == want->at && have->input == want->input;
    if (have->span != want->span || have->must != want->must || have->labels != want->labels)
        return false;
    if (have->kind == want->kind && have->sign == want->sign && same_col)
        return true;
    bool sums = have->kind == SS_ACC_SUM || have->kind == SS_ACC_SQUARES;
    if (want->kind == SS_ACC_SUM && sums && same_col)
        return true;
    if (want->kind == SS_ACC_SQUARES && have->kind == SS_ACC_SUM && same_col) {
        have->kind = SS_ACC_SQUARES;
        return true;
    }
    /* Every record has an amount, so that a sum of amounts counts all. */
    return want->kind == SS_ACC_COUNT && sums && have->col == SS_COL_VALUE &&
           plan->num[have->input].from == SS_INPUT_AMOUNT;
}

static uint16_t find_acc(const struct ss_feature_plan *plan, struct ss_wset *set, const struct ss_acc *want)
{
    uint16_t i = 0;
    while (i < set->accs && !answers(plan, &set->acc[i], want))
        i++;
    if (i == set->accs)
        set->acc[set->accs++] = *want;
    return i;
}

/* Brings spans together by head and accumulators by span; `moved` says where each accumulator went. */
static int sort_set(struct ss_arena *arena, struct ss_wset *set, uint16_t *moved)
{
    struct ss_span *span = ss_arena_alloc(arena, (set->spans + 1u) * sizeof *span);
    struct ss_acc *acc = ss_arena_alloc(arena, (set->accs + 1u) * sizeof *acc);
    uint16_t s = 0, a = 0;
    if (!span || !acc)
        return SS_ENOMEM;
    for (uint16_t h = 0; h < set->heads; h++) {
        set->head[h].span = s;
        for (uint16_t i = 0; i < set->spans; i++) {
            if (set->span[i].head != h)
                continue;
            span[s] = set->span[i];
            span[s].acc = a;
            for (uint16_t k = 0; k < set->accs; k++) {
                if (set->acc[k].span != i || set->acc[k].kind == SS_ACC_SEEN)
                    continue;
                moved[k] = a;
                acc[a] = set->acc[k];
                acc[a++].span = s;
            }
            span[s].accs = (uint16_t)(a - span[s].acc);
            s++;
        }
        set->head[h].spans = (uint16_t)(s - set->head[h].span);
    }
    for (uint16_t k = 0; k < set->accs; k++) {
        if (set->acc[k].kind == SS_ACC_SEEN) {
            moved[k] = a;
            acc[a++] = set->acc[k];
            set->seen++;
        }
    }
    set->span = span;
    set->acc = acc;
    return 0;
}

static uint32_t acc_bytes(const struct ss_acc *acc)
{
    switch ((enum ss_acc_kind)acc->kind) {
    case SS_ACC_COUNT: return sizeof(struct ss_state_count);
    case SS_ACC_SUM: return sizeof(struct ss_state_sum);
    case SS_ACC_SQUARES: return sizeof(struct ss_state_squares);
    case SS_ACC_LAST: return sizeof(struct ss_state_last);
    default: return sizeof(struct ss_side);
    }
}

/* Offsets in the block: all heads, then each span beside its accumulators. */
static void place_set(struct ss_wset *set, uint32_t from)
{
    uint32_t off = from;
    for (uint16_t h = 0; h < set->heads; h++, off += sizeof(struct ss_state_head))
        set->head[h].off = off - from;
    for (uint16_t s = 0; s < set->spans; s++) {
        set->span[s].off = off - from;
        off += sizeof(struct ss_state_span);
        for (uint16_t a = set->span[s].acc; a < set->span[s].acc + set->span[s].accs; a++) {
            uint32_t bytes = acc_bytes(&set->acc[a]);
            if (bytes % 16 == 0)
                off = (off + 15) & ~15u;
            set->acc[a].off = off - from;
            off += bytes;
        }
        off = (off + 7) & ~7u;
    }
    for (uint16_t a = (uint16_t)(set->accs - set->seen); a < set->accs; a++, off += sizeof(struct ss_side))
        set->acc[a].off = off - from;
    set->bytes = ((off + 15) & ~15u) - from;
    for (uint16_t a = 0; a < set->accs; a++) {
        set->label |= set->acc[a].col == SS_COL_LABEL || set->acc[a].labels != 7;
        set->lasts |= set->acc[a].kind == SS_ACC_LAST;
        set->sides |= acc_bytes(&set->acc[a]) == sizeof(struct ss_side);
    }
}

static int64_t reach_of(const struct ss_feature_def *def)
{
    switch (def->over) {
    case SS_OVER_DAY: return SS_DAY_US + def->delay_us;
    case SS_OVER_WEEK: return 7 * SS_DAY_US + def->delay_us;
    case SS_OVER_MONTH: return 31 * SS_DAY_US + def->delay_us;
    default: return def->window_us + def->delay_us;
    }
}

static void add_read(const struct ss_plan_builder *b, struct ss_group *group,
                     const struct ss_layout_want *want, uint16_t acc)
{
    const struct ss_feature_def *def = &b->plan->spec->def[want->feature];
    bool numeric = want->acc.col == SS_COL_VALUE || want->acc.col == SS_COL_LABEL;
    struct ss_read *read = def->including ? &group->after[group->afters++] : &group->before[group->befores++];
    *read = (struct ss_read){.func = (uint8_t)def->func,
                             .life = is_life(def, &want->acc),
                             .has_default = def->has_default,
                             .over = (uint8_t)def->over,
                             .acc = acc,
                             .input = want->acc.input,
                             .feature = want->feature,
                             .window_us = def->window_us,
                             .delay_us = def->delay_us,
                             .scale = numeric ? b->plan->num[want->acc.input].scale : 1,
                             .fallback = def->fallback,
                             .percent = def->percent};
    int64_t reach = reach_of(def);
    group->reach_us = reach > group->reach_us ? reach : group->reach_us;
    group->forever |= def->over == SS_OVER_EVER;
}

static int set_init(struct ss_arena *arena, struct ss_wset *set, uint32_t n)
{
    set->head = ss_arena_zalloc(arena, n * sizeof *set->head);
    set->span = ss_arena_zalloc(arena, n * sizeof *set->span);
    set->acc = ss_arena_zalloc(arena, n * sizeof *set->acc);
    return set->head && set->span && set->acc ? 0 : SS_ENOMEM;
}

static int build_group(struct ss_plan_builder *b, uint32_t g)
{
    struct ss_arena *arena = &b->plan->arena;
    struct ss_group *group = &b->plan->group[g];
    uint16_t *acc_of = ss_arena_zalloc(arena, b->wants * sizeof *acc_of);
    uint16_t *moved = ss_arena_zalloc(arena, 2 * b->wants * sizeof *moved);
    group->before = ss_arena_zalloc(arena, b->wants * sizeof *group->before);
    group->after = ss_arena_zalloc(arena, b->wants * sizeof *group->after);
    if (!acc_of || !moved || !group->before || !group->after || place_columns(b, g) < 0 ||
        set_init(arena, &group->win, b->wants) < 0 || set_init(arena, &group->life, b->wants) < 0)
        return SS_ENOMEM;
    /* Sums of squares first, then sums: what they hold besides is then found by the others. */
    for (int pass = 0; pass < 3; pass++) {
        for (uint32_t w = 0; w < b->wants; w++) {
            struct ss_layout_want *want = &b->want[w];
            const struct ss_feature_def *def = &b->plan->spec->def[want->feature];
            int turn = want->acc.kind == SS_ACC_SQUARES ? 0 : want->acc.kind == SS_ACC_SUM ? 1 : 2;
            if (want->group != g || turn != pass)
                continue;
            bool life = is_life(def, &want->acc);
            struct ss_wset *set = life ? &group->life : &group->win;
            want->acc.at = column_at(group, &want->acc);
            if (want->acc.kind != SS_ACC_SEEN)
                want->acc.span =
                    find_span(set, life ? SS_OVER_EVER : def->over, life ? 0 : def->window_us, def->delay_us);
            acc_of[w] = find_acc(b->plan, set, &want->acc);
        }
    }
    if (sort_set(arena, &group->life, moved) < 0 || sort_set(arena, &group->win, moved + b->wants) < 0)
        return SS_ENOMEM;
    group->at_labels = 0;
    place_set(&group->life, group->label ? 32 : 0);
    for (uint32_t w = 0; w < b->wants; w++) {
        const struct ss_layout_want *want = &b->want[w];
        if (want->group == g) {
            bool life = is_life(&b->plan->spec->def[want->feature], &want->acc);
            add_read(b, group, want, moved[(life ? 0 : b->wants) + acc_of[w]]);
        }
    }
    place_set(&group->win, 0);
    return 0;
}

int ss_layout_finish(struct ss_plan_builder *b)
{
    struct ss_feature_plan *plan = b->plan;
    for (uint32_t g = 0; g < plan->groups; g++)
        if (build_group(b, g) < 0)
            return SS_ENOMEM;
    uint32_t at = (sizeof(struct ss_row) + 15) & ~15u;
    plan->row_texts = at;
    at += plan->texts * (uint32_t)sizeof(struct ss_key);
    plan->row_keys = at;
    at += plan->keysets * (uint32_t)sizeof(struct ss_key);
    plan->row_nums = at;
    at += plan->nums * 8;
    plan->row_late = at;
    at += plan->groups;
    plan->row_bytes = (at + 15) & ~15u;
    return 0;
}
