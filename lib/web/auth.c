#include "web/auth.h"
#include "base/err.h"
#include "base/number.h"
#include "base/time.h"
#include "store/audit.h"
#include "store/settings.h"
#include "store/tickets.h"
#include "web/auth_parts.h"
#include "web/oidc_provider.h"
#include "web/token.h"
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

/* Tries of what guesses, by address: 20 at once, then one every 3 seconds; those that succeed do not count. A
 * guesser has 28,800 a day, and each account its own lock beside. */
#define TRIES           20
#define TRY_REFILL_US   (3 * SS_SECOND_US)
#define REMEMBERED_US   SS_SECOND_US
#define SETS            1024
#define WAYS            2
#define USED_KEYS       256
#define FORGOTTEN_AFTER (30 * SS_DAY_US)

/* Somebody recognised: by the SHA-256 of what they showed. */
struct known {
    unsigned char hash[SS_DIGEST_BYTES];
    unsigned epoch;
    int64_t until_us;
    struct ss_actor who;
    bool must_change;
    char scopes[SS_KEY_SCOPES_MAX + 1];
};

struct used_key {
    char id[SS_KEY_ID + 1];
    int64_t at_us;
};

struct ss_auth {
    char *secret_file;
    pthread_mutex_t lock; /* of secret and used */
    struct ss_secret secret;
    struct used_key used[USED_KEYS];
    int n_used;
    struct ss_limit *tries;
    struct ss_strangers *strangers;
    struct ss_feed_tickets *tickets;
    struct ss_oidc_provider *provider;
    atomic_uint epoch;
    struct known known[SETS][WAYS]; /* the loop's */
};

static int open_provider(const char *file, struct ss_oidc_provider **provider)
{
    struct ss_oidc_config config;
    int err = ss_oidc_config_read(file, &config);
    if (!err)
        err = ss_oidc_provider_new(&config, provider);
    ss_bytes_wipe(&config, sizeof config);
    return err;
}

int ss_auth_new(const struct ss_auth_options *options, struct ss_auth **out)
{
    struct ss_auth *auth = calloc(1, sizeof *auth);
    if (!auth)
        return ss_fail(SS_ENOMEM, "out of memory");
    pthread_mutex_init(&auth->lock, NULL);
    atomic_init(&auth->epoch, 1);
    auth->secret_file = strdup(options->secret_file);
    int err = auth->secret_file ? 0 : ss_fail(SS_ENOMEM, "out of memory");
    if (!err)
        err = ss_secret_open(auth->secret_file, &auth->secret);
    if (!err)
        err = ss_limit_new(TRIES, TRY_REFILL_US, &auth->tries);
    if (!err)
        err = ss_strangers_new(&auth->strangers);
    if (!err)
        err = ss_feed_tickets_new(&auth->tickets);
    if (!err && options->oidc_file)
        err = open_provider(options->oidc_file, &auth->provider);
    if (err) {
        ss_auth_free(auth);
        return err;
    }
    *out = auth;
    return 0;
}

void ss_auth_free(struct ss_auth *auth)
{
    if (!auth)
        return;
    ss_oidc_provider_free(auth->provider);
    ss_feed_tickets_free(auth->tickets);
    ss_strangers_free(auth->strangers);
    ss_limit_free(auth->tries);
    ss_bytes_wipe(&auth->secret, sizeof auth->secret);
    pthread_mutex_destroy(&auth->lock);
    free(auth->secret_file);
    free(auth);
}

int ss_auth_reload(struct ss_auth *auth)
{
    struct ss_secret secret;
    int err = ss_secret_open(auth->secret_file, &secret);
    if (err)
        return err;
    pthread_mutex_lock(&auth->lock);
    auth->secret = secret;
    pthread_mutex_unlock(&auth->lock);
    ss_bytes_wipe(&secret, sizeof secret);
    ss_auth_flush(auth);
    return 0;
}

void ss_auth_flush(struct ss_auth *auth)
{
    atomic_fetch_add(&auth->epoch, 1);
}

