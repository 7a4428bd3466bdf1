#include "base/err.h"
#include "base/file.h"
#include "base/time.h"
#include "cli/run.h"
#include "cmd/ss-ctl/command.h"
#include "json/write.h"
#include "rule/list_edit.h"
#include <argp.h>
#include <stdio.h>
#include <stdlib.h>

enum verb { ADD, REMOVE, SHOW, IMPORT, EXPORT, VERBS };

static const char *const verbs[VERBS] = {"add", "remove", "show", "import", "export"};

enum { OPT_FROM = 512, OPT_UNTIL, OPT_FOR, OPT_AT, OPT_KIND, OPT_JSON };

struct list_args {
    int verb;
    const char *file;
    const char **operand;
    int n;
    enum ss_list_kind kind;
    struct ss_list_entry entry;
    bool has_from, has_until, json;
    int64_t for_us, at_us;
};

static const struct argp_option options[] = {
    {"reason", 'r', "TEXT", 0, "add: why the values are on the list", 0},
    {"from", OPT_FROM, "TIME", 0, "add: counts from this event time on", 0},
    {"until", OPT_UNTIL, "TIME", 0, "add: counts before this event time", 0},
    {"for", OPT_FOR, "DURATION", 0, "add: counts this long, such as 30d, after --from", 0},
    {"at", OPT_AT, "TIME", 0, "show VALUE: at this event time, not at any", 0},
    {"kind", 'k', "KIND", 0, "What an entry means: exact, prefix, cidr or email_domain (exact)", 0},
    {"json", OPT_JSON, 0, 0, "show, export: a line of JSON for each entry", 0},
    {0},
};

static void parse_time(struct argp_state *state, const char *name, const char *arg, int64_t *out)
{
    if (!ss_time_parse(arg, strlen(arg), out))
        argp_error(state, "%s takes a date or time such as 2026-03-01 or 2026-03-01T12:00:00Z, not '%s'",
                   name, arg);
}

static int parse_operand(struct list_args *a, char *arg, struct argp_state *state)
{
    if (a->verb < 0) {
        for (int i = 0; i < VERBS; i++)
            if (strcmp(arg, verbs[i]) == 0)
                a->verb = i;
        if (a->verb < 0)
            argp_error(state, "'%s' is none of add, remove, show, import, export", arg);
    } else if (!a->file) {
        a->file = arg;
    } else {
        a->operand[a->n++] = arg;
    }
    return 0;
}

static void check_args(struct list_args *a, struct argp_state *state)
{
    if (a->verb < 0 || !a->file)
        argp_error(state, "needs what to do and a list file, such as: add bad.csv D0815");
    if ((a->verb == ADD || a->verb == REMOVE || a->verb == IMPORT) && a->n == 0)
        argp_error(state, "%s needs %s", verbs[a->verb], a->verb == IMPORT ? "a file to import" : "a value");
    if (a->for_us && (!a->has_from || a->has_until))
        argp_error(state, "--for goes with --from and without --until: spans are in the payments' time");
    if (a->for_us)
        a->entry.until_us = a->entry.from_us + a->for_us;
    if (a->entry.until_us <= a->entry.from_us)
        argp_error(state, "--until lies before --from");
    if (a->verb != ADD && (a->entry.reason.p || a->has_from || a->has_until))
        argp_error(state, "a reason or a span goes with add");
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct list_args *a = state->input;
    int kind;
    switch (key) {
    case 'r': a->entry.reason = ss_str_of(arg); return 0;
    case OPT_FROM:
        a->has_from = true;
        parse_time(state, "--from", arg, &a->entry.from_us);
        return 0;
    case OPT_UNTIL:
        a->has_until = true;
        parse_time(state, "--until", arg, &a->entry.until_us);
        return 0;
    case OPT_FOR:
        if (!ss_duration_parse(arg, strlen(arg), &a->for_us))
            argp_error(state, "--for takes a duration such as 30d, not '%s'", arg);
        return 0;
    case OPT_AT: parse_time(state, "--at", arg, &a->at_us); return 0;
    case OPT_JSON: a->json = true; return 0;
    case 'k':
        kind = ss_list_kind_of(ss_str_of(arg));
        if (kind < 0)
            argp_error(state, "'%s' is none of exact, prefix, cidr, email_domain", arg);
        a->kind = (enum ss_list_kind)kind;
        return 0;
    case ARGP_KEY_ARG: return parse_operand(a, arg, state);
    case ARGP_KEY_END: check_args(a, state); return 0;
    }
    return ARGP_ERR_UNKNOWN;
}

/* --- edits --- */

