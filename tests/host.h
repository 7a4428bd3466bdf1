/* A host of a pipeline, a stream to send through it, a model and rules, for the tests of lib/cli/host.h. */
#ifndef TESTS_HOST_H
#define TESTS_HOST_H

#include "base/err.h"
#include "base/file.h"
#include "cli/host.h"
#include "cli/pipeline.h"
#include "flow/loop.h"
#include "tests/tap.h"
#include <ftw.h>
#include <sys/wait.h>
#include <unistd.h>

#define LINES_MAX 4000

static char dir[] = "/tmp/ss-host-XXXXXX", model[64], rules[64], state[64], routes[64], spool[64];
static struct ss_str line[LINES_MAX];
static size_t lines;

/* --- a stream, a model, rules --- */

/* The pipeline's output over mem:in, as ss-run makes it. */
__attribute__((unused)) static int run_text(const char *pipeline, const char *input, const char *output)
{
    const char *const in[] = {input};
    struct ss_loop_options opt = {
        .inputs = in, .n_inputs = input ? 1 : 0, .output = output, .program = "test"};
    struct ss_loop_counts counts = {0};
    struct ss_chain *chain = calloc(1, sizeof *chain);
    struct ss_arena arena;
    ss_arena_init(&arena, 1 << 24);
    int err = ss_chain_init(chain, 1);
    err = err ? err : ss_pipeline_build(pipeline, &arena, chain, NULL);
    err = err ? err : ss_loop_run(chain, &opt, &counts);
    if (err)
        printf("# %s: %s\n", pipeline, ss_err_text());
    ss_chain_free(chain);
    ss_arena_free(&arena);
    free(chain);
    return err;
}

__attribute__((unused)) static void cut_lines(struct ss_buf *text)
{
    lines = 0;
    for (char *p = text->p, *end; lines < LINES_MAX && p < text->p + text->n; p = end + 1) {
        end = memchr(p, '\n', (size_t)(text->p + text->n - p));
        line[lines++] = (struct ss_str){p, (size_t)(end - p)};
    }
}

__attribute__((unused)) static bool write_file(const char *path, const char *text)
{
    return ss_file_replace(path, text, strlen(text)) == 0;
}

static const char rule_text[] = "auto_list bad_devices = device_id ttl 30d\n"
                                "[learnt_device]\n"
                                "when   = .device_id | IN($lists.bad_devices[])\n"
                                "score  = 0.9\n"
                                "action = block\n"
                                "reason = \"device \\(.device_id) has been used for fraud\"\n"
                                "[many]\n"
                                "when   = .features.user_count_1h >= 3\n"
                                "score  = 0.75\n"
                                "action = review\n"
                                "[dear]\n"
                                "when   = .amount > 800\n"
                                "score  = 0.6\n"
                                "action = notify\n";

__attribute__((unused)) static void prepare(void)
{
    char train[256];
    snprintf(model, sizeof model, "%s/m.ssm", dir);
    snprintf(rules, sizeof rules, "%s/t.rules", dir);
    snprintf(state, sizeof state, "%s/state", dir);
    snprintf(routes, sizeof routes, "%s/routes", dir);
    snprintf(spool, sizeof spool, "%s/spool", dir);
    snprintf(train, sizeof train, "train -o %s --rounds 20 --no-refit --report /dev/null", model);
    bool good = run_text("gen -n 3000 --customers 60 --merchants 40 --fraud 0.05 --late 0.05 --seed 7", NULL,
                         "mem:payments") == 0 &&
                run_text(train, "mem:payments", "/dev/null") == 0 && write_file(rules, rule_text);
    cut_lines(ss_mem_buffer("payments"));
    if (!ok(good && lines > 2000, "%zu payments, a model and rules", lines))
        exit(done());
}

/* --- a host --- */

__attribute__((unused)) static struct ss_host *open_host(const char *pipeline, const char *state_path,
                                                         int jobs)
{
    struct ss_host_options opt = {
        .pipeline = pipeline, .program = "test", .state_path = state_path, .jobs = jobs};
    struct ss_host *host;
    if (ss_host_open(&opt, &host) < 0)
        printf("# %s\n", ss_err_text());
    return host;
}

__attribute__((unused)) static const char *whole(bool alert)
{
    static char text[512];
    snprintf(text, sizeof text, "features | score -m %s -e all | rules -r %s%s", model, rules,
             alert ? " | alert --dedupe user_id,1h --max 40/1d" : "");
    return text;
}

static struct ss_host_input in[SS_BATCH_MAX];
static struct ss_host_output out[SS_BATCH_MAX];

__attribute__((unused)) static size_t set_input(size_t from, size_t n)
{
    size_t k = 0;
    for (; k < n && from + k < lines; k++)
        in[k] = (struct ss_host_input){.text = line[from + k]};
    return k;
}

/* Runs lines from..from+n, appending what is kept. */
__attribute__((unused)) static bool run_lines(struct ss_host *host, size_t from, size_t n, struct ss_buf *to)
{
    n = set_input(from, n);
    if (ss_host_run(host, in, n, out) < 0) {
        printf("# %s\n", ss_err_text());
        return false;
    }
    for (size_t i = 0; i < n; i++)
        if (out[i].fate == SS_KEEP)
            ss_record_write(out[i].rec, to);
    return true;
}

__attribute__((unused)) static bool same_buf(const struct ss_buf *a, const struct ss_buf *b)
{
    return a->n == b->n && memcmp(a->p, b->p, a->n) == 0;
}

__attribute__((unused)) static bool read_file(const char *path, struct ss_buf *to)
{
    ss_buf_reset(to);
    return ss_file_read(path, to) == 0;
}

static struct ss_buf got, before, after;

__attribute__((unused)) static void forget_state(void)
{
    char older[80];
    snprintf(older, sizeof older, "%s.1", state);
    unlink(older);
    unlink(state);
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *at)
{
    (void)st, (void)type, (void)at;
    return remove(path);
}

/* A folder of its own, the stream, and what is made of it; then, at the end, away with it. */
static void host_begin(void)
{
    if (!mkdtemp(dir))
        exit(1);
    ss_buf_init(&got, (size_t)1 << 28);
    ss_buf_init(&before, (size_t)1 << 28);
    ss_buf_init(&after, (size_t)1 << 28);
    prepare();
}

static void host_end(void)
{
    ss_mem_clear();
    nftw(dir, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

#endif
