/* Versions on their way: drafted, submitted, approved, published, rolled back. */
#include "base/err.h"
#include "web/rule_change.h"
#include "web/rules.h"

#define COMMENT_BYTES 500
#define BODY_BYTES    (2 * SS_RULES_TEXT_MAX) /* with its escapes */

static int add_draft(struct ss_call *call)
{
    static const char *const known[] = {"text", "comment", "based_on", NULL};
    struct ss_rule_set set = {.status = SS_SET_DRAFT, .author = ss_str_of(call->who.name)}, base;
    int64_t version;
    if (!ss_call_json(call))
        return 0;
    ss_body_only(call, known);
    (void)ss_body_text(call, "text", false, SS_RULES_TEXT_MAX, &set.text);
    (void)ss_body_text(call, "comment", false, COMMENT_BYTES, &set.comment);
    (void)ss_body_int(call, "based_on", false, 1, INT64_MAX, &set.based_on);
    if (!ss_call_check(call))
        return 0;
    int err = set.based_on
                  ? ss_rule_set_find(call, ss_call_format(call, "%lld", (long long)set.based_on), &base)
                  : ss_rule_set_published(call->db, &call->arena, &base);
    if (err < 0 || (err == 0 && set.based_on))
        return err;
    if (err > 0)
        set.based_on = base.version;
    if (!set.text.p)
        set.text = err > 0 ? base.text : SS_STR("");
    err = ss_rule_set_add(call->db, &set, call->now_us, &version);
    err = err ? err : ss_rule_set_get(call->db, version, &call->arena, &set);
    err = err < 0 ? err : ss_rule_audit(call, "rules.draft", version, NULL, &set);
    if (err)
        return err;
    ss_rule_tell(call, &set);
    return ss_rule_answer(call, version, 201);
}

/* The version in the path as it must be for a change of its status or text; false when answered. */
static bool find_in(struct ss_call *call, unsigned statuses, struct ss_rule_set *set, int *err)
{
    *err = ss_rule_set_find(call, call->param[0], set);
    if (*err <= 0)
        return false;
    *err = 0;
    if (ss_answer_version(call, set->revision))
        return false;
    if (statuses & 1u << set->status)
        return true;
    ss_problem(call, 409, "status", "version %lld is %s", (long long)set->version,
               ss_rule_set_status_name(set->status));
    return false;
}

static int edit_draft(struct ss_call *call)
{
    static const char *const known[] = {"text", "comment", NULL};
    struct ss_rule_set set, now;
    struct ss_str text = {NULL, 0}, comment = {NULL, 0};
    int err;
    if (!ss_call_json(call))
        return 0;
    ss_body_only(call, known);
    (void)ss_body_text(call, "text", false, SS_RULES_TEXT_MAX, &text);
    (void)ss_body_text(call, "comment", false, COMMENT_BYTES, &comment);
    if (!ss_call_check(call) || !find_in(call, 1u << SS_SET_DRAFT, &set, &err))
        return call->n_faults ? 0 : err;
    err = ss_rule_set_edit(call->db, &set, text, comment, ss_str_of(call->who.name), call->now_us);
    err = err ? err : ss_rule_set_get(call->db, set.version, &call->arena, &now);
    err = err < 0 ? err : ss_rule_audit(call, "rules.edit", set.version, &set, &now);
    if (err)
        return err;
    ss_rule_tell(call, &now);
    return ss_rule_answer(call, set.version, 200);
}

/* ---- one status to the next ---- */

static int move(struct ss_call *call, const struct ss_rule_set *set, enum ss_rule_set_status to,
                const char *action)
{
    struct ss_rule_set now;
    int err = ss_rule_set_move(call->db, set->version, to, ss_str_of(call->who.name), call->now_us);
    err = err ? err : ss_rule_set_get(call->db, set->version, &call->arena, &now);
    err = err < 0 ? err : ss_rule_audit(call, action, set->version, set, &now);
    if (err)
        return err;
    ss_rule_tell(call, &now);
    return ss_rule_answer(call, set->version, 200);
}

static int withdraw(struct ss_call *call)
{
    struct ss_rule_set set;
    int err;
    if (!find_in(call, 1u << SS_SET_DRAFT | 1u << SS_SET_SUBMITTED | 1u << SS_SET_APPROVED, &set, &err))
        return err;
    err = move(call, &set, SS_SET_WITHDRAWN, "rules.withdraw");
    return err ? err : ss_answer_none(call);
}

static int submit_write(struct ss_call *call)
{
    struct ss_rule_set set;
    int err;
    return find_in(call, 1u << SS_SET_DRAFT, &set, &err) ? move(call, &set, SS_SET_SUBMITTED, "rules.submit")
                                                         : err;
}

