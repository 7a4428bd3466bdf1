/* Many rows at once, on both databases. */
#include "tests/on_database.h"

static const char *const columns[] = {"k", "i", "r", "s", "b"};
static const enum ss_arg_type types[] = {SS_ARG_TEXT, SS_ARG_INT, SS_ARG_REAL, SS_ARG_TEXT, SS_ARG_BLOB};
static const struct ss_bulk bulk = {
    .table = "bulk", .key = "k", .column = columns, .type = types, .columns = 5};

/* n rows whose keys are those of `key`, in it numbers of rows; i is the place in the call. */
static int insert(struct ss_db *db, const int *key, size_t n, bool *fresh)
{
    struct ss_arg *args = malloc(n * 5 * sizeof *args);
    char(*text)[16] = malloc(n * sizeof *text);
    for (size_t i = 0; i < n; i++) {
        snprintf(text[i], sizeof text[i], "key%d", key[i]);
        args[5 * i] = ss_arg_cstr(text[i]);
        args[5 * i + 1] = ss_arg_int((int64_t)i);
        args[5 * i + 2] = i % 3 ? ss_arg_real((double)i / 3) : i % 2 ? ss_arg_int(1) : ss_arg_null();
        args[5 * i + 3] = i % 5 ? ss_arg_cstr("\\N\t,\n\"text\"") : ss_arg_cstr("");
        args[5 * i + 4] = i % 7 ? ss_arg_blob(SS_STR("\0\xff")) : ss_arg_null();
    }
    memset(fresh, 2, n);
    int err = ss_db_insert(db, &bulk, args, n, fresh);
    free(args);
    free(text);
    return err;
}

static void bad_rows(struct ss_db *db, size_t n)
{
    struct ss_arg row[200][5];
    char key[200][8];
    bool fresh[200];
    for (int i = 0; i < 200; i++) {
        snprintf(key[i], sizeof key[i], "odd%d", i % 190);
        row[i][0] = ss_arg_cstr(key[i]);
        for (int c = 1; c < 5; c++)
            row[i][c] = ss_arg_null();
    }
    row[13][3] = ss_arg_text(SS_STR("a\0b"));
    OK(ss_db_begin(db, true) == 0 && ss_db_insert(db, &bulk, row[0], n, fresh) == SS_EDATA &&
           ss_db_commit(db) == SS_EDATA,
       "a text with a NUL is refused");
    row[13][3] = ss_arg_real(5);
    OK(ss_db_begin(db, true) == 0 && ss_db_insert(db, &bulk, row[0], n, fresh) == SS_EBUG,
       "a wrong type is a bug");
    ss_db_rollback(db);
    row[13][3] = ss_arg_null();
    row[13][0] = ss_arg_null();
    OK(ss_db_begin(db, true) == 0 && ss_db_insert(db, &bulk, row[0], n, fresh) == SS_EDATA,
       "a key must not be null");
    ss_db_rollback(db);
    OK(number(db, "SELECT count(*) FROM bulk WHERE k LIKE 'odd%'") == 0 && number(db, "SELECT 3") == 3,
       "nothing of these %zu is there", n);
}

