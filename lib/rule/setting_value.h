/* What stands behind the = of a setting: words, numbers, times. Faults are SS_ECONFIG, and quote the value.
 */
#ifndef SS_RULE_SETTING_VALUE_H
#define SS_RULE_SETTING_VALUE_H

#include "base/attr.h"
#include "base/str.h"
#include <stdint.h>

/* A text in a message, for %.*s: no more of it than fits. */
#define SS_SHOWN(s) (s).n < 64 ? (int)(s).n : 64, (s).p

/* Values that are no expressions may have a comment behind them. */
struct ss_str ss_setting_uncommented(struct ss_str value);
struct ss_str ss_setting_unquoted(struct ss_str value);
/* The next word, which is taken off `text`; n == 0 at the end. */
struct ss_str ss_setting_word(struct ss_str *text);
/* Letters, digits and _, no digit first. */
bool ss_setting_is_name(struct ss_str word);

/* `hint` says what would be right: "a score from 0 to 1". */
int ss_setting_number(struct ss_str value, double low, double high, const char *hint,
                      double *out) SS_MUST_CHECK;
int ss_setting_flag(struct ss_str value, bool *out) SS_MUST_CHECK;
int ss_setting_action(struct ss_str value, int *out) SS_MUST_CHECK;
/* An action, or -1 for ignore. */
int ss_setting_on_error(struct ss_str value, int *out) SS_MUST_CHECK;
int ss_setting_time(struct ss_str value, int64_t *time_us) SS_MUST_CHECK;
int ss_setting_duration(struct ss_str word, int64_t *us) SS_MUST_CHECK;

#endif
