/* The same metrics for parts of the records: fraud scenarios, and the values of one field. */
#include "base/err.h"
#include "eval/report.h"
#include <math.h>
#include <stdlib.h>

/* A part under construction: its number in the table's dictionary, and how much of it there is. */
struct tally {
    uint32_t id;
    size_t tp, fp, fn, tn;
    __int128 amount;
    const struct ss_map *names; /* for the order of equals */
};

static size_t size_of(const struct tally *y)
{
    return y->tp + y->fp + y->fn + y->tn;
}

/* Largest first; equals by name, so that the order of the records does not show. */
static int by_size(const void *a, const void *b)
{
    const struct tally *x = a, *y = b;
    if (size_of(x) != size_of(y))
        return size_of(x) > size_of(y) ? -1 : 1;
    if (x->id >= x->names->n || y->id >= y->names->n)
        return (x->id >= x->names->n) - (y->id >= y->names->n);
    struct ss_str s = x->names->key[x->id], t = y->names->key[y->id];
    int order = memcmp(s.p, t.p, s.n < t.n ? s.n : t.n);
    return order ? order : (s.n > t.n) - (s.n < t.n);
}

/* One tally for each name and one, the last, for the records without. */
static struct tally *tallies(const struct ss_map *names)
{
    struct tally *y = calloc((size_t)names->n + 1, sizeof *y);
    for (uint32_t i = 0; y && i <= names->n; i++) {
        y[i].id = i;
        y[i].names = names;
    }
    return y;
}

static uint32_t slot_of(const struct ss_map *names, uint32_t id)
{
    return id == SS_EVAL_NO_ID ? names->n : id;
}

/* The sorted tallies as lines, what is beyond `max` in one; empty ones are left out. */
static struct ss_eval_part *lines(const struct tally *y, size_t n, size_t max, size_t *count)
{
    struct ss_eval_part *part = calloc(max + 1, sizeof *part);
    *count = 0;
    for (size_t i = 0; part && i < n && size_of(&y[i]); i++) {
        struct ss_eval_part *p = &part[i < max ? i : max];
        *count = i < max ? i + 1 : max + 1;
        p->rest = i >= max;
        if (!p->rest && y[i].id < y[i].names->n)
            p->name = y[i].names->key[y[i].id];
        p->c.threshold = NAN;
        p->c.tp += y[i].tp;
        p->c.fp += y[i].fp;
        p->c.fn += y[i].fn;
        p->c.tn += y[i].tn;
        p->amount += (double)y[i].amount / 10000;
        p->auc = p->ap = p->recall_at_fpr_1 = NAN;
    }
    return part;
}

/* AUC and so on of one scenario's frauds against all genuine records. */
static int rank_scenario(const struct ss_eval_table *t, const struct ss_ranking *all, uint32_t id,
                         double threshold, struct ss_eval_part *part)
{
    struct ss_ranking k;
    size_t n = 0;
    int err = ss_ranking_room(&k, part->c.tp + part->c.fn, 0);
    if (err)
        return err;
    for (size_t i = 0; i < t->n_fraud; i++)
        if (slot_of(&t->scenarios, t->fraud[i].scenario) == id && ss_eval_counts(t, t->fraud[i].row))
            k.pos[n++] = t->fraud[i].score;
    err = ss_ranking_sort(&k);
    /* The genuine ones are all records', already sorted: lent, and taken back before the free. */
    double *own = k.neg;
    k.neg = all->neg;
    k.n_neg = all->n_neg;
    part->auc = ss_eval_auc(&k);
    part->ap = ss_eval_average_precision(&k);
    struct ss_confusion c = ss_confusion_at(&k, threshold);
    part->recall_at_fpr_1 = k.n_neg ? ss_confusion_recall(&c) : NAN;
    k.neg = own;
    ss_ranking_free(&k);
    return err;
}

