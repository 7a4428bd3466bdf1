/* ss-ctl state: what lies in a store. It opens the database as it is. */
#include "base/err.h"
#include "base/time.h"
#include "cmd/ss-ctl/command.h"
#include "cmd/ss-ctl/store.h"
#include "store/audit.h"
#include "store/state.h"
#include <argp.h>
#include <inttypes.h>
#include <stdio.h>

enum { OPT_QUICK = 512, OPT_JSON };

struct state_args {
    const char *uri;
    bool quick, json;
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct state_args *a = state->input;
    switch (key) {
    case OPT_QUICK: a->quick = true; return 0;
    case OPT_JSON: a->json = true; return 0;
    case ARGP_KEY_ARG:
        if (a->uri)
            argp_error(state, "'%s' is too much", arg);
        a->uri = arg;
        return 0;
    case ARGP_KEY_END:
        if (!a->uri)
            argp_error(state, "needs a store");
        return 0;
    default: return ARGP_ERR_UNKNOWN;
    }
}

struct health {
    struct ss_store_state state;
    bool current;          /* the schema is this program's */
    int sound;             /* 1, 0; -1: not looked at */
    struct ss_buf fault;   /* why it is not sound */
    struct ss_buf changed; /* what is wrong with the audit log */
    struct ss_audit_report audit;
};

static void note_fault(void *arg, int64_t seq, const char *what)
{
    struct ss_buf *to = arg;
    (void)seq;
    if (to->n < 2000)
        ss_buf_printf(to, "%s%s", to->n ? "; " : "", what);
}

static int examine(struct ss_db *db, bool quick, struct health *h)
{
    int err = ss_db_begin(db, false);
    if (err)
        return err;
    err = ss_store_state_read(db, &h->state);
    h->current = !err && h->state.schema == h->state.wants;
    if (!err && !quick && ss_db_kind(db) == SS_SQLITE) {
        h->sound = ss_store_check(db, &h->fault);
        err = h->sound < 0 ? h->sound : 0;
    }
    if (h->current && !err && !quick)
        err = ss_audit_verify(db, 1, NULL, note_fault, &h->changed, &h->audit);
    ss_db_rollback(db);
    return err;
}

static void print_json(struct health *h, bool quick)
{
    const struct ss_store_state *s = &h->state;
    struct ss_buf out;
    ss_buf_init(&out, 65536);
    ss_buf_putc(&out, '{');
    ss_put_int_of(&out, "schema", s->schema);
    ss_put_int_of(&out, "wants", s->wants);
    ss_put_int_of(&out, "bytes", s->bytes);
    for (int i = 0; h->current && i < SS_STORE_COUNTS; i++)
        ss_put_int_of(&out, s->count[i].table, s->count[i].rows);
    if (h->current) {
        ss_put_int_of(&out, "open_alerts", s->open_alerts);
        ss_put_int_of(&out, "open_cases", s->open_cases);
        ss_put_time_of(&out, "first", s->first_us);
        ss_put_time_of(&out, "newest", s->newest_us);
    }
    if (h->sound >= 0)
        ss_put_bool_of(&out, "sound", h->sound != 0);
    if (h->current && !quick) {
        ss_put_bool_of(&out, "audit_intact", h->audit.faults == 0);
        ss_put_int_of(&out, "audit_lines", h->audit.lines);
        ss_put_text_of(&out, "audit_head", ss_str_of(h->audit.hash));
    }
    ss_buf_putc(&out, '}');
    puts(ss_buf_cstr(&out));
    ss_buf_free(&out);
}

static void print_time(const char *name, int64_t us)
{
    char time[SS_TIME_TEXT];
    size_t n = us ? ss_time_print(us, time) : 0;
    printf("%-10s %.*s\n", name, n ? (int)n : 1, n ? time : "-");
}

static void print_text(struct health *h, bool quick)
{
    const struct ss_store_state *s = &h->state;
    if (h->current)
        printf("%-10s %d\n", "schema", s->schema);
    else
        printf("%-10s %d, not %d: run ss-ctl migrate\n", "schema", s->schema, s->wants);
    printf("%-10s %" PRId64 "\n", "bytes", s->bytes);
    for (int i = 0; h->current && i < SS_STORE_COUNTS; i++) {
        printf("%-10s %" PRId64, s->count[i].table, s->count[i].rows);
        if (i == 1 || i == 2)
            printf(", %" PRId64 " open", i == 1 ? s->open_alerts : s->open_cases);
        putchar('\n');
    }
    if (h->current) {
        print_time("first", s->first_us);
        print_time("newest", s->newest_us);
    }
    if (h->sound >= 0)
        printf("%-10s %s\n", "integrity", h->sound ? "sound" : ss_buf_cstr(&h->fault));
    if (h->current && !quick && h->audit.faults == 0)
        printf("%-10s %" PRId64 " lines intact, head %" PRId64 ":%s\n", "audit", h->audit.lines, h->audit.seq,
               h->audit.hash);
    else if (h->current && !quick)
        printf("%-10s %s\n", "audit", ss_buf_cstr(&h->changed));
}

static int state(const struct state_args *a)
{
    static const struct ss_db_options options = {.must_exist = true, .read_only = true};
    struct health h = {.sound = -1};
    struct ss_db *db;
    int err = ss_db_open(a->uri, &options, &db);
    if (err)
        return err;
    ss_buf_init(&h.fault, 65536);
    ss_buf_init(&h.changed, 65536);
    err = examine(db, a->quick, &h);
    if (!err)
        (a->json ? print_json : print_text)(&h, a->quick);
    if (!err && h.sound == 0)
        err = ss_fail(SS_EANSWER, "'%s' is damaged", ss_db_name(db));
    else if (!err && h.audit.faults)
        err = ss_fail(SS_EANSWER, "the audit log of '%s' was tampered with", ss_db_name(db));
    ss_buf_free(&h.fault);
    ss_buf_free(&h.changed);
    ss_db_close(db);
    return err;
}

int ss_ctl_state(int argc, char **argv)
{
    static const struct argp_option options[] = {
        {"quick", OPT_QUICK, 0, 0, "Do not read all of it to see whether it is sound", 0},
        {"json", OPT_JSON, 0, 0, "Print one line of JSON", 0},
        {0},
    };
    static char program[] = "ss-ctl state";
    static const struct argp argp = {
        options, parse, "STORE", "Says what lies in a store, and whether it is whole.", NULL, NULL, NULL};
    struct state_args a = {0};
    argp_program_version = "ss-ctl " SS_VERSION;
    argp_err_exit_status = 64;
    argv[0] = program;
    return ss_ctl_end(argp_parse(&argp, argc, argv, 0, NULL, &a) == 0 ? state(&a) : SS_EUSAGE);
}
