#include "ingest/reader.h"
#include "base/clock.h"
#include "base/embedded.h"
#include "base/err.h"
#include "base/log.h"
#include "base/time.h"
#include "ingest/cache.h"
#include <stdlib.h>

#define BY "ingest"

/* What one call of ss_reader_fill works with. */
struct job {
    struct ss_reader *reader;
    const struct ss_window *window;
    struct ss_batch *batch;
    size_t max;
};

static int open_shipped(struct ss_reader *reader)
{
    for (const struct ss_embedded *e = ss_embedded_files; e->name; e++) {
        size_t n = strlen(e->name);
        if (strncmp(e->name, "ingest/", 7) != 0 || n < 12 || strcmp(e->name + n - 4, ".map") != 0 ||
            reader->planner.n_shipped == SS_SHIPPED_MAX)
            continue;
        char name[64];
        snprintf(name, sizeof name, "%.*s", (int)(n - 11), e->name + 7);
        struct ss_field_map *map = &reader->shipped[reader->planner.n_shipped++];
        int err = ss_field_map_read(map, name, (struct ss_str){(const char *)e->bytes, e->len});
        if (err < 0)
            return err;
    }
    return 0;
}

static int check_pan(struct ss_reader *reader)
{
    const struct ss_reader_options *opt = &reader->opt;
    reader->canon.pan.mode = opt->pan_mode;
    reader->planner.hides_pan = opt->pan_asked || opt->pan_key;
    if (opt->pan_key)
        return ss_pan_read_key(&reader->canon.pan, opt->pan_key);
    const struct ss_rule *pan = NULL;
    for (uint32_t i = 0; i < reader->map.n; i++)
        if (reader->map.rule[i].pan)
            pan = &reader->map.rule[i];
    if (opt->pan_mode != SS_PAN_HASH || (!pan && !opt->pan_asked))
        return 0;
    return ss_fail(SS_EUSAGE,
                   "card numbers%s%.*s%s are hashed with a key: give --pan-key FILE (head -c 32 /dev/urandom "
                   "> FILE makes one), or --pan mask, or --pan keep",
                   pan ? " in '" : "", pan ? (int)pan->column->n : 0, pan ? pan->column->p : "",
                   pan ? "'" : "");
}

int ss_reader_open(struct ss_reader *reader, const struct ss_reader_options *opt,
                   const struct ss_schema *schema)
{
    *reader = (struct ss_reader){.opt = *opt, .schema = schema};
    reader->planner = (struct ss_planner){.schema = schema, .shipped = reader->shipped};
    int err = opt->map ? ss_field_map_open(&reader->map, opt->map) : open_shipped(reader);
    if (err < 0)
        return err;
    reader->planner.map = opt->map ? &reader->map : NULL;
    if ((err = check_pan(reader)) < 0 || (err = ss_dedupe_init(&reader->dedupe, opt->window)) < 0)
        return err;
    reader->cell = calloc(SS_PLAN_COLUMNS_MAX + 1, sizeof *reader->cell);
    reader->cache = ss_plan_cache_new(&reader->planner);
    reader->canon.alone = opt->alone;
    reader->canon.after_us = opt->after_us;
    reader->canon.before_us = opt->before_us;
    return reader->cell && reader->cache ? 0 : ss_fail(SS_ENOMEM, "out of memory");
}

void ss_reader_close(struct ss_reader *reader)
{
    ss_field_map_free(&reader->map);
    for (uint32_t i = 0; i < reader->planner.n_shipped; i++)
        ss_field_map_free(&reader->shipped[i]);
    ss_dedupe_free(&reader->dedupe);
    ss_csv_free(&reader->csv);
    ss_arena_free(&reader->arena);
    ss_plan_cache_free(reader->cache);
    free(reader->cell);
    *reader = (struct ss_reader){0};
}

/* ---- what both formats share ---- */

static struct ss_record *begin(const struct job *job, uint64_t line)
{
    struct ss_record *rec = ss_batch_add(job->batch);
    if (rec) {
        rec->line = line;
        rec->record_no = ++job->reader->records;
        rec->source = job->window->source;
        rec->arrived_ns = job->window->arrived_ns;
    }
    return rec;
}

/* The hash of a payment's txn_id; 0 where there is none to compare. */
static uint64_t id_hash(const struct ss_record *rec)
{
    const struct ss_field *id = &rec->field[SS_TXN_ID];
    if (rec->fate != SS_KEEP || id->type <= SS_JSON_NULL || ss_record_is_label(rec))
        return 0;
    bool quoted = id->type == SS_JSON_STRING;
    return ss_dedupe_hash((struct ss_str){id->val + quoted, id->len - 2u * quoted});
}

