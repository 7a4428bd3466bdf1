/* What the program has to tell a person: everybody has their own. */
#include "store/notices.h"
#include "base/number.h"
#include "json/write.h"
#include "web/web.h"

struct listing {
    struct ss_call *call;
    int64_t last;
};

static int put_item(void *arg, const struct ss_notice_row *row)
{
    struct listing *l = arg;
    struct ss_buf *to = &l->call->res.body;
    ss_page_item(l->call);
    ss_buf_putc(to, '{');
    ss_put_int_of(to, "id", row->id);
    ss_put_text_of(to, "kind", row->kind);
    ss_put_text_of(to, "title", row->title);
    ss_put_text_of(to, "link", row->link);
    ss_put_time_of(to, "created_at", row->created_us);
    ss_put_time_of(to, "read_at", row->read_us);
    ss_buf_putc(to, '}');
    l->last = row->id;
    return 0;
}

static int list(struct ss_call *call)
{
    static const char *const sorts[] = {"-id", NULL};
    struct listing l = {call, 0};
    struct ss_page page;
    bool unread, more;
    ss_query_bool(call, "unread", false, &unread);
    if (ss_page_read(call, sorts, &page) && !page.down)
        ss_fault(call, "sort", "is -id only: the newest come first");
    if (!ss_call_check(call))
        return 0;
    ss_page_begin(call);
    int err = ss_notices_list(call->db, call->who.user_id, unread, page.has_cursor ? page.key : 0, page.limit,
                              &call->arena, put_item, &l, &more);
    if (!err)
        ss_page_end(call, &page, more, l.last, SS_STR(""), SS_STR(""));
    return err;
}

static int answer_unread(struct ss_call *call)
{
    int64_t n;
    int err = ss_notices_unread(call->db, call->who.user_id, &n);
    ss_buf_putc(&call->res.body, '{');
    ss_put_int_of(&call->res.body, "unread", n);
    ss_buf_putc(&call->res.body, '}');
    return err;
}

/* Reading is nobody else's business: it leaves no line in the audit log. */
static int mark(struct ss_call *call)
{
    int64_t id, n;
    struct ss_str text = call->param[0];
    n = ss_int_parse(text.p, text.n, &id) && id > 0
            ? ss_notices_read(call->db, call->who.user_id, id, call->now_us)
            : 0;
    if (n < 0)
        return (int)n;
    return n ? answer_unread(call) : ss_problem_missing(call, "notice", text);
}

static int mark_all(struct ss_call *call)
{
    int64_t n = ss_notices_read(call->db, call->who.user_id, 0, call->now_us);
    return n < 0 ? (int)n : answer_unread(call);
}

const struct ss_route ss_routes_notices[] = {
    {SS_GET, "/api/v1/notices", list, SS_PEOPLE, NULL, SS_RUN_QUICK, 0},
    {SS_GET, "/api/v1/notices/unread", answer_unread, SS_PEOPLE, NULL, SS_RUN_QUICK, 0},
    {SS_POST, "/api/v1/notices/read", mark_all, SS_PEOPLE, NULL, SS_RUN_WRITE, 0},
    {SS_POST, "/api/v1/notices/{id}/read", mark, SS_PEOPLE, NULL, SS_RUN_WRITE, 0},
    {0},
};
