/* lib/io: files, memory, gzip and zstd, in every chunking and cut at every byte. */
#include "base/err.h"
#include "base/rng.h"
#include "io/port.h"
#include "tests/tap.h"
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>

static char dir[] = "/tmp/ss-io-XXXXXX";
static unsigned char plain[40000], packed[60000];

/* Text that packs well in its first half and hardly in its second. */
static void make_plain(void)
{
    struct ss_rng rng;
    ss_rng_seed(&rng, 4);
    for (size_t i = 0; i < sizeof plain; i++)
        plain[i] = i < sizeof plain / 2 ? (unsigned char)("{\"amount\":12.5}\n"[i % 16])
                                        : (unsigned char)ss_rng_next(&rng);
}

static size_t gzip_member(const unsigned char *p, size_t n, unsigned char *out, size_t cap)
{
    z_stream z = {0};
    if (deflateInit2(&z, 6, Z_DEFLATED, 16 + MAX_WBITS, 8, Z_DEFAULT_STRATEGY) != Z_OK)
        exit(1);
    z.next_in = (unsigned char *)p;
    z.avail_in = (unsigned)n;
    z.next_out = out;
    z.avail_out = (unsigned)cap;
    deflate(&z, Z_FINISH);
    deflateEnd(&z);
    return cap - z.avail_out;
}

/* Three pieces, the middle one empty: members and frames in a row are one stream. */
static size_t pack(bool gzip)
{
    const size_t from[] = {0, 15000, 15000, sizeof plain};
    size_t n = 0;
    for (int i = 0; i < 3; i++) {
        const unsigned char *p = plain + from[i];
        size_t len = from[i + 1] - from[i];
        n += gzip ? gzip_member(p, len, packed + n, sizeof packed - n)
                  : ZSTD_compress(packed + n, sizeof packed - n, p, len, 3);
    }
    return n;
}

/* Reads all of mem:in in pieces of at most `cap`; the bytes read, or the error. */
static ssize_t read_all(unsigned char *to, size_t room, size_t cap)
{
    struct ss_source *src;
    size_t n = 0;
    int err = ss_source_open("mem:in", &src);
    if (err < 0)
        return err;
    for (;;) {
        ssize_t got = ss_source_read(src, to + n, cap < room - n ? cap : room - n);
        if (got <= 0) {
            ss_source_close(src);
            return got < 0 ? got : (ssize_t)n;
        }
        n += (size_t)got;
    }
}

static void put_in(const void *bytes, size_t n)
{
    struct ss_buf *buf = ss_mem_buffer("in");
    ss_buf_reset(buf);
    ss_buf_put(buf, bytes, n);
}

static bool reads_as_plain(size_t chunk, size_t cap)
{
    static unsigned char got[sizeof plain + 10];
    ss_mem_chunk = chunk;
    ssize_t n = read_all(got, sizeof got, cap);
    ss_mem_chunk = 0;
    return n == (ssize_t)sizeof plain && memcmp(got, plain, sizeof plain) == 0;
}

static void any_chunking_gives_the_same_bytes(const char *kind, const void *bytes, size_t n)
{
    static const size_t sizes[] = {1, 2, 3, 4, 5, 7, 64, 1000, 4096, 65537, 1 << 20};
    put_in(bytes, n);
    int wrong = 0;
    for (size_t i = 0; i < SS_COUNT(sizes); i++)
        for (size_t k = 0; k < SS_COUNT(sizes); k++)
            wrong += sizes[k] >= 4 && !reads_as_plain(sizes[i], sizes[k]); /* the magic needs four */
    ok(wrong == 0, "%s: the same bytes whatever the sizes of reads below and above", kind);
}

static void a_cut_is_an_error_after_what_was_whole(const char *kind, size_t n, size_t first, size_t second)
{
    static unsigned char got[sizeof plain + 10];
    int wrong = 0, whole = 0;
    for (size_t len = 1; len < n; len += len < 64 || len > n - 64 ? 1 : 97) {
        put_in(packed, len);
        ssize_t r = read_all(got, sizeof got, 4096);
        if (r >= 0)
            whole += len >= 4 && len != first && len != second; /* between pieces it is whole */
        else
            wrong += r != SS_EIO;
    }
    ok(wrong == 0 && whole == 0, "%s cut anywhere is an I/O error", kind);
}

