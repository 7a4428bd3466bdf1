/* WebSocket frames (RFC 6455) as bytes, without a socket. No extensions. */
#ifndef SS_WEB_WEBSOCKET_H
#define SS_WEB_WEBSOCKET_H

#include "base/attr.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum ss_ws_opcode {
    SS_WS_MORE = 0,
    SS_WS_TEXT = 1,
    SS_WS_BINARY = 2,
    SS_WS_CLOSE = 8,
    SS_WS_PING = 9,
    SS_WS_PONG = 10
};

enum ss_ws_code {
    SS_WS_GOING = 1001,
    SS_WS_PROTOCOL = 1002,
    SS_WS_UNSUPPORTED = 1003,
    SS_WS_NO_TEXT = 1007, /* not UTF-8 */
    SS_WS_TOO_LONG = 1009
};

struct ss_ws_frame {
    enum ss_ws_opcode opcode;
    bool final;
    const char *payload; /* masked by `mask` */
    size_t n;
    unsigned char mask[4];
};

/* A client's frame at p, of at most `max` bytes of payload. Returns its bytes, 0 when more are needed, or the
 * negated code to close with. */
int ss_ws_read(const char *p, size_t n, size_t max, struct ss_ws_frame *frame) SS_MUST_CHECK;
void ss_ws_unmask(const struct ss_ws_frame *frame, char *to);

#define SS_WS_HEAD 10
/* Writes a server's head right before a payload of n bytes, up to SS_WS_HEAD of them, and returns how many.
 */
size_t ss_ws_head(char *payload, size_t n, enum ss_ws_opcode opcode);

#endif
