/*
 * Lists as files: CSV for spreadsheets, NDJSON for programs. An export is the pages of a list, one behind the
 * other, at one moment of the store: what the list's filters, order and masking mean is said in one place.
 */
#include "base/err.h"
#include "base/number.h"
#include "json/cursor.h"
#include "json/json.h"
#include "json/write.h"
#include "web/formula.h"
#include "web/web.h"

#define ROWS_MAX    50000
#define BYTES_MAX   ((size_t)48 << 20) /* of an answer; a page more still fits into what an answer may take */
#define COLUMNS_MAX 40
#define QUERY_MAX   ((size_t)64 << 10)

enum { CSV, NDJSON };

/* A column is a member of the list's items, or a member of one: "case.number". */
struct kind {
    const char *name, *path;
    const char *columns; /* all of them in their order */
};

static const struct kind kinds[] = {
    {"payments", "/api/v1/payments",
     "seq,txn_id,timestamp,user_id,card_id,merchant_id,device_id,ip,country,location,category,channel,"
     "currency,amount,score,level,action,label,latency_us,alert_id,reason,rules"},
    {"alerts", "/api/v1/alerts",
     "id,txn_id,timestamp,last_at,created_at,group,user_id,card_id,merchant_id,category,amount,currency,"
     "count,score,level,action,reason,rules,status,case.number,assigned_to.name,reviewed_by.name,"
     "reviewed_at,note,snoozed_until"},
    {"cases", "/api/v1/cases",
     "id,number,title,description,status,priority,category,entity,user_id,card_id,alerts_count,amount,loss,"
     "recovered,currency,assigned_to.name,assigned_at,escalated_to.name,escalated_at,resolution,"
     "resolution_notes,resolved_by.name,resolved_at,sla.state,sla.due,sla.breached,created_by,created_at,"
     "updated_at,"
     "last_alert_at"},
    {"customers", "/api/v1/customers",
     "user_id,first_seen,last_seen,payments,amount,alerts,blocked,fraud,max_score,risk,level,note"},
};
static const char *const kind_names[] = {"payments", "alerts", "cases", "customers", NULL};

struct export
{
    struct ss_call *call;
    const struct kind *kind;
    int format;
    bool whole; /* NDJSON without ?columns: items as the list has them */
    struct ss_str column[COLUMNS_MAX];
    int columns;
    int64_t rows, limit;
    struct ss_buf cursor; /* of the next page; empty: there is none */
};

/* ---- columns ---- */

/* The next of words that are separated by commas. */
static bool word_of(struct ss_str *rest, struct ss_str *word)
{
    if (!rest->n)
        return false;
    const char *comma = memchr(rest->p, ',', rest->n);
    size_t n = comma ? (size_t)(comma - rest->p) : rest->n;
    *word = ss_str_trim((struct ss_str){rest->p, n});
    *rest = comma ? (struct ss_str){comma + 1, rest->n - n - 1} : (struct ss_str){rest->p + n, 0};
    return true;
}

static bool is_column(const struct kind *kind, struct ss_str name)
{
    struct ss_str rest = ss_str_of(kind->columns), word;
    while (word_of(&rest, &word))
        if (ss_str_eq(word, name))
            return true;
    return false;
}

static void read_columns(struct export *x)
{
    struct ss_str asked = ss_query(x->call, "columns"), word;
    struct ss_str rest = asked.p ? asked : ss_str_of(x->kind->columns);
    x->whole = !asked.p && x->format == NDJSON;
    while (word_of(&rest, &word)) {
        if (!is_column(x->kind, word))
            ss_fault(x->call, "columns", "%s have no '%.*s', but: %s", x->kind->name,
                     (int)(word.n < 40 ? word.n : 40), word.p, x->kind->columns);
        else if (x->columns < COLUMNS_MAX)
            x->column[x->columns++] = word;
        else
            return ss_fault(x->call, "columns", "are more than %d", COLUMNS_MAX);
        if (x->call->n_faults)
            return;
    }
}

/* p == NULL: the item lacks it, or it is null. */
static struct ss_str value_at(struct ss_str item, struct ss_str column)
{
    char name[64];
    while (item.p && column.n) {
        const char *dot = memchr(column.p, '.', column.n);
        size_t n = dot ? (size_t)(dot - column.p) : column.n;
        if (n >= sizeof name)
            return (struct ss_str){NULL, 0};
        memcpy(name, column.p, n);
        name[n] = '\0';
        item = ss_cursor_member(item, name);
        column = dot ? (struct ss_str){dot + 1, column.n - n - 1} : (struct ss_str){column.p + n, 0};
    }
    return item.p && ss_str_is(item, "null") ? (struct ss_str){NULL, 0} : item;
}

/* ---- CSV (RFC 4180) ---- */

