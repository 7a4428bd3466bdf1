#include "flow/lines.h"
#include "base/err.h"

static bool is_blank(const char *p, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (p[i] != ' ' && p[i] != '\t' && p[i] != '\r')
            return false;
    return true;
}

static struct ss_record *begin(struct ss_lines *lines, const struct ss_feed *feed, struct ss_batch *batch)
{
    struct ss_record *rec = ss_batch_add(batch);
    if (rec) {
        rec->line = lines->line;
        rec->record_no = ++lines->records;
        rec->source = feed->source;
        rec->arrived_ns = feed->arrived_ns;
    }
    return rec;
}

static int add_line(struct ss_lines *lines, const struct ss_feed *feed, struct ss_batch *batch, const char *p,
                    size_t n)
{
    lines->line++;
    if (is_blank(p, n))
        return 0;
    n -= p[n - 1] == '\r';
    struct ss_record *rec = begin(lines, feed, batch);
    return rec ? ss_record_read(batch, rec, p, n) : SS_ENOMEM;
}

static int add_too_long(struct ss_lines *lines, const struct ss_feed *feed, struct ss_batch *batch,
                        const char *p, size_t n)
{
    lines->line++;
    struct ss_record *rec = begin(lines, feed, batch);
    if (!rec)
        return SS_ENOMEM;
    rec->text = p;
    rec->len = (uint32_t)(n < feed->max_record ? n : feed->max_record);
    ss_record_reject(rec, "json", "line longer than --max-record");
    return 0;
}

int ss_lines_fill(struct ss_lines *lines, struct ss_feed *feed, struct ss_batch *batch, size_t max,
                  size_t *consumed)
{
    size_t at = 0;
    if (feed->new_input && feed->n) {
        *lines = (struct ss_lines){.records = lines->records};
        if (feed->n >= 3 && memcmp(feed->p, "\xef\xbb\xbf", 3) == 0)
            at = 3;
    }
    while (at < feed->n && batch->n < max) {
        const char *p = feed->p + at;
        size_t left = feed->n - at;
        const char *newline = memchr(p, '\n', left);
        size_t n = newline ? (size_t)(newline - p) : left;
        int err = 0;
        if (!newline && !feed->end_of_input && !(feed->full && at == 0) && !lines->skipping)
            break;
        if (lines->skipping)
            lines->skipping = !newline && !feed->end_of_input;
        else if (n > feed->max_record) {
            err = add_too_long(lines, feed, batch, p, n);
            lines->skipping = !newline && !feed->end_of_input;
        } else if (!newline && !feed->end_of_input) {
            break; /* the window is full of earlier lines, not of this one */
        } else
            err = add_line(lines, feed, batch, p, n);
        if (err < 0)
            return err;
        at += n + (newline != NULL);
    }
    *consumed = at;
    return 0;
}
