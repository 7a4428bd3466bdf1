#include "flow/loop.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/file.h"
#include "flow/input.h"
#include "flow/lines.h"
#include "json/write.h"
#include <stdlib.h>
#include <sys/stat.h>

#define OUT_BYTES      ((size_t)256 * 1024) /* written in one go from here on, or when the input would block */
#define OUT_CEILING    ((size_t)1 << 30)
#define REJECT_RAW_MAX 1000
#define PENDING_MAX    64

struct loop {
    struct ss_chain *chain;
    const struct ss_loop_options *opt;
    struct ss_loop_counts *counts;
    struct ss_input input;
    struct ss_lines lines;
    struct ss_sink *out, *rejects;
    struct ss_buf out_buf, reject_buf;
    /* Arrival times of what lies in out_buf, for the latency histogram. */
    struct {
        int64_t arrived_ns;
        uint64_t n;
    } pending[PENDING_MAX];
    int n_pending;
    char why[1024]; /* the message of what ended the run, kept while the rest is closed */
};

static struct loop *of_env(struct ss_env *env)
{
    return env->loop;
}

static void note_latency(struct loop *loop)
{
    if (loop->n_pending && loop->counts->latency) {
        int64_t now = ss_clock_mono_ns();
        for (int i = 0; i < loop->n_pending; i++)
            ss_histogram_add(loop->counts->latency, (uint64_t)(now - loop->pending[i].arrived_ns),
                             loop->pending[i].n);
    }
    loop->n_pending = 0;
}

static int flush(struct loop *loop)
{
    int err = 0;
    if (loop->reject_buf.n && loop->rejects)
        err = ss_sink_write(loop->rejects, loop->reject_buf.p, loop->reject_buf.n);
    ss_buf_reset(&loop->reject_buf);
    if (!err && loop->out_buf.n)
        err = ss_sink_write(loop->out, loop->out_buf.p, loop->out_buf.n);
    ss_buf_reset(&loop->out_buf);
    note_latency(loop);
    return err;
}

static int flush_env(struct ss_env *env)
{
    return flush(of_env(env));
}

/* One dead letter: {"reason":..,"by":..,"source":..,"line":..,"raw":..}, raw cut to its first 1,000 bytes. */
static void write_reject(struct loop *loop, const struct ss_record *rec)
{
    struct ss_loop_counts *counts = loop->counts;
    const char *source = ss_input_name(&loop->input, rec->source);
    if (counts->rejected++ == 0)
        snprintf(counts->first_reject, sizeof counts->first_reject, "%s:%llu: %s", source,
                 (unsigned long long)rec->line, rec->reason);
    if (!loop->rejects)
        return;
    struct ss_buf *to = &loop->reject_buf;
    size_t raw = rec->len < REJECT_RAW_MAX ? rec->len : REJECT_RAW_MAX;
    ss_buf_putc(to, '{');
    ss_json_key(to, "reason");
    ss_json_put_string(to, ss_str_of(rec->reason));
    ss_json_key(to, "by");
    ss_json_put_string(to, ss_str_of(rec->rejected_by));
    ss_json_key(to, "source");
    ss_json_put_string(to, ss_str_of(source));
    ss_json_key(to, "line");
    ss_json_put_int(to, (int64_t)rec->line);
    ss_json_key(to, "raw");
    ss_json_put_string(to, (struct ss_str){rec->text, raw});
    ss_buf_put(to, "}\n", 2);
}

static void note_pending(struct loop *loop, const struct ss_record *rec)
{
    if (!rec->arrived_ns)
        return;
    int last = loop->n_pending - 1;
    if (last < 0 || loop->pending[last].arrived_ns != rec->arrived_ns) {
        if (loop->n_pending == PENDING_MAX)
            return; /* many reads within one flush: the first ones stand for them */
        loop->pending[++last].arrived_ns = rec->arrived_ns;
        loop->pending[last].n = 0;
        loop->n_pending++;
    }
    loop->pending[last].n++;
}

