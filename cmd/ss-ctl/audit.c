#include "store/audit.h"
#include "base/err.h"
#include "cmd/ss-ctl/command.h"
#include "cmd/ss-ctl/store.h"
#include <argp.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

enum verb { HEAD, VERIFY, SHOW, EXPORT, VERBS };

static const char *const verbs[VERBS] = {"head", "verify", "show", "export"};

enum { OPT_FROM = 512, OPT_HEAD, OPT_ACTOR, OPT_SUBJECT, OPT_ACTION, OPT_SINCE, OPT_UNTIL, OPT_JSON };

static const struct argp_option options[] = {
    {"head", OPT_HEAD, "SEQ:HASH", 0, "verify: a head that was kept elsewhere, which must be in the chain",
     0},
    {"from", OPT_FROM, "SEQ", 0, "verify: begin at this line (1)", 0},
    {"actor", OPT_ACTOR, "NAME", 0, "show, export: by this person or key", 0},
    {"subject", OPT_SUBJECT, "NAME", 0, "show, export: about this, such as case:17", 0},
    {"action", OPT_ACTION, "WORD", 0, "show, export: case.assign, or all of case", 0},
    {"since", OPT_SINCE, "TIME", 0, "show, export: from this time on", 0},
    {"until", OPT_UNTIL, "TIME", 0, "show, export: before this time", 0},
    {"json", OPT_JSON, 0, 0, "show: a line of JSON for each line; verify: one", 0},
    {0},
};

struct audit_args {
    int verb;
    const char *uri, *from, *head;
    const char *filter[5];
    bool json;
};

static const char *const filters[] = {"actor", "subject", "action", "since", "until"};

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct audit_args *a = state->input;
    switch (key) {
    case OPT_FROM: a->from = arg; return 0;
    case OPT_HEAD: a->head = arg; return 0;
    case OPT_JSON: a->json = true; return 0;
    case OPT_ACTOR:
    case OPT_SUBJECT:
    case OPT_ACTION:
    case OPT_SINCE:
    case OPT_UNTIL: a->filter[key - OPT_ACTOR] = arg; return 0;
    case ARGP_KEY_ARG:
        if (a->verb >= 0 && a->uri)
            argp_error(state, "'%s' is too much", arg);
        if (a->verb >= 0) {
            a->uri = arg;
            return 0;
        }
        for (int i = 0; i < VERBS; i++)
            if (strcmp(arg, verbs[i]) == 0)
                a->verb = i;
        if (a->verb < 0)
            argp_error(state, "'%s' is none of head, verify, show, export", arg);
        return 0;
    case ARGP_KEY_END:
        if (!a->uri)
            argp_error(state, "needs what to do and a store, such as: verify fraud.db");
        return 0;
    default: return ARGP_ERR_UNKNOWN;
    }
}

static int print_head(struct ss_ctl_store *store, bool json)
{
    char hash[SS_DIGEST_HEX];
    int64_t seq;
    int err = ss_audit_head(store->db, &seq, hash);
    if (!err)
        printf(json ? "{\"seq\":%" PRId64 ",\"hash\":\"%s\"}\n" : "%" PRId64 ":%s\n", seq, hash);
    return err;
}

static int verify(struct ss_ctl_store *store, const struct audit_args *a)
{
    struct ss_buf target;
    ss_buf_init(&target, 4096);
    ss_buf_puts(&target, "/api/v1/audit/verify");
    ss_ctl_put_query(&target, "from", a->from);
    ss_ctl_put_query(&target, "head", a->head);
    const struct ss_json_value *root;
    int err = ss_ctl_ask(store, SS_GET, ss_buf_cstr(&target), (struct ss_str){NULL, 0});
    ss_buf_free(&target);
    if (err >= 0)
        err = ss_ctl_check(store);
    if (!err)
        err = ss_ctl_answer(store, &root);
    if (err)
        return err;
    bool intact = ss_json_get(root, "intact")->type == SS_JSON_TRUE;
    const struct ss_json_value *faults = ss_json_get(root, "faults");
    if (a->json) {
        err = ss_ctl_print_answer(store, "", true);
    } else {
        for (uint32_t i = 0; i < faults->n; i++) {
            struct ss_str what = ss_json_get(&faults->at[i], "detail")->text;
            printf("%.*s\n", (int)what.n, what.p);
        }
        if (intact) {
            struct ss_str lines = ss_json_get(root, "lines")->text, seq = ss_json_get(root, "seq")->text,
                          hash = ss_json_get(root, "hash")->text;
            printf("%.*s lines intact, head %.*s:%.*s\n", (int)lines.n, lines.p, (int)seq.n, seq.p,
                   (int)hash.n, hash.p);
        }
    }
    return err ? err : intact ? 0 : ss_fail(SS_EANSWER, "the audit log of '%s' was tampered with", a->uri);
}

/* All of it, in pieces as large as the server gives them. */
static int export_all(struct ss_ctl_store *store, struct ss_buf *target)
{
    int64_t last = 0;
    size_t fixed = target->n;
    for (;;) {
        char after[32];
        const char *seq;
        target->n = fixed;
        snprintf(after, sizeof after, "%" PRId64, last);
        ss_ctl_put_query(target, "after", after);
        int err = ss_ctl_ask(store, SS_GET, ss_buf_cstr(target), (struct ss_str){NULL, 0});
        if (err >= 0)
            err = ss_ctl_check(store);
        const struct ss_buf *body = &store->call.res.body;
        if (err || body->n == 0)
            return err;
        if (fwrite(body->p, 1, body->n, stdout) != body->n)
            return 0; /* said at the end */
        size_t start = body->n - 1;
        while (start > 0 && body->p[start - 1] != '\n')
            start--;
        seq = body->p + start + sizeof "{\"seq\":" - 1;
        last = strtoll(seq, NULL, 10);
    }
}

static int run(const struct audit_args *a)
{
    struct ss_ctl_store store;
    struct ss_buf target;
    int err = ss_ctl_open_to_read(a->uri, &store);
    if (err)
        return err;
    ss_buf_init(&target, 4096);
    ss_buf_puts(&target, a->verb == EXPORT ? "/api/v1/audit/export" : "/api/v1/audit");
    for (size_t i = 0; i < SS_COUNT(filters); i++)
        ss_ctl_put_query(&target, filters[i], a->filter[i]);
    switch (a->verb) {
    case HEAD: err = print_head(&store, a->json); break;
    case VERIFY: err = verify(&store, a); break;
    case EXPORT: err = export_all(&store, &target); break;
    default:
        ss_ctl_put_query(&target, "sort", "seq");
        ss_ctl_put_query(&target, "limit", "500");
        err = ss_ctl_print(&store, ss_buf_cstr(&target), "seq time actor action subject", a->json);
    }
    ss_buf_free(&target);
    ss_ctl_close(&store);
    return err;
}

int ss_ctl_audit(int argc, char **argv)
{
    static char program[] = "ss-ctl audit";
    static const struct argp argp = {options,
                                     parse,
                                     "head STORE\nverify STORE\nshow STORE\nexport STORE",
                                     "Reads and checks the audit log of a store.",
                                     NULL,
                                     NULL,
                                     NULL};
    struct audit_args a = {.verb = -1};
    argp_program_version = "ss-ctl " SS_VERSION;
    argp_err_exit_status = 64;
    argv[0] = program;
    return ss_ctl_end(argp_parse(&argp, argc, argv, 0, NULL, &a) == 0 ? run(&a) : SS_EUSAGE);
}
