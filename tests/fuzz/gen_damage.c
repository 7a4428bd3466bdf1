/* Damage done to any text, in any way, stays one line within bounds. */
#include "gen/damage.h"
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const unsigned char *bytes, size_t len);

int LLVMFuzzerTestOneInput(const unsigned char *bytes, size_t len)
{
    uint64_t bits;
    if (len < sizeof bits || len > 4096)
        return 0;
    memcpy(&bits, bytes, sizeof bits);
    size_t n = len - sizeof bits, cap = n + bits % 300;
    char *text = malloc(cap + 1);
    if (!text)
        return 0;
    memcpy(text, bytes + sizeof bits, n);
    size_t was = 0, is = 0;
    for (size_t i = 0; i < n; i++)
        was += text[i] == '\n';
    size_t after = ss_gen_damage(text, n, cap, bits);
    if (after > cap)
        abort();
    for (size_t i = 0; i < after; i++)
        is += text[i] == '\n';
    if (is > was)
        abort();
    free(text);
    return 0;
}
