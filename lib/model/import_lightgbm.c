#include "model/import.h"
#include "base/err.h"

int ss_import_lightgbm(const char *text, size_t len, struct ss_trees *trees)
{
    (void)text, (void)len;
    *trees = (struct ss_trees){0};
    return ss_fail(SS_EDATA, "not a LightGBM model");
}

int ss_import_model(const char *text, size_t len, struct ss_trees *trees)
{
    struct ss_str start = ss_str_trim((struct ss_str){text, len});
    if (start.n && start.p[0] == '{')
        return ss_import_xgboost(text, len, trees);
    return ss_import_lightgbm(text, len, trees);
}
