/* lib/flow, state files: what is saved goes on, what is damaged is refused. */
#include "flow/snapshot.h"
#include "tests/stages.h"
#include <sys/stat.h>
#include <unistd.h>

static char dir[] = "/tmp/ss-flow-XXXXXX", path[64];

static bool file_is(const void *bytes, size_t n)
{
    FILE *f = fopen(path, "wb");
    bool good = f && fwrite(bytes, 1, n, f) == n;
    return f && fclose(f) == 0 && good;
}

static void damaged_state_is_refused(const char *bytes, size_t n)
{
    struct state st = {0};
    bool found;
    size_t wrong = 0;
    for (size_t len = 0; len < n; len += len < 40 || len > n - 40 ? 1 : 1371)
        wrong += !file_is(bytes, len) || ss_snapshot_load(path, &numbering, &st, &found) != SS_EDATA;
    ok(wrong == 0, "a state file cut anywhere is refused");
    char *hurt = malloc(n + 1);
    for (size_t at = 0; at < n; at += at < 40 || at > n - 40 ? 1 : 1371) {
        memcpy(hurt, bytes, n);
        hurt[at] ^= 0x10;
        wrong += !file_is(hurt, n) || ss_snapshot_load(path, &numbering, &st, &found) != SS_EDATA;
    }
    ok(wrong == 0, "so is one with any byte changed");
    memcpy(hurt, bytes, n);
    hurt[n] = 'x';
    ok(file_is(hurt, n + 1) && ss_snapshot_load(path, &numbering, &st, &found) == SS_EDATA,
       "and one with more behind");
    free(hurt);
    ok(file_is(bytes, n) && ss_snapshot_load(path, &other, &st, &found) == SS_EDATA, "and another stage's");
    is_text(strrchr(ss_err_text(), '\'') + 1, strlen(strrchr(ss_err_text(), '\'') + 1),
            " is not a state file of other", "by name");
    ok(ss_snapshot_load(path, &numbering, &st, &found) == 0 && found && st.seen == 4,
       "the whole one is read");
}

static void state_goes_on_where_it_was(void)
{
    struct ss_loop_options opt = {.state_path = path};
    struct ss_buf *out = ss_mem_buffer("out"), bytes;
    snprintf(path, sizeof path, "%s/state", dir);
    put("in", "{\"a\":1}\n{\"a\":2}\n");
    ok(run(numbers, &opt) == 0, "a run makes its state file");
    ok(run(numbers, &opt) == 0, "the next one reads it");
    is_text(out->p, out->n, "{\"a\":1,\"alert\":3}\n{\"a\":2,\"alert\":4}\n", "and goes on");
    ss_buf_init(&bytes, 1 << 20);
    FILE *f = fopen(path, "rb");
    char *to = ss_buf_room(&bytes, 300000);
    bytes.n = f && to ? fread(to, 1, 300000, f) : 0;
    ok(f && fclose(f) == 0 && bytes.n > 200000 && memcmp(bytes.p, "SSSTATE1 number\n", 16) == 0,
       "it says whose it is");
    damaged_state_is_refused(bytes.p, bytes.n);
    ok(run(pass, &opt) == SS_EUSAGE, "a state for stages that have none is a mistake of usage");
    file_is("junk", 4);
    ok(run(numbers, &opt) == SS_EDATA, "a run refuses a state file that is none");
    FILE *g = fopen(path, "rb");
    ok(g && fread(bytes.p, 1, 10, g) == 4 && fclose(g) == 0, "and leaves it alone");
    unlink(path);
    static const struct ss_stage *const three[] = {&numbering, &other, &numbering, NULL};
    char name[80];
    ok(run(three, &opt) == 0, "three stages with state");
    static const char *const ends[] = {".number", ".other", ".number.2"};
    for (int i = 0; i < 3; i++) {
        snprintf(name, sizeof name, "%s%s", path, ends[i]);
        ok(unlink(name) == 0, "each has its own file: %s", ends[i]);
    }
    struct state st = {0};
    ok(ss_snapshot_save("/nonexistent/state", &numbering, &st) == SS_ECREATE,
       "without a folder there is no state");
    mkdir(path, 0700);
    ok(ss_snapshot_save(path, &numbering, &st) == SS_ECREATE, "a folder is not replaced");
    rmdir(path);
    ss_buf_free(&bytes);
}

int main(void)
{
    if (!mkdtemp(dir))
        return 1;
    state_goes_on_where_it_was();
    ss_mem_clear();
    ok(rmdir(dir) == 0, "nothing is left lying about");
    return done();
}
