/*
 * The spool keeps what it has promised: whatever call is the last one before the power goes, and whatever
 * fails. This program's own write, fsync, ... stand before the C library's; a power cut leaves of each file
 * what was synced, and of the directory the files that were there when it was synced.
 */
#include "alert/spool.h"
#include "base/err.h"
#include "base/log.h"
#include "tests/tap.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define FILES 64

static struct {
    ino_t inode;
    off_t synced;
    bool in_dir; /* the directory was synced since it was made */
} file[FILES];
static int files;
static bool watching;
static int calls, last_call; /* from call number last_call on nothing works any more; 0: all do */
static int fail_call;        /* this one alone fails */

static bool dead(void)
{
    if (!watching)
        return false;
    calls++;
    errno = EIO;
    return (last_call && calls >= last_call) || calls == fail_call;
}

static int of_fd(int fd)
{
    struct stat st;
    int i = 0;
    if (syscall(SYS_newfstatat, fd, "", &st, AT_EMPTY_PATH) < 0 || !S_ISREG(st.st_mode))
        return -1;
    while (i < files && file[i].inode != st.st_ino)
        i++;
    if (i == files && files < FILES) {
        file[files].in_dir = false;
        file[files].synced = 0;
        file[files++].inode = st.st_ino;
    }
    return i;
}

ssize_t write(int fd, const void *from, size_t n)
{
    if (fd > 2 && dead()) {
        if (n > 1) /* half of it may have got there */
            (void)!syscall(SYS_write, fd, from, n / 2);
        errno = EIO;
        return -1;
    }
    return syscall(SYS_write, fd, from, n);
}

static int sync_fd(int fd)
{
    struct stat st;
    if (dead())
        return -1;
    int i = of_fd(fd);
    if (i >= 0 && fstat(fd, &st) == 0)
        file[i].synced = st.st_size;
    for (int k = 0; i < 0 && k < files; k++)
        file[k].in_dir = true;
    return 0;
}

int fsync(int fd)
{
    return sync_fd(fd);
}

int fdatasync(int fd)
{
    return sync_fd(fd);
}

int ftruncate(int fd, off_t n)
{
    return dead() ? -1 : (int)syscall(SYS_ftruncate, fd, n);
}

int unlink(const char *path)
{
    return dead() ? -1 : (int)syscall(SYS_unlinkat, AT_FDCWD, path, 0);
}

int open(const char *path, int flags, ...)
{
    if ((flags & O_CREAT) && dead())
        return -1;
    int fd = (int)syscall(SYS_openat, AT_FDCWD, path, flags, 0600);
    if (fd >= 0 && watching && (flags & O_CREAT))
        (void)of_fd(fd);
    return fd;
}

/* --- a spool in a fresh directory --- */

static char dir[] = "/tmp/ss-spool-XXXXXX", path[64];

static void each_file(void (*with)(const char *name))
{
    DIR *d = opendir(path);
    for (struct dirent *e; d && (e = readdir(d));) {
        char name[400];
        snprintf(name, sizeof name, "%s/%s", path, e->d_name);
        if (e->d_name[0] != '.')
            with(name);
    }
    if (d)
        closedir(d);
}

static void remove_it(const char *name)
{
    syscall(SYS_unlinkat, AT_FDCWD, name, 0);
}

static void cut_power(const char *name)
{
    struct stat st;
    int i = 0;
    if (stat(name, &st) < 0)
        return;
    while (i < files && file[i].inode != st.st_ino)
        i++;
    if (i < files && !file[i].in_dir)
        remove_it(name);
    else if (i < files && file[i].synced < st.st_size)
        (void)!truncate(name, file[i].synced);
}

static void fresh(void)
{
    each_file(remove_it);
    files = calls = last_call = fail_call = 0;
}

static int add(struct ss_spool *spool, const char *to, int n)
{
    char id[32], body[64];
    snprintf(id, sizeof id, "%016x-1", n);
    int len = snprintf(body, sizeof body, "{\"n\":%d}", n);
    return ss_spool_add(spool, ss_str_of(to), ss_str_of(id), ss_str_of("user_id:\"4\n2\""),
                        (struct ss_str){body, (size_t)len});
}

