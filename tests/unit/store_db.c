#include "base/err.h"
#include "store/migrate.h"
#include "tests/tap.h"
#include <stdio.h>
#include <unistd.h>

int main(void)
{
    char path[] = "/tmp/ss-store-XXXXXX";
    int fd = mkstemp(path);
    close(fd);
    struct ss_db *db;
    int from = -1, to = -1;
    ok(ss_db_open(path, NULL, &db) == 0, "an empty file becomes a store");
    ok(ss_migrate(db, &from, &to) == 0 && from == 0 && to >= 1, "its schema is made: %s", ss_err_text());
    ok(ss_migrate(db, &from, &to) == 0 && from == to, "which happens once");
    ss_db_close(db);
    unlink(path);
    return done();
}
