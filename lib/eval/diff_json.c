#include "base/err.h"
#include "base/time.h"
#include "eval/diff_report.h"
#include "json/write.h"
#include <math.h>
#include <stdlib.h>

static const char *const truth_names[SS_TRUTHS] = {"genuine", "fraud", "unlabelled"};

static void put_time(struct ss_buf *to, const char *key, bool has, int64_t time_us)
{
    char text[SS_TIME_TEXT];
    size_t n = has ? ss_time_print(time_us, text) : 0;
    ss_put_text_of(to, key, (struct ss_str){has ? text : NULL, n});
}

static void put_sum(struct ss_buf *to, const struct ss_diff_sum *sum)
{
    ss_put_int_of(to, "records", sum->n);
    ss_put_real_of(to, "amount", ss_diff_units(sum->amount));
}

static void put_figures(struct ss_buf *to, const struct ss_diff *d)
{
    for (int s = 0; s < SS_SIDES; s++) {
        ss_json_open(to, s == SS_OLD ? "old" : "new", '{');
        for (const struct ss_metric *m = ss_metrics; m->name; m++)
            if (m->sided)
                ss_put_real_of(to, m->name, ss_metric_read(m, m->value(d, (enum ss_side)s)));
        ss_json_open(to, "by", '{');
        ss_put_text_of(to, "features",
                       (struct ss_str){d->origin[s].features[0] ? d->origin[s].features : NULL,
                                       strlen(d->origin[s].features)});
        ss_put_text_of(
            to, "model",
            (struct ss_str){d->origin[s].model[0] ? d->origin[s].model : NULL, strlen(d->origin[s].model)});
        ss_put_text_of(
            to, "rules",
            (struct ss_str){d->origin[s].rules[0] ? d->origin[s].rules : NULL, strlen(d->origin[s].rules)});
        ss_json_key(to, "mixed");
        ss_buf_puts(to, d->origin[s].mixed ? "true}}" : "false}}");
    }
    for (const struct ss_metric *m = ss_metrics; m->name; m++)
        if (!m->sided && strcmp(m->name, "records") != 0)
            ss_put_real_of(to, m->name, ss_metric_read(m, m->value(d, SS_NEW)));
}

static void put_actions(struct ss_buf *to, const struct ss_diff *d)
{
    ss_json_open(to, "actions", '[');
    for (int o = 0; o < SS_DIFF_ACTIONS; o++)
        for (int n = 0; n < SS_DIFF_ACTIONS; n++)
            for (int t = 0; t < SS_TRUTHS; t++) {
                if (!d->action[t][o][n].n)
                    continue;
                ss_json_item(to);
                ss_put_text_of(to, "old",
                               o == SS_DIFF_UNDECIDED ? (struct ss_str){NULL, 0}
                                                      : ss_str_of(ss_diff_action_name(o)));
                ss_put_text_of(to, "new",
                               n == SS_DIFF_UNDECIDED ? (struct ss_str){NULL, 0}
                                                      : ss_str_of(ss_diff_action_name(n)));
                ss_put_text_of(to, "label", ss_str_of(truth_names[t]));
                put_sum(to, &d->action[t][o][n]);
                ss_buf_putc(to, '}');
            }
    ss_buf_putc(to, ']');
    ss_json_open(to, "levels", '[');
    for (int o = 0; o < SS_LEVELS; o++)
        for (int n = 0; n < SS_LEVELS; n++) {
            if (!d->level[o][n].n)
                continue;
            ss_json_item(to);
            ss_put_text_of(to, "old", ss_str_of(ss_level_name((enum ss_level)o)));
            ss_put_text_of(to, "new", ss_str_of(ss_level_name((enum ss_level)n)));
            put_sum(to, &d->level[o][n]);
            ss_buf_putc(to, '}');
        }
    ss_buf_putc(to, ']');
}

static void put_alerts(struct ss_buf *to, const struct ss_diff_alerts *a)
{
    static const char *const names[2][2] = {{"neither", "newly_alerted"}, {"no_longer_alerted", "both"}};
    for (int t = 0; t < SS_TRUTHS; t++) {
        ss_json_open(to, truth_names[t], '{');
        for (int i = 0; i < 4; i++) {
            ss_json_open(to, names[i / 2][i % 2], '{');
            put_sum(to, &a->of[t][i / 2][i % 2]);
            ss_buf_putc(to, '}');
        }
        ss_buf_putc(to, '}');
    }
}

static void put_currencies(struct ss_buf *to, const struct ss_diff *d)
{
    ss_json_open(to, "labels", '{');
    put_alerts(to, &d->alerts);
    ss_buf_putc(to, '}');
    ss_json_open(to, "currencies", '[');
    for (uint32_t i = 0; i < d->currencies.n; i++) {
        ss_json_item(to);
        ss_put_text_of(to, "currency", d->currencies.key[i]);
        put_alerts(to, &d->currency[i]);
        ss_buf_putc(to, '}');
    }
    ss_buf_putc(to, ']');
}

struct ss_diff_sum ss_diff_fired(const struct ss_diff_rule *rule, enum ss_fired_in in)
{
    struct ss_diff_sum sum = {0, 0};
    for (int t = 0; t < SS_TRUTHS; t++) {
        sum.n += rule->fired[in][t].n;
        sum.amount += rule->fired[in][t].amount;
    }
    return sum;
}

