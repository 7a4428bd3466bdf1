/* Any bytes as a rule file: refused, or it decides a record the same way twice. */
#include "base/log.h"
#include "rule/check.h"
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const unsigned char *bytes, size_t len);

static const char record[] =
    "{\"txn_id\":\"t\",\"timestamp\":\"2026-01-02T03:04:05Z\",\"user_id\":\"U1\",\"amount\":12.5,"
    "\"device_id\":\"D1\",\"location\":\"Unknown VPN\",\"features\":{\"set\":\"12345678\","
    "\"user_count_1m\":7,\"user_gap\":null},\"score\":{\"value\":0.6,\"level\":\"MEDIUM\"}}";

static void nothing(void *ctx, const struct ss_place *at, struct ss_str rule, const char *text)
{
    (void)ctx;
    if (!at->file || !text || (rule.n && !rule.p))
        abort();
}

static void result(void *ctx, const struct ss_rule *rule, const struct ss_rule_test *test, const char *why)
{
    (void)ctx;
    (void)why;
    if (!rule || !test)
        abort();
}

static void decide(struct ss_ruleset *set, struct ss_schema *schema)
{
    const struct ss_decision *d;
    struct ss_batch batch;
    struct ss_buf once, twice;
    struct ss_check_sink found = {nothing, NULL};
    struct ss_selftest_sink tested = {result, NULL};
    ss_buf_init(&once, 1 << 24);
    ss_buf_init(&twice, 1 << 24);
    if (ss_batch_init(&batch, schema, 1) < 0)
        abort();
    struct ss_record *rec = ss_batch_add(&batch);
    char *copy = ss_batch_copy(&batch, record, sizeof record - 1);
    if (!rec || !copy || ss_record_read(&batch, rec, copy, sizeof record - 1) < 0 || rec->fate != SS_KEEP)
        abort();
    for (int i = 0; i < 2; i++) {
        struct ss_buf *to = i ? &twice : &once;
        if (ss_ruleset_decide(set, 0, rec, &batch.arena[0], &d) == 0)
            ss_decision_put(d, to);
        else
            ss_buf_puts(to, "failed");
    }
    if (once.n != twice.n || memcmp(once.p, twice.p, once.n) != 0)
        abort();
    if (ss_ruleset_check(set, NULL, &found) < 0 || ss_ruleset_selftest(set, schema, &tested) < 0)
        abort();
    ss_batch_free(&batch);
    ss_buf_free(&once);
    ss_buf_free(&twice);
}

int LLVMFuzzerTestOneInput(const unsigned char *bytes, size_t len)
{
    struct ss_ruleset_options options = {.lists_dir = "/nonexistent"};
    struct ss_ruleset *set;
    struct ss_schema schema;
    ss_log_init("fuzz", SS_LOG_ERROR, false);
    if (ss_schema_init(&schema) < 0)
        abort();
    if (ss_ruleset_of_text((struct ss_str){(const char *)bytes, len}, "fuzz.rules", &options, &schema, 1,
                           &set) == 0) {
        decide(set, &schema);
        ss_ruleset_free(set);
    }
    ss_schema_free(&schema);
    return 0;
}
