/* The comparison for people: aligned columns, one idea a block, the same bytes everywhere. */
#include "base/number.h"
#include "base/time.h"
#include "eval/cell.h"
#include "eval/diff_report.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

struct page {
    struct ss_buf *to;
    const struct ss_diff *d;
    bool color;
};

static const char *const truth_names[SS_TRUTHS] = {"genuine", "fraud", "not labelled"};
static const enum ss_truth truths[SS_TRUTHS] = {SS_FRAUD, SS_GENUINE, SS_UNKNOWN};

static size_t of_truth(const struct ss_diff *d, enum ss_truth t, __int128 *amount)
{
    size_t n = 0;
    *amount = 0;
    for (int o = 0; o < 2; o++)
        for (int w = 0; w < 2; w++) {
            n += d->alerts.of[t][o][w].n;
            *amount += d->alerts.of[t][o][w].amount;
        }
    return n;
}

static struct ss_cell sum_of_money(__int128 amount)
{
    return ss_cell_money(ss_diff_units(amount));
}

/* A sign, or nothing for no change. */
static struct ss_cell change(double by, enum ss_metric_kind kind)
{
    struct ss_cell c, n;
    if (isnan(by))
        return (struct ss_cell){"-"};
    double size = fabs(by);
    n = kind == SS_METRIC_MONEY   ? ss_cell_money(size)
        : kind == SS_METRIC_SHARE ? ss_cell_percent(size)
        : size == floor(size)     ? ss_cell_count((size_t)size)
                                  : ss_cell_decimal(size, 2);
    snprintf(c.s, sizeof c.s, "%c%.46s", by < 0 ? '-' : '+', n.s);
    return c;
}

static struct ss_cell figure(const struct ss_metric *m, double value)
{
    double v = ss_metric_read(m, value);
    if (isnan(v))
        return (struct ss_cell){"-"};
    return m->kind == SS_METRIC_MONEY   ? ss_cell_money(v)
           : m->kind == SS_METRIC_SHARE ? ss_cell_percent(v)
           : v == floor(v)              ? ss_cell_count((size_t)v)
                                        : ss_cell_decimal(v, 2);
}

static const struct ss_metric *metric(const char *name)
{
    const struct ss_metric *m = ss_metrics;
    while (strcmp(m->name, name) != 0)
        m++;
    return m;
}

static void put_origin(struct page *p, const char *name, const struct ss_diff_origin *o)
{
    if (!o->rules[0] && !o->model[0] && !o->features[0])
        return;
    ss_buf_printf(p->to, "%-24s %12s", name, "");
    if (o->rules[0])
        ss_buf_printf(p->to, "   rules %s", o->rules);
    if (o->model[0])
        ss_buf_printf(p->to, "   model %s", o->model);
    if (o->features[0])
        ss_buf_printf(p->to, "   features %s", o->features);
    ss_buf_puts(p->to, o->mixed ? "   and others\n" : "\n");
}

static void put_odd(struct page *p, const char *name, size_t n, const char *what)
{
    if (n)
        ss_buf_printf(p->to, "%-24s %12s   %s\n", name, ss_cell_count(n).s, what);
}

static void put_records(struct page *p)
{
    const struct ss_diff *d = p->d;
    __int128 amount;
    size_t frauds = of_truth(d, SS_FRAUD, &amount);
    ss_buf_printf(p->to, "%-24s %12s", "records on both sides", ss_cell_count(d->pairs).s);
    if (ss_diff_days(d)) {
        char first[SS_TIME_TEXT], last[SS_TIME_TEXT];
        ss_time_print(d->first_us, first);
        ss_time_print(d->last_us, last);
        ss_buf_printf(p->to, "   %.10s to %.10s, %s %s", first, last,
                      ss_cell_count((size_t)ss_diff_days(d)).s, ss_diff_days(d) == 1 ? "day" : "days");
    }
    ss_buf_printf(p->to, "\n%-24s %12s   %s of records, %s in amount\n", "frauds", ss_cell_count(frauds).s,
                  ss_cell_percent((double)frauds / (double)d->pairs).s, sum_of_money(amount).s);
    put_odd(p, "without a label", of_truth(d, SS_UNKNOWN, &amount), "neither fraud nor genuine below");
    put_odd(p, "in OLD only", d->only[SS_OLD].n, "left out");
    put_odd(p, "in NEW only", d->only[SS_NEW].n, "left out");
    put_odd(p, "out of order", d->displaced, "paired by txn_id");
    put_odd(p, "with other content", d->differing,
            "amount, time or label differ: are these two decisions about one history?");
    put_odd(p, "malformed lines of OLD", d->rejected[SS_OLD], "left out");
    put_odd(p, "label lines", d->labels, "not used: give them with --labels");
    put_origin(p, "OLD", &d->origin[SS_OLD]);
    put_origin(p, "NEW", &d->origin[SS_NEW]);
}

