#include "base/clock.h"
#include "base/err.h"
#include "base/hash.h"
#include "base/log.h"
#include "base/number.h"
#include "json/cursor.h"
#include "json/write.h"
#include "record/score.h"
#include "rule/ruleset_parts.h"
#include <math.h>
#include <stdlib.h>

bool ss_ruleset_batched(const struct ss_ruleset *set)
{
    return set->batched;
}

void ss_ruleset_quiet(struct ss_ruleset *set, bool quiet)
{
    set->worker[0].quiet = quiet;
}

int ss_ruleset_batch(struct ss_ruleset *set, int worker, const struct ss_batch *batch)
{
    return ss_exprs_batch(set->worker[worker].exprs, batch);
}

/* --- one rule --- */

/* Does the rule count for this record at all? */
static bool open_for(const struct ss_live_rule *rule, const struct ss_record *rec, struct ss_arena *arena)
{
    const struct ss_rule *def = rule->def;
    if (!rule->gated)
        return true;
    if (def->from_us != INT64_MIN || def->until_us != INT64_MAX) {
        if (!rec->has_time || rec->time_us < def->from_us || rec->time_us >= def->until_us)
            return false;
    }
    if (!def->rollout_by.p)
        return true;
    struct ss_str key = ss_field_ref_text(&rule->key, rec, arena);
    return key.p && !rule->nobody && ss_hash64_seed(key.p, key.n, rule->seed) <= rule->max;
}

static int test(const struct ss_ruleset *set, struct ss_rule_worker *w, uint32_t i)
{
    struct ss_rule_count *count = &w->count[i];
    bool timed = set->options.profile && !w->quiet;
    int64_t began_ns = timed ? ss_clock_mono_ns() : 0;
    int result = ss_expr_test(w->exprs, (int)i);
    if (timed)
        count->ns += (uint64_t)(ss_clock_mono_ns() - began_ns);
    if (!w->quiet) {
        count->tested++;
        count->hits += result == SS_EXPR_TRUE;
    }
    return result;
}

/* A copy that lives as long as the batch. */
static struct ss_str keep(struct ss_arena *arena, const char *p, size_t n)
{
    if (n > SS_RULE_REASON_MAX) {
        n = SS_RULE_REASON_MAX;
        while (n && ((unsigned char)p[n] & 0xc0) == 0x80) /* not within a character */
            n--;
    }
    return (struct ss_str){ss_arena_copy(arena, n ? p : "", n), n};
}

struct outcome {
    struct ss_ruleset *set;
    struct ss_rule_worker *w;
    struct ss_arena *arena;
    uint32_t fired, shadows, failures;
    double score; /* of the rules: the greatest, or the sum */
    int action;
    bool allow; /* an override */
};

static int note_failure(struct outcome *out, uint32_t i, const char *what, struct ss_str *error)
{
    struct ss_live_rule *rule = &out->set->live[i];
    const char *why = ss_expr_error(out->w->exprs);
    out->w->count[i].errors += !out->w->quiet;
    ss_buf_reset(&out->w->text);
    ss_buf_puts(&out->w->text, what);
    ss_buf_puts(&out->w->text, why && why[0] ? why : "unknown error");
    *error = keep(out->arena, out->w->text.p, out->w->text.n);
    if (!error->p)
        return SS_ENOMEM;
    if (!out->w->quiet && !atomic_exchange(&rule->failure_said, true))
        ss_warn("%s:%u: rule '%.*s' fails: %.*s", rule->def->at.file, rule->def->at.line,
                (int)rule->def->name.n, rule->def->name.p, (int)error->n, error->p);
    out->w->failed[out->failures++] = (struct ss_failed){rule->def->name, *error};
    return 0;
}

static int reason_of(struct outcome *out, uint32_t i, struct ss_str *reason)
{
    const struct ss_live_rule *rule = &out->set->live[i];
    *reason = (struct ss_str){NULL, 0};
    if (rule->reason < 0)
        return 0;
    struct ss_buf *text = &out->w->text;
    ss_buf_reset(text);
    int result = ss_expr_text(out->w->exprs, rule->reason, text);
    if (result == SS_EXPR_ERROR) {
        struct ss_str error;
        return note_failure(out, i, "reason: ", &error);
    }
    int err = ss_buf_check(text);
    if (err || result == SS_EXPR_FALSE)
        return err;
    *reason = keep(out->arena, text->p, text->n);
    return reason->p ? 0 : SS_ENOMEM;
}

