/* Texts that outlive the row they came with. Inside lib/store. */
#ifndef SS_STORE_COPY_H
#define SS_STORE_COPY_H

#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"

/* Puts a copy in the text's place; nothing stays nothing. SS_ENOMEM. */
static inline int ss_copy_text(struct ss_arena *arena, struct ss_str *text)
{
    if (!text->p)
        return 0;
    text->p = ss_arena_copy(arena, text->p, text->n);
    return text->p ? 0 : SS_ENOMEM; /* said by the arena */
}

#endif
