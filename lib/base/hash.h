/* Fast hashing for tables (XXH3 of libxxhash, its only user) and cryptographic digests (libsodium, digest.h).
 */
#ifndef SS_BASE_HASH_H
#define SS_BASE_HASH_H

#include <stddef.h>
#include <stdint.h>

/* The same value on every machine and in every run: it decides shards and samples, so it may not change. */
uint64_t ss_hash64(const void *bytes, size_t len);
uint64_t ss_hash64_seed(const void *bytes, size_t len, uint64_t seed);

#endif
