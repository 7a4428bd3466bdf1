#include "cmd/ss-serve/request.h"
#include "base/number.h"
#include <strings.h>

static bool fault(struct ss_task *task, int status, const char *code, const char *why)
{
    task->close = true;
    ss_problem(&task->call, status, code, "%s", why);
    return false;
}

static bool unreserved(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '.' || c == '_' || c == '~';
}

/* Percent-encoded again, with up to one `plain` left as it is (all of them where `all`). */
static char *encode(char *out, struct ss_str text, char plain, bool all)
{
    static const char hex[] = "0123456789ABCDEF";
    for (size_t i = 0; i < text.n; i++) {
        unsigned char c = (unsigned char)text.p[i];
        if (unreserved((char)c) || c == (unsigned char)plain) {
            if (c == (unsigned char)plain && !all)
                plain = 0;
            *out++ = (char)c;
        } else {
            *out++ = '%';
            *out++ = hex[c >> 4];
            *out++ = hex[c & 15];
        }
    }
    return out;
}

static bool read_target(const struct ss_raw_request *raw, struct ss_task *task)
{
    struct ss_request *req = &task->call.req;
    size_t room = raw->path.n * 3 + 1;
    for (int i = 0; i < raw->args; i++)
        room += raw->arg[i].n * 3 + 1;
    char *p = ss_arena_alloc(&task->call.arena, room), *at = p;
    if (!p)
        return fault(task, 503, "memory", "out of memory");
    at = encode(at, raw->path, '/', true);
    req->path = (struct ss_str){p, (size_t)(at - p)};
    char *query = at;
    for (int i = 0; i < raw->args; i++) {
        if (i)
            *at++ = '&';
        at = encode(at, raw->arg[i], '=', false);
    }
    req->query = (struct ss_str){query, (size_t)(at - query)};
    return true;
}

static bool read_length(const struct ss_raw_request *raw, struct ss_task *task, int64_t *length)
{
    struct ss_str text = ss_str_trim(raw->header[SS_H_CONTENT_LENGTH]);
    *length = -1;
    if (raw->odd)
        return fault(task, 400, "bad_request", "a header field's name ends before its colon");
    if (raw->header[SS_H_TRANSFER_ENCODING].p)
        return fault(task, 411, "length_required", "send the body with a Content-Length, not chunked");
    if (!text.p)
        return true;
    bool digits = text.n > 0 && text.n < 16 && !raw->repeated[SS_H_CONTENT_LENGTH];
    for (size_t i = 0; i < text.n && digits; i++)
        digits = text.p[i] >= '0' && text.p[i] <= '9';
    if (!digits || !ss_int_parse(text.p, text.n, length))
        return fault(task, 400, "bad_request", "Content-Length is not one number");
    return true;
}

static bool read_method(const struct ss_raw_request *raw, struct ss_task *task)
{
    int method = ss_method_of(raw->method);
    task->head = ss_str_is(raw->method, "HEAD");
    task->options = ss_str_is(raw->method, "OPTIONS");
    task->call.req.method = method < 0 ? SS_GET : (enum ss_method)method;
    if (method < 0 && !task->options)
        return fault(task, 501, "bad_method", "there is no such method here");
    return true;
}

bool ss_request_read(const struct ss_raw_request *raw, struct ss_task *task, int64_t *length)
{
    struct ss_request *req = &task->call.req;
    req->host = raw->header[SS_H_HOST];
    req->type = raw->header[SS_H_CONTENT_TYPE];
    req->authorization = raw->header[SS_H_AUTHORIZATION];
    req->cookie = raw->header[SS_H_COOKIE];
    req->origin = raw->header[SS_H_ORIGIN];
    req->agent = raw->header[SS_H_USER_AGENT];
    req->accept = raw->header[SS_H_ACCEPT];
    task->accept_encoding = raw->header[SS_H_ACCEPT_ENCODING];
    req->if_match = raw->header[SS_H_IF_MATCH];
    req->if_none_match = raw->header[SS_H_IF_NONE_MATCH];
    req->idempotency_key = raw->header[SS_H_IDEMPOTENCY_KEY];
    req->last_event_id = raw->header[SS_H_LAST_EVENT_ID];
    *length = -1;
    if (raw->version == 0)
        return fault(task, 400, "bad_request", "HTTP/1.0, 1.1 and 2 are spoken here");
    if (raw->version == 11 && !req->host.p)
        return fault(task, 400, "bad_request", "a request of HTTP/1.1 has a Host");
    if (raw->repeated[SS_H_HOST] || raw->repeated[SS_H_AUTHORIZATION])
        return fault(task, 400, "bad_request", "Host and Authorization are sent once");
    return read_length(raw, task, length) && read_method(raw, task) && read_target(raw, task);
}

/* One of the words in a list separated by commas. */
static bool lists(struct ss_str list, const char *word)
{
    size_t n = strlen(word);
    while (list.n) {
        const char *comma = memchr(list.p, ',', list.n);
        struct ss_str piece = {list.p, comma ? (size_t)(comma - list.p) : list.n};
        list.p += piece.n + (comma != NULL);
        list.n -= piece.n + (comma != NULL);
        piece = ss_str_trim(piece);
        if (piece.n == n && strncasecmp(piece.p, word, n) == 0)
            return true;
    }
    return false;
}

bool ss_request_keeps(const struct ss_raw_request *raw)
{
    struct ss_str connection = raw->header[SS_H_CONNECTION];
    if (raw->version == 11)
        return !connection.p || !lists(connection, "close");
    return raw->version == 10 && connection.p && lists(connection, "keep-alive");
}
