/*
 * Handlers tried without a socket, over a real store: a temporary SQLite file, or the PostgreSQL that
 * `uri` names (an empty one: databases.h). Each call runs as the server runs it: routed,
 * allowed, and changes inside a transaction that is committed unless the answer is an error.
 */
#ifndef TESTS_WEB_H
#define TESTS_WEB_H

#include "base/err.h"
#include "json/cursor.h"
#include "store/migrate.h"
#include "tests/tap.h"
#include "web/after.h"
#include "web/auth.h"
#include "web/stream.h"
#include "web/web.h"
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

struct web_test {
    struct ss_web web;
    struct ss_db *db;
    char path[64];
    /* The next calls come from: */
    struct ss_actor who;
    const char *if_match, *idempotency_key, *type;
    /* With `identify` it is the headers that say who asks, not `who`. */
    bool identify, secure;
    const char *authorization, *cookie, *origin, *address, *accept;
    /* The last answer, valid until the next call. */
    struct ss_call call;
    bool used;
    int status;
    struct ss_str body;
};

static int64_t web_test_now = 1767225600000000; /* 2026-01-01; tests move it */

__attribute__((unused)) static int64_t web_now_us(void)
{
    return web_test_now;
}

__attribute__((unused)) static void web_open(struct web_test *t, const char *uri)
{
    static const struct ss_db_options quick = {.durability = SS_RELAXED};
    memset(t, 0, sizeof *t);
    snprintf(t->path, sizeof t->path, "/tmp/ss-web-XXXXXX");
    if (!uri) {
        int fd = mkstemp(t->path);
        close(fd);
        unlink(t->path);
    }
    if (ss_db_open(uri ? uri : t->path, &quick, &t->db) || ss_migrate(t->db, NULL, NULL)) {
        printf("Bail out! %s\n", ss_err_text());
        exit(1);
    }
    t->web.now_us = web_now_us;
    t->web.started_us = web_test_now;
    t->web.version = "test";
    t->type = "application/json";
    t->who =
        (struct ss_actor){.role = SS_ADMIN, .user_id = 1, .name = "admin@example.com", .session = "test"};
}

__attribute__((unused)) static void web_close(struct web_test *t)
{
    char side[80];
    if (t->used)
        ss_call_free(&t->call);
    ss_db_close(t->db);
    for (int i = 0; i < 3; i++) {
        snprintf(side, sizeof side, "%s%s", t->path, i == 0 ? "" : i == 1 ? "-wal" : "-shm");
        unlink(side);
    }
}

__attribute__((unused)) static void web_as(struct web_test *t, enum ss_role role, int64_t user_id,
                                           const char *name)
{
    memset(&t->who, 0, sizeof t->who);
    t->who.role = role;
    t->who.user_id = user_id;
    snprintf(t->who.name, sizeof t->who.name, "%s", name);
}

/* One part of a call, as the thread that it belongs to runs it. */
__attribute__((unused)) static void web_run(struct web_test *t, enum ss_run run)
{
    struct ss_call *call = &t->call;
    if (run == SS_RUN_STREAM && t->web.stream && t->web.stream->up) {
        (void)ss_stream_calls(t->web.stream, &call, 1);
        return;
    }
    bool writes = run == SS_RUN_WRITE || run == SS_RUN_PAYMENT;
    if (writes && ss_db_begin(t->db, true))
        exit(1);
    ss_route_run(call);
    bool keeps = writes && (call->res.status < 400 || call->keep);
    if (keeps && ss_db_commit(t->db))
        exit(1);
    if (writes)
        ss_db_rollback(t->db);
    if (keeps && call->after)
        ss_after_commit(&t->web, t->db, call->after);
}

/* Asks with the body (NULL: none); `target` may have a query. Returns the status. */
__attribute__((unused)) static int web_ask(struct web_test *t, const char *method, const char *target,
                                           const char *body)
{
    struct ss_call *call = &t->call;
    if (t->used)
        ss_call_free(call);
    t->used = true;
    if (ss_call_init(call, &t->web))
        exit(1);
    const char *query = strchr(target, '?');
    call->req.method = (enum ss_method)ss_method_of(ss_str_of(method));
    call->req.path = query ? (struct ss_str){target, (size_t)(query - target)} : ss_str_of(target);
    call->req.query = query ? ss_str_of(query + 1) : (struct ss_str){NULL, 0};
    call->req.body = body ? ss_str_of(body) : (struct ss_str){NULL, 0};
    call->req.type = ss_str_of(t->type);
    call->req.host = SS_STR("localhost");
    if (t->if_match)
        call->req.if_match = ss_str_of(t->if_match);
    if (t->idempotency_key)
        call->req.idempotency_key = ss_str_of(t->idempotency_key);
    snprintf(call->req.address, sizeof call->req.address, "%s", t->address ? t->address : "127.0.0.1");
    if (t->authorization)
        call->req.authorization = ss_str_of(t->authorization);
    if (t->cookie)
        call->req.cookie = ss_str_of(t->cookie);
    if (t->accept)
        call->req.accept = ss_str_of(t->accept);
    if (t->origin)
        call->req.origin = ss_str_of(t->origin);
    call->req.secure = t->secure;
    call->who = t->who;
    call->db = t->db;
    if (ss_route_find(call) && (!t->identify || ss_auth_identify(call)) && ss_route_allow(call)) {
        enum ss_run run = call->route->run;
        do {
            web_run(t, run);
            run = call->then_run;
        } while (call->then);
    }
    t->status = call->res.status;
    t->body = (struct ss_str){call->res.body.p ? call->res.body.p : "", call->res.body.n};
    return t->status;
}

/* Asks, and checks the status: one TAP line. Prints the answer when it is another. */
__attribute__((unused)) static bool web_is(struct web_test *t, const char *method, const char *target,
                                           const char *body, int status, const char *what)
{
    web_ask(t, method, target, body);
    if (ok(t->status == status, "%s (%s %s: %d)", what, method, target, status))
        return true;
    printf("# got %d: %.*s\n", t->status, (int)(t->body.n < 600 ? t->body.n : 600), t->body.p);
    return false;
}

/* A member of the answer's object by a path such as "items.0.status": its JSON text, p == NULL when absent.
 */
__attribute__((unused)) static struct ss_str web_at(struct web_test *t, const char *path)
{
    struct ss_str value = t->body;
    while (*path && value.p) {
        char key[64];
        size_t n = strcspn(path, ".");
        snprintf(key, sizeof key, "%.*s", (int)n, path);
        path += n + (path[n] == '.');
        if (value.n && value.p[0] == '[') {
            struct ss_cursor c = {value.p, value.p + value.n};
            long i = strtol(key, NULL, 10);
            bool there = ss_cursor_take(&c, '[') && ss_cursor_peek(&c) != ']';
            while (there && ss_cursor_value(&c, &value) && i-- > 0)
                there = ss_cursor_take(&c, ',');
            if (!there)
                value.p = NULL;
        } else {
            value = ss_cursor_member(value, key);
        }
    }
    return value;
}

/* One TAP line: the member is this JSON text. */
__attribute__((unused)) static bool web_has(struct web_test *t, const char *path, const char *json,
                                            const char *what)
{
    struct ss_str got = web_at(t, path);
    bool same = got.p && ss_str_is(got, json);
    if (!ok(same, "%s", what))
        printf("# %s is %.*s, wanted %s\n", path, got.p ? (int)got.n : 6, got.p ? got.p : "absent", json);
    return same;
}

#endif
