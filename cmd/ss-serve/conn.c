#include "cmd/ss-serve/conn.h"
#include "cmd/ss-serve/request.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"
#include <stdlib.h>

#define IDLE_S      75              /* between requests */
#define STALL_S     60              /* for an answer to be taken */
#define LINGER_S    2               /* for a client to see the end */
#define AHEAD_MAX   ((size_t)65536) /* bytes read while an answer is awaited */
#define DISCARD_MAX 65536           /* a refused body up to this long is read, so that the connection stays */

void ss_loop_init(struct ss_loop *loop)
{
    loop->head.length_ns = loop->body.length_ns = loop->timeout_us * 1000;
    loop->idle.length_ns = IDLE_S * SS_SECOND_NS;
    loop->stall.length_ns = STALL_S * SS_SECOND_NS;
    loop->linger.length_ns = LINGER_S * SS_SECOND_NS;
    loop->pool.web = loop->gate->web;
    ss_buf_init(&loop->out, (size_t)80 << 20);
}

void ss_loop_head(struct ss_loop *loop, struct ss_task *task, struct ss_head *head)
{
    const struct ss_head_options opt = {loop->allow_origin, loop->date};
    int64_t second = task->call.now_us / 1000000;
    if (second != loop->second) {
        loop->second = second;
        ss_head_date(second, loop->date);
    }
    ss_head_make(head, task, &opt);
}

void ss_loop_leave(struct ss_loop *loop, struct ss_task *task)
{
    const struct ss_request *req = &task->call.req;
    int64_t now_ns = ss_clock_mono_ns();
    if (!task->whole_ns)
        task->whole_ns = now_ns;
    if (loop->answered)
        loop->answered(loop->arg, task, now_ns);
    if (loop->log_requests) /* never the query: tickets and tokens travel there */
        ss_error("%s %s %.*s %d %zu %lld us %s", req->address,
                 task->options ? "OPTIONS"
                 : task->head  ? "HEAD"
                               : ss_method_name(req->method),
                 (int)req->path.n, req->path.p ? req->path.p : "", task->call.res.status,
                 task->call.res.body.n, (long long)(now_ns - task->whole_ns) / 1000,
                 *task->call.who.name ? task->call.who.name : "-");
    ss_task_give(&loop->pool, task);
}

static void set(struct ss_conn *conn, struct ss_deadlines *deadlines)
{
    ss_deadline_set(deadlines, &conn->deadline, conn, ss_clock_mono_ns());
}

struct ss_conn *ss_conn_new(struct ss_loop *loop, const char *address, bool secure)
{
    struct ss_conn *conn = calloc(1, sizeof *conn);
    if (!conn)
        return NULL;
    conn->loop = loop;
    conn->secure = secure;
    conn->reading = true;
    snprintf(conn->address, sizeof conn->address, "%s", address);
    ss_buf_init(&conn->in, SS_HTTP1_HEAD + AHEAD_MAX + ((size_t)1 << 20));
    ss_buf_init(&conn->message, 4096);
    loop->counts.connections++;
    loop->counts.accepted++;
    set(conn, &loop->head);
    return conn;
}

void ss_conn_closed(struct ss_conn *conn)
{
    struct ss_loop *loop = conn->loop;
    ss_deadline_lift(&conn->deadline);
    ss_feed_close(conn);
    if (conn->task && conn->phase == SS_WAITING)
        conn->task->conn = NULL; /* it goes on, and nobody reads the answer */
    else
        ss_task_give(&loop->pool, conn->task);
    ss_buf_free(&conn->in);
    ss_buf_free(&conn->message);
    free(conn);
    loop->counts.connections--;
}

static void close_now(struct ss_conn *conn)
{
    conn->phase = SS_ENDING;
    conn->over = true;
    if (!conn->inside)
        ss_sock_kill(conn->sock);
}

static void read_more(struct ss_conn *conn, bool on)
{
    if (conn->reading != on)
        ss_sock_read(conn->sock, on);
    conn->reading = on;
}

