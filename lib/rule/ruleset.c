#include "base/digest.h"
#include "base/err.h"
#include "base/hash.h"
#include "base/log.h"
#include "rule/ruleset_parts.h"
#include <math.h>
#include <stdlib.h>

/* As everywhere without a rule file (record/score.h). */
static const double default_threshold[SS_LEVELS] = {-INFINITY, 0.50, 0.55, 0.70, 0.85};

/* --- rules --- */

static int out_of_memory(void)
{
    return ss_fail(SS_ENOMEM, "out of memory for rules");
}

static int by_priority(const void *a, const void *b)
{
    const struct ss_live_rule *x = a, *y = b;
    int order = (x->def->priority > y->def->priority) - (x->def->priority < y->def->priority);
    return order ? order : (x->def > y->def) - (x->def < y->def);
}

static double part_of(const struct ss_rule_spec *spec, const struct ss_rule *rule)
{
    if (spec->combine == SS_COMBINE_MAX)
        return rule->score;
    return isnan(rule->weight) ? rule->score : rule->weight;
}

static int make_live(struct ss_ruleset *set, struct ss_schema *schema, bool may_add_slots)
{
    const struct ss_rule_spec *spec = set->spec;
    set->live = calloc(spec->rules + 1, sizeof *set->live);
    set->when = malloc((spec->rules + 1) * sizeof *set->when);
    set->reason = malloc((spec->rules + 1) * sizeof *set->reason);
    if (!set->live || !set->when || !set->reason)
        return out_of_memory();
    for (uint32_t i = 0; i < spec->rules; i++) {
        const struct ss_rule *def = &spec->rule[i];
        set->when[i] = set->reason[i] = -1;
        if (!def->enabled)
            continue;
        struct ss_live_rule *live = &set->live[set->n_live++];
        live->def = def;
        live->reason = -1;
        live->score = part_of(spec, def);
        live->gated = def->rollout_by.p || def->from_us != INT64_MIN || def->until_us != INT64_MAX;
        if (!def->rollout_by.p)
            continue;
        live->seed = ss_hash64(def->name.p, def->name.n);
        live->nobody = def->rollout <= 0;
        live->max = def->rollout >= 1 ? UINT64_MAX : (uint64_t)(def->rollout * 0x1p64);
        live->key.name = def->rollout_by;
        int err = ss_field_ref_bind(&live->key, schema, may_add_slots);
        if (err)
            return err;
    }
    qsort(set->live, set->n_live, sizeof *set->live, by_priority);
    return 0;
}

static const char *where(struct ss_ruleset *set, const struct ss_place *at)
{
    char text[512];
    int n = snprintf(text, sizeof text, "%s:%u", at->file, at->line);
    return ss_arena_copy(&set->spec->arena, text, n < 0 ? 0 : strlen(text));
}

static int add_expr(struct ss_ruleset *set, struct ss_exprs *exprs, struct ss_str text,
                    const struct ss_place *at, int *id)
{
    const char *place = where(set, at);
    int err = place ? ss_exprs_add(exprs, text, place, id) : SS_ENOMEM;
    if (!err && ss_expr_kind(exprs, *id) == SS_EXPR_CHILD)
        set->batched = true;
    return err;
}

static void quarantined(void *ctx, int id, const char *place, const char *why)
{
    const struct ss_ruleset *set = ctx;
    for (uint32_t i = 0; i < set->spec->rules; i++)
        if (set->when[i] == id || set->reason[i] == id)
            ss_warn("%s: rule '%.*s' is in quarantine: %s", place, (int)set->spec->rule[i].name.n,
                    set->spec->rule[i].name.p, why);
}

/* Conditions of live rules in their order, then those of disabled ones (so that they do not rot), then
 * reasons. */
static int compile(struct ss_ruleset *set, struct ss_exprs *exprs)
{
    const struct ss_rule_spec *spec = set->spec;
    int err = 0;
    for (uint32_t i = 0; i < set->n_live && !err; i++) {
        const struct ss_rule *def = set->live[i].def;
        err = add_expr(set, exprs, def->when, &def->when_at, &set->when[def - spec->rule]);
    }
    for (uint32_t i = 0; i < spec->rules && !err; i++)
        if (!spec->rule[i].enabled)
            err = add_expr(set, exprs, spec->rule[i].when, &spec->rule[i].when_at, &set->when[i]);
    for (uint32_t i = 0; i < spec->rules && !err; i++)
        if (spec->rule[i].reason.p)
            err = add_expr(set, exprs, spec->rule[i].reason, &spec->rule[i].reason_at, &set->reason[i]);
    for (uint32_t i = 0; i < set->n_live && !err; i++)
        set->live[i].reason = set->reason[set->live[i].def - spec->rule];
    return err;
}

