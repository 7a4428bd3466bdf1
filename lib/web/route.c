#include "base/err.h"
#include "base/hash.h"
#include "base/log.h"
#include "web/fields.h"
#include "web/percent.h"
#include "web/replay.h"
#include "web/routes.h"
#include "web/web.h"
#include <pthread.h>
#include <stdio.h>

const struct ss_route *ss_route_at(size_t i)
{
    for (const struct ss_route *const *table = ss_route_tables; *table; table++)
        for (const struct ss_route *r = *table; r->path; r++)
            if (i-- == 0)
                return r;
    return NULL;
}

/* Cuts the next piece off a path, "/a/b" -> "a", "/b". False at the end. */
static bool piece_of(struct ss_str *path, struct ss_str *piece)
{
    if (path->n == 0 || path->p[0] != '/')
        return false;
    const char *from = path->p + 1, *end = path->p + path->n;
    const char *slash = memchr(from, '/', (size_t)(end - from));
    *piece = (struct ss_str){from, (size_t)((slash ? slash : end) - from)};
    *path = (struct ss_str){from + piece->n, (size_t)(end - from) - piece->n};
    return true;
}

static bool matches(const struct ss_route *route, struct ss_str path, struct ss_str *raw)
{
    struct ss_str pattern = ss_str_of(route->path), want, got;
    int n = 0;
    while (piece_of(&pattern, &want)) {
        if (!piece_of(&path, &got))
            return false;
        if (want.p[0] == '{') {
            if (got.n == 0)
                return false;
            raw[n++] = got;
        } else if (!ss_str_eq(want, got)) {
            return false;
        }
    }
    return path.n == 0;
}

/* All routes in a row, each with the bytes before its first parameter: most are told apart by these. */
#define ROUTES_MAX 1024
static struct {
    const struct ss_route *route;
    size_t fixed;
} all[ROUTES_MAX];
static size_t n_all;
static pthread_once_t listed = PTHREAD_ONCE_INIT;

static void list_all(void)
{
    for (const struct ss_route *const *table = ss_route_tables; *table; table++)
        for (const struct ss_route *r = *table; r->path && n_all < ROUTES_MAX; r++) {
            all[n_all].route = r;
            all[n_all++].fixed = strcspn(r->path, "{");
        }
}

bool ss_route_find(struct ss_call *call)
{
    struct ss_str raw[SS_PARAMS_MAX];
    const struct ss_route *best = NULL;
    size_t fixed = 0; /* bytes of `best` before its first parameter */
    int allowed = 0;
    pthread_once(&listed, list_all);
    for (size_t i = 0; i < n_all; i++) {
        const struct ss_route *r = all[i].route;
        if (call->req.path.n < all[i].fixed || memcmp(call->req.path.p, r->path, all[i].fixed) != 0 ||
            !matches(r, call->req.path, raw))
            continue;
        allowed |= 1 << r->method;
        /* A word beats a parameter: /cases/stats before /cases/{id}. */
        if (r->method == call->req.method && (!best || all[i].fixed > fixed)) {
            best = r;
            fixed = all[i].fixed;
        }
    }
    if (!best && !allowed) {
        ss_problem(call, 404, "not_found", "there is nothing here; see /api/v1/openapi.json");
        return false;
    }
    if (!best) {
        char list[64] = "";
        for (int m = 0; m < SS_METHODS; m++)
            if (allowed & 1 << m)
                snprintf(list + strlen(list), sizeof list - strlen(list), "%s%s", *list ? ", " : "",
                         ss_method_name(m));
        ss_problem(call, 405, "method_not_allowed", "allowed: %s", list);
        return false;
    }
    call->route = best;
    matches(best, call->req.path, raw);
    int n = 0;
    for (const char *c = best->path; (c = strchr(c, '{')); c++, n++) {
        call->param[n] = ss_percent_decode(raw[n], false, &call->arena);
        if (!call->param[n].p) {
            ss_problem(call, 400, "bad_path", "the path is no valid percent-encoded UTF-8");
            return false;
        }
    }
    return true;
}

