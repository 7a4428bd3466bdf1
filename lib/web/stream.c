#include "web/stream.h"
#include "base/err.h"
#include "record/batch.h"
#include "web/payment_in.h"
#include <stdlib.h>

/* One call's payment on its way. */
struct item {
    struct ss_call *call;
    struct ss_str id;
    bool put; /* to be acknowledged */
};

struct ss_stream_desk {
    struct ss_stream_out out;
    struct ss_schema schema;
    struct ss_batch batch;
    int key; /* its slot */
    struct ss_buf line;
    struct item item[SS_STREAM_MAX];
};

int ss_stream_open(struct ss_stream *stream, const struct ss_stream_out *out)
{
    struct ss_stream_desk *desk = calloc(1, sizeof *desk);
    if (!desk)
        return ss_fail(SS_ENOMEM, "out of memory");
    stream->desk = desk;
    desk->out = *out;
    ss_buf_init(&desk->line, (size_t)4 << 20);
    int err = ss_schema_init(&desk->schema);
    if (!err)
        err = desk->key = ss_schema_slot(&desk->schema, ss_str_of(out->key));
    if (err >= 0)
        err = ss_batch_init(&desk->batch, &desk->schema, 1);
    return err;
}

void ss_stream_close(struct ss_stream *stream)
{
    struct ss_stream_desk *desk = stream->desk;
    if (!desk)
        return;
    ss_batch_free(&desk->batch);
    ss_schema_free(&desk->schema);
    ss_buf_free(&desk->line);
    free(desk);
    stream->desk = NULL;
}

/* A message is one line, whatever lay between its members. */
static void make_one_line(char *text, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (text[i] == '\n' || text[i] == '\r')
            text[i] = ' ';
}

/* Reads the payment as the stages that will decide it do. SS_EDATA: answered. */
static int read_record(struct ss_stream_desk *desk, struct ss_call *call, struct ss_str text,
                       struct ss_record **found)
{
    struct ss_batch *batch = &desk->batch;
    struct ss_record *rec = ss_batch_add(batch);
    char *copy = rec ? ss_batch_copy(batch, text.p, text.n) : NULL;
    int err = copy ? ss_record_read(batch, rec, copy, text.n) : SS_ENOMEM;
    if (err)
        return err;
    if (rec->fate != SS_KEEP)
        return ss_payment_in_refuse(call, "payment", rec->reason);
    if (!rec->has_time)
        return ss_payment_in_refuse(call, "payment", "timestamp missing or malformed");
    if (!rec->has_amount)
        return ss_payment_in_refuse(call, "payment", "amount missing or malformed");
    make_one_line(copy, text.n);
    for (int slot = SS_FEATURES; slot < SS_PACED; slot++) /* who posts a payment does not score it */
        if (rec->field[slot].type != SS_JSON_ABSENT)
            ss_record_set(rec, (enum ss_slot)slot, (struct ss_str){NULL, 0});
    *found = rec;
    return 0;
}

static int put(struct ss_stream_desk *desk, struct item *item)
{
    struct ss_arena *arena = &desk->batch.arena[0];
    struct ss_str text = item->call->req.body;
    struct ss_record *rec = NULL;
    int err = ss_payment_in_read(item->call, item->call->web->pan, arena, &text, &item->id);
    if (!err)
        err = read_record(desk, item->call, text, &rec);
    if (err)
        return err;
    struct ss_str key = ss_record_text(rec, desk->key, arena);
    ss_buf_reset(&desk->line);
    ss_record_write(rec, &desk->line);
    err = ss_buf_check(&desk->line);
    if (!err)
        err = desk->out.put(desk->out.ctx, key, (struct ss_str){desk->line.p, desk->line.n - 1});
    item->put = !err;
    if (err == SS_EDATA)
        ss_problem(item->call, 413, "too_large", "the stream takes no message of this length");
    return err;
}

static int away(struct ss_call *call)
{
    call->res.retry_after_s = 1;
    return ss_problem(call, 503, "away",
                      "the stream has not acknowledged the payment; send it again with the same txn_id");
}

static void accept(const struct ss_stream_desk *desk, const struct item *item)
{
    struct ss_buf *to = &item->call->res.body;
    ss_answer_created(item->call, "/api/v1/payments", item->id);
    item->call->res.status = 202;
    ss_buf_putc(to, '{');
    ss_put_text_of(to, "txn_id", item->id);
    ss_put_text_of(to, "status", SS_STR("accepted"));
    ss_put_text_of(to, "stream", ss_str_of(desk->out.name));
    ss_buf_putc(to, '}');
}

int ss_stream_calls(struct ss_stream *stream, struct ss_call **calls, size_t n)
{
    struct ss_stream_desk *desk = stream->desk;
    int err = stream->up ? 0 : ss_fail(SS_EAWAY, "the stream is away");
    ss_batch_reset(&desk->batch);
    for (size_t i = 0; i < n; i++) {
        desk->item[i] = (struct item){.call = calls[i]};
        int why = err ? err : put(desk, &desk->item[i]);
        if (why != SS_EDATA)
            err = why;
    }
    if (!err)
        err = desk->out.sync(desk->out.ctx);
    for (size_t i = 0; i < n; i++) {
        struct item *item = &desk->item[i];
        if (item->put && !err)
            accept(desk, item);
        else if (item->put || item->call->res.status < 400)
            (void)away(item->call);
    }
    return err;
}

/* Where there is no stream, or it is away; the others are its thread's. */
static int post_to_stream(struct ss_call *call)
{
    if (call->web->stream)
        return away(call);
    return ss_problem(call, 501, "no_stream",
                      "this server hands nothing on; start it with --stream kafka://HOST:PORT/TOPIC");
}

const struct ss_route ss_routes_stream[] = {
    {SS_POST, "/api/v1/payments/stream", post_to_stream, SS_WORKERS | SS_SERVICE, "payments:write",
     SS_RUN_STREAM, (size_t)1 << 20},
    {0},
};
