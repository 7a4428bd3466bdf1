#include "cmd/ss-serve/gate.h"
#include "cmd/ss-serve/pages.h"
#include "cmd/ss-serve/writer.h"
#include "cmd/ss-serve/readers.h"
#include "cmd/ss-serve/streamer.h"
#include "base/clock.h"
#include "base/log.h"
#include "web/auth.h"
#include <stdio.h>

/* The methods that the path has: "GET, HEAD, POST, OPTIONS"; NULL when there is no such path. */
static const char *methods_of(struct ss_task *task)
{
    struct ss_call *call = &task->call;
    enum ss_method asked = call->req.method;
    char list[64] = "";
    for (int m = 0; m < SS_METHODS; m++) {
        call->req.method = (enum ss_method)m;
        if (ss_route_find(call))
            snprintf(list + strlen(list), sizeof list - strlen(list), "%s%s, ",
                     ss_method_name((enum ss_method)m), m == SS_GET ? ", HEAD" : "");
    }
    call->req.method = asked;
    call->route = NULL;
    return *list ? ss_call_format(call, "%sOPTIONS", list).p : NULL;
}

static bool find(struct ss_task *task)
{
    struct ss_call *call = &task->call;
    if (task->options) {
        task->allow = methods_of(task);
        if (task->allow)
            ss_answer_none(call);
        else
            (void)ss_route_find(call);
        return false;
    }
    if (ss_route_find(call))
        return true;
    if (call->res.status == 405) {
        task->allow = methods_of(task);
        (void)ss_route_find(call);
    }
    return false;
}

bool ss_gate_enter(struct ss_gate *gate, struct ss_task *task, size_t *body_max)
{
    struct ss_call *call = &task->call;
    if (!task->options && ss_pages_answer(task, gate->ui))
        return false;
    if (!find(task))
        return false;
    if (gate->stopping) {
        call->res.retry_after_s = 1;
        task->close = true;
        ss_problem(call, 503, "stopping", "the server is going down");
        return false;
    }
    call->db = gate->db;
    if (!ss_auth_identify(call) || !ss_route_allow(call))
        return false;
    *body_max = call->route->body_max ? call->route->body_max : SS_BODY_DEFAULT;
    return true;
}

static bool put(struct ss_gate *gate, struct ss_task *task, enum ss_run run)
{
    switch (run) {
    case SS_RUN_SLOW:
    case SS_RUN_LONG: return ss_readers_put(gate->readers, task);
    case SS_RUN_WRITE:
    case SS_RUN_PAYMENT:
    case SS_RUN_TRY: return ss_writer_put(gate->writer, task);
    case SS_RUN_STREAM: return ss_streamer_put(gate->streamer, task);
    default: return false;
    }
}

static void refuse(struct ss_task *task)
{
    task->call.then = NULL;
    task->call.res.retry_after_s = 1;
    ss_problem(&task->call, 503, "busy", "more is asked than can be done at once; try again");
}

static enum ss_run run_of(const struct ss_call *call)
{
    return call->then ? call->then_run : call->route->run;
}

/* What needs no other thread: also what the stream cannot have now, which is said at once. */
static bool is_here(struct ss_gate *gate, enum ss_run run)
{
    return run == SS_RUN_QUICK || run == SS_RUN_FEED ||
           (run == SS_RUN_STREAM && !ss_streamer_up(gate->streamer));
}

bool ss_gate_go(struct ss_gate *gate, struct ss_task *task)
{
    struct ss_call *call = &task->call;
    while (is_here(gate, run_of(call))) {
        call->db = gate->db;
        ss_route_run(call);
        if (!call->then)
            return true;
    }
    if (put(gate, task, run_of(call)))
        return false;
    refuse(task);
    return true;
}

void ss_gate_pass(struct ss_gate *gate, struct ss_task *task)
{
    struct ss_call *call = &task->call;
    if (call->then && call->then_run != SS_RUN_QUICK && call->then_run != SS_RUN_FEED) {
        if (put(gate, task, call->then_run))
            return;
        refuse(task);
    }
    gate->done(gate->arg, task);
}
