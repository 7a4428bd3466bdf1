/*
 * What was measured of libwebsockets 4.1.6 decides how it is used: plain poll(2) costs 400 us a request
 * beside 10,000 idle connections, libev's epoll 10 us (libuv's 15); its timers are one sorted list, walked
 * from the front, so connections' deadlines are kept elsewhere (deadline.h).
 */
#include "cmd/ss-serve/http.h"
#include "cmd/ss-serve/listen.h"
#include "cmd/ss-serve/lws.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"
#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#define HANDSHAKE_S 10
#define IDLE_S      75

_Static_assert(LWS_PRE <= SS_SOCK_ROOM, "what is written has room for the library's head");

struct ss_http {
    struct ss_http_options opt;
    struct ss_loop *loop;
    struct ss_listen listen;
    struct lws_context *context;
    struct lws_vhost *vhost;
    struct lws *accepting;
    int event, room; /* an eventfd; a descriptor kept to refuse with when there is none left */
    int connections_max;
    pthread_t thread;
    lws_sorted_usec_list_t timer;
    int64_t second_ns;
    /* Between threads. */
    pthread_mutex_t lock;
    pthread_cond_t stopped_now;
    struct ss_task *done_first, *done_last;
    bool signalled, reload, stopped;
    atomic_bool stop; /* stop_by_ns was set before */
    int64_t stop_by_ns, end_ns;
};

static struct ss_http *http_of(struct lws *wsi)
{
    return lws_context_user(lws_get_context(wsi));
}

/* ---- what connections ask of their socket ---- */

static struct lws *wsi_of(struct ss_sock *sock)
{
    return (struct lws *)sock;
}

int ss_sock_write(struct ss_sock *sock, char *p, size_t n)
{
    return lws_write(wsi_of(sock), (unsigned char *)p, n, LWS_WRITE_RAW) < 0 ? -1 : 0;
}

bool ss_sock_pending(struct ss_sock *sock)
{
    return lws_partial_buffered(wsi_of(sock));
}

void ss_sock_read(struct ss_sock *sock, bool on)
{
    (void)!lws_rx_flow_control(wsi_of(sock), on);
}

void ss_sock_half_close(struct ss_sock *sock)
{
    shutdown(lws_get_socket_fd(wsi_of(sock)), SHUT_WR);
}

void ss_sock_kill(struct ss_sock *sock)
{
    lws_set_timeout(wsi_of(sock), PENDING_TIMEOUT_USER_REASON_BASE, LWS_TO_KILL_ASYNC);
}

bool ss_sock_accept_key(struct ss_str key, char out[32])
{
    static const char magic[] = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
    unsigned char text[24 + sizeof magic], hash[20];
    if (key.n != 24)
        return false;
    memcpy(text, key.p, 24);
    memcpy(text + 24, magic, sizeof magic - 1);
    lws_SHA1(text, 24 + sizeof magic - 1, hash);
    return lws_b64_encode_string((const char *)hash, sizeof hash, out, 32) > 0;
}

struct ss_loop *ss_lws_loop(struct lws *wsi)
{
    return http_of(wsi)->loop;
}

void ss_lws_destroyed(struct lws *wsi)
{
    struct ss_conn *conn = lws_get_opaque_user_data(wsi);
    if (!conn || conn->sock != (struct ss_sock *)wsi)
        return;
    lws_set_opaque_user_data(wsi, NULL);
    ss_conn_closed(conn);
}

static int on_raw(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in, size_t n)
{
    struct ss_conn *conn = lws_get_opaque_user_data(wsi);
    (void)user;
    if (!conn)
        return 0;
    switch (reason) {
    case LWS_CALLBACK_RAW_ADOPT: conn->sock = (struct ss_sock *)wsi; return 0;
    case LWS_CALLBACK_RAW_RX: return ss_conn_bytes(conn, in, n);
    case LWS_CALLBACK_RAW_WRITEABLE: return ss_conn_writable(conn);
    case LWS_CALLBACK_RAW_CLOSE: ss_lws_destroyed(wsi); return 0;
    default: return 0;
    }
}

/* ---- connections ---- */

static void accept_one(struct ss_http *http, int fd, const char *peer)
{
    bool secure = http->opt.cert != NULL;
    bool full = http->loop->counts.connections >= http->connections_max;
    struct ss_conn *conn = full ? NULL : ss_conn_new(http->loop, peer, secure);
    if (!conn) {
        http->loop->counts.refused++;
        close(fd);
        return;
    }
    const lws_adopt_desc_t desc = {
        .vh = http->vhost,
        .type = LWS_ADOPT_SOCKET | (secure ? LWS_ADOPT_ALLOW_SSL : 0),
        .fd.sockfd = fd,
        .vh_prot_name = "conn",
        .opaque = conn,
    };
    struct lws *wsi = lws_adopt_descriptor_vhost_via_info(&desc);
    if (!wsi) {
        ss_conn_closed(conn);
        return;
    }
    conn->sock = (struct ss_sock *)wsi;
    if (!secure)
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
            http->loop->counts.refused++;
            http->room = eventfd(0, EFD_CLOEXEC);
        }
        return;
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
    task->next = NULL;
    if (task->call.then && !ss_gate_go(http->loop->gate, task)) /* the loop's own part of it */
        return;
    http->loop->counts.under_way--;
    if (task->conn)
        ss_conn_done(task->conn);
    else if (task->stream)
        ss_http2_done(task->stream);
    else
        ss_task_give(&http->loop->pool, task);
}

