#include "tests/ingest_fuzz.h"

int LLVMFuzzerTestOneInput(const unsigned char *bytes, size_t len);

int LLVMFuzzerTestOneInput(const unsigned char *bytes, size_t len)
{
    static const char map[] =
        "timestamp = t + u\namount = a / 100\ncard_id = c pan\ntxn_id = hash()\nkind = \"k\"\n";
    static struct kit plain, mapped;
    if (!plain.open) {
        kit_open(&plain, SS_FORMAT_JSON, NULL);
        kit_open(&mapped, SS_FORMAT_JSON, map);
    }
    if (len < 1 << 14)
        fuzz_both_ways(len && bytes[0] == '[' ? &mapped : &plain, bytes, len);
    return 0;
}
