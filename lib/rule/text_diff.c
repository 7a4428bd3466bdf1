#include "rule/text_diff.h"
#include "base/err.h"
#include <stdint.h>
#include <stdlib.h>

struct side {
    struct ss_str *line;
    int n;
};

struct differ {
    struct side a, b;
    bool *gone, *come;    /* of each line of a and of b */
    int from, a_to, b_to; /* what lies between the common begin and end */
};

static int split(struct ss_str text, struct side *side)
{
    size_t n = 0, i = 0;
    for (size_t at = 0; at < text.n; at++)
        n += text.p[at] == '\n';
    side->line = malloc((n + 1) * sizeof *side->line);
    if (!side->line)
        return ss_fail(SS_ENOMEM, "out of memory for a comparison");
    while (text.n) {
        const char *end = memchr(text.p, '\n', text.n);
        size_t len = end ? (size_t)(end - text.p) : text.n;
        side->line[i++] = (struct ss_str){text.p, len};
        text.p += len + (end != NULL);
        text.n -= len + (end != NULL);
    }
    side->n = (int)i;
    return 0;
}

static bool same(const struct differ *d, int x, int y)
{
    return ss_str_eq(d->a.line[x], d->b.line[y]);
}

static void all_differ(struct differ *d)
{
    for (int x = d->from; x < d->a_to; x++)
        d->gone[x] = true;
    for (int y = d->from; y < d->b_to; y++)
        d->come[y] = true;
}

/* The furthest x on diagonal k with one edit more, from those with one less (`v`, centred). */
static int step(const int *v, int k, int edits)
{
    if (k == -edits || (k != edits && v[k - 1] < v[k + 1]))
        return v[k + 1];
    return v[k - 1] + 1;
}

/* Walks back through what each number of edits reached, and marks the edits. */
static void mark(struct differ *d, int *const *reached, int edits, int k)
{
    for (; edits > 0; edits--) {
        const int *v = reached[edits - 1] + edits; /* its centre */
        bool down = k == -edits || (k != edits && v[k - 1] < v[k + 1]);
        if (down)
            d->come[d->from + v[k + 1] - k - 1] = true;
        else
            d->gone[d->from + v[k - 1]] = true;
        k += down ? 1 : -1;
    }
}

static int compare(struct differ *d)
{
    int n = d->a_to - d->from, m = d->b_to - d->from;
    int most = n + m < SS_TEXT_DIFF_EDITS ? n + m : SS_TEXT_DIFF_EDITS, err = 0;
    int **reached = calloc((size_t)most + 1, sizeof *reached);
    if (!reached)
        return ss_fail(SS_ENOMEM, "out of memory for a comparison");
    bool done = false;
    for (int edits = 0; edits <= most && !done && !err; edits++) {
        /* v[-edits - 1 .. edits + 1], of which the outermost stand for the walls */
        int *row = malloc(((size_t)edits * 2 + 3) * sizeof *row);
        if (!row) {
            err = ss_fail(SS_ENOMEM, "out of memory for a comparison");
            break;
        }
        reached[edits] = row;
        int *v = row + edits + 1;
        v[-edits - 1] = v[edits + 1] = -1;
        for (int i = -edits; i <= edits; i++)
            v[i] = -1;
        for (int k = -edits; k <= edits && !done; k += 2) {
            int x = edits ? step(reached[edits - 1] + edits, k, edits) : 0, y = x - k;
            while (x < n && y < m && x >= 0 && y >= 0 && same(d, d->from + x, d->from + y))
                x++, y++;
            v[k] = x;
            done = x >= n && y >= m;
            if (done)
                mark(d, reached, edits, k);
        }
    }
    if (!done && !err)
        all_differ(d);
    for (int i = 0; i <= most; i++)
        free(reached[i]);
    free(reached);
    return err;
}

/* ---- printing ---- */

static void put_line(struct ss_buf *to, char sign, struct ss_str line)
{
    ss_buf_putc(to, sign);
    ss_buf_put(to, line.p, line.n);
    ss_buf_putc(to, '\n');
}

/* From (x, y) to where SS_TEXT_DIFF_CONTEXT equal lines follow the last edit; the next hunk is further. */
static void find_end(const struct differ *d, int x, int y, int *x_end, int *y_end)
{
    int equal = 0;
    *x_end = x;
    *y_end = y;
    while (x < d->a.n || y < d->b.n) {
        bool edit = (x < d->a.n && d->gone[x]) || (y < d->b.n && d->come[y]);
        if (x < d->a.n && d->gone[x])
            x++;
        else if (y < d->b.n && d->come[y])
            y++;
        else
            x++, y++;
        equal = edit ? 0 : equal + 1;
        if (equal <= SS_TEXT_DIFF_CONTEXT) {
            *x_end = x;
            *y_end = y;
        }
        if (equal > 2 * SS_TEXT_DIFF_CONTEXT)
            return;
    }
}

static void put_hunk(const struct differ *d, int x, int y, int x_end, int y_end, struct ss_buf *to)
{
    /* An empty side is said to begin at the line before it. */
    ss_buf_printf(to, "@@ -%d,%d +%d,%d @@\n", x_end > x ? x + 1 : x, x_end - x, y_end > y ? y + 1 : y,
                  y_end - y);
    while (x < x_end || y < y_end) {
        if (x < x_end && d->gone[x])
            put_line(to, '-', d->a.line[x++]);
        else if (y < y_end && d->come[y])
            put_line(to, '+', d->b.line[y++]);
        else {
            put_line(to, ' ', d->a.line[x++]);
            y++;
        }
    }
}

static void print(const struct differ *d, struct ss_buf *to)
{
    int x = 0, y = 0;
    while (x < d->a.n || y < d->b.n) {
        if (!(x < d->a.n && d->gone[x]) && !(y < d->b.n && d->come[y])) {
            x++, y++;
            continue;
        }
        int back = 0, x_end, y_end;
        while (back < SS_TEXT_DIFF_CONTEXT && x > back && y > back && !d->gone[x - back - 1] &&
               !d->come[y - back - 1])
            back++;
        find_end(d, x, y, &x_end, &y_end);
        put_hunk(d, x - back, y - back, x_end, y_end, to);
        x = x_end;
        y = y_end;
    }
}

int ss_text_diff(struct ss_str old, struct ss_str now, struct ss_buf *to)
{
    struct differ d = {.from = 0};
    int err = split(old, &d.a);
    err = err ? err : split(now, &d.b);
    if (!err) {
        d.gone = calloc((size_t)d.a.n + 1, sizeof *d.gone);
        d.come = calloc((size_t)d.b.n + 1, sizeof *d.come);
        if (!d.gone || !d.come)
            err = ss_fail(SS_ENOMEM, "out of memory for a comparison");
    }
    if (!err) {
        d.a_to = d.a.n;
        d.b_to = d.b.n;
        while (d.from < d.a_to && d.from < d.b_to && same(&d, d.from, d.from))
            d.from++;
        while (d.a_to > d.from && d.b_to > d.from && same(&d, d.a_to - 1, d.b_to - 1))
            d.a_to--, d.b_to--;
        err = compare(&d);
    }
    if (!err)
        print(&d, to);
    free(d.a.line);
    free(d.b.line);
    free(d.gone);
    free(d.come);
    return err ? err : ss_buf_check(to);
}
