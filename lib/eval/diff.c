#include "eval/diff.h"
#include "base/err.h"
#include "base/number.h"
#include "base/time.h"
#include <math.h>
#include <stdlib.h>

void ss_diff_init(struct ss_diff *d, const struct ss_diff_options *options)
{
    *d = (struct ss_diff){.options = *options, .first_us = INT64_MAX, .last_us = INT64_MIN};
    ss_map_init(&d->rules, SS_DIFF_RULES_MAX);
    ss_map_init(&d->users, SS_DIFF_USERS_MAX);
    ss_map_init(&d->currencies, SS_DIFF_CURRENCIES_MAX);
}

static void free_examples(struct ss_diff_examples *e)
{
    for (uint32_t i = 0; i < e->n; i++)
        for (int s = 0; s < SS_SIDES; s++)
            free(e->item[i].side[s]);
    free(e->item);
}

void ss_diff_free(struct ss_diff *d)
{
    for (int t = 0; t < SS_TRUTHS; t++)
        for (int i = 0; i < 2; i++)
            free_examples(&d->examples[t][i]);
    free(d->rule);
    free(d->seen);
    free(d->currency);
    free(d->user);
    ss_map_free(&d->rules);
    ss_map_free(&d->users);
    ss_map_free(&d->currencies);
    *d = (struct ss_diff){.pairs = 0};
}

/* *array of `cap` items with room for number `id`; what is new is zeroed. */
static int grow(void **array, uint32_t *cap, uint32_t id, size_t size)
{
    if (id < *cap)
        return 0;
    uint32_t more = id < 512 ? 1024 : 2 * id;
    char *p = realloc(*array, more * size);
    if (!p)
        return ss_fail(SS_ENOMEM, "out of memory for %u items of a comparison", (unsigned)more);
    memset(p + *cap * size, 0, (more - *cap) * size);
    *array = p;
    *cap = more;
    return 0;
}

static int rule_number(struct ss_diff *d, struct ss_str id, uint32_t *number)
{
    int64_t found = ss_map_add(&d->rules, id);
    if (found < 0)
        return ss_fail_in((int)found, "more than %d rules: ", SS_DIFF_RULES_MAX);
    *number = (uint32_t)found;
    uint32_t cap = d->rule_cap;
    void *rule = d->rule, *seen = d->seen;
    int err = grow(&rule, &cap, *number, sizeof *d->rule);
    d->rule = rule;
    cap = d->rule_cap;
    err = err ? err : grow(&seen, &cap, *number, sizeof *d->seen);
    d->seen = seen;
    d->rule_cap = err ? d->rule_cap : cap;
    return err;
}

static bool note_hash(char to[32], struct ss_str hash, bool first)
{
    size_t n = hash.p ? hash.n : 0;
    n = n < 31 ? n : 31;
    if (first) {
        if (n)
            memcpy(to, hash.p, n);
        to[n] = '\0';
    }
    return strlen(to) == n && (n == 0 || memcmp(to, hash.p, n) == 0);
}

static void note_origin(struct ss_diff *d, enum ss_side side, const struct ss_decision *decision)
{
    struct ss_diff_origin *o = &d->origin[side];
    bool first = !o->features[0] && !o->model[0] && !o->rules[0];
    bool same = note_hash(o->features, decision->features, first);
    same &= note_hash(o->model, decision->model, first);
    same &= note_hash(o->rules, decision->rule_set, first);
    o->mixed |= !same;
}

int ss_diff_decide(struct ss_diff *d, enum ss_side side, const struct ss_decision *decision,
                   const struct ss_score *score, struct ss_arena *arena, struct ss_diff_row *row)
{
    row->rule = NULL;
    row->rules = 0;
    row->action = SS_DIFF_UNDECIDED;
    row->level = decision ? decision->level : score ? score->level : SS_NONE;
    row->score = decision ? decision->score : score ? score->value : NAN;
    if (!decision)
        return 0;
    row->action = (int)decision->action;
    note_origin(d, side, decision);
    if (!decision->rules)
        return 0;
    uint32_t *rule = ss_arena_alloc(arena, decision->rules * sizeof *rule);
    if (!rule)
        return SS_ENOMEM;
    for (uint32_t i = 0; i < decision->rules; i++) {
        int err = rule_number(d, decision->rule[i].id, &rule[i]);
        if (err)
            return err;
    }
    row->rule = rule;
    row->rules = decision->rules;
    return 0;
}

