/* The report for people: aligned columns, one idea a block, the same bytes everywhere. */
#include "base/number.h"
#include "base/time.h"
#include "eval/cell.h"
#include "eval/report.h"
#include <math.h>
#include <stdio.h>

struct page {
    struct ss_buf *to;
    const struct ss_eval_report *r;
    bool color;
};

static double share_caught(const struct ss_eval_point *p)
{
    double all = p->caught_amount + p->missed_amount;
    return all > 0 ? p->caught_amount / all : NAN;
}

static void put_records(struct page *p)
{
    const struct ss_eval_report *r = p->r;
    char first[SS_TIME_TEXT], last[SS_TIME_TEXT];
    ss_buf_printf(p->to, "%-24s %12s", "records", ss_cell_count(r->records).s);
    if (r->first_day <= r->last_day) {
        ss_time_print(r->first_day * SS_DAY_US, first);
        ss_time_print(r->last_day * SS_DAY_US, last);
        ss_buf_printf(p->to, "   %.10s to %.10s", first, last);
    }
    ss_buf_printf(p->to, "\n%-24s %12s   %s of records, %s in amount\n", "frauds",
                  ss_cell_count(r->positives).s, ss_cell_percent((double)r->positives / (double)r->records).s,
                  ss_cell_money(r->fraud_amount).s);
    const struct {
        const char *name, *why;
        size_t n;
    } left_out[] = {
        {"without a label", "left out", r->skipped.unlabelled},
        {r->options.by_decision ? "without a decision" : "without a score", "left out", r->skipped.unscored},
        {"outside the time range", "left out", r->skipped.outside},
        {"of known fraud victims", "left out", r->skipped.dropped}};
    for (size_t i = 0; i < SS_COUNT(left_out); i++)
        if (left_out[i].n)
            ss_buf_printf(p->to, "%-24s %12s   %s\n", left_out[i].name, ss_cell_count(left_out[i].n).s,
                          left_out[i].why);
    if (r->options.label_delay_us) {
        char delay[SS_TIME_TEXT];
        size_t n = ss_duration_print(r->options.label_delay_us, delay);
        ss_buf_printf(p->to, "%-24s %12s   %s of records, younger than %.*s\n", "labels that may yet come",
                      ss_cell_count(r->skipped.immature).s,
                      ss_cell_percent((double)r->skipped.immature / (double)r->records).s, (int)n, delay);
    }
}

static void put_ranking(struct page *p)
{
    const struct ss_eval_report *r = p->r;
    ss_cell_heading(p->to, p->color, "ranking");
    ss_buf_printf(p->to, "  %-22s %12s\n", "AUC ROC", ss_cell_decimal(r->auc, 4).s);
    ss_buf_printf(p->to, "  %-22s %12s   %s by chance\n", "average precision", ss_cell_decimal(r->ap, 4).s,
                  ss_cell_decimal((double)r->positives / (double)r->records, 4).s);
    for (int i = 0; i < r->options.n_k; i++) {
        size_t found = 0;
        char name[32];
        for (size_t d = 0; d < r->card[i].days; d++)
            found += r->card[i].day[d].found;
        snprintf(name, sizeof name, "card precision@%u", (unsigned)r->card[i].k);
        ss_buf_printf(p->to, "  %-22s %12s   %s: %s found in %s %s\n", name,
                      ss_cell_decimal(r->card[i].mean, 4).s, r->options.card_field, ss_cell_count(found).s,
                      ss_cell_count(r->card[i].days).s, r->card[i].days == 1 ? "day" : "days");
    }
    ss_buf_printf(p->to, "  %-22s %12s", "best F1", ss_cell_decimal(ss_confusion_f1(&r->best_f1.c), 4).s);
    if (isfinite(r->best_f1.c.threshold))
        ss_buf_printf(p->to, "   from a score of %s", ss_cell_exact(r->best_f1.c.threshold).s);
    ss_buf_putc(p->to, '\n');
}

