/*
 * Whom a customer has things in common with: customers, and the cards, devices and addresses between them, to
 * a number of steps (a step: from a customer by a thing to another customer).
 *
 * A thing of more than SS_GRAPH_SHARED customers (a shop's address, a library's computer) is in the graph and
 * leads no further. At most SS_GRAPH_NODES nodes; beyond, the graph is cut, the nearest staying.
 */
#ifndef SS_STORE_GRAPH_H
#define SS_STORE_GRAPH_H

#include "base/arena.h"
#include "store/db.h"

#define SS_GRAPH_SHARED 25
#define SS_GRAPH_THINGS 50 /* of one customer, the newest */
#define SS_GRAPH_NODES  300
#define SS_GRAPH_STEPS  4

struct ss_graph_node {
    struct ss_str kind; /* "customer", "card", "device", "ip" */
    struct ss_str id;
    int step;          /* of the way from the root, which has 0; things have that of the nearer customer */
    int64_t customers; /* of a thing: how many; SS_GRAPH_SHARED + 1 stands for more */
    /* Of a customer: */
    int64_t payments, alerts, fraud;
    double risk;
};

/* From a customer to a thing, as indexes of nodes. */
struct ss_graph_edge {
    size_t customer, thing;
    int64_t first_us, last_us;
};

struct ss_graph {
    struct ss_graph_node *node;
    size_t nodes;
    struct ss_graph_edge *edge;
    size_t edges;
    bool cut;
};

/* Steps up to SS_GRAPH_STEPS; risk is that of as_of_us. All lies in the arena. A customer that is not known
 * is a graph of one node. */
int ss_graph_make(struct ss_db *db, struct ss_str user_id, int steps, int64_t as_of_us,
                  struct ss_arena *arena, struct ss_graph *graph) SS_MUST_CHECK;

#endif
