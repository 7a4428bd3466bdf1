#include "store/case_row.h"
#include "store/sla.h"

const char *const ss_case_tabs[] = {"open",     "mine",   "unassigned", "at_risk", "breached",
                                    "resolved", "closed", "all",        NULL};

#define ACTIVE "c.resolved_us IS NULL"
/* The clock of a case stands still while it is paused. */
#define CLOCK "COALESCE(c.paused_us, ?1)"
/* As ss_sla_state has it, in SQL; ?2 is the share in thousandths. */
#define IS_OVER ACTIVE " AND (c.breached = 1 OR c.due_us <= " CLOCK ")"
#define IS_LEFT ACTIVE " AND c.breached = 0 AND c.due_us > " CLOCK
#define IS_NEAR "c.due_us - c.span_us / 1000 * ?2 <= " CLOCK

#define RANK "(CASE c.priority WHEN 'critical' THEN 3 WHEN 'high' THEN 2 WHEN 'medium' THEN 1 ELSE 0 END)"

static void add_tab(struct ss_select *q, const struct ss_case_filter *f)
{
    const struct ss_arg clock[] = {ss_arg_int(f->now_us), ss_arg_int(f->risk_permille)};
    switch (f->tab) {
    case SS_TAB_OPEN: ss_select_words(q, "c.status", ss_case_statuses, SS_CASES_ACTIVE); break;
    case SS_TAB_MINE:
        ss_select_words(q, "c.status", ss_case_statuses, SS_CASES_ACTIVE);
        ss_select_where(q, "c.assigned_to = ?1", SS_ARGS(ss_arg_int(f->me)));
        break;
    case SS_TAB_UNASSIGNED:
        ss_select_words(q, "c.status", ss_case_statuses, SS_CASES_ACTIVE);
        ss_select_where(q, "c.assigned_to IS NULL", SS_NO_ARGS);
        break;
    case SS_TAB_AT_RISK: ss_select_where(q, IS_LEFT " AND " IS_NEAR, clock, 2); break;
    case SS_TAB_BREACHED: ss_select_where(q, IS_OVER, clock, 1); break;
    case SS_TAB_RESOLVED: ss_select_words(q, "c.status", ss_case_statuses, 1u << SS_CASE_RESOLVED); break;
    case SS_TAB_CLOSED: ss_select_words(q, "c.status", ss_case_statuses, 1u << SS_CASE_CLOSED); break;
    case SS_TAB_ALL:
    case SS_TABS: break;
    }
}

static const char *state_piece(enum ss_sla_state state)
{
    switch (state) {
    case SS_SLA_ON_TRACK: return IS_LEFT " AND NOT (" IS_NEAR ")";
    case SS_SLA_AT_RISK: return IS_LEFT " AND " IS_NEAR;
    case SS_SLA_BREACHED: return IS_OVER;
    case SS_SLA_MET: return "c.resolved_us IS NOT NULL AND c.breached = 0";
    case SS_SLA_MISSED: return "c.resolved_us IS NOT NULL AND c.breached = 1";
    }
    return "1 = 0";
}

static void add_states(struct ss_select *q, const struct ss_case_filter *f)
{
    const struct ss_arg clock[] = {ss_arg_int(f->now_us), ss_arg_int(f->risk_permille)};
    if (!f->sla)
        return;
    ss_select_open(q);
    ss_buf_puts(&q->sql, "1 = 0");
    for (unsigned i = 0; i <= SS_SLA_MISSED; i++) {
        if (!(f->sla >> i & 1))
            continue;
        ss_buf_puts(&q->sql, " OR (");
        ss_select_add(q, state_piece((enum ss_sla_state)i), clock, 2);
        ss_buf_putc(&q->sql, ')');
    }
    ss_select_close(q);
}

static void add_filters(struct ss_select *q, const struct ss_case_filter *f, struct ss_arena *arena)
{
    ss_select_words(q, "c.status", ss_case_statuses, f->status);
    ss_select_words(q, "c.priority", ss_case_priorities, f->priority);
    ss_select_words(q, "c.category", ss_case_categories, f->category);
    ss_select_words(q, "c.resolution", ss_resolutions, f->resolution);
    add_states(q, f);
    if (f->assigned_to < 0)
        ss_select_where(q, "c.assigned_to IS NULL", SS_NO_ARGS);
    else if (f->assigned_to)
        ss_select_where(q, "c.assigned_to = ?1", SS_ARGS(ss_arg_int(f->assigned_to)));
    if (f->user_id.p)
        ss_select_where(q, "c.user_id = ?1", SS_ARGS(ss_arg_text(f->user_id)));
    if (f->card_id.p)
        ss_select_where(q, "c.card_id = ?1", SS_ARGS(ss_arg_text(f->card_id)));
    if (f->entity.p)
        ss_select_where(q, "c.entity = ?1", SS_ARGS(ss_arg_text(f->entity)));
    if (f->since_us)
        ss_select_where(q, "c.created_us >= ?1", SS_ARGS(ss_arg_int(f->since_us)));
    if (f->until_us)
        ss_select_where(q, "c.created_us < ?1", SS_ARGS(ss_arg_int(f->until_us)));
    if (f->text.p)
        ss_select_where(
            q,
            "lower(c.title) LIKE lower(?1) ESCAPE '\\' OR lower(c.number) LIKE lower(?1) ESCAPE '\\' OR "
            "lower(c.description) LIKE lower(?1) ESCAPE '\\' OR lower(COALESCE(c.entity, '')) LIKE lower(?1) "
            "ESCAPE '\\' OR lower(COALESCE(c.user_id, '')) LIKE lower(?1) ESCAPE '\\'",
            SS_ARGS(ss_arg_text(ss_like_pattern("%", f->text, "%", arena))));
}

