/* From a request's head to the API's struct ss_request. */
#ifndef SS_SERVE_REQUEST_H
#define SS_SERVE_REQUEST_H

#include "web/http1.h"
#include "cmd/ss-serve/task.h"

/* Fills the task's request from a checked head, whose texts live as long as the task. False when it is
 * answered: a method that there is not. */
bool ss_request_read(const struct ss_http1 *head, struct ss_task *task);
/* Does the connection stay after this request? */
bool ss_request_keeps(const struct ss_http1 *head);
/* Percent-encodes all but what is unreserved and `plain`; returns where it ends. Room for 3 bytes each. */
char *ss_request_encode(char *out, struct ss_str text, char plain);

#endif