/* A semicolon or a tab is quoted, too: where a comma is the decimal sign, spreadsheets part cells there. */
static void put_text_cell(struct ss_buf *to, struct ss_str text)
{
    bool formula = ss_is_formula(text), quoted = false;
    for (size_t i = 0; i < text.n && !quoted; i++)
        quoted = text.p[i] && strchr(",;\t\"\n\r", text.p[i]);
    if (quoted)
        ss_buf_putc(to, '"');
    if (formula)
        ss_buf_putc(to, '\'');
    for (size_t i = 0; i < text.n; i++) {
        if (text.p[i] == '"')
            ss_buf_putc(to, '"');
        ss_buf_putc(to, text.p[i]);
    }
    if (quoted)
        ss_buf_putc(to, '"');
}

static struct ss_str text_of(struct ss_call *page, struct ss_str json)
{
    if (json.n < 2 || json.p[0] != '"')
        return json;
    return ss_json_unescape((struct ss_str){json.p + 1, json.n - 2}, &page->arena);
}

/* ["a","b"] is a;b. */
static void put_list_cell(struct ss_buf *to, struct ss_call *page, struct ss_str json)
{
    struct ss_cursor c = {json.p, json.p + json.n};
    struct ss_str one;
    struct ss_buf all;
    ss_buf_init(&all, QUERY_MAX);
    if (ss_cursor_take(&c, '[') && ss_cursor_peek(&c) != ']') {
        while (ss_cursor_value(&c, &one)) {
            one = text_of(page, one);
            if (all.n)
                ss_buf_putc(&all, ';');
            if (all.n && ss_is_formula(one)) /* the first one's is the cell's */
                ss_buf_putc(&all, '\'');
            ss_buf_put(&all, one.p, one.n);
            if (!ss_cursor_take(&c, ','))
                break;
        }
    }
    put_text_cell(to, (struct ss_str){all.p, all.n});
    ss_buf_free(&all);
}

static void put_csv(const struct export *x, struct ss_call *page, struct ss_str item)
{
    struct ss_buf *to = &x->call->res.body;
    for (int i = 0; i < x->columns; i++) {
        struct ss_str value = value_at(item, x->column[i]);
        if (i)
            ss_buf_putc(to, ',');
        if (!value.p)
            continue;
        if (value.p[0] == '[')
            put_list_cell(to, page, value);
        else
            put_text_cell(to, text_of(page, value));
    }
    ss_buf_puts(to, "\r\n");
}

static void put_header(const struct export *x)
{
    for (int i = 0; i < x->columns; i++) {
        if (i)
            ss_buf_putc(&x->call->res.body, ',');
        ss_buf_put(&x->call->res.body, x->column[i].p, x->column[i].n);
    }
    ss_buf_puts(&x->call->res.body, "\r\n");
}

/* ---- NDJSON ---- */

static void put_ndjson(const struct export *x, struct ss_str item)
{
    struct ss_buf *to = &x->call->res.body;
    if (x->whole) {
        ss_buf_put(to, item.p, item.n);
    } else {
        for (int i = 0; i < x->columns; i++) {
            struct ss_str value = value_at(item, x->column[i]);
            ss_buf_puts(to, i ? ",\"" : "{\"");
            ss_buf_put(to, x->column[i].p, x->column[i].n);
            ss_buf_puts(to, "\":");
            ss_buf_put(to, value.p ? value.p : "null", value.p ? value.n : 4);
        }
        ss_buf_putc(to, '}');
    }
    ss_buf_putc(to, '\n');
}

/* ---- pages ---- */

/* The query without what an export says itself. */
static void put_filters(struct ss_buf *to, struct ss_str query)
{
    static const char *const own[] = {"limit", "cursor", "fields", NULL};
    while (query.n) {
        const char *amp = memchr(query.p, '&', query.n);
        struct ss_str pair = {query.p, amp ? (size_t)(amp - query.p) : query.n};
        query = amp ? (struct ss_str){amp + 1, query.n - pair.n - 1} : (struct ss_str){NULL, 0};
        const char *equals = pair.n ? memchr(pair.p, '=', pair.n) : NULL;
        struct ss_str key = {pair.p, equals ? (size_t)(equals - pair.p) : pair.n};
        bool skip = pair.n == 0;
        for (int i = 0; own[i] && !skip; i++)
            skip = ss_str_is(key, own[i]);
        if (skip)
            continue;
        ss_buf_put(to, pair.p, pair.n);
        ss_buf_putc(to, '&');
    }
}

/* The list's rows of an answer; its cursor is kept for the next. */
static int put_page(struct export *x, struct ss_call *page)
{
    struct ss_str body = {page->res.body.p, page->res.body.n}, item;
    struct ss_str list = ss_cursor_member(body, "items"), next = ss_cursor_member(body, "next");
    struct ss_cursor c = {list.p, list.p + list.n};
    if (!list.p || !next.p || !ss_cursor_take(&c, '['))
        return ss_fail(SS_EBUG, "the list of %s is none", x->kind->name);
    while (ss_cursor_peek(&c) == '{' && ss_cursor_value(&c, &item)) {
        if (x->format == CSV)
            put_csv(x, page, item);
        else
            put_ndjson(x, item);
        x->rows++;
        ss_cursor_take(&c, ',');
    }
    ss_buf_reset(&x->cursor);
    if (next.p[0] == '"')
        ss_buf_put(&x->cursor, next.p + 1, next.n - 2);
    return ss_buf_check(&x->cursor);
}

