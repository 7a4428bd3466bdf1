/*
 * JSON inputs cut into the texts of their records: NDJSON at its line ends, arrays at their elements, however
 * they are printed. Finds where a text ends, not whether it is valid. A broken element costs its first line
 * and what follows up to the next line that begins with a brace.
 */
#ifndef SS_INGEST_SPLIT_H
#define SS_INGEST_SPLIT_H

#include "base/attr.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum ss_split_found { SS_SPLIT_END, SS_SPLIT_MORE, SS_SPLIT_TEXT, SS_SPLIT_BROKEN, SS_SPLIT_TOO_LONG };

/* A window over the input and the place in it, as struct ss_csv has. */
struct ss_split {
    const char *p;
    size_t n, at, max_record;
    bool last, full;
    uint64_t line;
    bool array;    /* between the brackets of one */
    bool skipping; /* inside a line that was given up */
    bool lost;     /* behind a broken element: looking for the next one */
};

struct ss_split_text {
    size_t at, len;
    uint64_t line;
};

/* Zero a struct ss_split and set max_record and line (1) at the start of an input; p, n, last, full for each
 * window, at = 0. */
enum ss_split_found ss_split_next(struct ss_split *split, struct ss_split_text *text) SS_MUST_CHECK;

#endif
