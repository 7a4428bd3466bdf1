/* ss-ctl case, alert, label, setting: thin words over the API's own. */
#include "base/err.h"
#include "cmd/ss-ctl/command.h"
#include "cmd/ss-ctl/store.h"
#include "json/write.h"
#include "store/settings.h"
#include "web/percent.h"
#include <argp.h>
#include <stdio.h>
#include <string.h>

#define FILTERS      12
#define OPERANDS_MAX 3

/* Options that become members of the query or the body, by the API's own names. */
enum {
    OPT_STATUS = 512,
    OPT_PRIORITY,
    OPT_LEVEL,
    OPT_SLA,
    OPT_TAB,
    OPT_USER,
    OPT_SINCE,
    OPT_UNTIL,
    OPT_SEARCH,
    OPT_NOTE,
    OPT_RECOVERED,
    OPT_SOURCE,
    OPT_JSON
};

static const char *const names[FILTERS] = {
    "status", "priority", "level", "sla",  "tab",       "user_id",
    "since",  "until",    "q",     "note", "recovered", "source",
};

struct words {
    const struct verb *verbs, *verb;
    const char *uri, *operand[OPERANDS_MAX];
    int operands;
    const char *option[FILTERS];
    bool json;
};

/* A family's word: what it needs behind the store, and what it does. */
struct verb {
    const char *name;
    int operands;
    int (*run)(struct ss_ctl_store *store, const struct words *w);
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct words *w = state->input;
    if (key >= OPT_STATUS && key < OPT_JSON) {
        w->option[key - OPT_STATUS] = arg;
        return 0;
    }
    switch (key) {
    case OPT_JSON: w->json = true; return 0;
    case ARGP_KEY_ARG:
        if (!w->verb) {
            for (const struct verb *v = w->verbs; v->name && !w->verb; v++)
                w->verb = strcmp(arg, v->name) == 0 ? v : NULL;
            if (!w->verb)
                argp_error(state, "there is no '%s'; --help names what there is", arg);
        } else if (!w->uri) {
            w->uri = arg;
        } else if (w->operands < w->verb->operands) {
            w->operand[w->operands++] = arg;
        } else {
            argp_error(state, "'%s' is too much", arg);
        }
        return 0;
    case ARGP_KEY_END:
        if (!w->uri || w->operands < w->verb->operands)
            argp_error(state, "needs what to do and on what; --help shows how");
        return 0;
    default: return ARGP_ERR_UNKNOWN;
    }
}

/* ---- requests ---- */

static const char *option_of(const struct words *w, int option)
{
    return w->option[option - OPT_STATUS];
}

/* A number or truth as it stands; what is neither as a text, for the API to refuse by name. */
static void put_value(struct ss_buf *to, const char *key, const char *text)
{
    bool plain = strcmp(text, "true") == 0 || strcmp(text, "false") == 0 ||
                 (*text && !text[strspn(text, "0123456789+-.eE")]);
    const struct ss_json_value *root;
    struct ss_arena arena;
    ss_arena_init(&arena, 4096);
    plain = plain && ss_json_parse(text, strlen(text), &arena, &root) == 0;
    ss_arena_free(&arena);
    if (!plain) {
        ss_ctl_put(to, key, text);
        return;
    }
    ss_json_key(to, key);
    ss_buf_puts(to, text);
}

/* A list, chosen by all options given. */
static int print_list(struct ss_ctl_store *store, const struct words *w, const char *path,
                      const char *columns)
{
    struct ss_buf target;
    ss_buf_init(&target, 4096);
    ss_buf_puts(&target, path);
    for (int i = 0; i < FILTERS; i++)
        ss_ctl_put_query(&target, names[i], w->option[i]);
    ss_ctl_put_query(&target, "limit", "500");
    int err = ss_buf_check(&target);
    if (!err)
        err = ss_ctl_print(store, ss_buf_cstr(&target), columns, w->json);
    ss_buf_free(&target);
    return err;
}

