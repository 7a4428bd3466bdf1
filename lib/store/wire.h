/*
 * Values as PostgreSQL sends them in binary (its manual: "Frontend/Backend Protocol", "COPY, Binary Format"),
 * and the classes of its errors. Knows bytes only: no connection, no libpq. Numbers are big-endian; a date is
 * none of what is understood here, since this project's times are integers.
 */
#ifndef SS_STORE_WIRE_H
#define SS_STORE_WIRE_H

#include "base/buf.h"
#include "base/err.h"
#include "base/number.h"
#include "store/db.h"

/* Numbers of types: pg_type.oid, which never change. */
enum ss_wire_type {
    SS_WIRE_NONE = 0, /* the server finds out */
    SS_WIRE_BOOL = 16,
    SS_WIRE_BYTEA = 17,
    SS_WIRE_INT8 = 20,
    SS_WIRE_INT2 = 21,
    SS_WIRE_INT4 = 23,
    SS_WIRE_TEXT = 25,
    SS_WIRE_FLOAT4 = 700,
    SS_WIRE_FLOAT8 = 701,
    SS_WIRE_NUMERIC = 1700,
};

/* The type in which an argument is sent, and that of an array of them. */
uint32_t ss_wire_type(enum ss_arg_type type);
const char *ss_wire_array(enum ss_arg_type type);

void ss_wire_put64(char out[8], uint64_t bits);
uint64_t ss_wire_bits(const struct ss_arg *arg); /* of an integer or a real */

/* A value of `type`, n bytes at p. What is no number is 0; reals lose their fraction, and stop at the ends of
 * 64 bits. */
int64_t ss_wire_int(uint32_t type, const char *p, size_t n);
double ss_wire_real(uint32_t type, const char *p, size_t n);
/* Texts and unknown types as they are; numbers printed into `scratch`. */
struct ss_str ss_wire_text(uint32_t type, const char *p, size_t n, char scratch[SS_NUMBER_MAX]);

/* COPY ... (FORMAT binary): a head, rows, an end. */
void ss_wire_copy_head(struct ss_buf *to);
void ss_wire_copy_row(struct ss_buf *to, const struct ss_bulk *bulk, const struct ss_arg *row);
void ss_wire_copy_end(struct ss_buf *to);

/* Column `column` of n rows as one array. */
void ss_wire_put_array(struct ss_buf *to, const struct ss_bulk *bulk, int column, const struct ss_arg *args,
                       size_t n);

/* What an SQLSTATE is to a caller of db.h. */
enum ss_err ss_wire_error(const char *sqlstate);

#endif