static void count_in(struct outcome *out, const struct ss_live_rule *rule, const struct ss_fired *fired)
{
    if (!isnan(fired->score)) {
        if (out->set->spec->combine == SS_COMBINE_WEIGHTED)
            out->score += fired->score;
        else if (fired->score > out->score)
            out->score = fired->score;
    }
    if (fired->action > out->action)
        out->action = fired->action;
    out->allow |= rule->def->override_allow;
}

static int take(struct outcome *out, uint32_t i, int result)
{
    const struct ss_live_rule *rule = &out->set->live[i];
    const struct ss_rule *def = rule->def;
    struct ss_fired fired = {.id = def->name,
                             .score = rule->score,
                             .action = def->override_allow ? SS_ALLOW : def->action,
                             .severity = def->severity,
                             .tag = def->tag,
                             .tags = def->tags};
    int err;
    if (result == SS_EXPR_ERROR) {
        err = note_failure(out, i, "", &fired.reason);
        fired.score = NAN;
        fired.action = def->on_error;
        if (err || def->on_error < 0)
            return err;
    } else {
        err = reason_of(out, i, &fired.reason);
        if (err)
            return err;
    }
    if (def->shadow) {
        out->w->shadow[out->shadows++] = fired;
        return 0;
    }
    out->w->fired[out->fired++] = fired;
    if (result == SS_EXPR_TRUE) {
        count_in(out, rule, &fired);
    } else if (fired.action > out->action) {
        out->action = fired.action;
    }
    return 0;
}

static int evaluate(struct outcome *out, const struct ss_record *rec)
{
    const struct ss_ruleset *set = out->set;
    ss_exprs_begin(out->w->exprs, rec, out->arena);
    const uint64_t *maybe = ss_exprs_maybe(out->w->exprs);
    for (uint32_t word = 0; word * 64 < set->n_live; word++) {
        uint64_t bits = maybe[word];
        uint32_t left = set->n_live - word * 64;
        if (left < 64)
            bits &= ((uint64_t)1 << left) - 1; /* behind them come reasons */
        for (; bits; bits &= bits - 1) {
            uint32_t i = word * 64 + (uint32_t)__builtin_ctzll(bits);
            if (!open_for(&set->live[i], rec, out->arena))
                continue;
            int result = test(set, out->w, i);
            int err = result == SS_EXPR_FALSE ? 0 : take(out, i, result);
            if (err)
                return err;
        }
    }
    return 0;
}

/* --- all rules together --- */

static enum ss_level level_by(const double threshold[SS_LEVELS], double score)
{
    int level = SS_CRITICAL;
    while (level > SS_NONE && !(score >= threshold[level]))
        level--;
    return (enum ss_level)level;
}

static enum ss_level level_of(const struct ss_ruleset *set, double final, const struct ss_score *model)
{
    enum ss_level level = level_by(set->threshold, final);
    if (set->own_thresholds || !model)
        return level;
    if (final == model->value) /* nothing was added: the model's own thresholds say it better */
        return model->level;
    return model->level > level ? model->level : level;
}

static double final_score(const struct ss_ruleset *set, double rules, const struct ss_score *model)
{
    double value = model ? model->value : 0;
    if (set->spec->combine == SS_COMBINE_MAX)
        return value > rules ? value : rules;
    double sum = set->spec->model_weight * value + rules;
    sum = sum < 0 ? 0 : sum > 1 ? 1 : sum;
    return nearbyint(sum * 1e9) / 1e9; /* so that 0.1 + 0.2 prints as people add it */
}

