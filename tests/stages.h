/*
 * Stages for tests: each does one thing that a real one may do; and runs of them over memory ports.
 */
#ifndef TESTS_STAGES_H
#define TESTS_STAGES_H

#include "base/err.h"
#include "flow/loop.h"
#include "tests/tap.h"

struct state {
    struct ss_env *env;
    uint64_t seen, limit;
    int opened, parted, closed, part_closed, finished;
    int fail_open, fail_step, fail_worker;
    size_t largest_batch;
};

static struct state *shared; /* the state of the stage that a test looks at after the run */

static int open_state(void *state, struct ss_env *env)
{
    struct state *st = state;
    if (shared)
        *st = *shared;
    st->env = env;
    st->opened++;
    if (shared)
        *shared = *st;
    return st->fail_open ? ss_fail(SS_ECONFIG, "no such rule") : 0;
}

static int part_open(void *state)
{
    (void)state;
    if (shared)
        shared->parted++;
    return 0;
}

static void part_close(void *state)
{
    (void)state;
    if (shared)
        shared->part_closed++;
}

static void close_state(void *state)
{
    struct state *st = state;
    if (shared) {
        shared->closed++;
        shared->seen = st->seen;
        shared->largest_batch = st->largest_batch;
    }
}

/* Numbers the records that pass: {"n":3}. Its number is its memory. */
static int number(void *state, struct ss_batch *batch)
{
    struct state *st = state;
    if (batch->n > st->largest_batch)
        st->largest_batch = batch->n;
    for (size_t i = 0; i < batch->n; i++) {
        struct ss_record *rec = &batch->rec[i];
        if (rec->fate != SS_KEEP)
            continue;
        if (st->fail_step && st->seen + 1 == (uint64_t)st->fail_step)
            return ss_fail(SS_EDATA, "the %dth record", st->fail_step);
        char text[32];
        int n = snprintf(text, sizeof text, "%llu", (unsigned long long)++st->seen);
        char *copy = ss_arena_copy(&batch->arena[0], text, (size_t)n);
        if (!copy)
            return SS_ENOMEM;
        ss_record_set(rec, SS_ALERT, (struct ss_str){copy, (size_t)n});
    }
    return 0;
}

static int save_number(const void *state, struct ss_sink *to)
{
    const struct state *st = state;
    /* In two pieces, and followed by enough bytes for several blocks. */
    int err = ss_sink_write(to, &st->seen, 3);
    if (!err)
        err = ss_sink_write(to, (const char *)&st->seen + 3, sizeof st->seen - 3);
    char filler[1000];
    for (int i = 0; i < 200 && !err; i++) {
        memset(filler, i, sizeof filler);
        err = ss_sink_write(to, filler, sizeof filler);
    }
    return err;
}

static int load_bytes(struct ss_source *from, void *to, size_t len)
{
    for (size_t n = 0; n < len;) {
        ssize_t got = ss_source_read(from, (char *)to + n, len - n);
        if (got < 0)
            return (int)got;
        if (got == 0)
            return ss_fail(SS_EDATA, "state ends early");
        n += (size_t)got;
    }
    return 0;
}

static int load_number(void *state, struct ss_source *from)
{
    struct state *st = state;
    char filler[1000];
    int err = load_bytes(from, &st->seen, sizeof st->seen);
    for (int i = 0; i < 200 && !err; i++) {
        err = load_bytes(from, filler, sizeof filler);
        if (!err && filler[500] != (char)i)
            return ss_fail(SS_EDATA, "state is not what was saved");
    }
    return err;
}

SS_UNUSED static const struct ss_stage numbering = {.name = "number",
                                                    .state_size = sizeof(struct state),
                                                    .open = open_state,
                                                    .step = number,
                                                    .close = close_state,
                                                    .part_open = part_open,
                                                    .part_close = part_close,
                                                    .save = save_number,
                                                    .load = load_number};
SS_UNUSED static const struct ss_stage other = {.name = "other",
                                                .state_size = sizeof(struct state),
                                                .open = open_state,
                                                .step = number,
                                                .close = close_state,
                                                .save = save_number,
                                                .load = load_number};

