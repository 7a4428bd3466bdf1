/*
 * API keys: "ss_ID_SECRETCHECK". The id is no secret and names the key in lists and logs; the secret is shown
 * once. The six check digits are of a hash over what stands before them, so that a mistyped key, or a text
 * that only looks like one to a scanner of leaked secrets, is told apart without asking anybody.
 *
 * Keys cannot make or end keys: only people do.
 */
#include "base/err.h"
#include "json/write.h"
#include "web/after.h"
#include "web/auth_parts.h"
#include <stdio.h>

#define SECRET   32
#define CHECK    6
#define KEY_TEXT (3 + SS_KEY_ID + 1 + SECRET + CHECK)

static const struct ss_str none = {NULL, 0};

static bool is_letter(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

static void check_of(const char *text, char out[CHECK])
{
    char hash[SS_DIGEST_HEX];
    ss_sha256_hex(text, KEY_TEXT - CHECK, hash);
    memcpy(out, hash, CHECK);
}

bool ss_key_parse(struct ss_str text, struct ss_str *id, char secret_hash[SS_DIGEST_HEX])
{
    char check[CHECK];
    if (text.n != KEY_TEXT || memcmp(text.p, "ss_", 3) != 0 || text.p[3 + SS_KEY_ID] != '_')
        return false;
    for (size_t i = 3; i < KEY_TEXT; i++)
        if (i != 3 + SS_KEY_ID && !is_letter(text.p[i]))
            return false;
    check_of(text.p, check);
    if (memcmp(check, text.p + KEY_TEXT - CHECK, CHECK) != 0)
        return false;
    *id = (struct ss_str){text.p + 3, SS_KEY_ID};
    ss_sha256_hex(text.p, text.n, secret_hash);
    return true;
}

static void make_text(char out[KEY_TEXT + 1])
{
    char id[SS_KEY_ID + 1], secret[SECRET + 1];
    ss_random_text(id, SS_KEY_ID);
    ss_random_text(secret, SECRET);
    snprintf(out, KEY_TEXT + 1, "ss_%s_%s", id, secret);
    check_of(out, out + KEY_TEXT - CHECK);
    out[KEY_TEXT] = '\0';
    ss_bytes_wipe(secret, sizeof secret);
}

static void put_scopes(struct ss_buf *to, struct ss_str scopes)
{
    ss_json_open(to, "scopes", '[');
    for (size_t at = 0; at < scopes.n;) {
        const char *blank = memchr(scopes.p + at, ' ', scopes.n - at);
        size_t n = blank ? (size_t)(blank - scopes.p) - at : scopes.n - at;
        if (at)
            ss_buf_putc(to, ',');
        ss_json_put_string(to, (struct ss_str){scopes.p + at, n});
        at += n + 1;
    }
    ss_buf_putc(to, ']');
}

/* Without its braces. */
static void put_key(struct ss_buf *to, const struct ss_key *key)
{
    ss_put_text_of(to, "id", key->id);
    ss_put_text_of(to, "name", key->name);
    ss_put_text_of(to, "role", key->role);
    put_scopes(to, key->scopes);
    ss_put_text_of(to, "created_by", key->created_by);
    ss_put_time_of(to, "created", key->created_us);
    ss_put_time_of(to, "expires", key->expires_us);
    ss_put_time_of(to, "used", key->used_us);
    ss_put_time_of(to, "revoked", key->revoked_us);
}

static int list(struct ss_call *call)
{
    static const char *const sorts[] = {"created", NULL};
    struct ss_buf *to = &call->res.body;
    struct ss_page page;
    struct ss_rows *rows;
    struct ss_key key;
    bool revoked;
    ss_page_read(call, sorts, &page);
    ss_query_bool(call, "revoked", false, &revoked);
    if (page.down)
        ss_fault(call, "sort", "is upwards only");
    if (!ss_call_check(call))
        return 0;
    int more, err = ss_keys_list(call->db, revoked, page.has_cursor ? page.key : -1, page.tie, page.limit + 1,
                                 &rows);
    if (err)
        return err;
    struct ss_str last = none;
    int64_t n = 0, last_us = 0;
    ss_page_begin(call);
    while ((more = ss_keys_next(rows, &key)) > 0 && n < page.limit) {
        ss_page_item(call);
        ss_buf_putc(to, '{');
        put_key(to, &key);
        ss_buf_putc(to, '}');
        if (++n == page.limit)
            last = ss_call_copy(call, key.id);
        last_us = key.created_us;
    }
    ss_rows_free(rows);
    if (more >= 0)
        ss_page_end(call, &page, more > 0, last_us, none, last);
    return more < 0 ? more : 0;
}

/* Some route's scope, or a misspelt word. */
static bool is_scope(struct ss_str word)
{
    const struct ss_route *r;
    for (size_t i = 0; (r = ss_route_at(i)); i++)
        if (r->scope && ss_str_is(word, r->scope))
            return true;
    return false;
}

/* ["a:read","b:write"] to "a:read b:write". */
static struct ss_str read_scopes(struct ss_call *call)
{
    const struct ss_json_value *v = ss_json_get(call->json, "scopes");
    struct ss_buf buf;
    if (!v || v->type != SS_JSON_ARRAY || v->n == 0) {
        ss_fault(call, "scopes", "is a list of at least one of those that GET /api/v1/keys/scopes names");
        return none;
    }
    ss_buf_init(&buf, SS_KEY_SCOPES_MAX);
    for (uint32_t i = 0; i < v->n; i++) {
        const struct ss_json_value *word = &v->at[i];
        if (word->type != SS_JSON_STRING || !is_scope(word->text)) {
            ss_fault(call, "scopes", "names a scope that there is not: see GET /api/v1/keys/scopes");
            break;
        }
        if (buf.n)
            ss_buf_putc(&buf, ' ');
        ss_buf_put(&buf, word->text.p, word->text.n);
    }
    struct ss_str scopes = ss_auth_take(call, &buf);
    if (!scopes.p)
        ss_fault(call, "scopes", "are too many");
    return scopes;
}

static int create(struct ss_call *call)
{
    static const char *const known[] = {"name", "role", "scopes", "expires", NULL};
    static const char *const roles[] = {"service", "viewer", "analyst", "admin", NULL};
    char text[KEY_TEXT + 1], hash[SS_DIGEST_HEX];
    struct ss_key key = {0};
    int role = 0;
    if (!ss_call_json(call))
        return 0;
    ss_body_only(call, known);
    ss_body_text(call, "name", true, 80, &key.name);
    ss_body_word(call, "role", false, roles, &role);
    ss_body_time(call, "expires", false, &key.expires_us);
    key.scopes = read_scopes(call);
    if (key.expires_us && key.expires_us <= call->now_us)
        ss_fault(call, "expires", "is in the past");
    if (!ss_call_check(call))
        return 0;
    make_text(text);
    ss_sha256_hex(text, KEY_TEXT, hash);
    key.id = ss_call_copy(call, (struct ss_str){text + 3, SS_KEY_ID});
    key.secret_hash = ss_str_of(hash);
    key.role = ss_str_of(roles[role]);
    key.created_by = ss_str_of(call->who.name);
    key.created_us = call->now_us;
    struct ss_buf value, *to = &call->res.body;
    ss_buf_init(&value, 8192);
    ss_buf_putc(&value, '{');
    put_key(&value, &key);
    ss_buf_putc(&value, '}');
    int err = ss_key_add(call->db, &key);
    if (!err)
        err = ss_call_audit(call, "key.create", ss_call_format(call, "key:%s", key.id.p), none,
                            ss_auth_take(call, &value));
    if (err)
        return err;
    ss_buf_putc(to, '{');
    put_key(to, &key);
    ss_put_text_of(to, "key", ss_str_of(text)); /* shown this once */
    ss_buf_putc(to, '}');
    return ss_answer_created(call, "/api/v1/keys", key.id);
}

static int revoke(struct ss_call *call)
{
    struct ss_str id = call->param[0];
    struct ss_key key;
    int found = ss_key_get(call->db, id, &call->arena, &key);
    if (found < 0)
        return found;
    if (!found || key.revoked_us)
        return ss_problem_missing(call, "key", id);
    int64_t n = ss_key_revoke(call->db, id, call->now_us);
    if (n < 0)
        return (int)n;
    call->after |= SS_AFTER_AUTH;
    int err = ss_call_audit(call, "key.revoke", ss_call_format(call, "key:%s", key.id.p),
                            ss_auth_pair(call, "name", key.name), none);
    return err ? err : ss_answer_none(call);
}

/* All scopes that some endpoint asks for, each once. */
static int scopes(struct ss_call *call)
{
    struct ss_buf *to = &call->res.body;
    const struct ss_route *r, *earlier;
    ss_buf_puts(to, "{\"items\":[");
    for (size_t i = 0; (r = ss_route_at(i)); i++) {
        size_t j = 0;
        while (r->scope && j < i &&
               !((earlier = ss_route_at(j))->scope && strcmp(earlier->scope, r->scope) == 0))
            j++;
        if (!r->scope || j < i)
            continue;
        ss_page_item(call);
        ss_json_put_string(to, ss_str_of(r->scope));
    }
    ss_buf_puts(to, "],\"next\":null}");
    return 0;
}

const struct ss_route ss_routes_keys[] = {
    {SS_GET, "/api/v1/keys", list, SS_ADMIN, NULL, SS_RUN_QUICK, 0},
    {SS_POST, "/api/v1/keys", create, SS_ADMIN | SS_SECRET, NULL, SS_RUN_WRITE, 0},
    {SS_GET, "/api/v1/keys/scopes", scopes, SS_ADMIN, NULL, SS_RUN_QUICK, 0},
    {SS_DELETE, "/api/v1/keys/{id}", revoke, SS_ADMIN, NULL, SS_RUN_WRITE, 0},
    {0},
};
