/*
 * lib/cli, hosted pipelines: state is saved with its position and comes back, damaged or not; at the end what
 * was held back leaves.
 */
#include "base/rng.h"
#include "tests/host.h"

/* --- state --- */

static bool goes_on(const char *pipeline, uint64_t want_position, size_t from)
{
    struct ss_host *host = open_host(pipeline, state, 1);
    bool found = false, good = host && ss_host_position(host, &found) == want_position && found;
    ss_buf_reset(&got);
    for (size_t at = from; good && at < lines; at += 500)
        good = run_lines(host, at, 500, &got);
    const struct ss_buf *want = ss_mem_buffer("want");
    good = good && got.n < want->n && memcmp(want->p + want->n - got.n, got.p, got.n) == 0;
    ss_host_close(host);
    return good;
}

static void hurt(const char *path, long at)
{
    FILE *f = fopen(path, "r+b");
    fseek(f, at, SEEK_SET);
    int c = fgetc(f);
    fseek(f, at, SEEK_SET);
    fputc(c ^ 0x20, f);
    fclose(f);
}

static void state_comes_back(void)
{
    char text[512], older[80];
    snprintf(text, sizeof text, "%s", whole(true));
    snprintf(older, sizeof older, "%s.1", state);
    struct ss_host *host = open_host(text, state, 1);
    bool found = true;
    ok(host && ss_host_position(host, &found) == 0 && !found, "a new state begins at position 0");
    bool good = run_lines(host, 0, 700, &got) && ss_host_save(host, 700) == 0 &&
                run_lines(host, 700, 300, &got) && ss_host_save_begin(host, 1000) == 0 &&
                run_lines(host, 1000, 300, &got); /* while it is being written */
    ok(good && ss_host_save_poll(host, true) == 1 && ss_host_save_poll(host, true) == 0,
       "a child writes a snapshot while records go on");
    struct ss_host_counts n;
    ss_host_counts(host, &n);
    ok(n.saves == 2 && n.position == 1000, "its position is known");
    ss_host_close(host);
    ok(goes_on(text, 1000, 1000), "opened again, the stream goes on from its position");
    hurt(state, 5000);
    ok(goes_on(text, 700, 700), "a damaged snapshot is passed over for the one before it");
    ok(access(state, F_OK) != 0, "and put aside");
    hurt(older, 100);
    host = open_host(text, state, 1);
    ok(!host && strstr(ss_err_text(), "damaged"), "when both are damaged it does not begin: %s",
       ss_err_text());
    host = open_host("features", NULL, 1);
    ok(host && ss_host_save(host, 5) == 0, "without a path nothing is saved");
    ss_host_close(host);
    unlink(older);
    host = open_host("features", state, 1);
    good = host && run_lines(host, 0, 50, &got) && ss_host_save(host, 50) == 0;
    ss_host_close(host);
    host = open_host(text, state, 1);
    ok(good && !host && strstr(ss_err_text(), "another pipeline"), "nor with another pipeline's state");
    unlink(state);
}

/* --- the end --- */

static int collect(void *arg, const struct ss_record *rec)
{
    (void)arg;
    ss_record_write(rec, &got);
    return 0;
}

static void held_records_leave(void)
{
    static const char pipeline[] = "features --lateness 2h | rules";
    struct ss_host *host = open_host(pipeline, NULL, 1);
    bool good = host && run_text(pipeline, "mem:payments", "mem:held") == 0;
    size_t extras = 0, kept = 0;
    ss_buf_reset(&got);
    for (size_t at = 0, n, more; good && at < lines; at += n) {
        n = set_input(at, 100);
        good = ss_host_run(host, in, n, out) == 0;
        for (size_t i = 0; i < n; i++)
            kept += out[i].fate == SS_KEEP;
        const struct ss_record *rec = ss_host_extra(host, &more);
        for (size_t i = 0; i < more; i++)
            if (rec[i].fate == SS_KEEP)
                ss_record_write(&rec[i], &got);
        extras += more;
    }
    ok(good && kept == 0 && extras > 1000, "held records leave later, beside those that come");
    in[0] = (struct ss_host_input){.text = line[0]};
    ok(ss_host_try(host, in, 1, out) == 0 && out[0].fate == SS_KEEP && out[0].rec->decision,
       "a try is not held back");
    ok(ss_host_finish(host, collect, NULL) == 0 && same_buf(&got, ss_mem_buffer("held")),
       "the rest leave at the end, all in order");
    ok(ss_host_run(host, in, 1, out) == SS_EBUG, "then no more are taken");
    ss_host_close(host);
}

static void alerts_are_delivered(void)
{
    char pipeline[512], text[256], sink[80];
    snprintf(sink, sizeof sink, "%s/alerts.ndjson", dir);
    snprintf(text, sizeof text, "log = file %s\nall -> log\n", sink);
    write_file(routes, text);
    snprintf(pipeline, sizeof pipeline, "rules -r %s | alert --action challenge --routes %s --spool %s",
             rules, routes, spool);
    write_file(rules, "[all]\nwhen = .amount > 0\naction = challenge\n");
    struct ss_host *host = open_host(pipeline, NULL, 1);
    bool good = host && run_lines(host, 0, 3, &got);
    snprintf(text, sizeof text, "nobody -> log\n");
    write_file(routes, text);
    ok(good && ss_host_reload(host) == SS_ECONFIG, "wrong routes are not taken: %s", ss_err_text());
    snprintf(text, sizeof text, "second = file %s.2\nlog = file %s\nall -> second\n", sink, sink);
    write_file(routes, text);
    ok(ss_host_reload(host) == 0 && run_lines(host, 3, 2, &got) && ss_host_finish(host, NULL, NULL) == 0,
       "new ones are");
    struct ss_host_stage stage[2];
    ss_host_stages(host, stage, 2);
    uint64_t sent = 0;
    for (int i = 0; i < stage[1].status.n; i++)
        if (strcmp(stage[1].status.number[i].name, "sent") == 0)
            sent = stage[1].status.number[i].value;
    ok(sent == 5, "%llu messages were sent", (unsigned long long)sent);
    ss_host_close(host);
    size_t first = 0, later = 0;
    for (int i = 0; i < 2; i++) {
        snprintf(text, sizeof text, "%s%s", sink, i ? ".2" : "");
        bool there = read_file(text, &after);
        for (size_t k = 0; there && k < after.n; k++)
            *(i ? &later : &first) += after.p[k] == '\n';
    }
    ok(first == 3 && later == 2, "to the old place, then to the new one");
    write_file(rules, rule_text);
}

int main(void)
{
    host_begin();
    ok(run_text(whole(true), "mem:payments", "mem:want") == 0, "what ss-run makes of the stream");
    state_comes_back();
    held_records_leave();
    alerts_are_delivered();
    host_end();
    return done();
}
