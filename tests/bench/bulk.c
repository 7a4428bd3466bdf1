/*
 * What ss_db_insert costs: bulk URI FILE.tsv ROWS, a commit each ROWS rows; without arguments nothing. The
 * table `bench` is there already, and has the columns of the file in their order behind one that numbers the
 * rows.
 */
#include "base/err.h"
#include "base/number.h"
#include "store/db.h"
#include <stdio.h>
#include <stdlib.h>

#define COLUMNS  15
#define ROWS_MAX 100000

static const char *const names[COLUMNS] = {"txn_id",    "time_us", "user_id", "card_id",  "merchant_id",
                                           "device_id", "ip",      "country", "category", "channel",
                                           "amount",    "score",   "level",   "action",   "record"};
#define T SS_ARG_TEXT
#define I SS_ARG_INT
static const enum ss_arg_type types[COLUMNS] = {T, I, T, T, T, T, T, T, T, T, I, SS_ARG_REAL, I, I, T};
static const struct ss_bulk bulk = {
    .table = "bench", .key = "txn_id", .column = names, .type = types, .columns = COLUMNS};

static void must(int err, const char *what)
{
    if (err >= 0)
        return;
    fprintf(stderr, "%s: %s\n", what, ss_err_text());
    exit(1);
}

static bool parse(char *line, size_t n, struct ss_arg *row)
{
    bool good = true;
    for (int i = 0; i < COLUMNS; i++) {
        char *end = memchr(line, i + 1 < COLUMNS ? '\t' : '\n', n);
        if (!end)
            return false;
        struct ss_str s = {line, (size_t)(end - line)};
        row[i] = ss_arg_text(s);
        row[i].type = types[i];
        if (types[i] == SS_ARG_INT)
            good &= ss_int_parse(s.p, s.n, &row[i].i);
        else if (types[i] == SS_ARG_REAL)
            good &= ss_double_parse(s.p, s.n, &row[i].r);
        n -= s.n + 1;
        line = end + 1;
    }
    return good;
}

int main(int argc, char **argv)
{
    static char *line[ROWS_MAX];
    static size_t cap[ROWS_MAX];
    static struct ss_arg args[ROWS_MAX][COLUMNS];
    static bool fresh[ROWS_MAX];
    int64_t rows;
    if (argc < 4)
        return 0;
    if (!ss_int_parse(argv[3], strlen(argv[3]), &rows) || rows < 1 || rows > ROWS_MAX)
        return 64;
    struct ss_db *db;
    must(ss_db_open(argv[1], NULL, &db), "open");
    FILE *f = fopen(argv[2], "r");
    int64_t n = f ? rows : 0, went_in = 0;
    while (n == rows) {
        ssize_t len;
        for (n = 0; n < rows && (len = getline(&line[n], &cap[n], f)) > 0; n++)
            must(parse(line[n], (size_t)len, args[n]) ? 0 : SS_EDATA, "read");
        must(ss_db_begin(db, true), "begin");
        must(ss_db_insert(db, &bulk, args[0], (size_t)n, fresh), "insert");
        must(ss_db_commit(db), "commit");
        for (int64_t i = 0; i < n; i++)
            went_in += fresh[i];
    }
    fprintf(stderr, "%lld rows\n", (long long)went_in);
    ss_db_close(db);
    return 0;
}
