#include "alert/choice.h"
#include "base/err.h"
#include "record/score.h"

/* The next piece of a list with commas, without blanks around it; false at its end. */
static bool next_item(struct ss_str *list, struct ss_str *item)
{
    if (!list->p)
        return false;
    const char *comma = memchr(list->p, ',', list->n);
    size_t n = comma ? (size_t)(comma - list->p) : list->n;
    *item = ss_str_trim((struct ss_str){list->p, n});
    *list = comma ? (struct ss_str){comma + 1, list->n - n - 1} : (struct ss_str){NULL, 0};
    return true;
}

static int add_level(struct ss_choice *choice, struct ss_str value)
{
    int level = ss_level_of(value);
    if (level < 0)
        return ss_fail(SS_ECONFIG, "unknown level '%.*s' (known: NONE, LOW, MEDIUM, HIGH, CRITICAL)",
                       (int)value.n, value.p);
    choice->has_level = true;
    choice->level = (enum ss_level)level;
    return 0;
}

static int add_action(struct ss_choice *choice, struct ss_str value)
{
    int action = ss_action_of(value);
    if (action < 0)
        return ss_fail(SS_ECONFIG, "unknown action '%.*s' (known: block, challenge, review, notify, allow)",
                       (int)value.n, value.p);
    choice->actions |= 1u << action;
    return 0;
}

static int add_text(struct ss_str *at, uint32_t *n, struct ss_str name, struct ss_str value)
{
    if (!value.n)
        return ss_fail(SS_ECONFIG, "empty name after '%.*s='", (int)name.n, name.p);
    if (*n == SS_CHOICE_VALUES)
        return ss_fail(SS_ECONFIG, "more than %d values of '%.*s'", SS_CHOICE_VALUES, (int)name.n, name.p);
    at[(*n)++] = value;
    return 0;
}

int ss_choice_add(struct ss_choice *choice, struct ss_str name, struct ss_str value)
{
    struct ss_str item;
    int err = 0;
    if (ss_str_is(name, "level"))
        return add_level(choice, value);
    while (!err && next_item(&value, &item)) {
        if (ss_str_is(name, "action"))
            err = add_action(choice, item);
        else if (ss_str_is(name, "tag"))
            err = add_text(choice->tag, &choice->tags, name, item);
        else if (ss_str_is(name, "rule"))
            err = add_text(choice->rule, &choice->rules, name, item);
        else
            err = ss_fail(SS_ECONFIG, "unknown condition '%.*s' (known: level, action, tag, rule)",
                          (int)name.n, name.p);
    }
    return err;
}

bool ss_choice_is_empty(const struct ss_choice *choice)
{
    return !choice->has_level && !choice->actions && !choice->tags && !choice->rules;
}

static bool is_among(struct ss_str text, const struct ss_str *list, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++)
        if (ss_str_eq(text, list[i]))
            return true;
    return false;
}

static bool has_rule(const struct ss_choice *choice, const struct ss_decision *d)
{
    for (uint32_t i = 0; d && i < d->rules; i++)
        if (is_among(d->rule[i].id, choice->rule, choice->rules))
            return true;
    return false;
}

static bool has_tag(const struct ss_choice *choice, const struct ss_decision *d)
{
    for (uint32_t i = 0; d && i < d->rules; i++)
        for (uint32_t t = 0; t < d->rule[i].tags; t++)
            if (is_among(d->rule[i].tag[t], choice->tag, choice->tags))
                return true;
    return false;
}

bool ss_choice_matches(const struct ss_choice *choice, const struct ss_facts *facts)
{
    const struct ss_decision *d = facts->decision;
    return (!choice->has_level || (facts->judged && facts->level >= choice->level)) &&
           (!choice->actions || (d && choice->actions >> d->action & 1)) &&
           (!choice->rules || has_rule(choice, d)) && (!choice->tags || has_tag(choice, d));
}

struct ss_facts ss_facts_of(const struct ss_record *rec, struct ss_arena *arena)
{
    struct ss_facts facts = {.decision = ss_record_decision(rec, arena)};
    struct ss_score score;
    if (facts.decision) {
        facts.judged = true;
        facts.level = facts.decision->level;
    } else if (ss_record_score(rec, &score)) {
        facts.judged = true;
        facts.level = score.level;
    }
    return facts;
}

bool ss_facts_in_allow_lane(const struct ss_facts *facts)
{
    const struct ss_decision *d = facts->decision;
    for (uint32_t i = 0; d && d->action == SS_ALLOW && i < d->rules; i++)
        if (d->rule[i].action == SS_ALLOW)
            return true;
    return false;
}
