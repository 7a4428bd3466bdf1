/* The options that every command shares, as one argp child, and what they come to. */
#ifndef SS_CLI_OPTIONS_H
#define SS_CLI_OPTIONS_H

#include <argp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SS_INPUTS_MAX 4096

struct ss_options {
    const char *inputs[SS_INPUTS_MAX]; /* -i URI and FILE operands, in order */
    int n_inputs;
    const char *output, *rejects, *state, *metrics, *stats; /* stats: "" = standard error */
    size_t max_record;
    int64_t rebuild_us, snapshot_us; /* negative, 0: not given */
    bool want_stats, progress, strict, quiet, log_json;
    int verbose;
};

/* Its parser's input is a struct ss_options. Operands become inputs. */
extern const struct argp ss_options_argp;

#endif
