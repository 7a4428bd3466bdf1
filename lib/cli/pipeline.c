#include "cli/pipeline.h"
#include "base/err.h"
#include "flow/stages.h"
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Reads one word at *p into `out`, undoing quotes. */
static int read_word(const char **p, char *out)
{
    char quote = 0;
    for (; **p; (*p)++) {
        char c = **p;
        if (quote) {
            if (c == quote) {
                quote = 0;
                continue;
            }
            if (c == '\\' && quote == '"' && ((*p)[1] == '"' || (*p)[1] == '\\'))
                c = *++*p;
        } else if (c == '\'' || c == '"') {
            quote = c;
            continue;
        } else if (c == '\\' && (*p)[1]) {
            c = *++*p;
        } else if (c == ' ' || c == '\t' || c == '\n' || c == '|') {
            break;
        }
        *out++ = c;
    }
    *out = '\0';
    return quote ? ss_fail(SS_EUSAGE, "a quote (%c) is not closed in the pipeline", quote) : 0;
}

int ss_pipeline_split(const char *text, struct ss_arena *arena, struct ss_words *stages, int max)
{
    int n = 0;
    const char *p = text;
    for (;;) {
        if (n == max)
            return ss_fail(SS_EUSAGE, "more than %d stages in one pipeline", max);
        struct ss_words *words = &stages[n++];
        words->n = 0;
        for (;;) {
            p += strspn(p, " \t\n");
            if (!*p || *p == '|')
                break;
            if (words->n == SS_WORDS_MAX)
                return ss_fail(SS_EUSAGE, "more than %d words in one stage", SS_WORDS_MAX);
            char *word = ss_arena_alloc(arena, strlen(p) + 1);
            int err = word ? read_word(&p, word) : SS_ENOMEM;
            if (err < 0)
                return err;
            words->word[words->n++] = word;
        }
        words->word[words->n] = NULL;
        if (words->n == 0)
            return ss_fail(SS_EUSAGE, "an empty stage in the pipeline '%s'", text);
        if (!*p)
            return n;
        p++;
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
    FILE *said;          /* where its messages go, NULL for standard error */
    bool first, has_own; /* has_own: the stage has options of its own */
    int operands;        /* which of its operands are still the stage's own */
};

static error_t parse_stage_parent(int key, char *arg, struct argp_state *state)
{
    struct stage_input *in = state->input;
    if (key == ARGP_KEY_INIT) {
        if (in->has_own)
            state->child_inputs[0] = in->st;
        if (in->said)
            state->err_stream = in->said;
        return 0;
    }
    if (key != ARGP_KEY_ARG || in->operands-- > 0)
        return ARGP_ERR_UNKNOWN; /* the stage's own parser takes it */
    if (!in->first || !in->options) {
        argp_error(state, in->options ? "only the first stage may name input files"
                                      : "input files cannot be named here");
        return EINVAL;
    }
    if (in->options->n_inputs == SS_INPUTS_MAX) {
        argp_error(state, "more than %d inputs", SS_INPUTS_MAX);
        return EINVAL;
    }
    in->options->inputs[in->options->n_inputs++] = arg;
    return 0;
}

/* Parses without ever leaving the process; the parser's first line becomes the message. */
static int parse_hosted(const struct argp *argp, struct ss_words *words, struct stage_input *in)
{
    char *text = NULL;
    size_t n = 0;
    in->said = open_memstream(&text, &n);
    if (!in->said)
        return ss_fail(SS_ENOMEM, "out of memory for options");
    error_t r = argp_parse(argp, words->n, words->word, ARGP_NO_EXIT | ARGP_NO_HELP, NULL, in);
    fclose(in->said);
    int err = 0;
    bool said = n && strncmp(text, "Try `", 5) != 0; /* getopt itself has spoken on standard error */
    if (r || n)
        err = said ? ss_fail(SS_EUSAGE, "%.*s", (int)strcspn(text, "\n"), text)
                   : ss_fail(SS_EUSAGE, "'%s' in the pipeline was given wrong options", words->word[0]);
    free(text);
    return err;
}

/* A stage's own options only: what is shared is said once, to the whole. */
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
    struct stage_input in = {link->st, options, NULL, chain->n == 1, stage->argp != NULL, stage->operands};
    int err = !options                                                      ? parse_hosted(&argp, words, &in)
              : argp_parse(&argp, words->n, words->word, 0, NULL, &in) == 0 ? 0
                                                                            : SS_EUSAGE;
    words->word[0] = NULL;
    return err;
}

int ss_pipeline_build(const char *text, struct ss_arena *arena, struct ss_chain *chain,
                      struct ss_options *options)
{
    struct ss_words *stages = calloc(SS_CHAIN_MAX, sizeof *stages);
    int n = stages ? ss_pipeline_split(text, arena, stages, SS_CHAIN_MAX)
                   : ss_fail(SS_ENOMEM, "out of memory for a pipeline");
    int err = n < 0 ? n : 0;
    for (int i = 0; i < n && !err; i++)
        err = add_stage(chain, &stages[i], options);
    free(stages);
    return err;
}
