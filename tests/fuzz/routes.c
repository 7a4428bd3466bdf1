/* Any bytes as a routes file: a table that holds together, or a message with the line. */
#include "alert/routes.h"
#include "base/err.h"
#include <math.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const unsigned char *bytes, size_t len);

static void check(const struct ss_routes *routes)
{
    const struct ss_fired rule = {
        .id = SS_STR("r1"), .score = NAN, .tag = (struct ss_str[]){SS_STR("t")}, .tags = 1};
    const struct ss_decision d = {.action = SS_BLOCK, .level = SS_HIGH, .rule = &rule, .rules = 1};
    const struct ss_facts facts = {SS_HIGH, true, &d};
    uint32_t known = routes->n == 0 ? 0 : (1u << routes->n) - 1;
    if (ss_routes_places(routes, &facts) & ~known & ~SS_PLACE_STDOUT)
        abort();
    for (uint32_t i = 0; i < routes->n; i++) {
        const struct ss_destination *to = &routes->to[i];
        if (ss_routes_find(routes, ss_str_of(to->name)) != (int)i || !to->target || !to->tries ||
            !to->parallel || to->backoff_us <= 0 ||
            (to->kind == SS_TO_COMMAND && (!to->args || to->arg[to->args])))
            abort();
    }
}

int LLVMFuzzerTestOneInput(const unsigned char *bytes, size_t len)
{
    struct ss_routes routes;
    int err = ss_routes_parse("routes", (struct ss_str){(const char *)bytes, len}, &routes);
    if (!err)
        check(&routes);
    else if (err == SS_ECONFIG && strncmp(ss_err_text(), "routes:", 7) != 0)
        abort();
    ss_routes_free(&routes);
    return 0;
}
