/* ss-ctl user, ss-ctl key, ss-ctl secret: who may use a server. */
#include "base/err.h"
#include "cmd/ss-ctl/command.h"
#include "cmd/ss-ctl/store.h"
#include "json/write.h"
#include "web/secret.h"
#include <argp.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define SCOPES_MAX 32

enum {
    OPT_NAME = 512,
    OPT_ROLE,
    OPT_DEPARTMENT,
    OPT_ACTIVE,
    OPT_UNLOCK,
    OPT_STDIN,
    OPT_SCOPE,
    OPT_EXPIRES,
    OPT_ALL,
    OPT_JSON
};

static const struct argp_option user_options[] = {
    {"name", OPT_NAME, "TEXT", 0, "add, set: the person's name", 0},
    {"role", OPT_ROLE, "ROLE", 0, "add, set: viewer, analyst or admin", 0},
    {"department", OPT_DEPARTMENT, "TEXT", 0, "add, set: where they work", 0},
    {"active", OPT_ACTIVE, "yes|no", 0, "set: may they sign in?", 0},
    {"unlock", OPT_UNLOCK, 0, 0, "set: end the lock after failed sign-ins", 0},
    {"password-stdin", OPT_STDIN, 0, 0,
     "add, password: read it from standard input; without, one is made and printed", 0},
    {"json", OPT_JSON, 0, 0, "Print what the API answers", 0},
    {0},
};

static const struct argp_option key_options[] = {
    {"scope", OPT_SCOPE, "SCOPE", 0, "add: what it is for, such as cases:read; several times", 0},
    {"role", OPT_ROLE, "ROLE", 0, "add: service (the default), viewer, analyst or admin", 0},
    {"expires", OPT_EXPIRES, "TIME", 0, "add: when it ends by itself", 0},
    {"all", OPT_ALL, 0, 0, "list: with those that were revoked", 0},
    {"json", OPT_JSON, 0, 0, "Print what the API answers", 0},
    {0},
};

struct people_args {
    const char *const *verbs; /* NULL-terminated */
    int verb;
    const char *uri, *who, *name, *role, *department, *active, *expires;
    const char *scope[SCOPES_MAX];
    int scopes;
    bool unlock, from_stdin, all, json;
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct people_args *a = state->input;
    switch (key) {
    case OPT_NAME: a->name = arg; return 0;
    case OPT_ROLE: a->role = arg; return 0;
    case OPT_DEPARTMENT: a->department = arg; return 0;
    case OPT_ACTIVE:
        if (strcmp(arg, "yes") != 0 && strcmp(arg, "no") != 0)
            argp_error(state, "--active takes yes or no, not '%s'", arg);
        a->active = strcmp(arg, "yes") == 0 ? "true" : "false";
        return 0;
    case OPT_UNLOCK: a->unlock = true; return 0;
    case OPT_STDIN: a->from_stdin = true; return 0;
    case OPT_SCOPE:
        if (a->scopes == SCOPES_MAX)
            argp_error(state, "more than %d scopes", SCOPES_MAX);
        a->scope[a->scopes++] = arg;
        return 0;
    case OPT_EXPIRES: a->expires = arg; return 0;
    case OPT_ALL: a->all = true; return 0;
    case OPT_JSON: a->json = true; return 0;
    case ARGP_KEY_ARG:
        if (a->verb < 0) {
            for (int i = 0; a->verbs[i]; i++)
                if (strcmp(arg, a->verbs[i]) == 0)
                    a->verb = i;
            if (a->verb < 0)
                argp_error(state, "there is no '%s'; --help names what there is", arg);
        } else if (!a->uri) {
            a->uri = arg;
        } else if (!a->who) {
            a->who = arg;
        } else {
            argp_error(state, "'%s' is too much", arg);
        }
        return 0;
    case ARGP_KEY_END:
        if (!a->uri || (a->verb > 0 && !a->who))
            argp_error(state, "needs what to do and on what; --help shows how");
        return 0;
    default: return ARGP_ERR_UNKNOWN;
    }
}