/* "gbt:3f2a91c0" is the model 3f2a91c0. */
static struct ss_str model_of(const struct ss_record *rec)
{
    struct ss_str text = ss_cursor_member(ss_record_member(rec, SS_SCORE), "model");
    if (text.n < 2 || text.p[0] != '"' || memchr(text.p, '\\', text.n))
        return (struct ss_str){NULL, 0};
    text = (struct ss_str){text.p + 1, text.n - 2};
    const char *colon = memrchr(text.p, ':', text.n);
    return colon ? (struct ss_str){colon + 1, text.n - (size_t)(colon + 1 - text.p)} : text;
}

static struct ss_str features_of(const struct ss_record *rec)
{
    if (rec->features)
        return ss_str_of(rec->features->names->set);
    struct ss_str text = ss_cursor_member(ss_record_member(rec, SS_FEATURES), "set");
    if (text.n < 2 || text.p[0] != '"' || memchr(text.p, '\\', text.n))
        return (struct ss_str){NULL, 0};
    return (struct ss_str){text.p + 1, text.n - 2};
}

static int copy_array(struct ss_arena *arena, const void *from, size_t bytes, const void **to)
{
    *to = NULL;
    if (bytes == 0)
        return 0;
    void *copy = ss_arena_alloc(arena, bytes);
    if (!copy)
        return SS_ENOMEM;
    memcpy(copy, from, bytes);
    *to = copy;
    return 0;
}

static int conclude(struct outcome *out, const struct ss_record *rec, const struct ss_decision **decision)
{
    const struct ss_ruleset *set = out->set;
    struct ss_decision *d = ss_arena_zalloc(out->arena, sizeof *d);
    const void *rule, *shadow, *failed;
    struct ss_score score;
    if (!d || copy_array(out->arena, out->w->fired, out->fired * sizeof *d->rule, &rule) < 0 ||
        copy_array(out->arena, out->w->shadow, out->shadows * sizeof *d->shadow, &shadow) < 0 ||
        copy_array(out->arena, out->w->failed, out->failures * sizeof *d->failed, &failed) < 0)
        return SS_ENOMEM;
    const struct ss_score *model = ss_record_score(rec, &score) ? &score : NULL;
    d->rule = rule;
    d->rules = out->fired;
    d->shadow = shadow;
    d->shadows = out->shadows;
    d->failed = failed;
    d->failures = out->failures;
    d->score = final_score(set, out->score, model);
    d->level = level_of(set, d->score, model);
    int action =
        out->action > set->spec->level_action[d->level] ? out->action : set->spec->level_action[d->level];
    d->action = out->allow || action < 0 ? SS_ALLOW : (enum ss_action)action;
    d->features = features_of(rec);
    d->model = model_of(rec);
    d->rule_set = (struct ss_str){set->hash, 8};
    *decision = d;
    return 0;
}

int ss_ruleset_decide(struct ss_ruleset *set, int worker, const struct ss_record *rec, struct ss_arena *arena,
                      const struct ss_decision **decision)
{
    struct outcome out = {.set = set, .w = &set->worker[worker], .arena = arena, .action = -1};
    int err = evaluate(&out, rec);
    return err ? err : conclude(&out, rec, decision);
}

/* --- what happened --- */

static void put_part(void *to, struct ss_str text, struct ss_str value)
{
    struct ss_buf *buf = to;
    ss_buf_puts(buf, "    ");
    for (size_t i = 0; i < text.n; i++)
        ss_buf_putc(buf, text.p[i] == '\n' ? ' ' : text.p[i]);
    for (size_t n = text.n; n < 40; n++)
        ss_buf_putc(buf, ' ');
    ss_buf_puts(buf, "  ");
    ss_buf_put(buf, value.p, value.n);
    ss_buf_putc(buf, '\n');
}

