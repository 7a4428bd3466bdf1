/*
 * A disk for a test, put before a program by LD_PRELOAD: syncs of an SQLite log wait while the file that
 * SLOW_DISK names is there, and fail while that of BROKEN_DISK is.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

int fdatasync(int fd)
{
    const char *slow = getenv("SLOW_DISK"), *broken = getenv("BROKEN_DISK");
    char path[64], name[512] = "";
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    ssize_t n = readlink(path, name, sizeof name - 1);
    if (n > 4 && strcmp(name + n - 4, "-wal") == 0) {
        while (slow && access(slow, F_OK) == 0)
            nanosleep(&(struct timespec){0, 2000000}, NULL);
        if (broken && access(broken, F_OK) == 0) {
            errno = EIO;
            return -1;
        }
    }
    return (int)syscall(SYS_fdatasync, fd);
}
