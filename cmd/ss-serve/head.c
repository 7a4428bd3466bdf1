#include "cmd/ss-serve/head.h"
#include "base/time.h"
#include <stdio.h>

static void add(struct ss_head *head, const char *name, struct ss_str value)
{
    if (value.p && head->n < SS_HEAD_FIELDS)
        head->field[head->n++] = (struct ss_field_line){name, value};
}

static void add_text(struct ss_head *head, const char *name, const char *value)
{
    add(head, name, ss_str_of(value));
}

/* What a name or an id may hold and a header field may not, percent-encoded. */
static struct ss_str escaped(struct ss_call *call, struct ss_str text, const char *also)
{
    static const char hex[] = "0123456789ABCDEF";
    char *out = text.p ? ss_arena_alloc(&call->arena, text.n * 3 + 1) : NULL;
    if (!out)
        return (struct ss_str){NULL, 0};
    size_t n = 0;
    for (size_t i = 0; i < text.n; i++) {
        unsigned char c = (unsigned char)text.p[i];
        if (c > ' ' && c < 0x7f && !strchr(also, c)) {
            out[n++] = (char)c;
        } else {
            out[n++] = '%';
            out[n++] = hex[c >> 4];
            out[n++] = hex[c & 15];
        }
    }
    return (struct ss_str){out, n};
}

/* RFC 6266: the name for old clients with what it may not hold replaced, and the true one. */
static struct ss_str attachment(struct ss_call *call, struct ss_str name)
{
    char *plain = ss_arena_copy(&call->arena, name.p, name.n);
    for (size_t i = 0; plain && i < name.n; i++)
        if ((unsigned char)plain[i] < ' ' || (unsigned char)plain[i] >= 0x7f || strchr("\"\\/%", plain[i]))
            plain[i] = '_';
    struct ss_str coded = escaped(call, name, "\"'()*,/:;<=>?@[\\]{}%");
    return ss_call_format(call, "attachment; filename=\"%s\"; filename*=UTF-8''%.*s", plain ? plain : "file",
                          (int)coded.n, coded.p);
}

bool ss_head_has_body(const struct ss_task *task)
{
    int status = task->call.res.status;
    return !task->head && status != 204 && status != 304 && status >= 200;
}

/* An API's answer is never a page: nothing in it may be loaded, run, framed or guessed at. */
static void add_safety(struct ss_head *head, const struct ss_task *task)
{
    const struct ss_call *call = &task->call;
    add_text(head, "content-security-policy:",
             task->page ? "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
                          "connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
                        : "default-src 'none'; frame-ancestors 'none'");
    add_text(head, "x-content-type-options:", "nosniff");
    add_text(head, "x-frame-options:", "DENY");
    add_text(head, "referrer-policy:", "no-referrer");
    add_text(head, "cross-origin-resource-policy:", "same-origin");
    if (call->req.secure)
        add_text(head, "strict-transport-security:", "max-age=31536000");
}

static void add_origin(struct ss_head *head, const struct ss_task *task, const char *allow_origin)
{
    if (!allow_origin)
        return;
    add_text(head, "vary:", "Origin");
    if (!task->call.req.origin.p || !ss_str_is(task->call.req.origin, allow_origin))
        return;
    add_text(head, "access-control-allow-origin:", allow_origin);
    if (task->options) {
        add_text(head, "access-control-allow-methods:", task->allow ? task->allow : "GET");
        add_text(head, "access-control-allow-headers:",
                 "authorization, content-type, if-match, if-none-match, idempotency-key");
        add_text(head, "access-control-max-age:", "600");
    } else {
        add_text(head, "access-control-expose-headers:", "etag, link, location, retry-after");
    }
}

void ss_head_make(struct ss_head *head, struct ss_task *task, const struct ss_head_options *opt)
{
    struct ss_call *call = &task->call;
    struct ss_response *res = &call->res;
    head->n = 0;
    head->status = res->status;
    add_text(head, "date:", opt->date);
    if (res->status != 204 && res->status != 304) {
        snprintf(head->length, sizeof head->length, "%zu", res->body.n);
        add_text(head, "content-length:", head->length);
        if (res->body.n || res->status == 200) /* an export of nothing is a file, too */
            add_text(head, "content-type:", res->type);
    }
    add_text(head, "cache-control:",
             task->lasting    ? "public, max-age=31536000, immutable"
             : res->may_cache ? "private, no-cache"
                              : "no-store");
    if (task->encoding)
        add_text(head, "content-encoding:", task->encoding);
    if (task->page)
        add_text(head, "vary:", "Accept-Encoding");
    add(head, "etag:", res->etag);
    add(head, "location:", escaped(call, res->location, ""));
    if (res->disposition.p)
        add(head, "content-disposition:", attachment(call, res->disposition));
    if (res->next.p) {
        struct ss_str next = escaped(call, res->next, "<>\"");
        add(head, "link:", ss_call_format(call, "<%.*s>; rel=\"next\"", (int)next.n, next.p));
    }
    for (int i = 0; i < res->cookies; i++)
        add(head, "set-cookie:", res->cookie[i]);
    if (res->retry_after_s) {
        snprintf(head->retry, sizeof head->retry, "%d", res->retry_after_s);
        add_text(head, "retry-after:", head->retry);
    }
    if (res->status == 401)
        add_text(head, "www-authenticate:", "Bearer");
    if (task->allow)
        add_text(head, "allow:", task->allow);
    if (task->upgrade)
        add_text(head, "upgrade:", task->upgrade);
    add_origin(head, task, opt->allow_origin);
    add_safety(head, task);
}

void ss_head_print(const struct ss_head *head, int version, bool keep, struct ss_buf *to)
{
    ss_buf_puts(to, version == 10 ? "HTTP/1.0 " : "HTTP/1.1 ");
    char status[16];
    snprintf(status, sizeof status, "%d ", head->status);
    ss_buf_puts(to, status);
    ss_buf_puts(to, ss_status_title(head->status));
    for (int i = 0; i < head->n; i++) {
        ss_buf_put(to, "\r\n", 2);
        ss_buf_puts(to, head->field[i].name);
        ss_buf_putc(to, ' ');
        size_t at = to->n;
        ss_buf_put(to, head->field[i].value.p, head->field[i].value.n);
        for (; at < to->n; at++) /* whatever a handler put there, a field stays one line */
            if ((unsigned char)to->p[at] < ' ' || to->p[at] == 0x7f)
                to->p[at] = '_';
    }
    if (!keep)
        ss_buf_puts(to, "\r\nconnection: close");
    else if (version == 10)
        ss_buf_puts(to, "\r\nconnection: keep-alive");
    ss_buf_put(to, "\r\n\r\n", 4);
}

void ss_head_date(int64_t second, char out[32])
{
    static const char days[] = "MonTueWedThuFriSatSun", months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
    struct ss_civil c;
    ss_time_to_civil(second * SS_SECOND_US, &c);
    snprintf(out, 32, "%.3s, %02u %.3s %04u %02u:%02u:%02u GMT", days + 3 * (c.weekday % 7),
             (unsigned)c.day % 100, months + 3 * ((c.month - 1) % 12), (unsigned)c.year % 10000,
             (unsigned)c.hour % 100, (unsigned)c.minute % 100, (unsigned)c.second % 100);
}
