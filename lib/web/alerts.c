/* Alerts over the API: lists, one with its payment, and what people do to them. */
#include "web/alert.h"
#include "base/number.h"
#include "json/write.h"
#include "record/decision.h"
#include "web/case.h"
#include "web/filter.h"
#include "web/mask.h"
#include <math.h>

#define RECENT_MAX 200

void ss_alert_put(const struct ss_alert_row *a, struct ss_buf *to)
{
    ss_buf_putc(to, '{');
    ss_put_text_of(to, "id", a->id);
    ss_put_text_of(to, "txn_id", a->txn_id);
    ss_put_time_of(to, "timestamp", a->time_us);
    ss_put_time_of(to, "last_at", a->last_us);
    ss_put_time_of(to, "created_at", a->created_us);
    ss_put_text_of(to, "group", a->group_key);
    ss_put_text_of(to, "user_id", a->user_id);
    ss_put_text_of(to, "card_id", a->card_id);
    ss_put_text_of(to, "merchant_id", a->merchant_id);
    ss_put_text_of(to, "category", a->category);
    ss_put_amount_of(to, "amount", a->amount);
    ss_put_text_of(to, "currency", a->currency);
    ss_put_int_of(to, "count", a->count);
    ss_put_real_of(to, "score", a->score);
    ss_put_text_of(to, "level", ss_str_of(ss_level_name((enum ss_level)a->level)));
    ss_put_text_of(to, "action", ss_str_of(ss_action_name((enum ss_action)a->action)));
    ss_put_text_of(to, "reason", a->reason);
    ss_json_key(to, "rules");
    ss_buf_put(to, a->rules.p ? a->rules.p : "[]", a->rules.p ? a->rules.n : 2);
    ss_put_text_of(to, "status", ss_str_of(ss_alert_statuses[a->status]));
    ss_json_key(to, "case");
    if (a->case_id) {
        ss_buf_putc(to, '{');
        ss_put_int_of(to, "id", a->case_id);
        ss_put_text_of(to, "number", a->case_number);
        ss_buf_putc(to, '}');
    } else {
        ss_buf_puts(to, "null");
    }
    ss_put_person_of(to, "assigned_to", a->assigned_to, a->assigned_name);
    ss_put_person_of(to, "reviewed_by", a->reviewed_by, a->reviewed_name);
    ss_put_time_of(to, "reviewed_at", a->reviewed_us);
    ss_put_text_of(to, "note", a->note);
    ss_put_time_of(to, "snoozed_until", a->snoozed_us);
    ss_put_int_of(to, "version", a->version);
    ss_buf_putc(to, '}');
}

/* ---- lists ---- */

static const char *const levels[] = {"NONE", "LOW", "MEDIUM", "HIGH", "CRITICAL", NULL};

static void read_filter(struct ss_call *call, struct ss_alert_filter *f)
{
    static const char *const snoozed[] = {"hide", "only", "any", NULL};
    int which;
    int64_t in_case;
    memset(f, 0, sizeof *f);
    f->status = ss_query_set(call, "status", ss_alert_statuses);
    f->level = ss_query_set(call, "level", levels);
    ss_query_time(call, "since", 0, &f->since_us);
    ss_query_time(call, "until", 0, &f->until_us);
    f->user_id = ss_query(call, "user_id");
    f->card_id = ss_query(call, "card_id");
    f->merchant_id = ss_query(call, "merchant_id");
    f->category = ss_query(call, "category");
    f->group_key = ss_query(call, "group");
    f->txn_id = ss_query(call, "txn_id");
    f->text = ss_query(call, "q");
    ss_query_amount(call, "min_amount", 0, &f->min_amount);
    f->assigned_to = ss_query_user(call, "assigned_to");
    struct ss_str text = ss_query(call, "case_id");
    if (text.p && ss_str_is(text, "none"))
        f->case_id = -1;
    else if (ss_query_int(call, "case_id", 0, 1, INT64_MAX, &in_case))
        f->case_id = in_case;
    ss_query_word(call, "snoozed", snoozed, SS_SNOOZED_HIDE, &which);
    f->snoozed = (enum ss_snoozed)which;
    f->now_us = call->now_us;
}

struct listing {
    struct ss_call *call;
    struct ss_alert_row last;
};

static int put_item(void *arg, const struct ss_alert_row *a)
{
    struct listing *l = arg;
    ss_page_item(l->call);
    ss_alert_put(a, &l->call->res.body);
    l->last = *a;
    return 0;
}

/* The keys of the last one given; a score goes as its shortest text. */
static void end_page(struct listing *l, const struct ss_page *page, const struct ss_alert_filter *f,
                     bool more)
{
    char text[SS_NUMBER_MAX];
    const struct ss_alert_row *a = &l->last;
    size_t n =
        more && f->sort == SS_ALERTS_BY_SCORE ? ss_double_print(isnan(a->score) ? -1 : a->score, text) : 0;
    ss_page_end(l->call, page, more, f->sort == SS_ALERTS_BY_AMOUNT ? a->amount : a->time_us,
                (struct ss_str){text, n}, ss_call_format(l->call, "%lld", (long long)a->seq));
}

