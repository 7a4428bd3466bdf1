/*
 * The error paths run: this program's own read, write, open, ... stand before the C library's, and fail when
 * they are told to. Whatever call fails, whichever time: an error with its message, no half-written state, no
 * litter.
 */
#include "base/file.h"
#include "base/rng.h"
#include "flow/checkpoint.h"
#include "flow/snapshot.h"
#include "tests/stages.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <zlib.h>

enum call { NONE, OPEN, READ, WRITE, FSYNC, CLOSE, RENAME, CALLS };
static const char *const names[CALLS] = {"none", "open", "read", "write", "fsync", "close", "rename"};

static struct {
    enum call call;
    int nth, error; /* the nth such call fails with this */
    bool hit;
    bool nervous; /* reads and writes are short, and every other one is interrupted */
    unsigned turn;
} fault;

static bool fails(enum call call)
{
    if (fault.call != call || --fault.nth != 0)
        return false;
    fault.hit = true;
    errno = fault.error;
    return true;
}

static bool interrupted(size_t *n)
{
    if (!fault.nervous)
        return false;
    size_t most = 1 + fault.turn * 7919u % 100;
    *n = *n < most ? *n : most;
    errno = EINTR;
    return fault.turn++ % 2 == 0;
}

ssize_t read(int fd, void *to, size_t n)
{
    if (fails(READ) || interrupted(&n))
        return -1;
    return syscall(SYS_read, fd, to, n);
}

ssize_t write(int fd, const void *from, size_t n)
{
    if (fails(WRITE) || interrupted(&n))
        return -1;
    return syscall(SYS_write, fd, from, n);
}

int open(const char *path, int flags, ...)
{
    va_list ap;
    va_start(ap, flags);
    int mode = flags & O_CREAT ? va_arg(ap, int) : 0;
    va_end(ap);
    return fails(OPEN) ? -1 : (int)syscall(SYS_openat, AT_FDCWD, path, flags, mode);
}

int fsync(int fd)
{
    return fails(FSYNC) ? -1 : (int)syscall(SYS_fsync, fd);
}

int close(int fd)
{
    bool failed = fails(CLOSE); /* as on Linux: the descriptor is gone all the same */
    int saved = errno, r = (int)syscall(SYS_close, fd);
    errno = failed ? saved : errno;
    return failed ? -1 : r;
}

int rename(const char *from, const char *to)
{
    return fails(RENAME) ? -1 : (int)syscall(SYS_rename, from, to);
}

/* ---- what is run */

static char dir[] = "/tmp/ss-fault-XXXXXX";
static char in_path[64], out_path[64], rejects_path[64], state_path[64];

static int files_in_dir(void)
{
    DIR *d = opendir(dir);
    int n = -2; /* . and .. */
    while (d && readdir(d))
        n++;
    if (d)
        closedir(d);
    return n;
}

static int run_files(void)
{
    static const char *inputs[] = {in_path};
    struct ss_loop_options opt = {.inputs = inputs,
                                  .n_inputs = 1,
                                  .output = out_path,
                                  .rejects = rejects_path,
                                  .state_path = state_path,
                                  .program = "test"};
    return run_chain(numbers, &opt, 1);
}

static void make_input(bool gzip)
{
    gzFile gz = gzip ? gzopen(in_path, "wb") : NULL;
    FILE *f = gzip ? NULL : fopen(in_path, "wb");
    for (int i = 0; i < 20000; i++) {
        char line[64];
        int n = snprintf(line, sizeof line, i % 50 ? "{\"user_id\":%d}\n" : "bad %d\n", i);
        if (gz)
            gzwrite(gz, line, (unsigned)n);
        else if (f)
            fwrite(line, 1, (size_t)n, f);
    }
    if (gz)
        gzclose(gz);
    else if (f)
        fclose(f);
}

static void text_of(const char *path, struct ss_buf *buf)
{
    ss_buf_init(buf, 1 << 24);
    if (ss_file_read(path, buf) < 0)
        buf->n = 0;
}

static uint64_t saved_number(void)
{
    struct state st = {0};
    bool found;
    return ss_snapshot_load(state_path, &numbering, &st, &found) == 0 && found ? st.seen : 0;
}

/* Makes each call of a kind fail in turn, until a run gets by without. */
static void every_failure_is_reported(enum call call, int error)
{
    int silent = 0, vague = 0, halves = 0, litter = 0, n;
    for (n = 1; n < 3000; n++) {
        unlink(state_path);
        if (run_files() < 0)
            silent = -1000;
        uint64_t before = saved_number();
        fault.call = call;
        fault.nth = n;
        fault.error = error;
        fault.hit = false;
        int err = run_files();
        fault.call = NONE;
        if (!fault.hit)
            break;
        /* That an input cannot be closed changes nothing. */
        silent += err >= 0 && call != CLOSE;
        vague += err < 0 && !strstr(ss_err_text(), strerror(error));
        uint64_t after = saved_number();
        halves += after != before && after != 2 * before;
        litter += files_in_dir() != 4;
    }
    ok(n > 1 && n < 3000 && silent == 0, "%s fails with '%s', %d times: never unnoticed", names[call],
       strerror(error), n - 1);
    ok(vague == 0, "the message says why");
    ok(halves == 0, "the state file is the old or the new one, whole");
    ok(litter == 0, "nothing is left beside it");
}

