#include "cmd/ss-ctl/store.h"
#include "base/clock.h"
#include "base/err.h"
#include "cli/run.h"
#include "json/cursor.h"
#include "store/migrate.h"
#include "store/settings.h"
#include "web/after.h"
#include "web/percent.h"
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define COLUMNS_MAX 12
#define TARGET_MAX  4096

static int open_store(const char *uri, bool read_only, struct ss_ctl_store *store)
{
    const struct ss_db_options options = {.must_exist = true, .read_only = read_only};
    memset(store, 0, sizeof *store);
    store->web.now_us = ss_clock_wall_us;
    store->web.started_us = ss_clock_wall_us();
    store->web.version = SS_VERSION;
    int err = ss_store_open(uri, &options, &store->db);
    if (!err)
        err = ss_settings_new(&store->web.settings);
    if (!err)
        err = ss_settings_refresh(store->web.settings, store->db);
    if (err)
        ss_ctl_close(store);
    return err;
}

int ss_ctl_open(const char *uri, struct ss_ctl_store *store)
{
    return open_store(uri, false, store);
}

int ss_ctl_open_to_read(const char *uri, struct ss_ctl_store *store)
{
    return open_store(uri, true, store);
}

void ss_ctl_close(struct ss_ctl_store *store)
{
    if (store->used)
        ss_call_free(&store->call);
    ss_settings_free(store->web.settings);
    ss_db_close(store->db);
    memset(store, 0, sizeof *store);
}

static void as_administrator(struct ss_actor *who)
{
    const struct passwd *user = getpwuid(getuid());
    *who = (struct ss_actor){.role = SS_ADMIN};
    snprintf(who->name, sizeof who->name, "ss-ctl:%s", user ? user->pw_name : "?");
}

/* One part of the call, in a transaction where it writes. */
static int run_part(struct ss_ctl_store *store, enum ss_run run)
{
    struct ss_call *call = &store->call;
    bool writes = run == SS_RUN_WRITE;
    int err = writes ? ss_db_begin(store->db, true) : 0;
    if (err)
        return err;
    ss_route_run(call);
    bool keeps = writes && (call->res.status < 400 || call->keep);
    if (keeps)
        err = ss_db_commit(store->db);
    else if (writes)
        ss_db_rollback(store->db);
    if (keeps && !err && call->after)
        ss_after_commit(&store->web, store->db, call->after);
    return err;
}

/* People sign in at a server; what needs its pipeline or its listeners is there, too. */
static bool is_for_servers(const struct ss_route *route)
{
    return strncmp(route->path, "/api/v1/auth/", 13) == 0 || route->run == SS_RUN_PAYMENT ||
           route->run == SS_RUN_TRY || route->run == SS_RUN_FEED;
}

int ss_ctl_ask(struct ss_ctl_store *store, enum ss_method method, const char *target, struct ss_str body)
{
    struct ss_call *call = &store->call;
    if (store->used)
        ss_call_free(call);
    store->used = true;
    int err = ss_call_init(call, &store->web);
    if (err)
        return err;
    struct ss_str copy = ss_call_copy(call, ss_str_of(target));
    const char *query = memchr(copy.p, '?', copy.n);
    call->req.method = method;
    call->req.path = query ? (struct ss_str){copy.p, (size_t)(query - copy.p)} : copy;
    if (query)
        call->req.query = (struct ss_str){query + 1, copy.n - call->req.path.n - 1};
    call->req.body = body;
    call->req.type = SS_STR("application/json");
    call->db = store->db;
    as_administrator(&call->who);
    if (!ss_route_find(call))
        return call->res.status;
    if (is_for_servers(call->route))
        return ss_fail(SS_EUSAGE, "'%s' needs a server", call->route->path);
    if (!ss_route_allow(call))
        return call->res.status;
    enum ss_run run = call->route->run;
    do {
        err = run_part(store, run);
        run = call->then_run;
    } while (call->then && !err);
    return err ? err : call->res.status;
}

int ss_ctl_answer(struct ss_ctl_store *store, const struct ss_json_value **root)
{
    const struct ss_buf *body = &store->call.res.body;
    return ss_json_parse(body->n ? body->p : "{}", body->n ? body->n : 2, &store->call.arena, root);
}

static struct ss_str text_of(const struct ss_json_value *object, const char *key)
{
    const struct ss_json_value *v = ss_json_get(object, key);
    return v && v->type == SS_JSON_STRING ? v->text : (struct ss_str){"", 0};
}

