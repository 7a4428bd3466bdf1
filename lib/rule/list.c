#include "rule/list.h"
#include "base/err.h"
#include "base/hash.h"
#include "base/map.h"
#include "rule/list_key.h"
#include "rule/network.h"
#include <stdatomic.h>
#include <stdlib.h>

#define LENGTHS     (SS_LIST_VALUE_MAX + 1)
#define REASONS_MAX (1u << 20)

/* Open addressing at most 7/8 full. A byte of the hash beside each slot spares most looks at entries that
 * merely collide. */
struct item {
    uint32_t at;   /* in the text, in units of TEXT_UNIT bytes: u16 length, bytes */
    uint32_t meta; /* index + 1; 0: no reason, no span */
};

struct meta {
    int64_t from_us, until_us;
    uint32_t reason; /* number in `reasons` + 1; 0: none */
};

#define TEXT_UNIT 2

struct ss_list {
    enum ss_list_kind kind;
    atomic_uint others; /* owners beside the first */
    char *text;
    size_t text_n, text_cap;
    struct item *item;
    uint32_t n, cap;
    struct meta *meta;
    uint32_t metas, metas_cap;
    uint32_t *slot; /* item + 1; 0: free */
    uint8_t *mark;
    uint32_t slots;
    struct ss_map reasons;
    uint32_t of_length[LENGTHS]; /* keys of each length (a prefix's bytes, a network's bits) */
    uint16_t lengths[LENGTHS];   /* those that there are, longest first, n_lengths of them */
    uint32_t n_lengths;
    uint32_t covered;
};

int ss_list_new(enum ss_list_kind kind, struct ss_list **list)
{
    struct ss_list *l = calloc(1, sizeof *l);
    *list = l;
    if (!l)
        return ss_fail(SS_ENOMEM, "out of memory for a list");
    l->kind = kind;
    ss_map_init(&l->reasons, REASONS_MAX);
    return 0;
}

void ss_list_free(struct ss_list *list)
{
    if (!list || (atomic_load(&list->others) && atomic_fetch_sub(&list->others, 1) > 0))
        return;
    free(list->text);
    free(list->item);
    free(list->meta);
    free(list->slot);
    free(list->mark);
    ss_map_free(&list->reasons);
    free(list);
}

struct ss_list *ss_list_share(struct ss_list *list)
{
    atomic_fetch_add(&list->others, 1);
    return list;
}

enum ss_list_kind ss_list_kind(const struct ss_list *list)
{
    return list->kind;
}

/* --- keys --- */

static struct ss_str key_at(const struct ss_list *l, uint32_t item)
{
    const char *p = l->text + (size_t)l->item[item].at * TEXT_UNIT;
    uint16_t n;
    memcpy(&n, p, sizeof n);
    return (struct ss_str){p + sizeof n, n};
}

static uint8_t mark_of(uint64_t hash)
{
    return (uint8_t)(hash >> 56);
}

static bool in_span(const struct ss_list *l, uint32_t item, int64_t time_us)
{
    uint32_t meta = l->item[item].meta;
    if (meta == 0)
        return true;
    const struct meta *m = &l->meta[meta - 1];
    if (time_us == SS_LIST_NO_TIME)
        return m->from_us == SS_LIST_OPEN_FROM && m->until_us == SS_LIST_OPEN_UNTIL;
    return time_us >= m->from_us && time_us < m->until_us;
}

/* The first entry of that key, in its span or (any) whatever its span; -1 when there is none. */
static int64_t find(const struct ss_list *l, const char *key, size_t len, int64_t time_us, bool any)
{
    if (!l->slots)
        return -1;
    uint64_t hash = ss_hash64(key, len);
    uint32_t mask = l->slots - 1;
    for (uint32_t i = (uint32_t)hash & mask; l->slot[i]; i = (i + 1) & mask) {
        if (l->mark[i] != mark_of(hash))
            continue;
        uint32_t item = l->slot[i] - 1;
        struct ss_str have = key_at(l, item);
        if (have.n == len && memcmp(have.p, key, len) == 0 && (any || in_span(l, item, time_us)))
            return item;
    }
    return -1;
}

/* --- adding --- */

