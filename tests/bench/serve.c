/*
 * A load client: plain sockets, one thread, epoll, connections that are kept.
 *
 *   serve read  PORT KEY IDS.ndjson      CONNECTIONS SECONDS [PATH-END]   one payment after the other, by id
 *   serve post  PORT KEY PAYMENTS.ndjson CONNECTIONS SECONDS SKIP         payments, as fast as they are
 * answered serve pace  PORT KEY PAYMENTS.ndjson CONNECTIONS SECONDS SKIP RATE [IDLE]   at a rate, beside IDLE
 * connections serve feed  PORT KEY PAYMENTS.ndjson CONNECTIONS SECONDS SKIP RATE LISTENERS   and WebSocket
 * listeners to alerts
 *   serve disk  FILE   no server: what the disk takes for 64 KiB more of a file, the least that a batch waits
 *
 * At a rate, latency counts from when a request was due, not from when a connection was free for it: a server
 * that stalls is charged for all that waited. `feed` measures from the same moment to the arrival at each
 * listener. The first second is warm-up and not counted. Prints one JSON line.
 */
#include "base/clock.h"
#include "base/file.h"
#include "base/histogram.h"
#include "base/number.h"
#include "base/str.h"
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define SECOND_NS ((int64_t)1000000000)
#define ROOM      ((size_t)1 << 20) /* of a listener: frames are cut into its lines of text */
#define CONNS     1024

struct conn {
    int fd;
    bool listens, busy;
    int64_t due_ns;
    size_t n, skip; /* bytes held in `in`; bytes of a body still to come and be ignored */
    char *in;
};

static struct {
    const char *mode, *key, *end;
    int port, conns, listeners, idle, epoll;
    int64_t seconds, skip, rate;
    struct ss_buf text;
    struct ss_str *line;
    size_t lines, next;
    struct conn *conn;
    int64_t began_ns, counted_ns, end_ns, due;
    uint64_t done, failed, heard;
    int status;       /* of the first failure */
    int64_t *sent_ns; /* when each line was due */
    struct ss_histogram latency, told;
} g;

static void die(const char *what)
{
    fprintf(stderr, "serve: %s: %s\n", what, strerror(errno));
    exit(1);
}

static int dial(void)
{
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((uint16_t)g.port)};
    int one = 1, fd = socket(AF_INET, SOCK_STREAM, 0);
    /* More than the ports of one address: idle ones come from others of the loopback. */
    static int n;
    struct sockaddr_in from = {.sin_family = AF_INET,
                               .sin_addr.s_addr = htonl(0x7f000001 + (uint32_t)(n++ / 20000))};
    to.sin_addr.s_addr = htonl(0x7f000001);
    if (fd < 0 || bind(fd, (struct sockaddr *)&from, sizeof from) ||
        connect(fd, (struct sockaddr *)&to, sizeof to))
        die("connect");
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    return fd;
}

static void watch(struct conn *c)
{
    struct epoll_event ev = {.events = EPOLLIN, .data.ptr = c};
    fcntl(c->fd, F_SETFL, O_NONBLOCK);
    if (epoll_ctl(g.epoll, EPOLL_CTL_ADD, c->fd, &ev))
        die("epoll");
}

/* Requests are small: they fit into the socket's buffer at once. */
static void send_all(int fd, const char *p, size_t n)
{
    while (n) {
        ssize_t sent = write(fd, p, n);
        if (sent < 0)
            die("write");
        p += sent;
        n -= (size_t)sent;
    }
}

static struct ss_str id_of(struct ss_str line)
{
    const char *p = memmem(line.p, line.n, "\"txn_id\":\"", 10);
    const char *end = p ? memchr(p + 10, '"', line.n - (size_t)(p + 10 - line.p)) : NULL;
    return end ? (struct ss_str){p + 10, (size_t)(end - p - 10)} : (struct ss_str){"", 0};
}

static void ask(struct conn *c, int64_t due_ns)
{
    char text[16384];
    size_t i = g.next++ % g.lines;
    struct ss_str line = g.line[i], id = id_of(line);
    int n;
    if (*g.mode == 'r')
        n = snprintf(text, sizeof text,
                     "GET /api/v1/payments/%.*s%s HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\n\r\n",
                     (int)id.n, id.p, g.end, g.key);
    else
        n = snprintf(text, sizeof text,
                     "POST /api/v1/payments HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\nContent-Type: "
                     "application/json\r\nContent-Length: %zu\r\n\r\n%.*s",
                     g.key, line.n, (int)line.n, line.p);
    if (n < 0 || (size_t)n >= sizeof text)
        die("a line is too long");
    g.sent_ns[i] = due_ns;
    c->due_ns = due_ns;
    c->busy = true;
    c->n = 0;
    send_all(c->fd, text, (size_t)n);
}

