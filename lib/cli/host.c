#include "cli/host.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"
#include "cli/pipeline.h"
#include "flow/aside.h"
#include "flow/checkpoint.h"
#include "flow/loop.h"
#include "flow/parts.h"
#include <stdlib.h>

/* Below so many records, waking the workers takes longer than their help saves. */
#define ALONE_BELOW 64
#define TEXT_MAX    ((size_t)1 << 30)

struct ss_host {
    struct ss_chain chain;
    struct ss_arena words; /* of the pipeline's text */
    struct ss_host_options opt;
    uint64_t records; /* run so far */
    size_t texts;     /* of the last run, in front of the batch's extra records */
    bool found, finished;
    struct ss_buf line;
    struct ss_host_counts counts;
    struct ss_histogram run_ns, try_ns, stage_ns[SS_CHAIN_MAX];
    char version[sizeof((struct ss_stage_status){0}.version)];
    struct ss_aside saving; /* the child that writes a snapshot */
    uint64_t saving_position;
};

/* --- opening --- */

static int check_stages(const struct ss_chain *chain)
{
    for (int i = 0; i < chain->n; i++) {
        const struct ss_stage *stage = chain->link[i].stage;
        if (stage->fill && !stage->step)
            return ss_fail(SS_EUSAGE, "'%s' makes records of its own: a hosted pipeline is given its records",
                           stage->name);
        if (!stage->hosted)
            return ss_fail(SS_EUSAGE, "'%s' cannot be part of a hosted pipeline", stage->name);
    }
    return 0;
}

static int start(struct ss_host *host)
{
    struct ss_chain *chain = &host->chain;
    const struct ss_host_options *opt = &host->opt;
    struct ss_env env = {.program = opt->program,
                         .state_path = opt->state_path,
                         .max_record = opt->max_record,
                         .hosted = true,
                         .stop = opt->stop};
    for (size_t i = 0; i < opt->n_fields; i++)
        if (ss_schema_slot(&chain->schema, ss_str_of(opt->fields[i])) < 0)
            return SS_EUSAGE;
    int err = ss_chain_start(chain, &env);
    for (int i = 0; i < chain->n && !err; i++) {
        chain->link[i].latency_ns = &host->stage_ns[i];
        if (chain->link[i].env.no_input)
            err = ss_fail(SS_EUSAGE, "'%s' was told to read no records", chain->link[i].stage->name);
    }
    if (err || !opt->state_path)
        return err;
    err = ss_checkpoint_load(opt->state_path, chain, &host->counts.position, &host->found);
    if (!err)
        ss_info("%s state '%s'", host->found ? "went on from" : "will make", opt->state_path);
    return err;
}

static int open_host(struct ss_host *host)
{
    struct ss_chain *chain = &host->chain;
    int jobs = host->opt.jobs;
    int err = ss_chain_init(chain, jobs < 1 ? 1 : jobs > SS_WORKERS_MAX ? SS_WORKERS_MAX : jobs);
    if (err < 0)
        return err;
    chain->measure = true;
    chain->alone_below = ALONE_BELOW;
    err = ss_pipeline_build(host->opt.pipeline, &host->words, chain, NULL);
    err = err ? err : check_stages(chain);
    return err ? err : start(host);
}

int ss_host_open(const struct ss_host_options *opt, struct ss_host **out)
{
    *out = NULL;
    struct ss_host *host = calloc(1, sizeof *host);
    if (!host)
        return ss_fail(SS_ENOMEM, "out of memory for a pipeline");
    host->opt = *opt;
    if (!host->opt.max_record)
        host->opt.max_record = SS_MAX_RECORD_DEFAULT;
    ss_arena_init(&host->words, 1 << 24);
    ss_buf_init(&host->line, TEXT_MAX);
    host->counts.run_ns = &host->run_ns;
    host->counts.try_ns = &host->try_ns;
    int err = open_host(host);
    if (err < 0) {
        char why[1024];
        snprintf(why, sizeof why, "%s", ss_err_text());
        ss_host_close(host);
        return ss_fail((enum ss_err)err, "%s", why);
    }
    *out = host;
    return 0;
}

void ss_host_close(struct ss_host *host)
{
    if (!host)
        return;
    if (ss_host_save_poll(host, true) < 0)
        ss_warn("%s", ss_err_text());
    ss_chain_free(&host->chain);
    ss_arena_free(&host->words);
    ss_buf_free(&host->line);
    free(host);
}

/* --- records --- */

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static struct ss_str trim(struct ss_str s)
{
    while (s.n && is_blank(s.p[0])) {
        s.p++;
        s.n--;
    }
    while (s.n && is_blank(s.p[s.n - 1]))
        s.n--;
    return s;
}

