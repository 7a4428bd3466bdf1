/* Compiler attributes under short names, so that contracts can be said in declarations. */
#ifndef SS_BASE_ATTR_H
#define SS_BASE_ATTR_H

/* The result says whether the call worked: ignoring it is an error (warnings are errors here). */
#define SS_MUST_CHECK   __attribute__((warn_unused_result))
#define SS_PRINTF(f, a) __attribute__((format(printf, f, a)))
#define SS_UNUSED       __attribute__((unused))
#define SS_LIKELY(x)    __builtin_expect(!!(x), 1)
#define SS_UNLIKELY(x)  __builtin_expect(!!(x), 0)
#define SS_COUNT(array) (sizeof(array) / sizeof((array)[0]))

#endif
