/* The inside of a rule set, shared by the files that load, run and explain it. */
#ifndef SS_RULE_RULESET_PARTS_H
#define SS_RULE_RULESET_PARTS_H

#include "rule/field_ref.h"
#include "rule/ruleset.h"
#include <stdatomic.h>

#define SS_RULE_REASON_MAX 4096 /* bytes of one reason; longer ones are cut */

/* An enabled rule; its condition is expression number i where it is number i in the order of evaluation. */
struct ss_live_rule {
    const struct ss_rule *def;
    int reason;         /* expression, or -1 */
    double score;       /* its part in the final score; NaN: none */
    bool gated;         /* has a span or a rollout */
    uint64_t seed, max; /* of the rollout: in, where the key's hash is at most `max` */
    bool nobody;        /* a rollout of 0% */
    struct ss_field_ref key;
    atomic_bool failure_said;
};

struct ss_rule_count {
    uint64_t tested, hits, errors, ns;
};

struct ss_rule_worker {
    struct ss_exprs *exprs;
    struct ss_fired *fired, *shadow; /* room for all rules */
    struct ss_failed *failed;
    struct ss_rule_count *count; /* of each live rule */
    bool quiet;                  /* nothing is counted */
    struct ss_buf text;
};

/* A file as it was when it was read: another one has been written, replaced or is gone. */
struct ss_file_stamp {
    uint64_t dev, ino, size;
    int64_t mtime_ns, ctime_ns;
};

struct ss_ruleset {
    struct ss_rule_spec *spec;
    struct ss_ruleset_options options;
    struct ss_live_rule *live; /* by priority, then as written */
    uint32_t n_live;
    int *when, *reason;                          /* expression of each rule of the specification */
    struct ss_list *list[SS_RULE_LISTS];         /* NULL: no file */
    struct ss_file_stamp stamp[SS_RULE_LISTS];   /* of each list's file */
    const struct ss_list *learnt[SS_RULE_LISTS]; /* by labels; NULL: none */
    char hash[9];
    const char **file;
    size_t files;
    bool batched, own_thresholds;
    double threshold[SS_LEVELS]; /* the file's, and the default ones where it has none */
    struct ss_rule_worker *worker;
    int workers;
};

/* Reads the lists' files, or shares what the set before has read. */
int ss_ruleset_load_lists(struct ss_ruleset *set) SS_MUST_CHECK;
struct ss_expr_lists ss_ruleset_expr_lists(struct ss_ruleset *set);

/* Is `value` on that list at the record's time? */
bool ss_ruleset_listed(const struct ss_ruleset *set, int list, struct ss_str value,
                       const struct ss_record *rec);

#endif
