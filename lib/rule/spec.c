#include "rule/spec.h"
#include "base/embedded.h"
#include "base/err.h"
#include "base/file.h"
#include "rule/line.h"
#include "rule/setting.h"
#include <math.h>
#include <stdlib.h>
#include <unistd.h>

struct ss_rule_spec *ss_rule_spec_new(void)
{
    struct ss_rule_spec *spec = calloc(1, sizeof *spec);
    if (!spec) {
        (void)ss_fail(SS_ENOMEM, "out of memory for rules");
        return NULL;
    }
    ss_arena_init(&spec->arena, 4 * SS_RULE_FILE_MAX);
    spec->model_weight = 1;
    spec->on_error = -1;
    for (int i = 0; i < SS_LEVELS; i++) {
        spec->threshold[i] = NAN;
        spec->level_action[i] = -1;
    }
    return spec;
}

void ss_rule_spec_free(struct ss_rule_spec *spec)
{
    if (!spec)
        return;
    ss_arena_free(&spec->arena);
    free(spec->rule);
    free(spec);
}

/* --- lines --- */

struct parser {
    struct ss_rule_spec *spec;
    struct ss_rule_reader reader;
    struct ss_buf value; /* of the setting being read, with its continuations */
    char key[64];        /* "" between settings */
    uint32_t key_line;
};

static int end_setting(struct parser *p)
{
    if (!p->key[0])
        return 0;
    int err = ss_buf_check(&p->value);
    if (err)
        return err;
    p->reader.at.line = p->key_line;
    char *copy = ss_arena_copy(&p->spec->arena, p->value.p ? p->value.p : "", p->value.n);
    char *key = ss_arena_copy(&p->spec->arena, p->key, strlen(p->key)); /* a list's name is part of it */
    if (!copy || !key)
        return SS_ENOMEM;
    err = ss_rule_setting(&p->reader, ss_str_of(key), (struct ss_str){copy, p->value.n});
    p->key[0] = '\0';
    return err;
}

static int start_rule(struct parser *p, const struct ss_rule_line *line)
{
    struct ss_str name = ss_rule_line_name(line);
    p->reader.at.line = line->number;
    if (!name.p)
        return ss_fail(SS_ECONFIG, "a rule begins with its name alone in brackets, such as [velocity_burst]");
    for (size_t i = 0; i < name.n; i++)
        if (!ss_rule_is_name_char(name.p[i]))
            return ss_fail(SS_ECONFIG, "a rule's name has letters, digits and _ - . : only, not '%.*s'",
                           name.n < 64 ? (int)name.n : 64, name.p);
    if (name.n == 0 || name.n > SS_RULE_NAME_MAX)
        return ss_fail(SS_ECONFIG, "a rule's name has 1 to %d bytes", SS_RULE_NAME_MAX);
    return ss_rule_begin(&p->reader, name);
}

static int start_setting(struct parser *p, const struct ss_rule_line *line)
{
    p->reader.at.line = line->number;
    if (line->key.n >= sizeof p->key)
        return ss_fail(SS_ECONFIG, "unknown setting '%.*s...'", 32, line->key.p);
    memcpy(p->key, line->key.p, line->key.n);
    p->key[line->key.n] = '\0';
    p->key_line = line->number;
    ss_buf_reset(&p->value);
    ss_buf_put(&p->value, line->value.p, line->value.n);
    return 0;
}

static int read_line(struct parser *p, const struct ss_rule_line *line)
{
    if (line->kind == SS_LINE_COMMENT)
        return 0;
    if (line->kind == SS_LINE_MORE) {
        ss_buf_putc(&p->value, '\n'); /* jq's comments end with their line */
        ss_buf_put(&p->value, line->text.p, line->text.n);
        return 0;
    }
    int err = end_setting(p);
    if (err || line->kind == SS_LINE_BLANK)
        return err;
    if (line->kind == SS_LINE_RULE)
        return start_rule(p, line);
    if (line->kind == SS_LINE_SETTING)
        return start_setting(p, line);
    p->reader.at.line = line->number;
    return ss_fail(SS_ECONFIG,
                   "neither [name] nor 'setting = value'; a value goes on in lines that begin with a blank");
}

static int read_lines(struct parser *p, struct ss_str text)
{
    struct ss_rule_lines lines;
    struct ss_rule_line line;
    int err = 0;
    ss_rule_lines_init(&lines, text);
    while (!err && ss_rule_lines_next(&lines, &line))
        err = read_line(p, &line);
    err = err ? err : end_setting(p);
    return err ? err : ss_rule_end(&p->reader);
}

