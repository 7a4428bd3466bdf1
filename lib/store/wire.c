#include "store/wire.h"
#include <math.h>

uint32_t ss_wire_type(enum ss_arg_type type)
{
    switch (type) {
    case SS_ARG_INT: return SS_WIRE_INT8;
    case SS_ARG_REAL: return SS_WIRE_FLOAT8;
    case SS_ARG_TEXT: return SS_WIRE_TEXT;
    case SS_ARG_BLOB: return SS_WIRE_BYTEA;
    case SS_ARG_NULL: break;
    }
    return SS_WIRE_NONE;
}

const char *ss_wire_array(enum ss_arg_type type)
{
    switch (type) {
    case SS_ARG_INT: return "bigint[]";
    case SS_ARG_REAL: return "float8[]";
    case SS_ARG_BLOB: return "bytea[]";
    case SS_ARG_TEXT:
    case SS_ARG_NULL: break;
    }
    return "text[]";
}

/* ---- numbers ---- */

void ss_wire_put64(char out[8], uint64_t bits)
{
    bits = __builtin_bswap64(bits);
    memcpy(out, &bits, 8);
}

static uint64_t get(const char *p, size_t n)
{
    uint64_t bits = 0;
    for (size_t i = 0; i < n; i++)
        bits = bits << 8 | (unsigned char)p[i];
    return bits;
}

uint64_t ss_wire_bits(const struct ss_arg *arg)
{
    uint64_t bits = (uint64_t)arg->i;
    if (arg->type == SS_ARG_REAL)
        memcpy(&bits, &arg->r, 8);
    return bits;
}

/* Digits of base 10000, the first worth 10000^weight. What CAST(sum(x) AS BIGINT) would have avoided: a long
 * double holds each integer of 64 bits, and of the rest what a double can show. */
static long double numeric(const char *p, size_t n)
{
    if (n < 8)
        return 0;
    unsigned digits = (unsigned)get(p, 2), sign = (unsigned)get(p + 4, 2);
    int weight = (int16_t)get(p + 2, 2);
    if (sign == 0xc000)
        return (long double)NAN;
    if (sign == 0xd000 || sign == 0xf000)
        return sign == 0xd000 ? (long double)INFINITY : -(long double)INFINITY;
    long double value = 0;
    for (unsigned i = 0; i < digits && 8 + 2 * i + 2 <= n; i++)
        value = value * 10000 + (long double)get(p + 8 + 2 * (size_t)i, 2);
    int shift = weight - (int)digits + 1;
    long double power = 1;
    for (int i = 0; i < (shift < 0 ? -shift : shift); i++)
        power *= 10000;
    value = shift < 0 ? value / power : value * power;
    return sign == 0x4000 ? -value : value;
}

static long double real_of(uint32_t type, const char *p, size_t n)
{
    if (type == SS_WIRE_NUMERIC)
        return numeric(p, n);
    if (type == SS_WIRE_FLOAT8 && n == 8) {
        uint64_t bits = get(p, 8);
        double d;
        memcpy(&d, &bits, 8);
        return d;
    }
    if (type == SS_WIRE_FLOAT4 && n == 4) {
        uint32_t bits = (uint32_t)get(p, 4);
        float f;
        memcpy(&f, &bits, 4);
        return f;
    }
    return 0;
}

static bool is_text(uint32_t type)
{
    return type != SS_WIRE_BOOL && type != SS_WIRE_INT8 && type != SS_WIRE_INT2 && type != SS_WIRE_INT4 &&
           type != SS_WIRE_FLOAT4 && type != SS_WIRE_FLOAT8 && type != SS_WIRE_NUMERIC;
}

int64_t ss_wire_int(uint32_t type, const char *p, size_t n)
{
    int64_t i = 0;
    switch (type) {
    case SS_WIRE_INT8: return (int64_t)get(p, n);
    case SS_WIRE_INT4: return (int32_t)get(p, n);
    case SS_WIRE_INT2: return (int16_t)get(p, n);
    case SS_WIRE_BOOL: return n == 1 && *p;
    case SS_WIRE_FLOAT4:
    case SS_WIRE_FLOAT8:
    case SS_WIRE_NUMERIC: break;
    default: return ss_int_parse(p, n, &i) ? i : 0;
    }
    long double r = real_of(type, p, n);
    if (isnan(r))
        return 0;
    return r >= 0x1p63L ? INT64_MAX : r < -0x1p63L ? INT64_MIN : (int64_t)r;
}

double ss_wire_real(uint32_t type, const char *p, size_t n)
{
    double d = 0;
    if (is_text(type))
        return ss_double_parse(p, n, &d) ? d : 0;
    if (type == SS_WIRE_FLOAT8 || type == SS_WIRE_FLOAT4 || type == SS_WIRE_NUMERIC)
        return (double)real_of(type, p, n);
    return (double)ss_wire_int(type, p, n);
}

