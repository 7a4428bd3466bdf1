/* Settings of the whole set of rules: thresholds, actions of levels, how scores are put together. */
#include "json/write.h"
#include "rule/edit.h"
#include "web/rule_change.h"
#include "web/rules.h"
#include <stdio.h>

#define COMMENT_BYTES 500

static int set_one(struct ss_rule_change *change, const char *key, struct ss_str value, struct ss_buf buf[2],
                   int *turn)
{
    struct ss_buf *to = &buf[ *turn ^= 1];
    struct ss_str rule = {NULL, 0};
    ss_buf_reset(to);
    int err = ss_rule_edit_set(change->text, rule, key, value, to);
    change->text = (struct ss_str){to->p ? to->p : "", to->n};
    return err;
}

static bool is_word_value(const struct ss_json_value *v)
{
    for (size_t i = 0; v->type == SS_JSON_STRING && i < v->text.n; i++)
        if (v->text.p[i] < 'a' || v->text.p[i] > 'z')
            return false;
    return v->type == SS_JSON_STRING && v->text.n > 0;
}

static int set_values(struct ss_call *call, const struct ss_json_value *from, const char *const *names,
                      const char *before, bool numbers, struct ss_rule_change *change, struct ss_buf buf[2],
                      int *turn)
{
    int err = 0;
    for (int i = 0; names[i] && from && !err; i++) {
        const struct ss_json_value *v = ss_json_get(from, names[i]);
        char key[64];
        if (!v)
            continue;
        snprintf(key, sizeof key, "%s%s", before, names[i]);
        if (v->type == SS_JSON_NULL)
            err = set_one(change, key, (struct ss_str){NULL, 0}, buf, turn);
        else if (numbers ? v->type == SS_JSON_NUMBER : is_word_value(v))
            err = set_one(change, key, v->text, buf, turn);
        else
            ss_fault(call, names[i], numbers ? "is a number, or null" : "is a word, or null");
    }
    return err;
}

/* {"thresholds":{"critical":0.9},"actions":{"critical":"block"},"combine":"max",..}: a merge patch. */
static int patch_settings(struct ss_call *call)
{
    static const char *const known[] = {"thresholds", "actions", "combine", "model_weight",
                                        "on_error",   "comment", NULL};
    static const char *const levels[] = {"low", "medium", "high", "critical", NULL};
    static const char *const words[] = {"combine", "on_error", NULL}, *const weights[] = {"model_weight",
                                                                                          NULL};
    struct ss_rule_change change;
    struct ss_buf buf[2];
    struct ss_str comment = {NULL, 0};
    int err, turn = 0;
    if (!ss_call_json(call))
        return 0;
    ss_body_only(call, known);
    (void)ss_body_text(call, "comment", false, COMMENT_BYTES, &comment);
    if (!ss_rule_change_base(call, &change, &err))
        return err;
    ss_buf_init(&buf[0], SS_RULES_TEXT_MAX);
    ss_buf_init(&buf[1], SS_RULES_TEXT_MAX);
    change.text = change.base.text;
    change.action = "rules.edit";
    change.comment = comment.n ? comment : SS_STR("change settings of the rules");
    const struct ss_json_value *thresholds = ss_json_get(call->json, "thresholds"),
                               *actions = ss_json_get(call->json, "actions");
    err = set_values(call, call->json, words, "", false, &change, buf, &turn);
    err = err ? err : set_values(call, call->json, weights, "", true, &change, buf, &turn);
    err = err ? err : set_values(call, thresholds, levels, "", true, &change, buf, &turn);
    err = err ? err : set_values(call, actions, levels, "action ", false, &change, buf, &turn);
    change.text = ss_call_copy(call, change.text);
    ss_buf_free(&buf[0]);
    ss_buf_free(&buf[1]);
    return err || !ss_call_check(call) ? err : ss_rule_change_go(call, &change);
}

const struct ss_route ss_routes_rule_settings[] = {
    {SS_PATCH, "/api/v1/rule-sets/settings", patch_settings, SS_WORKERS, "rules:write", SS_RUN_SLOW, 0},
    {0},
};
