/* Entries of a list out of what clients send. */
#include "base/err.h"
#include "base/map.h"
#include "base/time.h"
#include "rule/list_file.h"
#include "web/formula.h"
#include "web/lists.h"
#include <stdio.h>

#define FAULTS_MAX    20
#define SCRATCH_BYTES ((size_t)1 << 20)

/* ---- one value ---- */

static bool has_control(struct ss_str text)
{
    for (size_t i = 0; i < text.n; i++)
        if ((unsigned char)text.p[i] < ' ' || text.p[i] == 0x7f)
            return true;
    return false;
}

static bool lower(struct ss_call *call, struct ss_str *value)
{
    char *copy = ss_arena_copy(&call->arena, value->p, value->n);
    for (size_t i = 0; copy && i < value->n; i++)
        if (copy[i] >= 'A' && copy[i] <= 'Z')
            copy[i] = (char)(copy[i] | 0x20);
    value->p = copy;
    return copy != NULL;
}

/* `probe` takes what it allows. */
static bool check_value(struct ss_call *call, const char *name, struct ss_list *probe, struct ss_str *value)
{
    enum ss_list_kind kind = ss_list_kind(probe);
    *value = ss_str_trim(*value);
    if (value->n == 0)
        ss_fault(call, name, "is empty");
    else if (value->n > SS_LIST_VALUE_MAX)
        ss_fault(call, name, "is longer than %d bytes", SS_LIST_VALUE_MAX);
    else if (has_control(*value))
        ss_fault(call, name, "holds a control character");
    else if ((kind == SS_LIST_CIDR || kind == SS_LIST_EMAIL_DOMAIN) && !lower(call, value))
        ss_fault(call, name, "finds no memory");
    else {
        const struct ss_list_entry entry = {*value, {NULL, 0}, SS_LIST_OPEN_FROM, SS_LIST_OPEN_UNTIL};
        if (ss_list_add(probe, &entry) == 0)
            return true;
        ss_fault(call, name, "%s", ss_err_text());
    }
    return false;
}

bool ss_list_value(struct ss_call *call, const char *name, enum ss_list_kind kind, struct ss_str *value)
{
    struct ss_list *probe;
    if (ss_list_new(kind, &probe)) {
        ss_fault(call, name, "%s", ss_err_text());
        return false;
    }
    bool good = check_value(call, name, probe, value);
    ss_list_free(probe);
    return good;
}

/* ---- many ---- */

struct reader {
    struct ss_call *call;
    struct ss_list *probe;
    struct ss_list_import *import;
    struct ss_map values; /* number: of the entry */
    struct ss_list_columns columns;
    struct ss_buf scratch;
    struct ss_arena arena; /* of one NDJSON line */
    unsigned long line;
};

static int add(struct reader *r, const struct ss_list_entry *entry)
{
    char name[40];
    struct ss_str value = entry->value, reason = entry->reason;
    snprintf(name, sizeof name, "line %lu", r->line);
    if (!check_value(r->call, name, r->probe, &value))
        return 0;
    if (has_control(reason) || reason.n > 1000) {
        ss_fault(r->call, name, "has a reason with a control character, or one of more than 1000 bytes");
        return 0;
    }
    if (entry->from_us >= entry->until_us) {
        ss_fault(r->call, name, "ends (until) before it begins (from)");
        return 0;
    }
    int64_t id = ss_map_add(&r->values, value);
    if (id < 0)
        return (int)id;
    struct ss_entry_row *to = &r->import->entry[id];
    *to = (struct ss_entry_row){.value = ss_call_copy(r->call, value),
                                .actor = ss_str_of(r->call->who.name),
                                .from_us = entry->from_us,
                                .until_us = entry->until_us};
    to->reason = reason.n ? ss_call_copy(r->call, reason) : (struct ss_str){NULL, 0};
    r->import->n = r->values.n;
    return 0;
}

static bool time_of(struct reader *r, const struct ss_json_value *object, const char *key, int64_t *us)
{
    const struct ss_json_value *v = ss_json_get(object, key);
    if (!v || v->type == SS_JSON_NULL)
        return true;
    if (v->type == SS_JSON_STRING && ss_time_parse(v->text.p, v->text.n, us))
        return true;
    char name[40];
    snprintf(name, sizeof name, "line %lu", r->line);
    ss_fault(r->call, name, "%s is a time such as 2026-03-01T12:00:00Z", key);
    return false;
}

