#include "eval/rules.h"
#include "base/err.h"
#include "eval/money.h"
#include <stdlib.h>

/* A rule in a set: its number, doubled, and 1 more for a shadow rule. A set is these, ascending. */
static bool is_shadow(uint32_t code)
{
    return code & 1;
}

static int by_code(const void *a, const void *b)
{
    const uint32_t *x = a, *y = b;
    return (*x > *y) - (*x < *y);
}

static int add_codes(struct ss_eval_table *t, const struct ss_fired *rule, uint32_t n, uint32_t shadow,
                     uint32_t *code)
{
    for (uint32_t i = 0; i < n; i++) {
        int64_t number = ss_map_add(&t->rules, rule[i].id);
        if (number < 0)
            return ss_fail_in((int)number, "more than %d rules: ", SS_EVAL_RULES_MAX);
        code[i] = 2 * (uint32_t)number + shadow;
    }
    return 0;
}

int ss_eval_rule_set(struct ss_eval_table *t, const struct ss_decision *d, struct ss_arena *arena,
                     struct ss_str *set)
{
    uint32_t n = d->rules + d->shadows, distinct = 0;
    *set = (struct ss_str){NULL, 0};
    if (!n)
        return 0;
    uint32_t *code = ss_arena_alloc(arena, n * sizeof *code);
    int err = code ? add_codes(t, d->rule, d->rules, 0, code) : SS_ENOMEM;
    if (!err)
        err = add_codes(t, d->shadow, d->shadows, 1, code + d->rules);
    if (err)
        return err;
    qsort(code, n, sizeof *code, by_code);
    for (uint32_t i = 0; i < n; i++)
        if (i == 0 || code[i] != code[i - 1])
            code[distinct++] = code[i];
    *set = (struct ss_str){(const char *)code, distinct * sizeof *code};
    return 0;
}

/* What the rows of one set sum up to. */
struct sum {
    size_t hits, frauds, genuine, unlabelled, immature;
    __int128 fraud_amount, amount;
};

struct work {
    const struct ss_eval_table *t;
    struct sum *set;       /* for each of t->groups */
    struct sum *all, *own; /* for each code: of its hits, and of those without another live rule */
    uint32_t codes;
    uint32_t *together; /* codes x codes, NULL where there are too many */
};

static void add(struct sum *to, const struct sum *from)
{
    to->hits += from->hits;
    to->frauds += from->frauds;
    to->genuine += from->genuine;
    to->unlabelled += from->unlabelled;
    to->immature += from->immature;
    to->fraud_amount += from->fraud_amount;
    to->amount += from->amount;
}

static void sum_sets(struct work *w, int64_t delay_us, struct ss_eval_rules *r)
{
    const struct ss_eval_table *t = w->t;
    struct sum none = {0};
    for (size_t i = 0; i < t->n; i++) {
        uint8_t flags = SS_EVAL_AT(t, flags, i);
        uint32_t id = SS_EVAL_AT(t, group, i);
        if (flags & SS_EVAL_DROPPED)
            continue;
        struct sum *s = id == SS_EVAL_NO_ID ? &none : &w->set[id];
        int64_t amount = SS_EVAL_DETAIL(t, amount, i);
        s->hits++;
        if (flags & SS_EVAL_UNKNOWN) {
            s->unlabelled++;
        } else if (flags & SS_EVAL_FRAUD) {
            s->frauds++;
            s->fraud_amount += amount;
        } else {
            s->genuine++;
            s->amount += amount;
        }
        bool immature = ss_eval_is_immature(t, i, delay_us);
        s->immature += immature;
        r->immature += immature;
        r->records++;
    }
    r->missed += none.frauds;
}

/* Keys are bytes: not aligned. */
static uint32_t code_at(struct ss_str set, uint32_t i)
{
    uint32_t code;
    memcpy(&code, set.p + i * sizeof code, sizeof code);
    return code;
}

static void share_out(struct work *w, uint32_t id, struct ss_eval_rules *r)
{
    struct ss_str key = w->t->groups.key[id];
    uint32_t n = (uint32_t)(key.n / sizeof(uint32_t)), live = 0, last = 0;
    const struct sum *s = &w->set[id];
    for (uint32_t i = 0; i < n; i++)
        if (!is_shadow(code_at(key, i))) {
            live++;
            last = code_at(key, i);
        }
    *(live ? &r->fired : &r->missed) += s->frauds;
    for (uint32_t i = 0; i < n; i++) {
        uint32_t code = code_at(key, i);
        add(&w->all[code], s);
        if (live == 0 || (live == 1 && code == last))
            add(&w->own[code], s);
        for (uint32_t j = 0; w->together && j < n; j++)
            w->together[(size_t)code * w->codes + code_at(key, j)] += (uint32_t)s->hits;
    }
}

