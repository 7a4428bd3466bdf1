/* Cases read: lists with tabs and filters, one whole, counts and statistics. */
#include "web/cases.h"
#include "base/number.h"
#include "base/time.h"
#include "json/write.h"
#include "store/alerts.h"
#include "store/case_stats.h"
#include "store/comments.h"
#include "web/alert.h"
#include "web/case.h"
#include "web/filter.h"
#include "web/mask.h"
#include <math.h>

#define WHOLE_MAX 200 /* alerts and payments that a case shows at once; the lists have the rest */

/* ---- the list ---- */

static void read_filter(struct ss_call *call, const struct ss_sla *sla, struct ss_case_filter *f)
{
    int tab;
    memset(f, 0, sizeof *f);
    ss_query_word(call, "tab", ss_case_tabs, SS_TAB_ALL, &tab);
    f->tab = (enum ss_case_tab)tab;
    f->me = call->who.user_id;
    f->now_us = call->now_us;
    f->risk_permille = sla->risk_permille;
    f->status = ss_query_set(call, "status", ss_case_statuses);
    f->priority = ss_query_set(call, "priority", ss_case_priorities);
    f->category = ss_query_set(call, "category", ss_case_categories);
    f->resolution = ss_query_set(call, "resolution", ss_resolutions);
    f->sla = ss_query_set(call, "sla", ss_sla_states);
    f->assigned_to = ss_query_user(call, "assigned_to");
    f->user_id = ss_query(call, "user_id");
    f->card_id = ss_query(call, "card_id");
    f->entity = ss_query(call, "entity");
    f->text = ss_query(call, "q");
    ss_query_time(call, "since", 0, &f->since_us);
    ss_query_time(call, "until", 0, &f->until_us);
}

struct listing {
    struct ss_call *call;
    const struct ss_sla *sla;
    enum ss_case_sort sort;
    int64_t key, id;
};

static int put_item(void *arg, const struct ss_case *c)
{
    struct listing *l = arg;
    ss_page_item(l->call);
    ss_case_put(l->call, l->sla, c, &l->call->res.body);
    l->key = ss_case_key(c, l->sort);
    l->id = c->id;
    return 0;
}

static int list(struct ss_call *call)
{
    static const char *const sorts[] = {"due", "-created", "-updated", "-amount", "-priority", NULL};
    struct ss_sla sla;
    struct ss_case_filter f;
    struct ss_page page;
    bool more;
    ss_sla_of(call->web->settings, &sla);
    read_filter(call, &sla, &f);
    ss_page_read(call, sorts, &page);
    if (page.has_cursor && !ss_int_parse(page.tie.p, page.tie.n, &f.id))
        ss_fault(call, "cursor", "is damaged");
    if (!ss_call_check(call))
        return 0;
    f.sort = (enum ss_case_sort)page.sort;
    f.down = page.down;
    f.has_key = page.has_cursor;
    f.key = page.key;
    f.limit = page.limit;
    struct listing l = {call, &sla, f.sort, 0, 0};
    ss_page_begin(call);
    int err = ss_cases_list(call->db, &f, &call->arena, put_item, &l, &more);
    if (err)
        return err;
    ss_page_end(call, &page, more, l.key, SS_STR(""), ss_call_format(call, "%lld", (long long)l.id));
    return 0;
}

/* {"open":12,"mine":3,...}: how many behind each tab. */
static int counts(struct ss_call *call)
{
    struct ss_sla sla;
    int64_t count[SS_TABS];
    ss_sla_of(call->web->settings, &sla);
    int err = ss_cases_count(call->db, call->who.user_id, call->now_us, sla.risk_permille, count);
    if (err)
        return err;
    ss_buf_putc(&call->res.body, '{');
    for (int i = 0; i < SS_TABS; i++)
        ss_put_int_of(&call->res.body, ss_case_tabs[i], count[i]);
    ss_buf_putc(&call->res.body, '}');
    return 0;
}

