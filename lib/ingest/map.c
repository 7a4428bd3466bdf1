#include "ingest/map.h"
#include "base/embedded.h"
#include "base/err.h"
#include "base/file.h"
#include "base/log.h"
#include "ingest/rule.h"
#include "record/schema.h"

#define MAP_BYTES_MAX ((size_t)1 << 20)

/* Edit distance of one or two, for names that are meant to be canonical and are not. */
static bool is_near(struct ss_str a, const char *b)
{
    size_t m = strlen(b), row[32];
    if (a.n < 5 || m < 5 || a.n > 30 || m > 30)
        return false;
    for (size_t k = 0; k <= m; k++)
        row[k] = k;
    for (size_t i = 1; i <= a.n; i++) {
        size_t diagonal = row[0];
        row[0] = i;
        for (size_t k = 1; k <= m; k++) {
            size_t cost = diagonal + (a.p[i - 1] != b[k - 1]);
            diagonal = row[k];
            size_t step = (row[k] < row[k - 1] ? row[k] : row[k - 1]) + 1;
            row[k] = cost < step ? cost : step;
        }
    }
    return row[m] <= 2;
}

static int check_field(const struct ss_field_map *map, struct ss_rule *rule)
{
    struct ss_str f = rule->field;
    for (size_t i = 0; i < f.n; i++) {
        char c = f.p[i];
        bool fine =
            (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || (i && c >= '0' && c <= '9');
        if (!fine)
            return ss_fail(SS_ECONFIG, "'%.*s' is no field name: letters, digits and _ only", (int)f.n, f.p);
    }
    rule->slot = ss_slot_of(f);
    if (rule->slot >= SS_FIRST_MEMBER)
        return ss_fail(SS_ECONFIG, "field '%.*s' is made by a later stage", (int)f.n, f.p);
    for (uint32_t i = 0; i < map->n; i++)
        if (ss_str_eq(map->rule[i].field, f))
            return ss_fail(SS_ECONFIG, "field '%.*s' twice (first in line %u)", (int)f.n, f.p,
                           map->rule[i].line);
    for (int s = 0; rule->slot < 0 && s < SS_FIRST_MEMBER; s++)
        if (is_near(f, ss_slot_name((enum ss_slot)s)))
            ss_warn("%s:%u: '%.*s' is no canonical field; is '%s' meant?", map->name, rule->line, (int)f.n,
                    f.p, ss_slot_name((enum ss_slot)s));
    return 0;
}

/* "when header has A, B" */
static int read_signature(struct ss_field_map *map, struct ss_tokens *t)
{
    static const char *const words[] = {"header", "has"};
    int err = ss_map_token_next(t);
    for (size_t i = 0; i < SS_COUNT(words); i++) {
        if (err < 0)
            return err;
        if (!ss_map_token_is(t, words[i]))
            return ss_map_token_expected(t, "'when header has COLUMN, ...'");
        err = ss_map_token_next(t);
    }
    if (err < 0 || (err = ss_rule_read_columns(t, &map->signature, &map->n_signature)) < 0)
        return err;
    return t->kind == SS_TOKEN_END ? 0 : ss_map_token_expected(t, "a comma or the end of the line");
}

static int read_line(struct ss_field_map *map, struct ss_str text, uint32_t line)
{
    struct ss_tokens t = {.arena = &map->arena, .rest = text};
    int err = ss_map_token_next(&t);
    if (err < 0 || t.kind == SS_TOKEN_END)
        return err;
    struct ss_str ahead = ss_str_trim(t.rest);
    if (ss_map_token_is(&t, "when") && (ahead.n == 0 || *ahead.p != '='))
        return read_signature(map, &t);
    if (t.kind != SS_TOKEN_WORD)
        return ss_map_token_expected(&t, "a field name");
    if (map->n == SS_RULES_MAX)
        return ss_fail(SS_ECONFIG, "more than %d fields", SS_RULES_MAX);
    struct ss_rule *rule = &map->rule[map->n];
    *rule = (struct ss_rule){.line = line, .decimal = '.', .when.is_utc = true};
    if ((err = ss_map_token_copy(&t, t.text, &rule->field)) < 0 || (err = check_field(map, rule)) < 0 ||
        (err = ss_map_token_next(&t)) < 0 || (err = ss_map_token_expect(&t, '=')) < 0 ||
        (err = ss_rule_read(&t, rule)) < 0)
        return err;
    map->n++;
    return 0;
}

int ss_field_map_read(struct ss_field_map *map, const char *name, struct ss_str text)
{
    *map = (struct ss_field_map){0};
    ss_arena_init(&map->arena, MAP_BYTES_MAX * 16);
    map->name = ss_arena_copy(&map->arena, name, strlen(name));
    map->rule = ss_arena_zalloc(&map->arena, SS_RULES_MAX * sizeof *map->rule);
    if (!map->name || !map->rule)
        return SS_ENOMEM;
    if (text.n > MAP_BYTES_MAX)
        return ss_fail(SS_ECONFIG, "'%s' is larger than %zu bytes", name, MAP_BYTES_MAX);
    if (text.n >= 3 && memcmp(text.p, "\xef\xbb\xbf", 3) == 0) {
        text.p += 3;
        text.n -= 3;
    }
    for (uint32_t line = 1; text.n; line++) {
        const char *end = memchr(text.p, '\n', text.n);
        struct ss_str now = {text.p, end ? (size_t)(end - text.p) : text.n};
        text.n -= now.n + (end != NULL);
        text.p += now.n + (end != NULL);
        int err = memchr(now.p, '\0', now.n) ? ss_fail(SS_ECONFIG, "a NUL byte") : read_line(map, now, line);
        if (err < 0)
            return ss_fail_in(err, "%s:%u: ", name, line);
    }
    return 0;
}

static int list_shipped(const char *name)
{
    struct ss_buf buf;
    ss_buf_init(&buf, 4096);
    for (const struct ss_embedded *e = ss_embedded_files; e->name; e++) {
        const char *end = strstr(e->name, ".map");
        if (strncmp(e->name, "ingest/", 7) == 0 && end)
            ss_buf_printf(&buf, " %.*s", (int)(end - e->name - 7), e->name + 7);
    }
    int err = ss_fail(SS_ENOINPUT, "no shipped map '%s' (there are:%s; a file of that name is './%s')", name,
                      ss_buf_cstr(&buf), name);
    ss_buf_free(&buf);
    return err;
}

int ss_field_map_open(struct ss_field_map *map, const char *name)
{
    *map = (struct ss_field_map){0};
    if (!strpbrk(name, "/.")) {
        char path[256];
        snprintf(path, sizeof path, "ingest/%s.map", name);
        struct ss_str text = ss_embedded_find(path);
        return text.p ? ss_field_map_read(map, name, text) : list_shipped(name);
    }
    struct ss_buf buf;
    ss_buf_init(&buf, MAP_BYTES_MAX + 1);
    int err = ss_file_read(name, &buf);
    if (!err)
        err = ss_field_map_read(map, name, (struct ss_str){buf.p ? buf.p : "", buf.n});
    ss_buf_free(&buf);
    return err;
}

void ss_field_map_free(struct ss_field_map *map)
{
    ss_arena_free(&map->arena);
    *map = (struct ss_field_map){0};
}
