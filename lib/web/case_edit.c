/* Cases made and edited: opening one, its texts and amounts. */
#include "base/err.h"
#include "json/write.h"
#include "store/alerts.h"
#include "store/case_auto.h"
#include "store/notices.h"
#include "web/case.h"

#define TITLE_MAX       255
#define DESCRIPTION_MAX 20000
#define ID_MAX          256

/* ---- opening ---- */

struct draft {
    struct ss_case c;
    int priority, category; /* -1: not given */
    int64_t amount, loss;   /* -1: not given */
    int64_t assigned_to;
    const struct ss_json_value *alerts, *payments;
};

static void read_draft(struct ss_call *call, struct draft *d)
{
    static const char *const members[] = {"title",   "description", "priority",    "category", "user_id",
                                          "card_id", "entity",      "amount",      "loss",     "currency",
                                          "alerts",  "payments",    "assigned_to", NULL};
    *d = (struct draft){.c = {.resolution = -1}, .priority = -1, .category = -1, .amount = -1, .loss = -1};
    ss_body_text(call, "title", false, TITLE_MAX, &d->c.title);
    ss_body_text(call, "description", false, DESCRIPTION_MAX, &d->c.description);
    ss_body_word(call, "priority", false, ss_case_priorities, &d->priority);
    ss_body_word(call, "category", false, ss_case_categories, &d->category);
    ss_body_text(call, "user_id", false, ID_MAX, &d->c.user_id);
    ss_body_text(call, "card_id", false, ID_MAX, &d->c.card_id);
    ss_body_text(call, "entity", false, ID_MAX, &d->c.entity);
    ss_body_text(call, "currency", false, 8, &d->c.currency);
    ss_body_amount(call, "amount", false, &d->amount);
    ss_body_amount(call, "loss", false, &d->loss);
    ss_body_int(call, "assigned_to", false, 1, INT64_MAX, &d->assigned_to);
    d->alerts = ss_body_ids(call, "alerts", false);
    d->payments = ss_body_ids(call, "payments", false);
    ss_body_only(call, members);
    if (ss_str_trim(d->c.title).n == 0) {
        d->c.title = (struct ss_str){NULL, 0};
        if (!d->alerts || !d->alerts->n)
            ss_fault(call, "title", "is required where there are no alerts to name the case by");
    }
}

/* What the first alerts say, where the body does not: priority, category, entity, title. */
static int ask_alerts(struct ss_call *call, struct draft *d)
{
    int level = SS_NONE, category = SS_CATEGORY_SUSPICIOUS;
    for (uint32_t i = 0; d->alerts && i < d->alerts->n; i++) {
        struct ss_alert_row a;
        int found = ss_alert_find(call->db, ss_id_at(d->alerts, i), &call->arena, &a);
        if (found < 0)
            return found;
        if (!found)
            continue; /* linking will say so */
        level = a.level > level ? a.level : level;
        int own = ss_case_category_of_ids(a.rules);
        category = category == SS_CATEGORY_SUSPICIOUS ? own : category;
        if (!d->c.entity.p)
            d->c.entity = ss_case_entity(a.group_key, a.user_id, a.card_id, &call->arena);
    }
    bool any = d->alerts && d->alerts->n;
    d->c.priority = (enum ss_case_priority)(d->priority >= 0 ? d->priority
                                            : any            ? (int)ss_case_priority_of(level)
                                                             : SS_PRIORITY_MEDIUM);
    d->c.category = (enum ss_case_category)(d->category >= 0 ? d->category
                                            : any            ? category
                                                             : SS_CATEGORY_OTHER);
    if (!d->c.entity.p)
        d->c.entity = ss_case_entity((struct ss_str){NULL, 0}, d->c.user_id, d->c.card_id, &call->arena);
    if (!d->c.title.p)
        d->c.title = ss_case_title(d->c.category, d->c.entity, &call->arena);
    return 0;
}

