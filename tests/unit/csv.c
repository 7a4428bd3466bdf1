/* The CSV scanner: by hand, in every chunking, and against libcsv on random well-formed files. */
#include "tests/tap.h"
#include "base/buf.h"
#include "base/rng.h"
#include "csv/reference.h"
#include "csv/scan.h"

#define ROOM 64

struct rows {
    struct ss_buf text; /* fields end with 0x1f, rows with 0x1e; broken lines are <...>, long ones {...} */
};

static void on_field(void *arg, const char *p, size_t n)
{
    struct ss_buf *buf = arg;
    ss_buf_put(buf, p, n);
    ss_buf_putc(buf, 0x1f);
}

static void on_row(void *arg)
{
    ss_buf_putc(arg, 0x1e);
}

static void put_cell(struct ss_buf *out, const char *p, struct ss_csv_cell cell)
{
    char text[4096];
    size_t n = cell.len;
    if (cell.doubled)
        n = ss_csv_unquote(p + cell.at, cell.len, text);
    on_field(out, cell.doubled ? text : p + cell.at, n);
}

static void put_found(struct ss_buf *out, const char *p, int found, const struct ss_csv_row *row,
                      const struct ss_csv_cell *cell, bool lines)
{
    if (lines)
        ss_buf_printf(out, "%llu:", (unsigned long long)row->line);
    if (found == SS_CSV_ROW) {
        for (size_t i = 0; i < row->cells && i < ROOM; i++)
            put_cell(out, p, cell[i]);
        on_row(out);
        return;
    }
    ss_buf_putc(out, found == SS_CSV_BROKEN ? '<' : '{');
    ss_buf_put(out, p + row->at, row->len);
    ss_buf_putc(out, found == SS_CSV_BROKEN ? '>' : '}');
}

/* Slides a window over `text` that grows by `step` bytes at a time, each in a block of exactly its size. */
static void scan(const char *text, size_t n, char delim, size_t max_row, size_t step, bool lines,
                 struct ss_buf *out)
{
    struct ss_csv csv = {0};
    size_t from = 0, to = 0, cap = max_row + 2 > step ? max_row + 2 : step;
    ss_csv_init(&csv, delim, max_row, 1);
    ss_buf_reset(out);
    for (;;) {
        to = n - to < step ? n : to + step;
        if (to - from > cap)
            to = from + cap;
        char *window = calloc(1, to - from + SS_CSV_PADDING);
        memcpy(window, text + from, to - from);
        memset(window + (to - from), '"', SS_CSV_PADDING);
        ss_csv_window(&csv, window, to - from, to == n, to - from == cap);
        struct ss_csv_cell cell[ROOM];
        struct ss_csv_row row;
        int found;
        while ((found = ss_csv_next(&csv, cell, ROOM, &row)) > SS_CSV_MORE)
            put_found(out, window, found, &row, cell, lines);
        from += csv.at;
        free(window);
        if (found == SS_CSV_END || found < 0)
            break;
    }
    ss_csv_free(&csv);
}

static void check(const char *text, size_t max_row, const char *want, const char *what)
{
    struct ss_buf out;
    ss_buf_init(&out, 1 << 20);
    size_t n = strlen(text);
    bool same = true;
    for (size_t step = n ? n : 1; step > 0 && same; step--) {
        scan(text, n, ',', max_row, step, true, &out);
        for (size_t i = 0; i < out.n; i++)
            out.p[i] = (char)(out.p[i] == 0x1f ? '|' : out.p[i] == 0x1e ? '\\' : out.p[i]);
        same = out.n == strlen(want) && memcmp(out.p ? out.p : "", want, out.n) == 0;
        if (!same)
            printf("# in steps of %zu got: %.*s\n#             want: %s\n", step, (int)out.n, out.p, want);
    }
    ok(same, "%s, in every chunking", what);
    ss_buf_free(&out);
}

static void by_hand(void)
{
    check("a,b\n1,2\n", 99, "1:a|b|\\2:1|2|\\", "plain rows");
    check("a,b\r\n1,2", 99, "1:a|b|\\2:1|2|\\", "CRLF, and a last line without an end");
    check("a,b\r\n1,2\r", 99, "1:a|b|\\2:1|2|\\", "a carriage return at the very end");
    check("\n\r\na\n\nb\n", 99, "3:a|\\5:b|\\", "empty lines are no rows, but count");
    check("a,\n,\n", 99, "1:a||\\2:||\\", "empty fields");
    check("\"a,b\",\"c\nd\",\"e\"\"f\"\n2\n", 99, "1:a,b|c\nd|e\"f|\\3:2|\\",
          "quoted delimiter, line end and quote");
    check("\"\"\n\"\"\"\"\r\n", 99, "1:|\\2:\"|\\", "an empty quoted field, and one that is a quote");
    check("a\"b,c\"\n", 99, "1:a\"b|c\"|\\", "quotes inside a plain field are bytes");
    check("a\rb\n", 99, "1:a\rb|\\", "a carriage return alone is a byte");
    check("1,\"x\n2,b\n3,\"c\"\n", 99, "1:<1,\"x>2:2|b|\\3:3|c|\\", "a field left open costs its line");
    check("1,\"x\n2,b\n3,c\n", 99, "1:<1,\"x>2:2|b|\\3:3|c|\\", "also when no other quote follows");
    check("1,\"x\" y\n2,b\n", 99, "1:<1,\"x\" y>2:2|b|\\", "text behind a closing quote");
    check("1,\"x\n", 99, "1:<1,\"x>", "a field left open in the last line");
    check("1,\"x", 99, "1:<1,\"x>", "and without a line end");
    check("1,\"x\n2\n3\n4\"\n5\n", 8, "1:<1,\"x>2:2|\\3:3|\\4:4\"|\\5:5|\\",
          "a quoted field longer than a row may be");
    check("aaaaaaaaaaaaaaaaaaaa\nb\n", 8, "1:{aaaaaaaa}2:b|\\", "a line that is too long");
    check("aaaaaaaa\r\nb\n", 8, "1:aaaaaaaa|\\2:b|\\", "a line as long as it may be");
    check("\"aaaaaaaaaaaaaaaaaaaaaaaaaaa\n\"\nb\n", 8, "1:{\"aaaaaaa}2:<\">3:b|\\",
          "a quote in a line too long");
    check("", 8, "", "nothing");
}

