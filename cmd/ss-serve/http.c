/*
 * Between libwebsockets and the server. What was measured of its version 4.1.6 decides how it is used here:
 *   - plain poll(2) costs 400 us a request beside 10,000 idle connections, libev's epoll 12 us (libuv's 15);
 *   - its timers are one sorted list, walked from the front: what most connections have must not be in it, so
 *     their deadlines are kept here, in queues;
 *   - an answer in one write instead of two (head, body) more than doubles the rate;
 *   - its memory for headers is bound to a connection from accept on: there is enough for all.
 */
#include "cmd/ss-serve/http.h"
#include "cmd/ss-serve/deadline.h"
#include "cmd/ss-serve/head.h"
#include "cmd/ss-serve/listen.h"
#include "cmd/ss-serve/request.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"
#include "web/auth.h"
#include "web/live.h"
#include <libwebsockets.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <unistd.h>

#define SECOND_NS    ((int64_t)1000000000)
#define FRESH_S      10 /* from a connection to its first request */
#define BODY_S       30 /* from a request's head to its last byte */
#define IDLE_S       75 /* between requests */
#define HEADER_BYTES 8192
#define DISCARD_MAX  65536 /* a refused body up to this long is read, so that the connection can go on */
#define PING_S       30
#define SILENT_S     95 /* three pings unanswered */
#define MESSAGE_MAX  4096

_Static_assert(LWS_PRE <= SS_HUB_HEADROOM, "frames have room for the library's head");

/* One TCP connection. */
struct ss_conn {
    struct lws *wsi;
    struct ss_deadline deadline;
    struct ss_stream *body; /* whose request's body is awaited (HTTP/1) */
    char address[48];
    bool secure;
    /* Of a WebSocket that is being opened. */
    struct ss_hub_spec spec;
    struct ss_actor who;
};

enum phase { NEW, BODY, WAITING, SENDING, FEED, ENDING };

/* One request, or one WebSocket: the library's memory, zeroed by it. */
struct ss_stream {
    struct lws *wsi;
    struct ss_conn *conn;
    struct ss_task *task;
    enum phase phase;
    int version;
    bool keep; /* the client wants the connection to stay */
    size_t body_max, sent;
    /* Of a feed: */
    struct ss_stream *next, *before;
    struct ss_listener *listener;
    struct ss_actor *who;
    struct ss_buf *message;
    int64_t heard_ns, pinged_ns;
    bool ping, websocket, too_long;
};

struct ss_http {
    struct ss_http_options opt;
    struct ss_listen listen;
    struct lws_context *context;
    struct lws_vhost *vhost;
    struct lws *accepting;
    int event, room; /* an eventfd; a descriptor kept to refuse with when there is none left */
    int connections_max;
    pthread_t thread;
    struct ss_task_pool pool;
    struct ss_buf out;
    struct ss_deadlines fresh, body, idle;
    struct ss_stream *feeds;
    struct ss_http_counts counts;
    lws_sorted_usec_list_t timer;
    int64_t second, checked_ns;
    char date[32];
    /* Between threads. */
    pthread_mutex_t lock;
    pthread_cond_t stopped_now;
    struct ss_task *done_first, *done_last;
    bool signalled, reload, stop, stopped;
    int64_t stop_by_ns, feeds_end_ns;
};

static struct ss_http *http_of(struct lws *wsi)
{
    return lws_context_user(lws_get_context(wsi));
}

static struct ss_conn *conn_of(struct lws *wsi)
{
    return lws_get_opaque_user_data(lws_get_network_wsi(wsi));
}

/* ---- reading a request ---- */

static const struct {
    enum ss_header header;
    enum lws_token_indexes token;
} known[] = {
    {SS_H_HOST, WSI_TOKEN_HOST},
    {SS_H_CONTENT_LENGTH, WSI_TOKEN_HTTP_CONTENT_LENGTH},
    {SS_H_TRANSFER_ENCODING, WSI_TOKEN_HTTP_TRANSFER_ENCODING},
    {SS_H_CONTENT_TYPE, WSI_TOKEN_HTTP_CONTENT_TYPE},
    {SS_H_AUTHORIZATION, WSI_TOKEN_HTTP_AUTHORIZATION},
    {SS_H_COOKIE, WSI_TOKEN_HTTP_COOKIE},
    {SS_H_ORIGIN, WSI_TOKEN_ORIGIN},
    {SS_H_USER_AGENT, WSI_TOKEN_HTTP_USER_AGENT},
    {SS_H_ACCEPT, WSI_TOKEN_HTTP_ACCEPT},
    {SS_H_ACCEPT_ENCODING, WSI_TOKEN_HTTP_ACCEPT_ENCODING},
    {SS_H_IF_MATCH, WSI_TOKEN_HTTP_IF_MATCH},
    {SS_H_IF_NONE_MATCH, WSI_TOKEN_HTTP_IF_NONE_MATCH},
    {SS_H_EXPECT, WSI_TOKEN_HTTP_EXPECT},
    {SS_H_CONNECTION, WSI_TOKEN_CONNECTION},
};

static const struct {
    enum lws_token_indexes token;
    const char *name;
} methods[] = {
    {WSI_TOKEN_GET_URI, "GET"},         {WSI_TOKEN_POST_URI, "POST"},     {WSI_TOKEN_PUT_URI, "PUT"},
    {WSI_TOKEN_PATCH_URI, "PATCH"},     {WSI_TOKEN_DELETE_URI, "DELETE"}, {WSI_TOKEN_HEAD_URI, "HEAD"},
    {WSI_TOKEN_OPTIONS_URI, "OPTIONS"},
};

