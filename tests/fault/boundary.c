/*
 * Loaded in front of libc (LD_PRELOAD), ends the whole process group by SIGKILL at a chosen call, as a power
 * cut would: what was written below one directory and not synced is lost, and what was renamed there since
 * the directory was last synced has its old name again.
 *
 *   SS_FAULT=CALL:N    the Nth call of write, fsync, rename, dirsync (fsync of the directory) or sendmsg (to
 * a broker), in the process and its children together, does not happen: the end comes before it; exit: the
 * end comes behind everything SS_FAULT_DIR=DIR   where files are watched SS_FAULT_COUNT=F   at the end, how
 * often each was called goes into this file: "write 12 fsync 3 ..." SS_FAULT_LIE=CALL  fsync or dirsync: it
 * says that it was done, and was not
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

enum { WRITE, FSYNC, RENAME, DIRSYNC, SENDMSG, EXIT, CALLS };
static const char *const names[CALLS] = {"write", "fsync", "rename", "dirsync", "sendmsg", "exit"};

#define FILES 1024
static struct dirty {
    char *bytes;
    size_t n;
} dirty[FILES];

/* Shared with children. */
#define RENAMES  4096
#define PATH_CAP 512
static struct shared {
    _Atomic long count[CALLS];
    int renames; /* since the directory was last synced; of what was under the new name, a link is kept */
    struct {
        char from[PATH_CAP], to[PATH_CAP];
        int had;
    } renamed[RENAMES];
} * shared;

static int at_call = -1;
static long at_number;
static const char *dir, *lie;

static void *real(const char *name)
{
    return dlsym(RTLD_NEXT, name);
}

__attribute__((constructor)) static void begin(void)
{
    const char *fault = getenv("SS_FAULT");
    dir = getenv("SS_FAULT_DIR");
    lie = getenv("SS_FAULT_LIE") ? getenv("SS_FAULT_LIE") : "";
    shared = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    for (int i = 0; fault && i < CALLS; i++)
        if (strncmp(fault, names[i], strlen(names[i])) == 0 && fault[strlen(names[i])] == ':') {
            at_call = i;
            at_number = strtol(fault + strlen(names[i]) + 1, NULL, 10);
        }
}

static void kept_name(int i, char path[PATH_CAP])
{
    snprintf(path, PATH_CAP, "%s/.kept.%d", dir, i);
}

static int real_rename(const char *from, const char *to)
{
    int (*next)(const char *, const char *) = (int (*)(const char *, const char *))real("rename");
    return next(from, to);
}

static void cut(void)
{
    char kept[PATH_CAP];
    for (int i = shared->renames - 1; i >= 0; i--) {
        kept_name(i, kept);
        real_rename(shared->renamed[i].to, shared->renamed[i].from);
        if (shared->renamed[i].had)
            real_rename(kept, shared->renamed[i].to);
    }
    kill(0, SIGKILL);
    for (;;)
        pause();
}

static void reach(int call)
{
    long n = atomic_fetch_add(&shared->count[call], 1) + 1;
    if (call == at_call && n == at_number)
        cut();
}

__attribute__((destructor)) static void end(void)
{
    const char *path = getenv("SS_FAULT_COUNT");
    FILE *f = path ? fopen(path, "w") : NULL;
    for (int i = 0; f && i < CALLS; i++)
        fprintf(f, "%s %ld\n", names[i], shared->count[i]);
    if (f)
        fclose(f);
    reach(EXIT);
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

static int is_the_directory(int fd)
{
    char link[64], path[4096];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t n = dir && fd >= 0 ? readlink(link, path, sizeof path - 1) : -1;
    return n == (ssize_t)strlen(dir) && strncmp(path, dir, (size_t)n) == 0;
}

static int sync_directory(void)
{
    char kept[PATH_CAP];
    reach(DIRSYNC);
    if (strcmp(lie, "dirsync") == 0)
        return 0;
    for (int i = 0; i < shared->renames; i++) {
        kept_name(i, kept);
        unlink(kept);
    }
    shared->renames = 0;
    return 0;
}

int fsync(int fd)
{
    ssize_t (*put)(int, const void *, size_t) = (ssize_t(*)(int, const void *, size_t))real("write");
    if (dir && is_the_directory(fd))
        return sync_directory();
    if (!is_watched(fd))
        return 0; /* nobody's business */
    reach(FSYNC);
    struct dirty *d = &dirty[fd];
    for (size_t done = 0; done < d->n && strcmp(lie, "fsync") != 0;) {
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
    char kept[PATH_CAP];
    if (!dir || strncmp(to, dir, strlen(dir)) != 0)
        return real_rename(from, to);
    reach(RENAME);
    if (shared->renames < RENAMES && access(from, F_OK) == 0) {
        int i = shared->renames;
        kept_name(i, kept);
        snprintf(shared->renamed[i].from, PATH_CAP, "%s", from);
        snprintf(shared->renamed[i].to, PATH_CAP, "%s", to);
        unlink(kept);
        shared->renamed[i].had = link(to, kept) == 0;
        shared->renames++;
    }
    return real_rename(from, to);
}

ssize_t sendmsg(int fd, const struct msghdr *msg, int flags)
{
    ssize_t (*next)(int, const struct msghdr *, int) =
        (ssize_t(*)(int, const struct msghdr *, int))real("sendmsg");
    reach(SENDMSG);
    return next(fd, msg, flags);
}
