/*
 * Inputs to records: finds out what each input is (CSV, TSV, a JSON array, NDJSON), reads its header, and
 * makes every row or object a canonical record or a reject. The same bytes give the same records, however
 * they are cut into windows.
 */
#ifndef SS_INGEST_READER_H
#define SS_INGEST_READER_H

#include "ingest/canon.h"
#include "ingest/dedupe.h"
#include "ingest/split.h"

#define SS_SHIPPED_MAX 32

enum ss_format { SS_FORMAT_ANY, SS_FORMAT_CSV, SS_FORMAT_JSON };

struct ss_reader_options {
    const char *map; /* as ss_field_map_open takes it, or NULL */
    enum ss_format format;
    char delim; /* 0: found out from the header */
    int64_t after_us, before_us;
    bool has_before; /* else: a day from now */
    bool pan_asked;  /* pan_mode was asked for, not only the default */
    enum ss_pan_mode pan_mode;
    const char *pan_key; /* path, or NULL */
    bool keep_duplicates;
    bool alone;      /* nobody will look at the records' fields: they need not be kept */
    uint32_t window; /* of ids, for duplicates; 0 = do not look */
};

/* What lies before the reader of the current input; as struct ss_feed. */
struct ss_window {
    const char *p; /* SS_JSON_PADDING readable bytes behind it */
    size_t n, max_record;
    bool last, full, new_input;
    uint32_t source;
    const char *name;
    int64_t arrived_ns;
};

struct ss_plan_cache;

struct ss_reader {
    struct ss_reader_options opt;
    const struct ss_schema *schema;
    struct ss_planner planner;
    struct ss_field_map map, shipped[SS_SHIPPED_MAX];
    struct ss_canon canon;
    struct ss_dedupe dedupe;
    /* The current input: */
    enum ss_format format; /* SS_FORMAT_ANY: not known yet */
    bool began, has_header, refused, pan_checked;
    uint64_t line; /* before anything is known of the format */
    struct ss_csv csv;
    struct ss_split split;
    struct ss_arena arena;       /* of the plan */
    struct ss_plan plan;         /* of CSV */
    struct ss_plan_cache *cache; /* of JSON */
    struct ss_csv_cell *cell;
    uint64_t id_hash[SS_BATCH_MAX]; /* of the batch's records, 0 for those without an id */
    /* Over all inputs: */
    uint64_t records, duplicates;
    char refusal[512]; /* why the first input that could not be read at all was refused; "" if none was */
};

/* SS_ENOINPUT, SS_ECONFIG (the map), SS_EUSAGE (card numbers without a key). */
int ss_reader_open(struct ss_reader *reader, const struct ss_reader_options *opt,
                   const struct ss_schema *schema) SS_MUST_CHECK;
void ss_reader_close(struct ss_reader *reader); /* legal after a failed open */
/* Appends at most `max` records to the batch; *consumed bytes of the window are done with. */
int ss_reader_fill(struct ss_reader *reader, const struct ss_window *window, struct ss_batch *batch,
                   size_t max, size_t *consumed) SS_MUST_CHECK;

#endif