static int by_change(const void *a, const void *b, void *ctx)
{
    const struct ss_diff *d = ctx;
    uint32_t i = *(const uint32_t *)a, j = *(const uint32_t *)b;
    const struct ss_diff_rule *x = &d->rule[i], *y = &d->rule[j];
    uint64_t p = ss_diff_fired(x, SS_ONLY_OLD).n + ss_diff_fired(x, SS_ONLY_NEW).n;
    uint64_t q = ss_diff_fired(y, SS_ONLY_OLD).n + ss_diff_fired(y, SS_ONLY_NEW).n;
    struct ss_str s = d->rules.key[i], t = d->rules.key[j];
    int order = memcmp(s.p, t.p, s.n < t.n ? s.n : t.n);
    return p != q ? (p < q) - (p > q) : order ? order : (s.n > t.n) - (s.n < t.n);
}

uint32_t *ss_diff_rules_sorted(const struct ss_diff *d)
{
    uint32_t *sorted = malloc((d->rules.n + 1) * sizeof *sorted);
    if (!sorted) {
        (void)ss_fail(SS_ENOMEM, "out of memory for %u rules", (unsigned)d->rules.n);
        return NULL;
    }
    for (uint32_t i = 0; i < d->rules.n; i++)
        sorted[i] = i;
    qsort_r(sorted, d->rules.n, sizeof *sorted, by_change, (void *)(uintptr_t)d);
    return sorted;
}

static void put_rules(struct ss_buf *to, const struct ss_diff *d)
{
    static const char *const names[SS_FIRED_INS] = {"only_old", "both", "only_new"};
    uint32_t *sorted = ss_diff_rules_sorted(d);
    to->failed |= !sorted;
    ss_json_open(to, "rules", '[');
    for (uint32_t i = 0; sorted && i < d->rules.n; i++) {
        const struct ss_diff_rule *r = &d->rule[sorted[i]];
        ss_json_item(to);
        ss_put_text_of(to, "id", d->rules.key[sorted[i]]);
        for (int in = 0; in < SS_FIRED_INS; in++) {
            struct ss_diff_sum all = ss_diff_fired(r, (enum ss_fired_in)in);
            ss_json_open(to, names[in], '{');
            put_sum(to, &all);
            for (int t = 0; t < SS_TRUTHS; t++) {
                ss_json_open(to, truth_names[t], '{');
                put_sum(to, &r->fired[in][t]);
                ss_buf_putc(to, '}');
            }
            ss_buf_putc(to, '}');
        }
        ss_buf_putc(to, '}');
    }
    ss_buf_putc(to, ']');
    free(sorted);
}

static void put_side(struct ss_buf *to, const struct ss_diff *d, const char *key, const struct ss_diff_row *r)
{
    ss_json_open(to, key, '{');
    ss_put_text_of(to, "action",
                   r->action == SS_DIFF_UNDECIDED ? (struct ss_str){NULL, 0}
                                                  : ss_str_of(ss_diff_action_name(r->action)));
    ss_put_text_of(to, "level", ss_str_of(ss_level_name(r->level)));
    ss_put_real_of(to, "score", r->score);
    ss_json_open(to, "rules", '[');
    for (uint32_t i = 0; i < r->rules; i++) {
        ss_json_next(to);
        ss_json_put_string(to, d->rules.key[r->rule[i]]);
    }
    ss_buf_puts(to, "]}");
}

static void put_examples(struct ss_buf *to, const struct ss_diff *d)
{
    ss_json_open(to, "examples", '[');
    for (int t = 0; t < SS_TRUTHS; t++)
        for (int on = 1; on >= 0; on--)
            for (uint32_t i = 0; i < d->examples[t][on].n; i++) {
                const struct ss_diff_example *x = &d->examples[t][on].item[i];
                const struct ss_diff_row *r = x->side[SS_NEW];
                ss_json_item(to);
                ss_put_text_of(to, "label", ss_str_of(truth_names[t]));
                ss_put_text_of(to, "change", ss_str_of(on ? "newly_alerted" : "no_longer_alerted"));
                ss_put_text_of(to, "txn_id", r->txn);
                put_time(to, "timestamp", r->has_time, r->time_us);
                ss_put_text_of(to, "user_id", r->user);
                ss_put_real_of(to, "amount", ss_diff_units(r->amount));
                ss_put_text_of(to, "currency", r->currency);
                put_side(to, d, "old", x->side[SS_OLD]);
                put_side(to, d, "new", x->side[SS_NEW]);
                ss_buf_putc(to, '}');
            }
    ss_buf_putc(to, ']');
}

static void put_gates(struct ss_buf *to, const struct ss_diff *d, const struct ss_diff_gate *gate,
                      size_t gates)
{
    ss_json_open(to, "gates", '[');
    for (size_t i = 0; i < gates; i++) {
        struct ss_gate_result r = ss_gate_judge(&gate[i].gate, d);
        ss_json_item(to);
        ss_put_text_of(to, "gate", gate[i].text);
        ss_put_text_of(to, "result", ss_str_of(r.unjudged ? "unjudged" : r.fails ? "failed" : "passed"));
        if (gate[i].gate.metric->sided)
            ss_put_real_of(to, "old", r.old);
        ss_put_real_of(to, "new", r.new_);
        ss_buf_putc(to, '}');
    }
    ss_buf_putc(to, ']');
}

void ss_diff_json(const struct ss_diff *d, const struct ss_diff_gate *gate, size_t gates, struct ss_buf *to)
{
    bool has = d->first_us <= d->last_us;
    ss_buf_putc(to, '{');
    ss_put_int_of(to, "records", d->pairs);
    put_time(to, "first", has, d->first_us);
    put_time(to, "last", has, d->last_us);
    ss_put_int_of(to, "days", (uint64_t)ss_diff_days(d));
    ss_put_text_of(to, "alert", ss_str_of(ss_action_name(d->options.alert)));
    put_figures(to, d);
    put_actions(to, d);
    put_currencies(to, d);
    put_rules(to, d);
    put_examples(to, d);
    put_gates(to, d, gate, gates);
    ss_buf_puts(to, "}\n");
}
