/* Changes of one rule: each makes a new version of the whole set, or changes a draft. */
#include "base/err.h"
#include "json/write.h"
#include "rule/edit.h"
#include "rule/line.h"
#include "web/rule_change.h"
#include "web/rule_view.h"
#include "web/rules.h"
#include <stdio.h>

#define RULE_BYTES 65536 /* of one rule's text */

/* The text of an edit, in the arena. */
static int take_text(struct ss_call *call, struct ss_buf *text, struct ss_rule_change *change)
{
    int err = ss_buf_check(text);
    char *copy = err ? NULL : ss_arena_copy(&call->arena, text->p ? text->p : "", text->n);
    if (!copy)
        return err ? err : SS_ENOMEM;
    change->text = (struct ss_str){copy, text->n};
    return 0;
}

static void name_change(struct ss_call *call, struct ss_rule_change *change, const char *what,
                        struct ss_str rule)
{
    struct ss_str comment = {NULL, 0};
    change->action = "rules.edit";
    change->comment = ss_call_format(call, "%s %.*s", what, rule.n < 128 ? (int)rule.n : 128, rule.p);
    if (ss_body_text(call, "comment", false, 500, &comment) && comment.n)
        change->comment = comment;
}

/* The name of the one rule that a block of text holds; p == NULL when it is not one rule, which is noted. */
static struct ss_str name_of_block(struct ss_call *call, struct ss_str block)
{
    struct ss_rule_lines lines;
    struct ss_rule_line line;
    struct ss_str name = {NULL, 0};
    int rules = 0;
    ss_rule_lines_init(&lines, block);
    while (ss_rule_lines_next(&lines, &line)) {
        if (line.kind == SS_LINE_RULE) {
            name = ss_rule_line_name(&line);
            rules++;
        } else if (rules == 0 && line.kind != SS_LINE_COMMENT && line.kind != SS_LINE_BLANK) {
            rules = 2;
        }
    }
    if (rules == 1 && name.n)
        return name;
    ss_fault(call, "text", "is one rule: [name] and its settings, with comments above");
    return (struct ss_str){NULL, 0};
}

static int put_block(struct ss_call *call, struct ss_rule_change *change, struct ss_str rule,
                     struct ss_str block)
{
    struct ss_buf text;
    ss_buf_init(&text, SS_RULES_TEXT_MAX);
    int err = ss_rule_edit_put(change->base.text, rule, block, &text);
    err = err ? err : take_text(call, &text, change);
    ss_buf_free(&text);
    return err ? err : ss_rule_change_go(call, change);
}

static int add_rule(struct ss_call *call)
{
    static const char *const known[] = {"text", "comment", NULL};
    struct ss_rule_change change;
    struct ss_rule_span span;
    struct ss_str block = {"", 0};
    int err;
    if (!ss_call_json(call))
        return 0;
    ss_body_only(call, known);
    struct ss_str name = {NULL, 0};
    if (ss_body_text(call, "text", true, RULE_BYTES, &block))
        name = name_of_block(call, block);
    if (!ss_rule_change_base(call, &change, &err)) /* answers for faults of the body, too */
        return err;
    if (ss_rule_find(change.base.text, name, &span))
        return ss_problem(call, 409, "exists", "rule '%.*s' is there already", (int)name.n, name.p);
    name_change(call, &change, "add", name);
    return ss_call_check(call) ? put_block(call, &change, name, block) : 0;
}

/* A rule that an edit is about; false when the call is answered. */
static bool base_with_rule(struct ss_call *call, struct ss_rule_change *change, struct ss_rule_span *span,
                           int *err)
{
    if (!ss_rule_change_base(call, change, err))
        return false;
    if (ss_rule_find(change->base.text, call->param[0], span))
        return true;
    ss_problem_missing(call, "rule", call->param[0]);
    return false;
}

static int replace_rule(struct ss_call *call)
{
    static const char *const known[] = {"text", "comment", NULL};
    struct ss_rule_change change;
    struct ss_rule_span span;
    struct ss_str block = {"", 0}, rule = call->param[0];
    int err;
    if (!ss_call_json(call))
        return 0;
    ss_body_only(call, known);
    if (ss_body_text(call, "text", true, RULE_BYTES, &block))
        (void)name_of_block(call, block); /* another name: the rule is renamed */
    if (!base_with_rule(call, &change, &span, &err))
        return err;
    name_change(call, &change, "edit", rule);
    return ss_call_check(call) ? put_block(call, &change, rule, block) : 0;
}

