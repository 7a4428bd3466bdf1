/* The report for people: aligned columns, one idea a block, the same bytes everywhere. */
#include "base/number.h"
#include "base/time.h"
#include "eval/report.h"
#include <math.h>
#include <stdarg.h>
#include <stdio.h>

struct page {
    struct ss_buf *to;
    const struct ss_eval_report *r;
    bool color;
};

static void heading(struct page *p, const char *fmt, ...) SS_PRINTF(2, 3);

static void heading(struct page *p, const char *fmt, ...)
{
    char line[256];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(line, sizeof line, fmt, ap);
    va_end(ap);
    ss_buf_printf(p->to, p->color ? "\n\033[1m%s\033[0m\n" : "\n%s\n", line);
}

/* A cell of text; short-lived, so that a line can be one printf. */
struct cell {
    char s[48];
};

static struct cell grouped(const char *digits)
{
    struct cell c;
    size_t n = strspn(digits, "0123456789"), at = 0;
    for (size_t i = 0; i < n && at < sizeof c.s - 2; i++) {
        c.s[at++] = digits[i];
        if ((n - i - 1) % 3 == 0 && i + 1 < n)
            c.s[at++] = ',';
    }
    snprintf(c.s + at, sizeof c.s - at, "%s", digits + n);
    return c;
}

static struct cell count(size_t n)
{
    char digits[32];
    snprintf(digits, sizeof digits, "%zu", n);
    return grouped(digits);
}

static struct cell money(double amount)
{
    struct cell c;
    char digits[48];
    if (isnan(amount))
        return (struct cell){"-"};
    snprintf(digits, sizeof digits, "%.2f", fabs(amount));
    c = grouped(digits);
    if (amount < 0) {
        memmove(c.s + 1, c.s, sizeof c.s - 1);
        c.s[0] = '-';
        c.s[sizeof c.s - 1] = '\0';
    }
    return c;
}

static struct cell decimal(double value, int places)
{
    struct cell c = {"-"};
    if (isfinite(value))
        snprintf(c.s, sizeof c.s, "%.*f", places, value);
    return c;
}

/* Three figures that count; never a rounded 100 for what is less. */
static struct cell percent(double share)
{
    struct cell c = {"-"};
    double p = 100 * share;
    if (p > 99.99 && p < 100)
        p = 99.99;
    if (isfinite(share))
        snprintf(c.s, sizeof c.s, "%.*f %%",
                 p == 0 || p == 100 ? 0
                 : p < 1            ? 3
                 : p < 10 || p > 99 ? 2
                                    : 1,
                 p);
    return c;
}

/* As short as it is: thresholds are compared with, so rounding them would lie. */
static struct cell exact(double value)
{
    struct cell c = {"-"};
    if (isfinite(value))
        snprintf(c.s, sizeof c.s, "%.6g", value);
    return c;
}

static double share_caught(const struct ss_eval_point *p)
{
    double all = p->caught_amount + p->missed_amount;
    return all > 0 ? p->caught_amount / all : NAN;
}

static void put_records(struct page *p)
{
    const struct ss_eval_report *r = p->r;
    char first[SS_TIME_TEXT], last[SS_TIME_TEXT];
    ss_buf_printf(p->to, "%-24s %12s", "records", count(r->records).s);
    if (r->first_day <= r->last_day) {
        ss_time_print(r->first_day * SS_DAY_US, first);
        ss_time_print(r->last_day * SS_DAY_US, last);
        ss_buf_printf(p->to, "   %.10s to %.10s", first, last);
    }
    ss_buf_printf(p->to, "\n%-24s %12s   %s of records, %s in amount\n", "frauds", count(r->positives).s,
                  percent((double)r->positives / (double)r->records).s, money(r->fraud_amount).s);
    const struct {
        const char *name, *why;
        size_t n;
    } left_out[] = {{"without a label", "left out", r->skipped.unlabelled},
                    {"without a score", "left out", r->skipped.unscored},
                    {"outside the time range", "left out", r->skipped.outside},
                    {"of known fraud victims", "left out", r->skipped.dropped}};
    for (size_t i = 0; i < SS_COUNT(left_out); i++)
        if (left_out[i].n)
            ss_buf_printf(p->to, "%-24s %12s   %s\n", left_out[i].name, count(left_out[i].n).s,
                          left_out[i].why);
}

