#include "cmd/ss-serve/rulebook.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/log.h"
#include "cli/pipeline.h"
#include <string.h>

#define STAGES_MAX    64
#define PIPELINE_MAX  ((size_t)1 << 20)
#define DEFAULT_RULES "ss-serve.rules" /* where the store is no file */

/* The value of an option in one of its spellings: "-r X", "-rX", "--rules X", "--rules=X". *i moves on. */
static const char *value_of(const struct ss_words *words, int *i, const char *letter, const char *name)
{
    const char *word = words->word[*i];
    size_t n = strlen(name);
    if (letter && strncmp(word, letter, 2) == 0 && word[2])
        return word + 2;
    if (strncmp(word, name, n) == 0 && word[n] == '=')
        return word + n + 1;
    if ((letter && strcmp(word, letter) == 0) || strcmp(word, name) == 0)
        return *i + 1 < words->n ? words->word[++*i] : NULL;
    return NULL;
}

/* What the rules stage was told. */
struct told {
    const char *file[SS_RULE_FILES];
    int files;
};

static void read_words(const struct ss_words *words, struct ss_rules_options *options, struct told *told)
{
    const char *value;
    for (int i = 1; i < words->n; i++) {
        if ((value = value_of(words, &i, "-r", "--rules")) != NULL) {
            if (told->files < SS_RULE_FILES)
                told->file[told->files++] = value;
        } else if ((value = value_of(words, &i, NULL, "--lists")) != NULL) {
            options->lists_dir = value;
        } else if (strcmp(words->word[i], "--full-jq") == 0) {
            options->full_jq = true;
        }
    }
}

/* ---- the pipeline as it is to run ---- */

static void put_word(struct ss_buf *to, const char *word)
{
    if (to->n && to->p[to->n - 1] != ' ')
        ss_buf_putc(to, ' ');
    if (*word && !strpbrk(word, " \t\n|'\"\\$`*?")) {
        ss_buf_puts(to, word);
        return;
    }
    ss_buf_putc(to, '\'');
    for (; *word; word++) {
        if (*word == '\'')
            ss_buf_puts(to, "'\\''");
        else
            ss_buf_putc(to, *word);
    }
    ss_buf_putc(to, '\'');
}

/* With `-r FILE` in the place of what the rules stage was told. */
static int rewrite(struct ss_rulebook *book, const struct ss_words *stages, int n, int rules)
{
    struct ss_buf text;
    ss_buf_init(&text, PIPELINE_MAX);
    for (int s = 0; s < n; s++) {
        const struct ss_words *words = &stages[s];
        if (s)
            ss_buf_puts(&text, " | ");
        for (int i = 0; i < words->n; i++) {
            if (s == rules && i > 0 && value_of(words, &i, "-r", "--rules"))
                continue;
            put_word(&text, words->word[i]);
            if (s == rules && i == 0) {
                put_word(&text, "-r");
                put_word(&text, book->rules.file);
            }
        }
    }
    int err = ss_buf_check(&text);
    if (!err && !(book->pipeline = ss_arena_copy(&book->arena, text.p, text.n)))
        err = SS_ENOMEM;
    ss_buf_free(&text);
    return err;
}

static const char *default_file(struct ss_rulebook *book, const char *store)
{
    struct ss_buf path;
    if (strstr(store, "://"))
        return DEFAULT_RULES;
    if (strncmp(store, "sqlite:", 7) == 0)
        store += 7;
    ss_buf_init(&path, PIPELINE_MAX);
    ss_buf_printf(&path, "%s%s.rules", strchr(store, '/') ? "" : "./", store);
    const char *copy = ss_buf_check(&path) ? NULL : ss_arena_copy(&book->arena, path.p, path.n);
    ss_buf_free(&path);
    return copy;
}

int ss_rulebook_read(struct ss_rulebook *book, const char *pipeline, const char *store)
{
    struct told told = {.files = 0};
    int rules = -1, found = 0;
    memset(book, 0, sizeof *book);
    book->pipeline = pipeline;
    ss_arena_init(&book->arena, 2 * PIPELINE_MAX);
    struct ss_words *stages = ss_arena_zalloc(&book->arena, STAGES_MAX * sizeof *stages);
    if (!stages)
        return SS_ENOMEM;
    int n = ss_pipeline_split(pipeline, &book->arena, stages, STAGES_MAX);
    if (n < 0)
        return n;
    for (int s = 0; s < n; s++)
        if (stages[s].n && strcmp(stages[s].word[0], "rules") == 0) {
            rules = s;
            found++;
        }
    if (found == 1)
        read_words(&stages[rules], &book->rules, &told);
    if (found != 1 || told.files > 1) {
        if (found)
            ss_info("the rules of this pipeline are several files: they are changed by hand alone");
        return 0;
    }
    book->kept = true;
    if (told.files == 1 && strpbrk(told.file[0], "/.")) {
        book->rules.file = told.file[0];
        return 0;
    }
    book->rules.seed = told.files ? told.file[0] : NULL;
    book->rules.file = default_file(book, store);
    return book->rules.file ? rewrite(book, stages, n, rules) : SS_ENOMEM;
}

void ss_rulebook_free(struct ss_rulebook *book)
{
    ss_arena_free(&book->arena);
}
