#include "eval/report.h"
#include "base/time.h"
#include "json/write.h"
#include <math.h>

static void put_day(struct ss_buf *to, const char *key, int32_t day)
{
    char text[SS_TIME_TEXT];
    ss_time_print(day * SS_DAY_US, text);
    ss_put_text_of(to, key, (struct ss_str){text, 10});
}

static void put_confusion(struct ss_buf *to, const struct ss_confusion *c)
{
    ss_put_real_of(to, "precision", ss_confusion_precision(c));
    ss_put_real_of(to, "recall", ss_confusion_recall(c));
    ss_put_real_of(to, "f1", ss_confusion_f1(c));
    ss_put_real_of(to, "false_positive_rate", ss_confusion_fpr(c));
    ss_put_real_of(to, "alert_rate", ss_confusion_alert_rate(c));
    ss_put_int_of(to, "tp", c->tp);
    ss_put_int_of(to, "fp", c->fp);
    ss_put_int_of(to, "fn", c->fn);
    ss_put_int_of(to, "tn", c->tn);
}

static void put_point(struct ss_buf *to, const struct ss_eval_report *r, const struct ss_eval_point *p)
{
    put_confusion(to, &p->c);
    ss_put_real_of(to, "amount_caught", p->caught_amount);
    ss_put_real_of(to, "amount_missed", p->missed_amount);
    if (r->options.cost)
        ss_put_real_of(to, "cost", p->cost);
}

static void put_thresholds(struct ss_buf *to, const struct ss_eval_report *r)
{
    ss_json_open(to, "recall_at_fpr", '[');
    for (int i = 0; i < SS_EVAL_FPRS; i++) {
        ss_json_item(to);
        ss_put_real_of(to, "fpr", r->fpr[i]);
        ss_put_real_of(to, "threshold", r->at_fpr[i].c.threshold);
        put_point(to, r, &r->at_fpr[i]);
        ss_buf_putc(to, '}');
    }
    ss_buf_putc(to, ']');
    ss_json_open(to, "thresholds", '[');
    for (int i = 0; i < SS_EVAL_GRID; i++) {
        ss_json_item(to);
        ss_put_real_of(to, "threshold", r->grid[i].c.threshold);
        put_point(to, r, &r->grid[i]);
        ss_buf_putc(to, '}');
    }
    ss_buf_putc(to, ']');
    ss_json_open(to, "levels", '[');
    for (int l = SS_LEVELS - 1; l > SS_NONE; l--) {
        ss_json_item(to);
        ss_put_text_of(to, "level", ss_str_of(ss_level_name((enum ss_level)l)));
        put_point(to, r, &r->level[l]);
        ss_buf_putc(to, '}');
    }
    ss_buf_putc(to, ']');
}

static void put_cards(struct ss_buf *to, const struct ss_eval_report *r)
{
    ss_json_open(to, "card_precision", '[');
    for (int i = 0; i < r->options.n_k; i++) {
        const struct ss_card_precision *c = &r->card[i];
        ss_json_item(to);
        ss_put_int_of(to, "k", c->k);
        ss_put_text_of(to, "card", ss_str_of(r->options.card_field));
        ss_put_real_of(to, "mean", c->mean);
        ss_json_open(to, "days", '[');
        for (size_t d = 0; d < c->days; d++) {
            ss_json_item(to);
            put_day(to, "day", c->day[d].day);
            ss_put_int_of(to, "cards", c->day[d].cards);
            ss_put_int_of(to, "compromised", c->day[d].compromised);
            ss_put_int_of(to, "found", c->day[d].found);
            ss_put_real_of(to, "precision", (double)c->day[d].found / c->k);
            ss_buf_putc(to, '}');
        }
        ss_buf_puts(to, "]}");
    }
    ss_buf_putc(to, ']');
}

