/* lib/json: lines split into members, texts without escapes, documents, and writing. */
#include "base/err.h"
#include "json/doc.h"
#include "json/json.h"
#include "json/write.h"
#include "tests/tap.h"

static struct ss_json_parser *parser;

/* Splits a copy that has just the padding behind it, so that a sanitizer sees a read beyond. */
static int split(const char *text, size_t len, const struct ss_json_member **m, size_t *n, char **copy)
{
    *copy = malloc(len + SS_JSON_PADDING);
    if (len)
        memcpy(*copy, text, len);
    memset(*copy + len, 0xff, SS_JSON_PADDING);
    return ss_json_split(parser, *copy, len, m, n);
}

/* Checks the members as "key=value|..." with a letter for the type behind each value. */
static void splits(const char *text, const char *want)
{
    const struct ss_json_member *m;
    size_t n;
    char *copy;
    struct ss_buf got;
    ss_buf_init(&got, 1 << 20);
    if (split(text, strlen(text), &m, &n, &copy) == 0) {
        for (size_t i = 0; i < n; i++)
            ss_buf_printf(&got, "%s%.*s=%.*s:%c", i ? "|" : "", (int)m[i].key_len, copy + m[i].key,
                          (int)m[i].val_len, copy + m[i].val, "?zftnsoa"[m[i].type]);
    } else {
        ss_buf_puts(&got, ss_err_text());
    }
    is_text(got.n ? got.p : "", got.n, want, text);
    ss_buf_free(&got);
    free(copy);
}

static void members_are_found_with_their_types(void)
{
    splits("{}", "");
    splits(" { } ", "");
    splits("{\"a\":1}", "a=1:n");
    splits("{\"a\":null,\"b\":true,\"c\":false,\"d\":-1.5e3,\"e\":\"x\",\"f\":{},\"g\":[]}",
           "a=null:z|b=true:t|c=false:f|d=-1.5e3:n|e=\"x\":s|f={}:o|g=[]:a");
    splits(" { \"a\" : 1 , \"b\" :\t[ 1 , 2 ] \r, \"c\" : \"s\" } \r", "a=1:n|b=[ 1 , 2 ]:a|c=\"s\":s");
    splits("{\"a\":{\"b\":{\"c\":[{},{\"d\":\"}]\"}]}},\"e\":2}",
           "a={\"b\":{\"c\":[{},{\"d\":\"}]\"}]}}:o|e=2:n");
    splits("{\"a\\\"b\":\"c\\\"},{\",\"\\u0061\":1}", "a\\\"b=\"c\\\"},{\":s|\\u0061=1:n");
    splits("{\"\":\"\"}", "=\"\":s");
    splits("{\"a\":1,\"a\":2}", "a=1:n|a=2:n");
    splits("{\"\xc3\xa9\":\"\xe2\x82\xac\"}", "\xc3\xa9=\"\xe2\x82\xac\":s");
    splits("{\"a\":\"\\\\\",\"b\":1}", "a=\"\\\\\":s|b=1:n");
}

static void integers_of_any_size_pass(void)
{
    splits("{\"a\":18446744073709551616}", "a=18446744073709551616:n");
    splits("{\"a\":-9223372036854775809,\"b\":1}", "a=-9223372036854775809:n|b=1:n");
    splits("{\"a\":[123456789012345678901234567890] ,\"b\":\"99999999999999999999\"}",
           "a=[123456789012345678901234567890]:a|b=\"99999999999999999999\":s");
    splits("{\"99999999999999999999\\\"\":99999999999999999999 }",
           "99999999999999999999\\\"=99999999999999999999:n");
    splits("{\"a\":1e999}", "malformed number, or one too large for a double");
    splits("{\"a\":99999999999999999999,\"b\":1e999}", "malformed number, or one too large for a double");
    splits("{\"a\":099999999999999999999}", "malformed number, or one too large for a double");
    splits("{\"a\":99999999999999999999x}", "malformed JSON");
    splits("{\"a\":99999999999999999999 1}", "malformed JSON");
    char text[5000] = "{\"a\":";
    memset(text + 5, '9', 4000);
    memcpy(text + 4005, "}", 2);
    const struct ss_json_member *m;
    size_t n;
    char *copy;
    ok(split(text, strlen(text), &m, &n, &copy) == 0 && n == 1 && m[0].val_len == 4000,
       "4,000 digits are a number");
    free(copy);
}