static int read_object(struct reader *r, struct ss_str line)
{
    const struct ss_json_value *v, *value, *reason;
    char name[40];
    struct ss_list_entry entry = {{NULL, 0}, {NULL, 0}, SS_LIST_OPEN_FROM, SS_LIST_OPEN_UNTIL};
    ss_arena_reset(&r->arena);
    snprintf(name, sizeof name, "line %lu", r->line);
    if (ss_json_parse(line.p, line.n, &r->arena, &v)) {
        ss_fault(r->call, name, "is no JSON: %s", ss_err_text());
        return 0;
    }
    value = ss_json_get(v, "value");
    reason = ss_json_get(v, "reason");
    if (!value || value->type != SS_JSON_STRING ||
        (reason && reason->type > SS_JSON_NULL && reason->type != SS_JSON_STRING)) {
        ss_fault(r->call, name, "is an object with a text `value`, and a text `reason` perhaps");
        return 0;
    }
    entry.value = value->text;
    if (reason)
        entry.reason = reason->text;
    if (!time_of(r, v, "from", &entry.from_us) || !time_of(r, v, "until", &entry.until_us))
        return 0;
    return add(r, &entry);
}

static int read_cells(struct reader *r, struct ss_str line)
{
    char name[40];
    struct ss_list_entry entry;
    int err = ss_list_line(line, NULL, &r->columns, &r->scratch, &entry);
    if (err > 0) {
        entry.value = ss_formula_bare(entry.value);
        entry.reason = ss_formula_bare(entry.reason);
        return add(r, &entry);
    }
    if (err == SS_ECONFIG) {
        snprintf(name, sizeof name, "line %lu", r->line);
        ss_fault(r->call, name, "%s", ss_err_text());
        return 0;
    }
    return err;
}

static int read_lines(struct reader *r, struct ss_str text, bool ndjson)
{
    int err = 0;
    if (text.n >= 3 && memcmp(text.p, "\xef\xbb\xbf", 3) == 0)
        text = (struct ss_str){text.p + 3, text.n - 3};
    while (!err && text.n && r->call->n_faults < FAULTS_MAX) {
        const char *end = memchr(text.p, '\n', text.n);
        size_t n = end ? (size_t)(end - text.p) : text.n;
        struct ss_str line = ss_str_trim((struct ss_str){text.p, n});
        r->line++;
        if (line.n)
            err = ndjson ? read_object(r, line) : read_cells(r, line);
        text.p += n + (end != NULL);
        text.n -= n + (end != NULL);
    }
    return err;
}

static size_t count_lines(struct ss_str text)
{
    size_t n = 1;
    for (size_t i = 0; i < text.n; i++)
        n += text.p[i] == '\n';
    return n;
}

int ss_list_import_read(struct ss_call *call, enum ss_list_kind kind, struct ss_str text, bool ndjson,
                        struct ss_list_import *import)
{
    struct reader r = {.call = call, .import = import};
    size_t lines = count_lines(text);
    import->n = 0;
    if (lines > SS_IMPORT_ENTRIES + 10) { /* a header, comments */
        ss_fault(call, "body", "has more than %d lines: send it in parts", SS_IMPORT_ENTRIES);
        return 0;
    }
    import->entry = ss_arena_alloc(&call->arena, lines * sizeof *import->entry);
    if (!import->entry)
        return SS_ENOMEM;
    int err = ss_list_new(kind, &r.probe);
    if (err)
        return err;
    ss_map_init(&r.values, SS_IMPORT_ENTRIES + 10);
    ss_buf_init(&r.scratch, SCRATCH_BYTES);
    ss_arena_init(&r.arena, SCRATCH_BYTES);
    err = read_lines(&r, text, ndjson);
    ss_list_free(r.probe);
    ss_map_free(&r.values);
    ss_buf_free(&r.scratch);
    ss_arena_free(&r.arena);
    return err;
}
