#include "rule/child.h"
#include "base/clock.h"
#include "base/err.h"
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define TIMEOUT_MS  2000
#define MEMORY_MIB  512
#define ANSWER_MAX  ((size_t)1 << 20)
#define ANSWERS_MAX ((size_t)256 << 20) /* of one batch */
#define NO_PROGRAM  UINT32_MAX
#define DEATHS_MAX  3 /* in a row, with no expression to blame */
#define FAULT       "it was quarantined, as it ran away before"

/* What the child is about: the parent's clock judges by it. */
struct shared {
    volatile uint64_t turn; /* counts evaluations */
    volatile uint32_t program;
    volatile uint32_t busy;
};

struct program {
    struct ss_str text, where;
    int id;
    bool quarantined;
};

/* Both ways on the socket: a header, then `len` bytes. */
struct frame {
    uint32_t record, program, result, len;
};

struct answer {
    uint32_t result;
    size_t at, len;
};

struct ss_jq_child {
    struct ss_exprs_options opt;
    struct program *program;
    uint32_t programs;
    pid_t pid; /* 0: none */
    int fd;
    struct shared *shared;
    int deaths;
    struct answer *answer; /* record * programs + program */
    size_t answers_cap;
    struct ss_buf text; /* the answers' texts */
    struct ss_buf in;   /* what came and is no whole frame yet */
    struct ss_buf out;  /* the record that is being sent */
    size_t sent;
    bool *done; /* a record */
    size_t done_cap;
};

struct ss_jq_child *ss_jq_child_new(const struct ss_exprs_options *opt)
{
    struct ss_jq_child *c = calloc(1, sizeof *c);
    if (!c) {
        (void)ss_fail(SS_ENOMEM, "out of memory for the jq child");
        return NULL;
    }
    c->opt = *opt;
    c->fd = -1;
    c->opt.timeout_ms = opt->timeout_ms ? opt->timeout_ms : TIMEOUT_MS;
    c->opt.memory_mib = opt->memory_mib ? opt->memory_mib : MEMORY_MIB;
    ss_buf_init(&c->text, ANSWERS_MAX);
    ss_buf_init(&c->in, 4 * ANSWER_MAX);
    ss_buf_init(&c->out, 0);
    c->out.ceiling = ANSWERS_MAX;
    c->shared = mmap(NULL, sizeof *c->shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (c->shared == MAP_FAILED) {
        (void)ss_fail_errno(SS_ENOMEM, "cannot share memory with the jq child");
        free(c);
        return NULL;
    }
    return c;
}

static void stop(struct ss_jq_child *c)
{
    if (c->fd >= 0)
        close(c->fd);
    c->fd = -1;
    if (c->pid > 0) {
        kill(c->pid, SIGKILL);
        while (waitpid(c->pid, NULL, 0) < 0 && errno == EINTR)
            continue;
    }
    c->pid = 0;
}

void ss_jq_child_free(struct ss_jq_child *c)
{
    if (!c)
        return;
    stop(c);
    munmap(c->shared, sizeof *c->shared);
    ss_buf_free(&c->text);
    ss_buf_free(&c->in);
    ss_buf_free(&c->out);
    free(c->program);
    free(c->answer);
    free(c->done);
    free(c);
}

int ss_jq_child_add(struct ss_jq_child *c, struct ss_str text, struct ss_str where, int id, uint32_t *program)
{
    struct ss_libjq *check = ss_libjq_new();
    int err = check ? ss_libjq_add(check, text, NULL, program)
                    : ss_fail(SS_ENOMEM, "out of memory for jq programs");
    ss_libjq_free(check);
    if (err < 0)
        return err;
    struct program *more = realloc(c->program, (c->programs + 1) * sizeof *more);
    if (!more)
        return ss_fail(SS_ENOMEM, "out of memory for jq programs");
    c->program = more;
    c->program[c->programs] = (struct program){text, where, id, false};
    *program = c->programs++;
    return 0;
}

/* ---- in the child ---- */

static void limit(int what, rlim_t value)
{
    struct rlimit r = {value, value};
    setrlimit(what, &r);
}

/* The address space of this process grows by so much at most: what the parent had mapped is there too. */
static void limit_memory(uint32_t mib)
{
    char text[64];
    int fd = open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
    ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof text - 1);
    if (fd >= 0)
        close(fd);
    text[n > 0 ? n : 0] = '\0';
    limit(RLIMIT_AS, (rlim_t)strtoull(text, NULL, 10) * (rlim_t)sysconf(_SC_PAGESIZE) + ((rlim_t)mib << 20));
}

