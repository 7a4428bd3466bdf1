#include "web/auth_parts.h"
#include <inttypes.h>
#include <stdio.h>

/*
 * Over TLS a cookie's name says what the browser must hold it to (RFC 6265bis): __Host- means this host
 * alone, all of it, and Secure; the refresh token goes to fewer paths, which only __Secure- allows.
 */
struct place {
    const char *name, *prefix, *path, *same_site;
};

static const struct place places[] = {
    {"ss_access", "__Host-", "/", "Strict"},
    {"ss_refresh", "__Secure-", "/api/v1/auth", "Strict"},
    {"ss_oidc", "__Host-", "/", "Lax"},
};

static const struct place *place_of(const char *name)
{
    size_t i = 0;
    while (i + 1 < SS_COUNT(places) && strcmp(name, places[i].name) != 0)
        i++;
    return &places[i];
}

struct ss_str ss_cookie_get(const struct ss_call *call, const char *name)
{
    char wanted[64];
    snprintf(wanted, sizeof wanted, "%s%s", call->req.secure ? place_of(name)->prefix : "", name);
    size_t n = strlen(wanted);
    struct ss_str rest = call->req.cookie;
    while (rest.n) {
        const char *end = memchr(rest.p, ';', rest.n);
        struct ss_str pair = {rest.p, end ? (size_t)(end - rest.p) : rest.n};
        rest = end ? (struct ss_str){end + 1, rest.n - pair.n - 1} : (struct ss_str){NULL, 0};
        pair = ss_str_trim(pair);
        if (pair.n > n && memcmp(pair.p, wanted, n) == 0 && pair.p[n] == '=')
            return (struct ss_str){pair.p + n + 1, pair.n - n - 1};
    }
    return (struct ss_str){NULL, 0};
}

void ss_cookie_set(struct ss_call *call, const char *name, struct ss_str value, int64_t age_s)
{
    const struct place *place = place_of(name);
    bool secure = call->req.secure;
    if (call->res.cookies == SS_COOKIES_MAX)
        return;
    call->res.cookie[call->res.cookies++] =
        ss_call_format(call, "%s%s=%.*s; Path=%s; Max-Age=%" PRId64 "; HttpOnly; SameSite=%s%s",
                       secure ? place->prefix : "", name, (int)value.n, value.p ? value.p : "", place->path,
                       age_s, place->same_site, secure ? "; Secure" : "");
}
