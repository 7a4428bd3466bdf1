/* PostgreSQL: many rows at once, by COPY or as arrays. */
#include "store/bulk.h"
#include "store/postgres.h"

/* They go in slices, so that neither side holds more than about this. */
#define SLICE_BYTES ((size_t)8 << 20)
#define SLICE_ROWS  8192
#define COLUMNS     64
#define COPY_BYTES  ((size_t)256 << 10)
#define COPY_ROWS   100 /* fewer are quicker as arrays: both cost the same at 100 rows of 450 bytes */

static bool is_key(const PGresult *res, const struct ss_arg *row, const int *key, int keys)
{
    for (int i = 0; i < keys; i++) {
        const struct ss_arg *a = &row[key[i]];
        struct ss_str got = ss_pq_bytes(res, i);
        char number[8];
        ss_wire_put64(number, ss_wire_bits(a));
        if (!got.p || !ss_str_eq(got, a->s.p ? a->s : (struct ss_str){number, sizeof number}))
            return false;
    }
    return true;
}

/* By one statement that bears rows whose keys are there. RETURNING gives the rows that went in, in their
 * order, so one walk over both tells which they were. */
static int insert_arrays(struct ss_pq *db, const struct ss_bulk *bulk, const struct ss_arg *args, size_t n,
                         bool *fresh)
{
    int key[SS_BULK_KEYS], keys = fresh ? ss_bulk_keys(bulk, key) : 0;
    size_t from[COLUMNS], at = 0;
    struct ss_arg array[COLUMNS];
    PGresult *res;
    int err = keys < 0 ? keys : ss_bulk_sql(bulk, SS_BULK_ARRAYS, fresh != NULL, &db->sql);
    if (err)
        return err;
    for (int i = 0; i < bulk->columns; i++) {
        from[i] = db->bulk.n;
        ss_wire_put_array(&db->bulk, bulk, i, args, n);
    }
    for (int i = 0; i < bulk->columns; i++)
        array[i] = (struct ss_arg){
            SS_PQ_RAW,
            0,
            0,
            {db->bulk.p + from[i], (i + 1 < bulk->columns ? from[i + 1] : db->bulk.n) - from[i]}};
    err = ss_buf_check(&db->bulk);
    if (!err)
        err = ss_pq_start(db, ss_buf_cstr(&db->sql), array, (size_t)bulk->columns, &res);
    if (err)
        return err;
    for (; res; res = PQgetResult(db->conn)) {
        if (ss_pq_failed(res)) {
            err = ss_pq_fail(db, res); /* and on to the end */
            continue;
        }
        bool in = fresh && PQresultStatus(res) == PGRES_SINGLE_TUPLE;
        for (bool found = false; in && !found && at < n; at++)
            found = fresh[at] = is_key(res, args + at * (size_t)bulk->columns, key, keys);
        PQclear(res);
    }
    for (; fresh && at < n; at++)
        fresh[at] = false;
    return err;
}

/* By COPY, the quickest way in, which bears no key that is there already: *clash, and nothing went in. */
static int insert_copy(struct ss_pq *db, const struct ss_bulk *bulk, const struct ss_arg *args, size_t n,
                       bool *fresh, bool *clash)
{
    int err = ss_bulk_firsts(bulk, args, n, fresh);
    if (!err)
        err = ss_bulk_sql(bulk, SS_BULK_COPY, false, &db->sql);
    if (!err)
        err = ss_pq_ready(db);
    if (err)
        return err;
    PGresult *res = PQexec(db->conn, ss_buf_cstr(&db->sql));
    if (PQresultStatus(res) != PGRES_COPY_IN)
        return ss_pq_fail(db, res);
    PQclear(res);
    bool sent = true;
    ss_wire_copy_head(&db->bulk);
    for (size_t row = 0; row < n && sent; row++) {
        if (fresh[row])
            ss_wire_copy_row(&db->bulk, bulk, args + row * (size_t)bulk->columns);
        if (row + 1 == n)
            ss_wire_copy_end(&db->bulk);
        else if (db->bulk.n < COPY_BYTES)
            continue;
        sent = !db->bulk.failed && PQputCopyData(db->conn, db->bulk.p, (int)db->bulk.n) == 1;
        if (sent)
            ss_buf_reset(&db->bulk);
    }
    err = ss_buf_check(&db->bulk);
    PQputCopyEnd(db->conn, sent ? NULL : "given up");
    *clash = false;
    while ((res = PQgetResult(db->conn))) {
        *clash |= ss_pq_has_state(res, "23505");
        if (!ss_pq_failed(res))
            PQclear(res);
        else if (err)
            PQclear(res);
        else
            err = ss_pq_fail(db, res);
    }
    return *clash ? ss_pq_run(db, "ROLLBACK TO SAVEPOINT ss_copy;RELEASE SAVEPOINT ss_copy") : err;
}

/* COPY until keys clash, and then the other way until they no longer do. A few rows are quicker by the other.
 */
static int insert_slice(struct ss_pq *db, const struct ss_bulk *bulk, const struct ss_arg *args, size_t n,
                        bool *fresh)
{
    ss_buf_reset(&db->bulk);
    if (!fresh || bulk->update || n < COPY_ROWS)
        return insert_arrays(db, bulk, args, n, fresh);
    if (!db->clashes) {
        int err = insert_copy(db, bulk, args, n, fresh, &db->clashes);
        if (err || !db->clashes)
            return err;
        ss_buf_reset(&db->bulk);
    }
    int err = insert_arrays(db, bulk, args, n, fresh);
    db->clashes = false;
    for (size_t i = 0; i < n; i++)
        db->clashes |= !fresh[i];
    return err;
}

int ss_pq_insert(struct ss_db *base, const struct ss_bulk *bulk, const struct ss_arg *args, size_t n,
                 bool *fresh)
{
    struct ss_pq *db = ss_pq_of(base);
    int err = bulk->columns > COLUMNS ? ss_fail(SS_EBUG, "too many columns") : ss_bulk_check(bulk, args, n);
    for (size_t at = 0, rows; at < n && !err; at += rows) {
        const struct ss_arg *from = args + at * (size_t)bulk->columns;
        rows = ss_bulk_slice(bulk, from, n - at, SLICE_ROWS, SLICE_BYTES);
        err = insert_slice(db, bulk, from, rows, fresh ? fresh + at : NULL);
    }
    if (db->bulk.cap > 4 * SLICE_BYTES) { /* a huge row's */
        ss_buf_free(&db->bulk);
        ss_buf_init(&db->bulk, SS_PQ_BULK_BYTES);
    }
    return err;
}
