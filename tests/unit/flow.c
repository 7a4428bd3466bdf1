/* lib/flow, the loop over test-only stages: framing, chunking, rejects, failures, stops. */
#include "tests/stages.h"
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

/* Runs `in` through the stages in every chunking; each must give `want`. */
static void gives(const struct ss_stage *const *stages, const char *in, const char *want, const char *what)
{
    static const size_t chunks[] = {0, 1, 2, 3, 5, 7, 11, 64};
    struct ss_buf *out = ss_mem_buffer("out");
    put("in", in);
    for (size_t i = 0; i < SS_COUNT(chunks); i++) {
        ss_mem_chunk = chunks[i];
        int err = run(stages, NULL);
        if (err < 0 || out->n != strlen(want) || memcmp(out->p ? out->p : "", want, out->n) != 0) {
            printf("# in pieces of %zu: %s\n", chunks[i], err < 0 ? ss_err_text() : "");
            is_text(out->p ? out->p : "", out->n, want, what);
            ss_mem_chunk = 0;
            return;
        }
    }
    ss_mem_chunk = 0;
    ok(true, "%s", what);
}

static void lines_are_framed(void)
{
    gives(pass, "", "", "an empty input");
    gives(pass, "\n", "", "a blank line alone");
    gives(pass, "{\"a\":1}\n{\"a\":2}\n", "{\"a\":1}\n{\"a\":2}\n", "two lines");
    gives(pass, "{\"a\":1}\n{\"a\":2}", "{\"a\":1}\n{\"a\":2}\n", "a last line without its newline");
    gives(pass, "\xef\xbb\xbf{\"a\":1}\r\n{\"a\":2}\r\n", "{\"a\":1}\n{\"a\":2}\n",
          "byte order mark and CRLF");
    gives(pass, "\xef\xbb\xbf", "", "a byte order mark alone");
    gives(pass, "\n \t\r\n{\"a\":1}\n\n\n{\"a\":2}\n\n", "{\"a\":1}\n{\"a\":2}\n", "blank lines");
    gives(pass, "{\"a\":1}\nnonsense\n[]\n{\"a\":\"\n\"}\n{\"a\":2}\n", "{\"a\":1}\n{\"a\":2}\n",
          "bad lines between good ones");
    ok(counts.rejected == 4 && counts.in == 6 && counts.out == 2, "are counted");
    is_text(counts.first_reject, strlen(counts.first_reject), "in:2: unknown word where a value should be",
            "and the first one's position is known");
    gives(numbers, "{\"a\":1}\nx\n{\"a\":2}\n", "{\"a\":1,\"alert\":1}\n{\"a\":2,\"alert\":2}\n",
          "a stage sees what is good");
    static const struct ss_stage *const twice[] = {&numbering, &other, NULL};
    gives(twice, "{\"a\":1}\n{\"a\":2}\n", "{\"a\":1,\"alert\":1}\n{\"a\":2,\"alert\":2}\n",
          "a second stage sets the member again");
}

static void rejects_carry_reason_and_position(void)
{
    static const struct ss_stage *const odd[] = {&rejecting, NULL};
    struct ss_loop_options opt = {.rejects = "mem:rejects"};
    put("in", "{\"user_id\":2}\n\n{\"user_id\":3}\n{\"user_id\":10}\n{\"a\":\"\xff\"}\n");
    ok(run(odd, &opt) == 0, "rejects do not fail the run");
    struct ss_buf *out = ss_mem_buffer("out"), *rejects = ss_mem_buffer("rejects");
    is_text(out->p, out->n, "{\"user_id\":2}\n", "what is good goes on");
    is_text(rejects->p, rejects->n,
            "{\"reason\":\"an odd "
            "user\",\"by\":\"odd\",\"source\":\"in\",\"line\":3,\"raw\":\"{\\\"user_id\\\":3}\"}\n"
            "{\"reason\":\"invalid "
            "UTF-8\",\"by\":\"json\",\"source\":\"in\",\"line\":5,\"raw\":\"{\\\"a\\\":\\\"\xef\xbf\xbd\\\"}"
            "\"}\n",
            "the rest is kept with reason and position");
    ok(counts.rejected == 2 && counts.dropped == 1 && counts.out == 1, "and counted");
}

