#include "base/err.h"
#include "cmd/ss-ctl/command.h"
#include "cmd/ss-ctl/store.h"
#include <argp.h>
#include <stdio.h>
#include <strings.h>
#include <unistd.h>

struct api_args {
    const char *uri, *method, *target, *body;
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct api_args *a = state->input;
    const char **const operand[] = {&a->uri, &a->method, &a->target, &a->body};
    switch (key) {
    case ARGP_KEY_ARG:
        if (state->arg_num >= SS_COUNT(operand))
            argp_error(state, "'%s' is too much", arg);
        *operand[state->arg_num] = arg;
        return 0;
    case ARGP_KEY_END:
        if (!a->target)
            argp_error(state, "needs a store, a method and a path, such as: fraud.db GET /api/v1/cases");
        return 0;
    default: return ARGP_ERR_UNKNOWN;
    }
}

/* The JSON given, or, for "-", what standard input holds. */
static int read_body(const char *text, struct ss_buf *to)
{
    char *room;
    ssize_t n;
    if (!text || strcmp(text, "-") != 0) {
        ss_buf_puts(to, text ? text : "");
        return ss_buf_check(to);
    }
    while ((room = ss_buf_room(to, 65536)) != NULL) {
        n = read(STDIN_FILENO, room, 65536);
        if (n < 0)
            return ss_fail_errno(SS_EIO, "cannot read standard input");
        if (n == 0)
            break;
        to->n += (size_t)n;
    }
    return ss_buf_check(to);
}

static int run(const struct api_args *a)
{
    struct ss_ctl_store store;
    struct ss_buf body;
    int method = ss_method_of(ss_str_of(a->method));
    if (method < 0)
        return ss_fail(SS_EUSAGE, "'%s' is none of GET, POST, PUT, PATCH, DELETE", a->method);
    int err = ss_ctl_open(a->uri, &store);
    if (err)
        return err;
    ss_buf_init(&body, (size_t)16 << 20);
    err = read_body(a->body, &body);
    if (!err)
        err = ss_ctl_ask(&store, (enum ss_method)method, a->target, (struct ss_str){body.p, body.n});
    if (err >= 0)
        err = ss_ctl_print_answer(&store, "", true);
    ss_buf_free(&body);
    ss_ctl_close(&store);
    return err;
}

int ss_ctl_api(int argc, char **argv)
{
    static char program[] = "ss-ctl api";
    static const struct argp argp = {
        NULL,
        parse,
        "STORE METHOD PATH [JSON]",
        "Asks the server's API without a server, as an administrator: any path that needs no pipeline.\v"
        "JSON is the body, or - for standard input.",
        NULL,
        NULL,
        NULL};
    struct api_args a = {0};
    argp_program_version = "ss-ctl " SS_VERSION;
    argp_err_exit_status = 64;
    argv[0] = program;
    return ss_ctl_end(argp_parse(&argp, argc, argv, 0, NULL, &a) == 0 ? run(&a) : SS_EUSAGE);
}
