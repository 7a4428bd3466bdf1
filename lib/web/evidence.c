/* Files that belong to a case: put in with their bytes, given back as they came. */
#include "base/err.h"
#include "base/number.h"
#include "base/utf8.h"
#include "json/write.h"
#include "store/settings.h"
#include "web/case.h"
#include "web/cases.h"

#define NAME_MAX_BYTES 200
#define TYPE_MAX_BYTES 100
#define MIB            ((int64_t)1 << 20)
#define CASE_MAX       (200 * MIB)                         /* of all files of a case */
#define BODY_MAX       ((size_t)(10 * MIB) / 3 * 4 + 8192) /* the largest file in base64, in JSON */

void ss_evidence_put(const struct ss_evidence *e, struct ss_buf *to)
{
    ss_buf_putc(to, '{');
    ss_put_int_of(to, "id", e->id);
    ss_put_int_of(to, "case_id", e->case_id);
    ss_put_text_of(to, "name", e->name);
    ss_put_text_of(to, "type", e->type);
    ss_put_int_of(to, "size", e->size);
    ss_put_text_of(to, "sha256", e->sha256);
    ss_put_text_of(to, "added_by", e->actor);
    ss_put_time_of(to, "added_at", e->time_us);
    ss_buf_putc(to, '}');
}

/* ---- what comes in ---- */

/* A file's name without its path, and without what would break a header or a file system. */
static struct ss_str clean_name(struct ss_call *call, struct ss_str name)
{
    for (size_t i = name.n; i > 0; i--)
        if (name.p[i - 1] == '/' || name.p[i - 1] == '\\') {
            name = (struct ss_str){name.p + i, name.n - i};
            break;
        }
    struct ss_str copy = ss_call_copy(call, name);
    char *p = (char *)(uintptr_t)copy.p;
    for (size_t i = 0; i < copy.n; i++)
        if ((unsigned char)p[i] < 0x20 || p[i] == 0x7f || strchr("\"<>|:*?", p[i]))
            p[i] = '_';
    return copy;
}

/* "image/png" without parameters; what is no such thing is bytes. */
static struct ss_str clean_type(struct ss_str type)
{
    const char *semicolon = type.n ? memchr(type.p, ';', type.n) : NULL;
    if (semicolon)
        type.n = (size_t)(semicolon - type.p);
    type = ss_str_trim(type);
    int slashes = 0;
    for (size_t i = 0; i < type.n; i++) {
        char c = type.p[i];
        slashes += c == '/';
        if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
              strchr("/.+-_", c)))
            slashes = 9;
    }
    return slashes == 1 && type.n <= TYPE_MAX_BYTES ? type : SS_STR("application/octet-stream");
}

static int sextet(char c)
{
    return c >= 'A' && c <= 'Z'   ? c - 'A'
           : c >= 'a' && c <= 'z' ? c - 'a' + 26
           : c >= '0' && c <= '9' ? c - '0' + 52
           : c == '+'             ? 62
           : c == '/'             ? 63
                                  : -1;
}

/* Base64 as RFC 4648 has it, with its padding; p == NULL when it is none. */
static struct ss_str unbase64(struct ss_call *call, struct ss_str text)
{
    size_t pad = text.n && text.p[text.n - 1] == '=' ? 1 + (text.n > 1 && text.p[text.n - 2] == '=') : 0;
    char *to = text.n % 4 ? NULL : ss_arena_alloc(&call->arena, text.n / 4 * 3 + 1);
    size_t n = 0;
    for (size_t i = 0; to && i < text.n; i += 4) {
        uint32_t word = 0;
        for (size_t k = 0; k < 4; k++) {
            int v = i + k >= text.n - pad ? 0 : sextet(text.p[i + k]);
            if (v < 0)
                return (struct ss_str){NULL, 0};
            word = word << 6 | (uint32_t)v;
        }
        to[n++] = (char)(word >> 16);
        to[n++] = (char)(word >> 8);
        to[n++] = (char)word;
    }
    return (struct ss_str){to, to ? n - pad : 0};
}

/* ?name=: the body is the file. Otherwise the body is {"name":..,"type":..,"content":base64}. */
static bool read_file(struct ss_call *call, struct ss_evidence *e, struct ss_str *content)
{
    static const char *const members[] = {"name", "type", "content", NULL};
    struct ss_str name = ss_query(call, "name"), type = {NULL, 0}, text = {NULL, 0};
    if (name.p) {
        type = call->req.type;
        *content = call->req.body;
    } else {
        if (!ss_call_json(call))
            return false;
        ss_body_text(call, "name", true, 4096, &name);
        ss_body_text(call, "type", false, TYPE_MAX_BYTES, &type);
        if (ss_body_text(call, "content", true, BODY_MAX, &text)) {
            *content = unbase64(call, text);
            if (!content->p)
                ss_fault(call, "content", "is no base64");
        }
        ss_body_only(call, members);
    }
    e->name = name.p ? clean_name(call, name) : name;
    e->type = clean_type(type);
    if (name.p && (e->name.n == 0 || e->name.n > NAME_MAX_BYTES))
        ss_fault(call, "name", "is a file's name of at most %d bytes", NAME_MAX_BYTES);
    if (!call->n_faults && content->n == 0)
        ss_fault(call, "content", "is empty");
    return ss_call_check(call);
}

