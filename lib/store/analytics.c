#include "store/analytics.h"
#include "base/err.h"
#include "base/number.h"
#include "base/time.h"
#include "store/merge.h"
#include "store/tally.h"
#include <stdlib.h>

#define SUMS                                                                                    \
    "CAST(sum(payments) AS BIGINT), CAST(sum(amount) AS BIGINT), CAST(sum(alerts) AS BIGINT), " \
    "CAST(sum(blocked) AS BIGINT), CAST(sum(fraud) AS BIGINT), CAST(sum(genuine) AS BIGINT)"

static void of_row(const struct ss_rows *rows, struct ss_bucket *b)
{
    *b = (struct ss_bucket){
        .start_us = ss_rows_int(rows, 0),
        .key = ss_rows_text(rows, 1),
        .payments = ss_rows_int(rows, 2),
        .amount = ss_rows_int(rows, 3),
        .alerts = ss_rows_int(rows, 4),
        .blocked = ss_rows_int(rows, 5),
        .fraud = ss_rows_int(rows, 6),
        .genuine = ss_rows_int(rows, 7),
    };
}

static int walk(struct ss_rows *rows, ss_bucket_each *each, void *arg)
{
    int err;
    while ((err = ss_rows_next(rows)) > 0) {
        struct ss_bucket b;
        of_row(rows, &b);
        err = each(arg, &b);
        if (err)
            break;
    }
    ss_rows_free(rows);
    return err;
}

/* ---- by time: rows come in order of time and key as they lie, and are added up here: sorting them into
 * groups took the database three times as long ---- */

struct steps {
    struct ss_merge keys; /* of the step that is being added up: struct ss_bucket by key */
    int64_t start_us;
    bool any;
    ss_bucket_each *each;
    void *arg;
};

static int by_key(const void *a, const void *b)
{
    const struct ss_bucket *x = *(void *const *)a, *y = *(void *const *)b;
    size_t n = x->key.n < y->key.n ? x->key.n : y->key.n;
    int order = n ? memcmp(x->key.p, y->key.p, n) : 0;
    return order ? order : (x->key.n > y->key.n) - (x->key.n < y->key.n);
}

static int end_step(struct steps *s)
{
    int err = 0;
    if (s->keys.n > 1)
        qsort(s->keys.row, s->keys.n, sizeof *s->keys.row, by_key);
    for (uint32_t i = 0; i < s->keys.n && !err; i++)
        err = s->each(s->arg, s->keys.row[i]);
    ss_merge_reset(&s->keys);
    return err;
}

static int add_to_step(struct steps *s, int64_t start_us, const struct ss_bucket *b)
{
    const char *kept;
    bool fresh;
    int err = s->any && start_us != s->start_us ? end_step(s) : 0;
    if (err)
        return err;
    s->start_us = start_us;
    s->any = true;
    struct ss_bucket *sum = ss_merge_row(&s->keys, b->key.p, b->key.n, &kept, &fresh);
    if (!sum)
        return SS_ENOMEM;
    if (fresh) {
        *sum = *b;
        sum->start_us = start_us;
        sum->key = (struct ss_str){kept, b->key.n};
        return 0;
    }
    sum->payments += b->payments;
    sum->amount += b->amount;
    sum->alerts += b->alerts;
    sum->blocked += b->blocked;
    sum->fraud += b->fraud;
    sum->genuine += b->genuine;
    return 0;
}

/* How far apart the buckets of a dimension start. */
static int64_t resolution(const char *dim)
{
    size_t n = strlen(dim);
    if (strcmp(dim, "minute") == 0)
        return SS_MINUTE_US;
    return n > 4 && strcmp(dim + n - 4, "/day") == 0 ? SS_DAY_US : SS_HOUR_US;
}

int ss_buckets_by_time(struct ss_db *db, const struct ss_bucket_span *span, ss_bucket_each *each, void *arg)
{
    struct ss_rows *rows;
    struct steps steps = {.each = each, .arg = arg};
    int64_t step_us = span->step_us > 0 ? span->step_us : INT64_MAX;
    bool as_they_lie = span->step_us > 0 && resolution(span->dim) % span->step_us == 0;
    int err = ss_db_query(
        db,
        "SELECT start_us, key, payments, amount, alerts, blocked, fraud, genuine FROM buckets WHERE "
        "dim = $1 AND start_us >= $2 AND start_us < $3 ORDER BY start_us, key",
        SS_ARGS(ss_arg_cstr(span->dim), ss_arg_int(span->from_us), ss_arg_int(span->until_us)), &rows);
    if (err)
        return err;
    ss_merge_init(&steps.keys, sizeof(struct ss_bucket));
    int got = 0;
    while (!err && (got = ss_rows_next(rows)) > 0) {
        struct ss_bucket b;
        of_row(rows, &b);
        int64_t start_us = b.start_us / step_us * step_us;
        err = as_they_lie ? each(arg, &b) : add_to_step(&steps, start_us, &b);
    }
    ss_rows_free(rows);
    err = err ? err : got < 0 ? got : end_step(&steps);
    ss_merge_free(&steps.keys);
    return err;
}

