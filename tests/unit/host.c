/*
 * lib/cli, hosted pipelines: what goes through one is what ss-run makes of it; tries change nothing and say
 * what a run would; state is saved with its position and comes back, damaged or not.
 */
#include "base/err.h"
#include "base/file.h"
#include "base/rng.h"
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
static int run_text(const char *pipeline, const char *input, const char *output)
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

static void cut_lines(struct ss_buf *text)
{
    lines = 0;
    for (char *p = text->p, *end; lines < LINES_MAX && p < text->p + text->n; p = end + 1) {
        end = memchr(p, '\n', (size_t)(text->p + text->n - p));
        line[lines++] = (struct ss_str){p, (size_t)(end - p)};
    }
}

static bool write_file(const char *path, const char *text)
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

static void prepare(void)
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

static struct ss_host *open_host(const char *pipeline, const char *state_path, int jobs)
{
    struct ss_host_options opt = {
        .pipeline = pipeline, .program = "test", .state_path = state_path, .jobs = jobs};
    struct ss_host *host;
    if (ss_host_open(&opt, &host) < 0)
        printf("# %s\n", ss_err_text());
    return host;
}

static const char *whole(bool alert)
{
    static char text[512];
    snprintf(text, sizeof text, "features | score -m %s -e all | rules -r %s%s", model, rules,
             alert ? " | alert --dedupe user_id,1h --max 40/1d" : "");
    return text;
}

static struct ss_host_input in[SS_BATCH_MAX];
static struct ss_host_output out[SS_BATCH_MAX];

static size_t set_input(size_t from, size_t n)
{
    size_t k = 0;
    for (; k < n && from + k < lines; k++)
        in[k] = (struct ss_host_input){.text = line[from + k]};
    return k;
}

/* Runs lines from..from+n, appending what is kept. */
static bool run_lines(struct ss_host *host, size_t from, size_t n, struct ss_buf *to)
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

static bool same_buf(const struct ss_buf *a, const struct ss_buf *b)
{
    return a->n == b->n && memcmp(a->p, b->p, a->n) == 0;
}

static bool read_file(const char *path, struct ss_buf *to)
{
    ss_buf_reset(to);
    return ss_file_read(path, to) == 0;
}

static struct ss_buf got, before, after;

/* --- runs --- */

static void a_run_is_what_ss_run_makes(void)
{
    struct ss_rng rng;
    ss_rng_seed(&rng, 1);
    bool good = run_text(whole(true), "mem:payments", "mem:want") == 0;
    for (int jobs = 1; jobs <= 3; jobs += 2) {
        struct ss_host *host = open_host(whole(true), NULL, jobs);
        ss_buf_reset(&got);
        good &= host != NULL;
        for (size_t at = 0, n; good && at < lines; at += n) {
            n = 1 + ss_rng_below(&rng, 200);
            good = run_lines(host, at, n, &got);
        }
        ok(good && same_buf(&got, ss_mem_buffer("want")),
           "a stream in any pieces, by %d threads, is as ss-run's", jobs);
        ss_host_close(host);
    }
}

/* --- tries --- */

/* A payment as it might be: another amount, device, merchant, time; or a stranger's. */
static struct ss_str variant(struct ss_rng *rng, struct ss_buf *text)
{
    static const char *const extra[] = {"", ",\"note\":\"x\"", ",\"lat\":1.5,\"lon\":2", ",\"label\":1"};
    ss_buf_reset(text);
    ss_buf_printf(text,
                  "{\"txn_id\":\"try%u\",\"timestamp\":\"2026-%02u-%02uT%02u:00:00Z\",\"user_id\":\"U%05u\","
                  "\"amount\":%u.%02u,\"currency\":\"USD\",\"device_id\":\"D%06u\",\"merchant_id\":\"M%05u\","
                  "\"ip\":\"10.0.0.%u\"%s}",
                  (unsigned)ss_rng_below(rng, 1000), (unsigned)(1 + ss_rng_below(rng, 2)),
                  (unsigned)(1 + ss_rng_below(rng, 28)), (unsigned)ss_rng_below(rng, 24),
                  (unsigned)ss_rng_below(rng, 70), (unsigned)ss_rng_below(rng, 2000),
                  (unsigned)ss_rng_below(rng, 100), (unsigned)ss_rng_below(rng, 100),
                  (unsigned)ss_rng_below(rng, 50), (unsigned)ss_rng_below(rng, 250),
                  extra[ss_rng_below(rng, 4)]);
    return (struct ss_str){text->p, text->n};
}