/* ---- statistics ---- */

static void put_counts(struct ss_buf *to, const char *key, const char *const *words, const int64_t *count)
{
    ss_json_open(to, key, '{');
    for (int i = 0; words[i]; i++)
        ss_put_int_of(to, words[i], count[i]);
    ss_buf_putc(to, '}');
}

static int put_load(void *arg, const struct ss_case_load *load)
{
    struct ss_call *call = arg;
    struct ss_buf *to = &call->res.body;
    ss_page_item(call);
    ss_buf_putc(to, '{');
    ss_put_int_of(to, "user_id", load->user_id);
    ss_put_text_of(to, "name", load->name);
    ss_put_int_of(to, "active", load->active);
    ss_put_int_of(to, "breached", load->breached);
    ss_buf_putc(to, '}');
    return 0;
}

/* To two decimals; null for no value. */
static double rounded(double value)
{
    return round(value * 100) / 100;
}

static int stats(struct ss_call *call)
{
    struct ss_case_stats s;
    struct ss_sla sla;
    int64_t since_us;
    struct ss_buf *to = &call->res.body;
    ss_query_time(call, "since", 0, &since_us);
    if (!ss_call_check(call))
        return 0;
    ss_sla_of(call->web->settings, &sla);
    int err = ss_case_stats(call->db, &sla, call->now_us, since_us, &s);
    if (err)
        return err;
    int64_t active = s.total - s.status[SS_CASE_RESOLVED] - s.status[SS_CASE_CLOSED];
    int64_t judged = s.sla[SS_SLA_MET] + s.sla[SS_SLA_MISSED];
    ss_buf_putc(to, '{');
    ss_put_int_of(to, "total_cases", s.total);
    ss_put_int_of(to, "open_cases", active);
    ss_put_int_of(to, "investigating", s.status[SS_CASE_INVESTIGATING]);
    ss_put_int_of(to, "resolved", s.status[SS_CASE_RESOLVED] + s.status[SS_CASE_CLOSED]);
    ss_put_int_of(to, "sla_breached", s.sla[SS_SLA_BREACHED]);
    ss_put_real_of(to, "avg_resolution_hours",
                   s.resolved ? rounded((double)s.resolved_us_sum / (double)s.resolved / SS_HOUR_US) : NAN);
    ss_put_real_of(to, "sla_met_share", judged ? rounded((double)s.sla[SS_SLA_MET] / (double)judged) : NAN);
    ss_put_int_of(to, "opened_24h", s.opened_24h);
    ss_put_int_of(to, "resolved_24h", s.resolved_24h);
    ss_put_amount_of(to, "loss", s.loss);
    ss_put_amount_of(to, "confirmed_loss", s.confirmed_loss);
    ss_put_amount_of(to, "recovered", s.recovered);
    put_counts(to, "by_status", ss_case_statuses, s.status);
    put_counts(to, "by_priority", ss_case_priorities, s.priority);
    put_counts(to, "by_category", ss_case_categories, s.category);
    put_counts(to, "by_resolution", ss_resolutions, s.resolution);
    put_counts(to, "by_sla", ss_sla_states, s.sla);
    ss_json_open(to, "by_person", '[');
    err = ss_case_loads(call->db, call->now_us, put_load, call);
    ss_buf_puts(to, "]}");
    return err;
}

/* ---- one, whole ---- */

static int put_alert(void *arg, const struct ss_alert_row *alert)
{
    struct ss_call *call = arg;
    ss_page_item(call);
    ss_alert_put(alert, &call->res.body);
    return 0;
}

static int put_payment(void *arg, const struct ss_case_payment *payment)
{
    struct ss_call *call = arg;
    struct ss_case_payment masked = *payment;
    if (masked.record.p)
        masked.record = ss_mask_record(call, masked.record);
    ss_page_item(call);
    ss_case_payment_put(&masked, &call->res.body);
    return 0;
}

