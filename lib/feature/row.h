/* What the engine knows of one record of the batch while it works: parsed inputs and hashed keys. */
#ifndef SS_FEATURE_ROW_H
#define SS_FEATURE_ROW_H

#include "feature/plan.h"
#include "record/features.h"

enum ss_row_kind { SS_ROW_NONE, SS_ROW_PAYMENT, SS_ROW_LABEL };

#define SS_PLACE_NULL INT32_MIN

struct ss_key {
    uint64_t a, b; /* both 0: the record has no such key */
};

struct ss_row {
    int64_t time_us;
    uint64_t txn;     /* hash of txn_id, 0 when absent */
    uint32_t preds;   /* bit of each predicate that holds */
    int32_t lat, lon; /* 1e-7 degrees */
    int8_t label;     /* -1 not known */
    uint8_t kind;
    uint8_t hour, weekday; /* of its time, in UTC */
    double *num;           /* the feature vector */
    struct ss_str *text;
    struct ss_feature_value *carried; /* of each in the plan's `carried` */
};

/* What follows a row: hashes of texts, keys, fixed-point numbers, a late mark per group. */
static inline struct ss_key *ss_row_texts(const struct ss_feature_plan *plan, struct ss_row *row)
{
    return (struct ss_key *)((char *)row + plan->row_texts);
}
static inline struct ss_key *ss_row_keys(const struct ss_feature_plan *plan, struct ss_row *row)
{
    return (struct ss_key *)((char *)row + plan->row_keys);
}
static inline int64_t *ss_row_nums(const struct ss_feature_plan *plan, struct ss_row *row)
{
    return (int64_t *)((char *)row + plan->row_nums);
}
static inline uint8_t *ss_row_late(const struct ss_feature_plan *plan, struct ss_row *row)
{
    return (uint8_t *)row + plan->row_late;
}

/* Reads the inputs of a record: rejects what lacks a time or an amount. SS_ENOMEM is the only error. */
int ss_row_read(const struct ss_feature_plan *plan, struct ss_record *rec, struct ss_row *row,
                struct ss_arena *arena) SS_MUST_CHECK;
/* Computes the row features of a level, then the inputs that windows of the next level take from features. */
void ss_row_derive(const struct ss_feature_plan *plan, const struct ss_record *rec, struct ss_row *row,
                   struct ss_arena *arena, uint32_t level);
/* The member's JSON text into the arena, through `scratch`; p == NULL when out of memory. */
struct ss_str ss_row_render(const struct ss_feature_plan *plan, const struct ss_row *row, bool late,
                            struct ss_buf *scratch, struct ss_arena *arena);

/* Gives the record its vector and member; *late as the row's marks say. SS_ENOMEM is the only error. */
int ss_row_finish(const struct ss_feature_plan *plan, struct ss_record *rec, struct ss_row *row,
                  struct ss_buf *scratch, struct ss_arena *arena, bool *late) SS_MUST_CHECK;

/* Half to even at the sixth decimal: what computed features are rounded to. Adding and taking away 1.5 * 2^52
 * leaves the nearest integer, as nearbyint would, without its call. */
static inline double ss_round6(double x)
{
    double y = x * 1e6;
    return y < 0x1p51 && y > -0x1p51 ? ((y + 0x1.8p52) - 0x1.8p52) / 1e6 : x;
}
/* Great-circle kilometres (haversine, radius 6371.0088 km), three decimals; places in 1e-7 degrees. */
double ss_place_distance(int32_t lat1, int32_t lon1, int32_t lat2, int32_t lon2);
/* Degrees to 1e-7 degrees; false outside +-90 and +-180. */
bool ss_place_of(double lat, double lon, int32_t *lat7, int32_t *lon7);

#endif
