#include "flow/commit.h"
#include "base/clock.h"
#include "base/err.h"

int ss_commit_open(struct ss_commit *commit, const char *output, const char *rejects)
{
    *commit = (struct ss_commit){.last_ns = ss_clock_mono_ns()};
    /* A file is created (and cut off) last, so that a run that cannot begin leaves yesterday's alone; of two
     * topics the output says whether both work in transactions. */
    bool output_first = rejects && ss_uri_is_remote(output);
    int err = output_first ? ss_sink_open(output, &commit->out) : 0;
    if (!err && rejects)
        err = ss_sink_open(rejects, &commit->rejects);
    if (!err && !output_first)
        err = ss_sink_open(output, &commit->out);
    if (!err && commit->rejects && commit->rejects->commit_us && !commit->out->commit_us)
        err = ss_fail(SS_EUSAGE, "exactly_once=1 is said by the output's URI, and holds for the rejects");
    return err;
}

int ss_commit_check(const struct ss_commit *commit, const struct ss_source *src)
{
    if (commit->out->commit_us && (!src || !src->commit_us))
        return ss_fail(SS_EUSAGE,
                       "exactly_once=1 needs an input kafka://...?group=, whose positions it commits");
    return 0;
}

static int commit_now(struct ss_commit *commit, struct ss_source *src)
{
    int err = commit->rejects ? ss_sink_sync(commit->rejects) : 0;
    if (!err && commit->out->commit_us)
        return commit->out->ops->commit(commit->out, src);
    if (!err)
        err = ss_sink_sync(commit->out);
    return err ? err : src->ops->commit(src);
}

int ss_commit_turn(struct ss_commit *commit, struct ss_source *src, bool now)
{
    struct ss_sink *out = commit->out;
    int err = ss_commit_check(commit, src); /* each input anew */
    if (err < 0)
        return err;
    int64_t every_us = out->commit_us ? out->commit_us : src ? src->commit_us : 0;
    if (!every_us)
        return 0;
    int64_t clock = ss_clock_mono_ns();
    bool urgent = (src && src->urgent) || out->urgent;
    if (!now && !urgent && clock - commit->last_ns < every_us * 1000)
        return 0;
    err = commit_now(commit, src);
    /* What committing takes does not come on top, unless it would leave little time for work. */
    int64_t half = ss_clock_mono_ns() - every_us * 500;
    commit->last_ns = half > clock ? half : clock;
    return err;
}
