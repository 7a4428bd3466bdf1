#include "cmd/ss-serve/hosted.h"
#include "base/err.h"
#include "base/log.h"
#include "cmd/ss-serve/model_card.h"
#include "json/write.h"
#include "record/batch.h"
#include "store/passed.h"
#include <pthread.h>
#include <stdlib.h>

#define LINES_MEMORY ((size_t)1 << 30)
#define PASS         512 /* lines passed again at once */
#define STAGES       16
#define CARD_MEMORY  ((size_t)4 << 20)

struct ss_hosted_parts {
    struct ss_hosted_options opt;
    struct ss_host_input in[SS_BATCH_MAX];
    struct ss_host_output out[SS_BATCH_MAX];
    size_t at[SS_BATCH_MAX]; /* where each line begins in `lines` */
    struct ss_buf lines;
    bool broken;
    pthread_mutex_t lock; /* of the description */
    struct ss_buf described;
    struct ss_buf card; /* of the model */
};

static int open_host(struct ss_hosted *h)
{
    const struct ss_host_options opt = {
        .pipeline = h->parts->opt.pipeline,
        .program = "ss-serve",
        .state_path = h->parts->opt.state_path,
        .stop = h->parts->opt.stop,
    };
    int err = ss_host_open(&opt, &h->host);
    h->engine.schema = err ? NULL : ss_host_schema(h->host);
    h->parts->broken = err != 0;
    return err;
}

/* ---- the engine ---- */

/* Line by line into one buffer; pointers only once it no longer moves. */
static int give_lines(struct ss_hosted_parts *p, size_t n, struct ss_verdict *out)
{
    ss_buf_reset(&p->lines);
    for (size_t i = 0; i < n; i++) {
        p->at[i] = p->lines.n;
        if (p->out[i].fate == SS_KEEP)
            ss_record_write(p->out[i].rec, &p->lines);
    }
    int err = ss_buf_check(&p->lines);
    for (size_t i = 0; i < n && !err; i++) {
        size_t end = i + 1 < n ? p->at[i + 1] : p->lines.n;
        bool kept = p->out[i].fate == SS_KEEP;
        out[i] = (struct ss_verdict){
            .rec = kept ? p->out[i].rec : NULL,
            .reason = p->out[i].fate == SS_REJECT ? p->out[i].reason : NULL,
            .line =
                kept ? (struct ss_str){p->lines.p + p->at[i], end - p->at[i] - 1} : (struct ss_str){NULL, 0},
        };
    }
    return err;
}

static int evaluate(struct ss_engine *engine, const struct ss_str *text, size_t n, struct ss_verdict *out,
                    int (*how)(struct ss_host *, const struct ss_host_input *, size_t,
                               struct ss_host_output *))
{
    struct ss_hosted *h = (struct ss_hosted *)engine;
    if (h->parts->broken)
        return ss_fail(SS_EAWAY, "the pipeline is not ready");
    for (size_t i = 0; i < n; i++)
        h->parts->in[i] = (struct ss_host_input){.text = text[i]};
    int err = how(h->host, h->parts->in, n, h->parts->out);
    if (err)
        h->parts->broken = true;
    return err ? err : give_lines(h->parts, n, out);
}

static int run(struct ss_engine *engine, const struct ss_str *text, size_t n, struct ss_verdict *out)
{
    return evaluate(engine, text, n, out, ss_host_run);
}

static int attempt(struct ss_engine *engine, const struct ss_str *text, size_t n, struct ss_verdict *out)
{
    return evaluate(engine, text, n, out, ss_host_try);
}

static void describe(struct ss_engine *engine, struct ss_buf *to)
{
    struct ss_hosted *h = (struct ss_hosted *)engine;
    pthread_mutex_lock(&h->parts->lock);
    ss_buf_put(to, h->parts->described.p, h->parts->described.n);
    pthread_mutex_unlock(&h->parts->lock);
}