static void long_lines_are_skipped_in_bounded_memory(void)
{
    struct ss_loop_options opt = {.rejects = "mem:rejects", .max_record = 100};
    struct ss_buf *in = ss_mem_buffer("in"), *out = ss_mem_buffer("out"), *rejects = ss_mem_buffer("rejects");
    static const size_t chunks[] = {0, 1000, 65536};
    for (size_t c = 0; c < SS_COUNT(chunks); c++) {
        put("in", "{\"a\":1}\n");
        for (int i = 0; i < 3000000; i++)
            ss_buf_putc(in, 'x');
        ss_buf_puts(in, "\n{\"a\":2}\n");
        for (int i = 0; i < 101; i++)
            ss_buf_putc(in, 'y');
        ss_buf_puts(in, "\n{\"a\":3}\n");
        for (int i = 0; i < 1000; i++)
            ss_buf_putc(in, 'z');
        ss_mem_chunk = chunks[c];
        ok(run(pass, &opt) == 0, "lines beyond --max-record do not fail the run");
        ss_mem_chunk = 0;
        is_text(out->p, out->n, "{\"a\":1}\n{\"a\":2}\n{\"a\":3}\n", "no good line is lost");
        ok(counts.rejected == 3 && rejects->n < 1500, "three rejects, each cut");
        ok(memmem(rejects->p, rejects->n, "\"line\":6", 8) && memmem(rejects->p, rejects->n, "\"line\":2", 8),
           "with their positions");
    }
    char exact[101];
    memset(exact, ' ', 100);
    memcpy(exact, "{\"a\":1", 6);
    exact[99] = '}';
    exact[100] = '\0';
    put("in", exact);
    ok(run(pass, &opt) == 0 && counts.out == 1, "a line of just the size passes");
    opt.max_record = 0;
    put("in", "{\"a\":\"");
    for (int i = 0; i < 1000000; i++)
        ss_buf_putc(in, 'x');
    ss_buf_puts(in, "\"}\n{\"a\":2}\n");
    ss_mem_chunk = 4096;
    ok(run(pass, &opt) == 0 && counts.out == 2 && out->n == in->n,
       "a record of nearly a mebibyte passes by default");
    ss_mem_chunk = 0;
}

static void inputs_follow_each_other(void)
{
    static const char *const three[] = {"mem:one", "mem:none", "mem:two"};
    struct ss_loop_options opt = {.inputs = three, .n_inputs = 3, .rejects = "mem:rejects"};
    struct ss_buf *out = ss_mem_buffer("out"), *rejects = ss_mem_buffer("rejects");
    put("one", "\xef\xbb\xbf{\"a\":1}\nbad");
    put("none", "");
    put("two", "\xef\xbb\xbf{\"a\":2}\nworse\n");
    for (ss_mem_chunk = 0; ss_mem_chunk < 5; ss_mem_chunk++) {
        ok(run(pass, &opt) == 0, "three inputs, one empty");
        is_text(out->p, out->n, "{\"a\":1}\n{\"a\":2}\n", "all their records, in order");
        ok(memmem(rejects->p, rejects->n, "\"source\":\"one\",\"line\":2", 23) &&
               memmem(rejects->p, rejects->n, "\"source\":\"two\",\"line\":2", 23),
           "positions are those of each input");
    }
    ss_mem_chunk = 0;
    static const char *const missing[] = {"mem:one", "/nonexistent/file"};
    opt.inputs = missing;
    opt.n_inputs = 2;
    ok(run(pass, &opt) == SS_ENOINPUT, "a later input that is missing is an error");
    is_text(out->p, out->n, "{\"a\":1}\n", "after the records of those before it");
}

static void stages_make_add_and_consume_records(void)
{
    static const struct ss_stage *const made[] = {&generating, &counting, NULL},
                                        *const added[] = {&adding, &numbering, NULL},
                                        *const late[] = {&numbering, &generating, NULL};
    struct ss_buf *out = ss_mem_buffer("out");
    struct ss_loop_options opt = {.output = "mem:out", .program = "test"};
    ss_buf_reset(out);
    ok(run_chain(made, &opt, 1) == 0 && counts.in == 2500, "a stage makes records out of nothing");
    is_text(out->p, out->n, "count 2500\n", "another consumes them and prints at the end");
    static const char *const in[] = {"mem:in"};
    opt.inputs = in;
    opt.n_inputs = 1;
    ok(run_chain(made, &opt, 1) == SS_EUSAGE, "a generator with an input is a mistake of usage");
    ok(run_chain(late, &opt, 1) == SS_EUSAGE, "so is one that is not first");
    gives(added, "{\"a\":1}\n", "{\"a\":1,\"alert\":1}\n{\"last\":1,\"alert\":2}\n",
          "what a stage adds at the end passes those behind it");
}