static void put_ranking(struct page *p)
{
    const struct ss_eval_report *r = p->r;
    heading(p, "ranking");
    ss_buf_printf(p->to, "  %-22s %12s\n", "AUC ROC", decimal(r->auc, 4).s);
    ss_buf_printf(p->to, "  %-22s %12s   %s by chance\n", "average precision", decimal(r->ap, 4).s,
                  decimal((double)r->positives / (double)r->records, 4).s);
    for (int i = 0; i < r->options.n_k; i++) {
        size_t found = 0;
        char name[32];
        for (size_t d = 0; d < r->card[i].days; d++)
            found += r->card[i].day[d].found;
        snprintf(name, sizeof name, "card precision@%u", (unsigned)r->card[i].k);
        ss_buf_printf(p->to, "  %-22s %12s   %s: %s found in %s %s\n", name, decimal(r->card[i].mean, 4).s,
                      r->options.card_field, count(found).s, count(r->card[i].days).s,
                      r->card[i].days == 1 ? "day" : "days");
    }
    ss_buf_printf(p->to, "  %-22s %12s", "best F1", decimal(ss_confusion_f1(&r->best_f1.c), 4).s);
    if (isfinite(r->best_f1.c.threshold))
        ss_buf_printf(p->to, "   from a score of %s", exact(r->best_f1.c.threshold).s);
    ss_buf_putc(p->to, '\n');
}

static void put_alerts(struct page *p)
{
    const struct ss_eval_report *r = p->r;
    const struct ss_confusion *c = &r->chosen.c;
    if (r->options.by_threshold)
        heading(p, "alerts: scores of %s and above", exact(r->options.threshold).s);
    else
        heading(p, "alerts: level %s%s", ss_level_name(r->options.level),
                r->options.level == SS_CRITICAL ? "" : " and above");
    ss_buf_printf(p->to, "  %-12s %12s %12s   %-12s %10s\n", "", "fraud", "genuine", "precision",
                  percent(ss_confusion_precision(c)).s);
    ss_buf_printf(p->to, "  %-12s %12s %12s   %-12s %10s\n", "alerted", count(c->tp).s, count(c->fp).s,
                  "recall", percent(ss_confusion_recall(c)).s);
    ss_buf_printf(p->to, "  %-12s %12s %12s   %-12s %10s\n", "passed", count(c->fn).s, count(c->tn).s, "F1",
                  decimal(ss_confusion_f1(c), 4).s);
    ss_buf_printf(p->to, "  %-12s %12s %12s   %-12s %10s\n", "", "", "", "alert rate",
                  percent(ss_confusion_alert_rate(c)).s);
    ss_buf_printf(p->to, "  %-12s %12s %12s   %-12s %10s\n", "", "", "", "amount saved",
                  percent(share_caught(&r->chosen)).s);
}

static void put_row(struct page *p, const char *name, const struct ss_eval_point *e)
{
    ss_buf_printf(p->to, "  %-12s %10s %11s %10s %10s %8s %9s", name, count(e->c.tp + e->c.fp).s,
                  percent(ss_confusion_alert_rate(&e->c)).s, percent(ss_confusion_precision(&e->c)).s,
                  percent(ss_confusion_recall(&e->c)).s, decimal(ss_confusion_f1(&e->c), 3).s,
                  percent(share_caught(e)).s);
    if (p->r->options.cost)
        ss_buf_printf(p->to, " %14s", money(e->cost).s);
    ss_buf_putc(p->to, '\n');
}

static void put_thresholds(struct page *p)
{
    const struct ss_eval_report *r = p->r;
    heading(p, "thresholds");
    ss_buf_printf(p->to, "  %-12s %10s %11s %10s %10s %8s %9s%s\n", "from", "alerts", "alert rate",
                  "precision", "recall", "F1", "amount", r->options.cost ? "           cost" : "");
    for (int l = SS_LEVELS - 1; l > SS_NONE; l--)
        put_row(p, ss_level_name((enum ss_level)l), &r->level[l]);
    for (int i = SS_EVAL_GRID - 1; i >= 0; i--)
        put_row(p, exact(r->grid[i].c.threshold).s, &r->grid[i]);
    heading(p, "when so many genuine payments may be alerted");
    ss_buf_printf(p->to, "  %-12s %10s %11s %10s %10s\n", "of genuine", "alerts", "from score", "precision",
                  "recall");
    for (int i = 0; i < SS_EVAL_FPRS; i++) {
        const struct ss_confusion *c = &r->at_fpr[i].c;
        char allowed[32];
        snprintf(allowed, sizeof allowed, "%g %%", 100 * r->fpr[i]);
        ss_buf_printf(p->to, "  %-12s %10s %11s %10s %10s\n", allowed, count(c->tp + c->fp).s,
                      exact(c->threshold).s, percent(ss_confusion_precision(c)).s,
                      percent(ss_confusion_recall(c)).s);
    }
}

