/* The live stream: lines from a URI, handed to the writer as they come, by a thread of their own. */
#ifndef SS_SERVE_INPUT_H
#define SS_SERVE_INPUT_H

#include "cmd/ss-serve/writer.h"

struct ss_live_input;

struct ss_live_input_counts {
    uint64_t lines, rejected;
    bool there, ended; /* there is one; it has ended */
    char fault[256];   /* "": none */
};

int ss_live_input_open(struct ss_writer *writer, const char *uri, size_t max_record,
                       struct ss_live_input **input) SS_MUST_CHECK;
void ss_live_input_counts(struct ss_live_input *input, struct ss_live_input_counts *out); /* accepts NULL */
/* Ends reading; what was read is handed on first. Accepts NULL. */
void ss_live_input_close(struct ss_live_input *input);

#endif
