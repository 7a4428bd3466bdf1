#include "web/rule_view.h"
#include "base/hash.h"
#include "base/number.h"
#include "json/write.h"
#include <math.h>
#include <stdio.h>

struct ss_rule_spec *ss_rules_parse(struct ss_str text)
{
    struct ss_rule_spec *spec = ss_rule_spec_new();
    if (spec && (ss_rule_spec_parse(spec, text, "rules", "") || ss_rule_spec_finish(spec))) {
        ss_rule_spec_free(spec);
        spec = NULL;
    }
    return spec;
}

const struct ss_rule *ss_rules_find(const struct ss_rule_spec *spec, struct ss_str name)
{
    for (uint32_t i = 0; i < spec->rules; i++)
        if (ss_str_eq(spec->rule[i].name, name))
            return &spec->rule[i];
    return NULL;
}

/* ---- a rule ---- */

static void put_action_of(struct ss_buf *to, const char *key, int action)
{
    ss_put_text_of(to, key,
                   action < 0 ? (struct ss_str){NULL, 0} : ss_str_of(ss_action_name((enum ss_action)action)));
}

/* Open ends are null. */
static void put_span_of(struct ss_buf *to, const char *key, int64_t us)
{
    ss_put_time_of(to, key, us == INT64_MIN || us == INT64_MAX ? 0 : us);
}

static void put_rollout(struct ss_buf *to, const struct ss_rule *rule)
{
    ss_json_key(to, "rollout");
    if (!rule->rollout_by.p) {
        ss_buf_puts(to, "null");
        return;
    }
    ss_buf_putc(to, '{');
    ss_put_real_of(to, "share", rule->rollout);
    ss_put_text_of(to, "by", rule->rollout_by);
    ss_buf_putc(to, '}');
}

void ss_put_rule(struct ss_buf *to, const struct ss_rule *rule)
{
    ss_put_text_of(to, "id", rule->name);
    ss_put_int_of(to, "line", rule->at.line);
    ss_put_text_of(to, "about", rule->about);
    ss_put_bool_of(to, "enabled", rule->enabled);
    ss_put_text_of(to, "mode", rule->shadow ? SS_STR("shadow") : SS_STR("live"));
    ss_put_text_of(to, "when", rule->when);
    ss_put_text_of(to, "reason", rule->reason);
    ss_put_real_of(to, "score", rule->score);
    ss_put_real_of(to, "weight", rule->weight);
    put_action_of(to, "action", rule->action);
    ss_put_bool_of(to, "override_allow", rule->override_allow);
    ss_put_text_of(to, "severity", rule->severity);
    ss_put_texts_of(to, "tags", rule->tag, rule->tags);
    ss_put_int_of(to, "priority", rule->priority);
    put_rollout(to, rule);
    put_span_of(to, "from", rule->from_us);
    put_span_of(to, "until", rule->until_us);
    put_action_of(to, "on_error", rule->on_error);
    ss_put_int_of(to, "tests", rule->tests);
}

/* ---- a set ---- */

static void put_levels(struct ss_buf *to, const struct ss_rule_spec *spec)
{
    static const char *const names[SS_LEVELS] = {NULL, "low", "medium", "high", "critical"};
    ss_json_open(to, "thresholds", '{');
    for (int i = SS_LOW; i < SS_LEVELS; i++)
        ss_put_real_of(to, names[i], spec->threshold[i]); /* NaN is null: the default */
    ss_buf_putc(to, '}');
    ss_json_open(to, "actions", '{');
    for (int i = SS_LOW; i < SS_LEVELS; i++)
        put_action_of(to, names[i], spec->level_action[i]);
    ss_buf_putc(to, '}');
}

static void put_lists(struct ss_buf *to, const struct ss_rule_spec *spec)
{
    ss_json_open(to, "lists", '[');
    for (uint32_t i = 0; i < spec->lists; i++) {
        const struct ss_list_def *def = &spec->list[i];
        ss_json_item(to);
        ss_put_text_of(to, "name", def->name);
        ss_put_text_of(to, "file", def->path ? ss_str_of(def->path) : (struct ss_str){NULL, 0});
        ss_put_text_of(to, "kind", ss_str_of(ss_list_kind_name(def->kind)));
        bool learns = false;
        for (uint32_t a = 0; a < spec->n_autos; a++)
            learns |= ss_str_eq(spec->autos[a].list, def->name);
        ss_put_bool_of(to, "learns", learns);
        ss_buf_putc(to, '}');
    }
    ss_buf_putc(to, ']');
}

void ss_put_rule_settings(struct ss_buf *to, const struct ss_rule_spec *spec)
{
    ss_buf_putc(to, '{');
    ss_put_text_of(to, "combine", spec->combine == SS_COMBINE_MAX ? SS_STR("max") : SS_STR("weighted"));
    ss_put_real_of(to, "model_weight", spec->model_weight);
    put_action_of(to, "on_error", spec->on_error);
    put_levels(to, spec);
    put_lists(to, spec);
    ss_buf_putc(to, '}');
}

void ss_put_rule_set(struct ss_buf *to, const struct ss_rule_set *set)
{
    ss_put_int_of(to, "version", set->version);
    ss_put_text_of(to, "status", ss_str_of(ss_rule_set_status_name(set->status)));
    ss_put_int_of(to, "revision", set->revision);
    ss_put_text_of(to, "hash", set->hash);
    ss_put_text_of(to, "comment", set->comment);
    if (set->based_on)
        ss_put_int_of(to, "based_on", set->based_on);
    else
        ss_put_text_of(to, "based_on", (struct ss_str){NULL, 0});
    ss_put_text_of(to, "author", set->author);
    ss_put_time_of(to, "created_at", set->created_us);
    ss_put_time_of(to, "updated_at", set->updated_us);
    ss_put_text_of(to, "approved_by", set->approver);
    ss_put_time_of(to, "approved_at", set->approved_us);
    ss_put_text_of(to, "published_by", set->published_by);
    ss_put_time_of(to, "published_at", set->published_us);
    ss_put_int_of(to, "bytes", set->bytes);
    if (set->text.p)
        ss_put_text_of(to, "text", set->text);
}

/* ---- ETags ---- */

bool ss_rules_match(struct ss_call *call, int64_t version)
{
    struct ss_str tag = call->req.if_match;
    char want[SS_NUMBER_MAX + 2] = "\"";
    if (!tag.p || ss_str_is(tag, "*"))
        return false;
    size_t n = 1 + ss_int_print(version, want + 1);
    if (tag.n > n && memcmp(tag.p, want, n) == 0 && (tag.p[n] == '.' || tag.p[n] == '"'))
        return false;
    ss_problem(call, 412, "changed", "the rules were changed meanwhile; read them again");
    return true;
}

void ss_rules_tag(struct ss_call *call, int64_t version)
{
    call->res.etag = ss_call_format(call, "\"%lld.%08x\"", (long long)version,
                                    (unsigned)ss_hash64(call->res.body.p, call->res.body.n));
}
