#include "store/ledger.h"
#include "base/err.h"
#include "record/batch.h"
#include "store/alert_take.h"
#include "store/case_auto.h"
#include "store/entity.h"
#include "store/label_apply.h"
#include "store/recount.h"
#include "store/tally.h"
#include <math.h>
#include <stdlib.h>

#define LINE_MAX_BYTES ((size_t)64 << 20)
/* Payments that are counted together at least. Some 1.5 ms of work; fewer would be less of it at a time and
 * more of it in all. */
#define SETTLE_AT 512
/* So many payments after they are due, the counts are all written, part after part. */
#define SPREAD_OVER 384

/* One thing that was added: a payment (index of its row), a label, or nothing to store. */
struct item {
    enum { PAYMENT, LABEL, OTHER } kind;
    struct ss_entry *row;
    struct ss_label_said said;
    struct ss_taken taken;
};

struct ss_ledger {
    struct item *item;
    size_t n, cap;
    struct ss_arena arena; /* of what was added */
    size_t bytes;
    struct ss_buf line;
    bool writing; /* a write was begun and has not been told how it ended */
    bool wrote;   /* what was added is in the transaction */

    /* The tally holds what the payments behind `counted` up to `newest` count for, all of them its own, those
     * up to counted.upto as what is held, less the parts that are written; counted.seq -1: it holds nothing
     * that can be relied on. */
    struct ss_counted counted;
    int64_t newest;
    bool spread;      /* counts are written in parts */
    bool must_settle; /* the tally holds also what changed in payments that are counted */

    struct ss_tally tally;
    struct ss_entities entities;
    struct ss_alerts alerts;
    struct ss_case_auto cases; /* cases.on: alerts open cases */
    struct ss_case_joined *joined;
    size_t n_joined;
    struct ss_arena scratch; /* of one write */

    struct ss_schema schema; /* for ss_ledger_add_line */
    struct ss_batch batch;
};

int ss_ledger_new(struct ss_ledger **out)
{
    struct ss_ledger *led = calloc(1, sizeof *led);
    *out = NULL;
    if (!led)
        return ss_fail(SS_ENOMEM, "out of memory");
    led->counted.seq = -1;
    ss_arena_init(&led->arena, SS_LEDGER_BYTES);
    ss_arena_init(&led->scratch, SS_LEDGER_BYTES);
    ss_buf_init(&led->line, LINE_MAX_BYTES);
    ss_tally_init(&led->tally);
    ss_alerts_init(&led->alerts);
    int err = ss_entities_init(&led->entities);
    err = err ? err : ss_schema_init(&led->schema);
    err = err ? err : ss_batch_init(&led->batch, &led->schema, 1);
    if (err) {
        ss_ledger_free(led);
        return err;
    }
    *out = led;
    return 0;
}

void ss_ledger_free(struct ss_ledger *led)
{
    if (!led)
        return;
    free(led->item);
    ss_arena_free(&led->arena);
    ss_arena_free(&led->scratch);
    ss_buf_free(&led->line);
    ss_tally_free(&led->tally);
    ss_alerts_free(&led->alerts);
    ss_entities_free(&led->entities);
    ss_batch_free(&led->batch);
    ss_schema_free(&led->schema);
    free(led);
}

size_t ss_ledger_count(const struct ss_ledger *led)
{
    return led->n;
}

size_t ss_ledger_bytes(const struct ss_ledger *led)
{
    return led->bytes;
}

void ss_ledger_spread(struct ss_ledger *led)
{
    led->spread = true;
}

void ss_ledger_cases(struct ss_ledger *led, const struct ss_case_auto *how)
{
    led->cases = how ? *how : (struct ss_case_auto){.on = false};
}

/* ---- adding ---- */

static int add_label(struct ss_ledger *led, const struct ss_record *rec, struct item *item)
{
    item->kind = LABEL;
    item->said = (struct ss_label_said){.source = SS_STR("record"), .label = ss_record_label(rec)};
    if (!rec->has_time)
        return ss_fail(SS_EDATA, "no timestamp");
    if (item->said.label < 0)
        return ss_fail(SS_EDATA, "no label");
    item->said.time_us = rec->time_us;
    return ss_entry_id(rec, &led->arena, &item->said.txn_id);
}

static int add_payment(struct ss_ledger *led, const struct ss_record *rec, int64_t latency_us,
                       struct item *item)
{
    item->kind = PAYMENT;
    item->row = ss_arena_alloc(&led->arena, sizeof *item->row);
    int err = item->row ? ss_entry_read(item->row, rec, &led->line, &led->arena) : SS_ENOMEM;
    if (!err) {
        item->row->latency_us = latency_us;
        led->bytes += item->row->record.n;
    }
    return err;
}

