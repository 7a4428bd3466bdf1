/* The audit log's chain: what anybody does to its rows shows. */
#include "base/err.h"
#include "store/audit.h"
#include "store/migrate.h"
#include "tests/databases.h"

static enum ss_db_kind kind;
static struct ss_db *db;
static char told[256];
static int tellings;

static void tell(void *arg, int64_t seq, const char *what)
{
    (void)arg, (void)seq;
    if (tellings++ == 0)
        snprintf(told, sizeof told, "%s", what);
}

static void add(int64_t n)
{
    char subject[32];
    snprintf(subject, sizeof subject, "case:%d", (int)n);
    const struct ss_audit entry = {
        .actor = n % 2 ? "ann@example.com" : "key:nightly",
        .action = n % 3 ? "case.assign" : "setting.change",
        .subject = ss_str_of(subject),
        .old_value = n == 4 ? (struct ss_str){NULL, 0} : SS_STR("{\"assigned_to\":null}"),
        .new_value = n == 5 ? SS_STR("") : SS_STR("{\"assigned_to\":\"Ünal \\u0001, 7:x,\"}"),
        .address = n % 2 ? "127.0.0.1" : NULL,
        .time_us = 1700000000000000 + n,
    };
    if (ss_audit_add(db, &entry) < 0)
        printf("# %s\n", ss_err_text());
}

static void fill(int n)
{
    static const struct ss_db_options quick = {.durability = SS_RELAXED};
    static char uri[2][URI_MAX];
    static bool made[2];
    ss_db_close(db);
    db = NULL;
    bool fresh = !made[kind];
    if ((fresh && !fresh_database(kind, uri[kind])) || ss_store_open(uri[kind], &quick, &db) ||
        (!fresh && ss_db_script(db, "DELETE FROM audit; DELETE FROM audit_head")) || ss_db_begin(db, true)) {
        printf("Bail out! %s\n", ss_err_text());
        exit(1);
    }
    made[kind] = true;
    for (int i = 1; i <= n; i++)
        add(i);
    if (ss_db_commit(db))
        printf("Bail out! %s\n", ss_err_text());
}

static int64_t verify(int64_t from, const struct ss_audit_anchor *anchor)
{
    struct ss_audit_report report;
    tellings = 0;
    *told = '\0';
    int err = ss_audit_verify(db, from, anchor, tell, NULL, &report);
    return err ? err : report.faults;
}

/* After what somebody did to the rows. */
static void expect(const char *sql, const char *fault, const char *what)
{
    fill(8);
    ok(ss_db_script(db, sql) == 0 && verify(1, NULL) > 0 && strcmp(told, fault) == 0, "%s: %s", what, told);
}

static void test_tampering(void)
{
    fill(8);
    ok(verify(1, NULL) == 0, "a log as it was written is whole %s", told);
    ok(verify(5, NULL) == 0, "also from the middle on");
    ok(verify(9, NULL) == 0 && verify(10, NULL) == SS_EUSAGE, "but not from behind its end");
    expect("UPDATE audit SET new_value = '{}' WHERE seq = 3", "line 3 was changed", "an edited value");
    expect("UPDATE audit SET actor = 'bob@example.com' WHERE seq = 3", "line 3 was changed", "another actor");
    expect("UPDATE audit SET time_us = time_us + 1 WHERE seq = 3", "line 3 was changed", "another time");
    expect("UPDATE audit SET address = NULL WHERE seq = 3", "line 3 was changed", "an address taken out");
    expect("UPDATE audit SET old_value = '' WHERE seq = 4", "line 4 was changed",
           "nothing made an empty text");
    expect("UPDATE audit SET new_value = NULL WHERE seq = 5", "line 5 was changed",
           "an empty text made nothing");
    /* What belongs to one field cannot be moved into the next: lengths are hashed. */
    expect("UPDATE audit SET actor = 'ann@example.comcase', action = '.assign' WHERE seq = 1",
           "line 1 was changed", "a boundary moved");
    expect("DELETE FROM audit WHERE seq = 4", "line 4 is missing", "a deleted line");
    expect("DELETE FROM audit WHERE seq BETWEEN 3 AND 5", "lines 3 to 5 are missing", "deleted lines");
    expect("DELETE FROM audit WHERE seq = 1", "line 1 is missing", "the first line deleted");
    expect("DELETE FROM audit WHERE seq = 4; UPDATE audit SET seq = seq - 1 WHERE seq > 4",
           "line 4 does not follow line 3", "a deleted line, the rest renumbered");
    expect("UPDATE audit SET seq = 100 WHERE seq = 3; UPDATE audit SET seq = 3 WHERE seq = 4;"
           "UPDATE audit SET seq = 4 WHERE seq = 100",
           "line 3 does not follow line 2", "two lines swapped");
    expect("DELETE FROM audit WHERE seq > 6", "the end is cut off: lines 7 to 8 are missing", "a cut tail");
    expect("DELETE FROM audit", "the end is cut off: lines 1 to 8 are missing", "everything deleted");
    expect("INSERT INTO audit SELECT 9, time_us, actor, action, subject, old_value, new_value, address, "
           "hash, hash "
           "FROM audit WHERE seq = 8",
           "line 9 was changed", "a line added by hand");
}

