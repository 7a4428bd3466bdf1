/*
 * Random jq programs and records. Written from jq 1.6's manual, section by section, over what may run without
 * --full-jq; what the library evaluates natively was no guide. Two things are kept out because they end the
 * process of any jq 1.6: slices that begin at NaN, and index("").
 */
#ifndef TESTS_JQ_GENERATOR_H
#define TESTS_JQ_GENERATOR_H

#include "base/buf.h"
#include "base/rng.h"

struct jq_generator {
    struct ss_rng rng;
    struct ss_buf *to;
    int vars; /* $v0, $v1, ... are in scope */
};

static inline uint32_t below(struct jq_generator *g, uint32_t n)
{
    return (uint32_t)ss_rng_below(&g->rng, n);
}

static inline void put(struct jq_generator *g, const char *text)
{
    ss_buf_puts(g->to, text);
}

#define PICK(g, ...)                                   \
    do {                                               \
        static const char *const of[] = {__VA_ARGS__}; \
        put(g, of[below(g, sizeof of / sizeof *of)]);  \
    } while (0)

static inline void jq_exp(struct jq_generator *g, int depth);

/* "Object Identifier-Index", "Optional Object Identifier-Index", "Generic Object Index", "Array Index",
 * "Slice", "Array/Object Value Iterator". */
static inline void jq_field(struct jq_generator *g)
{
    PICK(g, ".a", ".b", ".c", ".d", ".e", ".s", ".t", ".n", ".list", ".obj", ".missing", ".\"a\"", ".[\"b\"]",
         ".null");
}

static inline void jq_path(struct jq_generator *g, int depth)
{
    static const char *const suffix[] = {".a",       ".b",     ".c",    "[0]",     "[-1]",     "[1:]",
                                         "[:-1]",    "[0:2]",  ".x?",   "[0]?",    "[1.5]",    "[\"a\"]",
                                         "[\"a\"]?", ".\"b\"", "[:1]?", "[1:1.5]", "[null:2]", "[\"start\"]"};
    if (below(g, 8) == 0)
        put(g, ".");
    else
        jq_field(g);
    for (uint32_t i = below(g, 3); i > 0; i--) {
        uint32_t k = below(g, 28);
        if (k < sizeof suffix / sizeof *suffix) {
            put(g, suffix[k]);
        } else if (k == 20) {
            put(g, "[]");
        } else if (k == 21) {
            put(g, "[]?");
        } else if (k == 22 && depth > 0) {
            put(g, "[");
            jq_exp(g, depth - 1);
            put(g, "]");
        } else if (k == 23 && depth > 0) {
            put(g, "[");
            jq_exp(g, depth - 1);
            put(g, "]?");
        }
    }
}

/* "Types and Values". */
static inline void jq_literal(struct jq_generator *g)
{
    PICK(g, "0", "1", "2", "3", "-1", "0.5", "10", "100", "1e3", "1.5e-7", "1e17", ".5", "null", "true",
         "false", "\"\"", "\"a\"", "\"b\"", "\"abc\"", "\"a,b\"", "\"\\u00e9\"", "\"1\"", "\"x\\ny\"",
         "\"\\ud83d\\ude00\"", "[]", "[1]", "[1,2,3]", "[\"a\",\"b\"]", "[null]", "{}", "{a:1}",
         "{\"a\":{\"b\":2}}", "nan", "infinite", "-0", "(0/0)", "9007199254740991", "\" 12 \"", "\"0x1\"",
         "\"1e2\"", "\"-.5\"", "\"nan\"");
}

/* "String Interpolation", "Format strings and escaping". */
static inline void jq_text(struct jq_generator *g, int depth)
{
    if (below(g, 6) == 0)
        PICK(g, "@json ", "@text ", "@html ", "@uri ", "@sh ", "@base64 ", "@csv ", "@tsv ");
    put(g, "\"");
    for (uint32_t i = 1 + below(g, 2); i > 0; i--) {
        PICK(g, "", "n=", " and ", "\\\"");
        put(g, "\\(");
        jq_exp(g, depth - 1);
        put(g, ")");
    }
    PICK(g, "", " in one minute");
    put(g, "\"");
}

