/* Lists, as wholes. */
#include "web/lists.h"
#include "base/err.h"
#include "base/file.h"
#include "json/write.h"
#include "web/after.h"
#include "web/auth.h"
#include "web/rule_view.h"
#include "web/rules.h"
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define TOLD_MEMORY ((size_t)64 << 10)

static const char *const kinds[] = {"exact", "prefix", "cidr", "email_domain", NULL};

void ss_put_list(struct ss_buf *to, const struct ss_list_row *list)
{
    ss_put_text_of(to, "name", list->name);
    ss_put_text_of(to, "kind", list->kind);
    ss_put_text_of(to, "description", list->description);
    ss_put_int_of(to, "entries", list->entries);
    ss_put_int_of(to, "version", list->version);
    ss_put_time_of(to, "created_at", list->created_us);
    ss_put_time_of(to, "updated_at", list->updated_us);
}

int ss_list_find(struct ss_call *call, struct ss_list_row *list, enum ss_list_kind *kind)
{
    int err = ss_lists_get(call->db, call->param[0], &call->arena, list);
    if (err == 0)
        ss_problem_missing(call, "list", call->param[0]);
    if (err <= 0)
        return err;
    int k = ss_list_kind_of(list->kind);
    if (k < 0)
        return ss_fail(SS_EDATA, "list '%.*s' is of an unknown kind", (int)list->name.n, list->name.p);
    *kind = (enum ss_list_kind)k;
    return 1;
}

int ss_list_tell(struct ss_call *call, const char *action, struct ss_str list, struct ss_str old_json,
                 struct ss_str new_json)
{
    struct ss_buf told;
    ss_buf_init(&told, TOLD_MEMORY);
    ss_buf_putc(&told, '{');
    ss_put_text_of(&told, "list", list);
    ss_put_text_of(&told, "action", ss_str_of(action));
    ss_put_text_of(&told, "by", ss_str_of(call->who.name));
    ss_buf_putc(&told, '}');
    if (ss_buf_check(&told) == 0)
        ss_event_add(call, "lists", (struct ss_str){told.p, told.n});
    ss_buf_free(&told);
    call->after |= SS_AFTER_LISTS;
    return ss_call_audit(call, action, ss_call_format(call, "list:%.*s", (int)list.n, list.p), old_json,
                         new_json);
}

static struct ss_str list_json(struct ss_call *call, const struct ss_list_row *list)
{
    struct ss_buf text;
    ss_buf_init(&text, TOLD_MEMORY);
    ss_buf_putc(&text, '{');
    ss_put_text_of(&text, "kind", list->kind);
    ss_put_text_of(&text, "description", list->description);
    ss_put_int_of(&text, "entries", list->entries);
    ss_buf_putc(&text, '}');
    struct ss_str copy = ss_call_copy(call, (struct ss_str){text.p, text.n});
    ss_buf_free(&text);
    return copy;
}

/* Does the rule file name the list's file? */
static bool is_used(const struct ss_rule_spec *spec, struct ss_str name)
{
    for (uint32_t i = 0; spec && i < spec->lists; i++) {
        struct ss_str path = spec->list[i].path ? ss_str_of(spec->list[i].path) : (struct ss_str){"", 0};
        if (path.n == name.n + 4 && memcmp(path.p, name.p, name.n) == 0 &&
            memcmp(path.p + name.n, ".csv", 4) == 0)
            return true;
    }
    return false;
}

/* What the published rules state; *spec is NULL where there are none. */
static int read_rules(struct ss_call *call, struct ss_rule_spec **spec)
{
    struct ss_rule_set set;
    *spec = NULL;
    int err = ss_rule_set_published(call->db, &call->arena, &set);
    if (err > 0)
        *spec = ss_rules_parse(set.text);
    return err < 0 ? err : 0;
}

/* ---- reading ---- */

struct listing {
    struct ss_call *call;
    const struct ss_rule_spec *spec;
};

static int put_item(void *ctx, const struct ss_list_row *list)
{
    struct listing *l = ctx;
    struct ss_buf *to = &l->call->res.body;
    ss_page_item(l->call);
    ss_buf_putc(to, '{');
    ss_put_list(to, list);
    ss_put_bool_of(to, "in_rules", is_used(l->spec, list->name));
    ss_buf_putc(to, '}');
    return 0;
}

static int get_lists(struct ss_call *call)
{
    struct ss_rule_spec *spec;
    int err = read_rules(call, &spec);
    struct listing l = {call, spec};
    ss_page_begin(call);
    err = err ? err : ss_lists_each(call->db, put_item, &l);
    ss_buf_puts(&call->res.body, "],\"next\":null}");
    ss_rule_spec_free(spec);
    return err;
}

static int answer(struct ss_call *call, struct ss_str name, int status)
{
    struct ss_list_row list;
    struct ss_buf *to = &call->res.body;
    int err = ss_lists_get(call->db, name, &call->arena, &list);
    if (err <= 0)
        return err ? err : ss_fail(SS_EBUG, "a list is gone");
    ss_buf_reset(to);
    ss_buf_putc(to, '{');
    ss_put_list(to, &list);
    ss_buf_putc(to, '}');
    call->res.etag = ss_call_format(call, "\"%lld\"", (long long)list.version);
    if (status == 201)
        return ss_answer_created(call, "/api/v1/lists", name);
    return 0;
}

static int get_list(struct ss_call *call)
{
    struct ss_list_row list;
    enum ss_list_kind kind;
    int err = ss_list_find(call, &list, &kind);
    if (err <= 0 || ss_answer_version(call, list.version))
        return err < 0 ? err : 0;
    return answer(call, list.name, 200);
}

/* ---- making ---- */

