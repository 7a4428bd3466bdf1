/* The model that scores payments, as its file tells of itself. */
#include "json/cursor.h"
#include "json/write.h"
#include "web/engine.h"
#include "web/web.h"

/* {"name":"gbt:3f2a91c0","kind":"gbt","file":..,"features":"9be14c02","inputs":[..],"levels":{..},"calibrated":..,
 *  "parameters":{..},"training":{..},"metrics":{..},"challengers":[..]} */
static int get_model(struct ss_call *call)
{
    struct ss_engine *engine = call->web->engine;
    if (engine && engine->ops->model)
        engine->ops->model(engine, &call->res.body);
    if (call->res.body.n == 0)
        return ss_problem(call, 404, "not_found", "no pipeline of this server scores payments");
    call->res.may_cache = true;
    return 0;
}

const struct ss_route ss_routes_models[] = {
    {SS_GET, "/api/v1/models/current", get_model, SS_READERS, "models:read", SS_RUN_QUICK, 0},
    {0},
};
