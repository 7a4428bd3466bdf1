#include "web/filter.h"
#include "base/number.h"

unsigned ss_query_set(struct ss_call *call, const char *name, const char *const *words)
{
    struct ss_str text = ss_query(call, name);
    unsigned set = 0;
    while (text.n) {
        const char *comma = memchr(text.p, ',', text.n);
        struct ss_str word = {text.p, comma ? (size_t)(comma - text.p) : text.n};
        text = comma ? (struct ss_str){comma + 1, text.n - word.n - 1} : (struct ss_str){NULL, 0};
        int i = 0;
        while (words[i] && !ss_str_is(word, words[i]))
            i++;
        if (!words[i]) {
            ss_fault(call, name, "knows no '%.*s'", (int)(word.n < 60 ? word.n : 60), word.p);
            return 0;
        }
        set |= 1u << i;
    }
    return set;
}

int64_t ss_query_user(struct ss_call *call, const char *name)
{
    int64_t id = 0;
    struct ss_str text = ss_query(call, name);
    if (text.p && ss_str_is(text, "none"))
        return -1;
    if (text.p && ss_str_is(text, "me"))
        return call->who.user_id ? call->who.user_id : INT64_MAX;
    if (text.p && (!ss_int_parse(text.p, text.n, &id) || id < 1)) {
        ss_fault(call, name, "is a user's number, me or none");
        return 0;
    }
    return id;
}