static struct ss_str copy_header(struct lws *wsi, enum lws_token_indexes token, struct ss_arena *arena)
{
    int n = lws_hdr_total_length(wsi, token);
    if (n <= 0)
        return (struct ss_str){NULL, 0};
    char *p = ss_arena_alloc(arena, (size_t)n + 2);
    if (!p)
        return (struct ss_str){NULL, 0};
    n = lws_hdr_copy(wsi, p, n + 2, token);
    return (struct ss_str){p, n > 0 ? (size_t)n : 0};
}

/* A field that the library has no number for; HTTP/1 only. `name` with its colon. */
static struct ss_str copy_custom(struct lws *wsi, const char *name, struct ss_arena *arena)
{
    int n = lws_hdr_custom_length(wsi, name, (int)strlen(name));
    char *p = n < 0 ? NULL : ss_arena_alloc(arena, (size_t)n + 2);
    if (!p)
        return (struct ss_str){NULL, 0};
    n = lws_hdr_custom_copy(wsi, p, n + 2, name, (int)strlen(name));
    return (struct ss_str){p, n > 0 ? (size_t)n : 0};
}

static int version_of(struct lws *wsi, bool h2)
{
    char text[16];
    if (h2)
        return 20;
    int n = lws_hdr_copy(wsi, text, sizeof text, WSI_TOKEN_HTTP);
    if (n == 8 && memcmp(text, "HTTP/1.1", 8) == 0)
        return 11;
    return n == 8 && memcmp(text, "HTTP/1.0", 8) == 0 ? 10 : 0;
}

static void read_target(struct lws *wsi, bool h2, struct ss_raw_request *raw, struct ss_arena *arena)
{
    raw->path = (struct ss_str){"", 0};
    if (h2) {
        raw->method = copy_header(wsi, WSI_TOKEN_HTTP_COLON_METHOD, arena);
        raw->path = copy_header(wsi, WSI_TOKEN_HTTP_COLON_PATH, arena);
    }
    for (size_t i = 0; i < sizeof methods / sizeof *methods && !h2; i++)
        if (lws_hdr_total_length(wsi, methods[i].token) > 0) {
            raw->method = ss_str_of(methods[i].name);
            raw->path = copy_header(wsi, methods[i].token, arena);
        }
    for (; raw->args < SS_ARGS_MAX; raw->args++) {
        int n = lws_hdr_fragment_length(wsi, WSI_TOKEN_HTTP_URI_ARGS, raw->args);
        char *p = n > 0 ? ss_arena_alloc(arena, (size_t)n + 1) : NULL;
        if (!p || lws_hdr_copy_fragment(wsi, p, n + 1, WSI_TOKEN_HTTP_URI_ARGS, raw->args) < 0)
            break;
        raw->arg[raw->args] = (struct ss_str){p, (size_t)n};
    }
}

static void read_raw(struct lws *wsi, struct ss_raw_request *raw, struct ss_arena *arena)
{
    static const char *const odd[] = {
        "content-length :", "content-length\t:", "transfer-encoding :", "transfer-encoding\t:", "host :"};
    bool h2 = lws_get_network_wsi(wsi) != wsi;
    memset(raw, 0, sizeof *raw);
    raw->version = version_of(wsi, h2);
    read_target(wsi, h2, raw, arena);
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        raw->header[known[i].header] = copy_header(wsi, known[i].token, arena);
        raw->repeated[known[i].header] = lws_hdr_fragment_length(wsi, known[i].token, 1) > 0;
    }
    if (h2) {
        raw->header[SS_H_HOST] = copy_header(wsi, WSI_TOKEN_HTTP_COLON_AUTHORITY, arena);
        return;
    }
    raw->header[SS_H_IDEMPOTENCY_KEY] = copy_custom(wsi, "idempotency-key:", arena);
    raw->header[SS_H_LAST_EVENT_ID] = copy_custom(wsi, "last-event-id:", arena);
    for (size_t i = 0; i < sizeof odd / sizeof *odd; i++)
        raw->odd |= lws_hdr_custom_length(wsi, odd[i], (int)strlen(odd[i])) >= 0;
}

/* A task whose request is read; *length as ss_request_read. NULL: out of memory. *fine false: answered. */
static struct ss_task *begin(struct lws *wsi, struct ss_stream *stream, int64_t *length, bool *fine)
{
    struct ss_http *http = http_of(wsi);
    struct ss_conn *conn = conn_of(wsi);
    struct ss_task *task = conn ? ss_task_take(&http->pool) : NULL;
    if (!task)
        return NULL;
    struct ss_raw_request raw;
    read_raw(wsi, &raw, &task->call.arena);
    memcpy(task->call.req.address, conn->address, sizeof conn->address);
    task->call.req.secure = conn->secure;
    *fine = ss_request_read(&raw, task, length);
    stream->wsi = wsi;
    stream->conn = conn;
    stream->task = task;
    stream->version = raw.version ? raw.version : 11;
    stream->keep = ss_request_keeps(&raw);
    stream->phase = NEW;
    stream->sent = 0;
    task->stream = stream;
    http->counts.requests++;
    return task;
}

/* ---- answering ---- */

static void log_request(struct ss_http *http, const struct ss_task *task, int64_t now_ns)
{
    const struct ss_request *req = &task->call.req;
    if (http->opt.log_requests) /* never the query: tickets and tokens travel there */
        ss_log(SS_LOG_ERROR, "%s %s %.*s %d %zu %lld us %s", req->address,
               task->options ? "OPTIONS" : ss_method_name(req->method), (int)req->path.n, req->path.p,
               task->call.res.status, task->call.res.body.n, (long long)(now_ns - task->whole_ns) / 1000,
               *task->call.who.name ? task->call.who.name : "-");
}