static int find_assignee(struct ss_case_work *work, struct draft *d)
{
    struct ss_person p;
    if (!d->assigned_to)
        return 0;
    int err = ss_person_find(work->call->db, d->assigned_to, &work->call->arena, &p);
    if (err < 0)
        return err;
    if (err == 0 || !p.active || !p.works)
        return ss_work_refuse(work, 422, "no_such_user", "user %lld is nobody who works on cases",
                              (long long)d->assigned_to);
    d->c.assigned_to = p.id;
    d->c.assigned_us = work->call->now_us;
    d->c.assigned_name = p.name;
    d->c.status = SS_CASE_INVESTIGATING;
    return 0;
}

static int make_case(struct ss_case_work *work, struct draft *d)
{
    struct ss_call *call = work->call;
    int64_t linked = 0;
    int err = find_assignee(work, d);
    err = err ? err : ask_alerts(call, d);
    if (err)
        return err;
    d->c.created_by = ss_str_of(call->who.name);
    d->c.created_us = call->now_us;
    ss_sla_start(&work->sla, &d->c, call->now_us);
    err = ss_case_insert(call->db, &call->arena, &d->c);
    err = err ? err : ss_case_link_alerts(work, &d->c, d->alerts, &linked);
    err = err ? err : ss_case_link_payments(work, &d->c, d->payments, &linked);
    if (err)
        return err;
    /* Amounts that were given count instead of the sums. */
    d->c.amount = d->amount >= 0 ? d->amount : d->c.amount;
    d->c.loss = d->loss >= 0 ? d->loss : d->amount >= 0 ? d->amount : d->c.loss;
    const struct ss_case_step step = {.action = "created",
                                      .audit = "case.create",
                                      .new_value = d->c.number,
                                      .detail = d->alerts && d->alerts->n ? ss_ids_text(call, d->alerts)
                                                                          : (struct ss_str){NULL, 0},
                                      .new_json = ss_call_pair(call, "title", d->c.title)};
    err = ss_case_keep(work, &d->c, &step);
    return err || !d->c.assigned_to
               ? err
               : ss_case_notify(work, &d->c, d->c.assigned_to, "assigned", "%s gave you case %.*s",
                                call->who.name, (int)d->c.number.n, d->c.number.p);
}

static int create(struct ss_call *call)
{
    struct draft d;
    struct ss_case_work work;
    if (!ss_call_json(call))
        return 0;
    read_draft(call, &d);
    if (!ss_call_check(call))
        return 0;
    ss_work_init(&work, call);
    int err = make_case(&work, &d);
    if (err == SS_REFUSED)
        return ss_work_problem(&work);
    if (err)
        return err;
    ss_answer_created(call, "/api/v1/cases", ss_call_format(call, "%lld", (long long)d.c.id));
    return ss_case_answer(&work, &d.c);
}

/* ---- editing ---- */

/* What a merge patch changed, as two JSON objects and the names. */
struct diff {
    struct ss_buf was, is, names;
};

static void differ(struct diff *d, const char *name)
{
    if (d->names.n)
        ss_buf_puts(&d->names, ", ");
    ss_buf_puts(&d->names, name);
}

static void patch_text(struct ss_call *call, struct diff *d, const char *name, size_t max, bool needed,
                       struct ss_str *field)
{
    struct ss_str value;
    if (!ss_body_text(call, name, needed && ss_json_get(call->json, name), max, &value))
        return;
    if (!value.p == !field->p && ss_str_eq(value, *field))
        return;
    ss_put_text_of(&d->was, name, *field);
    ss_put_text_of(&d->is, name, value);
    differ(d, name);
    *field = value;
}

/* null clears: nothing is lost, nothing came back. */
static void patch_amount(struct ss_call *call, struct diff *d, const char *name, int64_t *field)
{
    const struct ss_json_value *v = ss_json_get(call->json, name);
    int64_t value = 0;
    if (!v || (v->type != SS_JSON_NULL && !ss_body_amount(call, name, false, &value)) || value == *field)
        return;
    ss_put_amount_of(&d->was, name, *field);
    ss_put_amount_of(&d->is, name, value);
    differ(d, name);
    *field = value;
}

