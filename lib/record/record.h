/*
 * The record: one payment (or label), as one line of JSON plus what the stages of this process know of it.
 *
 * Its text is never edited. A stage adds one member named after what it makes; the record leaves as its own
 * bytes without the members that were replaced, plus the new ones in the order in which they were set. So no
 * number is damaged, provenance stays readable, and piped and fused pipelines print the same bytes.
 * In one process stages hand each other values (fields at their slots, the feature vector, the score), and
 * the member's text is made once.
 *
 * Everything a record points to lives as long as its batch (see batch.h).
 */
#ifndef SS_RECORD_RECORD_H
#define SS_RECORD_RECORD_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/str.h"
#include "record/schema.h"

/* A top-level value as it stands in the text. type == SS_JSON_ABSENT: the record has no such field. */
struct ss_field {
    const char *val; /* raw JSON, strings with their quotes */
    uint32_t len;
    uint32_t member_at; /* where its "key" starts in the text, for cutting it out */
    enum ss_json_type type;
};

enum ss_fate {
    SS_KEEP,
    SS_DROP,   /* leaves silently: filtered, or consumed */
    SS_REJECT, /* goes to --rejects with its reason and position */
};

/* The names behind a feature vector; one for the life of the pipeline, shared by all its records. */
struct ss_feature_names {
    char set[9]; /* first 8 hex digits of the feature file's SHA-256 */
    uint32_t n;
    const struct ss_str *name;
    const bool *is_text; /* categorical: its value is in `text`, not `num` */
};

struct ss_features {
    const struct ss_feature_names *names;
    const double *num;         /* NaN = null (missing) */
    const struct ss_str *text; /* p == NULL = null; the array itself is NULL when no feature is categorical */
    bool late;                 /* older than its entity's newest record */
};

enum ss_level { SS_NONE, SS_LOW, SS_MEDIUM, SS_HIGH, SS_CRITICAL, SS_LEVELS };

const char *ss_level_name(enum ss_level level); /* "CRITICAL" */
int ss_level_of(struct ss_str name);            /* -1 when it is none */

struct ss_score {
    double value; /* calibrated, 0..1 */
    double raw;   /* the model's own output */
    enum ss_level level;
};

struct ss_decision;

struct ss_record {
    const char *text; /* {...} without the newline; readable SS_JSON_PADDING bytes behind it */
    uint32_t len;
    uint32_t source;        /* which input file or partition, an index into the feed's names */
    uint64_t line;          /* position in that input, first = 1 */
    uint64_t record_no;     /* position in this process, first = 1 */
    int64_t arrived_ns;     /* monotonic time of the read that brought it; 0 when not measured */
    int64_t time_us;        /* event time, where has_time */
    int64_t amount;         /* 1/10000 units, where has_amount */
    struct ss_field *field; /* at each schema slot */
    const struct ss_features *features;
    const struct ss_score *score;
    const struct ss_decision *decision; /* record/decision.h */
    struct ss_str member[SS_MEMBERS];   /* texts set by stages, p == NULL where not set */
    uint8_t order[SS_MEMBERS];          /* member numbers in the order they were set, n_set of them */
    uint8_t n_set;
    uint8_t fate; /* enum ss_fate */
    bool has_time, has_amount;
    const char *reason, *rejected_by; /* where fate == SS_REJECT */
};

static inline bool ss_record_has(const struct ss_record *rec, int slot)
{
    return rec->field[slot].type > SS_JSON_NULL;
}

/*
 * The value as text: a string without quotes and escapes, anything else as written. This is how ids compare.
 * p == NULL when the field is absent or null (or the arena is full).
 */
struct ss_str ss_record_text(const struct ss_record *rec, int slot, struct ss_arena *arena);
/* A number, or a string that holds one, or a boolean as 0 and 1; NaN otherwise. */
double ss_record_number(const struct ss_record *rec, int slot);
/* The label: 1 fraud, 0 genuine, -1 not known. Accepts numbers, booleans and their strings. */
int ss_record_label(const struct ss_record *rec);
/* True for {"type":"label", ...}: not a payment, passed on by every stage that has no use for it. */
bool ss_record_is_label(const struct ss_record *rec);

/*
 * Sets the stage member at `slot` (SS_FEATURES..SS_PACED) to a JSON text that lives as long as the
 * batch. A member of that name in the text, or set before, is replaced and moves to the end. json.p == NULL
 * takes it away.
 */
void ss_record_set(struct ss_record *rec, enum ss_slot slot, struct ss_str json);
/* The member's JSON text as it will leave: what was set, else what came with the record; p == NULL if none.
 */
struct ss_str ss_record_member(const struct ss_record *rec, enum ss_slot slot);

/* `reason` must live as long as the batch: a literal, or text from its arena. */
void ss_record_reject(struct ss_record *rec, const char *by, const char *reason);

/* Appends the record's line, newline included. */
void ss_record_write(const struct ss_record *rec, struct ss_buf *to);

#endif
