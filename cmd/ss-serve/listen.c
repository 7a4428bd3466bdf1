#include "cmd/ss-serve/listen.h"
#include "base/err.h"
#include <errno.h>
#include <netdb.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define BACKLOG 4096

static int fail(struct ss_listen *listen, const char *what, const char *address)
{
    int err = ss_fail_errno(SS_ECREATE, "cannot %s '%s'", what, address);
    if (listen->fd >= 0)
        close(listen->fd);
    listen->fd = -1;
    return err;
}

/* A socket file that nobody answers at is a dead server's: it may be replaced. */
static int open_unix(const char *path, struct ss_listen *listen)
{
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    if (strlen(path) >= sizeof at.sun_path || !*path)
        return ss_fail(SS_EUSAGE, "a unix socket's path has 1 to %zu bytes", sizeof at.sun_path - 1);
    memcpy(at.sun_path, path, strlen(path));
    listen->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (listen->fd < 0)
        return fail(listen, "listen at", path);
    if (bind(listen->fd, (struct sockaddr *)&at, sizeof at) != 0) {
        struct stat st;
        int probe = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        bool dead = errno == EADDRINUSE && lstat(path, &st) == 0 && S_ISSOCK(st.st_mode) && probe >= 0 &&
                    connect(probe, (struct sockaddr *)&at, sizeof at) != 0 && errno == ECONNREFUSED;
        if (probe >= 0)
            close(probe);
        errno = EADDRINUSE;
        if (!dead || unlink(path) != 0 || bind(listen->fd, (struct sockaddr *)&at, sizeof at) != 0)
            return fail(listen, "listen at", path);
    }
    snprintf(listen->path, sizeof listen->path, "%s", path);
    snprintf(listen->name, sizeof listen->name, "unix:%s", path);
    return 0;
}

static void name_tcp(struct ss_listen *listen)
{
    struct sockaddr_storage at;
    socklen_t n = sizeof at;
    char host[64], port[16];
    if (getsockname(listen->fd, (struct sockaddr *)&at, &n) == 0 &&
        getnameinfo((struct sockaddr *)&at, n, host, sizeof host, port, sizeof port,
                    NI_NUMERICHOST | NI_NUMERICSERV) == 0)
        snprintf(listen->name, sizeof listen->name, at.ss_family == AF_INET6 ? "[%s]:%s" : "%s:%s", host,
                 port);
}

static int open_tcp(const char *address, struct ss_listen *listen)
{
    char host[256];
    const char *colon = strrchr(address, ':');
    size_t n = colon ? (size_t)(colon - address) : 0;
    if (!colon || !colon[1] || n >= sizeof host)
        return ss_fail(SS_EUSAGE, "'%s' is no address: HOST:PORT or unix:PATH", address);
    memcpy(host, address, n);
    host[n] = 0;
    char *name = host;
    if (n > 1 && host[0] == '[' && host[n - 1] == ']') {
        host[n - 1] = 0;
        name++;
    }
    struct addrinfo want = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE}, *found = NULL;
    int code = getaddrinfo(*name ? name : NULL, colon + 1, &want, &found);
    if (code)
        return ss_fail(SS_EUSAGE, "cannot look up '%s': %s", address, gai_strerror(code));
    int one = 1;
    listen->fd = socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (listen->fd >= 0)
        setsockopt(listen->fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    bool bound = listen->fd >= 0 && bind(listen->fd, found->ai_addr, found->ai_addrlen) == 0;
    int error = errno;
    freeaddrinfo(found);
    errno = error;
    if (!bound)
        return fail(listen, "listen at", address);
    name_tcp(listen);
    return 0;
}

int ss_listen_open(const char *address, struct ss_listen *to)
{
    *to = (struct ss_listen){.fd = -1};
    int err = strncmp(address, "unix:", 5) == 0 ? open_unix(address + 5, to) : open_tcp(address, to);
    if (!err && listen(to->fd, BACKLOG) != 0)
        err = fail(to, "listen at", address);
    return err;
}

void ss_listen_close(struct ss_listen *listen)
{
    if (listen->fd >= 0)
        close(listen->fd);
    listen->fd = -1;
    if (*listen->path)
        unlink(listen->path);
    *listen->path = 0;
}

int ss_listen_accept(const struct ss_listen *listen, char *peer, size_t peer_size)
{
    struct sockaddr_storage at;
    socklen_t n = sizeof at;
    int fd = accept4(listen->fd, (struct sockaddr *)&at, &n, SOCK_NONBLOCK | SOCK_CLOEXEC), one = 1;
    if (fd < 0)
        return -1;
    if (at.ss_family == AF_UNIX ||
        getnameinfo((struct sockaddr *)&at, n, peer, (socklen_t)peer_size, NULL, 0, NI_NUMERICHOST) != 0)
        snprintf(peer, peer_size, "unix");
    else
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    return fd;
}