static void failures_close_what_was_opened(void)
{
    struct state look = {.fail_open = 1};
    shared = &look;
    put("in", "{\"a\":1}\n{\"a\":2}\n{\"a\":3}\n");
    ok(run(numbers, NULL) == SS_ECONFIG && strcmp(ss_err_text(), "no such rule") == 0,
       "a failed open ends the run");
    ok(look.closed == 1 && look.parted == 0 && look.part_closed == 0,
       "the stage is closed, its part was never opened");
    look = (struct state){.fail_step = 3};
    ok(run(numbers, NULL) == SS_EDATA && strcmp(ss_err_text(), "the 3th record") == 0,
       "a failed step ends the run");
    ok(look.closed == 1 && look.part_closed == 1, "everything is closed");
    look = (struct state){.fail_step = 3};
    ss_mem_chunk = 10;
    struct ss_buf *out = ss_mem_buffer("out");
    ok(run(numbers, NULL) == SS_EDATA, "it fails as well in small pieces");
    is_text(out->p, out->n, "{\"a\":1,\"alert\":1}\n{\"a\":2,\"alert\":2}\n",
            "and the records before have left");
    ss_mem_chunk = 0;
    shared = NULL;
}

static void outputs_do_not_overwrite_inputs(void)
{
    char path[] = "/tmp/ss-flow-XXXXXX";
    int fd = mkstemp(path);
    if (fd < 0 || write(fd, "{\"a\":1}\n", 8) != 8)
        exit(1);
    close(fd);
    const char *const in[] = {path};
    struct ss_loop_options opt = {.inputs = in, .n_inputs = 1, .output = path};
    struct stat stat_;
    ok(run(pass, &opt) == SS_EUSAGE, "an output that is the input is refused");
    opt = (struct ss_loop_options){.inputs = in, .n_inputs = 1, .rejects = path};
    ok(run(pass, &opt) == SS_EUSAGE, "so is such a rejects file");
    opt = (struct ss_loop_options){.output = "mem:x", .rejects = "mem:x"};
    ok(run(pass, &opt) == SS_EUSAGE, "and one place for both");
    ok(stat(path, &stat_) == 0 && stat_.st_size == 8, "the input is what it was");
    unlink(path);
}

/* ---- a real pipe: what is there leaves before the loop waits */

static volatile int stop_flag;

static void *run_on_pipe(void *arg)
{
    static const char *const in[] = {"-"};
    struct ss_loop_options opt = {
        .inputs = in, .n_inputs = 1, .output = arg, .program = "test", .stop = &stop_flag};
    return (void *)(intptr_t)run_chain(numbers, &opt, 1);
}

static void on_signal(int sig)
{
    (void)sig;
    stop_flag = 1;
}

static void records_leave_before_the_loop_waits(void)
{
    char fifo[] = "/tmp/ss-flow-XXXXXX", path[64], got[200];
    int ends[2], saved = dup(STDIN_FILENO);
    pthread_t thread;
    void *result;
    if (!mkdtemp(fifo) || pipe(ends) < 0)
        exit(1);
    snprintf(path, sizeof path, "%s/fifo", fifo);
    if (mkfifo(path, 0600) < 0)
        exit(1);
    dup2(ends[0], STDIN_FILENO);
    pthread_create(&thread, NULL, run_on_pipe, path);
    int fd = open(path, O_RDONLY);
    alarm(30); /* a loop that holds a record back would wait for ever */
    bool good = true;
    for (int i = 1; i <= 50 && good; i++) {
        char want[64];
        int n = snprintf(want, sizeof want, "{\"a\":1,\"alert\":%d}\n", i);
        good = write(ends[1], "{\"a\":1}\n", 8) == 8 && read(fd, got, sizeof got) == n &&
               memcmp(got, want, (size_t)n) == 0;
    }
    ok(good, "fifty records, each out before the next is in");
    good = write(ends[1], "{\"a\":1}\n{\"half\":", 16) == 16 && read(fd, got, sizeof got) == 19;
    ok(good, "half a line holds no whole one back");
    struct sigaction act = {.sa_handler = on_signal};
    sigaction(SIGUSR1, &act, NULL);
    while (pthread_tryjoin_np(thread, &result) != 0) {
        usleep(20000); /* let it block in its read */
        pthread_kill(thread, SIGUSR1);
    }
    alarm(0);
    ok((intptr_t)result == 0, "asked to stop while it waits, it ends well");
    dup2(saved, STDIN_FILENO);
    close(saved), close(ends[0]), close(ends[1]), close(fd);
    unlink(path);
    rmdir(fifo);
    stop_flag = 1;
    put("in", "{\"a\":1}\n");
    struct ss_loop_options opt = {.stop = &stop_flag};
    ok(run(pass, &opt) == 0 && counts.in == 0, "a stop before the first read reads nothing");
    stop_flag = 0;
}