static void leave(struct ss_http *http, struct ss_stream *stream)
{
    struct ss_task *task = stream->task;
    int64_t now_ns = ss_clock_mono_ns();
    stream->task = NULL;
    if (!task->whole_ns)
        task->whole_ns = now_ns;
    if (http->opt.answered)
        http->opt.answered(http->opt.arg, task, now_ns);
    log_request(http, task, now_ns);
    ss_task_give(&http->pool, task);
}

static void make_head(struct ss_http *http, struct ss_task *task, struct ss_head *head)
{
    const struct ss_head_options opt = {http->opt.allow_origin, http->date};
    int64_t second = task->call.now_us / 1000000;
    if (second != http->second) {
        http->second = second;
        ss_head_date(second, http->date);
    }
    ss_head_make(head, task, &opt);
}

/* 0, or -1 when the connection is to end. */
static int answer_h1(struct ss_http *http, struct ss_stream *stream)
{
    struct ss_task *task = stream->task;
    struct lws *wsi = stream->wsi;
    struct ss_head head;
    bool keep = stream->keep && !task->close;
    make_head(http, task, &head);
    ss_buf_reset(&http->out);
    ss_buf_room(&http->out, LWS_PRE);
    http->out.n = LWS_PRE;
    ss_head_print(&head, stream->version, keep, &http->out);
    if (ss_head_has_body(task))
        ss_buf_put(&http->out, task->call.res.body.p, task->call.res.body.n);
    int sent = ss_buf_check(&http->out) ? -1
                                        : lws_write(wsi, (unsigned char *)http->out.p + LWS_PRE,
                                                    http->out.n - LWS_PRE, LWS_WRITE_HTTP_FINAL);
    if (http->out.cap > (size_t)1 << 20)
        ss_buf_free(&http->out);
    leave(http, stream);
    if (sent < 0 || !keep)
        return -1;
    struct ss_conn *conn = stream->conn;
    ss_deadline_set(&http->idle, &conn->deadline, conn, ss_clock_mono_ns());
    if (lws_http_transaction_completed(wsi)) /* the stream's memory is the library's again */
        return -1;
    lws_set_timeout(wsi, NO_PENDING_TIMEOUT, 0);
    return 0;
}

static int send_head_h2(struct ss_http *http, struct ss_stream *stream, bool last)
{
    unsigned char room[LWS_PRE + 4096], *from = room + LWS_PRE, *at = from, *end = room + sizeof room;
    struct lws *wsi = stream->wsi;
    struct ss_head head;
    make_head(http, stream->task, &head);
    if (lws_add_http_header_status(wsi, (unsigned)head.status | LWSAHH_FLAG_NO_SERVER_NAME, &at, end))
        return -1;
    for (int i = 0; i < head.n; i++)
        if (lws_add_http_header_by_name(wsi, (const unsigned char *)head.field[i].name,
                                        (const unsigned char *)head.field[i].value.p,
                                        (int)head.field[i].value.n, &at, end))
            return -1;
    if (lws_finalize_http_header(wsi, &at, end))
        return -1;
    return lws_write(wsi, from, (size_t)(at - from),
                     last ? LWS_WRITE_HTTP_HEADERS | LWS_WRITE_H2_STREAM_END : LWS_WRITE_HTTP_HEADERS) < 0
               ? -1
               : 0;
}

/* By pieces, as the peer's window allows. `sent` counts the head as one byte. */
static int answer_h2(struct ss_http *http, struct ss_stream *stream)
{
    struct ss_task *task = stream->task;
    const struct ss_buf *body = &task->call.res.body;
    size_t all = ss_head_has_body(task) ? body->n : 0;
    if (stream->sent == 0) {
        if (send_head_h2(http, stream, all == 0))
            return -1;
        stream->sent = 1;
        if (all) {
            lws_callback_on_writable(stream->wsi);
            return 0;
        }
    } else {
        char piece[LWS_PRE + 16384];
        size_t left = all - (stream->sent - 1), n = left < 16384 ? left : 16384;
        lws_fileofs_t window = lws_get_peer_write_allowance(stream->wsi);
        if (window == 0) {
            lws_callback_on_writable(stream->wsi);
            return 0;
        }
        if (window > 0 && (size_t)window < n)
            n = (size_t)window;
        memcpy(piece + LWS_PRE, body->p + (stream->sent - 1), n);
        if (lws_write(stream->wsi, (unsigned char *)piece + LWS_PRE, n,
                      n == left ? LWS_WRITE_HTTP_FINAL : LWS_WRITE_HTTP) < 0)
            return -1;
        stream->sent += n;
        if (n < left) {
            lws_callback_on_writable(stream->wsi);
            return 0;
        }
    }
    leave(http, stream);
    stream->phase = ENDING;
    return lws_http_transaction_completed(stream->wsi) ? -1 : 0;
}

static int open_sse(struct ss_http *http, struct ss_stream *stream);

static int answer(struct ss_stream *stream)
{
    struct ss_http *http = http_of(stream->wsi);
    struct ss_call *call = &stream->task->call;
    ss_deadline_lift(&stream->conn->deadline);
    stream->conn->body = NULL;
    stream->phase = SENDING;
    if (call->route && call->route->run == SS_RUN_FEED && call->res.status == 200)
        return open_sse(http, stream);
    return stream->version == 20 ? answer_h2(http, stream) : answer_h1(http, stream);
}