/* CPU seconds count from the process's start: the soft limit moves on with what was used. */
static void limit_cpu(uint32_t timeout_ms)
{
    struct rusage used;
    getrusage(RUSAGE_SELF, &used);
    rlim_t seconds = (rlim_t)(used.ru_utime.tv_sec + used.ru_stime.tv_sec) + timeout_ms / 1000 + 2;
    struct rlimit r = {seconds, RLIM_INFINITY};
    setrlimit(RLIMIT_CPU, &r);
}

static bool read_whole(int fd, void *to, size_t n)
{
    for (size_t got = 0; got < n;) {
        ssize_t r = read(fd, (char *)to + got, n - got);
        if (r == 0 || (r < 0 && errno != EINTR))
            return false;
        got += r > 0 ? (size_t)r : 0;
    }
    return true;
}

static bool write_whole(int fd, const void *from, size_t n)
{
    for (size_t put = 0; put < n;) {
        ssize_t r = send(fd, (const char *)from + put, n - put, MSG_NOSIGNAL);
        if (r < 0 && errno != EINTR)
            return false;
        put += r > 0 ? (size_t)r : 0;
    }
    return true;
}

static void confine(const struct ss_jq_child *c, int fd)
{
    static char *nothing[] = {NULL};
    sigset_t none;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    signal(SIGINT, SIG_IGN); /* the parent drains, and then ends us */
    signal(SIGTERM, SIG_IGN);
    signal(SIGHUP, SIG_IGN);
    signal(SIGXCPU, SIG_DFL);
    signal(SIGABRT, SIG_DFL);
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    int null = open("/dev/null", O_RDWR);
    for (int i = 0; null >= 0 && i < 3; i++)
        dup2(null, i);
    dup2(fd, 3);
    for (int i = 4, most = (int)sysconf(_SC_OPEN_MAX); i < most && i < 65536; i++)
        close(i);
    environ = nothing;
    limit(RLIMIT_CORE, 0);
    limit(RLIMIT_FSIZE, 0);
    limit_memory(c->opt.memory_mib);
}

static bool evaluate(const struct ss_jq_child *c, struct ss_libjq *jq, const uint32_t *compiled,
                     uint32_t record, struct ss_buf *out)
{
    for (uint32_t p = 0; p < c->programs; p++) {
        if (compiled[p] == NO_PROGRAM)
            continue;
        struct frame f = {record, p, SS_LIBJQ_ERROR, 0};
        size_t at = out->n;
        ss_buf_put(out, &f, sizeof f);
        c->shared->program = p;
        c->shared->turn++;
        c->shared->busy = 1;
        f.result = (uint32_t)ss_libjq_run_json(jq, compiled[p], out);
        c->shared->busy = 0;
        if (ss_buf_check(out) < 0 || out->n - at - sizeof f > ANSWER_MAX) {
            out->n = at + sizeof f;
            out->failed = false;
            f.result = SS_LIBJQ_ERROR;
            ss_buf_puts(out, "its result is too long");
        }
        f.len = (uint32_t)(out->n - at - sizeof f);
        memcpy(out->p + at, &f, sizeof f);
        if (out->n > ANSWER_MAX) {
            if (!write_whole(3, out->p, out->n))
                return false;
            ss_buf_reset(out);
        }
    }
    struct frame end = {record, NO_PROGRAM, 0, 0};
    ss_buf_put(out, &end, sizeof end);
    bool good = write_whole(3, out->p, out->n);
    ss_buf_reset(out);
    return good;
}

