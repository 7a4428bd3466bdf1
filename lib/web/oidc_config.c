#include "web/oidc_config.h"
#include "base/err.h"
#include "base/file.h"
#include <stdio.h>

#define CONFIG_MAX ((size_t)64 << 10)

struct key {
    const char *name;
    char *to;
    size_t size;
    bool *flag;
};

static bool starts(struct ss_str text, const char *with)
{
    size_t n = strlen(with);
    return text.n >= n && memcmp(text.p, with, n) == 0;
}

bool ss_oidc_is_url(struct ss_str url)
{
    static const char *const here[] = {"http://127.0.0.1", "http://localhost", "http://[::1]"};
    for (size_t i = 0; i < url.n; i++)
        if ((unsigned char)url.p[i] <= ' ' || url.p[i] == '"' || url.p[i] == '\\')
            return false;
    if (starts(url, "https://"))
        return url.n > 8;
    for (size_t i = 0; i < SS_COUNT(here); i++) {
        size_t n = strlen(here[i]);
        if (starts(url, here[i]) && (url.n == n || url.p[n] == ':' || url.p[n] == '/'))
            return true;
    }
    return false;
}

static int read_secret(const char *path, char *to, size_t size)
{
    struct ss_buf text;
    ss_buf_init(&text, size);
    int err = ss_file_read(path, &text);
    struct ss_str secret = ss_str_trim((struct ss_str){text.p, text.n});
    while (!err && secret.n && secret.p[secret.n - 1] == '\n')
        secret.n--;
    if (!err && (secret.n == 0 || secret.n >= size || memchr(secret.p, '\n', secret.n)))
        err = ss_fail(SS_ECONFIG, "'%s' does not hold one line with a secret", path);
    if (!err)
        snprintf(to, size, "%.*s", (int)secret.n, secret.p);
    ss_buf_free(&text);
    return err;
}

static int set(const struct key *keys, struct ss_str name, struct ss_str value)
{
    for (const struct key *k = keys; k->name; k++) {
        if (!ss_str_is(name, k->name))
            continue;
        if (k->flag) {
            *k->flag = ss_str_is(value, "yes");
            return *k->flag || ss_str_is(value, "no") ? 0 : ss_fail(SS_ECONFIG, "'%s' is yes or no", k->name);
        }
        if (value.n == 0 || value.n >= k->size)
            return ss_fail(SS_ECONFIG, "'%s' is empty or longer than %zu bytes", k->name, k->size - 1);
        snprintf(k->to, k->size, "%.*s", (int)value.n, value.p);
        return 0;
    }
    return ss_fail(SS_ECONFIG, "unknown key '%.*s'", (int)name.n, name.p);
}

static int read_line(const struct key *keys, struct ss_str line)
{
    line = ss_str_trim(line);
    if (line.n == 0 || line.p[0] == '#')
        return 0;
    const char *equals = memchr(line.p, '=', line.n);
    if (!equals)
        return ss_fail(SS_ECONFIG, "not 'key = value'");
    struct ss_str name = {line.p, (size_t)(equals - line.p)};
    struct ss_str value = {equals + 1, line.n - name.n - 1};
    return set(keys, ss_str_trim(name), ss_str_trim(value));
}

static int read_lines(const char *path, const struct key *keys)
{
    struct ss_buf text;
    ss_buf_init(&text, CONFIG_MAX);
    int err = ss_file_read(path, &text), number = 0;
    for (size_t at = 0; !err && at < text.n;) {
        const char *end = memchr(text.p + at, '\n', text.n - at);
        size_t n = end ? (size_t)(end - text.p) - at : text.n - at;
        number++;
        err = read_line(keys, (struct ss_str){text.p + at, n});
        if (err)
            err = ss_fail_in(err, "%s:%d: ", path, number);
        at += n + 1;
    }
    ss_buf_free(&text);
    return err;
}