/* From outside of a callback for this stream. */
static void end_soon(struct ss_stream *stream)
{
    stream->phase = ENDING;
    lws_callback_on_writable(stream->wsi);
}

/* ---- requests ---- */

/* The request is whole. */
static int go(struct ss_http *http, struct ss_stream *stream)
{
    struct ss_task *task = stream->task;
    ss_deadline_lift(&stream->conn->deadline);
    stream->conn->body = NULL;
    task->whole_ns = ss_clock_mono_ns();
    task->call.req.body = (struct ss_str){task->body.p ? task->body.p : "", task->body.n};
    stream->phase = WAITING;
    if (ss_gate_go(http->opt.gate, task))
        return answer(stream);
    http->counts.under_way++;
    lws_set_timeout(stream->wsi, NO_PENDING_TIMEOUT, 0);
    /* Nothing is read meanwhile: what the client sends next waits in its socket. */
    return lws_rx_flow_control(stream->wsi, 0) < 0 ? -1 : 0;
}

static int on_request(struct lws *wsi, struct ss_stream *stream)
{
    struct ss_http *http = http_of(wsi);
    int64_t length;
    bool fine;
    struct ss_task *task = begin(wsi, stream, &length, &fine);
    if (!task)
        return -1;
    ss_deadline_lift(&stream->conn->deadline);
    lws_set_timeout(wsi, NO_PENDING_TIMEOUT, 0);
    enum ss_method method = task->call.req.method;
    bool h2 = stream->version == 20;
    bool may = method == SS_POST || method == SS_PUT || method == SS_PATCH;
    /* Without a length the library takes all that comes for the body of these: the connection must end. */
    if (may && length < 0 && !h2)
        task->close = true;
    if (fine)
        fine = ss_gate_enter(http->opt.gate, task, &stream->body_max);
    if (fine && length > 0 && (uint64_t)length > stream->body_max) {
        ss_problem(&task->call, 413, "too_large", "the body may have %zu bytes", stream->body_max);
        fine = false;
    }
    if (!fine) {
        task->close |= length > DISCARD_MAX;
        return answer(stream);
    }
    if (length <= 0 && !(h2 && may && length < 0))
        return length == 0 && method == SS_POST ? 0
                                                : go(http, stream); /* a POST of 0 bytes is completed too */
    stream->phase = BODY;
    stream->conn->body = stream;
    ss_deadline_set(&http->body, &stream->conn->deadline, stream->conn, ss_clock_mono_ns());
    return 0;
}

static int on_body(struct lws *wsi, struct ss_stream *stream, const void *bytes, size_t n)
{
    struct ss_task *task = stream->task;
    if (stream->phase != BODY || !task)
        return 0;
    if (task->body.n + n > stream->body_max) {
        task->close = true;
        ss_problem(&task->call, 413, "too_large", "the body may have %zu bytes", stream->body_max);
        return answer(stream);
    }
    ss_buf_put(&task->body, bytes, n);
    if (ss_buf_check(&task->body)) {
        task->close = true;
        ss_problem(&task->call, 503, "memory", "out of memory");
        return answer(stream);
    }
    (void)wsi;
    return 0;
}

/* ---- feeds ---- */

static void list_feed(struct ss_http *http, struct ss_stream *stream)
{
    stream->before = NULL;
    stream->next = http->feeds;
    if (http->feeds)
        http->feeds->before = stream;
    http->feeds = stream;
    stream->phase = FEED;
    stream->heard_ns = stream->pinged_ns = ss_clock_mono_ns();
    http->counts.feeds++;
}

static void end_feed(struct ss_http *http, struct ss_stream *stream)
{
    if (!stream->listener)
        return;
    ss_hub_leave(http->opt.hub, stream->listener);
    stream->listener = NULL;
    *(stream->before ? &stream->before->next : &http->feeds) = stream->next;
    if (stream->next)
        stream->next->before = stream->before;
    free(stream->who);
    if (stream->message) {
        ss_buf_free(stream->message);
        free(stream->message);
    }
    stream->who = NULL;
    stream->message = NULL;
    http->counts.feeds--;
}

static bool begin_feed(struct ss_http *http, struct ss_stream *stream, const struct ss_hub_spec *spec,
                       const struct ss_actor *who)
{
    stream->who = malloc(sizeof *who);
    stream->listener = stream->who ? ss_hub_join(http->opt.hub, spec, stream) : NULL;
    if (!stream->listener) {
        free(stream->who);
        stream->who = NULL;
        return false;
    }
    *stream->who = *who;
    stream->who->scopes = (struct ss_str){NULL, 0};
    list_feed(http, stream);
    return true;
}

