#include "ingest/canon.h"
#include "base/err.h"
#include "ingest/emit.h"
#include "ingest/number.h"

void ss_canon_begin(struct ss_canon *canon, struct ss_batch *batch)
{
    canon->batch = batch;
    canon->out = canon->end = NULL;
    canon->shared = NULL;
}

struct ss_field *ss_canon_fields(struct ss_canon *canon)
{
    uint32_t slots = ss_schema_size(canon->batch->schema);
    if (!canon->alone)
        return ss_arena_zalloc(&canon->batch->arena[0], slots * sizeof *canon->shared);
    if (!canon->shared)
        canon->shared = ss_arena_zalloc(&canon->batch->arena[0], slots * sizeof *canon->shared);
    if (canon->shared)
        canon->shared[SS_TXN_ID].type = canon->shared[SS_TYPE].type = SS_JSON_ABSENT;
    return canon->shared;
}

static char *scratch(struct ss_canon *canon, size_t bytes)
{
    canon->reason = NULL;
    return ss_arena_alloc(&canon->batch->arena[0], bytes + SS_JSON_PADDING);
}

/* A cell with doubled quotes, or several cells with `between` between them, as one text. p == NULL: no
 * memory. */
static struct ss_str gather(struct ss_canon *canon, const struct ss_op *op, const char *window,
                            const struct ss_csv_cell *cell, char between)
{
    size_t room = op->columns, n = 0;
    for (uint32_t i = 0; i < op->columns; i++)
        room += cell[op->column[i]].len;
    char *to = scratch(canon, room);
    for (uint32_t i = 0; to && i < op->columns; i++) {
        const struct ss_csv_cell *c = &cell[op->column[i]];
        if (i)
            to[n++] = between;
        if (c->doubled) {
            n += ss_csv_unquote(window + c->at, c->len, to + n);
        } else {
            memcpy(to + n, window + c->at, c->len);
            n += c->len;
        }
    }
    return (struct ss_str){to, n};
}

/* Nothing to join: a text that is empty, but for the blanks between. */
static bool all_empty(const struct ss_op *op, const struct ss_csv_cell *cell)
{
    for (uint32_t i = 0; i < op->columns; i++)
        if (cell[op->column[i]].len)
            return false;
    return true;
}

/* The rare kinds of op. */
static char *emit_other(struct ss_canon *canon, const struct ss_op *op, struct ss_record *rec,
                        const char *window, const struct ss_csv_row *row, const struct ss_csv_cell *cell,
                        char *p, char *base)
{
    if (op->kind == SS_OP_CONSTANT || op->kind == SS_OP_ROW)
        return ss_emit_made(canon, op, rec, p, base);
    if (op->kind == SS_OP_HASH && op->columns == 0)
        return ss_emit(canon, op, rec, (struct ss_str){window + row->at, row->len}, p, base);
    if (all_empty(op, cell))
        return p;
    struct ss_str text = gather(canon, op, window, cell, op->kind == SS_OP_HASH ? '\x1f' : ' ');
    return text.p ? ss_emit(canon, op, rec, text, p, base) : NULL;
}

/* Most cells are plain numbers of no special meaning: those need no call. */
static inline char *emit_cell(struct ss_canon *canon, const struct ss_op *op, struct ss_record *rec,
                              struct ss_str text, char *p, char *base)
{
    if (op->kind <= SS_OP_ID &&
        SS_LIKELY(ss_number_kind(text) >= (op->kind == SS_OP_ID ? SS_NUMBER_INTEGER : SS_NUMBER_OTHER)))
        return ss_emit_raw(op, rec, text, p, base);
    return ss_emit(canon, op, rec, text, p, base);
}

static void sniff(struct ss_plan *plan, const char *window, const struct ss_csv_cell *cell)
{
    plan->sniffed++;
    for (uint32_t c = 0; c < plan->columns; c++)
        plan->pan_like[c] +=
            cell[c].len >= 13 && ss_pan_looks_like((struct ss_str){window + cell[c].at, cell[c].len});
}

int ss_canon_row(struct ss_canon *canon, struct ss_plan *plan, struct ss_record *rec, const char *window,
                 const struct ss_csv_row *row, const struct ss_csv_cell *cell)
{
    rec->field = ss_canon_fields(canon);
    char *base = ss_emit_room(canon, plan->fixed_bytes + plan->copies * 6 * row->len + 2), *p = base;
    if (!rec->field || !base)
        return SS_ENOMEM;
    canon->row++;
    if (SS_UNLIKELY(plan->sniffed < SS_PLAN_SNIFF_ROWS))
        sniff(plan, window, cell);
    canon->reason = NULL;
    for (const struct ss_op *op = plan->op, *end = op + plan->n; p && op < end; op++) {
        const struct ss_csv_cell *c = op->columns ? &cell[*op->column] : NULL;
        if (SS_UNLIKELY(op->columns != 1 || c->doubled))
            p = emit_other(canon, op, rec, window, row, cell, p, base);
        else if (SS_LIKELY(c->len))
            p = emit_cell(canon, op, rec, (struct ss_str){window + c->at, c->len}, p, base);
    }
    if (SS_LIKELY(p && ss_emit_complete(canon, rec))) {
        p += p == base;
        *base = '{';
        *p++ = '}';
        rec->text = base;
        rec->len = (uint32_t)(p - base);
        canon->out = p;
        return 0;
    }
    if (!canon->reason)
        return SS_ENOMEM;
    memset(rec->field, 0, ss_schema_size(canon->batch->schema) * sizeof *rec->field);
    rec->has_time = rec->has_amount = false;
    rec->text = window + row->at;
    rec->len = (uint32_t)row->len;
    ss_record_reject(rec, "ingest", canon->reason);
    return 0;
}
