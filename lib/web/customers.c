/* Customers: who they are, what is normal for them, whom they share things with. */
#include "base/err.h"
#include "base/number.h"
#include "base/time.h"
#include "json/write.h"
#include "record/score.h"
#include "store/analytics.h"
#include "store/customers.h"
#include "store/graph.h"
#include "store/profile.h"
#include "web/auth.h"
#include "web/mask.h"
#include "web/payment.h"
#include <math.h>

#define RECENT   20
#define NOTE_MAX 4000

static void put_customer(struct ss_buf *to, const struct ss_customer_row *c)
{
    ss_buf_putc(to, '{');
    ss_put_text_of(to, "user_id", c->user_id);
    ss_put_time_of(to, "first_seen", c->first_us);
    ss_put_time_of(to, "last_seen", c->last_us);
    ss_put_int_of(to, "payments", c->payments);
    ss_put_amount_of(to, "amount", c->amount);
    ss_put_int_of(to, "alerts", c->alerts);
    ss_put_int_of(to, "blocked", c->blocked);
    ss_put_int_of(to, "fraud", c->fraud);
    ss_put_real_of(to, "max_score", c->max_score);
    ss_put_real_of(to, "risk", c->risk);
    ss_put_text_of(to, "level", ss_str_of(ss_level_name(ss_level_default(c->risk))));
    ss_put_text_of(to, "note", c->note);
    ss_buf_putc(to, '}');
}

/* ---- the list ---- */

struct listing {
    struct ss_call *call;
    struct ss_customer_row last;
};

static int put_listed(void *arg, const struct ss_customer_row *c)
{
    struct listing *l = arg;
    ss_page_item(l->call);
    put_customer(&l->call->res.body, c);
    l->last = *c;
    l->last.user_id = ss_call_copy(l->call, c->user_id);
    return 0;
}

static int64_t key_of(const struct ss_customer_row *c, enum ss_customer_sort sort)
{
    switch (sort) {
    case SS_CUSTOMERS_BY_LAST: return c->last_us;
    case SS_CUSTOMERS_BY_PAYMENTS: return c->payments;
    case SS_CUSTOMERS_BY_AMOUNT: return c->amount;
    case SS_CUSTOMERS_BY_ALERTS: return c->alerts;
    case SS_CUSTOMERS_BY_FRAUD: return c->fraud;
    default: return 0;
    }
}

static int list(struct ss_call *call)
{
    static const char *const sorts[] = {"-risk",   "-last",  "-payments", "-amount",
                                        "-alerts", "-fraud", "user_id",   NULL};
    static const enum ss_customer_sort sort[] = {
        SS_CUSTOMERS_BY_RISK,   SS_CUSTOMERS_BY_LAST,  SS_CUSTOMERS_BY_PAYMENTS, SS_CUSTOMERS_BY_AMOUNT,
        SS_CUSTOMERS_BY_ALERTS, SS_CUSTOMERS_BY_FRAUD, SS_CUSTOMERS_BY_ID};
    struct ss_customer_filter filter = {.heat = NAN};
    struct ss_page page;
    struct listing l = {.call = call};
    char text[SS_NUMBER_MAX];
    bool more;
    struct ss_str min = ss_query(call, "min_risk");
    if (min.p && !ss_double_parse(min.p, min.n, &filter.min_risk))
        ss_fault(call, "min_risk", "is a number from 0 to 1");
    ss_page_read(call, sorts, &page);
    if (!ss_call_check(call))
        return 0;
    int err = ss_newest_us(call->db, &filter.as_of_us);
    if (err)
        return err;
    filter.begins = ss_query(call, "q");
    filter.no_addresses = ss_masks(call);
    filter.sort = sort[page.sort];
    filter.down = page.down;
    filter.limit = page.limit;
    filter.has_key = page.has_cursor;
    filter.key = page.key;
    filter.user_id = page.tie;
    if (page.text.n && !ss_double_parse(page.text.p, page.text.n, &filter.heat))
        filter.heat = NAN;
    ss_page_begin(call);
    err = ss_customers_list(call->db, &filter, &call->arena, put_listed, &l, &more);
    if (err)
        return err;
    struct ss_str heat = {"", 0};
    if (!isnan(l.last.heat))
        heat = (struct ss_str){text, ss_double_print(l.last.heat, text)};
    ss_page_end(call, &page, more, key_of(&l.last, filter.sort), heat, l.last.user_id);
    return 0;
}