static void put_alerts(struct page *p)
{
    const struct ss_eval_report *r = p->r;
    const struct ss_confusion *c = &r->chosen.c;
    if (r->options.by_decision)
        ss_cell_heading(p->to, p->color, "alerts: decisions to review, challenge or block");
    else if (r->options.by_threshold)
        ss_cell_heading(p->to, p->color, "alerts: scores of %s and above",
                        ss_cell_exact(r->options.threshold).s);
    else
        ss_cell_heading(p->to, p->color, "alerts: level %s%s", ss_level_name(r->options.level),
                        r->options.level == SS_CRITICAL ? "" : " and above");
    ss_buf_printf(p->to, "  %-12s %12s %12s   %-12s %10s\n", "", "fraud", "genuine", "precision",
                  ss_cell_percent(ss_confusion_precision(c)).s);
    ss_buf_printf(p->to, "  %-12s %12s %12s   %-12s %10s\n", "alerted", ss_cell_count(c->tp).s,
                  ss_cell_count(c->fp).s, "recall", ss_cell_percent(ss_confusion_recall(c)).s);
    ss_buf_printf(p->to, "  %-12s %12s %12s   %-12s %10s\n", "passed", ss_cell_count(c->fn).s,
                  ss_cell_count(c->tn).s, "F1", ss_cell_decimal(ss_confusion_f1(c), 4).s);
    ss_buf_printf(p->to, "  %-12s %12s %12s   %-12s %10s\n", "", "", "", "alert rate",
                  ss_cell_percent(ss_confusion_alert_rate(c)).s);
    ss_buf_printf(p->to, "  %-12s %12s %12s   %-12s %10s\n", "", "", "", "amount saved",
                  ss_cell_percent(share_caught(&r->chosen)).s);
}

static void put_row(struct page *p, const char *name, const struct ss_eval_point *e)
{
    ss_buf_printf(p->to, "  %-12s %10s %11s %10s %10s %8s %9s", name, ss_cell_count(e->c.tp + e->c.fp).s,
                  ss_cell_percent(ss_confusion_alert_rate(&e->c)).s,
                  ss_cell_percent(ss_confusion_precision(&e->c)).s,
                  ss_cell_percent(ss_confusion_recall(&e->c)).s, ss_cell_decimal(ss_confusion_f1(&e->c), 3).s,
                  ss_cell_percent(share_caught(e)).s);
    if (p->r->options.cost)
        ss_buf_printf(p->to, " %14s", ss_cell_money(e->cost).s);
    ss_buf_putc(p->to, '\n');
}

static void put_thresholds(struct page *p)
{
    const struct ss_eval_report *r = p->r;
    ss_cell_heading(p->to, p->color, "thresholds");
    ss_buf_printf(p->to, "  %-12s %10s %11s %10s %10s %8s %9s%s\n", "from", "alerts", "alert rate",
                  "precision", "recall", "F1", "amount", r->options.cost ? "           cost" : "");
    for (int l = SS_LEVELS - 1; l > SS_NONE; l--)
        put_row(p, ss_level_name((enum ss_level)l), &r->level[l]);
    for (int i = SS_EVAL_GRID - 1; i >= 0; i--)
        put_row(p, ss_cell_exact(r->grid[i].c.threshold).s, &r->grid[i]);
    ss_cell_heading(p->to, p->color, "when so many genuine payments may be alerted");
    ss_buf_printf(p->to, "  %-12s %10s %11s %10s %10s\n", "of genuine", "alerts", "from score", "precision",
                  "recall");
    for (int i = 0; i < SS_EVAL_FPRS; i++) {
        const struct ss_confusion *c = &r->at_fpr[i].c;
        char allowed[32];
        snprintf(allowed, sizeof allowed, "%g %%", 100 * r->fpr[i]);
        ss_buf_printf(p->to, "  %-12s %10s %11s %10s %10s\n", allowed, ss_cell_count(c->tp + c->fp).s,
                      ss_cell_exact(c->threshold).s, ss_cell_percent(ss_confusion_precision(c)).s,
                      ss_cell_percent(ss_confusion_recall(c)).s);
    }
}

static void put_cost(struct page *p)
{
    const struct ss_eval_report *r = p->r;
    if (!r->options.cost)
        return;
    ss_cell_heading(p->to, p->color, "cost%s%s", r->options.cost->currency[0] ? " in " : "",
                    r->options.cost->currency);
    ss_buf_printf(p->to, "  %-22s %14s\n", "without any alert", ss_cell_money(r->cost_of_none).s);
    ss_buf_printf(p->to, "  %-22s %14s   %s saved\n", "with these alerts", ss_cell_money(r->chosen.cost).s,
                  ss_cell_money(r->cost_of_none - r->chosen.cost).s);
    ss_buf_printf(p->to, "  %-22s %14s   ", "at its lowest", ss_cell_money(r->cheapest.cost).s);
    if (isfinite(r->cheapest.c.threshold))
        ss_buf_printf(p->to, "from a score of %s, %s alerts\n", ss_cell_exact(r->cheapest.c.threshold).s,
                      ss_cell_count(r->cheapest.c.tp + r->cheapest.c.fp).s);
    else
        ss_buf_puts(p->to, "without any alert\n");
}