static bool is_name(struct ss_str name)
{
    for (size_t i = 0; i < name.n; i++) {
        char c = name.p[i];
        bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
        if (!letter && !(i > 0 && c >= '0' && c <= '9'))
            return false;
    }
    return name.n > 0 && name.n <= SS_LIST_NAME_MAX;
}

struct creation {
    struct ss_list_row list;
    struct ss_list_import import; /* what the file of that name holds already */
};

static int create_write(struct ss_call *call)
{
    const struct creation *c = call->state;
    struct ss_list_row list;
    int64_t added = 0;
    int err = ss_lists_get(call->db, c->list.name, &call->arena, &list);
    if (err > 0)
        return ss_problem(call, 409, "exists", "list '%.*s' is there already", (int)c->list.name.n,
                          c->list.name.p);
    err = err ? err : ss_lists_add(call->db, &c->list, call->now_us);
    if (!err && c->import.n)
        err = ss_list_entries_put(call->db, c->list.name, c->import.entry, c->import.n, call->now_us, &added);
    list = c->list;
    list.entries = added;
    err =
        err ? err
            : ss_list_tell(call, "list.create", list.name, (struct ss_str){NULL, 0}, list_json(call, &list));
    return err ? err : answer(call, c->list.name, 201);
}

/* A file of that name is taken over: rules may have used it before the store did. */
static int read_file(struct ss_call *call, struct creation *c, int kind)
{
    struct ss_buf text;
    const char *dir = call->web->rules ? ss_rules_lists_dir(call->web->rules) : NULL;
    struct ss_str path =
        ss_call_format(call, "%s%.*s.csv", dir ? dir : "", (int)c->list.name.n, c->list.name.p);
    if (!dir || path.n == 0 || access(path.p, F_OK) != 0)
        return 0;
    ss_buf_init(&text, SS_IMPORT_BYTES);
    int err = ss_file_read(path.p, &text);
    if (err == SS_EDATA) {
        ss_problem(call, 409, "exists", "the file '%s' is there, and too large to be taken over", path.p);
        err = SS_EANSWER;
    }
    struct ss_str got = err ? (struct ss_str){"", 0} : ss_call_copy(call, (struct ss_str){text.p, text.n});
    ss_buf_free(&text);
    return err ? err : ss_list_import_read(call, (enum ss_list_kind)kind, got, false, &c->import);
}

static int create(struct ss_call *call)
{
    static const char *const known[] = {"name", "kind", "description", NULL};
    struct creation *c = ss_arena_zalloc(&call->arena, sizeof *c);
    int kind = 0;
    if (!c)
        return SS_ENOMEM;
    if (!ss_call_json(call))
        return 0;
    ss_body_only(call, known);
    c->list.description = SS_STR("");
    if (ss_body_text(call, "name", true, 200, &c->list.name) && !is_name(c->list.name))
        ss_fault(call, "name", "has letters, digits and _ only, and no digit first");
    (void)ss_body_word(call, "kind", true, kinds, &kind);
    (void)ss_body_text(call, "description", false, 500, &c->list.description);
    if (!ss_call_check(call))
        return 0;
    c->list.kind = ss_str_of(kinds[kind]);
    int err = read_file(call, c, kind);
    if (err || !ss_call_check(call))
        return err == SS_EANSWER ? 0 : err;
    call->state = c;
    return ss_call_then(call, SS_RUN_WRITE, create_write);
}

static int describe(struct ss_call *call)
{
    static const char *const known[] = {"description", NULL};
    struct ss_list_row list, now;
    enum ss_list_kind kind;
    struct ss_str description = {NULL, 0};
    if (!ss_call_json(call))
        return 0;
    ss_body_only(call, known);
    (void)ss_body_text(call, "description", true, 500, &description);
    if (!ss_call_check(call))
        return 0;
    int err = ss_list_find(call, &list, &kind);
    if (err <= 0 || ss_answer_version(call, list.version))
        return err < 0 ? err : 0;
    now = list;
    now.description = description;
    err = ss_lists_describe(call->db, list.name, description, call->now_us);
    err = err ? err
              : ss_list_tell(call, "list.describe", list.name, list_json(call, &list), list_json(call, &now));
    return err ? err : answer(call, list.name, 200);
}

static int remove_list(struct ss_call *call)
{
    struct ss_list_row list;
    struct ss_rule_spec *spec;
    enum ss_list_kind kind;
    int err = ss_list_find(call, &list, &kind);
    if (err <= 0 || ss_answer_version(call, list.version))
        return err < 0 ? err : 0;
    err = read_rules(call, &spec);
    if (err)
        return err;
    bool used = is_used(spec, list.name);
    ss_rule_spec_free(spec);
    if (used)
        return ss_problem(call, 409, "in_use", "the published rules name '%.*s.csv'", (int)list.name.n,
                          list.name.p);
    err = ss_lists_remove(call->db, list.name);
    err =
        err ? err
            : ss_list_tell(call, "list.remove", list.name, list_json(call, &list), (struct ss_str){NULL, 0});
    return err ? err : ss_answer_none(call);
}

const struct ss_route ss_routes_lists[] = {
    {SS_GET, "/api/v1/lists", get_lists, SS_READERS, "lists:read", SS_RUN_SLOW, 0},
    {SS_POST, "/api/v1/lists", create, SS_ADMIN, "lists:write", SS_RUN_SLOW, 0},
    {SS_GET, "/api/v1/lists/{name}", get_list, SS_READERS, "lists:read", SS_RUN_QUICK, 0},
    {SS_PATCH, "/api/v1/lists/{name}", describe, SS_ADMIN, "lists:write", SS_RUN_WRITE, 0},
    {SS_DELETE, "/api/v1/lists/{name}", remove_list, SS_ADMIN, "lists:write", SS_RUN_WRITE, 0},
    {0},
};
