/* Lines as broken senders make them: every kind of malformed input that readers downstream must survive. */
#ifndef SS_GEN_DAMAGE_H
#define SS_GEN_DAMAGE_H

#include <stddef.h>
#include <stdint.h>

/* Spoils the line in place: text[len] with room for `cap` bytes. Returns its new length. */
size_t ss_gen_damage(char *text, size_t len, size_t cap, uint64_t bits);

#endif
