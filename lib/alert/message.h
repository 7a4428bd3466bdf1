/*
 * What a destination is told of an alert: one JSON object, and the same in words for people.
 *
 *   {"event":"opened","id":"9f2c..","message":"9f2c..-1","key":"user_id:42","count":1,"first":"..","last":"..",
 *    "level":"CRITICAL","action":"block","score":0.95,"rules":[{"id":"..","reason":".."}],"record":{..}}
 *
 * event: opened; updated (the alert has grown: its count has doubled since it was last told, or its level has
 * risen); ended (it takes in no more, and has grown since; without action, score, rules and record).
 * `message` is the idempotency key: a message that comes twice has the same one, and the same bytes.
 */
#ifndef SS_ALERT_MESSAGE_H
#define SS_ALERT_MESSAGE_H

#include "alert/choice.h"
#include "alert/group.h"
#include "base/buf.h"

#define SS_MESSAGE_ID     32    /* an alert's id, -, a number, NUL */
#define SS_MESSAGE_RECORD 65536 /* a longer record is left out */
#define SS_MESSAGE_MAX    ((size_t)1 << 20)

enum ss_event { SS_OPENED, SS_UPDATED, SS_ENDED };

/* "9f2c56d10e22ab01-3": the nth message about an alert. */
void ss_message_id(uint64_t alert_id, uint32_t n, char out[SS_MESSAGE_ID]);
/* Appends the object. `facts` and `rec` may be NULL; group->messages is the number of this message. */
void ss_message_put(enum ss_event event, const struct ss_group *group, const struct ss_facts *facts,
                    const struct ss_record *rec, struct ss_buf *to);

/* A subject line and a body for people, of a message as above; no JSON of that shape gives SS_EDATA. Text
 * from records has its control characters as blanks. */
int ss_message_subject(struct ss_str message, struct ss_buf *to) SS_MUST_CHECK;
int ss_message_text(struct ss_str message, struct ss_buf *to) SS_MUST_CHECK;
/* {"text":".."} as Slack's incoming webhooks, and those of their kind, take it. */
int ss_message_slack(struct ss_str message, struct ss_buf *to) SS_MUST_CHECK;

#endif
