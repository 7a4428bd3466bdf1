/* sd_notify(3): tells a service manager that asked ($NOTIFY_SOCKET) how it stands: "READY=1". */
#ifndef SS_SERVE_NOTIFY_H
#define SS_SERVE_NOTIFY_H

void ss_notify(const char *state);

#endif