/* In valid JSON a line end stands between values only: a blank says the same, and a record is one line. */
static void make_one_line(char *text, size_t n)
{
    for (char *p = text; (p = memchr(p, '\n', n - (size_t)(p - text)));)
        *p = ' ';
    for (char *p = text; (p = memchr(p, '\r', n - (size_t)(p - text)));)
        *p = ' ';
}

/* Reads the record anew without the members that are the stages' to make. */
static int take_members_out(struct ss_host *host, struct ss_record *rec)
{
    struct ss_batch *batch = &host->chain.batch;
    int found = 0;
    for (int slot = SS_FEATURES; slot < SS_PACED; slot++)
        if (rec->field[slot].type != SS_JSON_ABSENT) {
            ss_record_set(rec, (enum ss_slot)slot, (struct ss_str){NULL, 0});
            found++;
        }
    if (!found)
        return 0;
    ss_buf_reset(&host->line);
    ss_record_write(rec, &host->line);
    int err = ss_buf_check(&host->line);
    char *text = err ? NULL : ss_batch_copy(batch, host->line.p, host->line.n - 1);
    if (!text)
        return err ? err : SS_ENOMEM;
    rec->n_set = 0;
    return ss_record_read(batch, rec, text, host->line.n - 1);
}

static int take_text(struct ss_host *host, const struct ss_host_input *in, struct ss_record *rec)
{
    struct ss_batch *batch = &host->chain.batch;
    struct ss_str text = trim(in->text);
    if (text.n > host->opt.max_record) {
        rec->text = "";
        rec->field = ss_arena_zalloc(&batch->arena[0], ss_schema_size(batch->schema) * sizeof *rec->field);
        ss_record_reject(rec, "json", "record too long");
        return rec->field ? 0 : SS_ENOMEM;
    }
    char *copy = ss_batch_copy(batch, text.p, text.n);
    int err = copy ? ss_record_read(batch, rec, copy, text.n) : SS_ENOMEM;
    if (err || rec->fate != SS_KEEP)
        return err;
    make_one_line(copy, text.n);
    return in->trusted ? 0 : take_members_out(host, rec);
}

static int take_texts(struct ss_host *host, const struct ss_host_input *in, size_t n)
{
    struct ss_batch *batch = &host->chain.batch;
    ss_batch_reset(batch);
    host->texts = 0;
    if (n > SS_BATCH_MAX)
        return ss_fail(SS_EBUG, "%zu records at once: %d are the most", n, SS_BATCH_MAX);
    if (host->finished)
        return ss_fail(SS_EBUG, "a pipeline that has finished takes no more records");
    for (size_t i = 0; i < n; i++) {
        struct ss_record *rec = ss_batch_add(batch);
        if (!rec)
            return SS_ENOMEM;
        rec->line = rec->record_no = host->records + i + 1;
        int err = take_text(host, &in[i], rec);
        if (err < 0)
            return err;
    }
    host->texts = n;
    return 0;
}

static void give(struct ss_host *host, struct ss_host_output *out)
{
    for (size_t i = 0; i < host->texts; i++) {
        const struct ss_record *rec = &host->chain.batch.rec[i];
        out[i] = (struct ss_host_output){.fate = (enum ss_fate)rec->fate,
                                         .reason = rec->reason,
                                         .rejected_by = rec->rejected_by,
                                         .rec = rec};
    }
}

static void count(struct ss_host_counts *counts, const struct ss_record *rec)
{
    counts->kept += rec->fate == SS_KEEP;
    counts->dropped += rec->fate == SS_DROP;
    counts->rejected += rec->fate == SS_REJECT;
}

int ss_host_run(struct ss_host *host, const struct ss_host_input *in, size_t n, struct ss_host_output *out)
{
    int64_t began_ns = ss_clock_mono_ns();
    int err = take_texts(host, in, n);
    host->records += n;
    host->counts.runs++;
    host->counts.in += n;
    err = err ? err : ss_chain_step(&host->chain, 0);
    if (err < 0)
        return err;
    give(host, out);
    for (size_t i = 0; i < host->chain.batch.n; i++)
        count(&host->counts, &host->chain.batch.rec[i]);
    ss_histogram_add(&host->run_ns, (uint64_t)(ss_clock_mono_ns() - began_ns), n);
    return 0;
}

int ss_host_try(struct ss_host *host, const struct ss_host_input *in, size_t n, struct ss_host_output *out)
{
    int64_t began_ns = ss_clock_mono_ns();
    struct ss_batch *batch = &host->chain.batch;
    int err = take_texts(host, in, n);
    for (size_t i = 0; i < batch->n && !err; i++)
        if (batch->rec[i].fate == SS_KEEP && batch->rec[i].field[SS_TYPE].type != SS_JSON_ABSENT)
            ss_record_reject(&batch->rec[i], "try", "not a payment");
    err = err ? err : ss_chain_trial(&host->chain);
    if (err < 0)
        return err;
    give(host, out);
    host->counts.tries++;
    host->counts.tried += n;
    ss_histogram_add(&host->try_ns, (uint64_t)(ss_clock_mono_ns() - began_ns), n);
    return 0;
}