static void answered(struct conn *c, int status)
{
    int64_t now_ns = ss_clock_mono_ns();
    c->busy = false;
    if (status != 200 && status != 201) {
        g.failed++;
        g.status = g.status ? g.status : status;
    }
    if (c->due_ns >= g.counted_ns) {
        g.done++;
        ss_histogram_add(&g.latency, (uint64_t)(now_ns - c->due_ns), 1);
    }
}

/* An answer's head is looked at, its body only counted. */
static void take_answer(struct conn *c)
{
    char *end = memmem(c->in, c->n, "\r\n\r\n", 4);
    if (!end)
        return;
    *end = 0;
    const char *length = strcasestr(c->in, "\r\ncontent-length:");
    size_t size = length ? strtoul(length + 17, NULL, 10) : 0;
    size_t whole = (size_t)(end - c->in) + 4 + size;
    if (c->n < whole) {
        *end = '\r';
        if (whole > ROOM)
            die("an answer is too long");
        return;
    }
    int64_t status = 0;
    answered(c, ss_int_parse(c->in + 9, 3, &status) ? (int)status : -1);
}

/* Looks for the ids of alerts; what is after the last one stays for later. */
static void take_frames(struct conn *c)
{
    static const char mark[] = "\"txn_id\":\"";
    char *p = c->in, *end = c->in + c->n, *found;
    int64_t now_ns = ss_clock_mono_ns();
    while ((found = memmem(p, (size_t)(end - p), mark, sizeof mark - 1)) != NULL && end - found > 64) {
        const char *dash = memchr(found, '-', 40); /* ss-gen numbers its ids */
        size_t i = dash ? strtoul(dash + 1, NULL, 10) : SIZE_MAX;
        if (i < g.lines && g.sent_ns[i] >= g.counted_ns) {
            g.heard++;
            ss_histogram_add(&g.told, (uint64_t)(now_ns - g.sent_ns[i]), 1);
        }
        p = found + sizeof mark;
    }
    size_t keep = (size_t)(end - p) < 64 ? (size_t)(end - p) : 64;
    if (found)
        keep = (size_t)(end - found);
    memmove(c->in, end - keep, keep);
    c->n = keep;
}

static void readable(struct conn *c)
{
    ssize_t n = read(c->fd, c->in + c->n, ROOM - c->n);
    if (n <= 0 && !(n < 0 && errno == EAGAIN)) {
        fprintf(stderr, "serve: the server closed a %s\n", c->listens ? "listener" : "connection");
        exit(1);
    }
    if (n < 0)
        return;
    c->n += (size_t)n;
    if (c->listens)
        take_frames(c);
    else
        take_answer(c);
}

static void join(struct conn *c)
{
    char text[1024];
    int n = snprintf(
        text, sizeof text,
        "GET /api/v1/live?topics=alerts HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"
        "Authorization: Bearer %s\r\n\r\n",
        g.key);
    send_all(c->fd, text, (size_t)n);
    ssize_t got = read(c->fd, text, sizeof text - 1);
    if (got < 12 || memcmp(text + 9, "101", 3) != 0)
        die("a listener was refused");
    c->listens = true;
}

static void open_all(void)
{
    struct rlimit files = {65536, 65536};
    setrlimit(RLIMIT_NOFILE, &files);
    g.epoll = epoll_create1(0);
    g.conn = calloc((size_t)(g.conns + g.listeners), sizeof *g.conn);
    for (int i = 0; i < g.idle; i++)
        (void)dial();
    for (int i = 0; i < g.conns + g.listeners; i++) {
        struct conn *c = &g.conn[i];
        *c = (struct conn){.fd = dial(), .in = malloc(ROOM)};
        if (i >= g.conns)
            join(c);
        watch(c);
    }
}

static void wait_ns(int64_t ns)
{
    struct epoll_event ev[256];
    struct timespec ts = {.tv_sec = ns / SECOND_NS, .tv_nsec = ns % SECOND_NS};
    int n = epoll_pwait2(g.epoll, ev, 256, &ts, NULL);
    for (int i = 0; i < n; i++)
        readable(ev[i].data.ptr);
}

static bool busy(void)
{
    for (int i = 0; i < g.conns; i++)
        if (g.conn[i].busy)
            return true;
    return false;
}

/* Gives what is due to free connections, the longest due first. */
static void give(int64_t now_ns)
{
    for (int i = 0; i < g.conns && now_ns < g.end_ns; i++) {
        struct conn *c = &g.conn[i];
        int64_t due_ns = g.rate ? g.began_ns + g.due * SECOND_NS / g.rate : now_ns;
        if (c->busy)
            continue;
        if (due_ns > now_ns || due_ns >= g.end_ns)
            return;
        g.due++;
        ask(c, due_ns);
    }
}

