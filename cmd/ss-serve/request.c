#include "cmd/ss-serve/request.h"
#include "web/proxy.h"

char *ss_request_encode(char *out, struct ss_str text, char plain)
{
    static const char hex[] = "0123456789ABCDEF";
    for (size_t i = 0; i < text.n; i++) {
        unsigned char c = (unsigned char)text.p[i];
        if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
            c == '.' || c == '_' || c == '~' || c == (unsigned char)plain) {
            *out++ = (char)c;
        } else {
            *out++ = '%';
            *out++ = hex[c >> 4];
            *out++ = hex[c & 15];
        }
    }
    return out;
}

/* Who asks, and how, where a trusted proxy asks for them. */
static void look_behind(const struct ss_http1 *head, const struct ss_proxies *proxies, struct ss_request *req)
{
    struct ss_str scheme = head->header[SS_H_FORWARDED_PROTO];
    if (!proxies || !ss_proxies_trust(proxies, req->address))
        return;
    if (scheme.p)
        req->secure = ss_str_is(scheme, "https");
    ss_proxies_client(proxies, head->header[SS_H_FORWARDED_FOR], req->address);
}

bool ss_request_read(const struct ss_http1 *head, struct ss_task *task)
{
    struct ss_request *req = &task->call.req;
    int method = ss_method_of(head->method);
    look_behind(head, task->call.web->proxies, req);
    req->path = head->path;
    req->query = head->query;
    req->host = head->header[SS_H_HOST];
    req->type = head->header[SS_H_CONTENT_TYPE];
    req->authorization = head->header[SS_H_AUTHORIZATION];
    req->cookie = head->header[SS_H_COOKIE];
    req->origin = head->header[SS_H_ORIGIN];
    req->agent = head->header[SS_H_USER_AGENT];
    req->accept = head->header[SS_H_ACCEPT];
    req->if_match = head->header[SS_H_IF_MATCH];
    req->if_none_match = head->header[SS_H_IF_NONE_MATCH];
    req->idempotency_key = head->header[SS_H_IDEMPOTENCY_KEY];
    req->last_event_id = head->header[SS_H_LAST_EVENT_ID];
    task->accept_encoding = head->header[SS_H_ACCEPT_ENCODING];
    task->head = ss_str_is(head->method, "HEAD");
    task->options = ss_str_is(head->method, "OPTIONS");
    req->method = method < 0 ? SS_GET : (enum ss_method)method;
    if (method >= 0 || task->options)
        return true;
    ss_problem(&task->call, 501, "bad_method", "there is no such method here");
    return false;
}

bool ss_request_keeps(const struct ss_http1 *head)
{
    struct ss_str connection = head->header[SS_H_CONNECTION];
    if (head->version == 11)
        return !connection.p || !ss_header_lists(connection, "close");
    return head->version == 10 && connection.p && ss_header_lists(connection, "keep-alive");
}
