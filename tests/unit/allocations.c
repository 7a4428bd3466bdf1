/* After warm-up no record costs an allocation: a run over ten times the records asks for memory no more
 * often. */
#include "tests/stages.h"
#include <stdatomic.h>

#if defined __SANITIZE_ADDRESS__ || defined __SANITIZE_THREAD__
int main(void)
{
    skip("allocations are counted", "a sanitizer's own allocator is in the way");
    return done();
}
#else

static atomic_ulong allocations;

void *__libc_malloc(size_t n);
void *__libc_calloc(size_t n, size_t size);
void *__libc_realloc(void *p, size_t n);

void *malloc(size_t n)
{
    allocations++;
    return __libc_malloc(n);
}

void *calloc(size_t n, size_t size)
{
    allocations++;
    return __libc_calloc(n, size);
}

void *realloc(void *p, size_t n)
{
    allocations++;
    return __libc_realloc(p, n);
}

extern const struct ss_stage ss_stage_rules;

/* The shipped rules: silent, firing with reasons, replacing an old decision. */
static unsigned long allocations_of_rules(int records)
{
    static const char *const uris[] = {"mem:in"};
    static const struct ss_stage *const stages[] = {&ss_stage_rules, NULL};
    struct ss_loop_options opt = {.inputs = uris, .n_inputs = 1, .output = "/dev/null", .program = "test"};
    struct ss_buf *in = ss_mem_buffer("in");
    ss_buf_reset(in);
    for (int i = 0; i < records; i++)
        ss_buf_printf(
            in,
            "{\"txn_id\":\"t%d\",\"user_id\":%d,\"amount\":1.5,\"location\":\"%s\",\"features\":{\"set\":"
            "\"1\",\"user_count_1m\":%d,\"user_tiny_10m\":%d,\"user_ratio_30d\":9}%s}\n",
            i % 1000, i % 10, i % 3 ? "Boston, MA" : "Unknown VPN", i % 9, i % 4,
            i % 5 ? "" : ",\"decision\":{\"action\":\"block\"}");
    unsigned long before = allocations;
    ok(run_chain(stages, &opt, 2) == 0 && counts.in == (uint64_t)records, "%d decisions", records);
    return allocations - before;
}

static unsigned long allocations_for(int records)
{
    static const char *const uris[] = {"mem:in"};
    static const struct ss_stage *const stages[] = {&numbering, &rejecting, NULL};
    struct ss_loop_options opt = {
        .inputs = uris, .n_inputs = 1, .output = "/dev/null", .program = "test", .rejects = "/dev/null"};
    struct ss_buf *in = ss_mem_buffer("in");
    ss_buf_reset(in);
    /* Keys in changing order, escapes, bad lines, rejects, replaced members: all that records are made of. */
    for (int i = 0; i < records; i++)
        switch (i % 5) {
        case 0:
            ss_buf_printf(in, "{\"txn_id\":\"t%d\",\"user_id\":%d,\"amount\":1.5}\n", i % 1000, i % 10);
            break;
        case 1: ss_buf_printf(in, "{\"user_id\":2,\"\\u0061mount\":3,\"n\":\"\\n\"}\n"); break;
        case 2: ss_buf_printf(in, "bad\n"); break;
        case 3: ss_buf_printf(in, "{\"alert\":{\"old\":1},\"user_id\":2}\n"); break;
        default: ss_buf_printf(in, "{\"user_id\":18446744073709551616,\"user_id\":2}\n");
        }
    unsigned long before = allocations;
    ok(run_chain(stages, &opt, 2) == 0 && counts.in == (uint64_t)records, "%d records", records);
    return allocations - before;
}

int main(void)
{
    allocations_for(20000); /* whatever the library does once */
    unsigned long few = allocations_for(20000), many = allocations_for(200000);
    ok(few > 0 && many == few, "180,000 records more, no allocation more (%lu and %lu)", few, many);
    allocations_of_rules(20000);
    few = allocations_of_rules(20000), many = allocations_of_rules(100000);
    ok(few > 0 && many == few, "80,000 decisions more, no allocation more (%lu and %lu)", few, many);
    ss_mem_clear();
    return done();
}
#endif
