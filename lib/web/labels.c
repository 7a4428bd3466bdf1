/* What is known of payments from outside of cases: chargebacks, a customer's word. */
#include "base/err.h"
#include "base/number.h"
#include "json/write.h"
#include "store/verdict.h"
#include "web/auth.h"
#include "web/web.h"

#define LABELS_MAX 500
#define ID_MAX     256
#define NOTE_MAX   4000

struct listing {
    struct ss_call *call;
    int64_t last;
};

static void put_label(struct ss_buf *to, int label)
{
    ss_json_key(to, "label");
    if (label < 0)
        ss_buf_puts(to, "null");
    else
        ss_json_put_int(to, label);
}

static int put_item(void *arg, const struct ss_label_row *row)
{
    struct listing *l = arg;
    struct ss_buf *to = &l->call->res.body;
    ss_page_item(l->call);
    ss_buf_putc(to, '{');
    ss_put_int_of(to, "id", row->id);
    ss_put_text_of(to, "txn_id", row->txn_id);
    put_label(to, row->label);
    ss_put_text_of(to, "source", row->source);
    ss_put_text_of(to, "actor", row->actor);
    ss_put_text_of(to, "note", row->note);
    ss_put_time_of(to, "at", row->time_us);
    ss_buf_putc(to, '}');
    l->last = row->id;
    return 0;
}

static int list(struct ss_call *call)
{
    static const char *const sorts[] = {"-id", NULL};
    struct listing l = {call, 0};
    struct ss_page page;
    bool more;
    if (ss_page_read(call, sorts, &page) && !page.down)
        ss_fault(call, "sort", "is -id only: the newest come first");
    struct ss_str txn_id = ss_query(call, "txn_id");
    if (!ss_call_check(call))
        return 0;
    ss_page_begin(call);
    int err = ss_labels_list(call->db, txn_id, page.has_cursor ? page.key : 0, page.limit, &call->arena,
                             put_item, &l, &more);
    if (!err)
        ss_page_end(call, &page, more, l.last, SS_STR(""), SS_STR(""));
    return err;
}

/* ---- saying ---- */

/* {"txn_id":..,"label":0|1|null,"note":..}: null takes back. */
static bool read_one(const struct ss_json_value *v, struct ss_label_said *said)
{
    const struct ss_json_value *id = ss_json_get(v, "txn_id"), *label = ss_json_get(v, "label"),
                               *note = ss_json_get(v, "note");
    bool good = id && (id->type == SS_JSON_STRING || id->type == SS_JSON_NUMBER) && id->text.n &&
                id->text.n <= ID_MAX && !memchr(id->text.p, 0, id->text.n);
    good = good && (!note || note->type == SS_JSON_NULL ||
                    (note->type == SS_JSON_STRING && note->text.n <= NOTE_MAX &&
                     !memchr(note->text.n ? note->text.p : "x", 0, note->text.n ? note->text.n : 1)));
    int64_t n = -1;
    good = good && label &&
           (label->type == SS_JSON_NULL ||
            (label->type == SS_JSON_NUMBER && ss_int_parse(label->text.p, label->text.n, &n) &&
             (n == 0 || n == 1)));
    if (good) {
        said->txn_id = id->text;
        said->label = (int)n;
        said->note = note && note->type == SS_JSON_STRING ? note->text : (struct ss_str){NULL, 0};
    }
    return good;
}

static struct ss_str value_of(int label)
{
    return label < 0 ? SS_STR("{\"label\":null}") : label ? SS_STR("{\"label\":1}") : SS_STR("{\"label\":0}");
}

/* The answer for one, and its line in the audit log. */
static int put_said(struct ss_call *call, const struct ss_label_said *said,
                    const struct ss_label_change *change)
{
    struct ss_buf *to = &call->res.body;
    ss_page_item(call);
    ss_buf_putc(to, '{');
    ss_put_text_of(to, "txn_id", said->txn_id);
    put_label(to, said->label);
    ss_put_bool_of(to, "known", change->known);
    ss_put_bool_of(to, "changed", change->changed);
    ss_buf_putc(to, '}');
    return ss_call_audit(call, "label.set",
                         ss_call_format(call, "payment:%.*s", (int)said->txn_id.n, said->txn_id.p),
                         value_of(change->was), value_of(said->label));
}

/* {"labels":[...],"source":"chargeback"}. A payment that is not here yet gets its label when it comes. */
static int add(struct ss_call *call)
{
    static const char *const members[] = {"labels", "source", NULL};
    struct ss_str source = SS_STR("manual");
    if (!ss_call_json(call))
        return 0;
    const struct ss_json_value *all = ss_json_get(call->json, "labels");
    bool good = all && all->type == SS_JSON_ARRAY && all->n && all->n <= LABELS_MAX;
    struct ss_label_said *said = good ? ss_arena_zalloc(&call->arena, all->n * sizeof *said) : NULL;
    struct ss_label_change *change = good ? ss_arena_alloc(&call->arena, all->n * sizeof *change) : NULL;
    if (good && (!said || !change))
        return SS_ENOMEM;
    if (!good)
        ss_fault(call, "labels", "is an array of 1 to %d labels", LABELS_MAX);
    for (uint32_t i = 0; good && i < all->n; i++)
        if (!read_one(&all->at[i], &said[i])) {
            ss_fault(call, "labels", "at %u: a label is {\"txn_id\":..,\"label\":0, 1 or null,\"note\":..}",
                     i);
            good = false;
        }
    ss_body_text(call, "source", false, 64, &source);
    if (source.p && (memchr(source.p, ':', source.n) || !source.n))
        ss_fault(call, "source", "is a word such as chargeback");
    ss_body_only(call, members);
    if (!ss_call_check(call))
        return 0;
    for (uint32_t i = 0; i < all->n; i++) {
        said[i].source = source.p ? source : SS_STR("manual");
        said[i].actor = ss_str_of(call->who.name);
        said[i].time_us = call->now_us;
    }
    int err = ss_labels_set(call->db, said, all->n, change);
    ss_page_begin(call);
    for (uint32_t i = 0; i < all->n && !err; i++)
        err = put_said(call, &said[i], &change[i]);
    ss_buf_puts(&call->res.body, "],\"next\":null}");
    return err;
}

const struct ss_route ss_routes_labels[] = {
    {SS_GET, "/api/v1/labels", list, SS_READERS, "labels:read", SS_RUN_QUICK, 0},
    {SS_POST, "/api/v1/labels", add, SS_WORKERS | SS_SERVICE, "labels:write", SS_RUN_WRITE,
     (size_t)512 << 10},
    {0},
};
