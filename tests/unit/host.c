/*
 * lib/cli, hosted pipelines: what goes through one is what ss-run makes of it; tries change nothing and say
 * what a run would. (Their state: host_state.c.)
 */
#include "base/rng.h"
#include "tests/host.h"

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

int main(void)
{
    char alone[200];
    host_begin();
    a_run_is_what_ss_run_makes();
    tries_leave_no_trace();
    a_try_says_what_the_run_does(whole(false), "features, model and rules");
    snprintf(alone, sizeof alone, "score -m %s | rules -r %s", model, rules);
    a_try_says_what_the_run_does(alone, "a score that makes its own features");
    tries_of_one_call_do_not_see_each_other();
    texts_of_all_kinds();
    wrong_pipelines();
    files_are_read_anew();
    host_end();
    return done();
}
