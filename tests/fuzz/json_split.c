/*
 * Any line: split as it is, which plain objects are in a quicker way, and with a member before it whose
 * escape has it take the thorough one. Both must find the same.
 */
#include "base/err.h"
#include "json/json.h"
#include <stdlib.h>
#include <string.h>

#define FIRST "{\"\\u005f\":0,"

int LLVMFuzzerTestOneInput(const unsigned char *bytes, size_t len);

static void must(bool condition)
{
    if (!condition)
        abort();
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/* The text behind `first`, with nothing but bytes that might be taken for more of it behind that. */
static char *join(const char *first, size_t n, const void *rest, size_t len)
{
    char *text = malloc(n + len + SS_JSON_PADDING);
    must(text != NULL);
    memcpy(text, first, n);
    if (len)
        memcpy(text + n, rest, len);
    memset(text + n + len, '1', SS_JSON_PADDING);
    return text;
}

int LLVMFuzzerTestOneInput(const unsigned char *bytes, size_t len)
{
    const size_t shift = sizeof FIRST - 2; /* its brace stands for the line's own */
    size_t n, m, at = 0;
    while (at < len && is_blank((char)bytes[at]))
        at++;
    size_t first = at + 1;
    while (first < len && is_blank((char)bytes[first]))
        first++;
    if (first >= len || bytes[at] != '{' || bytes[first] == '}' || len - at > 1 << 20)
        return 0;
    struct ss_json_parser *quick = ss_json_parser_new(), *thorough = ss_json_parser_new();
    must(quick && thorough);
    const struct ss_json_member *a, *b;
    char *plain = join("", 0, bytes + at, len - at), why[512] = "";
    char *longer = join(FIRST, sizeof FIRST - 1, bytes + at + 1, len - at - 1);
    int one = ss_json_split(quick, plain, len - at, &a, &n);
    if (one < 0)
        strncpy(why, ss_err_text(), sizeof why - 1);
    int other = ss_json_split(thorough, longer, len - at + shift, &b, &m);
    must(one == other);
    must(one < 0 ? strcmp(why, ss_err_text()) == 0 : m == n + 1);
    for (size_t i = 0; one == 0 && i < n; i++) {
        must(a[i].key + shift == b[i + 1].key && a[i].key_len == b[i + 1].key_len);
        must(a[i].val + shift == b[i + 1].val && a[i].val_len == b[i + 1].val_len);
        must(a[i].type == b[i + 1].type);
    }
    free(plain);
    free(longer);
    ss_json_parser_free(quick);
    ss_json_parser_free(thorough);
    return 0;
}
