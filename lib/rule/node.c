/* The graph's nodes and columns: made once each, found again by what they are. */
#include "base/hash.h"
#include "rule/graph.h"
#include <stdlib.h>

#define NODES_MAX (1u << 22)

static bool same_node(const struct ss_node *a, const struct ss_node *b)
{
    if (a->op != b->op || a->flag != b->flag || a->arg != b->arg ||
        memcmp(a->kid, b->kid, sizeof a->kid) != 0)
        return false;
    if (a->op != SS_NODE_CONST)
        return true;
    if (a->val.type != b->val.type || a->val.big != b->val.big)
        return false;
    /* -0 and 0 are equal, but print differently: constants are the same bit by bit. */
    if (a->val.type == SS_VAL_NUMBER && !a->val.big)
        return memcmp(&a->val.num, &b->val.num, sizeof a->val.num) == 0;
    return ss_val_equal(&a->val, &b->val);
}

static uint64_t hash_node(const struct ss_node *n)
{
    struct {
        uint32_t op, flag, arg, kid[3];
        uint64_t val;
    } key;
    memset(&key, 0, sizeof key);
    key.op = n->op;
    key.flag = n->flag;
    key.arg = n->arg;
    memcpy(key.kid, n->kid, sizeof key.kid);
    if (n->op == SS_NODE_CONST) {
        key.flag = n->val.type;
        if (n->val.type == SS_VAL_STRING || n->val.big)
            key.val = ss_hash64(n->val.str, n->val.n);
        else if (n->val.type == SS_VAL_NUMBER)
            memcpy(&key.val, &n->val.num, sizeof key.val);
    }
    return ss_hash64(&key, sizeof key);
}

static bool grow(struct ss_exprs *set)
{
    uint32_t cap = set->nodes_cap ? 2 * set->nodes_cap : 256, slots = 4 * cap;
    struct ss_node *node = cap > NODES_MAX ? NULL : realloc(set->node, cap * sizeof *node);
    uint32_t *slot = node ? calloc(slots, sizeof *slot) : NULL;
    set->node = node ? node : set->node;
    if (!slot)
        return false;
    for (uint32_t i = 0; i < set->nodes; i++) {
        uint32_t at = (uint32_t)hash_node(&set->node[i]) & (slots - 1);
        while (slot[at])
            at = (at + 1) & (slots - 1);
        slot[at] = i + 1;
    }
    free(set->slot);
    set->slot = slot;
    set->slots = slots;
    set->nodes_cap = cap;
    return true;
}

int ss_node_kids_of(enum ss_node_op op, uint32_t arg)
{
    switch (op) {
    case SS_NODE_CONST:
    case SS_NODE_VAR:
    case SS_NODE_COLUMN:
    case SS_NODE_EMPTY: return 0;
    case SS_NODE_NEG:
    case SS_NODE_TEST:
    case SS_NODE_LISTED:
    case SS_NODE_COLLECT:
    case SS_NODE_FIRST:
    case SS_NODE_ANY:
    case SS_NODE_ALL:
    case SS_NODE_HAS_TRUE:
    case SS_NODE_ONE:
    case SS_NODE_EACH: return 1;
    case SS_NODE_SLICE:
    case SS_NODE_IF:
    case SS_NODE_GEN_IF: return 3;
    case SS_NODE_CALL: return 1 + ss_builtins[arg].args;
    default: return 2;
    }
}

int ss_node_kids(const struct ss_node *n)
{
    return ss_node_kids_of((enum ss_node_op)n->op, n->arg);
}

/* What follows from the kids: which variables, how high, whether it can fail. */
static void derive(const struct ss_exprs *set, struct ss_node *n)
{
    int kids = ss_node_kids_of((enum ss_node_op)n->op, n->arg);
    bool total = true;
    n->vars = n->op == SS_NODE_VAR ? (uint16_t)(1u << n->arg) : n->op == SS_NODE_COLUMN ? 1 : 0;
    n->height = 0;
    for (int i = 0; i < kids; i++) {
        const struct ss_node *k = &set->node[n->kid[i]];
        n->vars |= k->vars;
        n->height = k->height + 1 > n->height ? (uint16_t)(k->height + 1) : n->height;
        total &= k->total;
    }
    switch (n->op) {
    case SS_NODE_CONST:
    case SS_NODE_VAR: n->total = true; break;
    case SS_NODE_COLUMN: n->total = set->column[n->arg].parent < 0; break;
    case SS_NODE_AND:
    case SS_NODE_OR:
    case SS_NODE_ALT:
    case SS_NODE_IF:
    case SS_NODE_SEQ:
    case SS_NODE_LISTED: n->total = total; break;
    case SS_NODE_BINARY: n->total = total && n->arg <= SS_AST_GE; break;
    case SS_NODE_CALL: n->total = total && ss_builtins[n->arg].total; break;
    case SS_NODE_BIND: n->vars &= (uint16_t) ~(1u << n->arg); break;
    default: break;
    }
}

uint32_t ss_graph_node(struct ss_exprs *set, const struct ss_node *like)
{
    if (set->nodes + 1 > set->nodes_cap && !grow(set))
        return SS_NODE_NONE;
    uint32_t at = (uint32_t)hash_node(like) & (set->slots - 1);
    for (; set->slot[at]; at = (at + 1) & (set->slots - 1))
        if (same_node(&set->node[set->slot[at] - 1], like))
            return set->slot[at] - 1;
    struct ss_node *n = &set->node[set->nodes];
    *n = *like;
    n->stamp = 0;
    derive(set, n);
    set->slot[at] = ++set->nodes;
    return set->nodes - 1;
}

uint32_t ss_graph_column(struct ss_exprs *set, int32_t parent, uint32_t parent_node, struct ss_str name)
{
    for (uint32_t i = 0; i < set->columns; i++)
        if (set->column[i].parent == parent && ss_str_eq(set->column[i].name, name))
            return i;
    if (set->columns == set->columns_cap) {
        uint32_t cap = set->columns_cap ? 2 * set->columns_cap : 32;
        struct ss_column *more = realloc(set->column, cap * sizeof *more);
        if (!more)
            return SS_NODE_NONE;
        set->column = more;
        set->columns_cap = cap;
    }
    const char *copy = ss_arena_copy(&set->arena, name.p, name.n);
    if (!copy)
        return SS_NODE_NONE;
    set->column[set->columns] = (struct ss_column){
        .name = {copy, name.n}, .parent = parent, .parent_node = parent_node, .slot = -1, .feature = -1};
    set->names = NULL; /* features are to be numbered anew */
    return set->columns++;
}