/* What alerts would be at thresholds around the proposal, which is marked. */
static void put_around(struct page *p)
{
    const struct ss_tune *t = &p->r->tune;
    ss_buf_printf(p->to, "  %-22s %10s %10s %10s %10s %9s%s\n", "from", "alerts", "a day", "precision",
                  "recall", "amount", p->r->options.cost ? "           cost" : "");
    for (int i = 0; i < t->n; i++) {
        const struct ss_eval_point *e = &t->around[i];
        char from[SS_NUMBER_MAX];
        size_t n = ss_double_print(i == t->best_at ? t->threshold : e->c.threshold, from);
        double a_day = t->days ? (double)(e->c.tp + e->c.fp) / (double)t->days : NAN;
        ss_buf_printf(p->to, "%s %-22.*s %10s %10s %10s %10s %9s", i == t->best_at ? ">" : " ", (int)n, from,
                      ss_cell_count(e->c.tp + e->c.fp).s, ss_cell_decimal(a_day, 1).s,
                      ss_cell_percent(ss_confusion_precision(&e->c)).s,
                      ss_cell_percent(ss_confusion_recall(&e->c)).s, ss_cell_percent(share_caught(e)).s);
        if (p->r->options.cost)
            ss_buf_printf(p->to, " %14s", ss_cell_money(e->cost).s);
        ss_buf_putc(p->to, '\n');
    }
}

static void put_tune(struct page *p)
{
    const struct ss_tune *t = &p->r->tune;
    char threshold[SS_NUMBER_MAX];
    if (!p->r->options.tune.wanted)
        return;
    const char *best = p->r->options.cost ? "the lowest cost" : "most frauds";
    if (isfinite(t->most))
        ss_cell_heading(p->to, p->color, "proposal: %s within %s alerts", best,
                        ss_cell_count((size_t)t->most).s);
    else
        ss_cell_heading(p->to, p->color, "proposal: %s", best);
    if (!isfinite(t->threshold)) {
        ss_buf_puts(p->to, "  no threshold: it is best to alert nothing\n");
        return;
    }
    size_t n = ss_double_print(t->threshold, threshold);
    ss_buf_printf(p->to, "  --threshold %.*s\n", (int)n, threshold);
    put_around(p);
}

static void put_rule(struct page *p, const struct ss_eval_rule *rule)
{
    const struct ss_eval_report *r = p->r;
    size_t labelled = rule->frauds + rule->genuine;
    ss_buf_printf(
        p->to, "  %-24s %10s %10s %10s %9s %16s %16s %8s", ss_cell_name(rule->id).s,
        ss_cell_count(rule->hits).s,
        ss_cell_percent(labelled ? (double)rule->frauds / (double)labelled : NAN).s,
        ss_cell_percent((double)rule->frauds / (double)(r->rules.fired + r->rules.missed)).s,
        ss_cell_count(rule->only_frauds).s, ss_cell_money(rule->fraud_amount).s,
        ss_cell_money(rule->amount).s,
        ss_cell_percent(r->options.label_delay_us ? (double)rule->immature / (double)rule->hits : NAN).s);
    if (rule->overlaps)
        ss_buf_printf(p->to, "  %s, %s", ss_cell_name(r->rules.rule[rule->overlap[0].rule].id).s,
                      ss_cell_percent((double)rule->overlap[0].hits / (double)rule->hits).s);
    ss_buf_putc(p->to, '\n');
}

static void put_rules(struct page *p)
{
    const struct ss_eval_rules *r = &p->r->rules;
    if (!p->r->options.by_rule)
        return;
    ss_cell_heading(p->to, p->color, "rules: at least one fired on %s of %s frauds",
                    ss_cell_count(r->fired).s, ss_cell_count(r->fired + r->missed).s);
    for (int shadow = 0; shadow < 2; shadow++) {
        size_t from = shadow ? r->live : 0, to = shadow ? r->n : r->live, shown = to;
        if (shadow && r->live < r->n)
            ss_cell_heading(p->to, p->color, "shadow rules: only they is what no live rule fired on");
        if (from < to)
            ss_buf_printf(p->to, "  %-24s %10s %10s %10s %9s %16s %16s %8s  %s\n", "", "hits", "precision",
                          "recall", "only they", "amount of fraud", "of genuine", "too new",
                          "most often with");
        if (shown - from > SS_EVAL_GROUPS)
            shown = from + SS_EVAL_GROUPS;
        for (size_t i = from; i < shown; i++)
            put_rule(p, &r->rule[i]);
        if (shown < to)
            ss_buf_printf(p->to, "  and %s more; --json has all\n", ss_cell_count(to - shown).s);
    }
}

