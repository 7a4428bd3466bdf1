#include "cmd/ss-rules/inspect.h"
#include "base/err.h"
#include "base/file.h"
#include "base/log.h"
#include "cli/run.h"
#include "rule/check.h"
#include <argp.h>
#include <stdio.h>
#include <stdlib.h>

#define SAMPLE_BYTES   ((size_t)256 << 20)
#define SAMPLE_RECORDS 10000

enum { OPT_LISTS = 512, OPT_FULL_JQ, OPT_CHECK, OPT_TEST, OPT_SAMPLE };

struct inspect {
    const char *name[SS_RULE_FILES], *sample;
    size_t n;
    struct ss_ruleset_options options;
    bool check, test, verbose;
    struct ss_schema schema;
    struct ss_ruleset *set;
    unsigned passed, failed;
    struct ss_str untested_of; /* the rule at hand */
};

bool ss_rules_wants_inspection(int argc, char *const *argv)
{
    for (int i = 1; i < argc; i++)
        if (strcmp(argv[i], "--check") == 0 || strcmp(argv[i], "--test") == 0)
            return true;
    return false;
}

static const struct argp_option options[] = {
    {"rules", 'r', "FILE", 0, "Rule file, or the name of a shipped pack (default); may be repeated", 0},
    {"lists", OPT_LISTS, "DIR", 0, "Where list files lie (beside their rule file)", 0},
    {"full-jq", OPT_FULL_JQ, 0, 0, "Allow jq that is not proven to end, in a limited process of its own", 0},
    {"check", OPT_CHECK, 0, 0, "Look for mistakes in the rules; exit status 1 if there are any", 0},
    {"sample", OPT_SAMPLE, "FILE", 0, "With --check: records that show which fields there are", 0},
    {"test", OPT_TEST, 0, 0, "Run the rules' tests; exit status 1 when one fails", 0},
    {"verbose", 'v', 0, 0, "Name the tests that pass, and how each rule is evaluated", 0},
    {0},
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct inspect *in = state->input;
    switch (key) {
    case 'r':
        if (in->n == SS_RULE_FILES)
            argp_error(state, "more than %d rule files", SS_RULE_FILES);
        in->name[in->n++] = arg;
        return 0;
    case OPT_LISTS: in->options.lists_dir = arg; return 0;
    case OPT_FULL_JQ: in->options.full_jq = true; return 0;
    case OPT_CHECK: in->check = true; return 0;
    case OPT_TEST: in->test = true; return 0;
    case OPT_SAMPLE: in->sample = arg; return 0;
    case 'v': in->verbose = true; return 0;
    case ARGP_KEY_END:
        if (in->sample && !in->check)
            argp_error(state, "--sample goes with --check");
        return 0;
    }
    return ARGP_ERR_UNKNOWN;
}

static void finding(void *ctx, const struct ss_place *at, struct ss_str rule, const char *text)
{
    (void)ctx;
    if (rule.n)
        printf("%s:%u: rule '%.*s': %s\n", at->file, at->line, (int)rule.n, rule.p, text);
    else
        printf("%s:%u: %s\n", at->file, at->line, text);
}

static int read_sample(const char *path, struct ss_census *sample)
{
    struct ss_buf text;
    ss_buf_init(&text, SAMPLE_BYTES);
    int err = ss_file_read(path, &text);
    const char *p = text.p ? text.p : "", *end = p + text.n;
    for (unsigned long line = 1; !err && p < end && sample->records < SAMPLE_RECORDS; line++) {
        const char *stop = memchr(p, '\n', (size_t)(end - p));
        struct ss_str one = ss_str_trim((struct ss_str){p, (size_t)((stop ? stop : end) - p)});
        if (one.n)
            err = ss_census_add(sample, one);
        if (err == SS_EDATA)
            err = ss_fail_in(err, "%s:%lu: ", path, line);
        p = stop ? stop + 1 : end;
    }
    ss_buf_free(&text);
    return err;
}

static void print_kinds(struct inspect *in)
{
    static const char *const kinds[] = {"native", "libjq", "child"};
    const struct ss_rule_spec *spec = ss_ruleset_spec(in->set);
    struct ss_exprs *exprs = ss_ruleset_exprs(in->set);
    for (uint32_t i = 0; i < spec->rules; i++) {
        int id = ss_ruleset_when(in->set, i);
        const char *why = ss_expr_why(exprs, id);
        printf("%s:%u: rule '%.*s': %s%s%s\n", spec->rule[i].at.file, spec->rule[i].at.line,
               (int)spec->rule[i].name.n, spec->rule[i].name.p, kinds[ss_expr_kind(exprs, id)],
               why && why[0] ? ", because of " : "", why ? why : "");
    }
}

