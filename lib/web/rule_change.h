/*
 * How a new text gets into the store: reviewed by a reader, written by the desk.
 */
#ifndef SS_WEB_RULE_CHANGE_H
#define SS_WEB_RULE_CHANGE_H

#include "rule/review.h"
#include "store/rule_sets.h"
#include "web/web.h"

/* What a review said, as members of an object behind what is there: errors, warnings, failures. */
struct ss_rule_notes {
    struct ss_review review;
    struct ss_buf errors, warnings, failures; /* items of arrays */
};

/* Reviews the text with the lists that the server has. *set is the caller's, NULL where there are errors;
 * `schema` has been made. `sample`: how many of the newest payments show which fields there are. */
int ss_rule_notes_make(struct ss_call *call, struct ss_str text, int64_t sample, struct ss_schema *schema,
                       struct ss_rule_notes *notes, struct ss_ruleset **set) SS_MUST_CHECK;
void ss_rule_notes_free(struct ss_rule_notes *notes);
/* Answers 422 with all that is wrong, and where. Returns 0. */
int ss_rule_refuse(struct ss_call *call, const struct ss_rule_notes *notes);
void ss_put_rule_notes(struct ss_buf *to, const struct ss_rule_notes *notes);

/*
 * A text that is to become a version. Based on `base`: where that is a draft that ?draft= names, the draft is
 * changed; otherwise there is a new version, published where the caller may do that alone, else submitted.
 */
struct ss_rule_change {
    struct ss_rule_set base; /* as it was read; version 0: there was none */
    bool in_draft;
    struct ss_str text;
    struct ss_str comment; /* what was done, "enable velocity_burst" */
    const char *action;    /* for the audit log, "rules.edit" */
};

/* What an edit begins with: the draft that ?draft= names, or the published version (version 0 and an empty
 * text where there is none). If-Match is looked at. False when the call is answered or *err is set. */
bool ss_rule_change_base(struct ss_call *call, struct ss_rule_change *change, int *err);
/* The last thing a reader's part does: reviews, and hands on to the desk. `change` is in the arena. */
int ss_rule_change_go(struct ss_call *call, struct ss_rule_change *change) SS_MUST_CHECK;

/* The same review for a text that stays as it is: 422 with all that is wrong, or on to `then`. */
int ss_rule_review_then(struct ss_call *call, struct ss_str text,
                        int (*then)(struct ss_call *call)) SS_MUST_CHECK;

/* A version by its number or "current": 1, 0 when the call is answered (404), or an error. */
int ss_rule_set_find(struct ss_call *call, struct ss_str name, struct ss_rule_set *set) SS_MUST_CHECK;

/* True, the call being answered (409), when the pipeline reads rules that the server does not keep. */
bool ss_rule_is_foreign(struct ss_call *call);
/* May the caller publish without anybody else? */
bool ss_rule_may_publish(const struct ss_call *call);
/* Tells listeners and, where the version is the published one, has it take effect. */
void ss_rule_tell(struct ss_call *call, const struct ss_rule_set *set);
/* The audit line of a version: what it was and is. */
int ss_rule_audit(struct ss_call *call, const char *action, int64_t version, const struct ss_rule_set *was,
                  const struct ss_rule_set *now) SS_MUST_CHECK;
/* Answers with the version. */
int ss_rule_answer(struct ss_call *call, int64_t version, int status) SS_MUST_CHECK;

#endif
