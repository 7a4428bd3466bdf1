#include "csv/scan.h"
#include "base/err.h"
#include <stdlib.h>
#include <string.h>
#ifdef __SSE2__
#include <immintrin.h>
#endif

/* How far the index runs ahead: small enough to stay in the first-level cache beside the rows. */
#define INDEX_STEP 4096
#define BLOCK      64

void ss_csv_init(struct ss_csv *csv, char delim, size_t max_row, uint64_t line)
{
    uint32_t *pos = csv->pos;
    size_t cap = csv->pos_cap;
    *csv = (struct ss_csv){.delim = delim, .max_row = max_row, .line = line, .pos = pos, .pos_cap = cap};
}

void ss_csv_free(struct ss_csv *csv)
{
    free(csv->pos);
    *csv = (struct ss_csv){0};
}

void ss_csv_window(struct ss_csv *csv, const char *p, size_t n, bool last, bool full)
{
    if (n > INT32_MAX) { /* positions and lengths are 31 bits: the rest is for the next window */
        n = INT32_MAX;
        last = false;
        full = true;
    }
    csv->p = p;
    csv->n = n;
    csv->at = csv->next = csv->pos_n = csv->indexed = 0;
    csv->last = last;
    csv->full = full;
}

#ifdef __SSE2__
static inline uint64_t specials_in(const char *p, char delim)
{
    const __m128i d = _mm_set1_epi8(delim), q = _mm_set1_epi8('"'), l = _mm_set1_epi8('\n');
    uint64_t bits = 0;
    for (int i = 0; i < 4; i++) {
        __m128i x = _mm_loadu_si128((const __m128i *)(const void *)(p + 16 * i));
        __m128i hit =
            _mm_or_si128(_mm_or_si128(_mm_cmpeq_epi8(x, d), _mm_cmpeq_epi8(x, q)), _mm_cmpeq_epi8(x, l));
        bits |= (uint64_t)(uint16_t)_mm_movemask_epi8(hit) << (16 * i);
    }
    return bits;
}
#else
static inline uint64_t specials_in(const char *p, char delim)
{
    uint64_t bits = 0;
    for (int i = 0; i < BLOCK; i++)
        bits |= (uint64_t)(p[i] == delim || p[i] == '"' || p[i] == '\n') << i;
    return bits;
}
#endif

static int grow(struct ss_csv *csv)
{
    size_t cap = csv->pos_cap ? csv->pos_cap * 2 : 4 * INDEX_STEP;
    uint32_t *pos = realloc(csv->pos, cap * sizeof *pos);
    if (!pos)
        return ss_fail(SS_ENOMEM, "out of memory for the index of %zu bytes", csv->n);
    csv->pos = pos;
    csv->pos_cap = cap;
    return 0;
}

/* Indexes another step; 0 when the window has no more bytes, 1 when it had. */
static int index_more(struct ss_csv *csv)
{
    if (csv->indexed >= csv->n)
        return 0;
    while (csv->pos_cap - csv->pos_n < INDEX_STEP + BLOCK)
        if (grow(csv) < 0)
            return SS_ENOMEM;
    size_t end = csv->n - csv->indexed > INDEX_STEP ? csv->indexed + INDEX_STEP : csv->n;
    uint32_t *out = csv->pos + csv->pos_n;
    for (size_t at = csv->indexed; at < end; at += BLOCK) {
        uint64_t bits = specials_in(csv->p + at, csv->delim);
        if (end - at < BLOCK)
            bits &= ((uint64_t)1 << (end - at)) - 1;
        for (; bits; bits &= bits - 1)
            *out++ = (uint32_t)at + (uint32_t)__builtin_ctzll(bits);
    }
    csv->pos_n = (size_t)(out - csv->pos);
    csv->indexed = end;
    return 1;
}

/* The next position into *at: 1, 0 when there is none in this window, or an error. */
static inline int next_special(struct ss_csv *csv, uint32_t *at)
{
    while (SS_UNLIKELY(csv->next == csv->pos_n)) {
        int r = index_more(csv);
        if (r <= 0)
            return r;
    }
    *at = csv->pos[csv->next++];
    return 1;
}

/* The row that begins at csv->at is not whole: may the window still bring the rest of it? */
static bool may_grow(const struct ss_csv *csv)
{
    return !csv->last && !(csv->full && csv->at == 0) && csv->n - csv->at <= csv->max_row + 1;
}

