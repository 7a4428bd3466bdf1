/* HTTP/2, which libwebsockets speaks: its requests become the same tasks as HTTP/1's. */
#include "cmd/ss-serve/lws.h"
#include "cmd/ss-serve/request.h"
#include "base/clock.h"
#include "base/err.h"

static struct ss_str copy_header(struct lws *wsi, enum lws_token_indexes token, struct ss_arena *arena)
{
    int n = lws_hdr_total_length(wsi, token);
    char *p = n > 0 ? ss_arena_alloc(arena, (size_t)n + 2) : NULL;
    if (!p)
        return (struct ss_str){NULL, 0};
    n = lws_hdr_copy(wsi, p, n + 2, token);
    return (struct ss_str){p, n > 0 ? (size_t)n : 0};
}

/* The library has decoded the path and cut the query; the API reads them as they are sent. */
static void read_target(struct lws *wsi, struct ss_http1 *head, struct ss_arena *arena)
{
    struct ss_str path = copy_header(wsi, WSI_TOKEN_HTTP_COLON_PATH, arena);
    char *p = path.p ? ss_arena_alloc(arena, path.n * 3 + 1) : NULL;
    head->path = p ? (struct ss_str){p, (size_t)(ss_request_encode(p, path, '/') - p)} : SS_STR("/");
    int room = lws_hdr_total_length(wsi, WSI_TOKEN_HTTP_URI_ARGS);
    char *to = room > 0 ? ss_arena_alloc(arena, (size_t)room * 3 + 3) : NULL, *at = to;
    for (int i = 0; to; i++) {
        int n = lws_hdr_fragment_length(wsi, WSI_TOKEN_HTTP_URI_ARGS, i);
        char *piece = n > 0 ? ss_arena_alloc(arena, (size_t)n + 1) : NULL;
        if (!piece || lws_hdr_copy_fragment(wsi, piece, n + 1, WSI_TOKEN_HTTP_URI_ARGS, i) < 0)
            break;
        if (i)
            *at++ = '&';
        at = ss_request_encode(at, (struct ss_str){piece, (size_t)n}, '=');
    }
    head->query = to ? (struct ss_str){to, (size_t)(at - to)} : SS_STR("");
}

static void read_head(struct lws *wsi, struct ss_http1 *head, struct ss_arena *arena)
{
    static const struct {
        enum ss_header header;
        enum lws_token_indexes token;
    } known[] = {
        {SS_H_HOST, WSI_TOKEN_HTTP_COLON_AUTHORITY},
        {SS_H_CONTENT_LENGTH, WSI_TOKEN_HTTP_CONTENT_LENGTH},
        {SS_H_CONTENT_TYPE, WSI_TOKEN_HTTP_CONTENT_TYPE},
        {SS_H_AUTHORIZATION, WSI_TOKEN_HTTP_AUTHORIZATION},
        {SS_H_COOKIE, WSI_TOKEN_HTTP_COOKIE},
        {SS_H_ORIGIN, WSI_TOKEN_ORIGIN},
        {SS_H_USER_AGENT, WSI_TOKEN_HTTP_USER_AGENT},
        {SS_H_ACCEPT, WSI_TOKEN_HTTP_ACCEPT},
        {SS_H_ACCEPT_ENCODING, WSI_TOKEN_HTTP_ACCEPT_ENCODING},
        {SS_H_IF_MATCH, WSI_TOKEN_HTTP_IF_MATCH},
        {SS_H_IF_NONE_MATCH, WSI_TOKEN_HTTP_IF_NONE_MATCH},
        {SS_H_FORWARDED_FOR, WSI_TOKEN_X_FORWARDED_FOR},
    };
    memset(head, 0, sizeof *head);
    head->version = 20;
    head->method = copy_header(wsi, WSI_TOKEN_HTTP_COLON_METHOD, arena);
    if (!head->method.p)
        head->method = SS_STR("");
    read_target(wsi, head, arena);
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        head->header[known[i].header] = copy_header(wsi, known[i].token, arena);
        head->repeated[known[i].header] = lws_hdr_fragment_length(wsi, known[i].token, 1) > 0;
    }
}

static void leave(struct ss_stream *stream)
{
    ss_loop_leave(ss_lws_loop(stream->wsi), stream->task);
    stream->task = NULL;
}

static int send_head(struct ss_stream *stream, bool last)
{
    unsigned char room[LWS_PRE + 4096], *from = room + LWS_PRE, *at = from, *end = room + sizeof room;
    struct lws *wsi = stream->wsi;
    struct ss_head head;
    ss_loop_head(ss_lws_loop(wsi), stream->task, &head);
    if (lws_add_http_header_status(wsi, (unsigned)head.status | LWSAHH_FLAG_NO_SERVER_NAME, &at, end))
        return -1;
    for (int i = 0; i < head.n; i++)
        if (lws_add_http_header_by_name(wsi, (const unsigned char *)head.field[i].name,
                                        (const unsigned char *)head.field[i].value.p,
                                        (int)head.field[i].value.n, &at, end))
            return -1;
    if (lws_finalize_http_header(wsi, &at, end))
        return -1;
    int how = last ? LWS_WRITE_HTTP_HEADERS | LWS_WRITE_H2_STREAM_END : LWS_WRITE_HTTP_HEADERS;
    return lws_write(wsi, from, (size_t)(at - from), (enum lws_write_protocol)how) < 0 ? -1 : 0;
}

