/* Any line: read, given members, written. What leaves must again be a record, with the same fields and the
 * new members; what was rejected must have a reason. */
#include "record/batch.h"
#include "record/score.h"
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const unsigned char *bytes, size_t len);

static void must(bool condition)
{
    if (!condition)
        abort();
}

static struct ss_record *read_copy(struct ss_batch *batch, const void *bytes, size_t len)
{
    struct ss_record *rec = ss_batch_add(batch);
    char *copy = malloc(len + SS_JSON_PADDING);
    must(rec && copy);
    if (len)
        memcpy(copy, bytes, len);
    memset(copy + len, '"', SS_JSON_PADDING);
    must(ss_record_read(batch, rec, copy, len) == 0);
    return rec;
}

static void same_fields(const struct ss_record *a, const struct ss_record *b)
{
    for (int i = 0; i < SS_FIRST_MEMBER; i++) {
        must(a->field[i].type == b->field[i].type && a->field[i].len == b->field[i].len);
        must(!a->field[i].len || memcmp(a->field[i].val, b->field[i].val, a->field[i].len) == 0);
    }
    must(a->has_time == b->has_time && a->time_us == b->time_us);
    must(a->has_amount == b->has_amount && a->amount == b->amount);
    must(ss_record_label(a) == ss_record_label(b));
}

static void round_trip(struct ss_batch *batch, const struct ss_record *rec, struct ss_buf *out)
{
    struct ss_score score;
    (void)ss_record_score(rec, &score);
    for (int i = 0; i < SS_FIRST_MEMBER; i++) {
        (void)ss_record_text(rec, i, &batch->arena[0]);
        (void)ss_record_number(rec, i);
    }
    struct ss_record changed = *rec;
    ss_record_set(&changed, SS_SCORE, SS_STR("{\"value\":0.5}"));
    ss_record_set(&changed, SS_FEATURES, SS_STR("[1]"));
    ss_buf_reset(out);
    ss_record_write(&changed, out);
    must(ss_buf_check(out) == 0 && out->n && out->p[out->n - 1] == '\n');
    struct ss_record first = *rec; /* adding to the batch may move it */
    const struct ss_record *again = read_copy(batch, out->p, out->n - 1);
    must(again->fate == SS_KEEP);
    must(ss_str_is(ss_record_member(again, SS_SCORE), "{\"value\":0.5}"));
    must(ss_str_is(ss_record_member(again, SS_FEATURES), "[1]"));
    same_fields(&first, again);
    free((char *)again->text);
}

int LLVMFuzzerTestOneInput(const unsigned char *bytes, size_t len)
{
    struct ss_schema schema;
    struct ss_batch batch;
    struct ss_buf out;
    must(ss_schema_init(&schema) == 0 && ss_batch_init(&batch, &schema, 1) == 0);
    ss_buf_init(&out, 1 << 26);
    const struct ss_record *rec = read_copy(&batch, bytes, len);
    const char *text = rec->text;
    if (rec->fate == SS_KEEP)
        round_trip(&batch, rec, &out);
    else
        must(rec->fate == SS_REJECT && rec->reason && rec->reason[0]);
    free((char *)text);
    ss_buf_free(&out);
    ss_batch_free(&batch);
    ss_schema_free(&schema);
    return 0;
}