/* What somebody else is to read is no broken text. */
static int submit(struct ss_call *call)
{
    struct ss_rule_set set;
    int err;
    return find_in(call, 1u << SS_SET_DRAFT, &set, &err) ? ss_rule_review_then(call, set.text, submit_write)
                                                         : err;
}

static int approve(struct ss_call *call)
{
    struct ss_rule_set set;
    bool own;
    int err;
    if (!find_in(call, 1u << SS_SET_SUBMITTED, &set, &err))
        return err;
    err = ss_rule_set_written_by(call->db, set.version, ss_str_of(call->who.name), &own);
    if (err)
        return err;
    if (own || ss_str_is(set.author, call->who.name))
        return ss_problem(call, 403, "four_eyes", "who wrote a version may not approve it");
    return move(call, &set, SS_SET_APPROVED, "rules.approve");
}

static int reject(struct ss_call *call)
{
    static const char *const known[] = {"comment", NULL};
    struct ss_rule_set set, after;
    struct ss_str comment = {NULL, 0};
    int err;
    if (!ss_call_json(call))
        return 0;
    ss_body_only(call, known);
    (void)ss_body_text(call, "comment", false, COMMENT_BYTES, &comment);
    if (!ss_call_check(call))
        return 0;
    if (!find_in(call, 1u << SS_SET_SUBMITTED | 1u << SS_SET_APPROVED, &set, &err))
        return err;
    if (comment.p) {
        after = set;
        err = ss_rule_set_edit(call->db, &after, (struct ss_str){NULL, 0}, comment, set.author, call->now_us);
    }
    return err ? err : move(call, &set, SS_SET_DRAFT, "rules.reject");
}

static int publish_write(struct ss_call *call)
{
    const struct ss_rule_set *read = call->state;
    struct ss_rule_set set;
    int err = ss_rule_set_get(call->db, read->version, &call->arena, &set);
    if (err <= 0)
        return err;
    if (set.revision != read->revision)
        return ss_problem(call, 409, "changed", "somebody else changed this version just now");
    return move(call, &set, SS_SET_PUBLISHED, "rules.publish");
}

static int publish(struct ss_call *call)
{
    struct ss_rule_set *set = ss_arena_zalloc(&call->arena, sizeof *set);
    int err;
    if (!set)
        return SS_ENOMEM;
    if (!find_in(call, 1u << SS_SET_DRAFT | 1u << SS_SET_SUBMITTED | 1u << SS_SET_APPROVED, set, &err))
        return err;
    if (set->status != SS_SET_APPROVED && !ss_rule_may_publish(call))
        return ss_problem(call, 409, "four_eyes",
                          "a second person has to approve version %lld first (rules.four_eyes)",
                          (long long)set->version);
    call->state = set;
    return ss_rule_is_foreign(call) ? 0 : ss_rule_review_then(call, set->text, publish_write);
}

/* An old text as a new version. */
static int restore(struct ss_call *call)
{
    struct ss_rule_change change;
    struct ss_rule_set old;
    int err = ss_rule_set_find(call, call->param[0], &old);
    if (err <= 0)
        return err;
    if (!ss_rule_change_base(call, &change, &err))
        return err;
    if (change.in_draft)
        return ss_problem(call, 422, "invalid", "a draft takes a text: PATCH it");
    change.text = old.text;
    change.action = "rules.restore";
    change.comment = ss_call_format(call, "roll back to version %lld", (long long)old.version);
    return ss_rule_change_go(call, &change);
}

#define SETS "/api/v1/rule-sets"

const struct ss_route ss_routes_rule_drafts[] = {
    {SS_POST, SETS, add_draft, SS_WORKERS, "rules:write", SS_RUN_WRITE, BODY_BYTES},
    {SS_PATCH, SETS "/{version}", edit_draft, SS_WORKERS, "rules:write", SS_RUN_WRITE, BODY_BYTES},
    {SS_DELETE, SETS "/{version}", withdraw, SS_WORKERS, "rules:write", SS_RUN_WRITE, 0},
    {SS_POST, SETS "/{version}/submit", submit, SS_WORKERS, "rules:write", SS_RUN_SLOW, 0},
    {SS_POST, SETS "/{version}/approve", approve, SS_WORKERS, NULL, SS_RUN_WRITE, 0},
    {SS_POST, SETS "/{version}/reject", reject, SS_WORKERS, NULL, SS_RUN_WRITE, 0},
    {SS_POST, SETS "/{version}/publish", publish, SS_ADMIN, "rules:write", SS_RUN_SLOW, 0},
    {SS_POST, SETS "/{version}/restore", restore, SS_WORKERS, "rules:write", SS_RUN_SLOW, 0},
    {0},
};