/* The next piece, as the peer's window allows. 1: that was all. */
static int send_body(struct ss_stream *stream)
{
    char piece[LWS_PRE + 16384];
    const struct ss_buf *body = &stream->task->call.res.body;
    size_t at = stream->sent - 1, left = body->n - at, n = left < 16384 ? left : 16384;
    lws_fileofs_t window = lws_get_peer_write_allowance(stream->wsi);
    if (window == 0)
        return 0;
    if (window > 0 && (size_t)window < n)
        n = (size_t)window;
    memcpy(piece + LWS_PRE, body->p + at, n);
    if (lws_write(stream->wsi, (unsigned char *)piece + LWS_PRE, n,
                  n == left ? LWS_WRITE_HTTP_FINAL : LWS_WRITE_HTTP) < 0)
        return -1;
    stream->sent += n;
    return n == left;
}

static int answer(struct ss_stream *stream)
{
    struct ss_task *task = stream->task;
    bool has_body = ss_head_has_body(task) && task->call.res.body.n > 0;
    int all = 0;
    stream->phase = SENDING;
    if (stream->sent == 0) {
        if (send_head(stream, !has_body))
            return -1;
        stream->sent = 1;
        all = !has_body;
    } else {
        all = send_body(stream);
    }
    if (all == 0)
        lws_callback_on_writable(stream->wsi);
    if (all <= 0)
        return all;
    leave(stream);
    return lws_http_transaction_completed(stream->wsi) ? -1 : 0;
}

void ss_http2_done(void *arg)
{
    struct ss_stream *stream = arg;
    stream->phase = SENDING;
    lws_callback_on_writable(stream->wsi);
}

static int go(struct ss_stream *stream)
{
    struct ss_loop *loop = ss_lws_loop(stream->wsi);
    struct ss_task *task = stream->task;
    struct ss_call *call = &task->call;
    task->whole_ns = ss_clock_mono_ns();
    call->req.body = (struct ss_str){task->body.p ? task->body.p : "", task->body.n};
    stream->phase = WAITING;
    if (call->route->run == SS_RUN_FEED) {
        ss_problem(call, 501, "http_version", "live feeds speak HTTP/1.1");
        return answer(stream);
    }
    if (ss_gate_go(loop->gate, task))
        return answer(stream);
    loop->counts.under_way++;
    lws_set_timeout(stream->wsi, NO_PENDING_TIMEOUT, 0);
    return 0;
}

static int begin(struct lws *wsi, struct ss_stream *stream)
{
    struct ss_loop *loop = ss_lws_loop(wsi);
    struct ss_conn *conn = lws_get_opaque_user_data(lws_get_network_wsi(wsi));
    struct ss_task *task = conn ? ss_task_take(&loop->pool) : NULL;
    struct ss_http1 head;
    if (!task)
        return -1;
    ss_deadline_lift(&conn->deadline); /* from here on the library's */
    *stream = (struct ss_stream){.wsi = wsi, .task = task};
    task->stream = stream;
    loop->counts.requests++;
    read_head(wsi, &head, &task->call.arena);
    memcpy(task->call.req.address, conn->address, sizeof conn->address);
    task->call.req.secure = conn->secure;
    int status = ss_http1_check(&head);
    bool fine = status == 0;
    if (!fine)
        ss_problem(&task->call, -status, "bad_request", "%s", ss_err_text());
    fine = fine && ss_request_read(&head, task) && ss_gate_enter(loop->gate, task, &stream->body_max);
    if (fine && head.length > 0 && (uint64_t)head.length > stream->body_max) {
        ss_problem(&task->call, 413, "too_large", "the body may have %zu bytes", stream->body_max);
        fine = false;
    }
    if (!fine)
        return answer(stream);
    stream->phase = READING;
    enum ss_method method = task->call.req.method;
    bool may = method == SS_POST || method == SS_PUT || method == SS_PATCH;
    return head.length > 0 || (may && head.length < 0) ? 0 : go(stream);
}

static int take_body(struct ss_stream *stream, const char *p, size_t n)
{
    if (stream->phase != READING)
        return 0;
    if (stream->task->body.n + n > stream->body_max) {
        ss_problem(&stream->task->call, 413, "too_large", "the body may have %zu bytes", stream->body_max);
        return answer(stream);
    }
    ss_buf_put(&stream->task->body, p, n);
    return ss_buf_check(&stream->task->body) ? -1 : 0;
}

static void closed(struct lws *wsi, struct ss_stream *stream)
{
    if (!stream || !stream->task)
        return;
    if (stream->phase == WAITING)
        stream->task->stream = NULL;
    else
        ss_task_give(&ss_lws_loop(wsi)->pool, stream->task);
    stream->task = NULL;
}

int ss_http2_event(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in, size_t n)
{
    struct ss_stream *stream = user;
    switch (reason) {
    case LWS_CALLBACK_HTTP:
        return lws_get_network_wsi(wsi) == wsi ? -1 : begin(wsi, stream); /* HTTP/1 is not the library's */
    case LWS_CALLBACK_HTTP_BODY: return stream->task ? take_body(stream, in, n) : 0;
    case LWS_CALLBACK_HTTP_BODY_COMPLETION: return stream->phase == READING ? go(stream) : 0;
    case LWS_CALLBACK_HTTP_WRITEABLE:
        return stream && stream->task && stream->phase == SENDING ? answer(stream) : 0;
    case LWS_CALLBACK_CLOSED_HTTP: closed(wsi, stream); return 0;
    case LWS_CALLBACK_HTTP_CONFIRM_UPGRADE: return -1;
    case LWS_CALLBACK_WSI_DESTROY: ss_lws_destroyed(wsi); return 0;
    default: return 0;
    }
}