/* Ends the window's work; what is left of it is for the next one. */
static int want_more(struct ss_csv *csv, size_t first)
{
    csv->next = first;
    return SS_CSV_MORE;
}

/* Gives up the row's first line, whose positions begin at `first`, and goes on behind it. */
static int give_up(struct ss_csv *csv, size_t first, struct ss_csv_row *row)
{
    uint32_t at = 0;
    int r;
    csv->next = first;
    while ((r = next_special(csv, &at)) > 0 && csv->p[at] != '\n')
        ;
    if (r < 0)
        return r;
    if (!r && may_grow(csv))
        return want_more(csv, first);
    size_t end = r ? at : csv->n;
    *row = (struct ss_csv_row){.at = csv->at, .len = end - csv->at, .line = csv->line, .lines = 1};
    csv->skipping = !r && !csv->last;
    csv->line += (uint64_t)r;
    csv->at = end + (size_t)r;
    if (row->len > csv->max_row || csv->skipping) {
        if (row->len > csv->max_row)
            row->len = csv->max_row;
        return SS_CSV_TOO_LONG;
    }
    return SS_CSV_BROKEN;
}

enum quote { QUOTE_BROKEN, QUOTE_CLOSED, QUOTE_MORE };

/* Behind an opening quote: finds the closing one. An enum quote, or an error. */
static int close_quote(struct ss_csv *csv, uint64_t *lines, bool *doubled, uint32_t *close)
{
    const char *p = csv->p;
    uint32_t q, again;
    for (;;) {
        int r = next_special(csv, &q);
        if (r <= 0)
            return r < 0 ? r : csv->last ? QUOTE_BROKEN : QUOTE_MORE;
        if (q - csv->at > csv->max_row)
            return QUOTE_BROKEN;
        if (p[q] != '"') {
            *lines += p[q] == '\n';
            continue;
        }
        *close = q;
        if (q + 1 == csv->n)
            return csv->last ? QUOTE_CLOSED : QUOTE_MORE;
        if (p[q + 1] == '"') {
            *doubled = true;
            if ((r = next_special(csv, &again)) < 0)
                return r;
            continue;
        }
        if (p[q + 1] == csv->delim || p[q + 1] == '\n')
            return QUOTE_CLOSED;
        if (p[q + 1] == '\r' && q + 2 == csv->n)
            return csv->last ? QUOTE_CLOSED : QUOTE_MORE;
        return p[q + 1] == '\r' && p[q + 2] == '\n' ? QUOTE_CLOSED : QUOTE_BROKEN;
    }
}

static int skip_line(struct ss_csv *csv)
{
    const char *lf = memchr(csv->p + csv->at, '\n', csv->n - csv->at);
    csv->at = lf ? (size_t)(lf - csv->p) + 1 : csv->n;
    csv->line += lf != NULL;
    csv->skipping = !lf && !csv->last;
    csv->indexed = csv->at; /* nothing of the window has been indexed yet */
    return lf != NULL;
}

/* A field and what ended it. */
struct field {
    struct ss_csv_cell cell;
    uint32_t end; /* position of the delimiter or line end behind it; csv->n at the end of the input */
    bool last;    /* of its row */
};

/* Walks to the end of the field at `start`. SS_CSV_ROW, SS_CSV_MORE, SS_CSV_BROKEN (to be given up), error.
 */
static inline int walk_field(struct ss_csv *csv, uint32_t start, uint64_t *lines, struct field *f)
{
    uint32_t at = 0, close;
    bool doubled = false, quoted = false;
    int r;
    for (;;) {
        r = next_special(csv, &at);
        if (SS_UNLIKELY(r <= 0)) {
            if (r < 0 || !csv->last)
                return r < 0 ? r : SS_CSV_MORE;
            at = (uint32_t)csv->n;
            break;
        }
        if (SS_LIKELY(csv->p[at] != '"'))
            break;
        if (at != start || quoted) /* a quote inside a plain field is an ordinary byte */
            continue;
        r = close_quote(csv, lines, &doubled, &close);
        if (r != QUOTE_CLOSED)
            return r < 0 ? r : r == QUOTE_MORE ? SS_CSV_MORE : SS_CSV_BROKEN;
        quoted = true;
    }
    f->end = at;
    f->last = at == csv->n || csv->p[at] == '\n';
    if (SS_UNLIKELY(quoted)) {
        f->cell = (struct ss_csv_cell){start + 1, (close - start - 1) & INT32_MAX, doubled};
        return SS_CSV_ROW;
    }
    uint32_t end = at - (f->last && at > start && csv->p[at - 1] == '\r');
    f->cell = (struct ss_csv_cell){start, (end - start) & INT32_MAX, 0};
    return SS_CSV_ROW;
}