/* `head` ID `tail`, with a body or, for a GET, without. */
static int ask(struct ss_ctl_store *store, const struct words *w, enum ss_method method, const char *head,
               const char *tail, const struct ss_buf *body, const char *columns)
{
    struct ss_buf target;
    ss_buf_init(&target, 4096);
    ss_buf_puts(&target, head);
    if (tail) { /* the id as one piece of the path: what else it has is no part of it */
        ss_percent_put(&target, ss_str_of(w->operand[0]));
        ss_buf_puts(&target, tail);
    }
    int err = ss_buf_check(&target);
    if (!err)
        err = ss_ctl_ask(store, method, ss_buf_cstr(&target),
                         body ? (struct ss_str){body->p, body->n} : (struct ss_str){NULL, 0});
    ss_buf_free(&target);
    return err < 0 ? err : ss_ctl_print_answer(store, columns, w->json);
}

/* ---- cases ---- */

#define CASES        "/api/v1/cases"
#define CASE_COLUMNS "id number status priority sla.state assigned_to.name alerts_count amount title"

static int case_list(struct ss_ctl_store *store, const struct words *w)
{
    return print_list(store, w, CASES, CASE_COLUMNS);
}

static int case_show(struct ss_ctl_store *store, const struct words *w)
{
    return ask(store, w, SS_GET, CASES "/", "", NULL, NULL);
}

static int case_assign(struct ss_ctl_store *store, const struct words *w)
{
    struct ss_buf body, path;
    ss_buf_init(&body, 1024);
    ss_buf_init(&path, 1024);
    int err = ss_ctl_user_path(store, w->operand[1], &path);
    if (!err) {
        ss_buf_printf(&body, "{\"user_id\":%s}", strrchr(ss_buf_cstr(&path), '/') + 1);
        err = ask(store, w, SS_POST, CASES "/", "/assign", &body, CASE_COLUMNS);
    }
    ss_buf_free(&body);
    ss_buf_free(&path);
    return err;
}

static int case_resolve(struct ss_ctl_store *store, const struct words *w)
{
    struct ss_buf body;
    ss_buf_init(&body, 1 << 16);
    ss_buf_putc(&body, '{');
    ss_ctl_put(&body, "resolution", w->operand[1]);
    ss_ctl_put(&body, "notes", option_of(w, OPT_NOTE));
    if (option_of(w, OPT_RECOVERED))
        put_value(&body, "recovered", option_of(w, OPT_RECOVERED));
    ss_buf_putc(&body, '}');
    int err = ask(store, w, SS_POST, CASES "/", "/resolve", &body, CASE_COLUMNS " resolution");
    ss_buf_free(&body);
    return err;
}

static int case_status(struct ss_ctl_store *store, const struct words *w)
{
    struct ss_buf body;
    ss_buf_init(&body, 1 << 16);
    ss_buf_putc(&body, '{');
    ss_ctl_put(&body, "status", w->operand[1]);
    ss_ctl_put(&body, "reason", option_of(w, OPT_NOTE));
    ss_buf_putc(&body, '}');
    int err = ask(store, w, SS_POST, CASES "/", "/status", &body, CASE_COLUMNS);
    ss_buf_free(&body);
    return err;
}

static int case_comment(struct ss_ctl_store *store, const struct words *w)
{
    struct ss_buf body;
    ss_buf_init(&body, 1 << 16);
    ss_buf_putc(&body, '{');
    ss_ctl_put(&body, "content", w->operand[1]);
    ss_buf_putc(&body, '}');
    int err = ask(store, w, SS_POST, CASES "/", "/comments", &body, "id content");
    ss_buf_free(&body);
    return err;
}

/* ---- alerts ---- */

#define ALERTS        "/api/v1/alerts"
#define ALERT_COLUMNS "id timestamp level score status user_id amount case.number reason"

static int alert_list(struct ss_ctl_store *store, const struct words *w)
{
    return print_list(store, w, ALERTS, ALERT_COLUMNS);
}

static int alert_status(struct ss_ctl_store *store, const struct words *w)
{
    struct ss_buf body;
    ss_buf_init(&body, 1 << 16);
    ss_buf_putc(&body, '{');
    ss_ctl_put(&body, "status", w->operand[1]);
    ss_ctl_put(&body, "note", option_of(w, OPT_NOTE));
    ss_buf_putc(&body, '}');
    int err = ask(store, w, SS_PATCH, ALERTS "/", "", &body, ALERT_COLUMNS);
    ss_buf_free(&body);
    return err;
}

