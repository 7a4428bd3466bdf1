#include "alert/snooze.h"
#include "alert/words.h"
#include "base/err.h"
#include "base/file.h"
#include "base/time.h"
#include "record/score.h"
#include <stdlib.h>

struct line {
    int64_t from_us, until_us;
    struct ss_str rule;
    struct ss_str field[SS_SNOOZE_FIELDS], value[SS_SNOOZE_FIELDS];
    int slot[SS_SNOOZE_FIELDS];
    uint32_t fields;
    unsigned number;
    struct line *next;
};

struct ss_snooze {
    struct ss_arena arena;
    struct line *first;
    char *name;
};

static int set_time(struct ss_str value, int64_t *time_us)
{
    if (!ss_time_parse(value.p, value.n, time_us))
        return ss_fail(SS_ECONFIG, "'%.*s' is not a time such as 2026-03-05T00:00:00Z", (int)value.n,
                       value.p);
    return 0;
}

static int set(struct line *line, struct ss_str name, struct ss_str value)
{
    if (ss_str_is(name, "until"))
        return set_time(value, &line->until_us);
    if (ss_str_is(name, "from"))
        return set_time(value, &line->from_us);
    if (ss_str_is(name, "rule")) {
        if (!value.n || line->rule.p)
            return ss_fail(SS_ECONFIG, "a line snoozes one rule: write a line for each");
        line->rule = value;
        return 0;
    }
    if (line->fields == SS_SNOOZE_FIELDS)
        return ss_fail(SS_ECONFIG, "more than %d fields", SS_SNOOZE_FIELDS);
    line->field[line->fields] = name;
    line->value[line->fields++] = value;
    return 0;
}

static int read_line(struct ss_snooze *snooze, struct ss_str text, unsigned number, struct line ***tail)
{
    struct ss_words words;
    int err = ss_words_split(text, &snooze->arena, &words);
    if (err || words.n == 0)
        return err;
    struct line *line = ss_arena_zalloc(&snooze->arena, sizeof *line);
    if (!line)
        return SS_ENOMEM;
    *line = (struct line){.from_us = INT64_MIN, .until_us = INT64_MIN, .number = number};
    for (uint32_t i = 0; i < words.n && !err; i++) {
        struct ss_str name, value;
        err = ss_word_setting(words.at[i], &name, &value)
                  ? set(line, name, value)
                  : ss_fail(SS_ECONFIG, "'%s' is not of the form name=value", words.at[i].p);
    }
    if (!err && line->until_us == INT64_MIN)
        err = ss_fail(SS_ECONFIG, "no 'until=TIME': a snooze must end");
    if (!err && !line->rule.p && !line->fields)
        err = ss_fail(SS_ECONFIG, "neither a rule nor a field: this would silence everything");
    **tail = line;
    *tail = &line->next;
    return err;
}

int ss_snooze_parse(const char *name, struct ss_str text, struct ss_snooze **out)
{
    struct ss_snooze *snooze = calloc(1, sizeof *snooze);
    if (!snooze)
        return ss_fail(SS_ENOMEM, "out of memory for '%s'", name);
    ss_arena_init(&snooze->arena, 8 * SS_SNOOZE_FILE_MAX + (1 << 20));
    snooze->name = ss_arena_copy(&snooze->arena, name, strlen(name));
    struct line **tail = &snooze->first;
    struct ss_str line;
    int err = snooze->name ? 0 : SS_ENOMEM;
    for (unsigned number = 1; !err && ss_words_line(&text, &line); number++) {
        err = read_line(snooze, line, number, &tail);
        if (err)
            err = ss_fail_in(err, "%s:%u: ", name, number);
    }
    if (err) {
        ss_snooze_free(snooze);
        return err;
    }
    *out = snooze;
    return 0;
}

int ss_snooze_read(const char *path, struct ss_snooze **snooze)
{
    struct ss_buf buf;
    ss_buf_init(&buf, SS_SNOOZE_FILE_MAX);
    int err = ss_file_read(path, &buf);
    if (!err)
        err = ss_snooze_parse(path, (struct ss_str){buf.p, buf.n}, snooze);
    ss_buf_free(&buf);
    return err;
}

void ss_snooze_free(struct ss_snooze *snooze)
{
    if (!snooze)
        return;
    ss_arena_free(&snooze->arena);
    free(snooze);
}

int ss_snooze_bind(struct ss_snooze *snooze, struct ss_schema *schema, bool opening)
{
    for (struct line *line = snooze->first; line; line = line->next)
        for (uint32_t i = 0; i < line->fields; i++) {
            struct ss_str field = line->field[i];
            line->slot[i] = opening ? ss_schema_slot(schema, field) : (int)ss_map_find(&schema->names, field);
            if (line->slot[i] < 0 && opening)
                return line->slot[i];
            if (line->slot[i] < 0)
                return ss_fail(SS_ECONFIG,
                               "%s:%u: field '%.*s' was not in use when the run began: restart it",
                               snooze->name, line->number, (int)field.n, field.p);
        }
    return 0;
}

static bool holds(const struct line *line, const struct ss_record *rec, int64_t time_us,
                  struct ss_arena *arena)
{
    if (time_us < line->from_us || time_us >= line->until_us)
        return false;
    for (uint32_t i = 0; i < line->fields; i++) {
        struct ss_str text = ss_record_text(rec, line->slot[i], arena);
        if (!text.p || !ss_str_eq(text, line->value[i]))
            return false;
    }
    return true;
}

static bool silences_rule(const struct ss_snooze *snooze, struct ss_str rule, const struct ss_record *rec,
                          int64_t time_us, struct ss_arena *arena)
{
    for (const struct line *line = snooze->first; line; line = line->next)
        if (line->rule.p && ss_str_eq(line->rule, rule) && holds(line, rec, time_us, arena))
            return true;
    return false;
}

bool ss_snooze_covers(const struct ss_snooze *snooze, const struct ss_record *rec, int64_t time_us,
                      const struct ss_facts *facts, struct ss_arena *arena)
{
    const struct ss_decision *d = facts->decision;
    struct ss_score score;
    for (const struct line *line = snooze->first; line; line = line->next)
        if (!line->rule.p && holds(line, rec, time_us, arena))
            return true;
    if (!d || !d->rules)
        return false;
    for (uint32_t i = 0; i < d->rules; i++)
        if (!silences_rule(snooze, d->rule[i].id, rec, time_us, arena))
            return false;
    return !ss_record_score(rec, &score) || score.level < facts->level;
}