/* A client that still sends must not be reset before it has read the answer: it sees the end, and has two
 * seconds to close. */
static void linger(struct ss_conn *conn)
{
    if (conn->secure) {
        close_now(conn);
        return;
    }
    ss_sock_half_close(conn->sock);
    read_more(conn, true);
    set(conn, &conn->loop->linger);
}

void ss_conn_end(struct ss_conn *conn)
{
    if (conn->over)
        return;
    conn->phase = SS_ENDING;
    if (ss_sock_pending(conn->sock))
        set(conn, &conn->loop->stall);
    else
        linger(conn);
}

void ss_conn_write(struct ss_conn *conn, char *p, size_t n)
{
    if (conn->over)
        return;
    if (ss_sock_write(conn->sock, p, n) < 0) {
        close_now(conn);
    } else if (ss_sock_pending(conn->sock)) {
        read_more(conn, false);
        set(conn, &conn->loop->stall);
    }
}

void ss_conn_answer(struct ss_conn *conn)
{
    struct ss_loop *loop = conn->loop;
    struct ss_task *task = conn->task;
    struct ss_buf *out = &loop->out;
    struct ss_head head;
    bool keep = conn->keep && !task->close;
    ss_loop_head(loop, task, &head);
    ss_buf_reset(out);
    if (ss_buf_room(out, SS_SOCK_ROOM))
        out->n = SS_SOCK_ROOM;
    ss_head_print(&head, conn->version, keep, out);
    if (ss_head_has_body(task))
        ss_buf_put(out, task->call.res.body.p, task->call.res.body.n);
    conn->task = NULL;
    conn->phase = SS_AT_HEAD;
    set(conn, &loop->idle);
    if (ss_buf_check(out))
        close_now(conn);
    else
        ss_conn_write(conn, out->p + SS_SOCK_ROOM, out->n - SS_SOCK_ROOM);
    if (out->cap > (size_t)1 << 20)
        ss_buf_free(out);
    ss_loop_leave(loop, task);
    if (!keep)
        ss_conn_end(conn);
}

/* ---- requests ---- */

/* The request is whole. */
static void go(struct ss_conn *conn, const struct ss_http1 *head)
{
    struct ss_task *task = conn->task;
    struct ss_call *call = &task->call;
    ss_deadline_lift(&conn->deadline);
    task->whole_ns = ss_clock_mono_ns();
    call->req.body = (struct ss_str){task->body.p ? task->body.p : "", task->body.n};
    conn->phase = SS_WAITING;
    if (!ss_gate_go(conn->loop->gate, task)) {
        conn->loop->counts.under_way++;
        return;
    }
    bool feed = call->route->run == SS_RUN_FEED && call->res.status == 200;
    if (feed && !head)
        ss_problem(call, 400, "bad_request", "a feed is asked for without a body");
    if (feed && head && call->state)
        ss_feed_open(conn, head);
    else
        ss_conn_answer(conn);
}

void ss_conn_done(struct ss_conn *conn)
{
    ss_conn_answer(conn);
    if (conn->phase == SS_AT_HEAD && !conn->over) {
        if (!ss_sock_pending(conn->sock))
            read_more(conn, true);
        if (conn->in.n && ss_conn_bytes(conn, NULL, 0) < 0)
            ss_sock_kill(conn->sock);
    }
}

/* What cannot be read as a request ends the connection, with an answer where there is memory for one. */
static void refuse(struct ss_conn *conn, int status)
{
    struct ss_task *task = conn->task ? conn->task : ss_task_take(&conn->loop->pool);
    if (!task) {
        close_now(conn);
        return;
    }
    conn->task = task;
    task->close = true;
    if (!conn->version)
        conn->version = 11;
    memcpy(task->call.req.address, conn->address, sizeof conn->address);
    ss_problem(&task->call, status, status == 413 ? "too_large" : "bad_request", "%s", ss_err_text());
    ss_conn_answer(conn);
}

