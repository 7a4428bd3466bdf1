/* The audit log: read, checked, exported (ss-audit(5)). */
#include "store/audit.h"
#include "base/err.h"
#include "base/number.h"
#include "json/write.h"
#include "web/auth.h"

#define EXPORT_LINES  50000
#define EXPORT_BYTES  ((size_t)32 << 20)
#define FAULTS_LISTED 100

/* A value is JSON by contract; what is none is given as a text. */
static void put_value(struct ss_call *call, const char *key, struct ss_str value)
{
    const struct ss_json_value *root;
    struct ss_buf *to = &call->res.body;
    if (value.p && ss_json_parse(value.p, value.n, &call->arena, &root) == 0) {
        ss_json_key(to, key);
        ss_buf_put(to, value.p, value.n);
    } else {
        ss_put_text_of(to, key, value);
    }
}

static void read_filter(struct ss_call *call, struct ss_audit_filter *f)
{
    f->actor = ss_query(call, "actor");
    f->subject = ss_query(call, "subject");
    f->action = ss_query(call, "action");
    ss_query_time(call, "since", 0, &f->since_us);
    ss_query_time(call, "until", 0, &f->until_us);
}

static int list(struct ss_call *call)
{
    static const char *const sorts[] = {"-seq", NULL};
    struct ss_buf *to = &call->res.body;
    struct ss_audit_filter f = {0};
    struct ss_audit_line line;
    struct ss_page page;
    struct ss_rows *rows;
    int64_t n = 0, last = 0;
    ss_page_read(call, sorts, &page);
    read_filter(call, &f);
    if (!ss_call_check(call))
        return 0;
    f.up = !page.down;
    f.after = page.has_cursor ? page.key : 0;
    f.limit = page.limit + 1;
    int more, err = ss_audit_list(call->db, &f, &rows);
    if (err)
        return err;
    ss_page_begin(call);
    while ((more = ss_audit_next(rows, &line)) > 0 && n < page.limit) {
        ss_page_item(call);
        ss_buf_putc(to, '{');
        ss_put_int_of(to, "seq", line.seq);
        ss_put_time_of(to, "time", line.time_us);
        ss_put_text_of(to, "actor", line.actor);
        ss_put_text_of(to, "action", line.action);
        ss_put_text_of(to, "subject", line.subject);
        put_value(call, "old", line.old_value);
        put_value(call, "new", line.new_value);
        ss_put_text_of(to, "address", line.address);
        ss_put_text_of(to, "hash", line.hash);
        ss_buf_putc(to, '}');
        last = line.seq;
        n++;
    }
    ss_rows_free(rows);
    if (more >= 0)
        ss_page_end(call, &page, more > 0, last, (struct ss_str){NULL, 0}, (struct ss_str){NULL, 0});
    return more < 0 ? more : 0;
}

static int head(struct ss_call *call)
{
    char hash[SS_DIGEST_HEX];
    int64_t seq;
    int err = ss_audit_head(call->db, &seq, hash);
    if (err)
        return err;
    ss_buf_putc(&call->res.body, '{');
    ss_put_int_of(&call->res.body, "seq", seq);
    ss_put_text_of(&call->res.body, "hash", ss_str_of(hash));
    ss_buf_putc(&call->res.body, '}');
    return 0;
}

/* ---- checking ---- */

struct listing {
    struct ss_call *call;
    int n;
};

static void put_fault(void *arg, int64_t seq, const char *what)
{
    struct listing *l = arg;
    struct ss_buf *to = &l->call->res.body;
    if (l->n++ >= FAULTS_LISTED)
        return;
    ss_page_item(l->call);
    ss_buf_putc(to, '{');
    ss_put_int_of(to, "seq", seq);
    ss_put_text_of(to, "detail", ss_str_of(what));
    ss_buf_putc(to, '}');
}

