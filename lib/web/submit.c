#include "web/submit.h"
#include "base/err.h"
#include "base/hash.h"
#include "json/cursor.h"
#include "record/batch.h"
#include "record/decision.h"
#include "store/case_auto.h"
#include "store/passed.h"
#include "web/hub.h"
#include "web/items.h"
#include "web/payment_in.h"
#include <stdlib.h>

#define TEXT_MEMORY ((size_t)256 << 20)
#define TOLD_MEMORY ((size_t)8 << 20)

/* One payment of the batch that is being worked on. */
struct item {
    struct ss_call *call; /* NULL: a line of the stream */
    struct ss_str text, id;
    uint64_t hash; /* of id */
    size_t twin;   /* an earlier one of the same id, or itself */
    size_t at;     /* its place in what goes through the pipeline */
    bool goes;     /* through the pipeline */
};

struct ss_submit {
    struct ss_web *web;
    struct ss_ledger *ledger;
    struct ss_arena arena; /* of the batch */
    struct ss_buf told;    /* what listeners hear once it is committed: topic, length, JSON */
    struct item item[SS_SUBMIT_MAX];
    struct ss_str text[SS_SUBMIT_MAX]; /* what goes through the pipeline */
    struct ss_verdict verdict[SS_SUBMIT_MAX];
    size_t taken[SS_SUBMIT_MAX]; /* their places in the ledger; SIZE_MAX: not in it */
    size_t n, going;
    bool owes;
};

int ss_submit_new(struct ss_web *web, struct ss_submit **out)
{
    struct ss_submit *s = calloc(1, sizeof *s);
    if (!s)
        return ss_fail(SS_ENOMEM, "out of memory");
    s->web = web;
    ss_arena_init(&s->arena, TEXT_MEMORY);
    ss_buf_init(&s->told, TOLD_MEMORY);
    int err = ss_ledger_new(&s->ledger);
    if (err) {
        ss_submit_free(s);
        return err;
    }
    ss_ledger_spread(s->ledger); /* each payment is waited for */
    *out = s;
    return 0;
}

void ss_submit_free(struct ss_submit *s)
{
    if (!s)
        return;
    ss_ledger_free(s->ledger);
    ss_arena_free(&s->arena);
    ss_buf_free(&s->told);
    free(s);
}

/* ---- what listeners are told ---- */

struct told {
    uint32_t topic, n;
};

/* Room for an item's topic and length; the item itself follows. Returns where it begins. */
static size_t begin_note(struct ss_submit *s)
{
    static const struct told head;
    size_t at = s->told.n;
    ss_buf_put(&s->told, &head, sizeof head);
    return at;
}

/* Keeps what was put since, or drops it where there is none, or more than is worth telling. */
static void end_note(struct ss_submit *s, size_t at, enum ss_topic topic, bool is)
{
    if (!is || ss_buf_check(&s->told)) {
        ss_buf_reset(&s->told);
        s->told.n = s->told.p ? at : 0;
        return;
    }
    const struct told head = {topic, (uint32_t)(s->told.n - at - sizeof head)};
    memcpy(s->told.p + at, &head, sizeof head);
}

/* Notes an item for after the commit. */
static void note(struct ss_submit *s, enum ss_topic topic, struct ss_str line)
{
    size_t at = begin_note(s);
    bool is = true;
    if (topic == SS_ON_ALERTS)
        is = ss_alert_item(line, &s->told);
    else
        ss_payment_item(line, &s->told);
    end_note(s, at, topic, is);
}

/* A case that payments of the batch opened or joined. */
static int note_case(struct ss_submit *s, struct ss_db *db, int64_t case_id, bool opened)
{
    struct ss_case c;
    int err = ss_case_find(db, case_id, &s->arena, &c);
    if (err <= 0)
        return err;
    size_t at = begin_note(s);
    ss_case_event_put(&s->told, opened ? "created" : "alert_linked", &c, "system");
    end_note(s, at, SS_ON_CASES, true);
    return 0;
}

static int note_cases(struct ss_submit *s, struct ss_db *db)
{
    const struct ss_case_joined *joined;
    size_t n = s->web->hub ? ss_ledger_joined(s->ledger, &joined) : 0;
    int err = 0;
    for (size_t i = 0; i < n && !err; i++)
        err = note_case(s, db, joined[i].case_id, joined[i].opened);
    return err;
}