static void add(struct ss_diff_sum *sum, int64_t amount)
{
    sum->n++;
    sum->amount += amount;
}

static bool is_alert(const struct ss_diff *d, const struct ss_diff_row *row)
{
    return row->action == SS_DIFF_UNDECIDED ? row->level >= d->options.level
                                            : row->action >= (int)d->options.alert;
}

/* A rule is marked twice a pair: when it fired in OLD, and when it has been counted; no search, and a rule
 * that a decision names twice counts once. */
static void count_rules(struct ss_diff *d, const struct ss_diff_row *old, const struct ss_diff_row *new_,
                        enum ss_truth truth)
{
    uint64_t fired = 2 * d->pairs, counted = fired + 1;
    for (uint32_t i = 0; i < old->rules; i++)
        d->seen[old->rule[i]] = fired;
    for (uint32_t i = 0; i < new_->rules; i++) {
        uint32_t r = new_->rule[i];
        if (d->seen[r] != counted)
            add(&d->rule[r].fired[d->seen[r] == fired ? SS_BOTH : SS_ONLY_NEW][truth], new_->amount);
        d->seen[r] = counted;
    }
    for (uint32_t i = 0; i < old->rules; i++) {
        uint32_t r = old->rule[i];
        if (d->seen[r] != counted)
            add(&d->rule[r].fired[SS_ONLY_OLD][truth], new_->amount);
        d->seen[r] = counted;
    }
}

static int count_user(struct ss_diff *d, struct ss_str user, bool old, bool new_)
{
    if (!user.p || (!old && !new_))
        return 0;
    int64_t id = ss_map_add(&d->users, user);
    if (id < 0)
        return (int)id;
    void *flags = d->user;
    int err = grow(&flags, &d->user_cap, (uint32_t)id, 1);
    d->user = flags;
    if (err)
        return err;
    uint8_t was = d->user[id], is = (uint8_t)(was | (old ? 1 : 0) | (new_ ? 2 : 0));
    d->user[id] = is;
    d->users_disturbed[SS_OLD] += (is & 1) - (was & 1);
    d->users_disturbed[SS_NEW] += ((is & 2) - (was & 2)) / 2;
    d->users_newly += (is == 2) - (was == 2);
    d->users_released += (is == 1) - (was == 1);
    return 0;
}

static int count_currency(struct ss_diff *d, struct ss_str currency, enum ss_truth truth, bool old, bool new_,
                          int64_t amount)
{
    if (!currency.p)
        return 0;
    int64_t id = ss_map_add(&d->currencies, currency);
    if (id < 0)
        return ss_fail_in((int)id, "more than %d currencies: ", SS_DIFF_CURRENCIES_MAX);
    void *array = d->currency;
    int err = grow(&array, &d->currency_cap, (uint32_t)id, sizeof *d->currency);
    d->currency = array;
    if (!err)
        add(&d->currency[id].of[truth][old][new_], amount);
    return err;
}

static int keep_example(struct ss_diff *d, struct ss_diff_examples *e, const struct ss_diff_row *old,
                        const struct ss_diff_row *new_)
{
    uint32_t at = e->n, max = d->options.examples;
    while (at && e->item[at - 1].side[SS_NEW]->amount < new_->amount)
        at--;
    if (at >= max)
        return 0;
    if (!e->item && !(e->item = calloc(max, sizeof *e->item)))
        return ss_fail(SS_ENOMEM, "out of memory for %u examples", (unsigned)max);
    struct ss_diff_example x = {{ss_diff_row_copy(old, NULL), ss_diff_row_copy(new_, NULL)}, d->pairs};
    if (!x.side[SS_OLD] || !x.side[SS_NEW]) {
        free(x.side[SS_OLD]);
        free(x.side[SS_NEW]);
        return SS_ENOMEM;
    }
    if (e->n == max) {
        e->n--;
        free(e->item[e->n].side[SS_OLD]);
        free(e->item[e->n].side[SS_NEW]);
    }
    memmove(&e->item[at + 1], &e->item[at], (e->n - at) * sizeof *e->item);
    e->item[at] = x;
    e->n++;
    return 0;
}