static int open_sse(struct ss_http *http, struct ss_stream *stream)
{
    static const char head[] = "HTTP/1.1 200 OK\r\n"
                               "content-type: text/event-stream\r\n"
                               "cache-control: no-store\r\n"
                               "x-content-type-options: nosniff\r\n"
                               "x-accel-buffering: no\r\n"
                               "connection: close\r\n\r\n";
    struct ss_call *call = &stream->task->call;
    const struct ss_hub_spec *spec = call->state;
    struct lws *wsi = stream->wsi;
    unsigned char room[LWS_PRE + 1024], *from = room + LWS_PRE, *at = from, *end = room + sizeof room;
    int sent = -1;
    if (!spec)
        return -1;
    lws_set_timeout(wsi, NO_PENDING_TIMEOUT, 0);
    if (stream->version == 20) {
        if (lws_add_http_header_status(wsi, 200 | LWSAHH_FLAG_NO_SERVER_NAME, &at, end) ||
            lws_add_http_header_by_name(wsi, (const unsigned char *)"content-type:",
                                        (const unsigned char *)"text/event-stream", 17, &at, end) ||
            lws_add_http_header_by_name(wsi, (const unsigned char *)"cache-control:",
                                        (const unsigned char *)"no-store", 8, &at, end) ||
            lws_finalize_http_header(wsi, &at, end))
            return -1;
        lws_http_mark_sse(wsi);
    } else {
        memcpy(at, head, sizeof head - 1);
        at += sizeof head - 1;
        if (lws_rx_flow_control(wsi, 0) < 0)
            return -1;
    }
    if (begin_feed(http, stream, spec, &call->who))
        sent = lws_write(wsi, from, (size_t)(at - from), LWS_WRITE_HTTP_HEADERS);
    leave(http, stream);
    if (sent < 0)
        return -1;
    lws_callback_on_writable(wsi);
    return 0;
}

/* Whether a WebSocket may be opened: 0, or the refusal is answered. */
static int on_upgrade(struct lws *wsi)
{
    struct ss_http *http = http_of(wsi);
    struct ss_stream one = {0};
    struct ss_conn *conn = conn_of(wsi);
    int64_t length;
    size_t body_max;
    bool fine;
    struct ss_task *task = begin(wsi, &one, &length, &fine);
    if (!task)
        return -1;
    task->close = true;
    task->whole_ns = ss_clock_mono_ns();
    ss_deadline_lift(&conn->deadline);
    struct ss_call *call = &task->call;
    if (fine && ss_gate_enter(http->opt.gate, task, &body_max)) {
        if (call->route->run != SS_RUN_FEED)
            ss_problem(call, 400, "bad_request", "this is no WebSocket");
        else
            ss_route_run(call);
    }
    if (call->route && call->route->run == SS_RUN_FEED && call->res.status == 200 && call->state) {
        conn->spec = *(const struct ss_hub_spec *)call->state;
        conn->spec.form = SS_FRAME_WEBSOCKET;
        conn->who = call->who;
        leave(http, &one);
        return 0;
    }
    one.keep = false;
    (void)answer_h1(http, &one);
    return -1;
}

static int on_established(struct lws *wsi, struct ss_stream *stream)
{
    struct ss_http *http = http_of(wsi);
    stream->wsi = wsi;
    stream->conn = conn_of(wsi);
    stream->websocket = true;
    if (!stream->conn || !begin_feed(http, stream, &stream->conn->spec, &stream->conn->who))
        return -1;
    lws_callback_on_writable(wsi);
    return 0;
}

static int on_message(struct lws *wsi, struct ss_stream *stream, const void *bytes, size_t n)
{
    struct ss_http *http = http_of(wsi);
    stream->heard_ns = ss_clock_mono_ns();
    if (!stream->message) {
        stream->message = calloc(1, sizeof *stream->message);
        if (!stream->message)
            return -1;
        ss_buf_init(stream->message, MESSAGE_MAX);
    }
    ss_buf_put(stream->message, bytes, n);
    if (!lws_is_final_fragment(wsi) || lws_remaining_packet_payload(wsi))
        return 0;
    struct ss_hub_spec spec = *ss_hub_spec_of(stream->listener);
    int err = ss_buf_check(stream->message);
    if (err) {
        lws_close_reason(wsi, LWS_CLOSE_STATUS_MESSAGE_TOO_LARGE, NULL, 0);
        return -1;
    }
    bool change =
        ss_live_message((struct ss_str){stream->message->p, stream->message->n}, stream->who->role, &spec);
    ss_buf_reset(stream->message);
    if (change && ss_hub_change(http->opt.hub, stream->listener, &spec))
        return -1;
    lws_callback_on_writable(wsi);
    return 0;
}

static int on_feed_writable(struct lws *wsi, struct ss_stream *stream)
{
    struct ss_http *http = http_of(wsi);
    bool more = false;
    int sent = 0;
    struct ss_hub_frame *frame = ss_hub_next(http->opt.hub, stream->listener, &more);
    if (frame) {
        sent = lws_write(wsi, (unsigned char *)frame->p, frame->n,
                         stream->websocket ? LWS_WRITE_TEXT : LWS_WRITE_HTTP);
        ss_hub_give_back(http->opt.hub, frame);
    } else if (stream->ping) {
        unsigned char room[LWS_PRE + 8];
        memcpy(room + LWS_PRE, ":\n\n", 3);
        sent = stream->websocket ? lws_write(wsi, room + LWS_PRE, 0, LWS_WRITE_PING)
                                 : lws_write(wsi, room + LWS_PRE, 3, LWS_WRITE_HTTP);
        stream->ping = false;
    }
    if (more || stream->ping)
        lws_callback_on_writable(wsi);
    return sent < 0 ? -1 : 0;
}

void ss_http_wake_listener(void *arg)
{
    struct ss_stream *stream = arg;
    lws_callback_on_writable(stream->wsi);
}

/* Who listens may have lost the right to since; who is silent for long is gone. */
static void check_feeds(struct ss_http *http, int64_t now_ns)
{
    bool ask = now_ns - http->checked_ns >= 60 * SECOND_NS;
    if (ask)
        http->checked_ns = now_ns;
    for (struct ss_stream *s = http->feeds, *next; s; s = next) {
        next = s->next;
        if (s->websocket && now_ns - s->heard_ns > SILENT_S * SECOND_NS) {
            end_soon(s);
        } else if (ask && s->who->role != SS_NOBODY &&
                   ss_auth_still(http->opt.gate->db, s->who, http->opt.gate->web->now_us()) == 0) {
            end_soon(s);
        } else if (now_ns - s->pinged_ns > PING_S * SECOND_NS) {
            s->ping = true;
            s->pinged_ns = now_ns;
            lws_callback_on_writable(s->wsi);
        }
    }
}

