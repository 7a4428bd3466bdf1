#include "web/rule_change.h"
#include "base/err.h"
#include "base/number.h"
#include "json/write.h"
#include "store/history.h"
#include "store/settings.h"
#include "web/after.h"
#include "web/auth.h"
#include "web/rule_view.h"
#include "web/rules.h"

#define NOTES_MEMORY ((size_t)4 << 20)
#define TOLD_MEMORY  ((size_t)64 << 10)
#define SAMPLE       200

/* ---- reviews ---- */

static void put_note(void *ctx, const struct ss_review_note *note)
{
    struct ss_rule_notes *notes = ctx;
    struct ss_buf *const bufs[] = {&notes->errors, &notes->warnings, &notes->failures};
    struct ss_buf *to = bufs[note->kind];
    ss_buf_puts(to, to->n ? ",{" : "{");
    ss_put_text_of(to, "name", SS_STR("text"));
    if (note->line)
        ss_put_int_of(to, "line", note->line);
    if (note->column)
        ss_put_int_of(to, "column", note->column);
    if (note->rule.p)
        ss_put_text_of(to, "rule", note->rule);
    ss_put_text_of(to, "detail", note->text);
    if (note->hint.p)
        ss_put_text_of(to, "hint", note->hint);
    ss_buf_putc(to, '}');
}

static int take_sample(struct ss_call *call, int64_t n, struct ss_census *census)
{
    struct ss_rows *rows;
    int err = n > 0 ? ss_history_newest(call->db, n, &rows) : 0;
    if (err || n <= 0)
        return err;
    while ((err = ss_rows_next(rows)) > 0) {
        struct ss_past past;
        ss_history_row(rows, &past);
        err = ss_census_add(census, past.record);
        if (err && err != SS_EDATA)
            break;
    }
    ss_rows_free(rows);
    return err < 0 && err != SS_EDATA ? err : 0;
}

int ss_rule_notes_make(struct ss_call *call, struct ss_str text, int64_t sample, struct ss_schema *schema,
                       struct ss_rule_notes *notes, struct ss_ruleset **set)
{
    struct ss_ruleset_options options = ss_rules_compile_options(call->web->rules);
    struct ss_census census;
    struct ss_rule_set published = {.text = {"", 0}};
    memset(notes, 0, sizeof *notes);
    *set = NULL;
    ss_buf_init(&notes->errors, NOTES_MEMORY);
    ss_buf_init(&notes->warnings, NOTES_MEMORY);
    ss_buf_init(&notes->failures, NOTES_MEMORY);
    ss_census_init(&census);
    int err = ss_rule_set_published(call->db, &call->arena, &published);
    err = err < 0 ? err : take_sample(call, sample, &census);
    notes->review = (struct ss_review){
        .note = put_note, .ctx = notes, .trusted = published.text, .sample = census.records ? &census : NULL};
    err = err ? err : ss_rules_review(text, &options, schema, &notes->review, set);
    ss_census_free(&census);
    return err;
}

void ss_rule_notes_free(struct ss_rule_notes *notes)
{
    ss_buf_free(&notes->errors);
    ss_buf_free(&notes->warnings);
    ss_buf_free(&notes->failures);
}

static void put_array(struct ss_buf *to, const char *key, const struct ss_buf *items)
{
    ss_json_open(to, key, '[');
    ss_buf_put(to, items->p, items->n);
    ss_buf_putc(to, ']');
}

void ss_put_rule_notes(struct ss_buf *to, const struct ss_rule_notes *notes)
{
    put_array(to, "errors", &notes->errors);
    put_array(to, "warnings", &notes->warnings);
    ss_json_open(to, "tests", '{');
    ss_put_int_of(to, "passed", notes->review.passed);
    ss_put_int_of(to, "failed", notes->review.failed);
    put_array(to, "failures", &notes->failures);
    ss_buf_putc(to, '}');
}

int ss_rule_refuse(struct ss_call *call, const struct ss_rule_notes *notes)
{
    unsigned n = notes->review.errors;
    ss_problem(call, 422, "rules", "the rules have %u error%s; the ones in use stay", n, n == 1 ? "" : "s");
    call->res.body.n--; /* the closing brace */
    put_array(&call->res.body, "errors", &notes->errors);
    ss_buf_putc(&call->res.body, '}');
    return 0;
}

