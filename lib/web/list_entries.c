/* Entries of a list: searched, put, taken off and imported. */
#include "base/err.h"
#include "base/time.h"
#include "json/write.h"
#include "web/lists.h"
#include "web/auth.h"
#include "web/mask.h"
#include <stdio.h>
#include <stdlib.h>

#define TOLD_MEMORY ((size_t)64 << 10)

/* A span's open end is null. */
static void put_end(struct ss_buf *to, const char *key, int64_t us)
{
    ss_put_time_of(to, key, us == SS_LIST_OPEN_FROM || us == SS_LIST_OPEN_UNTIL ? 0 : us);
}

/* An address or a person's email, where the caller may not see it whole. */
static struct ss_str shown(struct ss_call *call, struct ss_str value)
{
    if (!ss_masks(call))
        return value;
    if (memchr(value.p, '@', value.n))
        return ss_mask_email(call, value);
    bool address = value.n > 0;
    for (size_t i = 0; i < value.n && address; i++)
        address = strchr("0123456789abcdefABCDEF.:/", value.p[i]) != NULL;
    return address && (memchr(value.p, ':', value.n) || memchr(value.p, '.', value.n))
               ? ss_mask_ip(call, value)
               : value;
}

void ss_put_list_entry_of(struct ss_call *call, const struct ss_entry_row *entry)
{
    struct ss_buf *to = &call->res.body;
    ss_put_text_of(to, "value", shown(call, entry->value));
    ss_put_text_of(to, "reason", entry->reason);
    put_end(to, "from", entry->from_us);
    put_end(to, "until", entry->until_us);
    ss_put_text_of(to, "added_by", entry->actor);
    ss_put_time_of(to, "added_at", entry->created_us);
}

static struct ss_str entry_json(struct ss_call *call, const struct ss_entry_row *entry)
{
    struct ss_buf text;
    ss_buf_init(&text, TOLD_MEMORY);
    ss_buf_putc(&text, '{');
    ss_put_text_of(&text, "value", entry->value);
    ss_put_text_of(&text, "reason", entry->reason);
    put_end(&text, "from", entry->from_us);
    put_end(&text, "until", entry->until_us);
    ss_buf_putc(&text, '}');
    struct ss_str copy = ss_call_copy(call, (struct ss_str){text.p, text.n});
    ss_buf_free(&text);
    return copy;
}

/* ---- reading ---- */

static int list_entries(struct ss_call *call)
{
    static const char *const sorts[] = {"value", NULL};
    struct ss_page page;
    struct ss_list_row list;
    struct ss_entry_row entry;
    struct ss_rows *rows;
    enum ss_list_kind kind;
    struct ss_str prefix = ss_query(call, "prefix"), last = {"", 0};
    (void)ss_page_read(call, sorts, &page);
    if (page.down)
        ss_fault(call, "sort", "goes up only");
    if (!ss_call_check(call))
        return 0;
    int err = ss_list_find(call, &list, &kind);
    if (err <= 0)
        return err;
    /* A cursor can be read by whoever gets it: it holds no value that is masked. */
    bool masked = ss_masks(call);
    int64_t skip = masked && page.has_cursor ? page.key : 0;
    struct ss_str after = page.has_cursor && !masked ? page.text : SS_STR("");
    err = ss_list_entries(call->db, list.name, prefix, after, skip, page.limit + 1, &rows);
    if (err)
        return err;
    ss_page_begin(call);
    int64_t n = 0;
    while ((err = ss_rows_next(rows)) > 0 && n++ < page.limit) {
        ss_list_entry_row(rows, &entry);
        last = ss_call_copy(call, entry.value);
        ss_page_item(call);
        ss_buf_putc(&call->res.body, '{');
        ss_put_list_entry_of(call, &entry);
        ss_buf_putc(&call->res.body, '}');
    }
    ss_rows_free(rows);
    if (err < 0)
        return err;
    if (masked)
        ss_page_end(call, &page, err > 0, skip + page.limit, SS_STR(""), SS_STR(""));
    else
        ss_page_end(call, &page, err > 0, 0, last, SS_STR(""));
    return 0;
}

static int answer_entry(struct ss_call *call, const struct ss_entry_row *entry)
{
    struct ss_buf *to = &call->res.body;
    ss_buf_reset(to);
    ss_buf_putc(to, '{');
    ss_put_list_entry_of(call, entry);
    ss_buf_putc(to, '}');
    return 0;
}

static int get_entry(struct ss_call *call)
{
    struct ss_list_row list;
    struct ss_entry_row entry;
    enum ss_list_kind kind;
    int err = ss_list_find(call, &list, &kind);
    if (err <= 0)
        return err;
    err = ss_list_entry_get(call->db, list.name, call->param[1], &call->arena, &entry);
    if (err == 0)
        return ss_problem_missing(call, "entry", call->param[1]);
    return err < 0 ? err : answer_entry(call, &entry);
}

