/* Whose address a request counts for: what proxies say is believed of those that are trusted only. */
#include "base/err.h"
#include "tests/tap.h"
#include "web/proxy.h"
#include <stdio.h>
#include <string.h>

static struct ss_proxies proxies;

static void is(const char *peer, const char *forwarded, const char *client, const char *what)
{
    char address[SS_PROXY_CLIENT];
    snprintf(address, sizeof address, "%s", peer);
    ss_proxies_client(&proxies, forwarded ? ss_str_of(forwarded) : (struct ss_str){NULL, 0}, address);
    is_text(address, strlen(address), client, what);
}

static void test_networks(void)
{
    static const char *const wrong[] = {"",         "10.0.0.0/33", "::/129",    "10.0.0.0/-1",
                                        "10.0.0/8", "x",           "10.0.0.0/", "10.0.0.1/8x"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        ok(ss_proxies_add(&proxies, wrong[i]) == SS_EUSAGE, "'%s' is no network", wrong[i]);
    ok(proxies.n == 0, "and is not kept");
    is("127.0.0.1", "203.0.113.7", "127.0.0.1", "nobody is trusted unasked");
    ok(ss_proxies_add(&proxies, "10.0.0.0/9") == 0 && ss_proxies_add(&proxies, "127.0.0.1") == 0 &&
           ss_proxies_add(&proxies, "2001:db8::/33") == 0,
       "networks and addresses");
    ok(ss_proxies_trust(&proxies, "10.127.255.255") && !ss_proxies_trust(&proxies, "10.128.0.0"),
       "to the bit");
    ok(ss_proxies_trust(&proxies, "2001:db8:7fff::1") && !ss_proxies_trust(&proxies, "2001:db8:8000::1"),
       "in IPv6, too");
    ok(ss_proxies_trust(&proxies, "::ffff:10.0.0.1"), "an IPv4 address in IPv6's clothes is one");
    ok(!ss_proxies_trust(&proxies, "127.0.0.2") && !ss_proxies_trust(&proxies, "unix"), "and no others");
}

static void test_clients(void)
{
    is("10.0.0.1", "203.0.113.7", "203.0.113.7", "a proxy names its client");
    is("10.0.0.1", NULL, "10.0.0.1", "or does not");
    is("10.0.0.1", "", "10.0.0.1", "or says nothing");
    is("198.51.100.1", "203.0.113.7", "198.51.100.1", "a stranger's header is not believed");
    is("10.0.0.1", "1.1.1.1, 203.0.113.7", "203.0.113.7", "what the client claims stands further left");
    is("10.0.0.1", "10.0.0.9, 203.0.113.7", "203.0.113.7", "also when it claims to be a proxy");
    is("10.0.0.1", "1.1.1.1, 203.0.113.7, 10.0.0.2,127.0.0.1", "203.0.113.7",
       "proxies behind proxies are passed");
    is("10.0.0.1", "10.0.0.3, 10.0.0.2", "10.0.0.3", "where all are proxies it is the first");
    is("10.0.0.1", "203.0.113.7, unknown, 10.0.0.2", "10.0.0.2",
       "behind what is no address nothing is believed");
    is("10.0.0.1", "unknown", "10.0.0.1", "nor there");
    is("10.0.0.1", "203.0.113.7:4711", "203.0.113.7", "a port is left out");
    is("10.0.0.1", "[2001:DB8:8000::7]:4711", "2001:db8:8000::7", "also of IPv6");
    is("10.0.0.1", " 2001:db8:8000:0::7 ", "2001:db8:8000::7", "an address has one form");
    is("10.0.0.1", "::ffff:203.0.113.7", "203.0.113.7", "whatever its clothes");
    is("10.0.0.1", "203.0.113.7,", "10.0.0.1", "an empty entry is no address");
    is("10.0.0.1", "[203.0.113.7", "10.0.0.1", "nor is half of one");
    is("unix", "203.0.113.7", "unix", "the unix socket is not trusted");
    ok(ss_proxies_add(&proxies, "unix") == 0, "unless it is named");
    is("unix", "203.0.113.7", "203.0.113.7", "then it is");
}

int main(void)
{
    test_networks();
    test_clients();
    return done();
}
