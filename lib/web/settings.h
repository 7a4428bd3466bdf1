/*
 * The settings over the API: all of them with their ranges, several changed at once. Which there are, and how
 * any thread reads one (`ss_setting_int(call->web->settings, "sla.high_h")`), is in store/settings.h.
 *
 * A change is audited ("settings.change"), told to listeners (topic "settings") and in force right behind its
 * commit: the call sets SS_AFTER_SETTINGS (after.h).
 */
#ifndef SS_WEB_SETTINGS_H
#define SS_WEB_SETTINGS_H

#include "store/settings.h"
#include "web/web.h"

extern const struct ss_route ss_routes_settings[];

#endif
