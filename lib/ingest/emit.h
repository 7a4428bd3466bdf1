/* One value of one field, from the text of its columns to JSON. Private to canon.c and object.c. */
#ifndef SS_INGEST_EMIT_H
#define SS_INGEST_EMIT_H

#include "ingest/canon.h"

/*
 * Writes `,"key":value` for `op` at p, where there is room for the plan's fixed_bytes and six times the text
 * (one byte may become \u00xx), and sets the record's field (base: where the record's text begins). Returns
 * the end; p itself when there is nothing to write; NULL when the record is to be rejected (canon->reason) or
 * memory ran out (canon->reason
 * == NULL). `text` has 32 readable bytes behind it.
 */
char *ss_emit(struct ss_canon *canon, const struct ss_op *op, struct ss_record *rec, struct ss_str text,
              char *p, char *base);
/* For constants and row(). */
char *ss_emit_made(struct ss_canon *canon, const struct ss_op *op, struct ss_record *rec, char *p,
                   char *base);
/* A record with no timestamp, or no amount where it is no label, is rejected. False then. */
bool ss_emit_complete(struct ss_canon *canon, const struct ss_record *rec);
/* True and *time_us for a time in bounds; else the reason is set. */
bool ss_emit_check_time(struct ss_canon *canon, int64_t time_us);
/* Room for a text of at most `bytes`: its start, or NULL. */
char *ss_emit_room(struct ss_canon *canon, size_t bytes);
/* Keys and short values are copied in blocks: there is room behind both ends. */
static inline char *ss_emit_block(char *p, const char *from, size_t n)
{
    memcpy(p, from, 32);
    if (SS_UNLIKELY(n > 32))
        memcpy(p + 32, from + 32, n - 32);
    return p + n;
}

/* Sets the field of `slot` to the value that stands at [val, end) behind its key at `key`. */
static inline void ss_emit_field(struct ss_record *rec, int slot, const char *base, const char *key,
                                 const char *val, const char *end, enum ss_json_type type)
{
    if (slot >= 0)
        rec->field[slot] = (struct ss_field){val, (uint32_t)(end - val), (uint32_t)(key - base), type};
}

/* Writes a JSON number as it is. */
static inline char *ss_emit_raw(const struct ss_op *op, struct ss_record *rec, struct ss_str number, char *p,
                                const char *base)
{
    char *val = ss_emit_block(p, op->key.p, op->key.n);
    char *end = ss_emit_block(val, number.p, number.n);
    ss_emit_field(rec, op->slot, base, p + 1, val, end, SS_JSON_NUMBER);
    return end;
}

/* A reason with the start of the offending text in it. Returns NULL, as emitters do. */
char *ss_emit_fault(struct ss_canon *canon, const char *what, struct ss_str text);
int ss_label_of(struct ss_str text); /* 1, 0, or -1 where it says neither */

#endif
