/* How large a store is. */
#ifndef SS_STORE_SIZE_H
#define SS_STORE_SIZE_H

#include "store/db.h"

int ss_store_bytes(struct ss_db *db, int64_t *bytes) SS_MUST_CHECK;

#endif
