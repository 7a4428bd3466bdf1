/* Feeds bytes to the ingest reader twice, whole and in small pieces: the results must be the same bytes, each
 * record must be what ss_record_read makes of its text, and the reader may fail for lack of memory only. */
#ifndef TESTS_INGEST_FUZZ_H
#define TESTS_INGEST_FUZZ_H

#include "base/err.h"
#include "base/log.h"
#include "base/time.h"
#include "tests/ingest.h"

static void fuzz_once(const struct ss_reader_options *opt, const char *map, const char *text, size_t n,
                      size_t step, struct ss_buf *out)
{
    struct ss_schema schema;
    static struct ss_reader reader;
    struct feeding f = {.step = step, .max_record = 200, .per_batch = step % 5, .out = out};
    if (ss_schema_init(&schema) < 0 || ss_schema_slot(&schema, SS_STR("in_lat")) < 0 ||
        ss_reader_open(&reader, opt, &schema) < 0)
        abort();
    if (map && ss_field_map_read(&reader.map, "fuzz.map", ss_str_of(map)) < 0)
        abort();
    if (map)
        reader.planner.map = &reader.map;
    int err = feed_text(&reader, &schema, text, n, &f);
    if (err < 0 || f.differs) {
        fprintf(stderr, "step %zu: %s\n%.*s\n", step, err < 0 ? ss_err_text() : f.differs, (int)out->n,
                out->p);
        abort();
    }
    ss_reader_close(&reader);
    ss_schema_free(&schema);
}

static void fuzz_both_ways(enum ss_format format, const char *map, const unsigned char *bytes, size_t len)
{
    struct ss_reader_options opt = {
        .format = format, .window = 64, .has_before = true, .pan_mode = SS_PAN_MASK};
    struct ss_buf whole, pieces;
    opt.before_us = (int64_t)2000000000 * SS_SECOND_US;
    ss_log_init("fuzz", SS_LOG_ERROR, false);
    ss_buf_init(&whole, 1 << 28);
    ss_buf_init(&pieces, 1 << 28);
    size_t step = len ? 1 + bytes[len - 1] % 64 : 1;
    fuzz_once(&opt, map, (const char *)bytes, len, len + 1, &whole);
    fuzz_once(&opt, map, (const char *)bytes, len, step, &pieces);
    if (whole.n != pieces.n || (whole.n && memcmp(whole.p, pieces.p, whole.n) != 0)) {
        fprintf(stderr, "whole:\n%.*s\nin steps of %zu:\n%.*s\n", (int)whole.n, whole.p, step, (int)pieces.n,
                pieces.p);
        abort();
    }
    ss_buf_free(&whole);
    ss_buf_free(&pieces);
}

#endif
