#include "store/verdict.h"
#include "base/err.h"
#include "store/select.h"
#include <stdio.h>

#define SOURCE_MAX 320

#define AT_ONCE 512 /* payments that are labelled together */

/* $1 is the case or alert, $2 the source. */
#define OF_CASE "SELECT txn_id FROM case_payments WHERE case_id = $1"
#define OF_ALERT \
    "SELECT txn_id FROM payments WHERE alert_id = $1 UNION SELECT txn_id FROM alerts WHERE id = $1"
/* Those on which $2 has the last word, with the last word of others. */
#define TAKE_BACK(of)                                                                                     \
    "SELECT t.txn_id, COALESCE((SELECT label FROM labels l WHERE l.txn_id = t.txn_id AND l.source <> $2 " \
    "ORDER BY "                                                                                           \
    "l.time_us DESC, l.id DESC LIMIT 1), -1) FROM (" of                                                   \
    ") AS t WHERE $2 = (SELECT l.source FROM labels l WHERE "                                             \
    "l.txn_id = t.txn_id ORDER BY l.time_us DESC, l.id DESC LIMIT 1) ORDER BY t.txn_id"
#define ALL(of) "SELECT t.txn_id, 0 FROM (" of ") AS t ORDER BY t.txn_id"

/* Payments, as many as there are: all are read before the first is written. */
struct block {
    struct ss_label_said said[AT_ONCE];
    size_t n;
    struct block *next;
};

static int read_payments(struct ss_db *db, const char *sql, struct ss_arg of, struct ss_str source,
                         struct ss_arena *arena, struct block **first)
{
    struct ss_rows *rows;
    struct block *block = NULL, **end = first;
    *first = NULL;
    int err = ss_db_query(db, sql, SS_ARGS(of, ss_arg_text(source)), &rows);
    if (err)
        return err;
    while ((err = ss_rows_next(rows)) > 0) {
        if (!block || block->n == AT_ONCE) {
            block = *end = ss_arena_zalloc(arena, sizeof *block);
            if (!block) {
                err = SS_ENOMEM;
                break;
            }
            end = &block->next;
        }
        block->said[block->n++] = (struct ss_label_said){.txn_id = ss_rows_copy(rows, 0, arena),
                                                         .label = (int)ss_rows_int(rows, 1)};
    }
    ss_rows_free(rows);
    return err;
}

/* Says `label` of all, or, where it takes back, what was read for each. */
static int say(struct ss_db *db, const char *sql, struct ss_arg of, struct ss_str source, int label,
               const struct ss_verdict_by *by, struct ss_arena *arena, int64_t *count)
{
    struct block *block;
    *count = 0;
    struct ss_label_change *change = ss_arena_alloc(arena, AT_ONCE * sizeof *change);
    int err = change ? read_payments(db, sql, of, source, arena, &block) : SS_ENOMEM;
    for (; !err && block; block = block->next) {
        for (size_t i = 0; i < block->n; i++) {
            struct ss_label_said *said = &block->said[i];
            *said = (struct ss_label_said){.txn_id = said->txn_id,
                                           .source = source,
                                           .actor = by->actor,
                                           .note = by->note,
                                           .label = label < 0 ? said->label : label,
                                           .time_us = by->now_us};
        }
        err = ss_labels_set(db, block->said, block->n, change);
        for (size_t i = 0; i < block->n && !err; i++)
            *count += change[i].changed;
    }
    return err;
}

int ss_verdict_case(struct ss_db *db, int64_t case_id, int label, const struct ss_verdict_by *by,
                    struct ss_arena *arena, int64_t *count)
{
    char source[SOURCE_MAX];
    int n = snprintf(source, sizeof source, "case:%lld", (long long)case_id);
    return say(db, label < 0 ? TAKE_BACK(OF_CASE) : ALL(OF_CASE), ss_arg_int(case_id),
               (struct ss_str){source, (size_t)n}, label, by, arena, count);
}

int ss_verdict_alert(struct ss_db *db, struct ss_str alert_id, int label, const struct ss_verdict_by *by,
                     struct ss_arena *arena, int64_t *count)
{
    char source[SOURCE_MAX];
    int n = snprintf(source, sizeof source, "alert:%.*s", (int)alert_id.n, alert_id.p);
    if (n >= (int)sizeof source)
        return ss_fail(SS_EDATA, "an alert's id of %zu bytes", alert_id.n);
    return say(db, label < 0 ? TAKE_BACK(OF_ALERT) : ALL(OF_ALERT), ss_arg_text(alert_id),
               (struct ss_str){source, (size_t)n}, label, by, arena, count);
}

int ss_labels_list(struct ss_db *db, struct ss_str txn_id, int64_t before, int64_t limit,
                   struct ss_arena *arena, int (*each)(void *arg, const struct ss_label_row *row), void *arg,
                   bool *more)
{
    struct ss_select q;
    struct ss_rows *rows = NULL;
    ss_select_init(&q, "SELECT id, time_us, label, txn_id, source, actor, note FROM labels");
    if (txn_id.p)
        ss_select_where(&q, "txn_id = ?1", SS_ARGS(ss_arg_text(txn_id)));
    if (before)
        ss_select_where(&q, "id < ?1", SS_ARGS(ss_arg_int(before)));
    ss_select_add(&q, "ORDER BY id DESC LIMIT ?1", SS_ARGS(ss_arg_int(limit + 1)));
    int err = ss_select_run(&q, db, &rows), got = 0;
    *more = false;
    for (int64_t n = 0; !err && (got = ss_rows_next(rows)) > 0; n++) {
        if (n == limit) {
            *more = true;
            break;
        }
        struct ss_label_row row = {.id = ss_rows_int(rows, 0),
                                   .time_us = ss_rows_int(rows, 1),
                                   .label = (int)ss_rows_int(rows, 2),
                                   .txn_id = ss_rows_copy(rows, 3, arena),
                                   .source = ss_rows_copy(rows, 4, arena),
                                   .actor = ss_rows_copy(rows, 5, arena),
                                   .note = ss_rows_copy(rows, 6, arena)};
        err = each(arg, &row);
    }
    ss_rows_free(rows);
    ss_select_free(&q);
    return err ? err : got < 0 ? got : 0;
}
