/*
 * The stage: one step of a pipeline, one file in lib/stage/, one exported const descriptor, `ss_stage_NAME`
 * in NAME.c. The same descriptor runs as the command ss-NAME, inside `ss-run`, and behind the server.
 *
 *   open -> (fill | step | work)* -> finish -> close        close is legal after a failed open
 *
 * Three kinds of stage:
 *   source   has `fill`: makes records out of input bytes (ss-ingest) or of nothing (ss-gen); first in a
 * pipeline filter   has `step`, or `work` when it can be shared among workers sink     drops what it has
 * consumed and prints its result in `finish` (ss-train, ss-eval)
 *
 * Every callback returns 0 or a negative enum ss_err with its message set: that ends the run. A bad record is
 * not a failure: ss_record_reject it and go on. Output depends on nothing but input, state and files: never
 * on the clock, on addresses, on how the input was cut into batches, or on the number of workers.
 */
#ifndef SS_FLOW_STAGE_H
#define SS_FLOW_STAGE_H

#include "base/attr.h"
#include "base/buf.h"
#include "io/port.h"
#include "record/batch.h"
#include <argp.h>

/* What a stage may know of the pipeline around it. Lives from open to close. */
struct ss_env {
    struct ss_schema *schema; /* ask it for slots in open */
    int workers;              /* how many workers call `work`; at least 1 */
    struct ss_sink *out;      /* for sinks: where results go; there from the first record on */
    const char *program;      /* "ss-features", for messages and rejects */
    const char *state_path;   /* --state, or NULL */
    const char *output;       /* --output, or NULL: for stages that open further inputs themselves */
    size_t max_record;        /* --max-record, for the same */
    bool reads_stdin;         /* standard input is taken */
    bool color;               /* the output is a terminal that wants colours */
    bool no_input;            /* set in open by a first stage that has nothing to read this time */
    bool alone;               /* no other stage follows: nobody will look at field slots */
    bool keyed;               /* but the output will, for the key of each message */
    bool continues; /* before part_finish: the stream goes on in another run, or at another member */
    bool hosted;    /* a program takes the records (cli/host.h): nothing may be printed */
    const volatile int *stop;   /* becomes non-zero when the run should drain and end (SIGINT, SIGTERM) */
    const volatile int *reload; /* counts SIGHUPs */
    int (*flush)(struct ss_env *env); /* writes out what is buffered: call it before sleeping in `fill` */
    void *loop;                       /* the loop's own */
};

/* The input bytes a source stage reads from: a window over all inputs in turn, refilled by the loop. */
struct ss_feed {
    const char *p; /* the bytes not yet consumed; SS_JSON_PADDING readable bytes lie behind them */
    size_t n;
    bool end_of_input; /* no more bytes will come in this input: what is left is its last, partial, piece */
    bool end_of_all;   /* and no further input follows */
    bool new_input;    /* the first window of an input (file): headers are read anew */
    bool full; /* the window is as large as it gets (--max-record): a piece that does not fit is too long */
    uint32_t source; /* index of the input; name for messages and rejects: */
    const char *name;
    int64_t arrived_ns; /* for rec->arrived_ns */
    size_t max_record;  /* --max-record */
};

/* What a stage says of itself to those who watch it. */
#define SS_STATUS_NUMBERS 16
struct ss_stage_status {
    char version[64]; /* of what it works with: the feature set's, model's or rule set's name; "" for none */
    struct {
        const char *name; /* "entities" */
        uint64_t value;
    } number[SS_STATUS_NUMBERS];
    int n;
};

static inline void ss_status_add(struct ss_stage_status *status, const char *name, uint64_t value)
{
    if (status->n < SS_STATUS_NUMBERS) {
        status->number[status->n].name = name;
        status->number[status->n++].value = value;
    }
}

struct ss_stage {
    const char *name;        /* "features" */
    const char *about;       /* one sentence for --help and ss.7 */
    const struct argp *argp; /* its own options, NULL for none; the parser's input is the zeroed state */
    size_t state_size;
    const char *args; /* what the command line's operands are called, "[FILE...]" when NULL */
    int operands;     /* how many of them, the first ones, are its own and no inputs */

