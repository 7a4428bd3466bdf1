/* Any bytes as a cost file: read with nothing negative in it, or refused. */
#include "eval/cost.h"
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const unsigned char *bytes, size_t len);

int LLVMFuzzerTestOneInput(const unsigned char *bytes, size_t len)
{
    struct ss_cost c;
    struct ss_confusion confusion = {0.5, 3, 2, 1, 4};
    if (ss_cost_parse("costs", (const char *)bytes, len, &c) == 0 &&
        (c.review < 0 || c.friction < 0 || c.fee < 0 || c.loss < 0 || c.recovered > 10000 ||
         ss_cost_of(&c, &confusion, 30000, 10000) < 0))
        abort();
    return 0;
}
