/* One-time tickets for live feeds. In memory: they live for half a minute, and a restart ends all feeds. */
#include "base/err.h"
#include "web/auth_parts.h"
#include <stdio.h>
#include <stdlib.h>

#define TICKETS 1024

struct ticket {
    unsigned char hash[SS_DIGEST_BYTES];
    int64_t until_us; /* 0: none */
    struct ss_actor who;
    char scopes[SS_KEY_SCOPES_MAX + 1];
};

struct ss_feed_tickets {
    unsigned next;
    struct ticket at[TICKETS];
};

int ss_feed_tickets_new(struct ss_feed_tickets **out)
{
    *out = calloc(1, sizeof **out);
    return *out ? 0 : ss_fail(SS_ENOMEM, "out of memory");
}

void ss_feed_tickets_free(struct ss_feed_tickets *tickets)
{
    free(tickets);
}

void ss_feed_ticket_make(struct ss_feed_tickets *tickets, const struct ss_actor *who, int64_t now_us,
                         char out[SS_FEED_TICKET + 1])
{
    struct ticket *t = &tickets->at[tickets->next++ % TICKETS];
    ss_random_text(out, SS_FEED_TICKET);
    ss_sha256(out, SS_FEED_TICKET, t->hash);
    t->until_us = now_us + SS_FEED_TICKET_S * INT64_C(1000000);
    t->who = *who;
    t->who.by_cookie = false;
    snprintf(t->scopes, sizeof t->scopes, "%.*s", (int)who->scopes.n, who->scopes.p ? who->scopes.p : "");
}

bool ss_feed_ticket_take(struct ss_feed_tickets *tickets, struct ss_str text, int64_t now_us,
                         struct ss_arena *arena, struct ss_actor *who)
{
    unsigned char hash[SS_DIGEST_BYTES];
    if (text.n != SS_FEED_TICKET)
        return false;
    ss_sha256(text.p, text.n, hash);
    for (int i = 0; i < TICKETS; i++) {
        struct ticket *t = &tickets->at[i];
        if (t->until_us <= now_us || memcmp(t->hash, hash, sizeof hash) != 0)
            continue;
        t->until_us = 0;
        *who = t->who;
        if (who->scopes.p) {
            who->scopes = ss_str_of(t->scopes);
            who->scopes.p = ss_arena_copy(arena, t->scopes, who->scopes.n);
        }
        return !t->who.scopes.p || who->scopes.p;
    }
    return false;
}
