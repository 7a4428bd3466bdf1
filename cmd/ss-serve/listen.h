/* A listening socket: TCP or unix. */
#ifndef SS_SERVE_LISTEN_H
#define SS_SERVE_LISTEN_H

#include "base/attr.h"
#include <stddef.h>

struct ss_listen {
    int fd;         /* -1: closed */
    char name[160]; /* "127.0.0.1:8080", with the port that 0 became; "unix:/run/ss.sock" */
    char path[112]; /* of a unix socket: removed at the end */
};

/* "HOST:PORT", "[::1]:PORT", ":PORT" (all addresses) or "unix:PATH". SS_EUSAGE, SS_ECREATE. */
int ss_listen_open(const char *address, struct ss_listen *listen) SS_MUST_CHECK;
void ss_listen_close(struct ss_listen *listen);
/* The next connection, not blocking, and whose it is ("unix" for a unix socket's). -1 when there is none. */
int ss_listen_accept(const struct ss_listen *listen, char *peer, size_t peer_size);

#endif
