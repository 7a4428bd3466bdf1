/*
 * When records should leave, and how late they arrive: the arithmetic of ss-pace, without a clock of its own.
 *
 * The schedule is open loop: each record's time follows from the first one's alone, never from when the one
 * before it could be written. So a slow reader cannot stretch the schedule, and latency counted from it holds
 * the waiting that a closed loop would hide ("coordinated omission", G. Tene, 2013).
 */
#ifndef SS_FLOW_PACE_H
#define SS_FLOW_PACE_H

#include "base/buf.h"
#include "base/histogram.h"
#include "record/record.h"

struct ss_pace {
    double speed; /* event time passes this many times as fast */
    double rate;  /* records a second; 0 = by event time */
    uint64_t n;   /* records scheduled so far */
    int64_t first_us, last_ns;
    bool has_first;
};

/* When the next record is to leave, in ns after the first one; never before the record ahead of it. A record
 * without a time leaves with the one ahead of it. */
int64_t ss_pace_due_ns(struct ss_pace *pace, const struct ss_record *rec);

/* The member {"at":N}, N in ns since 1970, as text in `out` (SS_PACED_TEXT bytes); returns its length. */
#define SS_PACED_TEXT 40
size_t ss_paced_print(int64_t at_ns, char *out);
/* N of the record's member; false when it has none. */
bool ss_paced_at(const struct ss_record *rec, int64_t *at_ns) SS_MUST_CHECK;

/* What came of it at the end of a pipeline. */
struct ss_pace_report {
    uint64_t records, stamped;
    int64_t first_ns, last_ns; /* the first one's meant leaving, the last one's arrival */
    struct ss_histogram latency_ns;
};

/* A record that arrived at now_ns (since 1970). */
void ss_pace_arrived(struct ss_pace_report *report, const struct ss_record *rec, int64_t now_ns);
/* {"records":..,"stamped":..,"seconds":..,"records_per_s":..,"latency_us":{"p50":..,...}} or a table. */
void ss_pace_print(const struct ss_pace_report *report, bool json, struct ss_buf *to);

#endif