static int add_all(void *ctx, struct ss_str text, struct ss_buf *to)
{
    struct list_args *a = ctx;
    struct ss_buf before;
    int same = 0;
    ss_buf_init(&before, SS_LIST_FILE_MAX);
    ss_buf_put(&before, text.p, text.n);
    int err = ss_buf_check(&before);
    for (int i = 0; i < a->n && err >= 0; i++) {
        a->entry.value = ss_str_of(a->operand[i]);
        ss_buf_reset(to);
        err = ss_list_edit_put((struct ss_str){before.p ? before.p : "", before.n}, a->kind, &a->entry, to);
        same += err > 0;
        ss_buf_reset(&before);
        ss_buf_put(&before, to->p, to->n);
    }
    ss_buf_free(&before);
    return err < 0 ? err : same;
}

static int remove_all(void *ctx, struct ss_str text, struct ss_buf *to)
{
    struct list_args *a = ctx;
    struct ss_buf before;
    int removed = 0, err;
    ss_buf_init(&before, SS_LIST_FILE_MAX);
    ss_buf_put(&before, text.p, text.n);
    err = ss_buf_check(&before);
    for (int i = 0; i < a->n && err >= 0; i++) {
        ss_buf_reset(to);
        err = ss_list_edit_remove((struct ss_str){before.p ? before.p : "", before.n},
                                  ss_str_of(a->operand[i]), to);
        removed += err > 0;
        ss_buf_reset(&before);
        ss_buf_put(&before, to->p, to->n);
    }
    ss_buf_free(&before);
    return err < 0 ? err : removed;
}

/* The values that the file lacks, in the order of the imports, behind what is there. */
static int import_one(const struct list_args *a, const char *path, struct ss_list *have, struct ss_buf *to,
                      const struct ss_list_columns *columns)
{
    struct ss_list_columns theirs = {0};
    struct ss_buf text, scratch;
    int added = 0, err;
    ss_buf_init(&text, SS_LIST_FILE_MAX);
    ss_buf_init(&scratch, 1 << 20);
    (void)a;
    err = ss_file_read(path, &text);
    const char *p = text.p ? text.p : "", *end = p + text.n;
    for (unsigned long number = 1; err >= 0 && p < end; number++) {
        struct ss_list_entry entry;
        const char *stop = memchr(p, '\n', (size_t)(end - p));
        err = ss_list_line((struct ss_str){p, (size_t)((stop ? stop : end) - p)}, NULL, &theirs, &scratch,
                           &entry);
        p = stop ? stop + 1 : end;
        if (err > 0 && !ss_list_contains(have, entry.value)) {
            err = ss_list_add(have, &entry);
            ss_list_put_line(&entry, columns, to);
            added++;
        }
        if (err < 0)
            err = ss_fail_in(err, "%s:%lu: ", path, number);
    }
    ss_buf_free(&text);
    ss_buf_free(&scratch);
    return err < 0 ? err : added;
}

static int import_all(void *ctx, struct ss_str text, struct ss_buf *to)
{
    static const struct ss_list_columns standard = {true, true, 0, 1, 2, 3};
    struct list_args *a = ctx;
    struct ss_list_columns columns = {0};
    struct ss_list_entry entry;
    struct ss_list *have;
    struct ss_buf scratch;
    int added = 0, err = ss_list_new(a->kind, &have);
    err = err ? err : ss_list_read(have, text, a->file, NULL);
    ss_buf_init(&scratch, 1 << 20);
    struct ss_str left = text;
    while (err >= 0 && left.n && !columns.known) { /* the columns of the file that is there */
        const char *end = memchr(left.p, '\n', left.n);
        size_t n = end ? (size_t)(end - left.p) : left.n;
        err = ss_list_line((struct ss_str){left.p, n}, NULL, &columns, &scratch, &entry);
        left.p += n + (end != NULL);
        left.n -= n + (end != NULL);
    }
    ss_buf_free(&scratch);
    ss_buf_put(to, text.p, text.n);
    if (text.n && text.p[text.n - 1] != '\n')
        ss_buf_putc(to, '\n');
    if (!columns.known) {
        columns = standard;
        ss_buf_puts(to, "value,reason,from,until\n");
    }
    for (int i = 0; i < a->n && err >= 0; i++) {
        err = import_one(a, a->operand[i], have, to, &columns);
        added += err > 0 ? err : 0;
    }
    ss_list_free(have);
    err = err < 0 ? err : ss_buf_check(to);
    return err < 0 ? err : added;
}

/* --- reading --- */

static void put_json(const struct ss_list_entry *entry, struct ss_buf *to)
{
    char time[SS_TIME_TEXT];
    ss_buf_putc(to, '{');
    ss_json_key(to, "value");
    ss_json_put_string(to, entry->value);
    if (entry->reason.p) {
        ss_json_key(to, "reason");
        ss_json_put_string(to, entry->reason);
    }
    if (entry->from_us != SS_LIST_OPEN_FROM) {
        ss_json_key(to, "from");
        ss_json_put_string(to, (struct ss_str){time, ss_time_print(entry->from_us, time)});
    }
    if (entry->until_us != SS_LIST_OPEN_UNTIL) {
        ss_json_key(to, "until");
        ss_json_put_string(to, (struct ss_str){time, ss_time_print(entry->until_us, time)});
    }
    ss_buf_puts(to, "}\n");
}

