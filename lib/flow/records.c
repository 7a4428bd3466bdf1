#include "flow/records.h"
#include "base/err.h"
#include "base/file.h"

int ss_records_open(struct ss_records *r, const char *uri, const struct ss_env *env)
{
    *r = (struct ss_records){.uri = uri, .stop = env->stop};
    if (ss_file_same(uri, env->output))
        return ss_fail(SS_EUSAGE, "'%s' is both input and output", uri);
    if (env->reads_stdin && strcmp(uri, "-") == 0)
        return ss_fail(SS_EUSAGE, "standard input cannot be read twice: name a file for one of the two");
    int err = ss_input_init(&r->input, &r->uri, 1, env->max_record, false);
    return err ? err : ss_batch_init(&r->batch, env->schema, 1);
}

/* More of the input as records: 1, 0 at the end or on a stop, or an error. */
static int refill(struct ss_records *r)
{
    for (;;) {
        ss_input_consume(&r->input, r->consumed);
        r->at = r->consumed = 0;
        ss_batch_reset(&r->batch);
        int err = ss_lines_fill(&r->lines, &r->input.feed, &r->batch, SS_BATCH_MAX, &r->consumed);
        if (err < 0 || r->batch.n)
            return err < 0 ? err : 1;
        if (r->consumed)
            continue; /* blank lines */
        if (r->stop && *r->stop)
            return 0;
        err = ss_input_more(&r->input);
        if (err <= 0 && err != SS_AGAIN)
            return err;
    }
}

int ss_records_next(struct ss_records *r, struct ss_record **rec)
{
    for (;;) {
        if (r->at == r->batch.n) {
            int err = refill(r);
            if (err <= 0)
                return err;
        }
        *rec = &r->batch.rec[r->at++];
        if ((*rec)->fate == SS_KEEP)
            return 1;
        if (r->rejected++ == 0)
            snprintf(r->first_reject, sizeof r->first_reject, "%s:%llu: %s", ss_input_name(&r->input, 0),
                     (unsigned long long)(*rec)->line, (*rec)->reason);
    }
}

void ss_records_free(struct ss_records *r)
{
    ss_input_free(&r->input);
    if (r->uri)
        ss_batch_free(&r->batch);
    *r = (struct ss_records){.uri = NULL};
}
