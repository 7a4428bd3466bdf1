#include "feature/file.h"
#include "base/embedded.h"
#include "base/err.h"
#include "base/file.h"
#include <stdio.h>
#include <unistd.h>

int ss_feature_file_read(const char *name, struct ss_buf *text)
{
    char shipped[128];
    int n = snprintf(shipped, sizeof shipped, "feature/%s.features", name);
    struct ss_str found = {NULL, 0};
    if (!strpbrk(name, "/.") && n > 0 && (size_t)n < sizeof shipped)
        found = ss_embedded_find(shipped);
    if (!found.p) {
        if (!strpbrk(name, "/.") && access(name, F_OK) != 0)
            return ss_fail(SS_ENOINPUT, "no such feature file, nor a shipped one: '%s'", name);
        return ss_file_read(name, text);
    }
    ss_buf_put(text, found.p, found.n);
    return ss_buf_check(text);
}

int ss_feature_file_plan(const char *name, struct ss_schema *schema, struct ss_feature_plan **plan)
{
    struct ss_buf text;
    *plan = NULL;
    ss_buf_init(&text, SS_FEATURE_FILE_MAX + 1);
    int err = ss_feature_file_read(name, &text);
    if (err == 0)
        err = ss_feature_plan_parse(text.p, text.n, name, schema, plan);
    ss_buf_free(&text);
    return err;
}