int ss_rule_review_then(struct ss_call *call, struct ss_str text, int (*then)(struct ss_call *call))
{
    struct ss_rule_notes notes;
    struct ss_schema schema;
    struct ss_ruleset *set;
    int err = ss_schema_init(&schema);
    if (err)
        return err;
    err = ss_rule_notes_make(call, text, 0, &schema, &notes, &set);
    if (!err && notes.review.errors)
        err = ss_rule_refuse(call, &notes);
    else if (!err)
        err = ss_call_then(call, SS_RUN_WRITE, then);
    ss_ruleset_free(set);
    ss_rule_notes_free(&notes);
    ss_schema_free(&schema);
    return err;
}

/* ---- what is said of a change ---- */

bool ss_rule_is_foreign(struct ss_call *call)
{
    if (call->web->rules || !call->web->engine)
        return false;
    ss_problem(call, 409, "foreign",
               "the pipeline reads rules that the server does not keep; give it one file");
    return true;
}

bool ss_rule_may_publish(const struct ss_call *call)
{
    bool four_eyes = call->web->settings && ss_setting_bool(call->web->settings, "rules.four_eyes");
    return call->who.role == SS_ADMIN && !four_eyes;
}

void ss_rule_tell(struct ss_call *call, const struct ss_rule_set *set)
{
    struct ss_buf told;
    ss_buf_init(&told, TOLD_MEMORY);
    ss_buf_putc(&told, '{');
    ss_put_int_of(&told, "version", set->version);
    ss_put_text_of(&told, "status", ss_str_of(ss_rule_set_status_name(set->status)));
    ss_put_text_of(&told, "hash", set->hash);
    ss_put_text_of(&told, "comment", set->comment);
    ss_put_text_of(&told, "by", ss_str_of(call->who.name));
    ss_buf_putc(&told, '}');
    if (ss_buf_check(&told) == 0)
        ss_event_add(call, "rules", (struct ss_str){told.p, told.n});
    ss_buf_free(&told);
    if (set->status == SS_SET_PUBLISHED)
        call->after |= SS_AFTER_RULES;
}

static struct ss_str version_json(struct ss_call *call, const struct ss_rule_set *set)
{
    struct ss_buf text;
    if (!set)
        return (struct ss_str){NULL, 0};
    ss_buf_init(&text, TOLD_MEMORY);
    ss_buf_putc(&text, '{');
    ss_put_int_of(&text, "version", set->version);
    ss_put_text_of(&text, "status", ss_str_of(ss_rule_set_status_name(set->status)));
    ss_put_text_of(&text, "hash", set->hash);
    ss_put_text_of(&text, "comment", set->comment);
    ss_buf_putc(&text, '}');
    struct ss_str copy = ss_call_copy(call, (struct ss_str){text.p, text.n});
    ss_buf_free(&text);
    return copy;
}

int ss_rule_audit(struct ss_call *call, const char *action, int64_t version, const struct ss_rule_set *was,
                  const struct ss_rule_set *now)
{
    return ss_call_audit(call, action, ss_call_format(call, "rule_set:%lld", (long long)version),
                         version_json(call, was), version_json(call, now));
}

int ss_rule_answer(struct ss_call *call, int64_t version, int status)
{
    struct ss_rule_set set;
    struct ss_buf *to = &call->res.body;
    int err = ss_rule_set_get(call->db, version, &call->arena, &set);
    if (err <= 0)
        return err ? err : ss_fail(SS_EBUG, "rule set %lld is gone", (long long)version);
    ss_buf_reset(to);
    ss_buf_putc(to, '{');
    ss_put_rule_set(to, &set);
    ss_buf_putc(to, '}');
    call->res.status = status;
    if (status == 201 || status == 202)
        call->res.location = ss_call_format(call, "/api/v1/rule-sets/%lld", (long long)version);
    call->res.etag = ss_call_format(call, "\"%lld\"", (long long)set.revision);
    return 0;
}

/* ---- changes ---- */

