/*
 * A pipeline hosted inside a program: JSON texts in, records with features, score, decision and alert out, by
 * the same stages that ss-run runs. One thread at a time.
 *
 *   open -> (run | try | reload | save | status)* -> finish -> save -> close
 *
 * run   payments that happen: each stage's memory moves on, in the order in which the texts come. To hand a
 *       payment in twice is to count it twice: whoever stores payments knows their txn_id and asks there
 * first. Labels ({"type":"label",..}) and other control records are handed in the same way and teach the
 *       stages.
 * try   payments that are only asked about. Each of them is evaluated against the live state as if it came
 *       next, alone: those of one call do not see each other, and afterwards every history, list, alert and
 *       counter is bit for bit what it was. A try answers with the bytes that a run of the same text, coming
 *       next, would give (docs of the one exception: feature/trial.h). Stages that would tell somebody
 *       (alert) are left out. Many variants of one payment are cheap: its entities are looked up once.
 *
 * After run or try has failed (out of memory, a full disk under a spool) the state is that of no point in the
 * stream: close it, open again from the last snapshot, pass what came since again.
 *
 * Snapshots carry a position: the caller's number of the last record that was passed, such as a database's
 * sequence number. After opening, ss_host_position says where to go on: what came behind it, payments and
 * labels, is passed to run again, in order and as it was posted, and what comes out is looked at by nobody.
 * Alert messages that have been sent are not sent again (their spool knows them).
 *
 * Costs, with the shipped features, boosted trees and the shipped rules (make bench B=host): 11 to 13 us of
 * one core a payment in batches of 1,024 and of 1, tries the same; 64 variants of one payment 0.3 ms. Half of
 * it are features, a quarter the model and its reasons. A snapshot of 100 MB takes 0.15 s, or 6 ms for the
 * fork.
 */
#ifndef SS_CLI_HOST_H
#define SS_CLI_HOST_H

#include "base/attr.h"
#include "base/histogram.h"
#include "flow/stage.h"

struct ss_host;

struct ss_host_options {
    const char *pipeline;   /* "features | score -m fraud.ssm | rules -r payments.rules" */
    const char *program;    /* "ss-serve", for messages and rejects; must outlive the host */
    const char *state_path; /* snapshot file, must outlive the host; NULL: the state ends with the process */
    size_t max_record;      /* bytes of a text; 0: as elsewhere, 1 MiB */
    int jobs;               /* threads that share a batch, by entity; 0 or 1: none beside the caller's */
    const char *const
        *fields; /* top-level fields that shall have a slot beside the canonical ones, or NULL */
    size_t n_fields;
    const volatile int *stop; /* cuts waiting in finish short, when not 0; may be NULL */
};

/* SS_EUSAGE, SS_ECONFIG, ...: what stands in the way of the pipeline. Wrong: stages that make records or
 * print (ingest, gen, train, ...), input files. SS_EDATA: a snapshot that is damaged or of another pipeline.
 */
int ss_host_open(const struct ss_host_options *opt, struct ss_host **host) SS_MUST_CHECK;
void ss_host_close(struct ss_host *host); /* accepts NULL */

struct ss_host_input {
    struct ss_str text; /* one JSON object; blanks and line ends around and in it are no matter; copied */
    /* Members that stages make ("features", "score", ...) count as they come, as on a pipe. Otherwise they
     * are taken out: who posts a payment does not score it. */
    bool trusted;
};

/* What became of a text. Everything is valid until the next run, try or finish. */
struct ss_host_output {
    enum ss_fate fate;       /* SS_KEEP; SS_DROP: filtered or held back; SS_REJECT */
    const char *reason;      /* why it was rejected, "unclosed string" */
    const char *rejected_by; /* "json", "features" */
    const struct ss_record
        *rec; /* features, score, decision, fields by slot; ss_record_write gives its line */
};

/* n is at most SS_BATCH_MAX; out[i] is of in[i]. */
int ss_host_run(struct ss_host *host, const struct ss_host_input *in, size_t n,
                struct ss_host_output *out) SS_MUST_CHECK;
int ss_host_try(struct ss_host *host, const struct ss_host_input *in, size_t n,
                struct ss_host_output *out) SS_MUST_CHECK;
/* Records that left with the last run though they had come earlier (`features --lateness` holds them back),
 * *n of them. Their fate says whether they are kept. */
const struct ss_record *ss_host_extra(const struct ss_host *host, size_t *n);

/*
 * The end of the stream: held records leave through the rest of the pipeline, each handed to `leave` (with
 * SS_KEEP, or SS_REJECT and its reason), and alert delivery is waited for as long as its options say. Only
 * save and close may follow.
 */
typedef int ss_host_leave(void *arg, const struct ss_record *rec);
int ss_host_finish(struct ss_host *host, ss_host_leave *leave, void *arg) SS_MUST_CHECK;

/*
 * Reads models, rules, lists, snooze lists and routes anew. What will not load leaves the old in use: every
 * stage is asked, the first failure's message is returned, further ones are logged.
 */
int ss_host_reload(struct ss_host *host) SS_MUST_CHECK;

/* --- state --- */

/* Of the snapshot that was loaded; 0 and *found false without one. */
uint64_t ss_host_position(const struct ss_host *host, bool *found);
/* Writes the snapshot, and keeps the one before it as PATH.1. Nothing without a state_path. */
int ss_host_save(struct ss_host *host, uint64_t position) SS_MUST_CHECK;
/*
 * The same in a forked child, while records go on: begin takes the state as it is now, in the time of a fork;
 * poll says 1 when it has been written, 0 while it is under way (or none is), or what went wrong. One at a
 * time: a second begin waits for the first.
 */
int ss_host_save_begin(struct ss_host *host, uint64_t position) SS_MUST_CHECK;
int ss_host_save_poll(struct ss_host *host, bool wait) SS_MUST_CHECK;

/* --- what it is and does --- */

/* For slots; the canonical ones are enum ss_slot. */
const struct ss_schema *ss_host_schema(const struct ss_host *host);
/* Of any field that a stage or `fields` asked for, or -1. */
int ss_host_slot(const struct ss_host *host, struct ss_str name);

struct ss_host_stage {
    const char *name;              /* "score" */
    struct ss_stage_status status; /* its version and numbers */
    uint64_t records;              /* run through it */
    int64_t busy_ns;
    /* How long each record's batch was in this stage. */
    const struct ss_histogram *latency_ns;
    bool tried; /* it takes part in a try */
};

/* Stages in order; returns how many. Cheap enough for every scrape, not for every request. */
int ss_host_stages(struct ss_host *host, struct ss_host_stage *out, int max);
/* The version of the first stage of that name ("features", "score", "rules"), "" without one. In `score`
 * alone, features are the model's. Valid until the next reload. */
const char *ss_host_version(struct ss_host *host, const char *stage);

struct ss_host_counts {
    uint64_t runs, tries; /* calls */
    uint64_t in, kept, dropped, rejected, tried;
    uint64_t saves, failed_saves;
    uint64_t position;                          /* of the last save, or of the snapshot loaded */
    const struct ss_histogram *run_ns, *try_ns; /* how long each record's call took */
};
void ss_host_counts(const struct ss_host *host, struct ss_host_counts *out);

#endif
