// work.c - the three works
#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../../node/app/request.h"
#include "bench.h"

enum { PACE_MS = 10, LATENCY_MAX = 5000 };

// What the writer tells the reader; both processes map it.
struct written {
    _Atomic unsigned count;
    char ids[LATENCY_MAX][BENCH_ID_MAX];
    double at[LATENCY_MAX];
};

static void
run(sqlite3 *db, const char *sql)
{
    if (sqlite3_exec(db, sql, NULL, NULL, NULL) != SQLITE_OK)
        fleet_fail("%s: %s", sql, sqlite3_errmsg(db));
}

// Rows through plain SQL into an area; the last one's id.
static void
seed(const struct member *area, unsigned records, char *ret_last)
{
    sqlite3 *db = NULL;
    fleet_database(area, "office.db", &db);
    run(db, "PRAGMA synchronous = FULL");
    sqlite3_stmt *insert = record_prepare(db);
    for (unsigned i = 0; i < records; i++) {
        struct row row;
        record_make(&row, i);
        if (i % BENCH_TRANSACTION == 0)
            run(db, "BEGIN IMMEDIATE");
        record_insert(insert, &row, ret_last);
        if ((i + 1) % BENCH_TRANSACTION == 0 || i + 1 == records)
            run(db, "COMMIT");
    }
    (void)sqlite3_finalize(insert);
    (void)sqlite3_close(db);
}

static void
await_saved(const struct member *area, json_int_t entries)
{
    for (double end = fleet_now() + BENCH_WAIT_S; fleet_now() < end; fleet_sleep_ms(20))
        if (fleet_status(area, "saved") >= entries)
            return;
    fleet_fail("%s never took its rows over", area->code);
}

static int64_t
number(sqlite3 *db, const char *sql)
{
    sqlite3_stmt *statement = NULL;
    if (sqlite3_prepare_v2(db, sql, -1, &statement, NULL) != SQLITE_OK ||
        sqlite3_step(statement) != SQLITE_ROW)
        fleet_fail("%s: %s", sql, sqlite3_errmsg(db));
    int64_t value = sqlite3_column_int64(statement, 0);
    (void)sqlite3_finalize(statement);
    return value;
}

static bool
is_visible(sqlite3_stmt *look, const char *id)
{
    (void)sqlite3_bind_text(look, 1, id, -1, SQLITE_STATIC);
    bool is = sqlite3_step(look) == SQLITE_ROW;
    (void)sqlite3_reset(look);
    return is;
}

static sqlite3_stmt *
look_prepare(sqlite3 *db)
{
    sqlite3_stmt *look = NULL;
    if (sqlite3_prepare_v2(db, "SELECT 1 FROM propaganda_session WHERE id = ?", -1, &look, NULL) !=
        SQLITE_OK)
        fleet_fail("look: %s", sqlite3_errmsg(db));
    return look;
}

// Until each area's last row is there, and then all of them: a count of all, asked often, would
// measure itself.
static double
await_all(const struct member *top, char (*last)[BENCH_ID_MAX], size_t count, int64_t records)
{
    sqlite3 *db = NULL;
    fleet_database(top, "office.db", &db);
    sqlite3_stmt *look = look_prepare(db);
    double end = fleet_now() + BENCH_WAIT_S;
    for (size_t i = 0; i < count; i++)
        while (!is_visible(look, last[i])) {
            if (fleet_now() > end)
                fleet_fail("the province has %lld of %lld rows after %d s",
                           (long long)number(db, "SELECT count(*) FROM propaganda_session"),
                           (long long)records, BENCH_WAIT_S);
            fleet_sleep_ms(2);
        }
    while (number(db, "SELECT count(*) FROM propaganda_session") < records && fleet_now() < end)
        fleet_sleep_ms(5);
    double at = fleet_now();
    if (number(db, "SELECT count(*) FROM propaganda_session") != records)
        fleet_fail("rows are missing at the province");
    (void)sqlite3_finalize(look);
    (void)sqlite3_close(db);
    return at;
}

// Run a command beside the work, for a profiler: $BENCH_HOOK PHASE area commune province bench.
static void
hook(const struct fleet *fleet, const char *phase)
{
    const char *program = getenv("BENCH_HOOK");
    if (program == NULL || fleet->count < 3)
        return;
    char line[1024];
    (void)snprintf(line, sizeof line, "%.800s %s %d %d %d %d", program, phase,
                   (int)fleet->members[2].pid, (int)fleet->members[1].pid,
                   (int)fleet->members[0].pid, (int)getpid());
    (void)!system(line);
}

void
work_w1(const char *folder, unsigned records, const struct limits *limits)
{
    struct fleet fleet;
    char last[1][BENCH_ID_MAX];
    fleet_start(&fleet, folder, 1, 1);
    struct member *top = &fleet.members[0], *commune = &fleet.members[1], *area = &fleet.members[2];
    fleet_stop(commune);
    hook(&fleet, "seed");
    double from = fleet_now();
    seed(area, records, last[0]);
    double seeded = fleet_now();
    await_saved(area, records);
    double saved = fleet_now();
    report_line(&(struct figures){"W1", "area: writer's transactions", records, seeded - from, -1,
                                  -1, -1, -1, -1,
                                  records / (seeded - from) / limits->insert_per_s});
    report_line(&(struct figures){"W1", "area: into its own log", records, saved - from, -1, -1, -1,
                                  -1, -1, records / (saved - from) / limits->insert_per_s});
    long said = fleet_log_size(area);
    json_int_t wire_area = fleet_status(area, "wire_bytes"),
               wire_top = fleet_status(top, "wire_bytes");
    fleet_run(&fleet, commune);
    hook(&fleet, "W1");
    double up = fleet_await_line(area, "link-up", said);
    double end = await_all(top, last, 1, records);
    wire_area = fleet_status(area, "wire_bytes") - wire_area;
    wire_top = fleet_status(top, "wire_bytes") - wire_top;
    struct memory memory = fleet_memory(&fleet);
    report_line(&(struct figures){"W1", "area -> commune -> province", records, end - up, -1, -1,
                                  memory.peak_mb, memory.sum_mb,
                                  (double)(wire_area > wire_top ? wire_area : wire_top) / records,
                                  records / (end - up) / limits->insert_per_s});
    (void)printf("  wire, bytes a record: area-commune %.1f, commune-province %.1f\n",
                 (double)wire_area / records, (double)wire_top / records);
    fleet_end(&fleet);
}

