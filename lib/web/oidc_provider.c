#include "web/oidc_provider.h"
#include "base/base64.h"
#include "base/err.h"
#include "base/time.h"
#include "net/http.h"
#include "web/jwk.h"
#include "web/percent.h"
#include "web/token.h"
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#define URL_MAX    1024
#define KEYS       16
#define KEY_ID     128
#define PEM_MAX    2048
#define REPLY_MAX  ((size_t)256 << 10)
#define TIMEOUT_US (10 * SS_SECOND_US)
#define KNOWN_US   SS_HOUR_US
/* A token of a key that nobody knows makes us ask for the keys again, but not more often than this. */
#define AGAIN_US (30 * SS_SECOND_US)

struct key {
    char id[KEY_ID], pem[PEM_MAX];
};

struct ss_oidc_provider {
    struct ss_oidc_config config;
    pthread_mutex_t lock; /* of all below */
    int64_t known_us, keys_us;
    char authorize[URL_MAX], token[URL_MAX], jwks[URL_MAX];
    struct key key[KEYS];
    int keys;
};

int ss_oidc_provider_new(const struct ss_oidc_config *config, struct ss_oidc_provider **out)
{
    struct ss_oidc_provider *p = calloc(1, sizeof *p);
    if (!p)
        return ss_fail(SS_ENOMEM, "out of memory");
    p->config = *config;
    pthread_mutex_init(&p->lock, NULL);
    *out = p;
    return 0;
}

void ss_oidc_provider_free(struct ss_oidc_provider *p)
{
    if (!p)
        return;
    ss_bytes_wipe(p->config.client_secret, sizeof p->config.client_secret);
    pthread_mutex_destroy(&p->lock);
    free(p);
}

const struct ss_oidc_config *ss_oidc_provider_config(const struct ss_oidc_provider *p)
{
    return &p->config;
}

/* ---- asking ---- */

/* The answer's JSON object; *status as it came. A new connection each time: people sign in now and then. */
static int ask(const struct ss_http_request *req, bool post, struct ss_arena *arena, int *status,
               const struct ss_json_value **root)
{
    struct ss_http *http;
    struct ss_buf body;
    struct ss_http_reply reply = {.body = &body};
    ss_buf_init(&body, REPLY_MAX);
    int err = ss_http_new(&http);
    if (err)
        return err;
    err = post ? ss_http_post(http, req, &reply) : ss_http_get(http, req, &reply);
    *status = reply.status;
    if (!err)
        err = ss_json_parse(body.n ? body.p : "", body.n, arena, root);
    if (!err && (*root)->type != SS_JSON_OBJECT)
        err = ss_fail(SS_EDATA, "the answer is no object");
    ss_http_free(http);
    ss_buf_free(&body);
    return err;
}

static int get(const char *url, struct ss_arena *arena, const struct ss_json_value **root)
{
    static const char *const headers[] = {"Accept: application/json"};
    const struct ss_http_request req = {
        .url = url, .header = headers, .headers = 1, .timeout_us = TIMEOUT_US};
    int status, err = ask(&req, false, arena, &status, root);
    if (!err && status != 200)
        err = ss_fail(SS_EAWAY, "the provider answers %d", status);
    return err;
}

static int take_url(const struct ss_json_value *root, const char *name, char *to)
{
    const struct ss_json_value *v = ss_json_get(root, name);
    if (!v || v->type != SS_JSON_STRING || v->text.n >= URL_MAX || !ss_oidc_is_url(v->text))
        return ss_fail(SS_EDATA, "the provider's '%s' is no https:// address", name);
    snprintf(to, URL_MAX, "%.*s", (int)v->text.n, v->text.p);
    return 0;
}

