#include "io/metrics.h"
#include "base/err.h"
#include "json/write.h"
#include <stdarg.h>

#define SAMPLES_MAX ((size_t)4 << 20) /* of one name: some ten thousand partitions */

static struct ss_buf *samples_of(struct ss_metrics *m, const char *name, const char *type, const char *help)
{
    for (int i = 0; i < m->n; i++)
        if (strcmp(m->metric[i].name, name) == 0)
            return &m->metric[i].samples;
    if (m->n == SS_METRICS_MAX) {
        m->overflow = true;
        return NULL;
    }
    struct ss_metric *new = &m->metric[m->n++];
    new->name = name;
    ss_buf_init(&new->samples, SAMPLES_MAX);
    ss_buf_printf(&new->samples, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
    return &new->samples;
}

/* Quotes, backslashes and line ends escaped. */
static void put_label(struct ss_buf *to, const char *name, const char *value)
{
    ss_buf_printf(to, "%s=\"", name);
    for (; *value; value++) {
        if (*value == '"' || *value == '\\' || *value == '\n')
            ss_buf_putc(to, '\\');
        ss_buf_putc(to, *value == '\n' ? 'n' : *value);
    }
    ss_buf_putc(to, '"');
}

void ss_metrics_add(struct ss_metrics *metrics, const char *name, const char *type, const char *help,
                    double value, ...)
{
    struct ss_buf *to = samples_of(metrics, name, type, help);
    if (!to)
        return;
    va_list labels;
    va_start(labels, value);
    ss_buf_puts(to, name);
    char before = '{';
    if (metrics->unit) {
        ss_buf_putc(to, before);
        put_label(to, "unit", metrics->unit);
        before = ',';
    }
    for (const char *label; (label = va_arg(labels, const char *)) != NULL; before = ',') {
        ss_buf_putc(to, before);
        put_label(to, label, va_arg(labels, const char *));
    }
    va_end(labels);
    ss_buf_puts(to, before == ',' ? "} " : " ");
    ss_json_put_double(to, value);
    ss_buf_putc(to, '\n');
}

int ss_metrics_print(const struct ss_metrics *metrics, struct ss_buf *to)
{
    if (metrics->overflow)
        return ss_fail(SS_EBUG, "more than %d names of figures", SS_METRICS_MAX);
    for (int i = 0; i < metrics->n; i++) {
        int err = ss_buf_check(&metrics->metric[i].samples);
        if (err < 0)
            return err;
        ss_buf_put(to, metrics->metric[i].samples.p, metrics->metric[i].samples.n);
    }
    return ss_buf_check(to);
}

void ss_metrics_reset(struct ss_metrics *metrics)
{
    for (int i = 0; i < metrics->n; i++)
        ss_buf_free(&metrics->metric[i].samples);
    *metrics = (struct ss_metrics){0};
}
