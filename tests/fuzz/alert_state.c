/* Any bytes as the state of alerts: refused, or taken and written again as the same bytes. */
#include "alert/desk.h"
#include "base/err.h"
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const unsigned char *bytes, size_t len);

static int ended(void *arg, const struct ss_group *group)
{
    (void)arg;
    return group->key_n > SS_GROUP_KEY ? SS_EBUG : 0;
}

int LLVMFuzzerTestOneInput(const unsigned char *bytes, size_t len)
{
    struct ss_desk_options opt = {.ended = ended};
    struct ss_schema schema;
    struct ss_desk *desk;
    struct ss_buf again;
    const struct ss_str name = SS_STR("ops");
    if (ss_desk_dedupe(SS_STR("user_id,10m"), &opt) < 0 || !ss_budget_parse(SS_STR("3/h"), &opt.budget) ||
        ss_schema_init(&schema) < 0 || ss_desk_new(&opt, &schema, &desk) < 0)
        abort();
    ss_buf_init(&again, 1 << 24);
    if (ss_desk_load(desk, (struct ss_str){(const char *)bytes, len}, &name, 1) == 0)
        ss_desk_save(desk, &name, 1, &again);
    if (again.n > len + 16 || ss_desk_end(desk) < 0)
        abort();
    ss_buf_free(&again);
    ss_desk_free(desk);
    ss_schema_free(&schema);
    return 0;
}
