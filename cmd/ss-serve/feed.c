/* Connections that became live feeds: WebSockets and Server-Sent Events. */
#include "cmd/ss-serve/conn.h"
#include "web/websocket.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/utf8.h"
#include "web/auth.h"
#include "web/live.h"
#include <stdlib.h>

#define PING_S   30
#define SILENT_S 95 /* three pings unanswered */
#define AGAIN_S  60 /* between looks at whether a listener still may */

_Static_assert(SS_WS_HEAD <= SS_HUB_HEADROOM, "frames have room for a WebSocket's head");

static void small(struct ss_conn *conn, enum ss_ws_opcode opcode, const char *payload, size_t n)
{
    char room[SS_SOCK_ROOM + SS_WS_HEAD + 128], *at = room + SS_SOCK_ROOM + SS_WS_HEAD;
    memcpy(at, payload, n);
    size_t head = ss_ws_head(at, n, opcode);
    ss_conn_write(conn, at - head, head + n);
}

/* Says why, and ends. */
static void hang_up(struct ss_conn *conn, int code)
{
    const char text[2] = {(char)(code >> 8), (char)(code & 255)};
    if (conn->phase == SS_WEBSOCKET)
        small(conn, SS_WS_CLOSE, text, sizeof text);
    ss_feed_close(conn);
    ss_conn_end(conn);
}

static bool join(struct ss_conn *conn, const struct ss_hub_spec *spec, const struct ss_actor *who)
{
    struct ss_loop *loop = conn->loop;
    conn->listener = ss_hub_join(loop->hub, spec, conn);
    if (!conn->listener)
        return false;
    conn->who = *who;
    conn->who.scopes = (struct ss_str){NULL, 0};
    conn->before = NULL;
    conn->next = loop->feeds;
    if (loop->feeds)
        loop->feeds->before = conn;
    loop->feeds = conn;
    loop->counts.feeds++;
    conn->heard_ns = conn->pinged_ns = ss_clock_mono_ns();
    return true;
}

void ss_feed_close(struct ss_conn *conn)
{
    if (!conn->listener)
        return;
    ss_hub_leave(conn->loop->hub, conn->listener);
    conn->listener = NULL;
    *(conn->before ? &conn->before->next : &conn->loop->feeds) = conn->next;
    if (conn->next)
        conn->next->before = conn->before;
    conn->loop->counts.feeds--;
}

static void refuse(struct ss_conn *conn, int status, const char *code, const char *why)
{
    ss_problem(&conn->task->call, status, code, "%s", why);
    ss_conn_answer(conn);
}

void ss_feed_open(struct ss_conn *conn, const struct ss_http1 *head)
{
    struct ss_task *task = conn->task;
    const struct ss_hub_spec *spec = task->call.state;
    struct ss_str upgrade = head->header[SS_H_UPGRADE];
    bool websocket = spec->form == SS_FRAME_WEBSOCKET;
    char key[32], room[SS_SOCK_ROOM + 512];
    if (websocket) {
        if (!upgrade.p || !ss_header_lists(upgrade, "websocket")) {
            task->upgrade = "websocket";
            refuse(conn, 426, "upgrade", "this is a WebSocket; /api/v1/events tells the same as events");
            return;
        }
        if (head->version != 11 || !ss_str_is(head->header[SS_H_WEBSOCKET_VERSION], "13") ||
            !ss_sock_accept_key(head->header[SS_H_WEBSOCKET_KEY], key)) {
            refuse(conn, 400, "bad_request", "the WebSocket is of an unknown version, or has no key");
            return;
        }
    }
    if (!join(conn, spec, &task->call.who)) {
        refuse(conn, 503, "memory", "out of memory");
        return;
    }
    int n = websocket
                ? snprintf(room + SS_SOCK_ROOM, 512,
                           "HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\n"
                           "connection: upgrade\r\nsec-websocket-accept: %s\r\n\r\n",
                           key)
                : snprintf(room + SS_SOCK_ROOM, 512,
                           "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ncache-control: no-store\r\n"
                           "x-content-type-options: nosniff\r\nx-accel-buffering: no\r\n"
                           "connection: close\r\n\r\n");
    conn->phase = websocket ? SS_WEBSOCKET : SS_EVENTS;
    conn->task = NULL;
    ss_loop_leave(conn->loop, task);
    ss_conn_write(conn, room + SS_SOCK_ROOM, (size_t)n);
    ss_feed_push(conn);
}