/* What the provider says of itself, kept for an hour. */
static int discover(struct ss_oidc_provider *p, int64_t now_us, struct ss_arena *arena)
{
    char url[URL_MAX], authorize[URL_MAX], token[URL_MAX], jwks[URL_MAX];
    const struct ss_json_value *root, *issuer;
    pthread_mutex_lock(&p->lock);
    bool known = p->known_us && now_us - p->known_us < KNOWN_US;
    pthread_mutex_unlock(&p->lock);
    if (known)
        return 0;
    size_t n = strlen(p->config.issuer);
    while (n && p->config.issuer[n - 1] == '/')
        n--;
    snprintf(url, sizeof url, "%.*s/.well-known/openid-configuration", (int)n, p->config.issuer);
    int err = get(url, arena, &root);
    if (err)
        return err;
    issuer = ss_json_get(root, "issuer");
    if (!issuer || !ss_str_is(issuer->text, p->config.issuer))
        return ss_fail(SS_EDATA, "the provider calls itself another issuer");
    err = take_url(root, "authorization_endpoint", authorize);
    if (!err)
        err = take_url(root, "token_endpoint", token);
    if (!err)
        err = take_url(root, "jwks_uri", jwks);
    if (err)
        return err;
    pthread_mutex_lock(&p->lock);
    memcpy(p->authorize, authorize, sizeof authorize);
    memcpy(p->token, token, sizeof token);
    memcpy(p->jwks, jwks, sizeof jwks);
    p->known_us = now_us;
    pthread_mutex_unlock(&p->lock);
    return 0;
}

int ss_oidc_authorize_at(struct ss_oidc_provider *p, int64_t now_us, struct ss_arena *arena,
                         struct ss_str *url)
{
    int err = discover(p, now_us, arena);
    if (err)
        return err;
    pthread_mutex_lock(&p->lock);
    *url = ss_str_of(p->authorize);
    url->p = ss_arena_copy(arena, p->authorize, url->n);
    pthread_mutex_unlock(&p->lock);
    return url->p ? 0 : SS_ENOMEM;
}

/* application/x-www-form-urlencoded */
static void put_form(struct ss_buf *to, const char *name, struct ss_str value)
{
    if (to->n)
        ss_buf_putc(to, '&');
    ss_buf_puts(to, name);
    ss_buf_putc(to, '=');
    ss_percent_put(to, value);
}

/* client_secret_basic (RFC 6749, 2.3.1): both parts are form-encoded first. */
static void put_basic(struct ss_buf *to, const struct ss_oidc_config *c)
{
    struct ss_buf pair;
    ss_buf_init(&pair, 4096);
    ss_percent_put(&pair, ss_str_of(c->client_id));
    ss_buf_putc(&pair, ':');
    ss_percent_put(&pair, ss_str_of(c->client_secret));
    ss_buf_puts(to, "Authorization: Basic ");
    ss_base64_put(to, pair.p, pair.n);
    ss_bytes_wipe(pair.p, pair.n);
    ss_buf_free(&pair);
}

int ss_oidc_exchange(struct ss_oidc_provider *p, struct ss_str code, const char *verifier, int64_t now_us,
                     struct ss_arena *arena, struct ss_str *id_token)
{
    char url[URL_MAX];
    int err = discover(p, now_us, arena);
    if (err)
        return err;
    pthread_mutex_lock(&p->lock);
    memcpy(url, p->token, sizeof url);
    pthread_mutex_unlock(&p->lock);
    struct ss_buf form, basic;
    ss_buf_init(&form, 16384);
    ss_buf_init(&basic, 8192);
    put_form(&form, "grant_type", SS_STR("authorization_code"));
    put_form(&form, "code", code);
    put_form(&form, "redirect_uri", ss_str_of(p->config.redirect_uri));
    put_form(&form, "code_verifier", ss_str_of(verifier));
    if (*p->config.client_secret)
        put_basic(&basic, &p->config);
    else
        put_form(&form, "client_id", ss_str_of(p->config.client_id));
    const char *headers[] = {"Content-Type: application/x-www-form-urlencoded", "Accept: application/json",
                             ss_buf_cstr(&basic)};
    const struct ss_http_request req = {.url = url,
                                        .header = headers,
                                        .headers = basic.n ? 3 : 2,
                                        .body = {form.p, form.n},
                                        .timeout_us = TIMEOUT_US};
    const struct ss_json_value *root, *token;
    int status = 0;
    err = ss_buf_check(&form);
    if (!err)
        err = ask(&req, true, arena, &status, &root);
    if (!err && (status == 400 || status == 401))
        err = ss_fail(SS_EANSWER, "the provider does not take the code");
    else if (!err && status != 200)
        err = ss_fail(SS_EAWAY, "the provider answers %d", status);
    if (!err && (!(token = ss_json_get(root, "id_token")) || token->type != SS_JSON_STRING))
        err = ss_fail(SS_EDATA, "the provider gave no ID token");
    if (!err)
        *id_token = token->text;
    if (basic.p)
        ss_bytes_wipe(basic.p, basic.n);
    ss_buf_free(&basic);
    ss_buf_free(&form);
    return err;
}

