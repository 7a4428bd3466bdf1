/* How a case is selected, for the files of cases. Inside lib/store only. */
#ifndef SS_STORE_CASE_ROW_H
#define SS_STORE_CASE_ROW_H

#include "store/cases.h"
#include "store/select.h"

#define SS_CASE_NUMBER 64 /* bytes of its text */

/* ss_case_of_row reads them in this order. */
#define SS_CASE_COLUMNS                                                                                 \
    "c.id, c.number, c.title, c.description, c.entity, c.user_id, c.card_id, c.status, c.priority, "    \
    "c.category, c.resolution, c.assigned_to, c.assigned_us, c.escalated_to, c.escalated_us, "          \
    "c.resolved_by, "                                                                                   \
    "c.resolved_us, c.amount, c.loss, c.recovered, c.created_us, c.updated_us, c.span_us, c.due_us, "   \
    "c.paused_us, c.alerts, c.last_alert_us, c.version, c.breached, c.resolution_notes, c.currency, "   \
    "c.created_by, ua.name, ue.name, ur.name FROM cases c LEFT JOIN users ua ON ua.id = c.assigned_to " \
    "LEFT JOIN users ue ON ue.id = c.escalated_to LEFT JOIN users ur ON ur.id = c.resolved_by"

void ss_case_of_row(const struct ss_rows *rows, struct ss_arena *arena, struct ss_case *c);
/* A level or action as stored, kept inside its range. */
static inline int ss_clamp(int64_t value, int count)
{
    return value < 0 ? 0 : value >= count ? count - 1 : (int)value;
}
/* The word's place in the list, or `absent`. */
int ss_word_of(const char *const *words, struct ss_str text, int absent);

#endif
