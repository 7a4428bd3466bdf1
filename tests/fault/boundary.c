/*
 * Loaded in front of libc (LD_PRELOAD), ends the whole process group by SIGKILL at a chosen call, and keeps
 * what was written below one directory from reaching the disk until it is synced, as a power cut would.
 *
 *   SS_FAULT=CALL:N    the Nth call of write, fsync, rename (below the directory) or sendmsg (to a broker),
 * in the process and its children together, does not happen: the end comes before it SS_FAULT_DIR=DIR   where
 * files are watched SS_FAULT_COUNT=F   at the end, how often each was called goes into this file: "write 12
 * fsync 3 ..." SS_FAULT_LOSE=1    fsync lies: what it should save is lost
 */
#include <dlfcn.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

enum { WRITE, FSYNC, RENAME, SENDMSG, CALLS };
static const char *const names[CALLS] = {"write", "fsync", "rename", "sendmsg"};

#define FILES 1024
static struct dirty {
    char *bytes;
    size_t n;
} dirty[FILES];

static _Atomic long *count; /* shared with children */
static int at_call = -1;
static long at_number;
static const char *dir;
static int lies;

static void *real(const char *name)
{
    return dlsym(RTLD_NEXT, name);
}

__attribute__((constructor)) static void begin(void)
{
    const char *fault = getenv("SS_FAULT");
    dir = getenv("SS_FAULT_DIR");
    lies = getenv("SS_FAULT_LOSE") != NULL;
    count = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    for (int i = 0; fault && i < CALLS; i++)
        if (strncmp(fault, names[i], strlen(names[i])) == 0 && fault[strlen(names[i])] == ':') {
            at_call = i;
            at_number = strtol(fault + strlen(names[i]) + 1, NULL, 10);
        }
}

__attribute__((destructor)) static void end(void)
{
    const char *path = getenv("SS_FAULT_COUNT");
    FILE *f = path ? fopen(path, "w") : NULL;
    for (int i = 0; f && i < CALLS; i++)
        fprintf(f, "%s %ld\n", names[i], count[i]);
    if (f)
        fclose(f);
}

static void reach(int call)
{
    long n = atomic_fetch_add(&count[call], 1) + 1;
    if (call == at_call && n == at_number) {
        kill(0, SIGKILL);
        for (;;)
            pause();
    }
}

/* A regular file below the directory. */
static int is_watched(int fd)
{
    char link[64], path[4096];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t n = dir && fd >= 0 && fd < FILES ? readlink(link, path, sizeof path - 1) : -1;
    return n > (ssize_t)strlen(dir) && strncmp(path, dir, strlen(dir)) == 0 && path[strlen(dir)] == '/';
}

ssize_t write(int fd, const void *bytes, size_t n)
{
    ssize_t (*next)(int, const void *, size_t) = (ssize_t(*)(int, const void *, size_t))real("write");
    if (!is_watched(fd))
        return next(fd, bytes, n);
    reach(WRITE);
    struct dirty *d = &dirty[fd];
    char *grown = realloc(d->bytes, d->n + n);
    if (!grown)
        return -1;
    memcpy(grown + d->n, bytes, n);
    d->bytes = grown;
    d->n += n;
    return (ssize_t)n;
}

int fsync(int fd)
{
    ssize_t (*put)(int, const void *, size_t) = (ssize_t(*)(int, const void *, size_t))real("write");
    if (!is_watched(fd))
        return 0; /* a directory, or nobody's business */
    reach(FSYNC);
    struct dirty *d = &dirty[fd];
    for (size_t done = 0; done < d->n && !lies;) {
        ssize_t n = put(fd, d->bytes + done, d->n - done);
        if (n < 0)
            return -1;
        done += (size_t)n;
    }
    free(d->bytes);
    *d = (struct dirty){.n = 0};
    return 0;
}

int close(int fd)
{
    int (*next)(int) = (int (*)(int))real("close");
    if (fd >= 0 && fd < FILES && dirty[fd].bytes) { /* never synced: lost */
        free(dirty[fd].bytes);
        dirty[fd] = (struct dirty){.n = 0};
    }
    return next(fd);
}

int rename(const char *from, const char *to)
{
    int (*next)(const char *, const char *) = (int (*)(const char *, const char *))real("rename");
    if (dir && strncmp(to, dir, strlen(dir)) == 0)
        reach(RENAME);
    return next(from, to);
}

ssize_t sendmsg(int fd, const struct msghdr *msg, int flags)
{
    ssize_t (*next)(int, const struct msghdr *, int) =
        (ssize_t(*)(int, const struct msghdr *, int))real("sendmsg");
    reach(SENDMSG);
    return next(fd, msg, flags);
}