/* ---- changing one ---- */

static int put_one(struct ss_call *call, const struct ss_list_row *list, struct ss_entry_row *entry)
{
    struct ss_entry_row old;
    int64_t added;
    int err = ss_list_entry_get(call->db, list->name, entry->value, &call->arena, &old);
    if (err < 0)
        return err;
    bool there = err > 0;
    entry->actor = ss_str_of(call->who.name);
    entry->created_us = call->now_us;
    bool same = there && ss_str_eq(old.reason, entry->reason) && old.from_us == entry->from_us &&
                old.until_us == entry->until_us;
    if (same) /* asked again: nothing changes */
        return answer_entry(call, &old);
    err = ss_list_entries_put(call->db, list->name, entry, 1, call->now_us, &added);
    err = err ? err
              : ss_list_tell(call, there ? "list.change" : "list.add", list->name,
                             there ? entry_json(call, &old) : (struct ss_str){NULL, 0},
                             entry_json(call, entry));
    if (err)
        return err;
    if (!there)
        call->res.status = 201;
    return answer_entry(call, entry);
}

/* `value` is in the path, or (p == NULL) in the body. */
static int put(struct ss_call *call, struct ss_str value)
{
    static const char *const known[] = {"value", "reason", "from", "until", NULL};
    struct ss_list_row list;
    struct ss_entry_row entry = {.from_us = SS_LIST_OPEN_FROM, .until_us = SS_LIST_OPEN_UNTIL};
    enum ss_list_kind kind;
    int64_t from = 0, until = 0;
    if (!ss_call_json(call))
        return 0;
    int err = ss_list_find(call, &list, &kind);
    if (err <= 0)
        return err;
    ss_body_only(call, value.p ? known + 1 : known);
    entry.value = value;
    if (value.p || ss_body_text(call, "value", true, SS_LIST_VALUE_MAX, &entry.value))
        (void)ss_list_value(call, "value", kind, &entry.value);
    if (ss_body_text(call, "reason", false, 1000, &entry.reason) && entry.reason.n == 0)
        entry.reason.p = NULL;
    for (size_t i = 0; i < entry.reason.n; i++)
        if ((unsigned char)entry.reason.p[i] < ' ') {
            ss_fault(call, "reason", "holds a control character");
            break;
        }
    if (ss_body_time(call, "from", false, &from) && from)
        entry.from_us = from;
    if (ss_body_time(call, "until", false, &until) && until)
        entry.until_us = until;
    if (entry.from_us >= entry.until_us)
        ss_fault(call, "until", "lies before from");
    return ss_call_check(call) ? put_one(call, &list, &entry) : 0;
}

static int add_entry(struct ss_call *call)
{
    return put(call, (struct ss_str){NULL, 0});
}

static int put_entry(struct ss_call *call)
{
    return put(call, call->param[1]);
}

static int remove_entry(struct ss_call *call)
{
    struct ss_list_row list;
    struct ss_entry_row old;
    enum ss_list_kind kind;
    int err = ss_list_find(call, &list, &kind);
    if (err <= 0)
        return err;
    err = ss_list_entry_get(call->db, list.name, call->param[1], &call->arena, &old);
    if (err == 0)
        return ss_problem_missing(call, "entry", call->param[1]);
    err = err < 0 ? err : ss_list_entry_remove(call->db, list.name, call->param[1], call->now_us);
    err = err < 0 ? err
                  : ss_list_tell(call, "list.remove", list.name, entry_json(call, &old),
                                 (struct ss_str){NULL, 0});
    return err ? err : ss_answer_none(call);
}

/* ---- many ---- */

#define IMPORT_PART 5000 /* entries of one transaction */

/* What an import has come to. */
struct importing {
    struct ss_call *call;
    struct ss_list_import import;
    const struct ss_str **order; /* the values in the order of their bytes, of one that replaces */
    struct ss_list_sweep sweep;
    size_t put;
    int64_t added;
};

static int by_bytes(const void *a, const void *b)
{
    const struct ss_str *x = *(const struct ss_str *const *)a, *y = *(const struct ss_str *const *)b;
    int order = memcmp(x->p, y->p, x->n < y->n ? x->n : y->n);
    return order ? order : (x->n > y->n) - (x->n < y->n);
}

/* It is in the file, or came while the file was being taken in. */
static bool stays(void *ctx, const struct ss_entry_row *entry)
{
    struct importing *i = ctx;
    const struct ss_str *value = &entry->value;
    if (entry->created_us > i->call->now_us && entry->created_us <= i->call->web->now_us())
        return true;
    return bsearch(&value, i->order, i->import.n, sizeof *i->order, by_bytes) != NULL;
}

static int put_order(struct ss_call *call, struct importing *i)
{
    i->order = ss_arena_alloc(&call->arena, (i->import.n + 1) * sizeof *i->order);
    if (!i->order)
        return SS_ENOMEM;
    for (size_t k = 0; k < i->import.n; k++)
        i->order[k] = &i->import.entry[k].value;
    qsort(i->order, i->import.n, sizeof *i->order, by_bytes);
    return 0;
}

