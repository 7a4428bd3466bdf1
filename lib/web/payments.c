/* Payments as they are read: lists, one with all that explains it. */
#include "base/err.h"
#include "base/number.h"
#include "json/cursor.h"
#include "json/write.h"
#include "store/analytics.h"
#include "store/verdict.h"
#include "store/work.h"
#include "web/mask.h"
#include "web/payment.h"
#include <math.h>
#include <stdlib.h>

#define AROUND  8   /* payments of the customer before and after one */
#define HISTORY 200 /* payments that tell what is usual */

/* ---- one payment ---- */

/* The first sentence that a rule or the model gives, as JSON. Most payments have none: that is seen before
 * the record is walked through. */
static struct ss_str reason_in(struct ss_str line)
{
    static const struct {
        const char *member, *list, *key;
        struct ss_str sign;
    } places[] = {{"decision", "rules", "reason", {"\"reason\"", 8}},
                  {"score", "reasons", "text", {"\"reasons\"", 9}}};
    for (size_t i = 0; i < SS_COUNT(places); i++) {
        if (!memmem(line.p, line.n, places[i].sign.p, places[i].sign.n))
            continue;
        struct ss_str member = ss_cursor_member(line, places[i].member), first;
        struct ss_str list = member.p ? ss_cursor_member(member, places[i].list) : member;
        struct ss_cursor c = {list.p, list.p + list.n};
        if (!list.p || !ss_cursor_take(&c, '[') || ss_cursor_peek(&c) != '{' || !ss_cursor_value(&c, &first))
            continue;
        struct ss_str reason = ss_cursor_member(first, places[i].key);
        if (reason.p)
            return reason;
    }
    return SS_STR("null");
}

void ss_put_payment(struct ss_call *call, const struct ss_payment *p)
{
    struct ss_buf *to = &call->res.body;
    struct ss_str reason = p->record.p ? reason_in(p->record) : SS_STR("null");
    ss_buf_putc(to, '{');
    ss_put_int_of(to, "seq", p->seq);
    ss_put_text_of(to, "txn_id", p->txn_id);
    ss_put_time_of(to, "timestamp", p->time_us);
    ss_put_text_of(to, "user_id", p->user_id);
    ss_put_text_of(to, "card_id", p->card_id);
    ss_put_text_of(to, "merchant_id", p->merchant_id);
    ss_put_text_of(to, "device_id", p->device_id);
    ss_put_text_of(to, "ip", ss_masks(call) ? ss_mask_ip(call, p->ip) : p->ip);
    ss_put_text_of(to, "country", p->country);
    ss_put_text_of(to, "location", p->location);
    ss_put_text_of(to, "category", p->category);
    ss_put_text_of(to, "channel", p->channel);
    ss_put_text_of(to, "currency", p->currency);
    ss_put_amount_of(to, "amount", p->amount);
    ss_put_real_of(to, "score", p->score);
    ss_put_text_of(to, "level", ss_str_of(ss_level_name(p->level)));
    ss_put_text_of(to, "action", ss_str_of(ss_action_name(p->action)));
    ss_json_key(to, "label");
    ss_buf_puts(to, p->label < 0 ? "null" : p->label ? "1" : "0");
    ss_json_key(to, "latency_us");
    if (p->latency_us < 0)
        ss_buf_puts(to, "null");
    else
        ss_json_put_int(to, p->latency_us);
    ss_put_text_of(to, "alert_id", p->alert_id);
    ss_json_key(to, "reason");
    ss_buf_put(to, reason.p, reason.n);
    ss_json_key(to, "rules");
    ss_buf_put(to, p->rules.p ? p->rules.p : "[]", p->rules.p ? p->rules.n : 2);
    ss_buf_putc(to, '}');
}

int ss_put_payment_item(void *arg, const struct ss_payment *payment)
{
    ss_page_item(arg);
    ss_put_payment(arg, payment);
    return 0;
}

