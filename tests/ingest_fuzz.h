/* Feeds bytes to the ingest reader twice, whole and in small pieces: the results must be the same bytes, each
 * record must be what ss_record_read makes of its text, and the reader may fail for lack of memory only. */
#ifndef TESTS_INGEST_FUZZ_H
#define TESTS_INGEST_FUZZ_H

#include "base/err.h"
#include "base/log.h"
#include "base/time.h"
#include "tests/ingest.h"

/* A reader that is kept, since opening one costs more than reading a small input. */
struct kit {
    bool open;
    struct ss_schema schema;
    struct ss_batch batch;
    struct ss_reader reader;
};

__attribute__((unused)) static void kit_close(struct kit *kit)
{
    if (kit->open) {
        ss_reader_close(&kit->reader);
        ss_batch_free(&kit->batch);
        ss_schema_free(&kit->schema);
    }
    kit->open = false;
}

static void kit_open(struct kit *kit, enum ss_format format, const char *map)
{
    struct ss_reader_options opt = {
        .format = format, .window = 64, .has_before = true, .pan_mode = SS_PAN_MASK};
    opt.before_us = (int64_t)2000000000 * SS_SECOND_US;
    ss_log_init("fuzz", SS_LOG_ERROR, false);
    if (ss_schema_init(&kit->schema) < 0 || ss_schema_slot(&kit->schema, SS_STR("in_lat")) < 0 ||
        ss_batch_init(&kit->batch, &kit->schema, 1) < 0 ||
        ss_reader_open(&kit->reader, &opt, &kit->schema) < 0)
        abort();
    if (map && ss_field_map_read(&kit->reader.map, "fuzz.map", ss_str_of(map)) < 0)
        abort();
    if (map)
        kit->reader.planner.map = &kit->reader.map;
    kit->open = true;
}

/* As if it had just been opened. */
static void kit_reset(struct kit *kit)
{
    struct ss_dedupe *d = &kit->reader.dedupe;
    memset(d->bucket, 0, (d->mask + 1) * sizeof *d->bucket);
    kit->reader.canon.row = kit->reader.records = 0;
}

static void fuzz_once(struct kit *kit, const char *text, size_t n, size_t step, struct ss_buf *out)
{
    struct feeding f = {.step = step, .max_record = 200, .per_batch = step % 5, .out = out};
    kit_reset(kit);
    int err = feed_batch(&kit->reader, &kit->batch, text, n, &f);
    if (err < 0 || f.differs) {
        fprintf(stderr, "step %zu: %s\n%.*s\n", step, err < 0 ? ss_err_text() : f.differs, (int)out->n,
                out->p);
        abort();
    }
}

static void fuzz_both_ways(struct kit *kit, const unsigned char *bytes, size_t len)
{
    struct ss_buf whole, pieces;
    ss_buf_init(&whole, 1 << 28);
    ss_buf_init(&pieces, 1 << 28);
    size_t step = len ? 1 + bytes[len - 1] % 64 : 1;
    fuzz_once(kit, (const char *)bytes, len, len + 1, &whole);
    fuzz_once(kit, (const char *)bytes, len, step, &pieces);
    if (whole.n != pieces.n || (whole.n && memcmp(whole.p, pieces.p, whole.n) != 0)) {
        fprintf(stderr, "whole:\n%.*s\nin steps of %zu:\n%.*s\n", (int)whole.n, whole.p, step, (int)pieces.n,
                pieces.p);
        abort();
    }
    ss_buf_free(&whole);
    ss_buf_free(&pieces);
}

#endif