/* ---- labels ---- */

static int label_show(struct ss_ctl_store *store, const struct words *w)
{
    struct ss_buf target;
    ss_buf_init(&target, 4096);
    ss_buf_puts(&target, "/api/v1/labels");
    ss_ctl_put_query(&target, "txn_id", w->operand[0]);
    int err = ss_ctl_print(store, ss_buf_cstr(&target), "at label source actor note", w->json);
    ss_buf_free(&target);
    return err;
}

static int label_set(struct ss_ctl_store *store, const struct words *w)
{
    static const char *const said[] = {"fraud", "legitimate", "none"};
    static const char *const json[] = {"1", "0", "null"};
    struct ss_buf body;
    size_t i = 0;
    while (i < SS_COUNT(said) && strcmp(w->operand[1], said[i]) != 0)
        i++;
    if (i == SS_COUNT(said))
        return ss_fail(SS_EUSAGE, "'%s' is none of fraud, legitimate, none", w->operand[1]);
    ss_buf_init(&body, 1 << 16);
    ss_buf_puts(&body, "{\"labels\":[{");
    ss_ctl_put(&body, "txn_id", w->operand[0]);
    ss_ctl_put(&body, "note", option_of(w, OPT_NOTE));
    ss_json_key(&body, "label");
    ss_buf_puts(&body, json[i]);
    ss_buf_puts(&body, "}]");
    ss_ctl_put(&body, "source", option_of(w, OPT_SOURCE));
    ss_buf_putc(&body, '}');
    int err = ask(store, w, SS_POST, "/api/v1/labels", NULL, &body, "txn_id known changed");
    ss_buf_free(&body);
    return err;
}

/* ---- settings ---- */

#define SETTINGS        "/api/v1/settings"
#define SETTING_COLUMNS "key value default changed_by about"

static int setting_list(struct ss_ctl_store *store, const struct words *w)
{
    return ss_ctl_print(store, SETTINGS, SETTING_COLUMNS, w->json);
}

/* Texts and words are quoted, the others are JSON as they stand; the API checks them. */
static int setting_set(struct ss_ctl_store *store, const struct words *w)
{
    const struct ss_setting *s = ss_setting_find(ss_str_of(w->operand[0]));
    struct ss_buf body;
    if (!s)
        return ss_fail(SS_EUSAGE, "there is no setting '%s'", w->operand[0]);
    ss_buf_init(&body, 1 << 16);
    ss_buf_putc(&body, '{');
    if (s->type == SS_SETTING_WORD || s->type == SS_SETTING_TEXT)
        ss_ctl_put(&body, s->key, w->operand[1]);
    else
        put_value(&body, s->key, w->operand[1]);
    ss_buf_putc(&body, '}');
    int err = ss_ctl_ask(store, SS_PATCH, SETTINGS, (struct ss_str){body.p, body.n});
    ss_buf_free(&body);
    return err < 0 ? err : ss_ctl_check(store);
}

/* ---- the families ---- */

static int run(const struct argp *argp, const struct verb *verbs, int argc, char **argv)
{
    struct words w = {.verbs = verbs};
    struct ss_ctl_store store;
    argp_program_version = "ss-ctl " SS_VERSION;
    argp_err_exit_status = 64;
    if (argp_parse(argp, argc, argv, 0, NULL, &w) != 0)
        return ss_ctl_end(SS_EUSAGE);
    int err = ss_ctl_open(w.uri, &store);
    if (!err) {
        err = w.verb->run(&store, &w);
        ss_ctl_close(&store);
    }
    return ss_ctl_end(err);
}

#define JSON                                                    \
    {                                                           \
        "json", OPT_JSON, 0, 0, "Print what the API answers", 0 \
    }

