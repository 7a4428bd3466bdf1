/*
 * CSV and TSV rows (RFC 4180) out of a window of bytes that slides over an input.
 *
 * Two steps. The first finds every delimiter, quote and line feed, 64 bytes at a time and without regard to
 * quoting; the second walks those positions. Since the first has no state, a broken quote costs one row: the
 * walk goes back to the line behind the row's first line and the positions are still true. (libcsv 3.0.3, the
 * reference for well-formed input, would take the rest of the file for one field.)
 *
 * What counts: rows end with LF or CRLF; the last may lack it. A field that begins with a quote ends with
 * one, and a doubled quote in it is a quote; quotes inside other fields are ordinary bytes, and so are
 * blanks. Empty lines are no rows. A quoted field is broken when text follows its closing quote, or when none
 * comes within `max_row` bytes or before the end. How the input is cut into windows changes no row.
 */
#ifndef SS_CSV_SCAN_H
#define SS_CSV_SCAN_H

#include "base/attr.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Readable bytes that must lie behind every window; their values do not matter. */
#define SS_CSV_PADDING 64

/* A field, as offsets into the window, without its quotes. */
struct ss_csv_cell {
    uint32_t at;
    uint32_t len : 31;
    uint32_t doubled : 1; /* it holds doubled quotes: see ss_csv_unquote */
};

struct ss_csv_row {
    size_t at, len; /* the row's bytes in the window, without its line end; of a broken row, its first line */
    uint64_t line;  /* where it begins, first = 1 */
    size_t cells;   /* how many fields it has; at most the caller's room of them are stored */
    uint64_t lines; /* how many lines it takes */
};

enum ss_csv_found {
    SS_CSV_END,     /* no more rows, nor bytes, in this window; at the end of the input, in the input */
    SS_CSV_MORE,    /* the next row is not whole: slide the window and add bytes */
    SS_CSV_ROW,     /* a row */
    SS_CSV_BROKEN,  /* a quoted field left open, or followed by text: the row's first line is given up */
    SS_CSV_TOO_LONG /* a line of more than max_row bytes is given up */
};

struct ss_csv {
    const char *p;
    size_t n, at; /* the window, and how much of it has been consumed */
    size_t max_row;
    uint64_t line;
    uint32_t *pos; /* of delimiters, quotes and line feeds in p[0..indexed) */
    size_t pos_n, pos_cap, next, indexed;
    size_t row_first; /* the first position of the last row */
    char delim;
    bool last;     /* the window's end is the input's end */
    bool full;     /* the window cannot grow */
    bool skipping; /* inside a line that was given up */
};

/* `delim` is neither quote nor line end. `line` is the number of the first line. */
void ss_csv_init(struct ss_csv *csv, char delim, size_t max_row, uint64_t line);
void ss_csv_free(struct ss_csv *csv);
/* The next window: begins where the last one said its `at` was. `full`: it cannot be made larger. */
void ss_csv_window(struct ss_csv *csv, const char *p, size_t n, bool last, bool full);
/*
 * The next row, its fields in `cell` (room for `room`). Returns an enum ss_csv_found, or SS_ENOMEM. After
 * SS_CSV_MORE and SS_CSV_END `csv->at` bytes of the window are done with.
 */
int ss_csv_next(struct ss_csv *csv, struct ss_csv_cell *cell, size_t room,
                struct ss_csv_row *row) SS_MUST_CHECK;

/*
 * For a caller that sees that the row which ss_csv_next has just returned cannot be one (it spans lines and
 * has a wrong number of fields, so its quotes may be two broken ones): reading goes on behind its first line.
 * Returns SS_CSV_BROKEN and that line in *row.
 */
int ss_csv_give_up(struct ss_csv *csv, struct ss_csv_row *row) SS_MUST_CHECK;

/* The text of a `doubled` field, which is shorter than the field: writes to `out`, returns the length. */
size_t ss_csv_unquote(const char *p, size_t n, char *out);

/* The delimiter of a header line, the most frequent of , ; tab and | outside quotes; ',' if none is there. */
char ss_csv_sniff(const char *header, size_t n);

#endif
