/*
 * The service manager's notification protocol (sd_notify(3)): a datagram of NAME=VALUE lines to the socket
 * that the environment names. Where it names none, all of this is nothing.
 */
#ifndef SS_BASE_NOTIFY_H
#define SS_BASE_NOTIFY_H

#include <stdint.h>

/* "READY=1", "STOPPING=1", "WATCHDOG=1\nSTATUS=...". Failures are nobody's concern. */
void ss_notify(const char *text);
/* How often the manager wants to hear WATCHDOG=1 of this process, at the least; 0: not at all. */
int64_t ss_notify_watchdog_us(void);

#endif