static void run(void)
{
    g.began_ns = ss_clock_mono_ns();
    g.counted_ns = g.began_ns + SECOND_NS;
    g.end_ns = g.counted_ns + g.seconds * SECOND_NS;
    for (;;) {
        int64_t now_ns = ss_clock_mono_ns();
        give(now_ns);
        if (now_ns >= g.end_ns && !busy())
            break;
        int64_t next_ns = g.rate ? g.began_ns + g.due * SECOND_NS / g.rate : now_ns + SECOND_NS / 10;
        wait_ns(next_ns > now_ns ? (next_ns - now_ns < SECOND_NS / 10 ? next_ns - now_ns : SECOND_NS / 10)
                                 : SECOND_NS / 1000);
    }
    for (int64_t until = ss_clock_mono_ns() + SECOND_NS; g.listeners && ss_clock_mono_ns() < until;)
        wait_ns(SECOND_NS / 100);
}

static double us(const struct ss_histogram *h, double q)
{
    return (double)ss_histogram_quantile(h, q) / 1e3;
}

static void say(void)
{
    double rate = (double)g.done / (double)g.seconds;
    const struct ss_histogram *h = g.listeners ? &g.told : &g.latency;
    printf("{\"records_per_s\":%.0f,\"ns_per_record\":%.1f,\"p50_us\":%.1f,\"p99_us\":%.1f,\"p999_us\":%.1f,"
           "\"max_us\":%.1f,"
           "\"failed\":%llu,\"status\":%d,\"heard\":%llu,\"used\":%zu}\n",
           rate, 1e9 / rate, us(h, 0.5), us(h, 0.99), us(h, 0.999), (double)h->max / 1e3,
           (unsigned long long)g.failed, g.status, (unsigned long long)g.heard, g.next);
}

static int64_t number(char **argv, int argc, int i, int64_t otherwise)
{
    int64_t n = otherwise;
    if (i < argc && !ss_int_parse(argv[i], strlen(argv[i]), &n))
        die(argv[i]);
    return n;
}

static int read_lines(const char *path)
{
    ss_buf_init(&g.text, (size_t)4 << 30);
    if (ss_file_read(path, &g.text))
        die(path);
    size_t cap = 0;
    for (char *p = g.text.p, *stop = g.text.p + g.text.n, *end; p < stop; p = end + 1) {
        end = memchr(p, '\n', (size_t)(stop - p));
        if (!end)
            break;
        if (g.lines == cap) {
            cap = cap ? cap * 2 : 1024;
            g.line = realloc(g.line, cap * sizeof *g.line);
            if (!g.line)
                return -1;
        }
        g.line[g.lines++] = (struct ss_str){p, (size_t)(end - p)};
    }
    g.sent_ns = calloc(g.lines + 1, sizeof *g.sent_ns);
    return g.lines && g.sent_ns ? 0 : -1;
}

/* As SQLite's log is written: appended to, and synced. */
static int measure_disk(const char *path)
{
    static const char piece[65536];
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    g.seconds = 1;
    for (int64_t begun = ss_clock_mono_ns(), now = begun; fd >= 0 && now < begun + SECOND_NS; g.done++) {
        if (write(fd, piece, sizeof piece) != (ssize_t)sizeof piece)
            die(path);
        int64_t from_ns = ss_clock_mono_ns();
        if (fdatasync(fd) != 0)
            die(path);
        now = ss_clock_mono_ns();
        ss_histogram_add(&g.latency, (uint64_t)(now - from_ns), 1);
    }
    if (fd < 0)
        die(path);
    close(fd);
    unlink(path);
    say();
    return 0;
}

int main(int argc, char **argv)
{
    if (argc == 3 && strcmp(argv[1], "disk") == 0)
        return measure_disk(argv[2]);
    if (argc < 7)
        return argc == 1 ? 0 : 64;
    g.mode = argv[1];
    g.port = (int)number(argv, argc, 2, 0);
    g.key = argv[3];
    g.conns = (int)number(argv, argc, 5, 32);
    g.seconds = number(argv, argc, 6, 5);
    g.end = *g.mode == 'r' && argc > 7 ? argv[7] : "";
    g.skip = *g.mode == 'r' ? 0 : number(argv, argc, 7, 0);
    g.rate = number(argv, argc, 8, 0);
    *(strcmp(g.mode, "feed") == 0 ? &g.listeners : &g.idle) = (int)number(argv, argc, 9, 0);
    if (g.conns < 1 || g.conns > CONNS || g.listeners > 10000 || read_lines(argv[4]))
        return 64;
    g.next = (size_t)g.skip;
    open_all();
    run();
    say();
    return 0;
}
