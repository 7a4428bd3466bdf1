/*
 * Figures in Prometheus' text form. They are added in any order and printed by name, as the form wants it:
 *
 *     ss_metrics_add(&m, "ss_kafka_lag", "gauge", "Messages behind the end.", 12, "topic", "raw",
 * "partition", "3", NULL);
 */
#ifndef SS_IO_METRICS_H
#define SS_IO_METRICS_H

#include "base/buf.h"

#define SS_METRICS_MAX 96 /* names */

struct ss_metric {
    const char *name;      /* a literal */
    struct ss_buf samples; /* with its heading */
};

struct ss_metrics {
    const char *unit; /* the first label of every sample, which tells processes on one host apart; or NULL */
    struct ss_metric metric[SS_METRICS_MAX];
    int n;
    bool overflow;
};

/* To begin with, *metrics is zeroed but for `unit`. `type` is counter or gauge. Then labels and their values
 * in turn, any text, and NULL. */
void ss_metrics_add(struct ss_metrics *metrics, const char *name, const char *type, const char *help,
                    double value, ...) __attribute__((sentinel));
/* SS_ENOMEM, SS_EBUG for too many names. */
int ss_metrics_print(const struct ss_metrics *metrics, struct ss_buf *to) SS_MUST_CHECK;
void ss_metrics_reset(struct ss_metrics *metrics); /* forgets all; also frees it */

#endif
