/* lib/flow, partitions: a memory for each, in files that say what they stand for. */
#include "flow/aside.h"
#include "flow/partfile.h"
#include "flow/parts.h"
#include "tests/stages.h"
#include <limits.h>
#include <sys/stat.h>
#include <unistd.h>

static char dir[] = "/tmp/ss-parts-XXXXXX";

static uint64_t *seen(struct ss_chain *chain)
{
    return &((struct state *)chain->link[0].st)->seen;
}

static bool start(struct ss_chain *chain, const struct ss_stage *stage)
{
    struct ss_env env = {.program = "test", .max_record = 1000};
    return ss_chain_init(chain, 1) == 0 && ss_chain_add(chain, stage) && ss_chain_start(chain, &env) == 0;
}

static void memories_keep_apart(const struct ss_stage *stage)
{
    struct ss_chain chain;
    ok(start(&chain, stage), "a chain has a memory");
    *seen(&chain) = 7;
    ok(ss_chain_part_open(&chain, 3) == 0 && *seen(&chain) == 0, "another one is empty");
    *seen(&chain) = 30;
    ok(ss_chain_part_open(&chain, 1) == 0 && *seen(&chain) == 0 && !ss_chain_part_is_open(&chain, 2),
       "their numbers need not be in order");
    *seen(&chain) = 10;
    ok(ss_chain_part_use(&chain, 3) == 0 && *seen(&chain) == 30, "each is what it was");
    ss_chain_part_close(&chain, 1);
    ok(*seen(&chain) == 7 && !ss_chain_part_is_open(&chain, 1),
       "when one goes, that of no partition is in use");
    ok(ss_chain_part_open(&chain, 1) == 0 && *seen(&chain) == 0, "what comes back is empty");
    ok(ss_chain_part_use(&chain, 3) == 0 && *seen(&chain) == 30, "the others have not noticed");
    ss_chain_free(&chain);
}

static void tell_seen(const void *st, struct ss_stage_status *status)
{
    ss_status_add(status, "seen", ((const struct state *)st)->seen);
}

static void tell_version(const void *st, struct ss_stage_status *status)
{
    (void)st;
    snprintf(status->version, sizeof status->version, "v1");
    ss_status_add(status, "rules", 5);
}

static void figures_are_summed_up(struct ss_stage stage)
{
    struct ss_chain chain;
    struct ss_stage_status sum, largest;
    stage.status = tell_version;
    stage.part_status = tell_seen;
    ok(start(&chain, &stage), "a stage tells of its memories");
    for (int part = 1; part <= 3; part++) {
        ok(ss_chain_part_open(&chain, part) == 0, "memory %d", part);
        *seen(&chain) = (uint64_t)part * 10;
    }
    ok(ss_chain_part_use(&chain, 2) == 0, "one of them is in use");
    ss_chain_status(&chain, 0, &sum, &largest);
    ok(sum.n == 2 && sum.number[0].value == 5 && sum.number[1].value == 60,
       "its own figures are told once, those of memories summed up");
    ok(largest.n == 1 && largest.number[0].value == 30, "and the largest");
    ok(*seen(&chain) == 20 && ss_chain_part_use(&chain, 1) == 0 && *seen(&chain) == 10,
       "looking has changed nothing");
    ss_chain_free(&chain);
}

static struct ss_part part_at(int64_t position)
{
    return (struct ss_part){
        .number = 1, .name = "topic", .group = "g", .partition = 5, .topics = 1, .position = {position}};
}

static bool damage(const char *name)
{
    char path[PATH_MAX];
    snprintf(path, sizeof path, "%s/%s", dir, name);
    FILE *f = fopen(path, "r+b");
    return f && fseek(f, 2000, SEEK_SET) == 0 && fputc('!', f) != EOF && fclose(f) == 0;
}

static bool gone(const char *name)
{
    char path[PATH_MAX];
    snprintf(path, sizeof path, "%s/%s", dir, name);
    return unlink(path) == 0;
}

static bool leave(const char *name)
{
    char path[PATH_MAX];
    snprintf(path, sizeof path, "%s/%s", dir, name);
    FILE *f = fopen(path, "w");
    return f && fputs("half", f) != EOF && fclose(f) == 0;
}