/* ---- connections ---- */

static void accept_one(struct ss_http *http, int fd, const char *peer)
{
    struct ss_conn *conn = calloc(1, sizeof *conn);
    if (!conn || http->counts.connections >= http->connections_max) {
        http->counts.refused++;
        free(conn);
        close(fd);
        return;
    }
    snprintf(conn->address, sizeof conn->address, "%s", peer);
    conn->secure = http->opt.cert != NULL;
    const lws_adopt_desc_t desc = {
        .vh = http->vhost,
        .type = LWS_ADOPT_SOCKET | LWS_ADOPT_HTTP | (conn->secure ? LWS_ADOPT_ALLOW_SSL : 0),
        .fd.sockfd = fd,
        .opaque = conn,
    };
    struct lws *wsi = lws_adopt_descriptor_vhost_via_info(&desc);
    if (!wsi) {
        free(conn);
        return;
    }
    conn->wsi = wsi;
    http->counts.connections++;
    http->counts.accepted++;
    ss_deadline_set(&http->fresh, &conn->deadline, conn, ss_clock_mono_ns());
    if (!conn->secure)
        lws_set_timeout(wsi, NO_PENDING_TIMEOUT, 0);
}

static void on_acceptable(struct ss_http *http)
{
    char peer[48];
    for (int i = 0; i < 64; i++) {
        int fd = ss_listen_accept(&http->listen, peer, sizeof peer);
        if (fd >= 0) {
            accept_one(http, fd, peer);
            continue;
        }
        /* No descriptor left: the connection would stay in the queue and wake us for ever. */
        if ((errno == EMFILE || errno == ENFILE) && http->room >= 0) {
            close(http->room);
            fd = ss_listen_accept(&http->listen, peer, sizeof peer);
            if (fd >= 0)
                close(fd);
            http->counts.refused++;
            http->room = eventfd(0, EFD_CLOEXEC);
        }
        return;
    }
}

static void on_destroyed(struct ss_http *http, struct lws *wsi)
{
    struct ss_conn *conn = lws_get_opaque_user_data(wsi);
    if (!conn || conn->wsi != wsi)
        return;
    ss_deadline_lift(&conn->deadline);
    lws_set_opaque_user_data(wsi, NULL);
    http->counts.connections--;
    free(conn);
}

/* The client went: what is under way for it goes on, and nobody reads the answer. */
static void on_closed(struct ss_http *http, struct ss_stream *stream)
{
    if (!stream)
        return;
    end_feed(http, stream);
    if (stream->conn && stream->conn->body == stream)
        stream->conn->body = NULL;
    if (stream->task && stream->phase == WAITING)
        stream->task->stream = NULL;
    else
        ss_task_give(&http->pool, stream->task);
    stream->task = NULL;
}

static void check_deadlines(struct ss_http *http, int64_t now_ns)
{
    struct ss_conn *conn;
    while ((conn = ss_deadline_passed(&http->fresh, now_ns)) ||
           (conn = ss_deadline_passed(&http->idle, now_ns)))
        lws_set_timeout(conn->wsi, 1, LWS_TO_KILL_ASYNC);
    while ((conn = ss_deadline_passed(&http->body, now_ns))) {
        struct ss_stream *stream = conn->body;
        if (!stream || !stream->task)
            continue;
        stream->task->close = true;
        ss_problem(&stream->task->call, 408, "slow", "the body did not come within %d seconds", BODY_S);
        if (answer(stream) < 0)
            end_soon(stream);
    }
}

/* ---- between threads ---- */

static void signal_loop(struct ss_http *http)
{
    uint64_t one = 1;
    if (write(http->event, &one, sizeof one) < 0)
        ss_debug("cannot wake the loop: %s", strerror(errno));
}

void ss_http_done(struct ss_http *http, struct ss_task *tasks)
{
    if (!tasks)
        return;
    struct ss_task *last = tasks;
    while (last->next)
        last = last->next;
    pthread_mutex_lock(&http->lock);
    if (http->done_last)
        http->done_last->next = tasks;
    else
        http->done_first = tasks;
    http->done_last = last;
    bool wakes = !http->signalled;
    http->signalled = true;
    pthread_mutex_unlock(&http->lock);
    if (wakes)
        signal_loop(http);
}

static void finish(struct ss_http *http, struct ss_task *task)
{
    struct ss_stream *stream = task->stream;
    task->next = NULL;
    if (task->call.then) { /* the loop's own part of it */
        if (!ss_gate_go(http->opt.gate, task))
            return;
    }
    http->counts.under_way--;
    if (!stream) {
        ss_task_give(&http->pool, task);
        return;
    }
    struct lws *wsi = stream->wsi;
    if (lws_rx_flow_control(wsi, 1) < 0 || answer(stream) < 0)
        end_soon(stream);
}