static void patch_category(struct ss_call *call, struct diff *d, struct ss_case *c)
{
    const struct ss_json_value *v = ss_json_get(call->json, "category");
    int value = SS_CATEGORY_OTHER;
    if (!v ||
        (v->type != SS_JSON_NULL && !ss_body_word(call, "category", false, ss_case_categories, &value)) ||
        value == (int)c->category)
        return;
    ss_put_text_of(&d->was, "category", ss_str_of(ss_case_categories[c->category]));
    ss_put_text_of(&d->is, "category", ss_str_of(ss_case_categories[value]));
    differ(d, "category");
    c->category = (enum ss_case_category)value;
}

static int keep_edit(struct ss_case_work *work, struct ss_case *c, struct diff *d)
{
    if (!d->names.n)
        return 0;
    ss_buf_putc(&d->was, '}');
    ss_buf_putc(&d->is, '}');
    if (d->was.failed || d->is.failed || d->names.failed)
        return SS_ENOMEM;
    const struct ss_case_step step = {.action = "edited",
                                      .audit = "case.edit",
                                      .new_value = {d->names.p, d->names.n},
                                      .old_json = {d->was.p, d->was.n},
                                      .new_json = {d->is.p, d->is.n}};
    return ss_case_keep(work, c, &step);
}

static int apply_patch(struct ss_case_work *work, struct ss_case *c, struct diff *d, bool *answered)
{
    static const char *const members[] = {"title",   "description", "priority", "category",  "user_id",
                                          "card_id", "amount",      "loss",     "recovered", NULL};
    struct ss_call *call = work->call;
    const struct ss_case_action *prioritise = ss_case_action(SS_STR("priority"));
    struct ss_case_params params = {.priority = (int)c->priority};
    patch_text(call, d, "title", TITLE_MAX, true, &c->title);
    patch_text(call, d, "description", DESCRIPTION_MAX, false, &c->description);
    patch_text(call, d, "user_id", ID_MAX, false, &c->user_id);
    patch_text(call, d, "card_id", ID_MAX, false, &c->card_id);
    patch_category(call, d, c);
    patch_amount(call, d, "amount", &c->amount);
    patch_amount(call, d, "loss", &c->loss);
    patch_amount(call, d, "recovered", &c->recovered);
    ss_body_word(call, "priority", false, ss_case_priorities, &params.priority);
    ss_body_only(call, members);
    *answered = !ss_call_check(call);
    if (*answered)
        return 0;
    int err = keep_edit(work, c, d);
    if (err || params.priority == (int)c->priority)
        return err;
    /* Refused only for a case that is over; then nothing of the patch may stay. */
    return prioritise->run(work, c, &params);
}

static int patch(struct ss_call *call)
{
    struct ss_case_work work;
    struct ss_case c;
    struct diff d;
    bool answered = false;
    if (!ss_call_json(call))
        return 0;
    int err = ss_case_load_to_change(call, &c);
    if (err <= 0)
        return err;
    ss_work_init(&work, call);
    ss_buf_init(&d.was, (size_t)1 << 20);
    ss_buf_init(&d.is, (size_t)1 << 20);
    ss_buf_init(&d.names, 1024);
    ss_buf_putc(&d.was, '{');
    ss_buf_putc(&d.is, '{');
    err = apply_patch(&work, &c, &d, &answered);
    ss_buf_free(&d.was);
    ss_buf_free(&d.is);
    ss_buf_free(&d.names);
    if (answered)
        return 0;
    if (err == SS_REFUSED)
        return ss_work_problem(&work); /* a 409 undoes what was written */
    return err ? err : ss_case_answer(&work, &c);
}

const struct ss_route ss_routes_case_edit[] = {
    {SS_POST, "/api/v1/cases", create, SS_WORKERS | SS_SERVICE, "cases:write", SS_RUN_WRITE,
     (size_t)256 << 10},
    {SS_PATCH, "/api/v1/cases/{id}", patch, SS_WORKERS, "cases:write", SS_RUN_WRITE, 0},
    {0},
};
