/* Deadlines of one length each: a queue, since what is set later is due later. O(1) to set and to lift. */
#ifndef SS_SERVE_DEADLINE_H
#define SS_SERVE_DEADLINE_H

#include <stddef.h>
#include <stdint.h>

struct ss_deadlines;

struct ss_deadline {
    struct ss_deadlines *in; /* NULL: none is set */
    struct ss_deadline *before, *after;
    int64_t due_ns;
    void *owner;
};

struct ss_deadlines {
    struct ss_deadline *first, *last;
    int64_t length_ns;
};

static inline void ss_deadline_lift(struct ss_deadline *d)
{
    if (!d->in)
        return;
    *(d->before ? &d->before->after : &d->in->first) = d->after;
    *(d->after ? &d->after->before : &d->in->last) = d->before;
    d->in = NULL;
}

static inline void ss_deadline_set(struct ss_deadlines *in, struct ss_deadline *d, void *owner,
                                   int64_t now_ns)
{
    ss_deadline_lift(d);
    *d = (struct ss_deadline){in, in->last, NULL, now_ns + in->length_ns, owner};
    *(in->last ? &in->last->after : &in->first) = d;
    in->last = d;
}

/* One that has passed, lifted; NULL when there is none. */
static inline void *ss_deadline_passed(struct ss_deadlines *in, int64_t now_ns)
{
    struct ss_deadline *d = in->first;
    if (!d || d->due_ns > now_ns)
        return NULL;
    ss_deadline_lift(d);
    return d->owner;
}

#endif
