/* NDJSON framing: a window of bytes cut into lines, each line read as a record. */
#ifndef SS_FLOW_LINES_H
#define SS_FLOW_LINES_H

#include "flow/stage.h"

/* Position in the current input, carried from window to window. Zeroed at first. */
struct ss_lines {
    uint64_t line;    /* lines begun so far in this input */
    uint64_t records; /* records made so far in all inputs */
    bool skipping;    /* within a line that is too long: its rest is thrown away */
};

/*
 * As ss_stage.fill, taking at most `max` lines. Blank lines are skipped and counted; a byte order mark at the
 * start and a carriage return at the end of a line are not part of it. A line longer than feed->max_record
 * becomes a reject that holds its beginning.
 */
int ss_lines_fill(struct ss_lines *lines, struct ss_feed *feed, struct ss_batch *batch, size_t max,
                  size_t *consumed) SS_MUST_CHECK;

#endif
