#include "rule/review.h"
#include "base/err.h"
#include "base/number.h"
#include "rule/edit.h"
#include "rule/line.h"
#include <stdlib.h>

/* What places are called in messages: "rules:12: ...". */
#define NAME "rules"

struct reviewer {
    struct ss_review *review;
    struct ss_str text;
};

/* ---- messages ---- */

static bool take_number(struct ss_str *s, uint32_t *out)
{
    size_t n = 0;
    int64_t value;
    while (n < s->n && s->p[n] >= '0' && s->p[n] <= '9')
        n++;
    if (n == 0 || n > 9 || !ss_int_parse(s->p, n, &value))
        return false;
    *out = (uint32_t)value;
    s->p += n;
    s->n -= n;
    return true;
}

static bool take(struct ss_str *s, const char *what)
{
    size_t n = strlen(what);
    if (s->n < n || memcmp(s->p, what, n) != 0)
        return false;
    s->p += n;
    s->n -= n;
    return true;
}

/* "rules:3: column 8: unknown x; did you mean 'y'?"; *at is the line as it says, that of a setting. */
static struct ss_review_note read_message(struct ss_str text, const char *message, uint32_t *at)
{
    struct ss_str rest = ss_str_of(message), tried = rest;
    struct ss_review_note note = {.kind = SS_REVIEW_ERROR};
    uint32_t column;
    if (take(&tried, NAME ":") && take_number(&tried, &note.line) && take(&tried, ": "))
        rest = tried;
    else
        note.line = 0;
    *at = note.line;
    if (note.line && take(&tried, "column ") && take_number(&tried, &column) && take(&tried, ": ")) {
        rest = tried;
        (void)ss_rule_place(text, note.line, column, &note.line, &note.column);
    }
    note.text = rest;
    const char *semicolon = rest.n ? memmem(rest.p, rest.n, "; ", 2) : NULL;
    if (semicolon) {
        note.text.n = (size_t)(semicolon - rest.p);
        note.hint = (struct ss_str){semicolon + 2, rest.n - note.text.n - 2};
    }
    return note;
}

/* The rule whose lines hold this one, and where these begin and end. */
static struct ss_str rule_at(struct ss_str text, uint32_t line, size_t *from, size_t *to)
{
    struct ss_rule_lines lines;
    struct ss_rule_line one;
    struct ss_str rule = {NULL, 0};
    *from = *to = 0;
    ss_rule_lines_init(&lines, text);
    while (ss_rule_lines_next(&lines, &one)) {
        if (one.kind == SS_LINE_RULE) {
            if (one.number > line)
                break;
            rule = ss_rule_line_name(&one);
            *from = one.from;
        }
        *to = one.to;
    }
    if (!rule.p)
        *to = *from;
    return rule;
}

/* ---- everything that is wrong ---- */

/* Blanks out what is wrong, so that the rest can be looked at. False when there is no going on: what follows
 * from a list that is wrong is no error of its own. */
static bool leave_out(struct ss_buf *text, uint32_t line)
{
    struct ss_str whole = {text->p, text->n};
    struct ss_rule_lines lines;
    struct ss_rule_line one;
    size_t from, to;
    bool within = false;
    if (line == 0)
        return false;
    (void)rule_at(whole, line, &from, &to);
    ss_rule_lines_init(&lines, whole);
    while (from == to && ss_rule_lines_next(&lines, &one)) {
        if (one.number == line) {
            from = one.from;
            to = one.to;
            if (one.key.n >= 4 && memcmp(one.key.p, "list", 4) == 0)
                return false;
            within = true;
            break;
        }
    }
    while (within && ss_rule_lines_next(&lines, &one) &&
           (one.kind == SS_LINE_MORE || one.kind == SS_LINE_COMMENT))
        to = one.to;
    for (size_t i = from; i < to; i++)
        if (text->p[i] != '\n')
            text->p[i] = ' ';
    return from < to;
}

static void say(struct reviewer *r, struct ss_review_note note)
{
    size_t from, to;
    if (note.line && !note.rule.p)
        note.rule = rule_at(r->text, note.line, &from, &to);
    if (note.kind == SS_REVIEW_ERROR)
        r->review->errors++;
    else if (note.kind == SS_REVIEW_WARNING)
        r->review->warnings++;
    r->review->note(r->review->ctx, &note);
}

static bool is_fault_of_text(int err)
{
    return err == SS_ECONFIG || err == SS_ENOINPUT || err == SS_EDATA;
}

static struct ss_rule_spec *read_spec(struct ss_str text, int *err)
{
    struct ss_rule_spec *spec = ss_rule_spec_new();
    *err = spec ? ss_rule_spec_parse(spec, text, NAME, "") : SS_ENOMEM;
    return spec;
}

static bool states(const struct ss_rule_spec *spec, const char *path)
{
    for (uint32_t i = 0; i < spec->lists; i++)
        if (spec->list[i].path && strcmp(spec->list[i].path, path) == 0)
            return true;
    return false;
}

