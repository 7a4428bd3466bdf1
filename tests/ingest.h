/* Feeds a text to the ingest reader as the loop would, in windows that grow by `step` bytes, each in a block
 * of exactly its size, and writes down what comes out. */
#ifndef TESTS_INGEST_H
#define TESTS_INGEST_H

#include "base/buf.h"
#include "ingest/reader.h"
#include "record/batch.h"
#include <stdio.h>
#include <stdlib.h>

struct feeding {
    size_t step, max_record, per_batch;
    struct ss_buf *out;  /* records as lines; rejects as "!LINE: reason" */
    const char *differs; /* where a record was not what ss_record_read makes of its text */
    uint64_t kept, rejected;
};

static const char *field_differs(const struct ss_record *a, const struct ss_record *b, uint32_t slots)
{
    for (uint32_t s = 0; s < slots; s++) {
        const struct ss_field *x = &a->field[s], *y = &b->field[s];
        if (x->type != y->type)
            return s < SS_FIXED_SLOTS ? ss_slot_name((enum ss_slot)s) : "type of a field asked for";
        if (x->type != SS_JSON_ABSENT &&
            (x->val != y->val || x->len != y->len || x->member_at != y->member_at))
            return s < SS_FIXED_SLOTS ? ss_slot_name((enum ss_slot)s) : "place of a field asked for";
    }
    return NULL;
}

/* What ss_record_read makes of the same text must be the same. */
static const char *record_differs(struct ss_batch *batch, const struct ss_record *rec)
{
    struct ss_record again = {0};
    if (ss_record_read(batch, &again, rec->text, rec->len) < 0 || again.fate != SS_KEEP)
        return again.reason ? again.reason : "not read";
    if (again.has_time != rec->has_time || again.time_us != rec->time_us)
        return "time";
    if (again.has_amount != rec->has_amount || (rec->has_amount && again.amount != rec->amount))
        return "amount value";
    return field_differs(rec, &again, ss_schema_size(batch->schema));
}

static void write_down(struct feeding *f, struct ss_batch *batch)
{
    for (size_t i = 0; i < batch->n; i++) {
        const struct ss_record *rec = &batch->rec[i];
        if (rec->fate == SS_KEEP) {
            f->kept++;
            ss_buf_put(f->out, rec->text, rec->len);
            const char *differs = record_differs(batch, rec);
            if (differs)
                f->differs = differs;
        } else {
            f->rejected++;
            ss_buf_printf(f->out, "!%llu: %s", (unsigned long long)rec->line, rec->reason);
            size_t n = 0; /* the raw text must be readable; how much of it there is belongs to the result */
            for (uint32_t k = 0; k < rec->len; k++)
                n += rec->text[k] != '\0';
            ss_buf_printf(f->out, " (%u)", rec->len + (n > rec->len));
        }
        ss_buf_putc(f->out, '\n');
    }
}

/* 0, or the reader's error. */
static int feed_batch(struct ss_reader *reader, struct ss_batch *batch, const char *text, size_t n,
                      struct feeding *f)
{
    size_t from = 0, to = 0, cap = f->max_record + 4096;
    int err = 0;
    bool new_input = true, last = false;
    while (!err && !last) {
        last = to == n; /* the end is seen by a read that gives nothing */
        to = n - to < f->step ? n : to + f->step;
        if (to - from > cap)
            to = from + cap;
        last = last && to == n;
        char *window = malloc(to - from + SS_JSON_PADDING);
        memcpy(window, text + from, to - from);
        memset(window + (to - from), '"', SS_JSON_PADDING);
        size_t at = 0, consumed = 1;
        while (!err) {
            struct ss_window w = {window + at,
                                  to - from - at,
                                  f->max_record,
                                  last,
                                  at == 0 && to - from == cap,
                                  new_input,
                                  0,
                                  "test",
                                  0};
            err = ss_reader_fill(reader, &w, batch, f->per_batch ? f->per_batch : SS_BATCH_MAX, &consumed);
            size_t made = batch->n;
            if (!err)
                write_down(f, batch);
            ss_batch_reset(batch);
            at += consumed;
            new_input = new_input && !consumed;
            if (!made && !consumed)
                break;
        }
        from += at;
        free(window);
    }
    return err;
}

__attribute__((unused)) static int feed_text(struct ss_reader *reader, struct ss_schema *schema,
                                             const char *text, size_t n, struct feeding *f)
{
    struct ss_batch batch;
    int err = ss_batch_init(&batch, schema, 1);
    if (!err)
        err = feed_batch(reader, &batch, text, n, f);
    ss_batch_free(&batch);
    return err;
}

#endif
