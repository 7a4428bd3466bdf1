#include "flow/output.h"
#include "base/clock.h"
#include "base/err.h"
#include "json/write.h"
#include <sys/stat.h>

#define OUT_BYTES   ((size_t)256 * 1024) /* written in one go from here on, or when the input would block */
#define OUT_CEILING ((size_t)1 << 30)
/* How much, and how long, waits for more to be made lasting with it: some thousand records. */
#define HOLD_BYTES     ((size_t)16 << 20)
#define HOLD_NS        ((int64_t)50 * 1000 * 1000)
#define REJECT_RAW_MAX 1000

static int key_slot(const char *uri, struct ss_schema *schema, int *slot)
{
    char field[256];
    *slot = -1;
    int err = uri ? ss_uri_key(uri, field, sizeof field) : 0;
    if (err < 0 || !uri || !field[0])
        return err;
    *slot = ss_schema_slot(schema, ss_str_of(field));
    return *slot < 0 ? *slot : 0;
}

int ss_output_init(struct ss_output *output, const struct ss_loop_options *opt, struct ss_schema *schema,
                   struct ss_loop_counts *counts)
{
    *output = (struct ss_output){.counts = counts};
    ss_buf_init(&output->out, OUT_CEILING);
    ss_buf_init(&output->reject, OUT_CEILING);
    int err = key_slot(opt->output, schema, &output->key);
    return err ? err : key_slot(opt->rejects, schema, &output->reject_key);
}

static int check(const struct ss_loop_options *opt)
{
    struct stat stat_;
    bool both = opt->output && opt->rejects && strcmp(opt->output, opt->rejects) == 0;
    both = both && (stat(opt->output, &stat_) < 0 || S_ISREG(stat_.st_mode)); /* /dev/null takes both */
    if (both || ss_uri_same(opt->output, opt->rejects))
        return ss_fail(SS_EUSAGE, "'%s' is both output and rejects", opt->output);
    for (int i = 0; i < opt->n_inputs; i++)
        if (ss_uri_same(opt->inputs[i], opt->output) || ss_uri_same(opt->inputs[i], opt->rejects))
            return ss_fail(SS_EUSAGE, "'%s' is both input and output", opt->inputs[i]);
    return 0;
}

int ss_output_open(struct ss_output *output, const struct ss_loop_options *opt)
{
    int err = check(opt);
    return err ? err : ss_commit_open(&output->commit, opt->output ? opt->output : "-", opt->rejects);
}

static void note_latency(struct ss_output *output)
{
    if (output->n_pending && output->counts->latency) {
        int64_t now = ss_clock_mono_ns();
        for (int i = 0; i < output->n_pending; i++)
            ss_histogram_add(output->counts->latency, (uint64_t)(now - output->pending[i].arrived_ns),
                             output->pending[i].n);
    }
    output->n_pending = 0;
}

static void note_pending(struct ss_output *output, const struct ss_record *rec)
{
    if (!rec->arrived_ns)
        return;
    int last = output->n_pending - 1;
    if (last < 0 || output->pending[last].arrived_ns != rec->arrived_ns) {
        if (output->n_pending == SS_PENDING_MAX)
            return; /* many reads within one flush: the first ones stand for them */
        output->pending[++last].arrived_ns = rec->arrived_ns;
        output->pending[last].n = 0;
        output->n_pending++;
    }
    output->pending[last].n++;
}

static bool is_full(const struct ss_output *output)
{
    size_t most = output->secure ? HOLD_BYTES : OUT_BYTES;
    return output->out.n >= most || output->reject.n >= most;
}

bool ss_output_may_wait(const struct ss_output *output)
{
    return output->secure && !is_full(output) &&
           (!output->held_ns || ss_clock_mono_ns() - output->held_ns < HOLD_NS);
}

int ss_output_flush(struct ss_output *output)
{
    int err = output->secure ? output->secure(output->secure_arg) : 0;
    if (err < 0)
        return err; /* and nothing has left */
    output->held_ns = 0;
    if (output->reject.n && output->commit.rejects)
        err = ss_sink_write(output->commit.rejects, output->reject.p, output->reject.n);
    ss_buf_reset(&output->reject);
    if (!err && output->out.n)
        err = ss_sink_write(output->commit.out, output->out.p, output->out.n);
    ss_buf_reset(&output->out);
    note_latency(output);
    return err;
}

int ss_output_push(struct ss_output *output, bool more)
{
    int err = 0;
    for (int i = 0; i < 2 && !err; i++) {
        struct ss_sink *sink = i ? output->commit.out : output->commit.rejects;
        err = sink && sink->ops->push ? sink->ops->push(sink, more) : 0;
    }
    return err;
}

/* Sends `msg`, which has all but its key. */
static int send_message(struct ss_sink *sink, const struct ss_record *rec, int key, struct ss_message *msg,
                        struct ss_arena *arena)
{
    if (key >= 0 && rec->field)
        msg->key = ss_record_text(rec, key, arena);
    return sink->ops->put(sink, msg);
}

/* Sends the one line in `buf`; `msg` has its origin and labels. */
static int put(struct ss_sink *sink, struct ss_buf *buf, const struct ss_record *rec, int key,
               struct ss_message *msg, struct ss_arena *arena)
{
    int err = ss_buf_check(buf);
    if (err < 0)
        return err;
    msg->bytes = buf->p;
    msg->len = buf->n - 1;
    err = send_message(sink, rec, key, msg, arena);
    ss_buf_reset(buf);
    return err;
}