static int check(struct inspect *in)
{
    struct ss_census sample;
    struct ss_check_sink to = {finding, NULL};
    ss_census_init(&sample);
    int err = in->sample ? read_sample(in->sample, &sample) : 0;
    if (!err && in->verbose)
        print_kinds(in);
    if (!err)
        err = ss_ruleset_check(in->set, in->sample ? &sample : NULL, &to);
    ss_census_free(&sample);
    if (err >= 0)
        printf("%u rules, %u lists: %d finding%s\n", ss_ruleset_spec(in->set)->rules,
               ss_ruleset_spec(in->set)->lists, err, err == 1 ? "" : "s");
    return err;
}

static void result(void *ctx, const struct ss_rule *rule, const struct ss_rule_test *test, const char *why)
{
    struct inspect *in = ctx;
    if (why) {
        in->failed++;
        printf("%s:%u: rule '%.*s' %s, not %s: %.*s\n", test->at.file, test->at.line, (int)rule->name.n,
               rule->name.p, why, ss_expect_name(test->expect), test->json.n < 200 ? (int)test->json.n : 200,
               test->json.p);
        return;
    }
    in->passed++;
    if (in->verbose)
        printf("%s:%u: rule '%.*s' %s\n", test->at.file, test->at.line, (int)rule->name.n, rule->name.p,
               test->expect == SS_EXPECT_ERROR ? "fails, as said" : ss_expect_name(test->expect));
}

/* A rule is tested where both its sides are: a record on which it fires, and one on which it does not. */
static unsigned count_untested(const struct inspect *in)
{
    const struct ss_rule_spec *spec = ss_ruleset_spec(in->set);
    unsigned n = 0;
    for (uint32_t i = 0; i < spec->rules; i++) {
        bool fires = false, silent = false;
        for (uint32_t t = 0; t < spec->rule[i].tests; t++) {
            fires |= spec->rule[i].test[t].expect == SS_EXPECT_FIRES;
            silent |= spec->rule[i].test[t].expect == SS_EXPECT_SILENT;
        }
        if (fires && silent)
            continue;
        n++;
        printf("%s:%u: rule '%.*s' has no test in which it %s\n", spec->rule[i].at.file,
               spec->rule[i].at.line, (int)spec->rule[i].name.n, spec->rule[i].name.p,
               fires ? "is silent" : "fires");
    }
    return n;
}

static int test(struct inspect *in)
{
    struct ss_selftest_sink to = {result, in};
    int err = ss_ruleset_selftest(in->set, &in->schema, &to);
    if (err)
        return err;
    unsigned untested = in->verbose ? count_untested(in) : 0;
    printf("%u passed, %u failed", in->passed, in->failed);
    if (untested)
        printf(", %u rules not tested on both sides", untested);
    putchar('\n');
    return in->failed != 0;
}

static int inspect(struct inspect *in)
{
    int err = ss_schema_init(&in->schema);
    err = err ? err : ss_ruleset_load(in->name, in->n, &in->options, &in->schema, true, 1, &in->set);
    int found = 0;
    if (!err && in->check) {
        found = check(in);
        err = found < 0 ? found : 0;
    }
    if (!err && in->test) {
        int failed = test(in);
        err = failed < 0 ? failed : 0;
        found += failed;
    }
    ss_ruleset_free(in->set);
    ss_schema_free(&in->schema);
    return err ? err : found != 0;
}

int ss_rules_inspect(int argc, char **argv)
{
    static char program[] = "ss-rules";
    const struct argp argp = {options, parse, NULL, "Looks at rules without reading records.",
                              NULL,    NULL,  NULL};
    struct inspect *in = calloc(1, sizeof *in);
    argp_program_version = "ss-rules " SS_VERSION;
    argp_err_exit_status = 64;
    argv[0] = program;
    ss_log_init(program, SS_LOG_WARN, false);
    if (!in)
        return 70;
    if (argp_parse(&argp, argc, argv, 0, NULL, in) != 0)
        return 64;
    if (in->n == 0)
        in->name[in->n++] = "default";
    int err = inspect(in);
    free(in);
    if (fflush(stdout) != 0 || ferror(stdout))
        return ss_cli_fail(ss_fail_errno(SS_EIO, "cannot write standard output"));
    return err < 0 ? ss_cli_fail(err) : err;
}
