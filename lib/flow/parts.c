#include "flow/parts.h"
#include "base/err.h"
#include <stdlib.h>

bool ss_chain_part_is_open(const struct ss_chain *chain, int part)
{
    return part < chain->parts && chain->part[part].memory[0];
}

static char *place(const struct ss_link *link)
{
    return (char *)link->st + link->stage->part_at;
}

/* What lies in the states goes to its own place, and zeroes, or that of `part`, come there. */
static void put(struct ss_chain *chain, int part)
{
    for (int i = 0; i < chain->n; i++) {
        const struct ss_link *link = &chain->link[i];
        size_t n = link->stage->part_bytes;
        if (!n)
            continue;
        memcpy(chain->part[chain->in_use].memory[i], place(link), n);
        memcpy(place(link), chain->part[part].memory[i], n);
    }
    chain->in_use = part;
}

static void free_memory(struct ss_chain_part *part)
{
    for (int i = 0; i < SS_CHAIN_MAX; i++)
        free(part->memory[i]);
    *part = (struct ss_chain_part){.memory = {NULL}};
}

static int make_memory(struct ss_chain *chain, int number)
{
    if (number >= chain->parts) {
        size_t n = (size_t)number + 1;
        struct ss_chain_part *grown = realloc(chain->part, n * sizeof *grown);
        if (!grown)
            return ss_fail(SS_ENOMEM, "out of memory for %zu partitions", n);
        memset(grown + chain->parts, 0, (n - (size_t)chain->parts) * sizeof *grown);
        chain->part = grown;
        chain->parts = number + 1;
    }
    struct ss_chain_part *part = &chain->part[number];
    for (int i = 0; i < chain->n; i++)
        if (!(part->memory[i] = calloc(1, chain->link[i].stage->part_bytes + 1)))
            return ss_fail(SS_ENOMEM, "out of memory for a partition");
    return 0;
}

int ss_chain_part_use(struct ss_chain *chain, int part)
{
    if (part == chain->in_use)
        return 0;
    put(chain, part);
    int err = 0;
    for (int i = 0; i < chain->n && !err; i++)
        if (chain->link[i].stage->part_use)
            err = chain->link[i].stage->part_use(chain->link[i].st);
    return err;
}

static int open_stages(struct ss_chain *chain)
{
    struct ss_chain_part *part = &chain->part[chain->in_use];
    for (int i = 0; i < chain->n; i++) {
        const struct ss_link *link = &chain->link[i];
        if (!link->stage->part_open)
            continue;
        part->opened = i + 1; /* as close: legal after a failed part_open */
        int err = link->stage->part_open(link->st);
        if (err < 0)
            return err;
    }
    return 0;
}

int ss_chain_part_open(struct ss_chain *chain, int part)
{
    int err = make_memory(chain, part);
    if (err < 0) {
        if (part < chain->parts)
            free_memory(&chain->part[part]);
        return err;
    }
    if (part > 0)
        put(chain, part);
    return open_stages(chain);
}

static void close_stages(struct ss_chain *chain)
{
    struct ss_chain_part *part = &chain->part[chain->in_use];
    for (int i = 0; i < part->opened; i++)
        if (chain->link[i].stage->part_close)
            chain->link[i].stage->part_close(chain->link[i].st);
}

void ss_chain_part_close(struct ss_chain *chain, int part)
{
    if (!ss_chain_part_is_open(chain, part))
        return;
    if (part != chain->in_use)
        put(chain, part);
    close_stages(chain);
    if (part > 0) {
        put(chain, 0);
        for (int i = 0; i < chain->n; i++)
            if (chain->link[i].stage->part_use)
                (void)chain->link[i].stage->part_use(chain->link[i].st);
    }
    free_memory(&chain->part[part]);
}

int ss_chain_last_memory(const struct ss_chain *chain)
{
    int last = -1;
    for (int i = 0; i < chain->n; i++)
        last = chain->link[i].stage->save ? i : last;
    return last;
}

int64_t ss_chain_memory_us(const struct ss_chain *chain)
{
    int64_t most = 0;
    for (int i = 0; i < chain->n; i++) {
        const struct ss_link *link = &chain->link[i];
        int64_t us = link->stage->memory_us ? link->stage->memory_us(link->st) : 0;
        most = us > most ? us : most;
    }
    return most;
}

/* Of one memory: into *sum behind its first `own` numbers, and into *largest. */
static void add_up(struct ss_stage_status *sum, int own, struct ss_stage_status *largest,
                   const struct ss_stage_status *one)
{
    for (int i = 0; i < one->n; i++) {
        int at = 0;
        while (at < largest->n && strcmp(largest->number[at].name, one->number[i].name) != 0)
            at++;
        if (own + at == SS_STATUS_NUMBERS)
            return;
        if (at == largest->n) {
            ss_status_add(largest, one->number[i].name, 0);
            ss_status_add(sum, one->number[i].name, 0);
        }
        uint64_t value = one->number[i].value, *most = &largest->number[at].value;
        sum->number[own + at].value += value;
        *most = value > *most ? value : *most;
    }
}

/* The memory is looked at where it lies when it is in use; nothing is opened or changed by it. */
void ss_chain_status(struct ss_chain *chain, int i, struct ss_stage_status *sum,
                     struct ss_stage_status *largest)
{
    const struct ss_link *link = &chain->link[i];
    struct ss_stage_status most = {.n = 0};
    int in_use = chain->in_use;
    *sum = (struct ss_stage_status){.n = 0};
    if (link->opened && link->stage->status)
        link->stage->status(link->st, sum);
    int own = sum->n;
    for (int p = 0; p < chain->parts && link->opened && link->stage->part_status; p++) {
        struct ss_stage_status one = {.n = 0};
        if (!ss_chain_part_is_open(chain, p))
            continue;
        if (p != chain->in_use)
            put(chain, p);
        link->stage->part_status(link->st, &one);
        add_up(sum, own, &most, &one);
    }
    if (in_use != chain->in_use)
        put(chain, in_use);
    if (largest)
        *largest = most;
}
