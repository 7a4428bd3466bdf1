#include "cmd/ss-serve/pages.h"
#include "cmd/ss-serve/assets.h"
#include "base/err.h"
#include "base/file.h"
#include <stdio.h>

static bool begins(struct ss_str text, const char *with)
{
    size_t n = strlen(with);
    return text.n >= n && memcmp(text.p, with, n) == 0;
}

/* Does Accept-Encoding name it? A refusal (";q=0") of these is not sent by any browser, and then costs a
 * page. */
static bool takes(struct ss_str accepted, const char *encoding)
{
    return accepted.p && memmem(accepted.p, accepted.n, encoding, strlen(encoding)) &&
           !memmem(accepted.p, accepted.n, "q=0,", 4);
}

static void give(struct ss_task *task, const unsigned char *bytes, size_t len)
{
    struct ss_response *res = &task->call.res;
    ss_buf_reset(&res->body);
    ss_buf_put(&res->body, bytes, len);
}

static void give_asset(struct ss_task *task, const struct ss_asset *asset)
{
    struct ss_response *res = &task->call.res;
    struct ss_str known = task->call.req.if_none_match;
    res->type = asset->type;
    res->etag = ss_str_of(asset->etag);
    res->may_cache = true;
    /* A name with its content's hash in it never changes. */
    task->lasting = strchr(asset->name, '-') != NULL;
    if (known.p && memmem(known.p, known.n, asset->etag, strlen(asset->etag))) {
        res->status = 304;
    } else if (takes(task->accept_encoding, "br")) {
        task->encoding = "br";
        give(task, asset->brotli, asset->brotli_len);
    } else if (takes(task->accept_encoding, "gzip")) {
        task->encoding = "gzip";
        give(task, asset->gzip, asset->gzip_len);
    } else {
        give(task, asset->bytes, asset->len);
    }
}

static const char *type_of(const char *name)
{
    static const struct {
        const char *end, *type;
    } types[] = {{".html", "text/html; charset=utf-8"},
                 {".css", "text/css; charset=utf-8"},
                 {".js", "text/javascript; charset=utf-8"},
                 {".svg", "image/svg+xml"}};
    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        size_t n = strlen(name), end = strlen(types[i].end);
        if (n > end && strcmp(name + n - end, types[i].end) == 0)
            return types[i].type;
    }
    return "application/octet-stream";
}

/* `name` has no slash and no dot in front: nothing outside the directory can be meant. */
static bool give_file(struct ss_task *task, const char *dir, const char *name)
{
    char path[4096];
    struct ss_buf bytes;
    snprintf(path, sizeof path, "%s/%s", dir, name);
    ss_buf_init(&bytes, (size_t)16 << 20);
    int err = ss_file_read(path, &bytes);
    if (!err) {
        task->call.res.type = type_of(name);
        give(task, (const unsigned char *)bytes.p, bytes.n);
    }
    ss_buf_free(&bytes);
    return err == 0;
}

static bool give_name(struct ss_task *task, const char *dir, const char *name)
{
    if (dir && *name != '.' && !strchr(name, '/'))
        return give_file(task, dir, name);
    for (const struct ss_asset *a = ss_assets; !dir && a->name; a++)
        if (strcmp(a->name, name) == 0) {
            give_asset(task, a);
            return true;
        }
    return false;
}

static void say_missing(struct ss_task *task)
{
    static const char page[] =
        "<!doctype html><meta charset=\"utf-8\"><title>Sentinel Stream</title><h1>No dashboard in this "
        "build</h1>"
        "<p>npm was missing when ss-serve was built. Install it, run make again, and start the server anew. "
        "The API is there: <a href=\"/api/v1/openapi.json\">/api/v1/openapi.json</a>.</p>";
    task->call.res.status = 503;
    task->call.res.type = "text/html; charset=utf-8";
    give(task, (const unsigned char *)page, sizeof page - 1);
}

/* Paths that are the router's. So are what probes are often pointed at, /healthz or /readyz: a page would
 * tell them that all is well, whatever is. */
static bool is_routed(struct ss_str path)
{
    static const char *const first[] = {"/api/", "/metrics", "/health", "/ready", "/live", "/ws"};
    for (size_t i = 0; i < SS_COUNT(first); i++)
        if (begins(path, first[i]))
            return true;
    return ss_str_is(path, "/api");
}

/* /favicon.ico and /.git/config are asked for as files; /customers/ann@example.com names a customer. */
static bool is_file(struct ss_str path)
{
    const char *slash = path.n > 1 ? memchr(path.p + 1, '/', path.n - 1) : NULL;
    size_t first = slash ? (size_t)(slash - path.p) : path.n;
    return first > 1 && memchr(path.p + 1, '.', first - 1);
}

bool ss_pages_answer(struct ss_task *task, const char *dir)
{
    struct ss_call *call = &task->call;
    struct ss_str path = call->req.path;
    if (call->req.method != SS_GET || is_routed(path))
        return false;
    char name[256] = "index.html";
    if (begins(path, "/ui/"))
        snprintf(name, sizeof name, "%.*s", (int)(path.n - 4), path.p + 4);
    else if (is_file(path))
        return false; /* a file of ours would lie in /ui */
    task->page = true;
    if (give_name(task, dir, name))
        return true;
    task->page = false;
    if (!begins(path, "/ui/") && (dir || !ss_assets[0].name)) {
        task->page = true;
        say_missing(task);
        return true;
    }
    return false;
}
