/*
 * Card numbers (primary account numbers, ISO/IEC 7812): recognised by length and check digit, and hashed or
 * masked before they leave. The hash is HMAC-SHA-256 with a key from a file, since the 10^9 numbers behind
 * one issuer's prefix are counted through in minutes where there is no key.
 */
#ifndef SS_RECORD_PAN_H
#define SS_RECORD_PAN_H

#include "base/arena.h"
#include "base/attr.h"
#include "base/str.h"
#include <stdint.h>

#define SS_PAN_TEXT 40 /* no hashed or masked number needs more bytes */

enum ss_pan_mode { SS_PAN_HASH, SS_PAN_MASK, SS_PAN_KEEP };

/* A number hashed before: cards come again and again, and the HMAC costs more than all the rest of a row. */
struct ss_pan_memo {
    uint8_t len;
    char digit[23], hex[32];
};

#define SS_PAN_MEMOS 4096

struct ss_pan {
    enum ss_pan_mode mode;
    size_t key_len;
    char key[256];
    struct ss_pan_memo memo[SS_PAN_MEMOS]; /* by the number's hash; a new one takes the place of an old one */
};

/* "hash", "mask" or "keep"; false for another word. */
bool ss_pan_mode_of(const char *word, enum ss_pan_mode *mode) SS_MUST_CHECK;
/* The key: a file of 16 to 256 bytes, a line end at its end not counted. SS_ENOINPUT or SS_ECONFIG. */
int ss_pan_read_key(struct ss_pan *pan, const char *path) SS_MUST_CHECK;

/* 13 to 19 digits with a right check digit (Luhn, US patent 2,950,048), blanks and hyphens between allowed.
 */
bool ss_pan_looks_like(struct ss_str text);

/*
 * What stands for the number in the record, into `out` (SS_PAN_TEXT bytes): the first 32 hexadecimal digits
 * of the HMAC, or the first six and last four digits with stars between. Blanks and hyphens do not count.
 * Returns its length; 0 where the mode is SS_PAN_KEEP. `last4` gets the last four digits where there are 12
 * or more digits, else nothing (last4[0] == 0).
 */
size_t ss_pan_hide(struct ss_pan *pan, struct ss_str text, char *out, char last4[5]);

/*
 * What --pan and --pan-key say, either of them or NULL; *pan is NULL where neither is given, else the
 * caller's to free. A key alone hashes. SS_EUSAGE for another mode, a hash without a key, a key without a
 * hash; or what ss_pan_read_key says.
 */
int ss_pan_of_options(const char *mode, const char *key_file, struct ss_pan **pan) SS_MUST_CHECK;

/*
 * Hides the card numbers in a payment of JSON, wherever somebody put them: in a member whose name says so
 * (card_id, card_number, pan, ... at any depth; text or number) what ss_pan_looks_like; in any other text
 * also within it, where the digits begin as a card scheme's do. Left alone are txn_id, user_id, account_id,
 * merchant_id, device_id and timestamp, and numbers of other names: ids and amounts pass the check digit one
 * time in ten. A card_id at the top is followed by its card_last4 where there is none.
 *
 * *json becomes a text in the arena where something was hidden, and stays as it is otherwise. Costs a look at
 * each thirteenth byte where there is no such run of digits. `pan` is only read, NULL masks; one that keeps
 * changes nothing. SS_ENOMEM is the only error.
 */
int ss_pan_scrub(const struct ss_pan *pan, struct ss_arena *arena, struct ss_str *json) SS_MUST_CHECK;

#endif