static void files_stand_for_positions(const struct ss_stage *stage)
{
    struct ss_chain chain;
    struct ss_part part = part_at(100);
    ok(start(&chain, stage) && ss_partfile_load(dir, &part, &chain) == 0, "no file is no state");
    for (int i = 1; i <= 3; i++) {
        *seen(&chain) = (uint64_t)i;
        part = part_at(i * 10);
        ok(ss_partfile_save(dir, &part, &chain) == 0, "a state for position %d", i * 10);
    }
    part = part_at(100);
    ok(leave("topic-5.state.tmp.77") && leave("topic-51.state.tmp.78"), "two members were killed at a save");
    ok(ss_partfile_load(dir, &part, &chain) == 1 && part.position[0] == 30 && *seen(&chain) == 3,
       "the newest is found, with its position");
    ok(!gone("topic-5.state.tmp.77") && gone("topic-51.state.tmp.78"),
       "what was left half written of the partition is gone, that of others is not");
    part = part_at(30);
    ok(ss_partfile_load(dir, &part, &chain) == 1 && part.position[0] == 30, "also just where it stands");
    part = part_at(29);
    ok(ss_partfile_load(dir, &part, &chain) == 1 && part.position[0] == 20 && *seen(&chain) == 2,
       "one that stands beyond what is committed is passed over");
    ok(gone("topic-5.state.beyond"), "and put out of the way");
    part = part_at(40);
    *seen(&chain) = 4;
    ok(ss_partfile_save(dir, &part, &chain) == 0 && damage("topic-5.state"), "the newest is damaged");
    part = part_at(100);
    ok(ss_partfile_load(dir, &part, &chain) == 1 && part.position[0] == 20 && *seen(&chain) == 2,
       "then the one before it is used");
    ok(gone("topic-5.state.damaged"), "and the damaged one kept for whoever wants to look");
    part.group = "other";
    ok(ss_partfile_load(dir, &part, &chain) == SS_EDATA, "another group's is refused");
    part.group = "g";
    ok(damage("topic-5.state.1"), "the last one is damaged, too");
    ok(ss_partfile_load(dir, &part, &chain) == 0, "then there is none");
    ok(gone("topic-5.state.1.damaged"), "and nothing else lies about");
    ss_chain_free(&chain);
}

static int of_another_version(void *state, struct ss_source *from)
{
    (void)from;
    ((struct state *)state)->seen = 99;
    return ss_fail(SS_EVERSION, "format 9");
}

static void files_of_another_version(struct ss_stage stage)
{
    struct ss_chain chain;
    struct ss_part part = part_at(50);
    ok(start(&chain, &stage) && ss_chain_part_open(&chain, 1) == 0 &&
           ss_partfile_save(dir, &part, &chain) == 0,
       "a state of this version");
    ss_chain_free(&chain);
    stage.load = of_another_version;
    part = part_at(100);
    ok(start(&chain, &stage) && ss_chain_part_open(&chain, 1) == 0 &&
           ss_partfile_load(dir, &part, &chain) == 0 && *seen(&chain) == 0,
       "which another version passes over, with an empty memory");
    ok(gone("topic-5.state.outdated"), "and keeps out of the way");
    ss_chain_free(&chain);
}

static int work(void *arg)
{
    return *(int *)arg ? ss_fail(SS_EIO, "no space for %d", *(int *)arg) : 0;
}

static void work_goes_on_aside(void)
{
    struct ss_aside aside = {.child = 0};
    int arg = 0;
    ok(ss_aside_poll(&aside, true) == 0, "nobody is there");
    ok(ss_aside_begin(&aside, work, &arg) == 0 && ss_aside_poll(&aside, true) == 1, "a child does its work");
    arg = 7;
    ok(ss_aside_begin(&aside, work, &arg) == 0 && ss_aside_poll(&aside, true) == SS_EIO, "or fails");
    is_text(ss_err_text(), strlen(ss_err_text()), "no space for 7", "and says why");
}

int main(void)
{
    struct ss_stage stage = numbering;
    stage.part_at = offsetof(struct state, seen);
    stage.part_bytes = sizeof(uint64_t);
    if (!mkdtemp(dir))
        return 1;
    memories_keep_apart(&stage);
    figures_are_summed_up(stage);
    files_stand_for_positions(&stage);
    files_of_another_version(stage);
    work_goes_on_aside();
    ok(rmdir(dir) == 0, "nothing is left lying about");
    return done();
}