/*
 * Most rows: no quotes, and all of it indexed. True with the position of the line feed in *lf; otherwise
 * nothing has happened, and the general walk begins anew.
 */
static inline bool walk_plain(struct ss_csv *csv, struct ss_csv_cell *cell, size_t room, size_t *cells,
                              uint32_t *lf)
{
    const char *p = csv->p;
    uint32_t start = (uint32_t)csv->at;
    size_t n = 0;
    if (csv->next == csv->pos_n)
        return false;
    for (const uint32_t *pos = csv->pos + csv->next, *end = csv->pos + csv->pos_n; pos < end; pos++) {
        uint32_t at = *pos;
        if (SS_UNLIKELY(n == room || p[at] == '"'))
            return false;
        cell[n++] = (struct ss_csv_cell){start, (at - start) & INT32_MAX, 0};
        if (SS_UNLIKELY(p[at] == '\n')) {
            cell[n - 1].len -= at > start && p[at - 1] == '\r';
            csv->next = (size_t)(pos + 1 - csv->pos);
            *cells = n;
            *lf = at;
            return true;
        }
        start = at + 1;
    }
    return false;
}

int ss_csv_next(struct ss_csv *csv, struct ss_csv_cell *cell, size_t room, struct ss_csv_row *row)
{
    if (SS_UNLIKELY(csv->skipping) && !skip_line(csv))
        return csv->last ? SS_CSV_END : SS_CSV_MORE;
again:
    if (csv->at >= csv->n)
        return csv->last ? SS_CSV_END : SS_CSV_MORE;
    size_t first = csv->next, n = 0;
    uint64_t lines = 0;
    uint32_t start = (uint32_t)csv->at;
    struct field f = {0}; /* for compilers that cannot see that walk_field fills it */
    if (SS_LIKELY(walk_plain(csv, cell, room, &n, &f.end)))
        goto walked;
    do {
        int r = walk_field(csv, start, &lines, &f);
        if (SS_UNLIKELY(r != SS_CSV_ROW)) {
            if (r == SS_CSV_MORE && may_grow(csv))
                return want_more(csv, first);
            return r < 0 ? r : give_up(csv, first, row);
        }
        if (n < room)
            cell[n] = f.cell;
        n++;
        start = f.end + 1;
    } while (!f.last);
walked:;
    size_t end = f.end;
    bool lf = end < csv->n;
    if (end > csv->at && csv->p[end - 1] == '\r')
        end--;
    if (SS_UNLIKELY(end == csv->at)) { /* an empty line */
        csv->line += lf;
        csv->at = f.end + lf;
        goto again;
    }
    if (SS_UNLIKELY(end - csv->at > csv->max_row))
        return give_up(csv, first, row);
    *row = (struct ss_csv_row){csv->at, end - csv->at, csv->line, n, lines + 1};
    csv->row_first = first;
    csv->line += lines + lf;
    csv->at = f.end + lf;
    return SS_CSV_ROW;
}

int ss_csv_give_up(struct ss_csv *csv, struct ss_csv_row *row)
{
    csv->at = row->at;
    csv->line = row->line;
    return give_up(csv, csv->row_first, row);
}

size_t ss_csv_unquote(const char *p, size_t n, char *out)
{
    size_t len = 0;
    for (size_t i = 0; i < n; i++) {
        out[len++] = p[i];
        i += p[i] == '"' && i + 1 < n && p[i + 1] == '"';
    }
    return len;
}

char ss_csv_sniff(const char *header, size_t n)
{
    static const char candidates[] = {',', ';', '\t', '|'};
    size_t count[sizeof candidates] = {0}, best = 0;
    bool quoted = false;
    for (size_t i = 0; i < n; i++) {
        quoted ^= header[i] == '"';
        for (size_t k = 0; k < sizeof candidates && !quoted; k++)
            count[k] += header[i] == candidates[k];
    }
    for (size_t k = 1; k < sizeof candidates; k++)
        if (count[k] > count[best])
            best = k;
    return candidates[best];
}