static void put_calibration(struct ss_buf *to, const struct ss_eval_report *r)
{
    ss_put_real_of(to, "brier", r->brier);
    ss_put_real_of(to, "log_loss", r->log_loss);
    ss_put_real_of(to, "ece", r->ece);
    ss_json_open(to, "reliability", '[');
    for (int b = 0; b < SS_EVAL_BINS && r->probability; b++) {
        ss_json_item(to);
        ss_put_real_of(to, "from", r->bin[b].from);
        ss_put_real_of(to, "to", r->bin[b].to);
        ss_put_int_of(to, "records", r->bin[b].n);
        ss_put_int_of(to, "positives", r->bin[b].positives);
        ss_put_real_of(to, "mean_score", r->bin[b].mean_score);
        ss_put_real_of(to, "frequency", r->bin[b].frequency);
        ss_buf_putc(to, '}');
    }
    ss_buf_putc(to, ']');
}

static void put_parts(struct ss_buf *to, const struct ss_eval_report *r)
{
    ss_json_open(to, "scenarios", '[');
    for (size_t i = 0; i < r->scenarios; i++) {
        const struct ss_eval_part *p = &r->scenario[i];
        ss_json_item(to);
        ss_put_text_of(to, "scenario", p->rest ? SS_STR("(others)") : p->name);
        ss_put_int_of(to, "positives", p->c.tp + p->c.fn);
        ss_put_real_of(to, "amount", p->amount);
        ss_put_real_of(to, "recall", ss_confusion_recall(&p->c));
        ss_put_real_of(to, "recall_at_fpr_0.01", p->recall_at_fpr_1);
        ss_put_real_of(to, "auc_roc", p->auc);
        ss_put_real_of(to, "average_precision", p->ap);
        ss_buf_putc(to, '}');
    }
    ss_buf_putc(to, ']');
    if (!r->options.group_field)
        return;
    ss_json_open(to, "by", '{');
    ss_put_text_of(to, "field", ss_str_of(r->options.group_field));
    ss_json_open(to, "groups", '[');
    for (size_t i = 0; i < r->groups; i++) {
        const struct ss_eval_part *p = &r->group[i];
        ss_json_item(to);
        ss_put_text_of(to, "value", p->rest ? SS_STR("(others)") : p->name);
        ss_put_int_of(to, "records", p->c.tp + p->c.fp + p->c.fn + p->c.tn);
        ss_put_int_of(to, "positives", p->c.tp + p->c.fn);
        ss_put_real_of(to, "auc_roc", p->auc);
        ss_put_real_of(to, "average_precision", p->ap);
        put_confusion(to, &p->c);
        ss_buf_putc(to, '}');
    }
    ss_buf_puts(to, "]}");
}

static void put_cost(struct ss_buf *to, const struct ss_eval_report *r)
{
    if (!r->options.cost)
        return;
    ss_json_open(to, "cost", '{');
    if (r->options.cost->currency[0])
        ss_put_text_of(to, "currency", ss_str_of(r->options.cost->currency));
    ss_put_real_of(to, "no_alerts", r->cost_of_none);
    ss_put_real_of(to, "chosen", r->chosen.cost);
    ss_put_real_of(to, "saved", r->cost_of_none - r->chosen.cost);
    ss_json_open(to, "cheapest", '{');
    ss_put_real_of(to, "threshold", r->cheapest.c.threshold);
    put_point(to, r, &r->cheapest);
    ss_buf_puts(to, "}}");
}

static void put_tune(struct ss_buf *to, const struct ss_eval_report *r)
{
    const struct ss_tune *t = &r->tune;
    if (!r->options.tune.wanted)
        return;
    ss_json_open(to, "tune", '{');
    ss_put_real_of(to, "threshold", t->threshold);
    ss_put_real_of(to, "lowest_score", t->best.c.threshold);
    ss_put_real_of(to, "budget", t->most);
    ss_put_int_of(to, "days", (size_t)t->days);
    put_point(to, r, &t->best);
    ss_json_open(to, "around", '[');
    for (int i = 0; i < t->n; i++) {
        ss_json_item(to);
        ss_put_real_of(to, "threshold", t->around[i].c.threshold);
        put_point(to, r, &t->around[i]);
        ss_buf_putc(to, '}');
    }
    ss_buf_puts(to, "]}");
}