/* Would the list, with this entry alone, have one of the values asked for? */
static bool asked_for(const struct list_args *a, const struct ss_list_entry *entry)
{
    struct ss_list_entry always = *entry;
    struct ss_list *one;
    bool has = a->n == 0;
    if (a->at_us == SS_LIST_NO_TIME) {
        always.from_us = SS_LIST_OPEN_FROM;
        always.until_us = SS_LIST_OPEN_UNTIL;
    }
    if (ss_list_new(a->kind, &one) == 0 && ss_list_add(one, &always) == 0)
        for (int i = 0; i < a->n && !has; i++)
            has = ss_list_has(one, ss_str_of(a->operand[i]), a->at_us, NULL);
    ss_list_free(one);
    return has;
}

static int print_entries(const struct list_args *a)
{
    static const struct ss_list_columns standard = {true, true, 0, 1, 2, 3};
    struct ss_list_columns columns = {0};
    struct ss_list_entry entry;
    struct ss_buf text, scratch, out;
    int found = 0;
    ss_buf_init(&text, SS_LIST_FILE_MAX);
    ss_buf_init(&scratch, 1 << 20);
    ss_buf_init(&out, SS_LIST_FILE_MAX);
    int err = ss_file_read(a->file, &text);
    const char *p = text.p ? text.p : "", *end = p + text.n;
    if (a->verb == EXPORT && !a->json)
        ss_buf_puts(&out, "value,reason,from,until\n");
    for (unsigned long number = 1; err >= 0 && p < end; number++) {
        const char *stop = memchr(p, '\n', (size_t)(end - p));
        err = ss_list_line((struct ss_str){p, (size_t)((stop ? stop : end) - p)}, NULL, &columns, &scratch,
                           &entry);
        p = stop ? stop + 1 : end;
        if (err < 0)
            err = ss_fail_in(err, "%s:%lu: ", a->file, number);
        if (err <= 0 || !asked_for(a, &entry))
            continue;
        found++;
        if (a->json)
            put_json(&entry, &out);
        else
            ss_list_put_line(&entry, &standard, &out);
    }
    err = err < 0 ? err : ss_buf_check(&out);
    if (!err && out.n && fwrite(out.p, 1, out.n, stdout) != out.n)
        err = ss_fail_errno(SS_EIO, "cannot write standard output");
    ss_buf_free(&text);
    ss_buf_free(&scratch);
    ss_buf_free(&out);
    if (err < 0)
        return err;
    return a->n && !found; /* exit status 1: the value is not there */
}

static int run(struct list_args *a)
{
    int n;
    switch (a->verb) {
    case ADD: n = ss_list_edit_file(a->file, true, add_all, a); return n < 0 ? n : 0;
    case IMPORT:
        n = ss_list_edit_file(a->file, true, import_all, a);
        if (n >= 0)
            printf("%d added\n", n);
        return n < 0 ? n : 0;
    case REMOVE:
        n = ss_list_edit_file(a->file, false, remove_all, a);
        return n < 0 ? n : n == 0; /* exit status 1: none of them was there */
    default: return print_entries(a);
    }
}

int ss_ctl_list(int argc, char **argv)
{
    static char program[] = "ss-ctl list";
    const struct argp argp = {
        options,
        parse,
        "add FILE VALUE...\nremove FILE VALUE...\nshow FILE [VALUE...]\nimport FILE CSV...\n"
        "export FILE",
        "Changes and shows block, allow and watch lists that rules use.",
        NULL,
        NULL,
        NULL};
    struct list_args a = {.verb = -1, .at_us = SS_LIST_NO_TIME};
    a.entry = (struct ss_list_entry){{NULL, 0}, {NULL, 0}, SS_LIST_OPEN_FROM, SS_LIST_OPEN_UNTIL};
    a.operand = calloc((size_t)argc + 1, sizeof *a.operand);
    if (!a.operand)
        return 70;
    argp_program_version = "ss-ctl " SS_VERSION;
    argp_err_exit_status = 64;
    argv[0] = program;
    int err = argp_parse(&argp, argc, argv, 0, NULL, &a) == 0 ? 0 : SS_EUSAGE;
    int status = err ? err : run(&a);
    free(a.operand);
    if ((fflush(stdout) != 0 || ferror(stdout)) && status >= 0)
        status = ss_fail_errno(SS_EIO, "cannot write standard output");
    return status < 0 ? ss_cli_fail(status) : status;
}