static void damage_is_found(const char *kind, size_t n)
{
    static unsigned char got[sizeof plain * 4];
    struct ss_rng rng;
    ss_rng_seed(&rng, 9);
    int silent = 0;
    for (int i = 0; i < 500; i++) {
        size_t at = 20 + ss_rng_below(&rng, n - 20);
        unsigned char was = packed[at];
        packed[at] ^= (unsigned char)(1u << ss_rng_below(&rng, 8));
        put_in(packed, n);
        packed[at] = was;
        ssize_t r = read_all(got, sizeof got, 3000);
        silent += r >= 0 && (r != (ssize_t)sizeof plain || memcmp(got, plain, sizeof plain) != 0);
    }
    /* Our zstd frames carry no checksum, so a changed literal goes through; gzip always has one. */
    ok(kind[0] == 'z' || silent == 0, "%s: no damaged byte goes through in silence (%d)", kind, silent);
    put_in(packed, n);
    ss_buf_put(ss_mem_buffer("in"), "garbage behind", 14);
    ok(read_all(got, sizeof got, 3000) == SS_EIO, "%s: what follows must be such data, too", kind);
}

/* Packs all of the text and flushes, without an end: as a writer does that means to go on. */
static size_t pack_without_end(bool gzip)
{
    if (gzip) {
        z_stream z = {
            .next_in = plain, .avail_in = sizeof plain, .next_out = packed, .avail_out = sizeof packed};
        if (deflateInit2(&z, 6, Z_DEFLATED, 16 + MAX_WBITS, 8, Z_DEFAULT_STRATEGY) != Z_OK)
            exit(1);
        deflate(&z, Z_SYNC_FLUSH);
        deflateEnd(&z);
        return sizeof packed - z.avail_out;
    }
    ZSTD_CCtx *z = ZSTD_createCCtx();
    ZSTD_inBuffer in = {plain, sizeof plain, 0};
    ZSTD_outBuffer out = {packed, sizeof packed, 0};
    ZSTD_compressStream2(z, &out, &in, ZSTD_e_flush);
    ZSTD_freeCCtx(z);
    return out.pos;
}

/* On a pipe: what a decompressor still holds must come out before it waits for more. */
static void nothing_is_held_back(const char *kind, size_t n)
{
    int ends[2], saved = dup(STDIN_FILENO);
    struct ss_source *src;
    if (pipe(ends) < 0 || saved < 0)
        exit(1);
    dup2(ends[0], STDIN_FILENO);
    bool good = write(ends[1], packed, n) == (ssize_t)n && ss_source_open("-", &src) == 0;
    size_t total = 0;
    static unsigned char got[100];
    alarm(20); /* the pipe stays open: a wait for more input would be for ever */
    while (good && total < sizeof plain) {
        ssize_t r = ss_source_read(src, got, sizeof got);
        good = r > 0 && memcmp(got, plain + total, (size_t)r) == 0;
        total += r > 0 ? (size_t)r : 0;
    }
    alarm(0);
    ok(good && total == sizeof plain, "%s on an open pipe: all that has arrived is given out", kind);
    ss_source_close(src);
    dup2(saved, STDIN_FILENO);
    close(saved), close(ends[0]), close(ends[1]);
}

static void magic_that_is_none_is_plain(void)
{
    static const char *const texts[] = {"", "\x1f", "(", "\x28\xb5", "\x28\xb5/", "x", "\x1fz", "{}\n"};
    int wrong = 0;
    for (size_t i = 0; i < SS_COUNT(texts); i++)
        for (size_t chunk = 0; chunk < 3; chunk++) {
            unsigned char got[100];
            put_in(texts[i], strlen(texts[i]));
            ss_mem_chunk = chunk;
            ssize_t n = read_all(got, sizeof got, sizeof got);
            ss_mem_chunk = 0;
            wrong += n != (ssize_t)strlen(texts[i]) || memcmp(got, texts[i], (size_t)n) != 0;
        }
    ok(wrong == 0, "texts that begin like packed data, or not at all, are passed on");
}

