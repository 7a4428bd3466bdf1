/*
 * A pipeline hosted in a program: processor time a payment for runs and tries in batches of 1, 32 and 1,024,
 * after a warm-up, and 64 variants of one payment. Usage: host PAYMENTS.ndjson 'PIPELINE'. A JSON line a row.
 */
#include "base/err.h"
#include "base/file.h"
#include "cli/host.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define SHARE 8192 /* payments a measurement */

static struct ss_str *line;
static size_t lines;
static struct ss_host_input in[SS_BATCH_MAX];
static struct ss_host_output out[SS_BATCH_MAX];

/* Of this thread: others on the machine do not count. */
static int64_t cpu_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static int cut_lines(struct ss_buf *text)
{
    size_t cap = 0;
    for (char *p = text->p, *end; p < text->p + text->n; p = end + 1) {
        end = memchr(p, '\n', (size_t)(text->p + text->n - p));
        if (!end)
            break;
        if (lines == cap) {
            cap = cap ? cap * 2 : 1024;
            line = realloc(line, cap * sizeof *line);
            if (!line)
                return SS_ENOMEM;
        }
        line[lines++] = (struct ss_str){p, (size_t)(end - p)};
    }
    return 0;
}

static int pass(struct ss_host *host, size_t from, size_t n, size_t batch, bool trying)
{
    int err = 0;
    for (size_t at = from; at < from + n && !err; at += batch) {
        size_t k = from + n - at < batch ? from + n - at : batch;
        for (size_t i = 0; i < k; i++)
            in[i].text = line[(at + i) % lines];
        err = trying ? ss_host_try(host, in, k, out) : ss_host_run(host, in, k, out);
    }
    return err;
}

static void say(const char *what, size_t batch, double ns)
{
    printf(
        "{\"bench\":\"host: %s of %zu\",\"records_per_s\":%.0f,\"ns_per_record\":%.0f,\"peak_kib\":null}\n",
        what, batch, 1e9 / ns, ns);
}

static int variants(struct ss_host *host, size_t at)
{
    static char text[64][4096];
    char *amount;
    double best = 1e18;
    for (int turn = 0; turn < 200; turn++) {
        struct ss_str of = line[(at + (size_t)turn) % lines];
        for (int i = 0; i < 64; i++) {
            snprintf(text[i], sizeof text[i], "%.*s", (int)of.n, of.p);
            amount = strstr(text[i], "\"amount\":");
            if (amount)
                amount[9] = (char)('1' + i % 9);
            in[i].text = ss_str_of(text[i]);
        }
        int64_t began_ns = cpu_ns();
        if (ss_host_try(host, in, 64, out) < 0)
            return -1;
        double ns = (double)(cpu_ns() - began_ns) / 64;
        best = ns < best ? ns : best;
    }
    say("64 variants of one payment, a try", 64, best);
    return 0;
}

static void stages(struct ss_host *host)
{
    struct ss_host_stage stage[16];
    int n = ss_host_stages(host, stage, 16);
    for (int i = 0; i < n; i++)
        fprintf(stderr, "%-9s %5.0f ns a record over all batches\n", stage[i].name,
                (double)stage[i].busy_ns / (double)stage[i].records);
}

int main(int argc, char **argv)
{
    struct ss_buf text;
    struct ss_host *host;
    if (argc != 3)
        return 64;
    struct ss_host_options opt = {.pipeline = argv[2], .program = "bench"};
    ss_buf_init(&text, (size_t)4 << 30);
    int err = ss_file_read(argv[1], &text);
    err = err ? err : cut_lines(&text);
    err = err ? err : ss_host_open(&opt, &host);
    size_t at = lines / 2;
    err = err ? err : pass(host, 0, at, 1024, false);
    static const size_t batch[] = {1, 32, 1024};
    double best[3][2] = {{1e18, 1e18}, {1e18, 1e18}, {1e18, 1e18}};
    for (int turn = 0; turn < 5 && !err; turn++)
        for (int b = 0; b < 3 && !err; b++)
            for (int trying = 1; trying >= 0 && !err; trying--) { /* the same ones, tried first */
                int64_t began_ns = cpu_ns();
                err = pass(host, at, SHARE, batch[b], trying);
                double ns = (double)(cpu_ns() - began_ns) / SHARE;
                best[b][trying] = ns < best[b][trying] ? ns : best[b][trying];
                at += trying ? 0 : SHARE;
            }
    for (int b = 0; b < 3 && !err; b++) {
        say("run in batches", batch[b], best[b][0]);
        say("try in batches", batch[b], best[b][1]);
    }
    err = err ? err : variants(host, at);
    if (err) {
        fprintf(stderr, "%s\n", ss_err_text());
        return ss_err_exit(err);
    }
    stages(host);
    ss_host_close(host);
    ss_buf_free(&text);
    free(line);
    return 0;
}
