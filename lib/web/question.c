#include "base/err.h"
#include "base/number.h"
#include "base/time.h"
#include "base/utf8.h"
#include "web/percent.h"
#include "web/web.h"
#include <stdio.h>
#include <strings.h>

/* ---- the query ---- */

struct ss_str ss_query(struct ss_call *call, const char *name)
{
    static const struct ss_str absent = {NULL, 0};
    struct ss_str rest = call->req.query;
    while (rest.n) {
        const char *amp = memchr(rest.p, '&', rest.n);
        struct ss_str pair = {rest.p, amp ? (size_t)(amp - rest.p) : rest.n};
        rest = amp ? (struct ss_str){amp + 1, rest.n - pair.n - 1} : absent;
        const char *equals = pair.n ? memchr(pair.p, '=', pair.n) : NULL;
        struct ss_str key = {pair.p, equals ? (size_t)(equals - pair.p) : pair.n};
        if (!ss_str_is(key, name))
            continue;
        struct ss_str value =
            equals ? (struct ss_str){equals + 1, pair.n - key.n - 1} : (struct ss_str){"", 0};
        value = ss_percent_decode(value, true, &call->arena);
        if (!value.p)
            ss_fault(call, name, "is no valid percent-encoded UTF-8");
        return value.n ? value : absent; /* ?q= says nothing */
    }
    return absent;
}

bool ss_query_int(struct ss_call *call, const char *name, int64_t absent, int64_t min, int64_t max,
                  int64_t *value)
{
    struct ss_str text = ss_query(call, name);
    *value = absent;
    if (!text.p)
        return true;
    if (ss_int_parse(text.p, text.n, value) && *value >= min && *value <= max)
        return true;
    *value = absent;
    ss_fault(call, name, "is a whole number from %lld to %lld", (long long)min, (long long)max);
    return false;
}

bool ss_query_time(struct ss_call *call, const char *name, int64_t absent, int64_t *us)
{
    struct ss_str text = ss_query(call, name);
    *us = absent;
    if (!text.p || ss_time_parse(text.p, text.n, us))
        return true;
    *us = absent;
    ss_fault(call, name, "is a date or time such as 2026-03-01 or 2026-03-01T12:00:00Z");
    return false;
}

bool ss_query_amount(struct ss_call *call, const char *name, int64_t absent, int64_t *amount)
{
    struct ss_str text = ss_query(call, name);
    *amount = absent;
    if (!text.p || ss_amount_parse(text.p, text.n, amount))
        return true;
    *amount = absent;
    ss_fault(call, name, "is an amount such as 12.50");
    return false;
}

bool ss_query_bool(struct ss_call *call, const char *name, bool absent, bool *value)
{
    struct ss_str text = ss_query(call, name);
    *value = text.p ? ss_str_is(text, "true") || ss_str_is(text, "1") : absent;
    if (!text.p || *value || ss_str_is(text, "false") || ss_str_is(text, "0"))
        return true;
    ss_fault(call, name, "is true or false");
    return false;
}

/* "one of open, closed" */
static void fault_word(struct ss_call *call, const char *name, const char *const *words)
{
    char list[200] = "";
    for (size_t i = 0, at = 0; words[i] && at < sizeof list - 1; i++) {
        int n = snprintf(list + at, sizeof list - at, "%s%s", i ? ", " : "", words[i]);
        at += n > 0 ? (size_t)n : 0;
    }
    ss_fault(call, name, "is one of %s", list);
}

static int word_of(struct ss_str text, const char *const *words)
{
    for (int i = 0; words[i]; i++)
        if (ss_str_is(text, words[i]))
            return i;
    return -1;
}

bool ss_query_word(struct ss_call *call, const char *name, const char *const *words, int absent, int *value)
{
    struct ss_str text = ss_query(call, name);
    *value = text.p ? word_of(text, words) : absent;
    if (*value >= 0 || !text.p)
        return true;
    *value = absent;
    fault_word(call, name, words);
    return false;
}

/* ---- the body ---- */

#define MEMBERS_MAX 64

bool ss_call_is_type(const struct ss_call *call, const char *name)
{
    struct ss_str type = call->req.type;
    const char *semicolon = type.p ? memchr(type.p, ';', type.n) : NULL;
    if (semicolon)
        type.n = (size_t)(semicolon - type.p);
    type = ss_str_trim(type);
    return type.n == strlen(name) && strncasecmp(type.p, name, type.n) == 0;
}

/* Whoever looked at the request before us may have taken the other one. No body of ours has more members than
 * are looked at. */
static bool has_each_once(struct ss_call *call)
{
    const struct ss_json_value *root = call->json;
    for (uint32_t i = 1; i < root->n && i < MEMBERS_MAX; i++)
        for (uint32_t k = 0; k < i; k++)
            if (ss_str_eq(root->key[i], root->key[k])) {
                ss_problem(call, 400, "bad_json", "the body has '%.*s' twice",
                           (int)(root->key[i].n < 60 ? root->key[i].n : 60), root->key[i].p);
                return false;
            }
    return true;
}

