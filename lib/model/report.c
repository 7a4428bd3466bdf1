#include "model/report.h"
#include "base/number.h"
#include "base/time.h"
#include "json/write.h"
#include <math.h>

#define TOP 15

void ss_report_count_levels(const struct ss_model *model, const struct ss_fit_report *fit,
                            struct ss_report_metrics *metrics)
{
    for (size_t i = 0; i < fit->n; i++)
        if (fit->label[i] >= 0) {
            enum ss_level level = ss_levels_of(&model->levels, fit->value[i]);
            metrics->level_records[level]++;
            metrics->level_positives[level] += fit->label[i] == 1;
        }
}

static void put_time(struct ss_buf *to, int64_t time_us)
{
    char text[SS_TIME_TEXT];
    ss_buf_put(to, text, ss_time_print(time_us, text));
}

static void put_time_member(struct ss_buf *to, const char *key, int64_t time_us)
{
    ss_json_key(to, key);
    ss_buf_putc(to, '"');
    put_time(to, time_us);
    ss_buf_putc(to, '"');
}

void ss_report_training(const struct ss_fit_report *fit, struct ss_buf *to)
{
    ss_buf_putc(to, '{');
    ss_put_int_of(to, "records", fit->rows);
    ss_put_int_of(to, "positives", fit->positives);
    ss_put_int_of(to, "unlabelled", fit->unlabelled);
    put_time_member(to, "from", fit->from_us);
    put_time_member(to, "to", fit->to_us);
    ss_buf_printf(to, ",\"hash\":\"%016llx\"", (unsigned long long)fit->hash);
    ss_put_int_of(to, "earlier_records", fit->early);
    ss_put_int_of(to, "earlier_positives", fit->early_positives);
    ss_put_int_of(to, "synthetic_positives", fit->synthetic);
    put_time_member(to, "later_from", fit->later_us);
    ss_buf_putc(to, '}');
}

/* Columns by gain, largest first; of equal ones the earlier. Returns how many have any. */
static uint32_t rank_gain(const struct ss_model *model, const struct ss_fit_report *fit, uint32_t *best)
{
    uint32_t n = 0, width = ss_model_width(model);
    for (uint32_t j = 0; j < width; j++) {
        if (!(fit->gain[j] > 0) || (n == TOP && fit->gain[j] <= fit->gain[best[n - 1]]))
            continue;
        uint32_t at = n < TOP ? n++ : n - 1;
        for (; at > 0 && fit->gain[best[at - 1]] < fit->gain[j]; at--)
            best[at] = best[at - 1];
        best[at] = j;
    }
    return n;
}

static double gain_share(const struct ss_model *model, const struct ss_fit_report *fit, uint32_t j)
{
    double sum = 0;
    for (uint32_t k = 0; k < ss_model_width(model); k++)
        sum += fit->gain[k];
    return floor(fit->gain[j] / sum * 1e4 + 0.5) / 1e4;
}

static struct ss_str column_name(const struct ss_model *model, uint32_t j)
{
    return j < model->n_inputs ? model->input[j].name : SS_STR(SS_MODEL_ISOLATION);
}

static void put_bins(const struct ss_report_metrics *m, struct ss_buf *to)
{
    ss_json_open(to, "reliability", '[');
    for (int i = 0; i < SS_REPORT_BINS; i++) {
        ss_json_item(to);
        ss_put_real_of(to, "from", m->bin[i].from);
        ss_put_real_of(to, "to", m->bin[i].to);
        ss_put_int_of(to, "records", m->bin[i].records);
        ss_put_int_of(to, "positives", m->bin[i].positives);
        ss_put_real_of(to, "mean", m->bin[i].mean);
        ss_put_real_of(to, "frequency", m->bin[i].frequency);
        ss_buf_putc(to, '}');
    }
    ss_buf_putc(to, ']');
}

void ss_report_metrics_json(const struct ss_model *model, const struct ss_fit_report *fit,
                            const struct ss_report_metrics *m, struct ss_buf *to)
{
    uint32_t best[TOP], n = rank_gain(model, fit, best);
    ss_buf_putc(to, '{');
    ss_put_int_of(to, "records", m->records);
    ss_put_int_of(to, "positives", m->positives);
    ss_put_real_of(to, "auc_roc", m->auc_roc);
    ss_put_real_of(to, "average_precision", m->average_precision);
    ss_put_real_of(to, "brier", m->brier);
    ss_put_real_of(to, "log_loss", m->log_loss);
    ss_json_open(to, "levels", '{');
    for (int l = SS_CRITICAL; l >= SS_NONE; l--) {
        ss_json_open(to, ss_level_name((enum ss_level)l), '{');
        ss_put_int_of(to, "records", m->level_records[l]);
        ss_put_int_of(to, "positives", m->level_positives[l]);
        ss_buf_putc(to, '}');
    }
    ss_buf_putc(to, '}');
    put_bins(m, to);
    ss_json_open(to, "gain", '{');
    for (uint32_t i = 0; i < n; i++) {
        if (i)
            ss_buf_putc(to, ',');
        ss_json_put_string(to, column_name(model, best[i]));
        ss_buf_putc(to, ':');
        ss_json_put_double(to, gain_share(model, fit, best[i]));
    }
    ss_buf_puts(to, "}}");
}

static void put_string(struct ss_buf *to, const char *key, const char *text)
{
    ss_json_key(to, key);
    ss_json_put_string(to, ss_str_of(text));
}