static void put_figure(struct page *p, const char *name, const char *metric_name)
{
    const struct ss_metric *m = metric(metric_name);
    double old = m->value(p->d, SS_OLD), new_ = m->value(p->d, SS_NEW);
    double by = ss_metric_read(m, new_) - ss_metric_read(m, old);
    struct ss_cell share = {""};
    if (m->kind != SS_METRIC_SHARE && old != 0 && by != 0 && isfinite(by))
        snprintf(share.s, sizeof share.s, "%+.1f %%", 100 * (new_ - old) / fabs(old));
    ss_buf_printf(p->to, "  %-28s %18s %18s", name, figure(m, old).s, figure(m, new_).s);
    if (by != 0) /* also when it is not defined */
        ss_buf_printf(p->to, " %17s", change(by, m->kind).s);
    ss_buf_printf(p->to, share.s[0] ? " %10s\n" : "%s\n", share.s);
}

static void put_figures(struct page *p)
{
    const struct ss_diff *d = p->d;
    struct ss_confusion c = ss_diff_confusion(&d->alerts, SS_NEW);
    ss_cell_heading(p->to, p->color, "alerts: action %s%s", ss_action_name(d->options.alert),
                    d->options.alert == SS_BLOCK ? "" : " and stronger");
    ss_buf_printf(p->to, "  %-28s %18s %18s %17s\n", "", "OLD", "NEW", "change");
    put_figure(p, "alerts", "alerts");
    put_figure(p, "alerts per day", "alerts_per_day");
    put_figure(p, "amount alerted", "amount_alerted");
    if (c.tp + c.fp + c.fn + c.tn) {
        put_figure(p, "frauds alerted", "true_positives");
        put_figure(p, "  their amount", "amount_caught");
        put_figure(p, "frauds passed", "false_negatives");
        put_figure(p, "  their amount", "amount_missed");
        put_figure(p, "genuine alerted", "false_positives");
        put_figure(p, "  their amount", "amount_disturbed");
        put_figure(p, "customers disturbed", "users_disturbed");
        put_figure(p, "precision", "precision");
        put_figure(p, "recall", "recall");
        put_figure(p, "genuine alert rate", "false_positive_rate");
    }
    if (d->options.cost)
        put_figure(p, "cost", "cost");
}

static void put_flips(struct page *p)
{
    const struct ss_diff *d = p->d;
    int64_t days = ss_diff_days(d);
    ss_cell_heading(p->to, p->color, "alerts that change, by label");
    ss_buf_printf(p->to, "  %-14s %14s %18s %9s %14s %18s %9s\n", "", "newly alerted", "amount", "a day",
                  "no longer", "amount", "a day");
    for (int i = 0; i < SS_TRUTHS; i++) {
        const struct ss_diff_sum *on = &d->alerts.of[truths[i]][0][1], *off = &d->alerts.of[truths[i]][1][0];
        __int128 amount;
        if (!of_truth(d, truths[i], &amount))
            continue;
        ss_buf_printf(p->to, "  %-14s %14s %18s %9s %14s %18s %9s\n", truth_names[truths[i]],
                      ss_cell_count(on->n).s, sum_of_money(on->amount).s,
                      ss_cell_decimal(days ? (double)on->n / (double)days : NAN, 1).s,
                      ss_cell_count(off->n).s, sum_of_money(off->amount).s,
                      ss_cell_decimal(days ? (double)off->n / (double)days : NAN, 1).s);
    }
    if (d->users_newly || d->users_released)
        ss_buf_printf(p->to, "  %s customers are disturbed who were not before, %s no longer\n",
                      ss_cell_count(d->users_newly).s, ss_cell_count(d->users_released).s);
}

struct grid {
    size_t n;
    const char *name[SS_DIFF_ACTIONS];
    struct ss_diff_sum of[SS_DIFF_ACTIONS][SS_DIFF_ACTIONS];
};

