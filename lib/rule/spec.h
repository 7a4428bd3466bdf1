/*
 * A rule set as a person wrote it (ss-rules.5): one or several files, read line by line, each setting checked
 * by itself; expressions are still texts. ruleset.h turns it into what runs.
 *
 *   combine  = max
 *   critical = 0.85
 *   list bad_devices = bad.csv kind=exact
 *
 *   [velocity_burst]
 *   when   = .features.user_count_1m >= 10
 *   score  = 0.95
 *   action = block
 *   reason = "\(.features.user_count_1m) payments in one minute"
 *   test   = {"features":{"user_count_1m":10}} => fires
 *
 * A line that begins with a blank goes on with the value before it, unless it begins with a setting's name
 * and
 * "=". All texts live as long as the specification.
 */
#ifndef SS_RULE_SPEC_H
#define SS_RULE_SPEC_H

#include "base/arena.h"
#include "record/decision.h"
#include "rule/list.h"

#define SS_RULE_FILE_MAX ((size_t)64 << 20)
#define SS_RULES_MAX     10000
#define SS_RULE_FILES    32
#define SS_RULE_LISTS    256
#define SS_RULE_AUTOS    32
#define SS_RULE_TESTS    1000 /* of one rule */
#define SS_RULE_TAGS     32
#define SS_RULE_PRIORITY 100 /* of a rule that states none */
#define SS_RULE_NAME_MAX 128

enum ss_combine { SS_COMBINE_MAX, SS_COMBINE_WEIGHTED };
enum ss_expect { SS_EXPECT_FIRES, SS_EXPECT_SILENT, SS_EXPECT_ERROR };

/* Where something stands: the file's name as messages say it, and the line. */
struct ss_place {
    const char *file;
    uint32_t line;
};

struct ss_rule_test {
    struct ss_str json;
    enum ss_expect expect;
    struct ss_place at;
};

struct ss_rule {
    struct ss_str name;
    struct ss_place at, when_at, reason_at;
    struct ss_str when, reason; /* p == NULL: no reason given */
    double score, weight;       /* NaN: not given */
    int action;                 /* enum ss_action, -1: not given */
    bool override_allow, enabled, shadow;
    struct ss_str severity, about; /* p == NULL: not given */
    struct ss_str tag[SS_RULE_TAGS];
    uint32_t tags;
    int priority;
    double rollout;            /* share of the keys, 0..1 */
    struct ss_str rollout_by;  /* p == NULL: all records */
    int64_t from_us, until_us; /* event time; INT64_MIN, INT64_MAX: open */
    int on_error;              /* enum ss_action, -1: none */
    bool on_error_given;
    struct ss_rule_test *test;
    uint32_t tests;
};

struct ss_list_def {
    struct ss_str name;
    const char *path, *column; /* path NULL: filled by auto_list only; column NULL: `value` */
    enum ss_list_kind kind;
    struct ss_place at;
};

/* auto_list NAME = FIELD ttl D [delay D] */
struct ss_auto_def {
    struct ss_str list, field;
    int64_t ttl_us, delay_us;
    struct ss_place at;
};

struct ss_rule_spec {
    struct ss_rule *rule;
    uint32_t rules, rules_cap;
    struct ss_list_def list[SS_RULE_LISTS];
    uint32_t lists;
    struct ss_auto_def autos[SS_RULE_AUTOS];
    uint32_t n_autos;
    enum ss_combine combine;
    double model_weight;         /* of the model's score in a weighted sum; 1 */
    double threshold[SS_LEVELS]; /* NaN: not given; [SS_NONE] is not used */
    int level_action[SS_LEVELS]; /* enum ss_action, -1: not given */
    int on_error;                /* for rules that state none */
    struct ss_place combine_at, model_weight_at, on_error_at, threshold_at[SS_LEVELS], action_at[SS_LEVELS];
    struct ss_str text[SS_RULE_FILES]; /* what was read, for the hash */
    uint32_t files;
    struct ss_arena arena;
};

/* NULL when out of memory. */
struct ss_rule_spec *ss_rule_spec_new(void);
void ss_rule_spec_free(struct ss_rule_spec *spec); /* accepts NULL */

/*
 * Adds a file's rules and settings; both are copied. `dir` is where its list files lie ("" or "some/dir/").
 * SS_ECONFIG with "FILE:LINE: what is wrong and how to mend it".
 */
int ss_rule_spec_parse(struct ss_rule_spec *spec, struct ss_str text, const char *file,
                       const char *dir) SS_MUST_CHECK;
/* After the last file: what can only be said of the whole. */
int ss_rule_spec_finish(struct ss_rule_spec *spec) SS_MUST_CHECK;

/* A rule set's file: the shipped pack NAME.rules when `name` is a bare name, else the file at that path. */
int ss_rule_file_read(const char *name, struct ss_buf *text) SS_MUST_CHECK;

const char *ss_expect_name(enum ss_expect expect);

#endif
