/* The settings one by one: those of a rule, and those of the whole set. As setting.h. */
#ifndef SS_RULE_SETTING_PARTS_H
#define SS_RULE_SETTING_PARTS_H

#include "rule/setting.h"

struct ss_rule_setting {
    const char *name;
    int (*set)(struct ss_rule_reader *r, struct ss_str value);
    bool expression; /* a # in it is jq's */
    bool many;       /* may stand in one rule several times */
};

/* Of the rule that is being read; ends with a row without name. */
extern const struct ss_rule_setting ss_rule_settings[];
/* Of the whole set; ends with NULL. */
extern const char *const ss_set_settings[];

/* One of the whole set, from its key ("list NAME") to the specification. 1: there is none of that name. */
int ss_set_setting(struct ss_rule_reader *r, struct ss_str key, struct ss_str value) SS_MUST_CHECK;

static inline struct ss_rule *ss_rule_being_read(struct ss_rule_reader *r)
{
    return &r->spec->rule[r->spec->rules - 1];
}

#endif
