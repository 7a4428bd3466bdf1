#include "feature/hold.h"
#include "base/err.h"
#include <stdlib.h>
#include <string.h>

#define TEXT_MAX ((uint32_t)1 << 30) /* no record is longer */

struct ss_held {
    int64_t time_us, arrived_ns;
    uint64_t arrival, line, record_no;
    uint32_t source, id_len, len, pad;
    char text[]; /* the id, then the record */
};

_Static_assert(sizeof(struct ss_held) == 56, "of states: another size is another MAGIC in save.c");

void ss_hold_init(struct ss_hold *hold, int64_t lateness_us)
{
    *hold = (struct ss_hold){.lateness_us = lateness_us, .newest_us = INT64_MIN};
}

void ss_hold_free(struct ss_hold *hold)
{
    for (size_t i = 0; i < hold->n; i++)
        free(hold->heap[i]);
    free(hold->heap);
    *hold = (struct ss_hold){.lateness_us = hold->lateness_us, .newest_us = INT64_MIN};
}

static bool before(const struct ss_held *a, const struct ss_held *b)
{
    if (a->time_us != b->time_us)
        return a->time_us < b->time_us;
    int c = memcmp(a->text, b->text, a->id_len < b->id_len ? a->id_len : b->id_len);
    if (c != 0 || a->id_len != b->id_len)
        return c != 0 ? c < 0 : a->id_len < b->id_len;
    return a->arrival < b->arrival;
}

static int push(struct ss_hold *hold, struct ss_held *held)
{
    if (hold->n == hold->cap) {
        size_t cap = hold->cap ? hold->cap * 2 : 1024;
        struct ss_held **heap = realloc(hold->heap, cap * sizeof(struct ss_held *));
        if (!heap) {
            free(held);
            return ss_fail(SS_ENOMEM, "out of memory for %zu held records", cap);
        }
        hold->heap = heap;
        hold->cap = cap;
    }
    size_t i = hold->n++;
    for (; i > 0 && before(held, hold->heap[(i - 1) / 2]); i = (i - 1) / 2)
        hold->heap[i] = hold->heap[(i - 1) / 2];
    hold->heap[i] = held;
    hold->bytes += sizeof *held + held->id_len + held->len;
    return 0;
}

static struct ss_held *pop(struct ss_hold *hold)
{
    struct ss_held *top = hold->heap[0], *last = hold->heap[--hold->n];
    size_t i = 0;
    for (size_t kid = 1; kid < hold->n; kid = 2 * i + 1) {
        kid += kid + 1 < hold->n && before(hold->heap[kid + 1], hold->heap[kid]);
        if (!before(hold->heap[kid], last))
            break;
        hold->heap[i] = hold->heap[kid];
        i = kid;
    }
    hold->heap[i] = last;
    hold->bytes -= sizeof *top + top->id_len + top->len;
    return top;
}

static int take(struct ss_hold *hold, const struct ss_record *rec, struct ss_buf *text,
                struct ss_arena *arena)
{
    struct ss_str id = ss_record_text(rec, SS_TXN_ID, arena);
    ss_buf_reset(text);
    ss_record_write(rec, text);
    if (ss_buf_check(text) < 0)
        return SS_ENOMEM;
    uint32_t len = (uint32_t)text->n - 1, id_len = id.p ? (uint32_t)id.n : 0; /* without the newline */
    struct ss_held *held = malloc(sizeof *held + id_len + len);
    if (!held)
        return ss_fail(SS_ENOMEM, "out of memory for a held record");
    *held = (struct ss_held){.time_us = rec->time_us,
                             .arrived_ns = rec->arrived_ns,
                             .arrival = hold->arrivals++,
                             .line = rec->line,
                             .record_no = rec->record_no,
                             .source = rec->source,
                             .id_len = id_len,
                             .len = len};
    if (id_len)
        memcpy(held->text, id.p, id_len);
    memcpy(held->text + id_len, text->p, len);
    return push(hold, held);
}

static int give(struct ss_hold *hold, struct ss_batch *batch)
{
    struct ss_held *held = pop(hold);
    char *copy = ss_batch_copy(batch, held->text + held->id_len, held->len);
    struct ss_record *rec = copy ? ss_batch_add(batch) : NULL;
    int err = rec ? ss_record_read(batch, rec, copy, held->len) : SS_ENOMEM;
    if (!err) {
        rec->arrived_ns = held->arrived_ns;
        rec->line = held->line;
        rec->record_no = held->record_no;
        rec->source = held->source;
    }
    free(held);
    return err;
}

int ss_hold_pass(struct ss_hold *hold, struct ss_batch *batch)
{
    size_t n = hold->lateness_us ? batch->n : 0;
    struct ss_buf text;
    ss_buf_init(&text, TEXT_MAX);
    int err = 0;
    /* One by one, so that the order does not depend on where a batch ends. */
    for (size_t i = 0; i < n && !err; i++) {
        const struct ss_record *rec = &batch->rec[i];
        if (rec->fate != SS_KEEP || !rec->has_time || !(rec->has_amount || ss_record_is_label(rec)))
            continue; /* to be rejected behind us */
        if (rec->time_us > hold->newest_us)
            hold->newest_us = rec->time_us;
        err = take(hold, rec, &text, &batch->arena[0]);
        batch->rec[i].fate = SS_DROP;
        while (!err && hold->n &&
               (hold->heap[0]->time_us <= hold->newest_us - hold->lateness_us || hold->bytes > SS_HOLD_MAX))
            err = give(hold, batch);
    }
    ss_buf_free(&text);
    return err;
}

int ss_hold_release(struct ss_hold *hold, struct ss_batch *batch)
{
    int err = 0;
    while (hold->n && !err)
        err = give(hold, batch);
    return err;
}

int ss_hold_save(const struct ss_hold *hold, ss_feature_write *write, void *to)
{
    uint64_t head[3] = {hold->n, hold->arrivals, (uint64_t)hold->newest_us};
    int err = write(to, head, sizeof head);
    for (size_t i = 0; i < hold->n && !err; i++)
        err = write(to, hold->heap[i], sizeof(struct ss_held) + hold->heap[i]->id_len + hold->heap[i]->len);
    return err;
}

int ss_hold_load(struct ss_hold *hold, ss_feature_read *read, void *from)
{
    uint64_t head[3];
    int err = read(from, head, sizeof head);
    for (uint64_t i = 0; !err && i < head[0]; i++) {
        struct ss_held fixed;
        err = read(from, &fixed, sizeof fixed);
        if (!err && (fixed.len > TEXT_MAX || fixed.id_len > TEXT_MAX))
            err = ss_fail(SS_EDATA, "state of features is damaged");
        struct ss_held *held = err ? NULL : malloc(sizeof *held + fixed.id_len + fixed.len);
        if (!held)
            return err ? err : ss_fail(SS_ENOMEM, "out of memory for a held record");
        *held = fixed;
        err = read(from, held->text, (size_t)held->id_len + held->len);
        if (err)
            free(held);
        else
            err = push(hold, held);
    }
    if (!err) {
        hold->arrivals = head[1];
        hold->newest_us = (int64_t)head[2];
    }
    return err;
}
