#include "rule/census.h"
#include "base/buf.h"
#include "base/err.h"
#include "json/doc.h"
#include <stdlib.h>

#define DEPTH 8

void ss_census_init(struct ss_census *census)
{
    *census = (struct ss_census){.cap = 0};
    ss_map_init(&census->paths, SS_CENSUS_PATHS);
}

void ss_census_free(struct ss_census *census)
{
    ss_map_free(&census->paths);
    free(census->field);
    *census = (struct ss_census){.cap = 0};
}

static int note(struct ss_census *census, struct ss_str path, const struct ss_json_value *value)
{
    int64_t id = ss_map_add(&census->paths, path);
    if (id < 0)
        return 0; /* more paths than anyone names in rules */
    if ((uint64_t)id >= census->cap) {
        uint32_t cap = census->cap ? census->cap * 2 : 256;
        struct ss_census_field *field = realloc(census->field, cap * sizeof *field);
        if (!field)
            return ss_fail(SS_ENOMEM, "out of memory for a sample");
        memset(field + census->cap, 0, (cap - census->cap) * sizeof *field);
        census->field = field;
        census->cap = cap;
    }
    census->field[id].present += value->type != SS_JSON_NULL;
    census->field[id].texts += value->type == SS_JSON_STRING;
    return 0;
}

static int walk(struct ss_census *census, const struct ss_json_value *object, struct ss_buf *path, int depth)
{
    int err = 0;
    size_t at = path->n;
    for (uint32_t i = 0; i < object->n && !err; i++) {
        path->n = at;
        ss_buf_putc(path, '.');
        ss_buf_put(path, object->key[i].p, object->key[i].n);
        err = ss_buf_check(path);
        err = err ? err : note(census, (struct ss_str){path->p, path->n}, &object->at[i]);
        if (!err && object->at[i].type == SS_JSON_OBJECT && depth < DEPTH)
            err = walk(census, &object->at[i], path, depth + 1);
    }
    path->n = at;
    return err;
}

int ss_census_add(struct ss_census *census, struct ss_str record)
{
    const struct ss_json_value *root;
    struct ss_arena arena;
    struct ss_buf path;
    ss_arena_init(&arena, 1 << 28);
    ss_buf_init(&path, 1 << 20);
    int err = ss_json_parse(record.p, record.n, &arena, &root);
    if (!err && root->type != SS_JSON_OBJECT)
        err = ss_fail(SS_EDATA, "not an object");
    if (!err)
        err = walk(census, root, &path, 0);
    census->records += !err;
    ss_buf_free(&path);
    ss_arena_free(&arena);
    return err;
}

const struct ss_census_field *ss_census_find(const struct ss_census *census, struct ss_str path)
{
    int64_t id = ss_map_find(&census->paths, path);
    return id < 0 ? NULL : &census->field[id];
}
