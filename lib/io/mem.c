/* Memory ports: named buffers that tests fill and read. */
#include "base/err.h"
#include "io/transport.h"
#include <stdlib.h>
#include <string.h>

#define BUFFERS_MAX  16
#define BUFFER_BYTES ((size_t)1 << 30)

static struct {
    char name[64];
    struct ss_buf buf;
} buffers[BUFFERS_MAX];

size_t ss_mem_chunk;

struct mem_source {
    struct ss_source base;
    struct ss_buf *buf;
    size_t at;
};

struct mem_sink {
    struct ss_sink base;
    struct ss_buf *buf;
};

struct ss_buf *ss_mem_buffer(const char *name)
{
    for (size_t i = 0; i < BUFFERS_MAX; i++) {
        if (strcmp(buffers[i].name, name) == 0)
            return &buffers[i].buf;
        if (!buffers[i].name[0]) {
            snprintf(buffers[i].name, sizeof buffers[i].name, "%s", name);
            ss_buf_init(&buffers[i].buf, BUFFER_BYTES);
            return &buffers[i].buf;
        }
    }
    return NULL;
}

void ss_mem_clear(void)
{
    for (size_t i = 0; i < BUFFERS_MAX; i++) {
        ss_buf_free(&buffers[i].buf);
        buffers[i].name[0] = '\0';
    }
    ss_mem_chunk = 0;
}

static ssize_t mem_read(struct ss_source *src, void *to, size_t cap)
{
    struct mem_source *m = (struct mem_source *)src;
    size_t n = m->buf->n - m->at;
    n = n < cap ? n : cap;
    n = ss_mem_chunk && n > ss_mem_chunk ? ss_mem_chunk : n;
    if (n)
        memcpy(to, m->buf->p + m->at, n);
    m->at += n;
    src->taken_bytes += (int64_t)n;
    return (ssize_t)n;
}

static bool mem_ready(struct ss_source *src)
{
    (void)src;
    return true;
}

static void source_close(struct ss_source *src)
{
    free(src->name);
    free(src);
}

static const struct ss_source_ops source_ops = {.read = mem_read, .ready = mem_ready, .close = source_close};

static int open_source(const char *rest, struct ss_source **src)
{
    struct mem_source *m = calloc(1, sizeof *m);
    char *name = strdup(rest);
    struct ss_buf *buf = ss_mem_buffer(rest);
    if (!m || !name || !buf) {
        free(m);
        free(name);
        return ss_fail(SS_ENOMEM, "no room for memory port '%s'", rest);
    }
    m->base = (struct ss_source){.ops = &source_ops, .name = name, .size_bytes = (int64_t)buf->n};
    m->buf = buf;
    *src = &m->base;
    return 0;
}

static int mem_write(struct ss_sink *sink, const void *bytes, size_t len)
{
    struct mem_sink *m = (struct mem_sink *)sink;
    ss_buf_put(m->buf, bytes, len);
    return ss_buf_check(m->buf);
}

static int mem_sync(struct ss_sink *sink)
{
    (void)sink;
    return 0;
}

static int sink_close(struct ss_sink *sink)
{
    free(sink->name);
    free(sink);
    return 0;
}

static const struct ss_sink_ops sink_ops = {.write = mem_write, .sync = mem_sync, .close = sink_close};

static int open_sink(const char *rest, struct ss_sink **sink)
{
    struct mem_sink *m = calloc(1, sizeof *m);
    char *name = strdup(rest);
    struct ss_buf *buf = ss_mem_buffer(rest);
    if (!m || !name || !buf) {
        free(m);
        free(name);
        return ss_fail(SS_ENOMEM, "no room for memory port '%s'", rest);
    }
    m->base = (struct ss_sink){.ops = &sink_ops, .name = name};
    m->buf = buf;
    *sink = &m->base;
    return 0;
}

const struct ss_transport ss_transport_mem = {
    .scheme = "mem", .open_source = open_source, .open_sink = open_sink};
