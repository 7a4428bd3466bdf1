#include "store/claim.h"
#include "base/err.h"
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

/* Any two numbers that nobody else would think of. */
#define CLASS  "1397966163"
#define OBJECT "1163154006"

static int take_file(const char *path)
{
    if (strcmp(path, ":memory:") == 0)
        return 1;
    /* Never closed: closing any descriptor of the file would drop SQLite's own locks on it (fcntl(2)). */
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return ss_fail_errno(SS_ENOINPUT, "cannot open '%s'", path);
    if (flock(fd, LOCK_EX | LOCK_NB) == 0)
        return 1;
    if (errno == EWOULDBLOCK)
        return 0;
    return ss_fail_errno(SS_EIO, "cannot lock '%s'", path);
}

static int ask(struct ss_db *db, const char *sql)
{
    int64_t yes = 0;
    int err = ss_db_int(db, sql, SS_NO_ARGS, 0, &yes);
    return err ? err : yes > 0;
}

int ss_claim_take(struct ss_db *db)
{
    if (ss_db_kind(db) == SS_SQLITE)
        return take_file(ss_db_name(db));
    return ask(db, "SELECT CAST(CAST(pg_try_advisory_lock(" CLASS ", " OBJECT ") AS INTEGER) AS BIGINT)");
}

int ss_claim_keep(struct ss_db *db)
{
    if (ss_db_kind(db) == SS_SQLITE)
        return 1;
    /* Transactions hold an advisory lock of their own. */
    int ours = ask(db, "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid() "
                       "AND classid = " CLASS " AND objid = " OBJECT " AND objsubid = 2");
    return ours ? ours : ss_claim_take(db);
}