static int remove_rule(struct ss_call *call)
{
    struct ss_rule_change change;
    struct ss_rule_span span;
    struct ss_buf text;
    int err;
    if (!base_with_rule(call, &change, &span, &err))
        return err;
    name_change(call, &change, "remove", call->param[0]);
    ss_buf_init(&text, SS_RULES_TEXT_MAX);
    err = ss_rule_edit_remove(change.base.text, call->param[0], &text);
    err = err < 0 ? err : take_text(call, &text, &change);
    ss_buf_free(&text);
    return err ? err : ss_rule_change_go(call, &change);
}

/* ---- settings of one ---- */

/* What may be set, in the order in which it is put; null takes it out of the text. */
static const struct {
    const char *name;
    enum { TEXT, EXPRESSION, NUMBER, WHOLE, ENABLED, MODE, OVERRIDE, TAGS } type;
} settings[] = {
    {"about", TEXT},
    {"when", EXPRESSION},
    {"reason", EXPRESSION},
    {"score", NUMBER},
    {"weight", NUMBER},
    {"action", TEXT},
    {"override_allow", OVERRIDE},
    {"severity", TEXT},
    {"tags", TAGS},
    {"priority", WHOLE},
    {"enabled", ENABLED},
    {"mode", MODE},
    {"rollout", TEXT},
    {"from", TEXT},
    {"until", TEXT},
    {"on_error", TEXT},
};

/* A text that stays on its line and is no comment. */
static bool is_plain(struct ss_str text)
{
    for (size_t i = 0; i < text.n; i++)
        if ((unsigned char)text.p[i] < ' ' ||
            (text.p[i] == '#' && (i == 0 || text.p[i - 1] == ' ' || text.p[i - 1] == '\t')))
            return false;
    return text.n > 0;
}

static struct ss_str tags_text(struct ss_call *call, const struct ss_json_value *v)
{
    struct ss_buf all;
    ss_buf_init(&all, RULE_BYTES);
    for (uint32_t i = 0; i < v->n; i++) {
        struct ss_str tag = v->at[i].text;
        if (v->at[i].type != SS_JSON_STRING || !is_plain(tag) || memchr(tag.p, ',', tag.n))
            ss_fault(call, "tags", "are texts without commas and '#'");
        else
            ss_buf_printf(&all, "%s%.*s", all.n ? ", " : "", (int)tag.n, tag.p);
    }
    struct ss_str text = ss_call_copy(call, (struct ss_str){all.p, all.n});
    ss_buf_free(&all);
    return text.n ? text : (struct ss_str){NULL, 0};
}

/* The value as it stands in a file; p == NULL takes the setting out. False when it is none, which is noted.
 */
static bool value_text(struct ss_call *call, size_t s, const struct ss_json_value *v, struct ss_str *out)
{
    const char *name = settings[s].name;
    bool truth = v->type == SS_JSON_TRUE, boolean = truth || v->type == SS_JSON_FALSE;
    *out = (struct ss_str){NULL, 0};
    if (v->type == SS_JSON_NULL)
        return true;
    switch (settings[s].type) {
    case TEXT:
        *out = v->text;
        if (v->type == SS_JSON_STRING && is_plain(v->text))
            return true;
        ss_fault(call, name, "is a text on one line, without '#'");
        return false;
    case EXPRESSION:
        *out = v->text;
        if (v->type == SS_JSON_STRING && v->text.n <= SS_EXPR_TEXT_MAX && ss_str_trim(v->text).n)
            return true;
        ss_fault(call, name, "is an expression");
        return false;
    case NUMBER:
    case WHOLE:
        *out = v->text;
        if (v->type == SS_JSON_NUMBER)
            return true;
        ss_fault(call, name, "is a number");
        return false;
    case ENABLED:
    case OVERRIDE:
        if (settings[s].type == ENABLED ? !truth : truth)
            *out = settings[s].type == ENABLED ? SS_STR("false") : SS_STR("allow");
        if (boolean)
            return true;
        ss_fault(call, name, "is true or false");
        return false;
    case MODE:
        if (v->type == SS_JSON_STRING && (ss_str_is(v->text, "live") || ss_str_is(v->text, "shadow"))) {
            if (ss_str_is(v->text, "shadow"))
                *out = SS_STR("shadow");
            return true;
        }
        ss_fault(call, name, "is live or shadow");
        return false;
    case TAGS:
        if (v->type == SS_JSON_ARRAY)
            *out = tags_text(call, v);
        else
            ss_fault(call, name, "is an array of texts");
        return v->type == SS_JSON_ARRAY;
    }
    return false;
}

