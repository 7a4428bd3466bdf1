#include "store/size.h"

int ss_store_bytes(struct ss_db *db, int64_t *bytes)
{
    const char *sql = ss_db_kind(db) == SS_SQLITE
                          ? "SELECT page_count * page_size FROM pragma_page_count(), pragma_page_size()"
                          : "SELECT pg_database_size(current_database())";
    return ss_db_int(db, sql, SS_NO_ARGS, -1, bytes);
}
