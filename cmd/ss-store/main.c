#include "cli/filter.h"

extern const struct ss_stage ss_stage_store;

int main(int argc, char **argv)
{
    return ss_filter_main(&ss_stage_store, argc, argv);
}