static struct ss_str moved(struct ss_str text, const char *from, const char *to)
{
    return text.p ? (struct ss_str){to + (text.p - from), text.n} : text;
}

/* The head's bytes, where they stay as long as the task. */
static bool keep_head(struct ss_http1 *head, const char *p, size_t n, struct ss_arena *arena)
{
    char *to = ss_arena_copy(arena, p, n);
    if (!to)
        return false;
    head->method = moved(head->method, p, to);
    head->path = moved(head->path, p, to);
    head->query = moved(head->query, p, to);
    for (int i = 0; i < SS_HEADERS; i++)
        head->header[i] = moved(head->header[i], p, to);
    return true;
}

static void say_continue(struct ss_conn *conn)
{
    static const char line[] = "HTTP/1.1 100 Continue\r\n\r\n";
    char room[SS_SOCK_ROOM + sizeof line];
    memcpy(room + SS_SOCK_ROOM, line, sizeof line);
    ss_conn_write(conn, room + SS_SOCK_ROOM, sizeof line - 1);
}

/* With the head read: routed, allowed, and on to the body. */
static void begin(struct ss_conn *conn, struct ss_http1 *head, const char *p, size_t n, bool more)
{
    struct ss_loop *loop = conn->loop;
    struct ss_task *task = ss_task_take(&loop->pool);
    loop->counts.requests++;
    conn->version = head->version;
    conn->keep = ss_request_keeps(head);
    conn->chunked = head->chunked;
    conn->chunks = (struct ss_chunks){0};
    conn->body_left = head->length > 0 ? (uint64_t)head->length : 0;
    if (!task || !keep_head(head, p, n, &task->call.arena)) {
        ss_task_give(&loop->pool, task);
        close_now(conn);
        return;
    }
    conn->task = task;
    task->conn = conn;
    memcpy(task->call.req.address, conn->address, sizeof conn->address);
    task->call.req.secure = conn->secure;
    bool fine = ss_request_read(head, task) && ss_gate_enter(loop->gate, task, &conn->body_max);
    if (fine && conn->body_left > conn->body_max) {
        ss_problem(&task->call, 413, "too_large", "the body may have %zu bytes", conn->body_max);
        fine = false;
    }
    if (!fine && (conn->chunked || conn->body_left > DISCARD_MAX))
        task->close = true;
    if (!fine && (task->close || !conn->body_left)) {
        ss_conn_answer(conn);
        return;
    }
    if (!conn->chunked && conn->body_left == 0) {
        go(conn, head);
        return;
    }
    conn->phase = SS_AT_BODY;
    if (!fine)
        conn->body_max = 0; /* read, and thrown away: answered when it has gone by */
    set(conn, &loop->body);
    if (fine && !more && head->header[SS_H_EXPECT].p &&
        ss_header_lists(head->header[SS_H_EXPECT], "100-continue"))
        say_continue(conn);
}

static size_t take_head(struct ss_conn *conn, const char *p, size_t n)
{
    struct ss_http1 head;
    bool first = conn->scanned == 0;
    int size = ss_http1_head(p, n, &conn->scanned, &head);
    if (size == 0) {
        if (first)
            set(conn, &conn->loop->head);
        return 0;
    }
    conn->scanned = 0;
    if (size < 0) {
        refuse(conn, -size);
        return n;
    }
    begin(conn, &head, p, (size_t)size, n > (size_t)size);
    return (size_t)size;
}

static void body_is_whole(struct ss_conn *conn)
{
    if (conn->body_max)
        go(conn, NULL);
    else
        ss_conn_answer(conn);
}

