#include "rule/network.h"
#include "base/number.h"
#include <arpa/inet.h>

void ss_network_mask(struct ss_network *net, unsigned bits)
{
    if (bits > SS_NETWORK_BITS)
        return;
    for (unsigned i = 0; i < sizeof net->address; i++) {
        unsigned keep = bits <= 8 * i ? 0 : bits - 8 * i;
        if (keep < 8)
            net->address[i] &= (unsigned char)(0xff00u >> keep);
    }
    net->bits = bits < net->bits ? bits : net->bits;
}

/* Four decimal numbers of at most 255, without leading zeros (which some read as octal). */
static bool parse_v4(struct ss_str text, unsigned char out[4])
{
    size_t i = 0;
    for (int part = 0; part < 4; part++) {
        unsigned value = 0;
        size_t from = i;
        while (i < text.n && text.p[i] >= '0' && text.p[i] <= '9' && i - from < 3)
            value = value * 10 + (unsigned)(text.p[i++] - '0');
        if (i == from || value > 255 || (i - from > 1 && text.p[from] == '0'))
            return false;
        out[part] = (unsigned char)value;
        if (part < 3 && (i == text.n || text.p[i++] != '.'))
            return false;
    }
    return i == text.n;
}

bool ss_network_parse(struct ss_str text, struct ss_network *net)
{
    char address[INET6_ADDRSTRLEN];
    int64_t bits = -1;
    const char *slash = text.n ? memchr(text.p, '/', text.n) : NULL;
    size_t n = slash ? (size_t)(slash - text.p) : text.n;
    if (slash && !ss_int_parse(slash + 1, text.n - n - 1, &bits))
        return false;
    *net = (struct ss_network){{0}, SS_NETWORK_BITS};
    if (parse_v4((struct ss_str){text.p, n}, net->address + 12)) {
        net->address[10] = net->address[11] = 0xff;
        if (slash && (bits < 0 || bits > 32))
            return false;
        bits += 96;
    } else {
        if (n == 0 || n >= sizeof address || (slash && (bits < 0 || bits > SS_NETWORK_BITS)))
            return false;
        memcpy(address, text.p, n);
        address[n] = '\0';
        if (inet_pton(AF_INET6, address, net->address) != 1)
            return false;
    }
    if (slash)
        ss_network_mask(net, (unsigned)bits);
    return true;
}
