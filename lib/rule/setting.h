/* One setting of a rule file, from its text to the specification. Messages lack file and line: the caller
 * puts reader->at before them. */
#ifndef SS_RULE_SETTING_H
#define SS_RULE_SETTING_H

#include "rule/spec.h"

struct ss_rule_reader {
    struct ss_rule_spec *spec;
    const char *dir;    /* where list files lie */
    struct ss_place at; /* of the setting or rule being read */
    bool within;        /* a rule has begun: the last of the specification */
    uint64_t seen;      /* which settings the rule has had */
    uint32_t tests_cap;
};

/* `key` may be "list NAME" or "action LEVEL". `value` lives as long as the specification. */
int ss_rule_setting(struct ss_rule_reader *r, struct ss_str key, struct ss_str value) SS_MUST_CHECK;
bool ss_rule_setting_known(struct ss_str key);
int ss_rule_begin(struct ss_rule_reader *r, struct ss_str name) SS_MUST_CHECK;
/* The file's end: is the last rule whole? */
int ss_rule_end(struct ss_rule_reader *r) SS_MUST_CHECK;

#endif
