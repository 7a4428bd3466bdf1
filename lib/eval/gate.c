#include "eval/gate.h"
#include "base/err.h"
#include "base/number.h"
#include <math.h>

static struct ss_diff_sum of(const struct ss_diff *d, enum ss_truth t, enum ss_side s)
{
    return ss_diff_alerted(&d->alerts, t, s);
}

static struct ss_diff_sum missed(const struct ss_diff *d, enum ss_side s)
{
    const struct ss_diff_sum *pass = d->alerts.of[SS_FRAUD][0];
    const struct ss_diff_sum *other = s == SS_OLD ? &pass[1] : &d->alerts.of[SS_FRAUD][1][0];
    return (struct ss_diff_sum){pass[0].n + other->n, pass[0].amount + other->amount};
}

static double records(const struct ss_diff *d, enum ss_side s)
{
    (void)s;
    return (double)d->pairs;
}

static double alerts(const struct ss_diff *d, enum ss_side s)
{
    return (double)(of(d, SS_GENUINE, s).n + of(d, SS_FRAUD, s).n + of(d, SS_UNKNOWN, s).n);
}

static double alerts_per_day(const struct ss_diff *d, enum ss_side s)
{
    int64_t days = ss_diff_days(d);
    return days ? alerts(d, s) / (double)days : NAN;
}

static double alert_rate(const struct ss_diff *d, enum ss_side s)
{
    return d->pairs ? alerts(d, s) / (double)d->pairs : NAN;
}

static double amount_alerted(const struct ss_diff *d, enum ss_side s)
{
    return (double)(of(d, SS_GENUINE, s).amount + of(d, SS_FRAUD, s).amount + of(d, SS_UNKNOWN, s).amount);
}

static double actions(const struct ss_diff *d, enum ss_side s, enum ss_action a)
{
    uint64_t n = 0;
    for (int t = 0; t < SS_TRUTHS; t++)
        for (int o = 0; o < SS_DIFF_ACTIONS; o++)
            n += s == SS_OLD ? d->action[t][a][o].n : d->action[t][o][a].n;
    return (double)n;
}

#define ACTIONS(name, action)                                   \
    static double name(const struct ss_diff *d, enum ss_side s) \
    {                                                           \
        return actions(d, s, action);                           \
    }
ACTIONS(blocks, SS_BLOCK)
ACTIONS(challenges, SS_CHALLENGE)
ACTIONS(reviews, SS_REVIEW)
ACTIONS(notifications, SS_NOTIFY)
ACTIONS(allowed, SS_ALLOW)

/* Of the four numbers of a side. */
#define OF_CONFUSION(name, expression)                            \
    static double name(const struct ss_diff *d, enum ss_side s)   \
    {                                                             \
        struct ss_confusion c = ss_diff_confusion(&d->alerts, s); \
        return (double)(expression);                              \
    }
OF_CONFUSION(true_positives, c.tp)
OF_CONFUSION(false_positives, c.fp)
OF_CONFUSION(false_negatives, c.fn)
OF_CONFUSION(true_negatives, c.tn)
OF_CONFUSION(precision, ss_confusion_precision(&c))
OF_CONFUSION(recall, ss_confusion_recall(&c))
OF_CONFUSION(f1, ss_confusion_f1(&c))
OF_CONFUSION(false_positive_rate, ss_confusion_fpr(&c))

static double amount_caught(const struct ss_diff *d, enum ss_side s)
{
    return (double)of(d, SS_FRAUD, s).amount;
}

static double amount_missed(const struct ss_diff *d, enum ss_side s)
{
    return (double)missed(d, s).amount;
}

static double amount_disturbed(const struct ss_diff *d, enum ss_side s)
{
    return (double)of(d, SS_GENUINE, s).amount;
}

static double users_disturbed(const struct ss_diff *d, enum ss_side s)
{
    return (double)d->users_disturbed[s];
}

