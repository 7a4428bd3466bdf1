#include "web/deadlines.h"
#include "base/err.h"
#include "store/sla.h"
#include "web/hub.h"

#define TOLD_MAX ((size_t)16 << 20)

/* What listeners hear after the commit: a topic, a length, the JSON, one behind the other. */
struct head {
    int topic;
    size_t n;
};

static void note(void *arg, const char *topic, struct ss_str json)
{
    struct ss_buf *told = arg;
    struct head head = {ss_topic_of(ss_str_of(topic)), json.n};
    ss_buf_put(told, &head, sizeof head);
    ss_buf_put(told, json.p, json.n);
}

static void tell(struct ss_hub *hub, const struct ss_buf *told)
{
    for (size_t at = 0; at < told->n;) {
        struct head head;
        memcpy(&head, told->p + at, sizeof head);
        at += sizeof head;
        if (head.topic >= 0)
            ss_hub_post(hub, (enum ss_topic)head.topic, (struct ss_str){told->p + at, head.n});
        at += head.n;
    }
}

int ss_deadlines_watch(struct ss_web *web, struct ss_db *db)
{
    struct ss_buf told;
    int64_t due_us, now_us = web->now_us();
    int err = ss_sla_next(db, &due_us);
    if (err || !due_us || due_us > now_us)
        return err;
    ss_buf_init(&told, TOLD_MAX);
    err = ss_db_begin(db, true);
    int n = err ? err : ss_sla_sweep(db, now_us, note, &told);
    err = n < 0 ? n : ss_db_commit(db);
    if (err)
        ss_db_rollback(db);
    else if (web->hub && !told.failed)
        tell(web->hub, &told);
    ss_buf_free(&told);
    return err;
}