/* A card that cannot be made is no reason not to score: it is missing. */
static void make_card(struct ss_hosted *h)
{
    struct ss_buf card;
    ss_buf_init(&card, CARD_MEMORY);
    if (ss_model_card(h->parts->opt.pipeline, &card)) {
        ss_warn("no model card: %s", ss_err_text());
        ss_buf_reset(&card);
    }
    pthread_mutex_lock(&h->parts->lock);
    struct ss_buf old = h->parts->card;
    h->parts->card = card;
    pthread_mutex_unlock(&h->parts->lock);
    ss_buf_free(&old);
}

static void model(struct ss_engine *engine, struct ss_buf *to)
{
    struct ss_hosted *h = (struct ss_hosted *)engine;
    pthread_mutex_lock(&h->parts->lock);
    ss_buf_put(to, h->parts->card.p, h->parts->card.n);
    pthread_mutex_unlock(&h->parts->lock);
}

static int reload(struct ss_engine *engine)
{
    struct ss_hosted *h = (struct ss_hosted *)engine;
    if (h->parts->broken)
        return ss_fail(SS_EAWAY, "the pipeline is not ready");
    char before[64];
    snprintf(before, sizeof before, "%s", ss_host_version(h->host, "score"));
    int err = ss_host_reload(h->host);
    if (!err && strcmp(before, ss_host_version(h->host, "score")) != 0)
        make_card(h);
    return err;
}

static const struct ss_engine_ops ops = {
    .run = run, .attempt = attempt, .describe = describe, .model = model, .reload = reload};

/* ---- what it is ---- */

static void put_stage(struct ss_buf *to, const struct ss_host_stage *stage)
{
    ss_buf_putc(to, '{');
    ss_json_key(to, "name");
    ss_json_put_string(to, ss_str_of(stage->name));
    ss_json_key(to, "version");
    ss_json_put_string(to, ss_str_of(stage->status.version));
    ss_json_key(to, "records");
    ss_json_put_int(to, (int64_t)stage->records);
    ss_json_key(to, "busy_ns");
    ss_json_put_int(to, stage->busy_ns);
    ss_json_key(to, "p50_us");
    ss_json_put_double(to, (double)(ss_histogram_quantile(stage->latency_ns, 0.5) / 10) / 100);
    ss_json_key(to, "p99_us");
    ss_json_put_double(to, (double)(ss_histogram_quantile(stage->latency_ns, 0.99) / 10) / 100);
    for (int i = 0; i < stage->status.n; i++) {
        ss_json_key(to, stage->status.number[i].name);
        ss_json_put_int(to, (int64_t)stage->status.number[i].value);
    }
    ss_buf_putc(to, '}');
}

void ss_hosted_look(struct ss_hosted *h)
{
    struct ss_host_stage stage[STAGES];
    struct ss_host_counts counts = {0};
    int n = h->host ? ss_host_stages(h->host, stage, STAGES) : 0;
    if (h->host)
        ss_host_counts(h->host, &counts);
    pthread_mutex_lock(&h->parts->lock);
    struct ss_buf *to = &h->parts->described;
    ss_buf_reset(to);
    ss_buf_putc(to, '{');
    ss_json_key(to, "pipeline");
    ss_json_put_string(to, ss_str_of(h->parts->opt.pipeline));
    for (int i = 0; i < n && i < STAGES; i++)
        if (*stage[i].status.version) {
            ss_json_key(to, strcmp(stage[i].name, "score") == 0 ? "model" : stage[i].name);
            ss_json_put_string(to, ss_str_of(stage[i].status.version));
        }
    ss_json_key(to, "healthy");
    ss_buf_puts(to, h->parts->broken ? "false" : "true");
    ss_json_key(to, "runs");
    ss_json_put_int(to, (int64_t)counts.in);
    ss_json_key(to, "rejected");
    ss_json_put_int(to, (int64_t)counts.rejected);
    ss_json_key(to, "tried");
    ss_json_put_int(to, (int64_t)counts.tried);
    ss_json_key(to, "snapshot_seq");
    ss_json_put_int(to, (int64_t)counts.position);
    ss_json_key(to, "failed_snapshots");
    ss_json_put_int(to, (int64_t)counts.failed_saves);
    ss_json_open(to, "stages", '[');
    for (int i = 0; i < n && i < STAGES; i++) {
        ss_json_next(to);
        put_stage(to, &stage[i]);
    }
    ss_buf_puts(to, "]}");
    pthread_mutex_unlock(&h->parts->lock);
}

