#include "cli/filter.h"
#include "cmd/ss-rules/inspect.h"

extern const struct ss_stage ss_stage_rules;

int main(int argc, char **argv)
{
    if (ss_rules_wants_inspection(argc, argv))
        return ss_rules_inspect(argc, argv);
    return ss_filter_main(&ss_stage_rules, argc, argv);
}