#define AHEAD 8

/* All records of the batch at once, so that the table's memory is there when an id's turn comes. */
static void look_for_duplicates(const struct job *job)
{
    struct ss_reader *reader = job->reader;
    struct ss_batch *batch = job->batch;
    for (size_t i = 0; i < batch->n && reader->dedupe.bucket; i++) {
        uint64_t hash = reader->id_hash[i];
        if (i + AHEAD < batch->n)
            ss_dedupe_prefetch(&reader->dedupe, reader->id_hash[i + AHEAD]);
        if (!hash || SS_LIKELY(!ss_dedupe_seen(&reader->dedupe, hash)))
            continue;
        reader->duplicates++;
        if (!reader->opt.keep_duplicates)
            ss_record_reject(&batch->rec[i], BY, "duplicate txn_id");
    }
}

/* Notes the id of a record that has just been made. */
static void note_id(const struct job *job, const struct ss_record *rec)
{
    job->reader->id_hash[job->batch->n - 1] = id_hash(rec);
}

static int add_reject(const struct job *job, uint64_t line, const char *text, size_t len, const char *reason)
{
    struct ss_record *rec = begin(job, line);
    if (!rec)
        return SS_ENOMEM;
    rec->field = ss_canon_fields(&job->reader->canon);
    if (!rec->field)
        return SS_ENOMEM;
    rec->text = text;
    rec->len = (uint32_t)len;
    ss_record_reject(rec, BY, reason);
    note_id(job, rec);
    return 0;
}

/* The whole input is no use: its first line becomes the reject, the rest is not looked at. */
static int refuse(const struct job *job, uint64_t line, const char *text, size_t len, const char *reason)
{
    struct ss_reader *reader = job->reader;
    reader->refused = true;
    if (!reader->refusal[0])
        snprintf(reader->refusal, sizeof reader->refusal, "%s:%llu: %s", job->window->name,
                 (unsigned long long)line, reason);
    char *copy = ss_arena_copy(&job->batch->arena[0], reason, strlen(reason));
    return copy ? add_reject(job, line, text, len, copy) : SS_ENOMEM;
}

static bool is_declared_pan(const struct ss_plan *plan, uint32_t column)
{
    for (uint32_t i = 0; i < plan->n; i++)
        for (uint32_t k = 0; k < plan->op[i].columns; k++)
            if (plan->op[i].column[k] == column && (plan->op[i].rule && plan->op[i].rule->pan))
                return true;
    return false;
}

/* Card numbers where nobody said so: a warning, never a silent change. */
static void warn_of_pan(struct ss_reader *reader, const struct ss_plan *plan, const char *name)
{
    reader->pan_checked = true;
    if (plan->pan_kept)
        ss_warn("%s: map '%s' says which column holds card numbers, but they are kept as they are: give "
                "--pan-key "
                "FILE, or --pan mask",
                name, plan->shipped);
    for (uint32_t c = 0; c < plan->columns; c++)
        if (plan->pan_like[c] >= 3 && plan->pan_like[c] * 5u >= plan->sniffed * 4u &&
            !is_declared_pan(plan, c))
            ss_warn("%s: column '%.*s' looks like card numbers: a map can declare it (card_id = %.*s pan), "
                    "so that "
                    "they are hashed or masked",
                    name, (int)plan->name[c].n, plan->name[c].p, (int)plan->name[c].n, plan->name[c].p);
}

/* ---- CSV ---- */

static const char *wrong_cells(const struct job *job, size_t has, size_t wants)
{
    char text[96];
    int n =
        snprintf(text, sizeof text, "%zu cell%s where the header has %zu", has, has == 1 ? "" : "s", wants);
    const char *copy = ss_arena_copy(&job->batch->arena[0], text, (size_t)n);
    return copy ? copy : "wrong number of cells";
}

static int make_plan(const struct job *job, const char *p, const struct ss_csv_row *row)
{
    struct ss_reader *reader = job->reader;
    struct ss_arena *arena = &job->batch->arena[0];
    uint32_t n = row->cells > SS_PLAN_COLUMNS_MAX ? SS_PLAN_COLUMNS_MAX + 1 : (uint32_t)row->cells;
    struct ss_str *name = ss_arena_alloc(arena, n * sizeof *name);
    if (!name)
        return SS_ENOMEM;
    for (uint32_t c = 0; c < n; c++) {
        const struct ss_csv_cell *cell = &reader->cell[c];
        name[c] = (struct ss_str){p + cell->at, cell->len};
        if (!cell->doubled)
            continue;
        char *to = ss_arena_alloc(arena, cell->len);
        if (!to)
            return SS_ENOMEM;
        name[c] = (struct ss_str){to, ss_csv_unquote(p + cell->at, cell->len, to)};
    }
    ss_arena_reset(&reader->arena);
    int err = ss_plan_make(&reader->plan, &reader->planner, name, n, false, &reader->arena);
    if (err < 0)
        return err;
    reader->has_header = true;
    if (reader->plan.shipped)
        ss_info("%s: read with the shipped map '%s'", job->window->name, reader->plan.shipped);
    return 0;
}