/* A part of an import, and of what goes for it: no more than fits into a short transaction. */
static int import_part(struct ss_call *call, struct importing *i, bool *whole)
{
    struct ss_list_import *import = &i->import;
    size_t n = import->n - i->put < IMPORT_PART ? import->n - i->put : IMPORT_PART;
    int64_t added = 0;
    int err = ss_list_entries_put(call->db, i->sweep.list, import->entry + i->put, n, call->now_us, &added);
    i->put += n;
    i->added += added;
    if (!err && import->replace && n < IMPORT_PART)
        err = ss_list_entries_sweep(call->db, &i->sweep, (int64_t)(IMPORT_PART - n), call->now_us);
    *whole = i->put == import->n && (!import->replace || i->sweep.done);
    return err;
}

static void put_import(struct ss_buf *to, const struct importing *i)
{
    ss_buf_putc(to, '{');
    ss_put_int_of(to, "entries", (int64_t)i->import.n);
    ss_put_int_of(to, "added", i->added);
    ss_put_int_of(to, "changed", (int64_t)i->put - i->added);
    ss_put_int_of(to, "removed", i->sweep.removed);
    ss_buf_putc(to, '}');
}

/*
 * Part by part, each in a transaction with what others do meanwhile. Nothing is taken out before all that is
 * new is in; the log has a line for a long import's beginning, and one for its end.
 */
static int import_write(struct ss_call *call)
{
    struct importing *i = call->state;
    struct ss_buf *to = &call->res.body;
    struct ss_list_row list;
    enum ss_list_kind kind;
    bool whole = false, begins = i->put == 0 && !*i->sweep.at;
    int err = ss_list_find(call, &list, &kind);
    if (err <= 0)
        return err;
    err = import_part(call, i, &whole);
    if (err)
        return err;
    put_import(to, i);
    struct ss_str told = ss_call_copy(call, (struct ss_str){to->p, to->n});
    if (whole)
        return ss_list_tell(call, i->import.replace ? "list.replace" : "list.import", list.name,
                            (struct ss_str){NULL, 0}, told);
    ss_buf_reset(to);
    if (begins)
        err = ss_call_audit(call, i->import.replace ? "list.replace_begin" : "list.import_begin",
                            ss_call_format(call, "list:%.*s", (int)list.name.n, list.name.p),
                            (struct ss_str){NULL, 0}, told);
    return err ? err : ss_call_then(call, SS_RUN_WRITE, import_write);
}

static int import(struct ss_call *call)
{
    static const char *const modes[] = {"add", "replace", NULL};
    struct importing *state = ss_arena_zalloc(&call->arena, sizeof *state);
    struct ss_list_row list;
    enum ss_list_kind kind;
    int mode;
    bool ndjson = ss_call_is_type(call, "application/x-ndjson");
    if (!state)
        return SS_ENOMEM;
    if (!ndjson && !ss_call_is_type(call, "text/csv"))
        return ss_problem(call, 415, "media_type", "send text/csv or application/x-ndjson");
    (void)ss_query_word(call, "mode", modes, 0, &mode);
    if (!ss_call_check(call))
        return 0;
    int err = ss_list_find(call, &list, &kind);
    if (err <= 0)
        return err;
    state->call = call;
    state->import.replace = mode == 1;
    state->sweep = (struct ss_list_sweep){.list = list.name, .stays = stays, .ctx = state};
    err = ss_list_import_read(call, kind, call->req.body.p ? call->req.body : SS_STR(""), ndjson,
                              &state->import);
    if (err || !ss_call_check(call))
        return err;
    err = state->import.replace ? put_order(call, state) : 0;
    if (err)
        return err;
    call->state = state;
    return ss_call_then(call, SS_RUN_WRITE, import_write);
}

#define LIST    "/api/v1/lists/{name}"
#define WRITERS (SS_WORKERS | SS_SERVICE)

const struct ss_route ss_routes_list_entries[] = {
    {SS_GET, LIST "/entries", list_entries, WRITERS, "lists:read", SS_RUN_QUICK, 0},
    {SS_POST, LIST "/entries", add_entry, WRITERS, "lists:write", SS_RUN_WRITE, 0},
    {SS_GET, LIST "/entries/{value}", get_entry, WRITERS, "lists:read", SS_RUN_QUICK, 0},
    {SS_PUT, LIST "/entries/{value}", put_entry, WRITERS, "lists:write", SS_RUN_WRITE, 0},
    {SS_DELETE, LIST "/entries/{value}", remove_entry, WRITERS, "lists:write", SS_RUN_WRITE, 0},
    {SS_POST, LIST "/import", import, WRITERS, "lists:write", SS_RUN_SLOW, SS_IMPORT_BYTES},
    {0},
};
