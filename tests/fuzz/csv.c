#include "tests/ingest_fuzz.h"

int LLVMFuzzerTestOneInput(const unsigned char *bytes, size_t len);

int LLVMFuzzerTestOneInput(const unsigned char *bytes, size_t len)
{
    static const char map[] =
        "timestamp = t \"%Y-%m-%d %H:%M\" +02:00\namount = a money \",\"\ncard_id = c pan optional\n"
        "txn_id = hash(t, a)\nlabel = l is \"x\" optional\nn = row(\"r\")\nlat = y optional\n";
    static struct kit plain, mapped;
    if (!plain.open) {
        kit_open(&plain, SS_FORMAT_ANY, NULL);
        kit_open(&mapped, SS_FORMAT_ANY, map);
    }
    if (len < 1 << 14)
        fuzz_both_ways(len > 1 && bytes[0] == 't' && bytes[1] != 'i' ? &mapped : &plain, bytes, len);
    return 0;
}
