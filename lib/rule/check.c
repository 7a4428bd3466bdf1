#include "rule/check.h"
#include "base/err.h"
#include "rule/suggest.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#define TEXT_MAX   600
#define RANGES_MAX 64

/* What the conditions of one rule leave of one field. */
struct range {
    struct ss_str path;
    double low, high;
    bool low_open, high_open;
    bool bounded_below; /* by a condition that null does not meet, since null is below every number */
    bool below;         /* there is a condition that null meets */
};

struct checker {
    struct ss_ruleset *set;
    const struct ss_census *sample;
    const struct ss_check_sink *to;
    const struct ss_rule *rule;
    int found;
    struct range range[RANGES_MAX];
    int ranges;
    struct ss_str seen[RANGES_MAX]; /* fields of the rule, each told once */
    int n_seen;
    struct ss_arena arena; /* paths of the rule at hand */
};

static void say(struct checker *c, const struct ss_place *at, const char *text)
{
    c->found++;
    c->to->finding(c->to->ctx, at, c->rule ? c->rule->name : (struct ss_str){"", 0}, text);
}

/* --- ranges --- */

static struct range *range_of(struct checker *c, struct ss_str path)
{
    for (int i = 0; i < c->ranges; i++)
        if (ss_str_eq(c->range[i].path, path))
            return &c->range[i];
    char *copy = c->ranges < RANGES_MAX ? ss_arena_copy(&c->arena, path.p, path.n) : NULL;
    if (!copy)
        return NULL;
    c->range[c->ranges] = (struct range){.path = {copy, path.n}, .low = -INFINITY, .high = INFINITY};
    return &c->range[c->ranges++];
}

static void note_threshold(void *to, struct ss_str path, const char *op, double number)
{
    struct checker *c = to;
    struct range *r = range_of(c, path);
    if (!r || isnan(number))
        return;
    bool equal = op[0] == '=', open = op[1] == '\0';
    if (op[0] == '!')
        return;
    if (op[0] == '>' || equal) {
        r->bounded_below = true;
        if (number > r->low || (number == r->low && open)) {
            r->low = number;
            r->low_open = open && !equal;
        }
    }
    if (op[0] == '<' || equal) {
        r->below |= !equal;
        if (number < r->high || (number == r->high && open)) {
            r->high = number;
            r->high_open = open && !equal;
        }
    }
}

/* `.x != null` or a like guard, as text: good enough to spare a warning. */
static bool guarded(const struct ss_rule *rule, struct ss_str path)
{
    const char *p = rule->when.p, *end = p + rule->when.n;
    while ((p = memmem(p, (size_t)(end - p), path.p, path.n)) != NULL) {
        p += path.n;
        const char *q = p;
        while (q < end && *q == ' ')
            q++;
        if (end - q >= 2 && q[0] == '/' && q[1] == '/')
            return true;
        if (end - q < 2 || q[0] != '!' || q[1] != '=')
            continue;
        q += 2;
        while (q < end && *q == ' ')
            q++;
        if (end - q >= 4 && memcmp(q, "null", 4) == 0)
            return true;
    }
    const char *dot = memrchr(path.p, '.', path.n);
    char has[256];
    int n = snprintf(has, sizeof has, "has(\"%.*s\")", (int)(path.p + path.n - dot - 1), dot + 1);
    return n > 0 && (size_t)n < sizeof has && memmem(rule->when.p, rule->when.n, has, (size_t)n);
}

static void check_range(struct checker *c, const struct range *r)
{
    char text[TEXT_MAX];
    int n = (int)r->path.n;
    if (r->low > r->high || (r->low == r->high && (r->low_open || r->high_open))) {
        snprintf(text, sizeof text, "can never fire: %.*s would have to be %s %g and %s %g", n, r->path.p,
                 r->low_open ? "above" : "at least", r->low, r->high_open ? "below" : "at most", r->high);
        say(c, &c->rule->when_at, text);
        return;
    }
    const struct ss_census_field *field = c->sample ? ss_census_find(c->sample, r->path) : NULL;
    if (c->sample && field && field->texts) {
        snprintf(text, sizeof text,
                 "compares %.*s with a number, and %llu of %llu records have a text there (a text "
                 "is above every number)",
                 n, r->path.p, (unsigned long long)field->texts, (unsigned long long)c->sample->records);
        say(c, &c->rule->when_at, text);
    }
    bool required = ss_str_is(r->path, ".amount");
    if (!r->below || r->bounded_below || required || guarded(c->rule, r->path))
        return;
    if (c->sample && (!field || field->present == c->sample->records))
        return; /* all records have it; that none has is told elsewhere */
    snprintf(text, sizeof text,
             "a record without %.*s fires, since null is below every number: add '%.*s != null and'", n,
             r->path.p, n, r->path.p);
    say(c, &c->rule->when_at, text);
}

/* --- fields --- */

static void suggest_field(const struct checker *c, struct ss_str path, char out[SS_SUGGEST_TEXT])
{
    struct ss_suggest s;
    ss_suggest_init(&s, path);
    for (uint32_t i = 0; i < c->sample->paths.n; i++)
        ss_suggest_name(&s, c->sample->paths.key[i]);
    ss_suggest_text(&s, out);
}

static void note_field(void *to, struct ss_str path)
{
    struct checker *c = to;
    char text[TEXT_MAX], hint[SS_SUGGEST_TEXT];
    if (!c->sample || !c->sample->records || path.n < 2 || memchr(path.p, '[', path.n) ||
        ss_census_find(c->sample, path))
        return; /* null in all records is a matter of the sample */
    for (int i = 0; i < c->n_seen; i++)
        if (ss_str_eq(c->seen[i], path))
            return;
    char *copy = c->n_seen < RANGES_MAX ? ss_arena_copy(&c->arena, path.p, path.n) : NULL;
    if (copy)
        c->seen[c->n_seen++] = (struct ss_str){copy, path.n};
    suggest_field(c, path, hint);
    snprintf(text, sizeof text, "no record of the sample has %.*s%s", path.n < 200 ? (int)path.n : 200,
             path.p, hint);
    say(c, &c->rule->when_at, text);
}