static int out_of_memory(void)
{
    return ss_fail(SS_ENOMEM, "out of memory for a list");
}

/* Room for one more of `size` bytes each, half as much again at a time. */
static int make_room(void **at, uint32_t n, uint32_t *cap, size_t size)
{
    if (n < *cap)
        return 0;
    if (n >= SS_LIST_MAX)
        return ss_fail(SS_ENOMEM, "more than %u entries in a list", SS_LIST_MAX);
    uint32_t more = *cap < 16 ? 16 : *cap + *cap / 2;
    void *p = realloc(*at, more * size);
    if (!p)
        return out_of_memory();
    *at = p;
    *cap = more;
    return 0;
}

static void put_slot(struct ss_list *l, uint32_t item, uint64_t hash)
{
    uint32_t mask = l->slots - 1, i = (uint32_t)hash & mask;
    while (l->slot[i])
        i = (i + 1) & mask;
    l->slot[i] = item + 1;
    l->mark[i] = mark_of(hash);
}

/* A table for at least `n` items, with all that there are. */
static int index_all(struct ss_list *l, uint32_t n)
{
    uint32_t slots = 16;
    while ((uint64_t)n * 8 > (uint64_t)slots * 7)
        slots *= 2;
    uint32_t *slot = calloc(slots, sizeof *slot);
    uint8_t *mark = calloc(slots, sizeof *mark);
    if (!slot || !mark) {
        free(slot);
        free(mark);
        return out_of_memory();
    }
    free(l->slot);
    free(l->mark);
    l->slot = slot;
    l->mark = mark;
    l->slots = slots;
    for (uint32_t i = 0; i < l->n; i++) {
        struct ss_str key = key_at(l, i);
        put_slot(l, i, ss_hash64(key.p, key.n));
    }
    return 0;
}

static int put_text(struct ss_list *l, const char *key, size_t len, uint32_t *at)
{
    uint16_t n = (uint16_t)len;
    size_t need = (sizeof n + len + TEXT_UNIT - 1) / TEXT_UNIT * TEXT_UNIT;
    if (l->text_n + need > l->text_cap) {
        size_t cap = l->text_cap < 1024 ? 1024 : l->text_cap + l->text_cap / 2;
        char *p = cap / TEXT_UNIT < UINT32_MAX ? realloc(l->text, cap) : NULL;
        if (!p)
            return out_of_memory();
        l->text = p;
        l->text_cap = cap;
    }
    *at = (uint32_t)(l->text_n / TEXT_UNIT);
    memcpy(l->text + l->text_n, &n, sizeof n);
    memcpy(l->text + l->text_n + sizeof n, key, len);
    l->text_n += need;
    return 0;
}

static int put_meta(struct ss_list *l, const struct ss_list_entry *entry, uint32_t *meta)
{
    *meta = 0;
    if (!entry->reason.p && entry->from_us == SS_LIST_OPEN_FROM && entry->until_us == SS_LIST_OPEN_UNTIL)
        return 0;
    void *at = l->meta;
    int err = make_room(&at, l->metas, &l->metas_cap, sizeof *l->meta);
    l->meta = at;
    int64_t reason = err || !entry->reason.p ? -1 : ss_map_add(&l->reasons, entry->reason);
    if (err || (entry->reason.p && reason < 0))
        return SS_ENOMEM;
    l->meta[l->metas] = (struct meta){entry->from_us, entry->until_us, (uint32_t)(reason + 1)};
    *meta = ++l->metas;
    return 0;
}

static void note_length(struct ss_list *l, unsigned length)
{
    if (l->of_length[length]++)
        return;
    uint32_t i = l->n_lengths++;
    for (; i > 0 && l->lengths[i - 1] < length; i--)
        l->lengths[i] = l->lengths[i - 1];
    l->lengths[i] = (uint16_t)length;
}