/* ---- one, whole ---- */

static void put_days(struct ss_buf *to, const struct ss_profile *p)
{
    ss_json_open(to, "days", '[');
    for (size_t i = 0; i < p->days; i++) {
        const struct ss_profile_day *d = &p->day[i];
        ss_json_item(to);
        ss_put_time_of(to, "day", d->start_us);
        ss_put_int_of(to, "payments", d->payments);
        ss_put_amount_of(to, "amount", d->amount);
        ss_put_real_of(to, "max_score", d->max_score);
        ss_put_int_of(to, "blocked", d->blocked);
        ss_put_int_of(to, "fraud", d->fraud);
        ss_buf_putc(to, '}');
    }
    ss_buf_putc(to, ']');
}

static void put_values(struct ss_call *call, const char *key, const struct ss_profile *p,
                       enum ss_profile_kind kind)
{
    struct ss_buf *to = &call->res.body;
    ss_json_open(to, key, '[');
    for (size_t i = 0; i < p->values[kind]; i++) {
        const struct ss_profile_value *v = &p->value[kind][i];
        ss_json_item(to);
        ss_put_text_of(to, "value",
                       kind == SS_PROFILE_IP && ss_masks(call) ? ss_mask_ip(call, v->value) : v->value);
        ss_put_int_of(to, "payments", v->payments);
        ss_put_amount_of(to, "amount", v->amount);
        ss_put_int_of(to, "fraud", v->fraud);
        ss_put_time_of(to, "first_seen", v->first_us);
        ss_put_time_of(to, "last_seen", v->last_us);
        ss_buf_putc(to, '}');
    }
    ss_buf_putc(to, ']');
}

static void put_counts(struct ss_buf *to, const char *key, const int64_t *n, int count)
{
    ss_json_open(to, key, '[');
    for (int i = 0; i < count; i++) {
        ss_json_next(to);
        ss_json_put_int(to, n[i]);
    }
    ss_buf_putc(to, ']');
}

static void put_usual(struct ss_call *call, const struct ss_profile *p)
{
    struct ss_buf *to = &call->res.body;
    ss_json_open(to, "usual", '{');
    ss_put_int_of(to, "payments", p->payments);
    ss_put_real_of(to, "amount_mean", p->payments ? p->mean / SS_AMOUNT_SCALE : NAN);
    ss_put_real_of(to, "amount_sd", p->payments > 1 ? p->sd / SS_AMOUNT_SCALE : NAN);
    ss_put_amount_of(to, "amount_median", p->median);
    ss_put_amount_of(to, "amount_p95", p->p95);
    ss_put_amount_of(to, "amount_max", p->max);
    ss_put_real_of(to, "gap_s", p->gap_s);
    put_counts(to, "hours", p->hour, 24);
    put_counts(to, "weekdays", p->weekday, 7);
    put_values(call, "categories", p, SS_PROFILE_CATEGORY);
    put_values(call, "channels", p, SS_PROFILE_CHANNEL);
    ss_buf_putc(to, '}');
}

static int put_alert(void *arg, const struct ss_work *work)
{
    return ss_put_work(arg, work, false);
}

static int put_case(void *arg, const struct ss_work *work)
{
    return ss_put_work(arg, work, true);
}