static int64_t limit_of(const struct ss_call *call)
{
    return (call->web->settings ? ss_setting_int(call->web->settings, "cases.evidence_mb") : 10) * MIB;
}

static int add(struct ss_call *call)
{
    struct ss_evidence e = {0};
    struct ss_case_work work;
    struct ss_case c;
    struct ss_str content = {NULL, 0};
    char hex[SS_DIGEST_HEX];
    int64_t limit = limit_of(call), bytes;
    if (!read_file(call, &e, &content))
        return 0;
    if ((int64_t)content.n > limit)
        return ss_problem(call, 413, "too_large", "a file may have at most %lld MiB",
                          (long long)(limit / MIB));
    int err = ss_case_load(call, &c);
    if (err <= 0)
        return err;
    err = ss_evidence_bytes(call->db, c.id, &bytes);
    if (err)
        return err;
    if (bytes + (int64_t)content.n > CASE_MAX)
        return ss_problem(call, 413, "too_large", "the files of a case may have at most %lld MiB",
                          (long long)(CASE_MAX / MIB));
    e.case_id = c.id;
    e.time_us = call->now_us;
    e.actor = ss_str_of(call->who.name);
    err = ss_evidence_add(call->db, &e, content, hex);
    if (err)
        return err;
    ss_work_init(&work, call);
    err = ss_case_touch(&work, &c, "evidence_added", "evidence.add", (struct ss_str){NULL, 0},
                        ss_call_format(call, "{\"evidence\":%lld,\"size\":%lld,\"sha256\":\"%s\"}",
                                       (long long)e.id, (long long)e.size, hex));
    if (err == SS_REFUSED)
        return ss_work_problem(&work);
    if (err)
        return err;
    ss_answer_created(call, ss_call_format(call, "/api/v1/cases/%lld/evidence", (long long)c.id).p,
                      ss_call_format(call, "%lld", (long long)e.id));
    ss_evidence_put(&e, &call->res.body);
    return 0;
}

/* ---- what goes out ---- */

static int put_item(void *arg, const struct ss_evidence *e)
{
    struct ss_call *call = arg;
    ss_page_item(call);
    ss_evidence_put(e, &call->res.body);
    return 0;
}

static int list(struct ss_call *call)
{
    struct ss_case c;
    int err = ss_case_load(call, &c);
    if (err <= 0)
        return err;
    ss_page_begin(call);
    err = ss_evidence_list(call->db, c.id, &call->arena, put_item, call);
    ss_buf_puts(&call->res.body, "],\"next\":null}");
    return err;
}

/* Types that no browser runs anything of; every other one leaves as bytes. */
static const char *safe_type(struct ss_str type)
{
    static const char *const safe[] = {"text/plain", "text/csv",        "image/png",
                                       "image/jpeg", "application/pdf", "application/json"};
    for (size_t i = 0; i < SS_COUNT(safe); i++)
        if (ss_str_is(type, safe[i]))
            return safe[i];
    return "application/octet-stream";
}

static int download(struct ss_call *call)
{
    struct ss_evidence e;
    struct ss_case c;
    struct ss_str content, text = call->param[1];
    int64_t id;
    int err = ss_case_load(call, &c);
    if (err <= 0)
        return err;
    err = ss_int_parse(text.p, text.n, &id) ? ss_evidence_find(call->db, c.id, id, &call->arena, &e, &content)
                                            : 0;
    if (err <= 0)
        return err ? err : ss_problem_missing(call, "evidence", text);
    if (!content.p)
        return SS_ENOMEM;
    call->res.type = safe_type(e.type);
    call->res.disposition = e.name;
    call->res.etag = ss_call_format(call, "\"%.*s\"", (int)e.sha256.n, e.sha256.p);
    call->res.may_cache = true;
    ss_buf_put(&call->res.body, content.p, content.n);
    return 0;
}

const struct ss_route ss_routes_evidence[] = {
    {SS_GET, "/api/v1/cases/{id}/evidence", list, SS_READERS, "cases:read", SS_RUN_QUICK, 0},
    {SS_POST, "/api/v1/cases/{id}/evidence", add, SS_WORKERS, "cases:write", SS_RUN_WRITE, BODY_MAX},
    {SS_GET, "/api/v1/cases/{id}/evidence/{evidence_id}", download, SS_READERS, "cases:read", SS_RUN_SLOW, 0},
    {0},
};
