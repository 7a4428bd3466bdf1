/*
 * Which top-level fields the stages of one pipeline look at. Each gets a slot number when the pipeline opens;
 * the record then carries the values of those fields at their slots, and a look-up costs nothing. Fields that
 * nobody asked for stay what they are: bytes in the record's text.
 */
#ifndef SS_RECORD_SCHEMA_H
#define SS_RECORD_SCHEMA_H

#include "base/map.h"
#include "json/json.h"

/* The canonical fields and the members that stages add, in this order in every schema. */
enum ss_slot {
    SS_TXN_ID,
    SS_TIMESTAMP,
    SS_USER_ID,
    SS_AMOUNT,
    SS_CURRENCY,
    SS_CARD_ID,
    SS_ACCOUNT_ID,
    SS_MERCHANT_ID,
    SS_DEVICE_ID,
    SS_IP,
    SS_EMAIL,
    SS_CATEGORY,
    SS_LOCATION,
    SS_COUNTRY,
    SS_LAT,
    SS_LON,
    SS_CHANNEL,
    SS_LABEL,
    SS_TYPE, /* "label" for a label that arrives later than its payment; absent in payments */
    SS_FEATURES,
    SS_SCORE,
    SS_DECISION,
    SS_ALERT,
    SS_ASSESSMENT,
    SS_PACED, /* {"at":N}: when ss-pace meant the record to leave, ns since 1970 */
    SS_FIXED_SLOTS
};

#define SS_FIRST_MEMBER SS_FEATURES
#define SS_MEMBERS      (SS_FIXED_SLOTS - SS_FIRST_MEMBER)
#define SS_SLOTS_MAX    256

struct ss_schema {
    struct ss_map names; /* slot number = the name's number */
};

int ss_schema_init(struct ss_schema *schema) SS_MUST_CHECK;
void ss_schema_free(struct ss_schema *schema);
/* The slot of a top-level field, made when new. Only while the pipeline opens. Negative beyond SS_SLOTS_MAX.
 */
int ss_schema_slot(struct ss_schema *schema, struct ss_str name) SS_MUST_CHECK;
/* The canonical or member slot called `name`, or -1. */
int ss_slot_of(struct ss_str name);
const char *ss_slot_name(enum ss_slot slot);

static inline uint32_t ss_schema_size(const struct ss_schema *schema)
{
    return schema->names.n;
}

#endif