static int write_batch(struct loop *loop)
{
    struct ss_batch *batch = &loop->chain->batch;
    for (size_t i = 0; i < batch->n; i++) {
        const struct ss_record *rec = &batch->rec[i];
        if (rec->fate == SS_KEEP) {
            ss_record_write(rec, &loop->out_buf);
            loop->counts->out++;
            note_pending(loop, rec);
        } else if (rec->fate == SS_REJECT) {
            write_reject(loop, rec);
        } else {
            loop->counts->dropped++;
        }
    }
    int err = ss_buf_check(&loop->out_buf);
    if (!err)
        err = ss_buf_check(&loop->reject_buf);
    if (!err && (loop->out_buf.n >= OUT_BYTES || loop->reject_buf.n >= OUT_BYTES))
        err = flush(loop);
    ss_batch_reset(batch);
    return err;
}

static int process(struct loop *loop, int from)
{
    int err = ss_chain_step(loop->chain, from);
    return err < 0 ? err : write_batch(loop);
}

static bool stopped(const struct loop *loop)
{
    return loop->opt->stop && *loop->opt->stop;
}

static void report(struct loop *loop)
{
    loop->counts->bytes_in = ss_input_taken(&loop->input);
    if (loop->opt->progress)
        loop->opt->progress(loop->counts);
}

static int fill_window(struct loop *loop, struct ss_feed *feed, size_t *consumed)
{
    struct ss_chain *chain = loop->chain;
    const struct ss_stage *first = chain->link[0].stage;
    *consumed = 0;
    if (first->fill) {
        int64_t began_ns = chain->measure ? ss_clock_mono_ns() : 0;
        int err = first->fill(chain->link[0].st, feed, &chain->batch, consumed);
        if (chain->measure)
            chain->link[0].busy_ns += ss_clock_mono_ns() - began_ns;
        chain->link[0].records += chain->batch.n;
        return err;
    }
    return ss_lines_fill(&loop->lines, feed, &chain->batch, SS_BATCH_MAX, consumed);
}

/* Makes records of the bytes that are there until more are needed. */
static int drain_window(struct loop *loop, int from)
{
    struct ss_feed *feed = &loop->input.feed;
    for (;;) {
        size_t consumed;
        int err = fill_window(loop, feed, &consumed);
        if (err < 0)
            return err;
        size_t made = loop->chain->batch.n;
        loop->counts->in += made;
        if (made)
            err = process(loop, from);
        if (err < 0)
            return err;
        ss_input_consume(&loop->input, consumed);
        if (!made && !consumed && feed->full && !feed->end_of_input && !stopped(loop))
            return ss_fail(SS_EBUG, "a stage takes nothing from a full window");
        if ((!made && !consumed) || (feed->n == 0 && !feed->end_of_input))
            return 0; /* also when a stop is asked for: what has been read is worked off */
    }
}

static int run_inputs(struct loop *loop)
{
    int from = loop->chain->link[0].stage->fill != NULL;
    while (!stopped(loop)) {
        int err = flush(loop); /* before the read that may block */
        if (err < 0)
            return err;
        report(loop);
        int more = ss_input_more(&loop->input);
        if (more == SS_AGAIN)
            continue;
        if (more <= 0)
            return more;
        err = drain_window(loop, from);
        if (err < 0)
            return err;
    }
    return 0;
}

/* Stages that make records out of nothing, until they make none. */
static int run_generator(struct loop *loop)
{
    struct ss_chain *chain = loop->chain;
    while (!stopped(loop)) {
        size_t consumed;
        int err = fill_window(loop, NULL, &consumed);
        if (err < 0 || chain->batch.n == 0)
            return err;
        loop->counts->in += chain->batch.n;
        err = process(loop, 1);
        if (err < 0)
            return err;
        report(loop);
    }
    return 0;
}

static int finish(struct loop *loop)
{
    struct ss_chain *chain = loop->chain;
    for (int i = 0; i < chain->n; i++) {
        if (!chain->link[i].stage->finish)
            continue;
        int err = flush(loop); /* what a sink prints comes after the records before it */
        if (!err)
            err = chain->link[i].stage->finish(chain->link[i].st, &chain->batch);
        if (!err)
            err = process(loop, i + 1);
        if (err < 0)
            return err;
    }
    return flush(loop);
}

static bool needs_input(const struct ss_stage *first)
{
    return !first->fill || first->needs_input;
}

static size_t max_record(const struct ss_loop_options *opt)
{
    return opt->max_record ? opt->max_record : SS_MAX_RECORD_DEFAULT;
}

static bool reads_stdin(const struct loop *loop)
{
    bool reads = loop->opt->n_inputs == 0 && needs_input(loop->chain->link[0].stage);
    for (int i = 0; i < loop->opt->n_inputs; i++)
        reads |= strcmp(loop->opt->inputs[i], "-") == 0;
    return reads;
}

