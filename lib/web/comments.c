/* What people write about a case; @name tells somebody. */
#include "base/number.h"
#include "base/time.h"
#include "json/write.h"
#include "store/notices.h"
#include "web/case.h"
#include "web/cases.h"

#define CONTENT_MAX  10000
#define MENTIONS_MAX 10
#define EDIT_US      (15 * SS_MINUTE_US) /* how long one may correct oneself */

void ss_comment_put(const struct ss_comment *c, struct ss_buf *to)
{
    ss_buf_putc(to, '{');
    ss_put_int_of(to, "id", c->id);
    ss_put_int_of(to, "case_id", c->case_id);
    ss_put_text_of(to, "author", c->actor);
    ss_json_key(to, "user_id");
    if (c->user_id)
        ss_json_put_int(to, c->user_id);
    else
        ss_buf_puts(to, "null");
    ss_put_text_of(to, "content", c->content);
    ss_put_bool_of(to, "internal", c->internal);
    ss_put_time_of(to, "created_at", c->time_us);
    ss_put_time_of(to, "edited_at", c->edited_us);
    ss_buf_putc(to, '}');
}

struct listing {
    struct ss_call *call;
    int64_t last;
};

static int put_item(void *arg, const struct ss_comment *c)
{
    struct listing *l = arg;
    ss_page_item(l->call);
    ss_comment_put(c, &l->call->res.body);
    l->last = c->id;
    return 0;
}

static int list(struct ss_call *call)
{
    static const char *const sorts[] = {"id", NULL};
    struct listing l = {call, 0};
    struct ss_page page;
    struct ss_case c;
    bool more;
    if (ss_page_read(call, sorts, &page) && page.down)
        ss_fault(call, "sort", "is id only: comments are read from the first one on");
    if (!ss_call_check(call))
        return 0;
    int err = ss_case_load(call, &c);
    if (err <= 0)
        return err;
    ss_page_begin(call);
    err = ss_comments_list(call->db, c.id, call->who.role != SS_VIEWER, page.has_cursor ? page.key : 0,
                           page.limit, &call->arena, put_item, &l, &more);
    if (!err)
        ss_page_end(call, &page, more, l.last, SS_STR(""), SS_STR(""));
    return err;
}

/* ---- mentions ---- */

static bool is_name(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '_' || c == '-' || c == '+';
}

/* The next "@ann" or "@ann@example.com" that stands at the beginning of a word; p == NULL: no more. */
static struct ss_str next_mention(struct ss_str text, size_t *at)
{
    for (size_t i = *at; i < text.n; i++) {
        if (text.p[i] != '@' || (i > 0 && (is_name(text.p[i - 1]) || text.p[i - 1] == '@')))
            continue;
        size_t to = i + 1;
        while (to < text.n && (is_name(text.p[to]) || text.p[to] == '@'))
            to++;
        *at = to;
        while (to > i + 1 && (text.p[to - 1] == '.' || text.p[to - 1] == '-' || text.p[to - 1] == '@'))
            to--; /* the sentence's */
        if (to > i + 1)
            return (struct ss_str){text.p + i + 1, to - i - 1};
        i = *at - 1;
    }
    *at = text.n;
    return (struct ss_str){NULL, 0};
}

static int tell_mentioned(struct ss_case_work *work, const struct ss_case *c, struct ss_str content)
{
    struct ss_call *call = work->call;
    int64_t told[MENTIONS_MAX];
    int n = 0, err = 0;
    struct ss_str word;
    for (size_t at = 0; n < MENTIONS_MAX && !err && (word = next_mention(content, &at)).p;) {
        int64_t id;
        bool again = false;
        err = ss_person_called(call->db, word, &call->arena, &id);
        for (int i = 0; i < n; i++)
            again |= told[i] == id;
        if (err || !id || again)
            continue;
        told[n++] = id;
        err = ss_case_notify(work, c, id, "mentioned", "%s mentioned you in case %.*s", call->who.name,
                             (int)c->number.n, c->number.p);
    }
    return err;
}

/* ---- writing ---- */

static bool read_content(struct ss_call *call, struct ss_str *content)
{
    return ss_body_text(call, "content", true, CONTENT_MAX, content);
}

static int add(struct ss_call *call)
{
    static const char *const members[] = {"content", "internal", NULL};
    struct ss_comment comment = {.internal = true};
    struct ss_case_work work;
    struct ss_case c;
    if (!ss_call_json(call))
        return 0;
    read_content(call, &comment.content);
    ss_body_bool(call, "internal", false, &comment.internal);
    ss_body_only(call, members);
    if (!ss_call_check(call))
        return 0;
    int err = ss_case_load(call, &c);
    if (err <= 0)
        return err;
    ss_work_init(&work, call);
    comment.case_id = c.id;
    comment.time_us = call->now_us;
    comment.actor = ss_str_of(call->who.name);
    comment.user_id = call->who.user_id;
    err = ss_comment_add(call->db, &comment);
    err = err ? err
              : ss_case_touch(&work, &c, "commented", "comment.add", (struct ss_str){NULL, 0},
                              ss_call_pair(call, "content", comment.content));
    err = err ? err : tell_mentioned(&work, &c, comment.content);
    if (err == SS_REFUSED)
        return ss_work_problem(&work);
    if (err)
        return err;
    ss_answer_created(call, ss_call_format(call, "/api/v1/cases/%lld/comments", (long long)c.id).p,
                      ss_call_format(call, "%lld", (long long)comment.id));
    ss_comment_put(&comment, &call->res.body);
    return 0;
}

/* One's own, within a quarter of an hour; the audit log keeps what it said before. */
static int edit(struct ss_call *call)
{
    static const char *const members[] = {"content", NULL};
    struct ss_comment comment;
    struct ss_case_work work;
    struct ss_case c;
    struct ss_str content, text = call->param[1];
    int64_t id;
    if (!ss_call_json(call))
        return 0;
    read_content(call, &content);
    ss_body_only(call, members);
    if (!ss_call_check(call))
        return 0;
    int err = ss_case_load(call, &c);
    if (err <= 0)
        return err;
    err = ss_int_parse(text.p, text.n, &id) ? ss_comment_find(call->db, c.id, id, &call->arena, &comment) : 0;
    if (err <= 0)
        return err ? err : ss_problem_missing(call, "comment", text);
    if (!comment.user_id || comment.user_id != call->who.user_id)
        return ss_problem(call, 403, "not_yours", "only its author may edit a comment");
    if (call->now_us - comment.time_us > EDIT_US)
        return ss_problem(call, 409, "too_late", "a comment may be edited for 15 minutes; write another one");
    struct ss_str was = comment.content;
    comment.content = content;
    comment.edited_us = call->now_us;
    ss_work_init(&work, call);
    err = ss_comment_edit(call->db, &comment);
    err = err ? err
              : ss_case_touch(&work, &c, "comment_edited", "comment.edit", ss_call_pair(call, "content", was),
                              ss_call_pair(call, "content", content));
    if (err == SS_REFUSED)
        return ss_work_problem(&work);
    if (!err)
        ss_comment_put(&comment, &call->res.body);
    return err;
}

const struct ss_route ss_routes_comments[] = {
    {SS_GET, "/api/v1/cases/{id}/comments", list, SS_READERS, "cases:read", SS_RUN_QUICK, 0},
    {SS_POST, "/api/v1/cases/{id}/comments", add, SS_WORKERS, "cases:write", SS_RUN_WRITE, 0},
    {SS_PATCH, "/api/v1/cases/{id}/comments/{comment_id}", edit, SS_WORKERS, "cases:write", SS_RUN_WRITE, 0},
    {0},
};