static void find_overlaps(const struct work *w, uint32_t code, struct ss_eval_rule *rule)
{
    for (uint32_t other = 0; w->together && other < w->codes; other++) {
        size_t hits = w->together[(size_t)code * w->codes + other];
        int at = rule->overlaps;
        if (other == code || !hits)
            continue;
        while (at && rule->overlap[at - 1].hits < hits)
            at--;
        if (at == SS_EVAL_OVERLAPS)
            continue;
        rule->overlaps += rule->overlaps < SS_EVAL_OVERLAPS;
        for (int i = rule->overlaps - 1; i > at; i--)
            rule->overlap[i] = rule->overlap[i - 1];
        rule->overlap[at] = (struct ss_eval_overlap){other, hits};
    }
}

static struct ss_eval_rule rule_of(const struct work *w, uint32_t code)
{
    const struct sum *all = &w->all[code], *own = &w->own[code];
    struct ss_eval_rule rule = {.id = w->t->rules.key[code / 2],
                                .shadow = is_shadow(code),
                                .hits = all->hits,
                                .frauds = all->frauds,
                                .genuine = all->genuine,
                                .unlabelled = all->unlabelled,
                                .immature = all->immature,
                                .fraud_amount = ss_eval_units(all->fraud_amount),
                                .amount = ss_eval_units(all->amount),
                                .only_frauds = own->frauds,
                                .only_genuine = own->genuine,
                                .only_fraud_amount = ss_eval_units(own->fraud_amount),
                                .only_amount = ss_eval_units(own->amount)};
    find_overlaps(w, code, &rule);
    return rule;
}

static int by_hits(const void *a, const void *b)
{
    const struct ss_eval_rule *x = a, *y = b;
    if (x->shadow != y->shadow)
        return x->shadow - y->shadow;
    if (x->hits != y->hits)
        return (x->hits < y->hits) - (x->hits > y->hits);
    int order = memcmp(x->id.p, y->id.p, x->id.n < y->id.n ? x->id.n : y->id.n);
    return order ? order : (x->id.n > y->id.n) - (x->id.n < y->id.n);
}

/* Overlaps name codes; sorting the rules must be followed. */
static int sort(const struct work *w, struct ss_eval_rules *r)
{
    uint32_t *place = malloc((w->codes + 1) * sizeof *place);
    if (!place)
        return ss_fail(SS_ENOMEM, "out of memory for %zu rules", r->n);
    qsort(r->rule, r->n, sizeof *r->rule, by_hits);
    for (size_t i = 0; i < r->n; i++) {
        place[2 * (uint32_t)ss_map_find(&w->t->rules, r->rule[i].id) + r->rule[i].shadow] = (uint32_t)i;
        r->live += !r->rule[i].shadow;
    }
    for (size_t i = 0; i < r->n; i++)
        for (int k = 0; k < r->rule[i].overlaps; k++)
            r->rule[i].overlap[k].rule = place[r->rule[i].overlap[k].rule];
    free(place);
    return 0;
}

static int make(struct work *w, int64_t delay_us, struct ss_eval_rules *r)
{
    const struct ss_eval_table *t = w->t;
    w->codes = 2 * t->rules.n;
    w->set = calloc((size_t)t->groups.n + 1, sizeof *w->set);
    w->all = calloc((size_t)w->codes + 1, sizeof *w->all);
    w->own = calloc((size_t)w->codes + 1, sizeof *w->own);
    bool compare = w->codes <= SS_EVAL_OVERLAP_RULES;
    if (compare)
        w->together = calloc((size_t)w->codes * w->codes + 1, sizeof *w->together);
    r->rule = calloc((size_t)w->codes + 1, sizeof *r->rule);
    if (!w->set || !w->all || !w->own || (compare && !w->together) || !r->rule)
        return ss_fail(SS_ENOMEM, "out of memory for %u rules", (unsigned)t->rules.n);
    sum_sets(w, delay_us, r);
    for (uint32_t id = 0; id < t->groups.n; id++)
        share_out(w, id, r);
    for (uint32_t code = 0; code < w->codes; code++)
        if (w->all[code].hits)
            r->rule[r->n++] = rule_of(w, code);
    return sort(w, r);
}

int ss_eval_rules_make(const struct ss_eval_table *t, int64_t label_delay_us, struct ss_eval_rules *r)
{
    struct work w = {.t = t};
    *r = (struct ss_eval_rules){.n = 0};
    int err = make(&w, label_delay_us, r);
    free(w.set);
    free(w.all);
    free(w.own);
    free(w.together);
    return err;
}

void ss_eval_rules_free(struct ss_eval_rules *r)
{
    free(r->rule);
    *r = (struct ss_eval_rules){.n = 0};
}