void ss_auth_secret(struct ss_auth *auth, struct ss_secret *secret)
{
    pthread_mutex_lock(&auth->lock);
    *secret = auth->secret;
    pthread_mutex_unlock(&auth->lock);
}

struct ss_strangers *ss_auth_strangers(struct ss_auth *auth)
{
    return auth->strangers;
}

struct ss_feed_tickets *ss_auth_tickets(struct ss_auth *auth)
{
    return auth->tickets;
}

struct ss_oidc_provider *ss_auth_provider(struct ss_auth *auth)
{
    return auth->provider;
}

bool ss_auth_try(struct ss_call *call)
{
    int wait_s = ss_limit_take(call->web->auth->tries, call->req.address, call->now_us);
    if (!wait_s)
        return true;
    ss_problem(call, 429, "too_many_tries", "too many tries from this address; wait %d s", wait_s);
    call->res.retry_after_s = wait_s;
    return false;
}

void ss_auth_tried_well(struct ss_call *call)
{
    ss_limit_give(call->web->auth->tries, call->req.address, call->now_us);
}

int64_t ss_auth_setting(const struct ss_call *call, const char *key, int64_t absent)
{
    return call->web->settings ? ss_setting_int(call->web->settings, key) : absent;
}

/* ---- recognising ---- */

/* 1: `k` says who; 0: nobody. */
static int look_up_session(struct ss_call *call, struct ss_str text, struct known *k, bool *expired)
{
    struct ss_secret secret;
    struct ss_token token;
    int err = SS_EDATA;
    ss_auth_secret(call->web->auth, &secret);
    for (int i = 0; i < secret.n && err == SS_EDATA; i++) {
        unsigned char key[SS_DIGEST_BYTES];
        ss_secret_key(&secret, i, "access", key);
        err = ss_token_read(text, key, call->now_us / SS_SECOND_US, &token);
        ss_bytes_wipe(key, sizeof key);
    }
    ss_bytes_wipe(&secret, sizeof secret);
    *expired = err == SS_EANSWER;
    if (err)
        return 0;
    struct ss_session_owner owner;
    err = ss_session_owner(call->db, ss_str_of(token.session), &owner);
    if (err <= 0)
        return err;
    int role = ss_role_of(ss_str_of(owner.role));
    *expired = true;
    if (owner.user_id != token.user_id || owner.revoked_us || owner.expires_us <= call->now_us ||
        !owner.active || role < 0)
        return 0;
    k->who.role = (enum ss_role)role;
    k->who.user_id = owner.user_id;
    snprintf(k->who.name, sizeof k->who.name, "%s", owner.email);
    snprintf(k->who.session, sizeof k->who.session, "%s", token.session);
    k->must_change = owner.must_change;
    int64_t ends_us = (token.expires_s + SS_TOKEN_SKEW_S) * SS_SECOND_US;
    if (k->until_us > ends_us)
        k->until_us = ends_us;
    if (k->until_us > owner.expires_us)
        k->until_us = owner.expires_us;
    return 1;
}

static void note_use(struct ss_auth *auth, const char *id, int64_t now_us)
{
    pthread_mutex_lock(&auth->lock);
    int i = 0;
    while (i < auth->n_used && strcmp(auth->used[i].id, id) != 0)
        i++;
    if (i < USED_KEYS) {
        memcpy(auth->used[i].id, id, sizeof auth->used[i].id);
        auth->used[i].at_us = now_us;
        auth->n_used += i == auth->n_used;
    }
    pthread_mutex_unlock(&auth->lock);
}