/* ---- keys ---- */

static int fetch_keys(struct ss_oidc_provider *p, int64_t now_us, struct ss_arena *arena)
{
    char url[URL_MAX];
    const struct ss_json_value *root, *list, *id;
    int err = discover(p, now_us, arena);
    if (err)
        return err;
    pthread_mutex_lock(&p->lock);
    memcpy(url, p->jwks, sizeof url);
    pthread_mutex_unlock(&p->lock);
    err = get(url, arena, &root);
    if (err)
        return err;
    list = ss_json_get(root, "keys");
    if (!list || list->type != SS_JSON_ARRAY)
        return ss_fail(SS_EDATA, "the provider has no keys");
    struct key *key = ss_arena_zalloc(arena, KEYS * sizeof *key);
    if (!key)
        return SS_ENOMEM;
    int n = 0;
    for (uint32_t i = 0; i < list->n && n < KEYS; i++) {
        struct ss_buf pem;
        ss_buf_init(&pem, PEM_MAX - 1);
        id = ss_json_get(&list->at[i], "kid");
        bool fits = !id || (id->type == SS_JSON_STRING && id->text.n < KEY_ID);
        if (fits && ss_jwk_pem(&list->at[i], &pem) == 0) { /* others are not for this */
            snprintf(key[n].id, KEY_ID, "%.*s", id ? (int)id->text.n : 0, id ? id->text.p : "");
            memcpy(key[n].pem, pem.p, pem.n);
            n++;
        }
        ss_buf_free(&pem);
    }
    pthread_mutex_lock(&p->lock);
    memcpy(p->key, key, sizeof p->key);
    p->keys = n;
    p->keys_us = now_us;
    pthread_mutex_unlock(&p->lock);
    return 0;
}

/* The key of this name; without a name, the only one. */
static bool find_key(struct ss_oidc_provider *p, struct ss_str id, char pem[PEM_MAX])
{
    bool found = false;
    pthread_mutex_lock(&p->lock);
    for (int i = 0; i < p->keys && !found; i++) {
        found = id.p ? ss_str_is(id, p->key[i].id) : p->keys == 1;
        if (found)
            memcpy(pem, p->key[i].pem, PEM_MAX);
    }
    pthread_mutex_unlock(&p->lock);
    return found;
}

static int key_for(struct ss_oidc_provider *p, struct ss_str id, int64_t now_us, struct ss_arena *arena,
                   char pem[PEM_MAX])
{
    if (find_key(p, id, pem))
        return 0;
    pthread_mutex_lock(&p->lock);
    bool just = p->keys_us && now_us - p->keys_us < AGAIN_US;
    pthread_mutex_unlock(&p->lock);
    int err = just ? 0 : fetch_keys(p, now_us, arena);
    if (err)
        return err;
    return find_key(p, id, pem) ? 0
                                : ss_fail(SS_EDATA, "the token is signed with a key that the provider lacks");
}

/* ---- the token ---- */

