#include "flow/loop.h"
#include "base/clock.h"
#include "base/err.h"
#include "flow/input.h"
#include "flow/keeper.h"
#include "flow/lines.h"
#include "flow/output.h"
#include "flow/parts.h"
#include "json/write.h"
#include <stdlib.h>

struct loop {
    struct ss_chain *chain;
    const struct ss_loop_options *opt;
    struct ss_loop_counts *counts;
    struct ss_input input;
    struct ss_lines lines;
    struct ss_keeper keeper; /* of partitions' memories, where the input has some */
    struct ss_output output;
    char why[1024]; /* the message of what ended the run, kept while the rest is closed */
};

static struct loop *of_env(struct ss_env *env)
{
    return env->loop;
}

static int flush(struct loop *loop)
{
    return ss_output_flush(&loop->output);
}

static int flush_env(struct ss_env *env)
{
    struct loop *loop = of_env(env);
    int err = flush(loop);
    return err ? err : ss_output_push(&loop->output, false);
}

/* What the bytes are that come next: all of them, where the input has no partitions. */
struct slice {
    struct ss_piece piece;
    size_t all;
};

/* Narrows the window to bytes of one partition, whose memory is put in use. False: there are none. */
static bool narrow(struct loop *loop, struct slice *slice, int *err)
{
    struct ss_feed *feed = &loop->input.feed;
    *slice = (struct slice){.piece = {.part = 1}, .all = feed->n};
    *err = 0;
    if (!loop->keeper.src || !feed->n)
        return true;
    if (!ss_keeper_next(&loop->keeper, &slice->piece, err))
        return false;
    feed->n = slice->piece.bytes < feed->n ? slice->piece.bytes : feed->n;
    return true;
}

static int process(struct loop *loop, int from)
{
    int err = ss_chain_step(loop->chain, from);
    return err < 0 ? err : ss_output_batch(&loop->output, &loop->chain->batch, &loop->input);
}

static bool stopped(const struct loop *loop)
{
    return loop->opt->stop && *loop->opt->stop;
}

static void watch(struct loop *loop, bool over)
{
    const struct ss_commit *c = &loop->output.commit;
    struct ss_loop_view view = {.counts = loop->counts,
                                .chain = loop->chain,
                                .src = loop->input.src,
                                .out = c->out,
                                .rejects = c->rejects,
                                .keeper = loop->keeper.src ? &loop->keeper : NULL,
                                .stopping = over || stopped(loop)};
    if (loop->opt->watch)
        loop->opt->watch(loop->opt->watch_arg, &view, over);
}

