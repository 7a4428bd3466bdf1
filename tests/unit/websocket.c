/* WebSocket frames as bytes. */
#include "tests/tap.h"
#include "web/websocket.h"

static struct ss_ws_frame frame;

static int reads(const char *p, size_t n)
{
    return ss_ws_read(p, n, 4000, &frame);
}

#define READ(bytes) reads(bytes, sizeof(bytes) - 1)

int main(void)
{
    char text[256];
    /* RFC 6455, 5.7: a masked "Hello". */
    static const char hello[] = "\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58";
    ok(READ("\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58") == 11 && frame.final &&
           frame.opcode == SS_WS_TEXT,
       "a text frame is read");
    ss_ws_unmask(&frame, text);
    is_text(text, frame.n, "Hello", "and unmasked");
    bool waits = true;
    for (size_t n = 0; n < sizeof hello - 1; n++)
        waits &= reads(hello, n) == 0;
    ok(waits, "a part of a frame is waited for");
    ok(READ("\x81\x05Hello") == -SS_WS_PROTOCOL, "a client's frame without a mask is refused");
    ok(READ("\xc1\x80\0\0\0\0") == -SS_WS_PROTOCOL, "extensions are refused");
    ok(READ("\x83\x80\0\0\0\0") == -SS_WS_PROTOCOL, "unknown kinds are refused");
    ok(READ("\x8b\x80\0\0\0\0") == -SS_WS_PROTOCOL, "also among control frames");
    ok(READ("\x09\x80\0\0\0\0") == -SS_WS_PROTOCOL, "a control frame is in one piece");
    ok(READ("\x89\xfe\0\x7e\0\0\0\0") == -SS_WS_PROTOCOL, "of at most 125 bytes");
    ok(READ("\x81\xfe\x10\x00\0\0\0\0") == -SS_WS_TOO_LONG,
       "a frame that is too long is refused at its head");
    ok(READ("\x81\xff\xff\xff\xff\xff\xff\xff\xff\xff\0\0\0\0") == -SS_WS_TOO_LONG, "also one of 2^64 bytes");
    ok(READ("\x01\x80\0\0\0\0") == 6 && !frame.final, "a first piece is told from a whole");

    char room[SS_WS_HEAD + 8], *payload = room + SS_WS_HEAD;
    ok(ss_ws_head(payload, 5, SS_WS_TEXT) == 2 && memcmp(payload - 2, "\x81\x05", 2) == 0, "a short head");
    ok(ss_ws_head(payload, 126, SS_WS_TEXT) == 4 && memcmp(payload - 4, "\x81\x7e\0\x7e", 4) == 0,
       "a middle one");
    ok(ss_ws_head(payload, 65536, SS_WS_TEXT) == 10 &&
           memcmp(payload - 10, "\x81\x7f\0\0\0\0\0\1\0\0", 10) == 0,
       "a long one");
    return done();
}
