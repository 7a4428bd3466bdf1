/*
 * The one loop: fill a batch, step each stage, write. Its rules:
 *   commit after flush             an input's position is committed once what came of it is safe
 *   flush before you would block   what is written leaves before the next read, so an idle pipe is never
 * behind a bad record is no failure     rejected with reason and position, counted, and the stream goes on
 *   drain before leaving           a stop request ends reading, not processing
 */
#ifndef SS_FLOW_LOOP_H
#define SS_FLOW_LOOP_H

#include "base/histogram.h"
#include "flow/chain.h"
#include "flow/keeper.h"

#define SS_MAX_RECORD_DEFAULT ((size_t)1 << 20)

struct ss_loop_counts {
    uint64_t in, out, rejected, dropped; /* records */
    int64_t bytes_in, bytes_total;       /* of the inputs as they are stored; total -1 when not known */
    int64_t started_ns;
    char first_reject[256];       /* "stdin:17: unclosed string", for people */
    struct ss_buf ports;          /* of transports of messages: members of a JSON object; to be freed */
    struct ss_histogram *latency; /* ns from the read that brought a record to the write that sent it on */
};

/* What one who watches a run may look at. */
struct ss_loop_view {
    const struct ss_loop_counts *counts;
    struct ss_chain *chain;
    struct ss_source *src;          /* NULL: none is open */
    struct ss_sink *out, *rejects;  /* NULL: none is open */
    const struct ss_keeper *keeper; /* NULL: the input has no partitions with memories */
    bool stopping;
};

struct ss_loop_options {
    const char *const *inputs; /* URIs, n of them; none = standard input */
    int n_inputs;
    const char *output;  /* URI */
    const char *rejects; /* URI, or NULL: counted only */
    const char *state_path;
    int64_t rebuild_us, snapshot_us; /* of partitions' states (keeper.h): negative and 0: as they come */
    const char *program;
    size_t max_record; /* bytes; 0 = SS_MAX_RECORD_DEFAULT */
    bool measure;      /* fill `latency` (two clock reads a batch) */
    bool color;
    const volatile int *stop, *reload;
    /* Called now and then with the counts so far, for a progress line; may be NULL. */
    void (*progress)(const struct ss_loop_counts *counts);
    /* Called when the run begins, each time it looks for input, and when it is over; may be NULL. */
    void (*watch)(void *arg, const struct ss_loop_view *view, bool over);
    void *watch_arg;
};

/* Runs the chain (its options parsed, not yet opened) over all inputs. `counts` is filled also on failure. */
int ss_loop_run(struct ss_chain *chain, const struct ss_loop_options *opt,
                struct ss_loop_counts *counts) SS_MUST_CHECK;

#endif