int ss_ctl_check(struct ss_ctl_store *store)
{
    const struct ss_json_value *root;
    int status = store->call.res.status;
    if (status < 400)
        return 0;
    enum ss_err kind = status == 503                                     ? SS_EAWAY
                       : status >= 500                                   ? SS_EBUG
                       : status == 400 || status == 415 || status == 422 ? SS_EUSAGE
                                                                         : SS_EANSWER;
    int err = ss_ctl_answer(store, &root);
    if (err)
        return err;
    const struct ss_json_value *errors = ss_json_get(root, "errors");
    if (errors && errors->type == SS_JSON_ARRAY && errors->n) {
        struct ss_str name = text_of(&errors->at[0], "name"), detail = text_of(&errors->at[0], "detail");
        return ss_fail(kind, "'%.*s' %.*s", (int)name.n, name.p, (int)detail.n, detail.p);
    }
    struct ss_str detail = text_of(root, "detail");
    return ss_fail(kind, "%.*s", (int)detail.n, detail.p);
}

/* ---- printing ---- */

struct table {
    const char *name[COLUMNS_MAX];
    size_t len[COLUMNS_MAX], width[COLUMNS_MAX];
    int n;
};

static void read_columns(const char *columns, struct table *t)
{
    for (t->n = 0; *columns && t->n < COLUMNS_MAX; t->n++) {
        size_t n = strcspn(columns, " ");
        t->name[t->n] = columns;
        t->len[t->n] = t->width[t->n] = n;
        columns += n + (columns[n] == ' ');
    }
}

/* As many columns of a terminal as there are characters, most of the time. */
static size_t width_of(struct ss_str text)
{
    size_t n = 0;
    for (size_t i = 0; i < text.n; i++)
        n += (text.p[i] & 0xc0) != 0x80;
    return n;
}

/* The member that a path such as "sla.state" leads to; NULL: there is none. */
static const struct ss_json_value *member_of(const struct ss_json_value *item, struct ss_str path)
{
    while (path.n && item) {
        const char *dot = memchr(path.p, '.', path.n);
        struct ss_str key = {path.p, dot ? (size_t)(dot - path.p) : path.n};
        const struct ss_json_value *v = NULL;
        for (uint32_t i = 0; item->type == SS_JSON_OBJECT && i < item->n && !v; i++)
            if (ss_str_eq(item->key[i], key))
                v = &item->at[i];
        item = v;
        path = dot ? (struct ss_str){dot + 1, path.n - key.n - 1} : (struct ss_str){NULL, 0};
    }
    return item;
}

static struct ss_str text_of_value(const struct ss_json_value *v)
{
    if (!v || v->type == SS_JSON_NULL)
        return SS_STR("-");
    switch (v->type) {
    case SS_JSON_TRUE: return SS_STR("yes");
    case SS_JSON_FALSE: return SS_STR("no");
    case SS_JSON_STRING:
    case SS_JSON_NUMBER: return v->text;
    default: return SS_STR("...");
    }
}

/* Control characters of somebody's text do not reach a terminal. */
static void put_cell(struct ss_str text, size_t width)
{
    for (size_t i = 0; i < text.n; i++)
        putchar((unsigned char)text.p[i] < ' ' || text.p[i] == 0x7f ? '?' : text.p[i]);
    for (size_t i = width_of(text); i < width; i++)
        putchar(' ');
}

static struct ss_str cell_of(const struct ss_json_value *item, const struct table *t, int column)
{
    return text_of_value(member_of(item, (struct ss_str){t->name[column], t->len[column]}));
}

static void print_table(const struct ss_json_value *items, uint32_t n, const char *columns, bool head)
{
    struct table t;
    read_columns(columns, &t);
    for (uint32_t i = 0; i < n; i++)
        for (int c = 0; c < t.n; c++) {
            size_t width = width_of(cell_of(&items[i], &t, c));
            t.width[c] = width > t.width[c] ? width : t.width[c];
        }
    for (int c = 0; head && n && c < t.n; c++) {
        put_cell((struct ss_str){t.name[c], t.len[c]}, c + 1 < t.n ? t.width[c] + 2 : 0);
        if (c + 1 == t.n)
            putchar('\n');
    }
    for (uint32_t i = 0; i < n; i++) {
        for (int c = 0; c < t.n; c++)
            put_cell(cell_of(&items[i], &t, c), c + 1 < t.n ? t.width[c] + 2 : 0);
        putchar('\n');
    }
}