static void serve(const struct ss_jq_child *c)
{
    struct ss_libjq *jq = ss_libjq_new();
    uint32_t *compiled = calloc(c->programs, sizeof *compiled);
    struct ss_buf in, out;
    struct frame f;
    if (!jq || !compiled)
        return;
    for (uint32_t p = 0; p < c->programs; p++)
        if (c->program[p].quarantined || ss_libjq_add(jq, c->program[p].text, NULL, &compiled[p]) < 0)
            compiled[p] = NO_PROGRAM;
    limit(RLIMIT_NOFILE, 0); /* from here on nothing can be opened */
    ss_buf_init(&in, ANSWERS_MAX);
    ss_buf_init(&out, 4 * ANSWER_MAX);
    while (read_whole(3, &f, sizeof f)) {
        ss_buf_reset(&in);
        char *to = ss_buf_room(&in, f.len + 1);
        if (!to || !read_whole(3, to, f.len))
            return;
        limit_cpu(c->opt.timeout_ms);
        if (!ss_libjq_input(jq, (struct ss_str){to, f.len}))
            ss_libjq_input(jq, SS_STR("null"));
        if (!evaluate(c, jq, compiled, f.record, &out))
            return;
    }
}

/* ---- in the parent ---- */

static int start(struct ss_jq_child *c)
{
    int pair[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
        return ss_fail_errno(SS_EIO, "cannot talk to a jq child");
    *c->shared = (struct shared){0};
    pid_t parent = getpid();
    c->pid = fork();
    if (c->pid < 0) {
        c->pid = 0;
        close(pair[0]);
        close(pair[1]);
        return ss_fail_errno(SS_EIO, "cannot start a jq child");
    }
    if (c->pid == 0) {
        confine(c, pair[1]);
        if (getppid() == parent)
            serve(c);
        _exit(0);
    }
    close(pair[1]);
    c->fd = pair[0];
    fcntl(c->fd, F_SETFL, O_NONBLOCK);
    ss_buf_reset(&c->in);
    ss_buf_reset(&c->out);
    c->sent = 0;
    return 0;
}

static void quarantine(struct ss_jq_child *c, uint32_t program, const char *why)
{
    struct program *p = &c->program[program];
    if (p->quarantined)
        return;
    p->quarantined = true;
    if (c->opt.quarantined)
        c->opt.quarantined(c->opt.ctx, p->id, p->where.p, why);
}

/* The child ended or was too slow: who is to blame, and a new child. */
static int replace(struct ss_jq_child *c, const char *why)
{
    uint32_t culprit = c->shared->busy ? c->shared->program : NO_PROGRAM;
    stop(c);
    if (culprit < c->programs) {
        c->deaths = 0;
        quarantine(c, culprit, why);
    } else if (++c->deaths >= DEATHS_MAX) {
        for (uint32_t p = 0; p < c->programs; p++)
            quarantine(c, p, "its child process does not stay alive");
    }
    return start(c);
}

static void take_answer(struct ss_jq_child *c, size_t records, struct frame f, const char *bytes)
{
    if (f.record >= records)
        return;
    if (f.program == NO_PROGRAM) {
        c->done[f.record] = true;
        c->deaths = 0;
        return;
    }
    if (f.program >= c->programs)
        return;
    struct answer *a = &c->answer[(size_t)f.record * c->programs + f.program];
    *a = (struct answer){f.result, c->text.n, f.len};
    ss_buf_put(&c->text, bytes, f.len);
    if (ss_buf_check(&c->text) < 0) {
        c->text.failed = false;
        *a = (struct answer){SS_LIBJQ_ERROR, 0, 0};
    }
}

/* Reads what there is; false when the child is gone. */
static bool receive(struct ss_jq_child *c, size_t records)
{
    for (;;) {
        char *to = ss_buf_room(&c->in, 65536);
        ssize_t n = to ? recv(c->fd, to, 65536, 0) : 0;
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return errno == EAGAIN;
        if (n == 0)
            return false;
        c->in.n += (size_t)n;
        size_t at = 0;
        for (struct frame f; c->in.n - at >= sizeof f;) {
            memcpy(&f, c->in.p + at, sizeof f);
            if (f.len > ANSWER_MAX)
                return false;
            if (c->in.n - at - sizeof f < f.len)
                break;
            take_answer(c, records, f, c->in.p + at + sizeof f);
            at += sizeof f + f.len;
        }
        memmove(c->in.p, c->in.p + at, c->in.n - at);
        c->in.n -= at;
    }
}

/* Sends on from record *next; false when the child is gone. */
static bool send_more(struct ss_jq_child *c, const struct ss_batch *batch, size_t *next)
{
    for (;;) {
        if (c->sent == c->out.n) {
            while (*next < batch->n && c->done[*next])
                ++*next;
            if (*next == batch->n)
                return true;
            struct frame f = {(uint32_t)*next, 0, 0, 0};
            ss_buf_reset(&c->out);
            c->sent = 0;
            ss_buf_put(&c->out, &f, sizeof f);
            ss_record_write(&batch->rec[(*next)++], &c->out);
            if (ss_buf_check(&c->out) < 0)
                return false;
            f.len = (uint32_t)(c->out.n - sizeof f);
            memcpy(c->out.p, &f, sizeof f);
        }
        ssize_t n = send(c->fd, c->out.p + c->sent, c->out.n - c->sent, MSG_NOSIGNAL);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return errno == EAGAIN;
        c->sent += (size_t)n;
    }
}

static bool all_done(const struct ss_jq_child *c, size_t records)
{
    for (size_t i = 0; i < records; i++)
        if (!c->done[i])
            return false;
    return true;
}

/* Talks to one child until everything is answered (NULL), or says why the child must be replaced. */
static const char *converse(struct ss_jq_child *c, const struct ss_batch *batch)
{
    size_t next = 0;
    uint64_t turn = 0;
    bool was_busy = false;
    int64_t since = ss_clock_mono_ns(), patience = (int64_t)c->opt.timeout_ms * 1000000;
    while (!all_done(c, batch->n)) {
        bool sending = next < batch->n || c->sent < c->out.n;
        struct pollfd p = {c->fd, (short)(POLLIN | (sending ? POLLOUT : 0)), 0};
        int n = poll(&p, 1, c->opt.timeout_ms < 200 ? (int)c->opt.timeout_ms : 200);
        if (n > 0 && (p.revents & (POLLIN | POLLHUP | POLLERR)) && !receive(c, batch->n))
            return "it ended its process";
        if (n > 0 && (p.revents & POLLOUT) && !send_more(c, batch, &next))
            return "it ended its process";
        int64_t now = ss_clock_mono_ns();
        bool busy = c->shared->busy;
        if (c->shared->turn != turn || busy != was_busy) {
            turn = c->shared->turn;
            was_busy = busy;
            since = now;
        }
        /* A child that is starting compiles its programs, which ends, but takes some 15 ms each. */
        int64_t most = busy ? patience : patience + ((int64_t)c->programs + 100) * 100000000;
        if (now - since > most)
            return "it took too long";
    }
    return NULL;
}

static bool prepare(struct ss_jq_child *c, const struct ss_batch *batch)
{
    size_t answers = batch->n * c->programs;
    if (answers > c->answers_cap) {
        struct answer *more = realloc(c->answer, answers * sizeof *more);
        if (!more)
            return false;
        c->answer = more;
        c->answers_cap = answers;
    }
    if (batch->n > c->done_cap) {
        bool *more = realloc(c->done, batch->n * sizeof *more);
        if (!more)
            return false;
        c->done = more;
        c->done_cap = batch->n;
    }
    for (size_t i = 0; i < answers; i++)
        c->answer[i] = (struct answer){SS_LIBJQ_ERROR, SIZE_MAX, 0};
    for (size_t i = 0; i < batch->n; i++)
        c->done[i] = batch->rec[i].fate != SS_KEEP;
    ss_buf_reset(&c->text);
    return true;
}

int ss_jq_child_batch(struct ss_jq_child *c, const struct ss_batch *batch)
{
    if (batch->n == 0)
        return 0;
    if (!prepare(c, batch))
        return ss_fail(SS_ENOMEM, "out of memory for jq's answers");
    int err = c->pid ? 0 : start(c);
    const char *why;
    while (err == 0 && (why = converse(c, batch)) != NULL)
        err = replace(c, why);
    return err;
}

struct ss_jq_answer ss_jq_child_answer(const struct ss_jq_child *c, size_t record, uint32_t program)
{
    const struct answer *a = &c->answer[record * c->programs + program];
    if (a->at == SIZE_MAX)
        return (struct ss_jq_answer){SS_LIBJQ_ERROR, SS_STR(FAULT)};
    return (struct ss_jq_answer){(enum ss_libjq_result)a->result, {c->text.p + a->at, a->len}};
}