static void put_calibration(struct page *p)
{
    const struct ss_eval_report *r = p->r;
    if (!r->probability) {
        if (r->records)
            ss_cell_heading(p->to, p->color,
                            "calibration: not defined, since some scores lie outside 0 to 1");
        return;
    }
    ss_cell_heading(p->to, p->color, "calibration: Brier score %s, log loss %s, expected error %s",
                    ss_cell_decimal(r->brier, 5).s, ss_cell_decimal(r->log_loss, 5).s,
                    ss_cell_decimal(r->ece, 5).s);
    ss_buf_printf(p->to, "  %-12s %10s %11s %10s\n", "scores", "records", "mean score", "frauds");
    for (int b = 0; b < SS_EVAL_BINS; b++) {
        char range[32];
        snprintf(range, sizeof range, "%.1f to %.1f", r->bin[b].from, r->bin[b].to);
        ss_buf_printf(p->to, "  %-12s %10s %11s %10s\n", range, ss_cell_count(r->bin[b].n).s,
                      ss_cell_percent(r->bin[b].mean_score).s, ss_cell_percent(r->bin[b].frequency).s);
    }
}

static struct ss_cell name_of(const struct ss_eval_part *part)
{
    if (part->rest)
        return (struct ss_cell){"(others)"};
    return part->name.p ? ss_cell_name(part->name) : (struct ss_cell){"(none)"};
}

static void put_scenarios(struct page *p)
{
    const struct ss_eval_report *r = p->r;
    if (!r->scenarios)
        return;
    ss_cell_heading(p->to, p->color, "scenarios, each against all genuine payments");
    ss_buf_printf(p->to, "  %-24s %10s %15s %10s %15s %9s %9s\n", "", "frauds", "amount", "alerted",
                  "at 1 % genuine", "AUC ROC", "avg prec");
    for (size_t i = 0; i < r->scenarios; i++) {
        const struct ss_eval_part *s = &r->scenario[i];
        ss_buf_printf(p->to, "  %-24s %10s %15s %10s %15s %9s %9s\n", name_of(s).s,
                      ss_cell_count(s->c.tp + s->c.fn).s, ss_cell_money(s->amount).s,
                      ss_cell_percent(ss_confusion_recall(&s->c)).s, ss_cell_percent(s->recall_at_fpr_1).s,
                      ss_cell_decimal(s->auc, 4).s, ss_cell_decimal(s->ap, 4).s);
    }
}

static void put_groups(struct page *p)
{
    const struct ss_eval_report *r = p->r;
    if (!r->options.group_field)
        return;
    ss_cell_heading(p->to, p->color, "by %s", r->options.group_field);
    ss_buf_printf(p->to, "  %-24s %10s %10s %10s %10s %10s %9s %9s\n", "", "records", "frauds", "alerts",
                  "precision", "recall", "AUC ROC", "avg prec");
    for (size_t i = 0; i < r->groups; i++) {
        const struct ss_eval_part *g = &r->group[i];
        const struct ss_confusion *c = &g->c;
        ss_buf_printf(p->to, "  %-24s %10s %10s %10s %10s %10s %9s %9s\n", name_of(g).s,
                      ss_cell_count(c->tp + c->fp + c->fn + c->tn).s, ss_cell_count(c->tp + c->fn).s,
                      ss_cell_count(c->tp + c->fp).s, ss_cell_percent(ss_confusion_precision(c)).s,
                      ss_cell_percent(ss_confusion_recall(c)).s, ss_cell_decimal(g->auc, 4).s,
                      ss_cell_decimal(g->ap, 4).s);
    }
}

void ss_eval_report_text(const struct ss_eval_report *r, bool color, struct ss_buf *to)
{
    struct page p = {to, r, color};
    put_records(&p);
    if (!r->records)
        return;
    put_ranking(&p);
    put_alerts(&p);
    put_thresholds(&p);
    put_cost(&p);
    put_tune(&p);
    put_rules(&p);
    put_calibration(&p);
    put_scenarios(&p);
    put_groups(&p);
}
