#include "rule/libjq.h"
#include "base/err.h"
#include <jq.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define LOG_MAX 300

/*
 * Put before every program, on one line. jq resolves names from the inside out, so a later definition of an
 * operator may use the builtin through an earlier name. _multiply  "ab" * 1e9 would not return: 64 KiB at
 * most, as natively _mod       the smallest integer % -1 is a division trap ltrimstr   (and rtrimstr) leaks a
 * message for every input that is no string
 */
static const char prelude[] =
    "{} as $ENV | def env: {}; "
    "def __mul(a; b): a * b; def __mod(a; b): a % b; def __lt(x): ltrimstr(x); def __rt(x): rtrimstr(x); "
    "def __long(s; $n): $n >= 65537 or $n > 0 and (s | utf8bytelength) * ($n | floor) > 65536; "
    "def _multiply(a; b): b as $b | a as $a | if ($a | type) == \"string\" and ($b | type) == \"number\" and "
    "__long($a; $b) or ($b | type) == \"string\" and ($a | type) == \"number\" and __long($b; $a) "
    "then error(\"a repeated string is longer than 64 KiB\") else __mul($a; $b) end; "
    "def _mod(a; b): b as $b | a as $a | "
    "if ($a | type) == \"number\" and ($b | type) == \"number\" and $b <= -1 and $b > -2 then 0 else "
    "__mod($a; $b) "
    "end; "
    "def ltrimstr(x): x as $x | if type == \"string\" and ($x | type) == \"string\" then __lt($x) else . "
    "end; "
    "def rtrimstr(x): x as $x | if type == \"string\" and ($x | type) == \"string\" then __rt($x) else . "
    "end; (";

struct ss_libjq {
    jq_state **program;
    uint32_t n, cap;
    jv input;
};

struct ss_libjq *ss_libjq_new(void)
{
    struct ss_libjq *jq = calloc(1, sizeof *jq);
    if (jq)
        jq->input = jv_null();
    return jq;
}

void ss_libjq_free(struct ss_libjq *jq)
{
    if (!jq)
        return;
    for (uint32_t i = 0; i < jq->n; i++)
        jq_teardown(&jq->program[i]);
    free(jq->program);
    jv_free(jq->input);
    free(jq);
}

static jv to_jv(const struct ss_val *v)
{
    jv made;
    switch (v->type) {
    case SS_VAL_NULL: return jv_null();
    case SS_VAL_FALSE: return jv_false();
    case SS_VAL_TRUE: return jv_true();
    case SS_VAL_NUMBER: return jv_number(ss_val_double(v));
    case SS_VAL_STRING: return jv_string_sized(v->str ? v->str : "", (int)v->n);
    case SS_VAL_ARRAY:
        made = jv_array_sized((int)v->n);
        for (uint32_t i = 0; i < v->n; i++)
            made = jv_array_append(made, to_jv(&v->at[i]));
        return made;
    default:
        made = jv_object();
        for (uint32_t i = 0; i < v->n; i++)
            made = jv_object_set(made, to_jv(&v->member[i].key), to_jv(&v->member[i].val));
        return made;
    }
}

static bool from_string(jv v, struct ss_arena *arena, struct ss_val *out)
{
    size_t n = (size_t)jv_string_length_bytes(jv_copy(v));
    char *copy = ss_arena_copy(arena, jv_string_value(v), n);
    *out = ss_val_string(copy, n);
    return copy != NULL;
}

/* Copies; does not consume `v`. */
static bool from_jv(jv v, struct ss_arena *arena, struct ss_val *out)
{
    bool good = true;
    uint32_t n = 0;
    *out = (struct ss_val){0};
    switch (jv_get_kind(v)) {
    case JV_KIND_FALSE:
    case JV_KIND_TRUE: *out = ss_val_bool(jv_get_kind(v) == JV_KIND_TRUE); return true;
    case JV_KIND_NUMBER: *out = ss_val_number(jv_number_value(v)); return true;
    case JV_KIND_STRING: return from_string(v, arena, out);
    case JV_KIND_ARRAY: {
        n = (uint32_t)jv_array_length(jv_copy(v));
        struct ss_val *at = ss_arena_alloc(arena, n * sizeof *at + 1);
        for (uint32_t i = 0; at && good && i < n; i++) {
            jv item = jv_array_get(jv_copy(v), (int)i);
            good = from_jv(item, arena, &at[i]);
            jv_free(item);
        }
        *out = (struct ss_val){.type = SS_VAL_ARRAY, .n = n, .at = at};
        return at && good;
    }
    case JV_KIND_OBJECT: {
        struct ss_member *m = ss_arena_alloc(arena, (size_t)jv_object_length(jv_copy(v)) * sizeof *m + 1);
        if (!m)
            return false;
        for (int i = jv_object_iter(v); good && jv_object_iter_valid(v, i); i = jv_object_iter_next(v, i)) {
            jv key = jv_object_iter_key(v, i), val = jv_object_iter_value(v, i);
            good = from_string(key, arena, &m[n].key) && from_jv(val, arena, &m[n].val);
            n++;
            jv_free(key);
            jv_free(val);
        }
        *out = (struct ss_val){.type = SS_VAL_OBJECT, .n = n, .member = m};
        return good;
    }
    default: return true;
    }
}

