// limit.c - what the machine does without us: inserts, two hops of ZeroMQ, one fdatasync
#include <assert.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include <zmq.h>

#include "bench.h"

enum { SYNCS = 300, HOP_ROUNDS = 2000, HOP_BATCH = 16384, HOP_BATCHES = 800, HOP_RECORD = 200 };

static void
run(sqlite3 *db, const char *sql)
{
    if (sqlite3_exec(db, sql, NULL, NULL, NULL) != SQLITE_OK)
        fleet_fail("%s: %s", sql, sqlite3_errmsg(db));
}

// The same rows once into one plain file: a random text key, one index, 1,000 a transaction, FULL.
static double
inserts(const char *folder, unsigned records)
{
    char path[BENCH_PATH_MAX + 32];
    (void)snprintf(path, sizeof path, "%s/plain.db", folder);
    sqlite3 *db = NULL;
    if (sqlite3_open(path, &db) != SQLITE_OK)
        fleet_fail("%s: %s", path, sqlite3_errmsg(db));
    run(db, "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;"
            "CREATE TABLE propaganda_session(id TEXT PRIMARY KEY DEFAULT ('05908-001.' || "
            "hex(randomblob(16))), office TEXT DEFAULT '05908-001', occurred_on TEXT, start_time "
            "TEXT, place TEXT, form TEXT, topics TEXT, audience TEXT, attendees INTEGER, "
            "attendees_female INTEGER, language TEXT) WITHOUT ROWID;"
            "CREATE INDEX plain_key ON propaganda_session(office, occurred_on, start_time, place)");
    sqlite3_stmt *insert = record_prepare(db);
    double from = fleet_now();
    for (unsigned i = 0; i < records; i++) {
        struct row row;
        record_make(&row, i);
        if (i % BENCH_TRANSACTION == 0)
            run(db, "BEGIN IMMEDIATE");
        record_insert(insert, &row, NULL);
        if ((i + 1) % BENCH_TRANSACTION == 0 || i + 1 == records)
            run(db, "COMMIT");
    }
    double seconds = fleet_now() - from;
    (void)sqlite3_finalize(insert);
    (void)sqlite3_close(db);
    return seconds;
}

static void
syncs(const char *folder, struct limits *limits)
{
    char path[BENCH_PATH_MAX + 32], page[4096];
    double took[SYNCS];
    (void)snprintf(path, sizeof path, "%s/sync", folder);
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    (void)memset(page, 'x', sizeof page);
    for (int i = 0; i < SYNCS; i++) {
        double from = fleet_now();
        if (pwrite(fd, page, sizeof page, (off_t)(i % 64) * 4096) < 0 || fdatasync(fd) != 0)
            fleet_fail("%s: it cannot be written", path);
        took[i] = (fleet_now() - from) * 1000;
    }
    (void)close(fd);
    limits->fsync_p50_ms = report_quantile(took, SYNCS, 0.5);
    limits->fsync_p99_ms = report_quantile(took, SYNCS, 0.99);
}

// The middle: everything from one socket goes out by the other.
static void
relay(const char *from, const char *to)
{
    void *context = zmq_ctx_new(), *in = zmq_socket(context, ZMQ_PULL),
         *out = zmq_socket(context, ZMQ_PUSH);
    if (zmq_bind(in, from) != 0 || zmq_connect(out, to) != 0)
        _exit(2);
    for (;;) {
        zmq_msg_t message;
        (void)zmq_msg_init(&message);
        if (zmq_msg_recv(&message, in, 0) < 0 || zmq_msg_send(&message, out, 0) < 0)
            _exit(0);
    }
}

// Area and province are one process here, the commune another: two hops over loopback.
static void
hops(struct limits *limits)
{
    const char *up = "tcp://127.0.0.1:26001", *top = "tcp://127.0.0.1:26003";
    pid_t pid = fork();
    if (pid == 0)
        relay(up, top);
    void *context = zmq_ctx_new(), *in = zmq_socket(context, ZMQ_PULL),
         *out = zmq_socket(context, ZMQ_PUSH);
    int patience = 20000;
    (void)zmq_setsockopt(in, ZMQ_RCVTIMEO, &patience, sizeof patience);
    static char batch[HOP_BATCH];
    static double took[HOP_ROUNDS];
    if (zmq_bind(in, top) != 0 || zmq_connect(out, up) != 0)
        fleet_fail("zeromq: %s", zmq_strerror(zmq_errno()));
    for (int i = 0; i < HOP_ROUNDS; i++) {
        double from = fleet_now();
        (void)!zmq_send(out, batch, HOP_RECORD, 0);
        if (zmq_recv(in, batch, sizeof batch, 0) < 0)
            fleet_fail("zeromq: %s", zmq_strerror(zmq_errno()));
        took[i] = (fleet_now() - from) * 1000;
    }
    double from = fleet_now();
    for (int i = 0, heard = 0; heard < HOP_BATCHES;) {
        if (i < HOP_BATCHES && i - heard < 200) {
            (void)!zmq_send(out, batch, sizeof batch, 0);
            i++;
        } else if (zmq_recv(in, batch, sizeof batch, 0) >= 0) {
            heard++;
        } else {
            fleet_fail("zeromq: %s", zmq_strerror(zmq_errno()));
        }
    }
    double records = (double)HOP_BATCHES * HOP_BATCH / HOP_RECORD;
    limits->zmq_per_s = records / (fleet_now() - from);
    limits->zmq_p50_ms = report_quantile(took, HOP_ROUNDS, 0.5);
    (void)kill(pid, SIGKILL);
    (void)waitpid(pid, NULL, 0);
    (void)zmq_close(in);
    (void)zmq_close(out);
    (void)zmq_ctx_destroy(context);
}

struct limits
limits_measure(const char *folder, unsigned records)
{
    struct limits limits = {0};
    syncs(folder, &limits);
    limits.insert_plain_s = inserts(folder, records);
    limits.insert_per_s = records / limits.insert_plain_s;
    hops(&limits);
    report_line(&(struct figures){"-", "limit: plain inserts, FULL", records, limits.insert_plain_s,
                                  -1, -1, -1, -1, -1, 1});
    report_line(&(struct figures){"-", "limit: one fdatasync", -1, -1, limits.fsync_p50_ms,
                                  limits.fsync_p99_ms, -1, -1, -1, -1});
    report_line(&(struct figures){"-", "limit: ZeroMQ, two hops", limits.zmq_per_s, 1,
                                  limits.zmq_p50_ms, -1, -1, -1, -1, -1});
    return limits;
}