int ss_put_work(struct ss_call *call, const struct ss_work *work, bool cases)
{
    struct ss_buf *to = &call->res.body;
    if (work->is_case != cases)
        return 0;
    ss_page_item(call);
    ss_buf_putc(to, '{');
    if (cases)
        ss_put_int_of(to, "id", work->case_id);
    ss_put_text_of(to, cases ? "number" : "id", work->id);
    if (cases)
        ss_put_text_of(to, "title", work->title);
    ss_put_text_of(to, "status", work->status);
    ss_buf_putc(to, '}');
    return 0;
}

/* ---- filters ---- */

/* "HIGH,CRITICAL" as a set of bits. */
static unsigned set_of(struct ss_call *call, const char *name, int (*number)(struct ss_str))
{
    struct ss_str text = ss_query(call, name);
    unsigned set = 0;
    while (text.n) {
        const char *comma = memchr(text.p, ',', text.n);
        struct ss_str word = {text.p, comma ? (size_t)(comma - text.p) : text.n};
        text = comma ? (struct ss_str){comma + 1, text.n - word.n - 1} : (struct ss_str){NULL, 0};
        int n = number(ss_str_trim(word));
        if (n < 0)
            ss_fault(call, name, "has no '%.*s'", (int)(word.n < 40 ? word.n : 40), word.p);
        else
            set |= 1u << n;
    }
    return set;
}

static bool real_of(struct ss_call *call, const char *name, double *value)
{
    struct ss_str text = ss_query(call, name);
    if (!text.p)
        return false;
    if (ss_double_parse(text.p, text.n, value))
        return true;
    ss_fault(call, name, "is a number such as 0.85");
    return false;
}

void ss_payment_filter_read(struct ss_call *call, struct ss_payment_filter *f)
{
    static const char *const labels[] = {"1", "0", "none", NULL};
    int label;
    ss_query_time(call, "since", 0, &f->since_us);
    ss_query_time(call, "until", 0, &f->until_us);
    f->user_id = ss_query(call, "user_id");
    f->card_id = ss_query(call, "card_id");
    f->merchant_id = ss_query(call, "merchant_id");
    f->device_id = ss_query(call, "device_id");
    f->ip = ss_query(call, "ip");
    f->country = ss_query(call, "country");
    f->category = ss_query(call, "category");
    f->channel = ss_query(call, "channel");
    f->currency = ss_query(call, "currency");
    f->rule = ss_query(call, "rule");
    f->begins = ss_query(call, "q");
    f->no_addresses = ss_masks(call); /* or they could be tried out until one is found */
    if (f->ip.p && f->no_addresses)
        ss_fault(call, "ip", "is masked for your role");
    f->level = set_of(call, "level", ss_level_of);
    f->action = set_of(call, "action", ss_action_of);
    if (ss_query_word(call, "label", labels, -1, &label) && label >= 0)
        f->label = label == 0 ? SS_LABELLED_FRAUD : label == 1 ? SS_LABELLED_GENUINE : SS_LABELLED_NOT;
    f->has_min_amount = ss_query(call, "min_amount").p != NULL;
    f->has_max_amount = ss_query(call, "max_amount").p != NULL;
    ss_query_amount(call, "min_amount", 0, &f->min_amount);
    ss_query_amount(call, "max_amount", 0, &f->max_amount);
    f->has_min_score = real_of(call, "min_score", &f->min_score);
    f->has_max_score = real_of(call, "max_score", &f->max_score);
}

/* ---- lists ---- */

struct listing {
    struct ss_call *call;
    int64_t key, seq;
    double score;
    enum ss_payment_sort sort;
};

static int put_listed(void *arg, const struct ss_payment *p)
{
    struct listing *l = arg;
    l->key = l->sort == SS_PAYMENTS_BY_AMOUNT ? p->amount : p->time_us;
    l->score = p->score;
    l->seq = p->seq;
    return ss_put_payment_item(l->call, p);
}