static int make_worker(struct ss_ruleset *set, struct ss_rule_worker *w, struct ss_schema *schema,
                       bool may_add_slots)
{
    struct ss_exprs_options options = {.full_jq = set->options.full_jq,
                                       .lists = ss_ruleset_expr_lists(set),
                                       .quarantined = quarantined,
                                       .ctx = set};
    size_t n = set->n_live + 1;
    ss_buf_init(&w->text, SS_EXPR_BYTES);
    w->exprs = ss_exprs_new(&options);
    w->fired = malloc(n * sizeof *w->fired);
    w->shadow = malloc(n * sizeof *w->shadow);
    w->failed = malloc(2 * n * sizeof *w->failed); /* condition and reason */
    w->count = calloc(n, sizeof *w->count);
    if (!w->exprs || !w->fired || !w->shadow || !w->failed || !w->count)
        return out_of_memory();
    int err = compile(set, w->exprs);
    return err ? err : ss_exprs_bind(w->exprs, schema, may_add_slots);
}

/* --- the whole --- */

static void hash_texts(struct ss_ruleset *set, struct ss_buf *all)
{
    char hex[SS_DIGEST_HEX];
    ss_sha256_hex(all->p ? all->p : "", all->n, hex);
    memcpy(set->hash, hex, 8);
}

/* Where a rule file's lists lie: beside it, unless the options say where. */
static char *dir_of(struct ss_ruleset *set, const char *name)
{
    const char *given = set->options.lists_dir, *slash = strrchr(name, '/');
    size_t n = given ? strlen(given) : slash ? (size_t)(slash - name) + 1 : 0;
    char *dir = ss_arena_alloc(&set->spec->arena, n + 2);
    if (dir) {
        memcpy(dir, given ? given : name, n);
        if (given && n && dir[n - 1] != '/')
            dir[n++] = '/';
        dir[n] = '\0';
    }
    return dir;
}

static int read_spec(struct ss_ruleset *set, const char *const *name, size_t n, const struct ss_str *given)
{
    struct ss_buf text, all;
    ss_buf_init(&text, SS_RULE_FILE_MAX);
    ss_buf_init(&all, SS_RULE_FILES * SS_RULE_FILE_MAX);
    int err = 0;
    for (size_t i = 0; i < n && !err; i++) {
        ss_buf_reset(&text);
        const char *dir = dir_of(set, name[i]);
        if (given)
            ss_buf_put(&text, given->p, given->n);
        else
            err = ss_rule_file_read(name[i], &text);
        err = err ? err : dir ? ss_buf_check(&text) : SS_ENOMEM;
        err =
            err ? err
                : ss_rule_spec_parse(set->spec, (struct ss_str){text.p ? text.p : "", text.n}, name[i], dir);
        ss_buf_put(&all, text.p, text.n);
    }
    err = err ? err : ss_buf_check(&all);
    if (!err)
        hash_texts(set, &all);
    ss_buf_free(&text);
    ss_buf_free(&all);
    return err ? err : ss_rule_spec_finish(set->spec);
}

static int note_files(struct ss_ruleset *set, const char *const *name, size_t n)
{
    set->file = malloc((n + set->spec->lists + 1) * sizeof *set->file);
    if (!set->file)
        return out_of_memory();
    for (size_t i = 0; i < n; i++)
        if (strpbrk(name[i], "/."))
            set->file[set->files++] = name[i];
    for (uint32_t i = 0; i < set->spec->lists; i++)
        if (set->spec->list[i].path)
            set->file[set->files++] = set->spec->list[i].path;
    return 0;
}