static void check_stop(struct ss_http *http, int64_t now_ns)
{
    if (!http->stop || http->stopped)
        return;
    if (http->listen.fd >= 0) {
        http->opt.gate->stopping = true;
        /* The library's handle of it closes the descriptor. */
        http->listen.fd = -1;
        lws_set_timeout(http->accepting, 1, LWS_TO_KILL_ASYNC);
        ss_listen_close(&http->listen);
    }
    if (!http->feeds_end_ns && (http->counts.under_way == 0 || now_ns >= http->stop_by_ns)) {
        http->feeds_end_ns = now_ns + SECOND_NS / 5; /* for the last bytes to leave */
        for (struct ss_stream *s = http->feeds; s; s = s->next)
            end_soon(s);
    }
    if (http->feeds_end_ns && (now_ns >= http->feeds_end_ns || http->counts.connections == 0)) {
        pthread_mutex_lock(&http->lock);
        http->stopped = true;
        pthread_cond_broadcast(&http->stopped_now);
        pthread_mutex_unlock(&http->lock);
    }
}

static void on_event(struct ss_http *http)
{
    uint64_t n;
    if (read(http->event, &n, sizeof n) < 0)
        return;
    pthread_mutex_lock(&http->lock);
    struct ss_task *task = http->done_first;
    bool reload = http->reload;
    http->done_first = http->done_last = NULL;
    http->signalled = http->reload = false;
    pthread_mutex_unlock(&http->lock);
    for (struct ss_task *next; task; task = next) {
        next = task->next;
        finish(http, task);
    }
    if (reload && http->opt.cert &&
        lws_tls_cert_updated(http->context, http->opt.cert, http->opt.key, NULL, 0, NULL, 0))
        ss_warn("the certificate in use stays: '%s' cannot be read", http->opt.cert);
    check_stop(http, ss_clock_mono_ns());
}

static void on_timer(lws_sorted_usec_list_t *timer)
{
    struct ss_http *http = lws_container_of(timer, struct ss_http, timer);
    static int64_t last_ns;
    int64_t now_ns = ss_clock_mono_ns();
    if (http->stopped)
        return;
    ss_hub_tick(http->opt.hub);
    if (now_ns - last_ns >= SECOND_NS) {
        last_ns = now_ns;
        check_deadlines(http, now_ns);
        check_feeds(http, now_ns);
        if (http->opt.second)
            http->opt.second(http->opt.arg);
    }
    check_stop(http, now_ns);
    int wait_ms = http->counts.feeds || http->stop ? SS_HUB_TICK_MS : 4 * SS_HUB_TICK_MS;
    lws_sul_schedule(http->context, 0, timer, on_timer, (lws_usec_t)wait_ms * 1000);
}

/* ---- the library's calls ---- */

static int on_http(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in, size_t n)
{
    struct ss_stream *stream = user;
    switch (reason) {
    case LWS_CALLBACK_HTTP: return on_request(wsi, stream);
    case LWS_CALLBACK_HTTP_BODY: return on_body(wsi, stream, in, n);
    case LWS_CALLBACK_HTTP_BODY_COMPLETION:
        if (stream->phase == NEW && stream->task)
            return go(http_of(wsi), stream);
        return stream->phase == BODY && stream->task ? go(http_of(wsi), stream) : 0;
    case LWS_CALLBACK_HTTP_WRITEABLE:
    case LWS_CALLBACK_SERVER_WRITEABLE:
        if (!stream)
            return 0;
        if (stream->phase == ENDING) {
            if (stream->websocket)
                lws_close_reason(wsi, LWS_CLOSE_STATUS_GOINGAWAY, NULL, 0);
            return -1;
        }
        if (stream->phase == FEED)
            return on_feed_writable(wsi, stream);
        return stream->phase == SENDING && stream->task && stream->version == 20
                   ? answer_h2(http_of(wsi), stream)
                   : 0;
    case LWS_CALLBACK_HTTP_CONFIRM_UPGRADE:
        return strcasecmp(in, "websocket") == 0 ? on_upgrade(wsi) : -1; /* no h2c: it would skip our checks */
    case LWS_CALLBACK_ESTABLISHED: return on_established(wsi, stream);
    case LWS_CALLBACK_RECEIVE: return on_message(wsi, stream, in, n);
    case LWS_CALLBACK_RECEIVE_PONG: stream->heard_ns = ss_clock_mono_ns(); return 0;
    case LWS_CALLBACK_CLOSED_HTTP:
    case LWS_CALLBACK_CLOSED: on_closed(http_of(wsi), stream); return 0;
    case LWS_CALLBACK_WSI_DESTROY: on_destroyed(http_of(wsi), wsi); return 0;
    default: return 0;
    }
}

/* Descriptors of our own in the library's loop: the listening socket and the eventfd. */
static int on_own(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in, size_t n)
{
    struct ss_http *http = http_of(wsi);
    (void)user;
    (void)in;
    (void)n;
    if (reason != LWS_CALLBACK_RAW_RX_FILE)
        return 0;
    if (wsi == http->accepting)
        on_acceptable(http);
    else
        on_event(http);
    return 0;
}

static const struct lws_protocols protocols[] = {
    {.name = "http",
     .callback = on_http,
     .per_session_data_size = sizeof(struct ss_stream),
     .tx_packet_size = 1 << 20},
    {.name = "own", .callback = on_own},
    {0},
};

static void log_line(int level, const char *line)
{
    size_t n = strlen(line);
    (void)level;
    ss_debug("lws: %.*s", (int)(n && line[n - 1] == '\n' ? n - 1 : n), line);
}

