/* lib/base: errors, memory, containers, numbers, files. */
#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/file.h"
#include "base/histogram.h"
#include "base/map.h"
#include "base/number.h"
#include "base/rng.h"
#include "tests/tap.h"
#include <errno.h>
#include <fcntl.h>
#include <float.h>
#include <math.h>
#include <sys/stat.h>
#include <unistd.h>

static void errors_keep_one_message(void)
{
    ok(ss_fail(SS_EIO, "cannot read '%s'", "x") == SS_EIO, "a failure returns its number");
    ok(ss_fail_in(SS_EIO, "line %d: ", 3) == SS_EIO, "context keeps the number");
    is_text(ss_err_text(), strlen(ss_err_text()), "line 3: cannot read 'x'",
            "context goes before the message");
    (void)ss_fail(SS_EDATA, "again: %s", ss_err_text());
    is_text(ss_err_text(), strlen(ss_err_text()), "again: line 3: cannot read 'x'",
            "a message may quote the one before it");
    errno = ENOENT;
    (void)ss_fail_errno(SS_ENOINPUT, "cannot open '%s'", "f");
    is_text(ss_err_text(), strlen(ss_err_text()), "cannot open 'f': No such file or directory",
            "errno becomes words");
    char longer[4000];
    memset(longer, 'x', sizeof longer);
    longer[sizeof longer - 1] = '\0';
    (void)ss_fail_errno(SS_EIO, "%s", longer);
    ok(strlen(ss_err_text()) < sizeof longer && ss_err_text()[0] == 'x',
       "a huge message is cut, not overrun");
    static const struct {
        int err, status;
    } table[] = {
        {0, 0},         {SS_EPIPE, 0}, {SS_EANSWER, 1}, {SS_EUSAGE, 64},  {SS_EDATA, 65}, {SS_ENOINPUT, 66},
        {SS_EAWAY, 69}, {SS_EBUG, 70}, {SS_ENOMEM, 70}, {SS_ECREATE, 73}, {SS_EIO, 74},   {SS_ECONFIG, 78},
        {-99, 70},      {5, 0}};
    int wrong = 0;
    for (size_t i = 0; i < SS_COUNT(table); i++)
        wrong += ss_err_exit(table[i].err) != table[i].status;
    ok(wrong == 0, "every error has its exit status");
}

static void arenas_stay_below_their_ceiling(void)
{
    struct ss_arena arena;
    ss_arena_init(&arena, 1000);
    ok(ss_arena_alloc(&arena, 900) != NULL, "an arena with a small ceiling gives what lies below it");
    ok(ss_arena_alloc(&arena, 200) == NULL, "and nothing beyond it");
    ss_arena_free(&arena);
    ss_arena_init(&arena, 0);
    int bad = 0;
    size_t first = 0;
    struct ss_rng rng;
    for (int round = 0; round < 5; round++) {
        ss_rng_seed(&rng, 1);
        for (int i = 0; i < 3000; i++) {
            size_t n = ss_rng_below(&rng, i % 500 == 0 ? 600000 : 2000);
            char *p = ss_arena_zalloc(&arena, n);
            bad += !p || (uintptr_t)p % 16 != 0;
            memset(p, 0xa5, n);
        }
        first = round ? first : arena.allocated;
        ss_arena_reset(&arena);
    }
    ok(bad == 0, "allocations are aligned and do not overlap their blocks");
    ok(arena.allocated == first, "after a reset the same allocations need no new memory");
    for (size_t n = 300000; n < 900000; n += 1000) {
        if (!ss_arena_alloc(&arena, 10) || !ss_arena_alloc(&arena, n))
            bad++;
        ss_arena_reset(&arena);
    }
    ok(bad == 0 && arena.allocated < first + (4u << 20),
       "ever longer pieces do not leave a block each behind");
    ok(ss_arena_alloc(&arena, SIZE_MAX - 3) == NULL, "an absurd size is refused");
    char *copy = ss_arena_copy(&arena, "abc", 2);
    ok(copy && strcmp(copy, "ab") == 0, "a copy ends with NUL");
    ss_arena_free(&arena);
    ss_arena_free(&arena);
}