/* "Regular expressions (PCRE)", as a string's content: backslashes are doubled. */
static inline void jq_regex(struct jq_generator *g, int depth)
{
    PICK(g, "", "", "", "^");
    for (uint32_t i = 1 + below(g, 3); i > 0; i--) {
        uint32_t k = below(g, depth > 0 ? 14 : 11);
        if (k < 4)
            PICK(g, "a", "b", "c", "ab", ",", "1", "x");
        else if (k == 4)
            put(g, ".");
        else if (k < 8)
            PICK(g, "[ab]", "[^a]", "[a-c]", "[0-9]", "[^,\\\\n]", "[-a]", "[a-]", "[\\\\.@]", "[^\xc3\xa9]",
                 "[]a]");
        else if (k == 8)
            PICK(g, "\\\\.", "\\\\d", "\\\\w", "\\\\s", "\\\\b", "\\\\n", "\\\\(", "\\\\x41", "\\\\/",
                 "\\\\-");
        else if (k == 9)
            PICK(g, "\xc3\xa9", "\xf0\x9f\x98\x80", "@", " ", "{", "}", "\\\\p{L}", "(?i)", "(?=a)", "$");
        else if (k == 10)
            PICK(g, "a|b", "ab|", "|c", "^a|b$", "a$|^b");
        else {
            PICK(g, "(", "(?:", "(?<n>");
            jq_regex(g, depth - 1);
            put(g, ")");
        }
        if (below(g, 3) == 0)
            PICK(g, "*", "+", "?", "{2}", "{1,2}", "{0,1}", "{1,}", "*?", "??", "+?", "{2,1}", "{,2}", "*+");
    }
    PICK(g, "", "", "", "$");
}

static inline void jq_call1(struct jq_generator *g, const char *name, int depth)
{
    put(g, name);
    put(g, "(");
    jq_exp(g, depth - 1);
    put(g, ")");
}

/* "Builtin operators and functions", in the manual's order. */
static inline void jq_function(struct jq_generator *g, int depth)
{
    static const char *const plain[] = {"length",       "utf8bytelength",
                                        "keys",         "keys_unsorted",
                                        "add",          "any",
                                        "all",          "floor",
                                        "sqrt",         "tostring",
                                        "tonumber",     "type",
                                        "infinite",     "nan",
                                        "isinfinite",   "isnan",
                                        "isnormal",     "not",
                                        "empty",        "sort",
                                        "group_by(.)",  "min",
                                        "max",          "unique",
                                        "reverse",      "ascii_downcase",
                                        "ascii_upcase", "explode",
                                        "tojson",       "fromjson",
                                        "to_entries",   "from_entries",
                                        "first",        "last",
                                        "flatten",      "flatten(1)",
                                        "arrays",       "objects",
                                        "iterables",    "booleans",
                                        "numbers",      "strings",
                                        "nulls",        "values",
                                        "scalars",      "ceil",
                                        "round",        "fabs",
                                        "trunc",        "normals",
                                        "finites",      "isfinite",
                                        "@json",        "@text",
                                        "@csv",         "nth(1)"};
    static const char *const one[] = {
        "has",      "in",      "contains",     "inside",    "startswith", "endswith", "ltrimstr",
        "rtrimstr", "split",   "join",         "map",       "select",     "any",      "all",
        "sort_by",  "min_by",  "max_by",       "unique_by", "map_values", "IN",       "first",
        "last",     "isempty", "with_entries", "nth",       "flatten"};
    static const char *const regex[] = {
        "test(\"a\")",      "test(\"^a\")",       "test(\"b$\")",          "test(\"[a-c]+x?\")",
        "test(\"a|b\")",    "test(\"A\"; \"i\")", "test(\"a.c\")",         "test(\"^(ab|c)+$\")",
        "test(\"\\\\d+\")", "test(\"[^a]\")",     "[match(\"b\").offset]", "capture(\"(?<x>a)\")",
        "[scan(\"a.\")]",   "split(\",\"; null)", "[splits(\", *\")]",     "sub(\"a\"; \"z\")",
        "test(\"a{2,3}\")", "test(\"\\\\.\")",    "test(\"(?i)AB\")",      "test(\"\\\\bab\")"};
    uint32_t k = below(g, 11);
    if (k == 10) {
        put(g, "test(\"");
        jq_regex(g, 2);
        put(g, "\")");
    } else if (k < 4) {
        put(g, plain[below(g, sizeof plain / sizeof *plain)]);
    } else if (k < 8) {
        jq_call1(g, one[below(g, sizeof one / sizeof *one)], depth);
    } else if (k == 8) {
        put(g, regex[below(g, sizeof regex / sizeof *regex)]);
    } else {
        PICK(g, "any", "all", "IN", "limit");
        put(g, "(");
        jq_exp(g, depth - 1);
        put(g, "; ");
        jq_exp(g, depth - 1);
        put(g, ")");
    }
}

