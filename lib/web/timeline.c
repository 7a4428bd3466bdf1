/* All that happened in a case in one list, and the whole case as one file. */
#include "store/timeline.h"
#include "base/number.h"
#include "json/write.h"
#include "record/record.h"
#include "web/case.h"
#include "web/cases.h"

#define EXPORT_MAX 10000 /* alerts, payments, comments and happenings of each in one file */

static void put_alert(const struct ss_timeline_item *item, struct ss_buf *to)
{
    int64_t level = 0;
    bool known = ss_int_parse(item->action.p, item->action.n, &level) && level >= 0 && level < SS_LEVELS;
    ss_put_text_of(to, "alert_id", item->first);
    ss_put_text_of(to, "level", ss_str_of(ss_level_name(known ? (enum ss_level)level : SS_NONE)));
    ss_put_text_of(to, "reason", item->second);
    ss_put_text_of(to, "txn_id", item->third);
    ss_put_amount_of(to, "amount", item->number);
}

static void put_item(const struct ss_timeline_item *item, struct ss_buf *to)
{
    ss_buf_putc(to, '{');
    ss_put_time_of(to, "at", item->time_us);
    ss_put_text_of(to, "kind", ss_str_of(ss_happenings[item->kind]));
    ss_put_text_of(to, "actor", item->actor);
    switch (item->kind) {
    case SS_HAPPENED_ALERT: put_alert(item, to); break;
    case SS_HAPPENED_ACTIVITY:
        ss_put_int_of(to, "id", item->id);
        ss_put_text_of(to, "action", item->action);
        ss_put_text_of(to, "old", item->first);
        ss_put_text_of(to, "new", item->second);
        ss_put_text_of(to, "detail", item->third);
        break;
    case SS_HAPPENED_COMMENT:
        ss_put_int_of(to, "id", item->id);
        ss_put_text_of(to, "content", item->first);
        ss_put_bool_of(to, "internal", item->number != 0);
        ss_put_time_of(to, "edited_at", item->edited_us);
        break;
    case SS_HAPPENED_EVIDENCE:
        ss_put_int_of(to, "id", item->id);
        ss_put_text_of(to, "name", item->first);
        ss_put_text_of(to, "type", item->action);
        ss_put_int_of(to, "size", item->number);
        ss_put_text_of(to, "sha256", item->second);
        break;
    }
    ss_buf_putc(to, '}');
}

struct listing {
    struct ss_call *call;
    int64_t time_us, id;
    enum ss_happening kind;
};

static int each(void *arg, const struct ss_timeline_item *item)
{
    struct listing *l = arg;
    ss_page_item(l->call);
    put_item(item, &l->call->res.body);
    l->time_us = item->time_us;
    l->kind = item->kind;
    l->id = item->id;
    return 0;
}

/* "2:17": a kind and an id. */
static bool read_tie(struct ss_str tie, struct ss_timeline_page *page)
{
    const char *colon = tie.n ? memchr(tie.p, ':', tie.n) : NULL;
    return colon && ss_int_parse(tie.p, (size_t)(colon - tie.p), &page->kind) &&
           ss_int_parse(colon + 1, tie.n - (size_t)(colon - tie.p) - 1, &page->id);
}

static int list(struct ss_call *call)
{
    static const char *const sorts[] = {"-time", NULL};
    struct ss_timeline_page want = {.internal = call->who.role != SS_VIEWER};
    struct listing l = {.call = call};
    struct ss_page page;
    struct ss_case c;
    bool more;
    ss_page_read(call, sorts, &page);
    if (page.has_cursor && !read_tie(page.tie, &want))
        ss_fault(call, "cursor", "is damaged");
    if (!ss_call_check(call))
        return 0;
    int err = ss_case_load(call, &c);
    if (err <= 0)
        return err;
    want.down = page.down;
    want.has_key = page.has_cursor;
    want.time_us = page.key;
    want.limit = page.limit;
    ss_page_begin(call);
    err = ss_timeline_list(call->db, c.id, &want, each, &l, &more);
    if (!err)
        ss_page_end(call, &page, more, l.time_us, SS_STR(""),
                    ss_call_format(call, "%d:%lld", (int)l.kind, (long long)l.id));
    return err;
}

/* ---- export ---- */

static int put_comment(void *arg, const struct ss_comment *comment)
{
    struct ss_call *call = arg;
    ss_page_item(call);
    ss_comment_put(comment, &call->res.body);
    return 0;
}

/* The case with its payments' records, comments and timeline; evidence by name and hash. */
static int export_case(struct ss_call *call)
{
    const struct ss_timeline_page all = {.internal = true, .limit = EXPORT_MAX};
    struct listing l = {.call = call};
    struct ss_buf *to = &call->res.body;
    struct ss_case c;
    bool more;
    int err = ss_case_load(call, &c);
    if (err <= 0)
        return err;
    ss_buf_putc(to, '{');
    ss_put_time_of(to, "exported_at", call->now_us);
    ss_put_text_of(to, "exported_by", ss_str_of(call->who.name));
    ss_json_key(to, "case");
    err = ss_case_put_whole(call, &c, true, EXPORT_MAX);
    ss_json_open(to, "comments", '[');
    err = err ? err
              : ss_comments_list(call->db, c.id, true, 0, EXPORT_MAX, &call->arena, put_comment, call, &more);
    ss_buf_puts(to, "],\"timeline\":[");
    err = err ? err : ss_timeline_list(call->db, c.id, &all, each, &l, &more);
    ss_buf_puts(to, "]}");
    call->res.disposition = ss_call_format(call, "%.*s.json", (int)c.number.n, c.number.p);
    return err;
}

const struct ss_route ss_routes_timeline[] = {
    {SS_GET, "/api/v1/cases/{id}/timeline", list, SS_READERS, "cases:read", SS_RUN_SLOW, 0},
    {SS_GET, "/api/v1/cases/{id}/export", export_case, SS_WORKERS, "cases:read", SS_RUN_SLOW, 0},
    {0},
};
