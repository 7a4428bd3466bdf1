/* What a person keeps for themselves: saved views of tables and the like, JSON by name. */
#include "store/preferences.h"
#include "json/write.h"
#include "web/web.h"

#define KEYS_MAX  100
#define KEY_BYTES 100
#define BODY_MAX  ((size_t)64 << 10)

static bool is_key(struct ss_str key)
{
    for (size_t i = 0; i < key.n; i++)
        if ((unsigned char)key.p[i] < ' ')
            return false;
    return key.n > 0 && key.n <= KEY_BYTES;
}

/* Nobody's preferences but one's own; an API key has none. True when the call is answered. */
static bool is_nobody(struct ss_call *call)
{
    if (call->who.user_id)
        return false;
    ss_problem(call, 403, "person", "only a person keeps preferences");
    return true;
}

static int list_all(struct ss_call *call)
{
    struct ss_buf *to = &call->res.body;
    struct ss_rows *rows;
    if (is_nobody(call))
        return 0;
    int err = ss_preferences_list(call->db, call->who.user_id, (struct ss_str){NULL, 0}, &rows);
    if (err)
        return err;
    ss_page_begin(call);
    while ((err = ss_rows_next(rows)) > 0) {
        struct ss_str value = ss_rows_text(rows, 1);
        ss_page_item(call);
        ss_buf_putc(to, '{');
        ss_put_text_of(to, "key", ss_rows_text(rows, 0));
        ss_json_key(to, "value");
        ss_buf_put(to, value.p, value.n);
        ss_put_time_of(to, "updated_at", ss_rows_int(rows, 2));
        ss_buf_putc(to, '}');
    }
    ss_rows_free(rows);
    ss_buf_puts(to, "],\"next\":null}");
    return err;
}

static int get_one(struct ss_call *call)
{
    struct ss_rows *rows;
    if (is_nobody(call))
        return 0;
    int err = ss_preferences_list(call->db, call->who.user_id, call->param[0], &rows);
    if (err)
        return err;
    err = ss_rows_next(rows);
    if (err > 0) {
        struct ss_str value = ss_rows_text(rows, 1);
        ss_buf_put(&call->res.body, value.p, value.n);
    } else if (err == 0) {
        ss_problem_missing(call, "preference", call->param[0]);
    }
    ss_rows_free(rows);
    return err < 0 ? err : 0;
}

/* Not audited: it changes nothing for anybody else, and would fill the log. */
static int put_one(struct ss_call *call)
{
    const struct ss_json_value *value;
    int64_t count;
    if (is_nobody(call))
        return 0;
    if (!is_key(call->param[0]))
        ss_fault(call, "key", "has 1 to %d bytes and no control characters", KEY_BYTES);
    if (!ss_call_check(call))
        return 0;
    struct ss_str body = call->req.body;
    if (body.n == 0 || ss_json_parse(body.p, body.n, &call->arena, &value) != 0)
        return ss_problem(call, 400, "bad_json", "the body is no JSON");
    int err = ss_preferences_put(call->db, call->who.user_id, call->param[0], body, call->now_us, &count);
    if (err)
        return err;
    if (count > KEYS_MAX)
        return ss_problem(call, 409, "too_many", "there are %d preferences already", KEYS_MAX);
    return ss_answer_none(call);
}

static int remove_one(struct ss_call *call)
{
    if (is_nobody(call))
        return 0;
    int err = ss_preferences_remove(call->db, call->who.user_id, call->param[0]);
    if (err < 0)
        return err;
    return err ? ss_answer_none(call) : ss_problem_missing(call, "preference", call->param[0]);
}

#define MINE "/api/v1/auth/me/preferences"

const struct ss_route ss_routes_preferences[] = {
    {SS_GET, MINE, list_all, SS_PEOPLE, NULL, SS_RUN_QUICK, 0},
    {SS_GET, MINE "/{key}", get_one, SS_PEOPLE, NULL, SS_RUN_QUICK, 0},
    {SS_PUT, MINE "/{key}", put_one, SS_PEOPLE, NULL, SS_RUN_WRITE, BODY_MAX},
    {SS_DELETE, MINE "/{key}", remove_one, SS_PEOPLE, NULL, SS_RUN_WRITE, 0},
    {0},
};
