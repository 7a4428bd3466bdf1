/* ss-run: a pipeline of stages in one process. */
#include "base/err.h"
#include "base/log.h"
#include "base/number.h"
#include "cli/filter.h"
#include "cli/pipeline.h"
#include "cli/run.h"
#include "flow/stages.h"
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

static const struct ss_stage *find_stage(const char *name)
{
    if (strncmp(name, "ss-", 3) == 0)
        name += 3;
    for (const struct ss_stage *const *s = ss_stages; *s; s++)
        if (strcmp((*s)->name, name) == 0)
            return *s;
    return NULL;
}

/* What the parser of one stage's words works on. */
struct stage_input {
    void *st;
    struct ss_options *options;
    bool first, has_own; /* has_own: the stage has options of its own */
};

static error_t parse_stage_parent(int key, char *arg, struct argp_state *state)
{
    struct stage_input *in = state->input;
    if (key == ARGP_KEY_INIT) {
        if (in->has_own)
            state->child_inputs[0] = in->st;
        return 0;
    }
    if (key != ARGP_KEY_ARG)
        return ARGP_ERR_UNKNOWN;
    if (!in->first)
        argp_error(state, "only the first stage may name input files");
    if (in->options->n_inputs == SS_INPUTS_MAX)
        argp_error(state, "more than %d inputs", SS_INPUTS_MAX);
    in->options->inputs[in->options->n_inputs++] = arg;
    return 0;
}

/* A stage's own options only: what is shared is said once, to ss-run. */
static int add_stage(struct ss_chain *chain, struct ss_words *words, struct ss_options *options)
{
    const struct ss_stage *stage = find_stage(words->word[0]);
    if (!stage)
        return ss_fail(SS_EUSAGE, "there is no stage '%s'; see ss(7) for those there are", words->word[0]);
    struct ss_link *link = ss_chain_add(chain, stage);
    if (!link)
        return SS_EUSAGE;
    struct argp_child children[] = {{stage->argp, 0, NULL, 0}, {0}};
    const struct argp argp = {
        NULL, parse_stage_parent, stage->args, stage->about, stage->argp ? children : NULL, NULL, NULL};
    char name[64]; /* as the command of its own: that is where --help leads */
    snprintf(name, sizeof name, "ss-%s", stage->name);
    words->word[0] = name;
    struct stage_input in = {link->st, options, chain->n == 1, stage->argp != NULL};
    return argp_parse(&argp, words->n, words->word, 0, NULL, &in) == 0 ? 0 : SS_EUSAGE;
}

static int build(struct ss_chain *chain, struct fused *f, struct ss_arena *arena)
{
    struct ss_words *stages = calloc(SS_CHAIN_MAX, sizeof *stages);
    int err = ss_chain_init(chain, f->workers ? f->workers : 1);
    int n = err || !stages ? (err ? err : SS_ENOMEM)
                           : ss_pipeline_split(f->pipeline, arena, stages, SS_CHAIN_MAX);
    for (int i = 0; i < n && !err; i++)
        err = add_stage(chain, &stages[i], &f->options);
    free(stages);
    return n < 0 ? n : err;
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
    int err = build(chain, f, &arena), status;
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
