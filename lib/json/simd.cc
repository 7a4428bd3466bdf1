// The only file that knows simdjson. Errors by code, no exceptions; nothing of C++ crosses the headers.
#include <cstdlib>
#include <cstring>
#include <new>
#include <simdjson.h>

extern "C" { // what our C headers declare is C, also what they include
#include "base/arena.h"
#include "base/err.h"
#include "base/number.h"
#include "json/doc.h"
#include "json/json.h"
#include "json/skim.h"
}

namespace dom = simdjson::dom;
using simdjson::error_code;

struct ss_json_parser {
    dom::parser dom;
    struct ss_json_member *members = nullptr;
    size_t cap = 0;
    char *scratch = nullptr; // a copy of a line whose huge integers had to be blanked
    size_t scratch_cap = 0;
};

static int grow_members(struct ss_json_parser *parser)
{
    size_t cap = parser->cap ? parser->cap * 2 : 64;
    void *p = std::realloc(parser->members, cap * sizeof(struct ss_json_member));
    if (!p)
        return ss_fail(SS_ENOMEM, "out of memory for %zu members", cap);
    parser->members = static_cast<struct ss_json_member *>(p);
    parser->cap = cap;
    return 0;
}

extern "C" struct ss_json_parser *ss_json_parser_new(void)
{
    auto *parser = new (std::nothrow) ss_json_parser;
    if (parser && grow_members(parser) < 0) {
        ss_json_parser_free(parser);
        return nullptr;
    }
    return parser;
}

extern "C" void ss_json_parser_free(struct ss_json_parser *parser)
{
    if (!parser)
        return;
    std::free(parser->members);
    std::free(parser->scratch);
    delete parser;
}

// Reasons in our own words: they end in a dead-letter file that people read.
static const char *reason(error_code code)
{
    switch (code) {
    case simdjson::UNCLOSED_STRING: return "unclosed string";
    case simdjson::UTF8_ERROR: return "invalid UTF-8";
    case simdjson::EMPTY: return "empty line";
    case simdjson::DEPTH_ERROR: return "nested deeper than 1024";
    case simdjson::NUMBER_ERROR: return "malformed number, or one too large for a double";
    case simdjson::STRING_ERROR: return "malformed string escape";
    case simdjson::UNESCAPED_CHARS: return "control character inside a string";
    case simdjson::T_ATOM_ERROR:
    case simdjson::F_ATOM_ERROR:
    case simdjson::N_ATOM_ERROR: return "unknown word where a value should be";
    case simdjson::CAPACITY: return "longer than 4 GiB";
    case simdjson::MEMALLOC: return "out of memory";
    default: return "malformed JSON";
    }
}

static enum ss_json_type type_of(char first)
{
    switch (first) {
    case '"': return SS_JSON_STRING;
    case '{': return SS_JSON_OBJECT;
    case '[': return SS_JSON_ARRAY;
    case 't': return SS_JSON_TRUE;
    case 'f': return SS_JSON_FALSE;
    case 'n': return SS_JSON_NULL;
    default: return SS_JSON_NUMBER;
    }
}

// simdjson's tree builder refuses integers beyond 64 bits, which JSON allows and ids use. Blank each such
// integer in a copy of the same length, so that all offsets stay true, and let it validate the rest.
static const char *blank_big_integers(struct ss_json_parser *parser, const char *text, size_t len)
{
    if (parser->scratch_cap < len + SS_JSON_PADDING) {
        void *p = std::realloc(parser->scratch, len + SS_JSON_PADDING);
        if (!p)
            return nullptr;
        parser->scratch = static_cast<char *>(p);
        parser->scratch_cap = len + SS_JSON_PADDING;
    }
    char *out = parser->scratch;
    std::memcpy(out, text, len);
    std::memset(out + len, ' ', SS_JSON_PADDING);
    bool in_string = false, found = false;
    for (size_t i = 0; i < len; i++) {
        if (in_string) {
            if (text[i] == '\\')
                i++;
            else if (text[i] == '"')
                in_string = false;
            continue;
        }
        if (text[i] == '"') {
            in_string = true;
            continue;
        }
        if (text[i] != '-' && (text[i] < '0' || text[i] > '9'))
            continue;
        size_t start = i, digits;
        i += text[i] == '-';
        for (digits = i; i < len && text[i] >= '0' && text[i] <= '9'; i++)
            ;
        bool whole = i == len || !std::strchr(".eE+-", text[i]);
        if (whole && i - digits > 18 && text[digits] != '0') {
            std::memset(out + start, ' ', i - start);
            out[start] = '0';
            found = true;
        }
        for (; i < len && text[i] && std::strchr("0123456789.eE+-", text[i]); i++)
            ;
        i--;
    }
    return found ? out : nullptr;
}