static bool try_some(struct ss_host *host, struct ss_rng *rng, size_t at)
{
    static struct ss_buf text[64];
    static bool open;
    for (int i = 0; i < 64 && !open; i++)
        ss_buf_init(&text[i], 1 << 20);
    open = true;
    size_t n = 1 + ss_rng_below(rng, 64);
    for (size_t i = 0; i < n; i++) {
        uint64_t kind = ss_rng_below(rng, 10);
        struct ss_str s = kind == 0   ? SS_STR("{\"amount\":")
                          : kind == 1 ? SS_STR("{\"type\":\"label\",\"txn_id\":\"1\",\"label\":1}")
                          : kind < 5  ? line[(at + ss_rng_below(rng, 300)) % lines]
                                      : variant(rng, &text[i]);
        in[i] = (struct ss_host_input){.text = s};
    }
    return ss_host_try(host, in, n, out) == 0;
}

static void forget_state(void)
{
    char older[80];
    snprintf(older, sizeof older, "%s.1", state);
    unlink(older);
    unlink(state);
}

static void tries_leave_no_trace(void)
{
    struct ss_rng rng;
    ss_rng_seed(&rng, 2);
    struct ss_host *host = open_host(whole(true), state, 1);
    bool good = host != NULL, same = true;
    ss_buf_reset(&got);
    for (size_t at = 0, n; good && at < lines; at += n) {
        n = 1 + ss_rng_below(&rng, 60);
        bool look = ss_rng_below(&rng, 8) == 0;
        good = !look || (ss_host_save(host, at) == 0 && read_file(state, &before));
        for (int i = 0; i < 3 && good; i++)
            good = try_some(host, &rng, at);
        good = good && (!look || (ss_host_save(host, at) == 0 && read_file(state, &after)));
        same &= !look || same_buf(&before, &after);
        good = good && run_lines(host, at, n, &got);
    }
    ok(good && same, "after tries the state is what it was, bit for bit");
    ok(good && same_buf(&got, ss_mem_buffer("want")),
       "and the runs between them give what they gave without");
    ss_host_close(host);
    forget_state();
}

static bool same_member(const struct ss_record *a, const struct ss_record *b, enum ss_slot slot)
{
    struct ss_str x = ss_record_member(a, slot), y = ss_record_member(b, slot);
    bool same = x.n == y.n && (x.n == 0 || memcmp(x.p, y.p, x.n) == 0);
    if (!same)
        printf("# tried: %.*s\n# run:   %.*s\n", (int)x.n, x.p, (int)y.n, y.p);
    return same;
}

static void a_try_says_what_the_run_does(const char *pipeline, const char *what)
{
    static char text[512];
    snprintf(text, sizeof text, "%s", pipeline);
    struct ss_host *trying = open_host(text, NULL, 1), *running = open_host(text, NULL, 3);
    bool good = trying && running, same = true;
    size_t asked = 0;
    for (size_t at = 0, n; good && at < lines; at += n) {
        n = at % 5 ? 1 : 17; /* after odd ones a whole batch, of which the first is comparable */
        set_input(at, n);
        good = ss_host_try(trying, in, 1, out) == 0;
        struct ss_host_output tried = out[0];
        set_input(at, n);
        good = good && ss_host_run(running, in, at + n < lines ? n : lines - at, out) == 0;
        if (tried.fate == SS_REJECT && out[0].rec->field[SS_TYPE].type != SS_JSON_ABSENT)
            tried.fate = SS_KEEP; /* a label: not to be tried */
        else
            for (int slot = SS_FEATURES; slot <= SS_DECISION && same; slot++, asked++)
                same = same_member(tried.rec, out[0].rec, (enum ss_slot)slot);
        same &= tried.fate == out[0].fate;
        set_input(at, n);
        good = good && ss_host_run(trying, in, at + n < lines ? n : lines - at, out) == 0;
    }
    ok(good && same && asked > 1000, "%s: a try gives the bytes that a run gives next", what);
    ss_host_close(trying);
    ss_host_close(running);
}