static void bulks(struct ss_db *db)
{
    enum { N = 20000 };
    static int key[N];
    static bool fresh[N];
    make_table(db, "bulk");
    OK(insert(db, key, 1, fresh) == SS_EBUG, "a bulk is part of a transaction");
    for (size_t n = 1; n <= 30; n += 29) {
        bool good = true;
        for (size_t i = 0; i < n; i++)
            key[i] = (int)(i / 2); /* each twice */
        good &= ss_db_begin(db, true) == 0 && insert(db, key, n, fresh) == 0;
        for (size_t i = 0; i < n; i++)
            good &= fresh[i] == (i % 2 == 0 && (n == 1 || i > 0)); /* 0 is there from before */
        OK(good && ss_db_commit(db) == 0, "of %zu rows the first of a key is fresh", n);
    }
    bool good = true;
    for (int i = 0; i < N; i++)
        key[i] = i % 100 == 7 ? 1000 + i - 1 : 1000 + i;
    good = ss_db_begin(db, true) == 0 && insert(db, key, N, fresh) == 0 && ss_db_commit(db) == 0;
    for (int i = 0; i < N; i++)
        good &= fresh[i] == (i % 100 != 7);
    OK(good && number(db, "SELECT count(*) FROM bulk") == 15 + N - N / 100, "so it is with many");
    OK(number(db, "SELECT count(*) FROM (SELECT i, lag(i) OVER (ORDER BY seq) AS before FROM bulk) x "
                  "WHERE before >= 30 AND i <= before") == 0,
       "they are numbered in their order");
    OK(number(db, "SELECT count(*) FROM bulk WHERE i >= 30 AND ((i % 5 = 0) <> (s = '') OR (i % 7 = 0) <> (b "
                  "IS NULL) OR "
                  "(i % 3 = 0 AND i % 2 = 0) <> (r IS NULL))") == 0 &&
           number(db, "SELECT count(*) FROM bulk WHERE r = 1 AND i % 6 = 3") > N / 8,
       "each with its values");
    for (int i = 0; i < N; i++)
        key[i] = 1000 + i;
    good = ss_db_begin(db, true) == 0 && insert(db, key, N, fresh) == 0;
    for (int i = 0; i < N; i++)
        good &= fresh[i] == (i % 100 == 7);
    OK(good, "a second time only what was missing is fresh");
    good = insert(db, key, 50, fresh) == 0 && insert(db, key, N, fresh) == 0;
    for (int i = 0; i < N; i++)
        good &= !fresh[i];
    OK(good && ss_db_commit(db) == 0, "and a third time nothing, in the same transaction");
    for (int i = 0; i < 1000; i++)
        key[i] = 100000 + i;
    OK(ss_db_begin(db, true) == 0 && ss_db_mark(db) == 0 && insert(db, key, 1000, fresh) == 0 && fresh[999] &&
           ss_db_undo(db) == 0 && insert(db, key, 500, fresh) == 0 && fresh[0] && fresh[499] &&
           ss_db_commit(db) == 0 &&
           number(
               db,
               "SELECT count(*) FROM bulk WHERE k >= 'key100000' AND k <= 'key100999' AND length(k) = 9") ==
               500,
       "a bulk can be undone");

    for (size_t n = 20; n <= 200; n += 180)
        bad_rows(db, n);
}

static void keyed_bulks(struct ss_db *db)
{
    static const char *const names[] = {"a", "n", "b"};
    static const enum ss_arg_type sorts[] = {SS_ARG_TEXT, SS_ARG_INT, SS_ARG_INT};
    struct ss_bulk counts = {.table = "counts",
                             .key = "a, b",
                             .column = names,
                             .type = sorts,
                             .columns = 3,
                             .update = "n = t.n + excluded.n"};
    struct ss_arg row[300][3];
    bool fresh[300], good = true;
    ss_db_script(db, kind == SS_SQLITE ? "CREATE TABLE counts (a TEXT NOT NULL, b INTEGER NOT NULL, n "
                                         "INTEGER NOT NULL, PRIMARY KEY (a, b)) STRICT, WITHOUT ROWID"
                                       : "CREATE TABLE counts (a TEXT NOT NULL, b BIGINT NOT NULL, n BIGINT "
                                         "NOT NULL, PRIMARY KEY (a, b))")
        ? good = false
        : true;
    for (int i = 0; i < 300; i++) {
        row[i][0] = ss_arg_cstr(i % 2 ? "odd" : "even");
        row[i][1] = ss_arg_int(1);
        row[i][2] = ss_arg_int(i);
    }
    OK(good && ss_db_begin(db, true) == 0 && ss_db_insert(db, &counts, row[0], 300, NULL) == 0 &&
           ss_db_insert(db, &counts, row[50], 100, NULL) == 0 &&
           ss_db_insert(db, &counts, row[50], 1, NULL) == 0 && ss_db_commit(db) == 0 &&
           number(db, "SELECT CAST(sum(n) AS BIGINT) FROM counts") == 401 &&
           number(db, "SELECT n FROM counts WHERE b = 50") == 3 &&
           number(db, "SELECT n FROM counts WHERE b = 300 - 1") == 1,
       "rows that are there can be changed in bulk");
    counts.update = NULL;
    for (int i = 0; i < 300; i++)
        row[i][2] = ss_arg_int(200 + i / 2);
    good = ss_db_begin(db, true) == 0 && ss_db_insert(db, &counts, row[0], 300, fresh) == 0 &&
           ss_db_commit(db) == 0;
    for (int i = 0; i < 300; i++) {
        bool there = 200 + i / 2 < 300 && (200 + i / 2) % 2 == i % 2;
        good &= fresh[i] == !there;
    }
    OK(good, "a key may have several columns");
}

int main(void)
{
    char uri[URI_MAX];
    for (kind = SS_SQLITE; kind <= SS_POSTGRES; kind++) {
        if (!fresh_database(kind, uri))
            continue;
        on = kind == SS_SQLITE ? "SQLite" : "PostgreSQL";
        struct ss_db *db = opened(uri, NULL);
        bulks(db);
        keyed_bulks(db);
        ss_db_close(db);
    }
    return done();
}
