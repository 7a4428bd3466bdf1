#include "csv/reference.h"
#include "base/err.h"
#include <csv.h>

static int no_blank(unsigned char c)
{
    (void)c;
    return 0; /* RFC 4180: blanks are part of a field */
}

static int line_end(unsigned char c)
{
    return c == '\n' || c == '\r';
}

static void on_field(void *p, size_t n, void *arg)
{
    const struct ss_csv_events *events = arg;
    events->field(events->arg, p ? p : "", n);
}

static void on_row(int c, void *arg)
{
    const struct ss_csv_events *events = arg;
    (void)c;
    events->row(events->arg);
}

int ss_csv_reference(const char *text, size_t n, char delim, const struct ss_csv_events *events)
{
    struct csv_parser parser;
    struct ss_csv_events copy = *events;
    if (csv_init(&parser, CSV_STRICT | CSV_STRICT_FINI) != 0)
        return ss_fail(SS_ENOMEM, "out of memory for libcsv");
    csv_set_delim(&parser, (unsigned char)delim);
    csv_set_space_func(&parser, no_blank);
    csv_set_term_func(&parser, line_end);
    int err = 0;
    if (csv_parse(&parser, text, n, on_field, on_row, &copy) != n ||
        csv_fini(&parser, on_field, on_row, &copy) != 0)
        err = ss_fail(SS_EDATA, "libcsv: %s", csv_strerror(csv_error(&parser)));
    csv_free(&parser);
    return err;
}
