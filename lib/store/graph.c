#include "store/graph.h"
#include "base/err.h"
#include "store/copy.h"
#include "store/customers.h"
#include "store/merge.h"

#define EDGES_MAX (SS_GRAPH_NODES * SS_GRAPH_SHARED)
#define CUSTOMER  SS_STR("customer")

struct making {
    struct ss_graph *g;
    struct ss_arena *arena;
    struct ss_merge index; /* kind and id to a node's number */
    size_t from;           /* the customer or thing whose links are walked */
    int64_t walked;
};

/* The node of a kind and id, added when new; *at: its number, SIZE_MAX when the graph is full. */
static int node_of(struct making *m, struct ss_str kind, struct ss_str id, int step, bool *fresh, size_t *at)
{
    char key[600];
    if (kind.n + id.n + 1 > sizeof key) {
        *at = SIZE_MAX;
        return 0;
    }
    memcpy(key, kind.p, kind.n);
    key[kind.n] = '\0';
    memcpy(key + kind.n + 1, id.p, id.n);
    size_t *number = ss_merge_row(&m->index, key, kind.n + 1 + id.n, NULL, fresh);
    if (!number)
        return SS_ENOMEM;
    if (*fresh && m->g->nodes == SS_GRAPH_NODES) {
        *number = SIZE_MAX;
        m->g->cut = true;
    } else if (*fresh) {
        struct ss_graph_node *node = &m->g->node[m->g->nodes];
        *node = (struct ss_graph_node){.kind = kind, .id = id, .step = step};
        *number = m->g->nodes++;
        int err = ss_copy_text(m->arena, &node->kind);
        err = err ? err : ss_copy_text(m->arena, &node->id);
        if (err)
            return err;
    }
    *fresh &= *number != SIZE_MAX;
    *at = *number;
    return 0;
}

static void add_edge(struct making *m, size_t customer, size_t thing, const struct ss_link_row *link)
{
    if (customer == SIZE_MAX || thing == SIZE_MAX || m->g->edges == EDGES_MAX)
        return;
    m->g->edge[m->g->edges++] = (struct ss_graph_edge){customer, thing, link->first_us, link->last_us};
}

static int add_thing(void *arg, const struct ss_link_row *link)
{
    struct making *m = arg;
    bool fresh;
    size_t at;
    int err = node_of(m, link->kind, link->value, m->g->node[m->from].step, &fresh, &at);
    /* The edge to a thing that is in the graph already was made when its customers were added; that of one
     * that leads no further was not. */
    if (!err && (fresh || (at != SIZE_MAX && m->g->node[at].customers > SS_GRAPH_SHARED)))
        add_edge(m, m->from, at, link);
    return err;
}

static int count_customer(void *arg, const struct ss_link_row *link)
{
    struct making *m = arg;
    (void)link;
    m->walked++;
    return 0;
}

static int add_customer(void *arg, const struct ss_link_row *link)
{
    struct making *m = arg;
    bool fresh;
    size_t at;
    int err = node_of(m, CUSTOMER, link->user_id, m->g->node[m->from].step + 1, &fresh, &at);
    if (err || at == SIZE_MAX)
        return err;
    bool is_near = m->g->node[at].step == m->g->node[m->from].step && !fresh;
    for (size_t i = m->g->edges; i-- > 0 && is_near;) /* the customer by whom the thing was found */
        if (m->g->edge[i].customer == at && m->g->edge[i].thing == m->from)
            return 0;
    add_edge(m, at, m->from, link);
    return 0;
}

static int fill_in(struct ss_db *db, struct making *m, int64_t as_of_us)
{
    int err = 0;
    for (size_t i = 0; i < m->g->nodes && err >= 0; i++) {
        struct ss_graph_node *node = &m->g->node[i];
        struct ss_customer_row c;
        if (!ss_str_eq(node->kind, CUSTOMER))
            continue;
        err = ss_customer_find(db, node->id, as_of_us, m->arena, &c);
        if (err <= 0)
            continue;
        node->payments = c.payments;
        node->alerts = c.alerts;
        node->fraud = c.fraud;
        node->risk = c.risk;
    }
    return err < 0 ? err : 0;
}

/* One node after the other, in the order in which they were found: the nearest first. */
static int walk(struct ss_db *db, struct making *m, int steps)
{
    struct ss_graph *g = m->g;
    const struct ss_str any = {NULL, 0};
    int err = 0;
    for (size_t i = 0; i < g->nodes && !err; i++) {
        struct ss_graph_node *node = &g->node[i];
        m->from = i;
        if (ss_str_eq(node->kind, CUSTOMER)) {
            if (node->step < steps)
                err = ss_links_of_customer(db, node->id, any, SS_GRAPH_THINGS, add_thing, m);
            continue;
        }
        m->walked = 0;
        err = ss_links_of_thing(db, node->kind, node->id, SS_GRAPH_SHARED + 1, count_customer, m);
        node->customers = m->walked;
        if (!err && m->walked <= SS_GRAPH_SHARED)
            err = ss_links_of_thing(db, node->kind, node->id, SS_GRAPH_SHARED, add_customer, m);
    }
    return err;
}

int ss_graph_make(struct ss_db *db, struct ss_str user_id, int steps, int64_t as_of_us,
                  struct ss_arena *arena, struct ss_graph *g)
{
    struct making m = {.g = g, .arena = arena};
    bool fresh;
    size_t root;
    *g = (struct ss_graph){.node = ss_arena_alloc(arena, SS_GRAPH_NODES * sizeof *g->node),
                           .edge = ss_arena_alloc(arena, EDGES_MAX * sizeof *g->edge)};
    if (!g->node || !g->edge)
        return SS_ENOMEM;
    ss_merge_init(&m.index, sizeof(size_t));
    int err = node_of(&m, CUSTOMER, user_id, 0, &fresh, &root);
    err = err ? err : walk(db, &m, steps < SS_GRAPH_STEPS ? steps : SS_GRAPH_STEPS);
    err = err ? err : fill_in(db, &m, as_of_us);
    ss_merge_free(&m.index);
    return err;
}
