/*
 * A further input, for stages that read more than the stream that flows through them: its records one by one,
 * in bounded memory. The loop knows nothing of it.
 */
#ifndef SS_FLOW_RECORDS_H
#define SS_FLOW_RECORDS_H

#include "flow/input.h"
#include "flow/lines.h"

struct ss_records {
    struct ss_input input;
    struct ss_lines lines;
    struct ss_batch batch;
    size_t at, consumed; /* next of the batch; bytes of the window that the batch came from */
    const char *uri;
    const volatile int *stop;
    uint64_t rejected;      /* lines that are no record: passed over */
    char first_reject[256]; /* "old.ndjson:17: unclosed string" */
};

/* `uri` must outlive it. SS_EUSAGE when the run's output would overwrite it; else as ss_source_open. */
int ss_records_open(struct ss_records *records, const char *uri, const struct ss_env *env) SS_MUST_CHECK;
/* 1 and a record that lives until the next call; 0 at the end, or when the run is to stop; or an error. */
int ss_records_next(struct ss_records *records, struct ss_record **rec) SS_MUST_CHECK;
void ss_records_free(struct ss_records *records); /* legal when zeroed, and after a failed open */

#endif
