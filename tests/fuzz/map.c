/* Any text as a field map, and then a small file read with it. */
#include "tests/ingest_fuzz.h"

int LLVMFuzzerTestOneInput(const unsigned char *bytes, size_t len);

int LLVMFuzzerTestOneInput(const unsigned char *bytes, size_t len)
{
    static const char rows[] = "a,b,c,t\n1,2,3,2020-01-01 10:00:00\n4111111111111111,-.5,x,1577934245\n,,,\n";
    struct ss_field_map map;
    char *text = malloc(len + 1);
    if (!text || len > 1 << 14) {
        free(text);
        return 0;
    }
    memcpy(text, bytes, len);
    text[len] = '\0';
    ss_log_init("fuzz", SS_LOG_ERROR, false);
    int err = ss_field_map_read(&map, "fuzz.map", (struct ss_str){text, len});
    if (err < 0 && err != SS_ECONFIG)
        abort();
    ss_field_map_free(&map);
    if (!err && strlen(text) == len) {
        static struct kit kit;
        kit_open(&kit, SS_FORMAT_ANY, text);
        fuzz_both_ways(&kit, (const unsigned char *)rows, sizeof rows - 1);
        kit_close(&kit);
    }
    free(text);
    return 0;
}
