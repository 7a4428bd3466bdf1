/* A store of payments and a plain model of the same, for tests of what is read back. */
#ifndef TESTS_PLAIN_H
#define TESTS_PLAIN_H

#include "base/err.h"
#include "base/rng.h"
#include "base/time.h"
#include "store/entity.h"
#include "store/ledger.h"
#include "store/migrate.h"
#include "tests/databases.h"
#include <math.h>
#include <stdlib.h>

#define T0    ((int64_t)1772323200000000) /* 2026-03-01 */
#define COUNT 1200

static struct ss_db *db;
static struct ss_arena arena;

/* A payment as the model has it. */
struct plain {
    int64_t seq, time_us, amount;
    int user, card, device, merchant, level, action, label, rule;
    double score;
    char id[16];
};
static struct plain plain[COUNT];

static const char *const categories[] = {"food", "travel", "games"};
static const char *const rules[] = {NULL, "burst", "night"};

static void make_one(int i, char *line, size_t room)
{
    struct ss_rng rng;
    struct plain *p = &plain[i];
    char time[SS_TIME_TEXT], decision[400] = "";
    ss_rng_seed(&rng, (uint64_t)i);
    uint64_t r = ss_rng_next(&rng);
    *p = (struct plain){.seq = i + 1,
                        .time_us =
                            T0 + (int64_t)(ss_rng_next(&rng) % 5000) * SS_MINUTE_US, /* some at one time */
                        .amount = (int64_t)(r % 40) * 25000,
                        .user = (int)((r >> 8) % 30),
                        .card = (int)((r >> 16) % 40),
                        .device = (int)((r >> 24) % 25),
                        .merchant = (int)((r >> 32) % 10),
                        .level = (r >> 40) % 16 < 11 ? 0 : (int)((r >> 45) % SS_LEVELS),
                        .label = (int)((r >> 50) % 3) - 1};
    p->score = p->level ? p->level * 2 / 10.0 : NAN;
    p->action = p->level;
    p->rule = p->level ? (int)((r >> 52) % 3) : 0;
    snprintf(p->id, sizeof p->id, "P%c%04d", 'a' + i % 3, i);
    time[ss_time_print(p->time_us, time)] = '\0';
    if (p->level)
        snprintf(decision, sizeof decision,
                 ",\"decision\":{\"action\":\"%s\",\"level\":\"%s\",\"score\":%g,\"rules\":[%s%s%s]}",
                 ss_action_name((enum ss_action)p->action), ss_level_name((enum ss_level)p->level), p->score,
                 p->rule ? "{\"id\":\"" : "", p->rule ? rules[p->rule] : "", p->rule ? "\"}" : "");
    char label[20] = "", user[40] = "";
    if (p->label >= 0)
        snprintf(label, sizeof label, ",\"label\":%d", p->label);
    if (p->user) /* nobody's payments: without a card, too */
        snprintf(user, sizeof user, ",\"user_id\":\"U%d\",\"card_id\":\"C%d\"", p->user, p->card);
    else
        p->card = -1;
    snprintf(line, room,
             "{\"txn_id\":\"%s\",\"timestamp\":\"%s\",\"amount\":%g,\"device_id\":\"D%d\",\"merchant_id\":"
             "\"M%d\",\"category\":\"%s\",\"country\":\"%s\"%s%s%s}",
             p->id, time, (double)p->amount / 1e4, p->device, p->merchant, categories[i % 3],
             i % 2 ? "DE" : "FR", user, label, decision);
}

/* Puts them all into the store. */
static bool fill(void)
{
    struct ss_ledger *led;
    char line[2000];
    int err = ss_ledger_new(&led);
    for (int i = 0; i < COUNT && !err; i++) {
        make_one(i, line, sizeof line);
        err = ss_ledger_add_line(led, ss_str_of(line), i % 100);
    }
    err = err ? err : ss_db_begin(db, true);
    err = err ? err : ss_ledger_write(led, db, 1);
    err = err ? err : ss_ledger_settle(led, db);
    err = err ? err : ss_db_commit(db);
    ss_ledger_free(led);
    return ok(err == 0, "%d payments: %s", COUNT, err ? ss_err_text() : "");
}

/* Runs the tests over each database that there is; the status for main. */
static int on_both(void (*tests)(void))
{
    ss_arena_init(&arena, 0);
    for (enum ss_db_kind kind = SS_SQLITE; kind <= SS_POSTGRES; kind++) {
        char uri[URI_MAX];
        const struct ss_db_options opt = {.durability = SS_RELAXED};
        if (!fresh_database(kind, uri))
            continue;
        ok(ss_store_open(uri, &opt, &db) == 0, "a fresh store: %s", ss_err_text());
        if (!fill())
            return done();
        tests();
        ss_db_close(db);
    }
    ss_arena_free(&arena);
    return done();
}

#endif