static double cost(const struct ss_diff *d, enum ss_side s)
{
    if (!d->options.cost)
        return NAN;
    struct ss_confusion c = ss_diff_confusion(&d->alerts, s);
    return SS_AMOUNT_SCALE * ss_cost_of(d->options.cost, &c, of(d, SS_FRAUD, s).amount, missed(d, s).amount);
}

#define OF_FLIPS(name, truth, old, new_, what)                  \
    static double name(const struct ss_diff *d, enum ss_side s) \
    {                                                           \
        (void)s;                                                \
        return (double)d->alerts.of[truth][old][new_].what;     \
    }
OF_FLIPS(newly_caught, SS_FRAUD, 0, 1, n)
OF_FLIPS(newly_missed, SS_FRAUD, 1, 0, n)
OF_FLIPS(newly_disturbed, SS_GENUINE, 0, 1, n)
OF_FLIPS(newly_released, SS_GENUINE, 1, 0, n)
OF_FLIPS(newly_caught_amount, SS_FRAUD, 0, 1, amount)
OF_FLIPS(newly_missed_amount, SS_FRAUD, 1, 0, amount)
OF_FLIPS(newly_disturbed_amount, SS_GENUINE, 0, 1, amount)
OF_FLIPS(newly_released_amount, SS_GENUINE, 1, 0, amount)

static double newly_disturbed_per_day(const struct ss_diff *d, enum ss_side s)
{
    int64_t days = ss_diff_days(d);
    return days ? newly_disturbed(d, s) / (double)days : NAN;
}

#define COUNTED(name, expression)                               \
    static double name(const struct ss_diff *d, enum ss_side s) \
    {                                                           \
        (void)s;                                                \
        return (double)(expression);                            \
    }
COUNTED(newly_disturbed_users, d->users_newly)
COUNTED(newly_released_users, d->users_released)
COUNTED(only_old, d->only[SS_OLD].n)
COUNTED(only_new, d->only[SS_NEW].n)
COUNTED(out_of_order, d->displaced)
COUNTED(differing, d->differing)
COUNTED(rejected, d->rejected[SS_OLD] + d->rejected[SS_NEW])

static double flips(const struct ss_diff *d, bool alert)
{
    uint64_t n = 0;
    for (int t = 0; t < SS_TRUTHS; t++)
        if (alert)
            n += d->alerts.of[t][0][1].n + d->alerts.of[t][1][0].n;
        else
            for (int o = 0; o < SS_DIFF_ACTIONS; o++)
                for (int a = 0; a < SS_DIFF_ACTIONS; a++)
                    n += o == a ? 0 : d->action[t][o][a].n;
    return (double)n;
}

COUNTED(changed_actions, flips(d, false))
COUNTED(changed_alerts, flips(d, true))

#define N SS_METRIC_COUNT
#define M SS_METRIC_MONEY
#define S SS_METRIC_SHARE

const struct ss_metric ss_metrics[] = {
    {"alerts", N, true, false, alerts},
    {"alerts_per_day", N, true, false, alerts_per_day},
    {"alert_rate", S, true, false, alert_rate},
    {"amount_alerted", M, true, false, amount_alerted},
    {"blocks", N, true, false, blocks},
    {"challenges", N, true, false, challenges},
    {"reviews", N, true, false, reviews},
    {"notifications", N, true, false, notifications},
    {"allowed", N, true, false, allowed},
    {"true_positives", N, true, true, true_positives},
    {"false_positives", N, true, true, false_positives},
    {"false_negatives", N, true, true, false_negatives},
    {"true_negatives", N, true, true, true_negatives},
    {"precision", S, true, true, precision},
    {"recall", S, true, true, recall},
    {"f1", S, true, true, f1},
    {"false_positive_rate", S, true, true, false_positive_rate},
    {"amount_caught", M, true, true, amount_caught},
    {"amount_missed", M, true, true, amount_missed},
    {"amount_disturbed", M, true, true, amount_disturbed},
    {"users_disturbed", N, true, true, users_disturbed},
    {"cost", M, true, true, cost},
    {"records", N, false, false, records},
    {"changed_actions", N, false, false, changed_actions},
    {"changed_alerts", N, false, false, changed_alerts},
    {"newly_caught", N, false, true, newly_caught},
    {"newly_missed", N, false, true, newly_missed},
    {"newly_disturbed", N, false, true, newly_disturbed},
    {"newly_released", N, false, true, newly_released},
    {"newly_caught_amount", M, false, true, newly_caught_amount},
    {"newly_missed_amount", M, false, true, newly_missed_amount},
    {"newly_disturbed_amount", M, false, true, newly_disturbed_amount},
    {"newly_released_amount", M, false, true, newly_released_amount},
    {"newly_disturbed_per_day", N, false, true, newly_disturbed_per_day},
    {"newly_disturbed_users", N, false, true, newly_disturbed_users},
    {"newly_released_users", N, false, true, newly_released_users},
    {"only_old", N, false, false, only_old},
    {"only_new", N, false, false, only_new},
    {"out_of_order", N, false, false, out_of_order},
    {"differing", N, false, false, differing},
    {"rejected", N, false, false, rejected},
    {NULL, N, false, false, NULL},
};

