/*
 * The API's description, walked as each role: what it says of every endpoint, who may and who may not, is
 * what the server does to somebody who signs in so. And every endpoint, asked for with nothing, with
 * nonsense, and about what there is not, answers something sensible.
 */
#include "base/embedded.h"
#include "json/doc.h"
#include "store/settings.h"
#include "tests/web.h"
#include "web/auth_parts.h"

static struct web_test t;
static char secret_file[] = "/tmp/ss-secret-XXXXXX";

/* ---- callers, each by a real token or key ---- */

enum { NOBODY, VIEWER, ANALYST, ADMIN, SERVICE, KEYLESS, CALLERS };

static const char *const caller_names[CALLERS] = {"nobody", "viewer",  "analyst",
                                                  "admin",  "service", "a key for something else"};
static char header[CALLERS][1200];

static void must(int err)
{
    if (err) {
        printf("Bail out! %s\n", ss_err_text());
        exit(1);
    }
}

static void make_person(int caller, const char *role)
{
    struct ss_call call;
    char email[64];
    snprintf(email, sizeof email, "%s@example.com", role);
    must(ss_call_init(&call, &t.web));
    call.db = t.db;
    struct ss_user user = {.email = ss_str_of(email), .name = ss_str_of(role), .role = ss_str_of(role)};
    must(ss_db_begin(t.db, true));
    must(ss_user_add(t.db, &user, call.now_us) != 1);
    must(ss_signin(&call, &user, false, "test"));
    must(ss_db_commit(t.db));
    struct ss_str token = ss_cursor_member((struct ss_str){call.res.body.p, call.res.body.n}, "access_token");
    snprintf(header[caller], sizeof *header, "Bearer %.*s", (int)token.n - 2, token.p + 1);
    ss_call_free(&call);
}

/* All scopes that anything asks for, or one that is asked for by one thing. */
static void make_key(int caller, const char *role, bool all)
{
    struct ss_buf body;
    const struct ss_route *r;
    ss_buf_init(&body, 1 << 16);
    ss_buf_printf(&body, "{\"name\":\"k%d\",\"role\":\"%s\",\"scopes\":[\"me\"", caller, role);
    for (size_t i = 0; all && (r = ss_route_at(i)); i++)
        if (r->scope && !memmem(body.p, body.n, r->scope, strlen(r->scope)))
            ss_buf_printf(&body, ",\"%s\"", r->scope);
    ss_buf_puts(&body, "]}");
    t.authorization = header[ADMIN];
    if (web_ask(&t, "POST", "/api/v1/keys", ss_buf_cstr(&body)) != 201)
        printf("# %.*s\n", (int)t.body.n, t.body.p);
    struct ss_str key = web_at(&t, "key");
    snprintf(header[caller], sizeof *header, "Bearer %.*s", (int)key.n - 2, key.p ? key.p + 1 : "");
    ss_buf_free(&body);
}

/* ---- what the description says ---- */

static const struct ss_json_value *describe(struct ss_arena *arena)
{
    const struct ss_json_value *root = NULL;
    for (const struct ss_embedded *e = ss_embedded_files; e->name; e++)
        if (strcmp(e->name, "web/openapi.json") == 0)
            must(ss_json_parse((const char *)e->bytes, e->len, arena, &root));
    return root;
}

static bool lists(const struct ss_json_value *list, const char *word)
{
    for (uint32_t i = 0; list && i < list->n; i++)
        if (ss_str_is(list->at[i].text, word))
            return true;
    return false;
}

/* Parameters of a path become `id`. */
static const char *path_with(const char *pattern, const char *id)
{
    static char path[512];
    size_t n = 0;
    for (const char *c = pattern; *c && n < sizeof path - 64; c++) {
        if (*c == '{') {
            n += (size_t)snprintf(path + n, sizeof path - n, "%s", id);
            c = strchr(c, '}');
        } else {
            path[n++] = *c;
        }
    }
    path[n] = '\0';
    return path;
}

/* Routed, identified, allowed: what would run. 0, or the status of the refusal. */
static int refusal(int caller, enum ss_method method, const char *path)
{
    struct ss_call call;
    must(ss_call_init(&call, &t.web));
    call.req.method = method;
    call.req.path = ss_str_of(path);
    call.req.authorization = *header[caller] ? ss_str_of(header[caller]) : (struct ss_str){NULL, 0};
    call.db = t.db;
    bool in = ss_route_find(&call) && ss_auth_identify(&call) && ss_route_allow(&call);
    int status = in ? 0 : call.res.status;
    ss_call_free(&call);
    return status;
}

static const struct ss_route *route_of(const char *path, int method)
{
    const struct ss_route *r;
    for (size_t i = 0; (r = ss_route_at(i)); i++)
        if ((int)r->method == method && strcmp(r->path, path) == 0)
            return r;
    return NULL;
}

