// bench.h - W1, W2, W3: what a fleet of real processes carries, beside what the machine could
//
//     build/bench [W1|W2|W3|limits] [--records N] [--keep]
//
//     area ──> commune ──> province     every node a process of its own, every fsync a real one
//
// Shape    fleet.c starts and ends processes, record.c makes rows, limit.c measures the bare
//          machine, work.c the three works, report.c the table and build/bench.jsonl.
// Units    Seconds from fleet_now, CLOCK_MONOTONIC, which all processes of a machine share.
// Errors   What fails ends the program with 2 and a sentence; every wait has a limit.
// Threads  One; what runs beside it is a process.

#ifndef BENCH_BENCH_H
#define BENCH_BENCH_H

#include <jansson.h>
#include <sqlite3.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "../../node/base/own.h"

enum {
    BENCH_RECORDS = 100000,
    BENCH_TRANSACTION = 1000, // Rows of one transaction, here and in the limits
    BENCH_PATH_MAX = 512,
    BENCH_ID_MAX = 48,
    BENCH_NODES_MAX = 64,
    BENCH_WAIT_S = 180, // The longest any single wait may last
};

// One node: its folder, and its process while it runs.
struct member {
    char code[16];
    char home[BENCH_PATH_MAX];
    char parent[16];
    int port; // 0: nobody calls it
    pid_t pid;
};

struct fleet {
    char folder[BENCH_PATH_MAX];
    char program[BENCH_PATH_MAX];
    size_t count;
    struct member members[BENCH_NODES_MAX];
};

struct memory {
    double peak_mb; // VmHWM of the largest
    double sum_mb;  // PSS of all, now
};

// One line of the result. Negative: not measured.
struct figures {
    const char *work, *what;
    double records, seconds, p50_ms, p99_ms, peak_mb, pss_mb, wire_bytes, ratio;
};

// What the bare machine does, in this run.
struct limits {
    double insert_per_s, insert_plain_s;
    double zmq_per_s, zmq_p50_ms;
    double fsync_p50_ms, fsync_p99_ms;
};

// A row of propaganda_session, its texts good until the next one.
struct row {
    char place[128], date[16], time[8];
    int attendees, women;
};

double fleet_now(void);
void fleet_sleep_ms(double ms);
void fleet_fail(const char *format, ...) PRINTF(1, 2) __attribute__((noreturn));

// A province with `communes` below it and `areas` below each, enrolled and running.
void fleet_start(struct fleet *self, const char *folder, int communes, int areas);
void fleet_run(struct fleet *self, struct member *member);
void fleet_stop(struct member *member);
void fleet_end(struct fleet *self);
struct member *fleet_member(struct fleet *self, const char *code);

// A member of a node's status; the program ends when the node does not answer in time.
json_int_t fleet_status(const struct member *member, const char *name);

// When the node's log first says `text` beyond byte `from`; waits for it.
double fleet_await_line(const struct member *member, const char *text, long from);
long fleet_log_size(const struct member *member);
struct memory fleet_memory(const struct fleet *self);
void fleet_database(const struct member *member, const char *name, sqlite3 **ret_db);

// Row `number`, the same in every run but for its random characters.
void record_make(struct row *ret_row, unsigned number);
size_t record_logical_bytes(const struct row *row);
sqlite3_stmt *record_prepare(sqlite3 *db);

// Insert with that statement; the id the row got, when asked for.
void record_insert(sqlite3_stmt *statement, const struct row *row, char *ret_id);

struct limits limits_measure(const char *folder, unsigned records);

void work_w1(const char *folder, unsigned records, const struct limits *limits);
void work_w2(const char *folder, unsigned records, const struct limits *limits);
void work_w3(const char *folder, unsigned records, const struct limits *limits);

void report_open(const char *path);
void report_line(const struct figures *figures);
void report_close(void);

// The value below which a share `of` of them lie; sorts them.
double report_quantile(double *values, size_t count, double of);

#endif