static void faults_are_named(void)
{
    splits("", "empty line");
    splits("   ", "empty line");
    splits("{\"a\":\"x", "unclosed string");
    splits("{\"a\":1", "malformed JSON");
    splits("{\"a\":1,}", "malformed JSON");
    splits("{\"a\" 1}", "malformed JSON");
    splits("{a:1}", "malformed JSON");
    splits("{\"a\":1}}", "malformed JSON");
    splits("{\"a\":1} x", "malformed JSON");
    splits("{\"a\":1}{\"b\":2}", "malformed JSON");
    splits("{\"a\":1,,\"b\":2}", "malformed JSON");
    splits("{\"a\":[1,2}", "malformed JSON");
    splits("{\"a\":\"\xff\"}", "invalid UTF-8");
    splits("{\"a\":\"\xc0\xaf\"}", "invalid UTF-8");
    splits("{\"a\":\"\xed\xa0\x80\"}", "invalid UTF-8");
    splits("\xef\xbb\xbf{\"a\":1}", "malformed JSON");
    splits("{\"a\":flase}", "unknown word where a value should be");
    splits("{\"a\":nulll}", "unknown word where a value should be");
    splits("{\"a\":truE}", "unknown word where a value should be");
    splits("{\"a\":NaN}", "malformed JSON");
    splits("{\"a\":01}", "malformed number, or one too large for a double");
    splits("{\"a\":1.}", "malformed number, or one too large for a double");
    splits("{\"a\":-}", "malformed number, or one too large for a double");
    splits("{\"a\":\"\\x\"}", "malformed string escape");
    splits("{\"a\":\"\\u12g4\"}", "malformed string escape");
    splits("{\"a\":\"\\ud800\"}", "malformed string escape");
    splits("{\"a\":\"\x01\"}", "control character inside a string");
    splits("[1,2]", "not an object");
    splits("1", "not an object");
    splits("\"x\"", "not an object");
    splits("hello world", "malformed JSON");
    const struct ss_json_member *m;
    size_t n;
    char *copy, deep[3000];
    ok(split("{\"a\":\0}", 7, &m, &n, &copy) == SS_EDATA, "a NUL byte is refused");
    free(copy);
    memset(deep, '[', sizeof deep);
    memcpy(deep, "{\"a\":", 5);
    ok(split(deep, sizeof deep, &m, &n, &copy) == SS_EDATA, "3,000 open brackets are refused");
    free(copy);
}

static void a_line_cut_at_any_byte_is_refused(void)
{
    static const char line[] =
        "{\"txn_id\":\"t\\u00e91\",\"amount\":99999999999999999999,\"f\":{\"a\":[1,true,null]},"
        "\"name\":\"\xe2\x82\xac\"}";
    size_t accepted = 0, n;
    const struct ss_json_member *m;
    char *copy;
    for (size_t len = 0; len < sizeof line - 1; len++) {
        accepted += split(line, len, &m, &n, &copy) != SS_EDATA;
        free(copy);
    }
    ok(accepted == 0, "no proper beginning of a line is a record");
    ok(split(line, sizeof line - 1, &m, &n, &copy) == 0 && n == 4, "the whole line is");
    free(copy);
    /* Any one byte replaced by any other: no crash, and what is accepted has its members within the line. */
    size_t bad = 0;
    char hurt[sizeof line];
    for (size_t at = 0; at < sizeof line - 1; at++)
        for (int c = 0; c < 256; c++) {
            memcpy(hurt, line, sizeof line);
            hurt[at] = (char)c;
            if (split(hurt, sizeof line - 1, &m, &n, &copy) == 0)
                for (size_t i = 0; i < n; i++)
                    bad += m[i].key + m[i].key_len >= sizeof line || m[i].val + m[i].val_len >= sizeof line ||
                           copy[m[i].key - 1] != '"' || copy[m[i].key + m[i].key_len] != '"' || !m[i].val_len;
            free(copy);
        }
    ok(bad == 0, "a line with any byte changed is split within itself or refused");
}

static void many_members(void)
{
    struct ss_buf text;
    ss_buf_init(&text, 1 << 22);
    for (int i = 0; i < 10000; i++)
        ss_buf_printf(&text, "%c\"k%d\":%d", i ? ',' : '{', i, i);
    ss_buf_putc(&text, '}');
    const struct ss_json_member *m;
    size_t n, wrong = 0;
    char *copy, key[16];
    int err = split(text.p, text.n, &m, &n, &copy);
    for (size_t i = 0; !err && i < n; i++) {
        int len = snprintf(key, sizeof key, "k%zu", i);
        wrong += m[i].key_len != (size_t)len || memcmp(copy + m[i].key, key, (size_t)len) != 0;
    }
    ok(!err && n == 10000 && wrong == 0, "an object may have 10,000 members");
    free(copy);
    ss_buf_free(&text);
}

static void unescapes(const char *raw, const char *want)
{
    struct ss_arena arena;
    ss_arena_init(&arena, 0);
    struct ss_str s = ss_json_unescape(ss_str_of(raw), &arena);
    is_text(s.p, s.n, want, raw);
    ss_arena_free(&arena);
}

