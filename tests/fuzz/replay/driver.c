/* Replays a corpus through a fuzz target as an ordinary TAP test: each argument is a file or a folder of
 * files. */
#include "tests/tap.h"
#include "base/buf.h"
#include "base/file.h"
#include <dirent.h>
#include <sys/stat.h>

int LLVMFuzzerTestOneInput(const unsigned char *bytes, size_t len);

static void replay_file(const char *path)
{
    struct ss_buf buf;
    ss_buf_init(&buf, 64 << 20);
    if (ok(ss_file_read(path, &buf) == 0, "%s", path)) {
        /* A copy of exactly that size, so that a sanitizer sees a read past the end. */
        unsigned char *exact = malloc(buf.n ? buf.n : 1);
        if (buf.n)
            memcpy(exact, buf.p, buf.n);
        LLVMFuzzerTestOneInput(exact, buf.n);
        free(exact);
    }
    ss_buf_free(&buf);
}

int main(int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        struct dirent **entries;
        int n = scandir(argv[i], &entries, NULL, alphasort);
        if (n < 0) {
            replay_file(argv[i]);
            continue;
        }
        for (int k = 0; k < n; k++) {
            char path[4096];
            snprintf(path, sizeof path, "%s/%s", argv[i], entries[k]->d_name);
            if (entries[k]->d_name[0] != '.')
                replay_file(path);
            free(entries[k]);
        }
        free(entries);
    }
    return done();
}