/* Rows and columns that are empty are left out. */
static void put_grid(struct page *p, const struct grid *g, bool money)
{
    bool used[SS_DIFF_ACTIONS] = {false};
    for (size_t i = 0; i < g->n; i++)
        for (size_t j = 0; j < g->n; j++)
            used[i] |= g->of[i][j].n || g->of[j][i].n;
    ss_buf_printf(p->to, "  %-12s", money ? "amount" : "records");
    for (size_t j = 0; j < g->n; j++)
        if (used[j])
            ss_buf_printf(p->to, " %18s", g->name[j]);
    ss_buf_putc(p->to, '\n');
    for (size_t i = 0; i < g->n; i++) {
        if (!used[i])
            continue;
        ss_buf_printf(p->to, "  %-12s", g->name[i]);
        for (size_t j = 0; j < g->n; j++) {
            const struct ss_diff_sum *x = &g->of[i][j];
            if (used[j])
                ss_buf_printf(p->to, " %18s",
                              !x->n   ? "."
                              : money ? sum_of_money(x->amount).s
                                      : ss_cell_count(x->n).s);
        }
        ss_buf_putc(p->to, '\n');
    }
}

static void put_grids(struct page *p)
{
    const struct ss_diff *d = p->d;
    struct grid actions = {.n = SS_DIFF_ACTIONS}, levels = {.n = SS_LEVELS};
    for (int i = 0; i < SS_DIFF_ACTIONS; i++) {
        actions.name[i] = ss_diff_action_name(i);
        for (int j = 0; j < SS_DIFF_ACTIONS; j++)
            for (int t = 0; t < SS_TRUTHS; t++) {
                actions.of[i][j].n += d->action[t][i][j].n;
                actions.of[i][j].amount += d->action[t][i][j].amount;
            }
    }
    for (int i = 0; i < SS_LEVELS; i++) {
        levels.name[i] = ss_level_name((enum ss_level)i);
        for (int j = 0; j < SS_LEVELS; j++)
            levels.of[i][j] = d->level[i][j];
    }
    ss_cell_heading(p->to, p->color, "actions: OLD down, NEW across");
    put_grid(p, &actions, false);
    put_grid(p, &actions, true);
    ss_cell_heading(p->to, p->color, "levels: OLD down, NEW across");
    put_grid(p, &levels, false);
}

static void put_currencies(struct page *p)
{
    const struct ss_diff *d = p->d;
    if (d->currencies.n < 2)
        return;
    ss_cell_heading(p->to, p->color, "amounts above are sums over %u currencies, unconverted; apart they are",
                    (unsigned)d->currencies.n);
    ss_buf_printf(p->to, "  %-8s %18s %18s %18s %18s\n", "", "fraud caught OLD", "NEW", "genuine alerted OLD",
                  "NEW");
    for (uint32_t i = 0; i < d->currencies.n && i < SS_DIFF_RULES_SHOWN; i++) {
        const struct ss_diff_alerts *a = &d->currency[i];
        ss_buf_printf(p->to, "  %-8s %18s %18s %18s %18s\n", ss_cell_name(d->currencies.key[i]).s,
                      sum_of_money(ss_diff_alerted(a, SS_FRAUD, SS_OLD).amount).s,
                      sum_of_money(ss_diff_alerted(a, SS_FRAUD, SS_NEW).amount).s,
                      sum_of_money(ss_diff_alerted(a, SS_GENUINE, SS_OLD).amount).s,
                      sum_of_money(ss_diff_alerted(a, SS_GENUINE, SS_NEW).amount).s);
    }
}

static void put_rules(struct page *p)
{
    const struct ss_diff *d = p->d;
    uint32_t *sorted = d->rules.n ? ss_diff_rules_sorted(d) : NULL;
    if (!sorted) {
        if (d->rules.n)
            p->to->failed = true;
        return;
    }
    ss_cell_heading(p->to, p->color, "rules");
    ss_buf_printf(p->to, "  %-24s %10s %10s %10s   %10s %10s   %10s %10s %16s\n", "", "OLD only", "both",
                  "NEW only", "fraud lost", "gained", "genuine -", "genuine +", "amount by NEW");
    for (uint32_t i = 0; i < d->rules.n && i < SS_DIFF_RULES_SHOWN; i++) {
        const struct ss_diff_rule *r = &d->rule[sorted[i]];
        const struct ss_diff_sum *lost = r->fired[SS_ONLY_OLD], *won = r->fired[SS_ONLY_NEW];
        __int128 amount = ss_diff_fired(r, SS_ONLY_NEW).amount + ss_diff_fired(r, SS_BOTH).amount;
        ss_buf_printf(
            p->to, "  %-24s %10s %10s %10s   %10s %10s   %10s %10s %16s\n",
            ss_cell_name(d->rules.key[sorted[i]]).s, ss_cell_count(ss_diff_fired(r, SS_ONLY_OLD).n).s,
            ss_cell_count(ss_diff_fired(r, SS_BOTH).n).s, ss_cell_count(ss_diff_fired(r, SS_ONLY_NEW).n).s,
            ss_cell_count(lost[SS_FRAUD].n).s, ss_cell_count(won[SS_FRAUD].n).s,
            ss_cell_count(lost[SS_GENUINE].n).s, ss_cell_count(won[SS_GENUINE].n).s, sum_of_money(amount).s);
    }
    if (d->rules.n > SS_DIFF_RULES_SHOWN)
        ss_buf_printf(p->to, "  and %u rules that changed less; --json has all\n",
                      (unsigned)(d->rules.n - SS_DIFF_RULES_SHOWN));
    free(sorted);
}