static void check_operation(const char *path, struct ss_str method_name, const struct ss_json_value *op)
{
    static const char *const roles[] = {"", "viewer", "analyst", "admin", "service", "service"};
    const struct ss_json_value *said = ss_json_get(op, "x-roles"), *scope = ss_json_get(op, "x-scope");
    char upper[16];
    size_t n = 0;
    for (; n < method_name.n && n + 1 < sizeof upper; n++)
        upper[n] = (char)(method_name.p[n] - 32);
    upper[n] = '\0';
    int method = ss_method_of(ss_str_of(upper));
    const struct ss_route *route = route_of(path, method);
    bool good = method >= 0 && said && said->n > 0;
    ok(route && (route->scope && scope ? ss_str_is(scope->text, route->scope)
                                       : !route->scope == (!scope || scope->type == SS_JSON_NULL)),
       "%s %s: keys need the scope that it says", upper, path);
    for (int caller = 0; caller < CALLERS && good; caller++) {
        bool may = lists(said, "anyone");
        if (caller != NOBODY && !may)
            may = lists(said, roles[caller]);
        if (caller == SERVICE && !lists(said, "anyone"))
            may &= scope != NULL;
        if (caller == KEYLESS && !lists(said, "anyone"))
            may &= scope && ss_str_is(scope->text, "me");
        int got = refusal(caller, (enum ss_method)method, path_with(path, "1"));
        if (got == 404) {
            ok(false, "%s %s is there, as it is described", upper, path);
            return;
        }
        int want = may ? 0 : caller == NOBODY ? 401 : 403;
        if (got != want) {
            printf("# %s: %d, not %d\n", caller_names[caller], got, want);
            good = false;
        }
    }
    ok(good, "%s %s: who may is who it says", upper, path);
}

static void test_description(const struct ss_json_value *root)
{
    const struct ss_json_value *paths = ss_json_get(root, "paths"), *id;
    const struct ss_route *r;
    int repeated = 0;
    for (uint32_t i = 0; paths && i < paths->n; i++) {
        char path[256];
        snprintf(path, sizeof path, "%.*s", (int)paths->key[i].n, paths->key[i].p);
        for (uint32_t j = 0; j < paths->at[i].n; j++)
            if (!ss_str_is(paths->at[i].key[j], "parameters"))
                check_operation(path, paths->at[i].key[j], &paths->at[i].at[j]);
    }
    for (size_t i = 0; (r = ss_route_at(i)); i++) {
        char method[16];
        snprintf(method, sizeof method, "%s", ss_method_name(r->method));
        for (char *c = method; *c; c++)
            *c = (char)(*c + 32);
        const struct ss_json_value *op = ss_json_get(ss_json_get(paths, r->path), method);
        id = ss_json_get(op, "operationId");
        ok(id != NULL, "%s %s is described", ss_method_name(r->method), r->path);
        repeated += id && id->text.n == 0;
    }
    ok(repeated == 0, "every endpoint has a name");
}

/* ---- asking for everything ---- */

static bool is_problem(void)
{
    return t.status < 400 || (t.call.res.type && strcmp(t.call.res.type, "application/problem+json") == 0);
}

static void test_nonsense(void)
{
    static const char *const ids[] = {"999999", "nothing",        "..", "%00",
                                      "%ff",    "'%20OR%201=1--", "-1", "9223372036854775808"};
    static const char *const bodies[] = {
        "",
        "{}",
        "[]",
        "null",
        "{",
        "{\"a\":",
        "\"\\ud800\"",
        "{\"id\":{}}",
        "{\"ids\":[1,\"x\",null],\"action\":5,\"text\":7,\"email\":[],\"name\":{}}"};
    const struct ss_route *r;
    t.authorization = header[ADMIN];
    for (size_t i = 0; (r = ss_route_at(i)); i++) {
        if (r->run == SS_RUN_FEED || r->run == SS_RUN_PAYMENT || r->run == SS_RUN_TRY ||
            r->run == SS_RUN_STREAM)
            continue; /* with a server only */
        int wrong = 0, asked = 0;
        for (size_t j = 0; j < SS_COUNT(ids) * SS_COUNT(bodies); j++) {
            const char *id = ids[j % SS_COUNT(ids)], *body = bodies[j / SS_COUNT(ids)];
            if ((!strchr(r->path, '{') && j % SS_COUNT(ids)) || (r->method == SS_GET && j >= SS_COUNT(ids)))
                continue;
            char path[600], address[32];
            snprintf(path, sizeof path, "%s?limit=x&cursor=zz&since=%%zz&sort=%%27", path_with(r->path, id));
            if (j % 2)
                *strchr(path, '?') = '\0';
            snprintf(address, sizeof address, "10.%d.%d.1", (int)i, (int)j % 250); /* tries are counted */
            t.address = address;
            web_ask(&t, ss_method_name(r->method), path, body);
            t.address = NULL;
            asked++;
            bool needs_server = t.status == 503; /* such as what counts requests */
            if ((t.status >= 500 && !needs_server) || !is_problem()) {
                if (wrong++ == 0)
                    printf("# %s %s '%s': %d %.*s\n", ss_method_name(r->method), path, body, t.status,
                           (int)(t.body.n < 300 ? t.body.n : 300), t.body.p);
            }
        }
        ok(wrong == 0, "%s %s takes nonsense calmly (%d times)", ss_method_name(r->method), r->path, asked);
    }
}

int main(void)
{
    struct ss_arena arena;
    ss_arena_init(&arena, (size_t)64 << 20);
    close(mkstemp(secret_file));
    unlink(secret_file);
    web_open(&t, NULL);
    const struct ss_auth_options options = {.secret_file = secret_file};
    must(ss_auth_new(&options, &t.web.auth));
    must(ss_settings_new(&t.web.settings));
    t.identify = true;
    make_person(VIEWER, "viewer");
    make_person(ANALYST, "analyst");
    make_person(ADMIN, "admin");
    make_key(SERVICE, "service", true);
    make_key(KEYLESS, "service", false);
    const struct ss_json_value *root = describe(&arena);
    ok(root != NULL, "there is a description");
    test_description(root);
    test_nonsense();
    ss_auth_free(t.web.auth);
    ss_settings_free(t.web.settings);
    unlink(secret_file);
    web_close(&t);
    ss_arena_free(&arena);
    return done();
}
