/*
 * The endpoints of the live feed, without a socket: what a listener asks for becomes a struct ss_hub_spec in
 * call->state, and whoever owns the socket joins the hub with it. GET /api/v1/live is a WebSocket, GET
 * /api/v1/events Server-Sent Events; /ws, /ws/alerts and /ws/metrics are what the reference systems call
 * them.
 */
#ifndef SS_WEB_LIVE_H
#define SS_WEB_LIVE_H

#include "web/hub.h"

extern const struct ss_route ss_routes_live[];

/*
 * A message from a WebSocket: {"topics":["alerts"],"level":"HIGH","action":["block"],"user_id":"u-1"}
 * replaces what it listens to (members that are absent stay). True when `spec` changed. Anything else, such
 * as a "ping" of the application's own, is passed over.
 */
bool ss_live_message(struct ss_str json, enum ss_role role, struct ss_hub_spec *spec);

#endif