static void random_cell(struct ss_rng *rng, struct ss_buf *text, char delim)
{
    static const char bytes[] = "ab01.- \t,;|\r\n\"\xc3\xa9";
    bool quoted = ss_rng_below(rng, 4) == 0;
    size_t n = ss_rng_below(rng, 8) == 0 ? ss_rng_below(rng, 100) : ss_rng_below(rng, 6);
    if (quoted)
        ss_buf_putc(text, '"');
    for (size_t i = 0; i < n; i++) {
        char c = bytes[ss_rng_below(rng, sizeof bytes - 1)];
        if (!quoted && (c == '"' || c == '\n' || c == '\r' || c == delim))
            c = 'x';
        ss_buf_putc(text, c);
        if (c == '"')
            ss_buf_putc(text, c);
    }
    if (quoted)
        ss_buf_putc(text, '"');
}

static void random_file(struct ss_rng *rng, struct ss_buf *text, char delim)
{
    size_t rows = ss_rng_below(rng, 30), columns = 1 + ss_rng_below(rng, 12);
    bool crlf = ss_rng_below(rng, 2);
    ss_buf_reset(text);
    for (size_t r = 0; r < rows; r++) {
        for (size_t c = 0; c < columns; c++) {
            random_cell(rng, text, delim);
            if (c + 1 < columns)
                ss_buf_putc(text, delim);
        }
        if (r + 1 < rows || ss_rng_below(rng, 2))
            ss_buf_puts(text, crlf ? "\r\n" : "\n");
    }
}

static void against_libcsv(void)
{
    static const char delims[] = {',', ';', '\t', '|'};
    struct ss_buf text, want, got;
    struct ss_rng rng;
    ss_rng_seed(&rng, 1);
    ss_buf_init(&text, 1 << 20);
    ss_buf_init(&want, 1 << 20);
    ss_buf_init(&got, 1 << 20);
    int files = 0, refused = 0;
    bool same = true;
    for (; files < 3000 && same; files++) {
        char delim = delims[ss_rng_below(&rng, sizeof delims)];
        random_file(&rng, &text, delim);
        ss_buf_reset(&want);
        struct ss_csv_events events = {on_field, on_row, &want};
        if (ss_csv_reference(text.p ? text.p : "", text.n, delim, &events) < 0) {
            refused++;
            continue;
        }
        size_t step = 1 + ss_rng_below(&rng, files % 2 ? text.n + 1 : 40);
        scan(text.p ? text.p : "", text.n, delim, 1 << 20, step, false, &got);
        same = got.n == want.n && (got.n == 0 || memcmp(got.p, want.p, got.n) == 0);
    }
    ok(same, "%d random well-formed files give what libcsv gives", files);
    if (!same)
        printf("# file: %.*s\n# libcsv: %.*s\n# ours: %.*s\n", (int)text.n, text.p, (int)want.n, want.p,
               (int)got.n, got.p);
    ok(refused == 0, "libcsv in strict mode finds them well formed (refused %d)", refused);
    ss_buf_free(&text);
    ss_buf_free(&want);
    ss_buf_free(&got);
}

static void giving_up(void)
{
    const char text[] = "1,\"a\n2,b\n3\",c,d\n4,e\n";
    char padded[sizeof text + SS_CSV_PADDING] = {0};
    memcpy(padded, text, sizeof text);
    struct ss_csv csv = {0};
    struct ss_csv_cell cell[4];
    struct ss_csv_row row;
    ss_csv_init(&csv, ',', 99, 1);
    ss_csv_window(&csv, padded, sizeof text - 1, true, true);
    ok(ss_csv_next(&csv, cell, 4, &row) == SS_CSV_ROW && row.cells == 4 && row.lines == 3,
       "three lines, one row");
    ok(ss_csv_give_up(&csv, &row) == SS_CSV_BROKEN && row.len == 4, "it can be given up");
    ok(ss_csv_next(&csv, cell, 4, &row) == SS_CSV_ROW && row.line == 2 && row.cells == 2,
       "reading goes on behind its first line");
    ss_csv_free(&csv);
}

int main(void)
{
    by_hand();
    giving_up();
    against_libcsv();
    ok(ss_csv_sniff("a;b;c,d", 7) == ';' && ss_csv_sniff("\"a;b;c\",d", 9) == ',' &&
           ss_csv_sniff("a", 1) == ',',
       "the delimiter is the most frequent one outside quotes");
    return done();
}
