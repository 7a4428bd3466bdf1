#include "tests/ingest_fuzz.h"

int LLVMFuzzerTestOneInput(const unsigned char *bytes, size_t len);

int LLVMFuzzerTestOneInput(const unsigned char *bytes, size_t len)
{
    static const char map[] =
        "timestamp = t + u\namount = a / 100\ncard_id = c pan\ntxn_id = hash()\nkind = \"k\"\n";
    if (len > 1 << 14)
        return 0;
    fuzz_both_ways(SS_FORMAT_JSON, len && bytes[0] == '[' ? map : NULL, bytes, len);
    return 0;
}
