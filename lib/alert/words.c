#include "alert/words.h"
#include "base/err.h"

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r';
}

/* Reads one word from *p; what it comes to is never longer than what it was. */
static int read_word(const char **p, const char *end, char *to, size_t *n)
{
    bool quoted = false;
    const char *at = *p;
    *n = 0;
    for (; at < end && (quoted || !is_blank(*at)); at++) {
        char c = *at;
        if (c == '"') {
            quoted = !quoted;
            continue;
        }
        if (quoted && c == '\\' && at + 1 < end && (at[1] == '"' || at[1] == '\\'))
            c = *++at;
        if ((unsigned char)c < 0x20 || c == 0x7f)
            return ss_fail(SS_ECONFIG, "a control character in a word");
        to[(*n)++] = c;
    }
    if (quoted)
        return ss_fail(SS_ECONFIG, "a quote is not closed");
    *p = at;
    return 0;
}

int ss_words_split(struct ss_str line, struct ss_arena *arena, struct ss_words *words)
{
    const char *p = line.p, *end = line.p + line.n;
    words->n = 0;
    char *to = ss_arena_alloc(arena, 2 * line.n + 2); /* each word takes its bytes and a NUL */
    if (!to)
        return SS_ENOMEM;
    for (;;) {
        size_t n;
        while (p < end && is_blank(*p))
            p++;
        if (p == end || *p == '#')
            return 0;
        if (words->n == SS_WORDS_MAX)
            return ss_fail(SS_ECONFIG, "more than %d words in a line", SS_WORDS_MAX);
        int err = read_word(&p, end, to, &n);
        if (err)
            return err;
        to[n] = '\0';
        words->at[words->n++] = (struct ss_str){to, n};
        to += n + 1;
    }
}

bool ss_words_line(struct ss_str *text, struct ss_str *line)
{
    if (!text->n)
        return false;
    const char *nl = memchr(text->p, '\n', text->n);
    size_t n = nl ? (size_t)(nl - text->p) : text->n, taken = nl ? n + 1 : n;
    *line = (struct ss_str){text->p, n};
    *text = (struct ss_str){text->p + taken, text->n - taken};
    return true;
}

bool ss_word_setting(struct ss_str word, struct ss_str *name, struct ss_str *value)
{
    const char *eq = word.n ? memchr(word.p, '=', word.n) : NULL;
    if (!eq || eq == word.p)
        return false;
    *name = (struct ss_str){word.p, (size_t)(eq - word.p)};
    *value = (struct ss_str){eq + 1, word.n - name->n - 1};
    return true;
}