/* {"type":"alert_closed",...} is for ss-alert, and passes. */
static bool is_message(const struct ss_record *rec)
{
    const struct ss_field *f = &rec->field[SS_TYPE];
    return f->type == SS_JSON_STRING && ss_str_is((struct ss_str){f->val, f->len}, "\"alert_closed\"");
}

int ss_ledger_add(struct ss_ledger *led, const struct ss_record *rec, int64_t latency_us)
{
    if (led->n == led->cap) {
        size_t cap = led->cap ? led->cap * 2 : 64;
        struct item *item = realloc(led->item, cap * sizeof *item);
        if (!item)
            return ss_fail(SS_ENOMEM, "out of memory");
        led->item = item;
        led->cap = cap;
    }
    struct item *item = &led->item[led->n];
    *item = (struct item){.kind = OTHER};
    int err = 0;
    if (ss_record_is_label(rec))
        err = add_label(led, rec, item);
    else if (!is_message(rec))
        err = add_payment(led, rec, latency_us, item);
    led->n += !err;
    return err;
}

int ss_ledger_add_line(struct ss_ledger *led, struct ss_str line, int64_t latency_us)
{
    ss_batch_reset(&led->batch);
    struct ss_record *rec = ss_batch_add(&led->batch);
    char *text = rec ? ss_batch_copy(&led->batch, line.p, line.n) : NULL;
    if (!text)
        return SS_ENOMEM;
    int err = ss_record_read(&led->batch, rec, text, line.n);
    if (!err && rec->fate == SS_REJECT)
        err = ss_fail(SS_EDATA, "%s", rec->reason);
    return err ? err : ss_ledger_add(led, rec, latency_us);
}

/* ---- writing ---- */

static const char *const column[] = {
    "seq",     "txn_id",   "time_us",  "user_id", "card_id",    "merchant_id", "device_id", "ip",
    "country", "location", "category", "channel", "currency",   "amount",      "score",     "level",
    "action",  "label",    "alert_id", "rules",   "latency_us", "record"};
static const enum ss_arg_type type[] = {
    SS_ARG_INT,  SS_ARG_TEXT, SS_ARG_INT,  SS_ARG_TEXT, SS_ARG_TEXT, SS_ARG_TEXT, SS_ARG_TEXT, SS_ARG_TEXT,
    SS_ARG_TEXT, SS_ARG_TEXT, SS_ARG_TEXT, SS_ARG_TEXT, SS_ARG_TEXT, SS_ARG_INT,  SS_ARG_REAL, SS_ARG_INT,
    SS_ARG_INT,  SS_ARG_INT,  SS_ARG_TEXT, SS_ARG_TEXT, SS_ARG_INT,  SS_ARG_TEXT,
};

static void put_row(const struct ss_entry *row, int64_t seq, struct ss_arg *to)
{
    const struct ss_arg args[SS_COUNT(column)] = {
        ss_arg_int(seq),
        ss_arg_text(row->txn_id),
        ss_arg_int(row->time_us),
        ss_arg_text(row->user),
        ss_arg_text(row->card),
        ss_arg_text(row->merchant),
        ss_arg_text(row->device),
        ss_arg_text(row->ip),
        ss_arg_text(row->country),
        ss_arg_text(row->location),
        ss_arg_text(row->category),
        ss_arg_text(row->channel),
        ss_arg_text(row->currency),
        ss_arg_int(row->amount),
        isnan(row->score) ? ss_arg_null() : ss_arg_real(row->score),
        ss_arg_int(row->level),
        ss_arg_int(row->action),
        row->label < 0 ? ss_arg_null() : ss_arg_int(row->label),
        ss_arg_text(row->alert_id),
        ss_arg_text(row->rules),
        row->latency_us < 0 ? ss_arg_null() : ss_arg_int(row->latency_us),
        ss_arg_text(row->record),
    };
    memcpy(to, args, sizeof args);
}

/* Labels that came before their payments. */
static int claim_labels(struct ss_ledger *led, struct ss_db *db)
{
    bool any;
    int err = ss_label_waits(db, &any);
    for (size_t i = 0; i < led->n && any && !err; i++)
        if (led->item[i].kind == PAYMENT)
            err = ss_label_claim(db, led->item[i].row->txn_id, led->item[i].row->label,
                                 &led->item[i].row->label);
    return err;
}

