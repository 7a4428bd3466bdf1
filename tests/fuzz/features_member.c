/* The features member's text: any bytes are refused or read, within their bounds. */
#include "record/features.h"
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const unsigned char *bytes, size_t len);

int LLVMFuzzerTestOneInput(const unsigned char *bytes, size_t len)
{
    static struct ss_str name[] = {{"a", 1}, {"b", 1}, {"place", 5}};
    static bool is_text[] = {false, false, true};
    static const struct ss_feature_names names = {"9be14c02", 3, name, is_text};
    struct ss_arena arena;
    const struct ss_features *features;
    char *exact = malloc(len + 1); /* so that a sanitizer sees one byte too far */
    ss_arena_init(&arena, 1 << 20);
    memcpy(exact, bytes, len);
    char *fit = realloc(exact, len ? len : 1);
    if (ss_features_parse((struct ss_str){fit ? fit : exact, len}, &names, &arena, &features) == 0 &&
        (features->names != &names || (features->text[2].p && features->text[2].n > len)))
        abort();
    free(fit ? fit : exact);
    ss_arena_free(&arena);
    return 0;
}