/* The oracle: a child of this process runs the payment, and pipes its line back. */
static bool run_in_child(struct ss_host *host, const struct ss_host_input *one, struct ss_buf *to)
{
    int fd[2];
    char block[65536];
    if (pipe(fd) < 0)
        return false;
    fflush(stdout);
    pid_t pid = fork();
    if (pid == 0) {
        static struct ss_host_output mine[1];
        ss_buf_reset(to);
        if (ss_host_run(host, one, 1, mine) == 0 && mine[0].fate == SS_KEEP)
            ss_record_write(mine[0].rec, to);
        _exit(write(fd[1], to->p, to->n) != (ssize_t)to->n);
    }
    close(fd[1]);
    ss_buf_reset(to);
    for (ssize_t n; (n = read(fd[0], block, sizeof block)) > 0;)
        ss_buf_put(to, block, (size_t)n);
    close(fd[0]);
    return waitpid(pid, NULL, 0) == pid;
}

static void tries_of_one_call_do_not_see_each_other(void)
{
    struct ss_rng rng;
    ss_rng_seed(&rng, 3);
    struct ss_host *host = open_host(whole(false), NULL, 1);
    bool good = host && run_lines(host, 0, 1000, &got) && run_lines(host, 1000, 1000, &got), same = true;
    for (int round = 0; round < 6 && good; round++) {
        memset(in, 0, sizeof in);
        good = try_some(host, &rng, 2000);
        static struct ss_buf tried[64];
        size_t n = 0;
        for (; n < 64 && in[n].text.p; n++) {
            if (!tried[n].ceiling)
                ss_buf_init(&tried[n], 1 << 20);
            ss_buf_reset(&tried[n]);
            if (out[n].fate == SS_KEEP)
                ss_record_write(out[n].rec, &tried[n]);
        }
        for (size_t i = 0; i < n && good; i++) {
            if (tried[i].n == 0)
                continue;
            good = run_in_child(host, &in[i], &got);
            same &= same_buf(&tried[i], &got);
        }
    }
    ok(good && same, "each try of a batch is what a forked process makes of it alone");
    ss_host_close(host);
}

/* --- what comes in --- */

static void one(struct ss_host *host, const char *text, bool trusted, const char *want, const char *what)
{
    in[0] = (struct ss_host_input){.text = ss_str_of(text), .trusted = trusted};
    if (ss_host_run(host, in, 1, out) < 0) {
        ok(false, "%s: %s", what, ss_err_text());
        return;
    }
    ss_buf_reset(&got);
    if (out[0].fate == SS_KEEP)
        ss_record_write(out[0].rec, &got);
    else
        ss_buf_puts(&got, out[0].fate == SS_REJECT ? out[0].reason : "dropped");
    is_text(got.p, got.n, want, what);
}

