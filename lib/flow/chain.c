#include "flow/chain.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"
#include "flow/parts.h"
#include "flow/snapshot.h"
#include <limits.h>
#include <stdlib.h>

int ss_chain_init(struct ss_chain *chain, int workers)
{
    memset(chain, 0, sizeof *chain);
    int err = ss_schema_init(&chain->schema);
    if (err < 0)
        return err;
    chain->workers = ss_workers_new(workers);
    return chain->workers ? 0 : SS_ENOMEM;
}

struct ss_link *ss_chain_add(struct ss_chain *chain, const struct ss_stage *stage)
{
    if (chain->n == SS_CHAIN_MAX) {
        (void)ss_fail(SS_EUSAGE, "more than %d stages in one pipeline", SS_CHAIN_MAX);
        return NULL;
    }
    struct ss_link *link = &chain->link[chain->n];
    *link = (struct ss_link){.stage = stage, .st = calloc(1, stage->state_size ? stage->state_size : 1)};
    if (!link->st) {
        (void)ss_fail(SS_ENOMEM, "out of memory");
        return NULL;
    }
    chain->n++;
    return link;
}

static int stateful_stages(const struct ss_chain *chain)
{
    int n = 0;
    for (int i = 0; i < chain->n; i++)
        n += chain->link[i].stage->save != NULL;
    return n;
}

/* One stage with state keeps it in PATH itself; of several, each in PATH.NAME, a second one of that name in
 * PATH.NAME.2. */
static const char *state_path(const struct ss_chain *chain, const struct ss_link *link, char out[PATH_MAX])
{
    const char *path = link->env.state_path;
    if (!path || !link->stage->save)
        return NULL;
    if (stateful_stages(chain) == 1)
        return path;
    int nth = 1;
    for (const struct ss_link *before = chain->link; before < link; before++)
        nth += before->stage == link->stage;
    if (nth == 1)
        snprintf(out, PATH_MAX, "%s.%s", path, link->stage->name);
    else
        snprintf(out, PATH_MAX, "%s.%s.%d", path, link->stage->name, nth);
    return out;
}

static int open_link(struct ss_chain *chain, int i, const struct ss_env *env)
{
    struct ss_link *link = &chain->link[i];
    link->env = *env;
    link->env.schema = &chain->schema;
    link->env.workers = ss_workers_count(chain->workers);
    link->env.alone = i == chain->n - 1 && !env->keyed;
    if (link->stage->fill && !link->stage->step && i > 0)
        return ss_fail(SS_EUSAGE, "'%s' makes records and must be the first stage", link->stage->name);
    link->opened = true; /* close is legal after a failed open */
    return link->stage->open ? link->stage->open(link->st, &link->env) : 0;
}

static int load_state(struct ss_chain *chain, struct ss_link *link)
{
    char buf[PATH_MAX];
    const char *path = state_path(chain, link, buf);
    bool found;
    if (!path)
        return 0;
    int err = ss_snapshot_load(path, link->stage, link->st, &found);
    if (!err)
        ss_info("%s state '%s'", found ? "went on from" : "will make", path);
    return err;
}

int ss_chain_start(struct ss_chain *chain, const struct ss_env *env)
{
    for (int i = 0; i < chain->n; i++) {
        int err = open_link(chain, i, env);
        if (err < 0)
            return err;
    }
    int err = ss_chain_part_open(chain, 0);
    if (err < 0)
        return err;
    if (env->state_path && stateful_stages(chain) == 0)
        return ss_fail(SS_EUSAGE, "--state given, but no stage here has a state to keep");
    return ss_batch_init(&chain->batch, &chain->schema, ss_workers_count(chain->workers));
}

int ss_chain_open(struct ss_chain *chain, const struct ss_env *env)
{
    int opened = ss_chain_start(chain, env);
    if (opened < 0)
        return opened;
    for (int i = 0; i < chain->n; i++) {
        int err = load_state(chain, &chain->link[i]);
        if (err < 0)
            return err;
    }
    return 0;
}

struct phase {
    struct ss_link *link;
    struct ss_batch *batch;
    int number;
};

static int run_phase(void *arg, int w, int n)
{
    struct phase *p = arg;
    return p->link->stage->work(p->link->st, p->number, w, n, p->batch);
}

/* All workers' shares, one after the other. */
static int run_alone(struct phase *phase, int workers)
{
    int err = 0;
    for (int w = 0; w < workers && !err; w++)
        err = run_phase(phase, w, workers);
    return err;
}

static int step_one(struct ss_chain *chain, struct ss_link *link)
{
    const struct ss_stage *stage = link->stage;
    bool alone = chain->batch.n < chain->alone_below;
    link->records += chain->batch.n;
    int err = stage->step ? stage->step(link->st, &chain->batch) : 0;
    for (int p = 0; !err && stage->work && p < stage->phases; p++) {
        struct phase phase = {link, &chain->batch, p};
        err = alone ? run_alone(&phase, ss_workers_count(chain->workers))
                    : ss_workers_run(chain->workers, run_phase, &phase);
    }
    return err;
}

static int step_until(struct ss_chain *chain, int from, int end)
{
    int64_t before_ns = chain->measure ? ss_clock_mono_ns() : 0;
    for (int i = from; i < end; i++) {
        struct ss_link *link = &chain->link[i];
        size_t n = chain->batch.n;
        int err = step_one(chain, link);
        if (err < 0)
            return err;
        if (!chain->measure)
            continue;
        int64_t now_ns = ss_clock_mono_ns();
        link->busy_ns += now_ns - before_ns;
        if (link->latency_ns)
            ss_histogram_add(link->latency_ns, (uint64_t)(now_ns - before_ns), n);
        before_ns = now_ns;
    }
    return 0;
}

int ss_chain_step(struct ss_chain *chain, int from)
{
    return step_until(chain, from, chain->n);
}

int ss_chain_replay(struct ss_chain *chain, int from)
{
    chain->batch.silent = true;
    int err = step_until(chain, from, ss_chain_last_memory(chain) + 1);
    chain->batch.silent = false;
    ss_batch_reset(&chain->batch);
    return err;
}

int ss_chain_trial(struct ss_chain *chain)
{
    int err = 0;
    for (int i = 0; i < chain->n && !err; i++)
        if (chain->link[i].stage->trial)
            err = chain->link[i].stage->trial(chain->link[i].st, &chain->batch);
    return err;
}

int ss_chain_finish(struct ss_chain *chain, int stage, bool whole)
{
    struct ss_link *link = &chain->link[stage];
    int (*last)(void *, struct ss_batch *) = whole ? link->stage->finish : link->stage->part_finish;
    return last ? last(link->st, &chain->batch) : 0;
}

int ss_chain_save(struct ss_chain *chain)
{
    for (int i = 0; i < chain->n; i++) {
        char buf[PATH_MAX];
        const char *path = state_path(chain, &chain->link[i], buf);
        int err = path ? ss_snapshot_save(path, chain->link[i].stage, chain->link[i].st) : 0;
        if (err < 0)
            return err;
    }
    return 0;
}

void ss_chain_free(struct ss_chain *chain)
{
    for (int i = chain->parts - 1; i >= 0; i--)
        ss_chain_part_close(chain, i);
    free(chain->part);
    for (int i = 0; i < chain->n; i++) {
        struct ss_link *link = &chain->link[i];
        if (link->opened && link->stage->close)
            link->stage->close(link->st);
        free(link->st);
    }
    ss_batch_free(&chain->batch);
    ss_schema_free(&chain->schema);
    ss_workers_free(chain->workers);
    memset(chain, 0, sizeof *chain);
}
