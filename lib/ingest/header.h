/* Well-known column names: what payment exports call the canonical fields. */
#ifndef SS_INGEST_HEADER_H
#define SS_INGEST_HEADER_H

#include "base/str.h"

/*
 * How well a column's name fits a canonical field (enum ss_slot): 0 not at all, else the lower the better.
 * Case, blanks, points, hyphens and underscores do not count: Transaction ID, transactionId and
 * TRANSACTION_ID are one.
 */
int ss_header_rank(int slot, struct ss_str column);

#endif
