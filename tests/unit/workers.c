/* lib/flow, workers: phases with barriers, the same bytes whatever their number, errors that reach the
 * caller. */
#include "tests/stages.h"
#include <stdatomic.h>

/* Three phases over rows: each must see the phase before finished for all rows. */
static int in_phases(void *state, int phase, int worker, int workers, struct ss_batch *batch)
{
    struct state *st = state;
    size_t from, to;
    ss_rows_of(batch, worker, workers, &from, &to);
    if (st->fail_worker && worker == workers - 1 && phase == 1)
        return ss_fail(SS_EDATA, "worker %d of %d", worker, workers);
    for (size_t i = from; i < to; i++) {
        struct ss_record *rec = &batch->rec[i];
        size_t opposite = batch->n - 1 - i;
        if (phase == 0) {
            rec->time_us = rec->fate == SS_KEEP ? (int64_t)ss_record_number(rec, SS_USER_ID) : 0;
        } else if (phase == 1) {
            rec->amount = batch->rec[opposite].time_us + 1;
        } else if (rec->fate == SS_KEEP) {
            char text[32];
            int n = snprintf(text, sizeof text, "%lld", (long long)batch->rec[opposite].amount);
            char *copy = ss_arena_copy(&batch->arena[worker], text, (size_t)n);
            if (!copy)
                return SS_ENOMEM;
            ss_record_set(rec, SS_SCORE, (struct ss_str){copy, (size_t)n});
        }
    }
    return 0;
}
static const struct ss_stage phased = {
    .name = "phased", .state_size = sizeof(struct state), .open = open_state, .phases = 3, .work = in_phases};

static void parallel_equals_serial(void)
{
    static const struct ss_stage *const stages[] = {&phased, NULL};
    static const char *const uris[] = {"mem:in"};
    struct ss_loop_options opt = {.inputs = uris, .n_inputs = 1, .output = "mem:out", .program = "test"};
    static const int workers[] = {2, 3, 8};
    struct ss_buf *in = ss_mem_buffer("in"), *out = ss_mem_buffer("out"), first;
    put("in", "");
    for (int i = 0; i < 5000; i++)
        ss_buf_printf(in, i % 100 == 7 ? "bad %d\n" : "{\"user_id\":%d}\n", i);
    ss_buf_reset(out);
    ok(run_chain(stages, &opt, 1) == 0 && counts.out == 4950, "one worker");
    ss_buf_init(&first, 1 << 24);
    ss_buf_put(&first, out->p, out->n);
    for (size_t i = 0; i < SS_COUNT(workers); i++) {
        ss_buf_reset(out);
        ok(run_chain(stages, &opt, workers[i]) == 0 && out->n == first.n &&
               memcmp(out->p, first.p, first.n) == 0,
           "%d workers give the bytes of one", workers[i]);
    }
    struct state fail = {.fail_worker = 1};
    shared = &fail;
    ok(run_chain(stages, &opt, 3) == SS_EDATA, "a worker's failure ends the run");
    is_text(ss_err_text(), strlen(ss_err_text()), "worker 2 of 3", "with its message");
    shared = NULL;
    ss_buf_free(&first);
}

struct rounds {
    atomic_int inside, wrong;
    int round[SS_WORKERS_MAX];
};

static int one_round(void *arg, int w, int n)
{
    struct rounds *r = arg;
    if (atomic_fetch_add(&r->inside, 1) >= n)
        r->wrong++;
    r->round[w]++;
    for (int i = 0; i < n; i++) /* nobody may be a round ahead by more than this one */
        (void)r->round[w];
    return r->round[w] % 500 == 0 && w % 2 ? ss_fail(SS_EDATA, "round of %d", w) : 0;
}

static void workers_wait_for_each_other(void)
{
    static const int sizes[] = {1, 2, 3, 8, 64};
    for (size_t s = 0; s < SS_COUNT(sizes); s++) {
        int n = sizes[s], wrong = 0;
        struct rounds r = {0};
        struct ss_workers *pool = ss_workers_new(n);
        for (int round = 1; pool && round <= 1000; round++) {
            atomic_store(&r.inside, 0);
            int err = ss_workers_run(pool, one_round, &r);
            wrong += (err < 0) != (n > 1 && round % 500 == 0);
            wrong += err < 0 && strcmp(ss_err_text(), "round of 1") != 0;
            for (int w = 0; w < n; w++)
                wrong += r.round[w] != round;
        }
        ok(pool && wrong == 0 && r.wrong == 0 && ss_workers_count(pool) == n,
           "%d workers run 1,000 rounds in step", n);
        ss_workers_free(pool);
    }
    ss_workers_free(NULL);
}

int main(void)
{
    parallel_equals_serial();
    workers_wait_for_each_other();
    ss_mem_clear();
    return done();
}