static void texts_of_all_kinds(void)
{
    struct ss_host_options opt = {.pipeline = "alert --action block", .program = "test", .max_record = 300};
    const char *const fields[] = {"note"};
    struct ss_host *host;
    opt.fields = fields;
    opt.n_fields = 1;
    if (!ok(ss_host_open(&opt, &host) == 0, "a pipeline of one stage"))
        return;
    one(host, " \n{\"amount\":1,\r\n  \"note\": \"a\\nb\"}\n ", false,
        "{\"amount\":1,    \"note\": \"a\\nb\"}\n", "lines of a pretty-printed text become one");
    int slot = ss_host_slot(host, SS_STR("note"));
    ok(slot >= SS_FIXED_SLOTS && ss_record_has(out[0].rec, slot), "a field that was asked for has its slot");
    ok(ss_host_slot(host, SS_STR("amount")) == SS_AMOUNT && ss_host_slot(host, SS_STR("nobody")) == -1,
       "slots are found by name");
    one(host, "{\"amount\":1,\"score\":{\"value\":0},\"a\":2,\"decision\":{\"action\":\"allow\"}}", false,
        "{\"amount\":1,\"a\":2}\n", "who posts a payment does not decide about it");
    ok(out[0].rec->field[SS_DECISION].type == SS_JSON_ABSENT, "nor do stages see what it said");
    one(host, "{\"amount\":1,\"decision\":{\"action\":\"allow\"}}", true,
        "{\"amount\":1,\"decision\":{\"action\":\"allow\"}}\n", "a trusted stream keeps its members");
    one(host, "{\"amount\":\"a\nb\"}", false, "control character inside a string",
        "a line end within a string is not made good");
    one(host, "", false, "empty line", "nothing is no record");
    one(host, "[1]", false, "not an object", "an array is none");
    one(host, "{\"amount\":1,\"amount\":2}", false, "field 'amount' twice", "a field twice");
    char *big = calloc(1, 400);
    memset(big, ' ', 399);
    memcpy(big, "{\"a\":1", 6);
    big[398] = '}';
    one(host, big, false, "record too long", "longer than max_record");
    ok(!ss_record_has(out[0].rec, SS_TXN_ID), "slots of a reject can be looked at");
    free(big);
    ok(ss_host_run(host, in, SS_BATCH_MAX + 1, out) == SS_EBUG, "too many at once");
    struct ss_host_counts n;
    ss_host_counts(host, &n);
    ok(n.kept == 3 && n.rejected == 5 && n.run_ns->count == 8, "counts: %llu kept, %llu rejected",
       (unsigned long long)n.kept, (unsigned long long)n.rejected);
    ss_host_close(host);
}

static void refuses(const char *pipeline, int want, const char *why)
{
    struct ss_host_options opt = {.pipeline = pipeline, .program = "test"};
    struct ss_host *host;
    int err = ss_host_open(&opt, &host);
    if (!ok(err == want && !host && strstr(ss_err_text(), why), "'%s' is refused", pipeline))
        printf("# %d: %s\n", err, ss_err_text());
    ss_host_close(host);
}

static void wrong_pipelines(void)
{
    refuses("", SS_EUSAGE, "an empty stage");
    refuses("ingest | features", SS_EUSAGE, "'ingest' makes records of its own");
    refuses("gen", SS_EUSAGE, "'gen' makes records");
    refuses("features | train -o x.ssm", SS_EUSAGE, "'train' cannot be part of a hosted pipeline");
    refuses("features payments.ndjson", SS_EUSAGE, "input files cannot be named here");
    refuses("features | score -e LOUD", SS_EUSAGE, "--explain takes LOW");
    refuses("features | nonsense", SS_EUSAGE, "there is no stage 'nonsense'");
    refuses("features --nonsense", SS_EUSAGE, "wrong options");
    refuses("features --help", SS_EUSAGE, "wrong options");
    refuses("score -m nowhere.ssm", SS_ENOINPUT, "nowhere.ssm");
    refuses("rules --explain", SS_EUSAGE, "--explain prints");
    refuses("score -m 1 -m 2 -m 3 -m 4 -m 5 -m 6 -m 7 -m 8 -m 9", SS_EUSAGE, "more than 8 models");
}

/* --- reload --- */

static void files_are_read_anew(void)
{
    struct ss_host *host = open_host(whole(false), NULL, 1);
    char first[64], second[64];
    if (!ok(host != NULL, "rules, a model and features"))
        return;
    snprintf(first, sizeof first, "%s", ss_host_version(host, "rules"));
    if (!run_lines(host, 0, 1, &got))
        return;
    write_file(rules, "[broken\n");
    ok(ss_host_reload(host) == SS_ECONFIG && strstr(ss_err_text(), "t.rules:1:"),
       "a broken file is reported: %s", ss_err_text());
    ok(strcmp(first, ss_host_version(host, "rules")) == 0, "and the old rules stay");
    write_file(rules, "[new_one]\nwhen = .amount > 1\naction = challenge\n");
    ok(ss_host_reload(host) == 0, "a good one is taken");
    snprintf(second, sizeof second, "%s", ss_host_version(host, "rules"));
    in[0] = (struct ss_host_input){.text = SS_STR("{\"timestamp\":1767225600,\"amount\":900}")};
    ok(ss_host_try(host, in, 1, out) == 0 && strcmp(first, second) != 0 &&
           strstr(ss_record_member(out[0].rec, SS_DECISION).p, "new_one"),
       "its rules decide from now on");
    ok(strncmp(ss_host_version(host, "score"), "gbt:", 4) == 0 && ss_host_version(host, "features")[0] &&
           !ss_host_version(host, "alert")[0],
       "stages say what they work with: %s, %s", ss_host_version(host, "score"), second);
    struct ss_host_stage stages[4];
    ok(ss_host_stages(host, stages, 4) == 3 && strcmp(stages[0].name, "features") == 0 && stages[0].tried &&
           stages[0].latency_ns->count == 1 && stages[0].status.n > 3,
       "and how they are");
    ss_host_close(host);
    write_file(rules, rule_text);
}