static int load(struct ss_ruleset *set, const char *const *name, size_t n, const struct ss_str *given,
                struct ss_schema *schema, bool may_add_slots)
{
    int err = read_spec(set, name, n, given);
    err = err ? err : note_files(set, name, n);
    err = err ? err : ss_ruleset_load_lists(set);
    err = err ? err : make_live(set, schema, may_add_slots);
    for (int w = 0; w < set->workers && !err; w++)
        err = make_worker(set, &set->worker[w], schema, may_add_slots);
    for (int i = 0; i < SS_LEVELS; i++) {
        bool own = !isnan(set->spec->threshold[i]);
        set->own_thresholds |= own;
        set->threshold[i] = own ? set->spec->threshold[i] : default_threshold[i];
    }
    /* A level that the file puts above the default place of a higher one pushes that up. */
    for (int i = SS_MEDIUM; i < SS_LEVELS; i++)
        if (isnan(set->spec->threshold[i]) && set->threshold[i] < set->threshold[i - 1])
            set->threshold[i] = set->threshold[i - 1];
    return err;
}

static int make(const char *const *name, size_t n, const struct ss_str *given,
                const struct ss_ruleset_options *options, struct ss_schema *schema, bool may_add_slots,
                int workers, struct ss_ruleset **out)
{
    struct ss_ruleset *set = calloc(1, sizeof *set);
    *out = NULL;
    if (!set)
        return out_of_memory();
    set->options = *options;
    set->workers = workers < 1 ? 1 : workers;
    set->spec = ss_rule_spec_new();
    set->worker = calloc((size_t)set->workers, sizeof *set->worker);
    int err = set->spec && set->worker ? 0 : out_of_memory();
    err = err ? err : load(set, name, n, given, schema, may_add_slots);
    if (err) {
        ss_ruleset_free(set);
        return err;
    }
    *out = set;
    return 0;
}

int ss_ruleset_load(const char *const *name, size_t n, const struct ss_ruleset_options *options,
                    struct ss_schema *schema, bool may_add_slots, int workers, struct ss_ruleset **set)
{
    return make(name, n, NULL, options, schema, may_add_slots, workers, set);
}

int ss_ruleset_of_text(struct ss_str text, const char *name, const struct ss_ruleset_options *options,
                       struct ss_schema *schema, int workers, struct ss_ruleset **set)
{
    return make(&name, 1, &text, options, schema, true, workers, set);
}

void ss_ruleset_free(struct ss_ruleset *set)
{
    if (!set)
        return;
    for (int i = 0; set->worker && i < set->workers; i++) {
        struct ss_rule_worker *w = &set->worker[i];
        ss_exprs_free(w->exprs);
        free(w->fired);
        free(w->shadow);
        free(w->failed);
        free(w->count);
        ss_buf_free(&w->text);
    }
    for (uint32_t i = 0; i < SS_RULE_LISTS; i++)
        ss_list_free(set->list[i]);
    free(set->worker);
    free(set->live);
    free(set->when);
    free(set->reason);
    free(set->file);
    ss_rule_spec_free(set->spec);
    free(set);
}

int ss_ruleset_adopt(struct ss_ruleset *set, struct ss_auto_lists *autos, struct ss_schema *schema,
                     bool may_add_slots)
{
    int err = ss_auto_lists_define(autos, set->spec->autos, set->spec->n_autos, schema, may_add_slots);
    for (uint32_t i = 0; i < set->spec->lists && !err; i++)
        set->learnt[i] = ss_auto_lists_find(autos, set->spec->list[i].name);
    return err;
}

const struct ss_rule_spec *ss_ruleset_spec(const struct ss_ruleset *set)
{
    return set->spec;
}

const char *ss_ruleset_hash(const struct ss_ruleset *set)
{
    return set->hash;
}

size_t ss_ruleset_files(const struct ss_ruleset *set, const char *const **file)
{
    *file = set->file;
    return set->files;
}

struct ss_exprs *ss_ruleset_exprs(struct ss_ruleset *set)
{
    return set->worker[0].exprs;
}

int ss_ruleset_when(const struct ss_ruleset *set, uint32_t rule)
{
    return set->when[rule];
}

int ss_ruleset_reason(const struct ss_ruleset *set, uint32_t rule)
{
    return set->reason[rule];
}

const struct ss_list *ss_ruleset_list(const struct ss_ruleset *set, uint32_t list)
{
    return set->list[list];
}