/* A quick look at the header's line: it says what the delimiter is. False when it is not whole yet. */
static bool begin_csv(const struct job *job, size_t from)
{
    struct ss_reader *reader = job->reader;
    const struct ss_window *w = job->window;
    const char *p = w->p + from, *end = w->p + w->n;
    while (p < end && (*p == '\n' || *p == '\r'))
        p++;
    const char *lf = memchr(p, '\n', (size_t)(end - p));
    if (!lf && !w->last && !w->full)
        return false;
    char delim = reader->opt.delim ? reader->opt.delim : ss_csv_sniff(p, (size_t)((lf ? lf : end) - p));
    ss_csv_init(&reader->csv, delim, w->max_record, reader->line);
    reader->format = SS_FORMAT_CSV;
    return true;
}

static int add_row(const struct job *job, const char *p, struct ss_csv_row *row)
{
    struct ss_reader *reader = job->reader;
    if (SS_UNLIKELY(row->cells != reader->plan.columns)) {
        const char *why = wrong_cells(job, row->cells, reader->plan.columns);
        if (row->lines > 1 && ss_csv_give_up(&reader->csv, row) < 0)
            return SS_ENOMEM;
        return add_reject(job, row->line, p + row->at, row->len, why);
    }
    struct ss_record *rec = begin(job, row->line);
    int err = rec ? ss_canon_row(&reader->canon, &reader->plan, rec, p, row, reader->cell) : SS_ENOMEM;
    if (!err)
        note_id(job, rec);
    return err;
}

static int add_found(const struct job *job, const char *p, int found, struct ss_csv_row *row)
{
    struct ss_reader *reader = job->reader;
    if (found == SS_CSV_ROW && SS_LIKELY(reader->has_header))
        return add_row(job, p, row);
    const char *why = found == SS_CSV_TOO_LONG ? "line longer than --max-record"
                                               : "quoted field left open, or text behind its closing quote";
    if (found == SS_CSV_ROW) {
        int err = make_plan(job, p, row);
        if (err < 0 || !reader->plan.fault)
            return err;
        why = reader->plan.fault;
    }
    if (!reader->has_header || reader->plan.fault)
        return refuse(job, row->line, p + row->at, row->len, why);
    return add_reject(job, row->line, p + row->at, row->len, why);
}

static int fill_csv(const struct job *job, size_t from, size_t *consumed)
{
    struct ss_reader *reader = job->reader;
    const struct ss_window *w = job->window;
    const char *p = w->p + from;
    struct ss_csv_row row;
    int found = SS_CSV_MORE, err = 0;
    ss_csv_window(&reader->csv, p, w->n - from, w->last, w->full && from == 0);
    while (!err && !reader->refused && job->batch->n < job->max) {
        found = ss_csv_next(&reader->csv, reader->cell, SS_PLAN_COLUMNS_MAX + 1, &row);
        if (found <= SS_CSV_MORE)
            break;
        err = add_found(job, p, found, &row);
    }
    *consumed = from + reader->csv.at;
    if (!reader->pan_checked && reader->has_header &&
        (reader->plan.sniffed == SS_PLAN_SNIFF_ROWS || found == SS_CSV_END))
        warn_of_pan(reader, &reader->plan, w->name);
    return found < 0 ? found : err;
}

/* ---- JSON ---- */

static int add_object(const struct job *job, const char *p, const struct ss_split_text *text)
{
    struct ss_reader *reader = job->reader;
    const struct ss_json_member *member;
    size_t n;
    int err = ss_json_split(job->batch->parser, p + text->at, text->len, &member, &n);
    if (err == SS_EDATA) {
        const char *why = ss_arena_copy(&job->batch->arena[0], ss_err_text(), strlen(ss_err_text()));
        return why ? add_reject(job, text->line, p + text->at, text->len, why) : SS_ENOMEM;
    }
    if (err < 0)
        return err;
    struct ss_plan *plan = ss_plan_cache_find(reader->cache, p + text->at, member, n);
    struct ss_record *rec = plan ? begin(job, text->line) : NULL;
    if (!rec)
        return SS_ENOMEM;
    err = ss_canon_object(&reader->canon, plan, rec, (struct ss_str){p + text->at, text->len}, member);
    if (!err)
        note_id(job, rec);
    if (!reader->pan_checked && plan->sniffed == SS_PLAN_SNIFF_ROWS)
        warn_of_pan(reader, plan, job->window->name);
    return err;
}