/* The numbers of the messages that wait, as a text "1 2 3 ". */
static const char *waiting(struct ss_spool *spool)
{
    static char text[65536];
    struct ss_buf line;
    struct ss_spool_at at = {0}, where;
    struct ss_spooled m;
    size_t n = 0;
    ss_buf_init(&line, 1 << 20);
    text[0] = '\0';
    while (ss_spool_next(spool, &at, &where, &line, &m) > 0 && n < sizeof text - 40)
        n += (size_t)snprintf(text + n, sizeof text - n, "%.*s ", (int)m.body.n - 6, m.body.p + 5);
    ss_buf_free(&line);
    return text;
}

static struct ss_spool *reopen(struct ss_spool *spool, const struct ss_spool_options *opt)
{
    struct ss_spool *again = NULL;
    ss_spool_close(spool);
    if (ss_spool_open(path, opt, &again) < 0)
        printf("# %s\n", ss_err_text());
    return again;
}

static void mark_first(struct ss_spool *spool, bool arrived)
{
    struct ss_buf line;
    struct ss_spool_at at = {0}, where;
    struct ss_spooled m;
    ss_buf_init(&line, 1 << 20);
    if (ss_spool_next(spool, &at, &where, &line, &m) > 0)
        (void)!(arrived ? ss_spool_sent(spool, where, m.seq)
                        : ss_spool_dead(spool, where, &m, "no \"use\"", 3));
    ss_buf_free(&line);
}

static void test_life(void)
{
    fresh();
    struct ss_spool *spool = reopen(NULL, NULL), *second;
    ok(spool && ss_spool_open(path, NULL, &second) == SS_ECREATE && strstr(ss_err_text(), "in use"),
       "a spool is one process's: %s", ss_err_text());
    ok(add(spool, "a", 1) == 0 && add(spool, "a", 2) == 0 && ss_spool_waiting(spool) == 0,
       "what is added is not there before the commit");
    ok(ss_spool_commit(spool) == 0 && strcmp(waiting(spool), "1 2 ") == 0, "and is there after it");
    ok(add(spool, "a", 1) == 0 && add(spool, "b", 1) == 0 && ss_spool_commit(spool) == 0 &&
           strcmp(waiting(spool), "1 2 1 ") == 0,
       "a message that was there is not added again, another destination's is");
    mark_first(spool, true);
    ok(strcmp(waiting(spool), "2 1 ") == 0, "what has arrived waits no more");
    mark_first(spool, false);
    ok(strcmp(waiting(spool), "1 ") == 0, "nor does what is given up");
    spool = reopen(spool, NULL);
    ok(spool && strcmp(waiting(spool), "1 ") == 0 && ss_spool_waiting(spool) == 1,
       "after reopening the same");
    ok(add(spool, "a", 2) == 0 && ss_spool_commit(spool) == 0 && strcmp(waiting(spool), "1 ") == 0,
       "and what was dealt with is still known");
    ss_spool_close(spool);
    char dead_path[100], text[300] = "";
    snprintf(dead_path, sizeof dead_path, "%s/dead.ndjson", path);
    FILE *f = fopen(dead_path, "r");
    if (f) {
        (void)!fgets(text, sizeof text, f);
        fclose(f);
    }
    ok(strstr(text, "\"why\":\"no \\\"use\\\"\",\"tries\":3,\"body\":{\"n\":2}}\n") != NULL,
       "a dead letter: %s", text);
}

static void append_to_log(const char *bytes)
{
    char log[100];
    snprintf(log, sizeof log, "%s/000000000001.log", path);
    int fd = open(log, O_WRONLY | O_APPEND);
    (void)!write(fd, bytes, strlen(bytes));
    close(fd);
}

static void test_damage(void)
{
    fresh();
    struct ss_spool *spool = reopen(NULL, NULL);
    (void)!(add(spool, "a", 1) || ss_spool_commit(spool));
    ss_spool_close(spool);
    append_to_log("0123456789abcdef {\"seq\":2,\"to\":\"a\",\"id\":\"x\",\"key\":\"k\",\"body\":{}}\n");
    append_to_log("\n\0 garbage\n0123");
    spool = reopen(NULL, NULL);
    ok(spool && ss_spool_waiting(spool) == 1, "damaged lines do not count");
    ok(spool && add(spool, "a", 3) == 0 && ss_spool_commit(spool) == 0 && strcmp(waiting(spool), "1 3 ") == 0,
       "and are skipped: %s", waiting(spool));
    spool = reopen(spool, NULL);
    ok(spool && strcmp(waiting(spool), "1 3 ") == 0, "also after reopening");
    ss_spool_close(spool);
}