static int list(struct ss_call *call)
{
    static const char *const sorts[] = {"-time", "-score", "-amount", NULL};
    struct ss_alert_filter f;
    struct ss_page page;
    bool more;
    read_filter(call, &f);
    ss_page_read(call, sorts, &page);
    f.sort = (enum ss_alert_sort)page.sort;
    if (page.has_cursor &&
        (!ss_int_parse(page.tie.p, page.tie.n, &f.seq) ||
         (f.sort == SS_ALERTS_BY_SCORE && !ss_double_parse(page.text.p, page.text.n, &f.score))))
        ss_fault(call, "cursor", "is damaged");
    if (!ss_call_check(call))
        return 0;
    f.down = page.down;
    f.has_key = page.has_cursor;
    f.key = page.key;
    f.limit = page.limit;
    struct listing l = {.call = call};
    ss_page_begin(call);
    int err = ss_alerts_list(call->db, &f, &call->arena, put_item, &l, &more);
    if (!err)
        end_page(&l, &page, &f, more);
    return err;
}

/* The newest as they arrived. */
static int recent(struct ss_call *call)
{
    struct ss_alert_filter f = {.sort = SS_ALERTS_BY_ARRIVAL, .down = true, .snoozed = SS_SNOOZED_ANY};
    struct listing l = {.call = call};
    bool more;
    ss_query_int(call, "limit", SS_LIMIT_DEFAULT, 1, RECENT_MAX, &f.limit);
    if (!ss_call_check(call))
        return 0;
    ss_page_begin(call);
    int err = ss_alerts_list(call->db, &f, &call->arena, put_item, &l, &more);
    ss_buf_puts(&call->res.body, "],\"next\":null}");
    return err;
}

static int counts(struct ss_call *call)
{
    int64_t count[SS_ALERT_STATUSES][SS_LEVELS], snoozed, open = 0, sum[SS_LEVELS] = {0};
    struct ss_buf *to = &call->res.body;
    int err = ss_alerts_count(call->db, call->now_us, count, &snoozed);
    if (err)
        return err;
    ss_buf_puts(to, "{\"by_status\":{");
    for (int s = 0; s < SS_ALERT_STATUSES; s++) {
        int64_t n = 0;
        for (int l = 0; l < SS_LEVELS; l++) {
            n += count[s][l];
            if (s < SS_ALERT_RESOLVED)
                sum[l] += count[s][l];
        }
        open += s < SS_ALERT_RESOLVED ? n : 0;
        ss_put_int_of(to, ss_alert_statuses[s], n);
    }
    ss_buf_puts(to, "},\"open_by_level\":{");
    for (int l = 0; l < SS_LEVELS; l++)
        ss_put_int_of(to, levels[l], sum[l]);
    ss_buf_putc(to, '}');
    ss_put_int_of(to, "open", open);
    ss_put_int_of(to, "snoozed", snoozed);
    ss_buf_putc(to, '}');
    return 0;
}

static int get(struct ss_call *call)
{
    struct ss_alert_row a;
    struct ss_str record;
    struct ss_buf *to = &call->res.body;
    int err = ss_alert_find(call->db, call->param[0], &call->arena, &a);
    if (err <= 0)
        return err ? err : ss_problem_missing(call, "alert", call->param[0]);
    /* It grows with its payments without a new version: always answered in full. */
    call->req.if_none_match = (struct ss_str){NULL, 0};
    call->res.etag = ss_call_format(call, "\"%lld\"", (long long)a.version);
    err = ss_alert_record(call->db, a.txn_id, &call->arena, &record);
    if (record.p)
        record = ss_mask_record(call, record);
    ss_alert_put(&a, to);
    to->n--; /* it goes on */
    ss_json_key(to, "moves");
    const char *comma = "[";
    for (int i = 0; i < SS_ALERT_STATUSES; i++) {
        if (!(ss_alert_moves(a.status) >> i & 1))
            continue;
        ss_buf_puts(to, comma);
        ss_json_put_string(to, ss_str_of(ss_alert_statuses[i]));
        comma = ",";
    }
    ss_buf_putc(to, ']');
    ss_json_key(to, "record");
    ss_buf_put(to, record.p ? record.p : "null", record.p ? record.n : 4);
    ss_buf_putc(to, '}');
    return err;
}

const struct ss_route ss_routes_alerts[] = {
    {SS_GET, "/api/v1/alerts", list, SS_READERS, "alerts:read", SS_RUN_SLOW, 0},
    {SS_GET, "/api/v1/alerts/recent", recent, SS_READERS, "alerts:read", SS_RUN_QUICK, 0},
    {SS_GET, "/api/v1/alerts/counts", counts, SS_READERS, "alerts:read", SS_RUN_SLOW, 0},
    {SS_GET, "/api/v1/alerts/{id}", get, SS_READERS, "alerts:read", SS_RUN_QUICK, 0},
    {0},
};
