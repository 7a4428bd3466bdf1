/* The text that ss-run takes: stages with their options, separated by `|`, words quoted as in a shell. */
#ifndef SS_CLI_PIPELINE_H
#define SS_CLI_PIPELINE_H

#include "base/arena.h"
#include "base/attr.h"
#include "cli/options.h"
#include "flow/chain.h"

#define SS_WORDS_MAX 256

struct ss_words {
    char *word[SS_WORDS_MAX + 1]; /* NULL behind the last */
    int n;
};

/*
 * Splits the text into the words of each stage, at most `max` stages; words live in the arena. Knows '...',
 * "..." and backslash, and nothing else of a shell. Returns the number of stages or SS_EUSAGE.
 */
int ss_pipeline_split(const char *text, struct ss_arena *arena, struct ss_words *stages,
                      int max) SS_MUST_CHECK;

/*
 * Adds the text's stages to a new chain, their options parsed, not yet opened. Words live in the arena, which
 * must outlive the chain. The first stage's operands become inputs of `options`. Wrong options end the
 * process with their message, as on a command line; with `options` NULL (a pipeline in a server) they are
 * returned as SS_EUSAGE, as is an operand. What getopt itself says still goes to standard error.
 */
int ss_pipeline_build(const char *text, struct ss_arena *arena, struct ss_chain *chain,
                      struct ss_options *options) SS_MUST_CHECK;

#endif
