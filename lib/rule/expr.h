/*
 * Expressions: jq's language over records, compiled once for a whole rule set.
 *
 * All expressions of a set share one graph: a sub-expression that stands in ten rules is one node, evaluated
 * at most once a record (a memo that the next record outdates). Comparisons of a field with a number are
 * ranked together, so that a thousand rules of the usual kind cost little more than ten (see filter.h).
 *
 * Meaning: jq 1.6's, proven against libjq by tests/unit/expr_differential.c, with these stated differences:
 *  - integers beyond 2^53 are compared and printed exactly, not as the nearest double;
 *  - repeating a string ("ab" * 3) gives at most 64 KiB, and an error beyond;
 *  - a list's members stand for their text: `.user_id | IN($lists.staff[])` is true for 42 and for "42";
 *  - an evaluation that would need more than SS_EXPR_STEPS steps or SS_EXPR_BYTES bytes is an error;
 *  - what libjq would end the process for (an assertion) is refused or an error.
 * As in jq, a missing field is null, null sorts below every number (`.missing < 10` is true) and a string
 * above
 * (`"a" > 10` is true).
 *
 * Where an expression runs is decided when it is added:
 *  NATIVE  by this library, tens of nanoseconds;
 *  LIBJQ   by libjq in this process, microseconds: everything that an allow-list of functions and syntax
 * proves to end, with work bounded by a polynomial of the record's length (allow.h); CHILD   by libjq in a
 * child process with limits on CPU, memory and time, in batches: anything else that is jq, and only where the
 * options allow it (--full-jq). Never allowed: the environment, modules, input and output, the clock.
 *
 * `$lists.NAME[]` stands for the members of a named list, in one form that is valid jq too:
 *     .device_id | IN($lists.bad_devices[])
 * natively one look-up whatever the list's size and kind; libjq gets small lists as arrays of strings.
 *
 * The first output of an expression counts: `empty` is no output.
 *
 * A set and what it returns belong to one thread at a time. Evaluation allocates from the arena given for the
 * record only. lib/rule/libjq.c holds libjq's memory; nothing of it leaves that file.
 */
#ifndef SS_RULE_EXPR_H
#define SS_RULE_EXPR_H

#include "base/arena.h"
#include "base/attr.h"
#include "base/buf.h"
#include "base/str.h"
#include "record/batch.h"

#define SS_EXPR_TEXT_MAX  (64 << 10) /* bytes of one expression */
#define SS_EXPR_DEPTH_MAX 256        /* nested brackets, or operators within each other */
#define SS_EXPR_STEPS     1000000    /* nodes and loop turns of one evaluation */
#define SS_EXPR_BYTES     (4 << 20)  /* of values made by one evaluation */

enum ss_expr_kind { SS_EXPR_NATIVE, SS_EXPR_LIBJQ, SS_EXPR_CHILD };
enum ss_expr_result { SS_EXPR_ERROR = -1, SS_EXPR_FALSE = 0, SS_EXPR_TRUE = 1 };

/* Named lists as expressions see them. Without `find`, $lists is refused. */
struct ss_expr_lists {
    void *ctx;
    /* The number of a list, or negative when there is none of that name. Called while adding. */
    int (*find)(void *ctx, struct ss_str name);
    /* Is `value` (a string's text, a number as it is printed) on the list, at the record's event time? */
    bool (*has)(void *ctx, int list, struct ss_str value, const struct ss_record *rec);
    /* Gives each entry's text to `entry` until that returns false; false when the list is no enumeration of
     * texts (a prefix, a network, a pattern). May be NULL. Only for expressions that libjq runs. */
    bool (*each)(void *ctx, int list, bool (*entry)(void *to, struct ss_str text), void *to);
};

struct ss_exprs_options {
    bool full_jq;        /* allow CHILD */
    uint32_t timeout_ms; /* for one evaluation in the child; 0 = 2000 */
    uint32_t memory_mib; /* for the child; 0 = 512 */
    struct ss_expr_lists lists;
    /* Called once for an expression that ran away (`where` as it was added); it is an error from then on. */
    void (*quarantined)(void *ctx, int id, const char *where, const char *why);
    void *ctx;
};