/* "SEQ:HASH", as `head` gave it. */
static bool read_anchor(struct ss_call *call, struct ss_audit_anchor *anchor)
{
    struct ss_str text = ss_query(call, "head");
    const char *colon = text.p ? memchr(text.p, ':', text.n) : NULL;
    *anchor = (struct ss_audit_anchor){0};
    if (!text.p)
        return true;
    size_t digits = colon ? (size_t)(colon - text.p) : 0;
    if (!colon || text.n - digits - 1 != SS_DIGEST_HEX - 1 || !ss_int_parse(text.p, digits, &anchor->seq)) {
        ss_fault(call, "head", "is SEQ:HASH, the answer of audit/head at another time");
        return false;
    }
    anchor->hash = ss_call_format(call, "%.*s", SS_DIGEST_HEX - 1, colon + 1).p;
    return true;
}

static int verify(struct ss_call *call)
{
    struct ss_buf *to = &call->res.body;
    struct ss_audit_report report;
    struct ss_audit_anchor anchor;
    struct listing listing = {call, 0};
    char hash[SS_DIGEST_HEX];
    int64_t from, last;
    ss_query_int(call, "from", 1, 1, INT64_MAX, &from);
    read_anchor(call, &anchor);
    if (!ss_call_check(call))
        return 0;
    /* One state of the store, while others write. */
    int err = ss_db_begin(call->db, false);
    if (err)
        return err;
    err = ss_audit_head(call->db, &last, hash);
    if (!err && from > 1 && from > last + 1) {
        ss_db_rollback(call->db);
        ss_fault(call, "from", "is behind the last line, %lld", (long long)last);
        ss_call_check(call);
        return 0;
    }
    ss_buf_puts(to, "{\"faults\":[");
    if (!err)
        err = ss_audit_verify(call->db, from, &anchor, put_fault, &listing, &report);
    ss_db_rollback(call->db);
    if (err)
        return err;
    ss_buf_puts(to, "]");
    ss_put_bool_of(to, "intact", report.faults == 0);
    ss_put_int_of(to, "fault_count", report.faults);
    ss_put_int_of(to, "lines", report.lines);
    ss_put_int_of(to, "seq", report.seq);
    ss_put_text_of(to, "hash", ss_str_of(report.hash));
    ss_buf_putc(to, '}');
    return 0;
}

/* ---- NDJSON: the columns as they are kept, values as texts, so that the chain can be checked ---- */

static int export_lines(struct ss_call *call)
{
    struct ss_buf *to = &call->res.body;
    struct ss_audit_filter f = {.up = true};
    struct ss_audit_line line;
    struct ss_rows *rows;
    read_filter(call, &f);
    ss_query_int(call, "after", 0, 0, INT64_MAX, &f.after);
    ss_query_int(call, "limit", EXPORT_LINES, 1, EXPORT_LINES, &f.limit);
    if (!ss_call_check(call))
        return 0;
    int more, err = ss_audit_list(call->db, &f, &rows);
    if (err)
        return err;
    while ((more = ss_audit_next(rows, &line)) > 0 && to->n < EXPORT_BYTES) {
        ss_buf_putc(to, '{');
        ss_put_int_of(to, "seq", line.seq);
        ss_put_int_of(to, "time_us", line.time_us);
        ss_put_text_of(to, "actor", line.actor);
        ss_put_text_of(to, "action", line.action);
        ss_put_text_of(to, "subject", line.subject);
        ss_put_text_of(to, "old_value", line.old_value);
        ss_put_text_of(to, "new_value", line.new_value);
        ss_put_text_of(to, "address", line.address);
        ss_put_text_of(to, "previous", line.previous);
        ss_put_text_of(to, "hash", line.hash);
        ss_buf_puts(to, "}\n");
    }
    ss_rows_free(rows);
    call->res.type = "application/x-ndjson";
    call->res.disposition = SS_STR("audit.ndjson");
    return more < 0 ? more : 0;
}

const struct ss_route ss_routes_audit[] = {
    {SS_GET, "/api/v1/audit", list, SS_ADMIN, "audit:read", SS_RUN_SLOW, 0},
    {SS_GET, "/api/v1/audit/head", head, SS_ADMIN, "audit:read", SS_RUN_QUICK, 0},
    {SS_GET, "/api/v1/audit/verify", verify, SS_ADMIN, "audit:read", SS_RUN_LONG, 0},
    {SS_GET, "/api/v1/audit/export", export_lines, SS_ADMIN, "audit:read", SS_RUN_LONG, 0},
    {0},
};