/* What stands between operators. */
static inline void jq_operand(struct jq_generator *g, int depth)
{
    uint32_t k = depth <= 0 ? below(g, 8) : below(g, 30);
    if (k < 5) {
        jq_path(g, depth);
    } else if (k < 8) {
        jq_literal(g);
    } else if (k < 13) {
        put(g, "(");
        jq_exp(g, depth - 1);
        put(g, ")");
        if (below(g, 8) == 0)
            PICK(g, ".a", "[0]", "?", "[]", "[1:]", ".b?");
    } else if (k < 18) {
        put(g, "(");
        jq_path(g, 0);
        put(g, " | ");
        jq_function(g, depth);
        put(g, ")");
    } else if (k < 20) {
        jq_function(g, depth);
    } else if (k == 20) {
        jq_text(g, depth);
    } else if (k == 21) {
        put(g, "[");
        jq_exp(g, depth - 1);
        put(g, "]");
    } else if (k == 22) {
        put(g, "{");
        PICK(g, "a", "x", "\"y z\"", "(.s)", "\"k\\(1)\"");
        put(g, ": (");
        jq_exp(g, depth - 1);
        put(g, ")");
        PICK(g, "}", ", b}", ", \"c\"}", ", if: 1}");
    } else if (k < 25) {
        put(g, "if ");
        jq_exp(g, depth - 1);
        put(g, " then ");
        jq_exp(g, depth - 1);
        if (below(g, 4) == 0) {
            put(g, " elif ");
            jq_exp(g, depth - 1);
            put(g, " then ");
            jq_exp(g, depth - 1);
        }
        put(g, " else ");
        jq_exp(g, depth - 1);
        put(g, " end");
    } else if (k == 25) {
        put(g, "-");
        jq_operand(g, depth - 1);
    } else if (k == 26 && g->vars > 0) {
        ss_buf_printf(g->to, "$v%u", below(g, (uint32_t)g->vars));
    } else if (k == 27) {
        put(g, "(try (");
        jq_exp(g, depth - 1);
        put(g, ")");
        if (below(g, 2))
            put(g, " catch \"caught\"");
        put(g, ")");
    } else {
        jq_path(g, depth);
    }
}

/* "==, !=", ">, >=, <=, <": what a chance comparison seldom has, two values of one type. */
static inline void jq_comparison(struct jq_generator *g)
{
    uint32_t type = below(g, 4);
    for (int side = 0; side < 2; side++) {
        if (type == 0)
            PICK(g, ".n", ".n", "0", "1", "42", "-3", "2.5", "nan", "infinite", "(.n * 2)", "(.s | length)",
                 "-infinite");
        else if (type == 1)
            PICK(g, ".s", ".t", "\"a\"", "\"ab\"", "\"abc\"", "\"\"", "\"b\"", "\"\\u00e9\"", "(.s + .t)",
                 ".s[1:]");
        else if (type == 2)
            PICK(g, ".list", "[]", "[1,2,3]", "[1,2]", "[\"a\"]", "[.n, .s]", ".list[1:]", "[nan]", "[null]");
        else
            PICK(g, ".n", ".s", ".list", ".obj", "null", "false", "true", ".missing", "{}", "{a:1}", "\"a\"",
                 "0", "[]");
        if (side == 0)
            PICK(g, " == ", " != ", " < ", " <= ", " > ", " >= ");
    }
}