static void test_many_logs(void)
{
    const struct ss_spool_options small = {.log_bytes = 300, .keep_bytes = 1000};
    fresh();
    struct ss_spool *spool = reopen(NULL, &small);
    bool good = spool != NULL;
    for (int i = 1; i <= 100 && good; i++) {
        good = add(spool, "a", i) == 0 && ss_spool_commit(spool) == 0;
        if (i > 5)
            mark_first(spool, true);
        if (i % 10 == 0)
            spool = reopen(spool, &small);
        good = good && spool;
    }
    ok(good && strcmp(waiting(spool), "96 97 98 99 100 ") == 0, "messages in many logs: %s", waiting(spool));
    ss_spool_close(spool);
    int logs = 0;
    DIR *d = opendir(path);
    for (struct dirent *e; d && (e = readdir(d));)
        logs += strstr(e->d_name, ".log") != NULL;
    if (d)
        closedir(d);
    ok(logs > 3 && logs < 12, "logs that are done go: %d are left", logs);
}

/* Adds three messages in commits of their own, into logs of their own; how many were promised? */
static int promise(void)
{
    const struct ss_spool_options small = {.log_bytes = 1};
    struct ss_spool *spool = NULL;
    int promised = 0;
    if (ss_spool_open(path, &small, &spool) == 0)
        while (promised < 3 && add(spool, "a", promised + 1) == 0 && ss_spool_commit(spool) == 0)
            promised++;
    ss_spool_close(spool);
    return promised;
}

static bool has_at_least(const char *got, int promised)
{
    static const char *const want[] = {"", "1 ", "1 2 ", "1 2 3 "};
    return strncmp(got, want[promised], strlen(want[promised])) == 0;
}

static void test_power(void)
{
    bool lost = false, broken = false;
    int cuts = 0, promised = 0;
    for (int at = 1; promised < 3; at++, cuts++) {
        fresh();
        last_call = at;
        watching = true;
        promised = promise();
        watching = false;
        each_file(cut_power);
        struct ss_spool *spool = reopen(NULL, NULL);
        broken |= !spool;
        if (spool && !has_at_least(waiting(spool), promised)) {
            printf("# %d promised, power cut at call %d: %s\n", promised, at, waiting(spool));
            lost = true;
        }
        /* Whoever replays the stream adds them all again. */
        for (int i = 1; i <= 3 && spool; i++)
            (void)!add(spool, "a", i);
        lost |= !spool || ss_spool_commit(spool) < 0 || strcmp(waiting(spool), "1 2 3 ") != 0;
        ss_spool_close(spool);
    }
    ok(!lost && !broken && cuts > 9, "after a power cut at any of %d calls all that was promised is there",
       cuts);
}

static void test_faults(void)
{
    bool good = true;
    int at = 1;
    for (bool hit = true; hit; at++) {
        fresh();
        struct ss_spool *spool = reopen(NULL, NULL);
        calls = 0;
        fail_call = at;
        watching = true;
        int first = add(spool, "a", 1) || ss_spool_commit(spool);
        int again = first ? add(spool, "a", 1) || ss_spool_commit(spool) : 0;
        watching = false;
        hit = calls >= at;
        good = good && !again && strcmp(waiting(spool), "1 ") == 0;
        spool = reopen(spool, NULL);
        good = good && spool && strcmp(waiting(spool), "1 ") == 0;
        if (!good)
            printf("# call %d: %s\n", at, spool ? waiting(spool) : ss_err_text());
        ss_spool_close(spool);
    }
    ok(good && at > 4, "a commit that failed at any call is repeated, and leaves one message");
}

int main(void)
{
    ss_log_init("test", SS_LOG_ERROR, false);
    if (!mkdtemp(dir))
        return 1;
    snprintf(path, sizeof path, "%s/spool", dir);
    test_life();
    test_damage();
    test_many_logs();
    test_power();
    test_faults();
    each_file(remove_it);
    rmdir(path);
    rmdir(dir);
    return done();
}