#undef N
#undef M
#undef S

double ss_metric_read(const struct ss_metric *metric, double value)
{
    return metric->kind == SS_METRIC_MONEY ? value / SS_AMOUNT_SCALE : value;
}

/* --- reading --- */

#define GATE_TEXT_MAX 200

static int unknown_metric(struct ss_str name)
{
    char known[1200] = "";
    size_t n = 0;
    for (const struct ss_metric *m = ss_metrics; m->name; m++)
        n += (size_t)snprintf(known + n, sizeof known - n, "%s%s", n ? ", " : "", m->name);
    return ss_fail(SS_EUSAGE, "unknown figure '%.*s' (known: %s)", (int)name.n, name.p, known);
}

static bool take_op(struct ss_str *rest, enum ss_gate_op *op)
{
    static const struct {
        const char *text;
        enum ss_gate_op op;
    } ops[] = {{">=", SS_GATE_GE}, {"<=", SS_GATE_LE}, {"!=", SS_GATE_NE}, {"==", SS_GATE_EQ},
               {">", SS_GATE_GT},  {"<", SS_GATE_LT},  {"=", SS_GATE_EQ}};
    for (size_t i = 0; i < SS_COUNT(ops); i++) {
        size_t n = strlen(ops[i].text);
        if (rest->n >= n && memcmp(rest->p, ops[i].text, n) == 0) {
            *op = ops[i].op;
            *rest = ss_str_trim((struct ss_str){rest->p + n, rest->n - n});
            return true;
        }
    }
    return false;
}

static int read_value(struct ss_str text, struct ss_gate *g)
{
    struct ss_str t = text;
    bool sign = t.n && (t.p[0] == '+' || t.p[0] == '-'), percent = t.n && t.p[t.n - 1] == '%';
    bool minus = sign && t.p[0] == '-';
    if (sign)
        t.p++, t.n--;
    if (percent && t.n)
        t.n--;
    if (!t.n || t.p[0] < '0' || t.p[0] > '9' || !ss_double_parse(t.p, t.n, &g->value) || !isfinite(g->value))
        return ss_fail(SS_EUSAGE, "'%.*s' is not a number, a change such as +5 or a percentage such as +5%%",
                       (int)text.n, text.p);
    if (minus)
        g->value = -g->value;
    g->against = !sign ? SS_GATE_VALUE : percent ? SS_GATE_PERCENT : SS_GATE_CHANGE;
    if (sign && !g->metric->sided)
        return ss_fail(SS_EUSAGE, "'%s' compares OLD and NEW by itself: give a number without a sign",
                       g->metric->name);
    if (percent && !sign) {
        if (g->metric->kind != SS_METRIC_SHARE)
            return ss_fail(SS_EUSAGE, "'%s' is no share: say +%.*s for a change, or a number",
                           g->metric->name, (int)text.n, text.p);
        g->value /= 100;
    }
    if (g->metric->kind == SS_METRIC_MONEY && g->against != SS_GATE_PERCENT)
        g->value *= SS_AMOUNT_SCALE;
    return isfinite(g->value) ? 0 : ss_fail(SS_EUSAGE, "'%.*s' is too large", (int)text.n, text.p);
}