static void put_rule(struct ss_buf *to, const struct ss_eval_report *r, const struct ss_eval_rule *rule)
{
    size_t labelled = rule->frauds + rule->genuine, frauds = r->rules.fired + r->rules.missed;
    ss_json_item(to);
    ss_put_text_of(to, "id", rule->id);
    ss_put_int_of(to, "hits", rule->hits);
    ss_put_int_of(to, "frauds", rule->frauds);
    ss_put_int_of(to, "genuine", rule->genuine);
    ss_put_int_of(to, "unlabelled", rule->unlabelled);
    ss_put_real_of(to, "precision", labelled ? (double)rule->frauds / (double)labelled : NAN);
    ss_put_real_of(to, "recall", frauds ? (double)rule->frauds / (double)frauds : NAN);
    ss_put_real_of(to, "amount_fraud", rule->fraud_amount);
    ss_put_real_of(to, "amount_genuine", rule->amount);
    ss_put_int_of(to, "only_frauds", rule->only_frauds);
    ss_put_int_of(to, "only_genuine", rule->only_genuine);
    ss_put_real_of(to, "only_amount_fraud", rule->only_fraud_amount);
    ss_put_real_of(to, "only_amount_genuine", rule->only_amount);
    if (r->options.label_delay_us)
        ss_put_int_of(to, "immature", rule->immature);
    ss_json_open(to, "overlap", '[');
    for (int i = 0; i < rule->overlaps; i++) {
        const struct ss_eval_rule *other = &r->rules.rule[rule->overlap[i].rule];
        ss_json_item(to);
        ss_put_text_of(to, "id", other->id);
        ss_buf_puts(to, other->shadow ? ",\"shadow\":true" : "");
        ss_put_int_of(to, "hits", rule->overlap[i].hits);
        ss_buf_putc(to, '}');
    }
    ss_buf_puts(to, "]}");
}

static void put_rules(struct ss_buf *to, const struct ss_eval_report *r)
{
    if (!r->options.by_rule)
        return;
    ss_json_open(to, "rules", '[');
    for (size_t i = 0; i < r->rules.live; i++)
        put_rule(to, r, &r->rules.rule[i]);
    ss_buf_putc(to, ']');
    ss_json_open(to, "shadow_rules", '[');
    for (size_t i = r->rules.live; i < r->rules.n; i++)
        put_rule(to, r, &r->rules.rule[i]);
    ss_buf_putc(to, ']');
    ss_put_int_of(to, "frauds_with_rule", r->rules.fired);
    ss_put_int_of(to, "frauds_without_rule", r->rules.missed);
}

void ss_eval_report_json(const struct ss_eval_report *r, struct ss_buf *to)
{
    char key[64];
    ss_buf_putc(to, '{');
    ss_put_int_of(to, "records", r->records);
    ss_put_int_of(to, "positives", r->positives);
    ss_put_int_of(to, "unlabelled", r->skipped.unlabelled);
    ss_put_int_of(to, "unscored", r->skipped.unscored);
    ss_put_int_of(to, "outside", r->skipped.outside);
    ss_put_int_of(to, "dropped", r->skipped.dropped);
    if (r->options.label_delay_us)
        ss_put_int_of(to, "immature", r->skipped.immature);
    if (r->first_day <= r->last_day) {
        put_day(to, "first_day", r->first_day);
        put_day(to, "last_day", r->last_day);
    }
    ss_put_real_of(to, "amount_fraud", r->fraud_amount);
    ss_put_real_of(to, "auc_roc", r->auc);
    ss_put_real_of(to, "average_precision", r->ap);
    for (int i = 0; i < r->options.n_k; i++) {
        snprintf(key, sizeof key, "card_precision_%u", (unsigned)r->card[i].k);
        ss_put_real_of(to, key, r->card[i].mean);
    }
    if (r->options.by_decision)
        ss_put_text_of(to, "alerted", SS_STR("decision"));
    else if (r->options.by_threshold)
        ss_put_real_of(to, "threshold", r->options.threshold);
    else
        ss_put_text_of(to, "level", ss_str_of(ss_level_name(r->options.level)));
    put_point(to, r, &r->chosen);
    ss_json_open(to, "best_f1", '{');
    ss_put_real_of(to, "threshold", r->best_f1.c.threshold);
    put_point(to, r, &r->best_f1);
    ss_buf_putc(to, '}');
    put_thresholds(to, r);
    put_calibration(to, r);
    put_cards(to, r);
    put_parts(to, r);
    put_cost(to, r);
    put_tune(to, r);
    put_rules(to, r);
    ss_buf_puts(to, "}\n");
}
