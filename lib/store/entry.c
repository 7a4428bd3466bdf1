#include "store/entry.h"
#include "base/err.h"
#include "base/number.h"
#include "base/time.h"
#include "json/cursor.h"
#include "json/write.h"
#include "record/score.h"
#include "store/ledger.h"
#include <math.h>

/* A field as a column: copied, without what no database takes. Empty is null. */
static int take(const struct ss_record *rec, enum ss_slot slot, size_t most, struct ss_arena *arena,
                struct ss_str *to)
{
    struct ss_str s = ss_record_text(rec, slot, arena);
    *to = (struct ss_str){NULL, 0};
    if (!s.p || s.n == 0)
        return 0;
    if (s.n > most)
        return ss_fail(SS_EDATA, "%s is longer than %zu bytes", ss_slot_name(slot), most);
    if (memchr(s.p, '\0', s.n))
        return ss_fail(SS_EDATA, "%s has a NUL character", ss_slot_name(slot));
    const char *copy = ss_arena_copy(arena, s.p, s.n);
    if (!copy)
        return SS_ENOMEM;
    *to = (struct ss_str){copy, s.n};
    return 0;
}

int ss_entry_id(const struct ss_record *rec, struct ss_arena *arena, struct ss_str *txn_id)
{
    int err = take(rec, SS_TXN_ID, SS_LEDGER_ID, arena, txn_id);
    return !err && !txn_id->p ? ss_fail(SS_EDATA, "no txn_id") : err;
}

/* ---- the score's reasons ---- */

static struct ss_str text_member(struct ss_str object, const char *key, struct ss_arena *arena)
{
    struct ss_str raw = ss_cursor_member(object, key);
    if (raw.n < 2 || raw.p[0] != '"')
        return (struct ss_str){NULL, 0};
    return ss_json_unescape((struct ss_str){raw.p + 1, raw.n - 2}, arena);
}

static void read_reasons(struct ss_entry *row, struct ss_str score, struct ss_arena *arena)
{
    struct ss_str list = ss_cursor_member(score, "reasons"), item;
    struct ss_cursor c = {list.p, list.p + list.n};
    if (!list.n || !ss_cursor_take(&c, '['))
        return;
    while (row->codes < SS_ENTRY_REASONS && ss_cursor_value(&c, &item)) {
        struct ss_str code = text_member(item, "code", arena);
        if (code.n)
            row->code[row->codes++] = code;
        if (!row->reason.p)
            row->reason = text_member(item, "text", arena);
        if (!ss_cursor_take(&c, ','))
            break;
    }
}

/* What is known of it: the decision's level and score go before the model's. */
static void judge(struct ss_entry *row, const struct ss_decision *d, const struct ss_score *score)
{
    row->decision = d;
    row->score = d ? d->score : score ? score->value : NAN;
    row->level = d ? (int)d->level : score ? (int)score->level : SS_NONE;
    row->action = d ? (int)d->action : SS_ALLOW;
    for (uint32_t i = 0; d && i < d->rules && !row->reason.p; i++)
        row->reason = d->rule[i].reason;
}

/* ---- the alert member ---- */

static int64_t time_member(struct ss_str object, const char *key, int64_t absent)
{
    struct ss_str raw = ss_cursor_member(object, key);
    int64_t time_us;
    return raw.n > 2 && ss_time_parse(raw.p + 1, raw.n - 2, &time_us) ? time_us : absent;
}

static int read_alert(struct ss_entry *row, struct ss_str json, struct ss_arena *arena)
{
    struct ss_str count = ss_cursor_member(json, "count");
    row->alert_id = text_member(json, "id", arena);
    row->alert_key = text_member(json, "key", arena);
    if (!row->alert_id.n)
        return 0;
    if (row->alert_id.n > SS_LEDGER_ID || row->alert_key.n > SS_LEDGER_ID ||
        memchr(row->alert_id.p, '\0', row->alert_id.n) ||
        (row->alert_key.n && memchr(row->alert_key.p, '\0', row->alert_key.n)))
        return ss_fail(SS_EDATA, "alert has no id and key that can be stored");
    if (!ss_int_parse(count.p, count.n, &row->alert_count) || row->alert_count < 1)
        row->alert_count = 1;
    row->alert_first_us = time_member(json, "first", row->time_us);
    row->alert_last_us = time_member(json, "last", row->time_us);
    return 0;
}

/* What the batch owns, and the row needs longer. */
static int keep(struct ss_str *s, struct ss_arena *arena)
{
    if (!s->p)
        return 0;
    s->p = ss_arena_copy(arena, s->p, s->n);
    return s->p ? 0 : SS_ENOMEM;
}

static int keep_rules(const struct ss_fired **list, uint32_t n, struct ss_arena *arena)
{
    if (!n)
        return 0;
    struct ss_fired *copy = ss_arena_alloc(arena, n * sizeof *copy);
    if (!copy)
        return SS_ENOMEM;
    for (uint32_t i = 0; i < n; i++) {
        copy[i] = (*list)[i];
        copy[i].tags = 0;
        int err = keep(&copy[i].id, arena);
        if (err)
            return err;
    }
    *list = copy;
    return 0;
}

/* ["velocity_burst","night"] */
static int put_rules(struct ss_entry *row, struct ss_buf *buf, struct ss_arena *arena)
{
    const struct ss_decision *d = row->decision;
    if (!d || !d->rules)
        return 0;
    ss_buf_reset(buf);
    for (uint32_t i = 0; i < d->rules; i++) {
        ss_buf_putc(buf, i ? ',' : '[');
        ss_json_put_string(buf, d->rule[i].id);
    }
    ss_buf_putc(buf, ']');
    int err = ss_buf_check(buf);
    row->rules = (struct ss_str){buf->p, buf->n};
    return err ? err : keep(&row->rules, arena);
}