/* Operators, with and without brackets, so that precedence is tried. */
static inline void jq_exp(struct jq_generator *g, int depth)
{
    uint32_t k = below(g, 20);
    if (k == 0 && depth > 1) {
        int v = g->vars;
        jq_operand(g, 0);
        ss_buf_printf(g->to, " as $v%d | ", v);
        g->vars++;
        jq_exp(g, depth - 1);
        g->vars--;
        return;
    }
    if (k == 1) {
        put(g, "(");
        jq_comparison(g);
        put(g, ")");
    } else {
        jq_operand(g, depth);
    }
    for (uint32_t i = depth <= 0 ? 0 : below(g, 4) / 2; i > 0; i--) {
        bool compares = below(g, 3) == 0;
        if (compares)
            PICK(g, " == ", " != ", " < ", " <= ", " > ", " >= ");
        else
            PICK(g, " + ", " - ", " * ", " / ", " % ", " and ", " or ", " // ", " | ", ", ", " and ", " | ",
                 "+", "-");
        jq_operand(g, depth - 1);
    }
}

/* A record in which most types stand behind most names at some time. */
static inline void jq_value(struct jq_generator *g, int depth)
{
    uint32_t k = below(g, depth > 0 ? 12 : 9);
    if (k < 4) {
        PICK(g, "0", "1", "2", "3", "-1", "1.5", "10", "100", "1e3", "0.00001", "1e300", "-0", "7", "12.34",
             "1000000");
    } else if (k < 7) {
        PICK(g, "\"a\"", "\"b\"", "\"abc\"", "\"\"", "\"a,b, c\"", "\"h\\u00e9llo\"", "\"10\"", "\"abab\"",
             "\"AB\"", "\"x\\ny\"", "\"\\ud83d\\ude00a\"", "\"aa\"", "\"user@example.com\"", "\"1e2\"",
             "\"\\t<&'\\\"\"");
    } else if (k < 9) {
        PICK(g, "null", "true", "false");
    } else if (k < 11) {
        put(g, "[");
        for (uint32_t i = below(g, 4), n = i; i > 0; i--) {
            jq_value(g, depth - 1);
            put(g, i > 1 && n > 1 ? "," : "");
        }
        put(g, "]");
    } else {
        static const char *const keys[] = {
            "\"a\":", "\"b\":", "\"c\":", "\"x\":", "\"start\":", "\"value\":"};
        uint32_t from = below(g, 4), n = below(g, 3);
        put(g, "{");
        for (uint32_t i = 0; i < n; i++) {
            put(g, i ? "," : "");
            put(g, keys[from + i]);
            jq_value(g, depth - 1);
        }
        put(g, "}");
    }
}

static inline void jq_record(struct jq_generator *g)
{
    static const char *const names[] = {"a", "b", "c", "d", "e", "s", "t", "n", "list", "obj"};
    bool first = true;
    put(g, "{");
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (below(g, 8) == 0)
            continue;
        ss_buf_printf(g->to, "%s\"%s\":", first ? "" : ",", names[i]);
        first = false;
        if (i < 5) {
            jq_value(g, 2);
        } else if (i < 7) {
            put(g, "\"");
            for (uint32_t k = below(g, 7); k > 0; k--)
                PICK(g, "a", "b", "c", "a", "b", ",", "1", "x", ".", "\\n", "\\u00e9", "\\ud83d\\ude00", "-",
                     " ", "ab");
            put(g, "\"");
        } else if (i == 7) {
            PICK(g, "0", "1", "2.5", "-3", "42", "1e10");
        } else if (i == 8) {
            PICK(g, "[]", "[1,2,3]", "[\"a\",\"b\"]", "[3,null,\"a\",[1]]", "[{\"a\":1},{\"a\":2}]",
                 "[true,false]");
        } else {
            PICK(g, "{}", "{\"a\":1}", "{\"b\":{\"a\":[1]},\"a\":\"x\"}", "{\"c\":null,\"a\":2,\"b\":1}");
        }
    }
    put(g, "}");
}

#endif
