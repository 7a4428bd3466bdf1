/* Payments of any bytes, a line each, through a hosted pipeline: each is tried first, and what the try said
 * is what the run then does. */
#include "base/err.h"
#include "cli/host.h"
#include <stdlib.h>
#include <string.h>

#define LINES  40   /* of an input; more say nothing new */
#define INPUTS 2000 /* then the state begins anew, lest it outgrow the memory */

int LLVMFuzzerTestOneInput(const unsigned char *bytes, size_t len);

static struct ss_host *host;
static struct ss_buf tried;

static void open_anew(void)
{
    const struct ss_host_options opt = {
        .pipeline = "features | rules", .program = "fuzz", .max_record = 4096};
    ss_host_close(host);
    if (ss_host_open(&opt, &host) < 0)
        abort();
    ss_buf_free(&tried);
    ss_buf_init(&tried, 1 << 24);
}

static void one(struct ss_str text)
{
    struct ss_host_input in = {.text = text};
    struct ss_host_output out;
    if (ss_host_try(host, &in, 1, &out) < 0)
        abort();
    enum ss_fate fate = out.fate;
    bool control = fate == SS_REJECT && strcmp(out.rejected_by, "try") == 0;
    ss_buf_reset(&tried);
    if (fate == SS_KEEP)
        ss_record_write(out.rec, &tried);
    if (ss_host_run(host, &in, 1, &out) < 0)
        abort();
    if (control)
        return;
    size_t n = tried.n;
    if (out.fate == SS_KEEP)
        ss_record_write(out.rec, &tried);
    if (out.fate != fate || tried.n != 2 * n || (n && memcmp(tried.p, tried.p + n, n) != 0) ||
        (n && memchr(tried.p, '\n', n) != tried.p + n - 1))
        abort();
}

int LLVMFuzzerTestOneInput(const unsigned char *bytes, size_t len)
{
    static int inputs;
    const char *p = (const char *)bytes, *end = p + len;
    if (inputs++ % INPUTS == 0)
        open_anew();
    for (int i = 0; i < LINES && p < end; i++) {
        const char *newline = memchr(p, '\n', (size_t)(end - p));
        size_t n = (size_t)((newline ? newline : end) - p);
        char *exact = malloc(n + 1);
        memcpy(exact, p, n);
        one((struct ss_str){exact, n});
        free(exact);
        p += n + 1;
    }
    return 0;
}