static int insert_payments(struct ss_ledger *led, struct ss_db *db)
{
    static const struct ss_bulk bulk = {.table = "payments",
                                        .key = "txn_id",
                                        .column = column,
                                        .type = type,
                                        .columns = SS_COUNT(column),
                                        .key_column = 1};
    struct ss_arg *args = ss_arena_alloc(&led->scratch, led->n * SS_COUNT(column) * sizeof *args);
    bool *fresh = ss_arena_alloc(&led->scratch, led->n + 1);
    /* Given out under the write lock, so that no smaller one can turn up later, as one of a sequence could.
     */
    int64_t seq = led->newest;
    size_t n = 0;
    if (!args || !fresh)
        return SS_ENOMEM;
    for (size_t i = 0; i < led->n; i++) {
        struct item *item = &led->item[i];
        item->taken = (struct ss_taken){.as = SS_TAKEN_NOT};
        if (item->kind == PAYMENT) {
            item->taken.seq = ++seq;
            put_row(item->row, seq, args + n++ * SS_COUNT(column));
        }
    }
    int err = ss_db_insert(db, &bulk, args, n, fresh);
    n = 0;
    for (size_t i = 0; i < led->n && !err; i++) {
        struct ss_taken *taken = &led->item[i].taken;
        if (led->item[i].kind != PAYMENT)
            continue;
        taken->as = fresh[n++] ? SS_TAKEN_NEW : SS_TAKEN_KNOWN;
        if (taken->as == SS_TAKEN_NEW)
            led->newest = taken->seq;
        else
            taken->seq = 0;
    }
    return err;
}

static int take_alerts(struct ss_ledger *led, struct ss_db *db, int64_t now_us)
{
    int err = 0;
    for (size_t i = 0; i < led->n && !err; i++) {
        struct item *item = &led->item[i];
        if (item->taken.as == SS_TAKEN_NEW && item->row->alert_id.n)
            err = ss_alerts_add(&led->alerts, item->row, &item->taken);
    }
    return err ? err : ss_alerts_write(&led->alerts, db, now_us);
}

/* What a payment that alerts does to the cases. */
static int take_case(struct ss_ledger *led, struct ss_db *db, const struct ss_entry *row, int64_t now_us,
                     struct ss_taken *taken)
{
    const struct ss_case_alert alert = {.alert_id = row->alert_id,
                                        .txn_id = row->txn_id,
                                        .key = row->alert_key,
                                        .user_id = row->user,
                                        .card_id = row->card,
                                        .currency = row->currency,
                                        .time_us = row->time_us,
                                        .amount = row->amount,
                                        .count = row->alert_count,
                                        .level = row->level,
                                        .decision = row->decision};
    struct ss_case_joined joined;
    int err = ss_cases_from_alert(db, &led->cases, &alert, now_us, &led->scratch, &joined);
    taken->case_id = joined.case_id;
    taken->opened_case = joined.opened;
    for (size_t i = 0; i < led->n_joined; i++)
        if (led->joined[i].case_id == joined.case_id)
            return err;
    if (!err && joined.case_id)
        led->joined[led->n_joined++] = joined;
    return err;
}

static int take_cases(struct ss_ledger *led, struct ss_db *db, int64_t now_us)
{
    int err = 0;
    led->n_joined = 0;
    led->joined = led->cases.on ? ss_arena_alloc(&led->scratch, led->n * sizeof *led->joined + 1) : NULL;
    if (led->cases.on && !led->joined)
        return SS_ENOMEM;
    for (size_t i = 0; i < led->n && led->cases.on && !err; i++) {
        struct item *item = &led->item[i];
        if (item->taken.as == SS_TAKEN_NEW && item->row->alert_id.n)
            err = take_case(led, db, item->row, now_us, &item->taken);
    }
    return err;
}

static int count_payments(struct ss_ledger *led)
{
    int err = 0;
    for (size_t i = 0; i < led->n && !err; i++) {
        const struct item *item = &led->item[i];
        if (item->taken.as != SS_TAKEN_NEW)
            continue;
        const struct ss_counts add = ss_counts_of(item->row, item->taken.opened_alert);
        err = ss_tally_add(&led->tally, item->row, &add);
        err = err ? err : ss_entities_add(&led->entities, item->row, &add);
    }
    return err;
}

static int take_labels(struct ss_ledger *led, struct ss_db *db)
{
    int err = 0;
    for (size_t i = 0; i < led->n && !err; i++) {
        struct item *item = &led->item[i];
        struct ss_label_change change;
        if (item->kind != LABEL)
            continue;
        err = ss_label_apply(db, &item->said, &led->tally, &led->entities, &led->scratch, &change);
        item->taken.as = !err && change.fresh ? SS_TAKEN_LABEL : SS_TAKEN_KNOWN;
        const struct ss_counted *c = &led->counted;
        led->must_settle |= !err && change.changed && change.seq <= (c->parts ? c->upto : c->seq);
    }
    return err;
}

