#include "base/hash.h"
#define XXH_INLINE_ALL
#include <xxhash.h>

uint64_t ss_hash64(const void *bytes, size_t len)
{
    return XXH3_64bits(bytes, len);
}

uint64_t ss_hash64_seed(const void *bytes, size_t len, uint64_t seed)
{
    return XXH3_64bits_withSeed(bytes, len, seed);
}