int ss_diff_pair(struct ss_diff *d, const struct ss_diff_row *old, const struct ss_diff_row *new_,
                 bool displaced)
{
    bool was = is_alert(d, old), is = is_alert(d, new_);
    enum ss_truth truth = new_->truth == SS_UNKNOWN ? old->truth : new_->truth;
    d->pairs++;
    d->displaced += displaced;
    d->differing += old->amount != new_->amount || old->has_time != new_->has_time ||
                    (old->has_time && old->time_us != new_->time_us) ||
                    (old->truth != new_->truth && old->truth != SS_UNKNOWN && new_->truth != SS_UNKNOWN);
    if (new_->has_time) {
        d->first_us = new_->time_us < d->first_us ? new_->time_us : d->first_us;
        d->last_us = new_->time_us > d->last_us ? new_->time_us : d->last_us;
    }
    add(&d->action[truth][old->action][new_->action], new_->amount);
    add(&d->level[old->level][new_->level], new_->amount);
    add(&d->alerts.of[truth][was][is], new_->amount);
    count_rules(d, old, new_, truth);
    int err = count_currency(d, new_->currency, truth, was, is, new_->amount);
    if (!err && truth == SS_GENUINE)
        err = count_user(d, new_->user, was, is);
    if (!err && was != is && d->options.examples)
        err = keep_example(d, &d->examples[truth][is], old, new_);
    return err;
}

void ss_diff_only(struct ss_diff *d, enum ss_side side, const struct ss_diff_row *row)
{
    add(&d->only[side], row->amount);
}

static struct ss_str copy_text(char **at, struct ss_str text)
{
    if (!text.p)
        return text;
    struct ss_str copy = {memcpy(*at, text.n ? text.p : "", text.n), text.n};
    *at += text.n;
    return copy;
}

struct ss_diff_row *ss_diff_row_copy(const struct ss_diff_row *row, size_t *bytes)
{
    size_t size = sizeof *row + row->rules * sizeof *row->rule + row->txn.n + row->user.n + row->currency.n;
    struct ss_diff_row *copy = malloc(size);
    if (!copy) {
        (void)ss_fail(SS_ENOMEM, "out of memory for a record's decision");
        return NULL;
    }
    uint32_t *rule = (uint32_t *)(copy + 1);
    *copy = *row;
    if (row->rules)
        memcpy(rule, row->rule, row->rules * sizeof *rule);
    copy->rule = rule;
    char *at = (char *)(rule + row->rules);
    copy->txn = copy_text(&at, row->txn);
    copy->user = copy_text(&at, row->user);
    copy->currency = copy_text(&at, row->currency);
    if (bytes)
        *bytes = size;
    return copy;
}

struct ss_diff_sum ss_diff_alerted(const struct ss_diff_alerts *a, enum ss_truth truth, enum ss_side side)
{
    const struct ss_diff_sum *x = side == SS_OLD ? &a->of[truth][1][0] : &a->of[truth][0][1];
    return (struct ss_diff_sum){x->n + a->of[truth][1][1].n, x->amount + a->of[truth][1][1].amount};
}

static size_t all_of(const struct ss_diff_alerts *a, enum ss_truth t)
{
    return a->of[t][0][0].n + a->of[t][0][1].n + a->of[t][1][0].n + a->of[t][1][1].n;
}

struct ss_confusion ss_diff_confusion(const struct ss_diff_alerts *a, enum ss_side side)
{
    size_t tp = ss_diff_alerted(a, SS_FRAUD, side).n, fp = ss_diff_alerted(a, SS_GENUINE, side).n;
    return (struct ss_confusion){NAN, tp, fp, all_of(a, SS_FRAUD) - tp, all_of(a, SS_GENUINE) - fp};
}

int64_t ss_diff_days(const struct ss_diff *d)
{
    if (d->first_us > d->last_us)
        return 0;
    return ss_floor_div(d->last_us, SS_DAY_US) - ss_floor_div(d->first_us, SS_DAY_US) + 1;
}

double ss_diff_units(__int128 amount)
{
    return (double)amount / SS_AMOUNT_SCALE;
}

const char *ss_diff_action_name(int action)
{
    return action == SS_DIFF_UNDECIDED ? "(none)" : ss_action_name((enum ss_action)action);
}
