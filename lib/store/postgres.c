/* The only file that knows PostgreSQL (libpq). */
#include "base/err.h"
#include "store/backend.h"

static int open_db(const char *uri, const struct ss_db_options *opt, struct ss_db **out)
{
    (void)opt;
    (void)out;
    return ss_fail(SS_EAWAY, "cannot open '%s': not built yet", uri);
}

const struct ss_db_ops ss_db_postgres = {.kind = SS_POSTGRES, .open = open_db};
