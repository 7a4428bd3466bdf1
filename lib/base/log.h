/*
 * Messages to people, on standard error: "ss-score: model 'm.ssm' reloaded", each in one write(2) so that the
 * lines of a pipeline's commands do not mix. --log json makes each a JSON line. Libraries may log; only
 * failing a call is done by err.h.
 */
#ifndef SS_BASE_LOG_H
#define SS_BASE_LOG_H

#include "base/attr.h"
#include <stdbool.h>

enum ss_log_level { SS_LOG_ERROR, SS_LOG_WARN, SS_LOG_INFO, SS_LOG_DEBUG };

/* `program` must live as long as the process. The default level is SS_LOG_WARN. */
void ss_log_init(const char *program, enum ss_log_level level, bool json);
enum ss_log_level ss_log_level(void);
void ss_log(enum ss_log_level level, const char *fmt, ...) SS_PRINTF(2, 3);

#define ss_error(...) ss_log(SS_LOG_ERROR, __VA_ARGS__)
#define ss_warn(...)  ss_log(SS_LOG_WARN, __VA_ARGS__)
#define ss_info(...)  ss_log(SS_LOG_INFO, __VA_ARGS__)
#define ss_debug(...) ss_log(SS_LOG_DEBUG, __VA_ARGS__)

#endif