static void escapes_are_undone(void)
{
    unescapes("plain", "plain");
    unescapes("", "");
    unescapes("a\\\"b\\\\c\\/d", "a\"b\\c/d");
    unescapes("\\b\\f\\n\\r\\t", "\b\f\n\r\t");
    unescapes("\\u0041\\u00e9\\u20AC", "A\xc3\xa9\xe2\x82\xac");
    unescapes("\\ud83d\\ude00", "\xf0\x9f\x98\x80");
    unescapes("\\uD83D\\uDE00x", "\xf0\x9f\x98\x80x");
    unescapes("\\udc00", "\xef\xbf\xbd");
    unescapes("\\ud800x", "\xef\xbf\xbdx");
    unescapes("\\ud800\\u0041", "\xef\xbf\xbd"
                                "A");
    unescapes("x\\", "x"); /* not in valid JSON: no read beyond the end all the same */
    unescapes("x\\u12", "x");
    struct ss_arena arena;
    ss_arena_init(&arena, 0);
    struct ss_str raw = SS_STR("no escape"), s = ss_json_unescape(raw, &arena);
    ok(s.p == raw.p, "what has no escape is not copied");
    s = ss_json_unescape(SS_STR("a\\u0000b"), &arena);
    ok(s.n == 3 && memcmp(s.p, "a\0b", 3) == 0, "an escaped NUL is a byte of the text");
    ss_arena_free(&arena);
}

static void writes(const char *text, size_t n, const char *want)
{
    struct ss_buf buf;
    ss_buf_init(&buf, 1000);
    ss_json_put_string(&buf, (struct ss_str){text, n});
    is_text(buf.p, buf.n, want, want);
    ss_buf_free(&buf);
}

static void strings_are_written_as_valid_json(void)
{
    writes("", 0, "\"\"");
    writes(NULL, 0, "\"\"");
    writes("a\"b\\c/\n\r\t\x01\x1f\x7f", 12, "\"a\\\"b\\\\c/\\n\\r\\t\\u0001\\u001f\x7f\"");
    writes("a\0b", 3, "\"a\\u0000b\"");
    writes("\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80", 9, "\"\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\"");
    writes("\xff", 1, "\"\xef\xbf\xbd\"");
    writes("x\xc3", 2, "\"x\xef\xbf\xbd\"");
    writes("\xe2\x82y", 3, "\"\xef\xbf\xbd\xef\xbf\xbdy\"");
    writes("\xed\xa0\x80", 3, "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\"");
    writes("\xc0\x80\xf5", 3, "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\"");
    /* Every text of three bytes: what is written must be accepted by the reader. */
    static const unsigned char bytes[] = {0,    '\n', 'a',  '"',  '\\', 0x7f, 0x80,
                                          0xbf, 0xc2, 0xe0, 0xed, 0xf0, 0xf4, 0xff};
    size_t refused = 0, k = sizeof bytes;
    for (size_t i = 0; i < k * k * k; i++) {
        char text[3] = {(char)bytes[i % k], (char)bytes[i / k % k], (char)bytes[i / k / k]}, *copy;
        struct ss_buf buf;
        const struct ss_json_member *m;
        size_t n;
        ss_buf_init(&buf, 1000);
        ss_buf_putc(&buf, '{');
        ss_json_key(&buf, "k");
        ss_json_put_string(&buf, (struct ss_str){text, 3});
        ss_json_key(&buf, "n");
        ss_json_put_int(&buf, -7);
        ss_json_key(&buf, "d");
        ss_json_put_double(&buf, 0.5);
        ss_buf_putc(&buf, '}');
        refused += split(buf.p, buf.n, &m, &n, &copy) != 0 || n != 3;
        free(copy);
        ss_buf_free(&buf);
    }
    ok(refused == 0, "whatever the bytes, what is written can be read");
}

static void documents_become_trees(void)
{
    struct ss_arena arena;
    ss_arena_init(&arena, 0);
    const struct ss_json_value *root, *v;
    static const char text[] =
        "{\"a\":[1,2.5,\"x\\ny\",true,null],\"o\":{\"k\":false},\"u\":18446744073709551615}";
    ok(ss_json_parse(text, sizeof text - 1, &arena, &root) == 0 && root->type == SS_JSON_OBJECT &&
           root->n == 3,
       "a document is read");
    v = ss_json_get(root, "a");
    ok(v && v->type == SS_JSON_ARRAY && v->n == 5 && v->at[0].number == 1 && v->at[1].number == 2.5,
       "its numbers");
    ok(v && ss_str_is(v->at[2].text, "x\ny") && v->at[3].number == 1 && v->at[4].type == SS_JSON_NULL,
       "its values");
    ok(ss_json_get(ss_json_get(root, "o"), "k")->type == SS_JSON_FALSE, "members of members");
    ok(!ss_json_get(root, "none") && !ss_json_get(v, "a") && !ss_json_get(NULL, "a"),
       "what is not there is NULL");
    ok(ss_json_parse("{\"a\":", 5, &arena, &root) == SS_EDATA, "a cut document is refused");
    ok(ss_json_parse("", 0, &arena, &root) == SS_EDATA, "so is none");
    ss_arena_free(&arena);
}

int main(void)
{
    parser = ss_json_parser_new();
    members_are_found_with_their_types();
    integers_of_any_size_pass();
    faults_are_named();
    a_line_cut_at_any_byte_is_refused();
    many_members();
    escapes_are_undone();
    strings_are_written_as_valid_json();
    documents_become_trees();
    ss_json_parser_free(parser);
    ss_json_parser_free(NULL);
    return done();
}