/* How many entries of that key there are; -1 when one of them covers the span already. */
static int count_same(const struct ss_list *l, const char *key, size_t len, const struct ss_list_entry *entry)
{
    int n = 0;
    if (!l->slots)
        return 0;
    uint64_t hash = ss_hash64(key, len);
    uint32_t mask = l->slots - 1;
    for (uint32_t i = (uint32_t)hash & mask; l->slot[i]; i = (i + 1) & mask) {
        if (l->mark[i] != mark_of(hash))
            continue;
        uint32_t item = l->slot[i] - 1, meta = l->item[item].meta;
        struct ss_str have = key_at(l, item);
        if (have.n != len || memcmp(have.p, key, len) != 0)
            continue;
        if (meta == 0 ||
            (l->meta[meta - 1].from_us <= entry->from_us && l->meta[meta - 1].until_us >= entry->until_us))
            return -1;
        n++;
    }
    return n;
}

static int add_key(struct ss_list *l, const struct ss_list_entry *entry, const char *key, size_t len,
                   unsigned length)
{
    struct item item;
    int same = count_same(l, key, len, entry);
    if (same < 0) {
        l->covered++;
        return 0;
    }
    if (same == SS_LIST_SPANS_MAX)
        return ss_fail(SS_ECONFIG, "'%.*s' stands there more than %d times", len < 64 ? (int)len : 64, key,
                       SS_LIST_SPANS_MAX);
    void *at = l->item;
    int err = make_room(&at, l->n, &l->cap, sizeof *l->item);
    l->item = at;
    err = err ? err : put_meta(l, entry, &item.meta);
    err = err ? err : put_text(l, key, len, &item.at);
    if (!err && (uint64_t)(l->n + 1) * 8 > (uint64_t)l->slots * 7)
        err = index_all(l, l->n + 1);
    if (err)
        return err;
    l->item[l->n] = item;
    put_slot(l, l->n++, ss_hash64(key, len));
    note_length(l, length);
    return 0;
}

int ss_list_add(struct ss_list *l, const struct ss_list_entry *entry)
{
    char key[SS_LIST_VALUE_MAX];
    size_t len;
    unsigned length;
    if (!ss_list_key(l->kind, entry->value, key, &len, &length))
        return ss_list_key_fault(l->kind, entry->value);
    return add_key(l, entry, key, len, length);
}

int ss_list_extend(struct ss_list *l, const struct ss_list_entry *entry)
{
    char key[SS_LIST_VALUE_MAX];
    size_t len;
    unsigned length;
    if (!ss_list_key(l->kind, entry->value, key, &len, &length))
        return ss_list_key_fault(l->kind, entry->value);
    int64_t item = find(l, key, len, 0, true);
    if (item < 0)
        return add_key(l, entry, key, len, length);
    if (l->item[item].meta == 0)
        return 0; /* for ever already */
    struct meta *m = &l->meta[l->item[item].meta - 1];
    bool apart = entry->from_us > m->until_us || entry->until_us < m->from_us;
    if (apart && entry->until_us < m->from_us)
        return 0; /* a late one, long over */
    m->from_us = apart || entry->from_us < m->from_us ? entry->from_us : m->from_us;
    m->until_us = apart || entry->until_us > m->until_us ? entry->until_us : m->until_us;
    return 0;
}

int ss_list_expire(struct ss_list *l, int64_t time_us)
{
    struct ss_list *kept;
    int err = ss_list_new(l->kind, &kept);
    for (uint32_t i = 0; i < l->n && !err; i++) {
        struct ss_list_entry entry = ss_list_at(l, i);
        if (entry.until_us <= time_us)
            continue;
        struct ss_str key = entry.value;
        unsigned length = l->kind == SS_LIST_CIDR ? (unsigned char)key.p[key.n - 1] : (unsigned)key.n;
        err = add_key(kept, &entry, key.p, key.n, length);
    }
    if (!err) { /* the list stays where it is: others know its address */
        struct ss_list old = *l;
        *l = *kept;
        *kept = old;
    }
    ss_list_free(kept);
    return err;
}

void ss_list_trim(struct ss_list *l)
{
    void *p;
    if (l->n && (p = realloc(l->item, l->n * sizeof *l->item)) != NULL) {
        l->item = p;
        l->cap = l->n;
    }
    if (l->metas && (p = realloc(l->meta, l->metas * sizeof *l->meta)) != NULL) {
        l->meta = p;
        l->metas_cap = l->metas;
    }
    if (l->text_n && (p = realloc(l->text, l->text_n)) != NULL) {
        l->text = p;
        l->text_cap = l->text_n;
    }
}