static void files_are_opened_by_path_and_uri(void)
{
    char path[64], uri[80];
    struct ss_source *src;
    struct ss_sink *sink;
    snprintf(path, sizeof path, "%s/f", dir);
    snprintf(uri, sizeof uri, "file:%s", path);
    ok(ss_source_open(path, &src) == SS_ENOINPUT, "a missing input");
    ok(ss_source_open(dir, &src) == SS_ENOINPUT, "a folder as input");
    ok(ss_sink_open(dir, &sink) == SS_ECREATE, "a folder as output");
    ok(ss_sink_open("/nonexistent/x", &sink) == SS_ECREATE, "an output in no folder");
    ok(ss_source_open("nosuch://x", &src) == SS_EUSAGE && ss_sink_open("nosuch://x", &sink) == SS_EUSAGE,
       "an unknown scheme is a mistake of usage");
    ok(ss_sink_open(uri, &sink) == 0 && ss_sink_write(sink, "abc", 3) == 0 && ss_sink_sync(sink) == 0 &&
           ss_sink_close(sink) == 0,
       "a file is written");
    char got[10];
    ok(ss_source_open(path, &src) == 0 && src->size_bytes == 3 && ss_source_read(src, got, 10) == 3 &&
           src->taken_bytes == 3 && ss_source_read(src, got, 10) == 0 && strcmp(src->name, path) == 0,
       "and read, with its size and position");
    ss_source_close(src);
    ss_source_close(NULL);
    ok(ss_sink_close(NULL) == 0, "nothing can be closed");
    ok(ss_sink_open("/dev/full", &sink) == 0 && ss_sink_write(sink, "abc", 3) == SS_EIO,
       "a full disk is an I/O error");
    ok(strstr(ss_err_text(), "cannot write '/dev/full': No space left") != NULL, "that says so");
    ok(ss_sink_close(sink) == 0, "and closes");
    unlink(path);
}

static void on_alarm(int sig)
{
    (void)sig;
}

static void an_interrupted_read_says_again(void)
{
    int ends[2], saved = dup(STDIN_FILENO);
    struct sigaction act = {.sa_handler = on_alarm};
    struct itimerval soon = {{0, 0}, {0, 20000}};
    struct ss_source *src;
    char got[10];
    if (pipe(ends) < 0)
        exit(1);
    dup2(ends[0], STDIN_FILENO);
    sigaction(SIGALRM, &act, NULL);
    setitimer(ITIMER_REAL, &soon, NULL);
    ok(ss_source_open("-", &src) == 0 && ss_source_read(src, got, 10) == SS_AGAIN,
       "a read that a signal interrupts gives the caller a look at its stop flag");
    ok(write(ends[1], "x", 1) == 1 && ss_source_read(src, got, 10) == 1, "and can be repeated");
    ss_source_close(src);
    dup2(saved, STDIN_FILENO);
    close(saved), close(ends[0]), close(ends[1]);
    struct ss_sink *sink;
    signal(SIGPIPE, SIG_IGN);
    if (pipe(ends) < 0)
        exit(1);
    saved = dup(STDOUT_FILENO);
    fflush(stdout);
    dup2(ends[1], STDOUT_FILENO);
    close(ends[0]), close(ends[1]);
    int opened = ss_sink_open("-", &sink), r = ss_sink_write(sink, "x", 1);
    int closed = ss_sink_close(sink);
    dup2(saved, STDOUT_FILENO);
    close(saved);
    ok(opened == 0 && r == SS_EPIPE && closed == 0, "a pipe without a reader is told from other errors");
}

int main(void)
{
    if (!mkdtemp(dir))
        return 1;
    make_plain();
    any_chunking_gives_the_same_bytes("plain", plain, sizeof plain);
    for (int gzip = 0; gzip < 2; gzip++) {
        const char *kind = gzip ? "gzip" : "zstd";
        size_t first = gzip ? gzip_member(plain, 15000, packed, sizeof packed)
                            : ZSTD_compress(packed, sizeof packed, plain, 15000, 3);
        size_t empty = gzip ? gzip_member(plain, 0, packed, sizeof packed)
                            : ZSTD_compress(packed, sizeof packed, plain, 0, 3);
        size_t n = pack(gzip);
        any_chunking_gives_the_same_bytes(kind, packed, n);
        a_cut_is_an_error_after_what_was_whole(kind, n, first, first + empty);
        damage_is_found(kind, n);
        nothing_is_held_back(kind, pack_without_end(gzip));
    }
    magic_that_is_none_is_plain();
    files_are_opened_by_path_and_uri();
    an_interrupted_read_says_again();
    ss_mem_clear();
    ok(rmdir(dir) == 0, "nothing is left lying about");
    return done();
}