int ss_rule_set_find(struct ss_call *call, struct ss_str name, struct ss_rule_set *set)
{
    int64_t version;
    int err;
    if (ss_str_is(name, "current"))
        err = ss_rule_set_published(call->db, &call->arena, set);
    else if (ss_int_parse(name.p, name.n, &version))
        err = ss_rule_set_get(call->db, version, &call->arena, set);
    else
        err = 0;
    if (err == 0)
        ss_problem_missing(call, "rule set", name);
    return err;
}

bool ss_rule_change_base(struct ss_call *call, struct ss_rule_change *change, int *err)
{
    int64_t draft;
    *err = 0;
    (void)ss_query_int(call, "draft", 0, 1, INT64_MAX, &draft);
    if (!ss_call_check(call))
        return false;
    memset(change, 0, sizeof *change);
    if (draft == 0) {
        int found = ss_rule_set_published(call->db, &call->arena, &change->base);
        *err = found < 0 ? found : 0;
        if (found == 0)
            change->base = (struct ss_rule_set){.text = {"", 0}};
        return found >= 0 && !ss_rules_match(call, change->base.version);
    }
    change->in_draft = true;
    int found = ss_rule_set_get(call->db, draft, &call->arena, &change->base);
    *err = found < 0 ? found : 0;
    if (found == 0)
        ss_problem_missing(call, "rule set", ss_call_format(call, "%lld", (long long)draft));
    else if (found > 0 && change->base.status != SS_SET_DRAFT)
        ss_problem(call, 409, "status", "version %lld is %s, no draft", (long long)draft,
                   ss_rule_set_status_name(change->base.status));
    else if (found > 0)
        return !ss_answer_version(call, change->base.revision);
    return false;
}

static int write_draft(struct ss_call *call, const struct ss_rule_change *change,
                       const struct ss_rule_set *now)
{
    struct ss_rule_set after = *now;
    int err = ss_rule_set_edit(call->db, now, change->text, (struct ss_str){NULL, 0},
                               ss_str_of(call->who.name), call->now_us);
    after.comment = change->comment;
    err = err ? err : ss_rule_audit(call, change->action, now->version, NULL, &after);
    if (err)
        return err;
    ss_rule_tell(call, now);
    return ss_rule_answer(call, now->version, 200);
}

static int write_version(struct ss_call *call, const struct ss_rule_change *change)
{
    int64_t version;
    bool publish = ss_rule_may_publish(call);
    struct ss_rule_set set = {.text = change->text,
                              .status = publish ? SS_SET_PUBLISHED : SS_SET_SUBMITTED,
                              .comment = change->comment,
                              .based_on = change->base.version,
                              .author = ss_str_of(call->who.name)};
    int err = ss_rule_set_add(call->db, &set, call->now_us, &version);
    err = err < 0 ? err : ss_rule_set_get(call->db, version, &call->arena, &set);
    err = err < 0 ? err
                  : ss_rule_audit(call, change->action, version, change->base.version ? &change->base : NULL,
                                  &set);
    if (err)
        return err;
    ss_rule_tell(call, &set);
    return ss_rule_answer(call, version, publish ? 200 : 202);
}

static int write_change(struct ss_call *call)
{
    const struct ss_rule_change *change = call->state;
    struct ss_rule_set now = {0};
    int err = change->in_draft ? ss_rule_set_get(call->db, change->base.version, &call->arena, &now)
                               : ss_rule_set_published(call->db, &call->arena, &now);
    if (err < 0)
        return err;
    if (now.version != change->base.version || (now.version && now.revision != change->base.revision) ||
        now.status != change->base.status)
        return ss_problem(call, 409, "changed", "somebody else changed the rules just now; try again");
    return change->in_draft ? write_draft(call, change, &now) : write_version(call, change);
}

int ss_rule_change_go(struct ss_call *call, struct ss_rule_change *change)
{
    struct ss_rule_change *kept = ss_arena_alloc(&call->arena, sizeof *kept);
    if (!kept)
        return SS_ENOMEM;
    *kept = *change;
    call->state = kept;
    if (!change->in_draft && ss_rule_is_foreign(call))
        return 0;
    if (change->base.version && ss_str_eq(change->text, change->base.text))
        return ss_rule_answer(call, change->base.version, 200);
    if (change->in_draft) /* may be broken while it is worked on */
        return ss_call_then(call, SS_RUN_WRITE, write_change);
    return ss_rule_review_then(call, kept->text, write_change);
}
