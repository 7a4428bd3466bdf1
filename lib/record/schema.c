#include "record/schema.h"
#include "base/err.h"

static const char *const fixed[SS_FIXED_SLOTS] = {
    [SS_TXN_ID] = "txn_id",
    [SS_TIMESTAMP] = "timestamp",
    [SS_USER_ID] = "user_id",
    [SS_AMOUNT] = "amount",
    [SS_CURRENCY] = "currency",
    [SS_CARD_ID] = "card_id",
    [SS_ACCOUNT_ID] = "account_id",
    [SS_MERCHANT_ID] = "merchant_id",
    [SS_DEVICE_ID] = "device_id",
    [SS_IP] = "ip",
    [SS_EMAIL] = "email",
    [SS_CATEGORY] = "category",
    [SS_LOCATION] = "location",
    [SS_COUNTRY] = "country",
    [SS_LAT] = "lat",
    [SS_LON] = "lon",
    [SS_CHANNEL] = "channel",
    [SS_LABEL] = "label",
    [SS_TYPE] = "type",
    [SS_FEATURES] = "features",
    [SS_SCORE] = "score",
    [SS_DECISION] = "decision",
    [SS_ALERT] = "alert",
    [SS_ASSESSMENT] = "assessment",
    [SS_PACED] = "paced",
};

int ss_schema_init(struct ss_schema *schema)
{
    ss_map_init(&schema->names, SS_SLOTS_MAX);
    for (int i = 0; i < SS_FIXED_SLOTS; i++)
        if (ss_map_add(&schema->names, ss_str_of(fixed[i])) < 0)
            return SS_ENOMEM;
    return 0;
}

void ss_schema_free(struct ss_schema *schema)
{
    ss_map_free(&schema->names);
}

int ss_schema_slot(struct ss_schema *schema, struct ss_str name)
{
    int64_t slot = ss_map_add(&schema->names, name);
    if (slot < 0)
        return ss_fail(SS_ECONFIG, "more than %d fields are looked at", SS_SLOTS_MAX);
    return (int)slot;
}

int ss_slot_of(struct ss_str name)
{
    for (int i = 0; i < SS_FIXED_SLOTS; i++)
        if (ss_str_is(name, fixed[i]))
            return i;
    return -1;
}

const char *ss_slot_name(enum ss_slot slot)
{
    return fixed[slot];
}
