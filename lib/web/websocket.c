#include "web/websocket.h"
#include <string.h>

int ss_ws_read(const char *text, size_t n, size_t max, struct ss_ws_frame *frame)
{
    const unsigned char *p = (const unsigned char *)text;
    if (n < 2)
        return 0;
    int opcode = p[0] & 15;
    uint64_t size = p[1] & 127;
    size_t head = size < 126 ? 6 : size == 126 ? 8 : 14;
    bool control = opcode >= 8;
    if (p[0] & 0x70 || !(p[1] & 0x80) || (opcode > 2 && opcode < 8) || opcode > 10)
        return -SS_WS_PROTOCOL; /* extensions, no mask, unknown */
    if (control && (!(p[0] & 0x80) || size > 125))
        return -SS_WS_PROTOCOL;
    if (n < head)
        return 0;
    if (size == 126)
        size = (uint64_t)p[2] << 8 | p[3];
    else if (size == 127) {
        size = 0;
        for (int i = 2; i < 10; i++)
            size = size << 8 | p[i];
    }
    if (size > max)
        return -SS_WS_TOO_LONG;
    if (n < head + size)
        return 0;
    *frame = (struct ss_ws_frame){
        .opcode = (enum ss_ws_opcode)opcode, .final = p[0] & 0x80, .payload = text + head, .n = (size_t)size};
    memcpy(frame->mask, p + head - 4, 4);
    return (int)(head + size);
}

void ss_ws_unmask(const struct ss_ws_frame *frame, char *to)
{
    for (size_t i = 0; i < frame->n; i++)
        to[i] = (char)((unsigned char)frame->payload[i] ^ frame->mask[i & 3]);
}

size_t ss_ws_head(char *payload, size_t n, enum ss_ws_opcode opcode)
{
    size_t size = n < 126 ? 2 : n < 65536 ? 4 : 10;
    unsigned char *p = (unsigned char *)payload - size;
    p[0] = (unsigned char)(0x80 | opcode);
    p[1] = (unsigned char)(n < 126 ? n : n < 65536 ? 126 : 127);
    for (size_t i = 2; i < size; i++)
        p[i] = (unsigned char)((uint64_t)n >> 8 * (size - 1 - i));
    return size;
}
