#include "flow/input.h"
#include "base/clock.h"
#include "base/err.h"
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

/* One read's worth: five times fewer system calls than 64 KiB, and still within the second-level cache. */
#define READ_BYTES ((size_t)256 * 1024)
/* A read that gives so much found what had piled up: some hundred records, or half a pipe. */
#define DEEP_BYTES ((size_t)32 * 1024)

static const char *const standard_input[] = {"-"};

static int open_next(struct ss_input *in)
{
    int err = ss_source_open(in->uris[in->at], &in->src);
    if (err < 0)
        return err;
    in->names[in->at] = strdup(in->src->name);
    if (!in->names[in->at])
        return ss_fail(SS_ENOMEM, "out of memory");
    in->ended = false;
    in->feed.name = in->names[in->at];
    in->feed.source = (uint32_t)in->at;
    in->feed.new_input = true;
    in->feed.end_of_input = false;
    in->feed.end_of_all = false;
    return 0;
}

int ss_input_init(struct ss_input *in, const char *const *uris, int n, size_t max_record, bool measure)
{
    *in = (struct ss_input){.uris = uris, .n = n, .measure = measure};
    if (!uris)
        return 0; /* a run without input */
    if (n == 0) {
        in->uris = standard_input;
        in->n = 1;
    }
    in->feed.max_record = max_record;
    in->limit = max_record + 4096 > READ_BYTES ? max_record + 4096 : READ_BYTES;
    in->cap = READ_BYTES;
    in->window = malloc(in->cap + SS_JSON_PADDING);
    in->names = calloc((size_t)in->n, sizeof *in->names);
    if (!in->window || !in->names)
        return ss_fail(SS_ENOMEM, "out of memory for the input");
    in->feed.p = in->window;
    return open_next(in);
}

void ss_input_free(struct ss_input *in)
{
    ss_source_close(in->src);
    for (int i = 0; in->names && i < in->n; i++)
        free(in->names[i]);
    free(in->names);
    free(in->window);
    *in = (struct ss_input){0};
}

/* Makes room behind the bytes that are left: moves them to the front, then grows up to the limit. */
static int make_room(struct ss_input *in)
{
    struct ss_feed *feed = &in->feed;
    if (feed->n && in->start)
        memmove(in->window, feed->p, feed->n);
    in->start = 0;
    if (in->cap - feed->n < in->cap / 2 && in->cap < in->limit) {
        size_t cap = in->cap * 2 < in->limit ? in->cap * 2 : in->limit;
        char *window = realloc(in->window, cap + SS_JSON_PADDING);
        if (!window)
            return ss_fail(SS_ENOMEM, "out of memory for an input of %zu bytes a record", cap);
        in->window = window;
        in->cap = cap;
    }
    feed->p = in->window;
    return 0;
}

/* The last one stays open: its position is committed when the stages have finished. */
static int next_input(struct ss_input *in)
{
    if (in->at + 1 >= in->n) {
        in->all_read = true;
        return 0;
    }
    in->taken_before += in->src->taken_bytes;
    ss_source_close(in->src);
    in->src = NULL;
    in->at++;
    int err = open_next(in);
    return err < 0 ? err : 1;
}

int ss_input_more(struct ss_input *in)
{
    struct ss_feed *feed = &in->feed;
    if (!in->src || in->all_read)
        return 0;
    if (in->ended) {
        feed->n = 0; /* what no stage took of the end of an input is nobody's */
        int more = next_input(in);
        if (more <= 0)
            return more;
    }
    int err = make_room(in);
    if (err < 0)
        return err;
    size_t room = in->cap - feed->n;
    feed->full = room == 0;
    if (feed->full)
        return 1;
    ssize_t n = ss_source_read(in->src, in->window + feed->n, room);
    if (n < 0)
        return (int)n;
    if (in->measure)
        feed->arrived_ns = ss_clock_mono_ns();
    in->last_read = (size_t)n;
    feed->n += in->last_read;
    memset(in->window + feed->n, 0, SS_JSON_PADDING);
    if (n == 0) {
        in->ended = feed->end_of_input = true;
        feed->end_of_all = in->at + 1 == in->n;
    }
    return 1;
}

bool ss_input_is_ready(const struct ss_input *in)
{
    return in->src && !in->ended && in->src->ops->ready && in->src->ops->ready(in->src);
}

bool ss_input_is_deep(const struct ss_input *in)
{
    return in->last_read >= DEEP_BYTES && ss_input_is_ready(in);
}

void ss_input_consume(struct ss_input *in, size_t bytes)
{
    if (!bytes)
        return;
    in->start += bytes;
    in->feed.p += bytes;
    in->feed.n -= bytes;
    in->feed.new_input = false;
    in->feed.full = false;
    if (in->src->ops->consumed)
        in->src->ops->consumed(in->src, bytes);
}

const struct ss_origin *ss_input_origin(const struct ss_input *in, const struct ss_record *rec)
{
    if (!in->src || !in->src->ops->origin || rec->source != (uint32_t)in->at)
        return NULL;
    return in->src->ops->origin(in->src, rec->line);
}

const char *ss_input_name(const struct ss_input *in, uint32_t source)
{
    return in->names && source < (uint32_t)in->n && in->names[source] ? in->names[source] : "stdin";
}

int64_t ss_input_taken(const struct ss_input *in)
{
    return in->taken_before + (in->src ? in->src->taken_bytes : 0);
}

int64_t ss_input_total(const struct ss_input *in)
{
    int64_t total = 0;
    for (int i = 0; i < in->n; i++) {
        struct stat stat_;
        bool standard = strcmp(in->uris[i], "-") == 0;
        if ((standard ? fstat(STDIN_FILENO, &stat_) : stat(in->uris[i], &stat_)) < 0 ||
            !S_ISREG(stat_.st_mode))
            return -1;
        total += stat_.st_size;
    }
    return total;
}