static int put_evidence(void *arg, const struct ss_evidence *evidence)
{
    struct ss_call *call = arg;
    ss_page_item(call);
    ss_evidence_put(evidence, &call->res.body);
    return 0;
}

static int put_customer(struct ss_call *call, struct ss_str user_id)
{
    struct ss_case_customer customer;
    struct ss_buf *to = &call->res.body;
    int found = ss_case_customer(call->db, user_id, call->now_us, &customer);
    ss_json_key(to, "customer");
    if (found <= 0) {
        ss_buf_puts(to, "null");
        return found;
    }
    ss_buf_putc(to, '{');
    ss_put_text_of(to, "user_id", user_id);
    ss_put_time_of(to, "first_payment_at", customer.first_us);
    ss_put_time_of(to, "last_payment_at", customer.last_us);
    ss_put_int_of(to, "payments", customer.payments);
    ss_put_amount_of(to, "amount", customer.amount);
    ss_put_int_of(to, "alerts", customer.alerts);
    ss_put_int_of(to, "blocked", customer.blocked);
    ss_put_int_of(to, "fraud", customer.fraud);
    ss_put_int_of(to, "cases", customer.cases);
    ss_put_real_of(to, "risk", customer.risk);
    ss_buf_putc(to, '}');
    return 0;
}

int ss_case_put_whole(struct ss_call *call, const struct ss_case *c, bool records, int64_t limit)
{
    struct ss_sla sla;
    struct ss_buf *to = &call->res.body;
    bool more_alerts, more_payments;
    int64_t comments = 0, payments = 0;
    const struct ss_alert_filter alerts = {
        .case_id = c->id, .snoozed = SS_SNOOZED_ANY, .sort = SS_ALERTS_BY_TIME, .down = true, .limit = limit};
    ss_sla_of(call->web->settings, &sla);
    ss_case_put(call, &sla, c, to);
    to->n--; /* it goes on */
    int err = ss_comments_count(call->db, c->id, call->who.role != SS_VIEWER, &comments);
    err = err ? err : ss_case_payments_count(call->db, c->id, &payments);
    ss_put_int_of(to, "comments_count", comments);
    ss_put_int_of(to, "payments_count", payments);
    err = err ? err : put_customer(call, c->user_id);
    ss_json_open(to, "evidence", '[');
    err = err ? err : ss_evidence_list(call->db, c->id, &call->arena, put_evidence, call);
    ss_buf_puts(to, "],\"alerts\":[");
    err = err ? err : ss_alerts_list(call->db, &alerts, &call->arena, put_alert, call, &more_alerts);
    ss_buf_puts(to, "],\"payments\":[");
    err = err ? err : ss_case_payments(call->db, c->id, records, limit, put_payment, call, &more_payments);
    ss_buf_puts(to, "]}");
    return err;
}

static int get(struct ss_call *call)
{
    struct ss_case c;
    int err = ss_case_load(call, &c);
    if (err <= 0)
        return err;
    /* Its deadline's state changes without a new version: always answered in full. */
    call->req.if_none_match = (struct ss_str){NULL, 0};
    call->res.etag = ss_call_format(call, "\"%lld\"", (long long)c.version);
    return ss_case_put_whole(call, &c, false, WHOLE_MAX);
}

const struct ss_route ss_routes_cases[] = {
    {SS_GET, "/api/v1/cases", list, SS_READERS, "cases:read", SS_RUN_SLOW, 0},
    {SS_GET, "/api/v1/cases/counts", counts, SS_READERS, "cases:read", SS_RUN_SLOW, 0},
    {SS_GET, "/api/v1/cases/stats", stats, SS_READERS, "cases:read", SS_RUN_SLOW, 0},
    {SS_GET, "/api/v1/cases/{id}", get, SS_READERS, "cases:read", SS_RUN_SLOW, 0},
    {0},
};