static int parse(struct ss_str text, struct ss_gate *g)
{
    struct ss_str rest = ss_str_trim(text), name = {rest.p, 0};
    while (name.n < rest.n && ((rest.p[name.n] >= 'a' && rest.p[name.n] <= 'z') || rest.p[name.n] == '_' ||
                               (rest.p[name.n] >= '0' && rest.p[name.n] <= '9')))
        name.n++;
    rest = ss_str_trim((struct ss_str){rest.p + name.n, rest.n - name.n});
    for (g->metric = ss_metrics; g->metric->name && !ss_str_is(name, g->metric->name);)
        g->metric++;
    if (!g->metric->name)
        return unknown_metric(name);
    if (!take_op(&rest, &g->op))
        return ss_fail(SS_EUSAGE, "no comparison (> >= < <= = !=) after '%s'", g->metric->name);
    return read_value(rest, g);
}

int ss_gate_parse(struct ss_str text, struct ss_gate *gate)
{
    *gate = (struct ss_gate){.metric = NULL};
    if (text.n > GATE_TEXT_MAX)
        return ss_fail(SS_EUSAGE, "a gate of more than %d bytes", GATE_TEXT_MAX);
    int err = parse(text, gate);
    return err ? ss_fail_in(err, "'%.*s': ", (int)text.n, text.p) : 0;
}

/* --- judging --- */

static bool holds(enum ss_gate_op op, double a, double b)
{
    switch (op) {
    case SS_GATE_GT: return a > b;
    case SS_GATE_GE: return a >= b;
    case SS_GATE_LT: return a < b;
    case SS_GATE_LE: return a <= b;
    case SS_GATE_EQ: return a == b;
    case SS_GATE_NE: return a != b;
    }
    return true;
}

/* Shares are rounded to twelve digits, so that 0.9 - 0.8 is a change of 0.1. */
static double tidy(const struct ss_metric *m, double change)
{
    return m->kind == SS_METRIC_SHARE ? round(change * 1e12) / 1e12 : change;
}

static bool judge(const struct ss_gate *g, double old, double new_)
{
    switch (g->against) {
    case SS_GATE_VALUE: return holds(g->op, new_, g->value);
    case SS_GATE_CHANGE: return holds(g->op, tidy(g->metric, new_ - old), tidy(g->metric, g->value));
    case SS_GATE_PERCENT: break;
    }
    /* Multiplied out, so that 105 is exactly 5 % above 100. From nothing every rise is beyond any share. */
    if (old == 0)
        return holds(g->op, new_ > 0 ? INFINITY : new_ < 0 ? -INFINITY : 0, g->value);
    return holds(g->op, tidy(g->metric, (new_ - old) * 100), tidy(g->metric, g->value * fabs(old)));
}

static bool has_labels(const struct ss_diff *d)
{
    struct ss_confusion c = ss_diff_confusion(&d->alerts, SS_NEW);
    return c.tp + c.fp + c.fn + c.tn > 0;
}

struct ss_gate_result ss_gate_judge(const struct ss_gate *g, const struct ss_diff *d)
{
    const struct ss_metric *m = g->metric;
    double old = m->sided ? m->value(d, SS_OLD) : NAN, new_ = m->value(d, SS_NEW);
    struct ss_gate_result r = {.old = ss_metric_read(m, old), .new_ = ss_metric_read(m, new_)};
    r.unjudged = (m->labels && !has_labels(d)) || isnan(new_) ||
                 (g->against != SS_GATE_VALUE && isnan(old)) || (m->sided && !d->pairs);
    r.fails = r.unjudged || judge(g, old, new_);
    return r;
}
