/*
 * What shall not alert for a while: a file of lines such as
 *
 *     rule=velocity_burst user_id=42 until=2026-03-05T00:00:00Z   # on a journey
 *     merchant_id=M7 from=2026-03-01 until=2026-03-02
 *
 * All conditions of a line must hold; `until` must be there, and is compared with event time. A line that
 * names rules silences these rules only: a payment stays silent when all rules that fired are silenced and
 * its model alone would not have brought it to its level. A line without rules silences whatever fired.
 */
#ifndef SS_ALERT_SNOOZE_H
#define SS_ALERT_SNOOZE_H

#include "alert/choice.h"
#include "record/record.h"

#define SS_SNOOZE_FILE_MAX ((size_t)4 << 20)
#define SS_SNOOZE_FIELDS   8

struct ss_snooze;

/* SS_ECONFIG with file and line. `name` is for messages. */
int ss_snooze_parse(const char *name, struct ss_str text, struct ss_snooze **snooze) SS_MUST_CHECK;
int ss_snooze_read(const char *path, struct ss_snooze **snooze) SS_MUST_CHECK;
void ss_snooze_free(struct ss_snooze *snooze);
/* Finds the fields' slots. While the pipeline opens new ones can be asked for; later (on reload) only those
 * that somebody asked for then are there, and another is SS_ECONFIG. */
int ss_snooze_bind(struct ss_snooze *snooze, struct ss_schema *schema, bool opening) SS_MUST_CHECK;
bool ss_snooze_covers(const struct ss_snooze *snooze, const struct ss_record *rec, int64_t time_us,
                      const struct ss_facts *facts, struct ss_arena *arena);

#endif