static int list_with(struct ss_call *call, struct ss_str user_id)
{
    static const char *const sorts[] = {"-time", "-seq", "-amount", "-score", NULL};
    struct ss_payment_filter filter = {0};
    struct ss_page page;
    bool more;
    char text[SS_NUMBER_MAX];
    ss_page_read(call, sorts, &page);
    ss_payment_filter_read(call, &filter);
    if (!ss_call_check(call))
        return 0;
    if (user_id.p)
        filter.user_id = user_id;
    filter.sort = (enum ss_payment_sort)page.sort;
    filter.down = page.down;
    filter.limit = page.limit;
    filter.has_key = page.has_cursor;
    filter.key = page.key;
    filter.score = NAN;
    if (page.text.n && !ss_double_parse(page.text.p, page.text.n, &filter.score))
        filter.score = NAN;
    if (page.has_cursor && !ss_int_parse(page.tie.p, page.tie.n, &filter.seq))
        return ss_problem(call, 422, "invalid", "the cursor is damaged");
    struct listing l = {.call = call, .sort = filter.sort};
    ss_page_begin(call);
    int err = ss_payments_list(call->db, &filter, &call->arena, put_listed, &l, &more);
    if (err)
        return err;
    struct ss_str score = {"", 0};
    if (filter.sort == SS_PAYMENTS_BY_SCORE && !isnan(l.score))
        score = (struct ss_str){text, ss_double_print(l.score, text)};
    ss_page_end(call, &page, more, l.key, score, ss_call_format(call, "%lld", (long long)l.seq));
    return 0;
}

static int list(struct ss_call *call)
{
    return list_with(call, (struct ss_str){NULL, 0});
}

static int list_of_customer(struct ss_call *call)
{
    return list_with(call, call->param[0]);
}

/* ---- one, whole ---- */

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* What the customer paid before this payment. */
static int put_usual(struct ss_call *call, const struct ss_payment *p)
{
    int64_t before[HISTORY];
    double amount[HISTORY], sum = 0, squares = 0;
    int64_t n = p->user_id.p ? ss_payments_amounts(call->db, p, before, HISTORY) : 0;
    if (n < 0)
        return (int)n;
    for (int64_t i = 0; i < n; i++) {
        amount[i] = (double)before[i] / SS_AMOUNT_SCALE;
        sum += amount[i];
        squares += amount[i] * amount[i];
    }
    qsort(amount, (size_t)n, sizeof *amount, by_value);
    double count = (double)n, mean = n ? sum / count : NAN,
           variance = n > 1 ? (squares - count * mean * mean) / (count - 1) : NAN;
    struct ss_buf *to = &call->res.body;
    ss_json_open(to, "usual", '{');
    ss_put_int_of(to, "payments", n);
    ss_put_real_of(to, "amount_mean", mean);
    ss_put_real_of(to, "amount_sd", variance >= 0 ? sqrt(variance) : NAN);
    ss_put_real_of(to, "amount_median", n ? amount[n / 2] : NAN);
    ss_buf_putc(to, '}');
    return 0;
}

static int put_around(struct ss_call *call, const struct ss_payment *p, const char *name, bool before)
{
    struct ss_payment_filter filter = {.user_id = p->user_id,
                                       .down = before,
                                       .has_key = true,
                                       .key = p->time_us,
                                       .seq = p->seq,
                                       .limit = AROUND};
    bool more;
    ss_json_open(&call->res.body, name, '[');
    int err = p->user_id.p
                  ? ss_payments_list(call->db, &filter, &call->arena, ss_put_payment_item, call, &more)
                  : 0;
    ss_buf_putc(&call->res.body, ']');
    return err;
}

static int put_label(void *arg, const struct ss_label_row *row)
{
    struct ss_call *call = arg;
    struct ss_buf *to = &call->res.body;
    ss_page_item(call);
    ss_buf_putc(to, '{');
    ss_json_key(to, "label");
    ss_buf_puts(to, row->label < 0 ? "null" : row->label ? "1" : "0");
    ss_put_text_of(to, "source", row->source);
    ss_put_text_of(to, "actor", row->actor);
    ss_put_text_of(to, "note", row->note);
    ss_put_time_of(to, "at", row->time_us);
    ss_buf_putc(to, '}');
    return 0;
}

static int put_work(void *arg, const struct ss_work *work)
{
    return ss_put_work(arg, work, false);
}

static int put_case(void *arg, const struct ss_work *work)
{
    return ss_put_work(arg, work, true);
}