/* Each member on a line; those of an object by its name and their own. */
static void print_members(const struct ss_json_value *object, struct ss_str of)
{
    for (uint32_t i = 0; i < object->n; i++) {
        const struct ss_json_value *v = &object->at[i];
        struct ss_str key = object->key[i];
        if (v->type == SS_JSON_OBJECT && !of.n) {
            print_members(v, key);
            continue;
        }
        size_t n = (of.n ? of.n + 1 : 0) + key.n;
        printf("%.*s%s", (int)of.n, of.n ? of.p : "", of.n ? "." : "");
        put_cell(key, 0);
        printf("%*s", n < 22 ? (int)(22 - n) : 1, "");
        if (v->type == SS_JSON_ARRAY)
            printf("%u", (unsigned)v->n);
        else
            put_cell(text_of_value(v), 0);
        putchar('\n');
    }
}

/* Each item of the answer's list as a line, as it came. */
static void print_lines(const struct ss_buf *body)
{
    struct ss_str items = ss_cursor_member((struct ss_str){body->p, body->n}, "items"), item;
    struct ss_cursor c = {items.p, items.p + items.n};
    if (!ss_cursor_take(&c, '['))
        return;
    while (ss_cursor_peek(&c) != ']' && ss_cursor_value(&c, &item)) {
        fwrite(item.p, 1, item.n, stdout);
        putchar('\n');
        if (!ss_cursor_take(&c, ','))
            return;
    }
}

int ss_ctl_print_answer(struct ss_ctl_store *store, const char *columns, bool json)
{
    const struct ss_buf *body = &store->call.res.body;
    const struct ss_json_value *root;
    int err = ss_ctl_check(store);
    if (err)
        return err;
    if (json || strcmp(store->call.res.type, "application/json") != 0) {
        fwrite(body->p ? body->p : "", 1, body->n, stdout);
        if (body->n && body->p[body->n - 1] != '\n')
            putchar('\n');
        return 0;
    }
    err = ss_ctl_answer(store, &root);
    const struct ss_json_value *items = !err && body->n ? ss_json_get(root, "items") : NULL;
    if (items && items->type == SS_JSON_ARRAY && columns)
        print_table(items->at, items->n, columns, true);
    else if (!err && body->n && columns)
        print_table(root, 1, columns, true);
    else if (!err && body->n && root->type == SS_JSON_OBJECT)
        print_members(root, (struct ss_str){NULL, 0});
    return err;
}

static void next_target(const char *target, struct ss_str cursor, char *to)
{
    snprintf(to, TARGET_MAX, "%s%ccursor=%.*s", target, strchr(target, '?') ? '&' : '?', (int)cursor.n,
             cursor.p);
}

int ss_ctl_print(struct ss_ctl_store *store, const char *target, const char *columns, bool json)
{
    char page[TARGET_MAX];
    bool first = true;
    snprintf(page, sizeof page, "%s", target);
    for (;; first = false) {
        const struct ss_json_value *root;
        int err = ss_ctl_ask(store, SS_GET, page, (struct ss_str){NULL, 0});
        if (err >= 0)
            err = ss_ctl_check(store);
        if (!err)
            err = ss_ctl_answer(store, &root);
        if (err)
            return err;
        const struct ss_json_value *items = ss_json_get(root, "items");
        if (!items || items->type != SS_JSON_ARRAY)
            return ss_ctl_print_answer(store, columns, json);
        if (json)
            print_lines(&store->call.res.body);
        else
            print_table(items->at, items->n, columns, first);
        struct ss_str next = text_of(root, "next");
        if (!next.n)
            return 0;
        next_target(target, next, page);
    }
}

int ss_ctl_end(int err)
{
    if ((fflush(stdout) != 0 || ferror(stdout)) && err >= 0)
        err = ss_fail_errno(SS_EIO, "cannot write standard output");
    return err < 0 ? ss_cli_fail(err) : err;
}

void ss_ctl_put(struct ss_buf *to, const char *key, const char *text)
{
    if (text)
        ss_put_text_of(to, key, ss_str_of(text));
}

void ss_ctl_put_query(struct ss_buf *to, const char *key, const char *text)
{
    if (text)
        ss_percent_put_query(to, key, ss_str_of(text));
}