/* Keeps the first line of jq's complaints, without its name and its guesses about shells. */
static void keep_message(void *ctx, jv message)
{
    char *log = ctx;
    jv text = jq_format_error(message);
    if (log[0] == '\0' && jv_get_kind(text) == JV_KIND_STRING) {
        const char *p = jv_string_value(text);
        for (const char *skip = "jq: error: "; *skip && *p == *skip; skip++)
            p++;
        size_t n = strcspn(p, "\n");
        const char *shell = memmem(p, n, " (Unix shell", 12), *top = memmem(p, n, " at <top-level>", 15);
        n = shell ? (size_t)(shell - p) : top ? (size_t)(top - p) : n;
        snprintf(log, LOG_MAX, "%.*s", (int)n, p);
    }
    jv_free(text);
}

static int compile(jq_state *state, const char *text, const struct ss_val *lists, char *log)
{
    static char *nothing[] = {NULL};
    jv args = jv_object();
    jq_set_error_cb(state, keep_message, log);
    jq_set_attr(state, jv_string("JQ_LIBRARY_PATH"), jv_array());
    if (lists)
        args = jv_object_set(args, jv_string("lists"), to_jv(lists));
    /* Compiling reads $HOME/.jq, whose definitions would change what rules mean, and binds the environment.
     */
    char **env = environ;
    environ = nothing;
    int good = jq_compile_args(state, text, args);
    environ = env;
    return good;
}

int ss_libjq_add(struct ss_libjq *jq, struct ss_str text, const struct ss_val *lists, uint32_t *program)
{
    char log[LOG_MAX] = "";
    if (jq->n == jq->cap) {
        uint32_t cap = jq->cap ? 2 * jq->cap : 8;
        jq_state **more = realloc(jq->program, cap * sizeof(jq_state *));
        if (!more)
            return ss_fail(SS_ENOMEM, "out of memory for jq programs");
        jq->program = more;
        jq->cap = cap;
    }
    struct ss_buf full;
    ss_buf_init(&full, sizeof prelude + text.n + 16);
    ss_buf_puts(&full, prelude);
    ss_buf_put(&full, text.p, text.n);
    ss_buf_puts(&full, "\n)");
    const char *cstr = ss_buf_cstr(&full);
    jq_state *state = cstr ? jq_init() : NULL;
    int err = 0;
    if (!state)
        err = ss_fail(SS_ENOMEM, "out of memory for jq programs");
    else if (!compile(state, cstr, lists, log))
        err = ss_fail(SS_ECONFIG, "jq does not take it: %s", log);
    ss_buf_free(&full);
    if (err < 0) {
        if (state)
            jq_teardown(&state);
        return err;
    }
    *program = jq->n;
    jq->program[jq->n++] = state;
    return 0;
}

/* The first output; consumes `input`. */
static enum ss_libjq_result run(jq_state *state, jv input, jv *out)
{
    jq_start(state, input, 0);
    *out = jq_next(state);
    if (jv_is_valid(*out))
        return SS_LIBJQ_VALUE;
    if (!jv_invalid_has_msg(jv_copy(*out))) {
        jv_free(*out);
        *out = jv_null();
        return SS_LIBJQ_EMPTY;
    }
    jv message = jv_invalid_get_msg(*out);
    *out = jv_get_kind(message) == JV_KIND_STRING ? message : jv_dump_string(message, 0);
    return SS_LIBJQ_ERROR;
}

enum ss_libjq_result ss_libjq_run(struct ss_libjq *jq, uint32_t program, const struct ss_val *input,
                                  struct ss_arena *arena, struct ss_val *out)
{
    jv result;
    enum ss_libjq_result r = run(jq->program[program], to_jv(input), &result);
    if (!from_jv(result, arena, out)) {
        *out = ss_val_string("out of memory", 13);
        r = SS_LIBJQ_ERROR;
    }
    jv_free(result);
    return r;
}

bool ss_libjq_input(struct ss_libjq *jq, struct ss_str json)
{
    jv_free(jq->input);
    jq->input = jv_parse_sized(json.p, (int)json.n);
    if (jv_is_valid(jq->input))
        return true;
    jv_free(jq->input);
    jq->input = jv_null();
    return false;
}

enum ss_libjq_result ss_libjq_run_json(struct ss_libjq *jq, uint32_t program, struct ss_buf *out)
{
    jv result;
    enum ss_libjq_result r = run(jq->program[program], jv_copy(jq->input), &result);
    jv text = r == SS_LIBJQ_ERROR ? result : jv_dump_string(result, 0);
    ss_buf_put(out, jv_string_value(text), (size_t)jv_string_length_bytes(jv_copy(text)));
    jv_free(text);
    return r;
}
