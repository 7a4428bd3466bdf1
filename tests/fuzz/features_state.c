/* Any bytes as the state of features, under a checksum that is right: refused, or taken and written again. */
#include "base/err.h"
#include "flow/chain.h"
#include "flow/snapshot.h"
#include <argp.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

extern const struct ss_stage ss_stage_features;
int LLVMFuzzerTestOneInput(const unsigned char *bytes, size_t len);

struct text {
    const unsigned char *p;
    size_t n;
};

static int put(const void *arg, struct ss_sink *to)
{
    const struct text *text = arg;
    return text->n ? ss_sink_write(to, text->p, text->n) : 0;
}

static int read_from(const char *path, struct ss_chain *chain)
{
    struct ss_source *from = NULL;
    int err = ss_source_open(path, &from);
    err = err ? err : ss_section_read_stage(from, chain->link[0].stage, chain->link[0].st);
    ss_source_close(from);
    return err;
}

int LLVMFuzzerTestOneInput(const unsigned char *bytes, size_t len)
{
    const struct ss_env env = {.program = "fuzz", .max_record = 4096};
    const struct text text = {bytes, len};
    struct ss_chain chain;
    struct ss_sink *to = NULL;
    struct ss_link *link = NULL;
    char name[] = "fuzz", option[] = "--max-memory=64M", *words[] = {name, option, NULL};
    char path[64];
    int fd = memfd_create("state", 0);
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    if (fd < 0 || ss_chain_init(&chain, 1) < 0 || !(link = ss_chain_add(&chain, &ss_stage_features)) ||
        argp_parse(ss_stage_features.argp, 2, words, 0, NULL, link->st) != 0 ||
        ss_chain_start(&chain, &env) < 0 || ss_sink_open(path, &to) < 0 ||
        ss_section_write(to, "features", put, &text) < 0 || ss_sink_close(to) < 0)
        abort();
    if (read_from(path, &chain) == 0) {
        if (ss_sink_open(path, &to) < 0 ||
            ss_section_write_stage(to, chain.link[0].stage, chain.link[0].st) < 0 || ss_sink_close(to) < 0 ||
            read_from(path, &chain) < 0)
            abort();
    }
    ss_chain_free(&chain);
    close(fd);
    return 0;
}
