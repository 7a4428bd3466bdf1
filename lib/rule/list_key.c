#include "rule/list_key.h"
#include "base/err.h"
#include "rule/network.h"
#include <string.h>

static const char *const kind_names[SS_LIST_KINDS] = {"exact", "prefix", "cidr", "email_domain"};

const char *ss_list_kind_name(enum ss_list_kind kind)
{
    return kind_names[kind];
}

int ss_list_kind_of(struct ss_str name)
{
    for (int i = 0; i < SS_LIST_KINDS; i++)
        if (ss_str_is(name, kind_names[i]))
            return i;
    return -1;
}

bool ss_list_key(enum ss_list_kind kind, struct ss_str value, char *key, size_t *len, unsigned *length)
{
    struct ss_network net;
    if (value.n == 0 || value.n > SS_LIST_VALUE_MAX)
        return false;
    if (kind == SS_LIST_CIDR) {
        if (!ss_network_parse(value, &net))
            return false;
        memcpy(key, net.address, sizeof net.address);
        key[sizeof net.address] = (char)net.bits;
        *len = sizeof net.address + 1;
        *length = net.bits;
        return true;
    }
    if (kind == SS_LIST_EMAIL_DOMAIN && value.p[0] == '@')
        value.p++, value.n--;
    for (size_t i = 0; i < value.n; i++) {
        key[i] = kind == SS_LIST_EMAIL_DOMAIN ? ss_list_lower(value.p[i]) : value.p[i];
        if (kind == SS_LIST_EMAIL_DOMAIN && (key[i] == '@' || key[i] == ' ' || (key[i] == '*' && i > 0)))
            return false;
    }
    *len = value.n;
    *length = (unsigned)value.n;
    if (kind != SS_LIST_EMAIL_DOMAIN)
        return true;
    return value.n > 0 && (key[0] != '*' || (value.n > 2 && key[1] == '.'));
}

int ss_list_key_fault(enum ss_list_kind kind, struct ss_str value)
{
    int n = value.n < 64 ? (int)value.n : 64;
    if (value.n == 0)
        return ss_fail(SS_ECONFIG, "an empty value");
    if (value.n > SS_LIST_VALUE_MAX)
        return ss_fail(SS_ECONFIG, "a value of more than %d bytes", SS_LIST_VALUE_MAX);
    if (kind == SS_LIST_CIDR)
        return ss_fail(SS_ECONFIG, "'%.*s' is no address or network such as 10.0.0.0/8 or 2001:db8::/32", n,
                       value.p);
    return ss_fail(SS_ECONFIG, "'%.*s' is no domain such as example.com or *.example.com", n, value.p);
}