static int put_whole(struct ss_call *call, const struct ss_customer_row *c)
{
    struct ss_buf *to = &call->res.body;
    struct ss_payment_filter newest = {.user_id = c->user_id, .down = true, .limit = RECENT};
    struct ss_profile p;
    bool more;
    int err = ss_profile_make(call->db, c->user_id, 0, &call->arena, &p);
    if (err)
        return err;
    ss_buf_puts(to, "{\"customer\":");
    put_customer(to, c);
    put_days(to, &p);
    put_usual(call, &p);
    put_values(call, "cards", &p, SS_PROFILE_CARD);
    put_values(call, "devices", &p, SS_PROFILE_DEVICE);
    put_values(call, "addresses", &p, SS_PROFILE_IP);
    put_values(call, "merchants", &p, SS_PROFILE_MERCHANT);
    put_values(call, "countries", &p, SS_PROFILE_COUNTRY);
    put_values(call, "places", &p, SS_PROFILE_LOCATION);
    ss_buf_puts(to, ",\"recent\":[");
    err = ss_payments_list(call->db, &newest, &call->arena, ss_put_payment_item, call, &more);
    ss_buf_puts(to, "],\"alerts\":[");
    err = err ? err : ss_customer_work(call->db, c->user_id, RECENT, put_alert, call);
    ss_buf_puts(to, "],\"cases\":[");
    err = err ? err : ss_customer_work(call->db, c->user_id, RECENT, put_case, call);
    ss_buf_puts(to, "]}");
    return err;
}

/* 1: found, 0: answered with 404. */
static int find(struct ss_call *call, struct ss_customer_row *c)
{
    int64_t as_of;
    int err = ss_newest_us(call->db, &as_of);
    int found = err ? err : ss_customer_find(call->db, call->param[0], as_of, &call->arena, c);
    return found ? found : ss_problem_missing(call, "customer", call->param[0]);
}

static int get(struct ss_call *call)
{
    struct ss_customer_row c;
    int found = find(call, &c);
    return found <= 0 ? found : put_whole(call, &c);
}

static int links(struct ss_call *call)
{
    struct ss_customer_row c;
    struct ss_graph graph;
    struct ss_buf *to = &call->res.body;
    int64_t as_of, steps;
    ss_query_int(call, "steps", 2, 1, SS_GRAPH_STEPS, &steps);
    if (!ss_call_check(call))
        return 0;
    int found = find(call, &c);
    if (found <= 0)
        return found;
    int err = ss_newest_us(call->db, &as_of);
    err = err ? err : ss_graph_make(call->db, c.user_id, (int)steps, as_of, &call->arena, &graph);
    if (err)
        return err;
    ss_buf_puts(to, "{\"nodes\":[");
    for (size_t i = 0; i < graph.nodes; i++) {
        const struct ss_graph_node *n = &graph.node[i];
        bool customer = ss_str_is(n->kind, "customer"), ip = ss_str_is(n->kind, "ip");
        ss_json_item(to);
        ss_put_int_of(to, "id", (int64_t)i);
        ss_put_text_of(to, "kind", n->kind);
        ss_put_text_of(to, "label", ip && ss_masks(call) ? ss_mask_ip(call, n->id) : n->id);
        ss_put_int_of(to, "step", n->step);
        ss_put_int_of(to, "customers", n->customers);
        ss_put_int_of(to, "payments", n->payments);
        ss_put_int_of(to, "fraud", n->fraud);
        ss_put_real_of(to, "risk", customer ? n->risk : NAN);
        ss_buf_putc(to, '}');
    }
    ss_buf_puts(to, "],\"edges\":[");
    for (size_t i = 0; i < graph.edges; i++) {
        ss_json_item(to);
        ss_put_int_of(to, "from", (int64_t)graph.edge[i].customer);
        ss_put_int_of(to, "to", (int64_t)graph.edge[i].thing);
        ss_buf_putc(to, '}');
    }
    ss_buf_putc(to, ']');
    ss_put_bool_of(to, "cut", graph.cut);
    ss_buf_putc(to, '}');
    return 0;
}

