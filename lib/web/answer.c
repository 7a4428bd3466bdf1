#include "base/number.h"
#include "base/time.h"
#include "json/write.h"
#include "web/web.h"
#include <stdarg.h>
#include <stdio.h>

struct ss_str ss_call_copy(struct ss_call *call, struct ss_str text)
{
    char *p = text.p ? ss_arena_copy(&call->arena, text.p, text.n) : NULL;
    return p ? (struct ss_str){p, text.n} : (struct ss_str){"", 0};
}

struct ss_str ss_call_format(struct ss_call *call, const char *fmt, ...)
{
    va_list ap, again;
    va_start(ap, fmt);
    va_copy(again, ap);
    int n = vsnprintf(NULL, 0, fmt, ap);
    va_end(ap);
    char *p = n < 0 ? NULL : ss_arena_alloc(&call->arena, (size_t)n + 1);
    if (p)
        vsnprintf(p, (size_t)n + 1, fmt, again);
    va_end(again);
    return p ? (struct ss_str){p, (size_t)n} : (struct ss_str){"", 0};
}

const char *ss_status_title(int status)
{
    switch (status) {
    case 200: return "OK";
    case 201: return "Created";
    case 202: return "Accepted";
    case 204: return "No Content";
    case 207: return "Multi-Status";
    case 302: return "Found";
    case 303: return "See Other";
    case 304: return "Not Modified";
    case 400: return "Bad Request";
    case 401: return "Unauthorized";
    case 403: return "Forbidden";
    case 404: return "Not Found";
    case 405: return "Method Not Allowed";
    case 408: return "Request Timeout";
    case 409: return "Conflict";
    case 410: return "Gone";
    case 411: return "Length Required";
    case 412: return "Precondition Failed";
    case 413: return "Content Too Large";
    case 414: return "URI Too Long";
    case 415: return "Unsupported Media Type";
    case 422: return "Unprocessable Content";
    case 426: return "Upgrade Required";
    case 428: return "Precondition Required";
    case 429: return "Too Many Requests";
    case 431: return "Request Header Fields Too Large";
    case 501: return "Not Implemented";
    case 503: return "Service Unavailable";
    case 505: return "HTTP Version Not Supported";
    default: return status < 500 ? "Request Refused" : "Internal Server Error";
    }
}

/* Begins the body of a problem, without its last brace. */
static void begin_problem(struct ss_call *call, int status, const char *code, struct ss_str detail)
{
    struct ss_buf *to = &call->res.body;
    ss_buf_reset(to);
    call->res.status = status;
    call->res.type = "application/problem+json";
    call->res.etag = call->res.location = call->res.disposition = call->res.next = (struct ss_str){NULL, 0};
    call->res.may_cache = false;
    call->events = 0;
    ss_buf_puts(to, "{\"type\":\"about:blank\"");
    ss_put_text_of(to, "title", ss_str_of(ss_status_title(status)));
    ss_put_int_of(to, "status", status);
    ss_put_text_of(to, "code", ss_str_of(code));
    ss_put_text_of(to, "detail", detail);
}

int ss_problem(struct ss_call *call, int status, const char *code, const char *fmt, ...)
{
    char detail[512];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(detail, sizeof detail, fmt, ap);
    va_end(ap);
    begin_problem(call, status, code, ss_str_of(detail));
    ss_buf_putc(&call->res.body, '}');
    return 0;
}

int ss_problem_missing(struct ss_call *call, const char *what, struct ss_str id)
{
    return ss_problem(call, 404, "not_found", "no %s '%.*s'", what, (int)(id.n < 100 ? id.n : 100), id.p);
}

void ss_fault(struct ss_call *call, const char *name, const char *fmt, ...)
{
    char detail[256];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(detail, sizeof detail, fmt, ap);
    va_end(ap);
    ss_buf_puts(&call->faults, call->n_faults++ ? ",{" : "{");
    ss_json_key(&call->faults, "name");
    ss_json_put_string(&call->faults, ss_str_of(name));
    ss_put_text_of(&call->faults, "detail", ss_str_of(detail));
    ss_buf_putc(&call->faults, '}');
}

bool ss_call_check(struct ss_call *call)
{
    if (!call->n_faults)
        return true;
    begin_problem(call, 422, "invalid",
                  call->n_faults == 1 ? SS_STR("a value is wrong; see errors")
                                      : SS_STR("some values are wrong; see errors"));
    ss_buf_puts(&call->res.body, ",\"errors\":[");
    ss_buf_put(&call->res.body, call->faults.p, call->faults.n);
    ss_buf_puts(&call->res.body, "]}");
    return false;
}

bool ss_answer_version(struct ss_call *call, int64_t version)
{
    struct ss_str tag = ss_call_format(call, "\"%lld\"", (long long)version);
    if (call->req.method != SS_GET && call->req.if_match.p && !ss_str_is(call->req.if_match, "*") &&
        !ss_str_eq(call->req.if_match, tag)) {
        ss_problem(call, 412, "changed", "somebody changed this meanwhile; read it again");
        return true;
    }
    call->res.etag = tag;
    if (call->req.method == SS_GET && call->req.if_none_match.p && ss_str_eq(call->req.if_none_match, tag)) {
        call->res.status = 304;
        ss_buf_reset(&call->res.body);
        return true;
    }
    return false;
}

int ss_answer_none(struct ss_call *call)
{
    call->res.status = 204;
    ss_buf_reset(&call->res.body);
    return 0;
}

int ss_answer_created(struct ss_call *call, const char *path, struct ss_str id)
{
    call->res.status = 201;
    call->res.location = ss_call_format(call, "%s/%.*s", path, (int)id.n, id.p);
    return 0;
}

void ss_event_add(struct ss_call *call, const char *topic, struct ss_str json)
{
    if (call->events < SS_EVENTS_MAX)
        call->event[call->events++] = (struct ss_event){topic, ss_call_copy(call, json)};
}

/* ---- pieces ---- */

/* ss_json_key puts the comma unless a '{' stands before. */
void ss_put_time(struct ss_buf *to, int64_t us)
{
    char text[SS_TIME_TEXT];
    if (us == 0) {
        ss_buf_puts(to, "null");
        return;
    }
    size_t n = ss_time_print(us, text);
    ss_buf_putc(to, '"');
    ss_buf_put(to, text, n);
    ss_buf_putc(to, '"');
}

void ss_put_amount(struct ss_buf *to, int64_t amount)
{
    char text[SS_NUMBER_MAX];
    ss_buf_put(to, text, ss_amount_print(amount, text));
}

void ss_put_time_of(struct ss_buf *to, const char *key, int64_t us)
{
    ss_json_key(to, key);
    ss_put_time(to, us);
}

void ss_put_amount_of(struct ss_buf *to, const char *key, int64_t amount)
{
    ss_json_key(to, key);
    ss_put_amount(to, amount);
}