// One row every 10 ms; with `is_told`, the node hears of it by its socket as well.
static void
write_paced(const struct member *area, struct written *written, unsigned records, bool is_told)
{
    sqlite3 *db = NULL;
    fleet_database(area, "office.db", &db);
    run(db, "PRAGMA synchronous = FULL");
    sqlite3_stmt *insert = record_prepare(db);
    double next = fleet_now();
    for (unsigned i = 0; i < records; i++) {
        struct row row;
        record_make(&row, i);
        while (fleet_now() < next)
            fleet_sleep_ms((next - fleet_now()) * 1000);
        next += PACE_MS / 1000.0;
        run(db, "BEGIN IMMEDIATE");
        record_insert(insert, &row, written->ids[i]);
        run(db, "COMMIT");
        written->at[i] = fleet_now();
        atomic_store(&written->count, i + 1);
        struct err err = {0};
        json_t *answer = NULL, *question = is_told ? json_pack("{s:s}", "verb", "peers") : NULL;
        if (is_told && request_call(area->home, question, &answer, &err) != 0)
            fleet_fail("%s", err.en);
        json_decref(question);
        json_decref(answer);
    }
    (void)sqlite3_finalize(insert);
    (void)sqlite3_close(db);
}

static void
latency(const struct fleet *fleet, unsigned records, bool is_told, const struct limits *limits)
{
    struct written *written =
        mmap(NULL, sizeof *written, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (written == MAP_FAILED)
        fleet_fail("mmap: %s", strerror(errno));
    static double took[LATENCY_MAX];
    pid_t pid = fork();
    if (pid == 0) {
        write_paced(&fleet->members[2], written, records, is_told);
        _exit(0);
    }
    sqlite3 *db = NULL;
    fleet_database(&fleet->members[0], "office.db", &db);
    sqlite3_stmt *look = look_prepare(db);
    double from = fleet_now(), end = from + 60 + records * PACE_MS / 1000.0;
    for (unsigned i = 0; i < records;) {
        if (i < atomic_load(&written->count) && is_visible(look, written->ids[i])) {
            took[i] = (fleet_now() - written->at[i]) * 1000;
            i++;
        } else {
            fleet_sleep_ms(0.05);
        }
        if (fleet_now() > end)
            fleet_fail("row %u never came", i);
    }
    double seconds = fleet_now() - from;
    (void)waitpid(pid, NULL, 0);
    double p50 = report_quantile(took, records, 0.5), p99 = report_quantile(took, records, 0.99);
    report_line(&(struct figures){"W2", is_told ? "row every 10 ms, node told" : "row every 10 ms",
                                  records, seconds, p50, p99, -1, -1, -1,
                                  p50 / limits->fsync_p50_ms});
    (void)sqlite3_finalize(look);
    (void)sqlite3_close(db);
    (void)munmap(written, sizeof *written);
}

void
work_w2(const char *folder, unsigned records, const struct limits *limits)
{
    struct fleet fleet;
    fleet_start(&fleet, folder, 1, 1);
    fleet_sleep_ms(500); // The start's own fsyncs are not the work's
    hook(&fleet, "W2");
    if (records > LATENCY_MAX)
        records = LATENCY_MAX;
    latency(&fleet, records, false, limits);
    latency(&fleet, records, true, limits);
    fleet_end(&fleet);
}

void
work_w3(const char *folder, unsigned records, const struct limits *limits)
{
    enum { COMMUNES = 5, AREAS = 10 };
    static char last[COMMUNES * AREAS][BENCH_ID_MAX];
    struct fleet fleet;
    fleet_start(&fleet, folder, COMMUNES, AREAS);
    struct member *areas = &fleet.members[1 + COMMUNES];
    unsigned each = records / (COMMUNES * AREAS);
    for (int c = 0; c < COMMUNES; c++)
        fleet_stop(&fleet.members[1 + c]);
    for (int a = 0; a < COMMUNES * AREAS; a++)
        seed(&areas[a], each, last[a]);
    for (int a = 0; a < COMMUNES * AREAS; a++)
        await_saved(&areas[a], each);
    double from = fleet_now();
    for (int c = 0; c < COMMUNES; c++)
        fleet_run(&fleet, &fleet.members[1 + c]);
    double end = await_all(&fleet.members[0], last, COMMUNES * AREAS, (int64_t)each * 50);
    struct memory memory = fleet_memory(&fleet);
    double all = (double)each * COMMUNES * AREAS;
    report_line(&(struct figures){"W3", "50 areas -> 5 communes -> province", all, end - from, -1,
                                  -1, memory.peak_mb, memory.sum_mb, -1,
                                  all / (end - from) / limits->insert_per_s});
    fleet_end(&fleet);
}
