#include "alert/messenger.h"
#include "base/err.h"
#include <string.h>

void ss_messenger_init(struct ss_messenger *m)
{
    ss_buf_init(&m->message, SS_MESSAGE_MAX * 4);
}

static void name_places(const struct ss_routes *routes, struct ss_str *places)
{
    for (uint32_t i = 0; i < routes->n; i++)
        places[i] = ss_str_of(routes->to[i].name);
}

int ss_messenger_open(struct ss_messenger *m, const char *routes, const char *spool)
{
    m->path = routes;
    int err = ss_routes_read(m->path, &m->routes);
    name_places(&m->routes, m->place);
    err = err ? err : ss_spool_open(spool, NULL, &m->spool);
    return err ? err : ss_delivery_start(&m->routes, m->spool, &m->delivery);
}

void ss_messenger_close(struct ss_messenger *m)
{
    ss_delivery_stop(m->delivery);
    ss_spool_close(m->spool);
    ss_routes_free(&m->routes);
    ss_buf_free(&m->message);
}

int ss_messenger_tell(struct ss_messenger *m, enum ss_event event, const struct ss_group *group,
                      const struct ss_facts *facts, const struct ss_record *rec)
{
    char id[SS_MESSAGE_ID];
    uint32_t places = group->places & ~SS_PLACE_STDOUT;
    if (!places)
        return 0;
    ss_message_id(group->id, group->messages, id);
    if (m->silent)
        return 0;
    ss_buf_reset(&m->message);
    ss_message_put(event, group, facts, rec, &m->message);
    int err = ss_buf_check(&m->message);
    for (uint32_t i = 0; i < m->routes.n && !err; i++)
        if (places >> i & 1)
            err =
                ss_spool_add(m->spool, m->place[i], ss_str_of(id), (struct ss_str){group->key, group->key_n},
                             (struct ss_str){m->message.p, m->message.n});
    m->added = true;
    return err;
}

int ss_messenger_commit(struct ss_messenger *m)
{
    if (!m->added)
        return 0;
    m->added = false;
    int err = ss_spool_commit(m->spool);
    if (!err && m->delivery)
        ss_delivery_wake(m->delivery);
    return err;
}

static void stop_delivery(struct ss_messenger *m)
{
    struct ss_delivery_counts n = ss_delivery_stop(m->delivery);
    m->delivery = NULL;
    m->before.sent += n.sent;
    m->before.dead += n.dead;
    m->before.failed_tries += n.failed_tries;
}

int ss_messenger_reload(struct ss_messenger *m, ss_places_renamed *renamed, void *arg)
{
    struct ss_routes routes, old = m->routes;
    struct ss_str places[SS_DESTINATIONS_MAX];
    int err = ss_routes_read(m->path, &routes);
    if (err < 0) {
        ss_routes_free(&routes);
        return err;
    }
    name_places(&routes, places);
    stop_delivery(m);
    renamed(arg, m->place, old.n, places, routes.n);
    m->routes = routes;
    memcpy(m->place, places, sizeof places);
    ss_routes_free(&old);
    return ss_delivery_start(&m->routes, m->spool, &m->delivery);
}

struct ss_delivery_counts ss_messenger_counts(const struct ss_messenger *m)
{
    struct ss_delivery_counts n = m->before;
    if (m->delivery) {
        struct ss_delivery_counts now = ss_delivery_counts(m->delivery);
        n.sent += now.sent;
        n.dead += now.dead;
        n.failed_tries += now.failed_tries;
    }
    return n;
}
