/* Which fields records have, and of what types: learnt from a sample of them. Paths are as jq writes them,
 * ".features.user_count_1m"; an array's items are not looked into. */
#ifndef SS_RULE_CENSUS_H
#define SS_RULE_CENSUS_H

#include "base/arena.h"
#include "base/attr.h"
#include "base/map.h"
#include "base/str.h"

#define SS_CENSUS_PATHS 65536

struct ss_census_field {
    uint64_t present; /* and not null */
    uint64_t texts;   /* of them strings */
};

struct ss_census {
    struct ss_map paths;
    struct ss_census_field *field; /* of each path */
    uint32_t cap;
    uint64_t records;
};

void ss_census_init(struct ss_census *census);
void ss_census_free(struct ss_census *census);
/* SS_EDATA for a text that is no JSON object, SS_ENOMEM. */
int ss_census_add(struct ss_census *census, struct ss_str record) SS_MUST_CHECK;
/* NULL when no record has it, null or not. */
const struct ss_census_field *ss_census_find(const struct ss_census *census, struct ss_str path);

#endif