struct ss_exprs;

/* NULL when out of memory. */
struct ss_exprs *ss_exprs_new(const struct ss_exprs_options *options);
void ss_exprs_free(struct ss_exprs *set);

/*
 * Adds an expression; `where` ("payments.rules:12") begins messages about it. Ids count from 0; two texts
 * that mean the same keep two ids (see ss_expr_same). SS_ECONFIG when it is no jq, or none that may run: the
 * message names the column and says what to do about it.
 */
int ss_exprs_add(struct ss_exprs *set, struct ss_str text, const char *where, int *id) SS_MUST_CHECK;
size_t ss_exprs_count(const struct ss_exprs *set);
enum ss_expr_kind ss_expr_kind(const struct ss_exprs *set, int id);
/* Why it is not native: a function or construct by name; "" when it is. */
const char *ss_expr_why(const struct ss_exprs *set, int id);

/*
 * After the last add: asks the schema for the fields, ranks the predicates. Fields that get no slot any more
 * (a set loaded while records flow) are looked up in the record's text.
 */
int ss_exprs_bind(struct ss_exprs *set, struct ss_schema *schema, bool may_add_slots) SS_MUST_CHECK;

/* Evaluates all CHILD expressions for a batch; nothing to do where there are none. Call before the batch's
 * first ss_exprs_begin, with the records as the expressions shall see them. */
int ss_exprs_batch(struct ss_exprs *set, const struct ss_batch *batch) SS_MUST_CHECK;

/* The record that the calls below are about. `rec` and `arena` must stay until the next begin. */
void ss_exprs_begin(struct ss_exprs *set, const struct ss_record *rec, struct ss_arena *arena);

/* Truth of the first output: false, null and no output are FALSE. ERROR: ss_expr_error says why. */
int ss_expr_test(struct ss_exprs *set, int id);
/*
 * Bit id (of ss_exprs_count bits, 64 a word) is 0 where the expression is known to be FALSE for this record;
 * the others are for ss_expr_test. This is how to go over a thousand rules without a call for each.
 */
const uint64_t *ss_exprs_maybe(struct ss_exprs *set);

/* Appends the first output: a string as its text, anything else as JSON, nothing when there is none (returns
 * SS_EXPR_FALSE then, else SS_EXPR_TRUE or SS_EXPR_ERROR). */
int ss_expr_text(struct ss_exprs *set, int id, struct ss_buf *to);
/* The same, strings as JSON too; "empty" when there is no output. */
int ss_expr_json(struct ss_exprs *set, int id, struct ss_buf *to);
/* The message of the last ERROR. Valid until the next call. */
const char *ss_expr_error(const struct ss_exprs *set);

/* ---- What a checker and an explainer ask. ---- */

/* Both texts compile to the same node. */
bool ss_expr_same(const struct ss_exprs *set, int a, int b);
/* The expression does not look at the record: its truth for every record is in *result. */
bool ss_expr_constant(struct ss_exprs *set, int id, int *result);
/* Each field the expression reads: ".features.user_count_1m". Not told for CHILD expressions. */
void ss_expr_fields(const struct ss_exprs *set, int id, void (*field)(void *to, struct ss_str path),
                    void *to);
/* Each top-level condition of the form `path OP number` (all must hold): OP is one of "<" "<=" ">" ">=" "=="
 * "!=". */
void ss_expr_thresholds(const struct ss_exprs *set, int id,
                        void (*threshold)(void *to, struct ss_str path, const char *op, double number),
                        void *to);
/* Each native sub-expression, innermost first, as written, with its value for the current record as JSON (or
 * "error: why", or "empty"). */
void ss_expr_explain(struct ss_exprs *set, int id,
                     void (*part)(void *to, struct ss_str text, struct ss_str value), void *to);

#endif
