/*
 * A line of a file that people write, as words: pieces between blanks; double quotes hold blanks together,
 * with \" and \\ within; # at the start of a word begins a comment.
 */
#ifndef SS_ALERT_WORDS_H
#define SS_ALERT_WORDS_H

#include "base/arena.h"
#include "base/attr.h"
#include "base/str.h"
#include <stdint.h>

#define SS_WORDS_MAX 64

struct ss_words {
    struct ss_str at[SS_WORDS_MAX]; /* in the arena, NUL behind each */
    uint32_t n;
};

/* SS_ECONFIG for an open quote, a control byte or too many words; SS_ENOMEM. */
int ss_words_split(struct ss_str line, struct ss_arena *arena, struct ss_words *words) SS_MUST_CHECK;
/* Takes the next line off `text`, without its newline; false at the end. */
bool ss_words_line(struct ss_str *text, struct ss_str *line);
/* name=value, split at the first '='; false when there is none or no name. */
bool ss_word_setting(struct ss_str word, struct ss_str *name, struct ss_str *value);

#endif
