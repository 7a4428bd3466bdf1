/* Any bytes as a score member: read or refused, and what was read is finite and has a level. */
#include "record/score.h"
#include <math.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const unsigned char *bytes, size_t len);

int LLVMFuzzerTestOneInput(const unsigned char *bytes, size_t len)
{
    struct ss_score s;
    if (ss_score_parse((struct ss_str){(const char *)bytes, len}, &s) == 0 &&
        (!isfinite(s.value) || !isfinite(s.raw) || (unsigned)s.level >= SS_LEVELS))
        abort();
    return 0;
}