static int look_up_key(struct ss_call *call, struct ss_str text, struct known *k, bool *expired)
{
    char hash[SS_DIGEST_HEX];
    struct ss_str id;
    struct ss_key key;
    if (!ss_key_parse(text, &id, hash))
        return 0;
    int err = ss_key_get(call->db, id, &call->arena, &key);
    if (err <= 0)
        return err;
    int role = ss_role_of(key.role);
    if (key.secret_hash.n != SS_DIGEST_HEX - 1 || !ss_bytes_equal(hash, key.secret_hash.p, SS_DIGEST_HEX - 1))
        return 0;
    *expired = true;
    if (key.revoked_us || (key.expires_us && key.expires_us <= call->now_us) || role < 0 ||
        key.scopes.n > SS_KEY_SCOPES_MAX)
        return 0;
    k->who.role = (enum ss_role)role;
    snprintf(k->who.name, sizeof k->who.name, "key:%.*s", (int)key.name.n, key.name.p);
    snprintf(k->who.session, sizeof k->who.session, "%.*s", (int)key.id.n, key.id.p);
    snprintf(k->scopes, sizeof k->scopes, "%.*s", (int)key.scopes.n, key.scopes.p);
    k->who.scopes.p = k->scopes; /* where the copy lies is settled when it is given */
    if (key.expires_us && k->until_us > key.expires_us)
        k->until_us = key.expires_us;
    note_use(call->web->auth, k->who.session, call->now_us);
    return 1;
}

static void give(struct ss_call *call, const struct known *k)
{
    call->who = k->who;
    if (k->who.scopes.p)
        call->who.scopes = ss_call_copy(call, ss_str_of(k->scopes));
}

/* Also where the clock has been set back: nothing is remembered longer than said. */
static bool is_fresh(const struct known *k, int64_t now_us)
{
    return k->until_us > now_us && k->until_us <= now_us + REMEMBERED_US;
}

/* Remembered, or looked up and remembered. *k stays valid until the next call. */
static int recognise(struct ss_call *call, struct ss_str text, struct known **out, bool *expired)
{
    struct ss_auth *auth = call->web->auth;
    unsigned char hash[SS_DIGEST_BYTES];
    unsigned epoch = atomic_load(&auth->epoch), at;
    *expired = false;
    ss_sha256(text.p, text.n, hash);
    memcpy(&at, hash, sizeof at);
    struct known *set = auth->known[at % SETS], *place = set;
    for (int i = 0; i < WAYS; i++) {
        struct known *k = &set[i];
        if (is_fresh(k, call->now_us) && k->epoch == epoch && memcmp(k->hash, hash, sizeof hash) == 0) {
            *out = k;
            return 1;
        }
        if (k->until_us < place->until_us)
            place = k;
    }
    memset(place, 0, sizeof *place);
    place->until_us = call->now_us + REMEMBERED_US;
    int found = text.n > 3 && memcmp(text.p, "ss_", 3) == 0 ? look_up_key(call, text, place, expired)
                                                            : look_up_session(call, text, place, expired);
    if (found <= 0) {
        place->until_us = 0;
        return found;
    }
    memcpy(place->hash, hash, sizeof hash);
    place->epoch = epoch; /* of before the look: what changed meanwhile is not missed */
    *out = place;
    return 1;
}

/* ---- what a call shows ---- */

struct shown {
    struct ss_str text;
    bool by_cookie, is_ticket, is_unknown; /* is_unknown: another way of signing in */
};

static struct shown shown_by(struct ss_call *call)
{
    struct shown s = {0};
    struct ss_str header = call->req.authorization;
    bool feed = call->route && call->route->run == SS_RUN_FEED;
    if (header.p) {
        s.is_unknown = header.n < 8 || strncasecmp(header.p, "Bearer ", 7) != 0;
        if (!s.is_unknown)
            s.text = ss_str_trim((struct ss_str){header.p + 7, header.n - 7});
        return s;
    }
    if (feed && (s.text = ss_query(call, "ticket")).p) {
        s.is_ticket = true;
        return s;
    }
    if (feed && (s.text = ss_query(call, "token")).p)
        return s;
    s.text = ss_cookie_get(call, "ss_access");
    s.by_cookie = s.text.p != NULL;
    return s;
}

static bool refuse(struct ss_call *call, bool expired)
{
    /* An old token in a cookie must not keep anybody from signing in. */
    if (call->route->roles == SS_ANYONE)
        return true;
    if (expired)
        ss_problem(call, 401, "expired",
                   "the token has expired or was revoked: refresh it, or sign in again");
    else
        ss_problem(call, 401, "bad_token", "the token is none of this server's");
    return false;
}