static int reject_odd(void *state, struct ss_batch *batch)
{
    (void)state;
    for (size_t i = 0; i < batch->n; i++) {
        double n = ss_record_number(&batch->rec[i], SS_USER_ID);
        if (batch->rec[i].fate == SS_KEEP && (int64_t)n % 2)
            ss_record_reject(&batch->rec[i], "odd", "an odd user");
        else if (batch->rec[i].fate == SS_KEEP && (int64_t)n % 10 == 0)
            batch->rec[i].fate = SS_DROP;
    }
    return 0;
}
SS_UNUSED static const struct ss_stage rejecting = {.name = "odd", .step = reject_odd};

/* A source without input. */
static int generate(void *state, struct ss_feed *feed, struct ss_batch *batch, size_t *consumed)
{
    struct state *st = state;
    *consumed = 0;
    for (; !feed && st->seen < 2500 && batch->n < SS_BATCH_MAX; st->seen++) {
        struct ss_record *rec = ss_batch_add(batch);
        char text[64];
        int n = snprintf(text, sizeof text, "{\"user_id\":%llu}", (unsigned long long)st->seen);
        char *copy = rec ? ss_batch_copy(batch, text, (size_t)n) : NULL;
        if (!copy)
            return SS_ENOMEM;
        int err = ss_record_read(batch, rec, copy, (size_t)n);
        if (err < 0)
            return err;
    }
    return 0;
}
SS_UNUSED static const struct ss_stage generating = {
    .name = "generate", .state_size = sizeof(struct state), .fill = generate};

/* A sink: counts, prints at the end. */
static int count(void *state, struct ss_batch *batch)
{
    struct state *st = state;
    for (size_t i = 0; i < batch->n; i++)
        if (batch->rec[i].fate == SS_KEEP) {
            st->seen++;
            batch->rec[i].fate = SS_DROP;
        }
    return 0;
}

static int print_count(void *state, struct ss_batch *batch)
{
    struct state *st = state;
    char text[64];
    (void)batch;
    int n = snprintf(text, sizeof text, "count %llu\n", (unsigned long long)st->seen);
    return ss_sink_write(st->env->out, text, (size_t)n);
}
SS_UNUSED static const struct ss_stage counting = {.name = "count",
                                                   .state_size = sizeof(struct state),
                                                   .open = open_state,
                                                   .step = count,
                                                   .finish = print_count};

/* Holds the last record back until the end. */
static int add_last(void *state, struct ss_batch *batch)
{
    (void)state;
    struct ss_record *rec = ss_batch_add(batch);
    char *copy = rec ? ss_batch_copy(batch, "{\"last\":1}", 10) : NULL;
    return copy ? ss_record_read(batch, rec, copy, 10) : SS_ENOMEM;
}
SS_UNUSED static const struct ss_stage adding = {.name = "add", .finish = add_last};

static struct ss_loop_counts counts;

static int run_chain(const struct ss_stage *const *stages, const struct ss_loop_options *opt, int workers)
{
    struct ss_chain *chain = calloc(1, sizeof *chain);
    int err = ss_chain_init(chain, workers);
    for (; !err && *stages; stages++)
        if (!ss_chain_add(chain, *stages))
            err = SS_ENOMEM;
    memset(&counts, 0, sizeof counts);
    if (!err)
        err = ss_loop_run(chain, opt, &counts);
    ss_chain_free(chain);
    free(chain);
    return err;
}

SS_UNUSED static int run(const struct ss_stage *const *stages, const struct ss_loop_options *more)
{
    static const char *const in[] = {"mem:in"};
    struct ss_loop_options opt = more ? *more : (struct ss_loop_options){0};
    if (!opt.inputs) {
        opt.inputs = in;
        opt.n_inputs = 1;
    }
    opt.output = opt.output ? opt.output : "mem:out";
    opt.program = "test";
    ss_buf_reset(ss_mem_buffer("out"));
    ss_buf_reset(ss_mem_buffer("rejects"));
    return run_chain(stages, &opt, 1);
}

SS_UNUSED static void put(const char *name, const char *text)
{
    ss_buf_reset(ss_mem_buffer(name));
    ss_buf_puts(ss_mem_buffer(name), text);
}

SS_UNUSED static const struct ss_stage passing = {.name = "pass"};
SS_UNUSED static const struct ss_stage *const pass[] = {&passing, NULL}, *const numbers[] = {&numbering,
                                                                                             NULL};

#endif