// Plain objects (skim.h), whose members are put into the parser's. -1: not plain, or simply wrong.
static long skim(struct ss_json_parser *parser, const char *text, size_t len)
{
    constexpr size_t least = 4096;
    dom::parser &dom = parser->dom;
    if (SS_UNLIKELY(dom.capacity() < len || !dom.implementation)) {
        size_t cap = least;
        while (cap < len)
            cap *= 2;
        if (dom.allocate(cap))
            return -1;
    }
    if (std::memchr(text, '\\', len))
        return -1;
    const auto *bytes = reinterpret_cast<const uint8_t *>(text);
    if (dom.implementation->stage1(bytes, len, simdjson::stage1_mode::regular))
        return -1;
    return ss_json_skim(text, dom.implementation->structural_indexes.get(),
                        dom.implementation->n_structural_indexes, parser->members, parser->cap);
}

extern "C" int ss_json_split(struct ss_json_parser *parser, const char *text, size_t len,
                             const struct ss_json_member **members, size_t *n)
{
    if (len >= UINT32_MAX)
        return ss_fail(SS_EDATA, "longer than 4 GiB");
    long plain = skim(parser, text, len);
    if (SS_LIKELY(plain >= 0)) {
        *members = parser->members;
        *n = static_cast<size_t>(plain);
        return 0;
    }
    dom::element root;
    error_code code = parser->dom.parse(text, len, false).get(root);
    if (SS_UNLIKELY(code == simdjson::NUMBER_ERROR)) {
        const char *blanked = blank_big_integers(parser, text, len);
        if (blanked)
            code = parser->dom.parse(blanked, len, false).get(root);
    }
    if (SS_UNLIKELY(code))
        return ss_fail(SS_EDATA, "%s", reason(code));
    if (SS_UNLIKELY(!root.is_object()))
        return ss_fail(SS_EDATA, "not an object");

    // The text is valid, so the list of structural characters that stage 1 left is a perfect map of it.
    const uint32_t *at = parser->dom.implementation->structural_indexes.get();
    size_t i = 1, count = 0;
    while (text[at[i]] == '"') {
        if (SS_UNLIKELY(count == parser->cap) && grow_members(parser) < 0)
            return SS_ENOMEM;
        struct ss_json_member *m = &parser->members[count++];
        m->key = at[i] + 1;
        uint32_t colon = at[i + 1], end = colon;
        while (text[end - 1] != '"')
            end--;
        m->key_len = end - 1 - m->key;
        i += 2;
        m->val = at[i];
        m->type = type_of(text[m->val]);
        if (m->type == SS_JSON_OBJECT || m->type == SS_JSON_ARRAY) {
            int depth = 0;
            do {
                char c = text[at[i]];
                depth += (c == '{' || c == '[') - (c == '}' || c == ']');
                i++;
            } while (depth);
        } else {
            i++;
        }
        end = at[i]; // the comma or brace behind the value
        while (text[end - 1] == ' ' || text[end - 1] == '\t' || text[end - 1] == '\r' ||
               text[end - 1] == '\n')
            end--;
        m->val_len = end - m->val;
        if (text[at[i]] != ',')
            break;
        i++;
    }
    *members = parser->members;
    *n = count;
    return 0;
}