void ss_submit_take_told(struct ss_submit *s, struct ss_buf *told)
{
    struct ss_buf empty = *told;
    *told = s->told;
    s->told = empty;
    ss_buf_reset(&s->told);
}

void ss_submit_tell(struct ss_web *web, struct ss_buf *told)
{
    for (size_t at = 0; at < told->n;) {
        struct told head;
        memcpy(&head, told->p + at, sizeof head);
        at += sizeof head;
        if (web->hub)
            ss_hub_post(web->hub, (enum ss_topic)head.topic, (struct ss_str){told->p + at, head.n});
        at += head.n;
    }
    ss_buf_reset(told);
}

static int read_item(struct ss_submit *s, struct item *item)
{
    int err = ss_payment_in_read(item->call, s->web->pan, &s->arena, &item->text, &item->id);
    item->hash = err ? 0 : ss_hash64(item->id.p, item->id.n);
    return err;
}

/* Is this the payment that was sent before? What identifies it says so. */
static bool same_payment(struct ss_str a, struct ss_str b)
{
    static const char *const fields[] = {"amount", "user_id", "card_id", "merchant_id", "currency"};
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++) {
        struct ss_str x = ss_cursor_member(a, fields[i]), y = ss_cursor_member(b, fields[i]);
        if ((x.p == NULL) != (y.p == NULL) || (x.p && !ss_str_eq(x, y)))
            return false;
    }
    return true;
}

static void answer_known(struct item *item, struct ss_str line)
{
    struct ss_call *call = item->call;
    if (!same_payment(item->text, line)) {
        ss_problem(call, 409, "conflict", "another payment has this txn_id");
        return;
    }
    call->res.status = 200;
    ss_buf_put(&call->res.body, line.p, line.n);
}

/* Which of the batch are new; the others are answered (twins later). */
static int sift(struct ss_submit *s, struct ss_db *db)
{
    s->going = 0;
    for (size_t i = 0; i < s->n; i++) {
        struct item *item = &s->item[i];
        struct ss_str line;
        int64_t seq;
        item->goes = false;
        item->twin = i;
        if (!item->id.p)
            continue;
        for (size_t k = 0; k < i && item->twin == i; k++)
            if (s->item[k].id.p && s->item[k].hash == item->hash && ss_str_eq(s->item[k].id, item->id))
                item->twin = k;
        if (item->twin != i)
            continue;
        int err = ss_passed_find(db, item->id, &s->arena, &line, &seq);
        if (err)
            return err;
        if (line.p) {
            if (item->call)
                answer_known(item, line);
            continue;
        }
        item->goes = true;
        item->at = s->going;
        s->text[s->going++] = item->text;
    }
    return 0;
}

/* ---- through the pipeline, into the ledger ---- */

static void refuse(struct item *item, const char *reason, size_t *rejected)
{
    ++*rejected;
    if (item->call)
        ss_payment_in_refuse(item->call, "payment", reason);
    else
        (void)ss_fail(SS_EDATA, "%s", reason);
}

static int enter(struct ss_submit *s, size_t *rejected)
{
    int64_t now_us = s->web->now_us();
    size_t in = ss_ledger_count(s->ledger);
    for (size_t i = 0; i < s->n; i++) {
        struct item *item = &s->item[i];
        if (!item->goes)
            continue;
        const struct ss_verdict *v = &s->verdict[item->at];
        s->taken[item->at] = SIZE_MAX;
        if (!v->rec) {
            refuse(item, v->reason ? v->reason : "the pipeline lets this payment go", rejected);
            continue;
        }
        int err = ss_ledger_add(s->ledger, v->rec, item->call ? now_us - item->call->now_us : -1);
        if (err == SS_EDATA)
            refuse(item, ss_err_text(), rejected);
        else if (err)
            return err;
        else
            s->taken[item->at] = in++;
    }
    return 0;
}

static void answer_new(struct ss_submit *s, struct item *item)
{
    const struct ss_verdict *v = &s->verdict[item->at];
    size_t place = s->taken[item->at];
    if (place == SIZE_MAX)
        return;
    bool fresh = ss_ledger_taken(s->ledger, place)->as == SS_TAKEN_NEW;
    if (item->call) {
        ss_answer_created(item->call, "/api/v1/payments", item->id);
        if (!fresh)
            item->call->res.status = 200;
        ss_buf_put(&item->call->res.body, v->line.p, v->line.n);
    }
    if (!fresh || !s->web->hub)
        return;
    if (ss_record_member(v->rec, SS_ALERT).p)
        note(s, SS_ON_ALERTS, v->line);
    if (ss_hub_wants_payment(s->web->hub))
        note(s, SS_ON_PAYMENTS, v->line);
}

