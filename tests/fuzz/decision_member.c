/* Any bytes as a decision member: read or refused; what was read is written and read back as the same. */
#include "record/decision.h"
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const unsigned char *bytes, size_t len);

int LLVMFuzzerTestOneInput(const unsigned char *bytes, size_t len)
{
    struct ss_arena arena;
    struct ss_decision d;
    struct ss_buf once, twice;
    ss_arena_init(&arena, 1 << 24);
    ss_buf_init(&once, 1 << 24);
    ss_buf_init(&twice, 1 << 24);
    if (ss_decision_parse((struct ss_str){(const char *)bytes, len}, &arena, &d) == 0) {
        ss_decision_put(&d, &once);
        if (ss_decision_parse((struct ss_str){once.p, once.n}, &arena, &d) < 0)
            abort();
        ss_decision_put(&d, &twice);
        if (once.n != twice.n || memcmp(once.p, twice.p, once.n) != 0)
            abort();
    }
    ss_buf_free(&once);
    ss_buf_free(&twice);
    ss_arena_free(&arena);
    return 0;
}
