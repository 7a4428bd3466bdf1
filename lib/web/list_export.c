/* A list as a file. */
#include "rule/list_file.h"
#include "web/formula.h"
#include "web/lists.h"
#include "web/mask.h"

struct exporting {
    struct ss_call *call;
    struct ss_buf value, reason; /* guarded */
    bool ndjson;
};

static void put_row(struct exporting *x, const struct ss_entry_row *row)
{
    struct ss_buf *to = &x->call->res.body;
    static const struct ss_list_columns columns = {true, true, 0, 1, 2, 3};
    if (x->ndjson) {
        ss_buf_putc(to, '{');
        ss_put_list_entry_of(x->call, row);
        ss_buf_puts(to, "}\n");
        return;
    }
    const struct ss_list_entry entry = {ss_formula_guarded(row->value, &x->value),
                                        ss_formula_guarded(row->reason, &x->reason), row->from_us,
                                        row->until_us};
    ss_list_put_line(&entry, &columns, to);
}

static int put_rows(struct ss_call *call, struct ss_rows *rows, bool ndjson)
{
    struct exporting x = {.call = call, .ndjson = ndjson};
    struct ss_entry_row row;
    int err;
    ss_buf_init(&x.value, (size_t)1 << 16);
    ss_buf_init(&x.reason, (size_t)1 << 16);
    while ((err = ss_rows_next(rows)) > 0 && ss_buf_check(&call->res.body) == 0) {
        ss_list_entry_row(rows, &row);
        put_row(&x, &row);
    }
    ss_buf_free(&x.value);
    ss_buf_free(&x.reason);
    return err;
}

static int export(struct ss_call *call)
{
    static const char *const formats[] = {"csv", "ndjson", NULL};
    struct ss_buf *to = &call->res.body;
    struct ss_list_row list;
    struct ss_rows *rows;
    enum ss_list_kind kind;
    int format;
    (void)ss_query_word(call, "format", formats, 0, &format);
    if (!ss_call_check(call))
        return 0;
    if (ss_masks(call))
        return ss_problem(call, 403, "mask", "personal data is hidden from you (mask.analyst)");
    int err = ss_list_find(call, &list, &kind);
    if (err <= 0)
        return err;
    err =
        ss_list_entries(call->db, list.name, (struct ss_str){NULL, 0}, (struct ss_str){NULL, 0}, 0, 0, &rows);
    if (err)
        return err;
    if (format == 0)
        ss_buf_puts(to, "value,reason,from,until\n");
    err = put_rows(call, rows, format == 1);
    ss_rows_free(rows);
    if (err < 0)
        return err;
    if (ss_buf_check(to))
        return ss_problem(call, 413, "too_large", "the list is too long for one answer: read it in pages");
    call->res.type = format == 0 ? "text/csv; charset=utf-8" : "application/x-ndjson";
    call->res.disposition = ss_call_format(call, "%.*s.%s", (int)list.name.n, list.name.p, formats[format]);
    return 0;
}

const struct ss_route ss_routes_list_export[] = {
    {SS_GET, "/api/v1/lists/{name}/export", export, SS_WORKERS | SS_SERVICE, "lists:read", SS_RUN_LONG, 0},
    {0},
};