static int stop_at_once(void *state, struct ss_batch *batch)
{
    (void)state;
    if (batch->n)
        stop_flag = 1;
    return 0;
}

static void what_was_read_is_worked_off(void)
{
    static const struct ss_stage stopping = {.name = "stop", .step = stop_at_once};
    static const struct ss_stage *const stop[] = {&stopping, NULL};
    struct ss_loop_options opt = {.stop = &stop_flag};
    struct ss_buf *in = ss_mem_buffer("in"), *out = ss_mem_buffer("out");
    put("in", "");
    for (int i = 0; i < 3000; i++)
        ss_buf_puts(in, "{\"a\":1}\n");
    ok(run(stop, &opt) == 0 && out->n == in->n, "a stop in the middle of a window loses none of its records");
    stop_flag = 0;
}

/* A stage that makes records lasting: what it has been asked to secure, and what had left by then. */
static struct {
    uint64_t stepped, secured, calls, fail_at;
    size_t early;             /* bytes that had left before they were secured */
    const struct ss_env *env; /* while the chain is there */
    bool alone;
} lasting;

static int open_lasting(void *state, struct ss_env *env)
{
    (void)state;
    lasting.env = env;
    return 0;
}

static int step_lasting(void *state, struct ss_batch *batch)
{
    (void)state;
    lasting.stepped += batch->n;
    lasting.alone = lasting.env->alone;
    return 0;
}

#define LASTING_LINE 14 /* {"user_id":10} */

static int secure_lasting(void *state)
{
    (void)state;
    lasting.calls++;
    if (ss_mem_buffer("out")->n > lasting.secured * (LASTING_LINE + 1))
        lasting.early++;
    if (lasting.fail_at && lasting.calls >= lasting.fail_at)
        return ss_fail(SS_EIO, "no room left");
    lasting.secured = lasting.stepped;
    return 0;
}

static const struct ss_stage lasting_stage = {
    .name = "lasting", .open = open_lasting, .step = step_lasting, .secure = secure_lasting};

static void nothing_leaves_before_it_is_secured(void)
{
    static const struct ss_stage *const last[] = {&passing, &lasting_stage, NULL}, *const inner[] = {
                                                                                       &lasting_stage,
                                                                                       &passing, NULL};
    struct ss_buf *out = ss_mem_buffer("out"), *in = ss_mem_buffer("in");
    ss_buf_reset(in);
    for (int i = 0; i < 3000; i++)
        ss_buf_puts(in, "{\"user_id\":10}\n");
    ss_mem_chunk = 1000;
    memset(&lasting, 0, sizeof lasting);
    ok(run(last, NULL) == 0 && out->n == in->n && lasting.secured == 3000,
       "what a stage makes lasting all leaves");
    ok(lasting.early == 0, "nothing of it before");
    ok(lasting.calls < 20, "many reads of a busy input are made lasting at once: %d calls",
       (int)lasting.calls);
    memset(&lasting, 0, sizeof lasting);
    lasting.fail_at = 1;
    ok(run(last, NULL) == SS_EIO && strcmp(ss_err_text(), "no room left") == 0 && out->n == 0,
       "when that fails nothing leaves");
    memset(&lasting, 0, sizeof lasting);
    ok(run(inner, NULL) == 0 && lasting.calls == 0 && !lasting.alone,
       "a stage that others follow is told that it is not alone");
    ss_mem_chunk = 0;
}

int main(void)
{
    lines_are_framed();
    rejects_carry_reason_and_position();
    long_lines_are_skipped_in_bounded_memory();
    inputs_follow_each_other();
    stages_make_add_and_consume_records();
    failures_close_what_was_opened();
    outputs_do_not_overwrite_inputs();
    records_leave_before_the_loop_waits();
    what_was_read_is_worked_off();
    nothing_leaves_before_it_is_secured();
    ss_mem_clear();
    return done();
}
