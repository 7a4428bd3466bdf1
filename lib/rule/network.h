/* Internet addresses and networks as texts: v4 and v6 (RFC 4291), v4 kept as v4-mapped v6. */
#ifndef SS_RULE_NETWORK_H
#define SS_RULE_NETWORK_H

#include "base/attr.h"
#include "base/str.h"
#include <stdint.h>

#define SS_NETWORK_BITS 128

struct ss_network {
    unsigned char address[16]; /* zero behind its first `bits` bits */
    unsigned bits;             /* 128 for one address */
};

/* "10.0.0.0/8", "10.1.2.3", "2001:db8::/32", "::1". Bits behind the prefix may be set and are dropped. */
bool ss_network_parse(struct ss_str text, struct ss_network *net) SS_MUST_CHECK;
/* Shortens to the first `bits` bits; longer than it is: unchanged. */
void ss_network_mask(struct ss_network *net, unsigned bits);

#endif