bool ss_call_json(struct ss_call *call)
{
    static const struct ss_json_value empty = {.type = SS_JSON_OBJECT};
    struct ss_str body = call->req.body;
    if (call->json)
        return true;
    if (body.n == 0) {
        call->json = &empty;
        return true;
    }
    if (!ss_call_is_type(call, "application/json") &&
        !ss_call_is_type(call, "application/merge-patch+json")) {
        ss_problem(call, 415, "media_type", "send application/json");
        return false;
    }
    if (ss_json_parse(body.p, body.n, &call->arena, &call->json)) {
        ss_problem(call, 400, "bad_json", "the body is no JSON: %s", ss_err_text());
        return false;
    }
    if (call->json->type != SS_JSON_OBJECT) {
        ss_problem(call, 400, "bad_json", "the body is no JSON object");
        return false;
    }
    return has_each_once(call);
}

/* The member, or NULL; notes the fault when it must be there. */
static const struct ss_json_value *member(struct ss_call *call, const char *name, bool required)
{
    const struct ss_json_value *v = call->json ? ss_json_get(call->json, name) : NULL;
    if (required && (!v || v->type == SS_JSON_NULL)) {
        ss_fault(call, name, "is required");
        return NULL;
    }
    return v;
}

bool ss_body_text(struct ss_call *call, const char *name, bool required, size_t max, struct ss_str *value)
{
    const struct ss_json_value *v = member(call, name, required);
    if (!v)
        return false;
    if (v->type == SS_JSON_NULL) {
        *value = (struct ss_str){NULL, 0};
        return true;
    }
    if (v->type != SS_JSON_STRING)
        ss_fault(call, name, "is a text");
    else if (v->text.n > max)
        ss_fault(call, name, "is longer than %zu bytes", max);
    else if (!ss_utf8_is_text(v->text))
        ss_fault(call, name, "holds a NUL");
    else if (required && ss_str_trim(v->text).n == 0)
        ss_fault(call, name, "is empty");
    else {
        *value = v->text.n ? v->text : (struct ss_str){"", 0};
        return true;
    }
    return false;
}

bool ss_body_int(struct ss_call *call, const char *name, bool required, int64_t min, int64_t max,
                 int64_t *value)
{
    const struct ss_json_value *v = member(call, name, required);
    int64_t n;
    if (!v)
        return false;
    if (v->type != SS_JSON_NUMBER || !ss_int_parse(v->text.p, v->text.n, &n) || n < min || n > max) {
        ss_fault(call, name, "is a whole number from %lld to %lld", (long long)min, (long long)max);
        return false;
    }
    *value = n;
    return true;
}

bool ss_body_real(struct ss_call *call, const char *name, bool required, double min, double max,
                  double *value)
{
    const struct ss_json_value *v = member(call, name, required);
    if (!v)
        return false;
    if (v->type != SS_JSON_NUMBER || !(v->number >= min && v->number <= max)) {
        ss_fault(call, name, "is a number from %g to %g", min, max);
        return false;
    }
    *value = v->number;
    return true;
}

bool ss_body_amount(struct ss_call *call, const char *name, bool required, int64_t *amount)
{
    const struct ss_json_value *v = member(call, name, required);
    if (!v)
        return false;
    if (v->type != SS_JSON_NUMBER || !ss_amount_parse(v->text.p, v->text.n, amount) || *amount < 0) {
        ss_fault(call, name, "is an amount such as 12.50, not below zero");
        return false;
    }
    return true;
}

bool ss_body_bool(struct ss_call *call, const char *name, bool required, bool *value)
{
    const struct ss_json_value *v = member(call, name, required);
    if (!v)
        return false;
    if (v->type != SS_JSON_TRUE && v->type != SS_JSON_FALSE) {
        ss_fault(call, name, "is true or false");
        return false;
    }
    *value = v->type == SS_JSON_TRUE;
    return true;
}

bool ss_body_time(struct ss_call *call, const char *name, bool required, int64_t *us)
{
    const struct ss_json_value *v = member(call, name, required);
    if (!v)
        return false;
    if (v->type == SS_JSON_NULL) {
        *us = 0;
        return true;
    }
    if (v->type != SS_JSON_STRING || !ss_time_parse(v->text.p, v->text.n, us)) {
        ss_fault(call, name, "is a time such as 2026-03-01T12:00:00Z");
        return false;
    }
    return true;
}

bool ss_body_word(struct ss_call *call, const char *name, bool required, const char *const *words, int *value)
{
    const struct ss_json_value *v = member(call, name, required);
    if (!v)
        return false;
    int i = v->type == SS_JSON_STRING ? word_of(v->text, words) : -1;
    if (i < 0) {
        fault_word(call, name, words);
        return false;
    }
    *value = i;
    return true;
}

void ss_body_only(struct ss_call *call, const char *const *names)
{
    for (uint32_t i = 0; call->json && i < call->json->n; i++) {
        char name[64];
        struct ss_str key = call->json->key[i];
        if (word_of(key, names) >= 0)
            continue;
        snprintf(name, sizeof name, "%.*s", (int)(key.n < sizeof name ? key.n : sizeof name - 1), key.p);
        ss_fault(call, name, "is not known here");
    }
}
