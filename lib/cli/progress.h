/* What a run tells of itself: a progress line while it goes, one line of JSON when it has gone. */
#ifndef SS_CLI_PROGRESS_H
#define SS_CLI_PROGRESS_H

#include "flow/loop.h"

/* Redraws at most five times a second: share done, records, rate, time left. For terminals only. */
void ss_progress(const struct ss_loop_counts *counts);
void ss_progress_end(const struct ss_loop_counts *counts);

/*
 * {"program":..,"records_in":..,"records_out":..,"rejected":..,"seconds":..,"records_per_s":..,
 *  "latency_us":{"p50":..,"p99":..,"p99.9":..,"max":..},"stage_ns":{"features":..},"peak_kib":..}
 * to `path`, or standard error when "". stage_ns is what a record cost in each stage itself, without reading
 * and writing.
 */
int ss_stats_print(const struct ss_loop_counts *counts, const struct ss_chain *chain, const char *program,
                   const char *path) SS_MUST_CHECK;

#endif