static void explain_rule(struct ss_ruleset *set, uint32_t i, const struct ss_record *rec,
                         struct ss_arena *arena, struct ss_buf *to)
{
    const struct ss_live_rule *rule = &set->live[i];
    const struct ss_rule *def = rule->def;
    struct ss_exprs *exprs = set->worker[0].exprs;
    bool open = open_for(rule, rec, arena);
    int result = ss_expr_test(exprs, (int)i);
    ss_buf_printf(to, "rule %.*s (%s:%u)%s: ", (int)def->name.n, def->name.p, def->at.file, def->at.line,
                  def->shadow ? ", shadow" : "");
    if (!open)
        ss_buf_puts(to, "not for this record (its rollout, from or until)");
    else if (result == SS_EXPR_ERROR)
        ss_buf_printf(to, "fails: %s", ss_expr_error(exprs));
    else
        ss_buf_puts(to, result == SS_EXPR_TRUE ? "fires" : "silent");
    if (open && result == SS_EXPR_TRUE && !isnan(rule->score)) {
        ss_buf_puts(to, set->spec->combine == SS_COMBINE_MAX ? ", score at least " : ", adds ");
        ss_json_put_double(to, rule->score);
    }
    if (open && result == SS_EXPR_TRUE && def->action >= 0)
        ss_buf_printf(to, ", %s", ss_action_name((enum ss_action)def->action));
    if (open && result == SS_EXPR_TRUE && def->override_allow)
        ss_buf_puts(to, ", overrides with allow");
    ss_buf_putc(to, '\n');
    ss_expr_explain(exprs, (int)i, put_part, to);
}

int ss_ruleset_explain(struct ss_ruleset *set, const struct ss_record *rec, struct ss_arena *arena,
                       struct ss_buf *to)
{
    const struct ss_decision *d;
    struct ss_score score;
    int err = ss_ruleset_decide(set, 0, rec, arena, &d);
    if (err)
        return err;
    struct ss_str id = ss_record_text(rec, SS_TXN_ID, arena);
    ss_buf_printf(to, "record %llu", (unsigned long long)rec->record_no);
    if (id.p)
        ss_buf_printf(to, " (%.*s)", (int)id.n, id.p);
    ss_buf_putc(to, '\n');
    for (uint32_t i = 0; i < set->n_live; i++)
        explain_rule(set, i, rec, arena, to);
    ss_buf_puts(to, "model score: ");
    if (ss_record_score(rec, &score))
        ss_json_put_double(to, score.value);
    else
        ss_buf_puts(to, "none");
    ss_buf_puts(to, "\ndecision: ");
    ss_decision_put(d, to);
    ss_buf_puts(to, "\n\n");
    return ss_buf_check(to);
}

static struct ss_rule_count count_of(const struct ss_ruleset *set, uint32_t i)
{
    struct ss_rule_count sum = {0};
    for (int w = 0; w < set->workers; w++) {
        const struct ss_rule_count *c = &set->worker[w].count[i];
        sum.tested += c->tested;
        sum.hits += c->hits;
        sum.errors += c->errors;
        sum.ns += c->ns;
    }
    return sum;
}

void ss_ruleset_profile(const struct ss_ruleset *set, struct ss_buf *to)
{
    double all = 0;
    for (uint32_t i = 0; i < set->n_live; i++)
        all += (double)count_of(set, i).ns;
    ss_buf_puts(to, "rule\tmode\ttested\thits\terrors\tns_each\tshare_percent\n");
    for (uint32_t i = 0; i < set->n_live; i++) {
        const struct ss_rule *def = set->live[i].def;
        struct ss_rule_count c = count_of(set, i);
        ss_buf_printf(to, "%.*s\t%s\t%llu\t%llu\t%llu\t%.0f\t%.1f\n", (int)def->name.n, def->name.p,
                      def->shadow ? "shadow" : "live", (unsigned long long)c.tested,
                      (unsigned long long)c.hits, (unsigned long long)c.errors,
                      c.tested ? (double)c.ns / (double)c.tested : 0, all > 0 ? 100 * (double)c.ns / all : 0);
    }
}

void ss_ruleset_profile_take(struct ss_ruleset *set, const struct ss_ruleset *from)
{
    for (uint32_t i = 0; i < set->n_live; i++)
        for (uint32_t j = 0; j < from->n_live; j++)
            if (ss_str_eq(set->live[i].def->name, from->live[j].def->name)) {
                struct ss_rule_count c = count_of(from, j), *to = &set->worker[0].count[i];
                to->tested += c.tested;
                to->hits += c.hits;
                to->errors += c.errors;
                to->ns += c.ns;
            }
}