void ss_report_parameters(const struct ss_model *model, const struct ss_fit_options *o,
                          const struct ss_fit_report *fit, struct ss_buf *to)
{
    ss_buf_putc(to, '{');
    ss_put_int_of(to, "seed", o->seed);
    ss_put_real_of(to, "validation", o->validation);
    put_string(to, "calibration", ss_calibration_name(model->calibration.method));
    if (model->kind != SS_MODEL_GBT) {
        ss_put_int_of(to, "forest_trees", o->forest_trees);
        ss_put_int_of(to, "forest_sample", o->forest_sample);
    }
    if (model->kind != SS_MODEL_IFOREST) {
        ss_put_int_of(to, "rounds", (size_t)fit->rounds);
        ss_put_int_of(to, "rounds_at_most", (size_t)o->rounds);
        ss_put_int_of(to, "early_stopping", (size_t)o->patience);
        put_string(to, "metric", o->metric ? o->metric : "aucpr");
        ss_put_int_of(to, "bag", (size_t)o->bag);
        ss_put_real_of(to, "weight", o->weight);
        ss_put_real_of(to, "smote", o->smote);
        ss_json_open(to, "xgboost", '{');
        for (size_t i = 0; i < o->n_params; i++)
            put_string(to, o->param[i].name, o->param[i].value);
        ss_buf_putc(to, '}');
    }
    ss_buf_puts(to, o->keep_part ? ",\"refit\":false" : ",\"refit\":true");
    put_string(to, "made_by", "ss-train " SS_VERSION);
    ss_buf_putc(to, '}');
}

static void put_number(struct ss_buf *to, double x, int decimals)
{
    if (isnan(x))
        ss_buf_printf(to, "%*s", decimals + 4, "-");
    else
        ss_buf_printf(to, "%*.*f", decimals + 4, decimals, x);
}

static void text_head(const struct ss_model *model, const struct ss_fit_options *o,
                      const struct ss_fit_report *fit, const char *path, struct ss_buf *to)
{
    ss_buf_printf(to, "model %s, written to %s\n", model->name, path);
    ss_buf_printf(to, "feature set %s, %u inputs\n\n", model->set, ss_model_width(model));
    ss_buf_printf(to, "training data   %zu payments, %zu frauds (%.3f %%), %zu without a label\n", fit->rows,
                  fit->positives, fit->rows ? 100.0 * (double)fit->positives / (double)fit->rows : 0,
                  fit->unlabelled);
    ss_buf_puts(to, "                ");
    put_time(to, fit->from_us);
    ss_buf_puts(to, " to ");
    put_time(to, fit->to_us);
    ss_buf_printf(to, ", fingerprint %016llx\n", (unsigned long long)fit->hash);
    ss_buf_printf(to, "earlier part    %zu payments, %zu frauds", fit->early, fit->early_positives);
    if (fit->synthetic)
        ss_buf_printf(to, " and %zu synthetic ones", fit->synthetic);
    if (model->kind != SS_MODEL_IFOREST)
        ss_buf_printf(to, ", %d rounds of boosting", fit->rounds);
    if (o->bag > 1)
        ss_buf_printf(to, ", %d times", o->bag);
    ss_buf_puts(to, o->keep_part || !fit->n ? "\n" : ", then fitted again on all\n");
}

static void text_metrics(const struct ss_report_metrics *m, int64_t later_us, struct ss_buf *to)
{
    ss_buf_printf(to, "later slice     %zu payments, %zu frauds, from ", m->records, m->positives);
    put_time(to, later_us);
    ss_buf_puts(to, "\n\n  AUC ROC            ");
    put_number(to, m->auc_roc, 4);
    ss_buf_puts(to, "\n  average precision  ");
    put_number(to, m->average_precision, 4);
    ss_buf_puts(to, "\n  Brier score        ");
    put_number(to, m->brier, 5);
    ss_buf_puts(to, "\n  log loss           ");
    put_number(to, m->log_loss, 5);
    ss_buf_puts(to, "\n");
}

static void text_levels(const struct ss_model *model, const struct ss_report_metrics *m, struct ss_buf *to)
{
    char number[SS_NUMBER_MAX];
    ss_buf_puts(to, "\nlevels           from value   payments     frauds\n");
    for (int l = SS_CRITICAL; l >= SS_NONE; l--) {
        size_t n = ss_double_print(model->levels.from[l], number);
        ss_buf_printf(to, "  %-9s %15.*s %10zu %10zu\n", ss_level_name((enum ss_level)l), (int)n, number,
                      m->level_records[l], m->level_positives[l]);
    }
    ss_buf_puts(to, "\nreliability        payments     frauds   mean value  share of frauds\n");
    for (int i = 0; i < SS_REPORT_BINS; i++) {
        const struct ss_report_bin *b = &m->bin[i];
        ss_buf_printf(to, "  %.1f to %.1f %14zu %10zu   ", b->from, b->to, b->records, b->positives);
        put_number(to, b->mean, 6);
        ss_buf_puts(to, "       ");
        put_number(to, b->frequency, 6);
        ss_buf_putc(to, '\n');
    }
}

void ss_report_text(const struct ss_model *model, const struct ss_fit_options *options,
                    const struct ss_fit_report *fit, const struct ss_report_metrics *metrics,
                    const char *path, struct ss_buf *to)
{
    uint32_t best[TOP], n = rank_gain(model, fit, best);
    text_head(model, options, fit, path, to);
    if (metrics->records) {
        text_metrics(metrics, fit->later_us, to);
        text_levels(model, metrics, to);
    }
    if (n)
        ss_buf_puts(to, "\ninputs by share of the total gain\n");
    for (uint32_t i = 0; i < n; i++) {
        struct ss_str name = column_name(model, best[i]);
        ss_buf_printf(to, "  %-32.*s %8.4f\n", (int)name.n, name.p, gain_share(model, fit, best[i]));
    }
}
