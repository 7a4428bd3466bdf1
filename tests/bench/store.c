/*
 * What a payment costs in the store: store BATCH URI RECORDS.ndjson, or without arguments nothing. Records
 * are parsed before; a JSON line says the processor time of copying, inserting, counting and committing each.
 */
#include "base/err.h"
#include "base/histogram.h"
#include "base/number.h"
#include "record/batch.h"
#include "store/ledger.h"
#include "store/migrate.h"
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static double cpu_s(void)
{
    struct timespec ts;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);
    return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

static void must(int err, const char *what)
{
    if (err >= 0)
        return;
    fprintf(stderr, "%s: %s\n", what, ss_err_text());
    exit(1);
}

int main(int argc, char **argv)
{
    if (argc < 4)
        return 0;
    int64_t batch_size = 32;
    if (!ss_int_parse(argv[1], strlen(argv[1]), &batch_size) || batch_size < 1 || batch_size > SS_BATCH_MAX)
        return 64;
    const struct ss_db_options opt = {.durability = SS_RELAXED};
    struct ss_db *db;
    struct ss_ledger *led;
    struct ss_schema schema;
    struct ss_batch batch;
    must(ss_store_open(argv[2], &opt, &db), "open");
    must(ss_ledger_new(&led), "ledger");
    must(ss_schema_init(&schema), "schema");
    must(ss_batch_init(&batch, &schema, 1), "batch");
    FILE *f = fopen(argv[3], "r");
    char *line = NULL;
    size_t cap = 0;
    ssize_t n = 0;
    uint64_t records = 0, fresh = 0;
    double spent = 0, add = 0;
    static struct ss_histogram h;
    while (f && n >= 0) {
        ss_batch_reset(&batch);
        while (batch.n < (size_t)batch_size && (n = getline(&line, &cap, f)) > 0) {
            struct ss_record *rec = ss_batch_add(&batch);
            must(ss_record_read(&batch, rec, ss_batch_copy(&batch, line, (size_t)n - 1), (size_t)n - 1),
                 "read");
        }
        double began = cpu_s();
        for (size_t i = 0; i < batch.n; i++)
            must(ss_ledger_add(led, &batch.rec[i], 150 + (int64_t)(i * 7 % 100)), "add");
        add += cpu_s() - began;
        must(ss_db_begin(db, true), "begin");
        must(ss_ledger_write(led, db, 0), "write");
        must(ss_db_commit(db), "commit");
        for (size_t i = 0; i < batch.n; i++)
            fresh += ss_ledger_taken(led, i)->as == SS_TAKEN_NEW;
        ss_ledger_done(led, true);
        double took = cpu_s() - began;
        ss_histogram_add(&h, (uint64_t)(took * 1e9), 1);
        spent += took;
        records += batch.n;
    }
    printf("{\"bench\":\"store: batches of %lld\",\"records\":%llu,\"fresh\":%llu,\"records_per_s\":%.0f,"
           "\"ns_per_record\":%.1f,\"add_ns\":%.1f,\"batch_p50_us\":%.1f,\"batch_p99_us\":%.1f,\"batch_max_"
           "us\":%.1f}\n",
           (long long)batch_size, (unsigned long long)records, (unsigned long long)fresh,
           (double)records / spent, spent / (double)records * 1e9, add / (double)records * 1e9,
           (double)ss_histogram_quantile(&h, 0.5) / 1e3, (double)ss_histogram_quantile(&h, 0.99) / 1e3,
           (double)h.max / 1e3);
    free(line);
    if (f)
        fclose(f);
    ss_batch_free(&batch);
    ss_schema_free(&schema);
    ss_ledger_free(led);
    ss_db_close(db);
    return 0;
}
