#include "store/timeline.h"
#include "store/select.h"

const char *const ss_happenings[] = {"alert", "activity", "comment", "evidence", NULL};

/* In the order of enum ss_happening. */
#define PARTS                                                                                               \
    "SELECT * FROM (SELECT created_us AS time_us, 0 AS kind, seq AS id, 'system' AS actor, CAST(level AS "  \
    "TEXT) AS "                                                                                             \
    "action, id AS first, reason AS second, txn_id AS third, amount AS number, CAST(0 AS BIGINT) AS "       \
    "edited_us FROM "                                                                                       \
    "alerts WHERE case_id = $1 UNION ALL SELECT time_us, 1, id, actor, action, old_value, new_value, "      \
    "detail, 0, 0 "                                                                                         \
    "FROM case_activities WHERE case_id = $1 UNION ALL SELECT time_us, 2, id, actor, NULL, content, NULL, " \
    "NULL, "                                                                                                \
    "internal, edited_us FROM comments WHERE case_id = $1 AND internal <= $2 UNION ALL SELECT time_us, 3, " \
    "id, actor, "                                                                                           \
    "type, name, sha256, NULL, size, 0 FROM evidence WHERE case_id = $1) AS t "

int ss_timeline_list(struct ss_db *db, int64_t case_id, const struct ss_timeline_page *page,
                     int (*each)(void *arg, const struct ss_timeline_item *item), void *arg, bool *more)
{
    struct ss_rows *rows;
    static const char up[] =
        PARTS "WHERE (time_us, kind, id) > ($3, $4, $5) ORDER BY time_us, kind, id LIMIT $6";
    static const char down[] =
        PARTS "WHERE (time_us, kind, id) < ($3, $4, $5) ORDER BY time_us DESC, kind DESC, id DESC LIMIT $6";
    int64_t from = page->down ? INT64_MAX : INT64_MIN;
    *more = false;
    int got = 0,
        err = ss_db_query(db, page->down ? down : up,
                          SS_ARGS(ss_arg_int(case_id), ss_arg_int(page->internal),
                                  ss_arg_int(page->has_key ? page->time_us : from),
                                  ss_arg_int(page->has_key ? page->kind : 0),
                                  ss_arg_int(page->has_key ? page->id : 0), ss_arg_int(page->limit + 1)),
                          &rows);
    if (err)
        return err;
    for (int64_t n = 0; !err && (got = ss_rows_next(rows)) > 0; n++) {
        if (n == page->limit) {
            *more = true;
            break;
        }
        struct ss_timeline_item item = {.time_us = ss_rows_int(rows, 0),
                                        .kind = (enum ss_happening)ss_rows_int(rows, 1),
                                        .id = ss_rows_int(rows, 2),
                                        .actor = ss_rows_text(rows, 3),
                                        .action = ss_rows_text(rows, 4),
                                        .first = ss_rows_text(rows, 5),
                                        .second = ss_rows_text(rows, 6),
                                        .third = ss_rows_text(rows, 7),
                                        .number = ss_rows_int(rows, 8),
                                        .edited_us = ss_rows_int(rows, 9)};
        err = each(arg, &item);
    }
    ss_rows_free(rows);
    return err ? err : got < 0 ? got : 0;
}
