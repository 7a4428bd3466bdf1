#include "web/proxy.h"
#include "base/err.h"
#include "base/number.h"
#include <arpa/inet.h>
#include <stdio.h>

static const unsigned char mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

/* False when it is no address. */
static bool parse(struct ss_str text, unsigned char out[16])
{
    char word[INET6_ADDRSTRLEN];
    if (text.n == 0 || text.n >= sizeof word)
        return false;
    memcpy(word, text.p, text.n);
    word[text.n] = '\0';
    memcpy(out, mapped, sizeof mapped);
    return inet_pton(AF_INET, word, out + 12) == 1 || inet_pton(AF_INET6, word, out) == 1;
}

static void print(const unsigned char address[16], char out[SS_PROXY_CLIENT])
{
    bool four = memcmp(address, mapped, sizeof mapped) == 0;
    if (!inet_ntop(four ? AF_INET : AF_INET6, four ? address + 12 : address, out, SS_PROXY_CLIENT))
        out[0] = '\0';
}

int ss_proxies_add(struct ss_proxies *proxies, const char *cidr)
{
    const char *slash = strchr(cidr, '/');
    struct ss_str host = {cidr, slash ? (size_t)(slash - cidr) : strlen(cidr)};
    unsigned char net[16];
    int64_t bits = 0;
    if (strcmp(cidr, "unix") == 0) {
        proxies->local = true;
        return 0;
    }
    bool fine = parse(host, net);
    bool four = fine && memcmp(net, mapped, sizeof mapped) == 0 && !memchr(host.p, ':', host.n);
    int most = four ? 32 : 128;
    bits = most;
    if (fine && slash)
        fine = ss_int_parse(slash + 1, strlen(slash + 1), &bits) && bits >= 0 && bits <= most;
    if (!fine)
        return ss_fail(SS_EUSAGE, "'%s' is no network such as 10.0.0.0/8, no address, and not 'unix'", cidr);
    if (proxies->n == SS_PROXIES_MAX)
        return ss_fail(SS_EUSAGE, "more than %d networks", SS_PROXIES_MAX);
    memcpy(proxies->of[proxies->n].net, net, sizeof net);
    proxies->of[proxies->n++].bits = (int)bits + (four ? 96 : 0);
    return 0;
}

static bool within(const unsigned char *address, const unsigned char *net, int bits)
{
    int whole = bits / 8, rest = bits % 8;
    if (memcmp(address, net, (size_t)whole) != 0)
        return false;
    return rest == 0 || ((address[whole] ^ net[whole]) & (0xff << (8 - rest)) & 0xff) == 0;
}

static bool trusts(const struct ss_proxies *proxies, const unsigned char address[16])
{
    for (int i = 0; i < proxies->n; i++)
        if (within(address, proxies->of[i].net, proxies->of[i].bits))
            return true;
    return false;
}

bool ss_proxies_trust(const struct ss_proxies *proxies, const char *address)
{
    unsigned char peer[16];
    if (strcmp(address, "unix") == 0)
        return proxies->local;
    return parse(ss_str_of(address), peer) && trusts(proxies, peer);
}

/* "203.0.113.7", "203.0.113.7:4711", "2001:db8::7", "[2001:db8::7]:4711" */
static bool parse_entry(struct ss_str text, unsigned char out[16])
{
    text = ss_str_trim(text);
    const char *colon = memchr(text.p, ':', text.n);
    if (text.n && text.p[0] == '[') {
        const char *end = memchr(text.p, ']', text.n);
        return end && parse((struct ss_str){text.p + 1, (size_t)(end - text.p) - 1}, out);
    }
    if (colon && !memchr(colon + 1, ':', (size_t)(text.p + text.n - colon) - 1))
        text.n = (size_t)(colon - text.p);
    return parse(text, out);
}

void ss_proxies_client(const struct ss_proxies *proxies, struct ss_str forwarded,
                       char address[SS_PROXY_CLIENT])
{
    if (!forwarded.p || !ss_proxies_trust(proxies, address))
        return;
    while (forwarded.n) {
        const char *comma = memrchr(forwarded.p, ',', forwarded.n);
        const char *from = comma ? comma + 1 : forwarded.p;
        unsigned char client[16];
        if (!parse_entry((struct ss_str){from, (size_t)(forwarded.p + forwarded.n - from)}, client))
            return; /* "unknown": as far as can be told, it is the one that says so */
        print(client, address);
        if (!trusts(proxies, client))
            return;
        forwarded.n = comma ? (size_t)(comma - forwarded.p) : 0;
    }
}
