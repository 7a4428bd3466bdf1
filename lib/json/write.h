/* JSON out: pieces appended to a buffer. The caller writes the commas, or uses ss_json_key inside objects. */
#ifndef SS_JSON_WRITE_H
#define SS_JSON_WRITE_H

#include "base/buf.h"
#include "base/str.h"

/* "text" with quotes and escapes. Bytes that are no valid UTF-8 become U+FFFD, so that the output is JSON. */
void ss_json_put_string(struct ss_buf *buf, struct ss_str text);
/* The shortest text that reads back the same; null for NaN and infinities. */
void ss_json_put_double(struct ss_buf *buf, double value);
void ss_json_put_int(struct ss_buf *buf, int64_t value);
/* ,"key": or "key": right behind a '{'. `key` is written as it is. */
void ss_json_key(struct ss_buf *buf, const char *key);
/* ,"key":{ or "key":[ by the bracket given; the caller closes it. */
void ss_json_open(struct ss_buf *buf, const char *key, char bracket);
/* What is written next is an item of an array: a comma before it, but none right behind '['. */
void ss_json_next(struct ss_buf *buf);
/* The same for an item that is an object, which the caller closes. */
void ss_json_item(struct ss_buf *buf);

/* A member: its key as above and its value. Text and JSON with p == NULL are null. */
void ss_put_text_of(struct ss_buf *buf, const char *key, struct ss_str text);
void ss_put_int_of(struct ss_buf *buf, const char *key, int64_t value);
void ss_put_real_of(struct ss_buf *buf, const char *key, double value);
void ss_put_bool_of(struct ss_buf *buf, const char *key, bool value);
void ss_put_raw_of(struct ss_buf *buf, const char *key, struct ss_str json);
/* An array of strings. */
void ss_put_texts_of(struct ss_buf *buf, const char *key, const struct ss_str *texts, size_t n);

#endif
