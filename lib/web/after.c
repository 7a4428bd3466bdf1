#include "web/after.h"
#include "base/err.h"
#include "base/log.h"
#include "web/auth.h"
#include "web/jobs.h"
#include "web/rules.h"
#include "web/settings.h"

void ss_after_commit(struct ss_web *web, struct ss_db *db, unsigned after)
{
    if (after & SS_AFTER_SETTINGS && web->settings && ss_settings_refresh(web->settings, db) != 0)
        ss_warn("the settings in use stay as they were: %s", ss_err_text());
    if (after & SS_AFTER_AUTH && web->auth)
        ss_auth_flush(web->auth);
    if (after & (SS_AFTER_RULES | SS_AFTER_LISTS) && web->rules)
        ss_rules_apply(web->rules, db, web->engine, after);
    if (after & SS_AFTER_JOBS && web->jobs)
        ss_jobs_wake(web->jobs);
}