/* --- rules --- */

static bool changes_nothing(const struct ss_rule *rule)
{
    return isnan(rule->score) && isnan(rule->weight) && rule->action < 0 && !rule->override_allow;
}

static void check_rule(struct checker *c, uint32_t i)
{
    struct ss_exprs *exprs = ss_ruleset_exprs(c->set);
    const struct ss_rule *rule = c->rule;
    int id = ss_ruleset_when(c->set, i), result;
    c->ranges = c->n_seen = 0;
    ss_arena_reset(&c->arena);
    if (ss_expr_constant(exprs, id, &result))
        say(c, &rule->when_at,
            result == SS_EXPR_TRUE    ? "fires for every record"
            : result == SS_EXPR_FALSE ? "can never fire"
                                      : "fails for every record");
    ss_expr_thresholds(exprs, id, note_threshold, c);
    for (int r = 0; r < c->ranges; r++)
        check_range(c, &c->range[r]);
    ss_expr_fields(exprs, id, note_field, c);
    if (ss_ruleset_reason(c->set, i) >= 0)
        ss_expr_fields(exprs, ss_ruleset_reason(c->set, i), note_field, c);
    if (changes_nothing(rule) && !rule->shadow)
        say(c, &rule->at, "changes nothing: it has neither score nor weight nor action");
    if (rule->enabled && rule->rollout_by.p && rule->rollout <= 0)
        say(c, &rule->at, "can never fire: its rollout is 0%");
}

static void check_same(struct checker *c, uint32_t i)
{
    const struct ss_rule_spec *spec = ss_ruleset_spec(c->set);
    char text[TEXT_MAX];
    for (uint32_t j = 0; j < i; j++) {
        const struct ss_rule *other = &spec->rule[j];
        if (!other->enabled || other->shadow != c->rule->shadow ||
            !ss_expr_same(ss_ruleset_exprs(c->set), ss_ruleset_when(c->set, i), ss_ruleset_when(c->set, j)))
            continue;
        if (other->rollout_by.p || c->rule->rollout_by.p || other->until_us <= c->rule->from_us ||
            c->rule->until_us <= other->from_us)
            continue; /* meant to follow or to stand beside each other */
        snprintf(text, sizeof text, "the same condition as rule '%.*s' at %s:%u", (int)other->name.n,
                 other->name.p, other->at.file, other->at.line);
        say(c, &c->rule->when_at, text);
        return;
    }
}

/* --- lists --- */

static bool learns(const struct ss_rule_spec *spec, struct ss_str name)
{
    for (uint32_t i = 0; i < spec->n_autos; i++)
        if (ss_str_eq(spec->autos[i].list, name))
            return true;
    return false;
}

/* `$lists.NAME` as text, the name ending there. */
static bool uses(struct ss_str text, struct ss_str name)
{
    static const char before[] = "$lists.";
    if (!text.p)
        return false;
    const char *p = text.p, *end = p + text.n;
    while ((p = memmem(p, (size_t)(end - p), before, sizeof before - 1)) != NULL) {
        p += sizeof before - 1;
        if ((size_t)(end - p) < name.n || memcmp(p, name.p, name.n) != 0)
            continue;
        char c = p + name.n < end ? p[name.n] : ' ';
        if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_'))
            return true;
    }
    return false;
}

static void check_list(struct checker *c, uint32_t i)
{
    const struct ss_rule_spec *spec = ss_ruleset_spec(c->set);
    const struct ss_list_def *def = &spec->list[i];
    const struct ss_list *list = ss_ruleset_list(c->set, i);
    char text[TEXT_MAX];
    bool used = false;
    for (uint32_t r = 0; r < spec->rules && !used; r++)
        used = uses(spec->rule[r].when, def->name) || uses(spec->rule[r].reason, def->name);
    if (!used) {
        snprintf(text, sizeof text, "list '%.*s' is in no rule's condition", (int)def->name.n, def->name.p);
        say(c, &def->at, text);
    }
    if (list && ss_list_count(list) == 0 && !learns(spec, def->name)) {
        snprintf(text, sizeof text, "list '%.*s' is empty: '%s' has no entries", (int)def->name.n,
                 def->name.p, def->path);
        say(c, &def->at, text);
    }
    if (list && ss_list_covered(list)) {
        snprintf(text, sizeof text, "list '%.*s': %u entries of '%s' stand there already", (int)def->name.n,
                 def->name.p, ss_list_covered(list), def->path);
        say(c, &def->at, text);
    }
}

int ss_ruleset_check(struct ss_ruleset *set, const struct ss_census *sample, const struct ss_check_sink *to)
{
    const struct ss_rule_spec *spec = ss_ruleset_spec(set);
    struct checker *c = calloc(1, sizeof *c);
    if (!c)
        return ss_fail(SS_ENOMEM, "out of memory to check rules");
    c->set = set;
    c->sample = sample;
    c->to = to;
    ss_arena_init(&c->arena, 1 << 24);
    for (uint32_t i = 0; i < spec->lists; i++)
        check_list(c, i);
    for (uint32_t i = 0; i < spec->rules; i++) {
        c->rule = &spec->rule[i];
        check_rule(c, i);
        if (c->rule->enabled)
            check_same(c, i);
    }
    int found = c->found;
    ss_arena_free(&c->arena);
    free(c);
    return found;
}