static const struct ss_route *route_of(const char *path)
{
    const struct ss_route *route;
    for (size_t i = 0; (route = ss_route_at(i)); i++)
        if (route->method == SS_GET && strcmp(route->path, path) == 0)
            return route;
    return NULL;
}

/* Asks the list for its next page. 1: it answered a problem, which is the export's now. */
static int ask(struct export *x, struct ss_call *page, struct ss_buf *query)
{
    struct ss_call *call = x->call;
    int64_t left = x->limit - x->rows;
    ss_buf_reset(query);
    put_filters(query, call->req.query);
    ss_buf_printf(query, "limit=%d", (int)(left < SS_LIMIT_MAX ? left : SS_LIMIT_MAX));
    if (x->cursor.n) {
        ss_buf_puts(query, "&cursor=");
        ss_buf_put(query, x->cursor.p, x->cursor.n);
    }
    int err = ss_buf_check(query);
    ss_arena_reset(&page->arena);
    ss_buf_reset(&page->res.body);
    page->req.query = (struct ss_str){query->p, query->n};
    err = err ? err : page->route->handle(page);
    err = err ? err : ss_buf_check(&page->res.body);
    if (err || page->res.status == 200)
        return err;
    call->res.status = page->res.status;
    call->res.type = page->res.type;
    ss_buf_reset(&call->res.body);
    ss_buf_put(&call->res.body, page->res.body.p, page->res.body.n);
    return 1;
}

static int put_pages(struct export *x, struct ss_call *page)
{
    struct ss_buf query;
    struct ss_str cursor = ss_query(x->call, "cursor");
    ss_buf_init(&query, QUERY_MAX);
    ss_buf_put(&x->cursor, cursor.p, cursor.n);
    int err;
    do {
        err = ask(x, page, &query);
        err = err ? err : put_page(x, page);
    } while (!err && x->cursor.n && x->rows < x->limit && x->call->res.body.n < BYTES_MAX);
    ss_buf_free(&query);
    return err;
}

/* What is left to be read is not passed over in silence: the file's name says so, and a link leads on. */
static void name_file(struct export *x)
{
    struct ss_call *call = x->call;
    const char *ending = x->format == CSV ? "csv" : "ndjson";
    call->res.type = x->format == CSV ? "text/csv; charset=utf-8; header=present" : "application/x-ndjson";
    if (!x->cursor.n) {
        call->res.disposition = ss_call_format(call, "%s.%s", x->kind->name, ending);
        return;
    }
    struct ss_buf link;
    ss_buf_init(&link, QUERY_MAX);
    ss_buf_puts(&link, "/api/v1/export?");
    put_filters(&link, call->req.query);
    if (ss_query(call, "limit").p)
        ss_buf_printf(&link, "limit=%lld&", (long long)x->limit);
    ss_buf_puts(&link, "cursor=");
    ss_buf_put(&link, x->cursor.p, x->cursor.n);
    call->res.next = ss_call_copy(call, (struct ss_str){link.p, link.n});
    ss_buf_free(&link);
    call->res.disposition = ss_call_format(call, "%s-part.%s", x->kind->name, ending);
}

static int run(struct export *x)
{
    struct ss_call *call = x->call, page;
    int err = ss_call_init(&page, call->web);
    if (err)
        return err;
    page.req = call->req;
    page.req.if_none_match = (struct ss_str){NULL, 0};
    page.who = call->who;
    page.db = call->db;
    page.now_us = call->now_us;
    page.route = route_of(x->kind->path);
    if (x->format == CSV)
        put_header(x);
    err = page.route ? ss_db_begin(call->db, false) : ss_fail(SS_EBUG, "no list of %s", x->kind->name);
    if (!err) {
        err = put_pages(x, &page);
        ss_db_rollback(call->db);
    }
    ss_call_free(&page);
    if (!err)
        name_file(x);
    return err < 0 ? err : 0;
}

static int export(struct ss_call *call)
{
    static const char *const formats[] = {"csv", "ndjson", NULL};
    struct export x = {.call = call};
    int kind;
    ss_query_word(call, "kind", kind_names, 0, &kind);
    ss_query_word(call, "format", formats, CSV, &x.format);
    ss_query_int(call, "limit", ROWS_MAX, 1, ROWS_MAX, &x.limit);
    x.kind = &kinds[kind];
    read_columns(&x);
    if (!ss_call_check(call))
        return 0;
    ss_buf_init(&x.cursor, QUERY_MAX);
    int err = run(&x);
    ss_buf_free(&x.cursor);
    return err;
}

const struct ss_route ss_routes_export[] = {
    {SS_GET, "/api/v1/export", export, SS_READERS, "export", SS_RUN_LONG, 0},
    {0},
};
