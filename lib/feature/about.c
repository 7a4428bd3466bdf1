#include "feature/about.h"
#include "base/buf.h"
#include "base/err.h"
#include "json/write.h"

static const char *const functions[] = {[SS_ABOUT_COUNT] = "count",
                                        [SS_ABOUT_SUM] = "sum",
                                        [SS_ABOUT_MEAN] = "mean",
                                        [SS_ABOUT_STD] = "std",
                                        [SS_ABOUT_MIN] = "min",
                                        [SS_ABOUT_MAX] = "max",
                                        [SS_ABOUT_DISTINCT] = "distinct",
                                        [SS_ABOUT_FIRST] = "first",
                                        [SS_ABOUT_LAST] = "last",
                                        [SS_ABOUT_GAP] = "gap",
                                        [SS_ABOUT_RATIO] = "ratio",
                                        [SS_ABOUT_ZSCORE] = "zscore",
                                        [SS_ABOUT_PERCENTILE] = "percentile",
                                        [SS_ABOUT_SPEED] = "speed",
                                        [SS_ABOUT_DISTANCE] = "distance",
                                        [SS_ABOUT_HOUR] = "hour",
                                        [SS_ABOUT_WEEKDAY] = "weekday",
                                        [SS_ABOUT_WEEKEND] = "weekend",
                                        [SS_ABOUT_NIGHT] = "night",
                                        [SS_ABOUT_AGE] = "age"};

static enum ss_about_kind kind_of(const char *function)
{
    for (size_t i = 0; i < SS_COUNT(functions); i++)
        if (functions[i] && strcmp(functions[i], function) == 0)
            return (enum ss_about_kind)i;
    return SS_ABOUT_OTHER;
}

const struct ss_feature_def *ss_feature_spec_find(const struct ss_feature_spec *spec, struct ss_str name)
{
    for (uint32_t i = 0; i < spec->n; i++)
        if (ss_str_eq(spec->def[i].name, name))
            return &spec->def[i];
    return NULL;
}

static void about_windows(const struct ss_feature_def *def, struct ss_about *about)
{
    static const char *const calendars[] = {
        [SS_OVER_DAY] = "day", [SS_OVER_WEEK] = "week", [SS_OVER_MONTH] = "month"};
    about->window_us = def->over == SS_OVER_SLIDING ? def->window_us : 0;
    about->calendar = def->over >= SS_OVER_DAY ? calendars[def->over] : NULL;
    about->delay_us = def->delay_us;
    about->keys = def->keys < SS_ABOUT_KEYS ? def->keys : SS_ABOUT_KEYS;
    for (uint32_t i = 0; i < about->keys; i++)
        about->key[i] = def->key[i];
}

/* Computed from the record and earlier features: what its outermost operation says. */
static void about_expression(const struct ss_feature_spec *spec, const struct ss_feature_node *node,
                             struct ss_about *about)
{
    const struct ss_feature_node *kid = node->kids ? node->kid[0] : NULL;
    const struct ss_feature_def *usual = NULL;
    switch (node->op) {
    case SS_OP_NAME:
        if (!ss_feature_spec_find(spec, node->name.text) || node->name.field) {
            about->kind = SS_ABOUT_FIELD;
            about->argument =
                ss_feature_carried(&node->name).p ? ss_feature_carried(&node->name) : node->name.text;
        }
        return;
    case SS_OP_CODE:
        about->kind = SS_ABOUT_TEXT;
        about->argument = node->name.text.p ? node->name.text : kid ? kid->name.text : about->name;
        return;
    case SS_OP_HOUR: about->kind = SS_ABOUT_HOUR; return;
    case SS_OP_WEEKDAY: about->kind = SS_ABOUT_WEEKDAY; return;
    case SS_OP_WEEKEND: about->kind = SS_ABOUT_WEEKEND; return;
    case SS_OP_NIGHT: about->kind = SS_ABOUT_NIGHT; return;
    case SS_OP_AGE: about->kind = SS_ABOUT_AGE; return;
    case SS_OP_DISTANCE: about->kind = SS_ABOUT_DISTANCE; return;
    case SS_OP_DIV: /* ratio(amount, user_mean_30d) */
        if (node->kids == 2 && kid->op == SS_OP_NAME && node->kid[1]->op == SS_OP_NAME)
            usual = ss_feature_spec_find(spec, node->kid[1]->name.text);
        if (usual && usual->func == SS_FEATURE_MEAN && ss_str_eq(usual->arg.text, kid->name.text)) {
            about->kind = SS_ABOUT_RATIO;
            about->argument = kid->name.text;
            about_windows(usual, about);
        }
        return;
    default: return;
    }
}

static void put_condition(const struct ss_feature_cond *cond, struct ss_buf *to)
{
    static const char *const cmps[] = {
        [SS_CMP_EQ] = "=", [SS_CMP_NE] = "is not", [SS_CMP_LT] = "<", [SS_CMP_LE] = "<=",
        [SS_CMP_GT] = ">", [SS_CMP_GE] = ">=",     [SS_CMP_IN] = "is"};
    ss_buf_put(to, cond->what.text.p, cond->what.text.n);
    ss_buf_printf(to, " %s ", cmps[cond->cmp]);
    if (!cond->is_text)
        ss_json_put_double(to, cond->num);
    for (uint32_t i = 0; cond->is_text && i < cond->n; i++) {
        if (i)
            ss_buf_puts(to, " or ");
        ss_buf_put(to, cond->text[i].p, cond->text[i].n);
    }
}

static int about_conditions(const struct ss_feature_def *def, struct ss_about *about, struct ss_arena *arena)
{
    struct ss_buf text;
    ss_buf_init(&text, 1 << 16);
    for (uint32_t i = 0; i < def->conds; i++) {
        const struct ss_feature_cond *cond = &def->cond[i];
        if (ss_str_is(cond->what.text, "label") && cond->cmp == SS_CMP_EQ && !cond->is_text &&
            cond->num == 1) {
            about->of_frauds = true;
            continue;
        }
        if (text.n)
            ss_buf_puts(&text, " and ");
        put_condition(cond, &text);
    }
    int err = ss_buf_check(&text);
    if (!err && text.n) {
        about->where = (struct ss_str){ss_arena_copy(arena, text.p, text.n), text.n};
        err = about->where.p ? 0 : SS_ENOMEM;
    }
    ss_buf_free(&text);
    return err;
}

int ss_feature_about(const struct ss_feature_spec *spec, struct ss_str name, struct ss_about *about,
                     struct ss_arena *arena)
{
    const struct ss_feature_def *def = ss_feature_spec_find(spec, name);
    *about = (struct ss_about){.name = name};
    if (!def)
        return 0;
    if (def->func >= SS_FEATURE_FUNCS) {
        if (def->expr)
            about_expression(spec, def->expr, about);
        else
            about->kind = def->func == SS_FEATURE_TEXT ? SS_ABOUT_TEXT : SS_ABOUT_OTHER;
        if (def->func == SS_FEATURE_TEXT && !about->argument.p)
            about->argument = def->arg.text.p ? def->arg.text : name;
        return 0;
    }
    about->kind = kind_of(ss_feature_func_name(def->func));
    about->argument = def->arg.text;
    about_windows(def, about);
    return about_conditions(def, about, arena);
}
