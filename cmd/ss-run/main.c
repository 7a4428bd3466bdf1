#include "cli/filter.h"

int main(int argc, char **argv)
{
    return ss_run_main(argc, argv);
}
