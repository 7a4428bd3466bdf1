/*
 * Rules over the API.
 *
 * Where they live. The store is the truth: its table rule_sets keeps every version for good, and one of them
 * is published. The pipeline reads a file (`rules -r FILE`), which is the published version's text and
 * nothing else: written in one step after the commit that published it, with the pipeline told to reload
 * (SS_AFTER_RULES). So a crash in between leaves an older file, which the next start mends:
 *
 *   ss_rules_open  nothing published yet: the file's text, or the shipped rules where there is none, becomes
 *                  version 1. Otherwise a file that differs was edited by hand: what stands in it is kept as
 *                  a draft, to be looked at, and the published text takes its place.
 *
 * Lists live in the same way in the tables lists and list_entries; list NAME is the file NAME.csv in the
 * lists' directory, where a rule file's `list NAME = NAME.csv kind=KIND` finds it.
 *
 * How a version comes to be. A draft is edited, submitted, approved by somebody else, published; while the
 * setting rules.four_eyes is off an administrator may publish at once. What changes one rule, or brings an
 * old text back, makes a new version in one step: published where the caller may do that alone, else
 * submitted. Whatever is published was compiled before, its lists read; what is broken is refused with
 * everything that is wrong with it (rule/review.h), and the rules in use stay. Reviews take their time and
 * are made by a reader; the desk only writes.
 */
#ifndef SS_WEB_RULES_H
#define SS_WEB_RULES_H

#include "rule/ruleset.h"
#include "store/rule_sets.h"
#include "web/web.h"

#define SS_RULES_TEXT_MAX ((size_t)4 << 20) /* bytes of a rule file over the API */

struct ss_rules_options {
    const char *file;      /* that the pipeline reads; all of these must outlive the rules */
    const char *lists_dir; /* NULL: the file's */
    const char *seed;      /* a shipped pack to begin with where there is no file; NULL: default */
    bool full_jq;          /* as the pipeline's own --full-jq */
};

/* Compares the files with the store, as said above, and mends; `db` may write, no transaction being open. To
 * be called before the pipeline opens. SS_ECONFIG for a file that is no rule file, SS_ECREATE, SS_EIO. */
int ss_rules_open(const struct ss_rules_options *options, struct ss_db *db, int64_t now_us,
                  struct ss_rules **rules) SS_MUST_CHECK;
void ss_rules_close(struct ss_rules *rules); /* accepts NULL */
/* Writes what changed and has the pipeline read it; what fails is remembered and told by describe. By the
 * desk. `engine` may be NULL. */
void ss_rules_apply(struct ss_rules *rules, struct ss_db *db, struct ss_engine *engine, unsigned after);
/* For compiling a text of ours; without `rules` no list is read. */
struct ss_ruleset_options ss_rules_compile_options(const struct ss_rules *rules);
/* Where list files lie: "" or "some/dir/". */
const char *ss_rules_lists_dir(const struct ss_rules *rules);
/* {"file":..,"applied_at":..,"error":..} appended: any thread. */
void ss_rules_describe(struct ss_rules *rules, struct ss_buf *to);

#endif