/* Lines without blanks around and without comments, as an expression is read. */
static bool same_lines(struct ss_str a, struct ss_str b)
{
    struct ss_str *const of[] = {&a, &b};
    struct ss_str line[2];
    do {
        for (int i = 0; i < 2; i++) {
            line[i] = (struct ss_str){NULL, 0};
            while (of[i]->n && (line[i].n == 0 || line[i].p[0] == '#')) {
                const char *end = memchr(of[i]->p, '\n', of[i]->n);
                size_t n = end ? (size_t)(end - of[i]->p) : of[i]->n;
                line[i] = ss_str_trim((struct ss_str){of[i]->p, n});
                of[i]->p += n + (end != NULL);
                of[i]->n -= n + (end != NULL);
            }
            if (line[i].n && line[i].p[0] == '#')
                line[i].n = 0;
        }
        if (!ss_str_eq(line[0], line[1]))
            return false;
    } while (line[0].n);
    return true;
}

/* An expression of several lines may hold one that reads as a setting, or a blank one that ends it. */
static void check_expressions(struct ss_call *call, struct ss_str text)
{
    struct ss_rule_spec *spec = ss_rules_parse(text);
    const struct ss_rule *rule = spec ? ss_rules_find(spec, call->param[0]) : NULL;
    static const char *const names[] = {"when", "reason"};
    for (int i = 0; i < 2 && rule; i++) {
        const struct ss_json_value *v = ss_json_get(call->json, names[i]);
        struct ss_str got = i == 0 ? rule->when : rule->reason;
        if (v && v->type == SS_JSON_STRING && !same_lines(v->text, got))
            ss_fault(call, names[i], "has a line that ends it: a blank one, or one that reads as a setting");
    }
    ss_rule_spec_free(spec); /* a text that cannot be read is told of by the review */
}

static const char *what_of(struct ss_call *call)
{
    const struct ss_json_value *enabled = ss_json_get(call->json, "enabled"),
                               *mode = ss_json_get(call->json, "mode");
    uint32_t others = call->json->n - (ss_json_get(call->json, "comment") ? 1 : 0);
    if (others == 1 && enabled)
        return enabled->type == SS_JSON_FALSE ? "disable" : "enable";
    if (others == 1 && mode)
        return ss_str_is(mode->text, "shadow") ? "shadow" : "make live";
    return "edit";
}

static int patch_rule(struct ss_call *call)
{
    const char *known[SS_COUNT(settings) + 2] = {"comment"};
    struct ss_rule_change change;
    struct ss_rule_span span;
    struct ss_buf buf[2];
    int err;
    for (size_t i = 0; i < SS_COUNT(settings); i++)
        known[i + 1] = settings[i].name;
    if (!ss_call_json(call))
        return 0;
    ss_body_only(call, known);
    if (!base_with_rule(call, &change, &span, &err))
        return err;
    ss_buf_init(&buf[0], SS_RULES_TEXT_MAX);
    ss_buf_init(&buf[1], SS_RULES_TEXT_MAX);
    struct ss_str text = change.base.text, value;
    for (size_t i = 0, turn = 0; i < SS_COUNT(settings) && !err; i++) {
        const struct ss_json_value *v = ss_json_get(call->json, settings[i].name);
        const char *key = settings[i].type == OVERRIDE ? "override" : settings[i].name;
        if (!v || !value_text(call, i, v, &value))
            continue;
        struct ss_buf *to = &buf[turn ^= 1];
        ss_buf_reset(to);
        err = ss_rule_edit_set(text, call->param[0], key, value, to);
        text = (struct ss_str){to->p, to->n};
    }
    name_change(call, &change, what_of(call), call->param[0]);
    change.text = ss_call_copy(call, text);
    ss_buf_free(&buf[0]);
    ss_buf_free(&buf[1]);
    if (!err)
        check_expressions(call, change.text);
    return err || !ss_call_check(call) ? err : ss_rule_change_go(call, &change);
}

const struct ss_route ss_routes_rule_edits[] = {
    {SS_POST, "/api/v1/rules", add_rule, SS_WORKERS, "rules:write", SS_RUN_SLOW, 2 * RULE_BYTES},
    {SS_PUT, "/api/v1/rules/{id}", replace_rule, SS_WORKERS, "rules:write", SS_RUN_SLOW, 2 * RULE_BYTES},
    {SS_PATCH, "/api/v1/rules/{id}", patch_rule, SS_WORKERS, "rules:write", SS_RUN_SLOW, 4 * RULE_BYTES},
    {SS_DELETE, "/api/v1/rules/{id}", remove_rule, SS_WORKERS, "rules:write", SS_RUN_SLOW, 0},
    {0},
};