/* A second one of the same id in one batch has the answer of the first. */
static void answer_twin(struct ss_submit *s, struct item *item)
{
    const struct item *first = &s->item[item->twin];
    if (!item->call || !first->call)
        return;
    if (first->call->res.status >= 300) {
        item->call->res.status = first->call->res.status;
        item->call->res.type = first->call->res.type;
        ss_buf_put(&item->call->res.body, first->call->res.body.p, first->call->res.body.n);
        return;
    }
    answer_known(item, (struct ss_str){first->call->res.body.p, first->call->res.body.n});
}

/* Alerts open cases as the settings say by now. */
static int write_ledger(struct ss_submit *s, struct ss_db *db)
{
    struct ss_case_auto how;
    ss_case_auto_of(s->web->settings, &how);
    ss_ledger_cases(s->ledger, &how);
    return ss_ledger_write(s->ledger, db, s->web->now_us());
}

static int run(struct ss_submit *s, struct ss_db *db, size_t *rejected)
{
    struct ss_engine *engine = s->web->engine;
    int err = sift(s, db);
    if (!err && s->going)
        err = engine->ops->run(engine, s->text, s->going, s->verdict);
    if (err)
        return err;
    if (s->going) {
        s->owes = true; /* the pipeline has seen them */
        err = enter(s, rejected);
        if (!err)
            err = write_ledger(s, db);
        if (!err)
            err = note_cases(s, db);
    }
    if (err)
        return err;
    for (size_t i = 0; i < s->n; i++)
        if (s->item[i].goes)
            answer_new(s, &s->item[i]);
        else if (s->item[i].twin != i)
            answer_twin(s, &s->item[i]);
    return 0;
}

int ss_submit_calls(struct ss_submit *s, struct ss_db *db, struct ss_call **calls, size_t n)
{
    size_t rejected = 0;
    ss_arena_reset(&s->arena);
    s->n = 0;
    for (size_t i = 0; i < n; i++) {
        struct item *item = &s->item[s->n];
        *item = (struct item){.call = calls[i], .text = calls[i]->req.body};
        if (!s->web->engine) {
            ss_problem(calls[i], 503, "no_pipeline", "this server hosts no pipeline");
            continue;
        }
        int err = read_item(s, item);
        if (err == SS_ENOMEM)
            return err;
        s->n += !err;
    }
    return run(s, db, &rejected);
}

int ss_submit_lines(struct ss_submit *s, struct ss_db *db, const struct ss_str *line, size_t n,
                    size_t *rejected)
{
    ss_arena_reset(&s->arena);
    s->n = 0;
    *rejected = 0;
    for (size_t i = 0; i < n; i++) {
        struct item *item = &s->item[s->n];
        *item = (struct item){.text = line[i]};
        int err = read_item(s, item);
        if (err == SS_ENOMEM)
            return err;
        *rejected += err != 0;
        s->n += !err;
    }
    return run(s, db, rejected);
}

bool ss_submit_owes(const struct ss_submit *s)
{
    return s->owes;
}

int ss_submit_again(struct ss_submit *s, struct ss_db *db)
{
    return write_ledger(s, db);
}

bool ss_submit_unsettled(const struct ss_submit *s)
{
    return ss_ledger_unsettled(s->ledger) != 0;
}

int ss_submit_settle(struct ss_submit *s, struct ss_db *db)
{
    return ss_ledger_settle(s->ledger, db);
}

void ss_submit_done(struct ss_submit *s, bool committed)
{
    ss_ledger_done(s->ledger, committed);
    if (committed)
        s->owes = false;
}

static int post_payment(struct ss_call *call)
{
    if (!call->web->submit)
        return ss_problem(call, 503, "no_pipeline", "this server hosts no pipeline");
    int err = ss_submit_calls(call->web->submit, call->db, &call, 1);
    ss_submit_done(call->web->submit, !err);
    if (!err)
        ss_submit_tell(call->web, &call->web->submit->told);
    return err;
}

const struct ss_route ss_routes_submit[] = {
    {SS_POST, "/api/v1/payments", post_payment, SS_WORKERS | SS_SERVICE, "payments:write", SS_RUN_PAYMENT,
     (size_t)1 << 20},
    {0},
};
