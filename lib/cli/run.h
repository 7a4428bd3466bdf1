/* From parsed options to an exit status: signals, progress, the loop, statistics, messages. */
#ifndef SS_CLI_RUN_H
#define SS_CLI_RUN_H

#include "cli/options.h"
#include "flow/chain.h"

/* `program` as in messages, "ss-score". Frees the chain. */
int ss_cli_run(struct ss_chain *chain, const struct ss_options *opt, const char *program);
/* Takes the places of standard streams that were closed, so that no file of ours gets their number. */
void ss_cli_hold_streams(void);
/* Applies -v, -q and --log: before anything can want to say something. */
void ss_cli_log(const struct ss_options *opt, const char *program);
/* Prints the thread's message for `err` and returns its exit status. */
int ss_cli_fail(int err);

#endif