static void buffers_stay_below_their_ceiling(void)
{
    struct ss_buf buf;
    ss_buf_init(&buf, 1000);
    for (int i = 0; i < 100; i++)
        ss_buf_put(&buf, "0123456789", 10);
    ok(ss_buf_check(&buf) == 0 && buf.n == 1000, "a buffer holds as much as its ceiling");
    ss_buf_putc(&buf, 'x');
    ok(ss_buf_check(&buf) == SS_ENOMEM && buf.n == 1000, "one byte more fails, and the failure sticks");
    ss_buf_reset(&buf);
    ss_buf_printf(&buf, "%d-%s", 42, "x");
    ok(ss_buf_check(&buf) == 0, "a reset forgets the failure");
    is_text(buf.p, buf.n, "42-x", "formatted text is appended");
    is_text(ss_buf_cstr(&buf), strlen(ss_buf_cstr(&buf)), "42-x", "and can end with NUL");
    ss_buf_printf(&buf, "%2000d", 1);
    ok(ss_buf_check(&buf) == SS_ENOMEM && buf.n == 4, "formatted text beyond the ceiling is left out whole");
    ss_buf_free(&buf);
    ss_buf_free(&buf);
    ss_buf_put(&buf, NULL, 0);
    ok(buf.n == 0 && !buf.failed, "nothing appended to a freed buffer is nothing");
}

static void maps_number_keys_in_order(void)
{
    struct ss_map map;
    ss_map_init(&map, 20000);
    int wrong = 0;
    char key[32];
    for (int round = 0; round < 2; round++)
        for (int i = 0; i < 20000; i++) {
            int n = snprintf(key, sizeof key, "key%d", i * 7919);
            wrong += ss_map_add(&map, (struct ss_str){key, (size_t)n}) != i;
        }
    ok(wrong == 0, "keys are numbered as they first came");
    ok(ss_map_add(&map, SS_STR("one more")) == SS_ENOMEM, "a key beyond the ceiling is refused");
    ok(ss_map_add(&map, SS_STR("key7919")) == 1, "one that is known still has its number");
    ok(ss_map_find(&map, SS_STR("key7918")) == -1, "an unknown key has none");
    for (int i = 0; i < 20000; i++) {
        int n = snprintf(key, sizeof key, "key%d", i * 7919);
        wrong += !ss_str_eq(map.key[i], (struct ss_str){key, (size_t)n});
    }
    ok(wrong == 0, "the keys are the map's own copies");
    ss_map_free(&map);
    ss_map_init(&map, 5);
    ok(ss_map_find(&map, SS_STR("")) == -1, "an empty map finds nothing");
    ok(ss_map_add(&map, (struct ss_str){NULL, 0}) == 0 && ss_map_find(&map, SS_STR("")) == 0,
       "the empty text is a key");
    ok(ss_map_add(&map, (struct ss_str){"a\0b", 3}) == 1 && ss_map_find(&map, SS_STR("a")) == -1,
       "keys may hold NUL");
    ss_map_free(&map);
}

static void prints(double value, const char *want)
{
    char out[SS_NUMBER_MAX];
    is_text(out, ss_double_print(value, out), want, want);
}

static void doubles_print_shortest_and_read_back(void)
{
    prints(0.1, "0.1");
    prints(-0.0, "0");
    prints(1e15, "1000000000000000");
    prints(212297829382473034410.0, "2.1229782938247302e+20"); /* as digits alone it would be shorter */
    prints(9007199254740991.0, "9007199254740991");
    prints(-9007199254740991.0, "-9007199254740991");
    prints(1e22, "1e+22");
    prints(5e-324, "5e-324");
    prints(DBL_MAX, "1.7976931348623157e+308");
    prints((double)NAN, "null");
    prints(-(double)INFINITY, "null");
    prints(1.0 / 3, "0.3333333333333333");
    char out[SS_NUMBER_MAX];
    is_text(out, ss_float_print(0.1f, out), "0.1", "a float prints as short as a float");
    struct ss_rng rng;
    ss_rng_seed(&rng, 7);
    int wrong = 0;
    for (int i = 0; i < 200000; i++) {
        union {
            uint64_t bits;
            double d;
        } x = {.bits = ss_rng_next(&rng)}, y = {.bits = 0};
        if (!isfinite(x.d))
            continue;
        size_t n = ss_double_print(x.d, out);
        wrong += n > SS_NUMBER_MAX || !ss_double_parse(out, n, &y.d) || (x.bits != y.bits && x.d != 0);
    }
    ok(wrong == 0, "200,000 random doubles read back the same bits");
    for (int i = 0; i < 200000; i++) {
        static const double scale[] = {1, 10, 100, 1e3, 1e4, 1e5, 1e6};
        int64_t k = (int64_t)(ss_rng_next(&rng) >> (14 + ss_rng_below(&rng, 50)));
        int decimals = (int)ss_rng_below(&rng, 7);
        double value = (double)k / scale[decimals], back;
        size_t n = ss_double_print(value, out);
        wrong += !ss_double_parse(out, n, &back) || back != value;
        char want[64];
        int len = snprintf(want, sizeof want, "%.*f", decimals, value);
        while (decimals && want[len - 1] == '0')
            len--;
        len -= want[len - 1] == '.';
        if (k < 1000000000000000 &&
            (value == 0 || value >= 0.001)) /* 15 digits: the shortest is the decimal itself */
            wrong += n != (size_t)len || memcmp(out, want, n) != 0;
    }
    ok(wrong == 0, "200,000 decimals print as they were written");
}

