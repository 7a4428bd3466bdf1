#include "rule/vocabulary.h"
#include "base/attr.h"

static const struct ss_function functions[] = {
    {"empty", 0, SS_EFFORT_PLAIN, false},         {"not", 0, SS_EFFORT_PLAIN, false},
    {"length", 0, SS_EFFORT_PLAIN, false},        {"utf8bytelength", 0, SS_EFFORT_PLAIN, false},
    {"type", 0, SS_EFFORT_PLAIN, false},          {"tostring", 0, SS_EFFORT_ESCAPING, false},
    {"tojson", 0, SS_EFFORT_ESCAPING, false},     {"fromjson", 0, SS_EFFORT_LINEAR, true},
    {"tonumber", 0, SS_EFFORT_PLAIN, false},      {"ascii_downcase", 0, SS_EFFORT_LINEAR, false},
    {"ascii_upcase", 0, SS_EFFORT_LINEAR, false}, {"explode", 0, SS_EFFORT_LINEAR, false},
    {"keys", 0, SS_EFFORT_LINEAR, false},         {"keys_unsorted", 0, SS_EFFORT_LINEAR, false},
    {"has", 1, SS_EFFORT_OPERAND, false},         {"in", 1, SS_EFFORT_OPERAND, false},
    {"contains", 1, SS_EFFORT_OPERAND, false},    {"inside", 1, SS_EFFORT_OPERAND, false},
    {"startswith", 1, SS_EFFORT_OPERAND, false},  {"endswith", 1, SS_EFFORT_OPERAND, false},
    {"ltrimstr", 1, SS_EFFORT_OPERAND, false},    {"rtrimstr", 1, SS_EFFORT_OPERAND, false},
    {"split", 1, SS_EFFORT_OPERAND, false},       {"join", 1, SS_EFFORT_JOIN, false},
    {"add", 0, SS_EFFORT_SQUARE, false},          {"any", 0, SS_EFFORT_LINEAR, false},
    {"all", 0, SS_EFFORT_LINEAR, false},          {"any", 1, SS_EFFORT_ITEMS, false},
    {"all", 1, SS_EFFORT_ITEMS, false},           {"any", 2, SS_EFFORT_QUANTIFY, false},
    {"all", 2, SS_EFFORT_QUANTIFY, false},        {"IN", 1, SS_EFFORT_MEMBER, false},
    {"IN", 2, SS_EFFORT_MEMBER, false},           {"map", 1, SS_EFFORT_ITEMS, false},
    {"map_values", 1, SS_EFFORT_ITEMS, true},     {"select", 1, SS_EFFORT_SELECT, false},
    {"first", 0, SS_EFFORT_PLAIN, false},         {"last", 0, SS_EFFORT_PLAIN, false},
    {"nth", 1, SS_EFFORT_OPERAND, false},         {"first", 1, SS_EFFORT_STREAM, false},
    {"last", 1, SS_EFFORT_STREAM, false},         {"nth", 2, SS_EFFORT_STREAM, false},
    {"limit", 2, SS_EFFORT_STREAM, false},        {"isempty", 1, SS_EFFORT_STREAM, false},
    {"min", 0, SS_EFFORT_LINEAR, false},          {"max", 0, SS_EFFORT_LINEAR, false},
    {"min_by", 1, SS_EFFORT_KEYED, false},        {"max_by", 1, SS_EFFORT_KEYED, false},
    {"sort", 0, SS_EFFORT_KEYED, false},          {"sort_by", 1, SS_EFFORT_KEYED, false},
    {"group_by", 1, SS_EFFORT_KEYED, false},      {"unique", 0, SS_EFFORT_KEYED, false},
    {"unique_by", 1, SS_EFFORT_KEYED, false},     {"reverse", 0, SS_EFFORT_LINEAR, false},
    {"flatten", 0, SS_EFFORT_SQUARE, false},      {"flatten", 1, SS_EFFORT_SQUARE, false},
    {"to_entries", 0, SS_EFFORT_ENTRIES, true},   {"from_entries", 0, SS_EFFORT_SQUARE, true},
    {"with_entries", 1, SS_EFFORT_ENTRIES, true}, {"arrays", 0, SS_EFFORT_PLAIN, false},
    {"objects", 0, SS_EFFORT_PLAIN, false},       {"iterables", 0, SS_EFFORT_PLAIN, false},
    {"booleans", 0, SS_EFFORT_PLAIN, false},      {"numbers", 0, SS_EFFORT_PLAIN, false},
    {"normals", 0, SS_EFFORT_PLAIN, false},       {"finites", 0, SS_EFFORT_PLAIN, false},
    {"strings", 0, SS_EFFORT_PLAIN, false},       {"nulls", 0, SS_EFFORT_PLAIN, false},
    {"values", 0, SS_EFFORT_PLAIN, false},        {"scalars", 0, SS_EFFORT_PLAIN, false},
    {"floor", 0, SS_EFFORT_PLAIN, false},         {"ceil", 0, SS_EFFORT_PLAIN, false},
    {"round", 0, SS_EFFORT_PLAIN, false},         {"trunc", 0, SS_EFFORT_PLAIN, false},
    {"fabs", 0, SS_EFFORT_PLAIN, false},          {"sqrt", 0, SS_EFFORT_PLAIN, false},
    {"log", 0, SS_EFFORT_PLAIN, false},           {"log2", 0, SS_EFFORT_PLAIN, false},
    {"log10", 0, SS_EFFORT_PLAIN, false},         {"exp", 0, SS_EFFORT_PLAIN, false},
    {"exp2", 0, SS_EFFORT_PLAIN, false},          {"pow", 2, SS_EFFORT_OPERAND, false},
    {"nan", 0, SS_EFFORT_PLAIN, false},           {"infinite", 0, SS_EFFORT_PLAIN, false},
    {"isnan", 0, SS_EFFORT_PLAIN, false},         {"isinfinite", 0, SS_EFFORT_PLAIN, false},
    {"isnormal", 0, SS_EFFORT_PLAIN, false},      {"isfinite", 0, SS_EFFORT_PLAIN, false},
    {"test", 1, SS_EFFORT_REGEX, false},          {"test", 2, SS_EFFORT_REGEX, false},
    {"match", 1, SS_EFFORT_MATCHES, true},        {"match", 2, SS_EFFORT_MATCHES, true},
    {"capture", 1, SS_EFFORT_MATCHES, true},      {"capture", 2, SS_EFFORT_MATCHES, true},
    {"scan", 1, SS_EFFORT_MATCHES, false},        {"splits", 1, SS_EFFORT_MATCHES, false},
    {"splits", 2, SS_EFFORT_MATCHES, false},      {"split", 2, SS_EFFORT_REGEX, false},
    {"sub", 2, SS_EFFORT_SUBSTITUTE, false},
};

static const char *const never[] = {"env",
                                    "ENV",
                                    "__loc__",
                                    "__prog_args",
                                    "input",
                                    "inputs",
                                    "_input",
                                    "input_filename",
                                    "input_line_number",
                                    "debug",
                                    "stderr",
                                    "halt",
                                    "halt_error",
                                    "modulemeta",
                                    "get_search_list",
                                    "get_prog_origin",
                                    "get_jq_origin",
                                    "now",
                                    "localtime",
                                    "mktime",
                                    "strflocaltime",
                                    "builtins"};

const struct ss_function *ss_function_find(struct ss_str name, uint32_t args)
{
    for (size_t i = 0; i < SS_COUNT(functions); i++)
        if (functions[i].args == args && ss_str_is(name, functions[i].name))
            return &functions[i];
    return NULL;
}

const char *ss_function_never(struct ss_str name)
{
    for (size_t i = 0; i < SS_COUNT(never); i++)
        if (ss_str_is(name, never[i]))
            return never[i];
    return NULL;
}