void ss_feed_push(void *arg)
{
    struct ss_conn *conn = arg;
    struct ss_hub *hub = conn->loop->hub;
    bool more = true;
    while (more && conn->listener && !conn->over && !ss_sock_pending(conn->sock)) {
        struct ss_hub_frame *frame = ss_hub_next(hub, conn->listener, &more);
        if (!frame)
            return;
        size_t head = conn->phase == SS_WEBSOCKET ? ss_ws_head(frame->p, frame->n, SS_WS_TEXT) : 0;
        ss_conn_write(conn, frame->p - head, frame->n + head);
        ss_hub_give_back(hub, frame);
    }
}

/* ---- what a WebSocket says ---- */

static void on_text(struct ss_conn *conn)
{
    struct ss_hub_spec spec = *ss_hub_spec_of(conn->listener);
    bool change = ss_live_message((struct ss_str){conn->message.p, conn->message.n}, conn->who.role, &spec);
    ss_buf_reset(&conn->message);
    if (change && ss_hub_change(conn->loop->hub, conn->listener, &spec))
        ss_warn("a listener keeps what it had: out of memory");
}

static void on_frame(struct ss_conn *conn, const struct ss_ws_frame *frame)
{
    char control[128];
    switch (frame->opcode) {
    case SS_WS_CLOSE: hang_up(conn, 1000); return;
    case SS_WS_PING:
        ss_ws_unmask(frame, control);
        small(conn, SS_WS_PONG, control, frame->n);
        return;
    case SS_WS_PONG: return;
    case SS_WS_BINARY: hang_up(conn, SS_WS_UNSUPPORTED); return;
    case SS_WS_TEXT:
    case SS_WS_MORE: break;
    }
    if (conn->in_message != (frame->opcode == SS_WS_MORE)) { /* goes on with nothing, or begins inside one */
        hang_up(conn, SS_WS_PROTOCOL);
        return;
    }
    char *room = ss_buf_room(&conn->message, frame->n + 1);
    if (!room) {
        hang_up(conn, SS_WS_TOO_LONG);
        return;
    }
    ss_ws_unmask(frame, room);
    conn->message.n += frame->n;
    conn->in_message = !frame->final;
    if (!frame->final)
        return;
    if (ss_utf8_is_text((struct ss_str){conn->message.p, conn->message.n}))
        on_text(conn);
    else
        hang_up(conn, SS_WS_NO_TEXT);
}

size_t ss_feed_bytes(struct ss_conn *conn, const char *p, size_t n)
{
    struct ss_ws_frame frame;
    int size = ss_ws_read(p, n, 4000, &frame);
    conn->heard_ns = ss_clock_mono_ns();
    if (size < 0) {
        hang_up(conn, -size);
        return n;
    }
    if (size > 0)
        on_frame(conn, &frame);
    return (size_t)size;
}

/* ---- now and then ---- */

static void ping(struct ss_conn *conn)
{
    char room[SS_SOCK_ROOM + 4];
    if (ss_sock_pending(conn->sock))
        return;
    memcpy(room + SS_SOCK_ROOM, ":\n\n", 3);
    if (conn->phase == SS_WEBSOCKET)
        small(conn, SS_WS_PING, "", 0);
    else
        ss_conn_write(conn, room + SS_SOCK_ROOM, 3);
}

void ss_feed_check(struct ss_loop *loop, int64_t now_ns)
{
    bool ask = now_ns - loop->feeds_checked_ns >= AGAIN_S * SS_SECOND_NS;
    if (ask)
        loop->feeds_checked_ns = now_ns;
    for (struct ss_conn *c = loop->feeds, *next; c; c = next) {
        next = c->next;
        if (c->phase == SS_WEBSOCKET && now_ns - c->heard_ns > SILENT_S * SS_SECOND_NS) {
            hang_up(c, SS_WS_GOING);
        } else if (ask && ss_auth_still(loop->gate->db, &c->who, loop->gate->web->now_us()) == 0) {
            hang_up(c, 1008); /* they may no longer */
        } else if (now_ns - c->pinged_ns > PING_S * SS_SECOND_NS) {
            c->pinged_ns = now_ns;
            ping(c);
        }
    }
}

void ss_feed_stop(struct ss_loop *loop)
{
    for (struct ss_conn *c = loop->feeds, *next; c; c = next) {
        next = c->next;
        hang_up(c, SS_WS_GOING);
    }
}