const struct ss_record *ss_host_extra(const struct ss_host *host, size_t *n)
{
    *n = host->chain.batch.n - host->texts;
    return host->chain.batch.rec + host->texts;
}

int ss_host_finish(struct ss_host *host, ss_host_leave *leave, void *arg)
{
    struct ss_chain *chain = &host->chain;
    host->finished = true;
    for (int turn = 0; turn < 2 * chain->n; turn++) {
        int i = turn / 2;
        ss_batch_reset(&chain->batch);
        int err = ss_chain_finish(chain, i, turn % 2);
        err = err || !chain->batch.n ? err : ss_chain_step(chain, i + 1);
        for (size_t k = 0; k < chain->batch.n && !err; k++) {
            count(&host->counts, &chain->batch.rec[k]);
            if (leave && chain->batch.rec[k].fate != SS_DROP)
                err = leave(arg, &chain->batch.rec[k]);
        }
        if (err < 0)
            return err;
    }
    return 0;
}

int ss_host_reload(struct ss_host *host)
{
    char why[1024] = "";
    int first = 0;
    for (int i = 0; i < host->chain.n; i++) {
        const struct ss_link *link = &host->chain.link[i];
        int err = link->stage->reload ? link->stage->reload(link->st) : 0;
        if (err >= 0)
            continue;
        ss_warn("%s: what '%s' uses stays", ss_err_text(), link->stage->name);
        if (!first)
            snprintf(why, sizeof why, "%s", ss_err_text());
        first = first ? first : err;
    }
    return first ? ss_fail((enum ss_err)first, "%s", why) : 0;
}

/* --- state --- */

uint64_t ss_host_position(const struct ss_host *host, bool *found)
{
    *found = host->found;
    return host->counts.position;
}

static int saved(struct ss_host *host, int err, uint64_t position)
{
    if (err < 0) {
        host->counts.failed_saves++;
        return err;
    }
    host->counts.saves++;
    host->counts.position = position;
    return 0;
}

int ss_host_save(struct ss_host *host, uint64_t position)
{
    int err = ss_host_save_poll(host, true);
    if (err < 0)
        ss_warn("%s", ss_err_text());
    if (!host->opt.state_path)
        return 0;
    return saved(host, ss_checkpoint_save(host->opt.state_path, &host->chain, position), position);
}

static int save_in_child(void *arg)
{
    const struct ss_host *host = arg;
    return ss_checkpoint_save(host->opt.state_path, &host->chain, host->saving_position);
}

int ss_host_save_begin(struct ss_host *host, uint64_t position)
{
    int err = ss_host_save_poll(host, true);
    if (err < 0)
        ss_warn("%s", ss_err_text());
    if (!host->opt.state_path)
        return 0;
    host->saving_position = position;
    return ss_aside_begin(&host->saving, save_in_child, host);
}

int ss_host_save_poll(struct ss_host *host, bool wait)
{
    int err = ss_aside_poll(&host->saving, wait);
    if (!err)
        return 0;
    err = saved(host, err < 0 ? err : 0, host->saving_position);
    return err ? err : 1;
}

/* --- what it is and does --- */

const struct ss_schema *ss_host_schema(const struct ss_host *host)
{
    return &host->chain.schema;
}

int ss_host_slot(const struct ss_host *host, struct ss_str name)
{
    return (int)ss_map_find(&host->chain.schema.names, name);
}

int ss_host_stages(struct ss_host *host, struct ss_host_stage *out, int max)
{
    int n = host->chain.n < max ? host->chain.n : max;
    for (int i = 0; i < n; i++) {
        const struct ss_link *link = &host->chain.link[i];
        out[i] = (struct ss_host_stage){.name = link->stage->name,
                                        .records = link->records,
                                        .busy_ns = link->busy_ns,
                                        .latency_ns = link->latency_ns,
                                        .tried = link->stage->trial != NULL};
        ss_chain_status(&host->chain, i, &out[i].status, NULL);
    }
    return n;
}

const char *ss_host_version(struct ss_host *host, const char *stage)
{
    struct ss_stage_status status;
    host->version[0] = '\0';
    for (int i = 0; i < host->chain.n; i++) {
        if (strcmp(host->chain.link[i].stage->name, stage) != 0)
            continue;
        ss_chain_status(&host->chain, i, &status, NULL);
        memcpy(host->version, status.version, sizeof host->version);
        break;
    }
    return host->version;
}

void ss_host_counts(const struct ss_host *host, struct ss_host_counts *out)
{
    *out = host->counts;
}