/* One line of standard input. */
static int read_password(struct ss_buf *body)
{
    char line[512];
    if (!fgets(line, sizeof line, stdin))
        return ss_fail(SS_EUSAGE, "no password on standard input");
    line[strcspn(line, "\r\n")] = '\0';
    ss_ctl_put(body, "password", line);
    ss_bytes_wipe(line, sizeof line);
    return ss_buf_check(body);
}

int ss_ctl_user_path(struct ss_ctl_store *store, const char *who, struct ss_buf *path)
{
    ss_buf_puts(path, "/api/v1/users");
    if (!strchr(who, '@')) {
        ss_buf_printf(path, "/%s", who);
        return ss_buf_check(path);
    }
    size_t fixed = path->n;
    ss_ctl_put_query(path, "q", who);
    ss_ctl_put_query(path, "limit", "500");
    const struct ss_json_value *root, *items, *email;
    int err = ss_ctl_ask(store, SS_GET, ss_buf_cstr(path), (struct ss_str){NULL, 0});
    if (err >= 0)
        err = ss_ctl_check(store);
    if (!err)
        err = ss_ctl_answer(store, &root);
    if (err)
        return err;
    items = ss_json_get(root, "items");
    for (uint32_t i = 0; items && i < items->n; i++) {
        email = ss_json_get(&items->at[i], "email");
        if (email->text.n == strlen(who) && strncasecmp(email->text.p, who, email->text.n) == 0) {
            struct ss_str id = ss_json_get(&items->at[i], "id")->text;
            path->n = fixed;
            ss_buf_printf(path, "/%.*s", (int)id.n, id.p);
            return ss_buf_check(path);
        }
    }
    return ss_fail(SS_EANSWER, "no user '%s'", who);
}

#define USER_COLUMNS "id email name role department active last_login"

enum { LIST, ADD, SET, PASSWORD, REMOVE };

static int run_user(struct ss_ctl_store *store, const struct people_args *a, struct ss_buf *path,
                    struct ss_buf *body)
{
    static const enum ss_method methods[] = {SS_GET, SS_POST, SS_PATCH, SS_POST, SS_DELETE};
    if (a->verb == LIST)
        return ss_ctl_print(store, "/api/v1/users?limit=500", USER_COLUMNS, a->json);
    int err = 0;
    ss_buf_putc(body, '{');
    if (a->verb == ADD) {
        ss_buf_puts(path, "/api/v1/users");
        ss_ctl_put(body, "email", a->who);
    } else {
        err = ss_ctl_user_path(store, a->who, path);
    }
    if (!err && a->verb == PASSWORD)
        ss_buf_puts(path, "/password");
    if (a->verb == ADD || a->verb == SET) {
        ss_ctl_put(body, "name", a->name ? a->name : a->verb == ADD ? a->who : NULL);
        ss_ctl_put(body, "role", a->role ? a->role : a->verb == ADD ? "viewer" : NULL);
        ss_ctl_put(body, "department", a->department);
    }
    if (a->active && a->verb == SET) {
        ss_json_key(body, "active");
        ss_buf_puts(body, a->active);
    }
    if (a->unlock && a->verb == SET) {
        ss_json_key(body, "locked");
        ss_buf_puts(body, "false");
    }
    if (!err && a->from_stdin && (a->verb == ADD || a->verb == PASSWORD))
        err = read_password(body);
    ss_buf_putc(body, '}');
    if (err)
        return err;
    struct ss_str json = a->verb == REMOVE ? (struct ss_str){NULL, 0} : (struct ss_str){body->p, body->n};
    err = ss_ctl_ask(store, methods[a->verb], ss_buf_cstr(path), json);
    const char *columns = a->verb == PASSWORD                ? "password"
                          : a->verb == ADD && !a->from_stdin ? USER_COLUMNS " password"
                                                             : USER_COLUMNS;
    return err < 0 ? err : ss_ctl_print_answer(store, columns, a->json);
}