    int (*open)(void *st, struct ss_env *env);

    /*
     * Source stages: append records to the (empty) batch, at most SS_BATCH_MAX, and say in *consumed how many
     * bytes of the window they came from; the loop keeps the rest and adds to it. Consuming nothing while
     * records remain asks for more bytes; a window that is `full` must be consumed from. Record texts may
     * point into the window: it stays until the batch is done. With feed == NULL (needs_input false): make up
     * to SS_BATCH_MAX records; an empty batch ends the stream.
     */
    int (*fill)(void *st, struct ss_feed *feed, struct ss_batch *batch, size_t *consumed);
    bool needs_input; /* for stages with fill */
    /* A stage with both fill and step fills where it is the first of its pipeline and steps elsewhere. */

    /* Serial filters: look at each record with fate SS_KEEP; add members, drop, reject, add records. */
    int (*step)(void *st, struct ss_batch *batch);

    /*
     * Shared filters, after step where both are there: for each phase p all workers w of n call work(st, p,
     * w, n, batch) at the same time, with a barrier between phases. A worker takes its share, by key (phase
     * with state, each key owned by one worker) or by position (rows), writes only its own part, and
     * allocates only from batch->arena[w]. The result may not depend on n.
     */
    int phases;
    int (*work)(void *st, int phase, int worker, int workers, struct ss_batch *batch);

    /*
     * For a stage that makes records lasting, where no stage follows it (env->alone): called before any of
     * what it has passed on leaves the process, so that it may do so for many batches at once. While more
     * input is there the loop holds back what would leave, for some milliseconds and megabytes.
     */
    int (*secure)(void *st);

    /* End of the run, after part_finish: may add last records to the empty batch; sinks print to env->out. */
    int (*finish)(void *st, struct ss_batch *batch);
    void (*close)(void *st);

    /*
     * For programs that host a pipeline (cli/host.h): `hosted` says that the stage makes, reads and prints
     * nothing of its own.
     * trial   what step and work would make of these records, remembering nothing: after it the stage's state
     * is bit for bit what it was. Each record is looked at alone, as if it came next. Without it the stage is
     * left out of a trial.
     * reload  reads its files anew, between batches; when they will not do, says so and goes on with the old.
     * status  fills in a zeroed status.
     */
    bool hosted;
    int (*trial)(void *st, struct ss_batch *batch);
    int (*reload)(void *st);
    void (*status)(const void *st, struct ss_stage_status *status);

    /*
     * Stages with memory have one for each partition of the input (one in all where that has none), so that
     * what becomes of a partition does not depend on who else is read by the same process. It lies in
     * part_bytes from part_at of the state: there the chain puts that of the partition whose records come
     * next (flow/parts.h); a stage knows only the one that is there. All of these work on that one:
     *   part_open    makes it, from zeroes; asks the schema for all slots the first time
     *   part_use     it has just been put there; NULL: nothing is to be done then
     *   part_finish  the end of its stream: may add last records (held ones) to the empty batch
     *   part_close   ends it; legal after a failed part_open
     *   save, load   out of a stage that has stepped, into one that has not
     *   memory_us    how far back in event time it may reach; INT64_MAX: to the beginning
     *   part_status  adds its numbers to the status; those of all partitions are summed up
     */
    size_t part_at, part_bytes;
    int (*part_open)(void *st);
    int (*part_use)(void *st);
    int (*part_finish)(void *st, struct ss_batch *batch);
    void (*part_close)(void *st);
    int (*save)(const void *st, struct ss_sink *to);
    int (*load)(void *st, struct ss_source *from);
    int64_t (*memory_us)(const void *st);
    void (*part_status)(const void *st, struct ss_stage_status *status);
};

/* The rows [from, to) of a batch that are worker w's share of n, in contiguous runs. */
static inline void ss_rows_of(const struct ss_batch *batch, int worker, int workers, size_t *from, size_t *to)
{
    *from = batch->n * (size_t)worker / (size_t)workers;
    *to = batch->n * ((size_t)worker + 1) / (size_t)workers;
}

#endif
