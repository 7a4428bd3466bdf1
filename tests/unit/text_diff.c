/* Differences of texts: what is printed turns the old text into the new one. */
#include "rule/text_diff.h"
#include "base/err.h"
#include "base/rng.h"
#include "tests/tap.h"

static struct ss_buf out, made;

static void is(const char *old, const char *now, const char *want, const char *what)
{
    ss_buf_reset(&out);
    int err = ss_text_diff(ss_str_of(old), ss_str_of(now), &out);
    is_text(out.p ? out.p : "", err ? 0 : out.n, want, what);
}

/* Applies the hunks to `old`; counts edits. */
static bool applies(const char *old, const char *now, int *edits)
{
    int line = 1;
    const char *p = ss_buf_cstr(&out);
    ss_buf_reset(&made);
    *edits = 0;
    while (*p) {
        int at = 0, n = 0;
        const char *end = strchr(p, '\n');
        if (p[0] == '@') {
            at = (int)strtol(p + 4, NULL, 10);
            n = (int)strtol(strchr(p, ',') + 1, NULL, 10);
            for (at += n == 0; line < at; line++) {
                const char *stop = strchr(old, '\n');
                ss_buf_put(&made, old, (size_t)(stop - old) + 1);
                old = stop + 1;
            }
        } else {
            size_t len = (size_t)(end - p); /* with the newline, without the sign */
            if (p[0] != '+') {
                if (strncmp(old, p + 1, len) != 0)
                    return false;
                old += len;
                line++;
            }
            if (p[0] != '-')
                ss_buf_put(&made, p + 1, len);
            *edits += p[0] != ' ';
        }
        p = end + 1;
    }
    ss_buf_puts(&made, old);
    return made.n == strlen(now) && memcmp(made.p ? made.p : "", now, made.n) == 0;
}

static void random_texts(void)
{
    struct ss_rng rng;
    bool fine = true, few = true;
    ss_rng_seed(&rng, 7);
    for (int round = 0; round < 3000 && fine; round++) {
        char old[512] = "", now[512] = "";
        int a = (int)(ss_rng_next(&rng) % 40), changes = 0, edits = 0;
        for (int i = 0; i < a; i++) {
            char line[3] = {(char)('a' + ss_rng_next(&rng) % 5), '\n', 0};
            snprintf(old + strlen(old), sizeof old - strlen(old), "%s", line);
            int what = (int)(ss_rng_next(&rng) % 8);
            if (what == 0 && ++changes)
                continue;
            snprintf(now + strlen(now), sizeof now - strlen(now), "%s%s", line, what == 1 ? "z\n" : "");
            changes += what == 1;
        }
        ss_buf_reset(&out);
        fine = ss_text_diff(ss_str_of(old), ss_str_of(now), &out) == 0 && applies(old, now, &edits);
        few &= edits <= changes;
        if (!fine)
            printf("# old:\n%snew:\n%s\n%s\n", old, now, out.p);
    }
    ok(fine, "hunks turn one random text into the other");
    ok(few, "with no more edits than were made");
}

int main(void)
{
    ss_buf_init(&out, 1 << 22);
    ss_buf_init(&made, 1 << 22);
    is("a\nb\n", "a\nb\n", "", "equal texts do not differ");
    is("", "", "", "nor do empty ones");
    is("", "a\n", "@@ -0,0 +1,1 @@\n+a\n", "everything is new");
    is("a\nb\n", "", "@@ -1,2 +0,0 @@\n-a\n-b\n", "everything is gone");
    is("1\n2\n3\n4\n5\n6\n7\n8\n9\n", "1\n2\n3\n4\nx\n6\n7\n8\n9\n",
       "@@ -2,7 +2,7 @@\n 2\n 3\n 4\n-5\n+x\n 6\n 7\n 8\n", "a line that changed, with three around it");
    is("a\nb", "a\nb\n", "", "a missing newline at the end is no difference");
    is("1\n2\n3\n4\n5\n6\n7\n8\n9\n", "x\n1\n2\n3\n4\n5\n6\n7\n8\n9\ny\n",
       "@@ -1,3 +1,4 @@\n+x\n 1\n 2\n 3\n@@ -7,3 +8,4 @@\n 7\n 8\n 9\n+y\n", "two places far apart");
    random_texts();
    ss_buf_free(&out);
    ss_buf_free(&made);
    return done();
}