int ss_rule_spec_parse(struct ss_rule_spec *spec, struct ss_str text, const char *file, const char *dir)
{
    struct parser p = {.spec = spec, .reader = {.spec = spec, .dir = dir}};
    char *copy = ss_arena_copy(&spec->arena, text.p ? text.p : "", text.n);
    p.reader.at.file = ss_arena_copy(&spec->arena, file, strlen(file));
    if (!copy || !p.reader.at.file)
        return SS_ENOMEM;
    if (spec->files == SS_RULE_FILES)
        return ss_fail(SS_EUSAGE, "more than %d rule files", SS_RULE_FILES);
    spec->text[spec->files++] = (struct ss_str){copy, text.n};
    if (memchr(copy, '\0', text.n))
        return ss_fail(SS_ECONFIG, "%s: a NUL byte: this is no rule file", file);
    ss_buf_init(&p.value, SS_RULE_FILE_MAX);
    int err = read_lines(&p, (struct ss_str){copy, text.n});
    ss_buf_free(&p.value);
    return err == SS_ECONFIG ? ss_fail_in(err, "%s:%u: ", file, p.reader.at.line) : err;
}

/* --- the whole --- */

static int check_thresholds(const struct ss_rule_spec *spec)
{
    for (int i = SS_LOW; i < SS_CRITICAL; i++)
        for (int j = i + 1; j <= SS_CRITICAL; j++)
            if (spec->threshold[i] > spec->threshold[j]) { /* false for NaN */
                const struct ss_place *at = &spec->threshold_at[i];
                return ss_fail(SS_ECONFIG, "%s:%u: level %s begins at %g, above %s at %g", at->file, at->line,
                               ss_level_name((enum ss_level)i), spec->threshold[i],
                               ss_level_name((enum ss_level)j), spec->threshold[j]);
            }
    return 0;
}

static int by_name(const void *a, const void *b)
{
    const struct ss_rule *x = *(const struct ss_rule *const *)a, *y = *(const struct ss_rule *const *)b;
    size_t n = x->name.n < y->name.n ? x->name.n : y->name.n;
    int order = memcmp(x->name.p, y->name.p, n);
    return order ? order : (x->name.n > y->name.n) - (x->name.n < y->name.n);
}

static int check_names(const struct ss_rule_spec *spec)
{
    const struct ss_rule **sorted = malloc((spec->rules + 1) * sizeof *sorted);
    int err = sorted ? 0 : ss_fail(SS_ENOMEM, "out of memory for rules");
    for (uint32_t i = 0; !err && i < spec->rules; i++)
        sorted[i] = &spec->rule[i];
    if (!err && spec->rules)
        qsort(sorted, spec->rules, sizeof(const struct ss_rule *), by_name);
    for (uint32_t i = 1; !err && i < spec->rules; i++) {
        const struct ss_rule *a = sorted[i - 1], *b = sorted[i];
        if (b < a) {
            a = b;
            b = sorted[i - 1];
        }
        if (ss_str_eq(a->name, b->name))
            err = ss_fail(SS_ECONFIG, "%s:%u: rule '%.*s' is already there, at %s:%u", b->at.file, b->at.line,
                          (int)b->name.n, b->name.p, a->at.file, a->at.line);
    }
    free(sorted);
    return err;
}

/* A list that only labels fill need not be defined by itself. */
static int define_auto_lists(struct ss_rule_spec *spec)
{
    for (uint32_t a = 0; a < spec->n_autos; a++) {
        struct ss_auto_def *def = &spec->autos[a];
        uint32_t i = 0;
        while (i < spec->lists && !ss_str_eq(spec->list[i].name, def->list))
            i++;
        if (i == spec->lists && spec->lists == SS_RULE_LISTS)
            return ss_fail(SS_ECONFIG, "%s:%u: more than %d lists", def->at.file, def->at.line,
                           SS_RULE_LISTS);
        if (i == spec->lists)
            spec->list[spec->lists++] =
                (struct ss_list_def){.name = def->list, .kind = SS_LIST_EXACT, .at = def->at};
    }
    return 0;
}

int ss_rule_spec_finish(struct ss_rule_spec *spec)
{
    int err = check_thresholds(spec);
    err = err ? err : check_names(spec);
    err = err ? err : define_auto_lists(spec);
    for (uint32_t i = 0; i < spec->rules; i++)
        if (!spec->rule[i].on_error_given)
            spec->rule[i].on_error = spec->on_error;
    return err;
}

int ss_rule_file_read(const char *name, struct ss_buf *text)
{
    char shipped[128];
    int n = snprintf(shipped, sizeof shipped, "rule/%s.rules", name);
    struct ss_str found = {NULL, 0};
    bool bare = !strpbrk(name, "/.");
    if (bare && n > 0 && (size_t)n < sizeof shipped)
        found = ss_embedded_find(shipped);
    if (found.p) {
        ss_buf_put(text, found.p, found.n);
        return ss_buf_check(text);
    }
    if (bare && access(name, F_OK) != 0)
        return ss_fail(SS_ENOINPUT, "no such rule file, nor a shipped one: '%s'", name);
    return ss_file_read(name, text);
}
