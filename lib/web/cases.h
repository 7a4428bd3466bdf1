/* Parts of answers about cases that several endpoints give. */
#ifndef SS_WEB_CASES_H
#define SS_WEB_CASES_H

#include "store/cases.h"
#include "store/comments.h"
#include "web/web.h"

/* The case with its customer, evidence, and up to `limit` alerts and payments (with their records); comments
 * that are internal are not counted for viewers. */
int ss_case_put_whole(struct ss_call *call, const struct ss_case *c, bool records,
                      int64_t limit) SS_MUST_CHECK;
void ss_evidence_put(const struct ss_evidence *evidence, struct ss_buf *to);
void ss_comment_put(const struct ss_comment *comment, struct ss_buf *to);

#endif