int ss_eval_scenarios_make(const struct ss_eval_table *t, const struct ss_ranking *all,
                           struct ss_eval_report *r)
{
    struct tally *y = tallies(&t->scenarios);
    if (!y)
        return ss_fail(SS_ENOMEM, "out of memory counting scenarios");
    for (size_t i = 0; i < t->n_fraud; i++) {
        const struct ss_eval_fraud *f = &t->fraud[i];
        struct tally *s = &y[slot_of(&t->scenarios, f->scenario)];
        if (!ss_eval_counts(t, f->row))
            continue;
        bool alert = ss_eval_is_alert(&r->options, t, f->row);
        s->tp += alert;
        s->fn += !alert;
        s->amount += f->amount;
    }
    qsort(y, (size_t)t->scenarios.n + 1, sizeof *y, by_size);
    r->scenario = lines(y, (size_t)t->scenarios.n + 1, SS_EVAL_SCENARIOS, &r->scenarios);
    int err = r->scenario ? 0 : ss_fail(SS_ENOMEM, "out of memory counting scenarios");
    double threshold = ss_eval_at_fpr(all, 0.01).threshold;
    for (size_t i = 0; err == 0 && i < r->scenarios && !r->scenario[i].rest; i++)
        err = rank_scenario(t, all, y[i].id, threshold, &r->scenario[i]);
    free(y);
    return err;
}

/* Fills the ranking of each group that has a line of its own, in one pass over the rows. */
static int rank_groups(const struct ss_eval_table *t, const struct tally *y, struct ss_eval_report *r)
{
    struct ss_ranking k[SS_EVAL_GROUPS] = {{0}};
    size_t own = r->groups < SS_EVAL_GROUPS ? r->groups : SS_EVAL_GROUPS;
    uint8_t *line = malloc((size_t)t->groups.n + 1);
    int err = line ? 0 : ss_fail(SS_ENOMEM, "out of memory counting groups");
    if (line)
        memset(line, UINT8_MAX, (size_t)t->groups.n + 1);
    for (size_t g = 0; g < own && err == 0; g++) {
        line[y[g].id] = (uint8_t)g;
        err = ss_ranking_room(&k[g], y[g].tp + y[g].fn, y[g].fp + y[g].tn);
        k[g].n_pos = k[g].n_neg = 0;
    }
    for (size_t i = 0; i < t->n && err == 0; i++) {
        uint8_t g = line[slot_of(&t->groups, SS_EVAL_AT(t, group, i))];
        if (g == UINT8_MAX || !ss_eval_counts(t, i))
            continue;
        if (ss_eval_is_fraud(t, i))
            k[g].pos[k[g].n_pos++] = SS_EVAL_AT(t, score, i);
        else
            k[g].neg[k[g].n_neg++] = SS_EVAL_AT(t, score, i);
    }
    for (size_t g = 0; g < own; g++) {
        if (err == 0 && (err = ss_ranking_sort(&k[g])) == 0) {
            r->group[g].auc = ss_eval_auc(&k[g]);
            r->group[g].ap = ss_eval_average_precision(&k[g]);
        }
        ss_ranking_free(&k[g]);
    }
    free(line);
    return err;
}

int ss_eval_groups_make(const struct ss_eval_table *t, struct ss_eval_report *r)
{
    struct tally *y = tallies(&t->groups);
    if (!y)
        return ss_fail(SS_ENOMEM, "out of memory counting groups");
    for (size_t i = 0; i < t->n; i++) {
        struct tally *g = &y[slot_of(&t->groups, SS_EVAL_AT(t, group, i))];
        if (!ss_eval_counts(t, i))
            continue;
        bool alert = ss_eval_is_alert(&r->options, t, i), fraud = ss_eval_is_fraud(t, i);
        g->tp += fraud && alert;
        g->fn += fraud && !alert;
        g->fp += !fraud && alert;
        g->tn += !fraud && !alert;
    }
    qsort(y, (size_t)t->groups.n + 1, sizeof *y, by_size);
    r->group = lines(y, (size_t)t->groups.n + 1, SS_EVAL_GROUPS, &r->groups);
    int err = r->group ? rank_groups(t, y, r) : ss_fail(SS_ENOMEM, "out of memory counting groups");
    free(y);
    return err;
}
