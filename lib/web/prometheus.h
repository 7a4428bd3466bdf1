/* The metrics as Prometheus text (exposition format 0.0.4). */
#ifndef SS_WEB_PROMETHEUS_H
#define SS_WEB_PROMETHEUS_H

#include "web/metrics.h"

/* `engine` is what the engine says of itself, "" without one. */
int ss_prometheus_put(const struct ss_metrics *metrics, const char *version, struct ss_str engine,
                      struct ss_arena *arena, struct ss_buf *to) SS_MUST_CHECK;

#endif