/* Who must choose a password first may see to their sign-in, and get no ticket to what others see. */
static bool is_open_before(const struct ss_route *route)
{
    return strncmp(route->path, "/api/v1/auth/", 13) == 0 && strcmp(route->path, "/api/v1/auth/ticket") != 0;
}

bool ss_auth_identify(struct ss_call *call)
{
    struct shown shown = shown_by(call);
    struct known *k = NULL;
    bool expired = false;
    memset(&call->who, 0, sizeof call->who);
    if (shown.is_unknown)
        return refuse(call, false);
    if (!shown.text.p)
        return true;
    if (shown.is_ticket) {
        if (!ss_feed_ticket_take(call->web->auth->tickets, shown.text, call->now_us, &call->arena,
                                 &call->who))
            return refuse(call, false);
        int still = ss_auth_still(call->db, &call->who, call->now_us);
        if (still > 0)
            return true;
        memset(&call->who, 0, sizeof call->who);
        return refuse(call, true);
    }
    int found = shown.text.n > SS_TOKEN_MAX ? 0 : recognise(call, shown.text, &k, &expired);
    if (found < 0) {
        call->res.retry_after_s = 1;
        ss_problem(call, 503, "away", "the store cannot be reached just now");
        return false;
    }
    if (found == 0)
        return refuse(call, expired);
    give(call, k);
    call->who.by_cookie = shown.by_cookie;
    if (k->must_change && !is_open_before(call->route)) {
        ss_problem(call, 403, "password_change", "choose a new password first: POST /api/v1/auth/password");
        return false;
    }
    return true;
}

int ss_auth_still(struct ss_db *db, const struct ss_actor *who, int64_t now_us)
{
    struct ss_str id = ss_str_of(who->session);
    if (who->user_id) {
        struct ss_session_owner owner;
        int found = ss_session_owner(db, id, &owner);
        if (found <= 0)
            return found;
        return owner.user_id == who->user_id && !owner.revoked_us && owner.expires_us > now_us &&
               owner.active && strcmp(owner.role, ss_role_name(who->role)) == 0;
    }
    struct ss_arena arena;
    struct ss_key key;
    ss_arena_init(&arena, 1 << 16);
    int found = ss_key_get(db, id, &arena, &key);
    if (found > 0)
        found = !key.revoked_us && (!key.expires_us || key.expires_us > now_us);
    ss_arena_free(&arena);
    return found;
}

/* ---- now and then ---- */

int ss_auth_sweep(struct ss_auth *auth, struct ss_db *db, int64_t now_us)
{
    struct used_key used[USED_KEYS];
    pthread_mutex_lock(&auth->lock);
    int n = auth->n_used, err = 0;
    memcpy(used, auth->used, (size_t)n * sizeof *used);
    auth->n_used = 0;
    pthread_mutex_unlock(&auth->lock);
    for (int i = 0; i < n && !err; i++)
        err = ss_key_used(db, ss_str_of(used[i].id), used[i].at_us);
    if (err)
        return err;
    int64_t gone = ss_sessions_prune(db, now_us - FORGOTTEN_AFTER);
    if (gone >= 0)
        gone = ss_tickets_prune(db, now_us - FORGOTTEN_AFTER);
    return gone < 0 ? (int)gone : 0;
}

int ss_call_audit(struct ss_call *call, const char *action, struct ss_str subject, struct ss_str old_json,
                  struct ss_str new_json)
{
    const struct ss_audit entry = {
        .actor = *call->who.name ? call->who.name : "nobody",
        .action = action,
        .subject = subject,
        .old_value = old_json,
        .new_value = new_json,
        .address = *call->req.address ? call->req.address : NULL,
        .time_us = call->now_us,
    };
    return ss_audit_add(call->db, &entry);
}

int ss_auth_user_named(struct ss_call *call, struct ss_user *user)
{
    struct ss_str id = call->param[0];
    int64_t number;
    int found = ss_int_parse(id.p, id.n, &number) ? ss_user_get(call->db, number, &call->arena, user) : 0;
    if (found == 0)
        ss_problem_missing(call, "user", id);
    return found;
}
