/* What the entries of a list are kept and found as, by the list's kind. */
#ifndef SS_RULE_LIST_KEY_H
#define SS_RULE_LIST_KEY_H

#include "rule/list.h"

/* `key`, of SS_LIST_VALUE_MAX bytes, takes *len of them; `length` is what look-ups are tried by: a prefix's
 * bytes, a network's bits. False when the kind does not allow the value. */
bool ss_list_key(enum ss_list_kind kind, struct ss_str value, char *key, size_t *len, unsigned *length);
/* SS_ECONFIG, with why the kind does not allow the value. */
int ss_list_key_fault(enum ss_list_kind kind, struct ss_str value) SS_MUST_CHECK;

/* Domains are kept in small letters. */
static inline char ss_list_lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c + 32) : c;
}

#endif
