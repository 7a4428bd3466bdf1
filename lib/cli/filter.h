/*
 * The commands. A filter's main is one sentence:
 *
 *     extern const struct ss_stage ss_stage_score;
 *     int main(int argc, char **argv) { return ss_filter_main(&ss_stage_score, argc, argv); }
 *
 * Both parse the shared options and the stage's own, run the loop, report, and return the exit status (see
 * ss.7).
 */
#ifndef SS_CLI_FILTER_H
#define SS_CLI_FILTER_H

#include "flow/stage.h"

int ss_filter_main(const struct ss_stage *stage, int argc, char **argv);

/* ss-run: 'ingest -m bank.map | features | score -m fraud.ssm' in one process. */
int ss_run_main(int argc, char **argv);

#endif