static struct lws_context *new_context(struct ss_http *http, uint64_t options)
{
    static const lws_retry_bo_t never = {0}; /* pings are our own: its are a timer each, in its list */
    const struct lws_context_creation_info info = {
        .port = CONTEXT_PORT_NO_LISTEN,
        .options = options | LWS_SERVER_OPTION_EXPLICIT_VHOSTS |
                   (http->opt.cert ? LWS_SERVER_OPTION_DO_SSL_GLOBAL_INIT : 0),
        .user = http,
        .max_http_header_data = HEADER_BYTES,
        .max_http_header_pool2 = (unsigned)http->connections_max,
        .pt_serv_buf_size = 65536,
        .timeout_secs = FRESH_S,
        .retry_and_idle_policy = &never,
        .gid = (gid_t)-1,
        .uid = (uid_t)-1,
    };
    return lws_create_context(&info);
}

static int adopt(struct ss_http *http, int fd, struct lws **wsi)
{
    const lws_sock_file_fd_type own = {.filefd = fd};
    *wsi = lws_adopt_descriptor_vhost(http->vhost, LWS_ADOPT_RAW_FILE_DESC, own, "own", NULL);
    return *wsi ? 0 : ss_fail(SS_EBUG, "the event loop does not take a descriptor");
}

static int open_library(struct ss_http *http)
{
    lws_set_log_level(ss_log_level() >= SS_LOG_DEBUG ? LLL_ERR | LLL_WARN : 0, log_line);
    http->context = new_context(http, http->opt.poll ? 0 : LWS_SERVER_OPTION_LIBEV);
    if (!http->context && !http->opt.poll) {
        ss_warn("libwebsockets has no libev here (package libwebsockets-evlib-ev): many connections will be "
                "slow");
        http->context = new_context(http, 0);
    }
    const struct lws_context_creation_info info = {
        .port = CONTEXT_PORT_NO_LISTEN_SERVER,
        .protocols = protocols,
        .vhost_name = "ss",
        .ssl_cert_filepath = http->opt.cert,
        .ssl_private_key_filepath = http->opt.key,
        .ssl_options_set = SSL_OP_NO_TLSv1 | SSL_OP_NO_TLSv1_1,
        .alpn = "h2,http/1.1",
        .keepalive_timeout = IDLE_S,
        .timeout_secs_ah_idle = FRESH_S,
        .options = http->opt.cert ? LWS_SERVER_OPTION_DO_SSL_GLOBAL_INIT : 0,
    };
    if (http->context)
        http->vhost = lws_create_vhost(http->context, &info);
    if (!http->vhost)
        return http->opt.cert ? ss_fail(SS_ECONFIG, "cannot use the certificate '%s' with the key '%s'",
                                        http->opt.cert, http->opt.key)
                              : ss_fail(SS_ENOMEM, "libwebsockets does not start");
    struct lws *event;
    int err = adopt(http, http->event, &event);
    return err ? err : adopt(http, http->listen.fd, &http->accepting);
}

/* As many descriptors as may be had: each connection is one. */
static int descriptors(void)
{
    struct rlimit limit = {1024, 1024};
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < limit.rlim_max) {
        limit.rlim_cur = limit.rlim_max > 1048576 ? 1048576 : limit.rlim_max;
        if (setrlimit(RLIMIT_NOFILE, &limit) != 0)
            getrlimit(RLIMIT_NOFILE, &limit);
    }
    return limit.rlim_cur > 1048576 ? 1048576 : (int)limit.rlim_cur;
}

int ss_http_open(const struct ss_http_options *opt, struct ss_http **out)
{
    struct ss_http *http = calloc(1, sizeof *http);
    if (!http)
        return ss_fail(SS_ENOMEM, "out of memory");
    *out = http;
    http->opt = *opt;
    http->pool.web = opt->gate->web;
    http->fresh.length_ns = FRESH_S * SECOND_NS;
    http->body.length_ns = BODY_S * SECOND_NS;
    http->idle.length_ns = IDLE_S * SECOND_NS;
    http->connections_max = descriptors() - 64;
    http->room = eventfd(0, EFD_CLOEXEC);
    http->event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    ss_buf_init(&http->out, (size_t)65 << 20);
    pthread_mutex_init(&http->lock, NULL);
    pthread_cond_init(&http->stopped_now, NULL);
    if (http->event < 0)
        return ss_fail_errno(SS_ENOMEM, "cannot make an eventfd");
    int err = ss_listen_open(opt->listen, &http->listen);
    return err ? err : open_library(http);
}

const char *ss_http_address(const struct ss_http *http)
{
    return http->listen.name;
}

static void *serve(void *arg)
{
    struct ss_http *http = arg;
    pthread_setname_np(pthread_self(), "loop");
    on_timer(&http->timer);
    while (lws_service(http->context, 0) >= 0)
        continue;
    return NULL;
}

int ss_http_start(struct ss_http *http)
{
    if (pthread_create(&http->thread, NULL, serve, http) != 0)
        return ss_fail_errno(SS_ENOMEM, "cannot start a thread");
    return 0;
}

void ss_http_stop(struct ss_http *http, int grace_ms)
{
    pthread_mutex_lock(&http->lock);
    http->stop = true;
    http->stop_by_ns = ss_clock_mono_ns() + (int64_t)grace_ms * 1000000;
    pthread_mutex_unlock(&http->lock);
    signal_loop(http);
    pthread_mutex_lock(&http->lock);
    while (!http->stopped)
        pthread_cond_wait(&http->stopped_now, &http->lock);
    pthread_mutex_unlock(&http->lock);
}

void ss_http_reload(struct ss_http *http)
{
    pthread_mutex_lock(&http->lock);
    http->reload = true;
    pthread_mutex_unlock(&http->lock);
    signal_loop(http);
}

struct ss_http_counts ss_http_counts(const struct ss_http *http)
{
    return http->counts;
}