/* ---- begin and end ---- */

/* Where to go on: behind the snapshot, or at the newest `warm_us` of event time. */
static int first_place(struct ss_hosted *h, struct ss_db *db, int64_t *seq)
{
    bool found;
    *seq = (int64_t)ss_host_position(h->host, &found);
    return found ? 0 : ss_passed_before(db, h->parts->opt.warm_us, seq);
}

static int pass_again(struct ss_hosted *h, struct ss_db *db)
{
    struct ss_str line[PASS];
    struct ss_arena arena;
    int64_t seq = 0, n = 0, all = 0;
    ss_arena_init(&arena, (size_t)1 << 30);
    int err = first_place(h, db, &seq);
    while (!err && (n = ss_passed_next(db, &seq, line, PASS, &arena)) > 0) {
        for (int64_t i = 0; i < n; i++)
            h->parts->in[i] = (struct ss_host_input){.text = line[i]};
        err = ss_host_run(h->host, h->parts->in, (size_t)n, h->parts->out);
        ss_arena_reset(&arena);
        all += n;
        if (h->parts->opt.stop && *h->parts->opt.stop)
            break;
    }
    ss_arena_free(&arena);
    if (all)
        ss_info("%lld payments of the store passed the pipeline again", (long long)all);
    h->parts->broken = err != 0;
    return err ? err : n < 0 ? (int)n : 0;
}

int ss_hosted_open(const struct ss_hosted_options *opt, struct ss_db *db, struct ss_hosted **out)
{
    if (strstr(opt->pipeline, "--lateness"))
        return ss_fail(SS_EUSAGE, "a server answers at once, and --lateness holds payments back");
    struct ss_hosted *h = calloc(1, sizeof *h);
    struct ss_hosted_parts *parts = calloc(1, sizeof *parts);
    if (!h || !parts) {
        free(h);
        free(parts);
        return ss_fail(SS_ENOMEM, "out of memory");
    }
    h->engine.ops = &ops;
    h->parts = parts;
    parts->opt = *opt;
    pthread_mutex_init(&parts->lock, NULL);
    ss_buf_init(&parts->lines, LINES_MEMORY);
    ss_buf_init(&parts->described, (size_t)1 << 16);
    ss_buf_init(&parts->card, CARD_MEMORY);
    *out = h;
    int err = open_host(h);
    if (!err)
        err = pass_again(h, db);
    make_card(h);
    ss_hosted_look(h);
    return err;
}

int ss_hosted_mend(struct ss_hosted *h, struct ss_db *db)
{
    ss_host_close(h->host);
    h->host = NULL;
    int err = open_host(h);
    return err ? err : pass_again(h, db);
}

bool ss_hosted_broken(const struct ss_hosted *h)
{
    return h->parts->broken;
}

int ss_hosted_save_soon(struct ss_hosted *h, int64_t seq)
{
    if (h->parts->broken || !h->parts->opt.state_path)
        return 0;
    int err = ss_host_save_poll(h->host, false);
    return err < 0 ? err : ss_host_save_begin(h->host, (uint64_t)seq);
}

static int leave(void *arg, const struct ss_record *rec)
{
    (void)arg;
    (void)rec;
    return 0;
}

int ss_hosted_close(struct ss_hosted *h, int64_t seq)
{
    int err = 0;
    if (!h)
        return 0;
    if (h->host && !h->parts->broken) {
        int saved = ss_host_save_poll(h->host, true);
        err = saved < 0 ? saved : 0;
        int finished = ss_host_finish(h->host, leave, NULL);
        if (h->parts->opt.state_path && !finished)
            err = ss_host_save(h->host, (uint64_t)seq);
        err = err ? err : finished;
    }
    ss_host_close(h->host);
    ss_buf_free(&h->parts->lines);
    ss_buf_free(&h->parts->described);
    ss_buf_free(&h->parts->card);
    pthread_mutex_destroy(&h->parts->lock);
    free(h->parts);
    free(h);
    return err;
}