static void test_anchor(void)
{
    char hash[SS_DIGEST_HEX];
    int64_t seq;
    fill(8);
    ok(ss_audit_head(db, &seq, hash) == 0 && seq == 8, "the head is the last line");
    const struct ss_audit_anchor kept = {seq, hash};
    ok(ss_db_begin(db, true) == 0, "begin");
    add(9);
    ok(ss_db_commit(db) == 0 && verify(1, &kept) == 0, "a log that went on holds the head that was kept");
    fill(6);
    ok(verify(1, NULL) == 0, "one written anew is whole in itself");
    ok(verify(1, &kept) == 1 && strcmp(told, "line 8, whose hash was kept, is missing") == 0,
       "but too short for the head: %s", told);
    fill(8);
    const struct ss_audit_anchor other = {8, "00"};
    ok(verify(1, &other) == 1 && strstr(told, "written anew"), "or has another line there: %s", told);
    /* The tail cut off and forgotten, then written on. */
    fill(8);
    ok(ss_db_script(db, "DELETE FROM audit WHERE seq > 6") == 0, "cut");
    ok(ss_db_begin(db, true) == 0, "begin");
    add(9);
    ok(ss_db_commit(db) == 0 && verify(1, NULL) == 1 && strcmp(told, "lines 7 to 8 are missing") == 0,
       "after a cut the next line leaves a gap: %s", told);
}

static int count(struct ss_audit_filter filter)
{
    struct ss_rows *rows;
    struct ss_audit_line line;
    int n = 0;
    if (ss_audit_list(db, &filter, &rows))
        return -1;
    while (ss_audit_next(rows, &line) > 0)
        n++;
    ss_rows_free(rows);
    return n;
}

static void test_list(void)
{
    fill(8);
    ok(count((struct ss_audit_filter){0}) == 8, "all lines");
    ok(count((struct ss_audit_filter){.actor = SS_STR("key:nightly")}) == 4, "of one actor");
    ok(count((struct ss_audit_filter){.subject = SS_STR("case:3")}) == 1, "about one subject");
    ok(count((struct ss_audit_filter){.action = SS_STR("case")}) == 6, "of one kind");
    ok(count((struct ss_audit_filter){.action = SS_STR("cas")}) == 0, "a kind is a whole word");
    ok(count((struct ss_audit_filter){.action = SS_STR("setting.change")}) == 2, "of one action");
    ok(count((struct ss_audit_filter){.since_us = 1700000000000003, .until_us = 1700000000000005}) == 2,
       "of a span of time");
    ok(count((struct ss_audit_filter){.after = 4}) == 3, "newest first, behind a cursor");
    ok(count((struct ss_audit_filter){.after = 6, .up = true}) == 2, "oldest first, behind a cursor");
    ok(count((struct ss_audit_filter){.limit = 3}) == 3, "as many as asked for");
}

static void test_transaction(void)
{
    fill(2);
    ok(ss_db_begin(db, true) == 0, "begin");
    ok(ss_db_mark(db) == 0, "a part begins");
    add(3);
    ok(ss_db_undo(db) == 0, "and is undone");
    add(4);
    ok(ss_db_commit(db) == 0 && verify(1, NULL) == 0 && count((struct ss_audit_filter){0}) == 3,
       "an undone change leaves no line and no gap %s", told);
    const struct ss_audit bad = {.actor = "a", .action = "b", .subject = {"c\0d", 3}};
    ok(ss_audit_add(db, &bad) == SS_EDATA, "a NUL is refused");
}

int main(void)
{
    for (kind = SS_SQLITE; kind <= SS_POSTGRES; kind++) {
        if (kind == SS_POSTGRES && !postgres())
            break;
        test_tampering();
        test_anchor();
        test_list();
        test_transaction();
    }
    ss_db_close(db);
    return done();
}