/* Before any list is opened. */
static int check_lists(struct reviewer *r)
{
    int err = 0, err_trusted = 0;
    struct ss_rule_spec *spec = read_spec(r->text, &err),
                        *trusted = read_spec(r->review->trusted, &err_trusted);
    for (uint32_t i = 0; !err && trusted && i < spec->lists; i++) {
        const char *path = spec->list[i].path;
        if (!path || (!strchr(path, '/') && path[0] != '.') || states(trusted, path))
            continue;
        say(r, (struct ss_review_note){.kind = SS_REVIEW_ERROR,
                                       .line = spec->list[i].at.line,
                                       .text = SS_STR("a list's file lies in the lists' directory"),
                                       .hint = SS_STR("name the file alone, such as bad.csv")});
    }
    err = !spec || !trusted ? SS_ENOMEM : err;
    ss_rule_spec_free(spec);
    ss_rule_spec_free(trusted);
    return is_fault_of_text(err) ? 0 : err; /* what is wrong will be said */
}

struct error {
    uint32_t line;
    char message[600]; /* the whole of it */
};

static int by_line(const void *a, const void *b)
{
    const struct error *x = a, *y = b;
    return (x->line > y->line) - (x->line < y->line);
}

/* One after the other: each is left out, and the rest read again, without lists. *n of them. */
static int find_errors(struct reviewer *r, const struct ss_ruleset_options *options, int err,
                       struct ss_buf *text, struct error *found, size_t *n)
{
    struct ss_ruleset_options rest = *options;
    rest.no_lists = true;
    while (is_fault_of_text(err)) {
        struct ss_schema schema;
        struct ss_ruleset *set = NULL;
        struct error *one = &found[(*n)++];
        snprintf(one->message, sizeof one->message, "%s", ss_err_text());
        (void)read_message(r->text, one->message, &one->line);
        if (*n == SS_REVIEW_ERRORS || !leave_out(text, one->line))
            return 0;
        err = ss_schema_init(&schema);
        if (err)
            return err;
        err = ss_ruleset_of_text((struct ss_str){text->p, text->n}, NAME, &rest, &schema, 1, &set);
        ss_ruleset_free(set);
        ss_schema_free(&schema);
    }
    return err;
}

static int tell_errors(struct reviewer *r, const struct ss_ruleset_options *options, int err)
{
    struct error *found = calloc(SS_REVIEW_ERRORS, sizeof *found);
    struct ss_buf text;
    size_t n = 0;
    ss_buf_init(&text, SS_RULE_FILE_MAX + 1);
    ss_buf_put(&text, r->text.p, r->text.n);
    if (!found || ss_buf_check(&text))
        err = SS_ENOMEM;
    else
        err = find_errors(r, options, err, &text, found, &n);
    if (n)
        qsort(found, n, sizeof *found, by_line);
    for (size_t i = 0; i < n && !err; i++)
        say(r, read_message(r->text, found[i].message, &found[i].line));
    ss_buf_free(&text);
    free(found);
    return err;
}

/* ---- what works ---- */

static void on_finding(void *ctx, const struct ss_place *at, struct ss_str rule, const char *text)
{
    struct ss_str whole = ss_str_of(text), hint = {NULL, 0};
    const char *semicolon = strstr(text, "; ");
    if (semicolon) {
        whole.n = (size_t)(semicolon - text);
        hint = ss_str_of(semicolon + 2);
    }
    if (rule.n == 0)
        rule.p = NULL;
    say(ctx, (struct ss_review_note){
                 .kind = SS_REVIEW_WARNING, .line = at->line, .rule = rule, .text = whole, .hint = hint});
}

static void on_test(void *ctx, const struct ss_rule *rule, const struct ss_rule_test *test, const char *why)
{
    struct reviewer *r = ctx;
    char text[1024];
    if (!why) {
        r->review->passed++;
        return;
    }
    r->review->failed++;
    snprintf(text, sizeof text, "%s, not %s: %.*s", why, ss_expect_name(test->expect),
             test->json.n < 200 ? (int)test->json.n : 200, test->json.p);
    say(r, (struct ss_review_note){
               .kind = SS_REVIEW_TEST, .line = test->at.line, .rule = rule->name, .text = ss_str_of(text)});
}

int ss_rules_review(struct ss_str text, const struct ss_ruleset_options *options, struct ss_schema *schema,
                    struct ss_review *review, struct ss_ruleset **set)
{
    struct reviewer r = {review, text};
    struct ss_check_sink findings = {on_finding, &r};
    struct ss_selftest_sink tests = {on_test, &r};
    *set = NULL;
    int err = review->trusted.p ? check_lists(&r) : 0;
    if (err || review->errors)
        return err;
    err = ss_ruleset_of_text(text, NAME, options, schema, 1, set);
    if (err)
        return tell_errors(&r, options, err);
    int found = ss_ruleset_check(*set, review->sample, &findings);
    err = found < 0 ? found : ss_ruleset_selftest(*set, schema, &tests);
    if (err) {
        ss_ruleset_free(*set);
        *set = NULL;
    }
    return err;
}
