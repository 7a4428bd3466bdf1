/* Any bytes as a snooze file: read and asked about a record, or a message with the line. */
#include "alert/snooze.h"
#include "base/err.h"
#include "record/batch.h"
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const unsigned char *bytes, size_t len);

static const char text[] =
    "{\"user_id\":42,\"timestamp\":1772366400,\"decision\":{\"action\":\"block\",\"level\":\"HIGH\","
    "\"rules\":[{\"id\":\"r1\"}]}}                                                                ";

int LLVMFuzzerTestOneInput(const unsigned char *bytes, size_t len)
{
    struct ss_snooze *snooze;
    struct ss_schema schema;
    struct ss_batch batch;
    int err = ss_snooze_parse("snooze", (struct ss_str){(const char *)bytes, len}, &snooze);
    if (err) {
        if (err == SS_ECONFIG && strncmp(ss_err_text(), "snooze:", 7) != 0)
            abort();
        return 0;
    }
    if (ss_schema_init(&schema) < 0)
        abort();
    if (ss_snooze_bind(snooze, &schema, true) == 0 && ss_batch_init(&batch, &schema, 1) == 0) {
        struct ss_record *rec = ss_batch_add(&batch);
        if (rec && ss_record_read(&batch, rec, text, strcspn(text, " ")) == 0) {
            struct ss_facts facts = ss_facts_of(rec, &batch.arena[0]);
            (void)ss_snooze_covers(snooze, rec, rec->time_us, &facts, &batch.arena[0]);
        }
        ss_batch_free(&batch);
    }
    ss_schema_free(&schema);
    ss_snooze_free(snooze);
    return 0;
}
