#include "tests/ingest_fuzz.h"

int LLVMFuzzerTestOneInput(const unsigned char *bytes, size_t len);

int LLVMFuzzerTestOneInput(const unsigned char *bytes, size_t len)
{
    static const char map[] =
        "timestamp = t \"%Y-%m-%d %H:%M\" +02:00\namount = a money \",\"\ncard_id = c pan optional\n"
        "txn_id = hash(t, a)\nlabel = l is \"x\" optional\nn = row(\"r\")\nlat = y optional\n";
    if (len > 1 << 14)
        return 0;
    fuzz_both_ways(SS_FORMAT_ANY, len && bytes[0] == 't' && len > 1 && bytes[1] != 'i' ? map : NULL, bytes,
                   len);
    return 0;
}
