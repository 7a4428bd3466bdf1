/*
 * What training came to, for people and programs. The numbers of the later slice are measured by whoever
 * calls (lib/eval has the metrics); this puts them into words and JSON.
 */
#ifndef SS_MODEL_REPORT_H
#define SS_MODEL_REPORT_H

#include "model/fit.h"

#define SS_REPORT_BINS 10

struct ss_report_bin {
    double from, to; /* values in (from, to] */
    size_t records, positives;
    double mean, frequency; /* NaN when empty */
};

/* On the later slice's labelled records; NaN where a metric is not defined. */
struct ss_report_metrics {
    size_t records, positives;
    double auc_roc, average_precision, brier, log_loss;
    struct ss_report_bin bin[SS_REPORT_BINS];
    size_t level_records[SS_LEVELS], level_positives[SS_LEVELS]; /* at this level, not above */
};

/* Fills the level counts. */
void ss_report_count_levels(const struct ss_model *model, const struct ss_fit_report *fit,
                            struct ss_report_metrics *metrics);
/* The members `training` and `metrics` of the model file, and `parameters`. */
void ss_report_training(const struct ss_fit_report *fit, struct ss_buf *to);
void ss_report_metrics_json(const struct ss_model *model, const struct ss_fit_report *fit,
                            const struct ss_report_metrics *metrics, struct ss_buf *to);
void ss_report_parameters(const struct ss_model *model, const struct ss_fit_options *options,
                          const struct ss_fit_report *fit, struct ss_buf *to);
/* The whole report as text. The model is sealed and written to `path`. */
void ss_report_text(const struct ss_model *model, const struct ss_fit_options *options,
                    const struct ss_fit_report *fit, const struct ss_report_metrics *metrics,
                    const char *path, struct ss_buf *to);

#endif