static int run_key(struct ss_ctl_store *store, const struct people_args *a, struct ss_buf *path,
                   struct ss_buf *body)
{
    if (a->verb == LIST)
        return ss_ctl_print(store, a->all ? "/api/v1/keys?limit=500&revoked=true" : "/api/v1/keys?limit=500",
                            "id name role created_by created expires used revoked", a->json);
    ss_buf_puts(path, "/api/v1/keys");
    if (a->verb == ADD) {
        ss_buf_putc(body, '{');
        ss_ctl_put(body, "name", a->who);
        ss_ctl_put(body, "role", a->role);
        ss_ctl_put(body, "expires", a->expires);
        ss_json_open(body, "scopes", '[');
        for (int i = 0; i < a->scopes; i++) {
            ss_json_next(body);
            ss_json_put_string(body, ss_str_of(a->scope[i]));
        }
        ss_buf_puts(body, "]}");
    } else {
        ss_buf_printf(path, "/%s", a->who);
    }
    struct ss_str json = {body->p, body->n};
    int err = ss_ctl_ask(store, a->verb == ADD ? SS_POST : SS_DELETE, ss_buf_cstr(path), json);
    return err < 0 ? err : ss_ctl_print_answer(store, "id name role key", a->json);
}

typedef int work(struct ss_ctl_store *store, const struct people_args *a, struct ss_buf *path,
                 struct ss_buf *body);

static int run(const struct people_args *a, work *of_kind)
{
    struct ss_ctl_store store;
    struct ss_buf path, body;
    int err = ss_ctl_open(a->uri, &store);
    if (err)
        return err;
    ss_buf_init(&path, 4096);
    ss_buf_init(&body, 1 << 16);
    err = of_kind(&store, a, &path, &body);
    ss_buf_free(&path);
    ss_buf_free(&body);
    ss_ctl_close(&store);
    return err;
}

static int parse_all(const struct argp *argp, int argc, char **argv, struct people_args *a)
{
    argp_program_version = "ss-ctl " SS_VERSION;
    argp_err_exit_status = 64;
    return argp_parse(argp, argc, argv, 0, NULL, a) == 0 ? 0 : SS_EUSAGE;
}

int ss_ctl_user(int argc, char **argv)
{
    static const char *const verbs[] = {"list", "add", "set", "password", "remove", NULL};
    static char program[] = "ss-ctl user";
    static const struct argp argp = {
        user_options,
        parse,
        "list STORE\nadd STORE EMAIL\nset STORE EMAIL\npassword STORE EMAIL\nremove STORE EMAIL",
        "Looks after the people who may sign in at a server on this store.",
        NULL,
        NULL,
        NULL};
    struct people_args a = {.verbs = verbs, .verb = -1};
    argv[0] = program;
    int err = parse_all(&argp, argc, argv, &a);
    return ss_ctl_end(err ? err : run(&a, run_user));
}

int ss_ctl_key(int argc, char **argv)
{
    static const char *const verbs[] = {"list", "add", "revoke", NULL};
    static char program[] = "ss-ctl key";
    static const struct argp argp = {key_options,
                                     parse,
                                     "list STORE\nadd STORE NAME\nrevoke STORE ID",
                                     "Looks after the API keys of programs.",
                                     NULL,
                                     NULL,
                                     NULL};
    struct people_args a = {.verbs = verbs, .verb = -1};
    argv[0] = program;
    int err = parse_all(&argp, argc, argv, &a);
    return ss_ctl_end(err ? err : run(&a, run_key));
}

int ss_ctl_secret(int argc, char **argv)
{
    static const char *const verbs[] = {"rotate", NULL};
    static char program[] = "ss-ctl secret";
    static const struct argp argp = {NULL,
                                     parse,
                                     "rotate FILE",
                                     "Makes a new secret for a server's tokens; the one before still counts. "
                                     "The server reads it on SIGHUP.",
                                     NULL,
                                     NULL,
                                     NULL};
    struct people_args a = {.verbs = verbs, .verb = -1};
    argv[0] = program;
    int err = parse_all(&argp, argc, argv, &a);
    return ss_ctl_end(err ? err : ss_secret_rotate(a.uri));
}