static struct ss_str json_of(struct ss_call *call, struct ss_str text)
{
    struct ss_buf to;
    ss_buf_init(&to, NOTE_MAX * 8);
    if (text.p)
        ss_json_put_string(&to, text);
    struct ss_str json = to.n ? ss_call_copy(call, (struct ss_str){to.p, to.n}) : SS_STR("null");
    ss_buf_free(&to);
    return json;
}

static int note(struct ss_call *call)
{
    static const char *const names[] = {"note", NULL};
    struct ss_customer_row c;
    struct ss_str text = {NULL, 0};
    if (!ss_call_json(call))
        return 0;
    ss_body_only(call, names);
    if (!ss_body_text(call, "note", false, NOTE_MAX, &text) && !ss_json_get(call->json, "note"))
        ss_fault(call, "note", "is required; null takes it away");
    if (!ss_call_check(call))
        return 0;
    int found = find(call, &c);
    if (found <= 0)
        return found;
    int err = ss_customer_note(call->db, c.user_id, text);
    if (err < 0)
        return err;
    struct ss_str subject = ss_call_format(call, "customer:%.*s", (int)c.user_id.n, c.user_id.p);
    err = ss_call_audit(call, "customer.note", subject, json_of(call, c.note), json_of(call, text));
    c.note = text;
    put_customer(&call->res.body, &c);
    return err;
}

/* ---- a card, device or address ---- */

struct thing {
    struct ss_call *call;
    int64_t as_of_us;
};

static int put_user(void *arg, const struct ss_link_row *link)
{
    struct thing *t = arg;
    struct ss_customer_row c;
    int found = ss_customer_find(t->call->db, link->user_id, t->as_of_us, &t->call->arena, &c);
    if (found > 0) {
        ss_page_item(t->call);
        put_customer(&t->call->res.body, &c);
    }
    return found < 0 ? found : 0;
}

static int get_thing(struct ss_call *call)
{
    struct ss_buf *to = &call->res.body;
    struct ss_payment_filter filter = {.down = true, .limit = RECENT};
    struct ss_str kind = call->param[0], value = call->param[1];
    struct thing t = {.call = call};
    bool more;
    if (ss_str_is(kind, "card"))
        filter.card_id = value;
    else if (ss_str_is(kind, "device"))
        filter.device_id = value;
    else if (ss_str_is(kind, "ip") && ss_masks(call))
        return ss_problem(call, 403, "masked", "addresses are masked for your role");
    else if (ss_str_is(kind, "ip"))
        filter.ip = value;
    else
        return ss_problem(call, 404, "not_found", "things are card, device and ip");
    int err = ss_newest_us(call->db, &t.as_of_us);
    ss_buf_putc(to, '{');
    ss_put_text_of(to, "kind", kind);
    ss_put_text_of(to, "value", value);
    ss_buf_puts(to, ",\"customers\":[");
    err = err ? err : ss_links_of_thing(call->db, kind, value, 100, put_user, &t);
    ss_buf_puts(to, "],\"payments\":[");
    err = err ? err : ss_payments_list(call->db, &filter, &call->arena, ss_put_payment_item, call, &more);
    ss_buf_puts(to, "]}");
    return err;
}

const struct ss_route ss_routes_customers[] = {
    {SS_GET, "/api/v1/customers", list, SS_READERS, "customers:read", SS_RUN_SLOW, 0},
    {SS_GET, "/api/v1/customers/{user_id}", get, SS_READERS, "customers:read", SS_RUN_SLOW, 0},
    {SS_GET, "/api/v1/customers/{user_id}/links", links, SS_READERS, "customers:read", SS_RUN_SLOW, 0},
    {SS_PUT, "/api/v1/customers/{user_id}/note", note, SS_WORKERS, "customers:write", SS_RUN_WRITE, 0},
    {SS_GET, "/api/v1/entities/{kind}/{value}", get_thing, SS_READERS, "customers:read", SS_RUN_SLOW, 0},
    {0},
};