static const char *const keys[][4] = {
    /* up: behind a key, order; down: the same */
    {"(c.due_us, c.id) > (?1, ?2)", "ORDER BY c.due_us, c.id LIMIT ?1", "(c.due_us, c.id) < (?1, ?2)",
     "ORDER BY c.due_us DESC, c.id DESC LIMIT ?1"},
    {"(c.created_us, c.id) > (?1, ?2)", "ORDER BY c.created_us, c.id LIMIT ?1",
     "(c.created_us, c.id) < (?1, ?2)", "ORDER BY c.created_us DESC, c.id DESC LIMIT ?1"},
    {"(c.updated_us, c.id) > (?1, ?2)", "ORDER BY c.updated_us, c.id LIMIT ?1",
     "(c.updated_us, c.id) < (?1, ?2)", "ORDER BY c.updated_us DESC, c.id DESC LIMIT ?1"},
    {"(c.amount, c.id) > (?1, ?2)", "ORDER BY c.amount, c.id LIMIT ?1", "(c.amount, c.id) < (?1, ?2)",
     "ORDER BY c.amount DESC, c.id DESC LIMIT ?1"},
    {"(" RANK ", c.id) > (?1, ?2)", "ORDER BY " RANK ", c.id LIMIT ?1", "(" RANK ", c.id) < (?1, ?2)",
     "ORDER BY " RANK " DESC, c.id DESC LIMIT ?1"},
};

int64_t ss_case_key(const struct ss_case *c, enum ss_case_sort sort)
{
    switch (sort) {
    case SS_BY_DUE: return c->due_us;
    case SS_BY_CREATED: return c->created_us;
    case SS_BY_UPDATED: return c->updated_us;
    case SS_BY_AMOUNT: return c->amount;
    case SS_BY_PRIORITY: return c->priority;
    }
    return 0;
}

int ss_cases_list(struct ss_db *db, const struct ss_case_filter *f, struct ss_arena *arena,
                  int (*each)(void *arg, const struct ss_case *c), void *arg, bool *more)
{
    struct ss_select q;
    struct ss_rows *rows = NULL;
    const char *const *key = keys[f->sort] + (f->down ? 2 : 0);
    ss_select_init(&q, "SELECT " SS_CASE_COLUMNS);
    add_tab(&q, f);
    add_filters(&q, f, arena);
    if (f->has_key)
        ss_select_where(&q, key[0], SS_ARGS(ss_arg_int(f->key), ss_arg_int(f->id)));
    ss_select_add(&q, key[1], SS_ARGS(ss_arg_int(f->limit + 1)));
    int err = ss_select_run(&q, db, &rows), got = 0;
    *more = false;
    for (int64_t n = 0; !err && (got = ss_rows_next(rows)) > 0; n++) {
        struct ss_case c;
        if (n == f->limit) {
            *more = true;
            break;
        }
        ss_case_of_row(rows, arena, &c);
        err = each(arg, &c);
    }
    ss_rows_free(rows);
    ss_select_free(&q);
    return err ? err : got < 0 ? got : 0;
}

int ss_cases_count(struct ss_db *db, int64_t me, int64_t now_us, int64_t risk_permille,
                   int64_t count[SS_TABS])
{
    struct ss_rows *rows;
    /* Active cases are few; those that are over are only counted. */
    int err = ss_db_query(
        db,
        "SELECT count(*), COALESCE(sum(CASE WHEN assigned_to = $1 THEN 1 ELSE 0 END), 0), "
        "COALESCE(sum(CASE WHEN assigned_to IS NULL THEN 1 ELSE 0 END), 0), "
        "COALESCE(sum(CASE WHEN breached = 0 AND due_us > COALESCE(paused_us, $2) AND due_us - span_us / "
        "1000 * $3 "
        "<= COALESCE(paused_us, $2) THEN 1 ELSE 0 END), 0), "
        "COALESCE(sum(CASE WHEN breached = 1 OR due_us <= COALESCE(paused_us, $2) THEN 1 ELSE 0 END), 0), "
        "(SELECT count(*) FROM cases WHERE status = 'resolved'), (SELECT count(*) FROM cases WHERE status = "
        "'closed') FROM cases WHERE status IN ('open', 'investigating', 'pending_info', 'escalated')",
        SS_ARGS(ss_arg_int(me), ss_arg_int(now_us), ss_arg_int(risk_permille)), &rows);
    if (err)
        return err;
    err = ss_rows_next(rows);
    for (int i = 0; i < SS_TAB_ALL && err > 0; i++)
        count[i] = ss_rows_int(rows, i);
    ss_rows_free(rows);
    if (err > 0)
        count[SS_TAB_ALL] = count[SS_TAB_OPEN] + count[SS_TAB_RESOLVED] + count[SS_TAB_CLOSED];
    return err < 0 ? err : 0;
}