static void check_stop(struct ss_http *http, int64_t now_ns)
{
    if (!http->stop || http->stopped)
        return;
    if (http->accepting) {
        http->loop->gate->stopping = true;
        lws_set_timeout(http->accepting, PENDING_TIMEOUT_USER_REASON_BASE, LWS_TO_KILL_ASYNC);
        http->accepting = NULL;
        http->listen.fd = -1; /* the library closes it */
        ss_listen_close(&http->listen);
    }
    if (!http->end_ns && (http->loop->counts.under_way == 0 || now_ns >= http->stop_by_ns)) {
        http->end_ns = now_ns + SS_SECOND_NS / 5; /* for the last bytes to leave */
        ss_feed_stop(http->loop);
    }
    if (http->end_ns && (now_ns >= http->end_ns || http->loop->counts.connections == 0)) {
        pthread_mutex_lock(&http->lock);
        http->stopped = true;
        pthread_cond_broadcast(&http->stopped_now);
        pthread_mutex_unlock(&http->lock);
    }
}

static void reload_certificate(struct ss_http *http);

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
    if (reload && http->opt.cert)
        reload_certificate(http);
    check_stop(http, ss_clock_mono_ns());
}

static void on_timer(lws_sorted_usec_list_t *timer)
{
    struct ss_http *http = lws_container_of(timer, struct ss_http, timer);
    int64_t now_ns = ss_clock_mono_ns();
    if (http->stopped)
        return;
    ss_hub_tick(http->loop->hub);
    if (now_ns - http->second_ns >= SS_SECOND_NS) {
        http->second_ns = now_ns;
        ss_loop_check(http->loop, now_ns);
        if (http->opt.second)
            http->opt.second(http->opt.arg);
    }
    check_stop(http, now_ns);
    int wait_ms = http->loop->counts.feeds || http->stop ? SS_HUB_TICK_MS : 4 * SS_HUB_TICK_MS;
    lws_sul_schedule(http->context, 0, timer, on_timer, (lws_usec_t)wait_ms * 1000);
}

/* ---- the library ---- */

/* Descriptors of our own in its loop: the listening socket and the eventfd. */
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
    {.name = "h2", .callback = ss_http2_event, .per_session_data_size = sizeof(struct ss_stream)},
    {.name = "conn", .callback = on_raw, .tx_packet_size = 1 << 20},
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
        .max_http_header_data = 8192,
        .pt_serv_buf_size = 65536,
        .timeout_secs = HANDSHAKE_S,
        .retry_and_idle_policy = &never,
        .gid = (gid_t)-1,
        .uid = (uid_t)-1,
    };
    return lws_create_context(&info);
}

/* NULL as well when the certificate and the key cannot be used, or do not belong together. */
static struct lws_vhost *new_vhost(struct ss_http *http, const char *name)
{
    const struct lws_context_creation_info info = {
        .port = CONTEXT_PORT_NO_LISTEN_SERVER,
        .protocols = protocols,
        .vhost_name = name,
        .ssl_cert_filepath = http->opt.cert,
        .ssl_private_key_filepath = http->opt.key,
        .ssl_options_set = SSL_OP_NO_TLSv1 | SSL_OP_NO_TLSv1_1,
        .alpn = http->opt.http2 ? "h2,http/1.1" : "http/1.1",
        .keepalive_timeout = IDLE_S,
        .options = http->opt.cert ? LWS_SERVER_OPTION_DO_SSL_GLOBAL_INIT : 0,
    };
    return lws_create_vhost(http->context, &info);
}

/* The library takes a new certificate without a look at its key, and has no TLS then: a second vhost, of
 * which nothing else is wanted, tries them. */
static void reload_certificate(struct ss_http *http)
{
    struct lws_vhost *trial = new_vhost(http, "trial");
    if (trial)
        lws_vhost_destroy(trial);
    if (!trial || lws_tls_cert_updated(http->context, http->opt.cert, http->opt.key, NULL, 0, NULL, 0))
        ss_warn("the certificate in use stays: '%s' cannot be used with the key '%s'", http->opt.cert,
                http->opt.key);
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
        ss_warn(
            "libwebsockets has no libev here (package libwebsockets-evlib-ev): many connections are slow");
        http->context = new_context(http, 0);
    }
    if (http->context)
        http->vhost = new_vhost(http, "ss");
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
    http->loop = opt->loop;
    http->connections_max = descriptors() - 64;
    http->room = eventfd(0, EFD_CLOEXEC);
    http->event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
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
    http->stop_by_ns = ss_clock_mono_ns() + (int64_t)grace_ms * 1000000;
    atomic_store(&http->stop, true);
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