/* The dead letter in `reject` as a message, whose headers tell what its text does: tools look at those. */
static int put_reject(struct ss_output *output, const struct ss_record *rec, const char *source,
                      const struct ss_origin *origin, struct ss_arena *arena)
{
    char where[24], at[24];
    snprintf(where, sizeof where, "%d", origin ? (int)origin->partition : 0);
    snprintf(at, sizeof at, "%lld", origin ? (long long)origin->offset : (long long)rec->line);
    const struct ss_label labels[] = {{"ss.reason", ss_str_of(rec->reason)},
                                      {"ss.by", ss_str_of(rec->rejected_by)},
                                      {"ss.source", ss_str_of(source)},
                                      {origin ? "ss.offset" : "ss.line", ss_str_of(at)},
                                      {"ss.partition", ss_str_of(where)}};
    struct ss_message msg = {.origin = origin, .label = labels, .n_labels = origin ? 5 : 4};
    return put(output->commit.rejects, &output->reject, rec, output->reject_key, &msg, arena);
}

/*
 * One dead letter: {"reason":..,"by":..,"source":..,"line":..,"raw":..}, raw cut to its first 1,000 bytes; of
 * a message {...,"source":TOPIC,"partition":..,"offset":..,"raw":..}.
 */
static int write_reject(struct ss_output *output, const struct ss_record *rec, const struct ss_input *input,
                        struct ss_arena *arena)
{
    struct ss_loop_counts *counts = output->counts;
    const struct ss_origin *origin = ss_input_origin(input, rec);
    const char *source = origin ? origin->topic : ss_input_name(input, rec->source);
    if (counts->rejected++ == 0 && origin)
        snprintf(counts->first_reject, sizeof counts->first_reject, "%s[%d]@%lld: %s", source,
                 (int)origin->partition, (long long)origin->offset, rec->reason);
    else if (counts->rejected == 1)
        snprintf(counts->first_reject, sizeof counts->first_reject, "%s:%llu: %s", source,
                 (unsigned long long)rec->line, rec->reason);
    struct ss_sink *sink = output->commit.rejects;
    if (!sink)
        return 0;
    struct ss_buf *to = &output->reject;
    size_t raw = rec->len < REJECT_RAW_MAX ? rec->len : REJECT_RAW_MAX;
    ss_buf_putc(to, '{');
    ss_json_key(to, "reason");
    ss_json_put_string(to, ss_str_of(rec->reason));
    ss_json_key(to, "by");
    ss_json_put_string(to, ss_str_of(rec->rejected_by));
    ss_json_key(to, "source");
    ss_json_put_string(to, ss_str_of(source));
    if (origin) {
        ss_json_key(to, "partition");
        ss_json_put_int(to, origin->partition);
        ss_json_key(to, "offset");
        ss_json_put_int(to, origin->offset);
    } else {
        ss_json_key(to, "line");
        ss_json_put_int(to, (int64_t)rec->line);
    }
    ss_json_key(to, "raw");
    ss_json_put_string(to, (struct ss_str){rec->text, raw});
    ss_buf_put(to, "}\n", 2);
    if (!sink->ops->put)
        return 0;
    int err = put_reject(output, rec, source, origin, arena);
    return err == SS_TOO_LONG ? ss_fail(SS_EIO, "'%s' takes no messages as long as a reject's", sink->name)
                              : err;
}

static int write_kept(struct ss_output *output, struct ss_record *rec, const struct ss_input *input,
                      struct ss_arena *arena)
{
    struct ss_sink *sink = output->commit.out;
    int err = 0;
    if (sink->ops->put) {
        struct ss_message msg = {.bytes = rec->text, .len = rec->len, .origin = ss_input_origin(input, rec)};
        if (rec->n_set) {
            ss_record_write(rec, &output->out);
            err = put(sink, &output->out, rec, output->key, &msg, arena);
        } else {
            err = send_message(sink, rec, output->key, &msg, arena);
        }
        if (err == SS_TOO_LONG) { /* else one such record would end every run */
            ss_record_reject(rec, "output", sink->too_long);
            return write_reject(output, rec, input, arena);
        }
    } else {
        ss_record_write(rec, &output->out);
    }
    if (err < 0)
        return err;
    output->counts->out++;
    note_pending(output, rec);
    return 0;
}

int ss_output_batch(struct ss_output *output, struct ss_batch *batch, const struct ss_input *input)
{
    /* A message leaves at once. */
    bool messages =
        output->commit.out->ops->put || (output->commit.rejects && output->commit.rejects->ops->put);
    int err = output->secure && messages ? output->secure(output->secure_arg) : 0;
    if (output->secure && !output->held_ns)
        output->held_ns = ss_clock_mono_ns();
    for (size_t i = 0; i < batch->n && !err; i++) {
        struct ss_record *rec = &batch->rec[i];
        if (rec->fate == SS_KEEP)
            err = write_kept(output, rec, input, &batch->arena[0]);
        else if (rec->fate == SS_REJECT)
            err = write_reject(output, rec, input, &batch->arena[0]);
        else
            output->counts->dropped++;
    }
    if (!err)
        err = ss_buf_check(&output->out);
    if (!err)
        err = ss_buf_check(&output->reject);
    if (!err && is_full(output))
        err = ss_output_flush(output);
    ss_batch_reset(batch);
    return err;
}

int ss_output_close(struct ss_output *output)
{
    int err = ss_sink_close(output->commit.rejects);
    char why[1024];
    if (err < 0)
        snprintf(why, sizeof why, "%s", ss_err_text());
    int also = ss_sink_close(output->commit.out);
    output->commit.rejects = output->commit.out = NULL;
    return err < 0 ? ss_fail((enum ss_err)err, "%s", why) : also;
}

void ss_output_free(struct ss_output *output)
{
    ss_buf_free(&output->out);
    ss_buf_free(&output->reject);
}