static size_t take_body(struct ss_conn *conn, const char *p, size_t n)
{
    struct ss_task *task = conn->task;
    size_t taken = n < conn->body_left ? n : (size_t)conn->body_left;
    if (conn->chunked) {
        int whole = ss_chunks_take(&conn->chunks, p, n, conn->body_max, &task->body, &taken);
        if (whole < 0) {
            refuse(conn, -whole);
            return n;
        }
        if (whole)
            body_is_whole(conn);
        return taken;
    }
    if (conn->body_max)
        ss_buf_put(&task->body, p, taken);
    if (ss_buf_check(&task->body)) {
        refuse(conn, 503);
        return n;
    }
    conn->body_left -= taken;
    if (conn->body_left == 0)
        body_is_whole(conn);
    return taken;
}

/* One step's worth of bytes, as the phase has it; 0 when it must wait. */
static size_t take(struct ss_conn *conn, const char *p, size_t n)
{
    switch (conn->phase) {
    case SS_AT_HEAD: return ss_sock_pending(conn->sock) ? 0 : take_head(conn, p, n);
    case SS_AT_BODY: return take_body(conn, p, n);
    case SS_WEBSOCKET: return ss_feed_bytes(conn, p, n);
    case SS_ENDING: return n;
    case SS_EVENTS: /* who listens to events has nothing to say */
    case SS_WAITING: return 0;
    }
    return n;
}

int ss_conn_bytes(struct ss_conn *conn, const char *p, size_t n)
{
    bool was = conn->inside;
    conn->inside = true;
    if (conn->in.n && n)
        ss_buf_put(&conn->in, p, n);
    const char *from = conn->in.n ? conn->in.p : p;
    size_t all = conn->in.n ? conn->in.n : n, at = 0;
    bool kept = conn->in.n > 0;
    if (ss_buf_check(&conn->in))
        close_now(conn);
    while (at < all && !conn->over) {
        size_t taken = take(conn, from + at, all - at);
        if (taken == 0)
            break;
        at += taken;
    }
    if (kept) {
        memmove(conn->in.p, conn->in.p + at, all - at);
        conn->in.n = all - at;
    } else if (!conn->over) {
        ss_buf_put(&conn->in, from + at, all - at);
    }
    if (ss_buf_check(&conn->in))
        close_now(conn);
    if (conn->in.n == 0 && conn->in.cap > AHEAD_MAX)
        ss_buf_free(&conn->in);
    if (conn->in.n > AHEAD_MAX && conn->phase == SS_WAITING)
        read_more(conn, false);
    if (conn->phase == SS_EVENTS && conn->in.n)
        close_now(conn);
    conn->inside = was;
    return conn->over ? -1 : 0;
}

int ss_conn_writable(struct ss_conn *conn)
{
    if (conn->over)
        return -1;
    if (ss_sock_pending(conn->sock))
        return 0;
    conn->inside = true;
    if (conn->phase == SS_ENDING) {
        linger(conn);
    } else if (conn->phase == SS_EVENTS || conn->phase == SS_WEBSOCKET) {
        ss_deadline_lift(&conn->deadline);
        read_more(conn, true);
        ss_feed_push(conn);
    } else if (!conn->reading) {
        read_more(conn, true);
        if (conn->phase == SS_AT_HEAD)
            set(conn, &conn->loop->idle);
        if (conn->in.n && ss_conn_bytes(conn, NULL, 0) < 0)
            conn->over = true;
    }
    conn->inside = false;
    return conn->over ? -1 : 0;
}

void ss_loop_check(struct ss_loop *loop, int64_t now_ns)
{
    struct ss_deadlines *const quiet[] = {&loop->head, &loop->idle, &loop->stall, &loop->linger};
    struct ss_conn *conn;
    for (size_t i = 0; i < sizeof quiet / sizeof *quiet; i++)
        while ((conn = ss_deadline_passed(quiet[i], now_ns)))
            close_now(conn);
    while ((conn = ss_deadline_passed(&loop->body, now_ns))) {
        (void)ss_fail(SS_EDATA, "the body did not come in time");
        refuse(conn, 408);
    }
    ss_feed_check(loop, now_ns);
}