struct ss_str ss_wire_text(uint32_t type, const char *p, size_t n, char scratch[SS_NUMBER_MAX])
{
    if (is_text(type))
        return (struct ss_str){p, n};
    bool real = type == SS_WIRE_FLOAT8 || type == SS_WIRE_FLOAT4 || type == SS_WIRE_NUMERIC;
    size_t len = real ? ss_double_print(ss_wire_real(type, p, n), scratch)
                      : ss_int_print(ss_wire_int(type, p, n), scratch);
    return (struct ss_str){scratch, len};
}

/* ---- many rows ---- */

static void put(struct ss_buf *to, uint32_t value, int bytes)
{
    char out[4] = {(char)(value >> 24), (char)(value >> 16), (char)(value >> 8), (char)value};
    ss_buf_put(to, out + 4 - bytes, (size_t)bytes);
}

static void put_value(struct ss_buf *to, enum ss_arg_type type, const struct ss_arg *arg)
{
    char out[12];
    struct ss_arg real;
    switch (arg->type) {
    case SS_ARG_NULL: put(to, UINT32_MAX, 4); return;
    case SS_ARG_TEXT:
    case SS_ARG_BLOB:
        put(to, (uint32_t)arg->s.n, 4);
        ss_buf_put(to, arg->s.p, arg->s.n);
        return;
    case SS_ARG_INT:
    case SS_ARG_REAL: break;
    }
    if (type == SS_ARG_REAL && arg->type == SS_ARG_INT) {
        real = ss_arg_real((double)arg->i);
        arg = &real;
    }
    memcpy(out, "\0\0\0\10", 4);
    ss_wire_put64(out + 4, ss_wire_bits(arg));
    ss_buf_put(to, out, sizeof out);
}

void ss_wire_copy_head(struct ss_buf *to)
{
    ss_buf_put(to, "PGCOPY\n\377\r\n\0\0\0\0\0\0\0\0\0", 19);
}

void ss_wire_copy_row(struct ss_buf *to, const struct ss_bulk *bulk, const struct ss_arg *row)
{
    put(to, (uint32_t)bulk->columns, 2);
    for (int i = 0; i < bulk->columns; i++)
        put_value(to, bulk->type[i], &row[i]);
}

void ss_wire_copy_end(struct ss_buf *to)
{
    put(to, UINT32_MAX, 2);
}

void ss_wire_put_array(struct ss_buf *to, const struct ss_bulk *bulk, int column, const struct ss_arg *args,
                       size_t n)
{
    put(to, 1, 4); /* dimensions */
    put(to, 1, 4); /* there may be nulls */
    put(to, ss_wire_type(bulk->type[column]), 4);
    put(to, (uint32_t)n, 4);
    put(to, 1, 4); /* the first is number 1 */
    for (size_t i = 0; i < n; i++)
        put_value(to, bulk->type[column], &args[i * (size_t)bulk->columns + (size_t)column]);
}

/* ---- errors ---- */

/* By PostgreSQL's appendix "Error Codes": whole codes first, then their classes. */
enum ss_err ss_wire_error(const char *sqlstate)
{
    static const struct {
        const char *code;
        enum ss_err err;
    } errors[] = {
        {"25006", SS_ECREATE},                    /* read-only transaction */
        {"25P03", SS_EAWAY},                      /* idle in a transaction for too long */
        {"40", SS_EAWAY},                         /* serialization failure, deadlock */
        {"42501", SS_ECREATE},                    /* no right to */
        {"53100", SS_EIO},                        /* disk full */
        {"53200", SS_ENOMEM},  {"53", SS_EAWAY},  /* too many connections, ... */
        {"54", SS_EDATA},                         /* an index row or a value is too large */
        {"55P03", SS_EAWAY},                      /* a lock was not to be had in time */
        {"55006", SS_EAWAY},                      /* object in use */
        {"57", SS_EAWAY},                         /* stopped, shutting down, starting up */
        {"58", SS_EIO},        {"XX001", SS_EIO}, /* damaged data, damaged index */
        {"XX002", SS_EIO},     {"08", SS_EAWAY},   {"22", SS_EDATA},
        {"23", SS_EDATA},      {"28", SS_ECONFIG}, /* who are you? */
        {"3D", SS_ECONFIG},                        /* no such database */
        {"3F", SS_ECONFIG},                        /* no such schema */
    };
    for (size_t i = 0; i < SS_COUNT(errors); i++)
        if (strncmp(sqlstate, errors[i].code, strlen(errors[i].code)) == 0)
            return errors[i].err;
    return SS_EBUG;
}