/* Sees to it that the tally stands for exactly the payments that are not counted yet. */
static int catch_up(struct ss_ledger *led, struct ss_db *db)
{
    struct ss_counted counted;
    int64_t newest;
    int err = ss_counted(db, &counted, &newest);
    if (err || (counted.seq == led->counted.seq && counted.upto == led->counted.upto &&
                counted.parts == led->counted.parts && newest == led->newest))
        return err;
    ss_tally_reset(&led->tally);
    led->newest = newest;
    led->counted = (struct ss_counted){.seq = newest};
    return counted.seq < newest ? ss_recount(db, &led->tally, &led->scratch) : 0;
}

/* Writes what is held up to the part `to` (exclusive). */
static int write_held(struct ss_ledger *led, struct ss_db *db, int to)
{
    struct ss_counted *c = &led->counted;
    int err = ss_tally_write_held(&led->tally, db, c->parts, to);
    c->parts = to;
    if (to == SS_TALLY_PARTS)
        *c = (struct ss_counted){.seq = c->upto};
    return err;
}

/* As many parts as there have been payments for since they were due. */
static int settle_some(struct ss_ledger *led, struct ss_db *db)
{
    struct ss_counted *c = &led->counted;
    if (!c->parts) {
        ss_tally_hold(&led->tally);
        c->upto = led->newest;
    }
    int64_t to = 1 + (led->newest - c->upto) * SS_TALLY_PARTS / SPREAD_OVER;
    if (to <= c->parts)
        return 0;
    int err = write_held(led, db, to < SS_TALLY_PARTS ? (int)to : SS_TALLY_PARTS);
    return err ? err : ss_counted_set(db, c);
}

int ss_ledger_settle(struct ss_ledger *led, struct ss_db *db)
{
    led->writing = true;
    int err = catch_up(led, db);
    if (err || (led->counted.seq == led->newest && !led->must_settle))
        return err;
    if (led->counted.parts)
        err = write_held(led, db, SS_TALLY_PARTS);
    err = err ? err : ss_tally_write(&led->tally, db);
    led->counted = (struct ss_counted){.seq = led->newest};
    err = err ? err : ss_counted_set(db, &led->counted);
    led->must_settle = false;
    return err;
}

int64_t ss_ledger_unsettled(const struct ss_ledger *led)
{
    return led->counted.seq < 0 ? -1 : led->newest - led->counted.seq;
}

int ss_ledger_write(struct ss_ledger *led, struct ss_db *db, int64_t now_us)
{
    if (led->writing)
        ss_ledger_done(led, false); /* the caller came back without a word: it failed */
    led->writing = true;
    int err = catch_up(led, db);
    err = err ? err : claim_labels(led, db);
    err = err ? err : insert_payments(led, db);
    err = err ? err : take_alerts(led, db, now_us);
    err = err ? err : take_cases(led, db, now_us);
    err = err ? err : count_payments(led);
    err = err ? err : take_labels(led, db);
    err = err ? err : ss_entities_write(&led->entities, db);
    led->wrote = !err;
    bool due = led->newest - led->counted.seq >= SETTLE_AT;
    if (!err && (led->must_settle || (due && !led->spread)))
        err = ss_ledger_settle(led, db);
    else if (!err && (due || led->counted.parts))
        err = settle_some(led, db);
    return err;
}

size_t ss_ledger_joined(const struct ss_ledger *led, const struct ss_case_joined **joined)
{
    *joined = led->joined;
    return led->n_joined;
}

const struct ss_taken *ss_ledger_taken(const struct ss_ledger *led, size_t i)
{
    return &led->item[i].taken;
}

static void forget(struct ss_ledger *led)
{
    led->n = 0;
    led->bytes = 0;
    ss_arena_reset(&led->arena);
}

void ss_ledger_done(struct ss_ledger *led, bool committed)
{
    led->writing = false;
    led->n_joined = 0;
    ss_arena_reset(&led->scratch);
    ss_merge_reset(&led->alerts.merge);
    ss_arena_reset(&led->alerts.args);
    ss_entities_reset(&led->entities, committed);
    if (!committed) {
        ss_tally_reset(&led->tally);
        led->counted.seq = -1;
        led->must_settle = false;
    }
    if (committed && led->wrote)
        forget(led);
    led->wrote = false;
}
