/* Versions of the rules, and what tells one from another. */
#include "json/write.h"
#include "rule/edit.h"
#include "rule/text_diff.h"
#include "web/rule_change.h"
#include "web/rule_view.h"
#include "web/rules.h"

#define DIFF_MEMORY (4 * SS_RULES_TEXT_MAX)

static int list_sets(struct ss_call *call)
{
    static const char *const sorts[] = {"-version", NULL};
    static const char *const statuses[] = {"draft",   "submitted", "approved", "published",
                                           "retired", "withdrawn", NULL};
    struct ss_page page;
    struct ss_rule_set set = {0};
    struct ss_rows *rows;
    int status;
    (void)ss_page_read(call, sorts, &page);
    (void)ss_query_word(call, "status", statuses, -1, &status);
    if (!ss_call_check(call))
        return 0;
    int err = ss_rule_set_list(call->db, status, page.has_cursor ? page.key : 0, page.limit + 1, &rows);
    if (err)
        return err;
    ss_page_begin(call);
    int64_t n = 0, last = 0;
    while ((err = ss_rows_next(rows)) > 0 && n++ < page.limit) {
        ss_rule_set_row(rows, &set);
        last = set.version;
        ss_page_item(call);
        ss_buf_putc(&call->res.body, '{');
        ss_put_rule_set(&call->res.body, &set);
        ss_buf_putc(&call->res.body, '}');
    }
    ss_rows_free(rows);
    if (err < 0)
        return err;
    ss_page_end(call, &page, err > 0, last, SS_STR(""), SS_STR(""));
    return 0;
}

static int get_set(struct ss_call *call)
{
    struct ss_rule_set set;
    int err = ss_rule_set_find(call, call->param[0], &set);
    if (err <= 0 || ss_answer_version(call, set.revision))
        return err < 0 ? err : 0;
    return ss_rule_answer(call, set.version, 200);
}

/* ---- differences ---- */

static struct ss_str block_of(struct ss_str text, struct ss_str rule)
{
    struct ss_rule_span span;
    if (!ss_rule_find(text, rule, &span))
        return (struct ss_str){NULL, 0};
    return (struct ss_str){text.p + span.from, span.body - span.from};
}

/* Names of the rules of `a` that are not in `b` (`changed`: that are, and read otherwise). */
static void put_names(struct ss_buf *to, const char *key, const struct ss_rule_spec *spec, struct ss_str a,
                      struct ss_str b, bool changed)
{
    bool first = true;
    ss_json_open(to, key, '[');
    for (uint32_t i = 0; i < spec->rules; i++) {
        struct ss_str name = spec->rule[i].name, there = block_of(b, name);
        if (changed ? !there.p || ss_str_eq(there, block_of(a, name)) : there.p != NULL)
            continue;
        if (!first)
            ss_buf_putc(to, ',');
        first = false;
        ss_json_put_string(to, name);
    }
    ss_buf_putc(to, ']');
}

static void put_rule_diff(struct ss_buf *to, struct ss_str old, struct ss_str now)
{
    struct ss_rule_spec *a = ss_rules_parse(old), *b = ss_rules_parse(now);
    ss_json_key(to, "rules");
    if (a && b) {
        ss_buf_putc(to, '{');
        put_names(to, "added", b, now, old, false);
        put_names(to, "removed", a, old, now, false);
        put_names(to, "changed", b, now, old, true);
        ss_buf_putc(to, '}');
    } else {
        ss_buf_puts(to, "null"); /* a draft that cannot be read yet */
    }
    ss_rule_spec_free(a);
    ss_rule_spec_free(b);
}

/* ?with=VERSION: what the version has that this one had not; what it is based on where that is absent. */
static int diff_sets(struct ss_call *call)
{
    struct ss_rule_set now, old = {.text = {"", 0}};
    struct ss_buf diff, *to = &call->res.body;
    struct ss_str with = ss_query(call, "with");
    if (!ss_call_check(call))
        return 0;
    int err = ss_rule_set_find(call, call->param[0], &now);
    if (err <= 0)
        return err;
    if (!with.p && now.based_on)
        with = ss_call_format(call, "%lld", (long long)now.based_on);
    err = with.p ? ss_rule_set_find(call, with, &old) : 1;
    if (err <= 0)
        return err;
    ss_buf_init(&diff, DIFF_MEMORY);
    err = ss_text_diff(old.text, now.text, &diff);
    if (!err) {
        ss_buf_putc(to, '{');
        ss_put_int_of(to, "from", old.version);
        ss_put_int_of(to, "to", now.version);
        ss_put_text_of(to, "diff", (struct ss_str){diff.p ? diff.p : "", diff.n});
        put_rule_diff(to, old.text, now.text);
        ss_buf_putc(to, '}');
    }
    ss_buf_free(&diff);
    return err;
}

const struct ss_route ss_routes_rule_sets[] = {
    {SS_GET, "/api/v1/rule-sets", list_sets, SS_READERS, "rules:read", SS_RUN_QUICK, 0},
    {SS_GET, "/api/v1/rule-sets/{version}", get_set, SS_READERS, "rules:read", SS_RUN_QUICK, 0},
    {SS_GET, "/api/v1/rule-sets/{version}/diff", diff_sets, SS_READERS, "rules:read", SS_RUN_SLOW, 0},
    {0},
};