static bool reads_double(const char *text)
{
    double d;
    return ss_double_parse(text, strlen(text), &d);
}

static void doubles_take_whole_numbers_only(void)
{
    static const char *const bad[] = {"",    "-",     "+1",   " 1",       "1 ",  "nan",   "NaN",
                                      "inf", "-inf",  "1e",   "0x1",      "1,5", "1e999", "--1",
                                      ".",   "1.5.2", "-nan", "infinity", "1d",  "1_0"};
    for (size_t i = 0; i < SS_COUNT(bad); i++)
        ok(!reads_double(bad[i]), "'%s' is no number", bad[i]);
    double d = 1;
    ok(ss_double_parse("-1.5e3", 6, &d) && d == -1500, "exponents are read");
    ok(ss_double_parse("123456", 3, &d) && d == 123, "no byte behind the length is looked at");
    int64_t i;
    ok(ss_int_parse("-9223372036854775808", 20, &i) && i == INT64_MIN, "the smallest integer");
    ok(ss_int_parse("9223372036854775807", 19, &i) && i == INT64_MAX, "the largest integer");
    ok(!ss_int_parse("9223372036854775808", 19, &i), "one more is out of range");
    ok(!ss_int_parse("-9223372036854775809", 20, &i), "one less is out of range");
    ok(!ss_int_parse("", 0, &i) && !ss_int_parse("-", 1, &i) && !ss_int_parse("1.0", 3, &i), "no integers");
    char out[SS_NUMBER_MAX];
    is_text(out, ss_int_print(INT64_MIN, out), "-9223372036854775808", "the smallest integer prints");
}

static void amount(const char *text, const char *want)
{
    int64_t a;
    char out[SS_NUMBER_MAX];
    if (!ss_amount_parse(text, strlen(text), &a)) {
        ok(want == NULL, "amount %s is refused", text);
        return;
    }
    size_t n = ss_amount_print(a, out);
    if (!ok(want && strlen(want) == n && memcmp(want, out, n) == 0, "amount %s is %s", text,
            want ? want : "bad"))
        printf("# got %.*s\n", (int)n, out);
}

static void amounts_are_exact(void)
{
    static const char *const cases[][2] = {
        {"12.5", "12.5"},
        {"0", "0"},
        {"-0", "0"},
        {"-0.00001", "0"},
        {"0.0001", "0.0001"},
        {"-12.3456", "-12.3456"},
        {"100", "100"},
        {"1.00005", "1"},
        {"1.00015", "1.0002"},
        {"1.00025", "1.0002"},
        {"1.00025000000000000000000000001", "1.0003"},
        {"1.00024999999999999999", "1.0002"},
        {"0.00005", "0"},
        {"0.00015", "0.0002"},
        {"99999999999999.9999", "99999999999999.9999"},
        {"100000000000000.1234", "100000000000000.1234"},
        {"-899999999999999.9999", "-899999999999999.9999"},
        {"900000000000000", "900000000000000"},
        {"900000000000000.0001", NULL},
        {"1e15", NULL},
        {"0000000000000000000012.5", "12.5"},
        {"1e3", "1000"},
        {"1.5E+2", "150"},
        {"125e-2", "1.25"},
        {"1.00025e0", "1.0002"},
        {"1.00015e0", "1.0002"},
        {"5e-5", "0"},
        {"15e-5", "0.0002"},
        {"6e-5", "0.0001"},
        {"1e-400", "0"},
        {"0e99999999999", "0"},
        {"1e99999999999999999999", NULL},
        {"184467440737095516.16", NULL},
        {"99999999999999999999999999", NULL},
        {"", NULL},
        {"-", NULL},
        {"+1", NULL},
        {".5", NULL},
        {"5.", NULL},
        {"5.e1", NULL},
        {"1.2.3", NULL},
        {"1e", NULL},
        {"1e+", NULL},
        {"12x", NULL},
        {"1.5x", NULL},
        {"1.55555x", NULL},
        {" 1", NULL},
        {"1 ", NULL},
        {"nan", NULL},
        {"--1", NULL},
        {"1,5", NULL},
    };
    for (size_t i = 0; i < SS_COUNT(cases); i++)
        amount(cases[i][0], cases[i][1]);
    struct ss_rng rng;
    ss_rng_seed(&rng, 3);
    int wrong = 0;
    for (int i = 0; i < 100000; i++) {
        int64_t a = (int64_t)(ss_rng_next(&rng) % 18000000000000000001u - 9000000000000000000u), b = 0;
        a >>= ss_rng_below(&rng, 60);
        char out[SS_NUMBER_MAX];
        size_t n = ss_amount_print(a, out);
        wrong += !ss_amount_parse(out, n, &b) || a != b;
    }
    ok(wrong == 0, "100,000 amounts read back the same");
}

