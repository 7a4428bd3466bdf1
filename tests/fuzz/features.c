/* Any bytes as a feature file: refused with a line, or a plan whose engine takes a few payments. */
#include "base/err.h"
#include "feature/engine.h"
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const unsigned char *bytes, size_t len);

static const char *const lines[] = {
    "{\"txn_id\":1,\"timestamp\":\"2026-01-01T00:00:00Z\",\"amount\":1.5,\"user_id\":\"u\",\"a\":1,\"b\":"
    "\"x\"}",
    "{\"txn_id\":2,\"timestamp\":\"2026-01-01T00:00:01Z\",\"amount\":2,\"user_id\":\"u\",\"lat\":1,\"lon\":2,"
    "\"label\":1}",
    "{\"type\":\"label\",\"txn_id\":1,\"label\":1,\"timestamp\":\"2026-01-01T00:00:02Z\"}",
    "{\"txn_id\":3,\"timestamp\":\"2025-12-31T00:00:01Z\",\"amount\":-9e14,\"user_id\":\"u\",\"a\":1e300}",
    "{\"txn_id\":4,\"timestamp\":\"9999-12-31T00:00:01Z\",\"amount\":0,\"user_id\":\"v\",\"a\":-1e-300,\"b\":"
    "\"\\u0000\\\"\"}",
    "{\"txn_id\":5,\"timestamp\":\"2026-01-01T00:00:03Z\",\"amount\":3,\"user_id\":\"u\",\"features\":{"
    "\"set\":"
    "\"x\",\"a\":2.5,\"b\":\"\\u00e9\",\"c\":null,\"d\":[1,{\"a\":2}],\"e\":true}}",
    "{\"txn_id\":6,\"timestamp\":\"2026-01-01T00:00:04Z\",\"amount\":3,\"user_id\":\"u\",\"features\":{\"a\":"
    "\"3\"}}",
};

static int run(struct ss_batch *batch, const struct ss_feature_plan *plan)
{
    struct ss_feature_engine *engine;
    struct ss_feature_config config = {.max_memory = (size_t)1 << 20};
    int err = ss_feature_engine_new(plan, 2, &config, &engine);
    for (size_t i = 0; i < SS_COUNT(lines) && !err; i++) {
        char *text = ss_batch_copy(batch, lines[i], strlen(lines[i]));
        struct ss_record *rec = text ? ss_batch_add(batch) : NULL;
        err = rec ? ss_record_read(batch, rec, text, strlen(lines[i])) : SS_ENOMEM;
    }
    err = err ? err : ss_feature_engine_run(engine, batch);
    ss_feature_engine_free(engine);
    return err;
}

int LLVMFuzzerTestOneInput(const unsigned char *bytes, size_t len)
{
    struct ss_schema schema;
    struct ss_batch batch = {0};
    struct ss_feature_plan *plan = NULL;
    if (len > 1 << 16 || ss_schema_init(&schema) < 0)
        return 0;
    int err = ss_feature_plan_parse((const char *)bytes, len, "features", &schema, &plan);
    if (err == SS_ECONFIG && strncmp(ss_err_text(), "features:", 9) != 0)
        abort(); /* a mistake without its place */
    if (!err && ss_batch_init(&batch, &schema, 1) == 0 && run(&batch, plan) < 0)
        abort();
    ss_batch_free(&batch);
    ss_feature_plan_free(plan);
    ss_schema_free(&schema);
    return 0;
}