static int keep_judgement(struct ss_entry *row, struct ss_arena *arena)
{
    int err = keep(&row->reason, arena);
    if (row->reason.p && memchr(row->reason.p, '\0', row->reason.n))
        row->reason = (struct ss_str){NULL, 0};
    for (int i = 0; i < row->codes && !err; i++)
        err = keep(&row->code[i], arena);
    err = err ? err : keep(&row->alert_id, arena);
    err = err ? err : keep(&row->alert_key, arena);
    if (err || !row->decision || (!row->decision->rules && !row->decision->shadows)) {
        row->decision = NULL; /* the rest of it is in the columns */
        return err;
    }
    struct ss_decision *d = ss_arena_alloc(arena, sizeof *d);
    if (!d)
        return SS_ENOMEM;
    *d = *row->decision;
    row->decision = d;
    err = keep_rules(&d->rule, d->rules, arena);
    return err ? err : keep_rules(&d->shadow, d->shadows, arena);
}

/* ---- the whole ---- */

static int read_columns(struct ss_entry *row, const struct ss_record *rec, struct ss_arena *arena)
{
    const struct {
        enum ss_slot slot;
        size_t most;
        struct ss_str *to;
    } columns[] = {
        {SS_USER_ID, SS_LEDGER_ID, &row->user},
        {SS_CARD_ID, SS_LEDGER_ID, &row->card},
        {SS_MERCHANT_ID, SS_LEDGER_ID, &row->merchant},
        {SS_DEVICE_ID, SS_LEDGER_ID, &row->device},
        {SS_IP, SS_LEDGER_ID, &row->ip},
        {SS_LOCATION, SS_LEDGER_ID, &row->location},
        {SS_COUNTRY, SS_LEDGER_WORD, &row->country},
        {SS_CATEGORY, SS_LEDGER_WORD, &row->category},
        {SS_CHANNEL, SS_LEDGER_WORD, &row->channel},
        {SS_CURRENCY, SS_LEDGER_WORD, &row->currency},
    };
    int err = ss_entry_id(rec, arena, &row->txn_id);
    for (size_t i = 0; i < SS_COUNT(columns) && !err; i++)
        err = take(rec, columns[i].slot, columns[i].most, arena, columns[i].to);
    if (!err && !row->user.p)
        err = take(rec, SS_ACCOUNT_ID, SS_LEDGER_ID, arena, &row->user);
    if (!err && !row->user.p)
        row->user = row->card;
    return err;
}

int ss_entry_read(struct ss_entry *row, const struct ss_record *rec, struct ss_buf *line,
                  struct ss_arena *arena)
{
    struct ss_score score;
    *row = (struct ss_entry){.latency_us = -1};
    if (!rec->has_time)
        return ss_fail(SS_EDATA, "no timestamp");
    if (!rec->has_amount)
        return ss_fail(SS_EDATA, "no amount");
    row->time_us = rec->time_us;
    row->amount = rec->amount;
    row->label = ss_record_label(rec);
    int err = read_columns(row, rec, arena);
    if (err)
        return err;
    read_reasons(row, ss_record_member(rec, SS_SCORE), arena);
    bool scored = ss_record_score(rec, &score);
    struct ss_str reason = row->reason;
    row->reason = (struct ss_str){NULL, 0}; /* a rule's sentence goes first */
    judge(row, ss_record_decision(rec, arena), scored ? &score : NULL);
    if (!row->reason.p)
        row->reason = reason;
    err = read_alert(row, ss_record_member(rec, SS_ALERT), arena);
    err = err ? err : keep_judgement(row, arena);
    err = err ? err : put_rules(row, line, arena);
    if (err)
        return err;
    ss_buf_reset(line);
    ss_record_write(rec, line);
    err = ss_buf_check(line);
    row->record = (struct ss_str){line->p, line->n ? line->n - 1 : 0};
    return err ? err : keep(&row->record, arena);
}

int ss_entry_load(struct ss_entry *row, const struct ss_rows *rows, struct ss_arena *arena)
{
    *row = (struct ss_entry){
        .seq = ss_rows_int(rows, 0),
        .time_us = ss_rows_int(rows, 1),
        .amount = ss_rows_int(rows, 2),
        .score = ss_rows_real(rows, 3),
        .level = (int)ss_rows_int(rows, 4),
        .action = (int)ss_rows_int(rows, 5),
        .label = ss_rows_null(rows, 6) ? -1 : (int)ss_rows_int(rows, 6),
        .user = ss_rows_text(rows, 7),
        .merchant = ss_rows_text(rows, 8),
        .category = ss_rows_text(rows, 9),
        .channel = ss_rows_text(rows, 10),
        .country = ss_rows_text(rows, 11),
        .currency = ss_rows_text(rows, 12),
        .latency_us = ss_rows_null(rows, 13) ? -1 : ss_rows_int(rows, 13),
        .record = ss_rows_text(rows, 14),
    };
    if (row->level < 0 || row->level >= SS_LEVELS || row->action < 0 || row->action >= SS_ACTIONS)
        return ss_fail(SS_EDATA, "payment %lld has a level or an action that is none", (long long)row->seq);
    read_reasons(row, ss_cursor_member(row->record, "score"), arena);
    struct ss_str json = ss_cursor_member(row->record, "decision");
    struct ss_decision *d = json.p ? ss_arena_alloc(arena, sizeof *d) : NULL;
    if (json.p && !d)
        return SS_ENOMEM;
    row->decision = d && ss_decision_parse(json, arena, d) == 0 ? d : NULL;
    return 0;
}