static int put_whole(struct ss_call *call, const struct ss_payment *p)
{
    struct ss_buf *to = &call->res.body;
    struct ss_str record = ss_mask_record(call, p->record);
    bool more;
    ss_buf_puts(to, "{\"payment\":");
    ss_put_payment(call, p);
    ss_json_key(to, "record");
    ss_buf_put(to, record.p, record.n);
    int err = put_around(call, p, "before", true);
    err = err ? err : put_around(call, p, "after", false);
    err = err ? err : put_usual(call, p);
    ss_buf_puts(to, ",\"labels\":[");
    err = err ? err : ss_labels_list(call->db, p->txn_id, 0, 20, &call->arena, put_label, call, &more);
    ss_buf_putc(to, ']');
    ss_buf_puts(to, ",\"alerts\":[");
    err = err ? err : ss_payment_work(call->db, p->txn_id, p->alert_id, put_work, call);
    ss_buf_puts(to, "],\"cases\":[");
    err = err ? err : ss_payment_work(call->db, p->txn_id, p->alert_id, put_case, call);
    ss_buf_putc(to, ']');
    ss_buf_putc(to, '}');
    return err;
}

/* All of one moment, which also spares each statement its locks. */
static int get(struct ss_call *call)
{
    struct ss_payment p;
    int err = ss_db_begin(call->db, false);
    int found = err ? err : ss_payment_find(call->db, call->param[0], &call->arena, &p);
    if (found > 0) {
        call->res.may_cache = true;
        err = put_whole(call, &p);
    } else {
        err = found < 0 ? found : ss_problem_missing(call, "payment", call->param[0]);
    }
    ss_db_rollback(call->db);
    return err;
}

/* The record alone: what an index and one read give. */
static int get_record(struct ss_call *call)
{
    struct ss_payment p;
    int found = ss_payment_find(call->db, call->param[0], &call->arena, &p);
    if (found < 0)
        return found;
    if (!found)
        return ss_problem_missing(call, "payment", call->param[0]);
    struct ss_str record = ss_mask_record(call, p.record);
    ss_buf_put(&call->res.body, record.p, record.n);
    return 0;
}

/* ---- stats ---- */

static int add_total(void *arg, const struct ss_bucket *b)
{
    struct ss_bucket *sum = arg;
    *sum = *b;
    return 0;
}

static int put_level(void *arg, const struct ss_bucket *b)
{
    struct ss_buf *to = arg;
    int level = ss_level_of(b->key);
    if (level >= 0)
        ss_put_int_of(to, ss_level_name((enum ss_level)level), b->payments);
    return 0;
}

static int stats(struct ss_call *call)
{
    struct ss_buf *to = &call->res.body;
    struct ss_bucket all = {0};
    struct ss_bucket_span span = {"all", 0, INT64_MAX, 0};
    int err = ss_buckets_by_key(call->db, &span, 1, add_total, &all);
    if (err)
        return err;
    ss_buf_putc(to, '{');
    ss_put_int_of(to, "total", all.payments);
    ss_put_int_of(to, "frauds", all.fraud);
    ss_put_int_of(to, "alerts", all.alerts);
    ss_put_int_of(to, "blocked", all.blocked);
    ss_put_amount_of(to, "amount", all.amount);
    ss_put_real_of(to, "fraud_rate", all.payments ? (double)all.fraud / (double)all.payments : NAN);
    ss_json_open(to, "by_level", '{');
    span.dim = "level";
    err = ss_buckets_by_key(call->db, &span, SS_LEVELS, put_level, to);
    ss_buf_puts(to, "}}");
    return err;
}

const struct ss_route ss_routes_payments[] = {
    {SS_GET, "/api/v1/payments", list, SS_READERS, "payments:read", SS_RUN_SLOW, 0},
    {SS_GET, "/api/v1/payments/stats", stats, SS_READERS, "payments:read", SS_RUN_SLOW, 0},
    {SS_GET, "/api/v1/payments/{txn_id}", get, SS_READERS, "payments:read", SS_RUN_SLOW, 0},
    {SS_GET, "/api/v1/payments/{txn_id}/record", get_record, SS_READERS, "payments:read", SS_RUN_QUICK, 0},
    {SS_GET, "/api/v1/customers/{user_id}/payments", list_of_customer, SS_READERS, "customers:read",
     SS_RUN_SLOW, 0},
    {0},
};