/* The key's name out of the header, before anything is believed. */
static int read_header(struct ss_str token, struct ss_arena *arena, struct ss_str *id)
{
    const struct ss_json_value *root, *alg, *kid;
    const char *dot = memchr(token.p, '.', token.n);
    struct ss_buf text;
    ss_buf_init(&text, SS_TOKEN_MAX);
    *id = (struct ss_str){NULL, 0};
    int err = SS_EDATA;
    if (dot && ss_base64url_read((struct ss_str){token.p, (size_t)(dot - token.p)}, &text))
        err = ss_json_parse(text.p, text.n, arena, &root);
    ss_buf_free(&text);
    if (err)
        return ss_fail(SS_EDATA, "the ID token is damaged");
    alg = ss_json_get(root, "alg");
    kid = ss_json_get(root, "kid");
    if (!alg || !ss_str_is(alg->text, "RS256"))
        return ss_fail(SS_EDATA, "the ID token is not signed with RS256");
    if (kid && kid->type == SS_JSON_STRING)
        *id = kid->text;
    return 0;
}

static bool is_text(const struct ss_json_value *claims, const char *name, const char *wanted)
{
    const struct ss_json_value *v = ss_json_get(claims, name);
    return v && v->type == SS_JSON_STRING && ss_str_is(v->text, wanted);
}

static bool is_for_us(const struct ss_json_value *claims, const char *client_id)
{
    const struct ss_json_value *aud = ss_json_get(claims, "aud");
    if (is_text(claims, "aud", client_id))
        return !ss_json_get(claims, "azp") || is_text(claims, "azp", client_id);
    bool named = false;
    for (uint32_t i = 0; aud && aud->type == SS_JSON_ARRAY && i < aud->n; i++)
        named |= aud->at[i].type == SS_JSON_STRING && ss_str_is(aud->at[i].text, client_id);
    /* Of several, it says for whom it was made. */
    return named && (aud->n == 1 ? !ss_json_get(claims, "azp") || is_text(claims, "azp", client_id)
                                 : is_text(claims, "azp", client_id));
}

static bool is_timely(const struct ss_json_value *claims, int64_t now_s)
{
    const struct ss_json_value *exp = ss_json_get(claims, "exp"), *iat = ss_json_get(claims, "iat");
    double now = (double)now_s;
    return exp && exp->type == SS_JSON_NUMBER && exp->number + SS_TOKEN_SKEW_S > now && iat &&
           iat->type == SS_JSON_NUMBER && iat->number - SS_TOKEN_SKEW_S <= now;
}

int ss_oidc_check(struct ss_oidc_provider *p, struct ss_str id_token, const char *nonce, int64_t now_us,
                  struct ss_arena *arena, const struct ss_json_value **claims)
{
    char pem[PEM_MAX];
    struct ss_str id, json;
    int err = read_header(id_token, arena, &id);
    if (!err)
        err = key_for(p, id, now_us, arena, pem);
    if (!err)
        err = ss_token_read_rs256(id_token, pem, arena, &json);
    if (!err)
        err = ss_json_parse(json.p, json.n, arena, claims);
    if (err)
        return err;
    const struct ss_json_value *sub = ss_json_get(*claims, "sub");
    if (!is_text(*claims, "iss", p->config.issuer))
        return ss_fail(SS_EDATA, "the ID token is another issuer's");
    if (!is_for_us(*claims, p->config.client_id))
        return ss_fail(SS_EDATA, "the ID token is for somebody else");
    if (!is_timely(*claims, now_us / SS_SECOND_US))
        return ss_fail(SS_EDATA, "the ID token has expired, or is from the future");
    if (!is_text(*claims, "nonce", nonce))
        return ss_fail(SS_EDATA, "the ID token answers another sign-in");
    if (!sub || sub->type != SS_JSON_STRING || sub->text.n == 0 || sub->text.n > 255)
        return ss_fail(SS_EDATA, "the ID token names nobody");
    return 0;
}
