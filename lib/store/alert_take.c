#include "store/alert_take.h"
#include "base/err.h"
#include <math.h>

/* One alert: the payment of this batch that came first, and what all of them bring. */
struct alert {
    const struct ss_entry *first;
    struct ss_taken *taken;
    int64_t amount, count, last_us;
    double score;
    int level, action;
};

void ss_alerts_init(struct ss_alerts *alerts)
{
    ss_merge_init(&alerts->merge, sizeof(struct alert));
    ss_arena_init(&alerts->args, 0);
}

void ss_alerts_free(struct ss_alerts *alerts)
{
    ss_merge_free(&alerts->merge);
    ss_arena_free(&alerts->args);
}

int ss_alerts_add(struct ss_alerts *alerts, const struct ss_entry *row, struct ss_taken *taken)
{
    bool fresh;
    struct alert *a = ss_merge_row(&alerts->merge, row->alert_id.p, row->alert_id.n, NULL, &fresh);
    if (!a)
        return SS_ENOMEM;
    if (fresh)
        *a = (struct alert){.first = row, .taken = taken, .score = NAN};
    else
        taken->joined_alert = true;
    a->amount += row->amount;
    a->count = row->alert_count > a->count ? row->alert_count : a->count;
    a->last_us = row->alert_last_us > a->last_us || fresh ? row->alert_last_us : a->last_us;
    a->score = row->score > a->score || isnan(a->score) ? row->score : a->score;
    a->level = row->level > a->level ? row->level : a->level;
    a->action = row->action > a->action ? row->action : a->action;
    return 0;
}

static const char *const column[] = {"id",         "seq",       "txn_id",   "time_us", "last_us",
                                     "created_us", "group_key", "user_id",  "card_id", "merchant_id",
                                     "category",   "amount",    "currency", "score",   "level",
                                     "action",     "reason",    "rules",    "count"};
static const enum ss_arg_type type[] = {
    SS_ARG_TEXT, SS_ARG_INT,  SS_ARG_TEXT, SS_ARG_INT,  SS_ARG_INT, SS_ARG_INT,  SS_ARG_TEXT,
    SS_ARG_TEXT, SS_ARG_TEXT, SS_ARG_TEXT, SS_ARG_TEXT, SS_ARG_INT, SS_ARG_TEXT, SS_ARG_REAL,
    SS_ARG_INT,  SS_ARG_INT,  SS_ARG_TEXT, SS_ARG_TEXT, SS_ARG_INT,
};

static void put_row(const struct alert *a, int64_t now_us, struct ss_arg *to)
{
    const struct ss_entry *row = a->first;
    const struct ss_arg args[SS_COUNT(column)] = {
        ss_arg_text(row->alert_id),  ss_arg_int(a->taken->seq),
        ss_arg_text(row->txn_id),    ss_arg_int(row->time_us),
        ss_arg_int(a->last_us),      ss_arg_int(now_us),
        ss_arg_text(row->alert_key), ss_arg_text(row->user),
        ss_arg_text(row->card),      ss_arg_text(row->merchant),
        ss_arg_text(row->category),  ss_arg_int(a->amount),
        ss_arg_text(row->currency),  isnan(a->score) ? ss_arg_null() : ss_arg_real(a->score),
        ss_arg_int(a->level),        ss_arg_int(a->action),
        ss_arg_text(row->reason),    ss_arg_text(row->rules.p ? row->rules : SS_STR("[]")),
        ss_arg_int(a->count),
    };
    memcpy(to, args, sizeof args);
}

static int grow_one(struct ss_db *db, const struct alert *a)
{
    int64_t n = ss_db_exec(
        db,
        "UPDATE alerts SET amount = amount + $2, count = CASE WHEN $3 > count THEN $3 ELSE count END, "
        "last_us = CASE WHEN $4 > last_us THEN $4 ELSE last_us END, "
        "score = CASE WHEN score >= $5 THEN score ELSE $5 END, "
        "level = CASE WHEN $6 > level THEN $6 ELSE level END, "
        "action = CASE WHEN $7 > action THEN $7 ELSE action END WHERE id = $1",
        SS_ARGS(ss_arg_text(a->first->alert_id), ss_arg_int(a->amount), ss_arg_int(a->count),
                ss_arg_int(a->last_us), ss_arg_real(isnan(a->score) ? 0 : a->score), ss_arg_int(a->level),
                ss_arg_int(a->action)));
    return n < 0 ? (int)n : 0;
}

int ss_alerts_write(struct ss_alerts *alerts, struct ss_db *db, int64_t now_us)
{
    static const struct ss_bulk bulk = {.table = "alerts",
                                        .key = "id",
                                        .column = column,
                                        .type = type,
                                        .columns = SS_COUNT(column),
                                        .key_column = 0};
    uint32_t n = alerts->merge.n;
    if (!n)
        return 0;
    struct ss_arg *args = ss_arena_alloc(&alerts->args, n * SS_COUNT(column) * sizeof *args);
    bool *fresh = ss_arena_alloc(&alerts->args, n * sizeof *fresh);
    int err = args && fresh ? 0 : SS_ENOMEM;
    for (uint32_t i = 0; i < n && !err; i++)
        put_row(alerts->merge.row[i], now_us, args + i * SS_COUNT(column));
    err = err ? err : ss_db_insert(db, &bulk, args, n, fresh);
    for (uint32_t i = 0; i < n && !err; i++) {
        const struct alert *a = alerts->merge.row[i];
        a->taken->opened_alert = fresh[i];
        a->taken->joined_alert = !fresh[i];
        if (!fresh[i])
            err = grow_one(db, a);
    }
    ss_merge_reset(&alerts->merge);
    ss_arena_reset(&alerts->args);
    return err;
}
