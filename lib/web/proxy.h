/*
 * Whose address a request comes from when proxies stand in front. A proxy that is trusted adds the address it
 * was asked from to the right of X-Forwarded-For; so the client is the right-most address there that is no
 * trusted proxy's. What stands further left is anybody's claim. From anyone else the header means nothing.
 */
#ifndef SS_WEB_PROXY_H
#define SS_WEB_PROXY_H

#include "base/attr.h"
#include "base/str.h"
#include <stdbool.h>
#include <stddef.h>

#define SS_PROXIES_MAX  64
#define SS_PROXY_CLIENT 48 /* bytes of an address's text */

struct ss_proxies {
    struct {
        unsigned char net[16]; /* IPv4 as ::ffff:a.b.c.d */
        int bits;
    } of[SS_PROXIES_MAX];
    int n;
    bool local; /* those that come over the unix socket, too */
};

/* "10.0.0.0/8", "2001:db8::/32", one address, or "unix". SS_EUSAGE. */
int ss_proxies_add(struct ss_proxies *proxies, const char *cidr) SS_MUST_CHECK;
/* Is that peer one of them? */
bool ss_proxies_trust(const struct ss_proxies *proxies, const char *address);
/* `address` is the peer's, and becomes the client's. forwarded.p == NULL: the header is absent. */
void ss_proxies_client(const struct ss_proxies *proxies, struct ss_str forwarded,
                       char address[SS_PROXY_CLIENT]);

#endif
