#include "base/err.h"
#include "web/web.h"

/* What one call may take: the largest body is evidence's (10 MiB), and a page of 500 records. */
#define CALL_MEMORY   ((size_t)64 << 20)
#define ANSWER_MEMORY ((size_t)64 << 20)
#define FAULTS_MEMORY ((size_t)64 << 10)

int ss_call_init(struct ss_call *call, struct ss_web *web)
{
    memset(call, 0, sizeof *call);
    call->web = web;
    ss_arena_init(&call->arena, CALL_MEMORY);
    ss_buf_init(&call->res.body, ANSWER_MEMORY);
    ss_buf_init(&call->faults, FAULTS_MEMORY);
    call->res.status = 200;
    call->res.type = "application/json";
    call->now_us = web->now_us();
    return 0;
}

void ss_call_free(struct ss_call *call)
{
    ss_buf_free(&call->res.body);
    ss_buf_free(&call->faults);
    ss_arena_free(&call->arena);
}

static const char *const methods[SS_METHODS] = {"GET", "POST", "PUT", "PATCH", "DELETE"};

const char *ss_method_name(enum ss_method method)
{
    return methods[method];
}

int ss_method_of(struct ss_str name)
{
    if (ss_str_is(name, "HEAD"))
        return SS_GET;
    for (int i = 0; i < SS_METHODS; i++)
        if (ss_str_is(name, methods[i]))
            return i;
    return -1;
}

static const struct {
    enum ss_role role;
    const char *name;
} roles[] = {{SS_VIEWER, "viewer"}, {SS_ANALYST, "analyst"}, {SS_ADMIN, "admin"}, {SS_SERVICE, "service"}};

const char *ss_role_name(enum ss_role role)
{
    for (size_t i = 0; i < sizeof roles / sizeof *roles; i++)
        if (roles[i].role == role)
            return roles[i].name;
    return "nobody";
}

int ss_role_of(struct ss_str name)
{
    for (size_t i = 0; i < sizeof roles / sizeof *roles; i++)
        if (ss_str_is(name, roles[i].name))
            return (int)roles[i].role;
    return -1;
}