/* --- looking up --- */

static int64_t find_prefix(const struct ss_list *l, struct ss_str value, int64_t time_us)
{
    for (uint32_t i = 0; i < l->n_lengths; i++) {
        if (l->lengths[i] > value.n)
            continue;
        int64_t item = find(l, value.p, l->lengths[i], time_us, false);
        if (item >= 0)
            return item;
    }
    return -1;
}

static int64_t find_network(const struct ss_list *l, struct ss_str value, int64_t time_us)
{
    struct ss_network net;
    if (!ss_network_parse(value, &net) || net.bits != SS_NETWORK_BITS)
        return -1;
    for (uint32_t i = 0; i < l->n_lengths; i++) {
        char key[sizeof net.address + 1];
        ss_network_mask(&net, l->lengths[i]); /* ever shorter */
        memcpy(key, net.address, sizeof net.address);
        key[sizeof net.address] = (char)l->lengths[i];
        int64_t item = find(l, key, sizeof key, time_us, false);
        if (item >= 0)
            return item;
    }
    return -1;
}

static int64_t find_domain(const struct ss_list *l, struct ss_str value, int64_t time_us)
{
    char text[SS_LIST_VALUE_MAX + 2], *domain = text + 1;
    for (size_t i = value.n; i > 0; i--)
        if (value.p[i - 1] == '@') {
            value.p += i;
            value.n -= i;
            break;
        }
    while (value.n && value.p[value.n - 1] == '.')
        value.n--;
    if (value.n == 0 || value.n > SS_LIST_VALUE_MAX)
        return -1;
    for (size_t i = 0; i < value.n; i++)
        domain[i] = ss_list_lower(value.p[i]);
    int64_t item = find(l, domain, value.n, time_us, false);
    for (size_t i = 0; i < value.n && item < 0; i++) {
        if (domain[i] != '.' || i == 0)
            continue;
        char before = domain[i - 1];
        domain[i - 1] = '*'; /* *.example.com */
        item = find(l, domain + i - 1, value.n - i + 1, time_us, false);
        domain[i - 1] = before;
    }
    return item;
}

bool ss_list_has(const struct ss_list *l, struct ss_str value, int64_t time_us, struct ss_list_entry *entry)
{
    int64_t item = -1;
    if (l->n == 0 || value.n > SS_LIST_VALUE_MAX)
        return false;
    switch (l->kind) {
    case SS_LIST_EXACT: item = find(l, value.p, value.n, time_us, false); break;
    case SS_LIST_PREFIX: item = find_prefix(l, value, time_us); break;
    case SS_LIST_CIDR: item = find_network(l, value, time_us); break;
    default: item = find_domain(l, value, time_us);
    }
    if (item >= 0 && entry)
        *entry = ss_list_at(l, (uint32_t)item);
    return item >= 0;
}

bool ss_list_contains(const struct ss_list *l, struct ss_str value)
{
    char key[SS_LIST_VALUE_MAX];
    size_t len;
    unsigned length;
    return ss_list_key(l->kind, value, key, &len, &length) && find(l, key, len, 0, true) >= 0;
}

uint32_t ss_list_count(const struct ss_list *l)
{
    return l->n;
}

uint32_t ss_list_covered(const struct ss_list *l)
{
    return l->covered;
}

size_t ss_list_bytes(const struct ss_list *l)
{
    return sizeof *l + l->text_cap + l->cap * sizeof *l->item + l->metas_cap * sizeof *l->meta +
           l->slots * (sizeof *l->slot + sizeof *l->mark) + l->reasons.text.allocated;
}

struct ss_list_entry ss_list_at(const struct ss_list *l, uint32_t i)
{
    struct ss_list_entry entry = {key_at(l, i), {NULL, 0}, SS_LIST_OPEN_FROM, SS_LIST_OPEN_UNTIL};
    if (l->item[i].meta) {
        const struct meta *m = &l->meta[l->item[i].meta - 1];
        entry.from_us = m->from_us;
        entry.until_us = m->until_us;
        if (m->reason)
            entry.reason = l->reasons.key[m->reason - 1];
    }
    return entry;
}
