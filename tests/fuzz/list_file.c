/* Any bytes as a list file, of the kind that the first byte says: refused, or what is on it is found again.
 */
#include "rule/list_file.h"
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const unsigned char *bytes, size_t len);

int LLVMFuzzerTestOneInput(const unsigned char *bytes, size_t len)
{
    struct ss_list *list;
    struct ss_buf edited;
    if (len == 0 || ss_list_new((enum ss_list_kind)(bytes[0] % SS_LIST_KINDS), &list) < 0)
        return 0;
    struct ss_str text = {(const char *)bytes + 1, len - 1};
    if (ss_list_read(list, text, "fuzz", NULL) == 0 && ss_list_kind(list) == SS_LIST_EXACT)
        for (uint32_t i = 0; i < ss_list_count(list); i++) {
            struct ss_list_entry e = ss_list_at(list, i);
            int64_t at = e.from_us == SS_LIST_OPEN_FROM && e.until_us == SS_LIST_OPEN_UNTIL ? SS_LIST_NO_TIME
                         : e.from_us == SS_LIST_OPEN_FROM                                   ? e.until_us - 1
                                                                                            : e.from_us;
            if (!ss_list_has(list, e.value, at, NULL) || !ss_list_contains(list, e.value))
                abort();
        }
    (void)ss_list_has(list, text, 0, NULL);
    ss_buf_init(&edited, 1 << 24);
    struct ss_list_entry put = {SS_STR("10.0.0.1"), {NULL, 0}, SS_LIST_OPEN_FROM, SS_LIST_OPEN_UNTIL};
    if (ss_list_edit_put(text, ss_list_kind(list), &put, &edited) >= 0) {
        struct ss_list *after;
        if (ss_list_new(ss_list_kind(list), &after) < 0)
            abort();
        if (ss_list_read(after, (struct ss_str){edited.p, edited.n}, "fuzz", NULL) == 0 &&
            !ss_list_contains(after, put.value))
            abort();
        ss_list_free(after);
    }
    ss_buf_free(&edited);
    ss_list_free(list);
    return 0;
}