int ss_buckets_by_key(struct ss_db *db, const struct ss_bucket_span *span, int64_t limit,
                      ss_bucket_each *each, void *arg)
{
    struct ss_rows *rows;
    int err = ss_db_query(db,
                          "SELECT min(start_us), key, " SUMS
                          " FROM buckets WHERE dim = $1 AND start_us >= $2 AND start_us < $3 "
                          "GROUP BY key ORDER BY 3 DESC, 2 LIMIT $4",
                          SS_ARGS(ss_arg_cstr(span->dim), ss_arg_int(span->from_us),
                                  ss_arg_int(span->until_us), ss_arg_int(limit)),
                          &rows);
    return err ? err : walk(rows, each, arg);
}

int ss_newest_us(struct ss_db *db, int64_t *time_us)
{
    return ss_db_int(db, "SELECT max(time_us) FROM payments", SS_NO_ARGS, 0, time_us);
}

int ss_cards_at_risk(struct ss_db *db, int64_t from_us, int64_t until_us, int64_t limit,
                     int (*each)(void *arg, const struct ss_card_risk *card), void *arg)
{
    struct ss_rows *rows;
    int err = ss_db_query(
        db,
        "SELECT card_id, count(*), CAST(sum(amount) AS BIGINT), count(alert_id), max(time_us), "
        "max(score), max(level) FROM payments WHERE level >= 2 AND time_us >= $1 AND time_us < $2 "
        "AND card_id IS NOT NULL GROUP BY card_id ORDER BY 6 DESC, 2 DESC, 1 LIMIT $3",
        SS_ARGS(ss_arg_int(from_us), ss_arg_int(until_us), ss_arg_int(limit)), &rows);
    if (err)
        return err;
    while ((err = ss_rows_next(rows)) > 0) {
        struct ss_card_risk card = {ss_rows_text(rows, 0),    ss_rows_int(rows, 1), ss_rows_int(rows, 2),
                                    ss_rows_int(rows, 3),     ss_rows_int(rows, 4), ss_rows_real(rows, 5),
                                    (int)ss_rows_int(rows, 6)};
        err = each(arg, &card);
        if (err)
            break;
    }
    ss_rows_free(rows);
    return err;
}

/* `sql`: rows of a step's number and a figure, from $1 until $2 in steps of $3. */
static int by_step(struct ss_db *db, const struct ss_bucket_span *span, const char *sql,
                   int (*each)(void *arg, int64_t step, int64_t n), void *arg)
{
    struct ss_rows *rows;
    int err = ss_db_query(
        db, sql, SS_ARGS(ss_arg_int(span->from_us), ss_arg_int(span->until_us), ss_arg_int(span->step_us)),
        &rows);
    if (err)
        return err;
    while ((err = ss_rows_next(rows)) > 0) {
        err = each(arg, ss_rows_int(rows, 0), ss_rows_int(rows, 1));
        if (err)
            break;
    }
    ss_rows_free(rows);
    return err;
}

int ss_value_at_risk(struct ss_db *db, const struct ss_bucket_span *span,
                     int (*each)(void *arg, int64_t step, int64_t amount), void *arg)
{
    /* level >= 2 is what the index is of. */
    return by_step(db, span,
                   "SELECT (time_us - $1) / $3, CAST(sum(amount) AS BIGINT) FROM payments WHERE level >= 2 "
                   "AND level IN (3, 4) AND time_us >= $1 AND time_us < $2 GROUP BY 1",
                   each, arg);
}

int ss_cases_by_time(struct ss_db *db, const struct ss_bucket_span *span, bool resolved,
                     int (*each)(void *arg, int64_t step, int64_t n), void *arg)
{
    return by_step(db, span,
                   resolved ? "SELECT (resolved_us - $1) / $3, count(*) FROM cases WHERE resolved_us >= $1 "
                              "AND resolved_us < $2 GROUP BY 1"
                            : "SELECT (created_us - $1) / $3, count(*) FROM cases WHERE created_us >= $1 AND "
                              "created_us < $2 GROUP BY 1",
                   each, arg);
}

void ss_latencies_add(struct ss_latencies *lat, const struct ss_bucket *bucket)
{
    int64_t step;
    if (!ss_int_parse(bucket->key.p, bucket->key.n, &step) || step < 0 || step >= 320)
        return;
    lat->step[step] += bucket->payments;
    lat->n += bucket->payments;
}

static double middle(int step)
{
    return ((double)ss_latency_from(step) + (double)ss_latency_from(step + 1)) / 2;
}

double ss_latencies_at(const struct ss_latencies *lat, double q)
{
    int64_t rank = (int64_t)(q * (double)lat->n), seen = 0;
    if (lat->n == 0)
        return -1;
    for (int i = 0; i < 320; i++) {
        seen += lat->step[i];
        if (seen > rank || seen == lat->n)
            return middle(i);
    }
    return -1;
}

double ss_latencies_mean(const struct ss_latencies *lat)
{
    double sum = 0;
    for (int i = 0; i < 320; i++)
        sum += (double)lat->step[i] * middle(i);
    return lat->n ? sum / (double)lat->n : -1;
}