static int open_inputs(struct loop *loop)
{
    static const char *const none[] = {NULL};
    const struct ss_stage *first = loop->chain->link[0].stage;
    const struct ss_loop_options *opt = loop->opt;
    if (!needs_input(first)) {
        loop->counts->bytes_total = -1;
        return opt->n_inputs ? ss_fail(SS_EUSAGE, "'%s' reads no input", first->name) : 0;
    }
    int err = ss_input_init(&loop->input, opt->n_inputs ? opt->inputs : none, opt->n_inputs, max_record(opt),
                            opt->measure);
    loop->counts->bytes_total = err ? -1 : ss_input_total(&loop->input);
    return err;
}

static int check_outputs(const struct ss_loop_options *opt)
{
    struct stat stat_;
    bool both = opt->output && opt->rejects && strcmp(opt->output, opt->rejects) == 0;
    both = both && (stat(opt->output, &stat_) < 0 || S_ISREG(stat_.st_mode)); /* /dev/null takes both */
    if (both || ss_file_same(opt->output, opt->rejects))
        return ss_fail(SS_EUSAGE, "'%s' is both output and rejects", opt->output);
    for (int i = 0; i < opt->n_inputs; i++)
        if (ss_file_same(opt->inputs[i], opt->output) || ss_file_same(opt->inputs[i], opt->rejects))
            return ss_fail(SS_EUSAGE, "'%s' is both input and output", opt->inputs[i]);
    return 0;
}

/* Outputs come last, so that a run that cannot begin leaves yesterday's output alone. */
static int open_outputs(struct loop *loop)
{
    const struct ss_loop_options *opt = loop->opt;
    int err = check_outputs(opt);
    if (!err && opt->rejects)
        err = ss_sink_open(opt->rejects, &loop->rejects);
    if (!err)
        err = ss_sink_open(opt->output ? opt->output : "-", &loop->out);
    for (int i = 0; i < loop->chain->n; i++)
        loop->chain->link[i].env.out = loop->out;
    return err;
}

static int run(struct loop *loop)
{
    struct ss_chain *chain = loop->chain;
    struct ss_env env = {.program = loop->opt->program,
                         .state_path = loop->opt->state_path,
                         .output = loop->opt->output,
                         .max_record = max_record(loop->opt),
                         .reads_stdin = reads_stdin(loop),
                         .color = loop->opt->color,
                         .stop = loop->opt->stop,
                         .reload = loop->opt->reload,
                         .flush = flush_env,
                         .loop = loop};
    int err = open_inputs(loop);
    if (!err)
        err = ss_chain_open(chain, &env);
    if (!err)
        err = open_outputs(loop);
    if (!err && !chain->link[0].env.no_input)
        err = needs_input(chain->link[0].stage) ? run_inputs(loop) : run_generator(loop);
    if (!err)
        err = finish(loop);
    if (!err)
        err = ss_chain_save(chain);
    return err;
}

/* Of two failures the first is the cause; its message is kept. */
static int keep_first(struct loop *loop, int err, int next)
{
    if (err < 0 || next >= 0)
        return err;
    snprintf(loop->why, sizeof loop->why, "%s", ss_err_text());
    return next;
}

int ss_loop_run(struct ss_chain *chain, const struct ss_loop_options *opt, struct ss_loop_counts *counts)
{
    struct loop *loop = calloc(1, sizeof *loop);
    if (!loop)
        return ss_fail(SS_ENOMEM, "out of memory");
    loop->chain = chain;
    loop->opt = opt;
    loop->counts = counts;
    counts->started_ns = ss_clock_mono_ns();
    chain->measure = opt->measure;
    ss_buf_init(&loop->out_buf, OUT_CEILING);
    ss_buf_init(&loop->reject_buf, OUT_CEILING);
    int err = keep_first(loop, 0, run(loop));
    err = keep_first(loop, err, flush(loop)); /* a failure loses no record that went before it */
    err = keep_first(loop, err, ss_sink_close(loop->rejects));
    err = keep_first(loop, err, ss_sink_close(loop->out));
    if (err < 0)
        (void)ss_fail((enum ss_err)err, "%s", loop->why);
    report(loop);
    ss_input_free(&loop->input);
    ss_buf_free(&loop->out_buf);
    ss_buf_free(&loop->reject_buf);
    free(loop);
    return err;
}