// ---- whole documents
// -------------------------------------------------------------------------------------------

static int convert(dom::element from, struct ss_arena *arena, struct ss_json_value *to);

static int copy_text(std::string_view from, struct ss_arena *arena, struct ss_str *to)
{
    char *p = ss_arena_copy(arena, from.data(), from.size());
    *to = {p, from.size()};
    return p ? 0 : SS_ENOMEM;
}

static int convert_array(dom::array from, struct ss_arena *arena, struct ss_json_value *to)
{
    size_t n = 0, i = 0;
    for (dom::element item : from) { // size() saturates at 2^24
        (void)item;
        n++;
    }
    to->n = uint32_t(n);
    to->at = static_cast<struct ss_json_value *>(ss_arena_zalloc(arena, (n + 1) * sizeof *to->at));
    if (!to->at)
        return SS_ENOMEM;
    for (dom::element item : from)
        if (int err = convert(item, arena, &to->at[i++]))
            return err;
    return 0;
}

static int convert_object(dom::object from, struct ss_arena *arena, struct ss_json_value *to)
{
    size_t n = 0, i = 0;
    for (auto field : from) {
        (void)field;
        n++;
    }
    to->n = uint32_t(n);
    to->at = static_cast<struct ss_json_value *>(ss_arena_zalloc(arena, (n + 1) * sizeof *to->at));
    to->key = static_cast<struct ss_str *>(ss_arena_alloc(arena, (n + 1) * sizeof *to->key));
    if (!to->at || !to->key)
        return SS_ENOMEM;
    for (auto field : from) {
        if (int err = copy_text(field.key, arena, &to->key[i]))
            return err;
        if (int err = convert(field.value, arena, &to->at[i++]))
            return err;
    }
    return 0;
}

static int convert(dom::element from, struct ss_arena *arena, struct ss_json_value *to)
{
    char text[SS_NUMBER_MAX];
    size_t n = 0;
    switch (from.type()) {
    case dom::element_type::ARRAY:
        to->type = SS_JSON_ARRAY;
        return convert_array(from.get_array().value_unsafe(), arena, to);
    case dom::element_type::OBJECT:
        to->type = SS_JSON_OBJECT;
        return convert_object(from.get_object().value_unsafe(), arena, to);
    case dom::element_type::STRING:
        to->type = SS_JSON_STRING;
        return copy_text(from.get_string().value_unsafe(), arena, &to->text);
    case dom::element_type::NULL_VALUE: to->type = SS_JSON_NULL; return 0;
    case dom::element_type::BOOL:
        to->type = from.get_bool().value_unsafe() ? SS_JSON_TRUE : SS_JSON_FALSE;
        to->number = to->type == SS_JSON_TRUE;
        return 0;
    case dom::element_type::INT64:
        to->number = double(from.get_int64().value_unsafe());
        n = ss_int_print(from.get_int64().value_unsafe(), text);
        break;
    case dom::element_type::UINT64:
        to->number = double(from.get_uint64().value_unsafe());
        n = ss_double_print(to->number, text);
        break;
    case dom::element_type::DOUBLE:
        to->number = from.get_double().value_unsafe();
        n = ss_double_print(to->number, text);
        break;
    }
    to->type = SS_JSON_NUMBER;
    return copy_text(std::string_view(text, n), arena, &to->text);
}

extern "C" int ss_json_parse(const char *text, size_t len, struct ss_arena *arena,
                             const struct ss_json_value **root)
{
    dom::parser parser;
    dom::element element;
    error_code code = parser.parse(text, len, true).get(element);
    if (code)
        return ss_fail(SS_EDATA, "%s", reason(code));
    auto *to = static_cast<struct ss_json_value *>(ss_arena_zalloc(arena, sizeof(struct ss_json_value)));
    if (!to)
        return SS_ENOMEM;
    if (int err = convert(element, arena, to))
        return err;
    *root = to;
    return 0;
}