static int check(const char *path, struct ss_oidc_config *c)
{
    if (!*c->issuer || !*c->client_id || !*c->redirect_uri)
        return ss_fail(SS_ECONFIG, "%s: issuer, client_id and redirect_uri are needed", path);
    if (!ss_oidc_is_url(ss_str_of(c->issuer)) || !ss_oidc_is_url(ss_str_of(c->redirect_uri)))
        return ss_fail(SS_ECONFIG, "%s: issuer and redirect_uri are https:// addresses", path);
    if (!strstr(c->redirect_uri, "/api/v1/auth/oidc/callback"))
        return ss_fail(SS_ECONFIG, "%s: redirect_uri ends in /api/v1/auth/oidc/callback", path);
    for (int i = 0; i < SS_OIDC_ROLES; i++) {
        c->maps_roles |= *c->role[i] != '\0';
        if (*c->role[i] && strcmp(c->role[i], "*") != 0 && !*c->role_claim)
            return ss_fail(SS_ECONFIG, "%s: a role for some needs role_claim", path);
    }
    if (strcmp(c->role[SS_OIDC_ADMIN], "*") == 0)
        return ss_fail(SS_ECONFIG, "%s: not everybody is an administrator", path);
    return 0;
}

int ss_oidc_config_read(const char *path, struct ss_oidc_config *c)
{
    char secret_file[1024] = "";
    memset(c, 0, sizeof *c);
    snprintf(c->scopes, sizeof c->scopes, "openid email profile");
    snprintf(c->name, sizeof c->name, "OpenID");
    const struct key keys[] = {
        {"issuer", c->issuer, sizeof c->issuer, NULL},
        {"client_id", c->client_id, sizeof c->client_id, NULL},
        {"client_secret_file", secret_file, sizeof secret_file, NULL},
        {"redirect_uri", c->redirect_uri, sizeof c->redirect_uri, NULL},
        {"name", c->name, sizeof c->name, NULL},
        {"scopes", c->scopes, sizeof c->scopes, NULL},
        {"role_claim", c->role_claim, sizeof c->role_claim, NULL},
        {"viewer", c->role[SS_OIDC_VIEWER], sizeof c->role[0], NULL},
        {"analyst", c->role[SS_OIDC_ANALYST], sizeof c->role[0], NULL},
        {"admin", c->role[SS_OIDC_ADMIN], sizeof c->role[0], NULL},
        {"create", NULL, 0, &c->create},
        {"link", NULL, 0, &c->link},
        {0},
    };
    int err = read_lines(path, keys);
    if (!err)
        err = check(path, c);
    if (!err && *secret_file)
        err = read_secret(secret_file, c->client_secret, sizeof c->client_secret);
    return err;
}

/* ---- roles ---- */

/* "fraud-team, fraud-leads" has it, or is "*". */
static bool names(const char *list, struct ss_str value)
{
    if (strcmp(list, "*") == 0)
        return true;
    while (*list) {
        size_t n = strcspn(list, ",");
        if (ss_str_eq(ss_str_trim((struct ss_str){list, n}), value) && value.n)
            return true;
        list += n + (list[n] == ',');
    }
    return false;
}

/* The claim of this very name, or the end of a path "a.b" into the claims. */
static const struct ss_json_value *claim_of(const struct ss_json_value *claims, const char *path)
{
    const struct ss_json_value *v = ss_json_get(claims, path);
    char name[128];
    if (v)
        return v;
    for (v = claims; v && *path;) {
        size_t n = strcspn(path, ".");
        snprintf(name, sizeof name, "%.*s", (int)n, path);
        v = ss_json_get(v, name);
        path += n + (path[n] == '.');
    }
    return v;
}

const char *ss_oidc_role(const struct ss_oidc_config *config, const struct ss_json_value *claims)
{
    static const char *const roles[SS_OIDC_ROLES] = {"viewer", "analyst", "admin"};
    const struct ss_json_value *v = *config->role_claim ? claim_of(claims, config->role_claim) : NULL;
    for (int i = SS_OIDC_ROLES - 1; i >= 0; i--) {
        const char *list = config->role[i];
        if (strcmp(list, "*") == 0 || (v && v->type == SS_JSON_STRING && names(list, v->text)))
            return roles[i];
        for (uint32_t j = 0; v && v->type == SS_JSON_ARRAY && j < v->n; j++)
            if (v->at[j].type == SS_JSON_STRING && names(list, v->at[j].text))
                return roles[i];
    }
    return NULL;
}