static void report(struct loop *loop)
{
    loop->counts->bytes_in = ss_input_taken(&loop->input);
    if (loop->opt->progress)
        loop->opt->progress(loop->counts);
    watch(loop, false);
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

static int process_slice(struct loop *loop, int from, const struct ss_piece *piece)
{
    if (piece->silent)
        return ss_chain_replay(loop->chain, from);
    if (!piece->part) { /* another member's by now */
        ss_batch_reset(&loop->chain->batch);
        return 0;
    }
    loop->counts->in += loop->chain->batch.n;
    return process(loop, from);
}

/* Makes records of the bytes that are there until more are needed. */
static int drain_window(struct loop *loop, int from)
{
    struct ss_feed *feed = &loop->input.feed;
    for (;;) {
        size_t consumed;
        struct slice slice;
        int err;
        if (!narrow(loop, &slice, &err))
            return 0;
        err = err ? err : fill_window(loop, feed, &consumed);
        feed->n = slice.all;
        if (err < 0)
            return err;
        size_t made = loop->chain->batch.n;
        if (made)
            err = process_slice(loop, from, &slice.piece);
        if (err < 0)
            return err;
        ss_input_consume(&loop->input, consumed);
        if (!made && !consumed && feed->full && !feed->end_of_input && !stopped(loop))
            return ss_fail(SS_EBUG, "a stage takes nothing from a full window");
        if ((!made && !consumed) || (feed->n == 0 && !feed->end_of_input))
            return 0; /* also when a stop is asked for: what has been read is worked off */
    }
}

/* Everything out, and then the input's position. An input that has been read to its end is left next. */
static int flush_and_commit(struct loop *loop)
{
    int err = flush(loop);
    bool leaving = loop->input.ended && !loop->input.feed.end_of_all;
    err = err ? err : ss_commit_turn(&loop->output.commit, loop->input.src, leaving);
    return err ? err : ss_keeper_turn(&loop->keeper);
}

static int run_inputs(struct loop *loop)
{
    int from = loop->chain->link[0].stage->fill != NULL;
    while (!stopped(loop)) {
        bool waits = ss_output_may_wait(&loop->output) && ss_input_is_ready(&loop->input);
        int err = waits ? 0 : flush_and_commit(loop); /* before the read that may block */
        err = err ? err : ss_output_push(&loop->output, ss_input_is_deep(&loop->input));
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
        err = err ? err : ss_output_push(&loop->output, true);
        if (err < 0)
            return err;
        report(loop);
    }
    return 0;
}

static int finish_one(struct loop *loop, int stage, bool whole)
{
    int err = ss_chain_finish(loop->chain, stage, whole);
    return err || !loop->chain->batch.n ? err : process(loop, stage + 1);
}

/* A run over partitions that was stopped has not come to their ends: what is held back is held by whoever
 * goes on. */
static int finish_parts(struct loop *loop, int stage)
{
    struct ss_chain *chain = loop->chain;
    int err = 0;
    if (!loop->keeper.src)
        return finish_one(loop, stage, false);
    for (int p = 1; p < chain->parts && !err && !stopped(loop); p++)
        if (ss_chain_part_is_open(chain, p)) {
            err = ss_chain_part_use(chain, p);
            err = err ? err : finish_one(loop, stage, false);
        }
    return err;
}

static int finish(struct loop *loop)
{
    struct ss_chain *chain = loop->chain;
    int err = 0;
    for (int i = 0; i < chain->n && !err; i++) {
        err = flush(loop); /* what a sink prints comes after the records before it */
        err = err ? err : finish_parts(loop, i);
        err = err ? err : finish_one(loop, i, true);
    }
    return err ? err : flush(loop);
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

static int open_outputs(struct loop *loop)
{
    int err = ss_output_open(&loop->output, loop->opt);
    if (!err)
        err = ss_commit_check(&loop->output.commit, loop->input.src);
    for (int i = 0; i < loop->chain->n; i++)
        loop->chain->link[i].env.out = loop->output.commit.out;
    return err;
}

/* One state in a file, or one for each partition of the input. */
static int open_chain(struct loop *loop, const struct ss_env *env)
{
    const struct ss_loop_options *opt = loop->opt;
    struct ss_keeper_options keep = {opt->state_path, opt->rebuild_us, opt->snapshot_us};
    struct ss_source *src = loop->input.src;
    bool parts = src && src->ops->keep && ss_chain_last_memory(loop->chain) >= 0;
    if (parts && opt->n_inputs > 1)
        return ss_fail(SS_EUSAGE, "a topic whose partitions have states can only be the one input");
    int err = parts ? ss_chain_start(loop->chain, env) : ss_chain_open(loop->chain, env);
    return err ? err : ss_keeper_open(&loop->keeper, loop->chain, src, &keep);
}

static int run(struct loop *loop)
{
    struct ss_chain *chain = loop->chain;
    int err = ss_output_init(&loop->output, loop->opt, &chain->schema, loop->counts);
    struct ss_env env = {.program = loop->opt->program,
                         .state_path = loop->opt->state_path,
                         .output = loop->opt->output,
                         .max_record = max_record(loop->opt),
                         .reads_stdin = reads_stdin(loop),
                         .keyed = loop->output.key >= 0 || loop->output.reject_key >= 0,
                         .color = loop->opt->color,
                         .stop = loop->opt->stop,
                         .reload = loop->opt->reload,
                         .flush = flush_env,
                         .loop = loop};
    if (!err)
        err = open_inputs(loop);
    if (!err)
        err = open_chain(loop, &env);
    if (!err)
        err = open_outputs(loop); /* last: a run that cannot begin leaves yesterday's output alone */
    struct ss_link *last = &chain->link[chain->n - 1];
    if (!err && last->stage->secure && last->env.alone) {
        loop->output.secure = last->stage->secure;
        loop->output.secure_arg = last->st;
    }
    if (!err)
        watch(loop, false);
    if (!err && !chain->link[0].env.no_input)
        err = needs_input(chain->link[0].stage) ? run_inputs(loop) : run_generator(loop);
    if (!err)
        err = finish(loop);
    if (!err)
        err = ss_commit_turn(&loop->output.commit, loop->input.src, true);
    if (!err)
        err = loop->keeper.src ? ss_keeper_end(&loop->keeper) : ss_chain_save(chain);
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

/* What transports of messages know of themselves, for --stats: "input":{..},"output":{..},"rejects":{..} */
static void put_port_stats(struct loop *loop)
{
    const struct ss_commit *c = &loop->output.commit;
    struct ss_source *src = loop->input.src;
    struct ss_buf *to = &loop->counts->ports;
    if (loop->opt->measure && src && src->ops->stats) {
        ss_json_open(to, "input", '{');
        src->ops->stats(src, to);
        ss_buf_putc(to, '}');
    }
    if (loop->opt->measure)
        ss_keeper_stats(&loop->keeper, to);
    for (int i = 0; i < 2; i++) {
        struct ss_sink *sink = i ? c->rejects : c->out;
        if (!loop->opt->measure || !sink || !sink->ops->stats)
            continue;
        ss_json_open(to, i ? "rejects" : "output", '{');
        sink->ops->stats(sink, to);
        ss_buf_putc(to, '}');
    }
}

int ss_loop_run(struct ss_chain *chain, const struct ss_loop_options *opt, struct ss_loop_counts *counts)
{
    struct loop *loop = calloc(1, sizeof *loop);
    if (!loop)
        return ss_fail(SS_ENOMEM, "out of memory");
    loop->chain = chain;
    loop->opt = opt;
    loop->counts = counts;
    ss_buf_init(&counts->ports, 1 << 20);
    counts->started_ns = ss_clock_mono_ns();
    chain->measure = opt->measure;
    int err = keep_first(loop, 0, run(loop));
    err = keep_first(loop, err, flush(loop)); /* a failure loses no record that went before it */
    put_port_stats(loop);
    watch(loop, true);
    ss_keeper_free(&loop->keeper);
    err = keep_first(loop, err, ss_output_close(&loop->output));
    if (err < 0)
        (void)ss_fail((enum ss_err)err, "%s", loop->why);
    report(loop);
    ss_input_free(&loop->input);
    ss_output_free(&loop->output);
    free(loop);
    return err;
}
