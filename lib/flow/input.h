/* All inputs of a run, one after the other, as one window of bytes that stages look at (struct ss_feed). */
#ifndef SS_FLOW_INPUT_H
#define SS_FLOW_INPUT_H

#include "flow/stage.h"

struct ss_input {
    const char *const *uris;
    int n, at;             /* inputs, and the one being read */
    struct ss_source *src; /* open input, or NULL */
    char **names;          /* of the inputs begun so far, for positions */
    int64_t taken_before;  /* bytes of the inputs before this one */
    bool measure, ended;   /* ended: this input has been read to its end and the stage has seen it */
    bool all_read;         /* and it was the last */
    char *window;
    size_t cap, limit, start; /* allocated, the most there may be, where feed.p is within it */
    size_t last_read;         /* bytes that the last read gave */
    struct ss_feed feed;
};

/* No uris at all means standard input. They must outlive the input. Opens the first, so that a missing file
 * is known before any output exists. */
int ss_input_init(struct ss_input *in, const char *const *uris, int n, size_t max_record,
                  bool measure) SS_MUST_CHECK;
void ss_input_free(struct ss_input *in);
/* Reads more behind what the feed holds: 1 when the feed has changed, 0 when all inputs are read, SS_AGAIN
 * when a signal came, or an error. */
int ss_input_more(struct ss_input *in) SS_MUST_CHECK;
/* A read would not wait, as far as is known. */
bool ss_input_is_ready(const struct ss_input *in);
/* More is there, and has been piling up: who waits for it waits for much, and not long. */
bool ss_input_is_deep(const struct ss_input *in);
void ss_input_consume(struct ss_input *in, size_t bytes);
/* The message that a record came in; NULL where inputs are bytes, or when that has been consumed before. */
const struct ss_origin *ss_input_origin(const struct ss_input *in, const struct ss_record *rec);
const char *ss_input_name(const struct ss_input *in, uint32_t source);
int64_t ss_input_taken(const struct ss_input *in);
/* The size of all inputs as stored, or -1. */
int64_t ss_input_total(const struct ss_input *in);

#endif