int ss_ctl_case(int argc, char **argv)
{
    static const struct verb verbs[] = {
        {"list", 0, case_list},
        {"show", 1, case_show},
        {"assign", 2, case_assign},
        {"resolve", 2, case_resolve},
        {"status", 2, case_status},
        {"comment", 2, case_comment},
        {NULL, 0, NULL},
    };
    static const struct argp_option options[] = {
        {"tab", OPT_TAB, "WORD", 0, "list: a tab of the dashboard, such as unassigned", 0},
        {"status", OPT_STATUS, "STATUS", 0, "list: in this status", 0},
        {"priority", OPT_PRIORITY, "WORD", 0, "list: of this priority", 0},
        {"sla", OPT_SLA, "STATE", 0, "list: on_track, at_risk or breached", 0},
        {"user", OPT_USER, "USER_ID", 0, "list: about this customer", 0},
        {"since", OPT_SINCE, "TIME", 0, "list: made at this time or later", 0},
        {"until", OPT_UNTIL, "TIME", 0, "list: made before this time", 0},
        {"search", OPT_SEARCH, "TEXT", 0, "list: with this in their title or number", 0},
        {"note", OPT_NOTE, "TEXT", 0, "resolve: what was found; status: why", 0},
        {"recovered", OPT_RECOVERED, "AMOUNT", 0, "resolve: what was got back", 0},
        JSON,
        {0},
    };
    static char program[] = "ss-ctl case";
    static const struct argp argp = {options,
                                     parse,
                                     "list STORE\nshow STORE ID\nassign STORE ID EMAIL\nstatus STORE ID "
                                     "STATUS\nresolve STORE ID RESOLUTION\ncomment STORE ID TEXT",
                                     "Works on the cases of a store.",
                                     NULL,
                                     NULL,
                                     NULL};
    argv[0] = program;
    return run(&argp, verbs, argc, argv);
}

int ss_ctl_alert(int argc, char **argv)
{
    static const struct verb verbs[] = {
        {"list", 0, alert_list}, {"status", 2, alert_status}, {NULL, 0, NULL}};
    static const struct argp_option options[] = {
        {"status", OPT_STATUS, "STATUS", 0, "list: in this status", 0},
        {"level", OPT_LEVEL, "LEVEL", 0, "list: of this level", 0},
        {"user", OPT_USER, "USER_ID", 0, "list: about this customer", 0},
        {"since", OPT_SINCE, "TIME", 0, "list: of payments at this time or later", 0},
        {"until", OPT_UNTIL, "TIME", 0, "list: of payments before this time", 0},
        {"note", OPT_NOTE, "TEXT", 0, "status: why", 0},
        JSON,
        {0},
    };
    static char program[] = "ss-ctl alert";
    static const struct argp argp = {
        options, parse, "list STORE\nstatus STORE ID STATUS", "Works on the alerts of a store.", NULL,
        NULL,    NULL};
    argv[0] = program;
    return run(&argp, verbs, argc, argv);
}

int ss_ctl_label(int argc, char **argv)
{
    static const struct verb verbs[] = {{"show", 1, label_show}, {"set", 2, label_set}, {NULL, 0, NULL}};
    static const struct argp_option options[] = {
        {"note", OPT_NOTE, "TEXT", 0, "set: how it is known", 0},
        {"source", OPT_SOURCE, "WORD", 0, "set: who says so, such as chargeback", 0},
        JSON,
        {0},
    };
    static char program[] = "ss-ctl label";
    static const struct argp argp = {options,
                                     parse,
                                     "show STORE TXN_ID\nset STORE TXN_ID fraud|legitimate|none",
                                     "Says what became of a payment.",
                                     NULL,
                                     NULL,
                                     NULL};
    argv[0] = program;
    return run(&argp, verbs, argc, argv);
}

int ss_ctl_setting(int argc, char **argv)
{
    static const struct verb verbs[] = {{"list", 0, setting_list}, {"set", 2, setting_set}, {NULL, 0, NULL}};
    static const struct argp_option options[] = {JSON, {0}};
    static char program[] = "ss-ctl setting";
    static const struct argp argp = {
        options, parse, "list STORE\nset STORE KEY VALUE", "Reads and changes the settings of a store.", NULL,
        NULL,    NULL};
    argv[0] = program;
    return run(&argp, verbs, argc, argv);
}
