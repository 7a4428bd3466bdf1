/* ss-run: a pipeline of stages in one process. */
#include "base/err.h"
#include "base/log.h"
#include "base/number.h"
#include "cli/filter.h"
#include "cli/pipeline.h"
#include "cli/run.h"
#include <stdlib.h>
#include <unistd.h>

struct fused {
    struct ss_options options;
    const char *pipeline;
    int workers;
};

static const struct argp_option own_options[] = {
    {"jobs", 'j', "N", 0, "Share the work among N threads, by entity: the same bytes (1; 0 = one a core)", 0},
    {0},
};

static error_t parse_own(int key, char *arg, struct argp_state *state)
{
    struct fused *f = state->input;
    int64_t n;
    switch (key) {
    case ARGP_KEY_INIT: state->child_inputs[0] = &f->options; return 0;
    case 'j':
        if (!ss_int_parse(arg, strlen(arg), &n) || n < 0 || n > SS_WORKERS_MAX)
            argp_error(state, "-j takes 0 to %d, not '%s'", SS_WORKERS_MAX, arg);
        if (n == 0)
            n = sysconf(_SC_NPROCESSORS_ONLN);
        f->workers = n < 1 ? 1 : n > SS_WORKERS_MAX ? SS_WORKERS_MAX : (int)n;
        return 0;
    case ARGP_KEY_ARG:
        if (f->pipeline)
            return ARGP_ERR_UNKNOWN; /* a FILE: the shared options take it */
        f->pipeline = arg;
        return 0;
    case ARGP_KEY_END:
        if (!f->pipeline)
            argp_error(state, "a pipeline is needed, such as 'features | score -m fraud.ssm'");
        return 0;
    default: return ARGP_ERR_UNKNOWN;
    }
}

int ss_run_main(int argc, char **argv)
{
    static const struct argp_child children[] = {{&ss_options_argp, 0, "Shared options:", 2}, {0}};
    static const struct argp argp = {
        own_options,
        parse_own,
        "'STAGE [OPTION...] | ...' [FILE...]",
        "Run a pipeline of stages in one process, values handed on without text between them.\v"
        "The output is the same, byte for byte, as that of the commands joined by shell pipes. Example:\n"
        "  ss-run 'ingest | features | score -m fraud.ssm' export.csv",
        children,
        NULL,
        NULL};
    static char name[] = "ss-run";
    struct fused *f = calloc(1, sizeof *f);
    struct ss_chain *chain = calloc(1, sizeof *chain);
    struct ss_arena arena;
    if (!f || !chain)
        return 70;
    ss_cli_hold_streams();
    ss_arena_init(&arena, 1 << 24);
    argp_program_version = "ss-run " SS_VERSION;
    argp_err_exit_status = 64;
    argv[0] = name;
    ss_cli_log(&f->options, name);
    argp_parse(&argp, argc, argv, 0, NULL, f);
    ss_cli_log(&f->options, name);
    int err = ss_chain_init(chain, f->workers ? f->workers : 1), status;
    err = err ? err : ss_pipeline_build(f->pipeline, &arena, chain, &f->options);
    if (err) {
        status = ss_cli_fail(err);
        ss_chain_free(chain);
    } else {
        status = ss_cli_run(chain, &f->options, name);
    }
    ss_arena_free(&arena);
    free(f);
    free(chain);
    return status;
}
