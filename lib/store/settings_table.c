/* The settings there are. A new one is a line here; keep the order of the keys. */
#include "store/settings.h"
#include <stdint.h>

static const char *const registration[] = {"off", "invite", "open", NULL};
static const char *const levels[] = {"LOW", "MEDIUM", "HIGH", "CRITICAL", NULL};

static bool is_currency(struct ss_str value)
{
    for (size_t i = 0; i < value.n; i++)
        if (value.p[i] < 'A' || value.p[i] > 'Z')
            return false;
    return value.n == 3;
}

#define BOOL(key, absent, about)                                    \
    {                                                               \
        key, SS_SETTING_BOOL, absent, 0, 1, NULL, NULL, NULL, about \
    }
#define INT(key, absent, min, max, about)                              \
    {                                                                  \
        key, SS_SETTING_INT, absent, min, max, NULL, NULL, NULL, about \
    }
#define REAL(key, absent, min, max, about)                              \
    {                                                                   \
        key, SS_SETTING_REAL, absent, min, max, NULL, NULL, NULL, about \
    }
#define WORD(key, absent, words, about)                              \
    {                                                                \
        key, SS_SETTING_WORD, absent, 0, 0, words, NULL, NULL, about \
    }
#define TEXT(key, absent, fits, form, about)                                          \
    {                                                                                 \
        key, SS_SETTING_TEXT, absent, 0, SS_SETTING_TEXT_MAX, NULL, fits, form, about \
    }

/* clang-format off */
static const struct ss_setting table[] = {
    INT("auth.access_min", "60", 1, 1440, "Minutes that a login token counts."),
    INT("auth.lock_after", "5", 1, 100, "Failed logins in a row after which an account is locked."),
    INT("auth.lock_min", "15", 1, 1440, "Minutes that an account stays locked."),
    INT("auth.refresh_days", "7", 1, 365, "Days that a login may be renewed without the password."),
    WORD("auth.registration", "off", registration, "Who may make an account: nobody, who was invited, anyone."),
    BOOL("cases.auto", "true", "Open a case for payments at or above cases.auto_level."),
    WORD("cases.auto_level", "HIGH", levels, "The level from which on cases open by themselves."),
    INT("cases.auto_window_h", "24", 1, 8760, "Hours in which alerts of one entity join the case that is open."),
    INT("cases.evidence_mb", "10", 1, 10, "Mebibytes that a file of evidence may have."),
    TEXT("currency", "USD", is_currency, "three capital letters (ISO 4217)", "The currency that sums of all payments are named in."),
    BOOL("mask.analyst", "false", "Hide personal data (addresses, names, card numbers) from analysts."),
    BOOL("mask.viewer", "true", "Hide personal data (addresses, names, card numbers) from viewers."),
    INT("retention.jobs_days", "90", 1, 36500, "Days that the results of finished jobs are kept."),
    INT("retention.payments_days", "0", 0, 36500, "Days that payments are kept, by the server or ss-ctl prune; 0 keeps them for good."),
    BOOL("rules.four_eyes", "false", "A rule set is published only once a second person has approved it."),
    REAL("sla.at_risk", "0.25", 0, 1, "A case is at risk when less than this share of its time is left."),
    INT("sla.critical_h", "2", 1, 8760, "Hours to resolve a case of priority critical."),
    INT("sla.high_h", "8", 1, 8760, "Hours to resolve a case of priority high."),
    INT("sla.low_h", "72", 1, 8760, "Hours to resolve a case of priority low."),
    INT("sla.medium_h", "24", 1, 8760, "Hours to resolve a case of priority medium."),
    BOOL("sla.pause_pending", "true", "The time of a case stands still while information is awaited."),
};
/* clang-format on */

const struct ss_setting *ss_setting_at(size_t i)
{
    return i < SS_COUNT(table) ? &table[i] : NULL;
}

const struct ss_setting *ss_setting_find(struct ss_str key)
{
    size_t low = 0, high = SS_COUNT(table);
    while (low < high) {
        size_t middle = (low + high) / 2, n = strlen(table[middle].key);
        int order = memcmp(key.p, table[middle].key, key.n < n ? key.n : n);
        if (order == 0 && key.n == n)
            return &table[middle];
        if (order < 0 || (order == 0 && key.n < n))
            high = middle;
        else
            low = middle + 1;
    }
    return NULL;
}
