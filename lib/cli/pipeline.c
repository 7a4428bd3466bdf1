#include "cli/pipeline.h"
#include "base/err.h"
#include <string.h>

/* Reads one word at *p into `out`, undoing quotes. */
static int read_word(const char **p, char *out)
{
    char quote = 0;
    for (; **p; (*p)++) {
        char c = **p;
        if (quote) {
            if (c == quote) {
                quote = 0;
                continue;
            }
            if (c == '\\' && quote == '"' && ((*p)[1] == '"' || (*p)[1] == '\\'))
                c = *++*p;
        } else if (c == '\'' || c == '"') {
            quote = c;
            continue;
        } else if (c == '\\' && (*p)[1]) {
            c = *++*p;
        } else if (c == ' ' || c == '\t' || c == '\n' || c == '|') {
            break;
        }
        *out++ = c;
    }
    *out = '\0';
    return quote ? ss_fail(SS_EUSAGE, "a quote (%c) is not closed in the pipeline", quote) : 0;
}

int ss_pipeline_split(const char *text, struct ss_arena *arena, struct ss_words *stages, int max)
{
    int n = 0;
    const char *p = text;
    for (;;) {
        if (n == max)
            return ss_fail(SS_EUSAGE, "more than %d stages in one pipeline", max);
        struct ss_words *words = &stages[n++];
        words->n = 0;
        for (;;) {
            p += strspn(p, " \t\n");
            if (!*p || *p == '|')
                break;
            if (words->n == SS_WORDS_MAX)
                return ss_fail(SS_EUSAGE, "more than %d words in one stage", SS_WORDS_MAX);
            char *word = ss_arena_alloc(arena, strlen(p) + 1);
            int err = word ? read_word(&p, word) : SS_ENOMEM;
            if (err < 0)
                return err;
            words->word[words->n++] = word;
        }
        words->word[words->n] = NULL;
        if (words->n == 0)
            return ss_fail(SS_EUSAGE, "an empty stage in the pipeline '%s'", text);
        if (!*p)
            return n;
        p++;
    }
}
