#include "store/case_stats.h"
#include "base/time.h"
#include "store/case_row.h"
#include "store/entity.h"
#include <math.h>

/* One pass: a row for each kind of case there is. */
#define KINDS                                                                                                \
    "SELECT status, priority, category, resolution, CASE WHEN resolved_us IS NOT NULL THEN CASE WHEN "       \
    "breached = 1 "                                                                                          \
    "THEN 4 ELSE 3 END WHEN breached = 1 OR due_us <= COALESCE(paused_us, $1) THEN 2 WHEN due_us - span_us " \
    "/ 1000 "                                                                                                \
    "* $2 <= COALESCE(paused_us, $1) THEN 1 ELSE 0 END AS sla, count(*), CAST(sum(loss) AS BIGINT), "        \
    "CAST(sum(recovered) AS BIGINT), CAST(sum(resolved_us - created_us) AS BIGINT), sum(CASE WHEN "          \
    "created_us > $3 "                                                                                       \
    "THEN 1 ELSE 0 END), sum(CASE WHEN resolved_us > $3 THEN 1 ELSE 0 END) FROM cases WHERE created_us >= "  \
    "$4 "                                                                                                    \
    "GROUP BY 1, 2, 3, 4, 5"

static void count_kind(const struct ss_rows *rows, struct ss_case_stats *s)
{
    int status = ss_word_of(ss_case_statuses, ss_rows_text(rows, 0), 0);
    int priority = ss_word_of(ss_case_priorities, ss_rows_text(rows, 1), 0);
    int category = ss_word_of(ss_case_categories, ss_rows_text(rows, 2), SS_CATEGORY_OTHER);
    int resolution = ss_word_of(ss_resolutions, ss_rows_text(rows, 3), -1);
    int64_t n = ss_rows_int(rows, 5);
    s->total += n;
    s->status[status] += n;
    s->sla[ss_rows_int(rows, 4)] += n;
    s->loss += ss_rows_int(rows, 6);
    s->recovered += ss_rows_int(rows, 7);
    s->opened_24h += ss_rows_int(rows, 9);
    s->resolved_24h += ss_rows_int(rows, 10);
    if (status < SS_CASE_RESOLVED) {
        s->priority[priority] += n;
        s->category[category] += n;
        return;
    }
    s->resolved += n;
    s->resolved_us_sum += ss_rows_int(rows, 8);
    if (resolution >= 0)
        s->resolution[resolution] += n;
    if (resolution == SS_CONFIRMED_FRAUD)
        s->confirmed_loss += ss_rows_int(rows, 6);
}

int ss_case_stats(struct ss_db *db, const struct ss_sla *sla, int64_t now_us, int64_t since_us,
                  struct ss_case_stats *stats)
{
    struct ss_rows *rows;
    memset(stats, 0, sizeof *stats);
    int err = ss_db_query(db, KINDS,
                          SS_ARGS(ss_arg_int(now_us), ss_arg_int(sla->risk_permille),
                                  ss_arg_int(now_us - SS_DAY_US), ss_arg_int(since_us)),
                          &rows);
    if (err)
        return err;
    while ((err = ss_rows_next(rows)) > 0)
        count_kind(rows, stats);
    ss_rows_free(rows);
    return err;
}

#define ACTIVE "c.status IN ('open', 'investigating', 'pending_info', 'escalated')"
#define PAST   "c.breached = 1 OR c.due_us <= COALESCE(c.paused_us, $1)"

int ss_cases_open(struct ss_db *db, int64_t now_us, int64_t *open, int64_t *breached)
{
    struct ss_rows *rows;
    int err = ss_db_query(db,
                          "SELECT count(*), COALESCE(sum(CASE WHEN " PAST " THEN 1 ELSE 0 END), 0) "
                          "FROM cases c WHERE " ACTIVE,
                          SS_ARGS(ss_arg_int(now_us)), &rows);
    if (err)
        return err;
    err = ss_rows_next(rows);
    *open = err > 0 ? ss_rows_int(rows, 0) : 0;
    *breached = err > 0 ? ss_rows_int(rows, 1) : 0;
    ss_rows_free(rows);
    return err < 0 ? err : 0;
}

int ss_case_loads(struct ss_db *db, int64_t now_us, int (*each)(void *arg, const struct ss_case_load *load),
                  void *arg)
{
    struct ss_rows *rows;
    int err = ss_db_query(db,
                          "SELECT u.id, u.name, u.email, count(*), sum(CASE WHEN " PAST " THEN 1 ELSE 0 END) "
                          "FROM cases c JOIN users u ON u.id = c.assigned_to WHERE " ACTIVE
                          " GROUP BY u.id, u.name, u.email ORDER BY 4 DESC, 1 LIMIT 500",
                          SS_ARGS(ss_arg_int(now_us)), &rows);
    if (err)
        return err;
    int got = 0;
    while (!err && (got = ss_rows_next(rows)) > 0) {
        const struct ss_case_load load = {.user_id = ss_rows_int(rows, 0),
                                          .name = ss_rows_text(rows, 1),
                                          .email = ss_rows_text(rows, 2),
                                          .active = ss_rows_int(rows, 3),
                                          .breached = ss_rows_int(rows, 4)};
        err = each(arg, &load);
    }
    ss_rows_free(rows);
    return err ? err : got;
}

int ss_case_customer(struct ss_db *db, struct ss_str user_id, int64_t now_us, struct ss_case_customer *c)
{
    struct ss_rows *rows;
    if (!user_id.p)
        return 0;
    int err = ss_db_query(
        db,
        "SELECT first_us, last_us, payments, amount, alerts, blocked, fraud, heat, (SELECT count(*) "
        "FROM cases WHERE user_id = $1) FROM customers WHERE user_id = $1",
        SS_ARGS(ss_arg_text(user_id)), &rows);
    if (err)
        return err;
    err = ss_rows_next(rows);
    if (err > 0)
        *c = (struct ss_case_customer){.first_us = ss_rows_int(rows, 0),
                                       .last_us = ss_rows_int(rows, 1),
                                       .payments = ss_rows_int(rows, 2),
                                       .amount = ss_rows_int(rows, 3),
                                       .alerts = ss_rows_int(rows, 4),
                                       .blocked = ss_rows_int(rows, 5),
                                       .fraud = ss_rows_int(rows, 6),
                                       .cases = ss_rows_int(rows, 8),
                                       .risk = ss_risk_at(ss_rows_real(rows, 7), now_us)};
    ss_rows_free(rows);
    return err;
}