/* --- state --- */

static bool goes_on(const char *pipeline, uint64_t want_position, size_t from)
{
    struct ss_host *host = open_host(pipeline, state, 1);
    bool found = false, good = host && ss_host_position(host, &found) == want_position && found;
    ss_buf_reset(&got);
    for (size_t at = from; good && at < lines; at += 500)
        good = run_lines(host, at, 500, &got);
    const struct ss_buf *want = ss_mem_buffer("want");
    good = good && got.n < want->n && memcmp(want->p + want->n - got.n, got.p, got.n) == 0;
    ss_host_close(host);
    return good;
}

static void hurt(const char *path, long at)
{
    FILE *f = fopen(path, "r+b");
    fseek(f, at, SEEK_SET);
    int c = fgetc(f);
    fseek(f, at, SEEK_SET);
    fputc(c ^ 0x20, f);
    fclose(f);
}

static void state_comes_back(void)
{
    char text[512], older[80];
    snprintf(text, sizeof text, "%s", whole(true));
    snprintf(older, sizeof older, "%s.1", state);
    struct ss_host *host = open_host(text, state, 1);
    bool found = true;
    ok(host && ss_host_position(host, &found) == 0 && !found, "a new state begins at position 0");
    bool good = run_lines(host, 0, 700, &got) && ss_host_save(host, 700) == 0 &&
                run_lines(host, 700, 300, &got) && ss_host_save_begin(host, 1000) == 0 &&
                run_lines(host, 1000, 300, &got); /* while it is being written */
    ok(good && ss_host_save_poll(host, true) == 1 && ss_host_save_poll(host, true) == 0,
       "a child writes a snapshot while records go on");
    struct ss_host_counts n;
    ss_host_counts(host, &n);
    ok(n.saves == 2 && n.position == 1000, "its position is known");
    ss_host_close(host);
    ok(goes_on(text, 1000, 1000), "opened again, the stream goes on from its position");
    hurt(state, 5000);
    ok(goes_on(text, 700, 700), "a damaged snapshot is passed over for the one before it");
    ok(access(state, F_OK) != 0, "and put aside");
    hurt(older, 100);
    host = open_host(text, state, 1);
    ok(!host && strstr(ss_err_text(), "damaged"), "when both are damaged it does not begin: %s",
       ss_err_text());
    host = open_host("features", NULL, 1);
    ok(host && ss_host_save(host, 5) == 0, "without a path nothing is saved");
    ss_host_close(host);
    unlink(older);
    host = open_host("features", state, 1);
    good = host && run_lines(host, 0, 50, &got) && ss_host_save(host, 50) == 0;
    ss_host_close(host);
    host = open_host(text, state, 1);
    ok(good && !host && strstr(ss_err_text(), "another pipeline"), "nor with another pipeline's state");
    unlink(state);
}

/* --- the end --- */

static int collect(void *arg, const struct ss_record *rec)
{
    (void)arg;
    ss_record_write(rec, &got);
    return 0;
}