static void put_cost(struct page *p)
{
    const struct ss_eval_report *r = p->r;
    if (!r->options.cost)
        return;
    heading(p, "cost%s%s", r->options.cost->currency[0] ? " in " : "", r->options.cost->currency);
    ss_buf_printf(p->to, "  %-22s %14s\n", "without any alert", money(r->cost_of_none).s);
    ss_buf_printf(p->to, "  %-22s %14s   %s saved\n", "with these alerts", money(r->chosen.cost).s,
                  money(r->cost_of_none - r->chosen.cost).s);
    ss_buf_printf(p->to, "  %-22s %14s   ", "at its lowest", money(r->cheapest.cost).s);
    if (isfinite(r->cheapest.c.threshold))
        ss_buf_printf(p->to, "from a score of %s, %s alerts\n", exact(r->cheapest.c.threshold).s,
                      count(r->cheapest.c.tp + r->cheapest.c.fp).s);
    else
        ss_buf_puts(p->to, "without any alert\n");
}

static void put_calibration(struct page *p)
{
    const struct ss_eval_report *r = p->r;
    if (!r->probability) {
        if (r->records)
            heading(p, "calibration: not defined, since some scores lie outside 0 to 1");
        return;
    }
    heading(p, "calibration: Brier score %s, log loss %s, expected error %s", decimal(r->brier, 5).s,
            decimal(r->log_loss, 5).s, decimal(r->ece, 5).s);
    ss_buf_printf(p->to, "  %-12s %10s %11s %10s\n", "scores", "records", "mean score", "frauds");
    for (int b = 0; b < SS_EVAL_BINS; b++) {
        char range[32];
        snprintf(range, sizeof range, "%.1f to %.1f", r->bin[b].from, r->bin[b].to);
        ss_buf_printf(p->to, "  %-12s %10s %11s %10s\n", range, count(r->bin[b].n).s,
                      percent(r->bin[b].mean_score).s, percent(r->bin[b].frequency).s);
    }
}

/* A name cut to `max` bytes at a character's edge, control characters made visible: it came with the data. */
static struct cell name_of(const struct ss_eval_part *part)
{
    struct cell c;
    size_t n = 0;
    if (part->rest)
        return (struct cell){"(others)"};
    if (!part->name.p)
        return (struct cell){"(none)"};
    for (size_t i = 0; i < part->name.n && n < 24; i++) {
        unsigned char ch = (unsigned char)part->name.p[i];
        c.s[n++] = ch < 0x20 || ch == 0x7f ? '?' : (char)ch;
    }
    while (n == 24 && n && ((unsigned char)part->name.p[n] & 0xc0) == 0x80 && part->name.n > n)
        n--;
    c.s[n] = '\0';
    return c;
}

static void put_scenarios(struct page *p)
{
    const struct ss_eval_report *r = p->r;
    if (!r->scenarios)
        return;
    heading(p, "scenarios, each against all genuine payments");
    ss_buf_printf(p->to, "  %-24s %10s %15s %10s %15s %9s %9s\n", "", "frauds", "amount", "alerted",
                  "at 1 % genuine", "AUC ROC", "avg prec");
    for (size_t i = 0; i < r->scenarios; i++) {
        const struct ss_eval_part *s = &r->scenario[i];
        ss_buf_printf(p->to, "  %-24s %10s %15s %10s %15s %9s %9s\n", name_of(s).s,
                      count(s->c.tp + s->c.fn).s, money(s->amount).s, percent(ss_confusion_recall(&s->c)).s,
                      percent(s->recall_at_fpr_1).s, decimal(s->auc, 4).s, decimal(s->ap, 4).s);
    }
}

static void put_groups(struct page *p)
{
    const struct ss_eval_report *r = p->r;
    if (!r->options.group_field)
        return;
    heading(p, "by %s", r->options.group_field);
    ss_buf_printf(p->to, "  %-24s %10s %10s %10s %10s %10s %9s %9s\n", "", "records", "frauds", "alerts",
                  "precision", "recall", "AUC ROC", "avg prec");
    for (size_t i = 0; i < r->groups; i++) {
        const struct ss_eval_part *g = &r->group[i];
        const struct ss_confusion *c = &g->c;
        ss_buf_printf(p->to, "  %-24s %10s %10s %10s %10s %10s %9s %9s\n", name_of(g).s,
                      count(c->tp + c->fp + c->fn + c->tn).s, count(c->tp + c->fn).s, count(c->tp + c->fp).s,
                      percent(ss_confusion_precision(c)).s, percent(ss_confusion_recall(c)).s,
                      decimal(g->auc, 4).s, decimal(g->ap, 4).s);
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
    put_calibration(&p);
    put_scenarios(&p);
    put_groups(&p);
}
