/*
 * Rows and objects to canonical records: text, fields at their slots, time and amount, as ss_record_read
 * would read them from that text, or a reason why there is none.
 *
 * A row's text has the canonical fields first, in the order of enum ss_slot, then its other columns in
 * theirs. Empty cells are left out. Numbers are copied as they are written. An object's text keeps its order,
 * and its very bytes where there is nothing to rename or to rewrite.
 */
#ifndef SS_INGEST_CANON_H
#define SS_INGEST_CANON_H

#include "csv/scan.h"
#include "record/pan.h"
#include "ingest/plan.h"
#include "record/batch.h"

struct ss_canon {
    int64_t after_us, before_us; /* timestamps outside are rejected */
    struct ss_pan pan;
    uint64_t row;            /* for row(): rows seen so far, all inputs together */
    uint64_t aside;          /* values that were no good for their canonical field and were put aside */
    const char *aside_field; /* the last of them */
    struct ss_batch *batch;
    bool alone; /* nobody looks at the fields: they share one array, where only what is asked
                   for here (txn_id, type) is kept true */
    struct ss_field *shared;
    char *out, *end;    /* room for texts in the batch's arena */
    const char *reason; /* why the last emit failed */
    char day[10];       /* the last date read, and its start: most rows share it with the row before */
    int64_t day_us;
};

/* Before the first record of each batch. */
void ss_canon_begin(struct ss_canon *canon, struct ss_batch *batch);

/* A record's fields, all absent; NULL when out of memory. */
struct ss_field *ss_canon_fields(struct ss_canon *canon);

/*
 * Makes `rec` (already added to the batch) from a row in `window`, or a reject whose text is the row. Only
 * SS_ENOMEM is an error.
 */
int ss_canon_row(struct ss_canon *canon, struct ss_plan *plan, struct ss_record *rec, const char *window,
                 const struct ss_csv_row *row, const struct ss_csv_cell *cell) SS_MUST_CHECK;

/* The same from a valid object's text, which lives as long as the batch, and its members. */
int ss_canon_object(struct ss_canon *canon, struct ss_plan *plan, struct ss_record *rec, struct ss_str text,
                    const struct ss_json_member *member) SS_MUST_CHECK;

#endif