static void short_and_interrupted_calls_change_no_byte(bool gzip)
{
    struct ss_buf calm, nervous;
    make_input(gzip);
    unlink(state_path);
    int err = run_files();
    text_of(out_path, &calm);
    unlink(state_path);
    fault.nervous = true;
    err = err ? err : run_files();
    fault.nervous = false;
    text_of(out_path, &nervous);
    ok(err == 0 && calm.n > 400000 && calm.n == nervous.n && memcmp(calm.p, nervous.p, calm.n) == 0,
       "short and interrupted reads and writes change no byte%s", gzip ? " (gzip)" : "");
    ss_buf_free(&calm);
    ss_buf_free(&nervous);
}

static void replacing_a_file_is_all_or_nothing(void)
{
    static const enum call calls[] = {OPEN, WRITE, FSYNC, CLOSE, RENAME};
    char path[80];
    snprintf(path, sizeof path, "%s/replaced", dir);
    for (size_t i = 0; i < SS_COUNT(calls); i++) {
        int n, wrong = 0;
        for (n = 1; n < 100; n++) {
            struct ss_buf buf;
            if (ss_file_replace(path, "old", 3) < 0)
                wrong++;
            fault.call = calls[i];
            fault.nth = n;
            fault.error = EIO;
            fault.hit = false;
            int err = ss_file_replace(path, "newer", 5);
            fault.call = NONE;
            if (!fault.hit)
                break;
            text_of(path, &buf);
            /* A folder that cannot be synced: the new file is there, but perhaps not for ever, and that is
             * said. */
            bool whole =
                buf.n == 3 ? memcmp(buf.p, "old", 3) == 0 : buf.n == 5 && memcmp(buf.p, "newer", 5) == 0;
            wrong += !whole || (buf.n == 3 && err >= 0) || files_in_dir() != 5;
            ss_buf_free(&buf);
        }
        ok(n > 1 && wrong == 0, "a file is replaced or left alone when %s fails", names[calls[i]]);
    }
    unlink(path);
}

/* A chain of one stage whose memory is a number. */
static struct ss_chain *open_chain(uint64_t seen)
{
    struct ss_chain *chain = calloc(1, sizeof *chain);
    const struct ss_env env = {.program = "test"};
    struct ss_link *link = NULL;
    if (ss_chain_init(chain, 1) == 0 && (link = ss_chain_add(chain, &numbering)) &&
        ss_chain_start(chain, &env) == 0)
        ((struct state *)link->st)->seen = seen;
    return chain;
}

static void close_chain(struct ss_chain *chain)
{
    ss_chain_free(chain);
    free(chain);
}

static bool checkpoint_is(const char *path, uint64_t least, uint64_t most)
{
    struct ss_chain *chain = open_chain(0);
    uint64_t position = 0;
    bool found = false;
    int err = ss_checkpoint_load(path, chain, &position, &found);
    uint64_t seen = ((struct state *)chain->link[0].st)->seen;
    close_chain(chain);
    return err == 0 && found && position >= least && position <= most && seen == position;
}

static void a_checkpoint_is_old_or_new(void)
{
    static const enum call calls[] = {OPEN, WRITE, FSYNC, CLOSE, RENAME};
    char path[80], older[84];
    struct ss_chain *first = open_chain(1), *next = open_chain(2);
    snprintf(path, sizeof path, "%s/checkpoint", dir);
    snprintf(older, sizeof older, "%s.1", path);
    for (size_t i = 0; i < SS_COUNT(calls); i++) {
        int n, wrong = 0;
        for (n = 1; n < 100; n++) {
            unlink(older);
            wrong += ss_checkpoint_save(path, first, 1) < 0;
            fault.call = calls[i];
            fault.nth = n;
            fault.error = EIO;
            fault.hit = false;
            int err = ss_checkpoint_save(path, next, 2);
            fault.call = NONE;
            wrong += !checkpoint_is(path, err < 0 ? 1 : 2, 2);
            if (!fault.hit)
                break;
            /* That the synced directory cannot be closed changes nothing. */
            wrong += (err >= 0 && calls[i] != CLOSE) || files_in_dir() > 6;
            wrong += err < 0 && !strstr(ss_err_text(), strerror(EIO));
        }
        ok(n > 1 && wrong == 0, "a checkpoint is the old or the new one when %s fails", names[calls[i]]);
    }
    close_chain(first);
    close_chain(next);
    unlink(path);
    unlink(older);
}

int main(void)
{
    if (!mkdtemp(dir))
        return 1;
    snprintf(in_path, sizeof in_path, "%s/in", dir);
    snprintf(out_path, sizeof out_path, "%s/out", dir);
    snprintf(rejects_path, sizeof rejects_path, "%s/rejects", dir);
    snprintf(state_path, sizeof state_path, "%s/state", dir);
    short_and_interrupted_calls_change_no_byte(true);
    short_and_interrupted_calls_change_no_byte(false);
    every_failure_is_reported(OPEN, EMFILE);
    every_failure_is_reported(READ, EIO);
    every_failure_is_reported(WRITE, ENOSPC);
    every_failure_is_reported(WRITE, EIO);
    every_failure_is_reported(FSYNC, EIO);
    every_failure_is_reported(CLOSE, EDQUOT);
    every_failure_is_reported(RENAME, EACCES);
    replacing_a_file_is_all_or_nothing();
    a_checkpoint_is_old_or_new();
    const char *const paths[] = {in_path, out_path, rejects_path, state_path};
    for (size_t i = 0; i < SS_COUNT(paths); i++)
        unlink(paths[i]);
    ok(rmdir(dir) == 0, "nothing is left lying about");
    ss_mem_clear();
    return done();
}