static void held_records_leave(void)
{
    static const char pipeline[] = "features --lateness 2h | rules";
    struct ss_host *host = open_host(pipeline, NULL, 1);
    bool good = host && run_text(pipeline, "mem:payments", "mem:held") == 0;
    size_t extras = 0, kept = 0;
    ss_buf_reset(&got);
    for (size_t at = 0, n, more; good && at < lines; at += n) {
        n = set_input(at, 100);
        good = ss_host_run(host, in, n, out) == 0;
        for (size_t i = 0; i < n; i++)
            kept += out[i].fate == SS_KEEP;
        const struct ss_record *rec = ss_host_extra(host, &more);
        for (size_t i = 0; i < more; i++)
            if (rec[i].fate == SS_KEEP)
                ss_record_write(&rec[i], &got);
        extras += more;
    }
    ok(good && kept == 0 && extras > 1000, "held records leave later, beside those that come");
    in[0] = (struct ss_host_input){.text = line[0]};
    ok(ss_host_try(host, in, 1, out) == 0 && out[0].fate == SS_KEEP && out[0].rec->decision,
       "a try is not held back");
    ok(ss_host_finish(host, collect, NULL) == 0 && same_buf(&got, ss_mem_buffer("held")),
       "the rest leave at the end, all in order");
    ok(ss_host_run(host, in, 1, out) == SS_EBUG, "then no more are taken");
    ss_host_close(host);
}

static void alerts_are_delivered(void)
{
    char pipeline[512], text[256], sink[80];
    snprintf(sink, sizeof sink, "%s/alerts.ndjson", dir);
    snprintf(text, sizeof text, "log = file %s\nall -> log\n", sink);
    write_file(routes, text);
    snprintf(pipeline, sizeof pipeline, "rules -r %s | alert --action challenge --routes %s --spool %s",
             rules, routes, spool);
    write_file(rules, "[all]\nwhen = .amount > 0\naction = challenge\n");
    struct ss_host *host = open_host(pipeline, NULL, 1);
    bool good = host && run_lines(host, 0, 3, &got);
    snprintf(text, sizeof text, "nobody -> log\n");
    write_file(routes, text);
    ok(good && ss_host_reload(host) == SS_ECONFIG, "wrong routes are not taken: %s", ss_err_text());
    snprintf(text, sizeof text, "second = file %s.2\nlog = file %s\nall -> second\n", sink, sink);
    write_file(routes, text);
    ok(ss_host_reload(host) == 0 && run_lines(host, 3, 2, &got) && ss_host_finish(host, NULL, NULL) == 0,
       "new ones are");
    struct ss_host_stage stage[2];
    ss_host_stages(host, stage, 2);
    uint64_t sent = 0;
    for (int i = 0; i < stage[1].status.n; i++)
        if (strcmp(stage[1].status.number[i].name, "sent") == 0)
            sent = stage[1].status.number[i].value;
    ok(sent == 5, "%llu messages were sent", (unsigned long long)sent);
    ss_host_close(host);
    size_t first = 0, later = 0;
    for (int i = 0; i < 2; i++) {
        snprintf(text, sizeof text, "%s%s", sink, i ? ".2" : "");
        bool there = read_file(text, &after);
        for (size_t k = 0; there && k < after.n; k++)
            *(i ? &later : &first) += after.p[k] == '\n';
    }
    ok(first == 3 && later == 2, "to the old place, then to the new one");
    write_file(rules, rule_text);
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *at)
{
    (void)st, (void)type, (void)at;
    return remove(path);
}

int main(void)
{
    if (!mkdtemp(dir))
        return 1;
    ss_buf_init(&got, (size_t)1 << 28);
    ss_buf_init(&before, (size_t)1 << 28);
    ss_buf_init(&after, (size_t)1 << 28);
    prepare();
    a_run_is_what_ss_run_makes();
    tries_leave_no_trace();
    a_try_says_what_the_run_does(whole(false), "features, model and rules");
    char alone[200];
    snprintf(alone, sizeof alone, "score -m %s | rules -r %s", model, rules);
    a_try_says_what_the_run_does(alone, "a score that makes its own features");
    tries_of_one_call_do_not_see_each_other();
    texts_of_all_kinds();
    wrong_pipelines();
    files_are_read_anew();
    state_comes_back();
    held_records_leave();
    alerts_are_delivered();
    ss_mem_clear();
    nftw(dir, remove_one, 16, FTW_DEPTH | FTW_PHYS);
    return done();
}
