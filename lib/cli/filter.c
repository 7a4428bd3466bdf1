#include "cli/filter.h"
#include "base/err.h"
#include "cli/run.h"
#include <stdlib.h>

static char version[64], program[64], doc[512];

struct parsed {
    struct ss_options options;
    void *st;
    bool has_own; /* the stage has options, and its parser is the first child */
};

/* Hands the children their inputs: the stage its state, the shared group its struct. */
static error_t parse_parent(int key, char *arg, struct argp_state *state)
{
    struct parsed *parsed = state->input;
    (void)arg;
    if (key != ARGP_KEY_INIT)
        return ARGP_ERR_UNKNOWN;
    if (parsed->has_own)
        state->child_inputs[0] = parsed->st;
    state->child_inputs[parsed->has_own] = &parsed->options;
    return 0;
}

static int parse_options(const struct ss_stage *stage, int argc, char **argv, struct parsed *parsed)
{
    struct argp_child with_own[] = {
        {stage->argp, 0, "Options of this command:", 1}, {&ss_options_argp, 0, "Shared options:", 2}, {0}};
    struct argp_child shared_only[] = {{&ss_options_argp, 0, "Shared options:", 1}, {0}, {0}};
    snprintf(doc, sizeof doc, "%s\vThe manual page %s(1) says more; ss(7) is the overview.", stage->about,
             program);
    const struct argp argp = {NULL,
                              parse_parent,
                              stage->args ? stage->args : "[FILE...]",
                              doc,
                              stage->argp ? with_own : shared_only,
                              NULL,
                              NULL};
    argp_program_version = version;
    argp_err_exit_status = 64;
    /* argp calls the program by argv[0]; messages shall not depend on the path it was called by. */
    argv[0] = program;
    return argp_parse(&argp, argc, argv, 0, NULL, parsed) == 0 ? 0 : SS_EUSAGE;
}

int ss_filter_main(const struct ss_stage *stage, int argc, char **argv)
{
    struct ss_chain *chain = calloc(1, sizeof *chain);
    struct parsed *parsed = calloc(1, sizeof *parsed);
    snprintf(program, sizeof program, "ss-%s", stage->name);
    snprintf(version, sizeof version, "ss-%s %s", stage->name, SS_VERSION);
    if (!chain || !parsed)
        return 70;
    ss_cli_hold_streams();
    ss_cli_log(&parsed->options, program);
    int err = ss_chain_init(chain, 1);
    struct ss_link *link = err ? NULL : ss_chain_add(chain, stage);
    int status;
    if (!link) {
        status = ss_cli_fail(err ? err : SS_ENOMEM);
        ss_chain_free(chain);
    } else {
        parsed->st = link->st;
        parsed->has_own = stage->argp != NULL;
        err = parse_options(stage, argc, argv, parsed);
        ss_cli_log(&parsed->options, program);
        status = err ? 64 : ss_cli_run(chain, &parsed->options, program);
    }
    free(parsed);
    free(chain);
    return status;
}
