/*
 * A rule set that runs: records in, decisions out.
 *
 * What a decision is:
 *   score   combine = max:      the greatest of the model's score and the floors of the live rules that fired
 *           combine = weighted: model_weight * model's score + the weights of the live rules that fired (a
 * rule without a weight adds its score), within 0..1, rounded to nine decimals level   where the rule file
 * states thresholds: by these (those that it leaves out are the default ones); else the model's own level,
 * raised where the default thresholds put the final score higher action  the strongest of the live rules that
 * fired (block > challenge > review > notify > allow) and of the level's own (`action critical = block`);
 * allow when nothing says anything; and allow in any case when a live rule with override = allow fired Rules
 * stand in the order of their priority, lower numbers first, then as written. Shadow rules are evaluated as
 * the others and reported apart. A rule that fails counts as fired with its on_error action (ignore: not at
 * all); that it failed is in the decision either way.
 *
 * A rule set is made whole or not at all, and is then changed by nobody but the one worker that each part
 * belongs to, and the lists that labels fill (auto_list.h), between records.
 */
#ifndef SS_RULE_RULESET_H
#define SS_RULE_RULESET_H

#include "record/batch.h"
#include "record/decision.h"
#include "rule/auto_list.h"
#include "rule/expr.h"
#include "rule/spec.h"

struct ss_ruleset_options {
    bool full_jq;          /* allow expressions that are not proven to end */
    const char *lists_dir; /* where list files lie; NULL: beside their rule file */
    bool profile;          /* measure each rule */
    /* While it loads, lists whose files are as they were are taken from here. NULL: all are read. */
    const struct ss_ruleset *previous;
    bool no_lists; /* read no list file: nothing is on any list. For looking at the rules alone */
};

struct ss_ruleset;

/*
 * From files or shipped packs. With may_add_slots false (a reload: records flow already) fields without a
 * slot are looked up in the records' texts. `autos` (which may be NULL) must outlive the set and have been
 * given the set's definitions by ss_ruleset_adopt. SS_ECONFIG, SS_ENOINPUT, SS_ENOMEM; *set is NULL then.
 */
int ss_ruleset_load(const char *const *name, size_t n, const struct ss_ruleset_options *options,
                    struct ss_schema *schema, bool may_add_slots, int workers,
                    struct ss_ruleset **set) SS_MUST_CHECK;
/* As if `text` stood in a file of that name. */
int ss_ruleset_of_text(struct ss_str text, const char *name, const struct ss_ruleset_options *options,
                       struct ss_schema *schema, int workers, struct ss_ruleset **set) SS_MUST_CHECK;
void ss_ruleset_free(struct ss_ruleset *set); /* accepts NULL */

/* Lets labels fill the set's auto_lists from now on. */
int ss_ruleset_adopt(struct ss_ruleset *set, struct ss_auto_lists *autos, struct ss_schema *schema,
                     bool may_add_slots) SS_MUST_CHECK;

const struct ss_rule_spec *ss_ruleset_spec(const struct ss_ruleset *set);
const char *ss_ruleset_hash(const struct ss_ruleset *set); /* 8 hex digits */
/* The files behind the set, to be watched: rule files (no shipped ones), then list files. */
size_t ss_ruleset_files(const struct ss_ruleset *set, const char *const **file);

/* Does any rule of the set need to see a whole batch beforehand (full jq)? */
bool ss_ruleset_batched(const struct ss_ruleset *set);
/* For these: before a batch's first decision. */
int ss_ruleset_batch(struct ss_ruleset *set, int worker, const struct ss_batch *batch) SS_MUST_CHECK;
/* Decides; the decision and its texts live in the arena. */
int ss_ruleset_decide(struct ss_ruleset *set, int worker, const struct ss_record *rec, struct ss_arena *arena,
                      const struct ss_decision **decision) SS_MUST_CHECK;
/* While quiet, decisions by the first worker leave no trace: hits are not counted, failures not logged. */
void ss_ruleset_quiet(struct ss_ruleset *set, bool quiet);
/* Decides, and appends how: every rule, every value on the way to it. */
int ss_ruleset_explain(struct ss_ruleset *set, const struct ss_record *rec, struct ss_arena *arena,
                       struct ss_buf *to) SS_MUST_CHECK;

/* A table, tab separated: rule, mode, records it was evaluated on, hits, errors, ns each, share of the time.
 */
void ss_ruleset_profile(const struct ss_ruleset *set, struct ss_buf *to);
/* Adds the counts of an older set to the rules of the same name. */
void ss_ruleset_profile_take(struct ss_ruleset *set, const struct ss_ruleset *from);

/* ---- Looking into it: check.c, selftest.c ---- */

struct ss_exprs *ss_ruleset_exprs(struct ss_ruleset *set); /* the first worker's */
/* The expression of the i-th rule of the specification. */
int ss_ruleset_when(const struct ss_ruleset *set, uint32_t rule);
int ss_ruleset_reason(const struct ss_ruleset *set, uint32_t rule); /* -1: none */
const struct ss_list *ss_ruleset_list(const struct ss_ruleset *set, uint32_t list);

#endif
