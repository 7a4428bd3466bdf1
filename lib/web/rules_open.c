/* The start: the rule file beside what the store says. */
#include "base/err.h"
#include "base/file.h"
#include "base/log.h"
#include "store/audit.h"
#include "web/rules_parts.h"
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

struct ss_ruleset_options ss_rules_compile_options(const struct ss_rules *rules)
{
    if (!rules)
        return (struct ss_ruleset_options){.no_lists = true};
    return (struct ss_ruleset_options){.full_jq = rules->options.full_jq,
                                       .lists_dir = *rules->dir ? rules->dir : "."};
}

const char *ss_rules_lists_dir(const struct ss_rules *rules)
{
    return rules->dir;
}

void ss_rules_describe(struct ss_rules *rules, struct ss_buf *to)
{
    pthread_mutex_lock(&rules->lock);
    ss_buf_putc(to, '{');
    ss_put_text_of(to, "file", ss_str_of(rules->options.file));
    ss_put_time_of(to, "applied_at", rules->applied_us);
    ss_put_text_of(to, "error", *rules->error ? ss_str_of(rules->error) : (struct ss_str){NULL, 0});
    ss_buf_putc(to, '}');
    pthread_mutex_unlock(&rules->lock);
}

static int audit(struct ss_db *db, const char *action, int64_t version, const char *why, int64_t now_us)
{
    char subject[64];
    struct ss_buf json;
    int n = snprintf(subject, sizeof subject, "rule_set:%lld", (long long)version);
    ss_buf_init(&json, 4096);
    ss_buf_putc(&json, '{');
    ss_put_text_of(&json, "comment", ss_str_of(why));
    ss_buf_putc(&json, '}');
    const struct ss_audit entry = {.actor = "ss-serve",
                                   .action = action,
                                   .subject = {subject, (size_t)n},
                                   .new_value = {json.p, json.n},
                                   .time_us = now_us};
    int err = ss_audit_add(db, &entry);
    ss_buf_free(&json);
    return err;
}

static int add_version(struct ss_rules *rules, struct ss_db *db, struct ss_str text,
                       enum ss_rule_set_status status, int64_t based_on, const char *why, int64_t now_us)
{
    char comment[512];
    int64_t version;
    snprintf(comment, sizeof comment, "%s '%s'", why, rules->options.file);
    const struct ss_rule_set set = {.text = text,
                                    .status = status,
                                    .comment = ss_str_of(comment),
                                    .based_on = based_on,
                                    .author = SS_STR("ss-serve")};
    int err = ss_rule_set_add(db, &set, now_us, &version);
    return err ? err
               : audit(db, status == SS_SET_PUBLISHED ? "rules.publish" : "rules.draft", version, comment,
                       now_us);
}

/* Is it a rule set at all? The lists that it names may still have to be written. */
static int check_text(struct ss_rules *rules, struct ss_str text)
{
    struct ss_schema schema;
    struct ss_ruleset *set;
    struct ss_ruleset_options options = {.full_jq = rules->options.full_jq, .no_lists = true};
    int err = ss_schema_init(&schema);
    if (err)
        return err;
    err = ss_ruleset_of_text(text, rules->options.file, &options, &schema, 1, &set);
    ss_ruleset_free(set);
    ss_schema_free(&schema);
    return err;
}

/* In a writing transaction. `text`: what the file holds; p == NULL: there is none. */
static int compare(struct ss_rules *rules, struct ss_db *db, struct ss_str text, struct ss_arena *arena,
                   int64_t now_us)
{
    struct ss_rule_set set;
    struct ss_buf shipped;
    bool seen;
    int err = ss_rule_set_published(db, arena, &set);
    if (err < 0)
        return err;
    if (err == 0 && text.p) {
        err = check_text(rules, text);
        return err ? err : add_version(rules, db, text, SS_SET_PUBLISHED, 0, "taken over from", now_us);
    }
    if (err == 0) {
        ss_buf_init(&shipped, SS_RULE_FILE_MAX);
        err = ss_rule_file_read(rules->options.seed ? rules->options.seed : "default", &shipped);
        err = err ? err
                  : add_version(rules, db, (struct ss_str){shipped.p, shipped.n}, SS_SET_PUBLISHED, 0,
                                "the shipped rules, for", now_us);
        ss_buf_free(&shipped);
        return err;
    }
    if (!text.p || ss_str_eq(text, set.text))
        return 0;
    err = ss_rule_set_known(db, text, &seen);
    if (err || seen)
        return err;
    ss_warn("'%s' differs from the published rules, version %lld, which replace it; it is kept as a draft",
            rules->options.file, (long long)set.version);
    return add_version(rules, db, text, SS_SET_DRAFT, set.version, "edited by hand:", now_us);
}

static int start(struct ss_rules *rules, struct ss_db *db, int64_t now_us)
{
    struct ss_buf text;
    struct ss_arena arena;
    const char *file = rules->options.file;
    ss_buf_init(&text, SS_RULE_FILE_MAX);
    ss_arena_init(&arena, 2 * SS_RULE_FILE_MAX);
    bool there = access(file, F_OK) == 0;
    int err = there ? ss_file_read(file, &text) : 0;
    err = err ? err : ss_db_begin(db, true);
    if (!err) {
        struct ss_str now = {there ? text.p ? text.p : "" : NULL, text.n};
        err = compare(rules, db, now, &arena, now_us);
        if (err)
            ss_db_rollback(db);
        else
            err = ss_db_commit(db);
    }
    ss_buf_free(&text);
    ss_arena_free(&arena);
    err = err ? err : ss_rules_write_lists(rules, db);
    err = err < 0 ? err : ss_rules_write_text(rules, db);
    return err < 0 ? err : 0;
}

static char *dir_of(const struct ss_rules_options *options)
{
    const char *from = options->lists_dir ? options->lists_dir : options->file;
    const char *slash = options->lists_dir ? NULL : strrchr(from, '/');
    size_t n = options->lists_dir ? strlen(from) : slash ? (size_t)(slash - from) + 1 : 0;
    char *dir = malloc(n + 2);
    if (!dir)
        return NULL;
    memcpy(dir, from, n);
    if (n && dir[n - 1] != '/')
        dir[n++] = '/';
    dir[n] = '\0';
    return dir;
}

int ss_rules_open(const struct ss_rules_options *options, struct ss_db *db, int64_t now_us,
                  struct ss_rules **out)
{
    struct ss_rules *rules = calloc(1, sizeof *rules);
    *out = NULL;
    if (!rules)
        return ss_fail(SS_ENOMEM, "out of memory for rules");
    pthread_mutex_init(&rules->lock, NULL);
    rules->options = *options;
    rules->dir = dir_of(options);
    int err = rules->dir ? start(rules, db, now_us) : ss_fail(SS_ENOMEM, "out of memory for rules");
    if (err) {
        ss_rules_close(rules);
        return err;
    }
    rules->applied_us = now_us;
    *out = rules;
    return 0;
}

void ss_rules_close(struct ss_rules *rules)
{
    if (!rules)
        return;
    for (size_t i = 0; i < rules->lists; i++)
        free(rules->list[i].name);
    pthread_mutex_destroy(&rules->lock);
    free(rules->dir);
    free(rules);
}