static int fill_json(const struct job *job, size_t from, size_t *consumed)
{
    struct ss_split *split = &job->reader->split;
    const struct ss_window *w = job->window;
    struct ss_split_text text;
    int err = 0;
    split->p = w->p + from;
    split->n = w->n - from;
    split->at = 0;
    split->last = w->last;
    split->full = w->full && from == 0;
    split->max_record = w->max_record;
    while (!err && job->batch->n < job->max) {
        enum ss_split_found found = ss_split_next(split, &text);
        if (found <= SS_SPLIT_MORE)
            break;
        if (found == SS_SPLIT_TEXT)
            err = add_object(job, split->p, &text);
        else
            err = add_reject(job, text.line, split->p + text.at, text.len,
                             found == SS_SPLIT_BROKEN ? "JSON value left open"
                                                      : "line longer than --max-record");
    }
    *consumed = from + split->at;
    return err;
}

/* ---- the beginning of an input ---- */

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* Finds out the format. *from: where the text begins, behind a byte order mark. False: more bytes are needed.
 */
static bool detect(const struct job *job, size_t *from, int *err)
{
    struct ss_reader *reader = job->reader;
    const struct ss_window *w = job->window;
    size_t at = 0;
    *err = 0;
    if (!reader->began && w->n < 3 && !w->last)
        return false;
    if (!reader->began && w->n >= 3 && memcmp(w->p, "\xef\xbb\xbf", 3) == 0)
        at = 3;
    if (!reader->began && w->n >= 2 &&
        (memcmp(w->p, "\xff\xfe", 2) == 0 || memcmp(w->p, "\xfe\xff", 2) == 0)) {
        *err = refuse(job, 1, w->p, 2, "UTF-16 text (iconv -f UTF-16 -t UTF-8 makes it UTF-8)");
        return true;
    }
    *from = at;
    enum ss_format format = reader->opt.format;
    if (format == SS_FORMAT_ANY) {
        while (at < w->n && is_blank(w->p[at]))
            at++;
        if (at == w->n && !w->last && !w->full)
            return false;
        format = at < w->n && (w->p[at] == '{' || w->p[at] == '[') ? SS_FORMAT_JSON : SS_FORMAT_CSV;
        if (at == w->n)
            return false; /* nothing but blanks so far: they are consumed by the caller */
    }
    if (format == SS_FORMAT_CSV)
        return begin_csv(job, *from);
    reader->split = (struct ss_split){.line = reader->line};
    reader->format = SS_FORMAT_JSON;
    return true;
}

static void begin_input(struct ss_reader *reader)
{
    reader->format = SS_FORMAT_ANY;
    reader->began = reader->has_header = reader->refused = reader->pan_checked = false;
    reader->line = 1;
}

/* The window is all blanks and cannot grow, or is the last: it is passed over, its lines counted. */
static size_t skip_blank_window(struct ss_reader *reader, const struct ss_window *w)
{
    if (!w->last && !w->full)
        return 0;
    for (size_t i = 0; i < w->n; i++)
        reader->line += w->p[i] == '\n';
    reader->began = true;
    return w->n;
}

int ss_reader_fill(struct ss_reader *reader, const struct ss_window *window, struct ss_batch *batch,
                   size_t max, size_t *consumed)
{
    struct job job = {reader, window, batch, max < SS_BATCH_MAX ? max : SS_BATCH_MAX};
    size_t from = 0;
    int err = 0;
    *consumed = 0;
    if (window->new_input)
        begin_input(reader);
    if (!reader->opt.has_before) /* once a batch: a stream may run for weeks */
        reader->canon.before_us = ss_clock_wall_us() + SS_DAY_US;
    ss_canon_begin(&reader->canon, batch);
    if (reader->format == SS_FORMAT_ANY && !reader->refused) {
        if (!detect(&job, &from, &err)) {
            *consumed = window->n && !err ? skip_blank_window(reader, window) : 0;
            return err;
        }
    }
    if (err < 0)
        return err;
    if (!reader->refused)
        err = reader->format == SS_FORMAT_CSV ? fill_csv(&job, from, consumed)
                                              : fill_json(&job, from, consumed);
    if (reader->refused)
        *consumed = window->n;
    reader->began |= *consumed > 0;
    look_for_duplicates(&job);
    return err;
}
