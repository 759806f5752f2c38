// log_db.h - log.db: everything a node has received or written, and what it made of it
//
//     OWNED(log_db_destroy) struct log_db *log_db = NULL;
//     if (log_db_open("home/log.db", &log_db, &err) != 0)
//         return err_wrap(&err, "mở nhật ký", "open the log");
//     core = core_new(log_db_view(log_db), ...);
//     ...
//     rc = log_db_begin(log_db, &err);
//     if (rc == 0)
//         rc = log_db_write(log_db, writes, count, &err);
//     if (rc == 0)
//         rc = log_db_commit(log_db, &err);        // now it may be acknowledged
//     ...
//     log_db_idle(log_db);                         // nothing to do: move the WAL into the file
//
// Shape    log_schema.h has the tables. One process writes; others may open it to read meanwhile.
//          Segments tell office.db what it has not taken in yet: one for each log in each
//          transaction that added entries to it, numbered from 1.
// Units    wall times in s UTC where the wire has them so; positions count segments.
// Errors   As sql.h. After any error of a transaction it is rolled back and nothing of it remains.
//          A view cannot fail: what the disk refuses there is kept, the next log_db_begin,
//          log_db_write or log_db_commit returns it, and what the view said since is not to be
//          trusted. ERR_CORRUPT also for rows that do not have the shape we wrote.
// Memory   Bytes a view gives live until its next call. Bytes given to a callback live until it
//          returns. Callbacks may read, also with these functions, but not write; one that returns
//          false ends the list.
// Threads  One at a time.

#ifndef STORE_LOG_DB_H
#define STORE_LOG_DB_H

#include "../base/buf.h"
#include "../base/err.h"
#include "../core/view.h"

enum {
    // Pages in the WAL at which a commit stops to move it into the file even when the node is
    // never idle: 64 MB, a second or two of work.
    WAL_PAGES_MAX = 16384,
    LOG_BITS = 40, // Of an entry's key, below the log: seq
};

struct log_db;

struct invite {
    uint8_t id[16];
    struct office office;
    uint64_t expires; // s UTC
    bool is_used;
};

struct log_segment {
    uint64_t position;
    log_t log;
    seq_t first;
    uint64_t count; // Entries, at least 1
};

struct log_entry {
    log_t log;
    seq_t seq;
    uint64_t kind;
    struct bytes stub, body; // body empty where withheld
};

struct log_record {
    struct record_id id;
    struct bytes row;
    bool is_waiting;
};

struct log_quarantine {
    log_t log;
    seq_t seq;
    int code;
};

struct log_evidence {
    int64_t id; // In the order of arrival
    int code;
    struct origin origin;
    struct office from;
    struct bytes what;
};

// Opens or makes the file, for its owner only. ERR_VERSION when a newer program made it, ERR_HOME
// when it is some other database.
MUST_CHECK int log_db_open(const char *path, struct log_db **ret_self, struct err *reterr);

// For a command beside a running node: nothing can be written, log_db_begin fixes what is seen
// until log_db_commit or log_db_rollback. ERR_NOTFOUND when there is no file.
MUST_CHECK int log_db_open_ro(const char *path, struct log_db **ret_self, struct err *reterr);

// What is not committed is gone.
void log_db_destroy(struct log_db **self_p);

// Good until log_db_destroy.
struct view log_db_view(struct log_db *self);

MUST_CHECK int log_db_begin(struct log_db *self, struct err *reterr);
MUST_CHECK int log_db_write(struct log_db *self, const struct write *writes, size_t count,
                            struct err *reterr);

// When it returns 0 the transaction is on the disk, and survives a loss of power.
MUST_CHECK int log_db_commit(struct log_db *self, struct err *reterr);

// Nothing happens when no transaction is open.
void log_db_rollback(struct log_db *self);

// Move what is in the WAL into the file, as far as readers allow; never waits for them.
void log_db_idle(struct log_db *self);

// Pages in the WAL after the last commit, for the metrics.
int log_db_wal_pages(const struct log_db *self);

// Small named values: part of the open transaction, or a transaction of their own.
MUST_CHECK int log_db_meta_set(struct log_db *self, const char *key, struct bytes value,
                               struct err *reterr);

// Replaces what is in `ret_value`. ERR_NOTFOUND leaves it empty.
MUST_CHECK int log_db_meta_get(struct log_db *self, const char *key, struct buf *ret_value,
                               struct err *reterr);

// Put, by id; in the open transaction, or in one of its own.
MUST_CHECK int log_db_invite_put(struct log_db *self, const struct invite *invite,
                                 struct err *reterr);

// ERR_NOTFOUND when nobody gave this invitation.
MUST_CHECK int log_db_invite_find(struct log_db *self, const uint8_t id[16],
                                  struct invite *ret_invite, struct err *reterr);

// Mark it used, once: ERR_TOKEN when it is used already or unknown. Time is the caller's to check.
MUST_CHECK int log_db_invite_use(struct log_db *self, const uint8_t id[16], struct err *reterr);

// Where the outbox row `key` went; ERR_NOTFOUND when it has not become an entry.
MUST_CHECK int log_db_drained(struct log_db *self, const uint8_t key[16], log_t *ret_log,
                              seq_t *ret_seq, struct err *reterr);

// Position of the newest segment; 0 when there is none.
MUST_CHECK int log_db_position(struct log_db *self, uint64_t *ret_position, struct err *reterr);

// Lists, each in the order of its key; `context` goes to `each` as it is.
MUST_CHECK int log_db_segments(struct log_db *self, uint64_t after,
                               bool (*each)(void *context, const struct log_segment *segment),
                               void *context, struct err *reterr);
MUST_CHECK int log_db_entries(struct log_db *self, log_t log, seq_t from,
                              bool (*each)(void *context, const struct log_entry *entry),
                              void *context, struct err *reterr);
MUST_CHECK int log_db_records(struct log_db *self, const struct record_id *after,
                              bool (*each)(void *context, const struct log_record *record),
                              void *context, struct err *reterr);
MUST_CHECK int log_db_quarantined(struct log_db *self,
                                  bool (*each)(void *context,
                                               const struct log_quarantine *quarantine),
                                  void *context, struct err *reterr);
MUST_CHECK int log_db_receipts(struct log_db *self,
                               bool (*each)(void *context, const struct receipt *receipt),
                               void *context, struct err *reterr);
MUST_CHECK int log_db_evidence(struct log_db *self,
                               bool (*each)(void *context, const struct log_evidence *evidence),
                               void *context, struct err *reterr);

MUST_CHECK int log_db_evidence_count(struct log_db *self, uint64_t *ret_count, struct err *reterr);

#endif