static void put_example(struct page *p, const struct ss_diff_example *x)
{
    const struct ss_diff_row *old = x->side[SS_OLD], *new_ = x->side[SS_NEW];
    char time[SS_TIME_TEXT] = "-";
    size_t n = new_->has_time ? ss_time_print(new_->time_us, time) : 1;
    ss_buf_printf(p->to, "  %-24s %-20.*s %14s %-3s %9s > %s", ss_cell_name(new_->txn).s, (int)n, time,
                  sum_of_money(new_->amount).s, new_->currency.p ? ss_cell_name(new_->currency).s : "",
                  ss_diff_action_name(old->action), ss_diff_action_name(new_->action));
    /* The rules of the side that alerts: they say why. */
    const struct ss_diff_row *why = new_->rules ? new_ : old;
    if (why->rules) /* none: nothing behind the action */
        ss_buf_printf(p->to, "%*s", 12 - (int)strlen(ss_diff_action_name(new_->action)), "");
    for (uint32_t i = 0; i < why->rules && i < 3; i++)
        ss_buf_printf(p->to, "%s%s", i ? ", " : "", ss_cell_name(p->d->rules.key[why->rule[i]]).s);
    if (why->rules > 3)
        ss_buf_printf(p->to, " and %u more", (unsigned)why->rules - 3);
    ss_buf_putc(p->to, '\n');
}

static void put_examples(struct page *p)
{
    static const char *const names[SS_TRUTHS][2] = {
        {"genuine, no longer alerted", "genuine, newly alerted"},
        {"fraud, no longer alerted", "fraud, newly alerted"},
        {"not labelled, no longer alerted", "not labelled, newly alerted"}};
    for (int i = 0; i < SS_TRUTHS; i++)
        for (int on = 1; on >= 0; on--) {
            const struct ss_diff_examples *e = &p->d->examples[truths[i]][on];
            if (e->n)
                ss_cell_heading(p->to, p->color, "%s: the dearest", names[truths[i]][on]);
            for (uint32_t k = 0; k < e->n; k++)
                put_example(p, &e->item[k]);
        }
}

static void put_gates(struct page *p, const struct ss_diff_gate *gate, size_t gates)
{
    if (gates)
        ss_cell_heading(p->to, p->color, "gates");
    for (size_t i = 0; i < gates; i++) {
        struct ss_gate_result r = ss_gate_judge(&gate[i].gate, p->d);
        const struct ss_metric *m = gate[i].gate.metric;
        double unit = m->kind == SS_METRIC_MONEY ? SS_AMOUNT_SCALE : 1;
        ss_buf_printf(p->to, "  %-8s %-36.*s ",
                      r.unjudged ? "UNJUDGED"
                      : r.fails  ? "FAILED"
                                 : "passed",
                      (int)gate[i].text.n, gate[i].text.p);
        if (m->sided)
            ss_buf_printf(p->to, "OLD %s, NEW ", figure(m, r.old * unit).s);
        ss_buf_printf(p->to, "%s\n", figure(m, r.new_ * unit).s);
    }
}

void ss_diff_text(const struct ss_diff *d, const struct ss_diff_gate *gate, size_t gates, bool color,
                  struct ss_buf *to)
{
    struct page p = {to, d, color};
    put_records(&p);
    if (d->pairs) {
        put_figures(&p);
        put_flips(&p);
        put_grids(&p);
        put_rules(&p);
        put_currencies(&p);
        put_examples(&p);
    }
    put_gates(&p, gate, gates);
}