/* "a b c" has the word b. */
static bool has_word(struct ss_str words, const char *word)
{
    size_t n = strlen(word);
    for (size_t i = 0; i + n <= words.n; i++)
        if (memcmp(words.p + i, word, n) == 0 && (i == 0 || words.p[i - 1] == ' ') &&
            (i + n == words.n || words.p[i + n] == ' '))
            return true;
    return false;
}

/* The Origin header's host is the one that was asked: the page that sent this came from us. */
bool ss_route_same_origin(const struct ss_request *req)
{
    static const char *const schemes[] = {"http://", "https://"};
    for (int i = req->secure; i < 2; i++) { /* a page without TLS is not trusted by one with it */
        size_t n = strlen(schemes[i]);
        if (req->origin.n > n && memcmp(req->origin.p, schemes[i], n) == 0)
            return ss_str_eq((struct ss_str){req->origin.p + n, req->origin.n - n}, req->host);
    }
    return false;
}

bool ss_route_allow(struct ss_call *call)
{
    const struct ss_route *route = call->route;
    /* A live feed is a GET that another site's page can open, too, and then read. */
    bool changes = route->method != SS_GET || (route->run == SS_RUN_FEED && call->req.origin.p);
    if (call->who.by_cookie && changes && !ss_route_same_origin(&call->req)) {
        ss_problem(call, 403, "origin", "the request comes from another site");
        return false;
    }
    if (route->roles == SS_ANYONE)
        return true;
    if (call->who.role == SS_NOBODY) {
        ss_problem(call, 401, "sign_in", "sign in, or send an API key");
        return false;
    }
    if (!(route->roles & (int)call->who.role)) {
        ss_problem(call, 403, "role", "a %s may not do this", ss_role_name(call->who.role));
        return false;
    }
    if (call->who.scopes.p && (!route->scope || !has_word(call->who.scopes, route->scope))) {
        ss_problem(call, 403, "scope", "this key lacks the scope '%s'",
                   route->scope ? route->scope : "a person");
        return false;
    }
    return true;
}

/* A version of what is read without one of its own: the hash of its bytes. */
static void revalidate(struct ss_call *call)
{
    if (!call->res.etag.p && call->res.may_cache)
        call->res.etag = ss_call_format(call, "W/\"%016llx\"",
                                        (unsigned long long)ss_hash64(call->res.body.p, call->res.body.n));
    if (call->res.etag.p && call->req.if_none_match.p && ss_str_eq(call->res.etag, call->req.if_none_match)) {
        call->res.status = 304;
        ss_buf_reset(&call->res.body);
    }
}

void ss_route_run(struct ss_call *call)
{
    int (*handle)(struct ss_call *) = call->then ? call->then : call->route->handle;
    enum ss_run run = call->then ? call->then_run : call->route->run;
    call->then = NULL;
    int err = ss_replay_find(call);
    if (err > 0)
        return;
    if (!err)
        err = handle(call);
    if (!err && call->then)
        return;
    call->then = NULL;
    if (!err)
        err = ss_buf_check(&call->res.body);
    if (!err && call->req.method == SS_GET && call->res.status == 200)
        err = ss_fields_apply(call);
    if (!err && run == SS_RUN_WRITE)
        err = ss_replay_keep(call);
    if (err) {
        ss_warn("%s %s: %s", ss_method_name(call->route->method), call->route->path, ss_err_text());
        if (err == SS_EAWAY) {
            call->res.retry_after_s = 1;
            ss_problem(call, 503, "away", "the store cannot be reached just now");
        } else {
            ss_problem(call, 500, "internal", "this should not have happened; the log says more");
        }
    } else if (call->req.method == SS_GET && call->res.status == 200) {
        revalidate(call);
    }
}
