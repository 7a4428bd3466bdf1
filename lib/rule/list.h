/*
 * A list: values that are blocked, trusted or watched, each with a reason and a span of event time in which
 * it counts. Kinds differ in what a value of a record is compared with:
 *
 *   exact         the same text                                  D1234
 *   prefix        the value begins with it (a BIN)               421765
 *   cidr          the address lies in the network, v4 or v6      10.0.0.0/8, 2001:db8::/32
 *   email_domain  the address's domain, cases alike              example.com, *.example.com (what lies below
 * it)
 *
 * Made for millions of entries: one hash table whatever the kind (a prefix or a network is looked up once for
 * each length that the list has), 17 to 23 bytes an entry beside its text, 24 more where it has a reason or a
 * span (measured: ss_list_bytes). One value may stand on it several times, with several spans.
 *
 * A list that nobody changes may be read by many threads.
 */
#ifndef SS_RULE_LIST_H
#define SS_RULE_LIST_H

#include "base/attr.h"
#include "base/str.h"
#include <stdint.h>

#define SS_LIST_VALUE_MAX  1000       /* bytes of one value */
#define SS_LIST_MAX        (1u << 28) /* entries */
#define SS_LIST_OPEN_FROM  INT64_MIN  /* since ever */
#define SS_LIST_OPEN_UNTIL INT64_MAX  /* for ever */
#define SS_LIST_NO_TIME                                                                \
    INT64_MIN /* a record without event time: on the list only by entries without span \
               */

#define SS_LIST_SPANS_MAX 64 /* entries of one value */

enum ss_list_kind { SS_LIST_EXACT, SS_LIST_PREFIX, SS_LIST_CIDR, SS_LIST_EMAIL_DOMAIN, SS_LIST_KINDS };

const char *ss_list_kind_name(enum ss_list_kind kind);
int ss_list_kind_of(struct ss_str name); /* -1 when it is none */

/* Counts for event times in [from_us, until_us). */
struct ss_list_entry {
    struct ss_str value, reason; /* reason.p == NULL: none */
    int64_t from_us, until_us;
};

struct ss_list;

int ss_list_new(enum ss_list_kind kind, struct ss_list **list) SS_MUST_CHECK;
void ss_list_free(struct ss_list *list); /* accepts NULL */
/* One more owner, who frees it too: from then on nobody changes it. */
struct ss_list *ss_list_share(struct ss_list *list);
enum ss_list_kind ss_list_kind(const struct ss_list *list);

/* Copies the entry; one whose value is there already, with a span that covers this one's, is left out and
 * counted (ss_list_covered). SS_ECONFIG for a value that the kind does not allow ("'300.1.1.1/8' is no
 * network"). */
int ss_list_add(struct ss_list *list, const struct ss_list_entry *entry) SS_MUST_CHECK;
/* As add, but an entry of the same value whose span meets this one's is widened, and one whose span is over
 * is replaced: one entry a value. */
int ss_list_extend(struct ss_list *list, const struct ss_list_entry *entry) SS_MUST_CHECK;
/* Gives back the room kept for further entries. */
void ss_list_trim(struct ss_list *list);
/* Drops the entries that ended at or before `time_us`. */
int ss_list_expire(struct ss_list *list, int64_t time_us) SS_MUST_CHECK;

/* Is the value on the list at that event time? `entry` (which may be NULL) is the one that says so. */
bool ss_list_has(const struct ss_list *list, struct ss_str value, int64_t time_us,
                 struct ss_list_entry *entry);
/* Is the very entry there, whatever its span? */
bool ss_list_contains(const struct ss_list *list, struct ss_str value);

uint32_t ss_list_count(const struct ss_list *list);
uint32_t ss_list_covered(const struct ss_list *list);
size_t ss_list_bytes(const struct ss_list *list);
/* The i-th entry in the order of adding; the value as it is kept (a network as 17 bytes). */
struct ss_list_entry ss_list_at(const struct ss_list *list, uint32_t i);

#endif