static void quantiles_are_within_a_64th(void)
{
    struct ss_histogram *h = calloc(2, sizeof *h);
    ok(ss_histogram_quantile(h, 0.5) == 0, "an empty histogram has no quantile");
    int wrong = 0;
    struct ss_rng rng;
    ss_rng_seed(&rng, 5);
    for (int i = 0; i < 100000; i++) {
        uint64_t v = ss_rng_next(&rng) >> ss_rng_below(&rng, 64);
        memset(h, 0, sizeof *h);
        ss_histogram_add(h, v, 1);
        ss_histogram_add(h, UINT64_MAX, 1); /* so that the maximum does not bound the answer */
        uint64_t got = ss_histogram_quantile(h, 0.5);
        wrong += got < v || (double)(got - v) > (double)v / 64;
        if (i == 2000)
            i = 97000; /* enough: each round clears 30 KB */
    }
    ok(wrong == 0, "a value comes back no smaller and at most a 64th larger");
    memset(h, 0, 2 * sizeof *h);
    for (uint64_t v = 1; v <= 1000; v++)
        ss_histogram_add(&h[v % 2], v, 3);
    ss_histogram_merge(&h[0], &h[1]);
    uint64_t p50 = ss_histogram_quantile(h, 0.5), p99 = ss_histogram_quantile(h, 0.99);
    ok(p50 >= 500 && p50 <= 508 && p99 >= 990 && p99 <= 1000, "quantiles of 1 to 1000, merged of two halves");
    ok(ss_histogram_quantile(h, 1) == 1000 && ss_histogram_quantile(h, 0) == 1, "the ends are exact");
    free(h);
}

static void files_are_replaced_whole(void)
{
    char dir[] = "/tmp/ss-base-XXXXXX", path[64];
    struct ss_buf buf;
    ss_buf_init(&buf, 100);
    if (!ok(mkdtemp(dir) != NULL, "a folder"))
        return;
    snprintf(path, sizeof path, "%s/f", dir);
    ok(ss_file_read(path, &buf) == SS_ENOINPUT, "a missing file is no input");
    ok(ss_file_read(dir, &buf) == SS_ENOINPUT, "nor is a folder");
    char bytes[101];
    memset(bytes, 'a', sizeof bytes);
    ok(ss_file_replace(path, bytes, 100) == 0, "a file is made");
    ok(ss_file_read(path, &buf) == 0 && buf.n == 100 && ss_buf_check(&buf) == 0,
       "one as large as the ceiling is read");
    ok(ss_file_replace(path, bytes, 101) == 0, "it is replaced");
    ss_buf_reset(&buf);
    ok(ss_file_read(path, &buf) == SS_EDATA, "one byte beyond the ceiling is refused");
    ok(ss_file_replace(path, "", 0) == 0, "a file can become empty");
    ss_buf_reset(&buf);
    ok(ss_file_read(path, &buf) == 0 && buf.n == 0, "and is read as such");
    char deep[128];
    snprintf(deep, sizeof deep, "%s/no/f", dir);
    ok(ss_file_replace(deep, "x", 1) == SS_ECREATE, "without a folder nothing is made");
    snprintf(deep, sizeof deep, "%s/d", dir);
    mkdir(deep, 0777);
    ok(ss_file_replace(deep, "x", 1) == SS_ECREATE, "a folder is not replaced");
    rmdir(deep);
    char got[8] = "";
    struct stat st;
    int fd = mkfifo(deep, 0600) == 0 ? open(deep, O_RDWR | O_NONBLOCK) : -1;
    ok(ss_file_replace(deep, "x", 1) == 0 && read(fd, got, sizeof got) == 1 && stat(deep, &st) == 0 &&
           S_ISFIFO(st.st_mode),
       "a pipe, as a device, is written to and not replaced");
    close(fd);
    unlink(deep);
    unlink(path);
    ok(rmdir(dir) == 0, "nothing is left lying about");
    ss_buf_free(&buf);
}

int main(void)
{
    errors_keep_one_message();
    arenas_stay_below_their_ceiling();
    buffers_stay_below_their_ceiling();
    maps_number_keys_in_order();
    doubles_print_shortest_and_read_back();
    doubles_take_whole_numbers_only();
    amounts_are_exact();
    quantiles_are_within_a_64th();
    files_are_replaced_whole();
    return done();
}
