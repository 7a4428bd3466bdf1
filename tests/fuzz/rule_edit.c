/*
 * Any bytes as a rule file that is edited and reviewed. An edit of one rule leaves all others to the byte;
 * what is set can be read back; a difference of texts, a review and its places stay within the text.
 */
#include "base/err.h"
#include "base/log.h"
#include "rule/edit.h"
#include "rule/line.h"
#include "rule/review.h"
#include "rule/text_diff.h"
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const unsigned char *bytes, size_t len);

#define NAMES 8

static struct ss_str whole;

static struct ss_str block_of(struct ss_str text, struct ss_str rule)
{
    struct ss_rule_span span;
    if (!ss_rule_find(text, rule, &span))
        return (struct ss_str){NULL, 0};
    if (span.from > span.name || span.name >= span.body || span.body > span.to || span.to > text.n)
        abort();
    return (struct ss_str){text.p + span.name, span.body - span.name};
}

/* The first names that stand there once. */
static int names_of(struct ss_str text, struct ss_str name[NAMES])
{
    struct ss_rule_lines lines;
    struct ss_rule_line line;
    int n = 0;
    ss_rule_lines_init(&lines, text);
    while (n < NAMES && ss_rule_lines_next(&lines, &line)) {
        if (line.from > line.to || line.to > text.n)
            abort();
        bool known = line.kind != SS_LINE_RULE || !ss_rule_line_name(&line).p;
        for (int i = 0; i < n && !known; i++)
            known = ss_str_eq(name[i], ss_rule_line_name(&line));
        if (!known)
            name[n++] = ss_rule_line_name(&line);
    }
    return n;
}

static void others_stay(struct ss_str now, const struct ss_str *name, int n, int but)
{
    for (int i = 0; i < n; i++) {
        struct ss_str a = block_of(whole, name[i]), b = block_of(now, name[i]);
        /* A last line without a newline gets one. */
        bool same = ss_str_eq(a, b) || (b.n == a.n + 1 && memcmp(a.p, b.p, a.n) == 0 && b.p[a.n] == '\n');
        if (i != but && !same)
            abort();
    }
}

static void edit(const struct ss_str *name, int n, int i, struct ss_buf *to)
{
    ss_buf_reset(to);
    if (ss_rule_edit_set(whole, name[i], "score", SS_STR("0.25"), to) == 0) {
        struct ss_str now = {to->p, to->n}, block = block_of(now, name[i]);
        others_stay(now, name, n, i);
        if (!block.p || !memmem(block.p, block.n, "0.25", 4))
            abort();
    }
    ss_buf_reset(to);
    if (ss_rule_edit_set(whole, name[i], "when", (struct ss_str){NULL, 0}, to) == 0)
        others_stay((struct ss_str){to->p, to->n}, name, n, i);
}

static void note(void *ctx, const struct ss_review_note *n)
{
    (void)ctx;
    if (!n->text.p || (n->line == 0 && n->column))
        abort();
}

static void review(void)
{
    struct ss_schema schema;
    struct ss_ruleset *set;
    struct ss_ruleset_options options = {.no_lists = true};
    struct ss_review r = {.note = note, .trusted = SS_STR("")};
    if (ss_schema_init(&schema) < 0)
        abort();
    int err = ss_rules_review(whole, &options, &schema, &r, &set);
    if (err == 0 && (set == NULL) != (r.errors > 0))
        abort();
    ss_ruleset_free(set);
    ss_schema_free(&schema);
}

int LLVMFuzzerTestOneInput(const unsigned char *bytes, size_t len)
{
    struct ss_str name[NAMES];
    struct ss_buf to, diff;
    ss_log_init("fuzz", SS_LOG_ERROR, false);
    whole = (struct ss_str){(const char *)bytes, len};
    ss_buf_init(&to, 1 << 22);
    ss_buf_init(&diff, 1 << 24);
    int n = names_of(whole, name);
    for (int i = 0; i < n; i++)
        edit(name, n, i, &to);
    ss_buf_reset(&to);
    if (ss_rule_edit_put(whole, SS_STR("added:by.us"), SS_STR("[added:by.us]\nwhen = true"), &to) == 0) {
        struct ss_str now = {to.p, to.n};
        if (!block_of(now, SS_STR("added:by.us")).p)
            abort();
        bool there = block_of(whole, SS_STR("added:by.us")).p != NULL;
        if (!there)
            others_stay(now, name, n, -1);
        if (ss_text_diff(whole, now, &diff) != 0 || (diff.n == 0 && !there))
            abort();
    }
    review();
    ss_buf_free(&to);
    ss_buf_free(&diff);
    return 0;
}
